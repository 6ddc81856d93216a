/** The routes by which private endpoints, their zones and the networks of nodes are read, and two of these are changed. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { networkOfNodes } from '../../../src/simulator/cloud/private-link.js';
import { startSimulator } from '../../../src/simulator/index.js';
import type { Simulator } from '../../../src/simulator/index.js';
import { armClient, openClient } from '../net/client.js';
import type { ArmClient, Client } from '../net/client.js';

let simulator: Simulator;
let client: Client;
let owner: ArmClient;
let reader: ArmClient;
let narrow: ArmClient;
let group: string;

const ZONE = '/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io';
const ENDPOINTS = '/providers/Microsoft.Network/privateEndpoints';
const VERSION = '?api-version=2020-06-01';
const GROUPS_VERSION = '?api-version=2024-05-01';

beforeAll(async () => {
  simulator = await startSimulator(`
name: private
identities: [{ name: owner }, { name: reader }, { name: narrow }]
clusters:
  - { name: shop, resourceGroup: apps, pools: [{ name: system }] }
  - { name: other, resourceGroup: apps, pools: [{ name: system }] }
registries:
  - { name: Contoso, resourceGroup: images, sku: Premium, privateEndpoint: { linked: [shop] } }
  - { name: unnamed, resourceGroup: images, sku: Premium, privateEndpoint: { linked: [], inZone: false } }
  - { name: plain, resourceGroup: images }
roleAssignments:
  - { principal: owner, role: Owner, scope: subscription }
  - { principal: reader, role: Reader, scope: subscription }
  - { principal: narrow, role: Reader, scope: 'rg:apps' }
`);
  client = openClient(simulator);
  owner = armClient(client, simulator, 'owner');
  reader = armClient(client, simulator, 'reader');
  narrow = armClient(client, simulator, 'narrow');
  group = `/subscriptions/${simulator.state.subscriptions[0]?.id ?? ''}/resourceGroups/images`;
});
afterAll(async () => {
  await client.close();
  await simulator.stop();
});

const network = (at: number): string => {
  const cluster = simulator.state.clusters[at];
  if (cluster === undefined) throw new Error(`there is no cluster ${at}`);
  return networkOfNodes(cluster);
};
const link = (id: string, more: object = {}): object => ({
  location: 'global',
  properties: { registrationEnabled: false, virtualNetwork: { id }, ...more },
});

describe('what is read', () => {
  it('a registry names its private endpoint, and one without names none', async () => {
    const at = (name: string): Promise<{ body: unknown }> =>
      reader(
        'GET',
        `${group}/providers/Microsoft.ContainerRegistry/registries/${name}?api-version=2023-07-01`,
      );
    expect((await at('contoso')).body).toMatchObject({
      properties: {
        dataEndpointEnabled: true,
        privateEndpointConnections: [
          {
            properties: {
              privateEndpoint: { id: `${group}${ENDPOINTS}/contoso-endpoint` },
              privateLinkServiceConnectionState: { status: 'Approved' },
            },
          },
        ],
      },
    });
    expect((await at('plain')).body).toMatchObject({ properties: { privateEndpointConnections: [] } });
  });

  it('the zone that holds its names; none where nothing does', async () => {
    const at = (name: string): string => `${group}${ENDPOINTS}/${name}/privateDnsZoneGroups${GROUPS_VERSION}`;
    expect((await reader('GET', at('CONTOSO-endpoint'))).body).toMatchObject({
      value: [
        {
          name: 'default',
          properties: {
            privateDnsZoneConfigs: [
              {
                name: 'privatelink-azurecr-io',
                properties: { privateDnsZoneId: `${group}${ZONE}` },
              },
            ],
          },
        },
      ],
    });
    expect((await reader('GET', at('unnamed-endpoint'))).body).toEqual({ value: [] });
    expect((await reader('GET', at('absent'))).status).toBe(404);
  });

  it("the zone's links, one by its name, and the network of a cluster's nodes", async () => {
    const links = `${group}${ZONE}/virtualNetworkLinks`;
    const one = {
      name: 'shop',
      properties: { virtualNetwork: { id: network(0) }, virtualNetworkLinkState: 'Completed' },
    };
    expect((await reader('GET', links + VERSION)).body).toMatchObject({ value: [one] });
    expect((await reader('GET', `${links}/SHOP${VERSION}`)).body).toMatchObject(one);
    expect((await reader('GET', `${links}/nobody${VERSION}`)).status).toBe(404);
    expect((await reader('GET', `${network(1)}?api-version=2022-01-01`)).body).toMatchObject({
      id: network(1),
      properties: { subnets: [{ name: 'aks-subnet' }] },
    });
    expect((await reader('GET', `${network(1)}-not?api-version=2022-01-01`)).status).toBe(404);
  });

  it("a scale set's subnet is of that network", async () => {
    const nodes = network(0).split('/providers/')[0] ?? '';
    const sets = `${nodes}/providers/Microsoft.Compute/virtualMachineScaleSets?api-version=2024-07-01`;
    expect(JSON.stringify((await reader('GET', sets)).body)).toContain(`"${network(0)}/subnets/aks-subnet"`);
  });

  it('a subscription lists the zones that the caller may read', async () => {
    const list = `${group.split('/resourceGroups')[0] ?? ''}/providers/Microsoft.Network/privateDnsZones${VERSION}`;
    expect((await reader('GET', list)).body).toMatchObject({
      value: [{ id: `${group}${ZONE}`, name: 'privatelink.azurecr.io', location: 'global' }],
    });
    expect((await narrow('GET', list)).body).toEqual({ value: [] });
  });

  it.each([
    `${ENDPOINTS}/contoso-endpoint/privateDnsZoneGroups${GROUPS_VERSION}`,
    `${ZONE}/virtualNetworkLinks${VERSION}`,
    `${ZONE}/virtualNetworkLinks/shop${VERSION}`,
  ])('%s only by who may', async (path) => {
    expect(await narrow('GET', group + path)).toMatchObject({
      status: 403,
      body: { error: { code: 'AuthorizationFailed' } },
    });
  });
});

describe('what is written', () => {
  let links: string;
  let zoneGroups: string;
  beforeEach(() => {
    links = `${group}${ZONE}/virtualNetworkLinks`;
    zoneGroups = `${group}${ENDPOINTS}/unnamed-endpoint/privateDnsZoneGroups`;
  });
  const zoneGroup = (id: string): object => ({
    properties: { privateDnsZoneConfigs: [{ name: 'zone', properties: { privateDnsZoneId: id } }] },
  });

  it('only by who may', async () => {
    const refused = await reader('PUT', `${links}/mine${VERSION}`, link(network(1)));
    expect(refused).toMatchObject({ status: 403 });
    expect((await reader('PUT', `${zoneGroups}/default${GROUPS_VERSION}`, zoneGroup(''))).status).toBe(403);
  });

  it('nothing that is not modelled: said to be so, and nothing changes', async () => {
    const before = structuredClone(simulator.state.privateZones);
    for (const [name, body] of [
      ['mine', link(`${network(1)}-not`)],
      ['mine', link(network(1), { registrationEnabled: true })],
      ['mine', {}],
      ['shop', link(network(1))],
      ['again', link(network(0))],
    ] as const)
      expect((await owner('PUT', `${links}/${name}${VERSION}`, body)).status).toBe(501);
    for (const [name, body] of [
      ['default', zoneGroup(`${group}${ZONE}.not`)],
      ['default', {}],
      ['mine', zoneGroup(`${group}${ZONE}`)],
    ] as const)
      expect((await owner('PUT', `${zoneGroups}/${name}${GROUPS_VERSION}`, body)).status).toBe(501);
    expect(simulator.state.privateZones).toEqual(before);
  });

  it('a link, by which the network finds the private address from then on', async () => {
    const { context } = simulator;
    const other = simulator.state.clusters[1];
    const before = await context.dial('https://contoso.azurecr.io/v2/', {}, other);
    expect(await owner('PUT', `${links}/other${VERSION}`, link(network(1)))).toMatchObject({ status: 201 });
    expect((await reader('GET', links + VERSION)).body).toMatchObject({
      value: [{ name: 'shop' }, { name: 'other' }],
    });
    // Both registries are open to the public: who isn't linked comes there, who is to where the zone says.
    expect(before.status).toBe(401);
    expect((await context.dial('https://contoso.azurecr.io/v2/', {}, other)).status).toBe(401);
    await expect(async () => context.dial('https://unnamed.azurecr.io/v2/', {}, other)).rejects.toMatchObject(
      {
        code: 'ENOTFOUND',
      },
    );
  });

  it('a zone group, by which the names are found', async () => {
    const answer = await owner('PUT', `${zoneGroups}/default${GROUPS_VERSION}`, zoneGroup(`${group}${ZONE}`));
    expect(answer).toMatchObject({ status: 201, body: { name: 'default' } });
    const [shop] = simulator.state.clusters;
    expect((await simulator.context.dial('https://unnamed.azurecr.io/v2/', {}, shop)).status).toBe(401);
  });
});
