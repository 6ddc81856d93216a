import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  architectureOf,
  parseCluster,
  readCluster,
  readUserKubeconfig,
} from '../../../src/core/azure/cluster.js';
import type { Cluster } from '../../../src/core/azure/cluster.js';
import { CLUSTER_ID, inTurn, OBJECT_ID, SUBSCRIPTION, thrown, world } from '../support.js';
import { clusterBody } from './bodies.js';

function cluster(properties: Record<string, unknown> = {}, top: Record<string, unknown> = {}): Cluster {
  const parsed = parseCluster(clusterBody(properties, top));
  if (parsed === undefined) throw new Error('no cluster');
  return parsed;
}

describe('parseCluster', () => {
  it('reads what is needed', () => {
    expect(cluster()).toMatchObject({
      subscriptionId: SUBSCRIPTION,
      resourceGroup: 'shops',
      name: 'shop',
      location: 'westeurope',
      kubernetesVersion: '1.33.2',
      provisioningState: 'Succeeded',
      powerState: 'Running',
      identity: { kind: 'managed-identity', objectId: OBJECT_ID, clientId: OBJECT_ID },
      apiServers: ['shop-1.hcp.westeurope.azmk8s.io'],
      private: false,
      authorizedIpRanges: [],
      localAccountsDisabled: false,
    });
    expect(cluster()).not.toHaveProperty('entra');
  });

  it('knows a service principal by the lack of an identity', () => {
    const properties = { identityProfile: undefined, servicePrincipalProfile: { clientId: 'APP-ID' } };
    expect(cluster(properties, { identity: undefined }).identity).toEqual({
      kind: 'service-principal',
      clientId: 'app-id',
    });
    expect(cluster(properties, { identity: { type: 'None' } }).identity.kind).toBe('service-principal');
  });

  it('knows no identity while there is none', () => {
    expect(cluster({ identityProfile: undefined }).identity).toEqual({ kind: 'unknown' });
    const cancelled = {
      identityProfile: undefined,
      provisioningState: 'Canceled',
      servicePrincipalProfile: { clientId: 'x' },
    };
    expect(cluster(cancelled).identity).toEqual({ kind: 'unknown' });
    const making = {
      identityProfile: undefined,
      provisioningState: 'Creating',
      servicePrincipalProfile: { clientId: 'x' },
    };
    expect(cluster(making, { identity: undefined }).identity).toEqual({ kind: 'unknown' });
    expect(cluster({ identityProfile: { kubeletidentity: {} } }).identity).toEqual({ kind: 'unknown' });
  });

  it('knows both names of an API server, once each', () => {
    expect(cluster({ privateFQDN: 'p.privatelink.westeurope.azmk8s.io' }).apiServers).toHaveLength(2);
    expect(cluster({ privateFQDN: 'shop-1.HCP.westeurope.azmk8s.io' }).apiServers).toHaveLength(1);
    expect(cluster({ fqdn: undefined }).apiServers).toEqual([]);
  });

  it('reads access and Entra', () => {
    const read = cluster({
      apiServerAccessProfile: { enablePrivateCluster: true, authorizedIPRanges: ['1.2.3.4/32', 7] },
      disableLocalAccounts: true,
      aadProfile: { managed: true, enableAzureRBAC: true, tenantID: 'T' },
    });
    expect(read).toMatchObject({
      private: true,
      authorizedIpRanges: ['1.2.3.4/32'],
      localAccountsDisabled: true,
      entra: { azureRbac: true, tenantId: 'T' },
    });
    expect(cluster({ aadProfile: null })).not.toHaveProperty('entra');
    expect(cluster({ aadProfile: { serverAppID: 'x' } }).entra).toEqual({ azureRbac: false });
  });

  it('reads pools', () => {
    const { pools } = cluster({
      agentPoolProfiles: [
        { name: 'win', osType: 'Windows', count: 2, vmSize: 'Standard_D2s_v3', enableAutoScaling: true },
        {
          name: 'off',
          osType: 'Linux',
          count: 3,
          powerState: { code: 'Stopped' },
          nodeTaints: ['a=b:NoSchedule'],
        },
        {
          name: 'arm',
          osType: 'Linux',
          count: 0,
          vmSize: 'Standard_D2ps_v5',
          mode: 'User',
          osSKU: 'AzureLinux',
          scaleSetPriority: 'Spot',
          nodeLabels: { team: 'shop', odd: 7 },
        },
        { osType: 'Linux' },
        null,
      ],
    });
    expect(pools).toEqual([
      {
        name: 'win',
        os: 'windows',
        architecture: 'amd64',
        count: 2,
        autoscaled: true,
        taints: [],
        labels: { 'node.kubernetes.io/instance-type': 'Standard_D2s_v3' },
      },
      {
        name: 'off',
        os: 'linux',
        architecture: 'amd64',
        count: 0,
        autoscaled: false,
        taints: ['a=b:NoSchedule'],
      },
      {
        name: 'arm',
        os: 'linux',
        architecture: 'arm64',
        count: 0,
        autoscaled: false,
        taints: [],
        labels: {
          team: 'shop',
          'node.kubernetes.io/instance-type': 'Standard_D2ps_v5',
          'kubernetes.azure.com/mode': 'user',
          'kubernetes.azure.com/os-sku': 'AzureLinux',
          'kubernetes.azure.com/scalesetpriority': 'spot',
        },
      },
    ]);
  });

  it('counts the nodes of a pool of the type VirtualMachines', () => {
    const sized = {
      name: 'vms',
      type: 'VirtualMachines',
      virtualMachineNodesStatus: [{ count: 2 }, { count: 1 }],
    };
    const [vms] = cluster({ agentPoolProfiles: [sized] }).pools;
    expect(vms).toMatchObject({ name: 'vms', count: 3 });
  });

  it('knows node auto-provisioning and virtual nodes', () => {
    expect(cluster()).not.toHaveProperty('nodeProvisioning');
    expect(cluster()).not.toHaveProperty('virtualNodes');
    expect(
      cluster({
        nodeProvisioningProfile: { mode: 'Auto' },
        addonProfiles: { ACIConnectorLinux: { enabled: true } },
      }),
    ).toMatchObject({ nodeProvisioning: true, virtualNodes: true });
    expect(
      cluster({
        nodeProvisioningProfile: { mode: 'Manual' },
        addonProfiles: { aciConnectorLinux: { enabled: false } },
      }),
    ).not.toHaveProperty('virtualNodes');
  });

  it('is nothing for what is no cluster, and never throws', () => {
    for (const none of [null, 7, 'x', [], {}, { id: 7 }, { id: '/subscriptions/x' }])
      expect(parseCluster(none)).toBeUndefined();
    fc.assert(
      fc.property(fc.jsonValue(), (properties) => {
        expect(parseCluster({ id: CLUSTER_ID, properties })?.name).toBe('shop');
      }),
    );
  });
});

describe('architectureOf', () => {
  it.each([
    ['AKSUbuntu-2204gen2arm64containerd-202507.15.0', '', 'arm64'],
    ['AKSAzureLinux-V3gen2arm64-202508.06.0', 'Standard_D2ps_v5', 'arm64'],
    ['AKSUbuntu-2204gen2containerd-202507.15.0', 'Standard_D8ds_v5', 'amd64'],
    ['', 'Standard_D2ps_v5', 'arm64'],
    ['', 'standard_d2pds_v5', 'arm64'],
    ['', 'Standard_D4plds_v5', 'arm64'],
    ['', 'Standard_E4ps_v5', 'arm64'],
    ['', 'Standard_B2pts_v2', 'arm64'],
    ['', 'Standard_NP10s', 'amd64'],
    ['', 'Standard_DS2_v2', 'amd64'],
    ['', 'Standard_E4-2ds_v4', 'amd64'],
    ['', 'Standard_NC24ads_A100_v4', 'amd64'],
    ['', 'standard_a8_v2', 'amd64'],
    ['', 'Standard_M416s_8_v2', 'amd64'],
    ['', '', 'amd64'],
  ] as const)('%s on %s is %s', (image, size, architecture) => {
    expect(architectureOf(image, size)).toBe(architecture);
  });
});

describe('readCluster', () => {
  it('asks ARM once, with a version that has all of it', async () => {
    const http = inTurn({ body: clusterBody() });
    await readCluster(world(http).azure.arm, CLUSTER_ID);
    expect(http.requests[0]?.url).toBe(`https://management.azure.com${CLUSTER_ID}?api-version=2025-10-01`);
  });

  it('takes an answer that is no cluster for an error', async () => {
    const error = await thrown(() => readCluster(world(inTurn({ body: { id: 'x' } })).azure.arm, CLUSTER_ID));
    expect(error).toMatchObject({
      message: 'could not read cluster shop: HTTP 200: the answer is no managed cluster',
    });
  });
});

describe('readUserKubeconfig', () => {
  const config = (value?: string): object => ({
    kubeconfigs: value === undefined ? [] : [{ name: 'clusterUser', value }],
  });
  it('decodes it', async () => {
    const http = inTurn({ body: config(Buffer.from('kind: Config').toString('base64')) });
    expect(await readUserKubeconfig(world(http).azure.arm, cluster())).toBe('kind: Config');
    expect(http.requests[0]?.method).toBe('POST');
    expect(http.asked[0]?.toLowerCase()).toBe(
      `post https://management.azure.com${CLUSTER_ID}/listclusterusercredential`.toLowerCase(),
    );
  });
  it.each([config(), config(''), {}, { kubeconfigs: 'x' }])('takes %j for an error', async (body) => {
    const error = await thrown(() => readUserKubeconfig(world(inTurn({ body })).azure.arm, cluster()));
    expect(error).toMatchObject({ said: 'the answer holds no kubeconfig' });
  });
});
