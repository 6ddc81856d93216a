/** ARM ids: how they are made, compared and placed under one another. */
import type { ManagedCluster, Registry, Subscription } from './model.js';

export const CLUSTER_TYPE = 'Microsoft.ContainerService/managedClusters';
export const REGISTRY_TYPE = 'Microsoft.ContainerRegistry/registries';
export const ROLE_ASSIGNMENT_TYPE = 'Microsoft.Authorization/roleAssignments';
export const ROLE_DEFINITION_TYPE = 'Microsoft.Authorization/roleDefinitions';

export function subscriptionId(subscription: string): string {
  return `/subscriptions/${subscription}`;
}

export function resourceGroupId(subscription: string, resourceGroup: string): string {
  return `${subscriptionId(subscription)}/resourceGroups/${resourceGroup}`;
}

export function clusterId(
  cluster: Pick<ManagedCluster, 'subscriptionId' | 'resourceGroup' | 'name'>,
): string {
  return `${resourceGroupId(cluster.subscriptionId, cluster.resourceGroup)}/providers/${CLUSTER_TYPE}/${cluster.name}`;
}

export function registryId(registry: Pick<Registry, 'subscriptionId' | 'resourceGroup' | 'name'>): string {
  return `${resourceGroupId(registry.subscriptionId, registry.resourceGroup)}/providers/${REGISTRY_TYPE}/${registry.name}`;
}

/** `/subscriptions/…/roleDefinitions/<guid>`, or tenant-wide without a subscription. */
export function roleDefinitionId(role: string, subscription?: string): string {
  return `${subscription === undefined ? '' : subscriptionId(subscription)}/providers/${ROLE_DEFINITION_TYPE}/${role}`;
}

export function roleAssignmentId(scope: string, name: string): string {
  return `${scope === '/' ? '' : scope}/providers/${ROLE_ASSIGNMENT_TYPE}/${name}`;
}

/** The last part of an id. */
export function lastPart(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1);
}

/** Whether two names or ids are the same to ARM, which does not look at case. */
export function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** The subscription GUID in an id, in lower case. */
export function subscriptionOf(id: string): string | undefined {
  return /^\/subscriptions\/([^/]+)/i.exec(id)?.[1]?.toLowerCase();
}

/**
 * Whether `id` is `scope` or lies under it. Management groups hold the subscriptions that name them; `/` holds all.
 * Source: https://learn.microsoft.com/azure/role-based-access-control/scope-overview
 */
export function isWithin(id: string, scope: string, subscriptions: readonly Subscription[]): boolean {
  if (scope === '/') return true;
  const low = id.toLowerCase();
  const above = scope.toLowerCase().replace(/\/+$/, '');
  if (low === above || low.startsWith(`${above}/`)) return true;
  const group = MANAGEMENT_GROUP.exec(above)?.[1];
  if (group === undefined) return false;
  const subscription = subscriptions.find((candidate) => candidate.id.toLowerCase() === subscriptionOf(low));
  return subscription?.managementGroups.some((name) => name.toLowerCase() === group) ?? false;
}

const MANAGEMENT_GROUP = /^\/providers\/microsoft\.management\/managementgroups\/([^/]+)$/;
