import { describe, expect, it } from '@jest/globals';
import type { Report } from '../../src/core/report.js';
import { summaryMarkdown } from '../../src/render/summary.js';
import {
  check,
  connection,
  grant,
  GRANT_COMMAND,
  granted,
  HOSTILE,
  notYet,
  noRights,
  pasted,
  pull,
  refused,
  report,
} from './reports.js';

/** The diagrams of a page, without their fences. */
const diagrams = (page: string): string[] =>
  [...page.matchAll(/^```mermaid\n([^]*?)\n```$/gm)].map(([, text]) => text ?? '');

/** Links of a diagram: from, label, to; with the style that its line has. */
function links(diagram: string): { link: string; label: string; style: string }[] {
  const styles = [...diagram.matchAll(/^ {2}linkStyle \d+ (.*)$/gm)].map(([, style]) => style ?? '');
  return [...diagram.matchAll(/^ {2}(\w+) (-->|-\.->)\|"([^"]*)"\| (\w+)$/gm)].map(
    ([, from, arrow, label, to], index) => ({
      link: `${from} ${arrow} ${to}`,
      label: label ?? '',
      style: styles[index] ?? '',
    }),
  );
}

const only = (of: Report): string => diagrams(summaryMarkdown(of))[0] ?? '';

describe('the headline', () => {
  it.each([
    [granted, '✅ passed', 'shop can pull from contoso.azurecr.io: proved on 2 node pools (system and arm).'],
    [noRights, '❌ failed', 'shop is not ready to pull from contoso.azurecr.io.'],
    [notYet, '❔ unknown', 'Whether shop can pull from contoso.azurecr.io could not be told.'],
  ] as const)('says the verdict in one sentence', (of, result, sentence) => {
    const [title, headline] = summaryMarkdown(of).split('\n\n');
    expect(title).toBe(`## aks-acr-pull: ${result}`);
    expect(
      headline?.replaceAll(/&#\d+;/g, (code) => String.fromCodePoint(Number(code.slice(2, -1)))),
    ).toContain(sentence);
  });
});

describe('the path', () => {
  it('of a pass has only whole, green links', () => {
    expect(links(only(granted)).map(({ link }) => link)).toEqual([
      'identity --> role',
      'role --> registry',
      'registry --> pool0',
      'registry --> pool1',
    ]);
    for (const { style, label } of links(only(granted))) {
      expect(style).toContain('#1a7f37');
      expect(label).toMatch(/^✓/);
    }
    expect(only(granted)).toContain('kubelet identity<br/>shop-agentpool');
  });
  it.each([
    ['no grant: identity → role', noRights, 'identity -.-> role'],
    ['a refused pull: registry → that pool alone', refused, 'registry -.-> pool1'],
    [
      'a role that counts for nothing here: role → registry',
      report({
        result: 'failed',
        connections: [
          connection({
            result: 'failed',
            access: { allowed: false, grants: [grant()] },
            pulls: [],
            checks: [check({ id: 'access', status: 'fail', cause: 'legacy-wrong-role' })],
          }),
        ],
      }),
      'role -.-> registry',
    ],
    [
      'a stopped cluster: the first link that is not good',
      report({
        result: 'failed',
        connections: [
          connection({
            result: 'failed',
            access: { allowed: true, grants: [grant()] },
            pulls: [],
            checks: [check({ status: 'fail', cause: 'cluster-stopped' })],
          }),
        ],
      }),
      'registry -.-> pool0',
    ],
  ] as const)('marks the broken link once, in red, dashed and in a word: %s', (_, of, broken) => {
    const marked = links(only(of)).filter(({ label }) => label.includes('BROKEN'));
    expect(marked.map(({ link }) => link)).toEqual([broken]);
    expect(marked[0]?.style).toMatch(/stroke:#cf222e.*stroke-dasharray/);
  });
  it('of an unknown marks what could not be told and nothing as broken', () => {
    expect(links(only(notYet)).map(({ label }) => label)).toEqual([
      '✓ has it, granted now',
      '✓ lets it pull',
      '? UNKNOWN: pull not proved',
    ]);
  });
  it('of a refusal that leaves it open, because the grant is young, marks nothing as broken', () => {
    const pulls = [pull({ status: 'fail', proved: 'none', cause: 'grant-not-effective-yet' })];
    const page = summaryMarkdown(
      report({ result: 'unknown', connections: [connection({ result: 'unknown', pulls })] }),
    );
    expect(page).toContain('### ? What could not be told: the grant is there, but does not work yet');
    expect(links(diagrams(page)[0] ?? '').at(-1)?.label).toBe('? UNKNOWN: pull refused');
    expect(page).not.toContain('BROKEN');
  });
  it('has one link for a pool that pulled several images: the worst of them', () => {
    const pulls = [
      pull({ status: 'fail', proved: 'none' }),
      pull({ image: 'b' }),
      pull({ nodePool: 'arm', status: 'skip', proved: 'none' }),
      pull({ nodePool: 'arm' }),
    ];
    const diagram = only(
      report({ result: 'failed', connections: [connection({ result: 'failed', pulls })] }),
    );
    expect(
      links(diagram)
        .slice(2)
        .map(({ label }) => label),
    ).toEqual(['✗ BROKEN: pull refused', '✓ pulled']);
  });
  it('does not grow with the number of pools', () => {
    const pulls = Array.from({ length: 60 }, (_, index) => pull({ nodePool: `p${index}` }));
    pulls.push(pull({ nodePool: 'bad', status: 'fail', proved: 'none' }));
    const diagram = only(
      report({ result: 'failed', connections: [connection({ result: 'failed', pulls })] }),
    );
    expect(diagram).toContain('60 node pools');
    expect(links(diagram)).toHaveLength(4);
  });
});

describe('the page', () => {
  it('of a failure tells what was seen, why and the fix before any table', () => {
    const page = pasted(summaryMarkdown(noRights));
    const order = [
      '### ✗ The broken link',
      '**Seen:**',
      '**Why:**',
      '**Fix:**',
      GRANT_COMMAND,
      '#### Checks',
    ];
    const places = order.map((part) => page.indexOf(part));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(page).toContain('Cause `arm-authorization-missing`');
    expect(page).toContain(
      '](https://github.com/aks-acr-pull/aks-acr-pull/blob/main/docs/causes/arm-authorization-missing.md)',
    );
    expect(page.split(GRANT_COMMAND)).toHaveLength(2);
  });
  it('of a pass folds the checks away and has no broken link', () => {
    const page = summaryMarkdown(granted);
    expect(page).toMatch(/<details><summary>2 checks<\/summary>\n\n\|/);
    expect(page).not.toMatch(/broken/i);
    expect(page.split('\n').length).toBeLessThan(60);
  });
  it('shows pulls and grants in words: digest short, scope without ids', () => {
    const page = summaryMarkdown(granted);
    expect(page).toContain(
      '| ✓ | `arm` linux/arm64 | `contoso.azurecr.io/team/app:1` | `sha256:0123456789ab` | content: its layers came over the wire |',
    );
    expect(page).toContain('| AcrPull | `registry contoso` | on the registry, made by aks-acr-pull |');
    expect(page).not.toContain('00000000-0000-4000-8000-000000000001');
  });
  it('names how a grant reaches the identity', () => {
    const page = summaryMarkdown(
      report({
        connections: [
          connection({
            access: {
              allowed: true,
              grants: [
                grant({
                  inherited: true,
                  via: 'group',
                  ours: false,
                  condition: '@Resource',
                  scope: '/subscriptions/x',
                }),
                grant({ inherited: true, ours: false, scope: '/subscriptions/x/resourceGroups/rg' }),
              ],
            },
          }),
        ],
      }),
    );
    expect(page).toContain('`the subscription` | inherited, through a group, under a condition |');
    expect(page).toContain('`resource group rg` | inherited |');
  });
  it('tells the same fix once, and other failures with another fix as well', () => {
    const same = { summary: 'Open the firewall.', commands: ['open it'] };
    const page = summaryMarkdown(
      report({
        result: 'failed',
        connections: [
          connection({
            result: 'failed',
            pulls: [
              pull({ nodePool: 'a', status: 'fail', proved: 'none', fix: same }),
              pull({ nodePool: 'b', status: 'fail', proved: 'none', fix: same }),
              pull({
                nodePool: 'c',
                status: 'fail',
                proved: 'none',
                fix: { summary: 'Other.', commands: ['other it'] },
              }),
            ],
          }),
        ],
      }),
    );
    expect(page.split('open it')).toHaveLength(2);
    expect(page).toContain('other it');
  });
  it('lists findings with their fixes', () => {
    const page = summaryMarkdown(
      report({
        connections: [
          connection({
            findings: [
              {
                id: 'f',
                title: 'open to anonymous pulls',
                evidence: 'seen',
                fix: { summary: 'Close it.', commands: ['close'] },
              },
            ],
          }),
        ],
      }),
    );
    expect(page).toMatch(
      /#### Worth changing\n\n! \*\*open to anonymous pulls\*\*: seen\n\n\*\*Fix:\*\* Close it\.\n\n```sh\nclose\n```/,
    );
  });
  it('of several connections leads with what to mend first, then a table, and folds what passed', () => {
    const page = summaryMarkdown(
      report({ result: 'failed', connections: [connection(), ...noRights.connections] }),
    );
    expect(page).toContain('1 of 2 connections passed.');
    expect(page.indexOf('### ✗ Mend this first: ')).toBeLessThan(page.indexOf('| Cluster |'));
    expect(page.split(GRANT_COMMAND.slice(0, 60))).toHaveLength(2);
    expect(page).toMatch(/\| ✅&nbsp;passed \| `shop` \| `contoso\.azurecr\.io` \| shop can pull/);
    expect(page).toContain('<details><summary>shop → contoso.azurecr.io</summary>');
    expect(page).toContain('### ❌ failed: shop → contoso.azurecr.io');
    expect(diagrams(page)).toHaveLength(2);
  });
  it('never exceeds what GitHub takes', () => {
    const huge = connection({ checks: [check({ evidence: 'x'.repeat(1_100_000) })] });
    const page = summaryMarkdown(report({ connections: [huge] }));
    expect(Buffer.byteLength(page)).toBeLessThan(1024 * 1024);
    expect(page).toContain('## aks-acr-pull: ✅ passed');
    expect(page).toContain('report.json has everything');
  });
});

describe('what others said', () => {
  const fix = { summary: HOSTILE, commands: [HOSTILE] };
  const page = summaryMarkdown(
    report({
      result: 'failed',
      connections: [
        connection({
          result: 'failed',
          cluster: { id: '', name: HOSTILE },
          registry: { id: '', name: HOSTILE, loginServer: HOSTILE },
          identity: {
            kind: 'managed-identity',
            objectId: 'x',
            resourceId: `/x/${HOSTILE.replaceAll('/', '')}`,
          },
          role: HOSTILE,
          access: {
            allowed: true,
            grants: [grant({ roleName: HOSTILE, scope: `/subscriptions/${HOSTILE}` })],
          },
          checks: [
            check({ title: HOSTILE, evidence: HOSTILE, cause: HOSTILE, docs: HOSTILE, fix, status: 'fail' }),
            check({ title: HOSTILE, evidence: HOSTILE, fix: { ...fix, summary: 'b' }, status: 'fail' }),
          ],
          pulls: [
            pull({
              nodePool: HOSTILE,
              image: HOSTILE,
              os: HOSTILE,
              digest: HOSTILE,
              message: HOSTILE,
              status: 'fail',
            }),
          ],
          findings: [{ id: 'x', title: HOSTILE, evidence: HOSTILE, fix }],
        }),
      ],
    }),
  );
  /** Outside of code, where nothing is read as anything. */
  const prose = page.replace(/^(`{3,})\w*\n[^]*?\n\1$/gm, '').replace(/`[^`\n]*`/g, 'code');

  it('adds no HTML, link, image, mention or heading', () => {
    expect([...new Set(prose.match(/<[^>]*>/g))].sort()).toEqual(
      [
        '</code>',
        '</details>',
        '</sub>',
        '</summary>',
        '<br>',
        '<code>',
        '<details>',
        '<sub>',
        '<summary>',
      ].sort(),
    );
    expect(prose).not.toMatch(/\]\(|:\/\/|@/);
    expect(
      prose
        .match(/^#+ .*/gm)
        ?.every((line) => /^#{2,4} (aks-acr-pull: |✗ (The|Mend)|Pulls|Access|Checks|Worth)/.test(line)),
    ).toBe(true);
  });
  it('adds no cell to a table', () => {
    for (const [header, ...rows] of prose
      .split('\n\n')
      .filter((part) => part.startsWith('|'))
      .map((part) => part.split('\n'))) {
      for (const row of rows) expect(row.split('|')).toHaveLength((header ?? '').split('|').length);
    }
  });
  it('adds no node, link or directive to the picture', () => {
    const [diagram = ''] = diagrams(page);
    for (const line of diagram.split('\n')) {
      expect(line).toMatch(
        /^(flowchart LR| {2}\w+(\(\["[^"]*"\]\)|\["[^"]*"\])| {2}\w+ -?-\.?->\|"[^"]*"\| \w+| {2}linkStyle \d+ [\w:#, -]+)$/,
      );
    }
    expect(diagram).not.toContain('%%');
  });
  it('cannot leave a code block', () => {
    expect(prose).not.toContain('```');
    expect(prose).not.toContain('rm -rf / #\n');
    expect(page).toContain('rm -rf / #');
  });
});
