/**
 * The built-in roles that matter to clusters, registries and whoever connects them: ids and permissions as Azure serves
 * them (recording: roleDefinitions.real.json).
 */
import type { Permission, RoleDefinition } from './model.js';

type BuiltIn = { name: string; roleName: string } & Partial<Permission>;

const BUILT_IN: readonly BuiltIn[] = [
  {
    name: '8e3af657-a8ff-443c-a75c-2fe8c4bcb635',
    roleName: 'Owner',
    actions: ['*'],
  },
  {
    name: 'b24988ac-6180-42a0-ab88-20f7382dd24c',
    roleName: 'Contributor',
    actions: ['*'],
    notActions: [
      'Microsoft.Authorization/*/Delete',
      'Microsoft.Authorization/*/Write',
      'Microsoft.Authorization/elevateAccess/Action',
      'Microsoft.Blueprint/blueprintAssignments/write',
      'Microsoft.Blueprint/blueprintAssignments/delete',
      'Microsoft.Compute/galleries/share/action',
      'Microsoft.Purview/consents/write',
      'Microsoft.Purview/consents/delete',
      'Microsoft.Resources/deploymentStacks/manageDenySetting/action',
      'Microsoft.Subscription/cancel/action',
      'Microsoft.Subscription/enable/action',
    ],
  },
  {
    name: 'acdd72a7-3385-48ef-bd42-f606fba81ae7',
    roleName: 'Reader',
    actions: ['*/read'],
  },
  {
    name: '18d7d88d-d35e-4fb5-a5c3-7773c20a72d9',
    roleName: 'User Access Administrator',
    actions: ['*/read', 'Microsoft.Authorization/*', 'Microsoft.Support/*'],
  },
  {
    name: 'f58310d9-a9f6-439a-9e8d-f62e7b41a168',
    roleName: 'Role Based Access Control Administrator',
    actions: [
      'Microsoft.Authorization/roleAssignments/write',
      'Microsoft.Authorization/roleAssignments/delete',
      '*/read',
      'Microsoft.Support/*',
    ],
  },
  {
    name: '7f951dda-4ed3-4680-a7ca-43fe172d538d',
    roleName: 'AcrPull',
    actions: ['Microsoft.ContainerRegistry/registries/pull/read'],
  },
  {
    name: '8311e382-0749-4cb8-b61a-304f252e45ec',
    roleName: 'AcrPush',
    actions: [
      'Microsoft.ContainerRegistry/registries/pull/read',
      'Microsoft.ContainerRegistry/registries/push/write',
    ],
  },
  {
    name: 'c2f4ef07-c644-48eb-af81-4b1b4947fb11',
    roleName: 'AcrDelete',
    actions: ['Microsoft.ContainerRegistry/registries/artifacts/delete'],
  },
  {
    name: 'b93aa761-3e63-49ed-ac28-beffa264f7ac',
    roleName: 'Container Registry Repository Reader',
    dataActions: [
      'Microsoft.ContainerRegistry/registries/repositories/metadata/read',
      'Microsoft.ContainerRegistry/registries/repositories/content/read',
    ],
  },
  {
    name: '2a1e307c-b015-4ebd-883e-5b7698a07328',
    roleName: 'Container Registry Repository Writer',
    dataActions: [
      'Microsoft.ContainerRegistry/registries/repositories/metadata/read',
      'Microsoft.ContainerRegistry/registries/repositories/content/read',
      'Microsoft.ContainerRegistry/registries/repositories/metadata/write',
      'Microsoft.ContainerRegistry/registries/repositories/content/write',
    ],
  },
  {
    name: '2efddaa5-3f1f-4df3-97df-af3f13818f4c',
    roleName: 'Container Registry Repository Contributor',
    dataActions: [
      'Microsoft.ContainerRegistry/registries/repositories/metadata/read',
      'Microsoft.ContainerRegistry/registries/repositories/content/read',
      'Microsoft.ContainerRegistry/registries/repositories/metadata/write',
      'Microsoft.ContainerRegistry/registries/repositories/content/write',
      'Microsoft.ContainerRegistry/registries/repositories/metadata/delete',
      'Microsoft.ContainerRegistry/registries/repositories/content/delete',
    ],
  },
  {
    name: 'bfdb9389-c9a5-478a-bb2f-ba9ca092c3c7',
    roleName: 'Container Registry Repository Catalog Lister',
    dataActions: ['Microsoft.ContainerRegistry/registries/catalog/read'],
  },
  {
    name: '577a9874-89fd-4f24-9dbd-b5034d0ad23a',
    roleName: 'Container Registry Data Importer and Data Reader',
    actions: [
      'Microsoft.ContainerRegistry/registries/importImage/action',
      'Microsoft.ContainerRegistry/registries/read',
      'Microsoft.ContainerRegistry/registries/pull/read',
    ],
    dataActions: [
      'Microsoft.ContainerRegistry/registries/repositories/content/read',
      'Microsoft.ContainerRegistry/registries/repositories/metadata/read',
      'Microsoft.ContainerRegistry/registries/catalog/read',
    ],
  },
  {
    name: '4abbcc35-e782-43d8-92c5-2d3f1bd2253f',
    roleName: 'Azure Kubernetes Service Cluster User Role',
    actions: [
      'Microsoft.ContainerService/managedClusters/listClusterUserCredential/action',
      'Microsoft.ContainerService/managedClusters/read',
    ],
  },
  {
    name: '0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8',
    roleName: 'Azure Kubernetes Service Cluster Admin Role',
    actions: [
      'Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action',
      'Microsoft.ContainerService/managedClusters/accessProfiles/listCredential/action',
      'Microsoft.ContainerService/managedClusters/read',
      'Microsoft.ContainerService/managedClusters/runcommand/action',
    ],
  },
  {
    name: 'ed7f3fbd-7b88-4dd4-9017-9adb7ce333f8',
    roleName: 'Azure Kubernetes Service Contributor Role',
    actions: [
      'Microsoft.Authorization/*/read',
      'Microsoft.ContainerService/locations/*',
      'Microsoft.ContainerService/managedClusters/*',
      'Microsoft.ContainerService/managedclustersnapshots/*',
      'Microsoft.ContainerService/snapshots/*',
      'Microsoft.Insights/alertRules/*',
      'Microsoft.Resources/deployments/*',
      'Microsoft.Resources/subscriptions/resourceGroups/read',
      'Microsoft.ContainerService/deploymentSafeguards/*',
    ],
  },
  {
    name: 'b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b',
    roleName: 'Azure Kubernetes Service RBAC Cluster Admin',
    actions: [
      'Microsoft.Authorization/*/read',
      'Microsoft.Resources/subscriptions/operationresults/read',
      'Microsoft.Resources/subscriptions/read',
      'Microsoft.Resources/subscriptions/resourceGroups/read',
      'Microsoft.ContainerService/managedClusters/listClusterUserCredential/action',
    ],
    dataActions: ['Microsoft.ContainerService/managedClusters/*'],
  },
  {
    name: '3498e952-d568-435e-9b2c-8d77e338d7f7',
    roleName: 'Azure Kubernetes Service RBAC Admin',
    actions: [
      'Microsoft.Authorization/*/read',
      'Microsoft.Resources/subscriptions/operationresults/read',
      'Microsoft.Resources/subscriptions/read',
      'Microsoft.Resources/subscriptions/resourceGroups/read',
      'Microsoft.ContainerService/managedClusters/listClusterUserCredential/action',
    ],
    dataActions: ['Microsoft.ContainerService/managedClusters/*'],
    notDataActions: [
      'Microsoft.ContainerService/managedClusters/resourcequotas/write',
      'Microsoft.ContainerService/managedClusters/resourcequotas/delete',
      'Microsoft.ContainerService/managedClusters/namespaces/write',
      'Microsoft.ContainerService/managedClusters/namespaces/delete',
    ],
  },
  {
    name: 'a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb',
    roleName: 'Azure Kubernetes Service RBAC Writer',
    actions: [
      'Microsoft.Authorization/*/read',
      'Microsoft.Resources/subscriptions/operationresults/read',
      'Microsoft.Resources/subscriptions/read',
      'Microsoft.Resources/subscriptions/resourceGroups/read',
    ],
    dataActions: [
      'Microsoft.ContainerService/managedClusters/apps/controllerrevisions/read',
      'Microsoft.ContainerService/managedClusters/apps/daemonsets/*',
      'Microsoft.ContainerService/managedClusters/apps/deployments/*',
      'Microsoft.ContainerService/managedClusters/apps/replicasets/*',
      'Microsoft.ContainerService/managedClusters/apps/statefulsets/*',
      'Microsoft.ContainerService/managedClusters/autoscaling/horizontalpodautoscalers/*',
      'Microsoft.ContainerService/managedClusters/batch/cronjobs/*',
      'Microsoft.ContainerService/managedClusters/coordination.k8s.io/leases/read',
      'Microsoft.ContainerService/managedClusters/coordination.k8s.io/leases/write',
      'Microsoft.ContainerService/managedClusters/coordination.k8s.io/leases/delete',
      'Microsoft.ContainerService/managedClusters/discovery.k8s.io/endpointslices/read',
      'Microsoft.ContainerService/managedClusters/batch/jobs/*',
      'Microsoft.ContainerService/managedClusters/configmaps/*',
      'Microsoft.ContainerService/managedClusters/endpoints/*',
      'Microsoft.ContainerService/managedClusters/events.k8s.io/events/read',
      'Microsoft.ContainerService/managedClusters/events/*',
      'Microsoft.ContainerService/managedClusters/extensions/daemonsets/*',
      'Microsoft.ContainerService/managedClusters/extensions/deployments/*',
      'Microsoft.ContainerService/managedClusters/extensions/ingresses/*',
      'Microsoft.ContainerService/managedClusters/extensions/networkpolicies/*',
      'Microsoft.ContainerService/managedClusters/extensions/replicasets/*',
      'Microsoft.ContainerService/managedClusters/limitranges/read',
      'Microsoft.ContainerService/managedClusters/metrics.k8s.io/pods/read',
      'Microsoft.ContainerService/managedClusters/metrics.k8s.io/nodes/read',
      'Microsoft.ContainerService/managedClusters/namespaces/read',
      'Microsoft.ContainerService/managedClusters/networking.k8s.io/ingresses/*',
      'Microsoft.ContainerService/managedClusters/networking.k8s.io/networkpolicies/*',
      'Microsoft.ContainerService/managedClusters/persistentvolumeclaims/*',
      'Microsoft.ContainerService/managedClusters/pods/*',
      'Microsoft.ContainerService/managedClusters/policy/poddisruptionbudgets/*',
      'Microsoft.ContainerService/managedClusters/replicationcontrollers/*',
      'Microsoft.ContainerService/managedClusters/resourcequotas/read',
      'Microsoft.ContainerService/managedClusters/secrets/*',
      'Microsoft.ContainerService/managedClusters/serviceaccounts/*',
      'Microsoft.ContainerService/managedClusters/services/*',
    ],
  },
  {
    name: '7f6c6a51-bcf8-42ba-9220-52d62157d7db',
    roleName: 'Azure Kubernetes Service RBAC Reader',
    actions: [
      'Microsoft.Authorization/*/read',
      'Microsoft.Resources/subscriptions/operationresults/read',
      'Microsoft.Resources/subscriptions/read',
      'Microsoft.Resources/subscriptions/resourceGroups/read',
    ],
    dataActions: [
      'Microsoft.ContainerService/managedClusters/apps/controllerrevisions/read',
      'Microsoft.ContainerService/managedClusters/apps/daemonsets/read',
      'Microsoft.ContainerService/managedClusters/apps/deployments/read',
      'Microsoft.ContainerService/managedClusters/apps/replicasets/read',
      'Microsoft.ContainerService/managedClusters/apps/statefulsets/read',
      'Microsoft.ContainerService/managedClusters/autoscaling/horizontalpodautoscalers/read',
      'Microsoft.ContainerService/managedClusters/batch/cronjobs/read',
      'Microsoft.ContainerService/managedClusters/batch/jobs/read',
      'Microsoft.ContainerService/managedClusters/configmaps/read',
      'Microsoft.ContainerService/managedClusters/discovery.k8s.io/endpointslices/read',
      'Microsoft.ContainerService/managedClusters/endpoints/read',
      'Microsoft.ContainerService/managedClusters/events.k8s.io/events/read',
      'Microsoft.ContainerService/managedClusters/events/read',
      'Microsoft.ContainerService/managedClusters/extensions/daemonsets/read',
      'Microsoft.ContainerService/managedClusters/extensions/deployments/read',
      'Microsoft.ContainerService/managedClusters/extensions/ingresses/read',
      'Microsoft.ContainerService/managedClusters/extensions/networkpolicies/read',
      'Microsoft.ContainerService/managedClusters/extensions/replicasets/read',
      'Microsoft.ContainerService/managedClusters/limitranges/read',
      'Microsoft.ContainerService/managedClusters/metrics.k8s.io/pods/read',
      'Microsoft.ContainerService/managedClusters/metrics.k8s.io/nodes/read',
      'Microsoft.ContainerService/managedClusters/namespaces/read',
      'Microsoft.ContainerService/managedClusters/networking.k8s.io/ingresses/read',
      'Microsoft.ContainerService/managedClusters/networking.k8s.io/networkpolicies/read',
      'Microsoft.ContainerService/managedClusters/persistentvolumeclaims/read',
      'Microsoft.ContainerService/managedClusters/pods/read',
      'Microsoft.ContainerService/managedClusters/policy/poddisruptionbudgets/read',
      'Microsoft.ContainerService/managedClusters/replicationcontrollers/read',
      'Microsoft.ContainerService/managedClusters/resourcequotas/read',
      'Microsoft.ContainerService/managedClusters/serviceaccounts/read',
      'Microsoft.ContainerService/managedClusters/services/read',
    ],
  },
  {
    name: 'f1a07417-d97a-45cb-824c-7a7467783830',
    roleName: 'Managed Identity Operator',
    actions: [
      'Microsoft.ManagedIdentity/userAssignedIdentities/*/read',
      'Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action',
      'Microsoft.Authorization/*/read',
      'Microsoft.Insights/alertRules/*',
      'Microsoft.Resources/subscriptions/resourceGroups/read',
      'Microsoft.Resources/deployments/*',
      'Microsoft.Support/*',
    ],
  },
];

/** Every built-in role that is modelled. Descriptions are the role's name: nothing decides on them. */
export function builtInRoles(): RoleDefinition[] {
  return BUILT_IN.map(({ name, roleName, ...permission }) => ({
    name,
    roleName,
    description: roleName,
    type: 'BuiltInRole',
    permissions: [permissionOf(permission)],
    assignableScopes: ['/'],
  }));
}

/** A permission with the lists that were left out. */
export function permissionOf(parts: Partial<Permission>): Permission {
  return { actions: [], notActions: [], dataActions: [], notDataActions: [], ...parts };
}
