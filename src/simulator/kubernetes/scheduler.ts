/** Gives pods to nodes: selectors, affinity and taints. Resources don't count: simulated nodes are never full. */
import { schedulerRecorder } from './events.js';
import { MESSAGES } from './messages.js';
import { timestamp } from './objects.js';
import type { Node, Pod, Taint, Toleration } from './objects.js';
import { meets } from './selectors.js';
import type { Store } from './store.js';
import type { Timers } from './timers.js';
import { WorkQueue } from './timers.js';

/** Why a node doesn't take a pod, in the scheduler's words; undefined when it does. */
export function whyNot(pod: Pod, node: Node): string | undefined {
  if (node.spec.unschedulable === true) return MESSAGES.unschedulableNode();
  const refused = (node.spec.taints ?? []).some(
    (taint) =>
      taint.effect !== 'PreferNoSchedule' &&
      !(pod.spec.tolerations ?? []).some((one) => tolerates(one, taint)),
  );
  if (refused) return MESSAGES.untoleratedTaint();
  return matchesSelectors(pod, node) ? undefined : MESSAGES.nodeAffinity();
}

/** Source: kubernetes/kubernetes staging component-helpers scheduling/corev1. */
function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  if ((toleration.operator ?? 'Equal') === 'Exists') return true;
  return (toleration.value ?? '') === (taint.value ?? '') && toleration.key === taint.key;
}

function matchesSelectors(pod: Pod, node: Node): boolean {
  const labels = node.metadata.labels ?? {};
  const selected = Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value);
  const terms =
    pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (!selected || terms === undefined) return selected;
  return terms.some((term) => {
    const expressions = term.matchExpressions ?? [];
    const fields = term.matchFields ?? [];
    if (expressions.length + fields.length === 0) return false;
    return (
      expressions.every((requirement) => meets(labels, requirement)) &&
      fields.every((requirement) => meets({ 'metadata.name': node.metadata.name }, requirement))
    );
  });
}

/** Starts the scheduler of a cluster. A pod that fits nowhere is tried again when a node changes. */
export function startScheduler(store: Store, timers: Timers, now: () => number): void {
  const record = schedulerRecorder(store, now);
  const queue = new WorkQueue(timers, (key) => {
    const [namespace = '', name = ''] = key.split('/');
    const pod = store.get('pods', name, namespace);
    if (pod === undefined || pod.spec.nodeName !== undefined || pod.metadata.deletionTimestamp !== undefined)
      return;
    place(pod);
  });

  const place = (pod: Pod): void => {
    const { name, namespace } = pod.metadata;
    const nodes = store.list('nodes');
    const reasons = nodes.map((node) => ({ node, reason: whyNot(pod, node) }));
    const load = (node: Node): number =>
      store.list('pods').filter((one) => one.spec.nodeName === node.metadata.name).length;
    const [best] = reasons
      .filter(({ reason }) => reason === undefined)
      .map(({ node }) => ({ node, load: load(node) }))
      .sort((a, b) => a.load - b.load);
    const at = timestamp(now());
    if (best !== undefined) {
      const bound = store.update('pods', name, namespace, ({ spec, status }) => {
        spec.nodeName = best.node.metadata.name;
        status.conditions = [
          ...(status.conditions ?? []).filter((condition) => condition.type !== 'PodScheduled'),
          {
            type: 'PodScheduled',
            observedGeneration: 1,
            status: 'True',
            lastProbeTime: null,
            lastTransitionTime: at,
          },
        ];
      });
      const message = MESSAGES.assigned(namespace ?? '', name, best.node.metadata.name);
      record({ object: bound, type: 'Normal', reason: 'Scheduled', message, action: 'Binding' });
      return;
    }
    const message = MESSAGES.noNode(reasons.map(({ reason }) => reason ?? ''));
    const before = pod.status.conditions?.find((condition) => condition.type === 'PodScheduled');
    if (before?.message === message) return;
    store.update('pods', name, namespace, ({ status }) => {
      status.conditions = [
        {
          type: 'PodScheduled',
          observedGeneration: 1,
          status: 'False',
          lastProbeTime: null,
          lastTransitionTime: at,
          reason: 'Unschedulable',
          message,
        },
      ];
    });
    record({ object: pod, type: 'Warning', reason: 'FailedScheduling', message, action: 'Scheduling' });
  };

  store.subscribe(({ type, resource, object }) => {
    if (resource === 'pods' && type === 'ADDED')
      queue.add(`${object.metadata.namespace}/${object.metadata.name}`);
    if (resource === 'nodes' && type !== 'DELETED') {
      for (const pod of store.list('pods')) {
        if (pod.spec.nodeName === undefined) queue.add(`${pod.metadata.namespace}/${pod.metadata.name}`);
      }
    }
  });
}
