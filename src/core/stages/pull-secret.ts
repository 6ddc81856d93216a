/** Mode check with `pull-secret`: whether nodes pull with a given secret, where no kubelet identity can. */
import { readUserKubeconfig } from '../azure/cluster.js';
import type { NodePool } from '../azure/cluster.js';
import type { AzureSession } from '../azure/session.js';
import type { Classified } from '../audit/kind.js';
import { readGivenSecret } from '../audit/given-secret.js';
import { expiryOf, KINDS } from '../audit/words.js';
import { applied } from '../diagnosis/commands.js';
import { explainError } from '../diagnosis/explain.js';
import type { Explained } from '../diagnosis/explain.js';
import { fix } from '../diagnosis/fixes.js';
import { optional } from '../json.js';
import type { ClusterConnection } from '../kubernetes/connection.js';
import { nodesByPlatform } from '../kubernetes/nodes.js';
import type { ClusterNode } from '../kubernetes/nodes.js';
import { pullSecretRole } from '../kubernetes/rights.js';
import { HttpFault } from '../ports.js';
import type { Ports } from '../ports.js';
import { pullsOutcome } from '../report.js';
import type { Fix, Result } from '../report.js';
import { InputErrors } from '../request.js';
import type { RegistryRef, Request } from '../request.js';
import type { Telling } from '../telling.js';
import { tellNoPull, tellUnprovedLayers } from './conclude.js';
import type { WantedImage } from './image.js';
import { connectAs } from './kubeconfig.js';
import type { NamedLogin } from './kubeconfig.js';
import { choosePools, everyNode, listNodes, prove } from './prove.js';
import type { ChosenPools, ProvedCluster } from './prove.js';
import { reach } from './reach.js';
import { checkClusterState, resolveCluster } from './resolve.js';
import type { Story } from './story.js';

/** How long before its end a credential is warned of: milliseconds. */
const WARN_MS = 7 * 24 * 3_600_000;

/** The secret, and what it is to let a cluster do. */
interface Given {
  secret: string;
  namespace: string;
  loginServer: string;
}

/** A cluster that can be asked, and where on it is pulled. */
interface Ground {
  connection: ClusterConnection;
  cluster: ProvedCluster;
  chosen: ChosenPools;
  nodes?: ReadonlyMap<string, readonly ClusterNode[]>;
}

/**
 * Runs the check on an AKS cluster: for a registry where no managed identity of the cluster's tenant can pull. Azure is asked
 * about the cluster alone, never about the registry.
 *
 * @throws {InputErrors} when the secret is none to pull with; nothing was made then
 * @throws {StoryEnds} when it can't go on
 */
export async function checkSecretOnAks({
  request,
  clusterRef,
  registryRef,
  azure,
  resolver,
  ports,
  telling,
}: Story): Promise<Result> {
  const given = givenOf(request, registryRef, telling);
  const cluster = await resolveCluster(resolver, clusterRef, telling, ports.clock.now());
  checkClusterState(cluster, true, telling);
  // AKS keeps what a command prints: a secret must never go that way.
  const connection = await reach(
    cluster,
    'direct',
    () => readUserKubeconfig(azure.arm, cluster),
    azure,
    ports,
    telling,
  );
  await checkSecret(given, connection, ports, telling);
  const nodes = request.nodes === 'all' ? await everyNode(connection, ports, telling) : undefined;
  const chosen = choosePools(cluster, request);
  return proveSecret(
    given,
    { connection, cluster, chosen, ...optional('nodes', nodes) },
    request,
    ports,
    telling,
  );
}

/** The same on a cluster that a kubeconfig names. No Azure is asked at all. Throws as {@link checkSecretOnAks} does. */
export async function checkSecretElsewhere(
  request: Request,
  named: NamedLogin,
  registryRef: RegistryRef,
  azure: AzureSession,
  ports: Ports,
  telling: Telling,
): Promise<Result> {
  const given = givenOf(request, registryRef, telling);
  const { ref } = named;
  const own: Ports = {
    ...ports,
    remember: (leftovers) => ports.remember(leftovers.map((one) => ({ ...one, kubeconfig: ref }))),
  };
  const connection = connectAs(named, azure, own);
  await checkSecret(given, connection, own, telling);
  const platforms = await listNodes(() => nodesByPlatform(connection, own.signal), telling);
  const pools = [...platforms].flatMap(([platform, nodes]) => poolOf(platform, nodes.length) ?? []);
  const nodes =
    request.nodes === 'all'
      ? platforms
      : new Map([...platforms].map(([platform, all]) => [platform, all.slice(0, 1)]));
  const cluster: ProvedCluster = { id: '', name: named.name, resourceGroup: '', pools };
  const chosen: ChosenPools = { pools, missing: [], empty: [], beside: [] };
  return proveSecret(given, { connection, cluster, chosen, nodes }, request, own, telling);
}

function givenOf(request: Request, registryRef: RegistryRef, telling: Telling): Given {
  const { pullSecret: secret = '', namespace } = request;
  const loginServer = registryRef.by === 'login-server' ? registryRef.loginServer : registryRef.name;
  telling.facts.namespace = namespace;
  const { connection } = telling;
  connection.registry = { ...connection.registry, loginServer };
  connection.pullSecret = { namespace, name: secret };
  connection.wouldChange = false;
  return { secret, namespace, loginServer };
}

/** Nodes of one platform as a pool that only has a name; undefined for what no image is made for. */
function poolOf(platform: string, count: number): NodePool | undefined {
  const [os, architecture] = platform.split('/');
  if (os !== 'linux' && os !== 'windows') return undefined;
  if (architecture !== 'amd64' && architecture !== 'arm64') return undefined;
  return { name: platform, os, architecture, count, autoscaled: false, taints: [], unlabelled: true };
}

/**
 * That the secret is there, is for the registry, and until when.
 *
 * @throws {InputErrors} when it is none to pull with
 * @throws {StoryEnds} when it can't be read, or its time is over
 */
async function checkSecret(
  given: Given,
  connection: ClusterConnection,
  ports: Ports,
  telling: Telling,
): Promise<void> {
  const { secret, namespace, loginServer } = given;
  const since = ports.clock.now();
  const title = `the secret ${namespace}/${secret} holds a credential for ${loginServer}`;
  let found: Awaited<ReturnType<typeof readGivenSecret>>;
  try {
    found = await readGivenSecret(connection, namespace, secret, loginServer, ports.signal);
  } catch (error) {
    return telling.end('pull-secret', title, unreached(error, telling), since);
  }
  if (found.kind === 'unusable') {
    const wanted = `a Secret in namespace ${namespace} of cluster ${telling.connection.cluster.name} with a credential for ${loginServer}: ${found.why}`;
    throw new InputErrors([{ input: 'pull-secret', value: secret, wanted }]);
  }
  if (found.kind === 'refused') {
    const cause =
      found.status === 401
        ? 'cluster-sign-in-refused'
        : found.status === 403
          ? 'cluster-rights-missing'
          : 'api-server-unreachable';
    return telling.end(
      'pull-secret',
      title,
      {
        status: 'unknown',
        cause,
        evidence: found.said,
        ...(cause === 'cluster-rights-missing' ? optional('fix', rightsFix(given, telling)) : {}),
      },
      since,
    );
  }
  tellCredential(found.credential, given, title, ports, telling, since);
}

/** Why the API server gave no answer. @throws what is no answer: the run was ended, or a fault of ours */
function unreached(error: unknown, telling: Telling): Explained {
  if (!(error instanceof HttpFault) || error.kind === 'aborted')
    return explainError(error, telling.facts, 'cluster');
  return {
    status: 'unknown',
    cause: 'api-server-unreachable',
    evidence: error.message,
    fix: fix("Run this where the API server can be reached, such as a runner in the cluster's network."),
  };
}

/** The rights that reading one Secret takes; undefined where the cause's own fix says it: Azure RBAC gives them by a role. */
function rightsFix({ namespace, secret }: Given, { facts }: Telling): Fix | undefined {
  const { caller, cluster } = facts;
  if (cluster?.azureRbac === true) return undefined;
  const summary = `Have an administrator of the cluster give the login these rights in the namespace ${namespace}: get on the Secret ${secret}, and on jobs, serviceaccounts, pods and events what docs/permissions.md says`;
  if (caller === undefined || cluster === undefined)
    return fix(`${summary}; and list on nodes in the whole cluster.`);
  return fix(`${summary}.`, applied(pullSecretRole(namespace, secret, caller.userName ?? caller.objectId)));
}

/** @throws {StoryEnds} when its time is over */
function tellCredential(
  { kind, user, expiresOn }: Classified,
  { secret, namespace }: Given,
  title: string,
  ports: Ports,
  telling: Telling,
  since: number,
): void {
  const left = expiresOn === undefined ? undefined : expiresOn - ports.clock.now();
  const minutesLeft = left === undefined ? undefined : Math.floor(left / 60_000);
  telling.connection.pullSecret = {
    namespace,
    name: secret,
    kind,
    ...(expiresOn === undefined ? {} : { expiresOn: new Date(expiresOn).toISOString() }),
    ...optional('minutesLeft', minutesLeft),
  };
  telling.pass(
    'pull-secret',
    title,
    `${KINDS[kind].what}${user === undefined || kind === 'expose-token' ? '' : `, user name ${user}`}`,
    since,
  );
  const lasts = `the secret ${namespace}/${secret} lasts`;
  if (left === undefined)
    telling.tell('pull-secret-expiry', lasts, {
      status: 'skip',
      evidence:
        kind === 'admin-user'
          ? "an admin user's password never expires; it may be made anew"
          : 'a password does not say when it expires: only whoever made it can tell',
    });
  else if (left <= 0)
    telling.end('pull-secret-expiry', lasts, {
      status: 'fail',
      cause: 'unauthorized-bad-pull-secret',
      evidence: `it ${expiryOf({ minutesLeft: Math.min(minutesLeft ?? 0, 0) }) ?? ''}, so nothing was pulled`,
      fix: fix(BETTER[loginKind(telling)].summary),
    });
  else
    telling.tell('pull-secret-expiry', lasts, {
      status: left <= WARN_MS ? 'warn' : 'pass',
      evidence: `it ${expiryOf({ minutesLeft: Math.max(minutesLeft ?? 0, 1) }) ?? ''}${left <= WARN_MS ? ': pods that start after that cannot pull' : ''}`,
    });
}

async function proveSecret(
  { secret, namespace, loginServer }: Given,
  { connection, cluster, chosen, nodes }: Ground,
  request: Request,
  ports: Ports,
  telling: Telling,
): Promise<Result> {
  const images = imagesOf(request, loginServer);
  telling.connection.image = images[0]?.reference ?? '';
  await prove(
    {
      connection,
      cluster,
      chosen,
      images,
      pullSecrets: [secret],
      ...optional('nodes', nodes),
      facts: {
        access: 'unknown',
        ignoredRole: false,
        mode: 'unknown',
        youngGrant: false,
        networkRestricted: false,
        pullSecret: 'in-use',
      },
    },
    request,
    ports,
    telling,
  );
  const { pulls } = telling.connection;
  const outcome = pullsOutcome(pulls);
  const title = `the pull secret ${namespace}/${secret} lets these nodes pull from ${loginServer}`;
  if (outcome === 'proved')
    telling.pass(
      'pulled-with-the-secret',
      title,
      `by pods that name it alone. This proves nothing about a kubelet identity. Whether a node took what it has by itself (credential files, mirrors, an identity, a registry open to all) in place of the secret, no API shows.`,
    );
  tellUnprovedLayers(pulls, telling);
  telling.finding({
    id: 'pull-secret-needed',
    title: `cluster ${telling.connection.cluster.name} pulls from ${loginServer} with a stored credential`,
    evidence: BETTER[loginKind(telling)].why,
    fix: fix(BETTER[loginKind(telling)].summary),
  });
  if (outcome === 'not-tried-or-unknown') tellNoPull(pulls, telling);
  return { proved: 'passed', refused: 'failed', 'not-tried-or-unknown': 'unknown' }[outcome] as Result;
}

/** The images that were named for this registry. What is in it this run doesn't look at: the nodes' word counts. */
function imagesOf(request: Request, loginServer: string): WantedImage[] {
  return request.images
    .filter(({ host }) => host === undefined || host === loginServer)
    .map(({ repository, tag, digest }) => ({
      reference: `${loginServer}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`,
      repository,
      chosen: false,
      seen: 'unknown',
    }));
}

type Kind = 'aks' | 'elsewhere';

function loginKind({ connection }: Telling): Kind {
  return connection.cluster.id === '' ? 'elsewhere' : 'aks';
}

/**
 * What is better than a stored credential, and why it isn't simply the kubelet identity: managed identities are of one
 * tenant (https://learn.microsoft.com/azure/container-registry/authenticate-aks-cross-tenant), and nodes outside AKS have
 * none that their kubelets could pull with. Repository-scoped tokens, their expiry and roles:
 * https://learn.microsoft.com/azure/container-registry/container-registry-token-based-repository-permissions; artifact
 * cache: https://learn.microsoft.com/azure/container-registry/artifact-cache-overview.
 */
const BETTER: Readonly<Record<Kind, { why: string; summary: string }>> = {
  aks: {
    why: 'The kubelet identity is of one tenant and can pull only from registries of that tenant.',
    summary:
      "If the registry is in the cluster's own tenant, run mode connect: no secret is needed then. Else have the images in a registry of the cluster's own tenant (az acr import, or an artifact cache rule with the credential kept in a key vault), and let the kubelet identity pull: no secret is left in the cluster. Until then, use the password of a repository-scoped token with an expiry and the pull right for these repositories alone, and make it anew before that.",
  },
  elsewhere: {
    why: 'Nodes outside AKS have no identity that their kubelets pull with; workload identity, with Arc too, is for what runs in pods, not for pulling them.',
    summary:
      'Use the password of a repository-scoped token with an expiry and the pull right for these repositories alone, and have a job make it anew before that; not the admin user, nor a token of az acr login --expose-token, which lasts three hours. Or mirror the images into a registry beside the cluster.',
  },
};
