/** The private ways to a registry, once a pull failed there. Bodies as core/azure/private-endpoints.test.ts has them. */
import { describe, expect, it } from '@jest/globals';
import { ArmError } from '../../../src/core/azure/arm.js';
import type { Cluster } from '../../../src/core/azure/cluster.js';
import { RIGHTS } from '../../../src/core/azure/rights.js';
import type { Check } from '../../../src/core/report.js';
import { lookAtWays } from '../../../src/core/stages/ways.js';
import { Telling } from '../../../src/core/telling.js';
import { VirtualClock } from '../kubernetes/support.js';
import { inTurn, world } from '../support.js';

const GROUP = '/subscriptions/s/resourceGroups/net/providers/Microsoft.Network';
const ID = '/subscriptions/s/resourceGroups/images/providers/Microsoft.ContainerRegistry/registries/contoso';
const ENDPOINT = `${GROUP}/privateEndpoints/acr-pe`;
const ZONE = `${GROUP}/privateDnsZones/privatelink.azurecr.io`;
const HUB = `${GROUP}/virtualNetworks/hub`;
const NODES = `${GROUP}/virtualNetworks/nodes`;
const SETS = '/subscriptions/s/resourceGroups/MC_shop/providers/Microsoft.Compute/virtualMachineScaleSets';
const CLUSTER = { name: 'shop', subscriptionId: 's', nodeResourceGroup: 'MC_shop' } as Cluster;

const [GROUPS, LINKS] = [`${ENDPOINT}/privateDnsZoneGroups`, `${ZONE}/virtualNetworkLinks`];
const LISTS: Readonly<Record<string, unknown[]>> = {
  [GROUPS]: [{ properties: { privateDnsZoneConfigs: [{ properties: { privateDnsZoneId: ZONE } }] } }],
  [SETS]: [
    {
      properties: {
        virtualMachineProfile: {
          networkProfile: {
            networkInterfaceConfigurations: [
              {
                properties: { ipConfigurations: [{ properties: { subnet: { id: `${NODES}/subnets/a` } } }] },
              },
            ],
          },
        },
      },
    },
  ],
};
const linkedTo = (network: string): Record<string, unknown[]> => ({
  [LINKS]: [{ properties: { virtualNetwork: { id: network }, virtualNetworkLinkState: 'Completed' } }],
});
/** The right to each list. */
const RIGHT: Readonly<Record<string, string>> = {
  [GROUPS]: 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups/read',
  [LINKS]: 'Microsoft.Network/privateDnsZones/virtualNetworkLinks/read',
  [SETS]: 'Microsoft.Compute/virtualMachineScaleSets/read',
};

async function looked(
  lists: Readonly<Record<string, unknown[]>>,
  privateEndpoints = 1,
): Promise<{ check?: Check; asked: string[] }> {
  const asked: string[] = [];
  const { ports } = world(inTurn());
  const telling = new Telling(
    {
      cluster: { id: '', name: 'shop' },
      registry: { id: '', name: 'contoso' },
      identity: { kind: 'unknown' },
      access: { allowed: true, grants: [] },
      checks: [],
      pulls: [],
      findings: [],
      result: 'unknown',
      changed: false,
      wouldChange: false,
    },
    ports.log,
    new VirtualClock(),
  );
  telling.facts.caller = { objectId: 'aaaaaaaa-0000-4000-8000-000000000001', type: 'ServicePrincipal' };
  const arm = {
    get(path: string): Promise<unknown> {
      asked.push(path);
      const connection = {
        privateEndpoint: { id: ENDPOINT },
        privateLinkServiceConnectionState: { status: 'Approved' },
      };
      return Promise.resolve({ properties: { privateEndpointConnections: [{ properties: connection }] } });
    },
    list(path: string, _version: string, attempted: string): Promise<unknown[]> {
      asked.push(path);
      const found = lists[path];
      if (found !== undefined) return Promise.resolve(found);
      const scope = path.replace(/\/[^/]+$/, '');
      const said = `The client 'x' with object id 'aaaaaaaa-0000-4000-8000-000000000001' does not have authorization to perform action '${RIGHT[path] ?? ''}' over scope '${scope}' or the scope is invalid.`;
      throw new ArmError(attempted, 403, 'AuthorizationFailed', said);
    },
  };
  const registry = { id: ID, loginServer: 'contoso.azurecr.io', privateEndpoints };
  expect(await lookAtWays(CLUSTER, registry, arm, telling)).toEqual({});
  const [check] = telling.connection.checks;
  return { asked, ...(check === undefined ? {} : { check }) };
}

describe('the private ways to a registry', () => {
  it('are found where the zone is linked to the network of the nodes', async () => {
    const { check } = await looked({ ...LISTS, ...linkedTo(NODES) });
    expect(check).toMatchObject({ id: 'private-dns', status: 'pass' });
    expect(check?.evidence).toContain('acr-pe (Approved)');
  });

  it('are not found where it is linked to another network alone: which, and what to do', async () => {
    const { check } = await looked({ ...LISTS, ...linkedTo(HUB) });
    expect(check).toMatchObject({ id: 'private-dns', status: 'warn' });
    expect(check?.evidence).toContain('not linked to their DNS zones: nodes');
    expect(check?.fix?.summary).toContain('Link nodes to the private DNS zone');
  });

  it.each(Object.entries(RIGHT))('are skipped without %s, which is named', async (path, right) => {
    const { [path]: _left, ...rest } = { ...LISTS, ...linkedTo(NODES) };
    const { check } = await looked(rest);
    expect(check).toMatchObject({ id: 'private-dns', status: 'skip' });
    expect(check?.evidence).toContain(right);
    expect(check?.fix?.commands.join()).toContain('az role assignment create');
    // It stands among the optional facts of docs/permissions.md.
    expect(RIGHTS.find(({ operation }) => operation === right)?.without).toBeDefined();
  });

  it('are skipped where the nodes’ network is not known', async () => {
    const { check } = await looked({ ...LISTS, ...linkedTo(NODES), [SETS]: [] });
    expect(check).toMatchObject({ status: 'skip', evidence: expect.stringContaining('no network') });
  });

  it('are not asked for where there is none', async () => {
    expect(await looked({}, 0)).toEqual({ asked: [] });
  });
});
