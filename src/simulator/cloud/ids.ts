/** Ids that a scenario leaves out: derived from names, so that every run has the same ones. */
import { createHash } from 'node:crypto';

/** A GUID that depends on the words alone, in the form that Azure's random ids have (version 4). */
export function stableGuid(...words: string[]): string {
  const hex = stableHex(32, 'guid', ...words);
  const variant = '89ab'[parseInt(hex.charAt(16), 16) % 4] ?? '8';
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ].join('-');
}

/** Lower-case hexadecimal digits that depend on the words alone; at most 64. */
export function stableHex(digits: number, ...words: string[]): string {
  return createHash('sha256').update(words.join('\n').toLowerCase()).digest('hex').slice(0, digits);
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function isGuid(text: string): boolean {
  return GUID.test(text);
}
