/** What a request is about: the resource in its path, and what is to be done with it. */
import type { SimulatorContext } from '../context.js';
import type { ManagedCluster } from '../cloud/model.js';
import type { LocalTokens } from './kubeconfig.js';
import type { Appliers } from './patch/appliers.js';
import { RESOURCES } from './resources.js';
import type { ResourceInfo, Subresource } from './resources.js';
import type { Store } from './store.js';
import type { Timers } from './timers.js';

/** What the routes of one cluster need. */
export interface ApiDesk {
  context: SimulatorContext;
  cluster: ManagedCluster;
  store: Store;
  timers: Timers;
  tokens: LocalTokens;
  appliers: Appliers;
  /** Aborted when the cluster stops. */
  stopped: AbortSignal;
}

/** A request for a resource, taken apart. */
export interface ResourceRequest {
  resource: ResourceInfo;
  namespace: string | undefined;
  name: string | undefined;
  subresource: Subresource | undefined;
}

const RESOURCE_PATH =
  /^\/(?:api\/(?<core>v1)|apis\/(?<group>[^/]+)\/(?<version>[^/]+))(?:\/namespaces\/(?<namespace>[^/]+))?\/(?<resource>[a-z]+)(?:\/(?<name>[^/]+)(?:\/(?<subresource>[a-z]+))?)?\/?$/;
/** `/api/v1/namespaces/x` is the namespace x itself, not a place; so is `/api/v1/namespaces/x/status`. */
const NAMESPACE_PATH =
  /^\/api\/(?<core>v1)\/(?<resource>namespaces)\/(?<name>[^/]+)(?:\/(?<subresource>status|finalize))?\/?$/;

/** Reads the path of a modelled resource; undefined for another path, and for a subresource that isn't modelled. */
export function readPath(path: string): ResourceRequest | undefined {
  const groups = (NAMESPACE_PATH.exec(path) ?? RESOURCE_PATH.exec(path))?.groups;
  if (groups === undefined) return undefined;
  const group = groups['core'] === undefined ? groups['group'] : '';
  const resource = RESOURCES.find(
    (one) =>
      one.name === groups['resource'] &&
      one.group === group &&
      one.version === (groups['version'] ?? groups['core']),
  );
  const subresource = resource?.subresources.find((one) => one === groups['subresource']);
  if (resource === undefined || (groups['subresource'] !== undefined && subresource === undefined))
    return undefined;
  return { resource, namespace: decoded(groups['namespace']), name: decoded(groups['name']), subresource };
}

function decoded(part: string | undefined): string | undefined {
  return part === undefined ? undefined : decodeURIComponent(part);
}

/** HTTP method → Kubernetes verb (kubernetes.io/docs/reference/access-authn-authz/authorization, request verbs). */
export function verbOf(method: string, { name }: ResourceRequest, { searchParams }: URL): string | undefined {
  const one = name !== undefined;
  if (method === 'GET' && !one && isTrue(searchParams.get('watch'))) return 'watch';
  const verbs: Record<string, string | undefined> = {
    GET: one ? 'get' : 'list',
    POST: one ? undefined : 'create',
    PUT: one ? 'update' : undefined,
    PATCH: one ? 'patch' : undefined,
    DELETE: one ? 'delete' : 'deletecollection',
  };
  return verbs[method];
}

/** Whether a boolean parameter is set. */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== '0' && value !== 'false';
}

/** Whether nothing is to be kept. */
export function isDryRun({ searchParams }: URL): boolean {
  return searchParams.getAll('dryRun').includes('All');
}
