/** The manifests of a probe: the Job that makes one node pull one image, and its ServiceAccount. */
import { createHash } from 'node:crypto';
import { optional } from '../json.js';

/** Labels that every object of a probe carries. */
export const LABELS = {
  run: 'aks-acr-pull.dev/run',
  owner: 'aks-acr-pull.dev/owner',
  expires: 'aks-acr-pull.dev/expires',
  pool: 'aks-acr-pull.dev/pool',
} as const;

/** The one container of a probe's pod. */
export const PROBE_CONTAINER = 'pull';

/** No image holds it, so nothing of an image ever runs: the kubelet's StartError comes after a good pull. */
export const PROBE_COMMAND = '/aks-acr-pull-probe-is-never-run';

/** Label by which AKS names a node's pool: https://learn.microsoft.com/azure/aks/use-labels (reserved system labels). */
export const POOL_LABEL = 'kubernetes.azure.com/agentpool';

/** Label by which Karpenter names a node's NodePool, and with it AKS' node auto-provisioning: https://karpenter.sh/docs/concepts/scheduling/ */
export const NODEPOOL_LABEL = 'karpenter.sh/nodepool';

export interface ProbeSpec {
  runId: string;
  /** Node pool, as AKS names it. */
  pool: string;
  /** Label by which nodes name their pool. Default: AKS' own. */
  poolLabel?: typeof POOL_LABEL | typeof NODEPOOL_LABEL | 'none';
  /** Secrets of the namespace that the pod pulls with. Default: none, and then it must have none. */
  pullSecrets?: readonly string[];
  os: 'linux' | 'windows';
  image: string;
  /** One node of the pool, by name; else the scheduler takes any. */
  node?: string;
  /** Taints that a node of the pool may have, as Azure names them (`key=value:Effect`); `all`: whatever there is. */
  tolerates: readonly string[] | 'all';
  namespace: string;
  /** Who made it, for whoever finds it in the cluster; any text. */
  owner: string;
  /** Tells probes of the same image on the same pool apart. Counts from 0. */
  ordinal: number;
  /** Counts from 1: each retry is a new Job with a new pod, because the kubelet's back-off is per pod. */
  attempt: number;
  /** Seconds after which the cluster ends the Job by itself. */
  deadlineSeconds: number;
  /** Seconds after its end at which the cluster removes the Job and all it owns. */
  ttlSeconds: number;
  /** Milliseconds since the epoch. */
  now: number;
}

/** A Pod's part of a Job, as it is sent: what the admitted pod is held against. */
export interface PodTemplate {
  metadata: { labels: Record<string, string>; annotations: Record<string, string> };
  spec: PodSpec;
}

interface PodSpec {
  serviceAccountName: string;
  containers: {
    name: string;
    image: string;
    imagePullPolicy: 'Always';
    command: string[];
    resources: { requests: Record<string, string>; limits: Record<string, string> };
    securityContext?: Record<string, unknown>;
  }[];
  [field: string]: unknown;
}

export interface ProbeManifests {
  /** Name of the Job and of its ServiceAccount: a DNS-1123 label of at most 63 characters. */
  name: string;
  job: { apiVersion: string; kind: string; metadata: ObjectMeta; spec: JobSpec };
  serviceAccount: (jobUid: string) => {
    apiVersion: string;
    kind: string;
    metadata: ObjectMeta & { ownerReferences: Record<string, string>[] };
    automountServiceAccountToken: false;
  };
}

interface ObjectMeta {
  name: string;
  namespace: string;
  labels: Record<string, string>;
}

interface JobSpec {
  suspend: false;
  backoffLimit: 0;
  activeDeadlineSeconds: number;
  ttlSecondsAfterFinished: number;
  template: PodTemplate;
}

/**
 * How meshes are told to leave a pod alone; as a label and as an annotation where a mesh reads either.
 * Istio: https://istio.io/latest/docs/reference/config/annotations/ and …/labels/ (sidecar.istio.io/inject);
 * Linkerd: https://linkerd.io/2/reference/proxy-configuration/ (linkerd.io/inject).
 */
const NO_SIDECARS = {
  labels: { 'sidecar.istio.io/inject': 'false' },
  annotations: { 'sidecar.istio.io/inject': 'false', 'linkerd.io/inject': 'disabled' },
};

/**
 * What differs by operating system. Linux fulfils the restricted Pod Security Standard; a Windows pod must not carry
 * Linux fields at all (https://kubernetes.io/docs/concepts/security/pod-security-standards/#os-specific-policy-controls,
 * https://kubernetes.io/docs/concepts/windows/intro/#compatibility-v1-pod-spec-containers).
 */
const BY_OS: Record<ProbeSpec['os'], { pod: Record<string, unknown>; container?: Record<string, unknown> }> =
  {
    linux: {
      pod: {
        runAsNonRoot: true,
        runAsUser: 65532,
        runAsGroup: 65532,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      container: {
        runAsNonRoot: true,
        runAsUser: 65532,
        privileged: false,
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
    },
    windows: { pod: { runAsNonRoot: true, windowsOptions: { runAsUserName: 'ContainerUser' } } },
  };

/**
 * Taints that AKS puts on nodes by itself, by key: system pools may have the first, spot pools have the second
 * (https://learn.microsoft.com/azure/aks/use-system-pools, https://learn.microsoft.com/azure/aks/spot-node-pool).
 */
const TAINTS_OF_AKS = ['CriticalAddonsOnly', 'kubernetes.azure.com/scalesetpriority'];

/**
 * Tolerations by key, so that the probe lands on no node that is not ready, cordoned, full or about to go: such nodes
 * carry taints of Kubernetes' own (https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/).
 */
function tolerations(tolerates: ProbeSpec['tolerates']): Record<string, string>[] {
  if (tolerates === 'all') return [{ operator: 'Exists' }];
  const keys = tolerates.map((taint) => taint.replace(/[=:].*$/s, ''));
  return [...new Set([...keys, ...TAINTS_OF_AKS])].map((key) => ({ key, operator: 'Exists' }));
}

/** Requests equal limits; AKS deployment safeguards demand both. */
const RESOURCES = { cpu: '100m', memory: '128Mi' };

/**
 * A probe of one image on one pool, as docs/contract.md ("What a proved pull means") demands it. The Job comes first
 * and is never suspended; its ServiceAccount is owned by it, so that the cluster itself removes everything within
 * deadline + TTL (https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/).
 */
export function probeManifests(spec: ProbeSpec): ProbeManifests {
  const name = probeName(spec);
  const expires = spec.now + (spec.deadlineSeconds + spec.ttlSeconds) * 1000;
  const labels = {
    [LABELS.run]: labelValue(spec.runId),
    [LABELS.owner]: labelValue(spec.owner),
    [LABELS.expires]: labelValue(new Date(expires).toISOString().replace(/[-:]|\.\d+/g, '')),
    [LABELS.pool]: labelValue(spec.pool),
  };
  const metadata = { name, namespace: spec.namespace, labels };
  const security = BY_OS[spec.os];
  const template: PodTemplate = {
    metadata: {
      labels: { ...labels, ...NO_SIDECARS.labels },
      annotations: { ...NO_SIDECARS.annotations },
    },
    spec: {
      restartPolicy: 'Never',
      serviceAccountName: name,
      ...optional(
        'imagePullSecrets',
        spec.pullSecrets?.map((secret) => ({ name: secret })),
      ),
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 1,
      os: { name: spec.os },
      nodeSelector: {
        ...(spec.poolLabel === 'none' ? {} : { [spec.poolLabel ?? POOL_LABEL]: spec.pool }),
        'kubernetes.io/os': spec.os,
        ...optional('kubernetes.io/hostname', spec.node),
      },
      tolerations: tolerations(spec.tolerates),
      securityContext: security.pod,
      containers: [
        {
          name: PROBE_CONTAINER,
          image: spec.image,
          imagePullPolicy: 'Always',
          command: [PROBE_COMMAND],
          resources: { requests: { ...RESOURCES }, limits: { ...RESOURCES } },
          ...optional('securityContext', security.container),
        },
      ],
    },
  };
  return {
    name,
    job: {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata,
      spec: {
        suspend: false,
        backoffLimit: 0,
        activeDeadlineSeconds: spec.deadlineSeconds,
        ttlSecondsAfterFinished: spec.ttlSeconds,
        template,
      },
    },
    serviceAccount: (jobUid) => ({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: {
        ...metadata,
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, uid: jobUid }],
      },
      automountServiceAccountToken: false,
    }),
  };
}

/**
 * `aks-acr-pull-<run>-<pool>-<6 hex>-<attempt>`: the hex digits tell images apart. Short enough for the suffix that the
 * Job controller adds to a pod's name.
 */
function probeName(spec: ProbeSpec): string {
  const image = createHash('sha256')
    .update(`${spec.ordinal}\n${spec.pool}\n${spec.image}`)
    .digest('hex')
    .slice(0, 6);
  const tail = `-${image}-${spec.attempt}`;
  return dnsLabel(`aks-acr-pull-${spec.runId}-${spec.pool}`, 57 - tail.length) + tail;
}

/** As much of a text as a DNS-1123 label may hold; it begins with a letter already. */
function dnsLabel(text: string, longest: number): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, longest)
    .replace(/-+$/, '');
}

/**
 * Any text as a label's value: at most 63 of letters, digits, '-', '_' and '.', a letter or digit at both ends
 * (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set).
 */
export function labelValue(text: string): string {
  return text
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 63)
    .replace(/[^A-Za-z0-9]+$/, '');
}
