/**
 * What Azure knows of a cluster and a registry, for whoever asks what a message means: read with the run's own readers, and
 * handed to the ranking as facts. Nothing here speaks for the nodes: what this login sees of an image is said to be that,
 * and what nodes see of the network stands in their messages alone.
 */
import { parseArmId } from './azure/arm-id.js';
import { CLOUDS } from './azure/clouds.js';
import type { Cluster, NodePool } from './azure/cluster.js';
import { RegistryError } from './azure/data-plane.js';
import type { ImageFacts, ManifestAttributes } from './azure/data-plane.js';
import { readNodesWays } from './azure/private-endpoints.js';
import type { Registry } from './azure/registry.js';
import { readScaleSets } from './azure/scale-sets.js';
import { AzureSession } from './azure/session.js';
import type { FixFacts } from './diagnosis/cause.js';
import { pullRole } from './azure/roles.js';
import type { Facts } from './diagnosis/ranking/facts.js';
import { optional } from './json.js';
import type { Ports } from './ports.js';
import { parseImage } from './request.js';
import type { ClusterRef, RegistryRef, Request } from './request.js';
import { evaluateAccess, isYoung } from './stages/decide.js';
import { Resolver, subscriptionFor } from './stages/resolve.js';

/** One thing that was looked up. */
export interface Looked {
  what: string;
  /** What it is; or why it could not be told. */
  seen: string;
  known: boolean;
}

export interface Gathered {
  /** Facts that hold for every message. */
  facts: Facts;
  /** By image, as messages name it. */
  images: ReadonlyMap<string, Facts>;
  pools: readonly NodePool[];
  /** For the commands. */
  fix: FixFacts;
  looked: readonly Looked[];
}

/** More images than this are not looked up. */
const MOST_IMAGES = 20;
/** Kubernetes before 1.20 kept an empty credential (kubernetes/kubernetes#92326). */
const CACHE_MENDED = 20;

/**
 * Reads all that can be read. What can't is among what was looked at, with the reason; nothing that is unknown becomes a
 * fact.
 *
 * @param images full references that the messages name
 * @throws {InputErrors} when a name needs a subscription and the login brings none
 */
export async function gather(request: Request, images: readonly string[], ports: Ports): Promise<Gathered> {
  const azure = new AzureSession(ports, CLOUDS[request.environment]);
  const reading = new Reading();
  const signedIn = await reading.of('this login', async () => {
    const { name } = await azure.signIn();
    return { value: true, seen: name };
  });
  if (signedIn !== true) return reading.gathered();
  const resolver = new Resolver(azure, await subscriptionFor(request, azure));
  const [cluster, registry] = await Promise.all([
    readCluster(request.clusters[0], resolver, reading),
    readRegistry(request.registries[0], resolver, reading),
  ]);
  await Promise.all([
    cluster && registry && readAccess(request, cluster, registry, images, resolver, azure, ports, reading),
    cluster && readIdentityOnNodes(cluster, azure, reading),
    registry && readWays(registry, cluster, azure, reading),
    registry && readImages(registry, images, azure, reading),
  ]);
  return reading.gathered();
}

/** What was found so far. */
class Reading {
  readonly facts: Facts = {};
  readonly images = new Map<string, Facts>();
  readonly fix: FixFacts = {};
  pools: readonly NodePool[] = [];
  readonly #looked: Looked[] = [];

  /** Looks something up and keeps what it came to; undefined when it could not be told. */
  async of<T>(what: string, look: () => Promise<{ value: T; seen: string }>): Promise<T | undefined> {
    try {
      const { value, seen } = await look();
      this.#looked.push({ what, seen, known: true });
      return value;
    } catch (error) {
      // Whatever kept it from being told: the message is explained all the same.
      this.#looked.push({
        what,
        seen: error instanceof Error ? error.message : String(error),
        known: false,
      });
      return undefined;
    }
  }

  gathered(): Gathered {
    const { facts, images, pools, fix } = this;
    return { facts, images, pools, fix, looked: this.#looked };
  }
}

async function readCluster(
  ref: ClusterRef | undefined,
  resolver: Resolver,
  reading: Reading,
): Promise<Cluster | undefined> {
  if (ref === undefined) return undefined;
  const cluster = await reading.of(`cluster ${ref.name}`, async () => {
    const value = await resolver.cluster(ref);
    const pools = value.pools.map(({ name, os, architecture }) => `${name} (${os}/${architecture})`);
    const state = `${value.powerState}, provisioning ${value.provisioningState}`;
    return { value, seen: `Kubernetes ${value.kubernetesVersion}, ${state}; pools ${pools.join(', ')}` };
  });
  if (cluster === undefined) return undefined;
  const { id, name, resourceGroup, pools, kubernetesVersion } = cluster;
  reading.fix.cluster = { id, name, resourceGroup, ...optional('azureRbac', cluster.entra?.azureRbac) };
  reading.pools = pools;
  Object.assign(reading.facts, platformOf(pools));
  const minor = /^1\.(\d+)/.exec(kubernetesVersion)?.[1];
  if (minor !== undefined) reading.facts.credentialCacheBug = Number(minor) < CACHE_MENDED;
  return cluster;
}

/** What all pools have in common: of any node, whichever refused. */
function platformOf(pools: readonly NodePool[]): Pick<Facts, 'nodeOs' | 'nodeArchitecture'> {
  const [systems, architectures] = [
    new Set(pools.map(({ os }) => os)),
    new Set(pools.map((one) => one.architecture)),
  ];
  const [os] = systems;
  const [architecture] = architectures;
  return {
    ...(systems.size === 1 ? optional('nodeOs', os) : {}),
    ...(systems.size === 1 && architectures.size === 1 ? optional('nodeArchitecture', architecture) : {}),
  };
}

async function readRegistry(
  ref: RegistryRef | undefined,
  resolver: Resolver,
  reading: Reading,
): Promise<Registry | undefined> {
  if (ref === undefined) return undefined;
  const registry = await reading.of(`registry ${ref.text}`, async () => {
    const value = await resolver.registry(ref);
    const parts = [
      `${value.loginServer}, ${value.sku}`,
      `role assignment mode ${value.mode}`,
      value.networkRestricted
        ? `public network access ${value.publicNetworkAccess}, ${value.networkRules} rules that let somebody in, ${value.privateEndpoints} private endpoints`
        : 'open to all networks',
      value.anonymousPull ? 'open to anonymous pulls' : 'no anonymous pulls',
    ];
    return { value, seen: parts.join('; ') };
  });
  if (registry === undefined) return undefined;
  const { id, name, loginServer, mode, networkRestricted } = registry;
  reading.fix.registry = { id, name, loginServer };
  const role = pullRole(mode);
  if (role !== undefined) reading.fix.role = role;
  Object.assign(reading.facts, { loginServer, mode, networkRestricted });
  return registry;
}

async function readAccess(
  request: Request,
  cluster: Cluster,
  registry: Registry,
  images: readonly string[],
  resolver: Resolver,
  azure: AzureSession,
  { clock }: Ports,
  reading: Reading,
): Promise<void> {
  await reading.of(`who may pull from ${registry.loginServer}`, async () => {
    const principal = await resolver.principal(cluster, request.kubeletObjectId);
    if (principal.known === 'no') throw new Error('the kubelet identity of the cluster could not be told');
    const { objectId } = principal;
    reading.fix.kubeletObjectId = objectId;
    const repositories = images.flatMap((image) => ofRegistry(image, registry)?.repository ?? []);
    const located = { id: registry.id, subscriptionId: parseArmId(registry.id)?.subscriptionId ?? '' };
    const access = await evaluateAccess(
      azure,
      located,
      Promise.resolve(registry),
      objectId,
      () => repositories,
    );
    if (access.allowed === 'unknown') throw new Error(access.because);
    Object.assign(reading.facts, {
      access: access.allowed,
      ignoredRole: access.ignored.length > 0,
      limitedRole: access.limited.length > 0,
      denied: access.denied !== undefined,
      youngGrant: isYoung(access.grants, clock.now()),
    } satisfies Facts);
    const grants = access.grants.map(
      ({ roleName, updatedOn }) => `${roleName}${updatedOn === undefined ? '' : ` since ${updatedOn}`}`,
    );
    return { value: access, seen: grants.length === 0 ? access.because : grants.join(', ') };
  });
}

async function readIdentityOnNodes(cluster: Cluster, azure: AzureSession, reading: Reading): Promise<void> {
  if (cluster.identity.kind !== 'managed-identity') return;
  await reading.of('the kubelet identity on the nodes', async () => {
    const sets = (await readScaleSets(azure.arm, cluster)) ?? [];
    if (sets.length === 0) throw new Error('Azure lists no scale set of the nodes');
    const lacking = sets.filter(({ holdsIdentity }) => !holdsIdentity).map(({ name }) => name);
    reading.facts.identityOnNodes = lacking.length === 0;
    const seen =
      lacking.length === 0
        ? 'every scale set holds it'
        : `these scale sets don't hold it: ${lacking.join(', ')}`;
    return { value: sets, seen };
  });
}

/** Private endpoints, and whether the nodes' network is linked to their DNS zones. */
async function readWays(
  registry: Registry,
  cluster: Cluster | undefined,
  azure: AzureSession,
  reading: Reading,
): Promise<void> {
  if (registry.privateEndpoints === 0) return;
  await reading.of(`private endpoints of ${registry.loginServer}`, async () => {
    const { ways, linked, missingLink, nameless } = await readNodesWays(azure.arm, registry.id, cluster);
    Object.assign(reading.facts, optional('privateZoneLinked', linked));
    Object.assign(reading.fix, optional('missingLink', missingLink), optional('namelessEndpoint', nameless));
    const zone =
      linked === undefined
        ? "the nodes' network is not known"
        : `the nodes' network is ${linked ? '' : 'not '}linked to their DNS zone`;
    return {
      value: ways,
      seen: `${ways.map(({ endpoint, state }) => `${endpoint} (${state})`).join(', ')}; ${zone}`,
    };
  });
}

function ofRegistry(image: string, { loginServer }: Registry): ReturnType<typeof parseImage> {
  const parsed = parseImage(image);
  return parsed?.host === loginServer ? parsed : undefined;
}

async function readImages(
  registry: Registry,
  images: readonly string[],
  azure: AzureSession,
  reading: Reading,
): Promise<void> {
  azure.trust.admitLoginServer(registry.loginServer);
  const dataPlane = azure.dataPlane(registry);
  await Promise.all(
    images.slice(0, MOST_IMAGES).map(async (image) => {
      const parsed = ofRegistry(image, registry);
      if (parsed === undefined) return;
      await reading.of(`${image}, as this login sees it`, async () => {
        try {
          const facts = await dataPlane.describe(parsed);
          const attributes = await dataPlane
            .attributes(parsed.repository, facts.digest)
            .catch((): ManifestAttributes => ({}));
          reading.images.set(image, imageFacts(facts, attributes));
          return { value: true, seen: imageWords(facts, attributes) };
        } catch (error) {
          // Only a plain 404 says that it is absent.
          if (!(error instanceof RegistryError) || error.status !== 404) throw error;
          reading.images.set(image, { imageSeen: 'absent' });
          return { value: false, seen: 'not there' };
        }
      });
    }),
  );
}

function imageFacts(
  { platforms }: ImageFacts,
  { platform, readEnabled, quarantine }: ManifestAttributes,
): Facts {
  const all = platforms.length > 0 ? platforms : [platform ?? ''].filter((one) => one !== '');
  return {
    imageSeen: 'there',
    ...(all.length === 0 ? {} : { imagePlatforms: all }),
    ...(readEnabled === undefined ? {} : { locked: !readEnabled }),
    ...(quarantine === undefined ? {} : { quarantined: quarantine !== 'Passed' }),
  };
}

function imageWords(
  { digest, platforms }: ImageFacts,
  { readEnabled, quarantine }: ManifestAttributes,
): string {
  return [
    digest,
    ...(platforms.length === 0 ? [] : [`for ${platforms.join(', ')}`]),
    ...(readEnabled === false ? ['locked for reading'] : []),
    ...(quarantine === undefined || quarantine === 'Passed' ? [] : [`quarantine state ${quarantine}`]),
  ].join('; ');
}
