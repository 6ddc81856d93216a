/** Resolve: the cluster, its kubelet identity and the registry, as ARM describes them; side by side. */
import { ArmError } from '../azure/arm.js';
import { clusterId, inSameSubscription } from '../azure/arm-id.js';
import { readCluster } from '../azure/cluster.js';
import type { Cluster } from '../azure/cluster.js';
import type { Looked } from '../azure/graph.js';
import { answersAsRegistry, locateRegistry, readRegistry, RegistryNotFound } from '../azure/registry.js';
import type { Located, Registry } from '../azure/registry.js';
import { DIRECTORY_RIGHT } from '../azure/rights.js';
import type { AzureSession } from '../azure/session.js';
import { CAUSES } from '../diagnosis/causes.js';
import type { FixFacts } from '../diagnosis/cause.js';
import { command, inRegistry } from '../diagnosis/commands.js';
import { explainError } from '../diagnosis/explain.js';
import type { Explained } from '../diagnosis/explain.js';
import { wantedTenant } from '../azure/refusal-words.js';
import { optional } from '../json.js';
import { InputErrors } from '../request.js';
import type { ClusterRef, RegistryRef, Request } from '../request.js';
import type { Telling } from '../telling.js';

/** The principal whose rights decide pulls, and how it is known. */
export type Principal =
  | { known: 'by-azure' | 'by-input' | 'by-directory'; objectId: string }
  | { known: 'no'; directory?: Exclude<Looked, { outcome: 'found' }> };

/** Reads of clusters, identities and registries that several connections of one run share. */
export class Resolver {
  readonly #principals = new Map<Cluster, Promise<Principal>>();
  readonly #clusters = new Map<ClusterRef, Promise<Cluster>>();
  readonly #located = new Map<RegistryRef, Promise<Located>>();
  readonly #registries = new Map<RegistryRef, Promise<Registry>>();

  constructor(
    private readonly azure: AzureSession,
    private readonly subscriptionId: string | undefined,
  ) {}

  cluster(ref: ClusterRef): Promise<Cluster> {
    return remembered(this.#clusters, ref, () => readCluster(this.azure.arm, this.clusterId(ref)));
  }

  /**
   * Whom the nodes pull as. Of a service principal Azure names the application alone; unless its object id is given, the
   * directory is asked, if this login may.
   */
  principal(cluster: Cluster, given: string | undefined): Promise<Principal> {
    return remembered(this.#principals, cluster, async (): Promise<Principal> => {
      const { identity } = cluster;
      if (identity.kind === 'managed-identity') return { known: 'by-azure', objectId: identity.objectId };
      if (identity.kind === 'unknown') return { known: 'no' };
      if (given !== undefined) return { known: 'by-input', objectId: given };
      const looked = await this.azure.graph.servicePrincipal({ applicationId: identity.clientId });
      return looked.outcome === 'found'
        ? { known: 'by-directory', objectId: looked.objectId }
        : { known: 'no', directory: looked };
    });
  }

  /** Whether a registry answers there, whoever may see it. */
  answers(loginServer: string): Promise<boolean> {
    return answersAsRegistry(this.azure.sender, loginServer);
  }

  clusterId(ref: ClusterRef): string {
    return clusterId({ ...ref, subscriptionId: ref.subscriptionId ?? this.subscriptionId ?? '' });
  }

  /** The registry's id, which may be known before its facts are. */
  located(ref: RegistryRef): Promise<Located> {
    return remembered(this.#located, ref, () =>
      locateRegistry(this.azure.arm, ref, this.subscriptionId ?? ''),
    );
  }

  registry(ref: RegistryRef): Promise<Registry> {
    return remembered(this.#registries, ref, async () => {
      const located = await this.located(ref);
      return located.registry ?? readRegistry(this.azure.arm, located.id);
    });
  }
}

function remembered<K, V>(known: Map<K, Promise<V>>, key: K, make: () => Promise<V>): Promise<V> {
  let value = known.get(key);
  if (value === undefined) {
    value = make();
    value.catch(() => undefined);
    known.set(key, value);
  }
  return value;
}

/**
 * The subscription of whatever is given by name: the input's, else the login's own.
 *
 * @throws {InputErrors} when it is needed and nobody names one
 */
export async function subscriptionFor(request: Request, azure: AzureSession): Promise<string | undefined> {
  if (request.subscriptionId !== undefined) return request.subscriptionId;
  const needed =
    request.clusters.some((cluster) => cluster.subscriptionId === undefined) ||
    // With a pull secret Azure is never asked about the registry.
    (request.pullSecret === undefined && request.registries.some((registry) => registry.by !== 'id'));
  if (!needed) return undefined;
  const own = await azure.credential.subscriptionId();
  if (own === undefined) {
    throw new InputErrors([
      { input: 'subscription-id', wanted: 'the subscription of what is given by name: the login names none' },
    ]);
  }
  return own;
}

/** Commands name the subscriptions where a cluster and its registry are in different ones. */
function noteApart({ cluster, registry }: FixFacts): void {
  if (cluster === undefined || registry === undefined || inSameSubscription(cluster.id, registry.id)) return;
  cluster.apart = true;
  registry.apart = true;
}

export async function resolveCluster(
  resolver: Resolver,
  ref: ClusterRef,
  telling: Telling,
  since: number,
): Promise<Cluster> {
  const title = `cluster ${ref.name} exists and this login may read it`;
  let cluster: Cluster;
  try {
    cluster = await resolver.cluster(ref);
  } catch (error) {
    return telling.end('cluster', title, explainError(error, telling.facts, 'cluster'), since);
  }
  const { id, name, location, kubernetesVersion, provisioningState, powerState, resourceGroup } = cluster;
  telling.connection.cluster = { id, name, location, kubernetesVersion, provisioningState, powerState };
  telling.facts.cluster = { id, name, resourceGroup, ...optional('azureRbac', cluster.entra?.azureRbac) };
  noteApart(telling.facts);
  const pools = cluster.pools.map((pool) => `${pool.name} (${pool.count} × ${pool.os}/${pool.architecture})`);
  telling.pass(
    'cluster',
    title,
    `Kubernetes ${kubernetesVersion || 'of an unknown version'} in ${location}; pools ${pools.join(', ') || 'none'}`,
    since,
  );
  return cluster;
}

/** A cluster whose state forbids pulls is explained; one that only can't prove pulls goes on when nothing is pulled. */
export function checkClusterState(cluster: Cluster, pulls: boolean, telling: Telling): void {
  const title = `cluster ${cluster.name} is running`;
  const evidence = `provisioning state ${cluster.provisioningState || 'unknown'}, power state ${cluster.powerState || 'unknown'}`;
  if (cluster.provisioningState === 'Deleting') {
    telling.end('cluster-running', title, { status: 'fail', cause: 'cluster-being-deleted', evidence });
  }
  if (cluster.powerState === 'Stopped') {
    if (pulls) telling.end('cluster-running', title, { status: 'fail', cause: 'cluster-stopped', evidence });
    telling.tell('cluster-running', title, { status: 'warn', cause: 'cluster-stopped', evidence });
    return;
  }
  telling.pass('cluster-running', title, evidence);
}

/** The principal whose rights decide pulls. @returns its object id */
export async function checkIdentity(
  cluster: Cluster,
  request: Request,
  resolver: Resolver,
  telling: Telling,
): Promise<string> {
  const title = `cluster ${cluster.name} has a kubelet identity`;
  const since = telling.now();
  const principal = await resolver.principal(cluster, request.kubeletObjectId);
  const { identity } = cluster;
  if (identity.kind === 'unknown') {
    return telling.end('kubelet-identity', title, {
      status: 'unknown',
      cause: 'cluster-being-made',
      evidence: `Azure names none yet; provisioning state ${cluster.provisioningState || 'unknown'}`,
    });
  }
  const objectId = principal.known === 'no' ? undefined : principal.objectId;
  telling.connection.identity = {
    ...identity,
    ...optional('objectId', objectId),
  };
  if (identity.kind === 'service-principal') {
    telling.facts.servicePrincipalClientId = identity.clientId;
    telling.facts.kubeletIsServicePrincipal = true;
  }
  if (principal.known === 'no' || objectId === undefined)
    return endWithout(cluster, principal, title, telling, since);
  telling.facts.kubeletObjectId = objectId;
  telling.facts.principalGiven = principal.known === 'by-input';
  if (identity.kind === 'managed-identity')
    Object.assign(telling.facts, optional('identityId', identity.resourceId));
  const evidence = {
    'by-azure': `object id ${objectId}${nameOf(identity)}`,
    'by-input': `service principal with object id ${objectId}, as input kubelet-object-id says`,
    'by-directory': `service principal with object id ${objectId}, as the directory says of its application`,
  };
  telling.pass('kubelet-identity', title, evidence[principal.known], since);
  return objectId;
}

function nameOf(identity: Cluster['identity']): string {
  const resourceId = identity.kind === 'managed-identity' ? identity.resourceId : undefined;
  return resourceId === undefined ? '' : ` (${resourceId.split('/').at(-1) ?? ''})`;
}

/** A service principal whose object id nobody says: because this login may not ask, or because there is none. */
function endWithout(
  { identity }: Cluster,
  principal: Principal,
  title: string,
  telling: Telling,
  since: number,
): never {
  const application = identity.kind === 'service-principal' ? identity.clientId : '';
  const evidence = `the nodes use the service principal of application ${application}`;
  const directory = principal.known === 'no' ? principal.directory : undefined;
  if (directory?.outcome === 'none') {
    telling.end(
      'kubelet-identity',
      title,
      {
        status: 'fail',
        cause: 'kubelet-identity-missing',
        evidence: `${evidence}, and the directory has none for it`,
      },
      since,
    );
  }
  if (directory !== undefined) {
    telling.tell(
      'directory',
      `this login may ask the directory for the service principal of application ${application}`,
      { status: 'skip', evidence: `${directory.because}; it would need ${DIRECTORY_RIGHT}` },
      since,
    );
  }
  return telling.end('kubelet-identity', title, {
    status: 'unknown',
    cause: 'service-principal-cluster',
    evidence,
  });
}

export async function resolveRegistry(
  resolver: Resolver,
  ref: RegistryRef,
  telling: Telling,
  since: number,
): Promise<Registry> {
  const title = `registry ${ref.by === 'id' ? ref.name : ref.text} exists and this login may read it`;
  let registry: Registry;
  try {
    registry = await resolver.registry(ref);
  } catch (error) {
    return telling.end('registry', title, await explainRegistry(error, ref, resolver, telling), since);
  }
  const { id, name, loginServer, mode, anonymousPull, publicNetworkAccess } = registry;
  telling.connection.registry = {
    id,
    name,
    loginServer,
    roleAssignmentMode: mode,
    anonymousPullEnabled: anonymousPull,
    publicNetworkAccess,
  };
  telling.facts.registry = { id, name, loginServer };
  noteApart(telling.facts);
  const modes = {
    LegacyRegistryPermissions: 'takes AcrPull (RBAC Registry Permissions)',
    AbacRepositoryPermissions: 'is ABAC-enabled, so AcrPull counts for nothing there',
    unknown: "doesn't say which roles it takes",
  };
  telling.pass('registry', title, [`${loginServer} ${modes[mode]}`, ...settings(registry)].join('; '), since);
  if (anonymousPull) {
    telling.finding({
      id: 'anonymous-pull',
      title: `registry ${name} is open to anonymous pulls`,
      evidence:
        'anonymousPullEnabled is true, so a pull that works proves nothing about the kubelet identity',
      fix: {
        summary: 'Close it unless the images are meant to be public.',
        commands: [
          command(
            'az',
            'acr',
            'update',
            ...inRegistry(telling.facts.registry),
            '--anonymous-pull-enabled',
            'false',
          ).pasteable,
        ],
      },
    });
  }
  return registry;
}

/** What few look at, and what bears on pulls from a network. What it means for the nodes is theirs to say. */
function settings(registry: Registry): string[] {
  const { publicNetworkAccess, networkRestricted, networkRules, privateEndpoints, dataEndpoints } = registry;
  const off = publicNetworkAccess === 'Disabled';
  return [
    ...(off ? [`public access is off: ${privateEndpoints} private endpoint(s) lead to it`] : []),
    ...(networkRestricted && !off
      ? [
          `its network rules keep most addresses out: ${networkRules} rule(s), ${privateEndpoints} private endpoint(s)`,
        ]
      : []),
    ...(dataEndpoints.length > 0 ? [`its layers come from ${dataEndpoints.join(', ')}`] : []),
    ...(registry.armAudienceTokens ? [] : ['it takes no tokens that are meant for Azure Resource Manager']),
  ];
}

/**
 * A registry that can't be read. ARM says when its subscription belongs to another tenant; one that is nowhere to be seen
 * but answers by its name is there, in another tenant or out of this login's sight.
 */
async function explainRegistry(
  error: unknown,
  ref: RegistryRef,
  resolver: Resolver,
  telling: Telling,
): Promise<Explained> {
  if (error instanceof ArmError && error.code === 'InvalidAuthenticationTokenTenant') {
    const tenant = wantedTenant(error.said);
    Object.assign(telling.facts, optional('wantedTenant', tenant));
    const facts = { ...telling.facts, wantedRegistry: ref.by === 'id' ? ref.name : ref.text };
    return {
      status: 'fail',
      cause: 'registry-in-another-tenant',
      evidence: error.message,
      fix: CAUSES['registry-in-another-tenant'].fix(facts),
    };
  }
  if (
    error instanceof RegistryNotFound &&
    ref.by === 'login-server' &&
    (await resolver.answers(ref.loginServer))
  ) {
    telling.facts.registryAnswers = true;
    const told = explainError(error, telling.facts, 'registry');
    return { ...told, evidence: `${told.evidence}; yet a container registry answers at ${ref.loginServer}` };
  }
  return explainError(error, telling.facts, 'registry');
}
