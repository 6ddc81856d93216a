/**
 * The fields that objects may have, as far as clients of these clusters use them: what isn't here is an unknown field
 * (captures: 400-unknown-field-strict.http, 201-unknown-field-warn.http). Names: Kubernetes API reference v1.36.
 * Below `true` anything goes: those parts are kept as they come.
 */
import type { ResourceName } from './objects.js';

type Shape = true | { [field: string]: Shape } | [Shape];

const METADATA: Shape = {
  name: true,
  namespace: true,
  generateName: true,
  labels: true,
  annotations: true,
  ownerReferences: true,
  finalizers: true,
  uid: true,
  resourceVersion: true,
  generation: true,
  creationTimestamp: true,
  deletionTimestamp: true,
  deletionGracePeriodSeconds: true,
  managedFields: true,
  selfLink: true,
};

const CONTAINER: Shape = {
  name: true,
  image: true,
  command: true,
  args: true,
  workingDir: true,
  ports: true,
  envFrom: true,
  env: true,
  resources: true,
  resizePolicy: true,
  restartPolicy: true,
  restartPolicyRules: true,
  volumeMounts: true,
  volumeDevices: true,
  livenessProbe: true,
  readinessProbe: true,
  startupProbe: true,
  lifecycle: true,
  terminationMessagePath: true,
  terminationMessagePolicy: true,
  imagePullPolicy: true,
  securityContext: true,
  stdin: true,
  stdinOnce: true,
  tty: true,
};

const POD_SPEC: Shape = {
  volumes: true,
  initContainers: [CONTAINER],
  containers: [CONTAINER],
  ephemeralContainers: true,
  restartPolicy: true,
  terminationGracePeriodSeconds: true,
  activeDeadlineSeconds: true,
  dnsPolicy: true,
  nodeSelector: true,
  serviceAccountName: true,
  serviceAccount: true,
  automountServiceAccountToken: true,
  nodeName: true,
  hostNetwork: true,
  hostPID: true,
  hostIPC: true,
  shareProcessNamespace: true,
  securityContext: true,
  imagePullSecrets: true,
  hostname: true,
  subdomain: true,
  affinity: true,
  schedulerName: true,
  tolerations: true,
  hostAliases: true,
  priorityClassName: true,
  priority: true,
  dnsConfig: true,
  readinessGates: true,
  runtimeClassName: true,
  enableServiceLinks: true,
  preemptionPolicy: true,
  overhead: true,
  topologySpreadConstraints: true,
  setHostnameAsFQDN: true,
  os: true,
  hostUsers: true,
  schedulingGates: true,
  resourceClaims: true,
  resources: true,
  hostnameOverride: true,
  workloadRef: true,
};

const TYPE: Shape = { kind: true, apiVersion: true, metadata: METADATA };

const SHAPES: { [R in ResourceName]: Shape } = {
  pods: { ...TYPE, spec: POD_SPEC, status: true },
  jobs: {
    ...TYPE,
    spec: {
      parallelism: true,
      completions: true,
      activeDeadlineSeconds: true,
      podFailurePolicy: true,
      successPolicy: true,
      backoffLimit: true,
      backoffLimitPerIndex: true,
      maxFailedIndexes: true,
      selector: true,
      manualSelector: true,
      template: { metadata: METADATA, spec: POD_SPEC },
      ttlSecondsAfterFinished: true,
      completionMode: true,
      suspend: true,
      podReplacementPolicy: true,
      managedBy: true,
    },
    status: true,
  },
  serviceaccounts: { ...TYPE, secrets: true, imagePullSecrets: true, automountServiceAccountToken: true },
  namespaces: { ...TYPE, spec: true, status: true },
  secrets: { ...TYPE, immutable: true, data: true, stringData: true, type: true },
  nodes: { ...TYPE, spec: true, status: true },
  events: {
    ...TYPE,
    involvedObject: true,
    reason: true,
    message: true,
    source: true,
    firstTimestamp: true,
    lastTimestamp: true,
    count: true,
    type: true,
    eventTime: true,
    series: true,
    action: true,
    related: true,
    reportingComponent: true,
    reportingInstance: true,
  },
};

/** Fields that would change what happens, and whose effect isn't modelled. */
const NOT_MODELLED: { [R in ResourceName]?: string[] } = {
  pods: [
    'spec.initContainers',
    'spec.schedulingGates',
    'spec.topologySpreadConstraints',
    'spec.affinity.podAffinity',
    'spec.affinity.podAntiAffinity',
    'spec.activeDeadlineSeconds',
    'spec.hostNetwork',
  ],
  jobs: [
    'spec.podFailurePolicy',
    'spec.successPolicy',
    'spec.backoffLimitPerIndex',
    'spec.maxFailedIndexes',
    'spec.managedBy',
  ],
};

/** The first such field that an object has; undefined when all it has is modelled. A Job's pods count too. */
export function notModelledField(resource: ResourceName, object: unknown): string | undefined {
  const inTemplate =
    resource === 'jobs' ? (NOT_MODELLED.pods ?? []).map((path) => `spec.template.${path}`) : [];
  return [...(NOT_MODELLED[resource] ?? []), ...inTemplate].find((path) => {
    const value = path
      .split('.')
      .reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], object);
    return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
  });
}

/**
 * Reads an object as the API server does: what it doesn't know falls away, and is named by its path, such as
 * `spec.template.spec.imagePullSecret`.
 */
export function decode(
  resource: ResourceName,
  object: Record<string, unknown>,
): { known: Record<string, unknown>; unknown: string[] } {
  const unknown: string[] = [];
  return { known: decodeAs(SHAPES[resource], object, '', unknown) as Record<string, unknown>, unknown };
}

function decodeAs(shape: Shape, value: unknown, path: string, unknown: string[]): unknown {
  if (shape === true || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(shape)) {
    const [item] = shape;
    return Array.isArray(value)
      ? value.map((one, index) => decodeAs(item, one, `${path}[${index}]`, unknown))
      : value;
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]) => {
      const below = path === '' ? name : `${path}.${name}`;
      const known = shape[name];
      if (known !== undefined) return [[name, decodeAs(known, one, below, unknown)]];
      unknown.push(below);
      return [];
    }),
  );
}
