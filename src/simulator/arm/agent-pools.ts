/**
 * Microsoft.ContainerService/managedClusters/agentPools: what `az aks nodepool` asks (captures: azure-cli 2.45). Forms:
 * Azure/azure-rest-api-specs, containerservice/…/managedClusters.json (AgentPool).
 */
import { CLUSTER_TYPE, clusterId, same } from '../cloud/arm-id.js';
import type { ManagedCluster, NodePool } from '../cloud/model.js';
import type { SimulatorContext } from '../context.js';
import { NotModelled } from '../net/exchange.js';
import type { Answer } from '../net/exchange.js';
import { parameter, resourceId } from './call.js';
import type { Call, Route } from './call.js';
import { firstDifference, readJson, requireSettled } from './cluster-writes.js';
import { poolBody, pretty } from './clusters.js';
import { resourceNotFound } from './errors.js';
import { findInGroup, groupPath } from './resources.js';

const TYPE = `${CLUSTER_TYPE}/agentPools`;
const ALL = `${groupPath}/providers/${CLUSTER_TYPE}/{name}/agentPools`;
const ONE = `${ALL}/{pool}`;
const SOURCE = 'captures: azure-cli 2.45; docs: agent-pools REST reference';

export function agentPoolRoutes({ state }: SimulatorContext): Route[] {
  const find = (call: Call): { cluster: ManagedCluster; pool: NodePool } => {
    const cluster = findInGroup(state, call, state.clusters, CLUSTER_TYPE);
    const name = parameter(call, 'pool');
    const pool = cluster.pools.find((one) => same(one.name, name));
    if (pool === undefined) throw resourceNotFound(TYPE, name, cluster.resourceGroup);
    return { cluster, pool };
  };
  const demand = (right: string) => (call: Call) => ({ action: `${TYPE}/${right}`, scope: resourceId(call) });
  return [
    {
      name: 'GET agentPools',
      method: 'GET',
      path: ALL,
      since: '2019-02-01',
      source: SOURCE,
      demand: demand('read'),
      answer(call) {
        const cluster = findInGroup(state, call, state.clusters, CLUSTER_TYPE);
        return pretty({ value: cluster.pools.map((pool) => body(pool, cluster, call.apiVersion)) });
      },
    },
    {
      name: 'GET agentPool',
      method: 'GET',
      path: ONE,
      since: '2019-02-01',
      source: SOURCE,
      demand: demand('read'),
      answer(call) {
        const { cluster, pool } = find(call);
        return pretty(body(pool, cluster, call.apiVersion));
      },
    },
    {
      // Assumption: over before it is answered, so that nobody waits for nodes.
      name: 'PUT agentPool',
      method: 'PUT',
      path: ONE,
      since: '2019-02-01',
      source: SOURCE,
      demand: demand('write'),
      answer(call): Answer {
        const { cluster, pool } = find(call);
        requireSettled(cluster);
        const written = readJson(call.body) as { properties?: { count?: unknown } };
        const { count } = written.properties ?? {};
        const served = body({ ...pool, count: Number(count) }, cluster, call.apiVersion);
        const changed = firstDifference(written, served, '');
        if (changed !== undefined || typeof count !== 'number' || count < pool.count)
          throw new NotModelled(`A change of a pool's ${changed ?? 'number of nodes to fewer'} isn't.`);
        pool.count = count;
        return pretty(body(pool, cluster, call.apiVersion));
      },
    },
    {
      // Nodes are made anew under their names, and take up what their scale set holds
      // (https://learn.microsoft.com/azure/aks/node-image-upgrade, use-managed-identity).
      name: 'POST agentPool/upgradeNodeImageVersion',
      method: 'POST',
      path: `${ONE}/upgradeNodeImageVersion`,
      since: '2020-09-01',
      source: SOURCE,
      demand: demand('upgradeNodeImageVersion/action'),
      answer(call): Answer {
        const { cluster, pool } = find(call);
        requireSettled(cluster);
        if (pool.heldIdentity === 'former-service-principal' || pool.identityPutBack === true) {
          delete pool.heldIdentity;
          delete pool.identityPutBack;
        }
        return pretty(body(pool, cluster, call.apiVersion));
      },
    },
  ];
}

function body(pool: NodePool, cluster: ManagedCluster, apiVersion: string): object {
  const { name, ...properties } = poolBody(pool, cluster, apiVersion) as { name: string };
  return { id: `${clusterId(cluster)}/agentPools/${name}`, name, type: TYPE, properties };
}
