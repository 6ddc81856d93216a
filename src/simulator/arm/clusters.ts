/** Microsoft.ContainerService/managedClusters (recordings: managedClusters.GET.variants.json, managedClusters.LIST.json, listClusterUserCredential.json). */
import { CLUSTER_TYPE, clusterId, same } from '../cloud/arm-id.js';
import { stableGuid, stableHex } from '../cloud/ids.js';
import type { ManagedCluster, NodePool } from '../cloud/model.js';
import type { SimulatorContext } from '../context.js';
import type { Answer } from '../net/exchange.js';
import { NotModelled } from '../net/exchange.js';
import { isSince, parameter } from './call.js';
import type { Call, Route } from './call.js';
import { localAccountsDisabled, resourceNotFound } from './errors.js';
import { groupPath, requireResourceGroup, subscriptionPath, visible } from './resources.js';

/** Kubeconfigs of a cluster, as the API servers make them. */
export interface Kubeconfigs {
  userKubeconfig(cluster: ManagedCluster): Promise<string>;
  adminKubeconfig(cluster: ManagedCluster): Promise<string>;
}

const READ = `${CLUSTER_TYPE}/read`;

export function clusterRoutes(context: SimulatorContext, kubeconfigs: Kubeconfigs): Route[] {
  const { state } = context;
  const one = `(?<id>${groupPath}/providers/Microsoft\\.ContainerService/managedClusters/(?<name>[^/]+))`;
  const find = (call: Call): ManagedCluster => {
    const [subscription, group, name] = [
      parameter(call, 'subscription'),
      parameter(call, 'group'),
      parameter(call, 'name'),
    ];
    requireResourceGroup(state, subscription, group);
    const found = state.clusters.find(
      (cluster) =>
        same(cluster.subscriptionId, subscription) &&
        same(cluster.resourceGroup, group) &&
        same(cluster.name, name),
    );
    if (found === undefined) throw resourceNotFound(CLUSTER_TYPE, name, group);
    return found;
  };
  const listed = (call: Call, clusters: ManagedCluster[]): Answer =>
    pretty({
      value: visible(context, call, parameter(call, 'scope'), clusters, clusterId, READ).map((cluster) =>
        clusterBody(cluster, state.tenantId, call.apiVersion),
      ),
    });
  const credential = (kind: 'User' | 'Admin', make: (cluster: ManagedCluster) => Promise<string>): Route => ({
    name: `POST managedCluster/listCluster${kind}Credential`,
    method: 'POST',
    pattern: new RegExp(`^${one}/listCluster${kind}Credential$`, 'i'),
    demand: (call) => ({
      action: `${CLUSTER_TYPE}/listCluster${kind}Credential/action`,
      scope: parameter(call, 'id'),
    }),
    async answer(call) {
      const cluster = find(call);
      if (call.query.has('server-fqdn')) throw new NotModelled("The parameter server-fqdn isn't.");
      if (kind === 'Admin' && cluster.disableLocalAccounts) throw localAccountsDisabled();
      const value = Buffer.from(await make(cluster)).toString('base64');
      return pretty({ kubeconfigs: [{ name: `cluster${kind}`, value }] });
    },
  });
  return [
    {
      name: 'GET managedCluster',
      method: 'GET',
      pattern: new RegExp(`^${one}$`, 'i'),
      demand: (call) => ({ action: READ, scope: parameter(call, 'id') }),
      answer: (call) => pretty(clusterBody(find(call), state.tenantId, call.apiVersion)),
    },
    {
      name: 'GET managedClusters of a subscription',
      method: 'GET',
      pattern: new RegExp(
        `^(?<scope>${subscriptionPath})/providers/Microsoft\\.ContainerService/managedClusters$`,
        'i',
      ),
      answer: (call) =>
        listed(
          call,
          state.clusters.filter((cluster) => same(cluster.subscriptionId, parameter(call, 'subscription'))),
        ),
    },
    {
      name: 'GET managedClusters of a resource group',
      method: 'GET',
      pattern: new RegExp(
        `^(?<scope>${groupPath})/providers/Microsoft\\.ContainerService/managedClusters$`,
        'i',
      ),
      answer(call) {
        const [subscription, group] = [parameter(call, 'subscription'), parameter(call, 'group')];
        const within = state.clusters.filter(
          (cluster) => same(cluster.subscriptionId, subscription) && same(cluster.resourceGroup, group),
        );
        const answer = listed(call, within);
        requireResourceGroup(state, subscription, group);
        return answer;
      },
    },
    credential('User', (cluster) => kubeconfigs.userKubeconfig(cluster)),
    credential('Admin', (cluster) => kubeconfigs.adminKubeconfig(cluster)),
  ];
}

/** The provider's own answers are pretty-printed, one blank a level, and name no charset. */
function pretty(body: object): Answer {
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body, null, 1),
  };
}

/**
 * A cluster as it is served. Since when an api-version has a property: Azure/azure-rest-api-specs,
 * containerservice/…/aks/<version>/managedClusters.json.
 */
export function clusterBody(cluster: ManagedCluster, tenantId: string, apiVersion: string): object {
  const { entra, kubeletIdentity, privateCluster, location } = cluster;
  const since = (version: string, part: object): object => (isSince(apiVersion, version) ? part : {});
  const isServicePrincipal = cluster.servicePrincipalClientId !== 'msi';
  const portal = cluster.fqdn.replace('.hcp.', '.portal.hcp.');
  return {
    // The provider writes the group's part in lower case and its own type with a capital M.
    id: clusterId(cluster).replace('/resourceGroups/', '/resourcegroups/'),
    location,
    name: cluster.name,
    type: 'Microsoft.ContainerService/ManagedClusters',
    properties: {
      provisioningState: cluster.provisioningState,
      powerState: { code: cluster.powerState },
      kubernetesVersion: cluster.kubernetesVersion,
      ...since('2022-09-01', { currentKubernetesVersion: cluster.kubernetesVersion }),
      dnsPrefix: cluster.fqdn.split('.', 1)[0],
      ...(privateCluster ? { privateFQDN: cluster.fqdn } : { fqdn: cluster.fqdn }),
      ...(privateCluster ? {} : since('2021-02-01', { azurePortalFQDN: portal })),
      agentPoolProfiles: cluster.pools.map((pool) => poolBody(pool, cluster, apiVersion)),
      servicePrincipalProfile: { clientId: cluster.servicePrincipalClientId },
      nodeResourceGroup: cluster.nodeResourceGroup,
      enableRBAC: true,
      ...since('2023-05-01', { supportPlan: 'KubernetesOfficial' }),
      networkProfile: {
        networkPlugin: 'azure',
        loadBalancerSku: 'standard',
        podCidr: '10.244.0.0/16',
        serviceCidr: '10.0.0.0/16',
        dnsServiceIP: '10.0.0.10',
        outboundType: 'loadBalancer',
      },
      ...(entra === undefined
        ? {}
        : {
            aadProfile: {
              managed: true,
              adminGroupObjectIDs: entra.adminGroupObjectIds.length === 0 ? null : entra.adminGroupObjectIds,
              enableAzureRBAC: entra.azureRbac,
              tenantID: tenantId,
            },
          }),
      maxAgentPools: 100,
      ...(privateCluster
        ? { apiServerAccessProfile: { enablePrivateCluster: true, privateDNSZone: 'system' } }
        : {}),
      ...(kubeletIdentity === undefined ? {} : { identityProfile: { kubeletidentity: kubeletIdentity } }),
      ...since('2021-05-01', { disableLocalAccounts: cluster.disableLocalAccounts }),
      ...since('2023-10-01', { resourceUID: stableHex(24, 'resource', clusterId(cluster)) }),
    },
    ...(isServicePrincipal
      ? {}
      : {
          identity: {
            type: 'SystemAssigned',
            principalId: stableGuid('control plane', clusterId(cluster)),
            tenantId,
          },
        }),
    sku: { name: isSince(apiVersion, '2023-02-01') ? 'Base' : 'Basic', tier: 'Free' },
  };
}

function poolBody(pool: NodePool, cluster: ManagedCluster, apiVersion: string): object {
  const since = (version: string, part: object): object => (isSince(apiVersion, version) ? part : {});
  return {
    name: pool.name,
    count: pool.count,
    vmSize: pool.vmSize,
    maxPods: 110,
    type: 'VirtualMachineScaleSets',
    enableAutoScaling: false,
    provisioningState: cluster.provisioningState,
    powerState: { code: cluster.powerState },
    orchestratorVersion: cluster.kubernetesVersion,
    ...since('2022-09-01', { currentOrchestratorVersion: cluster.kubernetesVersion }),
    mode: pool.mode,
    osType: pool.osType,
    ...since('2021-05-01', { osSKU: pool.osSku }),
    nodeImageVersion: pool.nodeImageVersion,
    ...(pool.taints.length === 0 ? {} : { nodeTaints: pool.taints }),
  };
}
