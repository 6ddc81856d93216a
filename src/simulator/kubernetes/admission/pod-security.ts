/**
 * Pod Security admission: the Pod Security Standards by a namespace's labels (kubernetes/kubernetes, staging
 * pod-security-admission admission/admission.go and api/helpers.go, v1.36). A pod that breaks the enforced level is
 * refused; a workload only warned of. Audit annotations aren't modelled, nobody could see them.
 */
import { invalid } from '../errors.js';
import type { StatusCause } from '../errors.js';
import { resourceInfo } from '../resources.js';
import { podOf, refuse } from './plugin.js';
import type { AdmissionPlugin, AdmissionRequest, PodLike } from './plugin.js';
import { breaches } from './pod-security-checks.js';

const LEVELS = ['privileged', 'baseline', 'restricted'] as const;
type Level = (typeof LEVELS)[number];
type Mode = 'enforce' | 'audit' | 'warn';

interface LevelVersion {
  level: Level;
  /** `latest` or `v1.x`. */
  version: string;
}

const label = (mode: Mode, part: '' | '-version' = ''): string => `pod-security.kubernetes.io/${mode}${part}`;
const isLevel = (text: string): text is Level => (LEVELS as readonly string[]).includes(text);
const isVersion = (text: string): boolean => text === 'latest' || /^v1\.(\d|[1-9]\d*)$/.test(text);

/** What the labels ask for. A level that is none is `restricted` to enforce, nothing to warn of. */
function asked(labels: Readonly<Record<string, string>>, mode: Mode): LevelVersion {
  const level = labels[label(mode)] ?? 'privileged';
  const version = labels[label(mode, '-version')] ?? 'latest';
  return {
    level: isLevel(level) ? level : mode === 'enforce' ? 'restricted' : 'privileged',
    version: isVersion(version) ? version : 'latest',
  };
}

/** Without a level to warn of, what is enforced is warned of too (since 1.26). */
function toWarnOf(labels: Readonly<Record<string, string>>): LevelVersion {
  const warn = asked(labels, 'warn');
  if (labels[label('warn')] !== undefined || !isLevel(labels[label('enforce')] ?? '')) return warn;
  const enforce = asked(labels, 'enforce');
  return {
    level: enforce.level,
    version: labels[label('warn', '-version')] === undefined ? enforce.version : warn.version,
  };
}

/** `"restricted:latest": a (b), c (d)`, or undefined when the pod keeps to it. */
function violation(
  pod: PodLike,
  { level, version }: LevelVersion,
  request: AdmissionRequest,
): string | undefined {
  if (level === 'privileged') return undefined;
  const own = Number(request.cluster.kubernetesVersion.split('.')[1] ?? 0);
  const minor = version === 'latest' ? own : Math.min(own, Number(version.slice('v1.'.length)));
  const found = breaches(pod, level, minor);
  if (found.length === 0) return undefined;
  return `"${level}:${version}": ${found.map(({ reason, detail }) => `${reason} (${detail})`).join(', ')}`;
}

function badLabels(labels: Readonly<Record<string, string>>): StatusCause[] {
  const complain = (key: string, words: string): StatusCause[] => [
    {
      reason: 'FieldValueInvalid',
      message: `Invalid value: "${labels[key] ?? ''}": ${words}`,
      field: `metadata.labels[${key}]`,
    },
  ];
  return (['enforce', 'audit', 'warn'] as const).flatMap((mode) => {
    const level = labels[label(mode)];
    const version = labels[label(mode, '-version')];
    return [
      ...(level === undefined || isLevel(level)
        ? []
        : complain(label(mode), `must be one of ${LEVELS.join(', ')}`)),
      ...(version === undefined || isVersion(version)
        ? []
        : complain(label(mode, '-version'), 'must be "latest" or "v1.x"')),
    ];
  });
}

export const podSecurity: AdmissionPlugin = {
  name: 'PodSecurity',
  validate(request) {
    const { resource, object, store } = request;
    if (resource === 'namespaces') {
      const causes = badLabels(object.metadata.labels ?? {});
      if (causes.length > 0) throw invalid(resourceInfo(resource), object.metadata.name, causes);
      return;
    }
    const pod = podOf(request);
    if (pod === undefined) return;
    const labels = store.get('namespaces', object.metadata.namespace ?? '')?.metadata.labels ?? {};
    if (resource === 'pods') {
      const refused = violation(pod, asked(labels, 'enforce'), request);
      if (refused !== undefined) throw refuse(request, `violates PodSecurity ${refused}`);
    }
    const warned = violation(pod, toWarnOf(labels), request);
    if (warned !== undefined) request.warn(`would violate PodSecurity ${warned}`);
  },
};
