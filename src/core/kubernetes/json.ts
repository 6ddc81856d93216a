/** Reading Kubernetes objects by path: nothing here throws, whatever an API server sends. */
import { asList, asNumber, asText, at } from '../json.js';

/** The non-empty text at a path, or `undefined`. */
export function textAt(value: unknown, ...path: string[]): string | undefined {
  return asText(at(value, ...path));
}

/** The number at a path, or `undefined`. */
export function numberAt(value: unknown, ...path: string[]): number | undefined {
  return asNumber(at(value, ...path));
}

/** The list at a path; empty when there is none. */
export function listAt(value: unknown, ...path: string[]): unknown[] {
  return asList(at(value, ...path));
}

/** The object at a path as name → value pairs; empty when there is none. */
export function entriesAt(value: unknown, ...path: string[]): [string, unknown][] {
  const found = at(value, ...path);
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? Object.entries(found) : [];
}
