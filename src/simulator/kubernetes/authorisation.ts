/** What a caller may do in a cluster. */
import type { SimulatorContext } from '../context.js';
import type { ManagedCluster } from '../cloud/model.js';
import type { User } from './authentication.js';

/** A question about one resource, in Kubernetes' terms. */
export interface Attributes {
  /** get, list, watch, create, delete, deletecollection ... */
  verb: string;
  group: string;
  resource: string;
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

/** Answers whether a user may do something: system:masters, the cluster's Entra administrators, bindings, Azure RBAC, in this order. */
export function authorise(
  context: SimulatorContext,
  cluster: ManagedCluster,
  user: User,
  asked: Attributes,
): Authorisation {
  if (user.groups.includes('system:masters')) return { allowed: true, why: 'allowed: system:masters' };
  // Everyone who is somebody may ask what they may do (ClusterRole system:basic-user).
  if (asked.group === 'authorization.k8s.io' && asked.resource === 'selfsubjectaccessreviews') {
    return { allowed: true, why: 'allowed: system:basic-user' };
  }
  const admin = cluster.entra?.adminGroupObjectIds.find((group) => user.groups.includes(group));
  if (admin !== undefined)
    return { allowed: true, why: `allowed: member of the administrators' group ${admin}` };
  const binding = cluster.kubernetesBindings.find(
    ({ subject, namespace, rules }) =>
      (subject === user.name || user.groups.includes(subject)) &&
      (namespace === undefined || namespace === asked.namespace) &&
      rules.some(
        (rule) =>
          covers(rule.apiGroups, asked.group) &&
          covers(rule.resources, asked.resource) &&
          covers(rule.verbs, asked.verb),
      ),
  );
  if (binding !== undefined) {
    return {
      allowed: true,
      why: `allowed by a binding ${binding.namespace === undefined ? 'for the cluster' : `in ${binding.namespace}`}`,
    };
  }
  if (cluster.entra?.azureRbac !== true || user.objectId === undefined)
    return { allowed: false, why: 'denied: no binding' };

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

function covers(list: string[], one: string): boolean {
  return list.includes('*') || list.includes(one);
}
