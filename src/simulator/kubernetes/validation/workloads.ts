/** Pods and what makes them (kubernetes/kubernetes pkg/apis/core, batch and apps: validation; captures: 422-job-name.http, 422-job-restartPolicy.http). */
import type { StatusCause } from '../errors.js';
import type {
  Container,
  CronJob,
  Job,
  KubeObject,
  LabelSelector,
  Pod,
  PodSpec,
  PodTemplate,
} from '../objects.js';
import { selects } from '../selectors.js';
import { checkText, invalidValue, required, unsupported } from './causes.js';

const NEGATIVE = 'must be greater than or equal to 0';

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

export function checkPod(pod: Pod): StatusCause[] {
  const policies = ['Always', 'OnFailure', 'Never'];
  const policy = pod.spec?.restartPolicy;
  return [
    ...checkPodSpec(pod.spec, 'spec'),
    ...(policy === undefined || policies.includes(policy)
      ? []
      : [unsupported('spec.restartPolicy', policy, policies)]),
  ];
}

export function checkJob(job: Job): StatusCause[] {
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
    if (value !== undefined && value < 0) causes.push(invalidValue(`spec.${name}`, value, NEGATIVE));
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

/** What Deployments, ReplicaSets, DaemonSets and StatefulSets have in common (pkg/apis/apps/validation). */
interface Workload extends KubeObject {
  spec?: { replicas?: number; selector?: LabelSelector; template?: Partial<PodTemplate> };
}

export function checkWorkload({ kind, spec }: Workload): StatusCause[] {
  const causes: StatusCause[] = [];
  const { replicas, selector, template } = spec ?? {};
  if (replicas !== undefined && replicas < 0) causes.push(invalidValue('spec.replicas', replicas, NEGATIVE));
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  if (selector === undefined) causes.push(required('spec.selector'));
  else if (Object.keys(matchLabels).length + matchExpressions.length === 0)
    causes.push(
      invalidValue('spec.selector', selector, `empty selector is invalid for ${kind.toLowerCase()}`),
    );
  const labels = template?.metadata?.labels ?? {};
  if (selector !== undefined && !selects(selector, labels))
    causes.push(
      invalidValue('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'),
    );
  causes.push(...checkPodSpec(template?.spec, 'spec.template.spec'));
  const policy = template?.spec?.restartPolicy;
  if (policy !== undefined && policy !== 'Always')
    causes.push(unsupported('spec.template.spec.restartPolicy', policy, ['Always']));
  return causes;
}

export function checkCronJob({ spec }: CronJob): StatusCause[] {
  return [
    ...(spec?.schedule ? [] : [required('spec.schedule')]),
    ...checkPodSpec(spec?.jobTemplate?.spec?.template?.spec, 'spec.jobTemplate.spec.template.spec'),
  ];
}
