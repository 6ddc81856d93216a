/** Prove: every requested pull, by pods on the cluster's own nodes. */
import type { Cluster, NodePool } from '../azure/cluster.js';
import type { Registry } from '../azure/registry.js';
import type { AzureSession } from '../azure/session.js';
import { CAUSES, isCause, pageOf } from '../diagnosis/causes.js';
import { explainPull } from '../diagnosis/explain.js';
import type { PullFacts } from '../diagnosis/explain.js';
import { directConnection } from '../kubernetes/connection.js';
import type { ClusterConnection } from '../kubernetes/connection.js';
import { parseKubeconfig, KubeconfigError } from '../kubernetes/kubeconfig.js';
import type { ClusterLogin } from '../kubernetes/kubeconfig.js';
import { provePulls } from '../kubernetes/prove.js';
import type { PullTarget } from '../kubernetes/prove.js';
import type { Ports } from '../ports.js';
import type { Pull } from '../report.js';
import type { Request } from '../request.js';
import type { Telling } from '../telling.js';
import type { WantedImage } from './image.js';

/**
 * A connection to the cluster's API server, as its user kubeconfig says. The credential goes only to hosts that ARM named
 * for this cluster; an Entra cluster's kubeconfig holds none, and this login's own token is used.
 *
 * @throws {KubeconfigError} when the kubeconfig can't be used
 * @throws {CredentialWithheld} when it names another server than ARM does
 */
export function connectTo(
  cluster: Cluster,
  kubeconfig: string,
  azure: AzureSession,
  ports: Ports,
): ClusterConnection {
  const login = parseKubeconfig(kubeconfig);
  for (const host of cluster.apiServers) azure.trust.admitApiServer(host);
  const { credential } = login;
  azure.trust.mayCarry('cluster-credential', new URL(login.server));
  if (credential.kind === 'none') throw new KubeconfigError('the kubeconfig holds no credential');
  if (credential.kind === 'certificate') ports.log.secret(credential.key);
  if (credential.kind === 'token') ports.log.secret(credential.token);
  return directConnection({
    server: login.server,
    tls: tlsOf(login),
    clock: ports.clock,
    send: (request) => azure.sender.open({ ...request, carries: 'cluster-credential' }),
    authorization: async () => {
      if (credential.kind === 'token') return `Bearer ${credential.token}`;
      if (credential.kind !== 'exec') return undefined;
      const { token } = await azure.credential.token(azure.cloud.kubernetesScope);
      return `Bearer ${token}`;
    },
  });
}

function tlsOf({ ca, credential }: ClusterLogin): { ca?: string; cert?: string; key?: string } {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(credential.kind === 'certificate' ? { cert: credential.certificate, key: credential.key } : {}),
  };
}

/** Pools to pull on, and those that can't be. */
export interface ChosenPools {
  pools: NodePool[];
  /** Named by the user but not there, or without nodes. */
  missing: { name: string; why: string }[];
  /** Without nodes, and not asked for. */
  empty: NodePool[];
}

export function choosePools(cluster: Cluster, request: Request): ChosenPools {
  const named = request.nodePools;
  const known = new Map(cluster.pools.map((pool) => [pool.name, pool]));
  const asked = named.length === 0 ? cluster.pools : named.flatMap((name) => known.get(name) ?? []);
  return {
    pools: asked.filter((pool) => pool.count > 0),
    missing: named.flatMap((name) => {
      const pool = known.get(name);
      if (pool === undefined)
        return [{ name, why: `there is no such pool; the cluster has ${[...known.keys()].join(', ')}` }];
      return pool.count === 0 ? [{ name, why: 'it runs no node now' }] : [];
    }),
    empty: named.length === 0 ? cluster.pools.filter((pool) => pool.count === 0) : [],
  };
}

export interface Proof {
  connection: ClusterConnection;
  cluster: Cluster;
  registry: Registry;
  chosen: ChosenPools;
  images: readonly WantedImage[];
  facts: Omit<PullFacts, 'imageSeen'>;
  /** Until when a refusal that a new grant may cure is tried again. */
  waitUntil?: number;
}

/** Makes all pulls side by side; tells and keeps each. */
export async function prove(proof: Proof, request: Request, ports: Ports, telling: Telling): Promise<Pull[]> {
  const { cluster, chosen } = proof;
  const poolsNamed = request.nodePools.length > 0;
  const pairs = proof.images.flatMap((image) => chosen.pools.map((pool) => ({ image, pool })));
  const lacking = pairs.filter(({ image, pool }) => lacksPlatform(image, pool));
  const wanted = pairs.filter((pair) => !lacking.includes(pair));
  const targets = wanted.map(({ image, pool }): PullTarget => ({
    nodePool: pool.name,
    os: pool.os,
    architecture: pool.architecture,
    image: image.reference,
    ...(image.facts === undefined ? {} : { digest: image.facts.digest }),
  }));
  const settled: Pull[] = [
    ...chosen.missing.map(({ name, why }) =>
      notTried(name, cluster, proof.images[0], 'unknown', why, 'no-nodes'),
    ),
    ...chosen.empty.map((pool) =>
      notTried(pool.name, cluster, proof.images[0], 'skip', 'the pool runs no node now'),
    ),
    ...lacking.map(({ image, pool }) =>
      noPlatform(
        notTried(
          pool.name,
          cluster,
          image,
          'skip',
          `the image has ${image.facts?.platforms.join(', ') ?? ''}`,
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
    ...(proof.waitUntil === undefined ? {} : { waitForGrant: { until: proof.waitUntil } }),
    onFinding: (finding) => telling.finding(finding),
  });
  const explained = pulled.map((pull) => {
    const image = proof.images.find((candidate) => candidate.reference === pull.image);
    return explain(
      pull,
      image,
      { ...proof.facts, imageSeen: seen.get(pull.image) ?? 'unknown' },
      poolsNamed,
      telling,
    );
  });
  for (const pull of explained) keep(pull, telling);
  return [...settled, ...explained];
}

function keep(pull: Pull, telling: Telling): void {
  telling.connection.pulls.push(pull);
  telling.log.pull(pull);
}

/** Whether the registry's index says that it has nothing for this pool. What it doesn't say is left to the node. */
function lacksPlatform({ facts }: WantedImage, pool: NodePool): boolean {
  return (
    facts !== undefined &&
    facts.platforms.length > 0 &&
    !facts.platforms.includes(`${pool.os}/${pool.architecture}`)
  );
}

function notTried(
  poolName: string,
  cluster: Cluster,
  image: WantedImage | undefined,
  status: 'skip' | 'unknown',
  message: string,
  cause?: 'no-nodes',
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
  const fixFacts = { ...telling.facts, ...(image === undefined ? {} : { image: image.repository }) };
  return {
    ...pull,
    cause,
    ...(isCause(cause) ? { fix: CAUSES[cause].fix(fixFacts), docs: pageOf(cause) } : {}),
  };
}
