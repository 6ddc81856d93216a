/**
 * Private endpoints of registries, and where a registry's names lead from a cluster's network.
 *
 * Public DNS answers a registry's names by way of `privatelink.<suffix>`. A network that is linked to a private zone of that
 * name gets what stands in it, and "no such host" for what doesn't; every other network gets the public address
 * (https://learn.microsoft.com/azure/private-link/private-endpoint-dns). Login server and data endpoint have addresses of
 * their own (https://learn.microsoft.com/azure/container-registry/container-registry-private-link). Custom DNS servers, and
 * links that fall back to public DNS, aren't modelled.
 */
import { resourceGroupId, same } from './arm-id.js';
import { CLOUDS } from './clouds.js';
import { stableHex } from './ids.js';
import type { CloudState, ManagedCluster, Registry } from './model.js';

/** A registry's private endpoint: approved, and in a network of its own. */
export interface PrivateEndpoint {
  /** ARM id. */
  id: string;
  /** Zones that its names are kept in, by its DNS zone group: ARM ids. */
  zoneIds: string[];
  /** Networks from which its addresses can be reached: ARM ids. */
  reachedFrom: string[];
}

/** A private DNS zone. What stands in it: the names of the endpoints that are kept in it. */
export interface PrivateZone {
  /** ARM id. */
  id: string;
  /** Networks that resolve names by it. */
  links: { name: string; networkId: string }[];
}

/** What a scenario says of a registry's private endpoint. */
export interface PrivateEndpointDocument {
  linked?: readonly string[] | undefined;
  reachable?: readonly string[] | undefined;
  inZone: boolean;
}

export const PRIVATE_ENDPOINT_TYPE = 'Microsoft.Network/privateEndpoints';
export const PRIVATE_ZONE_TYPE = 'Microsoft.Network/privateDnsZones';

/** The zone in which all registries of a cloud have their private names. */
export function privateZoneName({ cloud }: Pick<CloudState, 'cloud'>): string {
  return `privatelink.${CLOUDS[cloud].registrySuffix}`;
}

/** ARM id of the network of a cluster's nodes: one that AKS made; the digits in its name are an assumption. */
export function networkOfNodes(
  cluster: Pick<ManagedCluster, 'subscriptionId' | 'nodeResourceGroup' | 'name'>,
): string {
  const group = resourceGroupId(cluster.subscriptionId, cluster.nodeResourceGroup);
  return `${group}/providers/Microsoft.Network/virtualNetworks/aks-vnet-${stableHex(8, 'network', cluster.name)}`;
}

/**
 * Gives registries their private endpoints, and makes the zones that hold their names: one in each resource group with such
 * a registry.
 *
 * @param documents one for each registry, in their order
 * @param problem notes what doesn't fit together
 */
export function layPrivateLinks(
  documents: readonly (PrivateEndpointDocument | undefined)[],
  { cloud, clusters, registries }: Pick<CloudState, 'cloud' | 'clusters' | 'registries'>,
  problem: (path: string, message: string) => void,
): PrivateZone[] {
  const zones = new Map<string, PrivateZone>();
  const zoneIn = (group: string): PrivateZone => {
    const id = `${group}/providers/${PRIVATE_ZONE_TYPE}/${privateZoneName({ cloud })}`;
    const zone = zones.get(id.toLowerCase()) ?? { id, links: [] };
    zones.set(id.toLowerCase(), zone);
    return zone;
  };
  documents.forEach((document, index) => {
    const registry = registries[index];
    if (document === undefined || registry === undefined) return;
    const networks = (key: 'linked' | 'reachable'): PrivateZone['links'] =>
      (document[key] ?? clusters.map(({ name }) => name)).flatMap((name, at) => {
        const cluster = clusters.find((one) => same(one.name, name));
        if (cluster === undefined)
          problem(`registries[${index}].privateEndpoint.${key}[${at}]`, `no cluster is called "${name}"`);
        return cluster === undefined ? [] : [{ name, networkId: networkOfNodes(cluster) }];
      });
    const group = resourceGroupId(registry.subscriptionId, registry.resourceGroup);
    const zone = zoneIn(group);
    networks('linked').forEach((link) => {
      const linked = linkedZone([...zones.values()], link.networkId);
      if (linked === undefined) zone.links.push(link);
      else if (linked !== zone)
        problem(
          `registries[${index}].privateEndpoint.linked`,
          `the network of "${link.name}" can be linked to one zone of that name, and is to another registry's in another group`,
        );
    });
    registry.privateEndpoint = {
      id: `${group}/providers/${PRIVATE_ENDPOINT_TYPE}/${registry.name.toLowerCase()}-endpoint`,
      zoneIds: document.inZone ? [zone.id] : [],
      reachedFrom: networks('reachable').map(({ networkId }) => networkId),
    };
  });
  return [...zones.values()];
}

/** The zone that a network resolves private names by: at most one of a name (https://learn.microsoft.com/azure/dns/private-dns-virtual-network-links). */
export function linkedZone(zones: readonly PrivateZone[], networkId: string): PrivateZone | undefined {
  return zones.find(({ links }) => links.some((link) => same(link.networkId, networkId)));
}

/** Where a name leads. `silent`: to an address that nothing answers at from there. */
export type Way = { kind: 'public' } | { kind: 'private' | 'silent'; address: string } | { kind: 'nowhere' };

/** Where a host name leads from the nodes of a cluster; every name but a registry's leads to its public address. */
export function wayTo(state: CloudState, cluster: ManagedCluster, host: string): Way {
  const registry = state.registries.find((one) => namesOf(one).includes(host.toLowerCase()));
  const endpoint = registry?.privateEndpoint;
  if (registry === undefined || endpoint === undefined) return { kind: 'public' };
  const network = networkOfNodes(cluster);
  const zone = linkedZone(state.privateZones, network);
  if (zone === undefined) return { kind: 'public' };
  if (!endpoint.zoneIds.some((id) => same(id, zone.id))) return { kind: 'nowhere' };
  const reached = endpoint.reachedFrom.some((id) => same(id, network));
  return { kind: reached ? 'private' : 'silent', address: addressOf(state, registry, host) };
}

function namesOf({ loginServer, blobHost }: Registry): string[] {
  return [loginServer.toLowerCase(), blobHost.toLowerCase()];
}

/** One of a private network: which, is an assumption. */
function addressOf({ registries }: CloudState, registry: Registry, host: string): string {
  return `10.224.${registries.indexOf(registry) % 256}.${4 + namesOf(registry).indexOf(host.toLowerCase())}`;
}
