/** Makes and deletes ReplicaSets' pods, and counts them (kubernetes/kubernetes pkg/controller/replicaset/replica_set.go). */
import type { ManagedCluster } from '../../cloud/model.js';
import { createObject } from '../creation.js';
import { beginDeletion } from '../deletion.js';
import { ApiError } from '../errors.js';
import { recorder } from '../events.js';
import type { Pod, ReplicaSet } from '../objects.js';
import type { Store } from '../store.js';
import type { Timers } from '../timers.js';
import { WorkQueue } from '../timers.js';
import { activePodsOf, controllerOf, isReady, podFrom } from './pods-of.js';

/** Words: pkg/controller/controller_utils.go. */
const WORDS = {
  created: (pod: string) => `Created pod: ${pod}`,
  deleted: (pod: string) => `Deleted pod: ${pod}`,
  refused: (why: string) => `Error creating: ${why}`,
};

/** Wait after a pod couldn't be created, doubling (assumption: the work queue's own limiter begins at milliseconds). */
const BACK_OFF_MS = { first: 1_000, limit: 60_000 } as const;

/** Starts the ReplicaSet controller of a cluster. */
export function startReplicaSetController(
  store: Store,
  timers: Timers,
  now: () => number,
  cluster: ManagedCluster,
): void {
  const record = recorder(store, now, 'replicaset-controller');
  /** Failed attempts to create a pod, by the set's uid. */
  const refusals = new Map<string, number>();

  const queue = new WorkQueue(timers, (key) => {
    const [namespace = '', name = ''] = key.split('/');
    const set = store.get('replicasets', name, namespace);
    if (set === undefined) return;
    if (set.metadata.deletionTimestamp === undefined) scale(set);
    count(set);
  });
  const later = ({ metadata }: ReplicaSet, delayMs = 0): void =>
    queue.add(`${metadata.namespace}/${metadata.name}`, delayMs);

  const scale = (set: ReplicaSet): void => {
    const pods = activePodsOf(store, set);
    const missing = (set.spec.replicas ?? 1) - pods.length;
    for (let made = 0; made < missing; made++) if (!create(set)) return;
    // Those that do least go first.
    [...pods]
      .sort((one, other) => Number(isReady(one)) - Number(isReady(other)))
      .slice(0, Math.max(0, -missing))
      .forEach((pod) => remove(set, pod));
  };

  const create = (set: ReplicaSet): boolean => {
    const { namespace, uid = '' } = set.metadata;
    try {
      const pod = createObject(store, now(), 'pods', podFrom(set.spec.template, set), cluster, { namespace });
      record({
        object: set,
        type: 'Normal',
        reason: 'SuccessfulCreate',
        message: WORDS.created(pod.metadata.name),
      });
      refusals.delete(uid);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      record({ object: set, type: 'Warning', reason: 'FailedCreate', message: WORDS.refused(error.message) });
      const times = refusals.get(uid) ?? 0;
      refusals.set(uid, times + 1);
      later(set, Math.min(BACK_OFF_MS.first * 2 ** times, BACK_OFF_MS.limit));
      return false;
    }
  };

  const remove = (set: ReplicaSet, pod: Pod): void => {
    beginDeletion(store, now(), 'pods', pod, { propagation: 'Background' });
    record({
      object: set,
      type: 'Normal',
      reason: 'SuccessfulDelete',
      message: WORDS.deleted(pod.metadata.name),
    });
  };

  const count = ({ metadata }: ReplicaSet): void => {
    if (store.get('replicasets', metadata.name, metadata.namespace) === undefined) return;
    store.update('replicasets', metadata.name, metadata.namespace, (live) => {
      const pods = activePodsOf(store, live);
      const ready = pods.filter(isReady).length;
      live.status = {
        replicas: pods.length,
        ...(pods.length === 0 ? {} : { fullyLabeledReplicas: pods.length }),
        // What is ready counts as available at once: minReadySeconds isn't modelled.
        ...(ready === 0 ? {} : { readyReplicas: ready, availableReplicas: ready }),
        observedGeneration: metadata.generation ?? 1,
      };
    });
  };

  store.subscribe(({ resource, object, type }) => {
    if (resource === 'replicasets' && type !== 'DELETED') later(object as ReplicaSet);
    const owner = resource === 'pods' ? controllerOf(object) : undefined;
    if (owner?.kind === 'ReplicaSet') queue.add(`${object.metadata.namespace}/${owner.name}`);
  });
}
