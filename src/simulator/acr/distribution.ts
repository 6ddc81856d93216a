/** The distribution API of a registry: /v2/ and what is under it (github.com/opencontainers/distribution-spec). */
import type { SimulatorContext } from '../context.js';
import type { Registry, Repository } from '../cloud/model.js';
import type { Answer, Exchange } from '../net/exchange.js';
import { NotModelled } from '../net/exchange.js';
import { challenge, distribution, errorMessage, failure } from './answers.js';
import type { Scope } from './answers.js';
import type { BlobStore } from './blob-store.js';
import { nameOf } from './oauth.js';
import type { RegistryTokens } from './tokens.js';

/** What the routes need besides the exchange. */
interface Desk {
  context: SimulatorContext;
  tokens: RegistryTokens;
  blobs: BlobStore;
  registry: Registry;
  exchange: Exchange;
}

interface Route {
  pattern: RegExp;
  methods: string[];
  route: string;
  /** What the token must hold: any one of the actions; the first is the one the challenge asks for. */
  scope(repository: string): Scope | undefined;
  answer(desk: Desk, repository: string, reference: string): Answer;
}

const NAME = '([a-z0-9]+(?:[._/-]+[a-z0-9]+)*)';

const repositoryScope =
  (...actions: string[]) =>
  (name: string): Scope => ({ type: 'repository', name, actions });

const ROUTES: Route[] = [
  {
    pattern: /^\/v2\/$/,
    methods: ['GET', 'HEAD'],
    route: '/v2/',
    scope: () => undefined,
    answer: ({ exchange }) =>
      distribution(200, { 'content-type': 'application/json; charset=utf-8' }, '{}', exchange.method),
  },
  {
    pattern: /^\/v2\/_catalog$/,
    methods: ['GET'],
    route: '/v2/_catalog',
    scope: () => ({ type: 'registry', name: 'catalog', actions: ['*'] }),
    answer: (desk) =>
      paged(desk, desk.registry.repositories.map((repository) => repository.name).sort(), (repositories) => ({
        repositories,
      })),
  },
  {
    pattern: new RegExp(`^/v2/${NAME}/tags/list$`),
    methods: ['GET'],
    route: '/v2/{repository}/tags/list',
    // Assumption: either action lists tags; the Azure CLI asks for metadata_read, docker's clients for pull.
    scope: repositoryScope('pull', 'metadata_read'),
    answer: (desk, name) => {
      const repository = find(desk, name);
      if (repository === undefined) return nameUnknown(desk, name);
      return paged(desk, [...repository.tags.keys()].sort(), (tags) => ({ name, tags }));
    },
  },
  {
    pattern: new RegExp(`^/v2/${NAME}/manifests/([^/]+)$`),
    methods: ['GET', 'HEAD'],
    route: '/v2/{repository}/manifests/{reference}',
    scope: repositoryScope('pull'),
    answer: manifest,
  },
  {
    pattern: new RegExp(`^/v2/${NAME}/blobs/(sha256:[0-9a-f]{64})$`),
    methods: ['GET', 'HEAD'],
    route: '/v2/{repository}/blobs/{digest}',
    scope: repositoryScope('pull'),
    answer: blob,
  },
];

/** Answers a request for /v2. Throws NotModelled for what isn't there: pushes, deletions, referrers. */
export function answerDistribution(desk: Desk): Answer {
  const { exchange, registry } = desk;
  for (const route of ROUTES) {
    const match = route.pattern.exec(exchange.url.pathname);
    if (!match) continue;
    if (!route.methods.includes(exchange.method)) break;
    const [, repository = '', reference = ''] = match;
    exchange.note.route = `${exchange.method} ${route.route}`;
    const refusal = authenticate(desk, route.scope(repository));
    return refusal ?? route.answer(desk, repository, decodeURIComponent(reference));
  }
  throw new NotModelled(`${exchange.method} ${exchange.url.pathname} at ${registry.loginServer}`);
}

/** A challenge unless the request carries an access token that holds one of the scope's actions. */
function authenticate(
  { context, tokens, registry, exchange }: Desk,
  scope: Scope | undefined,
): Answer | undefined {
  const asked = scope && { ...scope, actions: scope.actions.slice(0, 1) };
  const authorization = exchange.headers['authorization'];
  if (authorization === undefined) {
    exchange.note.caller = 'anonymous';
    return challenge(registry, exchange.method, asked);
  }
  const claims = tokens.readAccess(registry, authorization.replace(/^Bearer /i, ''));
  if (typeof claims === 'string') {
    exchange.note.verdict = `refused: ${claims}`;
    return challenge(registry, exchange.method, asked, claims);
  }
  exchange.note.caller = nameOf(context, claims.sub);
  if (scope === undefined) return undefined;
  const held = claims.access.some(
    (entry) =>
      entry.Type === scope.type &&
      entry.Name === scope.name &&
      scope.actions.some((action) => entry.Actions.includes(action)),
  );
  if (held) return undefined;
  exchange.note.verdict = 'refused: the token lacks this scope';
  return challenge(registry, exchange.method, asked, 'insufficient_scope');
}

function find({ registry }: Desk, name: string): Repository | undefined {
  return registry.repositories.find((repository) => repository.name === name);
}

function nameUnknown({ exchange }: Desk, name: string): Answer {
  return failure(404, 'NAME_UNKNOWN', errorMessage('NAME_UNKNOWN'), { name }, { method: exchange.method });
}

function manifest(desk: Desk, name: string, reference: string): Answer {
  const { exchange } = desk;
  const repository = find(desk, name);
  const isDigest = reference.startsWith('sha256:');
  const digest = isDigest ? reference : repository?.tags.get(reference);
  const found = digest === undefined ? undefined : repository?.manifests.get(digest);
  if (digest === undefined || found === undefined) {
    const kind = isDigest ? 'MANIFEST_UNKNOWN_BY_DIGEST' : 'MANIFEST_UNKNOWN';
    const detail = { Name: name, ...(isDigest ? { Revision: reference } : { Tag: reference }) };
    return failure(404, 'MANIFEST_UNKNOWN', errorMessage(kind, { reference }), detail, {
      method: exchange.method,
    });
  }
  if (!accepts(exchange.headers['accept'], found.mediaType)) {
    // Measured with distribution 2.8.2 (capture: registry-http.txt); assumption that ACR, built on it, answers alike.
    const kind = found.mediaType.includes('index') ? 'index' : 'manifest';
    return failure(404, 'MANIFEST_UNKNOWN', errorMessage('MANIFEST_UNKNOWN_TYPE', { kind }), null, {
      method: exchange.method,
    });
  }
  return distribution(
    200,
    { 'content-type': found.mediaType, 'docker-content-digest': digest, etag: `"${digest}"` },
    found.bytes,
    exchange.method,
  );
}

/** Whether an Accept header names the media type; a bare wildcard counts, silence doesn't. */
function accepts(header: string | undefined, mediaType: string): boolean {
  const types = (header ?? '').split(',').map((part) => (part.split(';')[0] ?? '').trim().toLowerCase());
  return types.includes(mediaType) || types.includes('*/*');
}

/** Redirects to the blob host; HEAD is redirected too (assumption: only GET is recorded). */
function blob(desk: Desk, name: string, digest: string): Answer {
  const { exchange, registry } = desk;
  if (find(desk, name)?.blobs.has(digest) !== true) {
    return failure(404, 'BLOB_UNKNOWN', errorMessage('BLOB_UNKNOWN'), digest, { method: exchange.method });
  }
  const location = desk.blobs.address(registry, digest);
  return distribution(
    307,
    { 'content-type': 'text/html; charset=utf-8', 'docker-content-digest': digest, location },
    `<a href="${location.replace(/&/g, '&amp;')}">Temporary Redirect</a>.\n\n`,
    exchange.method,
  );
}

/** A page of a sorted list by `n` and `last`, with the Link to the next (distribution-spec, listing tags). */
function paged({ exchange }: Desk, all: string[], body: (page: string[]) => object): Answer {
  const { searchParams, pathname } = exchange.url;
  const size = Number(searchParams.get('n') ?? '100');
  const last = searchParams.get('last');
  const rest = last === null ? all : all.filter((one) => one > last);
  const page = rest.slice(0, Number.isInteger(size) && size > 0 ? size : 100);
  const headers: Record<string, string> = { 'content-type': 'application/json; charset=utf-8' };
  const end = page.at(-1);
  if (end !== undefined && page.length < rest.length) {
    headers['link'] = `<${pathname}?last=${encodeURIComponent(end)}&n=${size}>; rel="next"`;
  }
  return distribution(200, headers, JSON.stringify(body(page)));
}
