/** The distribution API of a registry: /v2/ and what is under it (github.com/opencontainers/distribution-spec). */
import type { SimulatorContext } from '../context.js';
import type { RegistryHost, Repository } from '../cloud/model.js';
import type { Answer, Exchange } from '../net/exchange.js';
import { NotModelled } from '../net/exchange.js';
import { findRoute } from '../routes.js';
import type { RouteRow } from '../routes.js';
import { challenge, distribution, errorMessage, failure } from './answers.js';
import type { Scope } from './answers.js';
import type { BlobStore } from './blob-store.js';
import { nameOf } from './oauth.js';
import type { RegistryTokens } from './tokens.js';

/** What the routes need besides the exchange. */
export interface Desk {
  context: SimulatorContext;
  tokens: RegistryTokens;
  blobs: BlobStore;
  registry: RegistryHost;
  exchange: Exchange;
  /** Whether everyone may do all of it, without a token. */
  open?: boolean;
}

/** A row of the distribution API, with the scope that a token must hold for it. */
export interface DistributionRoute extends RouteRow {
  /** Any one of the actions; the first is the one the challenge asks for. With `all`: every one of them. */
  scope(repository: string): Scope | undefined;
  all?: boolean;
  answer(desk: Desk, repository: string, reference: string): Answer;
}

/** https://github.com/opencontainers/distribution-spec, "Pulling manifests": repository names. */
const REPOSITORY = /^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

export const repositoryScope =
  (...actions: string[]) =>
  (name: string): Scope => ({ type: 'repository', name, actions });

/** One row for each method. */
function rows(
  methods: readonly string[],
  path: string,
  row: Omit<DistributionRoute, 'name' | 'method' | 'path'>,
): DistributionRoute[] {
  return methods.map((method) => ({ name: `${method} ${path.replace('{+', '{')}`, method, path, ...row }));
}

const READ = ['GET', 'HEAD'];

export const DISTRIBUTION_ROUTES: readonly DistributionRoute[] = [
  ...rows(READ, '/v2/', {
    source: 'recording: acr.dataplane.json',
    scope: () => undefined,
    answer: ({ exchange }) =>
      distribution(200, { 'content-type': 'application/json; charset=utf-8' }, '{}', exchange.method),
  }),
  ...rows(['GET'], '/v2/_catalog', {
    source: 'https://github.com/opencontainers/distribution-spec',
    scope: () => ({ type: 'registry', name: 'catalog', actions: ['*'] }),
    answer: (desk) =>
      paged(desk, desk.registry.repositories.map((repository) => repository.name).sort(), (repositories) => ({
        repositories,
      })),
  }),
  ...rows(['GET'], '/v2/{+repository}/tags/list', {
    source: 'https://github.com/opencontainers/distribution-spec',
    // Assumption: either action lists tags; the Azure CLI asks for metadata_read, docker's clients for pull.
    scope: repositoryScope('pull', 'metadata_read'),
    answer: (desk, name) => {
      const repository = find(desk, name);
      if (repository === undefined) return nameUnknown(desk, name);
      return paged(desk, [...repository.tags.keys()].sort(), (tags) => ({ name, tags }));
    },
  }),
  ...rows(READ, '/v2/{+repository}/manifests/{reference}', {
    source: 'recording: acr.dataplane.json',
    scope: repositoryScope('pull'),
    answer: manifest,
  }),
  ...rows(READ, '/v2/{+repository}/blobs/{digest}', {
    source: 'recording: acr.dataplane.json',
    scope: repositoryScope('pull'),
    answer: blob,
  }),
];

/** Answers a request by the first of the routes that fits. Throws NotModelled for what isn't there: deletions, referrers. */
export function answerDistribution(desk: Desk, routes: readonly DistributionRoute[]): Answer {
  const { exchange, registry } = desk;
  const { method, url } = exchange;
  const found = findRoute(routes, method, url.pathname.replaceAll('%2F', '/'));
  const { repository = '', reference = '', digest = '' } = found?.parameters ?? {};
  if (
    found === undefined ||
    (repository !== '' && !REPOSITORY.test(repository)) ||
    (digest !== '' && !DIGEST.test(digest))
  )
    throw new NotModelled(`${method} ${url.pathname} at ${registry.loginServer}`);
  exchange.note.route = found.row.name;
  const refusal =
    desk.open === true ? undefined : authenticate(desk, found.row.scope(repository), found.row.all);
  return refusal ?? found.row.answer(desk, repository, decodeURIComponent(reference || digest));
}

/** A challenge unless the request carries an access token that holds one of the scope's actions. */
function authenticate(
  { context, tokens, registry, exchange }: Desk,
  scope: Scope | undefined,
  all = false,
): Answer | undefined {
  const asked = scope && (all ? scope : { ...scope, actions: scope.actions.slice(0, 1) });
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
      (all
        ? scope.actions.every((action) => entry.Actions.includes(action))
        : scope.actions.some((action) => entry.Actions.includes(action))),
  );
  if (held) return undefined;
  exchange.note.verdict = 'refused: the token lacks this scope';
  return challenge(registry, exchange.method, asked, 'insufficient_scope');
}

export function find({ registry }: Desk, name: string): Repository | undefined {
  return registry.repositories.find((repository) => repository.name === name);
}

export function nameUnknown({ exchange }: Desk, name: string): Answer {
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
export function paged({ exchange }: Desk, all: string[], body: (page: string[]) => object): Answer {
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
