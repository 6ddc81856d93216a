/** Roles, bindings, secrets and maps (kubernetes/kubernetes pkg/apis/rbac and core: validation). */
import type { StatusCause } from '../errors.js';
import type { ConfigMap, Role, RoleBinding, Secret } from '../objects.js';
import { invalidValue, required, unsupported } from './causes.js';

const RBAC = 'rbac.authorization.k8s.io';
const SUBJECTS = ['ServiceAccount', 'User', 'Group'];

/** pkg/apis/rbac/validation, ValidateRoleBinding. A group that isn't named is the default one. */
export function checkBinding(kinds: string[]): (binding: RoleBinding) => StatusCause[] {
  return ({ roleRef, subjects = [] }) => {
    const { apiGroup = RBAC, kind = '', name = '' } = (roleRef ?? {}) as Partial<typeof roleRef>;
    return [
      ...(apiGroup === RBAC ? [] : [unsupported('roleRef.apiGroup', apiGroup, [RBAC])]),
      ...(kinds.includes(kind) ? [] : [unsupported('roleRef.kind', kind, kinds)]),
      ...(name === '' ? [required('roleRef.name')] : []),
      ...subjects.flatMap((subject, index) => checkSubject(subject, `subjects[${index}]`)),
    ];
  };
}

function checkSubject(
  { kind, name, apiGroup }: NonNullable<RoleBinding['subjects']>[number],
  field: string,
): StatusCause[] {
  const group = apiGroup ?? '';
  const expected = kind === 'ServiceAccount' ? '' : RBAC;
  return [
    ...(name ? [] : [required(`${field}.name`)]),
    ...(SUBJECTS.includes(kind) ? [] : [unsupported(`${field}.kind`, kind, SUBJECTS)]),
    ...(group === '' || group === expected || !SUBJECTS.includes(kind)
      ? []
      : [unsupported(`${field}.apiGroup`, group, [expected])]),
  ];
}

/** pkg/apis/rbac/validation, ValidatePolicyRule. */
export function checkRole({ rules }: Role): StatusCause[] {
  return (rules ?? []).flatMap((rule, index) => {
    const field = `rules[${index}]`;
    const empty = (list: string[] | undefined): boolean => (list ?? []).length === 0;
    return [
      ...(empty(rule.verbs) ? [required(`${field}.verbs`, 'verbs must contain at least one value')] : []),
      ...(!empty(rule.nonResourceURLs) || !empty(rule.apiGroups)
        ? []
        : [required(`${field}.apiGroups`, 'resource rules must supply at least one api group')]),
      ...(!empty(rule.nonResourceURLs) || !empty(rule.resources)
        ? []
        : [required(`${field}.resources`, 'resource rules must supply at least one resource')]),
    ];
  });
}

const DATA_KEY = /^[-._a-zA-Z0-9]+$/;

function checkKeys(data: Record<string, string> | undefined): StatusCause[] {
  return Object.keys(data ?? {})
    .filter((key) => !DATA_KEY.test(key))
    .map((key) =>
      invalidValue(
        `data[${key}]`,
        key,
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      ),
    );
}

/** What secrets of a type must hold; the value is JSON (pkg/apis/core/validation, ValidateSecret). */
const SECRET_KEYS: Record<string, string> = {
  'kubernetes.io/dockerconfigjson': '.dockerconfigjson',
  'kubernetes.io/dockercfg': '.dockercfg',
};

export function checkSecret({ type = 'Opaque', data, stringData }: Secret): StatusCause[] {
  const causes = checkKeys({ ...data, ...stringData });
  const key = SECRET_KEYS[type];
  if (key === undefined) return causes;
  const field = `data[${key}]`;
  const text = stringData?.[key] ?? (data?.[key] === undefined ? undefined : atob(data[key]));
  if (text === undefined) return [...causes, required(field)];
  try {
    JSON.parse(text);
    return causes;
  } catch {
    // Assumption: which of Go's words for broken JSON follow.
    const message = 'Invalid value: "<secret contents redacted>": invalid character';
    return [...causes, { reason: 'FieldValueInvalid', message, field }];
  }
}

export function checkConfigMap({ data, binaryData }: ConfigMap): StatusCause[] {
  return checkKeys({ ...data, ...binaryData });
}
