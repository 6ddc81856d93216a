/** The Kubernetes objects that the simulated clusters hold, with the fields that anything here looks at. */

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** Server-set fields are optional because objects come in without them. managedFields are left out of the model. */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  generateName?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
}

export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

export interface Namespace extends KubeObject {
  spec?: { finalizers?: string[] };
  status?: { phase: string };
}

export interface ServiceAccount extends KubeObject {
  automountServiceAccountToken?: boolean;
  imagePullSecrets?: { name: string }[];
}

export interface Secret extends KubeObject {
  type?: string;
  /** Base64. */
  data?: Record<string, string>;
}

export interface Taint {
  key: string;
  value?: string;
  effect: string;
}

export interface Node extends KubeObject {
  spec: { taints?: Taint[]; unschedulable?: boolean; providerID?: string };
  status: {
    nodeInfo: { operatingSystem: string; architecture: string } & Record<string, string>;
    addresses: { type: string; address: string }[];
    images?: { names: string[]; sizeBytes: number }[];
  } & Record<string, unknown>;
}

export interface Toleration {
  key?: string;
  operator?: string;
  value?: string;
  effect?: string;
  tolerationSeconds?: number;
}

export interface SelectorRequirement {
  key: string;
  operator: string;
  values?: string[];
}

export interface Container {
  name: string;
  image: string;
  command?: string[];
  args?: string[];
  imagePullPolicy?: string;
  resources?: Record<string, unknown>;
  terminationMessagePath?: string;
  terminationMessagePolicy?: string;
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean }[];
}

export interface PodSpec {
  containers: Container[];
  initContainers?: Container[];
  nodeName?: string;
  nodeSelector?: Record<string, string>;
  affinity?: {
    nodeAffinity?: {
      requiredDuringSchedulingIgnoredDuringExecution?: {
        nodeSelectorTerms: {
          matchExpressions?: SelectorRequirement[];
          matchFields?: SelectorRequirement[];
        }[];
      };
    };
  };
  tolerations?: Toleration[];
  restartPolicy?: string;
  serviceAccountName?: string;
  serviceAccount?: string;
  automountServiceAccountToken?: boolean;
  imagePullSecrets?: { name: string }[];
  volumes?: ({ name: string } & Record<string, unknown>)[];
  securityContext?: Record<string, unknown>;
  terminationGracePeriodSeconds?: number;
  activeDeadlineSeconds?: number;
  dnsPolicy?: string;
  schedulerName?: string;
  enableServiceLinks?: boolean;
  priority?: number;
  preemptionPolicy?: string;
  os?: { name: string };
}

export interface PodCondition {
  type: string;
  status: 'True' | 'False';
  lastProbeTime: string | null;
  lastTransitionTime: string;
  observedGeneration?: number;
  reason?: string;
  message?: string;
}

export interface ContainerState {
  waiting?: { reason: string; message?: string };
  running?: { startedAt: string };
  terminated?: {
    exitCode: number;
    reason: string;
    message?: string;
    startedAt: string | null;
    finishedAt: string | null;
    containerID?: string;
  };
}

export interface ContainerStatus {
  name: string;
  image: string;
  imageID: string;
  containerID?: string;
  state: ContainerState;
  lastState: ContainerState;
  ready: boolean;
  restartCount: number;
  started: boolean;
}

export interface PodStatus {
  phase: string;
  qosClass?: string;
  observedGeneration?: number;
  conditions?: PodCondition[];
  containerStatuses?: ContainerStatus[];
  hostIP?: string;
  hostIPs?: { ip: string }[];
  podIP?: string;
  podIPs?: { ip: string }[];
  startTime?: string;
  reason?: string;
  message?: string;
}

export interface Pod extends KubeObject {
  spec: PodSpec;
  status: PodStatus;
}

export interface JobCondition {
  type: 'FailureTarget' | 'Failed' | 'SuccessCriteriaMet' | 'Complete' | 'Suspended';
  status: 'True' | 'False';
  reason: string;
  message: string;
  lastProbeTime: string;
  lastTransitionTime: string;
}

export interface Job extends KubeObject {
  spec: {
    parallelism?: number;
    completions?: number;
    backoffLimit?: number;
    activeDeadlineSeconds?: number;
    ttlSecondsAfterFinished?: number;
    suspend?: boolean;
    manualSelector?: boolean;
    selector?: { matchLabels?: Record<string, string> };
    completionMode?: string;
    podReplacementPolicy?: string;
    template: { metadata?: Partial<ObjectMeta>; spec: PodSpec };
  };
  status?: {
    active?: number;
    succeeded?: number;
    failed?: number;
    ready?: number;
    terminating?: number;
    startTime?: string;
    completionTime?: string;
    conditions?: JobCondition[];
    uncountedTerminatedPods?: Record<string, never>;
  };
}

export interface ObjectReference {
  apiVersion: string;
  kind: string;
  name: string;
  namespace: string;
  uid: string;
  resourceVersion?: string;
  fieldPath?: string;
}

/** core/v1 Event. A scheduler's has `eventTime` and null timestamps, everyone else's the other way round. */
export interface Event extends KubeObject {
  involvedObject: ObjectReference;
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
  source: { component?: string; host?: string };
  count?: number;
  firstTimestamp: string | null;
  lastTimestamp: string | null;
  eventTime: string | null;
  action?: string;
  reportingComponent: string;
  reportingInstance: string;
}

/** Resource name → the kind of object it holds. */
export interface ResourceTypes {
  namespaces: Namespace;
  nodes: Node;
  serviceaccounts: ServiceAccount;
  secrets: Secret;
  pods: Pod;
  events: Event;
  jobs: Job;
}

export type ResourceName = keyof ResourceTypes;

/** What the API says about a resource (discovery, errors, tables). */
export interface ResourceInfo {
  name: ResourceName;
  /** Empty for the core group. */
  group: string;
  version: string;
  kind: string;
  namespaced: boolean;
  shortNames: string[];
  verbs: string[];
  /** DELETE answers with the object itself, not a Status (registry option ReturnDeletedObject in kubernetes/kubernetes). */
  returnsDeleted: boolean;
}

const ALL_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'watch'];
const READ_VERBS = ['get', 'list', 'watch'];

/** The resources served. Short names and scopes are those of kubernetes/kubernetes pkg/registry. */
export const RESOURCES: readonly ResourceInfo[] = [
  {
    name: 'events',
    group: '',
    version: 'v1',
    kind: 'Event',
    namespaced: true,
    shortNames: ['ev'],
    verbs: ALL_VERBS,
    returnsDeleted: false,
  },
  {
    name: 'namespaces',
    group: '',
    version: 'v1',
    kind: 'Namespace',
    namespaced: false,
    shortNames: ['ns'],
    verbs: ['create', 'delete', ...READ_VERBS],
    returnsDeleted: true,
  },
  {
    name: 'nodes',
    group: '',
    version: 'v1',
    kind: 'Node',
    namespaced: false,
    shortNames: ['no'],
    verbs: READ_VERBS,
    returnsDeleted: false,
  },
  {
    name: 'pods',
    group: '',
    version: 'v1',
    kind: 'Pod',
    namespaced: true,
    shortNames: ['po'],
    verbs: ALL_VERBS,
    returnsDeleted: true,
  },
  {
    name: 'secrets',
    group: '',
    version: 'v1',
    kind: 'Secret',
    namespaced: true,
    shortNames: [],
    verbs: ALL_VERBS,
    returnsDeleted: false,
  },
  {
    name: 'serviceaccounts',
    group: '',
    version: 'v1',
    kind: 'ServiceAccount',
    namespaced: true,
    shortNames: ['sa'],
    verbs: ALL_VERBS,
    returnsDeleted: true,
  },
  {
    name: 'jobs',
    group: 'batch',
    version: 'v1',
    kind: 'Job',
    namespaced: true,
    shortNames: [],
    verbs: ALL_VERBS,
    returnsDeleted: false,
  },
];

/** `v1`, `batch/v1`. */
export function groupVersion(resource: ResourceInfo): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/** `pods`, `jobs.batch`: how messages name a resource. */
export function qualifiedName(resource: ResourceInfo): string {
  return resource.group === '' ? resource.name : `${resource.name}.${resource.group}`;
}

/** Information about a resource by its name. */
export function resourceInfo(name: ResourceName): ResourceInfo {
  const found = RESOURCES.find((resource) => resource.name === name);
  if (found === undefined) throw new Error(`no resource ${name}`);
  return found;
}

/** An RFC 3339 timestamp in whole seconds, as metav1.Time. */
export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** An RFC 3339 timestamp with microseconds, as metav1.MicroTime. */
export function microTimestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/Z$/, '000Z');
}
