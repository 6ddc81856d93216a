/** The HTTP face of one API server: paths and verbs, who may, and which module does it. */
import type { Answer, Exchange } from '../net/exchange.js';
import { NotModelled } from '../net/exchange.js';
import { commonHeaders, json } from './answers.js';
import { authenticate } from './authentication.js';
import type { User } from './authentication.js';
import { authorise } from './authorisation.js';
import { discover } from './discovery/discovery.js';
import { ApiError, forbidden, forbiddenPath, methodNotAllowed } from './errors.js';
import { impersonated } from './impersonation.js';
import { readLog } from './logs.js';
import { get, list, watch } from './reading.js';
import { remove, removeAll } from './removing.js';
import { readPath, verbOf } from './requests.js';
import type { ApiDesk, ResourceRequest } from './requests.js';
import type { Subresource } from './resources.js';
import { REVIEWS } from './reviews.js';
import { readScale, writeScale } from './scale.js';
import { create, patch, update } from './writing.js';

/**
 * Answers one request. Failures of the API are Status answers; what isn't modelled throws NotModelled.
 *
 * @param as the user who asks, where that is known without a credential
 */
export async function answerApi(desk: ApiDesk, exchange: Exchange, as?: User): Promise<Answer> {
  try {
    const caller = as ?? (await authenticate(desk.context, desk.cluster, desk.tokens, exchange));
    exchange.note.caller =
      desk.context.state.principals.find((one) => one.objectId === caller.objectId)?.name ?? caller.name;
    return route(desk, exchange, impersonated(desk, exchange, caller));
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

const HEALTH = /^\/(healthz|livez|readyz)$/;

function route(desk: ApiDesk, exchange: Exchange, user: User): Answer {
  const { method, url } = exchange;
  const path = url.pathname;
  // ClusterRoles system:discovery and system:public-info-viewer: whoever is authenticated.
  const document = method === 'GET' ? discover(desk.cluster, exchange) : undefined;
  if (document !== undefined) {
    exchange.note.route = `GET ${path}`;
    return document;
  }
  if (HEALTH.test(path) && method === 'GET') {
    exchange.note.route = `GET ${path}`;
    return {
      status: 200,
      headers: { ...commonHeaders(), 'content-type': 'text/plain; charset=utf-8' },
      body: 'ok',
    };
  }
  const review = REVIEWS.find(({ group, name }) => path === `/apis/${group}/v1/${name}`);
  if (review !== undefined && method === 'POST') {
    exchange.note.route = `create ${review.name}`;
    return review.answer(desk, exchange, user);
  }
  const request = readPath(path);
  if (request === undefined) {
    if (!path.startsWith('/api') && !user.groups.includes('system:masters'))
      throw forbiddenPath(user.name, method.toLowerCase(), path);
    throw new NotModelled(`${method} ${path} at ${desk.cluster.fqdn}`);
  }
  return serve(desk, exchange, user, request);
}

type Handler = (desk: ApiDesk, exchange: Exchange, request: ResourceRequest) => Answer;

const VERBS: Record<string, Handler> = {
  get,
  list,
  watch,
  create,
  update,
  patch,
  delete: remove,
  deletecollection: removeAll,
};

/** What can be done with a part of an object. */
const SUBRESOURCES: Record<Subresource, Record<string, Handler>> = {
  status: { get, update, patch },
  scale: { get: readScale, update: writeScale, patch: writeScale },
  log: { get: readLog },
};

function serve(desk: ApiDesk, exchange: Exchange, user: User, request: ResourceRequest): Answer {
  const { method, url } = exchange;
  const { resource, namespace, name, subresource } = request;
  const verb = verbOf(method, request, url);
  const handler =
    verb === undefined ? undefined : (subresource === undefined ? VERBS : SUBRESOURCES[subresource])[verb];
  if (verb === undefined || handler === undefined) throw methodNotAllowed();
  if (!resource.verbs.includes(verb)) throw new NotModelled(`${verb} of ${resource.name}`);
  const part = subresource === undefined ? '' : `/${subresource}`;
  exchange.note.route = `${verb} ${resource.name}${part}`;
  // A namespace is asked about in itself: that is how the API server authorises it.
  const within = resource.name === 'namespaces' ? name : namespace;
  const asked = { verb, group: resource.group, namespace: within, name };
  const decision = authorise(desk.context, desk.cluster, desk.store, user, {
    ...asked,
    resource: resource.name,
    subresource,
  });
  exchange.note.verdict = decision.why;
  if (!decision.allowed)
    throw forbidden({
      ...asked,
      user: user.name,
      resource: `${resource.name}${part}`,
      reason: decision.reason,
    });
  if (resource.namespaced && namespace === undefined && verb !== 'list' && verb !== 'watch')
    throw new NotModelled(`${method} ${url.pathname}: no namespace`);
  return handler(desk, exchange, request);
}
