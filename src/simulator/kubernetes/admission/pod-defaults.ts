/** Plugins Priority and DefaultTolerationSeconds: what every admitted pod carries (capture: job-pods-t6.json). */
import type { Pod } from '../objects.js';
import type { AdmissionPlugin } from './plugin.js';

export const priority: AdmissionPlugin = {
  name: 'Priority',
  admit({ resource, object }) {
    if (resource !== 'pods') return;
    const { spec } = object as Pod;
    spec.priority ??= 0;
    spec.preemptionPolicy ??= 'PreemptLowerPriority';
  },
};

export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  admit({ resource, object }) {
    if (resource !== 'pods') return;
    const { spec } = object as Pod;
    for (const key of ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']) {
      const covered = spec.tolerations?.some(
        (one) =>
          (one.key === undefined || one.key === '' || one.key === key) &&
          (one.effect === undefined || one.effect === '' || one.effect === 'NoExecute'),
      );
      if (covered !== true) {
        spec.tolerations = [
          ...(spec.tolerations ?? []),
          { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
        ];
      }
    }
  },
};
