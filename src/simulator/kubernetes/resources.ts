/** Which resources the API serves, and what it says about each: discovery, errors, tables. */
import type { ResourceName } from './objects.js';

export type Subresource = 'status' | 'scale' | 'log';

export interface ResourceInfo {
  name: ResourceName;
  /** Empty for the core group. */
  group: string;
  version: string;
  kind: string;
  namespaced: boolean;
  shortNames: string[];
  verbs: string[];
  /** `all`: what `kubectl get all` means. */
  categories: string[];
  subresources: Subresource[];
  /** DELETE answers with the object itself, not a Status (registry option ReturnDeletedObject in kubernetes/kubernetes). */
  returnsDeleted: boolean;
  /** metadata.generation counts changes of its specification. */
  counted: boolean;
}

const ALL_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

type Rest = Partial<Omit<ResourceInfo, 'name' | 'group' | 'kind'>>;

function resource(name: ResourceName, group: string, kind: string, rest: Rest = {}): ResourceInfo {
  return {
    name,
    group,
    version: 'v1',
    kind,
    namespaced: true,
    shortNames: [],
    verbs: ALL_VERBS,
    categories: [],
    subresources: [],
    returnsDeleted: false,
    counted: false,
    ...rest,
  };
}

const BATCH = 'batch';
const APPS = 'apps';
const RBAC = 'rbac.authorization.k8s.io';
const WORKLOAD: Rest = { categories: ['all'], subresources: ['status', 'scale'], counted: true };

/** The resources served. Short names, scopes and categories are those of kubernetes/kubernetes pkg/registry. */
export const RESOURCES: readonly ResourceInfo[] = [
  resource('configmaps', '', 'ConfigMap', { shortNames: ['cm'] }),
  resource('events', '', 'Event', { shortNames: ['ev'] }),
  resource('limitranges', '', 'LimitRange', { shortNames: ['limits'] }),
  resource('namespaces', '', 'Namespace', {
    namespaced: false,
    shortNames: ['ns'],
    verbs: ALL_VERBS.filter((verb) => verb !== 'deletecollection'),
    subresources: ['status'],
    returnsDeleted: true,
  }),
  // Nodes come and go with the cluster's pools.
  resource('nodes', '', 'Node', {
    namespaced: false,
    shortNames: ['no'],
    verbs: ['get', 'list', 'patch', 'update', 'watch'],
    subresources: ['status'],
  }),
  resource('pods', '', 'Pod', {
    shortNames: ['po'],
    categories: ['all'],
    subresources: ['log', 'status'],
    returnsDeleted: true,
    counted: true,
  }),
  resource('resourcequotas', '', 'ResourceQuota', {
    shortNames: ['quota'],
    subresources: ['status'],
    returnsDeleted: true,
  }),
  resource('secrets', '', 'Secret'),
  resource('serviceaccounts', '', 'ServiceAccount', { shortNames: ['sa'], returnsDeleted: true }),
  resource('daemonsets', APPS, 'DaemonSet', { ...WORKLOAD, shortNames: ['ds'], subresources: ['status'] }),
  resource('deployments', APPS, 'Deployment', { ...WORKLOAD, shortNames: ['deploy'] }),
  resource('replicasets', APPS, 'ReplicaSet', { ...WORKLOAD, shortNames: ['rs'] }),
  resource('statefulsets', APPS, 'StatefulSet', { ...WORKLOAD, shortNames: ['sts'] }),
  resource('cronjobs', BATCH, 'CronJob', { ...WORKLOAD, shortNames: ['cj'], subresources: ['status'] }),
  resource('jobs', BATCH, 'Job', { ...WORKLOAD, subresources: ['status'] }),
  // Written by the nodes only.
  resource('leases', 'coordination.k8s.io', 'Lease', { verbs: ['get', 'list', 'watch'] }),
  resource('clusterrolebindings', RBAC, 'ClusterRoleBinding', { namespaced: false }),
  resource('clusterroles', RBAC, 'ClusterRole', { namespaced: false }),
  resource('rolebindings', RBAC, 'RoleBinding'),
  resource('roles', RBAC, 'Role'),
];

/** `v1`, `batch/v1`. */
export function groupVersion(resource: ResourceInfo): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/** `pods`, `jobs.batch`: how messages name a resource. */
export function qualifiedName(resource: ResourceInfo): string {
  return resource.group === '' ? resource.name : `${resource.name}.${resource.group}`;
}

/** `Pod`, `Job.batch`: how messages name a kind. */
export function qualifiedKind(resource: ResourceInfo): string {
  return resource.group === '' ? resource.kind : `${resource.kind}.${resource.group}`;
}

/** Information about a resource by its name. */
export function resourceInfo(name: ResourceName): ResourceInfo {
  const found = RESOURCES.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no resource ${name}`);
  return found;
}
