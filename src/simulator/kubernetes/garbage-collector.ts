/** Deletes what its owners left behind, and holds or lets go what they ask (kubernetes/kubernetes pkg/controller/garbagecollector). */
import { beginDeletion, FOREGROUND_FINALIZER, ORPHAN_FINALIZER } from './deletion.js';
import type { KubeObject, ResourceName } from './objects.js';
import type { Change, Store } from './store.js';
import type { Timers } from './timers.js';
import { WorkQueue } from './timers.js';

interface Entry {
  resource: ResourceName;
  object: KubeObject;
}

/** Starts the garbage collector of a cluster, and with it the end of namespaces and new ones' `default` account. */
export function startGarbageCollector(store: Store, timers: Timers, now: () => number): void {
  const dependents = (uid: string): Entry[] =>
    store
      .all()
      .filter(({ object }) => object.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true);
  const exists = (uid: string): boolean => store.all().some(({ object }) => object.metadata.uid === uid);

  const remove = ({ resource, object }: Entry, propagation: 'Background' | 'Foreground'): void => {
    if (object.metadata.deletionTimestamp !== undefined) return;
    const live = store.get(resource, object.metadata.name, object.metadata.namespace);
    if (live !== undefined) beginDeletion(store, now(), resource, live, { propagation });
  };

  const dropFinalizer = ({ resource, object }: Entry, finalizer: string): void => {
    if (store.get(resource, object.metadata.name, object.metadata.namespace) === undefined) return;
    store.update(resource, object.metadata.name, object.metadata.namespace, ({ metadata }) => {
      metadata.finalizers = (metadata.finalizers ?? []).filter((one) => one !== finalizer);
    });
  };

  /** Looks at one object by its uid: it may be gone, going, or an owner's leftover. */
  const queue = new WorkQueue(timers, (uid) => {
    const entry = store.all().find(({ object }) => object.metadata.uid === uid);
    if (entry === undefined) {
      for (const dependent of dependents(uid)) {
        const owned = dependent.object.metadata.ownerReferences?.some((owner) => exists(owner.uid)) === true;
        if (!owned) remove(dependent, 'Background');
      }
      return;
    }
    const { metadata } = entry.object;
    if (metadata.deletionTimestamp === undefined) {
      const owners = metadata.ownerReferences ?? [];
      // An owner that never was, or is gone, takes its dependents with it.
      if (owners.length > 0 && !owners.some((owner) => exists(owner.uid))) remove(entry, 'Background');
      return;
    }
    if (metadata.finalizers?.includes(ORPHAN_FINALIZER) === true) {
      for (const { resource, object } of dependents(uid)) {
        store.update(resource, object.metadata.name, object.metadata.namespace, (live) => {
          const rest = live.metadata.ownerReferences?.filter((owner) => owner.uid !== uid) ?? [];
          if (rest.length > 0) live.metadata.ownerReferences = rest;
          else delete live.metadata.ownerReferences;
        });
      }
      dropFinalizer(entry, ORPHAN_FINALIZER);
      return;
    }
    if (metadata.finalizers?.includes(FOREGROUND_FINALIZER) === true) {
      const all = dependents(uid);
      all.forEach((dependent) => remove(dependent, 'Background'));
      const blocking = dependents(uid).some(({ object }) =>
        object.metadata.ownerReferences?.some(
          (owner) => owner.uid === uid && owner.blockOwnerDeletion === true,
        ),
      );
      if (!blocking) dropFinalizer(entry, FOREGROUND_FINALIZER);
    }
  });

  store.subscribe((change) => {
    const { metadata } = change.object;
    queue.add(metadata.uid ?? '');
    if (change.type === 'DELETED') metadata.ownerReferences?.forEach((owner) => queue.add(owner.uid));
    keepNamespaces(store, timers, now, change);
  });
}

/** A new namespace gets its `default` ServiceAccount; one that is being deleted is emptied and then goes. */
function keepNamespaces(
  store: Store,
  timers: Timers,
  now: () => number,
  { type, resource, object }: Change,
): void {
  const { name } = object.metadata;
  if (resource === 'namespaces' && type === 'ADDED') {
    store.create('serviceaccounts', {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace: name },
    });
    return;
  }
  const namespace = resource === 'namespaces' ? name : (object.metadata.namespace ?? '');
  if (store.get('namespaces', namespace)?.metadata.deletionTimestamp === undefined) return;
  timers.after(0, () => {
    const inside = store.all().filter((entry) => entry.object.metadata.namespace === namespace);
    for (const entry of inside) {
      const live = store.get(entry.resource, entry.object.metadata.name, namespace);
      if (live !== undefined && live.metadata.deletionTimestamp === undefined) {
        beginDeletion(store, now(), entry.resource, live, { propagation: 'Background' });
      }
    }
    if (!store.all().some((entry) => entry.object.metadata.namespace === namespace))
      store.remove('namespaces', namespace);
  });
}
