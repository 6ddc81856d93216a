/** What admission plugins see and how they refuse. */
import type { ManagedCluster } from '../../cloud/model.js';
import { ApiError, forbiddenByAdmission } from '../errors.js';
import type { Status } from '../errors.js';
import { resourceInfo } from '../resources.js';
import type {
  Container,
  CronJob,
  Deployment,
  Job,
  KubeObject,
  ObjectMeta,
  Pod,
  PodSpec,
  PodTemplate,
  ResourceName,
} from '../objects.js';
import type { Store } from '../store.js';

/** A new object on its way in. A mutating plugin may change `object` in place; any may throw an ApiError. */
export interface AdmissionRequest {
  resource: ResourceName;
  object: KubeObject;
  store: Store;
  /** Whose policies, webhooks and version hold. */
  cluster: ManagedCluster;
  /** Adds a warning to the answer. */
  warn(text: string): void;
}

/**
 * One admission plugin. The API server runs everyone's `admit` first, which may change the object, and everyone's
 * `validate` once that is done (kubernetes/kubernetes, staging apiserver pkg/admission/interfaces.go).
 */
export interface AdmissionPlugin {
  name: string;
  admit?(request: AdmissionRequest): void;
  validate?(request: AdmissionRequest): void;
}

/** A pod, or what a workload makes pods from. */
export interface PodLike {
  metadata: Partial<ObjectMeta>;
  spec: PodSpec;
  /** Where it stands in the object: empty, or such as `/spec/template`. */
  path: string;
}

/** The pod in an object: itself, or its template. Undefined for what has none. */
export function podOf({
  resource,
  object,
}: Pick<AdmissionRequest, 'resource' | 'object'>): PodLike | undefined {
  if (resource === 'pods') return { ...(object as Pod), path: '' };
  const template = TEMPLATES[resource]?.(object);
  if (template === undefined) return undefined;
  template.metadata ??= {};
  const path = resource === 'cronjobs' ? '/spec/jobTemplate/spec/template' : '/spec/template';
  return { metadata: template.metadata, spec: template.spec, path };
}

const template = (object: KubeObject): PodTemplate => (object as Job | Deployment).spec.template;

/** Where workloads have what they make pods from. */
const TEMPLATES: Partial<Record<ResourceName, (object: KubeObject) => PodTemplate>> = {
  jobs: template,
  deployments: template,
  replicasets: template,
  daemonsets: template,
  statefulsets: template,
  cronjobs: (object) => (object as CronJob).spec.jobTemplate.spec.template,
};

/** Init containers first, then the others: the order in which upstream's visitors go. */
export function containersOf(spec: PodSpec): Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers];
}

/**
 * Refuses: `pods "x" is forbidden: <why>`. While plugins still change the object a generated name isn't there, and its
 * prefix is reported; afterwards the name is (kubernetes/kubernetes, staging apiserver pkg/admission/errors.go).
 */
export function refuse(
  { resource, object }: AdmissionRequest,
  why: string,
  phase: 'admit' | 'validate' = 'validate',
): ApiError {
  const { name, generateName } = object.metadata;
  return forbiddenByAdmission(resourceInfo(resource), phase === 'admit' ? (generateName ?? name) : name, why);
}

/** A failure with a status of its own choosing, as webhooks give. */
export function statusError(status: Pick<Status, 'message' | 'reason' | 'details' | 'code'>): ApiError {
  return new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', ...status });
}
