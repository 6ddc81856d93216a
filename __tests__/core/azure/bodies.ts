/** Bodies as ARM serves them, as small as can be. Shapes: recordings managedClusters.*, registries.*, roleAssignments.*. */
import { CLUSTER_ID, OBJECT_ID, REGISTRY_ID, SUBSCRIPTION } from '../support.js';

export const ROLE = {
  acrPull: '7f951dda-4ed3-4680-a7ca-43fe172d538d',
  repositoryReader: 'b93aa761-3e63-49ed-ac28-beffa264f7ac',
  reader: 'acdd72a7-3385-48ef-bd42-f606fba81ae7',
  acrDelete: 'c2f4ef07-c644-48eb-af81-4b1b4947fb11',
  custom: 'eeeeeeee-0000-4000-8000-000000000001',
} as const;

export const LEGACY = 'LegacyRegistryPermissions';
export const ABAC = 'AbacRepositoryPermissions';

export function clusterBody(
  properties: Record<string, unknown> = {},
  top: Record<string, unknown> = {},
): object {
  return {
    id: CLUSTER_ID.replace('resourceGroups', 'resourcegroups'),
    name: 'shop',
    location: 'westeurope',
    identity: { type: 'SystemAssigned' },
    ...top,
    properties: {
      provisioningState: 'Succeeded',
      powerState: { code: 'Running' },
      currentKubernetesVersion: '1.33.2',
      fqdn: 'Shop-1.hcp.westeurope.azmk8s.io',
      servicePrincipalProfile: { clientId: 'msi' },
      identityProfile: { kubeletidentity: { objectId: OBJECT_ID.toUpperCase(), clientId: OBJECT_ID } },
      agentPoolProfiles: [{ name: 'system', count: 1, osType: 'Linux', vmSize: 'Standard_D2s_v5' }],
      ...properties,
    },
  };
}

export function registryBody(
  properties: Record<string, unknown> = {},
  top: Record<string, unknown> = {},
): object {
  return {
    id: REGISTRY_ID,
    name: 'contoso',
    sku: { name: 'Premium' },
    ...top,
    properties: { loginServer: 'contoso.azurecr.io', roleAssignmentMode: LEGACY, ...properties },
  };
}

let made = 0;

/** One role assignment; its role is a built-in one's GUID. */
export function assignmentBody(
  role: string,
  properties: Record<string, unknown> = {},
): Record<string, unknown> & { id: string; name: string } {
  made += 1;
  const name = `00000000-0000-4000-8000-${String(made).padStart(12, '0')}`;
  const scope = typeof properties.scope === 'string' ? properties.scope : REGISTRY_ID;
  return {
    id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
    name,
    type: 'Microsoft.Authorization/roleAssignments',
    properties: {
      roleDefinitionId: `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
      principalId: OBJECT_ID,
      principalType: 'ServicePrincipal',
      scope,
      condition: null,
      conditionVersion: null,
      createdOn: '2025-11-03T10:00:00.1234567Z',
      updatedOn: '2025-11-03T10:00:00.1234567Z',
      description: null,
      ...properties,
    },
  };
}

export function roleBody(roleName: string, permission: Record<string, string[]>): object {
  return {
    name: ROLE.custom,
    properties: {
      roleName,
      type: 'CustomRole',
      permissions: [{ actions: [], notActions: [], dataActions: [], notDataActions: [], ...permission }],
    },
  };
}

export const armError = (code: string, message: string): object => ({ error: { code, message } });
