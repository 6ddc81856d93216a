/** Fields that would change what happens, and whose effect isn't modelled: an object that uses one is refused, not guessed. */
import type { ResourceName } from './objects.js';

const OF_PODS = [
  'initContainers',
  'schedulingGates',
  'topologySpreadConstraints',
  'affinity.podAffinity',
  'affinity.podAntiAffinity',
  'activeDeadlineSeconds',
  'hostNetwork',
];

const OF_JOBS = [
  'podFailurePolicy',
  'successPolicy',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
  'managedBy',
];

/** Only what makes or runs pods here can't do without them: other workloads are kept as they are. */
const NOT_MODELLED: { [R in ResourceName]?: string[] } = {
  pods: OF_PODS.map((field) => `spec.${field}`),
  jobs: [
    ...OF_JOBS.map((field) => `spec.${field}`),
    ...OF_PODS.map((field) => `spec.template.spec.${field}`),
  ],
  deployments: OF_PODS.map((field) => `spec.template.spec.${field}`),
  replicasets: OF_PODS.map((field) => `spec.template.spec.${field}`),
};

/** The first such field that an object has; undefined when all it has is modelled. */
export function notModelledField(resource: ResourceName, object: unknown): string | undefined {
  return NOT_MODELLED[resource]?.find((path) => {
    const value = path
      .split('.')
      .reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], object);
    return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
  });
}
