/** The story, top to bottom: resolve → decide → grant → prove → conclude. */
import { CLOUDS } from './azure/clouds.js';
import { readUserKubeconfig } from './azure/cluster.js';
import type { Cluster } from './azure/cluster.js';
import type { Registry } from './azure/registry.js';
import { AzureSession } from './azure/session.js';
import { leadingLink } from './broken-links.js';
import { explainError } from './diagnosis/explain.js';
import { optional } from './json.js';
import type { Leftover, Ports } from './ports.js';
import { SCHEMA_VERSION, worst } from './report.js';
import type { Connection, Grant, PlannedGrant, Report, Result } from './report.js';
import type { ClusterRef, RegistryRef, Request } from './request.js';
import { audit } from './stages/audit.js';
import { conclude } from './stages/conclude.js';
import {
  isYoung,
  keepAccess,
  mayHaveSignedIn,
  readAccessSoon,
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
import { disconnect } from './stages/disconnect.js';
import { endWithoutRole, grantAll, tellUnseen } from './stages/grant.js';
import { lookAtIdentity, lookForSharing } from './stages/identity.js';
import { imagesFor, importedImage, tellImages } from './stages/image.js';
import { readLogin } from './stages/kubeconfig.js';
import type { NamedLogin } from './stages/kubeconfig.js';
import { isGrantMissing, missingGrants, tellInTheWay, wantedRoles } from './stages/missing.js';
import type { Wanted } from './stages/missing.js';
import { tellOwnRights } from './stages/own-rights.js';
import { plan } from './stages/plan.js';
import { choosePools, everyNode, prove } from './stages/prove.js';
import type { Proof } from './stages/prove.js';
import { checkSecretElsewhere, checkSecretOnAks } from './stages/pull-secret.js';
import { reach } from './stages/reach.js';
import { checkRepositories } from './stages/repositories.js';
import {
  checkClusterState,
  checkIdentity,
  resolveCluster,
  Resolver,
  resolveRegistry,
  subscriptionFor,
} from './stages/resolve.js';
import { signIn } from './stages/sign-in.js';
import type { Story } from './stages/story.js';
import { tellTransition } from './stages/transition.js';
import { lookAtWays } from './stages/ways.js';
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
  for (const clusterRef of elsewhere === undefined ? request.clusters : [elsewhere]) {
    for (const registryRef of request.registries) {
      const nth = connections.length;
      const remember = (leftovers: Leftover[]): void => {
        left[nth] = leftovers;
        ports.remember(left.flat());
      };
      const about = { request, clusterRef, registryRef, azure, resolver, ports: { ...ports, remember } };
      connections.push(await connectOne(about, deployment));
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
  about: Omit<Story, 'clusterRef' | 'telling'> & { clusterRef: ClusterRef | NamedLogin },
  deployment?: Deployment,
): Promise<Connection> {
  const { request, clusterRef, registryRef, azure, ports } = about;
  const connection = newConnection(clusterRef, registryRef);
  const telling = new Telling(connection, ports.log, ports.clock);
  ports.log.chapter(`cluster ${connection.cluster.name} and registry ${connection.registry.name}`);
  try {
    connection.result =
      'login' in clusterRef
        ? await checkSecretElsewhere(request, clusterRef, registryRef, azure, ports, telling)
        : await tellStory({ ...about, clusterRef, telling }, deployment);
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

/** The story of one AKS cluster with one registry, as README's "How it works" tells it. */
async function tellStory(given: Story, deployment?: Deployment): Promise<Result> {
  const { request: asked, clusterRef, registryRef, azure, resolver, ports, telling } = given;
  const { connection } = telling;
  const request = withDeployed(asked, deployment);
  const story = { ...given, request };
  const pulls = request.mode !== 'plan' && request.verify === 'pull';

  telling.facts.writes = request.mode === 'connect' || request.mode === 'disconnect';
  telling.facts.namespace = request.namespace;
  if (registryRef.by !== 'id') telling.facts.wantedRegistry = registryRef.text;
  await signIn(azure, telling);
  if (request.mode === 'disconnect') return disconnect(story);
  if (request.mode === 'audit') return audit(story);
  if (request.pullSecret !== undefined) return checkSecretOnAks(story);

  // Resolve: which cluster, which registry. What doesn't need one another is read side by side.
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
  const chosen = choosePools(cluster, request);
  const imports = pulls && request.importProbeImage;
  const images =
    pulls && !imports && deployment === undefined
      ? begun(imagesFor(request, registry, chosen.pools, azure))
      : undefined;
  const seen =
    deployment === undefined ? undefined : begun(lookAtDeployed(deployment, asked, registry, azure));

  // Decide: who may pull already, and what is missing.
  const decided = await access();
  const { wanted, missing } = await decide(story, decided, cluster, registry, principalId);
  if (request.mode === 'plan') {
    // Whoever carries the plan out lets these pull as well.
    if (missing.length > 0) await lookForSharing(cluster, azure, telling)();
    return plan(decided, wanted, missing, registry, telling);
  }
  const writes = request.mode === 'connect' && isGrantMissing(decided, request);
  if (writes) tellUnseen(decided, registry, telling);
  else if (decided.standsInTheWay === undefined) tellAccess(decided, registry, telling);

  // What a proof needs is made sure of before anything is written.
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
  const lookCloser: NonNullable<Proof['lookCloser']> = (about) =>
    about === 'refusal'
      ? lookAtIdentity(cluster, registry, principalId, azure, telling)
      : lookAtWays(cluster, registry, azure.arm, telling);
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
  tellImages(found, telling);

  // Grant: what is missing, and nothing else.
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

  // Prove: by pods on the cluster's own nodes. A grant that is there but not listed yet was made moments ago.
  const youngGrant = unseenGrant || isYoung(grants, ports.clock.now());
  if (clusterConnection !== undefined) {
    await prove(
      {
        connection: clusterConnection,
        cluster,
        chosen,
        images: found,
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

  // Conclude.
  await tellSharing();
  return conclude(request, registry, youngGrant, telling);
}

/** Keeps what was decided, and tells all of it that bears on a grant: what is missing, in the way, or lacked by this login. */
async function decide(
  { request, azure, telling }: Story,
  decided: AccessFacts,
  cluster: Cluster,
  registry: Registry,
  principalId: string,
): Promise<{ wanted: Wanted[]; missing: PlannedGrant[] }> {
  const { connection } = telling;
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
  return { wanted, missing };
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
