/**
 * Microsoft.Network/publicIPAddresses: those by which clusters' nodes go out. Form:
 * https://learn.microsoft.com/rest/api/virtualnetwork/public-ip-addresses/get
 */
import { CLIENT_ADDRESS } from '../acr/answers.js';
import { resourceGroupId, same } from '../cloud/arm-id.js';
import { stableGuid } from '../cloud/ids.js';
import type { ManagedCluster } from '../cloud/model.js';
import type { SimulatorContext } from '../context.js';
import { ok, parameter, resourceId } from './call.js';
import type { Route } from './call.js';
import { resourceNotFound } from './errors.js';
import { groupPath } from './resources.js';

const TYPE = 'Microsoft.Network/publicIPAddresses';

/** ARM id of the one address that a cluster's load balancer goes out by; its name is an assumption: a GUID, as AKS gives it. */
export function outboundAddressId(
  cluster: Pick<ManagedCluster, 'subscriptionId' | 'nodeResourceGroup' | 'name'>,
): string {
  const { subscriptionId, nodeResourceGroup, name } = cluster;
  return `${resourceGroupId(subscriptionId, nodeResourceGroup)}/providers/${TYPE}/${stableGuid('outbound', name)}`;
}

export function publicAddressRoutes({ state }: SimulatorContext): Route[] {
  return [
    {
      name: 'GET publicIPAddress',
      method: 'GET',
      path: `${groupPath}/providers/${TYPE}/{name}`,
      since: '2018-11-01',
      source: 'docs: public-ip-addresses REST reference',
      demand: (call) => ({ action: `${TYPE}/read`, scope: resourceId(call) }),
      answer(call) {
        const cluster = state.clusters.find((one) => same(outboundAddressId(one), resourceId(call)));
        if (cluster === undefined)
          throw resourceNotFound(TYPE, parameter(call, 'name'), parameter(call, 'group'));
        const id = outboundAddressId(cluster);
        return ok({
          name: id.split('/').at(-1),
          id,
          type: TYPE,
          location: cluster.location,
          sku: { name: 'Standard', tier: 'Regional' },
          properties: {
            provisioningState: 'Succeeded',
            ipAddress: CLIENT_ADDRESS,
            publicIPAddressVersion: 'IPv4',
            publicIPAllocationMethod: 'Static',
          },
        });
      },
    },
  ];
}
