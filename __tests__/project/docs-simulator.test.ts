/**
 * What docs/simulator.md and docs/scenario.schema.json tell of the simulated Azure is made from its sources. `npm run docs`
 * writes it; these tests fail when it is not what the sources say.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import ts from 'typescript';
import { parse } from 'yaml';
import { startSimulator } from '../../src/simulator/index.js';
import { loadScenario } from '../../src/simulator/cloud/scenario.js';
import { scenarioSchema } from '../../src/simulator/cloud/scenario-schema.js';
import type { JsonSchema } from '../../src/simulator/cloud/schema.js';
import { ROOT } from './root.js';

const update = process.env.UPDATE_DOCS === '1';
const PAGE = join(ROOT, 'docs', 'simulator.md');
const SCHEMA = join(ROOT, 'docs', 'scenario.schema.json');
const SIMULATOR = join(ROOT, 'src', 'simulator');

function holds(file: string, wanted: string): void {
  if (update) writeFileSync(file, wanted);
  expect(readFileSync(file, 'utf8')).toBe(wanted);
}

/** A section of the page is what the sources say. */
function pageHolds(mark: string, made: string): void {
  const page = readFileSync(PAGE, 'utf8');
  const [begin, end] = [`<!-- ${mark}:begin -->`, `<!-- ${mark}:end -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from === -1 || to === -1) throw new Error(`docs/simulator.md has no ${begin} … ${end}`);
  holds(PAGE, `${page.slice(0, from + begin.length)}\n\n${made}\n\n${page.slice(to)}`);
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

describe('the JSON Schema of scenarios', () => {
  const wanted = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A scenario of the simulated Azure',
    ...scenarioSchema.jsonSchema(),
  };
  const valid = new Ajv2020({ strict: true }).compile(wanted);

  it('is what is published', () => {
    holds(SCHEMA, `${JSON.stringify(wanted, null, 2)}\n`);
  });

  const folders = [join(SIMULATOR, 'scenarios'), join(ROOT, 'docs', 'scenarios')];
  const files = folders.flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)));
  it.each(files.map((file) => relative(ROOT, file)))('takes %s, which loads', (file) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    expect({ valid: valid(parse(text)), errors: valid.errors }).toEqual({ valid: true, errors: null });
    expect(loadScenario(text, 0).name).toBe(/([^/\\]+)\.yaml$/.exec(file)?.[1]);
  });

  it.each([
    ['no name', '{}'],
    ['an unknown key', '{ name: x, cluster: [] }'],
    ['a key of a list item that is missing', '{ name: x, clusters: [{ name: shop }] }'],
    ['a word that is no choice', '{ name: x, cloud: AzureMoon }'],
    ['a number for a text', '{ name: 5 }'],
    ['a duration without a unit', '{ name: x, grantDelay: "5" }'],
    [
      'half a node',
      '{ name: x, clusters: [{ name: s, resourceGroup: r, pools: [{ name: p, count: 0.5 }] }] }',
    ],
    ['a text for a flag', '{ name: x, clusters: [{ name: s, resourceGroup: r, private: "yes" }] }'],
    ['neither of two forms', '{ name: x, identities: [{ name: d, federated: gitlab }] }'],
    ['a form that is broken', '{ name: x, tenant: not-a-guid }'],
    ['no object', '[]'],
  ])('refuses %s, which does not load', (_what, text) => {
    expect(valid(parse(text))).toBe(false);
    expect(() => loadScenario(text, 0)).toThrow(/can't be used/);
  });

  it('gives defaults that it takes itself', () => {
    const check = (schema: JsonSchema, path: string): void => {
      if (schema.default !== undefined) {
        const fits = new Ajv2020({ strict: true }).compile(schema);
        expect({ path, fits: fits(schema.default) }).toEqual({ path, fits: true });
      }
      for (const [key, one] of Object.entries(schema.properties ?? {})) check(one, `${path}.${key}`);
      for (const one of [schema.items ?? [], schema.anyOf ?? []].flat()) check(one, path);
    };
    check(scenarioSchema.jsonSchema(), '');
  });

  it('is the table of keys', () => {
    pageHolds('keys', table(['key', 'form', 'default', 'meaning'], keyRows(scenarioSchema.jsonSchema(), '')));
  });
});

/** One row for each key, those of objects and lists below them. */
function keyRows(schema: JsonSchema, above: string): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, one]) => {
    const path = `${above}${key}`;
    const needed = schema.required?.includes(key) === true;
    const shown =
      one.default === undefined || ['object', 'array'].includes(one.type ?? '')
        ? ''
        : `\`${JSON.stringify(one.default)}\``;
    return [
      [
        `\`${path}\``,
        formOf(one),
        needed ? 'required' : shown,
        (one.description ?? '').replace(/^Default: /, 'By default '),
      ],
      ...keyRows(one, `${path}.`),
      ...[one, ...(one.anyOf ?? [])].flatMap(({ items }) =>
        items === undefined ? [] : keyRows(items, `${path}[].`),
      ),
    ];
  });
}

function formOf({ title, enum: words, type, items, anyOf, additionalProperties }: JsonSchema): string {
  if (words !== undefined) return words.map((word) => `\`${word}\``).join(', ');
  if (anyOf !== undefined) return anyOf.map(formOf).join('; or ');
  if (items !== undefined)
    return items.properties === undefined ? `list, each ${formOf(items)}` : 'list of objects';
  if (typeof additionalProperties === 'object')
    return `object of any keys, each ${formOf(additionalProperties)}`;
  const plain = { boolean: 'true or false', integer: 'a whole number', string: 'a text', object: 'object' };
  return title ?? plain[type as keyof typeof plain];
}

describe('docs/simulator.md', () => {
  it('has every modelled route with its source', async () => {
    const simulator = await startSimulator('name: x');
    const { routes } = simulator;
    await simulator.stop();
    expect(routes.length).toBeGreaterThan(30);
    for (const { name, source } of routes)
      expect({ name, source: source.trim() }).toEqual({ name, source: expect.stringMatching(/\S/) });
    pageHolds(
      'routes',
      table(
        ['service', 'route', 'from api-version', 'held against'],
        routes.map(({ service, method, path, since, source }) => [
          service,
          `\`${method} ${path}\``,
          since ?? '',
          source,
        ]),
      ),
    );
  });

  it('has every assumption of the sources', () => {
    const files = readdirSync(SIMULATOR, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .sort();
    const found = files.flatMap((file) => {
      const text = readFileSync(join(SIMULATOR, file), 'utf8');
      const sentences = comments(text).flatMap(assumptions);
      // Whatever marks an assumption is found as one: in a comment, as a sentence.
      const marks = text.match(/\bassumptions?\b/gi)?.length ?? 0;
      const told = sentences.join('\n').match(/\bassumptions?\b/gi)?.length ?? 0;
      expect({ file, told }).toEqual({ file, told: marks });
      return sentences.map((sentence) => [`\`${file.replaceAll('\\', '/')}\``, sentence]);
    });
    expect(found.length).toBeGreaterThan(20);
    pageHolds('assumptions', table(['in src/simulator', 'assumption'], found));
  });
});

/** The comments of a source, each without its marks and on one line; lines with `//` that follow one another are one. */
function comments(source: string): string[] {
  const ranges = new Map<number, ts.CommentRange>();
  const file = ts.createSourceFile('source.ts', source, ts.ScriptTarget.Latest, true);
  const visit = (node: ts.Node): void => {
    for (const range of [
      ...(ts.getLeadingCommentRanges(source, node.getFullStart()) ?? []),
      ...(ts.getTrailingCommentRanges(source, node.getEnd()) ?? []),
    ])
      ranges.set(range.pos, range);
    // Documentation is a child of its own, which holds no other comment.
    if (!ts.isJSDoc(node)) node.getChildren(file).forEach(visit);
  };
  visit(file);
  const found: { text: string; end: number; isLine: boolean }[] = [];
  for (const { pos, end, kind } of [...ranges.values()].sort((one, other) => one.pos - other.pos)) {
    const isLine = kind === ts.SyntaxKind.SingleLineCommentTrivia;
    const text = source
      .slice(pos, end)
      .replace(/^\/\/+|^\/\*+|\*\/$/g, '')
      .replace(/^\s*\*/gm, '')
      .replace(/\s+/g, ' ')
      .trim();
    const last = found.at(-1);
    if (isLine && last?.isLine === true && source.slice(last.end, pos).trim() === '') {
      last.text += ` ${text}`;
      last.end = end;
    } else found.push({ text, end, isLine });
  }
  return found.map(({ text }) => text);
}

/** The sentences of a comment that are marked, each with the one before it where it can't be understood without. */
function assumptions(comment: string): string[] {
  const sentences = (comment.split(/ @(?:param|returns|throws)\b/, 1)[0] ?? '').split(
    /(?<=[.!?])\s+(?=[\p{Lu}`"])/u,
  );
  return sentences.flatMap((sentence, index) => {
    if (!/\bassumptions?\b/i.test(sentence)) return [];
    const before = sentences[index - 1];
    const alone = /^Assumption: /.test(sentence) || sentence.length > 60 || before === undefined;
    return [alone || /\bassumptions?\b/i.test(before) ? sentence : `${before} ${sentence}`];
  });
}
