/** The nodes of a cluster, by pool. */
import { at, asNumber, asText, optional } from '../json.js';
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
  return byPool(connection, signal, (_node, known) => known);
}

/**
 * All nodes of a cluster whose nodes carry no label of a pool, by `os/architecture`; those that take new pods first, and
 * control planes last. Their names are those that the label kubernetes.io/hostname has, because that is what a pod is
 * sent by. Throws as {@link nodesByPool} does.
 */
export async function nodesByPlatform(
  connection: ClusterConnection,
  signal: AbortSignal,
): Promise<Map<string, ClusterNode[]>> {
  const platforms = await grouped(connection, signal, platformOf, (node, known) => ({
    ...known,
    name: textAt(node, 'metadata', 'labels', 'kubernetes.io/hostname') ?? known.name,
    avoided:
      (at(node, 'spec', 'unschedulable') === true ? 1 : 0) +
      (CONTROL_PLANES.some((label) => at(node, 'metadata', 'labels', label) !== undefined) ? 2 : 0) +
      (known.ready ? 0 : 4),
  }));
  return new Map(
    [...platforms]
      .sort(([one], [other]) => one.localeCompare(other))
      .map(([platform, nodes]) => [
        platform,
        [...nodes]
          .sort((one, other) => one.avoided - other.avoided || one.name.localeCompare(other.name))
          .map(({ name, ready }) => ({ name, ready })),
      ]),
  );
}

/** https://kubernetes.io/docs/reference/labels-annotations-taints/, the second one before 1.24. */
const CONTROL_PLANES = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];

/** As the kubelet itself says it (Node, status.nodeInfo). */
function platformOf(node: unknown): string | undefined {
  const os = textAt(node, 'status', 'nodeInfo', 'operatingSystem');
  const architecture = textAt(node, 'status', 'nodeInfo', 'architecture');
  return os === undefined || architecture === undefined ? undefined : `${os}/${architecture}`;
}

/** A node as far as a pull's room on it goes. */
export interface NodeRoom extends ClusterNode {
  labels: Readonly<Record<string, string>>;
  /** Its condition DiskPressure is not False. */
  diskPressure: boolean;
  /** Bytes of the disk that images lie on; absent where the node doesn't say. */
  diskBytes?: number;
  /** Bytes of the images that it lists: the 50 largest as a rule (KubeletConfiguration, nodeStatusMaxImages). */
  imageBytes: number;
}

/** {@link nodesByPool} with labels and room. Throws as that does. */
export async function nodeRoomByPool(
  connection: ClusterConnection,
  signal: AbortSignal,
): Promise<Map<string, NodeRoom[]>> {
  return byPool(connection, signal, (node, known) => {
    const labels = at(node, 'metadata', 'labels');
    const diskBytes = bytesOf(textAt(node, 'status', 'capacity', 'ephemeral-storage'));
    return {
      ...known,
      labels: Object.fromEntries(
        Object.entries(typeof labels === 'object' && labels !== null ? labels : {}).flatMap(([key, value]) =>
          typeof value === 'string' ? [[key, value]] : [],
        ),
      ),
      diskPressure: listAt(node, 'status', 'conditions').some(
        (one) => textAt(one, 'type') === 'DiskPressure' && textAt(one, 'status') !== 'False',
      ),
      ...optional('diskBytes', diskBytes),
      imageBytes: listAt(node, 'status', 'images').reduce<number>(
        (sum, image) => sum + (asNumber(at(image, 'sizeBytes')) ?? 0),
        0,
      ),
    };
  });
}

/** Factors of quantities: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

function bytesOf(quantity: string | undefined): number | undefined {
  const [, digits = '', suffix = ''] = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(quantity ?? '') ?? [];
  const factor = FACTORS[suffix];
  return digits === '' || factor === undefined ? undefined : Number(digits) * factor;
}

async function byPool<N>(
  connection: ClusterConnection,
  signal: AbortSignal,
  read: (node: unknown, known: ClusterNode) => N,
): Promise<Map<string, N[]>> {
  const poolOf = (node: unknown): string | undefined =>
    textAt(node, 'metadata', 'labels', NODEPOOL_LABEL) ?? textAt(node, 'metadata', 'labels', POOL_LABEL);
  return grouped(connection, signal, poolOf, read);
}

async function grouped<N>(
  connection: ClusterConnection,
  signal: AbortSignal,
  poolOf: (node: unknown) => string | undefined,
  read: (node: unknown, known: ClusterNode) => N,
): Promise<Map<string, N[]>> {
  const pools = new Map<string, N[]>();
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
      const pool = poolOf(node);
      if (name === undefined || pool === undefined) continue;
      const ready = listAt(node, 'status', 'conditions').some(
        (one) => textAt(one, 'type') === 'Ready' && textAt(one, 'status') === 'True',
      );
      pools.set(pool, [...(pools.get(pool) ?? []), read(node, { name, ready })]);
    }
    more = asText(at(body, 'metadata', 'continue'));
    if (more === undefined) return pools;
  }
  throw new ClusterRefusal('the API server', 200, `the list of nodes holds more than ${MOST_NODES}`);
}
