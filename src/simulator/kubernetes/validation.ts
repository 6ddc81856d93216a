/**
 * What the API server refuses with 422 (captures: 422-job-name.http, 422-job-restartPolicy.http; other rules and
 * words: kubernetes/kubernetes pkg/apis/core/validation). Only what can be told from the modelled fields.
 */
import type { StatusCause } from './errors.js';
import type { Container, Job, KubeObject, Pod, PodSpec, ResourceName } from './objects.js';

const WORDS = {
  subdomain:
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  label:
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
  labelValue:
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
} as const;

const PATTERNS = {
  subdomain: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  label: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
  labelValue: /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/,
} as const;

const LENGTHS = { subdomain: 253, label: 63, labelValue: 63 } as const;

function checkText(kind: keyof typeof WORDS, value: string, field: string): StatusCause[] {
  const causes: StatusCause[] = [];
  if (!PATTERNS[kind].test(value)) {
    causes.push({ reason: 'FieldValueInvalid', message: `Invalid value: "${value}": ${WORDS[kind]}`, field });
  }
  if (value.length > LENGTHS[kind]) {
    const message = `Invalid value: "${value}": must be no more than ${LENGTHS[kind]} characters`;
    causes.push({ reason: 'FieldValueInvalid', message, field });
  }
  return causes;
}

const required = (field: string, words = ''): StatusCause => ({
  reason: 'FieldValueRequired',
  message: words === '' ? 'Required value' : `Required value: ${words}`,
  field,
});

const unsupported = (field: string, value: string, supported: string[]): StatusCause => ({
  reason: 'FieldValueNotSupported',
  message: `Unsupported value: "${value}": supported values: ${supported.map((one) => `"${one}"`).join(', ')}`,
  field,
});

function checkLabels(labels: Record<string, string> | undefined, field: string): StatusCause[] {
  return Object.values(labels ?? {}).flatMap((value) => checkText('labelValue', value, field));
}

function checkContainer(container: Container, field: string): StatusCause[] {
  const causes: StatusCause[] = [];
  if (!container.name) causes.push(required(`${field}.name`));
  else causes.push(...checkText('label', container.name, `${field}.name`));
  if (!container.image) causes.push(required(`${field}.image`));
  else if (container.image.trim() !== container.image) {
    const message = `Invalid value: "${container.image}": must not have leading or trailing whitespace`;
    causes.push({ reason: 'FieldValueInvalid', message, field: `${field}.image` });
  }
  const policies = ['Always', 'IfNotPresent', 'Never'];
  if (container.imagePullPolicy !== undefined && !policies.includes(container.imagePullPolicy)) {
    causes.push(unsupported(`${field}.imagePullPolicy`, container.imagePullPolicy, policies));
  }
  return causes;
}

function checkPodSpec(spec: PodSpec | undefined, field: string): StatusCause[] {
  if (!Array.isArray(spec?.containers) || spec.containers.length === 0)
    return [required(`${field}.containers`)];
  const causes = spec.containers.flatMap((container, index) =>
    checkContainer(container, `${field}.containers[${index}]`),
  );
  const seen = new Set<string>();
  spec.containers.forEach((container, index) => {
    if (seen.has(container.name)) {
      const message = `Duplicate value: "${container.name}"`;
      causes.push({ reason: 'FieldValueDuplicate', message, field: `${field}.containers[${index}].name` });
    }
    seen.add(container.name);
  });
  return causes;
}

function checkPod(pod: Pod): StatusCause[] {
  const policies = ['Always', 'OnFailure', 'Never'];
  const policy = pod.spec?.restartPolicy;
  return [
    ...checkPodSpec(pod.spec, 'spec'),
    ...(policy === undefined || policies.includes(policy)
      ? []
      : [unsupported('spec.restartPolicy', policy, policies)]),
  ];
}

function checkJob(job: Job): StatusCause[] {
  const causes: StatusCause[] = [];
  const { spec } = job;
  for (const name of [
    'parallelism',
    'completions',
    'backoffLimit',
    'activeDeadlineSeconds',
    'ttlSecondsAfterFinished',
  ] as const) {
    const value = spec?.[name];
    if (value !== undefined && value < 0) {
      const message = `Invalid value: ${value}: must be greater than or equal to 0`;
      causes.push({ reason: 'FieldValueInvalid', message, field: `spec.${name}` });
    }
  }
  // The Job's name becomes the value of two labels of the template: hence the same complaint twice in the capture.
  const names = checkText('labelValue', job.metadata.name, 'spec.template.labels');
  causes.push(...names, ...names, ...checkPodSpec(spec?.template?.spec, 'spec.template.spec'));
  const policy = spec?.template?.spec?.restartPolicy;
  if (policy !== 'Never' && policy !== 'OnFailure') {
    causes.push(required('spec.template.spec.restartPolicy', 'valid values: "OnFailure", "Never"'));
  }
  return causes;
}

/** Everything wrong with an object, in the API server's order: metadata first. */
export function validate(resource: ResourceName, object: KubeObject): StatusCause[] {
  const { name, labels } = object.metadata;
  const causes = name
    ? checkText(resource === 'namespaces' ? 'label' : 'subdomain', name, 'metadata.name')
    : [required('metadata.name', 'name or generateName is required')];
  causes.push(...checkLabels(labels, 'metadata.labels'));
  if (resource === 'pods') causes.push(...checkPod(object as Pod));
  if (resource === 'jobs') causes.push(...checkJob(object as Job));
  return causes;
}
