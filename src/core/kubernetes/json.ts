/** Reading Kubernetes objects by path: nothing here throws, whatever an API server sends. */
import { asList, asNumber, asText, at } from '../json.js';

/**
 * The non-empty text at a path, or `undefined`. Signatures are taken out of it: nodes quote the addresses that they
 * were redirected to, and such an address opens its blob to whoever holds it.
 */
export function textAt(value: unknown, ...path: string[]): string | undefined {
  const text = asText(at(value, ...path));
  return text === undefined ? undefined : withoutSignatures(text);
}

/**
 * A text without the values of shared access signatures: `sig` of Azure Storage
 * (https://learn.microsoft.com/rest/api/storageservices/create-service-sas). containerd 1.6 quotes the whole address of
 * a blob that it could not fetch.
 */
export function withoutSignatures(text: string): string {
  return text.replace(/([?&;]sig=)[^&\s"'<>\\)\]]+/gi, '$1***');
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
