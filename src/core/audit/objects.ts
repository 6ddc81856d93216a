/** Service accounts, pods and workloads, cut down to what says who uses which pull secret. Pure. */
import { asText, at, optional } from '../json.js';
import { entriesAt, listAt, textAt } from '../kubernetes/json.js';
import type { ObjectName } from './model.js';

const RELEASE_NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

/** A release's name as Helm allows it (helm/helm, pkg/chartutil/validate_name.go): it gets into commands. */
export function releaseName(value: unknown): string | undefined {
  const name = asText(value);
  return name !== undefined && name.length <= 53 && RELEASE_NAME.test(name) ? name : undefined;
}

/** What manages an object and would write it again. */
interface Managed {
  /** Name of the Helm release that it belongs to (helm/helm, pkg/action/validate.go: its annotation). */
  release?: string;
}

export interface Account extends ObjectName, Managed {
  /** Names of its pull secrets, in its order. */
  secrets: string[];
}

export interface Workload extends ObjectName, Managed {
  /** Names of the pull secrets of its pods, in its order. */
  secrets: string[];
  serviceAccount: string;
  images: string[];
  /** `Kind/name` of what controls it. */
  owner?: string;
  /** Whether it pulls no more: it has ended. */
  over: boolean;
}

/** A kind of workload: where it is listed, and where its pods' specification stands. */
export interface WorkloadKind {
  kind: string;
  /** As kubectl takes it. */
  resource: string;
  group: '' | 'apps' | 'batch';
  spec: readonly string[];
  /** Whether its pods' specification can be changed (kubernetes/kubernetes, pkg/apis validation: a Pod's and a Job's can't). */
  patchable: boolean;
}

export const WORKLOAD_KINDS: readonly WorkloadKind[] = [
  { kind: 'Pod', resource: 'pods', group: '', spec: ['spec'], patchable: false },
  ...(
    [
      ['Deployment', 'deployments'],
      ['StatefulSet', 'statefulsets'],
      ['DaemonSet', 'daemonsets'],
      ['ReplicaSet', 'replicasets'],
    ] as const
  ).map(([kind, resource]): WorkloadKind => ({
    kind,
    resource,
    group: 'apps',
    spec: ['spec', 'template', 'spec'],
    patchable: true,
  })),
  { kind: 'Job', resource: 'jobs', group: 'batch', spec: ['spec', 'template', 'spec'], patchable: false },
  {
    kind: 'CronJob',
    resource: 'cronjobs',
    group: 'batch',
    spec: ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
    patchable: true,
  },
];

/** Where a kind is listed in all namespaces. */
export function listPath({ group, resource }: Pick<WorkloadKind, 'group' | 'resource'>): string {
  return group === '' ? `/api/v1/${resource}` : `/apis/${group}/v1/${resource}`;
}

export function asAccount(object: unknown): Account | undefined {
  const named = nameOf('ServiceAccount', object);
  return named && { ...named, ...managed(object), secrets: secretNames(object) };
}

/** A workload of a kind; what has no specification of pods is none. */
export function asWorkload(kind: WorkloadKind, object: unknown): Workload | undefined {
  const named = nameOf(kind.kind, object);
  const spec = at(object, ...kind.spec);
  if (named === undefined || typeof spec !== 'object' || spec === null) return undefined;
  const containers = ['initContainers', 'containers'].flatMap((list) => listAt(spec, list));
  return {
    ...named,
    ...managed(object),
    secrets: secretNames(spec),
    serviceAccount: textAt(spec, 'serviceAccountName') ?? 'default',
    images: containers.flatMap((container) => textAt(container, 'image') ?? []),
    ...optional('owner', controllerOf(object)),
    over: isOver(kind, object),
  };
}

/** Who wrote a Secret and would write it again: a Helm release, or what owns it. */
export function makerOf(object: unknown): { release?: string; madeBy?: string } {
  const { release } = managed(object);
  if (release !== undefined) return { release, madeBy: `Helm release ${release}` };
  const [owner] = listAt(object, 'metadata', 'ownerReferences');
  const kind = textAt(owner, 'kind');
  return kind === undefined ? {} : { madeBy: `${kind} ${textAt(owner, 'name') ?? ''}`.trim() };
}

export function nameOf(kind: string, object: unknown): ObjectName | undefined {
  const name = textAt(object, 'metadata', 'name');
  const namespace = textAt(object, 'metadata', 'namespace');
  return name === undefined || namespace === undefined ? undefined : { kind, namespace, name };
}

function managed(object: unknown): Managed {
  const [, release] =
    entriesAt(object, 'metadata', 'annotations').find(([key]) => key === 'meta.helm.sh/release-name') ?? [];
  return optional('release', releaseName(release));
}

function secretNames(holder: unknown): string[] {
  return listAt(holder, 'imagePullSecrets').flatMap((one) => textAt(one, 'name') ?? []);
}

function controllerOf(object: unknown): string | undefined {
  const owner = listAt(object, 'metadata', 'ownerReferences').find((one) => at(one, 'controller') === true);
  const kind = textAt(owner, 'kind');
  return kind === undefined ? undefined : `${kind}/${textAt(owner, 'name') ?? ''}`;
}

function isOver({ kind }: WorkloadKind, object: unknown): boolean {
  if (kind === 'Pod') return ['Succeeded', 'Failed'].includes(textAt(object, 'status', 'phase') ?? '');
  // What a Deployment keeps of its former revisions.
  if (kind === 'ReplicaSet') return at(object, 'spec', 'replicas') === 0;
  if (kind !== 'Job') return false;
  return listAt(object, 'status', 'conditions').some(
    (one) => ['Complete', 'Failed'].includes(textAt(one, 'type') ?? '') && textAt(one, 'status') === 'True',
  );
}
