/** How a DELETE begins: at once, gracefully, or held by finalizers. */
import type { ResourceName, ResourceTypes } from './objects.js';
import { timestamp } from './objects.js';
import type { Store } from './store.js';

export type Propagation = 'Background' | 'Foreground' | 'Orphan';

export const FOREGROUND_FINALIZER = 'foregroundDeletion';
export const ORPHAN_FINALIZER = 'orphan';

/** Whether a pod has ended. */
export function hasEnded(phase: string | undefined): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}

/**
 * Begins the deletion of an object: removes it when nothing holds it, else marks it. A pod that runs on a node is
 * left to its kubelet for its grace period; other objects wait for their finalizers only.
 * Source: kubernetes/kubernetes staging apiserver registry/rest/delete.go. Answers the object as it is afterwards.
 */
export function beginDeletion<R extends ResourceName>(
  store: Store,
  now: number,
  resource: R,
  object: ResourceTypes[R],
  options: { propagation: Propagation; gracePeriodSeconds?: number },
): { object: ResourceTypes[R]; removed: boolean } {
  const { name, namespace } = object.metadata;
  const grace = graceOf(store, resource, name, namespace, options.gracePeriodSeconds);
  const finalizer =
    options.propagation === 'Foreground'
      ? FOREGROUND_FINALIZER
      : options.propagation === 'Orphan'
        ? ORPHAN_FINALIZER
        : undefined;
  // A namespace goes when it is empty, and not before (its spec.finalizers hold it).
  const held = (object.metadata.finalizers?.length ?? 0) > 0 || resource === 'namespaces';
  if (finalizer === undefined && !held && grace === 0) {
    return { object: store.remove(resource, name, namespace) ?? object, removed: true };
  }
  const marked = store.update(resource, name, namespace, ({ metadata }) => {
    if (finalizer !== undefined && !metadata.finalizers?.includes(finalizer)) {
      metadata.finalizers = [...(metadata.finalizers ?? []), finalizer];
    }
    const first = metadata.deletionTimestamp === undefined;
    // A second DELETE can only shorten the grace period.
    if (first || grace < (metadata.deletionGracePeriodSeconds ?? 0)) {
      metadata.deletionTimestamp = timestamp(now + grace * 1000);
      metadata.deletionGracePeriodSeconds = grace;
    }
    if (first && metadata.generation !== undefined) metadata.generation += 1;
  });
  return { object: marked, removed: false };
}

/** Only a pod that a kubelet has in hand needs time; a pending, unscheduled or ended one goes at once. */
function graceOf(
  store: Store,
  resource: ResourceName,
  name: string,
  namespace: string | undefined,
  asked?: number,
): number {
  if (resource !== 'pods') return 0;
  const pod = store.get('pods', name, namespace);
  if (pod?.spec.nodeName === undefined || hasEnded(pod.status.phase)) return 0;
  return asked ?? pod.spec.terminationGracePeriodSeconds ?? 30;
}
