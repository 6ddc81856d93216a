/**
 * Adds nodes for pods that fit nowhere: the cluster autoscaler to pools that it scales, node auto-provisioning to its
 * NodePools. Nothing takes nodes away again.
 */
import { stableHex } from '../cloud/ids.js';
import type { ManagedCluster, NodePool } from '../cloud/model.js';
import { hasEnded } from './deletion.js';
import { recorder } from './events.js';
import { MESSAGES } from './messages.js';
import { nodeName, nodesOf } from './nodes.js';
import type { Node, Pod } from './objects.js';
import { refusalOf } from './scheduler.js';
import type { Store } from './store.js';
import type { Timers } from './timers.js';
import { WorkQueue } from './timers.js';

/** @param join has the nodes that a pool was given come */
export function startAutoscaler(
  store: Store,
  timers: Timers,
  now: () => number,
  cluster: ManagedCluster,
  join: () => void,
): void {
  const scaled = cluster.pools.filter(({ maxCount }) => maxCount !== undefined);
  const provisioned = cluster.provisionedPools ?? [];
  if (scaled.length + provisioned.length === 0) return;
  const tellScaled = recorder(store, now, 'cluster-autoscaler');
  const tellProvisioned = recorder(store, now, 'karpenter');
  /** Pools with a node on its way. */
  const coming = new Set<NodePool>();

  const queue = new WorkQueue(timers, (key) => {
    const [namespace = '', name = ''] = key.split('/');
    const pod = store.get('pods', name, namespace);
    if (pod !== undefined && isLeftOver(pod)) scaleFor(pod);
  });
  const look = ({ metadata: { namespace, name } }: Pod): void => queue.add(`${namespace}/${name}`);

  const scaleFor = (pod: Pod): void => {
    const takers = [...scaled, ...provisioned].filter(
      (pool) => refusalOf(pod, nextNode(cluster, pool), []) === undefined,
    );
    const pool = takers.find((one) => coming.has(one) || one.count < (one.maxCount ?? Infinity));
    if (pool === undefined) {
      if (scaled.length > 0)
        tellScaled({
          object: pod,
          type: 'Normal',
          reason: 'NotTriggerScaleUp',
          message: MESSAGES.noScaleUp(takers.length, scaled.length),
        });
      return;
    }
    if (provisioned.includes(pool))
      tellProvisioned({
        object: pod,
        type: 'Normal',
        reason: 'Nominated',
        message: MESSAGES.nominated(
          `${pool.name}-${stableHex(5, cluster.name, pool.name, String(pool.count))}`,
        ),
      });
    else
      tellScaled({
        object: pod,
        type: 'Normal',
        reason: 'TriggeredScaleUp',
        message: MESSAGES.scaleUp(pool.name, pool.count, pool.maxCount ?? pool.count),
      });
    if (coming.has(pool)) return;
    coming.add(pool);
    timers.after(cluster.newNodeMs, () => {
      coming.delete(pool);
      pool.count += 1;
      join();
      // The scheduler's turn comes first: it heard of the node before.
      timers.after(0, () => store.list('pods').filter(isLeftOver).forEach(look));
    });
  };

  store.subscribe(({ type, resource, object }) => {
    if (resource === 'pods' && type !== 'DELETED' && isLeftOver(object as Pod)) look(object as Pod);
  });
}

/** A pod that the scheduler has looked at in vain. */
function isLeftOver({ metadata, spec, status }: Pod): boolean {
  return (
    spec.nodeName === undefined &&
    metadata.deletionTimestamp === undefined &&
    !hasEnded(status.phase) &&
    status.conditions?.some((one) => one.type === 'PodScheduled' && one.reason === 'Unschedulable') === true
  );
}

/** The node that the pool would get next. */
function nextNode(cluster: ManagedCluster, pool: NodePool): Node {
  const name = nodeName(cluster, pool, pool.count);
  const larger = (one: NodePool): NodePool => (one === pool ? { ...one, count: one.count + 1 } : one);
  const nodes = nodesOf({
    ...cluster,
    pools: cluster.pools.map(larger),
    ...(cluster.provisionedPools === undefined
      ? {}
      : { provisionedPools: cluster.provisionedPools.map(larger) }),
  });
  const next = nodes.find(({ metadata }) => metadata.name === name);
  if (next === undefined) throw new Error(`no node of pool ${pool.name} could be thought of`);
  return next;
}
