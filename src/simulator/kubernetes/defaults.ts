/** What the API server fills in when an object is created (captures: 201-job-create.http, job-pods-t6.json). */
import type {
  Container,
  CronJob,
  DaemonSet,
  Deployment,
  Job,
  KubeObject,
  Namespace,
  Pod,
  PodSpec,
  ReplicaSet,
  ResourceName,
  ResourceTypes,
  RoleBinding,
  Secret,
  StatefulSet,
} from './objects.js';
import { resourceInfo } from './resources.js';

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

/** Limits are requests where nothing is requested. */
function requestLimits({ resources }: Container): void {
  const limits = resources?.['limits'];
  if (resources !== undefined && limits !== undefined)
    resources['requests'] = { ...limits, ...(resources['requests'] as object | undefined) };
}

function defaultPod(pod: Pod): void {
  [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].forEach(requestLimits);
  defaultPodSpec(pod.spec);
  pod.spec.enableServiceLinks ??= true;
}

function preparePod(pod: Pod): void {
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

function defaultJobSpec(spec: Job['spec']): void {
  defaultPodSpec(spec.template.spec);
  // Both absent means one; completions alone absent means "until one succeeds".
  if (spec.parallelism === undefined && spec.completions === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= 6;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= 'TerminatingOrFailed';
}

function prepareJob(job: Job): void {
  const { spec } = job;
  spec.manualSelector ??= false;
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
  job.status = {};
}

function prepareNamespace(namespace: Namespace): void {
  namespace.metadata.labels = {
    ...namespace.metadata.labels,
    'kubernetes.io/metadata.name': namespace.metadata.name,
  };
  namespace.spec = { finalizers: ['kubernetes'] };
  namespace.status = { phase: 'Active' };
}

function defaultDeployment({ spec }: Deployment): void {
  defaultPodSpec(spec.template.spec);
  spec.replicas ??= 1;
  spec.strategy ??= {};
  spec.strategy.type ??= 'RollingUpdate';
  if (spec.strategy.type === 'RollingUpdate')
    spec.strategy.rollingUpdate = { maxUnavailable: '25%', maxSurge: '25%', ...spec.strategy.rollingUpdate };
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
}

function defaultReplicaSet({ spec }: ReplicaSet): void {
  defaultPodSpec(spec.template.spec);
  spec.replicas ??= 1;
}

function defaultDaemonSet({ spec }: DaemonSet): void {
  defaultPodSpec(spec.template.spec);
  spec.updateStrategy ??= {};
  spec.updateStrategy['type'] ??= 'RollingUpdate';
  if (spec.updateStrategy['type'] === 'RollingUpdate')
    spec.updateStrategy['rollingUpdate'] ??= { maxUnavailable: 1, maxSurge: 0 };
  spec.revisionHistoryLimit ??= 10;
}

function defaultStatefulSet({ spec }: StatefulSet): void {
  defaultPodSpec(spec.template.spec);
  spec.replicas ??= 1;
  spec.podManagementPolicy ??= 'OrderedReady';
  spec.updateStrategy ??= { type: 'RollingUpdate', rollingUpdate: { partition: 0 } };
  spec.revisionHistoryLimit ??= 10;
}

function defaultCronJob({ spec }: CronJob): void {
  spec.concurrencyPolicy ??= 'Allow';
  spec.suspend ??= false;
  spec.successfulJobsHistoryLimit ??= 3;
  spec.failedJobsHistoryLimit ??= 1;
  // The template's Job is made complete as far as defaults go, without what comes with being made.
  defaultPodSpec(spec.jobTemplate.spec.template.spec);
}

/** What was given as text is kept as bytes, and no one gets it back (kubernetes/kubernetes pkg/apis/core/v1/conversion.go). */
function defaultSecret(secret: Secret): void {
  const { stringData } = secret;
  if (stringData !== undefined) {
    const encoded = Object.entries(stringData).map(([key, text]) => [
      key,
      Buffer.from(text).toString('base64'),
    ]);
    secret.data = { ...secret.data, ...(Object.fromEntries(encoded) as Record<string, string>) };
    delete secret.stringData;
  }
  secret.type ??= 'Opaque';
}

const RBAC = 'rbac.authorization.k8s.io';

/** Source: kubernetes/kubernetes pkg/apis/rbac/v1/defaults.go. */
function defaultBinding(binding: RoleBinding): void {
  binding.roleRef.apiGroup ||= RBAC;
  for (const subject of binding.subjects ?? []) {
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= RBAC;
  }
}

type Step<O extends KubeObject> = (object: O) => void;

/** Versioned defaults: the same whether an object is new or changed. */
const DEFAULTS: { [R in ResourceName]?: Step<ResourceTypes[R]> } = {
  pods: defaultPod,
  jobs: (job) => defaultJobSpec(job.spec),
  cronjobs: defaultCronJob,
  deployments: defaultDeployment,
  replicasets: defaultReplicaSet,
  daemonsets: defaultDaemonSet,
  statefulsets: defaultStatefulSet,
  secrets: defaultSecret,
  rolebindings: defaultBinding,
  clusterrolebindings: defaultBinding,
};

/** What the strategies of kubernetes/kubernetes pkg/registry do to a new object. */
const PREPARATIONS: { [R in ResourceName]?: Step<ResourceTypes[R]> } = {
  pods: preparePod,
  jobs: prepareJob,
  namespaces: prepareNamespace,
  deployments: (deployment) => (deployment.status = {}),
  replicasets: (replicaSet) => (replicaSet.status = { replicas: 0 }),
  daemonsets: (daemonSet) =>
    (daemonSet.status = {
      currentNumberScheduled: 0,
      numberMisscheduled: 0,
      desiredNumberScheduled: 0,
      numberReady: 0,
    }),
  statefulsets: (statefulSet) => (statefulSet.status = { replicas: 0, availableReplicas: 0 }),
  cronjobs: (cronJob) => (cronJob.status = {}),
  resourcequotas: (quota) => delete quota.status,
};

/** Fills in the defaults of a valid object, in place. */
export function canonicalize<R extends ResourceName>(resource: R, object: KubeObject): void {
  // The object is one of the resource: it was read or made as one.
  DEFAULTS[resource]?.(object as ResourceTypes[R]);
}

/** Completes a new, valid object, in place: defaults, and what only the server sets. Its uid is set already. */
export function applyDefaults<R extends ResourceName>(resource: R, object: ResourceTypes[R]): void {
  canonicalize(resource, object);
  PREPARATIONS[resource]?.(object);
  if (resourceInfo(resource).counted) object.metadata.generation = 1;
}
