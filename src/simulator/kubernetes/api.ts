/** The HTTP face of one API server: routes to verbs, verbs to the store. */
import { randomUUID } from 'node:crypto';
import type { SimulatorContext } from '../context.js';
import type { ManagedCluster } from '../cloud/model.js';
import type { Answer, Exchange } from '../net/exchange.js';
import { NotModelled } from '../net/exchange.js';
import { authenticate } from './authentication.js';
import type { User } from './authentication.js';
import { authorise } from './authorisation.js';
import { createObject } from './creation.js';
import { beginDeletion } from './deletion.js';
import type { Propagation } from './deletion.js';
import { discover } from './discovery.js';
import {
  ApiError,
  badRequest,
  deletedStatus,
  forbidden,
  forbiddenPath,
  notFound,
  versionTooLarge,
} from './errors.js';
import { decode, notModelledField } from './fields.js';
import type { LocalTokens } from './kubeconfig.js';
import { groupVersion, RESOURCES } from './objects.js';
import type { KubeObject, ResourceInfo, ResourceTypes } from './objects.js';
import { fieldMatcher, labelMatcher } from './selectors.js';
import type { Matcher } from './selectors.js';
import type { Store } from './store.js';
import { asTable, wantsTable } from './tables.js';
import type { Timers } from './timers.js';
import { watchStream } from './watch.js';

/** What the routes of one cluster need. */
export interface ApiDesk {
  context: SimulatorContext;
  cluster: ManagedCluster;
  store: Store;
  timers: Timers;
  tokens: LocalTokens;
  /** Aborted when the cluster stops. */
  stopped: AbortSignal;
}

/** A request for a resource, taken apart. */
interface ResourceRequest {
  resource: ResourceInfo;
  namespace: string | undefined;
  name: string | undefined;
}

/** Answers one request. Failures of the API are Status answers; what isn't modelled throws NotModelled. */
export async function answerApi(desk: ApiDesk, exchange: Exchange): Promise<Answer> {
  try {
    const user = await authenticate(desk.context, desk.cluster, desk.tokens, exchange);
    exchange.note.caller =
      desk.context.state.principals.find((one) => one.objectId === user.objectId)?.name ?? user.name;
    return route(desk, exchange, user);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const code = error.status.code ?? 500;
    const retry = error.status.details?.retryAfterSeconds;
    return json(code, error.status, {
      ...(code === 403 ? { 'x-content-type-options': 'nosniff' } : {}),
      ...(retry === undefined ? {} : { 'retry-after': String(retry) }),
    });
  }
}

const RESOURCE_PATH =
  /^\/(?:api\/(?<core>v1)|apis\/(?<group>[^/]+)\/(?<version>[^/]+))(?:\/namespaces\/(?<namespace>[^/]+))?\/(?<resource>[a-z]+)(?:\/(?<name>[^/]+))?\/?$/;
const HEALTH = /^\/(healthz|livez|readyz)$/;

function route(desk: ApiDesk, exchange: Exchange, user: User): Answer {
  const { method, url } = exchange;
  const path = url.pathname;
  const document = method === 'GET' ? discover(desk.cluster, path) : undefined;
  if (document !== undefined) {
    // ClusterRoles system:discovery and system:public-info-viewer: whoever is authenticated.
    exchange.note.route = `GET ${path}`;
    return json(200, document);
  }
  if (HEALTH.test(path) && method === 'GET') {
    exchange.note.route = `GET ${path}`;
    return {
      status: 200,
      headers: { ...commonHeaders(), 'content-type': 'text/plain; charset=utf-8' },
      body: 'ok',
    };
  }
  if (path === '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews' && method === 'POST') {
    exchange.note.route = `POST ${path}`;
    return reviewAccess(desk, exchange, user);
  }
  const request = resourceRequest(path);
  if (request === undefined) {
    if (!path.startsWith('/api') && !user.groups.includes('system:masters'))
      throw forbiddenPath(user.name, method.toLowerCase(), path);
    throw new NotModelled(`${method} ${path} at ${desk.cluster.fqdn}`);
  }
  return serve(desk, exchange, user, request);
}

/** Reads the path of a modelled resource. `/api/v1/namespaces/x` is the namespace x, not a place. */
function resourceRequest(path: string): ResourceRequest | undefined {
  const namespaceItself = /^\/api\/v1\/namespaces\/([^/]+)$/.exec(path)?.[1];
  const groups =
    namespaceItself === undefined
      ? RESOURCE_PATH.exec(path)?.groups
      : { core: 'v1', resource: 'namespaces', name: namespaceItself };
  const group = groups?.['core'] === undefined ? groups?.['group'] : '';
  const resource = RESOURCES.find((one) => one.name === groups?.['resource'] && one.group === group);
  if (resource === undefined) return undefined;
  return { resource, namespace: groups?.['namespace'], name: groups?.['name'] };
}

/** HTTP method → Kubernetes verb (kubernetes.io/docs/reference/access-authn-authz/authorization, request verbs). */
function verbOf(method: string, request: ResourceRequest, url: URL): string | undefined {
  const one = request.name !== undefined;
  if (method === 'GET' && isTrue(url.searchParams.get('watch'))) return one ? undefined : 'watch';
  const verbs: Record<string, string | undefined> = {
    GET: one ? 'get' : 'list',
    POST: one ? undefined : 'create',
    DELETE: one ? 'delete' : 'deletecollection',
  };
  return verbs[method];
}

function isTrue(value: string | null): boolean {
  return value === '' || value === '1' || value === 'true';
}

function serve(desk: ApiDesk, exchange: Exchange, user: User, request: ResourceRequest): Answer {
  const { method, url } = exchange;
  const { resource, namespace, name } = request;
  const verb = verbOf(method, request, url);
  if (verb === undefined || !resource.verbs.includes(verb)) {
    throw new NotModelled(`${method} ${url.pathname} at ${desk.cluster.fqdn}`);
  }
  exchange.note.route = `${verb} ${resource.name}`;
  // A namespace is asked about in itself: that is how the API server authorises it.
  const within = resource.name === 'namespaces' ? name : namespace;
  const decision = authorise(desk.context, desk.cluster, user, {
    verb,
    group: resource.group,
    resource: resource.name,
    namespace: within,
    name,
  });
  exchange.note.verdict = decision.why;
  if (!decision.allowed) {
    throw forbidden({
      user: user.name,
      verb,
      group: resource.group,
      resource: resource.name,
      namespace: within,
      name,
      reason: decision.reason,
    });
  }
  if (resource.namespaced && namespace === undefined && verb !== 'list' && verb !== 'watch') {
    throw new NotModelled(`${method} ${url.pathname}: no namespace`);
  }
  return VERBS[verb as keyof typeof VERBS](desk, exchange, request);
}

const VERBS = { get, list, watch, create, delete: remove, deletecollection: removeAll } as const;

function find(desk: ApiDesk, { resource, namespace, name = '' }: ResourceRequest): KubeObject {
  const object = desk.store.get(resource.name, name, namespace);
  if (object === undefined) throw notFound(resource, name);
  return object;
}

function get(desk: ApiDesk, exchange: Exchange, request: ResourceRequest): Answer {
  const object = find(desk, request);
  if (wantsTable(exchange))
    return json(
      200,
      asTable(request.resource.name, [object], desk.context.now(), object.metadata.resourceVersion ?? ''),
    );
  return json(200, object);
}

function matcherOf({ resource }: ResourceRequest, url: URL): Matcher {
  const byLabel = labelMatcher(url.searchParams.get('labelSelector') ?? '');
  const byField = fieldMatcher(url.searchParams.get('fieldSelector') ?? '', resource.kind);
  return (object) => byLabel(object) && byField(object);
}

function versionOf(desk: ApiDesk, url: URL): number | undefined {
  const text = url.searchParams.get('resourceVersion') ?? '';
  if (text === '') return undefined;
  const version = Number(text);
  if (!Number.isSafeInteger(version) || version < 0) throw badRequest(`invalid resource version "${text}"`);
  if (version > desk.store.version) throw versionTooLarge(version, desk.store.version);
  return version;
}

function list(desk: ApiDesk, exchange: Exchange, request: ResourceRequest): Answer {
  const { url } = exchange;
  const { resource, namespace } = request;
  versionOf(desk, url);
  const all = desk.store.list(resource.name, namespace).filter(matcherOf(request, url));
  const limit = Number(url.searchParams.get('limit') ?? '0');
  const start = continuation(url);
  const page = limit > 0 ? all.slice(start, start + limit) : all.slice(start);
  const remaining = all.length - start - page.length;
  const resourceVersion = String(desk.store.version);
  const metadata = {
    resourceVersion,
    ...(remaining > 0
      ? {
          continue: Buffer.from(JSON.stringify({ start: start + page.length })).toString('base64url'),
          remainingItemCount: remaining,
        }
      : {}),
  };
  if (wantsTable(exchange))
    return json(200, asTable(resource.name, page, desk.context.now(), resourceVersion));
  // Items of a list carry neither kind nor apiVersion.
  const items = page.map(({ kind: _kind, apiVersion: _apiVersion, ...item }) => item);
  return json(200, { kind: `${resource.kind}List`, apiVersion: groupVersion(resource), metadata, items });
}

/** Where a limited list goes on. The token is ours alone: clients pass it back as it is. */
function continuation(url: URL): number {
  const token = url.searchParams.get('continue') ?? '';
  if (token === '') return 0;
  try {
    const { start } = JSON.parse(Buffer.from(token, 'base64url').toString()) as { start?: number };
    return start ?? 0;
  } catch {
    throw badRequest('continue key is not valid');
  }
}

function watch(desk: ApiDesk, exchange: Exchange, request: ResourceRequest): Answer {
  const { url, signal } = exchange;
  const { searchParams } = url;
  const timeout = searchParams.get('timeoutSeconds');
  const stream = watchStream(desk.store, desk.timers, desk.stopped, {
    resource: request.resource,
    namespace: request.namespace,
    matches: matcherOf(request, url),
    from: versionOf(desk, url),
    bookmarks: isTrue(searchParams.get('allowWatchBookmarks') ?? 'false'),
    sendInitialEvents: isTrue(searchParams.get('sendInitialEvents') ?? 'false'),
    timeoutSeconds: timeout === null ? undefined : Number(timeout),
    signal,
    show: (object) =>
      wantsTable(exchange)
        ? asTable(request.resource.name, [object], desk.context.now(), object.metadata.resourceVersion ?? '')
        : object,
  });
  return { status: 200, headers: { ...commonHeaders(), 'content-type': 'application/json' }, body: stream };
}

function bodyOf(exchange: Exchange): Record<string, unknown> {
  const type = exchange.headers['content-type'] ?? 'application/json';
  if (!type.startsWith('application/json')) throw new NotModelled(`a body of type ${type}`);
  try {
    const value: unknown = JSON.parse(exchange.body.toString());
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Answered below like any other body that isn't an object.
  }
  throw badRequest('the object provided is unrecognized (must be of type JSON object)');
}

function create(desk: ApiDesk, exchange: Exchange, { resource, namespace }: ResourceRequest): Answer {
  const { searchParams } = exchange.url;
  const { known: body, unknown } = decode(resource.name, bodyOf(exchange));
  const {
    kind = resource.kind,
    apiVersion = groupVersion(resource),
    metadata = { name: '' },
  } = body as Partial<KubeObject>;
  if (kind !== resource.kind || apiVersion !== groupVersion(resource)) {
    throw badRequest(
      `${kind} in version "${apiVersion}" cannot be handled as a ${resource.kind}: no kind "${kind}" is registered for version "${apiVersion}"`,
    );
  }
  if (metadata.namespace !== undefined && metadata.namespace !== namespace && resource.namespaced) {
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
  }
  const validation = searchParams.get('fieldValidation') ?? 'Warn';
  const complaints = unknown.map((path) => `unknown field "${path}"`);
  if (validation === 'Strict' && complaints.length > 0) {
    throw badRequest(
      `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: strict decoding error: ${complaints.join(', ')}`,
    );
  }
  const object = { ...body, kind, apiVersion, metadata } as unknown as ResourceTypes[typeof resource.name];
  const beyond = notModelledField(resource.name, body);
  if (beyond !== undefined) throw new NotModelled(`${resource.kind} with ${beyond}`);
  const created = createObject(desk.store, desk.context.now(), resource.name, object, {
    namespace,
    dryRun: searchParams.getAll('dryRun').includes('All'),
  });
  const warnings = validation === 'Warn' ? complaints : [];
  return json(201, created, warnings.length === 0 ? {} : { warning: warnings.map(warning).join(', ') });
}

/** A Warning header's value (capture: 201-unknown-field-warn.http). */
function warning(text: string): string {
  return `299 - ${JSON.stringify(text)}`;
}

interface DeleteOptions {
  propagationPolicy?: string;
  gracePeriodSeconds?: number;
  orphanDependents?: boolean;
  preconditions?: { uid?: string };
  dryRun?: string[];
}

function deleteOptions(exchange: Exchange): DeleteOptions {
  const { searchParams } = exchange.url;
  const body: DeleteOptions = exchange.body.length === 0 ? {} : bodyOf(exchange);
  const policy = body.propagationPolicy ?? searchParams.get('propagationPolicy') ?? undefined;
  const grace =
    body.gracePeriodSeconds ??
    (searchParams.has('gracePeriodSeconds') ? Number(searchParams.get('gracePeriodSeconds')) : undefined);
  return {
    ...body,
    ...(policy === undefined ? {} : { propagationPolicy: policy }),
    ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
  };
}

/** What a batch/v1 Job's DELETE without a policy warns of: its pods stay (kubernetes/kubernetes pkg/registry/batch/job/strategy.go). */
const ORPHAN_WARNING =
  'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning';

function propagationOf(
  resource: ResourceInfo,
  options: DeleteOptions,
): { policy: Propagation; warnings: string[] } {
  const { propagationPolicy: policy } = options;
  if (policy === 'Background' || policy === 'Foreground' || policy === 'Orphan')
    return { policy, warnings: [] };
  if (policy !== undefined) throw badRequest(`invalid propagationPolicy ${JSON.stringify(policy)}`);
  if (options.orphanDependents !== undefined)
    return { policy: options.orphanDependents ? 'Orphan' : 'Background', warnings: [] };
  return resource.name === 'jobs'
    ? { policy: 'Orphan', warnings: [ORPHAN_WARNING] }
    : { policy: 'Background', warnings: [] };
}

function removeOne(desk: ApiDesk, resource: ResourceInfo, object: KubeObject, options: DeleteOptions) {
  const live = object;
  const { policy } = propagationOf(resource, options);
  const { gracePeriodSeconds } = options;
  return beginDeletion(desk.store, desk.context.now(), resource.name, live, {
    propagation: policy,
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
  });
}

function remove(desk: ApiDesk, exchange: Exchange, request: ResourceRequest): Answer {
  const { resource } = request;
  const object = find(desk, request);
  const options = deleteOptions(exchange);
  const { name, uid = '' } = object.metadata;
  if (
    options.dryRun?.includes('All') === true ||
    exchange.url.searchParams.getAll('dryRun').includes('All')
  ) {
    return json(200, resource.returnsDeleted ? object : deletedStatus(resource, name, uid));
  }
  const { warnings } = propagationOf(resource, options);
  const done = removeOne(desk, resource, object, options);
  const headers: Record<string, string> =
    warnings.length === 0 ? {} : { warning: warnings.map(warning).join(', ') };
  // What is still there is answered as it stands (capture: 200-delete-foreground.http); what is gone, by a Status.
  return json(
    200,
    done.removed && !resource.returnsDeleted ? deletedStatus(resource, name, uid) : done.object,
    headers,
  );
}

function removeAll(desk: ApiDesk, exchange: Exchange, request: ResourceRequest): Answer {
  const { resource, namespace } = request;
  const options = deleteOptions(exchange);
  const items = desk.store
    .list(resource.name, namespace)
    .filter(matcherOf(request, exchange.url))
    .map((object) => removeOne(desk, resource, object, options).object);
  return json(200, {
    kind: `${resource.kind}List`,
    apiVersion: groupVersion(resource),
    metadata: { resourceVersion: String(desk.store.version) },
    items,
  });
}

/** "May I?" (capture: ssar.json). */
function reviewAccess(desk: ApiDesk, exchange: Exchange, user: User): Answer {
  const body = bodyOf(exchange) as {
    spec?: {
      resourceAttributes?: {
        namespace?: string;
        verb?: string;
        group?: string;
        resource?: string;
        name?: string;
      };
    };
  };
  const asked = body.spec?.resourceAttributes;
  if (asked === undefined) throw new NotModelled('a review of something else than a resource');
  const { verb = '', group = '', resource = '', namespace, name } = asked;
  const decision = authorise(desk.context, desk.cluster, user, {
    verb,
    group,
    resource,
    namespace: namespace === '' ? undefined : namespace,
    name,
  });
  exchange.note.verdict = decision.why;
  return json(201, {
    kind: 'SelfSubjectAccessReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: {},
    spec: body.spec,
    status: {
      allowed: decision.allowed,
      ...(decision.reason === undefined ? {} : { reason: decision.reason }),
    },
  });
}

/** Headers of every answer (captures: api-1.36.2). The flow schema's ids are any ids. */
function commonHeaders(): Record<string, string> {
  return { 'audit-id': randomUUID(), 'cache-control': 'no-cache, private' };
}

function json(status: number, body: object, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { ...commonHeaders(), 'content-type': 'application/json', ...headers },
    body: `${JSON.stringify(body)}\n`,
  };
}
