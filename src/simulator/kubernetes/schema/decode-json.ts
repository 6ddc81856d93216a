/**
 * Reads objects out of JSON and YAML as the API server does: what it doesn't know falls away and is named, what is
 * there twice is named, what has another type is refused
 * (captures: 400-unknown-field-strict.http, 201-unknown-field-warn.http; words: sigs.k8s.io/json).
 */
import { isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Node } from 'yaml';
import { isMessage } from './schema.js';
import type { Field, Message } from './schema.js';

export interface Decoded {
  object: Record<string, unknown>;
  /** `unknown field "spec.x"`, `duplicate field "spec.y"`: what fieldValidation is about. */
  complaints: string[];
}

/** The body can't be the kind that it should be. The message is the decoder's. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}

/** Fields that every object has beside its message's own. */
const TYPE_META = ['kind', 'apiVersion'];

/** Reads an object of a kind out of JSON text. Throws DecodeError. */
export function decodeJson(message: Message, text: string): Decoded {
  return decodeValue(message, parseJson(text), () => duplicates(text));
}

/** The same out of YAML text, as server-side apply sends it. Throws DecodeError. */
export function decodeYaml(message: Message, text: string): Decoded {
  return decodeValue(message, parseYaml(text), () => duplicates(text));
}

/** The same with what is read already. Throws DecodeError. */
export function decodeValue(message: Message, value: unknown, repeated: () => string[] = () => []): Decoded {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new DecodeError(
      `json: cannot unmarshal ${jsonType(value)} into Go value of type v1.${message.name}`,
    );
  const unknown: string[] = [];
  const object = decodeMessage(message, value as Record<string, unknown>, '', '', unknown);
  return {
    object,
    complaints: [
      ...unknown.map((path) => `unknown field "${path}"`),
      ...repeated().map((path) => `duplicate field "${path}"`),
    ],
  };
}

/** JSON text as it is. Throws DecodeError. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new DecodeError(error instanceof Error ? error.message : 'not JSON');
  }
}

/** YAML text as it is, JSON included. Throws DecodeError. */
export function parseYaml(text: string): unknown {
  const document = parseDocument(text, { uniqueKeys: false });
  const [error] = document.errors;
  if (error !== undefined) throw new DecodeError(`error converting YAML to JSON: yaml: ${error.message}`);
  return document.toJS() as unknown;
}

/** Paths of keys that stand twice in one map. */
function duplicates(text: string): string[] {
  const found: string[] = [];
  const walk = (node: Node | null, path: string): void => {
    if (isSeq<Node>(node)) node.items.forEach((item, index) => walk(item, `${path}[${index}]`));
    if (!isMap<Node, Node>(node)) return;
    const seen = new Set<string>();
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : '';
      const below = path === '' ? name : `${path}.${name}`;
      if (seen.has(name)) found.push(below);
      seen.add(name);
      walk(value, below);
    }
  };
  walk(parseDocument(text, { uniqueKeys: false }).contents, '');
  return found;
}

/** @param path with indices, for complaints; `goPath` without, as Go's errors have it */
function decodeMessage(
  message: Message,
  value: Record<string, unknown>,
  path: string,
  goPath: string,
  unknown: string[],
): Record<string, unknown> {
  const decoded: Record<string, unknown> = {};
  for (const [name, one] of Object.entries(value)) {
    const below = path === '' ? name : `${path}.${name}`;
    const field = message.fields.get(name);
    if (field === undefined) {
      if (path === '' && TYPE_META.includes(name)) decoded[name] = one;
      else unknown.push(below);
      continue;
    }
    // In Go null leaves a field as it is, and an empty list or map isn't written out again.
    if (one === null) continue;
    const where = { field, owner: message, path: goPath === '' ? name : `${goPath}.${name}` };
    const result = decodeField(where, one, below, unknown);
    if (field.form !== 'one' && isEmpty(result)) continue;
    decoded[name] = result;
  }
  return decoded;
}

interface Where {
  field: Field;
  /** The message that has the field. */
  owner: Message;
  path: string;
}

function decodeField(where: Where, value: unknown, path: string, unknown: string[]): unknown {
  const { field } = where;
  if (field.form === 'list') {
    if (!Array.isArray(value)) throw wrongType(where, value, goType(field));
    return value.map((item, index) => decodeItem(where, item, `${path}[${index}]`, unknown));
  }
  if (field.form === 'map') {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw wrongType(where, value, goType(field));
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, decodeItem(where, item, `${path}.${key}`, unknown)]),
    );
  }
  return decodeItem(where, value, path, unknown);
}

function decodeItem(where: Where, value: unknown, path: string, unknown: string[]): unknown {
  const { type } = where.field;
  if (!isMessage(type)) {
    checkScalar(where, type, value);
    return value;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    // A null among the items of a list is a zero item.
    if (value === null) return {};
    throw wrongType(where, value, `v1.${type.name}`);
  }
  return decodeMessage(type, value as Record<string, unknown>, path, where.path, unknown);
}

const QUANTITY = /^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$/;

/** Throws for a value that isn't of a scalar's type. A null item is a zero one. */
function checkScalar(where: Where, type: string, value: unknown): void {
  if (value === null) return;
  const integer = (): boolean => typeof value === 'number' && Number.isInteger(value);
  const text = typeof value === 'string';
  switch (type) {
    case 'string':
      if (!text) throw wrongType(where, value, 'string');
      return;
    case 'bool':
      if (typeof value !== 'boolean') throw wrongType(where, value, 'bool');
      return;
    case 'int':
    case 'long':
      if (!integer()) throw wrongType(where, value, type === 'int' ? 'int32' : 'int64');
      return;
    case 'bytes':
      if (!text) throw wrongType(where, value, '[]uint8');
      checkBase64(value);
      return;
    case 'quantity':
      if (!QUANTITY.test(typeof value === 'number' ? String(value) : text ? value : ''))
        throw new DecodeError(`quantities must match the regular expression '${QUANTITY.source}'`);
      return;
    case 'time':
    case 'microtime':
      if (!text || Number.isNaN(Date.parse(value)))
        throw new DecodeError(
          `parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(value)} as "2006"`,
        );
      return;
    default:
  }
}

function checkBase64(text: string): void {
  const bad = /[^A-Za-z0-9+/=\r\n]/.exec(text);
  const lacking = text.replace(/[\r\n]/g, '').length % 4;
  if (bad === null && lacking === 0) return;
  throw new DecodeError(`illegal base64 data at input byte ${bad?.index ?? text.length - lacking}`);
}

function wrongType({ owner, path }: Where, value: unknown, type: string): DecodeError {
  return new DecodeError(
    `json: cannot unmarshal ${jsonType(value)} into Go struct field ${owner.name}.${path} of type ${type}`,
  );
}

function jsonType(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'number' : `number ${value}`;
  if (typeof value === 'boolean') return 'bool';
  return value === null ? 'null' : typeof value;
}

/** Go's names. Every modelled package is called v1 there. */
const GO_SCALARS: Record<string, string> = { int: 'int32', long: 'int64', bytes: '[]uint8' };

function goType({ type, form }: Field): string {
  const item = isMessage(type) ? `v1.${type.name}` : (GO_SCALARS[type] ?? type);
  return form === 'list' ? `[]${item}` : `map[string]${item}`;
}

function isEmpty(value: unknown): boolean {
  return Object.keys(value as object).length === 0;
}
