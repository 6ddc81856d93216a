/** The page of plain Markdown, which Azure Pipelines shows: it shows no pictures and reads no HTML. */
import { describe, expect, it } from '@jest/globals';
import { summaryMarkdown } from '../../src/render/summary.js';
import { connection, granted, HOSTILE, noRights, report } from '../render/reports.js';

const page = (of: typeof granted): string => summaryMarkdown(of, { mermaid: false });

describe('the page without pictures', () => {
  it('shows the path as a list, and holds no HTML', () => {
    const text = page(granted);
    expect(text).toMatch(/^- ✓ kubelet identity .* → role /m);
    expect(text).toMatch(/^- ✓ role .* → registry /m);
    expect(text).not.toMatch(/mermaid|<\/?(?:details|summary|sub|code)\b/);
    const several = page(report({ connections: [connection(), connection()] }));
    expect(several).not.toMatch(/mermaid|<\/?(?:details|summary|sub|code)\b/);
    expect(several.match(/^- .*kubelet identity/gm)).toHaveLength(2);
  });

  it('marks the broken link, and leaves commands as they are to be pasted', () => {
    const text = page(noRights);
    expect(text).toMatch(/^- \*\*✗ BROKEN: /m);
    const block = (whole: string): string => /```sh\n([^]*?)\n```/.exec(whole)?.[1] ?? '';
    expect(block(text)).toBe(block(summaryMarkdown(noRights)));
    expect(block(text)).toContain('az ');
  });

  it('lets no name become Markdown', () => {
    const { registry, identity, ...rest } = connection();
    const hostile = {
      ...rest,
      registry: { ...registry, loginServer: HOSTILE },
      identity: { ...identity, resourceId: `/identities/${HOSTILE}` },
    };
    const list =
      /^- ✓ kubelet identity [^]*?(?=\n\n)/m.exec(page(report({ connections: [hostile] })))?.[0] ?? '';
    for (const item of list.split('\n')) expect(item).toMatch(/^- [✓-] (?:[^<>[\]|`]|<br>)+$/);
    expect(list).toContain('evil.example');
  });
});
