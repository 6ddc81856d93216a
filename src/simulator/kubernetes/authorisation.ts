/** What a caller may do in a cluster. */
import type { SimulatorContext } from '../context.js';
import type { ManagedCluster } from '../cloud/model.js';
import type { User } from './authentication.js';
import type { PolicyRule } from './objects.js';
import { covers, grantsOf } from './rbac.js';
import type { Store } from './store.js';

/** A question about one resource, in Kubernetes' terms. */
export interface Attributes {
  /** get, list, watch, create, delete, deletecollection ... */
  verb: string;
  group: string;
  resource: string;
  subresource?: string | undefined;
  namespace?: string | undefined;
  name?: string | undefined;
}

export interface Authorisation {
  allowed: boolean;
  /** For the request log. */
  why: string;
  /** What the 403 adds after a colon. */
  reason?: string;
}

/**
 * Kubernetes verbs → the last part of an Azure data action
 * (github.com/Azure/guard authz/providers/azure/rbac/checkaccessreqhelper.go, getActionName; the built-in roles
 * "Azure Kubernetes Service RBAC Reader/Writer/Admin/Cluster Admin" are made of the same: recording roleDefinitions.real.json).
 */
const AZURE_VERBS: Record<string, string> = {
  get: 'read',
  list: 'read',
  watch: 'read',
  create: 'write',
  update: 'write',
  patch: 'write',
  delete: 'delete',
  deletecollection: 'delete',
};

/** What guard's webhook adds to the refusal (same source). */
const AZURE_REFUSAL =
  'User does not have access to the resource in Azure. Update role assignment to allow access.';

/** ARM id of a cluster. */
export function clusterId(cluster: ManagedCluster): string {
  return `/subscriptions/${cluster.subscriptionId}/resourceGroups/${cluster.resourceGroup}/providers/Microsoft.ContainerService/managedClusters/${cluster.name}`;
}

/** What everyone may who is somebody (ClusterRoles system:basic-user, system:discovery, system:public-info-viewer). */
const EVERYONE: readonly PolicyRule[] = [
  { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] },
  {
    verbs: ['create'],
    apiGroups: ['authorization.k8s.io'],
    resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
  },
  {
    verbs: ['get'],
    nonResourceURLs: [
      '/api',
      '/api/*',
      '/apis',
      '/apis/*',
      '/healthz',
      '/livez',
      '/openapi',
      '/openapi/*',
      '/readyz',
      '/version',
      '/version/',
    ],
  },
];

const MASTERS: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/** Why a user may do everything; undefined for one who may not. */
function isMaster(cluster: ManagedCluster, user: User): string | undefined {
  if (user.groups.includes('system:masters')) return 'allowed: system:masters';
  const admin = cluster.entra?.adminGroupObjectIds.find((group) => user.groups.includes(group));
  return admin === undefined ? undefined : `allowed: member of the administrators' group ${admin}`;
}

/** Answers whether a user may do something: system:masters, the cluster's Entra administrators, bindings, Azure RBAC, in this order. */
export function authorise(
  context: SimulatorContext,
  cluster: ManagedCluster,
  store: Store,
  user: User,
  asked: Attributes,
): Authorisation {
  const master = isMaster(cluster, user);
  if (master !== undefined) return { allowed: true, why: master };
  if (EVERYONE.some((rule) => covers(rule, asked)))
    return { allowed: true, why: 'allowed: system:basic-user' };
  const grant = grantsOf(cluster, store, user, asked.namespace).find(({ rules }) =>
    rules.some((rule) => covers(rule, asked)),
  );
  if (grant !== undefined) {
    const { why, reason } = grant;
    return { allowed: true, why, ...(reason === undefined ? {} : { reason }) };
  }
  if (cluster.entra?.azureRbac !== true || user.objectId === undefined)
    return { allowed: false, why: 'denied: no binding' };

  // Assumption: Azure is asked about the resource, not about its subresource.
  const group = asked.group === '' ? '' : `${asked.group}/`;
  const verb = AZURE_VERBS[asked.verb] ?? `${asked.verb}/action`;
  const decision = context.decide({
    principalId: user.objectId,
    action: `Microsoft.ContainerService/managedClusters/${group}${asked.resource}/${verb}`,
    kind: 'dataAction',
    scope:
      asked.namespace === undefined
        ? clusterId(cluster)
        : `${clusterId(cluster)}/namespaces/${asked.namespace}`,
  });
  return { ...decision, ...(decision.allowed ? {} : { reason: AZURE_REFUSAL }) };
}

/** The rules that a user is known to have; incomplete where Azure decides too. */
export function rulesOf(
  cluster: ManagedCluster,
  store: Store,
  user: User,
  namespace: string | undefined,
): { rules: PolicyRule[]; incomplete: boolean } {
  const master = isMaster(cluster, user) !== undefined;
  const granted = grantsOf(cluster, store, user, namespace).flatMap(({ rules }) => rules);
  return {
    rules: [...(master ? MASTERS : []), ...EVERYONE, ...granted],
    incomplete: cluster.entra?.azureRbac === true,
  };
}
