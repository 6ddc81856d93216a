/** The nodes of a cluster, by pool. */
import { at, asText, optional } from '../json.js';
import { ClusterRefusal, statusMessage } from './answers.js';
import type { ClusterConnection } from './connection.js';
import { listAt, textAt } from './json.js';
import { NODEPOOL_LABEL, POOL_LABEL } from './probe.js';

export interface ClusterNode {
  name: string;
  /** Its condition Ready is True. */
  ready: boolean;
}

/** No list is followed further: the largest cluster that AKS makes has 5,000 nodes. */
const MOST_NODES = 5_000;

/**
 * All nodes of pools, by pool: those of node auto-provisioning by their NodePool. Needs the right to list nodes.
 *
 * @throws {ClusterRefusal} when the API server refuses
 * @throws {HttpFault} when there is no answer
 */
export async function nodesByPool(
  connection: ClusterConnection,
  signal: AbortSignal,
): Promise<Map<string, ClusterNode[]>> {
  const pools = new Map<string, ClusterNode[]>();
  let more: string | undefined;
  for (let seen = 0; seen <= MOST_NODES; seen += connection.pageSize) {
    const query = {
      limit: String(connection.pageSize),
      ...optional('continue', more),
    };
    const { status, body } = await connection.request('GET', '/api/v1/nodes', { query, signal });
    if (status !== 200 || !Array.isArray(at(body, 'items')))
      throw new ClusterRefusal('the API server', status, statusMessage(body) ?? `HTTP ${status}`);
    for (const node of listAt(body, 'items')) {
      const name = textAt(node, 'metadata', 'name');
      const pool =
        textAt(node, 'metadata', 'labels', NODEPOOL_LABEL) ?? textAt(node, 'metadata', 'labels', POOL_LABEL);
      if (name === undefined || pool === undefined) continue;
      const ready = listAt(node, 'status', 'conditions').some(
        (one) => textAt(one, 'type') === 'Ready' && textAt(one, 'status') === 'True',
      );
      pools.set(pool, [...(pools.get(pool) ?? []), { name, ready }]);
    }
    more = asText(at(body, 'metadata', 'continue'));
    if (more === undefined) return pools;
  }
  throw new ClusterRefusal('the API server', 200, `the list of nodes holds more than ${MOST_NODES}`);
}
