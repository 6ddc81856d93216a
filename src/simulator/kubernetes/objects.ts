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

/** Amounts by resource, as objects write them: `100m`, `128Mi`. */
export type ResourceAmounts = Record<string, string>;

export interface ResourceQuota extends KubeObject {
  spec: { hard: ResourceAmounts };
  status?: { hard: ResourceAmounts; used: ResourceAmounts };
}

/** What one LimitRange says of containers or of whole pods. */
export interface LimitRangeItem {
  type: 'Container' | 'Pod';
  max?: ResourceAmounts;
  min?: ResourceAmounts;
  default?: ResourceAmounts;
  defaultRequest?: ResourceAmounts;
  maxLimitRequestRatio?: ResourceAmounts;
}

export interface LimitRange extends KubeObject {
  spec: { limits: LimitRangeItem[] };
}

export interface ServiceAccount extends KubeObject {
  automountServiceAccountToken?: boolean;
  imagePullSecrets?: { name: string }[];
}

export interface Secret extends KubeObject {
  type?: string;
  immutable?: boolean;
  /** Base64. */
  data?: Record<string, string>;
  /** Only on its way in. */
  stringData?: Record<string, string>;
}

export interface ConfigMap extends KubeObject {
  immutable?: boolean;
  data?: Record<string, string>;
  /** Base64. */
  binaryData?: Record<string, string>;
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

/** A profile that confines a container: `Localhost`, `RuntimeDefault`, `Unconfined`. */
export interface ProfileChoice {
  type?: string;
}

/** The parts of a pod's security context that a container's has as well. */
export interface CommonSecurityContext {
  runAsUser?: number;
  runAsNonRoot?: boolean;
  seccompProfile?: ProfileChoice;
  appArmorProfile?: ProfileChoice;
  seLinuxOptions?: { type?: string; user?: string; role?: string };
  windowsOptions?: { hostProcess?: boolean };
}

export interface PodSecurityContext extends CommonSecurityContext {
  sysctls?: { name: string }[];
}

export interface ContainerSecurityContext extends CommonSecurityContext {
  privileged?: boolean;
  allowPrivilegeEscalation?: boolean;
  readOnlyRootFilesystem?: boolean;
  procMount?: string;
  capabilities?: { add?: string[]; drop?: string[] };
}

/** What a probe or a lifecycle hook does. */
export interface Handler {
  httpGet?: { host?: string };
  tcpSocket?: { host?: string };
  exec?: object;
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
  env?: { name: string; value?: string }[];
  ports?: { hostPort?: number }[];
  livenessProbe?: Handler;
  readinessProbe?: Handler;
  startupProbe?: Handler;
  lifecycle?: { postStart?: Handler; preStop?: Handler };
  securityContext?: ContainerSecurityContext;
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
  securityContext?: PodSecurityContext;
  hostNetwork?: boolean;
  hostPID?: boolean;
  hostIPC?: boolean;
  /** False: the pod has a user namespace of its own. */
  hostUsers?: boolean;
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
    selector?: LabelSelector;
    completionMode?: string;
    podReplacementPolicy?: string;
    template: PodTemplate;
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

export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: SelectorRequirement[];
}

export interface PodTemplate {
  metadata?: Partial<ObjectMeta>;
  spec: PodSpec;
}

/** A condition of what makes pods. */
export interface WorkloadCondition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastUpdateTime?: string;
  lastTransitionTime?: string;
}

export interface Deployment extends KubeObject {
  spec: {
    replicas?: number;
    selector: LabelSelector;
    template: PodTemplate;
    strategy?: {
      type?: string;
      rollingUpdate?: { maxSurge?: number | string; maxUnavailable?: number | string };
    };
    minReadySeconds?: number;
    revisionHistoryLimit?: number;
    progressDeadlineSeconds?: number;
    paused?: boolean;
  };
  status?: {
    observedGeneration?: number;
    replicas?: number;
    updatedReplicas?: number;
    readyReplicas?: number;
    availableReplicas?: number;
    unavailableReplicas?: number;
    conditions?: WorkloadCondition[];
  };
}

export interface ReplicaSet extends KubeObject {
  spec: { replicas?: number; minReadySeconds?: number; selector: LabelSelector; template: PodTemplate };
  status?: {
    observedGeneration?: number;
    replicas: number;
    fullyLabeledReplicas?: number;
    readyReplicas?: number;
    availableReplicas?: number;
  };
}

export interface DaemonSet extends KubeObject {
  spec: {
    selector: LabelSelector;
    template: PodTemplate;
    updateStrategy?: Record<string, unknown>;
    revisionHistoryLimit?: number;
  };
  status?: Record<string, number>;
}

export interface StatefulSet extends KubeObject {
  spec: {
    replicas?: number;
    selector: LabelSelector;
    template: PodTemplate;
    serviceName?: string;
    podManagementPolicy?: string;
    updateStrategy?: Record<string, unknown>;
    revisionHistoryLimit?: number;
  };
  status?: Record<string, number>;
}

export interface CronJob extends KubeObject {
  spec: {
    schedule: string;
    suspend?: boolean;
    concurrencyPolicy?: string;
    timeZone?: string;
    successfulJobsHistoryLimit?: number;
    failedJobsHistoryLimit?: number;
    jobTemplate: { metadata?: Partial<ObjectMeta>; spec: Job['spec'] };
  };
  status?: { active?: ObjectReference[]; lastScheduleTime?: string };
}

export interface PolicyRule {
  verbs: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
}

/** Of a namespace, or (ClusterRole) of the cluster. */
export interface Role extends KubeObject {
  rules?: PolicyRule[] | null;
}

export interface RoleBinding extends KubeObject {
  subjects?: { kind: string; apiGroup?: string; name: string; namespace?: string }[];
  roleRef: { apiGroup: string; kind: string; name: string };
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

/** A node's sign of life. */
export interface Lease extends KubeObject {
  spec: { holderIdentity: string; leaseDurationSeconds: number; renewTime: string };
}

/** Resource name → the kind of object it holds. */
export interface ResourceTypes {
  namespaces: Namespace;
  nodes: Node;
  serviceaccounts: ServiceAccount;
  secrets: Secret;
  pods: Pod;
  events: Event;
  configmaps: ConfigMap;
  resourcequotas: ResourceQuota;
  limitranges: LimitRange;
  jobs: Job;
  cronjobs: CronJob;
  deployments: Deployment;
  replicasets: ReplicaSet;
  daemonsets: DaemonSet;
  statefulsets: StatefulSet;
  roles: Role;
  rolebindings: RoleBinding;
  leases: Lease;
  clusterroles: Role;
  clusterrolebindings: RoleBinding;
}

export type ResourceName = keyof ResourceTypes;

/** An RFC 3339 timestamp in whole seconds, as metav1.Time. */
export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** An RFC 3339 timestamp with microseconds, as metav1.MicroTime. */
export function microTimestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/Z$/, '000Z');
}
