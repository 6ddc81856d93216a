/** The pictures of the README show what a run of today says: the text that they were made of is held against one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { pages } from '../../scripts/pictures/pages.js';
import { ROOT } from './root.js';

/** What differs between two runs of the same: how long it took, and the ids of things made anew. */
function lasting(markdown: string): string {
  return markdown
    .replace(/\b\d+(\.\d+)? (ms|s|min)\b/g, '<time>')
    .replace(/\b[0-9a-f]{8}…/g, '<id>')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<moment>');
}

describe('the pictures of the README', () => {
  it.each([
    ['passed', 'passed'],
    ['role-missing', 'failed'],
  ])('%s: docs/images/%s.png (else: npm run pictures -- --readme)', async (run, picture) => {
    const [page] = await pages([run]);
    const shown = readFileSync(join(ROOT, 'scripts', 'pictures', 'shown', `${picture}.md`), 'utf8');
    expect(lasting(page?.gitHub ?? '')).toBe(lasting(shown));
  });
});
