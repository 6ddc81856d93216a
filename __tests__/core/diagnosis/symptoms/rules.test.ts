import { describe, expect, it } from '@jest/globals';
import { CAUSES } from '../../../../src/core/diagnosis/causes.js';
import { CANDIDATES } from '../../../../src/core/diagnosis/ranking/candidates.js';
import { FACT_RULES } from '../../../../src/core/diagnosis/ranking/facts.js';
import { RULES } from '../../../../src/core/diagnosis/symptoms/rules.js';

/** Most letters of a message that a rule may hold: it knows a shape, not a sentence. */
const MOST = 40;

/** How many literal characters the longest way through a pattern holds. */
function literals(source: string): number {
  let at = 0;
  const alternatives = (): number => {
    let longest = 0;
    let here = 0;
    while (at < source.length && source[at] !== ')') {
      const char = source[at] ?? '';
      at += 1;
      if (char === '|') {
        longest = Math.max(longest, here);
        here = 0;
      } else if (char === '(') {
        at += /^\?(?:[:=!]|<[=!])/.exec(source.slice(at))?.[0].length ?? 0;
        here += alternatives();
        at += 1;
      } else if (char === '[') {
        at += (/^\^?\]|^(?:\\.|[^\]])*\]/.exec(source.slice(at))?.[0] ?? '').length;
      } else if (char === '\\') {
        here += /[bBwWdDsS]/.test(source[at] ?? '') ? 0 : 1;
        at += 1;
      } else if (char === '{') at += source.slice(at).indexOf('}') + 1;
      else if (!/[.^$*+?]/.test(char)) here += 1;
    }
    return Math.max(longest, here);
  };
  return alternatives();
}

describe('rules', () => {
  it('are counted rightly', () => {
    expect(
      ['abc', 'a|bcd', 'a(b|cde)f', '\\bab\\/c\\d', '[abc]d{1,3}', '(?:x|yy)z', '[^]{0,9}a', 'a(?=bc)'].map(
        literals,
      ),
    ).toEqual([3, 3, 5, 4, 1, 3, 1, 3]);
  });

  it.each(RULES)('$sign holds a mark, not a sentence', ({ mark, learntFrom }) => {
    expect(literals(mark.source)).toBeLessThanOrEqual(MOST);
    expect(learntFrom.length).toBeGreaterThan(0);
  });

  it('are each another mark, and each sign has causes', () => {
    const marks = RULES.map(({ mark }) => mark.source);
    expect(new Set(marks).size).toBe(marks.length);
    for (const { sign } of RULES) expect(CANDIDATES[sign].length).toBeGreaterThan(0);
  });
});

describe('causes that are offered', () => {
  it('are of the catalogue, as are those that facts decide', () => {
    const offered = Object.values(CANDIDATES).flatMap((all) => all.map(({ cause }) => cause));
    for (const cause of [...offered, ...FACT_RULES.map((rule) => rule.cause)])
      expect(CAUSES).toHaveProperty(cause);
  });

  it.each(Object.entries(CAUSES))('%s says what is seen, how to confirm, and where from', (_, cause) => {
    expect(cause.seen).toMatch(/\S/);
    expect(cause.confirm).toMatch(/\S.*\.$/);
    expect(cause.sources.length).toBeGreaterThan(0);
  });
});
