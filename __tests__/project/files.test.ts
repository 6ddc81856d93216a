import { describe, expect, it } from '@jest/globals';
import { filesBelow, read } from './root.js';

/** Written so that this file doesn't name them itself. */
const folder = (name: string): string => ['', name, ''].join('/');
const host = (...labels: string[]): string => labels.join('.');

const FOREIGN: Readonly<Record<string, RegExp>> = {
  'a path of a machine it was made on': new RegExp(
    `(?<![\\w.~*}-])(?:${['work', 'root'].map(folder).join('|')}|${folder('home')}(?!runner/))`,
  ),
  "a package registry's host": new RegExp(
    [
      host('registry', 'npmjs', 'org'),
      host('registry', 'yarnpkg', 'com'),
      host('deb', 'debian', 'org'),
      host('pypi', 'org'),
    ]
      .map((name) => name.replaceAll('.', '\\.'))
      .join('|'),
  ),
};

describe('the files of the project', () => {
  const files = filesBelow();

  it('are found', () => {
    expect(files).toEqual(expect.arrayContaining(['package.json', 'action.yml', 'src/core/ports.ts']));
  });

  it.each(Object.entries(FOREIGN))('none names %s', (_what, pattern) => {
    const naming = files.flatMap((file) => {
      const found = pattern.exec(read(file));
      if (found === null) return [];
      return [`${file}: …${found.input.slice(Math.max(0, found.index - 40), found.index + 60)}…`];
    });
    expect(naming).toEqual([]);
  });
});

describe('tsconfig.json', () => {
  it.each(['strict', 'noUncheckedIndexedAccess', 'exactOptionalPropertyTypes', 'noUnusedLocals'])(
    'sets %s',
    (option) => {
      const { compilerOptions } = JSON.parse(read('tsconfig.json')) as {
        compilerOptions: Record<string, unknown>;
      };
      expect(compilerOptions[option]).toBe(true);
    },
  );
});

describe('the sources', () => {
  it('silence neither the compiler nor lint', () => {
    const silencer = new RegExp(['@ts-(?:ignore|expect-error|nocheck)', 'eslint-' + 'disable'].join('|'));
    const silencing = ['src', '__tests__', 'scripts']
      .flatMap((folder) => filesBelow(folder))
      .filter((file) => file !== '__tests__/project/files.test.ts' && silencer.test(read(file)));
    expect(silencing).toEqual([]);
  });
});
