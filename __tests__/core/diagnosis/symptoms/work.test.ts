/**
 * Reading a message takes work in proportion to its length, whatever is in it, and no more than 8,000 characters are read: so
 * none takes long. A clock would tell of the machine; held is how the work grows where a message grows fourfold, which is four
 * times for what reads it once, and sixteen for what begins anew at every place.
 */
import { describe, expect, it } from '@jest/globals';
import { subjectsIn } from '../../../../src/core/diagnosis/symptoms/input.js';
import { parseSymptom } from '../../../../src/core/diagnosis/symptoms/parse.js';
import { RULES } from '../../../../src/core/diagnosis/symptoms/rules.js';
import { exampleOf, TEXTS } from '../../../../src/core/diagnosis/texts.js';

const SHORT = 1_900;
const FOURFOLD = 4 * SHORT;
/** Between four and sixteen, nearer to the worse. */
const MOST = 11;

/** The best of several rounds, of many calls each: what others do on the machine only ever adds. */
function best(work: () => void, calls: number): number {
  let fastest = Infinity;
  for (let round = 0; round < 5; round += 1) {
    const began = process.hrtime.bigint();
    for (let call = 0; call < calls; call += 1) work();
    fastest = Math.min(fastest, Number(process.hrtime.bigint() - began));
  }
  return fastest / calls;
}

/** How the work grows. A machine that is disturbed is so once; code that is slow is so each time. */
function growth(read: (text: string) => void, made: (length: number) => string): number {
  const [short, long] = [made(SHORT), made(FOURFOLD)];
  let least = Infinity;
  for (let attempt = 0; attempt < 5 && least > MOST; attempt += 1)
    least = Math.min(least, best(() => read(long), 4) / best(() => read(short), 16));
  return least;
}

const repeated =
  (part: string, before = '', after = '') =>
  (length: number): string =>
    `${before}${part.repeat(Math.ceil(length / part.length)).slice(0, length)}${after}`;

/** What makes patterns begin again: beginnings of marks without their ends, quotes, brackets, blanks, names, numbers. */
const PARTS = [
  ' ',
  '"',
  '[',
  '\\',
  '{"',
  'a/',
  'a.',
  '0.',
  'https://',
  'https://a,',
  'a.azurecr.io ',
  '"a/b:c" ',
  'lookup ',
  'name resolution (',
  'CONNECTIVITY_A ',
  'exchanging token ',
  'admission webhook ',
  'media type ',
  'image a for container ',
  'status ',
  'code = ',
  'dial tcp ',
  'reached your ',
  'principal ',
  'ey',
  'sig=',
  'x'.repeat(59),
  'failed to pull and unpack image "',
  ', rpc error: code = ',
  'Failed to pull image ',
];

describe('the work of reading a message grows as its length', () => {
  it.each(PARTS)('of nothing but %j', (part) => {
    expect(growth(parseSymptom, repeated(part))).toBeLessThan(MOST);
  });
  it('of every literal text that is known, over and over', () => {
    const all = TEXTS.map(exampleOf).join(' ');
    expect(growth(parseSymptom, repeated(all))).toBeLessThan(MOST);
  });
  it.each([
    'Events:\n  Warning  Failed  ',
    'Events:\n  Warning',
    'Containers:\n    Image: ',
    'Events:\n    Message: ',
    '60s  Warning  Failed  pod/',
    '60s  Warning  ',
    'a Warning ',
  ])('of what kubectl describe prints: %j', (before) => {
    for (const part of [' ', 'x  ', '  x', ', x', 'x  x, '])
      expect(growth(subjectsIn, repeated(part, before))).toBeLessThan(MOST);
  });
});

it('no more of a message is read than its beginning and its end', () => {
  const end = ' no such host';
  const longer = (length: number): string => repeated('x ', '', end)(length);
  expect(parseSymptom(longer(100_000)).speaks?.words).toBe(parseSymptom(longer(1_000_000)).speaks?.words);
  expect(RULES.length).toBeGreaterThan(40);
});
