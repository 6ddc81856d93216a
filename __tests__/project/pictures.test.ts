/**
 * The pictures of the README show what a run of today says: the text that they were made of is held against one. That of
 * the log is held by e2e/demo.test.ts, which runs the demo anyway.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { pages } from '../../scripts/pictures/pages.js';
import { lasting } from '../../scripts/pictures/text.js';
import { ROOT } from './root.js';

describe('the pictures of the README', () => {
  it.each([
    ['passed', 'passed'],
    ['role-missing', 'failed'],
  ])('%s: docs/images/%s.png (else: npm run pictures -- --readme)', async (run, picture) => {
    const [page] = await pages([run]);
    const shown = readFileSync(join(ROOT, 'scripts', 'pictures', 'shown', `${picture}.md`), 'utf8');
    expect(lasting(page?.gitHub ?? '')).toBe(lasting(shown));
  });

  it.each(['passed', 'failed'])(
    '%s: no table holds a word that would push a column out of sight',
    (picture) => {
      const shown = readFileSync(join(ROOT, 'scripts', 'pictures', 'shown', `${picture}.md`), 'utf8');
      const words = shown
        .split('\n')
        .filter((line) => line.startsWith('|'))
        .flatMap((line) => line.replace(/`[^`]*`/g, '').split(/\s|<br>|&#8203;/))
        .map((word) => word.replace(/&#\d+;/g, '.'));
      expect(words.length).toBeGreaterThan(20);
      expect(words.filter((word) => word.length > 60)).toEqual([]);
    },
  );
});
