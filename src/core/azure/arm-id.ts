/**
 * ARM resource ids. They are compared in any casing, everywhere, through {@link sameId}: bodies hold `/resourcegroups/`,
 * Location headers `managedclusters` (recording: managedClusters.GET.variants.json).
 */

export interface ArmId {
  subscriptionId: string;
  resourceGroup: string;
  name: string;
}

/** The parts of a resource's id; undefined when it isn't the id of a resource in a resource group. */
export function parseArmId(id: string): ArmId | undefined {
  const parts =
    /^\/*subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/[^/]+\/[^/]+\/([^/]+)\/?$/i.exec(id);
  if (parts === null) return undefined;
  const [, subscriptionId = '', resourceGroup = '', name = ''] = parts;
  return { subscriptionId, resourceGroup, name };
}

/** One spelling of an id: lower-case, one leading slash, none at the end. */
export function canonicalId(id: string): string {
  return `/${id.replace(/^\/+|\/+$/g, '').toLowerCase()}`;
}

/** Whether two ids name the same thing. */
export function sameId(one: string, other: string): boolean {
  return canonicalId(one) === canonicalId(other);
}

/** Whether two resources are of one subscription. */
export function inSameSubscription(one: string, other: string): boolean {
  const [of, ofOther] = [one, other].map((id) => canonicalId(id).split('/')[2]);
  return of === ofOther;
}

/**
 * Whether what is made at a scope holds at another one: it is the same, or above. Management groups are taken to be above:
 * ARM lists none that isn't.
 */
export function reachesScope(madeAt: string, scope: string): boolean {
  const above = canonicalId(madeAt);
  const here = canonicalId(scope);
  return (
    above === '/' ||
    above === here ||
    here.startsWith(`${above}/`) ||
    above.startsWith('/providers/microsoft.management/')
  );
}

/** The last part of an id: for a role definition or assignment, its GUID, lower-case. */
export function lastPart(id: string): string {
  const canonical = canonicalId(id);
  return canonical.slice(canonical.lastIndexOf('/') + 1);
}

export function clusterId(ref: { subscriptionId: string; resourceGroup: string; name: string }): string {
  return `/subscriptions/${ref.subscriptionId}/resourceGroups/${ref.resourceGroup}/providers/Microsoft.ContainerService/managedClusters/${ref.name}`;
}

export function registryId(ref: { subscriptionId: string; resourceGroup: string; name: string }): string {
  return `/subscriptions/${ref.subscriptionId}/resourceGroups/${ref.resourceGroup}/providers/Microsoft.ContainerRegistry/registries/${ref.name}`;
}

export function roleDefinitionId(subscriptionId: string, guid: string): string {
  return `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${guid}`;
}
