/** Which objects a list or a watch is about, and at which version (https://kubernetes.io/docs/reference/using-api/api-concepts/). */
import { badRequest, continueExpired, invalidOptions, listExpired, versionTooLarge } from './errors.js';
import type { StatusCause } from './errors.js';
import type { KubeObject } from './objects.js';
import { isTrue } from './requests.js';
import type { ResourceRequest } from './requests.js';
import { fieldMatcher, labelMatcher } from './selectors.js';
import type { Matcher } from './selectors.js';
import type { Store } from './store.js';

/** The objects that a request's selectors take. Throws BadRequest. */
export function matcherOf({ resource, name }: ResourceRequest, { searchParams }: URL): Matcher {
  const byLabel = labelMatcher(searchParams.get('labelSelector') ?? '');
  const byField = fieldMatcher(searchParams.get('fieldSelector') ?? '', resource.name);
  return (object) =>
    byLabel(object) && byField(object) && (name === undefined || object.metadata.name === name);
}

/** The version that a request names; undefined for none. Throws when there has been no such version yet. */
export function versionOf(store: Store, { searchParams }: URL): number | undefined {
  const text = searchParams.get('resourceVersion') ?? '';
  if (text === '') return undefined;
  const version = Number(text);
  if (!Number.isSafeInteger(version) || version < 0) throw badRequest(`invalid resource version "${text}"`);
  if (version > store.version) throw versionTooLarge(version, store.version);
  return version;
}

const forbidden = (field: string, why: string): StatusCause => ({
  reason: 'FieldValueForbidden',
  message: `Forbidden: ${why}`,
  field,
});

const MATCHES = ['Exact', 'NotOlderThan'];

/** Throws for options that don't go together (apimachinery pkg/apis/meta/internalversion/validation). */
export function checkListOptions({ searchParams }: URL, watch: boolean): void {
  const causes: StatusCause[] = [];
  const match = searchParams.get('resourceVersionMatch') ?? '';
  const version = searchParams.get('resourceVersion') ?? '';
  const initial = searchParams.get('sendInitialEvents');
  const field = 'resourceVersionMatch';
  if (watch && initial !== null) {
    if (match !== 'NotOlderThan')
      causes.push(
        forbidden(field, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'),
      );
    if (!isTrue(searchParams.get('allowWatchBookmarks')) && isTrue(initial))
      causes.push(
        forbidden('allowWatchBookmarks', 'sendInitialEvents requires setting allowWatchBookmarks to true'),
      );
  } else if (initial !== null)
    causes.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  else if (match !== '') {
    if (watch)
      causes.push(
        forbidden(field, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'),
      );
    if (version === '' && !watch)
      causes.push(forbidden(field, 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
    if ((searchParams.get('continue') ?? '') !== '')
      causes.push(forbidden(field, 'resourceVersionMatch is forbidden when continue is provided'));
    if (!MATCHES.includes(match)) {
      const supported = [...MATCHES, ''].map((one) => `"${one}"`).join(', ');
      const message = `Unsupported value: "${match}": supported values: ${supported}`;
      causes.push({ reason: 'FieldValueNotSupported', message, field });
    }
    if (match === 'Exact' && version === '0')
      causes.push(forbidden(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  if (causes.length > 0) throw invalidOptions('ListOptions', ...causes);
}

/** One page of a list. */
export interface Page {
  objects: KubeObject[];
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
}

/** Where a limited list goes on: the version it began with, and the first key after what was given out. */
interface Token {
  v: 'meta.k8s.io/v1';
  /** -1: at the present, however inconsistent. */
  rv: number;
  start: string;
}

/** The page of a list that a request is for. A list that goes on shows everything as it was when it began. */
export function pageOf(store: Store, request: ResourceRequest, url: URL): Page {
  checkListOptions(url, false);
  const { searchParams } = url;
  const asked = versionOf(store, url);
  const matches = matcherOf(request, url);
  const token = continuation(searchParams.get('continue') ?? '');
  if (token !== undefined && asked !== undefined && asked !== 0)
    throw badRequest('specifying resource version is not allowed when using continue');
  const version = listedVersion(store, url, asked, token);
  const { name: resource } = request.resource;
  const all =
    version === store.version
      ? store.list(resource, request.namespace)
      : store.listAt(version, resource, request.namespace, () =>
          token === undefined ? listExpired() : continueExpired(encode({ ...token, rv: -1 })),
        );
  const rest: KubeObject[] = all.filter(
    (object) => matches(object) && (token === undefined || keyOf(object) >= token.start),
  );
  const limit = limitOf(url);
  const objects = limit > 0 ? rest.slice(0, limit) : rest;
  const last = objects.at(-1);
  const selective =
    (searchParams.get('labelSelector') ?? '') !== '' || (searchParams.get('fieldSelector') ?? '') !== '';
  return {
    objects,
    metadata: {
      resourceVersion: String(version),
      ...(last === undefined || objects.length === rest.length
        ? {}
        : {
            continue: encode({ v: 'meta.k8s.io/v1', rv: version, start: `${keyOf(last)}\0` }),
            // With a selector the server doesn't know how many of the rest it will take.
            ...(selective ? {} : { remainingItemCount: rest.length - objects.length }),
          }),
    },
  };
}

/** The version at which a list is shown; a page's first asks for the exact version that it names. */
function listedVersion(store: Store, url: URL, asked: number | undefined, token: Token | undefined): number {
  if (token !== undefined) return token.rv < 0 ? store.version : token.rv;
  const match = url.searchParams.get('resourceVersionMatch') ?? '';
  const exact = match === 'Exact' || (match === '' && limitOf(url) > 0);
  return exact && asked !== undefined && asked > 0 ? asked : store.version;
}

function limitOf({ searchParams }: URL): number {
  return Number(searchParams.get('limit') ?? '0');
}

function keyOf({ metadata }: KubeObject): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}

function encode(token: Token): string {
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

function continuation(text: string): Token | undefined {
  if (text === '') return undefined;
  try {
    const token = JSON.parse(Buffer.from(text, 'base64url').toString()) as Partial<Token> | null;
    const { v, rv = 0, start = '' } = token ?? {};
    if (v === 'meta.k8s.io/v1' && rv !== 0 && start !== '') return { v, rv, start };
  } catch {
    // Refused below.
  }
  throw badRequest(
    'continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)',
  );
}
