/** Node objects out of a cluster's node pools. */
import { createHash } from 'node:crypto';
import type { ManagedCluster, NodePool } from '../cloud/model.js';
import type { Node, Taint } from './objects.js';

/**
 * A node always has the image of its pods' sandboxes. Assumption: which one it is, its digest and its size; that AKS
 * takes it from mcr.microsoft.com/oss is seen in node lists of public issue threads.
 */
const SANDBOX_IMAGE = {
  names: [
    'mcr.microsoft.com/oss/kubernetes/pause@sha256:6c3835cab3980f11b83277305d0d736051c32b17606f5ec59f1dda67c9ba3810',
    'mcr.microsoft.com/oss/kubernetes/pause:3.6',
  ],
  sizeBytes: 297_586,
};

const POOL_LABEL = 'kubernetes.azure.com/agentpool';
/**
 * Of the NodePools of node auto-provisioning: https://karpenter.sh/docs/concepts/nodepools/. Assumption: their nodes carry
 * no label of a pool of AKS', and have names as others.
 */
const NODE_POOL_LABEL = 'karpenter.sh/nodepool';

/** The pool that a node is of. */
export function poolOf(cluster: ManagedCluster, { metadata: { labels = {} } }: Node): NodePool | undefined {
  return (
    cluster.pools.find(({ name }) => name === labels[POOL_LABEL]) ??
    cluster.provisionedPools?.find(({ name }) => name === labels[NODE_POOL_LABEL])
  );
}

/** `key=value:Effect` or `key:Effect`, as ARM writes taints. */
export function parseTaint(text: string): Taint {
  const [left = '', effect = 'NoSchedule'] = text.split(':');
  const [key = '', value] = left.split('=');
  return { key, ...(value === undefined || value === '' ? {} : { value }), effect };
}

/**
 * Name of a pool's n-th node: `aks-<pool>-<digits>-vmss<base 36>` on Linux, `aks<pool><base 36>` on Windows
 * (recorded names in Microsoft's AKS documentation; the digits are made from the cluster's name).
 */
export function nodeName(cluster: ManagedCluster, pool: NodePool, index: number): string {
  const ordinal = index.toString(36).padStart(6, '0');
  if (pool.osType === 'Windows') return `aks${pool.name}${ordinal}`;
  const digits = Number.parseInt(
    createHash('sha1').update(`${cluster.resourceGroup}/${cluster.name}`).digest('hex').slice(0, 7),
    16,
  );
  return `aks-${pool.name}-${String(digits).padStart(8, '0').slice(0, 8)}-vmss${ordinal}`;
}

/**
 * The nodes a cluster has now. Labels: learn.microsoft.com AKS use-labels.
 *
 * @param at when they last said that they are ready; left out where only who they are matters
 */
export function nodesOf(cluster: ManagedCluster, at?: string): Node[] {
  let address = 4;
  const pools = [
    ...cluster.pools.map((pool) => ({
      pool,
      labels: {
        agentpool: pool.name,
        [POOL_LABEL]: pool.name,
        'kubernetes.azure.com/mode': pool.mode.toLowerCase(),
      },
    })),
    ...(cluster.provisionedPools ?? []).map((pool) => ({ pool, labels: { [NODE_POOL_LABEL]: pool.name } })),
  ];
  return pools.flatMap(({ pool, labels }) =>
    Array.from({ length: pool.count }, (_, index): Node => {
      const name = nodeName(cluster, pool, index);
      const os = pool.osType.toLowerCase();
      return {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: {
          name,
          labels: {
            ...labels,
            'kubernetes.azure.com/cluster': cluster.nodeResourceGroup,
            'kubernetes.azure.com/node-image-version': pool.nodeImageVersion,
            'kubernetes.azure.com/os-sku': pool.osSku,
            'kubernetes.azure.com/role': 'agent',
            'kubernetes.io/arch': pool.architecture,
            'kubernetes.io/hostname': name,
            'kubernetes.io/os': os,
            'node.kubernetes.io/instance-type': pool.vmSize,
            'topology.kubernetes.io/region': cluster.location,
          },
        },
        spec: {
          providerID: `azure:///subscriptions/${cluster.subscriptionId}/resourceGroups/${cluster.nodeResourceGroup.toLowerCase()}/providers/Microsoft.Compute/virtualMachineScaleSets/aks-${pool.name}-vmss/virtualMachines/${index}`,
          ...(pool.taints.length === 0 ? {} : { taints: pool.taints.map(parseTaint) }),
        },
        status: {
          capacity: { cpu: '4', memory: '16Gi', pods: '110' },
          allocatable: { cpu: '3860m', memory: '12Gi', pods: '110' },
          conditions: [
            {
              type: 'Ready',
              status: 'True',
              reason: 'KubeletReady',
              message: 'kubelet is posting ready status',
              ...(at === undefined ? {} : { lastHeartbeatTime: at, lastTransitionTime: at }),
            },
          ],
          addresses: [
            { type: 'InternalIP', address: `10.224.0.${address++}` },
            { type: 'Hostname', address: name },
          ],
          nodeInfo: {
            operatingSystem: os,
            architecture: pool.architecture,
            kubeletVersion: `v${cluster.kubernetesVersion}`,
            // What the node's runtime says of itself when there is one.
            containerRuntimeVersion: '',
            osImage: pool.osType === 'Windows' ? 'Windows Server 2022 Datacenter' : pool.osSku,
            kernelVersion: pool.osType === 'Windows' ? '10.0.20348.2340' : '6.8.0-azure',
          },
          images: [SANDBOX_IMAGE],
        },
      };
    }),
  );
}
