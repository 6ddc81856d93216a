/**
 * The rights that the product asks of its login: which, where, what for, and in which runs. The one table: the tables of
 * docs/permissions.md, the role that a refusal advises and the tests of least roles are made of it.
 *
 * Which operation a request needs: https://learn.microsoft.com/azure/role-based-access-control/resource-provider-operations;
 * what built-in roles hold: recording roleDefinitions.real.json.
 */

/** Where a right is needed. */
export type Place =
  | 'cluster'
  | 'registry'
  | 'node resource group'
  | 'private endpoints of the registry'
  | 'their private DNS zones'
  | 'subscription of the cluster';

/** Runs with different needs. */
export type Task =
  | 'connect'
  | 'connect, no pull'
  | 'check'
  | 'check, no pull'
  | 'plan'
  | 'disconnect'
  | 'disconnect, cluster gone'
  | 'audit';

const ALL: readonly Task[] = ['connect', 'connect, no pull', 'check', 'check, no pull', 'plan', 'disconnect'];
const NOT_GONE: readonly Task[] = [...ALL, 'audit'];
const NOT_AUDIT: readonly Task[] = [...ALL, 'disconnect, cluster gone'];
const EVERY: readonly Task[] = [...NOT_AUDIT, 'audit'];
const PULLING: readonly Task[] = ['connect', 'check'];

/** What a run was told besides, that decides which rights it needs. */
export type Circumstance =
  | 'direct'
  | 'run command'
  | 'import-probe-image'
  | 'no image named, RBAC Registry Permissions'
  | 'no image named, ABAC Repository Permissions';

export interface Right {
  operation: string;
  /** Of the data of a resource, not of its management. */
  data?: true;
  at: Place;
  /** Completes "for …". */
  for: string;
  tasks: readonly Task[];
  /** Only then; absent: always. */
  when?: Circumstance;
  /** Not needed for a result: what is skipped, or less sure, without it. */
  without?: string;
}

const CLUSTER = 'Microsoft.ContainerService/managedClusters';
const REGISTRY = 'Microsoft.ContainerRegistry/registries';
const AUTHORIZATION = 'Microsoft.Authorization';

export const RIGHTS: readonly Right[] = [
  {
    operation: `${CLUSTER}/read`,
    at: 'cluster',
    for: 'the kubelet identity, pools, API server',
    tasks: NOT_GONE,
  },
  {
    operation: `${CLUSTER}/listClusterUserCredential/action`,
    at: 'cluster',
    for: 'reaching the API server',
    tasks: [...PULLING, 'audit'],
    when: 'direct',
  },
  {
    operation: `${CLUSTER}/runcommand/action`,
    at: 'cluster',
    for: 'running kubectl in the cluster',
    tasks: PULLING,
    when: 'run command',
  },
  {
    operation: `${CLUSTER}/commandResults/read`,
    at: 'cluster',
    for: 'what kubectl said',
    tasks: PULLING,
    when: 'run command',
  },
  {
    operation: `${REGISTRY}/read`,
    at: 'registry',
    for: 'login server, role assignment mode, network settings',
    tasks: EVERY,
  },
  {
    operation: `${AUTHORIZATION}/roleAssignments/read`,
    at: 'registry',
    for: 'who may pull, and why',
    tasks: NOT_AUDIT,
  },
  {
    operation: `${AUTHORIZATION}/roleAssignments/write`,
    at: 'registry',
    for: 'the grant',
    tasks: ['connect', 'connect, no pull'],
  },
  {
    operation: `${AUTHORIZATION}/roleAssignments/delete`,
    at: 'registry',
    for: 'removing the grant',
    tasks: ['disconnect', 'disconnect, cluster gone'],
  },
  {
    operation: `${REGISTRY}/importImage/action`,
    at: 'registry',
    for: 'copying the probe image',
    tasks: ['connect'],
    when: 'import-probe-image',
  },
  {
    operation: `${REGISTRY}/pull/read`,
    at: 'registry',
    for: 'choosing an image',
    tasks: PULLING,
    when: 'no image named, RBAC Registry Permissions',
  },
  ...['catalog/read', 'repositories/metadata/read', 'repositories/content/read'].map((name): Right => ({
    operation: `${REGISTRY}/${name}`,
    data: true,
    at: 'registry',
    for: 'choosing an image',
    tasks: PULLING,
    when: 'no image named, ABAC Repository Permissions',
  })),
  {
    operation: `${AUTHORIZATION}/roleAssignments/read`,
    at: 'registry',
    for: 'whether the way off an audit finds begins with a grant',
    tasks: ['audit'],
    without: 'its first step is to find that out',
  },
  {
    operation: `${AUTHORIZATION}/roleDefinitions/read`,
    at: 'registry',
    for: 'what custom roles give',
    tasks: EVERY,
    without: 'access that rests on a custom role is unknown',
  },
  {
    operation: `${AUTHORIZATION}/denyAssignments/read`,
    at: 'registry',
    for: 'deny assignments',
    tasks: EVERY,
    without: 'a deny assignment that keeps the identity from pulling is not seen',
  },
  {
    operation: 'Microsoft.Compute/virtualMachineScaleSets/read',
    at: 'node resource group',
    for: 'whether the nodes hold the kubelet identity, once a pull was refused though access is right',
    tasks: PULLING,
    without: 'the check of the scale sets is skipped',
  },
  {
    operation: 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups/read',
    at: 'private endpoints of the registry',
    for: "whether the nodes' network finds them, once a pull failed on the way to the registry",
    tasks: PULLING,
    without: 'the check of the private DNS zones is skipped',
  },
  {
    operation: 'Microsoft.Network/privateDnsZones/virtualNetworkLinks/read',
    at: 'their private DNS zones',
    for: 'the same',
    tasks: PULLING,
    without: 'the check of the private DNS zones is skipped',
  },
  {
    operation: `${CLUSTER}/read`,
    at: 'subscription of the cluster',
    for: 'other clusters that share the kubelet identity',
    tasks: ['connect', 'connect, no pull', 'plan', 'disconnect', 'disconnect, cluster gone'],
    without: 'sharing clusters that the login may not read are not named',
  },
];

/** The right that lets a login ask the directory who is who: for service principals, and for the groups that hold one. */
export const DIRECTORY_RIGHT =
  'the Microsoft Graph permission Application.Read.All, or the Entra role Directory Readers';

/** The rights without which a run comes to no result. */
export function neededRights(task: Task, circumstances: readonly Circumstance[] = ['direct']): Right[] {
  return RIGHTS.filter(
    ({ tasks, when, without }) =>
      without === undefined && tasks.includes(task) && (when === undefined || circumstances.includes(when)),
  );
}

export interface BuiltInRole {
  role: string;
  guid: string;
}

const READER = { role: 'Reader', guid: 'acdd72a7-3385-48ef-bd42-f606fba81ae7' };
const CLUSTER_USER = {
  role: 'Azure Kubernetes Service Cluster User Role',
  guid: '4abbcc35-e782-43d8-92c5-2d3f1bd2253f',
};
const ASSIGNER = {
  role: 'Role Based Access Control Administrator',
  guid: 'f58310d9-a9f6-439a-9e8d-f62e7b41a168',
};

/** Least built-in role for each right; the first that fits. */
const ROLES: readonly { operation: RegExp; role: BuiltInRole }[] = [
  {
    // The Cluster Admin Role may run a command, but not read its result (recording: roleDefinitions.real.json).
    operation: /^Microsoft\.ContainerService\/managedClusters\/(runcommand|commandResults)\//i,
    role: {
      role: 'Azure Kubernetes Service Contributor Role',
      guid: 'ed7f3fbd-7b88-4dd4-9017-9adb7ce333f8',
    },
  },
  { operation: /^Microsoft\.ContainerService\/managedClusters\//i, role: CLUSTER_USER },
  {
    // The one built-in role below Contributor that may import (recording: roleDefinitions.real.json).
    operation: /^Microsoft\.ContainerRegistry\/registries\/importImage\/action$/i,
    role: {
      role: 'Container Registry Data Importer and Data Reader',
      guid: '577a9874-89fd-4f24-9dbd-b5034d0ad23a',
    },
  },
  { operation: /^Microsoft\.Authorization\/roleAssignments\/(write|delete)$/i, role: ASSIGNER },
  { operation: /\/read$/i, role: READER },
];

/** The least built-in role with a right of management, for who lacks it. */
export function roleForAction(operation: string): BuiltInRole | undefined {
  return ROLES.find((one) => one.operation.test(operation))?.role;
}

/** The least built-in roles that hold rights, at each place. */
export function rolesHolding(rights: readonly Right[]): { at: Place; role: BuiltInRole }[] {
  const places: Place[] = ['cluster', 'registry'];
  return places.flatMap((at) => {
    const needed = rights.filter((right) => right.at === at);
    if (needed.length === 0) return [];
    // Every role that lets its holder do something lets them read there too (recording: roleDefinitions.real.json).
    const doing = needed.flatMap(({ operation }) =>
      operation.endsWith('/read') ? [] : (roleForAction(operation) ?? []),
    );
    return [...new Set(doing.length === 0 ? [READER] : doing)].map((role) => ({ at, role }));
  });
}

/**
 * The least built-in roles for a task where images are named and the API server is reached directly; at the cluster none
 * is least for run command, so there a custom role of {@link neededRights} is.
 */
export function leastRoles(task: Task): { at: Place; role: BuiltInRole }[] {
  return rolesHolding(neededRights(task));
}

/** Whether a role lets its holder assign roles: such a one is given under a condition (delegation.ts). */
export function assignsRoles({ guid }: BuiltInRole): boolean {
  return guid === ASSIGNER.guid;
}
