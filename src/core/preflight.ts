/** The story, top to bottom: resolve → decide → grant → prove → conclude. */
import { parseArmId } from './azure/arm-id.js';
import { CLOUDS } from './azure/clouds.js';
import type { CloudName } from './azure/clouds.js';
import { readCluster, readUserKubeconfig } from './azure/cluster.js';
import type { Cluster } from './azure/cluster.js';
import type { Registry } from './azure/registry.js';
import { AzureSession } from './azure/session.js';
import { leadingLink } from './broken-links.js';
import { CAUSES } from './diagnosis/causes.js';
import { explainError } from './diagnosis/explain.js';
import { optional } from './json.js';
import { leftLines, removeProbes } from './kubernetes/clean-up.js';
import type { Leftover, Ports } from './ports.js';
import { SCHEMA_VERSION, worst } from './report.js';
import type { Allowed, Connection, Grant, PlannedGrant, Report, Result } from './report.js';
import type { ClusterRef, RegistryRef, Request } from './request.js';
import { conclude } from './stages/conclude.js';
import { audit } from './stages/audit.js';
import { disconnect } from './stages/disconnect.js';
import {
  accessTitle,
  isYoung,
  keepAccess,
  mayHaveSignedIn,
  readAccess,
  tellAccess,
  tellBesideAccess,
} from './stages/decide.js';
import type { AccessFacts } from './stages/decide.js';
import {
  checkDeployed,
  deployedSources,
  lookAtDeployed,
  readDeployment,
  withDeployed,
} from './stages/deployment.js';
import type { Deployment } from './stages/deployment.js';
import { grant } from './stages/grant.js';
import type { Made } from './stages/grant.js';
import { importedImage, wantedImages } from './stages/image.js';
import type { WantedImage } from './stages/image.js';
import { connectAs, readLogin } from './stages/kubeconfig.js';
import type { NamedLogin } from './stages/kubeconfig.js';
import { plan } from './stages/plan.js';
import { isGrantMissing, missingGrants, tellInTheWay, wantedRoles } from './stages/missing.js';
import type { Wanted } from './stages/missing.js';
import { tellOwnRights } from './stages/own-rights.js';
import { tellTransition } from './stages/transition.js';
import { lookAtIdentity, lookForSharing } from './stages/identity.js';
import { choosePools, everyNode, prove } from './stages/prove.js';
import type { ChosenPools } from './stages/prove.js';
import { checkSecretElsewhere, checkSecretOnAks } from './stages/pull-secret.js';
import { reach, reachQuietly } from './stages/reach.js';
import { askedRepositories, checkRepositories } from './stages/repositories.js';
import {
  checkClusterState,
  checkIdentity,
  resolveCluster,
  Resolver,
  resolveRegistry,
  subscriptionFor,
} from './stages/resolve.js';
import { begun, StoryEnds, Telling } from './telling.js';

/**
 * Runs the whole preflight: every cluster with every registry. What fails is in the report, never thrown.
 *
 * @throws {InputErrors} when an input turns out to be unusable, before anything is written
 */
export async function preflight(request: Request, ports: Ports, version: string): Promise<Report> {
  const startedAt = ports.clock.now();
  const azure = new AzureSession(ports, CLOUDS[request.environment]);
  const elsewhere = request.kubeconfig === undefined ? undefined : await readLogin(request.kubeconfig, ports);
  const subscription = elsewhere === undefined ? await subscriptionFor(request, azure) : undefined;
  const resolver = new Resolver(azure, subscription);
  const deployment = await readDeployment(request, azure, resolver, ports);
  const connections: Connection[] = [];
  // What one connection could not remove stays written down while the next one runs.
  const left: Leftover[][] = [];
  for (const cluster of elsewhere === undefined ? request.clusters : [elsewhere]) {
    for (const registry of request.registries) {
      const nth = connections.length;
      const remember = (leftovers: Leftover[]): void => {
        left[nth] = leftovers;
        ports.remember(left.flat());
      };
      const own = { ...ports, remember };
      connections.push(await connectOne(request, cluster, registry, azure, resolver, own, deployment));
    }
  }
  const cause = leadingLink({ connections })?.cause;
  return {
    schemaVersion: SCHEMA_VERSION,
    tool: { name: 'aks-acr-pull', version },
    mode: request.mode,
    result: worst(connections.map((connection) => connection.result)),
    startedAt: new Date(startedAt).toISOString(),
    durationMs: ports.clock.now() - startedAt,
    ...(cause === undefined ? {} : { cause }),
    ...(deployment === undefined ? {} : { deployed: deployedSources(deployment, request.registries) }),
    connections,
  };
}

/** One cluster with one registry. */
async function connectOne(
  request: Request,
  clusterRef: ClusterRef | NamedLogin,
  registryRef: RegistryRef,
  azure: AzureSession,
  resolver: Resolver,
  ports: Ports,
  deployment?: Deployment,
): Promise<Connection> {
  const connection = newConnection(clusterRef, registryRef);
  const telling = new Telling(connection, ports.log, ports.clock);
  ports.log.chapter(`cluster ${connection.cluster.name} and registry ${connection.registry.name}`);
  try {
    connection.result =
      'login' in clusterRef
        ? await checkSecretElsewhere(request, clusterRef, registryRef, azure, ports, telling)
        : await tellStory(request, clusterRef, registryRef, azure, resolver, ports, telling, deployment);
  } catch (error) {
    if (ports.signal.aborted) {
      telling.tell('ended', 'the run came to its end', {
        status: 'unknown',
        cause: 'ended-early',
        evidence: reasonOf(ports.signal),
      });
      connection.result = 'unknown';
    } else if (error instanceof StoryEnds) {
      connection.result = error.check.status === 'fail' ? 'failed' : 'unknown';
    } else {
      // What is no known kind of error is thrown on: it is a fault of ours.
      telling.tell('went-through', 'the run went through', explainError(error, telling.facts, 'cluster'));
      connection.result = 'unknown';
    }
  }
  return connection;
}

async function tellStory(
  asked: Request,
  clusterRef: ClusterRef,
  registryRef: RegistryRef,
  azure: AzureSession,
  resolver: Resolver,
  ports: Ports,
  telling: Telling,
  deployment?: Deployment,
): Promise<Result> {
  const { connection } = telling;
  const request = withDeployed(asked, deployment);
  const pulls = request.mode !== 'plan' && request.verify === 'pull';

  telling.facts.writes = request.mode === 'connect' || request.mode === 'disconnect';
  telling.facts.namespace = request.namespace;
  if (registryRef.by !== 'id') telling.facts.wantedRegistry = registryRef.text;
  // Resolve: who are we, which cluster, which registry. Cluster and registry are read side by side.
  await signIn(azure, ports, telling);
  if (request.mode === 'disconnect')
    return disconnect(request, clusterRef, registryRef, azure, resolver, ports, telling);
  if (request.mode === 'audit')
    return audit(request, clusterRef, registryRef, azure, resolver, ports, telling);
  if (request.pullSecret !== undefined)
    return checkSecretOnAks(request, clusterRef, registryRef, azure, resolver, ports, telling);
  const since = ports.clock.now();
  const clusterRead = begun(resolver.cluster(clusterRef));
  const located = begun(resolver.located(registryRef));
  const registryRead = begun(resolver.registry(registryRef));
  const access = begun(readAccessSoon(azure, resolver, clusterRead(), located(), registryRead(), request));
  const kubeconfig =
    pulls && request.clusterAccess !== 'run-command'
      ? begun(clusterRead().then((cluster) => readUserKubeconfig(azure.arm, cluster)))
      : undefined;

  const cluster = await resolveCluster(resolver, clusterRef, telling, since);
  checkClusterState(cluster, pulls, telling);
  const principalId = await checkIdentity(cluster, request, resolver, telling);
  const registry = await resolveRegistry(resolver, registryRef, telling, since);
  checkRepositories(request, registry, telling);

  // What a proof needs is made sure of before anything is written.
  const chosen = choosePools(cluster, request);
  const imports = pulls && request.importProbeImage;
  const images =
    pulls && !imports && deployment === undefined
      ? begun(imagesFor(request, registry, chosen, azure))
      : undefined;
  const seen =
    deployment === undefined ? undefined : begun(lookAtDeployed(deployment, asked, registry, azure));

  // Decide.
  const decided = await access();
  keepAccess(decided, registry, telling);
  tellBesideAccess(decided, registry, principalId, telling);
  const wanted = wantedRoles(request, decided, registry, principalId);
  const missing = missingGrants(request, wanted, registry, principalId);
  const own = missing.find(({ roleGuid }) => roleGuid === telling.facts.role?.guid);
  if (own !== undefined && (own.condition !== undefined || decided.limited.length > 0))
    telling.facts.grant = own;
  if (missing.length > 0 && connection.wouldChange === false) connection.wouldChange = true;
  for (const one of wanted) tellInTheWay(request, one, registry, principalId, telling);
  if (request.mode !== 'connect') {
    tellTransition(request, decided, missing, registry, principalId, telling);
    await tellOwnRights(request, missing, cluster, registry, azure, telling);
  }
  if (request.mode === 'plan') return plan(decided, wanted, missing, registry, telling);
  const writes = request.mode === 'connect' && isGrantMissing(decided, request);
  if (writes) tellUnseen(decided, registry, telling);
  else if (decided.standsInTheWay === undefined) tellAccess(decided, registry, telling);
  const clusterConnection = pulls
    ? await reach(
        cluster,
        request.clusterAccess,
        () => kubeconfig?.() ?? readUserKubeconfig(azure.arm, cluster),
        azure,
        ports,
        telling,
      )
    : undefined;
  const nodes =
    clusterConnection === undefined || request.nodes === 'one'
      ? undefined
      : await everyNode(clusterConnection, ports, telling);
  const explainedBy = {
    ignoredRole: decided.ignored.length > 0,
    limitedRole: decided.limited.length > 0,
    denied: decided.denied !== undefined,
    mode: registry.mode,
    networkRestricted: registry.networkRestricted,
  };
  const lookCloser = (): ReturnType<typeof lookAtIdentity> =>
    lookAtIdentity(cluster, registry, principalId, azure, telling);
  if (deployment !== undefined && seen !== undefined) {
    const youngGrant = isYoung(decided.grants, ports.clock.now());
    const facts = { ...explainedBy, access: decided.allowed, youngGrant };
    return checkDeployed(
      {
        deployment,
        seen: await seen(),
        registry,
        cluster,
        principalId,
        decided,
        chosen,
        poolsNamed: request.nodePools.length > 0,
        most: deployment.shareOf(registryRef),
        connection: clusterConnection,
        proof: { facts, lookCloser, ...optional('nodes', nodes) },
        youngGrant,
      },
      asked,
      azure,
      ports,
      telling,
    );
  }
  // The import is the first thing that is written: only where the cluster was reached, and before the grant.
  const found = imports ? [await importedImage(registry, azure, ports, telling)] : ((await images?.()) ?? []);
  const named = await namedImages(found, telling);

  // Grant.
  let allowed = decided.allowed;
  let grants: readonly Grant[] = decided.grants;
  let unseenGrant = false;
  let tellSharing = async (): Promise<void> => undefined;
  if (request.mode === 'connect' && (writes || missing.length > 0)) {
    if (wanted.length === 0) endWithoutRole(registry, telling);
    tellSharing = lookForSharing(cluster, azure, telling);
    const made = await grantAll(missing, wanted, azure, registry, ports, telling);
    if (made !== undefined) {
      ({ allowed, unseen: unseenGrant } = made);
      grants = made.grants.length > 0 ? made.grants : grants;
      connection.access = { ...connection.access, allowed, grants: [...grants] };
    }
  }
  if (request.mode === 'connect') tellTransition(request, decided, [], registry, principalId, telling);

  // Prove.
  // A grant that is there but not listed yet was made moments ago.
  const youngGrant = unseenGrant || isYoung(grants, ports.clock.now());
  if (clusterConnection !== undefined) {
    await prove(
      {
        connection: clusterConnection,
        cluster,
        chosen,
        images: named,
        ...optional('nodes', nodes),
        facts: { ...explainedBy, access: allowed, youngGrant },
        lookCloser,
        ...(request.mode === 'connect' && youngGrant
          ? {
              waitForGrant: {
                until: ports.clock.now() + request.propagationTimeoutMs,
                earlierAccess: mayHaveSignedIn(decided, registry),
              },
            }
          : {}),
      },
      request,
      ports,
      telling,
    );
  }
  await tellSharing();
  return conclude(request, registry, youngGrant, telling);
}

async function signIn(azure: AzureSession, ports: Ports, telling: Telling): Promise<void> {
  const since = ports.clock.now();
  const title = 'this run is signed in to Azure';
  try {
    const caller = await azure.signIn();
    telling.facts.caller = caller;
    telling.pass(
      'signed-in',
      title,
      `as ${caller.name} (object id ${caller.objectId}), by ${azure.credential.description}`,
      since,
    );
  } catch (error) {
    telling.end('signed-in', title, explainError(error, telling.facts, 'cluster'), since);
  }
}

/** A grant that is written without having seen who has access already is told to be. */
function tellUnseen({ unreadable }: AccessFacts, registry: Registry, telling: Telling): void {
  if (unreadable === undefined) return;
  const told = explainError(unreadable, telling.facts, 'grant');
  telling.tell('access-before', `this login may see who may pull from ${registry.loginServer}`, {
    ...told,
    status: 'skip',
  });
}

/** Assignments are read as soon as the identity and the registry's id are known. */
async function readAccessSoon(
  azure: AzureSession,
  resolver: Resolver,
  cluster: Promise<Cluster>,
  located: Promise<{ id: string }>,
  registry: Promise<Registry>,
  request: Request,
): ReturnType<typeof readAccess> {
  const [principal, { id }] = await Promise.all([
    cluster.then((read) => resolver.principal(read, request.kubeletObjectId)),
    located,
  ]);
  const principalId = principal.known === 'no' ? undefined : principal.objectId;
  if (principalId === undefined)
    return {
      allowed: 'unknown',
      grants: [],
      ignored: [],
      limited: [],
      because: 'there is no identity to ask for',
    };
  const subscriptionId = parseArmId(id)?.subscriptionId ?? '';
  return readAccess(azure, { id, subscriptionId }, registry, principalId, (facts) =>
    askedRepositories(request, facts),
  );
}

/** Nobody knows which role the registry takes, so none is written. @throws {StoryEnds} always */
function endWithoutRole(registry: Registry, telling: Telling): never {
  telling.end('grant', accessTitle(registry), {
    status: 'unknown',
    cause: 'registry-mode-unknown',
    evidence: 'so neither AcrPull nor a repository role was written',
  });
}

/** Makes the missing grants. @returns what came of those that count in the registry's mode; undefined when none does */
async function grantAll(
  missing: readonly PlannedGrant[],
  wanted: readonly Wanted[],
  azure: AzureSession,
  registry: Registry,
  ports: Ports,
  telling: Telling,
): Promise<{ allowed: Allowed; grants: Grant[]; unseen: boolean } | undefined> {
  const counting: Made[] = [];
  for (const planned of missing) {
    const made = await grant(azure, registry, planned, ports, telling);
    const counts = wanted.some(({ role, counts }) => counts && role.guid === planned.roleGuid);
    if (counts) counting.push(made);
  }
  if (counting.length === 0) return undefined;
  return {
    allowed: counting.every(({ allowed }) => allowed === true) ? true : 'unknown',
    grants: counting.flatMap((made) => made.grant ?? []),
    unseen: counting.some((made) => made.grant === undefined),
  };
}

async function imagesFor(
  request: Request,
  registry: Registry,
  chosen: ChosenPools,
  azure: AzureSession,
): Promise<WantedImage[]> {
  azure.trust.admitLoginServer(registry.loginServer);
  const platforms = [...new Set(chosen.pools.map((pool) => `${pool.os}/${pool.architecture}`))];
  return wantedImages(request, registry, platforms, azure.dataPlane(registry));
}

/** The images in the story: which, and that the registry has them as far as this login can see. */
async function namedImages(images: WantedImage[], telling: Telling): Promise<WantedImage[]> {
  for (const image of images) {
    telling.connection.image = image.reference;
    const title = `${image.reference} is in the registry`;
    const platforms = image.facts?.platforms.join(', ') ?? '';
    const seen = `${image.why === undefined ? '' : `${image.why}; `}${image.facts?.digest ?? ''}${platforms === '' ? '' : ` for ${platforms}`}`;
    if (image.seen === 'there') telling.pass('image', title, seen);
    else if (image.seen === 'absent') {
      const fix = CAUSES['tag-not-found'].fix({ ...telling.facts, image: image.repository });
      telling.end('image', title, {
        status: 'fail',
        cause: 'tag-not-found',
        evidence: image.because ?? '',
        fix,
      });
    } else {
      telling.tell('image', title, {
        status: 'skip',
        evidence: `not seen from here, so the nodes' word counts: ${image.because ?? ''}`,
      });
    }
  }
  return images;
}

function newConnection(cluster: Pick<ClusterRef, 'name'>, registry: RegistryRef): Connection {
  return {
    cluster: { id: '', name: cluster.name },
    registry: { id: '', name: registry.by === 'login-server' ? registry.loginServer : registry.name },
    identity: { kind: 'unknown' },
    access: { allowed: 'unknown', grants: [] },
    checks: [],
    pulls: [],
    findings: [],
    result: 'unknown',
    changed: false,
    wouldChange: 'unknown',
  };
}

function reasonOf(signal: AbortSignal): string {
  return signal.reason instanceof Error ? signal.reason.message : 'it was cancelled';
}

/**
 * Removes what a run left behind in clusters; exactly what the leftovers name. Never throws.
 *
 * @returns what could not be removed, as lines: for each cluster why, and the kubectl line that removes it
 */
export async function cleanUp(
  leftovers: readonly Leftover[],
  environment: CloudName,
  ports: Ports,
): Promise<string[]> {
  const azure = new AzureSession(ports, CLOUDS[environment]);
  const failures = await Promise.all(
    leftovers.filter(({ jobs }) => jobs.length > 0).map((leftover) => cleanOne(leftover, azure, ports)),
  );
  return failures.flat();
}

async function cleanOne(leftover: Leftover, azure: AzureSession, ports: Ports): Promise<string[]> {
  const { clusterId, namespace, jobs } = leftover;
  try {
    const connection =
      leftover.kubeconfig === undefined
        ? await reachQuietly(await readCluster(azure.arm, clusterId), azure, ports)
        : connectAs(await readLogin(leftover.kubeconfig, ports), azure, ports);
    const left = await removeProbes(connection, namespace, jobs, ports.signal);
    if (left.length === 0) return [];
    const why = [...new Set(left.map(({ reason }) => reason))].join('; ');
    return leftLines({ ...leftover, jobs: left.map(({ job }) => job) }, why);
  } catch (error) {
    return leftLines(leftover, error instanceof Error ? error.message : 'the request failed');
  }
}
