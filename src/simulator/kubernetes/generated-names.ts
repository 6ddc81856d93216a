/** Endings of names that the API server makes up. */
import type { Random } from '../cloud/random.js';

/** Five letters and digits without vowels and look-alikes, as Kubernetes ends generated names. */
export function randomSuffix(random: Random, prefix: string): string {
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
  return random.letters(5, alphabet, 'suffix', prefix);
}
