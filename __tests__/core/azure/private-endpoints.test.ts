/** Bodies as azure-rest-api-specs has them: network (privateEndpoint.json), privatedns, compute. */
import { describe, expect, it } from '@jest/globals';
import { ArmError } from '../../../src/core/azure/arm.js';
import type { Cluster } from '../../../src/core/azure/cluster.js';
import {
  readNodeNetworks,
  readNodesWays,
  readPrivateWays,
} from '../../../src/core/azure/private-endpoints.js';
import { linkZone } from '../../../src/core/diagnosis/commands.js';

const GROUP = '/subscriptions/s/resourceGroups/net/providers/Microsoft.Network';
const REGISTRY =
  '/subscriptions/s/resourceGroups/images/providers/Microsoft.ContainerRegistry/registries/contoso';
const ENDPOINT = `${GROUP}/privateEndpoints/acr-pe`;
const ZONE = `${GROUP}/privateDnsZones/privatelink.azurecr.io`;
const HUB = `${GROUP}/virtualNetworks/Hub`;
const CLUSTER = { name: 'shop', subscriptionId: 's', nodeResourceGroup: 'MC_shop' } as Cluster;

/** ARM by path; what is in none of the tables is refused. */
function arm(tables: { get?: Record<string, unknown>; list?: Record<string, unknown[]> }): {
  get(path: string): Promise<unknown>;
  list(path: string, apiVersion: string, attempted: string): Promise<unknown[]>;
} {
  return {
    get: (path) => Promise.resolve(tables.get?.[path]),
    list(path, _version, attempted) {
      const found = tables.list?.[path];
      if (found === undefined) throw new ArmError(attempted, 403, 'AuthorizationFailed', 'no');
      return Promise.resolve(found);
    },
  };
}

const registry = {
  properties: {
    privateEndpointConnections: [
      {
        properties: {
          privateEndpoint: { id: ENDPOINT },
          privateLinkServiceConnectionState: { status: 'Approved' },
        },
      },
    ],
  },
};
const zones = {
  [`${ENDPOINT}/privateDnsZoneGroups`]: [
    { properties: { privateDnsZoneConfigs: [{ properties: { privateDnsZoneId: ZONE } }] } },
  ],
};

describe('private endpoints', () => {
  it('come with the networks that resolve their names', async () => {
    const links = [
      { properties: { virtualNetwork: { id: HUB }, virtualNetworkLinkState: 'Completed' } },
      {
        properties: {
          virtualNetwork: { id: `${GROUP}/virtualNetworks/new` },
          virtualNetworkLinkState: 'InProgress',
        },
      },
    ];
    const ways = await readPrivateWays(
      arm({ get: { [REGISTRY]: registry }, list: { ...zones, [`${ZONE}/virtualNetworkLinks`]: links } }),
      REGISTRY,
    );
    expect(ways).toEqual([
      {
        endpoint: 'acr-pe',
        id: ENDPOINT,
        state: 'Approved',
        zones: [ZONE],
        linkedNetworks: [HUB.toLowerCase()],
      },
    ]);
  });
  it('without a zone are known by no network', async () => {
    const none = { [`${ENDPOINT}/privateDnsZoneGroups`]: [] };
    const [way] = await readPrivateWays(arm({ get: { [REGISTRY]: registry }, list: none }), REGISTRY);
    expect(way?.linkedNetworks).toEqual([]);
  });
  it('whose zones may not be read are not known at all', async () => {
    await expect(
      readPrivateWays(arm({ get: { [REGISTRY]: registry }, list: zones }), REGISTRY),
    ).rejects.toThrow(/list the networks of DNS zone privatelink\.azurecr\.io/);
  });
});

describe("the nodes' networks", () => {
  const sets = '/subscriptions/s/resourceGroups/MC_shop/providers/Microsoft.Compute/virtualMachineScaleSets';
  const set = (subnet: string): unknown => ({
    properties: {
      virtualMachineProfile: {
        networkProfile: {
          networkInterfaceConfigurations: [
            { properties: { ipConfigurations: [{ properties: { subnet: { id: subnet } } }] } },
          ],
        },
      },
    },
  });
  it('are those of the subnets of their scale sets, each once', async () => {
    const list = { [sets]: [set(`${HUB}/subnets/a`), set(`${HUB}/subnets/b`)] };
    expect(await readNodeNetworks(arm({ list }), CLUSTER)).toEqual([HUB.toLowerCase()]);
  });
  it('are not known where Azure lists none', async () => {
    expect(await readNodeNetworks(arm({ list: { [sets]: [] } }), CLUSTER)).toBeUndefined();
  });
});

describe('what is missing', () => {
  const sets = '/subscriptions/s/resourceGroups/MC_shop/providers/Microsoft.Compute/virtualMachineScaleSets';
  const nodes = [
    {
      properties: {
        virtualMachineProfile: {
          networkProfile: {
            networkInterfaceConfigurations: [
              { properties: { ipConfigurations: [{ properties: { subnet: { id: `${HUB}/subnets/a` } } }] } },
            ],
          },
        },
      },
    },
  ];
  const ways = (list: Record<string, unknown[]>): ReturnType<typeof readNodesWays> =>
    readNodesWays(
      arm({ get: { [REGISTRY]: registry }, list: { [sets]: nodes, ...list } }),
      REGISTRY,
      CLUSTER,
    );
  const links = `${ZONE}/virtualNetworkLinks`;

  it("is the link of the endpoint's zone to the nodes' network", async () => {
    const found = await ways({ ...zones, [links]: [] });
    expect(found).toMatchObject({ linked: false, missingLink: { zone: ZONE, network: HUB.toLowerCase() } });
    expect(found).not.toHaveProperty('nameless');
  });
  it('is nothing where it is linked, in whatever casing', async () => {
    const found = await ways({ ...zones, [links]: [{ properties: { virtualNetwork: { id: HUB } } }] });
    expect(found.linked).toBe(true);
    expect(Object.keys(found)).toEqual(['ways', 'networks', 'linked']);
  });
  it('is a zone, where nothing holds the names', async () => {
    const found = await ways({ [`${ENDPOINT}/privateDnsZoneGroups`]: [] });
    expect(found).toMatchObject({ linked: false, nameless: ENDPOINT });
    expect(found).not.toHaveProperty('missingLink');
  });
  it('is linked in the subscription of the zone, where that is another', () => {
    const command = linkZone({ zone: ZONE, network: HUB.replace('/s/', '/t/') });
    expect(command?.pasteable).toBe(
      'az network private-dns link vnet create -g net -z privatelink.azurecr.io -n Hub -e false -v "$(az network vnet show -g net -n Hub --query id -o tsv)" --subscription s',
    );
    expect(linkZone({ zone: ZONE, network: HUB })?.pasteable).not.toContain('--subscription');
    expect(linkZone({ zone: 'no id', network: HUB })).toBeUndefined();
  });
});
