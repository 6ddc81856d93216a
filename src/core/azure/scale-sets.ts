/** The scale sets that a cluster's nodes are made of, and whether they hold its kubelet identity. */
import { asText, at } from '../json.js';
import type { Arm } from './arm.js';
import { sameId } from './arm-id.js';
import type { Cluster } from './cluster.js';

/** Stable, with `identity` as it is today: specification/compute of azure-rest-api-specs. */
export const SCALE_SET_API_VERSION = '2024-07-01';

export interface ScaleSet {
  name: string;
  holdsIdentity: boolean;
}

/**
 * Reads the scale sets of a cluster's nodes: empty where nodes are single machines (pools of the type VirtualMachines, node
 * auto-provisioning). Needs Microsoft.Compute/virtualMachineScaleSets/read at the node resource group.
 *
 * @returns undefined where Azure doesn't say which group that is, or the cluster has no managed kubelet identity
 * @throws {ArmError}
 */
export async function readScaleSets(arm: Arm, cluster: Cluster): Promise<ScaleSet[] | undefined> {
  const { identity, nodeResourceGroup, subscriptionId } = cluster;
  if (nodeResourceGroup === undefined || identity.kind !== 'managed-identity') return undefined;
  const listed = await arm.list(
    `/subscriptions/${subscriptionId}/resourceGroups/${nodeResourceGroup}/providers/Microsoft.Compute/virtualMachineScaleSets`,
    SCALE_SET_API_VERSION,
    `list the scale sets of cluster ${cluster.name} in ${nodeResourceGroup}`,
  );
  return listed.flatMap((body) => parseScaleSet(body, identity));
}

/**
 * A scale set's body → facts. `identity.userAssignedIdentities` is a record by ARM id of
 * `{principalId, clientId}` (azure-rest-api-specs, compute: VirtualMachineScaleSetIdentity).
 */
function parseScaleSet(body: unknown, identity: { objectId: string; resourceId?: string }): ScaleSet[] {
  const name = asText(at(body, 'name'));
  if (name === undefined) return [];
  const held = at(body, 'identity', 'userAssignedIdentities');
  const holdsIdentity = Object.entries(typeof held === 'object' && held !== null ? held : {}).some(
    ([id, one]) => {
      const principal = asText(at(one, 'principalId'))?.toLowerCase();
      // An identity that was deleted and made again has its old id, and another principal.
      return principal === undefined
        ? identity.resourceId !== undefined && sameId(id, identity.resourceId)
        : principal === identity.objectId;
    },
  );
  return [{ name, holdsIdentity }];
}
