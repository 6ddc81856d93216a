/** Microsoft.ContainerService/managedClusters (recordings: managedClusters.GET.variants.json, managedClusters.LIST.json, listClusterUserCredential.json). */
import { CLUSTER_TYPE, clusterId, same } from '../cloud/arm-id.js';
import { stableGuid, stableHex } from '../cloud/ids.js';
import type { ManagedCluster, NodePool } from '../cloud/model.js';
import type { SimulatorContext } from '../context.js';
import type { Answer } from '../net/exchange.js';
import { NotModelled } from '../net/exchange.js';
import { isSince, listScope, parameter, resourceId } from './call.js';
import type { Call, Route } from './call.js';
import { localAccountsDisabled } from './errors.js';
import { outboundAddressId } from './public-addresses.js';
import { findInGroup, groupPath, requireResourceGroup, subscriptionPath, visible } from './resources.js';

/** Kubeconfigs of a cluster, as the API servers make them. */
export interface Kubeconfigs {
  userKubeconfig(cluster: ManagedCluster, server: string): Promise<string>;
  adminKubeconfig(cluster: ManagedCluster, server: string): Promise<string>;
}

const READ = `${CLUSTER_TYPE}/read`;
const COLLECTION = '/providers/Microsoft.ContainerService/managedClusters';
const ONE = `${groupPath}${COLLECTION}/{name}`;
/** The oldest version that is recorded. */
const SINCE = '2019-02-01';

export function clusterRoutes(context: SimulatorContext, kubeconfigs: Kubeconfigs): Route[] {
  const { state } = context;
  const find = (call: Call): ManagedCluster => findInGroup(state, call, state.clusters, CLUSTER_TYPE);
  const listed = (call: Call, clusters: ManagedCluster[]): Answer =>
    pretty({
      value: visible(context, call, listScope(call), clusters, clusterId, READ).map((cluster) =>
        clusterBody(cluster, state.tenantId, call.apiVersion),
      ),
    });
  const credential = (kind: 'User' | 'Admin', make: Kubeconfigs['userKubeconfig']): Route => ({
    name: `POST managedCluster/listCluster${kind}Credential`,
    method: 'POST',
    path: `${ONE}/listCluster${kind}Credential`,
    since: SINCE,
    source: 'recording: listClusterUserCredential.json',
    demand: (call) => ({
      action: `${CLUSTER_TYPE}/listCluster${kind}Credential/action`,
      scope: resourceId(call),
    }),
    async answer(call) {
      const cluster = find(call);
      if (kind === 'Admin' && cluster.disableLocalAccounts) throw localAccountsDisabled();
      const value = Buffer.from(await make(cluster, serverAsked(call, cluster))).toString('base64');
      return pretty({ kubeconfigs: [{ name: `cluster${kind}`, value }] });
    },
  });
  return [
    {
      name: 'GET managedCluster',
      method: 'GET',
      path: ONE,
      since: SINCE,
      source: 'recording: managedClusters.GET.variants.json',
      demand: (call) => ({ action: READ, scope: resourceId(call) }),
      answer: (call) => pretty(clusterBody(find(call), state.tenantId, call.apiVersion)),
    },
    {
      name: 'GET managedClusters of a subscription',
      method: 'GET',
      path: `${subscriptionPath}${COLLECTION}`,
      since: SINCE,
      source: 'recording: managedClusters.LIST.json',
      answer: (call) =>
        listed(
          call,
          state.clusters.filter((cluster) => same(cluster.subscriptionId, parameter(call, 'subscription'))),
        ),
    },
    {
      name: 'GET managedClusters of a resource group',
      method: 'GET',
      path: `${groupPath}${COLLECTION}`,
      since: SINCE,
      source: 'recording: managedClusters.LIST.json',
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
    credential('User', (...asked) => kubeconfigs.userKubeconfig(...asked)),
    credential('Admin', (...asked) => kubeconfigs.adminKubeconfig(...asked)),
  ];
}

/** The provider's own answers are pretty-printed, one blank a level, and name no charset. */
export function pretty(body: object): Answer {
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
  const { entra, kubeletIdentity, location } = cluster;
  const since = (version: string, part: object): object => (isSince(apiVersion, version) ? part : {});
  const isServicePrincipal = cluster.servicePrincipalClientId !== 'msi';
  return {
    // The provider writes the group's part in lower case and its own type with a capital M.
    id: clusterId(cluster).replace('/resourceGroups/', '/resourcegroups/'),
    location,
    name: cluster.name,
    type: 'Microsoft.ContainerService/ManagedClusters',
    properties: {
      provisioningState: cluster.provisioningState,
      ...since('2020-11-01', { powerState: { code: cluster.powerState } }),
      kubernetesVersion: cluster.kubernetesVersion,
      ...since('2022-09-01', { currentKubernetesVersion: cluster.kubernetesVersion }),
      dnsPrefix: dnsPrefix(cluster),
      ...serverNames(cluster),
      ...since('2021-02-01', { azurePortalFQDN: portalHost(cluster) }),
      agentPoolProfiles: cluster.pools.map((pool) => poolBody(pool, cluster, apiVersion)),
      // https://learn.microsoft.com/azure/aks/node-autoprovision
      ...(cluster.provisionedPools === undefined
        ? {}
        : since('2025-05-01', { nodeProvisioningProfile: { mode: 'Auto' } })),
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
        ...(isSince(apiVersion, '2022-09-01') ? {} : { dockerBridgeCidr: '172.17.0.1/16' }),
        outboundType: 'loadBalancer',
        loadBalancerProfile: {
          managedOutboundIPs: { count: 1 },
          effectiveOutboundIPs: [{ id: outboundAddressId(cluster) }],
        },
        ...since('2022-09-01', {
          podCidrs: ['10.244.0.0/16'],
          serviceCidrs: ['10.0.0.0/16'],
          ipFamilies: ['IPv4'],
        }),
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
      ...apiServerAccess(cluster, apiVersion),
      ...(kubeletIdentity === undefined ? {} : { identityProfile: { kubeletidentity: kubeletIdentity } }),
      ...privateLink(cluster),
      // Older versions tell it only where it is so.
      ...(cluster.disableLocalAccounts || isSince(apiVersion, '2022-09-01')
        ? since('2021-05-01', { disableLocalAccounts: cluster.disableLocalAccounts })
        : {}),
      ...since('2022-09-01', {
        securityProfile: {},
        storageProfile: {
          diskCSIDriver: { enabled: true },
          fileCSIDriver: { enabled: true },
          snapshotController: { enabled: true },
        },
        oidcIssuerProfile: { enabled: false },
      }),
      ...since('2023-05-01', { workloadAutoScalerProfile: {} }),
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

/** The API server's name begins with the prefix; eight letters and digits make it unique. */
function dnsPrefix({ fqdn }: ManagedCluster): string {
  return fqdn.split('.', 1)[0]?.replace(/-[0-9a-z]{8}$/, '') ?? '';
}

/** Where the portal reaches the API server. A private one's name is made from a hash, which one is an assumption. */
function portalHost({ fqdn, privateCluster, location }: ManagedCluster): string {
  if (!privateCluster) return fqdn.replace('.hcp.', '.portal.hcp.');
  return `${stableHex(32, 'portal', fqdn)}-priv.portal.hcp.${location}.azmk8s.io`;
}

/** A private one without a zone has one name, twice; one with a public name has both (recording: managedClusters.GET.variants.json). */
function serverNames({ fqdn, privateCluster, access }: ManagedCluster): object {
  if (!privateCluster) return { fqdn };
  const publicName = access?.privateDns === 'none' ? fqdn : access?.publicFqdn;
  return { ...(publicName === undefined ? {} : { fqdn: publicName }), privateFQDN: fqdn };
}

/** By which name a kubeconfig calls the API server: `server-fqdn=public` as Azure/azure-cli sends it for --public-fqdn. */
function serverAsked(call: Call, { fqdn, access }: ManagedCluster): string {
  const asked = call.query.get('server-fqdn');
  if (asked === null) return fqdn;
  if (asked !== 'public' || access?.publicFqdn === undefined)
    throw new NotModelled(`The parameter server-fqdn=${asked} of this cluster isn't.`);
  return access.publicFqdn;
}

/** The private endpoint's side of a private cluster. */
function privateLink(cluster: ManagedCluster): object {
  if (!cluster.privateCluster) return {};
  const [name, type] = ['management', `${CLUSTER_TYPE}/privateLinkResources`];
  const id = `${clusterId(cluster).replace('/resourceGroups/', '/resourcegroups/')}/privateLinkResources/${name}`;
  return { privateLinkResources: [{ id, name, type, groupId: name, requiredMembers: [name] }] };
}

/** Absent where nothing is set. disableRunCommand is described since 2022-09-01. */
function apiServerAccess(
  { privateCluster, access = {}, runCommand }: ManagedCluster,
  apiVersion: string,
): object {
  const { authorizedIpRanges = [], privateDns = 'system', publicFqdn } = access;
  const profile = {
    ...(authorizedIpRanges.length === 0 ? {} : { authorizedIPRanges: authorizedIpRanges }),
    ...(privateCluster ? { enablePrivateCluster: true, privateDNSZone: privateDns } : {}),
    ...(privateCluster && (publicFqdn !== undefined || privateDns === 'none')
      ? { enablePrivateClusterPublicFQDN: true }
      : {}),
    ...(!runCommand.enabled && isSince(apiVersion, '2022-09-01') ? { disableRunCommand: true } : {}),
  };
  return Object.keys(profile).length === 0 ? {} : { apiServerAccessProfile: profile };
}

/** A pool's properties, which stand in its cluster's list beside its name. */
export function poolBody(pool: NodePool, cluster: ManagedCluster, apiVersion: string): object {
  const since = (version: string, part: object): object => (isSince(apiVersion, version) ? part : {});
  return {
    name: pool.name,
    count: pool.count,
    vmSize: pool.vmSize,
    osDiskSizeGB: 128,
    osDiskType: 'Managed',
    ...since('2021-02-01', { kubeletDiskType: 'OS' }),
    maxPods: 110,
    type: 'VirtualMachineScaleSets',
    // https://learn.microsoft.com/azure/aks/cluster-autoscaler. Assumption: the least that it keeps is none.
    ...since('2022-09-01', { enableAutoScaling: pool.maxCount !== undefined }),
    ...(pool.maxCount === undefined ? {} : { minCount: 0, maxCount: pool.maxCount }),
    provisioningState: cluster.provisioningState,
    ...since('2020-11-01', { powerState: { code: cluster.powerState } }),
    orchestratorVersion: cluster.kubernetesVersion,
    ...since('2022-09-01', { currentOrchestratorVersion: cluster.kubernetesVersion }),
    enableNodePublicIP: false,
    ...since('2021-03-01', { enableEncryptionAtHost: false, enableFIPS: false }),
    ...since('2022-09-01', { enableUltraSSD: false }),
    mode: pool.mode,
    osType: pool.osType,
    ...since('2021-05-01', { osSKU: pool.osSku }),
    nodeImageVersion: pool.nodeImageVersion,
    ...(pool.taints.length === 0 ? {} : { nodeTaints: pool.taints }),
  };
}
