/** Azure roles: which let someone pull, in which registry mode. */
import { permits } from './permissions.js';
import type { Operation, Permission } from './permissions.js';
import type { RoleAssignmentMode } from './registry.js';

export interface Role {
  /** Lower-case GUID. */
  guid: string;
  name: string;
  permissions: readonly Permission[];
}

const PULL = 'Microsoft.ContainerRegistry/registries/pull/read';
export const CONTENT_READ = 'Microsoft.ContainerRegistry/registries/repositories/content/read';
export const METADATA_READ = 'Microsoft.ContainerRegistry/registries/repositories/metadata/read';
export const CONTENT_WRITE = 'Microsoft.ContainerRegistry/registries/repositories/content/write';
export const CONTENT_DELETE = 'Microsoft.ContainerRegistry/registries/repositories/content/delete';

/** Operations that let someone pull when all of them are given. */
export interface Way {
  kind: Operation['kind'];
  needed: readonly string[];
}

/**
 * All that a principal needs in order to pull, by the registry's mode
 * (https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions).
 */
export const NEEDED: Readonly<Record<RoleAssignmentMode, readonly Way[]>> = {
  LegacyRegistryPermissions: [{ kind: 'actions', needed: [PULL] }],
  AbacRepositoryPermissions: [{ kind: 'dataActions', needed: [CONTENT_READ, METADATA_READ] }],
  // Either may be what counts, so nothing less than both is enough, and something is needed of each.
  unknown: [
    { kind: 'actions', needed: [PULL] },
    { kind: 'dataActions', needed: [CONTENT_READ, METADATA_READ] },
  ],
};

/** A built-in role, short. */
function builtIn(guid: string, name: string, permission: Partial<Permission>): Role {
  const none: Permission = { actions: [], notActions: [], dataActions: [], notDataActions: [] };
  return { guid, name, permissions: [{ ...none, ...permission }] };
}

const registry = (...names: string[]): string[] =>
  names.map((name) => `Microsoft.ContainerRegistry/registries/${name}`);

export const ACR_PULL = builtIn('7f951dda-4ed3-4680-a7ca-43fe172d538d', 'AcrPull', { actions: [PULL] });
export const REPOSITORY_READER = builtIn(
  'b93aa761-3e63-49ed-ac28-beffa264f7ac',
  'Container Registry Repository Reader',
  { dataActions: [METADATA_READ, CONTENT_READ] },
);

/**
 * Built-in roles that a kubelet identity is often found with, so that they need no request. Permissions as served:
 * recording roleDefinitions.real.json. Only what bears on registries is kept of the wildcard roles' notActions.
 */
const BUILT_IN: readonly Role[] = [
  ACR_PULL,
  REPOSITORY_READER,
  builtIn('8311e382-0749-4cb8-b61a-304f252e45ec', 'AcrPush', { actions: [PULL, ...registry('push/write')] }),
  builtIn('c2f4ef07-c644-48eb-af81-4b1b4947fb11', 'AcrDelete', { actions: registry('artifacts/delete') }),
  builtIn('2a1e307c-b015-4ebd-883e-5b7698a07328', 'Container Registry Repository Writer', {
    dataActions: registry(
      'repositories/metadata/read',
      'repositories/content/read',
      'repositories/metadata/write',
      'repositories/content/write',
    ),
  }),
  builtIn('bfdb9389-c9a5-478a-bb2f-ba9ca092c3c7', 'Container Registry Repository Catalog Lister', {
    dataActions: registry('catalog/read'),
  }),
  builtIn('acdd72a7-3385-48ef-bd42-f606fba81ae7', 'Reader', { actions: ['*/read'] }),
  builtIn('8e3af657-a8ff-443c-a75c-2fe8c4bcb635', 'Owner', { actions: ['*'] }),
  builtIn('b24988ac-6180-42a0-ab88-20f7382dd24c', 'Contributor', {
    actions: ['*'],
    notActions: [
      'Microsoft.Authorization/*/Delete',
      'Microsoft.Authorization/*/Write',
      'Microsoft.Authorization/elevateAccess/Action',
    ],
  }),
];

const BY_GUID: ReadonlyMap<string, Role> = new Map(BUILT_IN.map((role) => [role.guid, role]));

/** The built-in role with this GUID, if it is one whose permissions are known here. */
export function knownRole(guid: string): Role | undefined {
  return BY_GUID.get(guid.toLowerCase());
}

/** The role that a registry in this mode wants; undefined while the mode is unknown. */
export function pullRole(mode: RoleAssignmentMode): Role | undefined {
  const byMode: Record<RoleAssignmentMode, Role | undefined> = {
    LegacyRegistryPermissions: ACR_PULL,
    AbacRepositoryPermissions: REPOSITORY_READER,
    unknown: undefined,
  };
  return byMode[mode];
}

/** Whether a role gives an operation. */
export function givesOperation(role: Role, operation: Operation): boolean {
  return role.permissions.some((permission) => permits(permission, operation));
}

/** Which of the needed operations a role gives. */
export function gives(role: Role, kind: Operation['kind'], needed: readonly string[]): string[] {
  return needed.filter((name) => givesOperation(role, { kind, name }));
}
