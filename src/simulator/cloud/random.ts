/** Chance that repeats: whatever the simulator would roll a die for, it takes from here. */
import { createHash } from 'node:crypto';

/**
 * Values that look random and depend on a seed alone. Each stream, named by its words, goes on by itself: how often one
 * is drawn from doesn't change what another gives, so runs repeat even where requests come side by side.
 */
export interface Random {
  /** From 0 (included) to 1 (excluded). */
  fraction(...stream: string[]): number;
  /** Lower-case hexadecimal digits, at most 64. */
  hex(digits: number, ...stream: string[]): string;
  /** A GUID in the form of version 4. */
  guid(...stream: string[]): string;
  /** Letters of an alphabet. */
  letters(count: number, alphabet: string, ...stream: string[]): string;
}

/** @param words what tells this source from others with the same seed */
export function createRandom(seed: number, ...words: string[]): Random {
  const drawn = new Map<string, number>();
  const digest = (stream: readonly string[]): Buffer => {
    const name = JSON.stringify([seed, words, stream]);
    const nth = drawn.get(name) ?? 0;
    drawn.set(name, nth + 1);
    return createHash('sha256').update(`${name} ${nth}`).digest();
  };
  const hex = (digits: number, ...stream: string[]): string =>
    digest(stream).toString('hex').slice(0, digits);
  return {
    fraction: (...stream) => digest(stream).readUInt32BE(0) / 2 ** 32,
    hex,
    guid(...stream) {
      const all = hex(32, ...stream);
      const variant = '89ab'.charAt(parseInt(all.charAt(16), 16) % 4);
      return `${all.slice(0, 8)}-${all.slice(8, 12)}-4${all.slice(13, 16)}-${variant}${all.slice(17, 20)}-${all.slice(20)}`;
    },
    letters: (count, alphabet, ...stream) =>
      [...digest(stream).subarray(0, count)].map((byte) => alphabet.charAt(byte % alphabet.length)).join(''),
  };
}
