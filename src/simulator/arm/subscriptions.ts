/** Microsoft.Resources: subscriptions and the generic list of resources (recording: registries.LIST.json). */
import {
  CLUSTER_TYPE,
  clusterId,
  REGISTRY_TYPE,
  registryId,
  same,
  resourceGroupId,
  subscriptionId,
} from '../cloud/arm-id.js';
import type { Subscription } from '../cloud/model.js';
import type { SimulatorContext } from '../context.js';
import { NotModelled } from '../net/exchange.js';
import { listScope, ok, parameter } from './call.js';
import type { Route } from './call.js';
import {
  groupPath,
  knownSubscriptions,
  requireResourceGroup,
  requireSubscription,
  subscriptionPath,
  visible,
} from './resources.js';

export function subscriptionRoutes(context: SimulatorContext): Route[] {
  const { state } = context;
  return [
    {
      name: 'GET subscriptions',
      method: 'GET',
      path: '/subscriptions',
      since: '2016-06-01',
      source: 'docs: subscriptions REST reference',
      answer({ caller }) {
        const value = knownSubscriptions(context, caller.objectId).map((one) =>
          subscriptionBody(one, state.tenantId),
        );
        return ok({ value, count: { type: 'Total', value: value.length } });
      },
    },
    {
      name: 'GET subscription',
      method: 'GET',
      path: subscriptionPath,
      since: '2016-06-01',
      source: 'docs: subscriptions REST reference',
      demand: (call) => ({ action: 'Microsoft.Resources/subscriptions/read', scope: call.path }),
      answer: (call) =>
        ok(subscriptionBody(requireSubscription(state, parameter(call, 'subscription')), state.tenantId)),
    },
    {
      name: 'GET resourceGroup',
      method: 'GET',
      path: groupPath,
      since: '2016-06-01',
      source: 'docs: resource-groups REST reference',
      demand: (call) => ({
        action: 'Microsoft.Resources/subscriptions/resourceGroups/read',
        scope: call.path,
      }),
      answer(call) {
        const [subscription, group] = [parameter(call, 'subscription'), parameter(call, 'group')];
        requireResourceGroup(state, subscription, group);
        const found = requireSubscription(state, subscription).resourceGroups.find(({ name }) =>
          same(name, group),
        );
        return ok({
          id: resourceGroupId(subscription, found?.name ?? group),
          name: found?.name,
          type: 'Microsoft.Resources/resourceGroups',
          location: found?.location,
          properties: { provisioningState: 'Succeeded' },
        });
      },
    },
    {
      name: 'GET resources of a subscription',
      method: 'GET',
      path: `${subscriptionPath}/resources`,
      since: '2016-06-01',
      source: 'recording: registries.LIST.json',
      answer(call) {
        const type = resourceType(call.query.get('$filter') ?? '');
        const subscription = parameter(call, 'subscription');
        const resources = genericResources(context).filter(
          (resource) => same(resource.type, type) && same(resource.subscription, subscription),
        );
        const read = `${type}/read`;
        const value = visible(context, call, listScope(call), resources, ({ body }) => body.id, read);
        return ok({ value: value.map(({ body }) => body) });
      },
    },
  ];
}

/** Microsoft.Resources/subscriptions at 2022-12-01 and earlier (Azure/azure-rest-api-specs, subscriptions.json). */
function subscriptionBody({ id, name, disabled = false }: Subscription, tenantId: string): object {
  return {
    id: subscriptionId(id),
    authorizationSource: 'RoleBased',
    managedByTenants: [],
    subscriptionId: id,
    tenantId,
    displayName: name,
    state: disabled ? 'Disabled' : 'Enabled',
    subscriptionPolicies: {
      locationPlacementId: 'Public_2014-09-01',
      quotaId: 'PayAsYouGo_2014-09-01',
      spendingLimit: 'Off',
    },
  };
}

const MODELLED_TYPES = [CLUSTER_TYPE, REGISTRY_TYPE];

function resourceType(filter: string): string {
  const type = /^\s*resourceType\s+eq\s+'([^']+)'\s*$/i.exec(filter)?.[1];
  const known = MODELLED_TYPES.find((one) => same(one, type ?? ''));
  if (known === undefined) throw new NotModelled(`The filter of resources "${filter}" isn't.`);
  return known;
}

/** This list holds no properties: no login server, no fqdn. */
function genericResources({ state }: SimulatorContext): {
  type: string;
  subscription: string;
  body: { id: string };
}[] {
  return [
    ...state.registries.map((registry) => ({
      type: REGISTRY_TYPE,
      subscription: registry.subscriptionId,
      body: {
        id: registryId(registry),
        name: registry.name,
        type: REGISTRY_TYPE,
        sku: { name: registry.sku, tier: registry.sku },
        location: registry.location,
        tags: {},
      },
    })),
    ...state.clusters.map((cluster) => ({
      type: CLUSTER_TYPE,
      subscription: cluster.subscriptionId,
      body: { id: clusterId(cluster), name: cluster.name, type: CLUSTER_TYPE, location: cluster.location },
    })),
  ];
}
