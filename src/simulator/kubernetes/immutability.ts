/**
 * What an update may not change (kubernetes/kubernetes pkg/apis/core/validation, batch/validation, apps/validation,
 * rbac/validation). Assumption: how a wrong value is shown, which a real server dumps as Go does.
 */
import { sameJson } from './equality.js';
import { NotModelled } from '../net/exchange.js';
import type { StatusCause } from './errors.js';
import type { ConfigMap, Job, KubeObject, Pod, ResourceName, ResourceTypes, Secret } from './objects.js';

type Check<O extends KubeObject> = (before: O, after: O) => StatusCause[];

const fixed = (field: string, value: unknown, why = 'field is immutable'): StatusCause => ({
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${JSON.stringify(value ?? null)}: ${why}`,
  field,
});

/** Complains when one of the fields is another than it was. */
function fixedFields<O extends KubeObject>(...paths: string[]): Check<O> {
  return (before, after) =>
    paths.flatMap((path) => {
      const value = valueAt(after, path);
      return sameJson(valueAt(before, path), value) ? [] : [fixed(path, value)];
    });
}

function valueAt(object: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], object);
}

const POD_WORDS =
  'Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

function checkPod(before: Pod, after: Pod): StatusCause[] {
  const fixedPart = ({ containers, tolerations: _tolerations, ...spec }: Pod['spec']): unknown => ({
    ...spec,
    containers: containers.map(({ image: _image, ...container }) => container),
  });
  if (!sameJson(fixedPart(before.spec), fixedPart(after.spec)))
    return [{ reason: 'FieldValueForbidden', message: POD_WORDS, field: 'spec' }];
  const images = (pod: Pod): string[] => pod.spec.containers.map(({ image }) => image);
  if (!sameJson(images(before), images(after))) throw new NotModelled("a change of a pod's image");
  const dropped = (before.spec.tolerations ?? []).some(
    (one) => !(after.spec.tolerations ?? []).some((other) => sameJson(one, other)),
  );
  if (!dropped) return [];
  const message = 'Forbidden: existing toleration can not be modified except its tolerationSeconds';
  return [{ reason: 'FieldValueForbidden', message, field: 'spec.tolerations' }];
}

function checkJob(before: Job, after: Job): StatusCause[] {
  const indexed = after.spec.completionMode === 'Indexed';
  return fixedFields<Job>(
    ...(indexed ? [] : ['spec.completions']),
    'spec.selector',
    'spec.template',
    'spec.completionMode',
  )(before, after);
}

function checkData(before: Secret | ConfigMap, after: Secret | ConfigMap): StatusCause[] {
  if (before.immutable !== true) return [];
  const forbidden = (field: string): StatusCause => ({
    reason: 'FieldValueForbidden',
    message: 'Forbidden: field is immutable when `immutable` is set',
    field,
  });
  return [
    ...(after.immutable === true ? [] : [forbidden('immutable')]),
    ...(sameJson(before.data, after.data) ? [] : [forbidden('data')]),
  ];
}

const CHECKS: { [R in ResourceName]?: Check<ResourceTypes[R]> } = {
  pods: checkPod,
  jobs: checkJob,
  secrets: (before, after) => [...fixedFields<Secret>('type')(before, after), ...checkData(before, after)],
  configmaps: checkData,
  deployments: fixedFields('spec.selector'),
  replicasets: fixedFields('spec.selector'),
  daemonsets: fixedFields('spec.selector'),
  statefulsets: fixedFields('spec.selector', 'spec.serviceName', 'spec.podManagementPolicy'),
  rolebindings: (before, after) =>
    sameJson(before.roleRef, after.roleRef) ? [] : [fixed('roleRef', after.roleRef, 'cannot change roleRef')],
  clusterrolebindings: (before, after) =>
    sameJson(before.roleRef, after.roleRef) ? [] : [fixed('roleRef', after.roleRef, 'cannot change roleRef')],
};

/** Everything that an update changes and may not. */
export function forbiddenChanges<R extends ResourceName>(
  resource: R,
  before: KubeObject,
  after: KubeObject,
): StatusCause[] {
  // Both are objects of the resource: the one is stored, the other was read as one.
  return CHECKS[resource]?.(before as ResourceTypes[R], after as ResourceTypes[R]) ?? [];
}
