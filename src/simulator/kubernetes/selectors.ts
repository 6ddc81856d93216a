/** Label and field selectors of lists and watches. */
import { badRequest } from './errors.js';
import type { KubeObject, SelectorRequirement } from './objects.js';

export type Matcher = (object: KubeObject) => boolean;

/** Whether a set of labels meets one requirement. Operators: In, NotIn, Exists, DoesNotExist, Gt, Lt. */
export function meets(labels: Record<string, string>, requirement: SelectorRequirement): boolean {
  const value = labels[requirement.key];
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0]);
    case 'Lt':
      return value !== undefined && Number(value) < Number(values[0]);
    default:
      return false;
  }
}

/** Reads `a=b,c!=d,e in (f,g),h,!i`. Throws BadRequest. */
export function labelMatcher(text: string): Matcher {
  const requirements = splitOutsideParentheses(text).map(labelRequirement);
  return (object) => requirements.every((requirement) => meets(object.metadata.labels ?? {}, requirement));
}

function labelRequirement(part: string): SelectorRequirement {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(part);
  if (set) {
    const [, key = '', operator, values = ''] = set;
    return {
      key,
      operator: operator === 'in' ? 'In' : 'NotIn',
      values: values.split(',').map((value) => value.trim()),
    };
  }
  const equality = /^([^=!\s]+)\s*(==|=|!=)\s*(\S*)$/.exec(part);
  if (equality) {
    const [, key = '', operator, value = ''] = equality;
    return { key, operator: operator === '!=' ? 'NotIn' : 'In', values: [value] };
  }
  const existence = /^(!?)([^=!\s]+)$/.exec(part);
  if (existence)
    return { key: existence[2] ?? '', operator: existence[1] === '!' ? 'DoesNotExist' : 'Exists' };
  throw badRequest(`unable to parse requirement: ${part}`);
}

function splitOutsideParentheses(text: string): string[] {
  return (text.match(/[^,(]+(?:\([^)]*\))?/g) ?? []).map((part) => part.trim()).filter((part) => part !== '');
}

/** Field labels that each kind supports, beside metadata.name and metadata.namespace (kubernetes/kubernetes pkg/apis/core/v1/conversion.go). */
const FIELDS: Record<string, string[]> = {
  Pod: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'status.phase',
    'status.podIP',
  ],
  Event: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  Job: ['status.successful'],
  Node: ['spec.unschedulable'],
  Secret: ['type'],
  Namespace: ['status.phase'],
};

/** Reads `metadata.name=x,status.phase!=Running`. Throws BadRequest for a field the kind doesn't support. */
export function fieldMatcher(text: string, kind: string): Matcher {
  const requirements = text
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const match = /^([^=!]+)(==|=|!=)(.*)$/.exec(part);
      if (!match) throw badRequest(`invalid field selector: ${part}`);
      const [, field = '', operator, value = ''] = match;
      if (!['metadata.name', 'metadata.namespace', ...(FIELDS[kind] ?? [])].includes(field)) {
        throw badRequest(`field label not supported: ${field}`);
      }
      return {
        path: (field === 'source' ? 'source.component' : field).split('.'),
        wanted: operator !== '!=',
        value,
      };
    });
  return (object) =>
    requirements.every(({ path, wanted, value }) => (valueAt(object, path) === value) === wanted);
}

function valueAt(object: unknown, path: string[]): string {
  let value = object;
  for (const step of path) {
    value =
      typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[step] : undefined;
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : '';
}
