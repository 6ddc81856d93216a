import { expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { selectPulls } from '../../../src/core/deployables/select.js';
import type { Candidate } from '../../../src/core/deployables/select.js';

type One = Candidate<string, string>;
const one = (image: string, more: Partial<One> = {}): One => ({
  image,
  pools: ['a', 'b'],
  repository: image,
  access: 'x',
  ...more,
});
const of = (chosen: { image: string; pool: string }[], pool: string): string[] =>
  chosen.filter((pair) => pair.pool === pool).map(({ image }) => image);

it('covers each repository condition before a second image of one', () => {
  const candidates = [one('1', { size: 1 }), one('2', { size: 2 }), one('3', { size: 9, access: 'y' })];
  expect(of(selectPulls(candidates, ['a'], 2), 'a')).toEqual(['1', '3']);
});

it('covers each repository before a second tag of one', () => {
  const candidates = [
    one('r:1', { repository: 'r' }),
    one('r:2', { repository: 'r' }),
    one('s:1', { repository: 's' }),
  ];
  expect(of(selectPulls(candidates, ['a'], 2), 'a')).toEqual(['r:1', 's:1']);
});

it('prefers the smallest, and what another pool pulls too', () => {
  const candidates = [one('large', { size: 9 }), one('small', { size: 1 }), one('untold')];
  expect(selectPulls(candidates, ['a', 'b'], 1)).toEqual([
    { image: 'small', pool: 'a' },
    { image: 'small', pool: 'b' },
  ]);
});

it('never gives a pool more than it may have, nor what can not land there, nor anything twice', () => {
  const candidate = fc.record({
    image: fc.string(),
    pools: fc.subarray(['a', 'b', 'c']),
    repository: fc.constantFrom('r', 's', 't'),
    access: fc.constantFrom('x', 'y'),
  });
  fc.assert(
    fc.property(
      fc.uniqueArray(candidate, { selector: ({ image }) => image }),
      fc.integer({ min: 1, max: 6 }),
      (all, most) => {
        const chosen = selectPulls(all, ['a', 'b', 'c'], most);
        for (const pool of ['a', 'b', 'c']) {
          const here = all.filter(({ pools }) => pools.includes(pool));
          const images = of(chosen, pool);
          expect(images).toHaveLength(Math.min(most, here.length));
          expect(new Set(images).size).toBe(images.length);
          expect(images.every((image) => here.some((able) => able.image === image))).toBe(true);
        }
      },
    ),
  );
});
