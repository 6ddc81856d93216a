/**
 * Microsoft.Compute/virtualMachineScaleSets: those of clusters' pools, in their node resource groups. Form:
 * Azure/azure-rest-api-specs, compute (VirtualMachineScaleSet); of its many properties those that tell whose it is.
 */
import { resourceGroupId, same } from '../cloud/arm-id.js';
import { stableHex } from '../cloud/ids.js';
import type { ManagedCluster, NodePool } from '../cloud/model.js';
import { networkOfNodes } from '../cloud/private-link.js';
import type { SimulatorContext } from '../context.js';
import { ok, parameter } from './call.js';
import type { Route } from './call.js';
import { resourceGroupNotFound } from './errors.js';
import { groupPath } from './resources.js';

const TYPE = 'Microsoft.Compute/virtualMachineScaleSets';

export function scaleSetRoutes({ state }: SimulatorContext): Route[] {
  return [
    {
      name: 'GET virtualMachineScaleSets of a resource group',
      method: 'GET',
      path: `${groupPath}/providers/${TYPE}`,
      since: '2023-03-01',
      source: 'docs: rest/api/compute/virtual-machine-scale-sets/list',
      demand: (call) => ({
        action: `${TYPE}/read`,
        scope: resourceGroupId(parameter(call, 'subscription'), parameter(call, 'group')),
      }),
      answer(call) {
        const [subscription, group] = [parameter(call, 'subscription'), parameter(call, 'group')];
        const cluster = state.clusters.find(
          (one) => same(one.subscriptionId, subscription) && same(one.nodeResourceGroup, group),
        );
        if (cluster === undefined) throw resourceGroupNotFound(group);
        return ok({ value: cluster.pools.map((pool) => scaleSetBody(pool, cluster)) });
      },
    },
  ];
}

/** Names and tags as AKS gives them; the digits in a name are an assumption, and so is that of the subnet. */
function scaleSetBody(pool: NodePool, cluster: ManagedCluster): object {
  const name = `aks-${pool.name}-${stableHex(8, 'scale set', cluster.name)}-vmss`;
  const { kubeletIdentity } = cluster;
  const holds =
    kubeletIdentity !== undefined && (pool.heldIdentity === undefined || pool.identityPutBack === true);
  return {
    name,
    id: `${resourceGroupId(cluster.subscriptionId, cluster.nodeResourceGroup)}/providers/${TYPE}/${name}`,
    type: TYPE,
    location: cluster.location,
    tags: { 'aks-managed-poolName': pool.name },
    sku: { name: pool.vmSize, tier: 'Standard', capacity: pool.count },
    ...(holds
      ? {
          identity: {
            type: 'UserAssigned',
            userAssignedIdentities: {
              [kubeletIdentity.resourceId]: {
                principalId: kubeletIdentity.objectId,
                clientId: kubeletIdentity.clientId,
              },
            },
          },
        }
      : {}),
    properties: {
      provisioningState: 'Succeeded',
      virtualMachineProfile: {
        networkProfile: {
          networkInterfaceConfigurations: [
            {
              name,
              properties: {
                primary: true,
                ipConfigurations: [
                  {
                    name: 'ipconfig1',
                    properties: { subnet: { id: `${networkOfNodes(cluster)}/subnets/aks-subnet` } },
                  },
                ],
              },
            },
          ],
        },
      },
    },
  };
}
