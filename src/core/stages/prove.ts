/** Prove: every requested pull, by pods on the cluster's own nodes. */
import type { Cluster, NodePool } from '../azure/cluster.js';
import { likeness } from '../broken-links.js';
import { CAUSES, familyOf, isCause, pageOf } from '../diagnosis/causes.js';
import { explainPull, pullFix } from '../diagnosis/explain.js';
import type { PullFacts } from '../diagnosis/explain.js';
import type { ClusterConnection } from '../kubernetes/connection.js';
import { ClusterRefusal } from '../kubernetes/answers.js';
import { nodesByPool } from '../kubernetes/nodes.js';
import type { ClusterNode } from '../kubernetes/nodes.js';
import { provePulls } from '../kubernetes/prove.js';
import type { PullTarget, WaitForGrant } from '../kubernetes/prove.js';
import { refusedBy } from '../kubernetes/policies.js';
import { optional } from '../json.js';
import type { Ports } from '../ports.js';
import type { Pull } from '../report.js';
import type { Request } from '../request.js';
import type { Telling } from '../telling.js';
import type { WantedImage } from './image.js';

/** Pools to pull on, and those that can't be. */
export interface ChosenPools {
  pools: NodePool[];
  /** Named by the user but not there, or without nodes. */
  missing: { name: string; why: string }[];
  /** Without nodes, and not asked for. */
  empty: NodePool[];
  /** Nodes that are no pool of Azure's list and weren't asked for: why nothing is pulled there. */
  beside: { name: string; why: string }[];
}

/** Nodes that Azure doesn't list among the pools, as the report calls them. */
const PROVISIONED = 'node auto-provisioning';
const VIRTUAL = 'virtual nodes';

/**
 * The pools to pull on. Pools of node auto-provisioning are in the cluster only, not in Azure's list
 * (https://learn.microsoft.com/azure/aks/node-auto-provisioning), so one that is named is taken at the user's word.
 * Virtual nodes are never pulled on: Azure Container Instances pull there, not with the kubelet identity
 * (https://learn.microsoft.com/azure/aks/virtual-nodes).
 */
export function choosePools(cluster: Cluster, request: Request): ChosenPools {
  const named = request.nodePools;
  const known = new Map(cluster.pools.map((pool) => [pool.name, pool]));
  const asked =
    named.length === 0
      ? cluster.pools
      : named.flatMap((name) => known.get(name) ?? provisionedPool(cluster, name) ?? []);
  const beside = [
    {
      name: PROVISIONED,
      there: cluster.nodeProvisioning,
      why: 'Azure does not list its NodePools: name them (input node-pools) to pull there',
    },
    {
      name: VIRTUAL,
      there: cluster.virtualNodes,
      why: 'Azure Container Instances pull there, never with the kubelet identity',
    },
  ];
  return {
    pools: asked.filter((pool) => pool.count > 0),
    missing: named.flatMap((name) => {
      const pool = known.get(name);
      if (pool === undefined && cluster.nodeProvisioning === true) return [];
      if (pool === undefined)
        return [{ name, why: `there is no such pool; the cluster has ${[...known.keys()].join(', ')}` }];
      return pool.count === 0 ? [{ name, why: 'it runs no node now' }] : [];
    }),
    empty: named.length === 0 ? cluster.pools.filter((pool) => pool.count === 0) : [],
    beside: named.length === 0 ? beside.filter(({ there }) => there === true) : [],
  };
}

/** A NodePool that only the cluster knows. Its nodes are Linux; of which architecture, nobody says beforehand. */
function provisionedPool({ nodeProvisioning }: Cluster, name: string): NodePool | undefined {
  if (nodeProvisioning !== true) return undefined;
  return {
    name,
    os: 'linux',
    architecture: 'amd64',
    count: 1,
    autoscaled: true,
    taints: [],
    provisioned: true,
  };
}

/** What a proof asks of a cluster; of one that isn't AKS the id is empty. */
export type ProvedCluster = Pick<Cluster, 'id' | 'name' | 'resourceGroup' | 'pools'>;

export interface Proof {
  connection: ClusterConnection;
  cluster: ProvedCluster;
  chosen: ChosenPools;
  images: readonly WantedImage[];
  /** Which image on which pool, and on which of its nodes; absent: each image on each pool. */
  pairs?: readonly { image: WantedImage; pool: NodePool; node?: string }[];
  /** Every node by its pool, for `nodes: all`; else one of each pool is pulled on. */
  nodes?: ReadonlyMap<string, readonly ClusterNode[]>;
  facts: Omit<PullFacts, 'imageSeen'>;
  /** Secrets of the namespace to pull with, instead of the identity. */
  pullSecrets?: readonly string[];
  /** A refusal that a new grant may cure is tried again. */
  waitForGrant?: WaitForGrant;
  /**
   * What else can be found out, asked once a pull came to nothing: `refusal` where it was refused though nothing known
   * explains it, `way` where it failed on the way to the registry.
   */
  lookCloser?: (about: 'refusal' | 'way') => Promise<Partial<PullFacts>>;
}

/** Makes all pulls side by side; tells and keeps each. */
export async function prove(proof: Proof, request: Request, ports: Ports, telling: Telling): Promise<Pull[]> {
  const { cluster, chosen } = proof;
  const poolsNamed = request.nodePools.length > 0;
  const pairs: NonNullable<Proof['pairs']> =
    proof.pairs ?? proof.images.flatMap((image) => chosen.pools.map((pool) => ({ image, pool })));
  // Nodes pull a single manifest whatever it is for, and that is worth knowing of what was named.
  const lacking = pairs.filter(
    ({ image, pool }) => lacksPlatform(image, pool) && !(isSingle(image) && poolsNamed && !image.chosen),
  );
  const wanted = pairs.filter((pair) => !lacking.includes(pair));
  const { nodes } = proof;
  const targets = wanted.flatMap(({ image, pool, node }): PullTarget[] => {
    const target: PullTarget = {
      nodePool: pool.name,
      os: pool.os,
      architecture: pool.provisioned === true ? 'unknown' : pool.architecture,
      image: image.reference,
      // What taints a NodePool's nodes get is not in Azure's list.
      ...(pool.provisioned === true ? { provisioned: true } : {}),
      ...(pool.unlabelled === true ? { unlabelled: true } : {}),
      ...(pool.provisioned === true || pool.unlabelled === true ? {} : { taints: pool.taints }),
      autoscaled: pool.autoscaled,
      ...(image.facts === undefined ? {} : { digest: image.facts.digest }),
      ...optional('node', node),
    };
    if (nodes === undefined) return [target];
    return nodesOf(pool, nodes).flatMap(({ name, ready }) => (ready ? [{ ...target, node: name }] : []));
  });
  const unready = wanted.flatMap(({ image, pool }) => {
    if (nodes === undefined) return [];
    const own = nodesOf(pool, nodes);
    const gone = notTried(
      pool.name,
      cluster,
      image,
      'unknown',
      'the API server lists no node of it',
      'no-nodes',
    );
    if (own.length === 0) return [gone];
    return own
      .filter(({ ready }) => !ready)
      .map(({ name }) => ({
        ...notTried(pool.name, cluster, image, 'unknown', 'the node is not ready', 'node-not-ready'),
        node: name,
      }));
  });
  const settled: Pull[] = [
    ...unready,
    ...chosen.missing.map(({ name, why }) =>
      notTried(name, cluster, proof.images[0], 'unknown', why, 'no-nodes'),
    ),
    ...chosen.empty.map((pool) =>
      notTried(
        pool.name,
        cluster,
        proof.images[0],
        'skip',
        'the pool runs no node now; once it has one, name it (input node-pools) to pull there',
      ),
    ),
    ...chosen.beside.map(({ name, why }) => notTried(name, cluster, proof.images[0], 'skip', why)),
    ...lacking.map(({ image, pool }) =>
      noPlatform(
        notTried(
          pool.name,
          cluster,
          image,
          'skip',
          `the image has ${image.facts?.platforms.join(', ') ?? ''}, and the pool runs ${pool.os}/${pool.architecture}`,
        ),
        image,
        poolsNamed,
      ),
    ),
  ];
  for (const pull of settled) keep(pull, telling);

  const seen = new Map(proof.images.map((image) => [image.reference, image.seen]));
  const pulled = await provePulls({
    connection: proof.connection,
    clusterId: cluster.id,
    namespace: request.namespace,
    runId: ports.runId,
    owner: 'aks-acr-pull',
    targets,
    ports,
    // What is really deployed may be large.
    ...(proof.pairs === undefined ? {} : { perNode: 2 }),
    ...optional('pullSecrets', proof.pullSecrets),
    ...optional('waitForGrant', proof.waitForGrant),
    onFinding: (finding) => telling.finding(finding),
  });
  const factsOf = (pull: Pull): PullFacts => ({
    ...proof.facts,
    imageSeen: seen.get(pull.image) ?? 'unknown',
  });
  const failures = pulled.flatMap((pull) =>
    pull.status === 'fail' ? [explainPull(pull.message ?? '', factsOf(pull))] : [],
  );
  const closer = {
    ...(failures.includes('unauthorized-unresolved') ? await proof.lookCloser?.('refusal') : {}),
    ...(failures.some((cause) => familyOf(cause) === 'network') ? await proof.lookCloser?.('way') : {}),
  };
  const explained = pulled.map((pull) => {
    const image = proof.images.find((candidate) => candidate.reference === pull.image);
    return explain(pull, image, { ...factsOf(pull), ...closer }, poolsNamed, telling);
  });
  for (const pull of alikeTogether(explained)) keep(pull, telling);
  for (const image of new Set(wanted.map((pair) => pair.image)))
    tellRuns(image, chosen.pools, explained, telling);
  return [...settled, ...explained];
}

/** In their order, but those that fail alike after the first of them. */
function alikeTogether(pulls: readonly Pull[]): Pull[] {
  const first = new Map<string, number>();
  const placed = pulls.map((pull, index) => {
    const key = pull.status === 'fail' || pull.status === 'unknown' ? likeness(pull) : `${index}`;
    if (!first.has(key)) first.set(key, index);
    return { pull, place: first.get(key) ?? index };
  });
  return placed.sort((one, other) => one.place - other.place).map(({ pull }) => pull);
}

/** Every node by its pool, for `nodes: all`. @throws {StoryEnds} when they can't be listed */
export async function everyNode(
  connection: ClusterConnection,
  ports: Ports,
  telling: Telling,
): Promise<Map<string, ClusterNode[]>> {
  return listNodes(() => nodesByPool(connection, ports.signal), telling);
}

/** A list of nodes. @throws {StoryEnds} when the API server refuses it */
export async function listNodes<T>(list: () => Promise<T>, telling: Telling): Promise<T> {
  try {
    return await list();
  } catch (error) {
    if (!(error instanceof ClusterRefusal)) throw error;
    return telling.end('nodes', 'this login may list the nodes', {
      status: 'unknown',
      cause: 'nodes-unreadable',
      evidence: error.message,
    });
  }
}

function nodesOf(pool: NodePool, nodes: ReadonlyMap<string, readonly ClusterNode[]>): readonly ClusterNode[] {
  return nodes.get(pool.name) ?? [];
}

function keep(pull: Pull, telling: Telling): void {
  telling.connection.pulls.push(pull);
  telling.log.pull(pull);
}

/** Whether the registry's index says that it has nothing for this pool. What it doesn't say is left to the node. */
function lacksPlatform({ facts }: WantedImage, pool: NodePool): boolean {
  return (
    facts !== undefined &&
    pool.provisioned !== true &&
    facts.platforms.length > 0 &&
    !facts.platforms.includes(`${pool.os}/${pool.architecture}`)
  );
}

function isSingle({ facts }: WantedImage): boolean {
  return facts?.single === true;
}

/** That an image which pools pulled can't run there: a container of another architecture ends at once. */
function tellRuns(
  image: WantedImage,
  pools: readonly NodePool[],
  pulls: readonly Pull[],
  telling: Telling,
): void {
  const wrong = pools.filter(
    (pool) =>
      lacksPlatform(image, pool) &&
      pulls.some(
        (one) => one.nodePool === pool.name && one.image === image.reference && one.status === 'pass',
      ),
  );
  if (wrong.length === 0) return;
  const nodes = wrong.map(({ name, os, architecture }) => `${name} (${os}/${architecture})`).join(', ');
  telling.tell('image-runs', `${image.reference} runs on ${nodes}`, {
    status: 'fail',
    cause: 'platform-mismatch-arch',
    evidence: `its one manifest is for ${image.facts?.platforms.join(', ') ?? ''}: the nodes pull it, but a container of it can't run there`,
  });
}

function notTried(
  poolName: string,
  cluster: ProvedCluster,
  image: WantedImage | undefined,
  status: 'skip' | 'unknown',
  message: string,
  cause?: 'no-nodes' | 'node-not-ready',
): Pull {
  const pool = cluster.pools.find((candidate) => candidate.name === poolName);
  return {
    nodePool: poolName,
    os: pool?.os ?? 'unknown',
    architecture: pool?.architecture ?? 'unknown',
    image: image?.reference ?? '',
    proved: 'none',
    status,
    message,
    ...(cause === undefined ? {} : { cause, docs: pageOf(cause) }),
    ...(cause === undefined || status === 'skip'
      ? {}
      : {
          fix: CAUSES[cause].fix({
            ...(cluster.id === '' ? {} : { cluster }),
            ...optional('nodePool', pool?.name),
          }),
        }),
    attempts: 0,
    durationMs: 0,
  };
}

/** No platform for the pool: a failure only when the user named both the image and the pool. */
function noPlatform(pull: Pull, image: WantedImage | undefined, poolsNamed: boolean): Pull {
  const cause = 'platform-mismatch-arch';
  if (image?.chosen !== false || !poolsNamed) return { ...pull, status: 'skip', cause, docs: pageOf(cause) };
  return { ...pull, status: 'fail', cause, fix: CAUSES[cause].fix({}), docs: pageOf(cause) };
}

/** A pull that didn't succeed gets its cause, fix and page. */
function explain(
  pull: Pull,
  image: WantedImage | undefined,
  facts: PullFacts,
  poolsNamed: boolean,
  telling: Telling,
): Pull {
  if (pull.status === 'pass' || pull.status === 'skip') return pull;
  const cause =
    pull.status === 'fail' ? explainPull(pull.message ?? '', facts) : (pull.cause ?? 'undetermined');
  if (cause === 'platform-mismatch-arch') return noPlatform(pull, image, poolsNamed);
  const fixFacts = {
    ...telling.facts,
    ...optional('image', image?.repository),
    ...optional('refusedBy', refusedBy(pull.message ?? '')),
  };
  return {
    ...pull,
    cause,
    ...(isCause(cause)
      ? { fix: pullFix(cause, pull.message ?? '', fixFacts, pull.node), docs: pageOf(cause) }
      : {}),
  };
}
