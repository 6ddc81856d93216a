/** The verbs that store objects: create, update, patch. */
import type { Answer, Exchange } from '../net/exchange.js';
import { NotModelled } from '../net/exchange.js';
import { warningHeaders } from './answers.js';
import { fieldWarnings, mediaType, readApplied, readObject, readValue } from './bodies.js';
import { createObject } from './creation.js';
import {
  applyConflict,
  badRequest,
  conflict,
  invalidOptions,
  notFound,
  unprocessable,
  unsupportedMediaType,
} from './errors.js';
import { notModelledField } from './not-modelled.js';
import type { KubeObject, ResourceTypes } from './objects.js';
import { serverSideApply } from './patch/apply.js';
import { jsonMerge, jsonPatch } from './patch/json-merge.js';
import { PatchError, strategicMerge } from './patch/strategic-merge.js';
import { find, show } from './reading.js';
import { isDryRun, isTrue } from './requests.js';
import type { ApiDesk, ResourceRequest } from './requests.js';
import type { ResourceInfo } from './resources.js';
import { DecodeError, parseJson } from './schema/decode-json.js';
import { message } from './schema/schema.js';
import { updateObject } from './updating.js';

type Json = Record<string, unknown>;

export function create(desk: ApiDesk, exchange: Exchange, request: ResourceRequest): Answer {
  const { resource } = request;
  const { object, complaints } = readObject(exchange, resource);
  const warnings = fieldWarnings(exchange.url, resource, complaints);
  const created = store(desk, exchange, request, object, warnings);
  return show(desk, exchange, request, created, { status: 201, headers: warningHeaders(warnings) });
}

function store(
  desk: ApiDesk,
  exchange: Exchange,
  request: ResourceRequest,
  body: Json,
  warnings: string[],
): KubeObject {
  const { resource, namespace } = request;
  const object = complete(resource, body);
  checkNamespace(request, object);
  refuseWhatIsNotModelled(resource, object);
  return createObject(desk.store, desk.context.now(), resource.name, object, desk.cluster, {
    namespace,
    dryRun: isDryRun(exchange.url),
    warn: (text) => warnings.push(text),
  });
}

function complete(resource: ResourceInfo, body: Json): ResourceTypes[typeof resource.name] {
  const { metadata = { name: '' } } = body as Partial<KubeObject>;
  const { group, version, kind } = resource;
  const apiVersion = group === '' ? version : `${group}/${version}`;
  // Its fields are the kind's own now: the decoder has seen to it.
  return { ...body, kind, apiVersion, metadata };
}

function checkNamespace({ resource, namespace }: ResourceRequest, { metadata }: KubeObject): void {
  if (resource.namespaced && metadata.namespace !== undefined && metadata.namespace !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}

function refuseWhatIsNotModelled(resource: ResourceInfo, object: KubeObject): void {
  const beyond = notModelledField(resource.name, object);
  if (beyond !== undefined) throw new NotModelled(`${resource.kind} with ${beyond}`);
}

export function update(desk: ApiDesk, exchange: Exchange, request: ResourceRequest): Answer {
  const { resource, name = '' } = request;
  const { object: body, complaints } = readObject(exchange, resource);
  const warnings = fieldWarnings(exchange.url, resource, complaints);
  const object = complete(resource, body);
  checkName(object, name);
  checkNamespace(request, object);
  refuseWhatIsNotModelled(resource, object);
  const updated = change(desk, exchange, request, find(desk, request), object);
  return show(desk, exchange, request, updated, { headers: warningHeaders(warnings) });
}

function checkName({ metadata }: KubeObject, name: string): void {
  if (metadata.name !== name)
    throw badRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
    );
}

function change(
  desk: ApiDesk,
  exchange: Exchange,
  request: ResourceRequest,
  live: KubeObject,
  object: KubeObject,
): KubeObject {
  return updateObject(desk.store, request.resource, live, object, {
    dryRun: isDryRun(exchange.url),
    part: request.subresource === 'status' ? 'status' : 'all',
  });
}

/** What a kind of patch makes of an object. */
type Patcher = (resource: ResourceInfo, live: Json, patch: unknown) => unknown;

const PATCHERS: Record<string, Patcher> = {
  'application/json-patch+json': (_resource, live, patch) => jsonPatch(live, patch),
  'application/merge-patch+json': (_resource, live, patch) => jsonMerge(live, patch),
  'application/strategic-merge-patch+json': (resource, live, patch) => {
    if (!isObject(patch))
      throw badRequest('json: cannot unmarshal into Go value of type map[string]interface {}');
    return strategicMerge(message(resource.kind), live, patch);
  },
};

const wrongOption = (field: string, reason: string, text: string): Error =>
  invalidOptions('PatchOptions', { reason, message: text, field });

const APPLY = 'application/apply-patch+yaml';

export function patch(desk: ApiDesk, exchange: Exchange, request: ResourceRequest): Answer {
  const type = mediaType(exchange);
  if (type === APPLY) return apply(desk, exchange, request);
  const patcher = PATCHERS[type];
  if (patcher === undefined) throw unsupportedMediaType([...Object.keys(PATCHERS), APPLY]);
  if (isTrue(exchange.url.searchParams.get('force')))
    throw wrongOption('force', 'FieldValueForbidden', 'Forbidden: may not be specified for non-apply patch');
  const { resource } = request;
  const live = find(desk, request);
  const patched = patcherResult(patcher, resource, live, exchange.body.toString());
  const { object: body, complaints } = readValue(patched, resource);
  const warnings = fieldWarnings(exchange.url, resource, complaints);
  const object = complete(resource, body);
  refuseWhatIsNotModelled(resource, object);
  const updated = change(desk, exchange, request, live, object);
  return show(desk, exchange, request, updated, { headers: warningHeaders(warnings) });
}

/** Words of a patch that can't be: apiserver pkg/endpoints/handlers/patch.go. */
function patcherResult(patcher: Patcher, resource: ResourceInfo, live: KubeObject, text: string): unknown {
  try {
    return patcher(resource, { ...live }, parseJson(text));
  } catch (error) {
    if (error instanceof DecodeError) throw badRequest(`error decoding patch: ${error.message}`);
    if (error instanceof PatchError) throw unprocessable();
    throw error;
  }
}

/** Server-side apply: makes the object, or gives it the fields that are applied. */
function apply(desk: ApiDesk, exchange: Exchange, request: ResourceRequest): Answer {
  const { resource, name = '' } = request;
  const { searchParams } = exchange.url;
  const manager = searchParams.get('fieldManager') ?? '';
  if (manager === '')
    throw wrongOption('fieldManager', 'FieldValueRequired', 'Required value: is required for apply patch');
  const { object: applied, complaints } = readApplied(exchange, resource);
  const warnings = fieldWarnings(exchange.url, resource, complaints);
  const given = complete(resource, applied);
  checkName(given, name);
  checkNamespace(request, given);
  const live = desk.store.get(resource.name, name, request.namespace);
  if (live === undefined && request.subresource !== undefined) throw notFound(resource, name);
  const { uid } = given.metadata;
  if (live === undefined && uid !== undefined)
    throw conflict(
      resource,
      name,
      `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
    );
  const result = serverSideApply(
    message(resource.kind),
    live === undefined ? undefined : { ...live },
    applied,
    manager,
    desk.appliers.of(live?.metadata.uid),
  );
  if (result.conflicts.length > 0 && !isTrue(searchParams.get('force')))
    throw applyConflict(result.conflicts);
  const object = complete(resource, result.object);
  refuseWhatIsNotModelled(resource, object);
  const stored =
    live === undefined
      ? store(desk, exchange, request, result.object, warnings)
      : change(desk, exchange, request, live, object);
  if (!isDryRun(exchange.url)) desk.appliers.remember(stored.metadata.uid, result.owners);
  return show(desk, exchange, request, stored, {
    status: live === undefined ? 201 : 200,
    headers: warningHeaders(warnings),
  });
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
