/**
 * The private ways to a registry, and whether the nodes' network knows the names at their ends. What Azure's DNS answers a
 * node depends on the zones that are linked to the node's own network, which no look-up from here can tell.
 */
import { asList, asText, at, optional } from '../json.js';
import type { Arm } from './arm.js';
import { canonicalId, lastPart, parseArmId } from './arm-id.js';
import type { Cluster } from './cluster.js';
import { REGISTRY_API_VERSION } from './registry.js';
import { SCALE_SET_API_VERSION } from './scale-sets.js';

/** Stable: specification/network of azure-rest-api-specs (privateEndpoint.json, privateDnsZoneGroups). */
const NETWORK_API_VERSION = '2024-05-01';
/** Stable: specification/privatedns of azure-rest-api-specs (privatedns.json). */
const ZONE_API_VERSION = '2020-06-01';

type Reads = Pick<Arm, 'get' | 'list'>;

/** The way by one private endpoint. */
export interface PrivateWay {
  endpoint: string;
  /** Of the endpoint. */
  id: string;
  /** `Approved`, `Pending`, `Rejected` or `Disconnected`. */
  state: string;
  /** DNS zones that hold its names: ids. */
  zones: string[];
  /** Networks that these are linked to: ids, lower-case. Empty: no zone, or none that is linked. */
  linkedNetworks: string[];
}

/** A link that isn't there: of a DNS zone to a network. Both ids. */
export interface MissingLink {
  zone: string;
  network: string;
}

/** The private ways to a registry, as a cluster's nodes find them. */
export interface NodesWays {
  ways: PrivateWay[];
  /** Networks of the nodes: ids, lower-case; absent where they aren't known. */
  networks?: string[];
  /** Whether every network of the nodes is linked to a zone of these; undefined where the networks aren't known. */
  linked?: boolean;
  /** One link that would lead the nodes there; absent where none is missing, or there is no zone. */
  missingLink?: MissingLink;
  /** An endpoint whose names no zone holds, where that is so for all: its id. */
  nameless?: string;
}

/**
 * The private ways to a registry, and whether the networks of a cluster's nodes are linked to their zones. Needs what
 * {@link readPrivateWays} and {@link readNodeNetworks} need.
 *
 * @throws {ArmError} where one of these can't be read
 */
export async function readNodesWays(
  arm: Reads,
  registryId: string,
  cluster: Cluster | undefined,
): Promise<NodesWays> {
  const [ways, networks] = await Promise.all([
    readPrivateWays(arm, registryId),
    cluster === undefined ? undefined : readNodeNetworks(arm, cluster),
  ]);
  if (networks === undefined) return { ways };
  const [network] = unlinked(networks, ways);
  const [zone] = ways.flatMap(({ zones }) => zones);
  return {
    ways,
    networks,
    linked: network === undefined,
    ...(network === undefined || zone === undefined ? {} : { missingLink: { zone, network } }),
    ...(zone === undefined ? optional('nameless', ways[0]?.id) : {}),
  };
}

/**
 * Every private endpoint of a registry with the networks that resolve its names. Needs reading the registry, the
 * endpoints (Microsoft.Network/privateEndpoints/read, …/privateDnsZoneGroups/read) and their zones
 * (Microsoft.Network/privateDnsZones/virtualNetworkLinks/read).
 *
 * @throws {ArmError} where one of these can't be read: half of the ways would say nothing
 */
export async function readPrivateWays(arm: Reads, registryId: string): Promise<PrivateWay[]> {
  const body = await arm.get(registryId, REGISTRY_API_VERSION, 'read the registry again');
  const connections = asList(at(body, 'properties', 'privateEndpointConnections'));
  return Promise.all(
    connections.map(async (connection): Promise<PrivateWay> => {
      const endpoint = asText(at(connection, 'properties', 'privateEndpoint', 'id')) ?? '';
      const state =
        asText(at(connection, 'properties', 'privateLinkServiceConnectionState', 'status')) ?? 'unknown';
      const zones = await zonesOf(arm, endpoint);
      const linkedNetworks = await networksOf(arm, zones);
      return { endpoint: lastPart(endpoint), id: endpoint, state, zones, linkedNetworks };
    }),
  );
}

async function zonesOf(arm: Reads, endpoint: string): Promise<string[]> {
  const name = lastPart(endpoint);
  const groups = await arm.list(
    `${endpoint}/privateDnsZoneGroups`,
    NETWORK_API_VERSION,
    `list the DNS zones of private endpoint ${name}`,
  );
  return groups
    .flatMap((group) => asList(at(group, 'properties', 'privateDnsZoneConfigs')))
    .flatMap((config) => asText(at(config, 'properties', 'privateDnsZoneId')) ?? []);
}

async function networksOf(arm: Reads, zones: readonly string[]): Promise<string[]> {
  const links = await Promise.all(
    zones.map((zone) =>
      arm.list(
        `${zone}/virtualNetworkLinks`,
        ZONE_API_VERSION,
        `list the networks of DNS zone ${lastPart(zone)}`,
      ),
    ),
  );
  const networks = links
    .flat()
    .filter((link) => asText(at(link, 'properties', 'virtualNetworkLinkState')) !== 'InProgress')
    .flatMap((link) => asText(at(link, 'properties', 'virtualNetwork', 'id')) ?? []);
  return [...new Set(networks.map(canonicalId))];
}

/** Networks that no private endpoint's zone is linked to: from there the registry's name leads to its public address. */
export function unlinked(networks: readonly string[], ways: readonly PrivateWay[]): string[] {
  const linked = new Set(ways.flatMap(({ linkedNetworks }) => linkedNetworks));
  return networks.filter((network) => !linked.has(network));
}

/**
 * The networks that a cluster's nodes are in: ids, lower-case, from their scale sets' subnets.
 *
 * @returns undefined where Azure doesn't say
 * @throws {ArmError}
 */
export async function readNodeNetworks(arm: Reads, cluster: Cluster): Promise<string[] | undefined> {
  const { nodeResourceGroup, subscriptionId } = cluster;
  if (nodeResourceGroup === undefined) return undefined;
  const sets = await arm.list(
    `/subscriptions/${subscriptionId}/resourceGroups/${nodeResourceGroup}/providers/Microsoft.Compute/virtualMachineScaleSets`,
    SCALE_SET_API_VERSION,
    `list the scale sets of cluster ${cluster.name} in ${nodeResourceGroup}`,
  );
  const subnets = sets
    .flatMap((set) =>
      asList(
        at(set, 'properties', 'virtualMachineProfile', 'networkProfile', 'networkInterfaceConfigurations'),
      ),
    )
    .flatMap((card) => asList(at(card, 'properties', 'ipConfigurations')))
    .flatMap((address) => asText(at(address, 'properties', 'subnet', 'id')) ?? []);
  const networks = subnets.flatMap((subnet) => {
    const network = subnet.replace(/\/subnets\/[^/]+$/i, '');
    return parseArmId(network) === undefined ? [] : [canonicalId(network)];
  });
  return networks.length === 0 ? undefined : [...new Set(networks)];
}
