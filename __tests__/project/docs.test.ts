/**
 * Documents that are made from code: the pages of causes, and the README's tables of inputs and outputs.
 * `npm run docs` writes them; this test fails when they are not what the code says.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { CAUSES } from '../../src/core/diagnosis/causes.js';
import type { Cause } from '../../src/core/diagnosis/cause.js';
import { CANDIDATES } from '../../src/core/diagnosis/ranking/candidates.js';
import { FACT_RULES } from '../../src/core/diagnosis/ranking/facts.js';
import { TEXTS } from '../../src/core/diagnosis/texts.js';
import { INPUTS, OUTPUTS } from '../../src/core/inputs.js';

const root = join(import.meta.dirname, '..', '..');
const update = process.env.UPDATE_DOCS === '1';

/** An example of everything that fixes may know, so that pages show whole commands. */
const EXAMPLE = {
  cluster: { id: '<cluster id>', name: 'shop', resourceGroup: 'apps' },
  registry: { id: '<registry id>', name: 'contoso', loginServer: 'contoso.azurecr.io' },
  kubeletObjectId: '<object id>',
  role: { name: 'AcrPull', guid: '7f951dda-4ed3-4680-a7ca-43fe172d538d' },
  caller: { objectId: '<object id of the login>', type: 'ServicePrincipal' as const },
  missing: { action: 'Microsoft.Authorization/roleAssignments/write', scope: '' },
  namespace: 'default',
  image: 'shop/web',
  servicePrincipalClientId: '<application id>',
};

function causePage(id: string, cause: Cause): string {
  const { summary, commands } = cause.fix(EXAMPLE);
  const block = commands.length === 0 ? '' : `\n\`\`\`sh\n${commands.join('\n')}\n\`\`\`\n`;
  const title = `${cause.title[0]?.toUpperCase() ?? ''}${cause.title.slice(1)}`;
  const section = (head: string, text: string | undefined): string =>
    text === undefined || text === '' ? '' : `\n## ${head}\n\n${text}\n`;
  const literal = TEXTS.filter(({ causes }) => (causes as readonly string[]).includes(id)).map(
    ({ text }) => `- \`${text}\``,
  );
  const words = [cause.seen, literal.join('\n')].filter((part) => part !== '').join('\n\n');
  const seen = words === '' ? '' : `\n\n## What you see\n\n${words}`;
  const confirm = section('How to confirm it', cause.confirm);
  const sources = section('Where others met it', threads(cause.sources).join(' · '));
  const sure = section('When it is sure', deciders(id).join('\n'));
  return `# ${title}\n\nCause \`${id}\`.${seen}\n\n## Why\n\n${cause.why}\n${sure}\n## What to do\n\n${summary}\n${block}${confirm}${sources}`;
}

/** What must be true for the cause to be the one: words that leave no other, or a fact that decides. */
function deciders(id: string): string[] {
  const words = Object.values(CANDIDATES).some((offered) =>
    offered.some(({ cause, sure }) => cause === id && sure === true),
  );
  const facts = FACT_RULES.filter(({ cause, effect }) => cause === id && effect === 'decides');
  return [
    ...(words ? ['- By the words alone: they leave no other cause.'] : []),
    ...[...new Set(facts.map(({ says }) => says))].map(
      (says) => `- With words that leave it open, and this known besides: ${says}.`,
    ),
  ];
}

/** Which cause a message has, by its own words; several where these don't tell. */
function textIndex(): string {
  const rows = TEXTS.map(({ text, causes, source }) => [
    `\`${text.replaceAll('|', '\\|')}\``,
    causes.map((id) => `[${id}](${id}.md)`).join(' or '),
    source,
  ]);
  return table(['words', 'cause', 'read in'], rows);
}

/** Public threads among the sources, as links. */
function threads(sources: readonly string[]): string[] {
  return sources
    .filter((source) => /^[\w.-]+\/[\w.-]+#\d+$/.test(source))
    .map((source) => `[${source}](https://github.com/${source.replace('#', '/issues/')})`);
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function between(text: string, mark: string, made: string): string {
  const [begin, end] = [`<!-- ${mark}:begin -->`, `<!-- ${mark}:end -->`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from === -1 || to === -1) throw new Error(`README.md has no ${begin} … ${end}`);
  return `${text.slice(0, from + begin.length)}\n\n${made}\n\n${text.slice(to)}`;
}

describe('documents made from code', () => {
  it('every cause has its page, and no page is left over', () => {
    const folder = join(root, 'docs', 'causes');
    const wanted = new Map(Object.entries(CAUSES).map(([id, cause]) => [`${id}.md`, causePage(id, cause)]));
    const index = [...wanted.keys()].map((file) => {
      const id = file.replace(/\.md$/, '');
      return `- [${id}](${file}): ${(CAUSES as Record<string, Cause>)[id]?.title ?? ''}`;
    });
    wanted.set(
      'README.md',
      `# Causes

Why a check or a pull didn't pass: [by literal error text](#by-literal-error-text), and [by the id](#by-id) that the report names. \`aks-acr-pull explain\` reads a message for you, offline; with \`--cluster\` and \`--registry\` it asks Azure what the words leave open.

## By literal error text

What varies stands in braces. Where several causes are named, the words alone don't tell which it is: the message of a refusal is the same for many of them.

${textIndex()}

## By id

${index.join('\n')}
`,
    );
    if (update) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      for (const [file, text] of wanted) writeFileSync(join(folder, file), text);
    }
    const there = existsSync(folder) ? readdirSync(folder) : [];
    expect(there.sort()).toEqual([...wanted.keys()].sort());
    for (const [file, text] of wanted) expect(readFileSync(join(folder, file), 'utf8')).toBe(text);
  });

  it("the README's tables are what the code declares", () => {
    const file = join(root, 'README.md');
    const inputs = table(
      ['input', 'meaning', 'default'],
      INPUTS.filter(
        (input) => !('only' in input) || (input.only as readonly string[]).includes('github'),
      ).map((input) => [
        `\`${input.name}\``,
        input.description.replaceAll('|', '\\|'),
        'required' in input ? 'required' : 'default' in input ? `\`${input.default}\`` : '',
      ]),
    );
    const outputs = table(
      ['output', 'meaning'],
      OUTPUTS.map(({ name, description }) => [`\`${name}\``, description]),
    );
    const text = readFileSync(file, 'utf8');
    const wanted = between(between(text, 'inputs', inputs), 'outputs', outputs);
    if (update) writeFileSync(file, wanted);
    expect(readFileSync(file, 'utf8')).toBe(wanted);
  });
});
