/**
 * Microsoft Graph, as far as clients look up who is who: service principals, users, groups and whose members they are.
 * https://learn.microsoft.com/graph/api/overview (v1.0); which requests az makes: capture of azure-cli 2.45.
 */
import { randomUUID } from 'node:crypto';
import { CLOUDS } from '../cloud/clouds.js';
import { principalByObjectId } from '../cloud/directory.js';
import type { SimulatorContext } from '../context.js';
import type { Answer, Exchange, Service } from '../net/exchange.js';
import { NotModelled } from '../net/exchange.js';
import { findRoute, modelledRoutes } from '../routes.js';
import type { RouteRow } from '../routes.js';
import {
  errorAnswer,
  GraphError,
  requestDenied,
  resourceNotFound,
  tokenMissing,
  tokenRefused,
} from './errors.js';
import { directGroups, directoryObjects, transitiveGroups } from './objects.js';
import type { DirectoryObject, Kind } from './objects.js';

/** Collections with the kind of object that each holds. */
const COLLECTIONS: Readonly<Record<string, Kind>> = {
  serviceprincipals: 'servicePrincipal',
  users: 'user',
  groups: 'group',
};

interface Call {
  context: SimulatorContext;
  /** Of the path; `set` is a collection, in lower case. */
  parameters: Readonly<Record<string, string>>;
  query: URLSearchParams;
  body: Record<string, unknown>;
  /** What the directory knows now. */
  objects: DirectoryObject[];
}

interface Route extends RouteRow {
  answer(call: Call): object;
}

const DOCS = 'docs: Graph v1.0 reference';

const ROUTES: readonly Route[] = [
  {
    name: 'POST directoryObjects/getByIds',
    method: 'POST',
    path: '/v1.0/directoryObjects/getByIds',
    source: DOCS,
    answer({ context, body, objects }) {
      const [ids, types] = [texts(body.ids), texts(body.types)];
      const wanted = objects.filter(
        ({ id, kind }) =>
          ids.includes(id.toLowerCase()) &&
          (types.length === 0 || types.includes(kind.toLowerCase()) || types.includes('directoryobject')),
      );
      return mixed(context, wanted);
    },
  },
  {
    name: 'GET a collection by $filter',
    method: 'GET',
    path: '/v1.0/{set}',
    source: DOCS,
    answer({ context, parameters: { set = '' }, query, objects }) {
      const kind = kindOf(set);
      const matches = readFilter(query.get('$filter'));
      const select = readSelect(query);
      const value = objects
        .filter((one) => one.kind === kind && matches(one))
        .map(({ body }) => select(body));
      return { '@odata.context': `${metadata(context)}#${kind}s`, value };
    },
  },
  {
    name: 'GET one object',
    method: 'GET',
    path: '/v1.0/{set}/{id}',
    source: DOCS,
    answer(call) {
      const { context, parameters, query } = call;
      const { kind, body } = one(call);
      const whole = { '@odata.context': `${metadata(context)}#${kind}s/$entity`, ...readSelect(query)(body) };
      return parameters.set === 'directoryobjects' ? { '@odata.type': typeName(kind), ...whole } : whole;
    },
  },
  {
    name: 'GET an object’s groups, transitively',
    method: 'GET',
    path: '/v1.0/{set}/{id}/transitiveMemberOf',
    source: DOCS,
    answer: (call) => mixed(call.context, transitiveGroups(call.context.state, one(call).id)),
  },
  {
    name: 'GET an object’s groups',
    method: 'GET',
    path: '/v1.0/{set}/{id}/memberOf',
    source: DOCS,
    answer: (call) => mixed(call.context, directGroups(call.context.state, one(call).id)),
  },
  {
    name: 'POST getMemberGroups of an object',
    method: 'POST',
    path: '/v1.0/{set}/{id}/getMemberGroups',
    source: DOCS,
    // Every group here is a security group, so `securityEnabledOnly` makes no difference.
    answer: (call) => ({
      '@odata.context': `${metadata(call.context)}#Collection(Edm.String)`,
      value: transitiveGroups(call.context.state, one(call).id).map(({ id }) => id),
    }),
  },
];

export function createGraph(context: SimulatorContext): Service {
  return {
    name: 'graph',
    routes: modelledRoutes('graph', ROUTES),
    serves: (host) => host === CLOUDS[context.state.cloud].microsoftGraph,
    async answer(exchange) {
      try {
        return respond(context, exchange);
      } catch (error) {
        if (!(error instanceof GraphError)) throw error;
        exchange.note.verdict ??= `refused: ${error.code}`;
        return errorAnswer(error, context.now());
      }
    },
  };
}

function respond(context: SimulatorContext, { method, url, headers, body, note }: Exchange): Answer {
  const mayRead = authenticate(context, headers.authorization, note);
  // `servicePrincipals(appId='…')` names an object by another key.
  const path = decodeURIComponent(url.pathname).replace(/\((\w+)='([^']*)'\)/, '/$1=$2');
  const found = findRoute(ROUTES, method, path, { ignoreCase: true });
  if (found === undefined) throw new NotModelled('Of Microsoft Graph, looking up principals is.');
  note.route = found.row.name;
  // Without any permission for the directory, nothing is told of it, not even about the caller.
  note.verdict = mayRead ? 'allowed: it may read the directory' : 'denied: it may not read the directory';
  if (!mayRead) throw requestDenied();
  const answer = found.row.answer({
    context,
    parameters: { ...found.parameters, set: (found.parameters.set ?? '').toLowerCase() },
    query: url.searchParams,
    body: method === 'POST' ? readBody(body) : {},
    objects: directoryObjects(context.state, context.now()),
  });
  const id = randomUUID();
  return {
    status: 200,
    headers: {
      'content-type':
        'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8',
      'cache-control': 'no-cache',
      'request-id': id,
      'client-request-id': id,
      'odata-version': '4.0',
    },
    body: JSON.stringify(answer),
  };
}

/** Whether the caller may read the directory. */
function authenticate(
  { state, tokens }: SimulatorContext,
  authorization: string | undefined,
  note: Exchange['note'],
): boolean {
  const [scheme = '', token = ''] = (authorization ?? '').split(' ');
  if (scheme.toLowerCase() !== 'bearer' || token === '') throw tokenMissing();
  const verified = tokens.verify(token, [`https://${CLOUDS[state.cloud].microsoftGraph}`]);
  if ('problem' in verified) throw tokenRefused(verified.kind);
  const principal = principalByObjectId(state, verified.claims.oid);
  note.caller = principal?.name ?? verified.claims.oid;
  return principal?.readsDirectory ?? false;
}

function kindOf(set: string): Kind {
  const kind = COLLECTIONS[set];
  if (kind === undefined) throw new NotModelled(`The collection ${set} isn't.`);
  return kind;
}

/** The object that a path names, by its id, or by `key=value`; a user by their name too. */
function one({ parameters: { set = '', id = '' }, objects }: Call): DirectoryObject {
  const [, key = 'id', value = id] = /^(\w+)=(.*)$/.exec(id) ?? [];
  const kind = set === 'directoryobjects' ? undefined : kindOf(set);
  const found = objects.find(
    (object) =>
      (kind === undefined || object.kind === kind) &&
      (hasKey(object, key, value) || (key === 'id' && hasKey(object, 'userPrincipalName', value))),
  );
  if (found === undefined) throw resourceNotFound(value);
  return found;
}

function hasKey({ keys }: DirectoryObject, name: string, value: string): boolean {
  const values = Object.entries(keys).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1] ?? [];
  return values.some((known) => known.toLowerCase() === value.toLowerCase());
}

/** `name eq 'value'` and `names/any(c:c eq 'value')`, joined by `or`. */
function readFilter(filter: string | null): (object: DirectoryObject) => boolean {
  if (filter === null) return () => true;
  const terms = filter.split(/\s+or\s+/i).map((term) => {
    const [, name, value = ''] =
      /^(\w+)\s+eq\s+'((?:[^']|'')*)'$/i.exec(term.trim()) ??
      /^(\w+)\/any\(\s*\w+\s*:\s*\w+\s+eq\s+'((?:[^']|'')*)'\s*\)$/i.exec(term.trim()) ??
      [];
    if (name === undefined) throw new NotModelled(`The filter "${filter}" isn't.`);
    return { name, value: value.replaceAll("''", "'") };
  });
  return (object) => terms.some(({ name, value }) => hasKey(object, name, value));
}

function readSelect(query: URLSearchParams): (body: Record<string, unknown>) => Record<string, unknown> {
  const other = [...query.keys()].find((key) => !['$filter', '$select'].includes(key));
  if (other !== undefined) throw new NotModelled(`The parameter ${other} isn't.`);
  const names = query.get('$select')?.split(',');
  return (body) =>
    names === undefined
      ? body
      : Object.fromEntries(Object.entries(body).filter(([name]) => names.includes(name)));
}

function mixed(context: SimulatorContext, objects: readonly DirectoryObject[]): object {
  return {
    '@odata.context': `${metadata(context)}#directoryObjects`,
    value: objects.map(({ kind, body }) => ({ '@odata.type': typeName(kind), ...body })),
  };
}

function typeName(kind: Kind): string {
  return `#microsoft.graph.${kind}`;
}

function metadata({ state }: SimulatorContext): string {
  return `https://${CLOUDS[state.cloud].microsoftGraph}/v1.0/$metadata`;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map((item) => String(item).toLowerCase()) : [];
}

function readBody(bytes: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch {
    // Told below.
  }
  throw new NotModelled("A body that is no JSON object isn't.");
}
