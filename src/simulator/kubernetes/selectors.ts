/** Label and field selectors of lists and watches. */
import { badRequest } from './errors.js';
import type { KubeObject, LabelSelector, ResourceName, SelectorRequirement } from './objects.js';

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

/** Whether labels meet a selector as objects have it. An empty one takes everything. */
export function selects(selector: LabelSelector, labels: Record<string, string> = {}): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every((requirement) => meets(labels, requirement))
  );
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

/** Field labels beside metadata.name and metadata.namespace, and how a label that isn't known is refused. */
interface FieldLabels {
  labels: readonly string[];
  refusal: (label: string) => string;
}

/** kubernetes/kubernetes pkg/apis/core/v1/conversion.go */
const core = (...labels: string[]): FieldLabels => ({
  labels,
  refusal: (label) => `field label not supported: ${label}`,
});

/** apimachinery pkg/runtime/conversion.go, DefaultMetaV1FieldSelectorConversion */
const PLAIN: FieldLabels = {
  labels: [],
  refusal: (label) =>
    `${JSON.stringify(label)} is not a known field selector: only "metadata.name", "metadata.namespace"`,
};

const FIELDS: { [R in ResourceName]?: FieldLabels } = {
  pods: core(
    'spec.hostNetwork',
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'status.nominatedNodeName',
    'status.phase',
    'status.podIP',
    'status.podIPs',
  ),
  events: core(
    'action',
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
  ),
  nodes: core('spec.unschedulable'),
  secrets: core('type'),
  namespaces: core('status.phase'),
  // pkg/apis/batch/v1/conversion.go
  jobs: {
    labels: ['status.successful'],
    refusal: (label) => `field label ${JSON.stringify(label)} not supported for batchv1.Job`,
  },
};

/** Labels whose value stands elsewhere than they say. */
const ALIASES: Record<string, string> = {
  source: 'source.component',
  'status.successful': 'status.succeeded',
};

/** What a field is that isn't there, where that isn't nothing. */
const ABSENT: Record<string, string> = {
  'spec.hostNetwork': 'false',
  'spec.unschedulable': 'false',
  'status.succeeded': '0',
};

/** Reads `metadata.name=x,status.phase!=Running`. Throws BadRequest for a field the kind doesn't support. */
export function fieldMatcher(text: string, resource: ResourceName): Matcher {
  const { labels, refusal } = FIELDS[resource] ?? PLAIN;
  const requirements = text
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const match = /^([^=!]+)(==|=|!=)(.*)$/.exec(part);
      if (!match) throw badRequest(`invalid selector: '${part}'; can't understand '${part}'`);
      const [, field = '', operator, value = ''] = match;
      if (!['metadata.name', 'metadata.namespace', ...labels].includes(field))
        throw badRequest(refusal(field));
      return { path: ALIASES[field] ?? field, wanted: operator !== '!=', value };
    });
  return (object) =>
    requirements.every(({ path, wanted, value }) => (valueAt(object, path) === value) === wanted);
}

function valueAt(object: unknown, path: string): string {
  let value = object;
  for (const step of path.split('.')) {
    value =
      typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[step] : undefined;
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : (ABSENT[path] ?? '');
}
