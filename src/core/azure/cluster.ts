/** An AKS cluster as ARM describes it. */
import { asBoolean, asList, asNumber, asText, at, optional } from '../json.js';
import type { Arm } from './arm.js';
import { ArmError } from './arm.js';
import { parseArmId } from './arm-id.js';

/** Stable version with all fields read here: specification/containerservice of azure-rest-api-specs. */
export const CLUSTER_API_VERSION = '2025-10-01';

export type KubeletIdentity =
  | { kind: 'managed-identity'; objectId: string; clientId?: string; resourceId?: string }
  | { kind: 'service-principal'; clientId: string; objectId?: string }
  /** ARM names none: the cluster is still being made. */
  | { kind: 'unknown' };

export interface NodePool {
  name: string;
  os: 'linux' | 'windows';
  architecture: 'amd64' | 'arm64';
  /** Nodes that run now; 0 for a stopped pool. */
  count: number;
  autoscaled: boolean;
  taints: string[];
  /** Labels that all its nodes have, as far as Azure says. */
  labels?: Readonly<Record<string, string>>;
  /** Its nodes are made by node auto-provisioning: Azure lists no such pool, so the user's word counts. */
  provisioned?: true;
  /** No pool at all, but nodes of one platform in a cluster that isn't AKS: they carry no label of a pool. */
  unlabelled?: true;
}

export interface Cluster {
  id: string;
  subscriptionId: string;
  resourceGroup: string;
  name: string;
  location: string;
  kubernetesVersion: string;
  provisioningState: string;
  powerState: string;
  identity: KubeletIdentity;
  pools: NodePool[];
  /** Host names of its API server, lower-case: the public and the private one, as far as it has them. */
  apiServers: string[];
  private: boolean;
  authorizedIpRanges: string[];
  /** AKS run command is switched off. */
  runCommandDisabled: boolean;
  localAccountsDisabled: boolean;
  /** Node auto-provisioning makes nodes besides the pools. */
  nodeProvisioning?: true;
  /** Virtual nodes, on which Azure Container Instances pull. */
  virtualNodes?: true;
  /** Entra integration; absent: local accounts only. */
  entra?: { azureRbac: boolean; tenantId?: string };
  /** Where Azure keeps its nodes. */
  nodeResourceGroup?: string;
}

/** Reads a cluster. @throws {ArmError} */
export async function readCluster(arm: Arm, id: string): Promise<Cluster> {
  const attempted = `read cluster ${parseArmId(id)?.name ?? id}`;
  const body = await arm.get(id, CLUSTER_API_VERSION, attempted);
  const cluster = parseCluster(body);
  if (cluster === undefined) throw new ArmError(attempted, 200, '', 'the answer is no managed cluster');
  return cluster;
}

/**
 * A cluster's body → facts; undefined when it isn't one. Shapes: recording managedClusters.GET.variants.json.
 * identityProfile is missing while a cluster is being made, when making it was cancelled, and for one with a service
 * principal. Only a cluster with managed identities has an identity of its own, and servicePrincipalProfile.clientId "msi".
 */
export function parseCluster(body: unknown): Cluster | undefined {
  const id = asText(at(body, 'id'));
  const parts = id === undefined ? undefined : parseArmId(id);
  if (id === undefined || parts === undefined) return undefined;
  const properties = at(body, 'properties');
  const access = at(properties, 'apiServerAccessProfile');
  const entra = at(properties, 'aadProfile');
  const hosts = [asText(at(properties, 'fqdn')), asText(at(properties, 'privateFQDN'))];
  return {
    id,
    ...parts,
    name: asText(at(body, 'name')) ?? parts.name,
    location: asText(at(body, 'location')) ?? '',
    kubernetesVersion:
      asText(at(properties, 'currentKubernetesVersion')) ?? asText(at(properties, 'kubernetesVersion')) ?? '',
    provisioningState: asText(at(properties, 'provisioningState')) ?? '',
    powerState: asText(at(properties, 'powerState', 'code')) ?? '',
    identity: parseIdentity(properties, asText(at(body, 'identity', 'type'))?.endsWith('Assigned') === true),
    pools: asList(at(properties, 'agentPoolProfiles')).flatMap(parsePool),
    apiServers: [...new Set(hosts.flatMap((host) => (host === undefined ? [] : [host.toLowerCase()])))],
    private: asBoolean(at(access, 'enablePrivateCluster')) ?? false,
    authorizedIpRanges: asList(at(access, 'authorizedIPRanges')).flatMap((range) => asText(range) ?? []),
    runCommandDisabled: asBoolean(at(access, 'disableRunCommand')) ?? false,
    localAccountsDisabled: asBoolean(at(properties, 'disableLocalAccounts')) ?? false,
    ...(asText(at(properties, 'nodeProvisioningProfile', 'mode')) === 'Auto'
      ? { nodeProvisioning: true }
      : {}),
    ...(addonEnabled(properties, 'aciConnectorLinux') ? { virtualNodes: true } : {}),
    ...optional('nodeResourceGroup', asText(at(properties, 'nodeResourceGroup'))),
    ...(typeof entra === 'object' && entra !== null
      ? {
          entra: {
            azureRbac: asBoolean(at(entra, 'enableAzureRBAC')) ?? false,
            ...optional('tenantId', asText(at(entra, 'tenantID'))),
          },
        }
      : {}),
  };
}

function parseIdentity(properties: unknown, managed: boolean): KubeletIdentity {
  const kubelet = at(properties, 'identityProfile', 'kubeletidentity');
  const objectId = asText(at(kubelet, 'objectId'));
  if (objectId !== undefined) {
    return {
      kind: 'managed-identity',
      objectId: objectId.toLowerCase(),
      ...optional('clientId', asText(at(kubelet, 'clientId'))?.toLowerCase()),
      ...optional('resourceId', asText(at(kubelet, 'resourceId'))),
    };
  }
  const clientId = asText(at(properties, 'servicePrincipalProfile', 'clientId'));
  const beingMade = asText(at(properties, 'provisioningState')) === 'Creating';
  if (clientId !== undefined && clientId.toLowerCase() !== 'msi' && !managed && !beingMade) {
    return { kind: 'service-principal', clientId: clientId.toLowerCase() };
  }
  return { kind: 'unknown' };
}

function parsePool(pool: unknown): NodePool[] {
  const name = asText(at(pool, 'name'));
  if (name === undefined) return [];
  const stopped = asText(at(pool, 'powerState', 'code')) === 'Stopped';
  return [
    {
      name,
      os: asText(at(pool, 'osType'))?.toLowerCase() === 'windows' ? 'windows' : 'linux',
      architecture: architectureOf(
        asText(at(pool, 'nodeImageVersion')) ?? '',
        asText(at(pool, 'vmSize')) ?? '',
      ),
      count: stopped ? 0 : nodeCount(pool),
      autoscaled: asBoolean(at(pool, 'enableAutoScaling')) ?? false,
      taints: asList(at(pool, 'nodeTaints')).flatMap((taint) => asText(taint) ?? []),
      ...labelled(pool),
    },
  ];
}

/**
 * The pool's own labels, and those that AKS makes from what it says of the pool
 * (https://learn.microsoft.com/azure/aks/use-labels, reserved system labels).
 */
function labelled(pool: unknown): Pick<NodePool, 'labels'> {
  const own = at(pool, 'nodeLabels');
  const vmSize = asText(at(pool, 'vmSize'));
  const mode = asText(at(pool, 'mode'))?.toLowerCase();
  const osSku = asText(at(pool, 'osSKU'));
  const priority = asText(at(pool, 'scaleSetPriority'))?.toLowerCase();
  const labels = {
    ...Object.fromEntries(
      Object.entries(typeof own === 'object' && own !== null ? own : {}).flatMap(([key, value]) =>
        typeof value === 'string' ? [[key, value]] : [],
      ),
    ),
    ...optional('node.kubernetes.io/instance-type', vmSize),
    ...optional('kubernetes.azure.com/mode', mode),
    ...optional('kubernetes.azure.com/os-sku', osSku),
    ...(priority === 'spot' ? { 'kubernetes.azure.com/scalesetpriority': 'spot' } : {}),
  };
  return Object.keys(labels).length === 0 ? {} : { labels };
}

/** Names of add-ons come in any case: the CLI writes aciConnectorLinux, the portal ACIConnectorLinux. */
function addonEnabled(properties: unknown, name: string): boolean {
  const addons = at(properties, 'addonProfiles');
  if (typeof addons !== 'object' || addons === null) return false;
  return Object.entries(addons).some(
    ([key, addon]) => key.toLowerCase() === name.toLowerCase() && asBoolean(at(addon, 'enabled')) === true,
  );
}

/** A pool of the type VirtualMachines counts its nodes by size (azure-rest-api-specs, virtualMachineNodesStatus). */
function nodeCount(pool: unknown): number {
  const bySize = asList(at(pool, 'virtualMachineNodesStatus'));
  const counted = bySize.reduce((sum: number, one) => sum + (asNumber(at(one, 'count')) ?? 0), 0);
  return Math.max(asNumber(at(pool, 'count')) ?? 0, counted);
}

/**
 * ARM doesn't say a pool's architecture: the node image's name does (AKSUbuntu-2204gen2arm64containerd-…), else the VM
 * size: a `p` among the letters behind the number of cores means an Arm processor
 * (https://learn.microsoft.com/azure/virtual-machines/vm-naming-conventions).
 */
export function architectureOf(nodeImageVersion: string, vmSize: string): 'amd64' | 'arm64' {
  if (/arm64/i.test(nodeImageVersion)) return 'arm64';
  const features = /^standard_[a-z]+\d+(?:-\d+)?([a-z]*)/i.exec(vmSize)?.[1] ?? '';
  return features.toLowerCase().includes('p') ? 'arm64' : 'amd64';
}

/**
 * The cluster user's kubeconfig, as text. Needs Microsoft.ContainerService/managedClusters/listClusterUserCredential/action.
 * Shape: recording listClusterUserCredential.json. @throws {ArmError}
 */
export async function readUserKubeconfig(arm: Arm, cluster: Cluster): Promise<string> {
  const attempted = `get the user credential of cluster ${cluster.name}`;
  const body = await arm.post(
    `${cluster.id}/listClusterUserCredential`,
    CLUSTER_API_VERSION,
    undefined,
    attempted,
  );
  const encoded = asText(at(asList(at(body, 'kubeconfigs'))[0], 'value'));
  if (encoded === undefined) throw new ArmError(attempted, 200, '', 'the answer holds no kubeconfig');
  return Buffer.from(encoded, 'base64').toString('utf8');
}
