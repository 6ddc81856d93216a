/** What the login needs in the namespace of the probe, and how it is given on a cluster with Kubernetes RBAC. */

/** A rule of a Kubernetes Role. */
interface Rule {
  apiGroup: string;
  resource: string;
  verbs: readonly string[];
}

/** All that a probe asks of the API server. Reading nodes helps to tell what was on one before, but is not needed. */
export const PROBE_RULES: readonly Rule[] = [
  { apiGroup: 'batch', resource: 'jobs', verbs: ['create', 'get', 'delete'] },
  { apiGroup: '', resource: 'serviceaccounts', verbs: ['create', 'get'] },
  { apiGroup: '', resource: 'pods', verbs: ['get', 'list', 'watch'] },
  { apiGroup: '', resource: 'events', verbs: ['list'] },
];

/**
 * The same rights as data actions, for clusters with Azure RBAC: what a custom role holds that is less than Azure Kubernetes
 * Service RBAC Writer. Verbs become operations as in github.com/Azure/guard authz/providers/azure/rbac (getActionName).
 */
export function azureOperations(): string[] {
  const names: Readonly<Record<string, string>> = { create: 'write', delete: 'delete' };
  const all = PROBE_RULES.flatMap(({ apiGroup, resource, verbs }) =>
    verbs.map(
      (verb) =>
        `Microsoft.ContainerService/managedClusters/${apiGroup === '' ? '' : `${apiGroup}/`}${resource}/${names[verb] ?? 'read'}`,
    ),
  );
  return [...new Set(all)];
}

const ROLE = 'aks-acr-pull';

/**
 * Role and RoleBinding as YAML. A service principal's user name at an API server with Entra integration is its object id
 * (https://learn.microsoft.com/azure/aks/kubelogin-authentication).
 *
 * @param namespace an RFC 1123 label, so it needs no quoting
 * @param user the login's user name in the cluster
 */
export function probeRole(namespace: string, user: string): string {
  const metadata = ['metadata:', `  name: ${ROLE}`, `  namespace: ${namespace}`];
  return [
    'apiVersion: rbac.authorization.k8s.io/v1',
    'kind: Role',
    ...metadata,
    'rules:',
    ...PROBE_RULES.flatMap(({ apiGroup, resource, verbs }) => [
      `  - apiGroups: [${apiGroup === '' ? '""' : apiGroup}]`,
      `    resources: [${resource}]`,
      `    verbs: [${verbs.join(', ')}]`,
    ]),
    '---',
    'apiVersion: rbac.authorization.k8s.io/v1',
    'kind: RoleBinding',
    ...metadata,
    'subjects:',
    '  - apiGroup: rbac.authorization.k8s.io',
    '    kind: User',
    `    name: ${JSON.stringify(user)}`,
    'roleRef:',
    '  apiGroup: rbac.authorization.k8s.io',
    '  kind: Role',
    `  name: ${ROLE}`,
  ].join('\n');
}
