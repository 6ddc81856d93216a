/**
 * Kubernetes' own RBAC: the rules that bindings give to a user, those of the scenario and those that are stored
 * (kubernetes/kubernetes plugin/pkg/auth/authorizer/rbac/rbac.go, pkg/registry/rbac/validation/rule.go). Assumption: who
 * writes roles and bindings isn't held to what they may do themselves.
 */
import type { ManagedCluster } from '../cloud/model.js';
import type { User } from './authentication.js';
import type { Attributes } from './authorisation.js';
import type { PolicyRule, Role, RoleBinding } from './objects.js';
import type { Store } from './store.js';

/** Rules, and which binding gives them. */
interface Grant {
  rules: PolicyRule[];
  /** For the request log. */
  why: string;
  /** What a review says, as the authorizer words it. */
  reason?: string;
}

/** All rules that a user has, in one namespace (with those of the whole cluster) or, without one, for the cluster. */
export function grantsOf(
  cluster: ManagedCluster,
  store: Store,
  user: User,
  namespace: string | undefined,
): Grant[] {
  const scenario = cluster.kubernetesBindings
    .filter(
      (binding) =>
        (binding.subject === user.name || user.groups.includes(binding.subject)) &&
        (binding.namespace === undefined || binding.namespace === namespace),
    )
    .map((binding): Grant => ({
      rules: binding.rules,
      why: `allowed by a binding ${binding.namespace === undefined ? 'for the cluster' : `in ${binding.namespace}`}`,
    }));
  return [
    ...scenario,
    ...store.list('clusterrolebindings').flatMap((binding) => stored(store, user, binding)),
    ...(namespace === undefined
      ? []
      : store.list('rolebindings', namespace).flatMap((binding) => stored(store, user, binding))),
  ];
}

function stored(store: Store, user: User, binding: RoleBinding): Grant[] {
  const { name, namespace } = binding.metadata;
  const subject = binding.subjects?.find((one) => isSubject(one, user, namespace));
  const role = roleOf(store, binding);
  if (subject === undefined || role === undefined) return [];
  const place = namespace === undefined ? name : `${name}/${namespace}`;
  const { kind } = binding.roleRef;
  const to = `${subject.kind} ${JSON.stringify(subject.kind === 'ServiceAccount' ? `${subject.name}/${subject.namespace ?? namespace ?? ''}` : subject.name)}`;
  const reason = `RBAC: allowed by ${binding.kind} ${JSON.stringify(place)} of ${kind} ${JSON.stringify(role.metadata.name)} to ${to}`;
  return [{ rules: role.rules ?? [], why: `allowed by ${binding.kind} ${place}`, reason }];
}

type Subject = NonNullable<RoleBinding['subjects']>[number];

function isSubject(subject: Subject, user: User, namespace: string | undefined): boolean {
  if (subject.kind === 'User') return subject.name === user.name;
  if (subject.kind === 'Group') return user.groups.includes(subject.name);
  return `system:serviceaccount:${subject.namespace ?? namespace ?? ''}:${subject.name}` === user.name;
}

function roleOf(store: Store, { metadata, roleRef }: RoleBinding): Role | undefined {
  return roleRef.kind === 'ClusterRole'
    ? store.get('clusterroles', roleRef.name)
    : store.get('roles', roleRef.name, metadata.namespace);
}

/** Whether a rule covers what is asked. */
export function covers(rule: PolicyRule, asked: Attributes): boolean {
  const { verb, group, resource, subresource, name } = asked;
  const has = (list: string[] | undefined, one: string): boolean =>
    list?.some((item) => item === '*' || item === one) === true;
  const named =
    subresource === undefined
      ? has(rule.resources, resource)
      : has(rule.resources, `${resource}/${subresource}`) ||
        rule.resources?.includes(`*/${subresource}`) === true;
  const names = rule.resourceNames ?? [];
  return (
    has(rule.verbs, verb) &&
    has(rule.apiGroups, group) &&
    named &&
    (names.length === 0 || (name !== undefined && names.includes(name)))
  );
}
