/** The story, top to bottom: resolve → decide → grant → prove → conclude. */
import { parseArmId } from './azure/arm-id.js';
import { CLOUDS } from './azure/clouds.js';
import type { CloudName } from './azure/clouds.js';
import { readCluster, readUserKubeconfig } from './azure/cluster.js';
import type { Cluster } from './azure/cluster.js';
import type { Registry } from './azure/registry.js';
import { AzureSession } from './azure/session.js';
import { CAUSES } from './diagnosis/causes.js';
import { explainError } from './diagnosis/explain.js';
import { optional } from './json.js';
import { leftLines, removeProbes } from './kubernetes/clean-up.js';
import type { Leftover, Ports } from './ports.js';
import { SCHEMA_VERSION, worst } from './report.js';
import type { Connection, Grant, Report, Result } from './report.js';
import type { ClusterRef, RegistryRef, Request } from './request.js';
import { conclude } from './stages/conclude.js';
import { disconnect } from './stages/disconnect.js';
import {
  isYoung,
  keepAccess,
  mayHaveSignedIn,
  readAccess,
  tellAccess,
  tellBesideAccess,
} from './stages/decide.js';
import type { AccessFacts } from './stages/decide.js';
import { grant } from './stages/grant.js';
import { importedImage, wantedImages } from './stages/image.js';
import type { WantedImage } from './stages/image.js';
import { missingGrant, plan } from './stages/plan.js';
import { lookAtIdentity, lookForSharing } from './stages/identity.js';
import { choosePools, everyNode, prove } from './stages/prove.js';
import type { ChosenPools } from './stages/prove.js';
import { reach, reachQuietly } from './stages/reach.js';
import { askedRepositories, checkRepositories, grantedRepositories } from './stages/repositories.js';
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
  const resolver = new Resolver(azure, await subscriptionFor(request, azure));
  const connections: Connection[] = [];
  // What one connection could not remove stays written down while the next one runs.
  const left: Leftover[][] = [];
  for (const cluster of request.clusters) {
    for (const registry of request.registries) {
      const nth = connections.length;
      const remember = (leftovers: Leftover[]): void => {
        left[nth] = leftovers;
        ports.remember(left.flat());
      };
      const own = { ...ports, remember };
      connections.push(await connectOne(request, cluster, registry, azure, resolver, own));
    }
  }
  const cause = connections.map(firstCause).find((found) => found !== undefined);
  return {
    schemaVersion: SCHEMA_VERSION,
    tool: { name: 'aks-acr-pull', version },
    mode: request.mode,
    result: worst(connections.map((connection) => connection.result)),
    startedAt: new Date(startedAt).toISOString(),
    durationMs: ports.clock.now() - startedAt,
    ...(cause === undefined ? {} : { cause }),
    connections,
  };
}

/** One cluster with one registry. */
async function connectOne(
  request: Request,
  clusterRef: ClusterRef,
  registryRef: RegistryRef,
  azure: AzureSession,
  resolver: Resolver,
  ports: Ports,
): Promise<Connection> {
  const connection = newConnection(clusterRef, registryRef);
  const telling = new Telling(connection, ports.log, ports.clock);
  ports.log.chapter(`cluster ${connection.cluster.name} and registry ${connection.registry.name}`);
  try {
    connection.result = await tellStory(request, clusterRef, registryRef, azure, resolver, ports, telling);
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
  request: Request,
  clusterRef: ClusterRef,
  registryRef: RegistryRef,
  azure: AzureSession,
  resolver: Resolver,
  ports: Ports,
  telling: Telling,
): Promise<Result> {
  const { connection } = telling;
  const pulls = request.mode !== 'plan' && request.verify === 'pull';

  telling.facts.writes = request.mode === 'connect' || request.mode === 'disconnect';
  telling.facts.namespace = request.namespace;
  if (registryRef.by !== 'id') telling.facts.wantedRegistry = registryRef.text;
  // Resolve: who are we, which cluster, which registry. Cluster and registry are read side by side.
  await signIn(azure, ports, telling);
  if (request.mode === 'disconnect')
    return disconnect(request, clusterRef, registryRef, azure, resolver, ports, telling);
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
  const images = pulls && !imports ? begun(imagesFor(request, registry, chosen, azure)) : undefined;

  // Decide.
  const decided = await access();
  keepAccess(decided, registry, telling);
  tellBesideAccess(decided, registry, principalId, telling);
  const missing = missingGrant(request, decided, registry, principalId);
  if (missing !== undefined && (missing.condition !== undefined || decided.limited.length > 0))
    telling.facts.grant = missing;
  if (request.mode === 'plan') return plan(decided, missing, registry, telling);
  const grantMissing = request.mode === 'connect' && isGrantMissing(decided, request);
  if (!grantMissing) tellAccess(decided, registry, telling);
  else tellUnseen(decided, registry, telling);
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
  // The import is the first thing that is written: only where the cluster was reached, and before the grant.
  const found = imports ? [await importedImage(registry, azure, ports, telling)] : ((await images?.()) ?? []);
  const wanted = await namedImages(found, telling);

  // Grant.
  let allowed = decided.allowed;
  let grants: readonly Grant[] = decided.grants;
  let unseenGrant = false;
  let tellSharing = async (): Promise<void> => undefined;
  if (grantMissing) {
    tellSharing = lookForSharing(cluster, azure, telling);
    const limit = grantedRepositories(request, decided.kept);
    const made = await grant(azure, registry, principalId, ports, telling, limit);
    allowed = true;
    grants = made === undefined ? grants : [made];
    unseenGrant = made === undefined;
    connection.access = { ...connection.access, allowed, grants: [...grants] };
  }

  // Prove.
  // A grant that is there but not listed yet was made moments ago.
  const youngGrant = unseenGrant || isYoung(grants, ports.clock.now());
  if (clusterConnection !== undefined) {
    await prove(
      {
        connection: clusterConnection,
        cluster,
        registry,
        chosen,
        images: wanted,
        ...optional('nodes', nodes),
        facts: {
          access: allowed,
          ignoredRole: decided.ignored.length > 0,
          limitedRole: decided.limited.length > 0,
          denied: decided.denied !== undefined,
          mode: registry.mode,
          networkRestricted: registry.networkRestricted,
          youngGrant,
        },
        lookCloser: () => lookAtIdentity(cluster, registry, principalId, azure, telling),
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

/**
 * Whether connect writes: access is absent, or nothing speaks for it. A grant limited to repositories may narrow one that
 * could not be seen, so it is only written where assignments could be read.
 */
function isGrantMissing(access: AccessFacts, request: Request): boolean {
  // No grant helps against a deny assignment.
  const inVain = access.standsInTheWay === true || access.denied !== undefined;
  if (access.allowed === true || inVain) return false;
  if (access.allowed === false) return true;
  const blind = request.repositories.length > 0 && access.unreadable !== undefined;
  return access.grants.length === 0 && !blind;
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

function newConnection(cluster: ClusterRef, registry: RegistryRef): Connection {
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

function firstCause(connection: Connection): string | undefined {
  const told = [...connection.checks, ...connection.pulls];
  const failed = told.find((one) => one.status === 'fail' && one.cause !== undefined);
  return (failed ?? told.find((one) => one.status === 'unknown' && one.cause !== undefined))?.cause;
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
    const cluster = await readCluster(azure.arm, clusterId);
    const connection = await reachQuietly(cluster, azure, ports);
    const left = await removeProbes(connection, namespace, jobs, ports.signal);
    if (left.length === 0) return [];
    const why = [...new Set(left.map(({ reason }) => reason))].join('; ');
    return leftLines({ ...leftover, jobs: left.map(({ job }) => job) }, why);
  } catch (error) {
    return leftLines(leftover, error instanceof Error ? error.message : 'the request failed');
  }
}
