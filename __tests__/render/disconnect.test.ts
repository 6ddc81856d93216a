/** What is shown of mode disconnect: what went is what was wanted, so that nothing is broken. */
import { describe, expect, it } from '@jest/globals';
import type { Report } from '../../src/core/report.js';
import { closingLines } from '../../src/render/story.js';
import { summaryMarkdown } from '../../src/render/summary.js';
import { ASSIGNMENT_ID, check, connection, grant, report } from './reports.js';

type Changes = Parameters<typeof connection>[0];

const disconnected = (changes: Changes): Report =>
  report({
    mode: 'disconnect',
    result: changes?.result ?? 'passed',
    connections: [connection({ pulls: [], ...changes })],
  });

const gone = { allowed: false as const, grants: [], removed: [ASSIGNMENT_ID] };
const stays = { allowed: true as const, grants: [grant()], removed: [] };
const still = [{ id: 'still-allowed', title: 'something else lets it pull', evidence: 'Reader' }];

describe('the verdict', () => {
  it.each<[string, Changes, RegExp]>([
    [
      'removed',
      { access: gone, changed: true },
      /✓ PASSED: shop is disconnected from contoso\.azurecr\.io: 1 grant was removed\./,
    ],
    [
      'removed, and not enough',
      { access: { ...gone, allowed: true }, changed: true, findings: still },
      /1 grant was removed\. Something else lets it pull\./,
    ],
    [
      'a dry run',
      { access: { ...stays, removed: [ASSIGNMENT_ID, ASSIGNMENT_ID] } },
      /Dry run: 2 grants of shop at contoso\.azurecr\.io would be removed; nothing was changed/,
    ],
    ['nothing there', { access: { ...gone, removed: [] } }, /shop had no grant at contoso\.azurecr\.io/],
    ['refused', { access: stays, result: 'failed' }, /✗ FAILED: shop is not disconnected/],
    ['not told', { access: stays, result: 'unknown' }, /\? UNKNOWN: Whether shop is disconnected/],
  ])('%s', (_what, changes, wanted) => {
    expect(closingLines(disconnected(changes)).join('\n')).toMatch(wanted);
  });
});

describe('the page', () => {
  it('shows no broken link where there is no grant any more, and says that grants were removed', () => {
    const page = summaryMarkdown(disconnected({ access: gone, changed: true }));
    expect(page).not.toContain('BROKEN');
    expect(page).toContain('grants were removed');
    expect(page).not.toContain('the missing grant was made');
  });
  it('marks the check that failed, and no link of the path', () => {
    const failed = check({ id: 'removed', title: 'it is gone', status: 'fail', evidence: 'HTTP 403' });
    const page = summaryMarkdown(disconnected({ access: stays, result: 'failed', checks: [failed] }));
    expect(page).not.toContain('BROKEN');
    expect(page).toContain('The broken link: it is gone');
  });
});
