/** docs/conformance.md: sections that tests write (UPDATE_DOCS=1) and hold. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';

const FILE = join(import.meta.dirname, '..', '..', '..', 'docs', 'conformance.md');

/** The part of the document between its marks is this text; with UPDATE_DOCS=1 it becomes it. */
export function holdSection(name: string, made: string): void {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const text = readFileSync(FILE, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from === -1 || to === -1) throw new Error(`docs/conformance.md has no ${begin} … ${end}`);
  const wanted = `${text.slice(0, from + begin.length)}\n\n${made}\n\n${text.slice(to)}`;
  if (process.env.UPDATE_DOCS === '1') writeFileSync(FILE, wanted);
  expect(readFileSync(FILE, 'utf8')).toBe(wanted);
}

/** A table of Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
