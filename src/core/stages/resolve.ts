/** Resolve: the cluster, its kubelet identity and the registry, as ARM describes them; side by side. */
import { readCluster } from '../azure/cluster.js';
import type { Cluster } from '../azure/cluster.js';
import { clusterId } from '../azure/arm-id.js';
import { locateRegistry, readRegistry } from '../azure/registry.js';
import type { Located, Registry } from '../azure/registry.js';
import type { AzureSession } from '../azure/session.js';
import { command } from '../diagnosis/commands.js';
import { explainError } from '../diagnosis/explain.js';
import { optional } from '../json.js';
import { InputErrors } from '../request.js';
import type { ClusterRef, RegistryRef, Request } from '../request.js';
import type { Telling } from '../telling.js';

/** Reads of clusters and registries that several connections of one run share. */
export class Resolver {
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
    request.registries.some((registry) => registry.by !== 'id');
  if (!needed) return undefined;
  const own = await azure.credential.subscriptionId();
  if (own === undefined) {
    throw new InputErrors([
      { input: 'subscription-id', wanted: 'the subscription of what is given by name: the login names none' },
    ]);
  }
  return own;
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
  telling.facts.cluster = { id, name, resourceGroup };
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
export function checkIdentity(cluster: Cluster, request: Request, telling: Telling): string {
  const title = `cluster ${cluster.name} has a kubelet identity`;
  const { identity } = cluster;
  switch (identity.kind) {
    case 'managed-identity': {
      const { objectId, clientId, resourceId } = identity;
      telling.connection.identity = {
        kind: identity.kind,
        objectId,
        ...optional('clientId', clientId),
        ...optional('resourceId', resourceId),
      };
      telling.facts.kubeletObjectId = objectId;
      telling.pass(
        'kubelet-identity',
        title,
        `object id ${objectId}${resourceId === undefined ? '' : ` (${resourceId.split('/').at(-1) ?? ''})`}`,
      );
      return objectId;
    }
    case 'service-principal': {
      telling.facts.servicePrincipalClientId = identity.clientId;
      telling.facts.kubeletIsServicePrincipal = true;
      const objectId = request.kubeletObjectId;
      telling.connection.identity = {
        kind: identity.kind,
        clientId: identity.clientId,
        ...optional('objectId', objectId),
      };
      if (objectId === undefined) {
        telling.end('kubelet-identity', title, {
          status: 'unknown',
          cause: 'service-principal-cluster',
          evidence: `the nodes use the service principal of application ${identity.clientId}`,
        });
      }
      telling.facts.kubeletObjectId = objectId;
      telling.pass(
        'kubelet-identity',
        title,
        `service principal with object id ${objectId}, as input kubelet-object-id says`,
      );
      return objectId;
    }
    case 'unknown':
      return telling.end('kubelet-identity', title, {
        status: 'unknown',
        cause: 'cluster-being-made',
        evidence: `Azure names none yet; provisioning state ${cluster.provisioningState || 'unknown'}`,
      });
  }
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
    return telling.end('registry', title, explainError(error, telling.facts, 'registry'), since);
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
  const modes = {
    LegacyRegistryPermissions: 'takes AcrPull (RBAC Registry Permissions)',
    AbacRepositoryPermissions: 'is ABAC-enabled, so AcrPull counts for nothing there',
    unknown: "doesn't say which roles it takes",
  };
  const network = registry.networkRestricted ? '; its network rules keep most addresses out' : '';
  telling.pass('registry', title, `${loginServer} ${modes[mode]}${network}`, since);
  if (anonymousPull) {
    telling.finding({
      id: 'anonymous-pull',
      title: `registry ${name} is open to anonymous pulls`,
      evidence:
        'anonymousPullEnabled is true, so a pull that works proves nothing about the kubelet identity',
      fix: {
        summary: 'Close it unless the images are meant to be public.',
        commands: [command('az', 'acr', 'update', '-n', name, '--anonymous-pull-enabled', 'false').pasteable],
      },
    });
  }
  return registry;
}
