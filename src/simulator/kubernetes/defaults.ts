/** What the API server fills in when an object is created (captures: 201-job-create.http, job-pods-t6.json). */
import type { Container, Job, Namespace, Pod, PodSpec, ResourceName, ResourceTypes } from './objects.js';

/** The tag or digest that decides the default pull policy: `latest` or none → Always. */
function defaultPullPolicy(image: string): string {
  if (image.includes('@')) return 'IfNotPresent';
  const last = image.slice(image.lastIndexOf('/') + 1);
  const tag = last.split(':')[1];
  return tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent';
}

function defaultContainer(container: Container): void {
  container.resources ??= {};
  container.terminationMessagePath ??= '/dev/termination-log';
  container.terminationMessagePolicy ??= 'File';
  container.imagePullPolicy ??= defaultPullPolicy(container.image);
}

/** Defaults of a pod's specification, also inside a Job's template. */
function defaultPodSpec(spec: PodSpec): void {
  spec.containers.forEach(defaultContainer);
  spec.initContainers?.forEach(defaultContainer);
  spec.restartPolicy ??= 'Always';
  spec.terminationGracePeriodSeconds ??= 30;
  spec.dnsPolicy ??= 'ClusterFirst';
  spec.securityContext ??= {};
  spec.schedulerName ??= 'default-scheduler';
  if (spec.serviceAccountName !== undefined) spec.serviceAccount ??= spec.serviceAccountName;
}

function defaultPod(pod: Pod): void {
  defaultPodSpec(pod.spec);
  pod.spec.enableServiceLinks ??= true;
  pod.metadata.generation = 1;
  pod.status = { phase: 'Pending', qosClass: qosClass(pod.spec) };
}

/** BestEffort without any requests, Guaranteed when every container's limits equal its requests, else Burstable. */
function qosClass(spec: PodSpec): string {
  const resources = spec.containers.map((container) => container.resources ?? {});
  const asked = resources.filter((one) => Object.keys(one['requests'] ?? one['limits'] ?? {}).length > 0);
  if (asked.length === 0) return 'BestEffort';
  const guaranteed = resources.every(
    (one) =>
      one['limits'] !== undefined &&
      (one['requests'] === undefined || JSON.stringify(one['limits']) === JSON.stringify(one['requests'])),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

/** The labels that tie a Job's pods to it, in both the older and the newer spelling (capture: 201-job-create.http). */
function jobLabels(job: Job): Record<string, string> {
  const uid = job.metadata.uid ?? '';
  return {
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': job.metadata.name,
    'controller-uid': uid,
    'job-name': job.metadata.name,
  };
}

function defaultJob(job: Job): void {
  const { spec } = job;
  defaultPodSpec(spec.template.spec);
  // Both absent means one; completions alone absent means "until one succeeds".
  if (spec.parallelism === undefined && spec.completions === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= 6;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.manualSelector ??= false;
  spec.podReplacementPolicy ??= 'TerminatingOrFailed';
  if (!spec.manualSelector) {
    const labels = jobLabels(job);
    spec.selector = { matchLabels: { 'batch.kubernetes.io/controller-uid': job.metadata.uid ?? '' } };
    spec.template.metadata = {
      ...spec.template.metadata,
      labels: { ...spec.template.metadata?.labels, ...labels },
    };
    // The strategy copies the template's labels to a Job that has none of its own.
    if (Object.keys(job.metadata.labels ?? {}).length === 0)
      job.metadata.labels = { ...spec.template.metadata.labels };
  }
  job.metadata.generation = 1;
  job.status = {};
}

function defaultNamespace(namespace: Namespace): void {
  namespace.metadata.labels = {
    ...namespace.metadata.labels,
    'kubernetes.io/metadata.name': namespace.metadata.name,
  };
  namespace.spec = { finalizers: ['kubernetes'] };
  namespace.status = { phase: 'Active' };
}

const DEFAULTS: { [R in ResourceName]?: (object: ResourceTypes[R]) => void } = {
  pods: defaultPod,
  jobs: defaultJob,
  namespaces: defaultNamespace,
};

/** Fills in the defaults of a new, valid object, in place. Its uid is set already. */
export function applyDefaults<R extends ResourceName>(resource: R, object: ResourceTypes[R]): void {
  DEFAULTS[resource]?.(object);
}
