/** Which other clusters use a kubelet identity: a user-assigned one may be given to several. */
import { asText, at } from '../json.js';
import type { Arm } from './arm.js';
import { parseArmId, sameId } from './arm-id.js';
import type { Cluster } from './cluster.js';
import { queryResources } from './resource-graph.js';

/** Names of so many clusters are told. */
const MOST = 20;

/**
 * Whether others may use a cluster's kubelet identity: the one that AKS makes stands among the cluster's nodes
 * (https://learn.microsoft.com/azure/aks/use-managed-identity), one of somebody's own elsewhere.
 */
export function mayBeShared({ identity, nodeResourceGroup }: Cluster): boolean {
  if (identity.kind !== 'managed-identity' || identity.resourceId === undefined) return false;
  return parseArmId(identity.resourceId)?.resourceGroup.toLowerCase() !== nodeResourceGroup?.toLowerCase();
}

/**
 * Asks Resource Graph, with one request, for the clusters of all subscriptions that use the same managed identity. It
 * shows what this login can read, and late.
 *
 * @returns names with their resource groups; empty for a service principal, which Azure keeps no such list of
 * @throws {ArmError}
 */
export async function clustersSharing(arm: Arm, own: Cluster): Promise<string[]> {
  if (own.identity.kind !== 'managed-identity' || !/^[0-9a-f-]{36}$/.test(own.identity.objectId)) return [];
  const rows = await queryResources(
    arm,
    `Resources | where type =~ 'microsoft.containerservice/managedclusters' | where properties.identityProfile.kubeletidentity.objectId =~ '${own.identity.objectId}' | project id, name, resourceGroup`,
    `search other clusters with the kubelet identity of ${own.name}`,
  );
  return rows
    .flatMap((row) => {
      const [id, name] = [asText(at(row, 'id')), asText(at(row, 'name'))];
      if (id === undefined || name === undefined || sameId(id, own.id)) return [];
      return [`${name} (resource group ${asText(at(row, 'resourceGroup')) ?? 'unknown'})`];
    })
    .slice(0, MOST);
}
