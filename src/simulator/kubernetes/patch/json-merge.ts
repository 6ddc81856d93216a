/** JSON merge patches (RFC 7386) and JSON patches (RFC 6902). */
import { sameJson } from '../equality.js';
import { PatchError } from './strategic-merge.js';

type Json = Record<string, unknown>;

/** What the value becomes (RFC 7386, section 2). */
export function jsonMerge(live: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: Json = isObject(live) ? { ...live } : {};
  for (const [name, change] of Object.entries(patch)) {
    if (change === null) delete merged[name];
    else merged[name] = jsonMerge(merged[name], change);
  }
  return merged;
}

interface Operation {
  op: string;
  path: string;
  from?: string;
  value?: unknown;
}

/** What the object becomes. Throws PatchError; words: github.com/evanphx/json-patch. */
export function jsonPatch(live: Json, operations: unknown): unknown {
  if (!Array.isArray(operations))
    throw new PatchError('json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  let document: unknown = structuredClone(live);
  for (const { op, path, from = '', value } of operations as Operation[]) {
    switch (op) {
      case 'add':
        document = put(document, path, value, 'insert');
        break;
      case 'replace':
        read(document, path, op);
        document = put(document, path, value, 'replace');
        break;
      case 'remove':
        document = take(document, path);
        break;
      case 'copy':
        document = put(document, path, structuredClone(read(document, from, op)), 'insert');
        break;
      case 'move': {
        const moved = read(document, from, op);
        document = put(take(document, from), path, moved, 'insert');
        break;
      }
      case 'test':
        if (!sameJson(lookUp(document, path), value ?? null))
          throw new PatchError(`testing value ${path} failed: test failed`);
        break;
      default:
        throw new PatchError(`Unexpected kind: ${op}`);
    }
  }
  return document;
}

function steps(path: string): string[] {
  return path === ''
    ? []
    : path
        .split('/')
        .slice(1)
        .map((step) => step.replace(/~1/g, '/').replace(/~0/g, '~'));
}

/** Null for what isn't there. */
function lookUp(document: unknown, path: string): unknown {
  let at = document;
  for (const step of steps(path)) at = isContainer(at) ? (at as Json)[step] : undefined;
  return at ?? null;
}

function read(document: unknown, path: string, op: string): unknown {
  const value = lookUp(document, path);
  if (value === null)
    throw new PatchError(`${op} operation does not apply: doc is missing key: ${path}: missing value`);
  return value;
}

/** The container of a path's last step, which must be there. */
function containerOf(document: unknown, path: string, op: string): { container: unknown; last: string } {
  const all = steps(path);
  const parent = all
    .slice(0, -1)
    .map((step) => `/${step.replace(/~/g, '~0').replace(/\//g, '~1')}`)
    .join('');
  const container = parent === '' ? document : lookUp(document, parent);
  if (!isContainer(container))
    throw new PatchError(`${op} operation does not apply: doc is missing path: ${path}: missing value`);
  return { container, last: all.at(-1) ?? '' };
}

function put(document: unknown, path: string, value: unknown, how: 'insert' | 'replace'): unknown {
  if (path === '') return value;
  const { container, last } = containerOf(document, path, how === 'insert' ? 'add' : 'replace');
  if (Array.isArray(container)) {
    const index = last === '-' ? container.length : Number(last);
    if (!Number.isInteger(index) || index < 0 || index > container.length)
      throw new PatchError(
        `add operation does not apply: doc is missing path: ${path}: invalid index referenced`,
      );
    container.splice(index, how === 'insert' ? 0 : 1, value);
  } else (container as Json)[last] = value;
  return document;
}

function take(document: unknown, path: string): unknown {
  if (lookUp(document, path) === null)
    throw new PatchError(`remove operation does not apply: doc is missing path: ${path}: missing value`);
  const { container, last } = containerOf(document, path, 'remove');
  if (Array.isArray(container)) container.splice(Number(last), 1);
  else delete (container as Json)[last];
  return document;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isContainer(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
