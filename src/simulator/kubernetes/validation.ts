/**
 * What the API server refuses with 422: what can be told from the modelled fields, by kind in the folder
 * validation.
 */
import type { StatusCause } from './errors.js';
import type { KubeObject, ResourceName, ResourceTypes } from './objects.js';
import { checkLabels, checkText, invalidValue, required } from './validation/causes.js';
import { checkBinding, checkConfigMap, checkRole, checkSecret } from './validation/configuration.js';
import { checkCronJob, checkJob, checkPod, checkWorkload } from './validation/workloads.js';

const CHECKS: { [R in ResourceName]?: (object: ResourceTypes[R]) => StatusCause[] } = {
  pods: checkPod,
  jobs: checkJob,
  cronjobs: checkCronJob,
  deployments: checkWorkload,
  replicasets: checkWorkload,
  daemonsets: checkWorkload,
  statefulsets: checkWorkload,
  roles: checkRole,
  clusterroles: checkRole,
  rolebindings: checkBinding(['Role', 'ClusterRole']),
  clusterrolebindings: checkBinding(['ClusterRole']),
  secrets: checkSecret,
  configmaps: checkConfigMap,
};

/** Names of roles and bindings are parts of paths (pkg/apis/rbac/validation, ValidateRBACName). */
const PATH_SEGMENT_NAMES: readonly ResourceName[] = [
  'roles',
  'rolebindings',
  'clusterroles',
  'clusterrolebindings',
];

function checkName(resource: ResourceName, name: string): StatusCause[] {
  if (!PATH_SEGMENT_NAMES.includes(resource))
    return checkText(resource === 'namespaces' ? 'label' : 'subdomain', name, 'metadata.name');
  const bad = ['/', '%'].filter((part) => name.includes(part));
  return bad.map((part) => invalidValue('metadata.name', name, `may not contain '${part}'`));
}

/** Everything wrong with an object, in the API server's order: metadata first. */
export function validate<R extends ResourceName>(resource: R, object: KubeObject): StatusCause[] {
  const { name, labels } = object.metadata;
  const causes = name
    ? checkName(resource, name)
    : [required('metadata.name', 'name or generateName is required')];
  causes.push(...checkLabels(labels, 'metadata.labels'));
  // The object is one of the resource: it was read or made as one.
  return [...causes, ...(CHECKS[resource]?.(object as ResourceTypes[R]) ?? [])];
}
