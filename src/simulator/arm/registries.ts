/** Microsoft.ContainerRegistry/registries (recordings: registries.GET.variants.json, registries.LIST.json, acr.abac.recording.json). */
import { REGISTRY_TYPE, registryId, same } from '../cloud/arm-id.js';
import { stableHex } from '../cloud/ids.js';
import type { Registry } from '../cloud/model.js';
import type { SimulatorContext } from '../context.js';
import type { Answer } from '../net/exchange.js';
import { isSince, listScope, ok, parameter, resourceId } from './call.js';
import type { Call, Route } from './call.js';
import { findInGroup, groupPath, requireResourceGroup, subscriptionPath, visible } from './resources.js';

const READ = `${REGISTRY_TYPE}/read`;
const COLLECTION = '/providers/Microsoft.ContainerRegistry/registries';
/** The oldest version that is recorded. */
const SINCE = '2017-10-01';

export function registryRoutes(context: SimulatorContext): Route[] {
  const { state } = context;
  const listed = (call: Call, registries: Registry[]): Answer =>
    answered(call, {
      value: visible(context, call, listScope(call), registries, registryId, READ).map((registry) =>
        registryBody(registry, call.apiVersion),
      ),
    });
  return [
    {
      name: 'GET registry',
      method: 'GET',
      path: `${groupPath}${COLLECTION}/{name}`,
      since: SINCE,
      source: 'recordings: registries.GET.variants.json, acr.abac.recording.json',
      demand: (call) => ({ action: READ, scope: resourceId(call) }),
      answer(call) {
        const found = findInGroup(state, call, state.registries, REGISTRY_TYPE);
        return answered(call, registryBody(found, call.apiVersion));
      },
    },
    {
      name: 'GET registries of a subscription',
      method: 'GET',
      path: `${subscriptionPath}${COLLECTION}`,
      since: SINCE,
      source: 'recording: registries.LIST.json',
      answer: (call) =>
        listed(
          call,
          state.registries.filter((registry) =>
            same(registry.subscriptionId, parameter(call, 'subscription')),
          ),
        ),
    },
    {
      name: 'GET registries of a resource group',
      method: 'GET',
      path: `${groupPath}${COLLECTION}`,
      since: SINCE,
      source: 'recording: registries.LIST.json',
      answer(call) {
        const [subscription, group] = [parameter(call, 'subscription'), parameter(call, 'group')];
        const within = state.registries.filter(
          (registry) => same(registry.subscriptionId, subscription) && same(registry.resourceGroup, group),
        );
        const answer = listed(call, within);
        requireResourceGroup(state, subscription, group);
        return answer;
      },
    },
  ];
}

function answered(call: Call, body: object): Answer {
  return ok(body, { 'api-supported-versions': call.apiVersion });
}

/** Form: containerregistry.json (PrivateEndpointConnection). Its name is an assumption. */
function connectionsOf(registry: Registry): object[] {
  const { privateEndpoint, name } = registry;
  if (privateEndpoint === undefined) return [];
  const type = `${REGISTRY_TYPE}/privateEndpointConnections`;
  const own = `${name}.${stableHex(32, 'private endpoint connection', name)}`;
  return [
    {
      id: `${registryId(registry)}/privateEndpointConnections/${own}`,
      name: own,
      type,
      properties: {
        privateEndpoint: { id: privateEndpoint.id },
        privateLinkServiceConnectionState: {
          status: 'Approved',
          description: 'Auto-Approved',
          actionsRequired: 'None',
        },
        provisioningState: 'Succeeded',
      },
    },
  ];
}

/**
 * A registry as it is served. Since when an api-version has a property: Azure/azure-rest-api-specs,
 * containerregistry/…/<version>/containerregistry.json; what an older one doesn't know is left out, the mode too.
 */
export function registryBody(registry: Registry, apiVersion: string): object {
  const { sku, creationDate } = registry;
  const since = (version: string, part: object): object => (isSince(apiVersion, version) ? part : {});
  const changed = creationDate.replace('Z', '+00:00');
  // Stable from 2025-11-01, in previews from 2025-03-01.
  const isPreview = apiVersion.endsWith('-preview');
  const tellsMode = isSince(apiVersion, '2025-11-01', '2025-03-01');
  return {
    sku: { name: sku, tier: sku },
    type: REGISTRY_TYPE,
    id: registryId(registry),
    name: registry.name,
    location: registry.location,
    tags: {},
    ...since('2019-12-01', {
      systemData: {
        createdBy: 'admin@contoso.com',
        createdByType: 'User',
        createdAt: changed,
        lastModifiedBy: 'admin@contoso.com',
        lastModifiedByType: 'User',
        lastModifiedAt: changed,
      },
    }),
    properties: {
      loginServer: registry.loginServer,
      creationDate,
      provisioningState: 'Succeeded',
      adminUserEnabled: false,
      ...(sku === 'Premium'
        ? {
            networkRuleSet: {
              defaultAction: registry.networkDefaultAction,
              // Told by versions before 2022-02-01-preview.
              ...(apiVersion < '2022-02-01' ? { virtualNetworkRules: [] } : {}),
              ipRules: (registry.ipRules ?? []).map((value) => ({ action: 'Allow', value })),
            },
          }
        : {}),
      ...since('2019-05-01', {
        policies: {
          quarantinePolicy: { status: 'disabled' },
          trustPolicy: { type: 'Notary', status: 'disabled' },
          retentionPolicy: { days: 7, lastUpdatedTime: changed, status: 'disabled' },
          ...since('2021-08-01', { exportPolicy: { status: 'enabled' } }),
          ...since('2022-02-01', {
            azureADAuthenticationAsArmPolicy: { status: registry.armAudienceTokens },
          }),
          // Of stable versions 2022-12-01 and 2023-07-01 tell it, and those from 2025-11-01 on don't.
          ...(isPreview || apiVersion < '2025'
            ? since('2022-02-01', {
                softDeletePolicy: { retentionDays: 7, lastUpdatedTime: changed, status: 'disabled' },
              })
            : {}),
        },
      }),
      ...since('2019-12-01', {
        encryption: { status: 'disabled' },
        dataEndpointEnabled: registry.dataEndpointEnabled,
        dataEndpointHostNames: registry.dataEndpointEnabled
          ? [registry.blobHost, ...(registry.replicaDataHosts ?? [])]
          : [],
        privateEndpointConnections: connectionsOf(registry),
        publicNetworkAccess: registry.publicNetworkAccess,
      }),
      ...since('2020-11-01', {
        networkRuleBypassOptions: registry.trustedServices === false ? 'None' : 'AzureServices',
        zoneRedundancy: 'Disabled',
        anonymousPullEnabled: registry.anonymousPullEnabled,
      }),
      ...(isPreview
        ? {
            ...since('2023-11-01', { metadataSearch: 'Disabled' }),
            ...since('2025-03-01', { autoGeneratedDomainNameLabelScope: 'Unsecure' }),
          }
        : {}),
      ...(tellsMode ? { roleAssignmentMode: registry.roleAssignmentMode } : {}),
    },
  };
}
