/** What the login needs in the namespace of the probe, and how it is given on a cluster with Kubernetes RBAC. */

/** A rule of a Kubernetes Role. */
interface Rule {
  apiGroup: string;
  resource: string;
  verbs: readonly string[];
  /** Objects that it is limited to. Default: all. */
  names?: readonly string[];
}

/** All that a probe asks of the API server. Reading nodes helps to tell what was on one before, but is not needed. */
export const PROBE_RULES: readonly Rule[] = [
  { apiGroup: 'batch', resource: 'jobs', verbs: ['create', 'get', 'delete'] },
  { apiGroup: '', resource: 'serviceaccounts', verbs: ['create', 'get'] },
  { apiGroup: '', resource: 'pods', verbs: ['get', 'list', 'watch'] },
  { apiGroup: '', resource: 'events', verbs: ['list'] },
];

/** What a pull with a given Secret asks besides, in the Secret's namespace. */
export const PULL_SECRET_RULES: readonly Rule[] = [{ apiGroup: '', resource: 'secrets', verbs: ['get'] }];

/** What a cluster that isn't AKS is asked besides, as `nodes: all` is of any: its nodes are known by no other way. */
export const NODE_RULES: readonly Rule[] = [{ apiGroup: '', resource: 'nodes', verbs: ['list'] }];

/** All that an audit asks of the API server, in every namespace. */
export const AUDIT_RULES: readonly Rule[] = [
  ...['secrets', 'serviceaccounts', 'pods'].map((resource) => ({ apiGroup: '', resource, verbs: ['list'] })),
  ...['deployments', 'statefulsets', 'daemonsets', 'replicasets'].map((resource) => ({
    apiGroup: 'apps',
    resource,
    verbs: ['list'],
  })),
  ...['jobs', 'cronjobs'].map((resource) => ({ apiGroup: 'batch', resource, verbs: ['list'] })),
];

/**
 * The same rights as data actions, for clusters with Azure RBAC: what a custom role holds that is less than Azure Kubernetes
 * Service RBAC Writer. Verbs become operations as in github.com/Azure/guard authz/providers/azure/rbac (getActionName).
 */
export function azureOperations(rules: readonly Rule[] = PROBE_RULES): string[] {
  const names: Readonly<Record<string, string>> = { create: 'write', delete: 'delete' };
  const all = rules.flatMap(({ apiGroup, resource, verbs }) =>
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
  return roleAndBinding('Role', [`  name: ${ROLE}`, `  namespace: ${namespace}`], ROLE, PROBE_RULES, user);
}

/** The same with what {@link PULL_SECRET_RULES} says of one Secret. @param secret an RFC 1123 subdomain */
export function pullSecretRole(namespace: string, secret: string, user: string): string {
  const rules = [...PROBE_RULES, ...PULL_SECRET_RULES.map((rule) => ({ ...rule, names: [secret] }))];
  return roleAndBinding('Role', [`  name: ${ROLE}`, `  namespace: ${namespace}`], ROLE, rules, user);
}

/** ClusterRole and ClusterRoleBinding of {@link NODE_RULES}. */
export function nodesRole(user: string): string {
  const name = `${ROLE}-nodes`;
  return roleAndBinding('ClusterRole', [`  name: ${name}`], name, NODE_RULES, user);
}

/** ClusterRole and ClusterRoleBinding of an audit as YAML, in the same way. */
export function auditRole(user: string): string {
  const name = `${ROLE}-audit`;
  return roleAndBinding('ClusterRole', [`  name: ${name}`], name, AUDIT_RULES, user);
}

function roleAndBinding(
  kind: 'Role' | 'ClusterRole',
  metadata: readonly string[],
  name: string,
  rules: readonly Rule[],
  user: string,
): string {
  return [
    'apiVersion: rbac.authorization.k8s.io/v1',
    `kind: ${kind}`,
    'metadata:',
    ...metadata,
    'rules:',
    ...rules.flatMap(({ apiGroup, resource, verbs, names }) => [
      `  - apiGroups: [${apiGroup === '' ? '""' : apiGroup}]`,
      `    resources: [${resource}]`,
      ...(names === undefined
        ? []
        : [`    resourceNames: [${names.map((name) => JSON.stringify(name)).join(', ')}]`]),
      `    verbs: [${verbs.join(', ')}]`,
    ]),
    '---',
    'apiVersion: rbac.authorization.k8s.io/v1',
    `kind: ${kind}Binding`,
    'metadata:',
    ...metadata,
    'subjects:',
    '  - apiGroup: rbac.authorization.k8s.io',
    '    kind: User',
    `    name: ${JSON.stringify(user)}`,
    'roleRef:',
    '  apiGroup: rbac.authorization.k8s.io',
    `  kind: ${kind}`,
    `  name: ${name}`,
  ].join('\n');
}
