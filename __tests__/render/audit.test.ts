/** What an audit found, on the page and in the log: nothing that others named does anything there. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Audit } from '../../src/core/audit/model.js';
import type { Report } from '../../src/core/report.js';
import { auditLines, auditSection } from '../../src/render/audit.js';
import { closingLines } from '../../src/render/story.js';
import { summaryMarkdown } from '../../src/render/summary.js';
import { isCommand } from './command-readers.js';
import { nasty } from './hostile.js';
import { connection, report } from './reports.js';

/** An audit in which everything that comes from the cluster or the repository is this text. */
function audited(text: string, kind: Audit['credentials'][number]['kind'] = 'admin-user'): Report {
  const object = { kind: 'Secret', namespace: text, name: text };
  const fix = { summary: `Take out ${text}\nand then ${text}`, commands: [`kubectl delete secret ${text}`] };
  const audit: Audit = {
    credentials: [
      {
        kind,
        in: { ...object, path: text },
        host: text,
        user: text,
        works: 'unknown',
        because: text,
        expiresOn: '2026-03-01T12:00:00.000Z',
        minutesLeft: 42,
        usedBy: [{ ...object, kind: text, via: text }],
        madeBy: text,
      },
    ],
    steps: [{ id: 'grant', title: text, do: fix, undo: fix }],
    requests: 11,
  };
  return report({ mode: 'audit', connections: [connection({ audit, pulls: [] })] });
}

describe('an audit is told', () => {
  it('with what expires when, and the steps with how to undo them', () => {
    const page = summaryMarkdown(audited('acr', 'expose-token'));
    expect(page).toContain('keeps 1 stored credential for');
    expect(page).toContain('it expires in 42 minutes');
    expect(page).toContain('### Stored credentials');
    expect(page).toMatch(
      /\| `Secret acr\/acr \(acr\)` \| az acr login --expose-token \| unknown \| expires in 42 minutes \|/,
    );
    expect(page).toContain('#### 1. acr');
    const log = closingLines(audited('acr')).join('\n');
    expect(log).toContain('the way off, in this order; nothing of it was done:');
    expect(log).toContain('    to undo: Take out acr');
    expect(log).toContain('kubectl delete secret acr');
  });

  it('as a step at the most, where nothing could be read', () => {
    const { connections } = audited('acr');
    const bare = connections.map((one) => ({
      ...one,
      result: 'unknown' as const,
      audit: { credentials: [], steps: [], requests: 0 },
    }));
    const page = summaryMarkdown({ ...audited('acr'), result: 'unknown', connections: bare });
    expect(page).toContain('could not all be read');
    expect(page).not.toContain('### The way off');
  });

  it('in a log that obeys nothing of it', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        for (const line of auditLines(audited(text))) {
          expect(isCommand(line)).toBe(false);
          expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
        }
      }),
    );
  });

  it.each([true, false])('on a page that shows it as text (folds: %s)', (folds) => {
    const shape = (text: string): { tags: string[]; cells: number[]; headings: number } => {
      const page = auditSection(audited(text), folds).join('\n\n');
      const prose = page.replace(/^(`{3,})\w*\n[^]*?\n\1$/gm, 'block').replace(/`[^`\n]*`/g, 'code');
      expect(prose).not.toMatch(/\]\(|:\/\/|@|```/);
      return {
        // How a new line, and a text with back quotes, is written.
        tags: (prose.match(/<[a-z/!?][^>]*>/gi) ?? []).filter((tag) => !/^<(br|\/?code)>$/.test(tag)).sort(),
        cells: prose
          .split('\n')
          .filter((line) => line.startsWith('|'))
          .map((line) => line.split('|').length),
        headings: (prose.match(/^\s{0,3}#{1,6} /gm) ?? []).length,
      };
    };
    const tame = shape('tame');
    fc.assert(fc.property(nasty, (text) => expect(shape(text)).toEqual(tame)));
  });
});
