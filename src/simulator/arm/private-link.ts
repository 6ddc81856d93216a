/**
 * What leads to registries by private endpoints: the endpoints' DNS zone groups, the zones' links to networks, and the
 * networks of clusters' nodes. Forms: https://learn.microsoft.com/rest/api/virtualnetwork/private-dns-zone-groups,
 * https://learn.microsoft.com/rest/api/dns/privatedns/virtual-network-links,
 * https://learn.microsoft.com/rest/api/virtualnetwork/virtual-networks/get
 */
import { isWithin, lastPart, same } from '../cloud/arm-id.js';
import type { CloudState } from '../cloud/model.js';
import {
  linkedZone,
  networkOfNodes,
  PRIVATE_ENDPOINT_TYPE,
  PRIVATE_ZONE_TYPE,
} from '../cloud/private-link.js';
import type { PrivateEndpoint, PrivateZone } from '../cloud/private-link.js';
import type { SimulatorContext } from '../context.js';
import { NotModelled } from '../net/exchange.js';
import { listScope, ok, parameter, resourceId } from './call.js';
import type { Call, Route } from './call.js';
import { resourceNotFound } from './errors.js';
import { groupPath, requireSubscription, subscriptionPath, visible } from './resources.js';

const NETWORK_TYPE = 'Microsoft.Network/virtualNetworks';
const LINKS = `${PRIVATE_ZONE_TYPE}/virtualNetworkLinks`;
const GROUPS = `${PRIVATE_ENDPOINT_TYPE}/privateDnsZoneGroups`;

/** What az calls a zone group in its examples, and what the portal makes. */
const ONLY_GROUP = 'default';

type Link = PrivateZone['links'][number];

export function privateLinkRoutes(context: SimulatorContext): Route[] {
  const { state } = context;
  const endpointPath = `${groupPath}/providers/${PRIVATE_ENDPOINT_TYPE}/{name}/privateDnsZoneGroups`;
  const linkPath = `${groupPath}/providers/${PRIVATE_ZONE_TYPE}/{name}/virtualNetworkLinks`;
  const demand = (right: string) => (call: Call) => ({ action: right, scope: resourceId(call) });
  return [
    {
      name: 'GET privateDnsZoneGroups of a privateEndpoint',
      method: 'GET',
      path: endpointPath,
      since: '2020-03-01',
      source: 'docs: private-dns-zone-groups REST reference',
      demand: demand(`${GROUPS}/read`),
      answer(call) {
        const { id, zoneIds } = endpointOf(state, call);
        return ok({ value: zoneIds.length === 0 ? [] : [zoneGroupBody(id, zoneIds)] });
      },
    },
    {
      // Assumption: it is there at once; Azure takes a minute. That the zone may be joined isn't asked.
      name: 'PUT privateDnsZoneGroup',
      method: 'PUT',
      path: `${endpointPath}/{zoneGroup}`,
      since: '2020-03-01',
      source: 'docs: private-dns-zone-groups REST reference',
      demand: demand(`${GROUPS}/write`),
      answer(call) {
        const endpoint = endpointOf(state, call);
        if (endpoint.zoneIds.length > 0 || !same(parameter(call, 'zoneGroup'), ONLY_GROUP))
          throw new NotModelled(`A zone group other than a first one, called ${ONLY_GROUP}, is not.`);
        endpoint.zoneIds = [zoneIn(state, call).id];
        return { ...ok(zoneGroupBody(endpoint.id, endpoint.zoneIds)), status: 201 };
      },
    },
    {
      name: 'GET privateDnsZones of a subscription',
      method: 'GET',
      path: `${subscriptionPath}/providers/${PRIVATE_ZONE_TYPE}`,
      since: '2018-09-01',
      source: 'docs: private-zones REST reference',
      answer(call) {
        requireSubscription(state, parameter(call, 'subscription'));
        const scope = listScope(call);
        const zones = state.privateZones.filter(({ id }) => isWithin(id, scope, state.subscriptions));
        const read = `${PRIVATE_ZONE_TYPE}/read`;
        return ok({ value: visible(context, call, scope, zones, ({ id }) => id, read).map(zoneBody) });
      },
    },
    {
      name: 'GET virtualNetworkLinks of a privateDnsZone',
      method: 'GET',
      path: linkPath,
      since: '2018-09-01',
      source: 'docs: virtual-network-links REST reference',
      demand: demand(`${LINKS}/read`),
      answer(call) {
        const zone = zoneOf(state, call);
        return ok({ value: zone.links.map((link) => linkBody(zone, link)) });
      },
    },
    {
      name: 'GET virtualNetworkLink',
      method: 'GET',
      path: `${linkPath}/{link}`,
      since: '2018-09-01',
      source: 'docs: virtual-network-links REST reference',
      demand: demand(`${LINKS}/read`),
      answer(call) {
        const zone = zoneOf(state, call);
        const link = zone.links.find(({ name }) => same(name, parameter(call, 'link')));
        if (link === undefined)
          throw resourceNotFound(LINKS, parameter(call, 'link'), parameter(call, 'group'));
        return ok(linkBody(zone, link));
      },
    },
    {
      // Assumption: it is there at once; Azure takes a minute. That the network may be joined isn't asked.
      name: 'PUT virtualNetworkLink',
      method: 'PUT',
      path: `${linkPath}/{link}`,
      since: '2018-09-01',
      source: 'docs: virtual-network-links REST reference; azure-cli 2.45: privatedns/custom.py',
      demand: demand(`${LINKS}/write`),
      answer(call) {
        const zone = zoneOf(state, call);
        const link = { name: parameter(call, 'link'), networkId: networkIn(call) };
        if (!state.clusters.some((one) => same(networkOfNodes(one), link.networkId)))
          throw new NotModelled("A network that isn't that of a cluster's nodes isn't.");
        if (linkedZone(state.privateZones, link.networkId) !== undefined)
          throw new NotModelled("A second link of a network to zones of one name isn't.");
        if (zone.links.some(({ name }) => same(name, link.name)))
          throw new NotModelled('A change of a link is not.');
        zone.links.push(link);
        return { ...ok(linkBody(zone, link)), status: 201 };
      },
    },
    {
      name: 'GET virtualNetwork',
      method: 'GET',
      path: `${groupPath}/providers/${NETWORK_TYPE}/{name}`,
      since: '2018-11-01',
      source: 'docs: virtual-networks REST reference',
      demand: demand(`${NETWORK_TYPE}/read`),
      answer(call) {
        const cluster = state.clusters.find((one) => same(networkOfNodes(one), resourceId(call)));
        if (cluster === undefined) throw notFound(call, NETWORK_TYPE);
        const id = networkOfNodes(cluster);
        return ok({
          name: lastPart(id),
          id,
          type: NETWORK_TYPE,
          location: cluster.location,
          properties: {
            provisioningState: 'Succeeded',
            subnets: [{ name: 'aks-subnet', id: `${id}/subnets/aks-subnet` }],
          },
        });
      },
    },
  ];
}

function notFound(call: Call, type: string): Error {
  return resourceNotFound(type, parameter(call, 'name'), parameter(call, 'group'));
}

function zoneOf({ privateZones }: CloudState, call: Call): PrivateZone {
  const found = privateZones.find(({ id }) => same(id, resourceId(call)));
  if (found === undefined) throw notFound(call, PRIVATE_ZONE_TYPE);
  return found;
}

function endpointOf({ registries }: CloudState, call: Call): PrivateEndpoint {
  const found = registries
    .map(({ privateEndpoint }) => privateEndpoint)
    .find((one) => one !== undefined && same(one.id, resourceId(call)));
  if (found === undefined) throw notFound(call, PRIVATE_ENDPOINT_TYPE);
  return found;
}

function zoneBody({ id }: PrivateZone): object {
  return {
    id,
    name: lastPart(id),
    type: PRIVATE_ZONE_TYPE,
    location: 'global',
    properties: { provisioningState: 'Succeeded' },
  };
}

function zoneGroupBody(endpointId: string, zoneIds: readonly string[]): object {
  return {
    name: ONLY_GROUP,
    id: `${endpointId}/privateDnsZoneGroups/${ONLY_GROUP}`,
    properties: {
      provisioningState: 'Succeeded',
      privateDnsZoneConfigs: zoneIds.map((id) => ({
        name: lastPart(id).replaceAll('.', '-'),
        properties: { privateDnsZoneId: id },
      })),
    },
  };
}

function linkBody(zone: PrivateZone, { name, networkId }: Link): object {
  return {
    id: `${zone.id}/virtualNetworkLinks/${name}`,
    name,
    type: LINKS,
    location: 'global',
    properties: {
      provisioningState: 'Succeeded',
      registrationEnabled: false,
      virtualNetwork: { id: networkId },
      virtualNetworkLinkState: 'Completed',
    },
  };
}

/** What a new link is to; whatever else is asked for isn't modelled. */
function networkIn(call: Call): string {
  const { registrationEnabled, virtualNetwork } = propertiesIn(call);
  const { id } = (virtualNetwork ?? {}) as { id?: unknown };
  if (typeof id !== 'string') throw new NotModelled('A link to no network is not.');
  if (registrationEnabled === true) throw new NotModelled('A link that registers machines is not.');
  return id;
}

/** The zone of a new zone group; one with several isn't modelled. */
function zoneIn({ privateZones }: CloudState, call: Call): PrivateZone {
  const { privateDnsZoneConfigs: configs } = propertiesIn(call);
  const [config, ...more] = (Array.isArray(configs) ? configs : []) as {
    properties?: { privateDnsZoneId?: unknown };
  }[];
  const id = config?.properties?.privateDnsZoneId;
  const zone = privateZones.find((one) => typeof id === 'string' && same(one.id, id));
  if (zone === undefined || more.length > 0)
    throw new NotModelled('A zone group with other than one zone that is there is not.');
  return zone;
}

function propertiesIn({ body }: Call): Record<string, unknown> {
  try {
    const { properties } = JSON.parse(body.toString('utf8')) as { properties?: Record<string, unknown> };
    return properties ?? {};
  } catch {
    throw new NotModelled('A body that is no JSON is not.');
  }
}
