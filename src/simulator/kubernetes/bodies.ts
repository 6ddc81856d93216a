/** Objects out of the bodies of requests. */
import type { Exchange } from '../net/exchange.js';
import { badRequest, unsupportedMediaType } from './errors.js';
import { groupVersion, RESOURCES } from './resources.js';
import type { ResourceInfo } from './resources.js';
import {
  DecodeError,
  decodeJson,
  decodeValue,
  decodeYaml,
  parseJson,
  parseYaml,
} from './schema/decode-json.js';
import type { Decoded } from './schema/decode-json.js';
import { decodeProtobuf, PROTOBUF } from './schema/decode-protobuf.js';
import { message } from './schema/schema.js';
import type { Message } from './schema/schema.js';

type Json = Record<string, unknown>;

interface Decoder {
  /** The value as it is, for its kind. */
  peek(body: Buffer): unknown;
  decode(shape: Message, body: Buffer): Decoded;
}

const JSON_DECODER: Decoder = {
  peek: (body) => parseJson(body.toString()),
  decode: (shape, body) => decodeJson(shape, body.toString()),
};

/** Media types of objects (https://kubernetes.io/docs/reference/using-api/api-concepts/, alternate representations). */
const DECODERS: Record<string, Decoder> = {
  'application/json': JSON_DECODER,
  'application/yaml': {
    peek: (body) => parseYaml(body.toString()),
    decode: (shape, body) => decodeYaml(shape, body.toString()),
  },
  [PROTOBUF]: {
    peek: () => undefined,
    decode: (shape, body) => ({ object: decodeProtobuf(shape, body), complaints: [] }),
  },
};

/** The media type of a body, without its parameters; JSON when nothing is said. */
export function mediaType({ headers }: Exchange): string {
  return (headers['content-type'] ?? 'application/json').split(';')[0]?.trim() ?? '';
}

/** What a request's body holds when it is the kind `name`, such as `DeleteOptions`. Throws BadRequest, UnsupportedMediaType. */
export function readBody(exchange: Exchange, name: string): Decoded {
  const decoder = DECODERS[mediaType(exchange)];
  if (decoder === undefined) throw unsupportedMediaType(Object.keys(DECODERS));
  try {
    return decoder.decode(message(name), exchange.body);
  } catch (error) {
    throw refusal(error, name, typeOf(decoder, exchange.body));
  }
}

/** An object that a client sends to be stored: of the resource's kind, or refused. */
export function readObject(exchange: Exchange, resource: ResourceInfo): Decoded {
  const decoder = DECODERS[mediaType(exchange)];
  if (decoder === undefined) throw unsupportedMediaType(Object.keys(DECODERS));
  checkType(typeOf(decoder, exchange.body), resource);
  const decoded = readBody(exchange, resource.kind);
  checkType(decoded.object, resource);
  return decoded;
}

/** What a patched or applied object holds. Throws BadRequest. */
export function readValue(value: unknown, resource: ResourceInfo): Decoded {
  const type = isObject(value) ? value : {};
  checkType(type, resource);
  try {
    return decodeValue(message(resource.kind), value);
  } catch (error) {
    throw refusal(error, resource.kind, type);
  }
}

/** What an apply's YAML holds. Throws BadRequest. */
export function readApplied(exchange: Exchange, resource: ResourceInfo): Decoded & { object: Json } {
  const text = exchange.body.toString();
  let type: unknown;
  try {
    type = parseYaml(text);
  } catch (error) {
    throw badRequest(`error decoding YAML: ${error instanceof Error ? error.message : ''}`);
  }
  const { kind = '', apiVersion = '' } = isObject(type) ? type : {};
  if (kind !== resource.kind || apiVersion !== groupVersion(resource)) {
    throw badRequest(
      `invalid object type: ${String(apiVersion)}, Kind=${String(kind)}; expected ${groupVersion(resource)}, Kind=${resource.kind}`,
    );
  }
  try {
    return decodeYaml(message(resource.kind), text);
  } catch (error) {
    throw refusal(error, resource.kind, { kind, apiVersion });
  }
}

/** Kind and apiVersion of a body that may be broken otherwise. */
function typeOf(decoder: Decoder, body: Buffer): Json {
  try {
    const value = decoder.peek(body);
    return isObject(value) ? value : {};
  } catch {
    // What is wrong with it is said when it is decoded.
    return {};
  }
}

/** An object that says nothing of its type is taken as what the path says (apiserver pkg/endpoints/handlers/create.go). */
function checkType({ kind, apiVersion }: Json, resource: ResourceInfo): void {
  const expected = groupVersion(resource);
  const given = { kind: textOr(kind, resource.kind), apiVersion: textOr(apiVersion, expected) };
  if (given.kind === resource.kind && given.apiVersion === expected) return;
  const known = RESOURCES.some((one) => one.kind === given.kind && groupVersion(one) === given.apiVersion);
  if (known && given.apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${given.apiVersion}) does not match the expected API version (${expected})`,
    );
  }
  const why = known
    ? `converting (v1.${given.kind}) to (v1.${resource.kind}): unknown conversion`
    : `no kind "${given.kind}" is registered for version "${given.apiVersion}" in scheme "pkg/api/legacyscheme/scheme.go:30"`;
  throw badRequest(
    `${given.kind} in version "${versionOf(given.apiVersion)}" cannot be handled as a ${resource.kind}: ${why}`,
  );
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}

function versionOf(apiVersion: string): string {
  return apiVersion.split('/').at(-1) ?? '';
}

/** How the API server words what its decoder says (apiserver pkg/endpoints/handlers/rest.go, transformDecodeError). */
function refusal(error: unknown, kind: string, type: Json): unknown {
  if (!(error instanceof DecodeError)) return error;
  if (typeof type['kind'] !== 'string')
    return badRequest(`the object provided is unrecognized (must be of type ${kind}): ${error.message}`);
  const version = versionOf(textOr(type['apiVersion'], 'v1'));
  return badRequest(
    `${type['kind']} in version "${version}" cannot be handled as a ${kind}: ${error.message}`,
  );
}

/**
 * What becomes of complaints by the parameter fieldValidation: warnings, nothing, or a refusal
 * (captures: 400-unknown-field-strict.http, 201-unknown-field-warn.http).
 */
export function fieldWarnings({ searchParams }: URL, resource: ResourceInfo, complaints: string[]): string[] {
  const how = searchParams.get('fieldValidation') ?? 'Warn';
  if (how === 'Ignore') return [];
  if (how === 'Strict' && complaints.length > 0) {
    throw badRequest(
      `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: strict decoding error: ${complaints.join(', ')}`,
    );
  }
  return complaints;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
