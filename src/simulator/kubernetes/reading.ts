/** The verbs that change nothing: get, list, watch. */
import type { Answer, Exchange } from '../net/exchange.js';
import { commonHeaders, formOf, json } from './answers.js';
import { notFound } from './errors.js';
import { checkListOptions, matcherOf, pageOf, versionOf } from './list-options.js';
import type { KubeObject } from './objects.js';
import { isTrue } from './requests.js';
import type { ApiDesk, ResourceRequest } from './requests.js';
import { groupVersion } from './resources.js';
import { asTable } from './tables/tables.js';
import type { RowObjects } from './tables/tables.js';
import { watchStream } from './watch.js';

/** The object that a request names. Throws NotFound. */
export function find(desk: ApiDesk, { resource, namespace, name = '' }: ResourceRequest): KubeObject {
  const object = desk.store.get(resource.name, name, namespace);
  if (object === undefined) throw notFound(resource, name);
  return object;
}

/** Metadata alone, as meta.k8s.io/v1 has it. */
export function metadataOf({ metadata }: KubeObject): object {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
}

/** One object in the form that the client asks for. */
export function show(
  desk: ApiDesk,
  exchange: Exchange,
  request: ResourceRequest,
  object: KubeObject,
  answer: { status?: number; headers?: Record<string, string> } = {},
): Answer {
  const form = formOf(exchange);
  const { status = 200, headers = {} } = answer;
  if (form === 'metadata') return json(status, metadataOf(object), headers);
  if (form === 'object') return json(status, object, headers);
  const { resourceVersion = '' } = object.metadata;
  return json(status, tableOf(desk, exchange, request, [object], { resourceVersion }), headers);
}

function tableOf(
  desk: ApiDesk,
  { url }: Exchange,
  { resource }: ResourceRequest,
  objects: KubeObject[],
  metadata: object,
): object {
  const include = url.searchParams.get('includeObject');
  const rowObjects: RowObjects = include === 'Object' ? 'whole' : include === 'None' ? 'none' : 'metadata';
  return asTable(resource.name, objects, desk.context.now(), metadata, rowObjects);
}

export function get(desk: ApiDesk, exchange: Exchange, request: ResourceRequest): Answer {
  versionOf(desk.store, exchange.url);
  return show(desk, exchange, request, find(desk, request));
}

export function list(desk: ApiDesk, exchange: Exchange, request: ResourceRequest): Answer {
  const { objects, metadata } = pageOf(desk.store, request, exchange.url);
  const form = formOf(exchange);
  if (form === 'table') return json(200, tableOf(desk, exchange, request, objects, metadata));
  if (form === 'metadata') {
    const items = objects.map(metadataOf);
    return json(200, { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata, items });
  }
  return json(200, listOf(request, objects, metadata));
}

/** A list of objects, whose items carry neither kind nor apiVersion. */
export function listOf({ resource }: ResourceRequest, objects: KubeObject[], metadata: object): object {
  const items = objects.map(({ kind: _kind, apiVersion: _apiVersion, ...item }) => item);
  return { kind: `${resource.kind}List`, apiVersion: groupVersion(resource), metadata, items };
}

export function watch(desk: ApiDesk, exchange: Exchange, request: ResourceRequest): Answer {
  const { url, signal } = exchange;
  const { searchParams } = url;
  checkListOptions(url, true);
  const form = formOf(exchange);
  const timeout = searchParams.get('timeoutSeconds');
  let columnsSent = false;
  const asRow = (objects: KubeObject[], resourceVersion: string): object => {
    const table = tableOf(desk, exchange, request, objects, { resourceVersion });
    // Only the first event says what the columns are (apiserver pkg/endpoints/handlers/response.go).
    const shown = columnsSent ? { ...table, columnDefinitions: null } : table;
    columnsSent = true;
    return shown;
  };
  const stream = watchStream(desk.store, desk.timers, desk.stopped, {
    resource: request.resource,
    namespace: request.namespace,
    matches: matcherOf(request, url),
    from: versionOf(desk.store, url),
    bookmarks: isTrue(searchParams.get('allowWatchBookmarks')),
    initialEvents: searchParams.has('sendInitialEvents')
      ? isTrue(searchParams.get('sendInitialEvents'))
      : undefined,
    timeoutSeconds: timeout === null ? undefined : Number(timeout),
    signal,
    show: (object) =>
      form === 'table'
        ? asRow([object], object.metadata.resourceVersion ?? '')
        : form === 'metadata'
          ? metadataOf(object)
          : object,
    showBookmark: (bookmark) =>
      form === 'table'
        ? asRow([], bookmark.metadata.resourceVersion ?? '')
        : form === 'metadata'
          ? metadataOf(bookmark)
          : bookmark,
  });
  return { status: 200, headers: { ...commonHeaders(), 'content-type': 'application/json' }, body: stream };
}
