/**
 * ResourceQuota: refuses what a namespace may have no more of (kubernetes/kubernetes, staging apiserver
 * pkg/admission/plugin/resourcequota/controller.go and pkg/quota/v1/evaluator/core/pods.go), and keeps what it has used
 * (pkg/controller/resourcequota). Use is always counted from what is stored, so a deletion frees it at once, where a real
 * controller takes a moment. Scopes of quotas aren't modelled.
 */
import { hasEnded } from '../deletion.js';
import { qualifiedName, RESOURCES } from '../resources.js';
import type { Container, KubeObject, Pod, ResourceAmounts, ResourceName, ResourceQuota } from '../objects.js';
import type { Store } from '../store.js';
import type { Timers } from '../timers.js';
import { WorkQueue } from '../timers.js';
import { refuse } from './plugin.js';
import type { AdmissionPlugin } from './plugin.js';
import { addQuantities, formatQuantity, readQuantities, sumQuantities } from './quantity.js';
import type { Quantities, Quantity } from './quantity.js';

const ONE: Quantity = { milli: 1000n, format: 'decimal' };
const NONE: Quantity = { milli: 0n, format: 'decimal' };

/** Resources that each container must state once a quota counts them. */
const MUST_BE_STATED = [
  'cpu',
  'memory',
  'requests.cpu',
  'requests.memory',
  'limits.cpu',
  'limits.memory',
] as const;

/** A container's amounts under the names that quotas have for them. */
function containerUsage({ resources }: Container): Quantities {
  const requests = Object.entries(readQuantities(resources?.['requests']));
  const limits = Object.entries(readQuantities(resources?.['limits']));
  return Object.fromEntries([
    ...requests,
    ...requests.map(([name, quantity]): [string, Quantity] => [`requests.${name}`, quantity]),
    ...limits.map(([name, quantity]): [string, Quantity] => [`limits.${name}`, quantity]),
  ]);
}

/** The larger of what the containers need together and what any init container needs alone. */
function podUsage({ spec, status, metadata }: Pod): Quantities {
  const counted: Quantities = { 'count/pods': ONE };
  if (hasEnded(status?.phase)) return counted;
  // Past its grace period a pod is counted no more (QuotaV1Pod); that it is gone by then anyway is the store's doing.
  if (metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0) return counted;
  const together = sumQuantities(spec.containers.map(containerUsage));
  for (const usage of (spec.initContainers ?? []).map(containerUsage)) {
    for (const [name, quantity] of Object.entries(usage)) {
      if (quantity.milli > (together[name]?.milli ?? 0n)) together[name] = quantity;
    }
  }
  return { ...counted, pods: ONE, ...together };
}

/** What an object counts for: itself as `count/<resource>`, a pod also for its amounts. */
function usageOf(resource: ResourceName, object: KubeObject): Quantities {
  if (resource === 'pods') return podUsage(object as Pod);
  const info = RESOURCES.find(({ name }) => name === resource);
  if (info === undefined) return {};
  // Some core resources may be counted by their bare name as well (https://kubernetes.io/docs/concepts/policy/resource-quotas/).
  const bare = resource === 'secrets' || resource === 'resourcequotas' ? { [resource]: ONE } : {};
  return { [`count/${qualifiedName(info)}`]: ONE, ...bare };
}

/** What is used of the resources that a quota counts. */
function used(store: Store, quota: ResourceQuota): Record<string, Quantity> {
  const namespace = quota.metadata.namespace ?? '';
  const all = sumQuantities(
    store
      .all()
      .filter(({ object }) => object.metadata.namespace === namespace)
      .map(({ resource, object }) => usageOf(resource, object)),
  );
  return Object.fromEntries(
    Object.keys(readQuantities(quota.spec.hard)).map((name) => [name, all[name] ?? NONE]),
  );
}

const written = (quantities: Quantities): ResourceAmounts =>
  Object.fromEntries(Object.entries(quantities).map(([name, quantity]) => [name, formatQuantity(quantity)]));

/** `a=1,b=2`, sorted by name. */
const printed = (quantities: Quantities, names: readonly string[]): string =>
  names.map((name) => `${name}=${formatQuantity(quantities[name] ?? NONE)}`).join(',');

/** `must specify limits.cpu for: c; limits.memory for: c`, or undefined when every container does. */
function unstated({ spec }: Pod, names: readonly string[]): string | undefined {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  const parts = MUST_BE_STATED.filter((name) => names.includes(name))
    .toSorted()
    .flatMap((name) => {
      const without = containers.filter((container) => containerUsage(container)[name] === undefined);
      return without.length === 0
        ? []
        : [
            `${name} for: ${without
              .map((container) => container.name)
              .sort()
              .join(',')}`,
          ];
    });
  return parts.length === 0 ? undefined : `must specify ${parts.join('; ')}`;
}

export const resourceQuota: AdmissionPlugin = {
  name: 'ResourceQuota',
  validate(request) {
    const { resource, object, store } = request;
    const { namespace } = object.metadata;
    if (namespace === undefined) return;
    const requested = usageOf(resource, object);
    for (const quota of store.list('resourcequotas', namespace)) {
      const hard = readQuantities(quota.spec.hard);
      const { name } = quota.metadata;
      const complaint = resource === 'pods' ? unstated(object as Pod, Object.keys(hard)) : undefined;
      if (complaint !== undefined) throw refuse(request, `failed quota: ${name}: ${complaint}`);
      const now = used(store, quota);
      const exceeded = Object.keys(hard)
        .filter((one) => {
          const more = requested[one];
          return (
            more !== undefined &&
            more.milli > 0n &&
            addQuantities(now[one] ?? NONE, more).milli > (hard[one]?.milli ?? 0n)
          );
        })
        .sort();
      if (exceeded.length > 0) {
        throw refuse(
          request,
          `exceeded quota: ${name}, requested: ${printed(requested, exceeded)}, used: ${printed(now, exceeded)}, limited: ${printed(hard, exceeded)}`,
        );
      }
    }
  },
};

/** Keeps the status of a cluster's quotas: their limits and what is used of them. */
export function startQuotaController(store: Store, timers: Timers): void {
  const queue = new WorkQueue(timers, (namespace) => {
    for (const quota of store.list('resourcequotas', namespace)) {
      const status = { hard: written(readQuantities(quota.spec.hard)), used: written(used(store, quota)) };
      store.update('resourcequotas', quota.metadata.name, namespace, (live) => (live.status = status));
    }
  });
  store.subscribe(({ object }) => {
    const { namespace } = object.metadata;
    if (namespace !== undefined && store.list('resourcequotas', namespace).length > 0) queue.add(namespace);
  });
}
