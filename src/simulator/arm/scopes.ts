/** Scopes that role assignments and definitions are asked about: whether they exist. */
import { clusterId, registryId, same } from '../cloud/arm-id.js';
import type { CloudState } from '../cloud/model.js';
import { NotModelled } from '../net/exchange.js';
import { resourceNotFound } from './errors.js';
import { requireResourceGroup, requireSubscription } from './resources.js';

const RESOURCE = /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/(.+)\/([^/]+)$/i;
const GROUP = /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)$/i;
const SUBSCRIPTION = /^\/subscriptions\/([^/]+)$/i;
const MANAGEMENT_GROUP = /^\/providers\/Microsoft\.Management\/managementGroups\/([^/]+)$/i;

/** Throws ARM's own error when a scope is not there. */
export function requireScope(state: CloudState, scope: string): void {
  const [, subscription = '', group = '', type = '', name = ''] = RESOURCE.exec(scope) ?? [];
  if (subscription !== '') {
    requireResourceGroup(state, subscription, group);
    // Rights may be given in one namespace of a cluster (https://learn.microsoft.com/azure/aks/manage-azure-rbac).
    const resource = scope.replace(/(\/managedClusters\/[^/]+)\/namespaces\/[^/]+$/i, '$1');
    if (!resourceIds(state).some((id) => same(id, resource))) throw resourceNotFound(type, name, group);
    return;
  }
  const inGroup = GROUP.exec(scope);
  if (inGroup !== null) {
    requireResourceGroup(state, inGroup[1] ?? '', inGroup[2] ?? '');
    return;
  }
  const inSubscription = SUBSCRIPTION.exec(scope);
  if (inSubscription !== null) {
    requireSubscription(state, inSubscription[1] ?? '');
    return;
  }
  const managementGroup = MANAGEMENT_GROUP.exec(scope)?.[1];
  const isKnown =
    scope === '/' ||
    (managementGroup !== undefined &&
      state.subscriptions.some((one) => one.managementGroups.some((known) => same(known, managementGroup))));
  if (!isKnown) throw new NotModelled(`The scope ${scope} isn't.`);
}

function resourceIds(state: CloudState): string[] {
  return [
    ...state.clusters.map(clusterId),
    ...state.registries.map(registryId),
    ...(state.otherResources ?? []),
    ...state.principals.flatMap(({ resourceId }) => (resourceId === undefined ? [] : [resourceId])),
  ];
}
