/** docs/pulls.md: its tables are made from the guards that `npm run mutate` takes out, and each guard is where they say. */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from '@jest/globals';
import { ROOT } from './root.js';

interface Guard {
  kind: 'pass' | 'failure';
  danger: string;
  guard: string;
  file: string;
  where: string;
  find: string;
  replace: string;
  test: { file: string; name: string };
  also?: string[];
}

const FILE = join(ROOT, 'docs', 'pulls.md');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const guards = JSON.parse(read('__tests__/mutation/guards.json')) as Guard[];

function table(kind: Guard['kind']): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const link = (path: string): string => `[${basename(path)}](../${path})`;
  const rows = guards
    .filter((one) => one.kind === kind)
    .map(({ danger, guard, file, where, test, also = [] }) => {
      const tests = [`${link(test.file)}: ${test.name}`, ...also.map(link)].join('; ');
      return `| ${[danger, guard, `\`${where}\` in ${link(file)}`, tests].map(cell).join(' | ')} |`;
    });
  return ['| what could happen | guard | where | test |', '|---|---|---|---|', ...rows].join('\n');
}

it('its tables are those of the guards', () => {
  const wanted = (['pass', 'failure'] as const).reduce(
    (text, kind) => {
      const marks = new RegExp(`(<!-- ${kind}:begin -->\n)[^]*?(<!-- ${kind}:end -->)`);
      return text.replace(marks, (_all, begin: string, end: string) => `${begin}${table(kind)}\n${end}`);
    },
    readFileSync(FILE, 'utf8'),
  );
  if (process.env.UPDATE_DOCS === '1') writeFileSync(FILE, wanted);
  expect(readFileSync(FILE, 'utf8')).toBe(wanted);
});

it.each(guards)('$where: $danger', ({ file, where, find, replace, test, also = [] }) => {
  const source = read(file);
  expect(source.split(find)).toHaveLength(2);
  expect(replace).not.toBe(find);
  // A method's name stands behind its class's.
  for (const name of where.split('.')) expect(source).toContain(name);
  for (const path of [test.file, ...also]) expect(() => read(path)).not.toThrow();
});
