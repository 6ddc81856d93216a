/**
 * The private ways to a registry, and whether the nodes' network knows the names at their ends. What Azure's DNS answers a
 * node depends on the zones that are linked to the node's own network, which no look-up from here can tell.
 */
import { asList, asText, at } from '../json.js';
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
  /** `Approved`, `Pending`, `Rejected` or `Disconnected`. */
  state: string;
  /** Networks that its DNS zones are linked to: ids, lower-case. Empty: no zone, or none that is linked. */
  linkedNetworks: string[];
}

/** Networks that no private endpoint's zone is linked to: from there the registry's name leads to its public address. */
export function unlinked(networks: readonly string[], ways: readonly PrivateWay[]): string[] {
  const linked = new Set(ways.flatMap(({ linkedNetworks }) => linkedNetworks));
  return networks.filter((network) => !linked.has(network));
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
      return { endpoint: lastPart(endpoint), state, linkedNetworks: await networksOf(arm, endpoint) };
    }),
  );
}

async function networksOf(arm: Reads, endpoint: string): Promise<string[]> {
  const name = lastPart(endpoint);
  const groups = await arm.list(
    `${endpoint}/privateDnsZoneGroups`,
    NETWORK_API_VERSION,
    `list the DNS zones of private endpoint ${name}`,
  );
  const zones = groups
    .flatMap((group) => asList(at(group, 'properties', 'privateDnsZoneConfigs')))
    .flatMap((config) => asText(at(config, 'properties', 'privateDnsZoneId')) ?? []);
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
