/** The index of literal texts and explain agree: what is in the one, the other knows. */
import { describe, expect, it } from '@jest/globals';
import { CAUSES, familyOf } from '../../../src/core/diagnosis/causes.js';
import { explainText } from '../../../src/core/diagnosis/explanation.js';
import { exampleOf, TEXTS } from '../../../src/core/diagnosis/texts.js';

describe('each literal text', () => {
  it.each(TEXTS.map((one) => ({ ...one, message: exampleOf(one) })))('$text', ({ message, causes }) => {
    for (const told of [message, `Failed to pull image "contoso.azurecr.io/shop/web:1.4": ${message}`]) {
      const [explanation] = explainText(told);
      const offered = explanation?.causes.map(({ id }) => id) ?? [];
      // One cause: the words leave no other. Several: they don't tell, and all of these are offered.
      expect([explanation?.determined, offered.length > 0]).toEqual([
        causes.length === 1 && sure(causes[0]),
        true,
      ]);
      expect(offered).toEqual(expect.arrayContaining([...causes]));
      expect(causes).toContain(offered[0]);
    }
  });
  it('stands once', () => {
    expect(new Set(TEXTS.map(({ text }) => text)).size).toBe(TEXTS.length);
  });
});

/** Of these one cause is met, and yet the words alone don't make it sure. */
function sure(cause: string): boolean {
  return !['unauthorized-sp-secret-invalid-or-expired', 'platform-mismatch-arch'].includes(cause);
}

it('covers what is seen of pulls, of the way there and of Azure', () => {
  const covered = new Set(TEXTS.flatMap(({ causes }) => causes));
  const families = new Set([...covered].map(familyOf));
  expect([...families].sort()).toEqual(
    expect.arrayContaining(['access', 'azure', 'image', 'network', 'registry']),
  );
  expect([...covered].filter((id) => !(id in CAUSES))).toEqual([]);
});
