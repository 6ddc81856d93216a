import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ROOT, read } from './root.js';

interface Locked {
  version?: string;
  resolved?: string;
  dev?: boolean;
  optional?: boolean;
  engines?: { node?: string };
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

type Manifest = Pick<Locked, 'dependencies' | 'devDependencies' | 'optionalDependencies' | 'engines'> & {
  license?: string;
  licenses?: { type: string }[];
};

const own = JSON.parse(read('package.json')) as Manifest;
const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> };
const locked = Object.entries(packages).filter(([path]) => path !== '');
/** What ends up in dist, or is installed with the command. */
const production = locked.filter(([path, { dev }]) => dev !== true && existsSync(join(ROOT, path)));

/** Licences that let their code be shipped inside MIT-licensed code, their notices kept (dist holds them in LICENSES.txt). */
const COMPATIBLE: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  // Asks for nothing at all: azure-pipelines-task-lib brings three small packages under it.
  'WTFPL',
]);

const { minVersion, satisfies } = createRequire(import.meta.url)('semver') as {
  minVersion: (range: string) => { version: string };
  satisfies: (version: string, range: string) => boolean;
};

describe('package-lock.json', () => {
  it('names the dependencies that package.json names', () => {
    const { dependencies, devDependencies, optionalDependencies } = packages[''] ?? {};
    expect({ dependencies, devDependencies, optionalDependencies }).toEqual({
      dependencies: own.dependencies,
      devDependencies: own.devDependencies,
      optionalDependencies: own.optionalDependencies,
    });
  });

  it('names no address that a package was downloaded from', () => {
    expect(locked.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });

  it('has an entry for every build for another system, without which npm ci refuses it (npm run lock adds them)', () => {
    const missing = locked.flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies)
        .filter((name) => !(`${path}/node_modules/${name}` in packages))
        .filter((name) => !(`node_modules/${name}` in packages)),
    );
    expect(missing).toEqual([]);
  });
});

describe('production dependencies', () => {
  const manifest = (path: string): Manifest => JSON.parse(read(join(path, 'package.json'))) as Manifest;

  it('are installed', () => {
    expect(production.length).toBeGreaterThan(Object.keys(own.dependencies ?? {}).length);
    const absent = locked.filter(
      ([path, { dev, optional }]) => dev !== true && optional !== true && !existsSync(join(ROOT, path)),
    );
    expect(absent.map(([path]) => path)).toEqual([]);
  });

  it('have licences that go with MIT', () => {
    const others = production.flatMap(([path]) => {
      const { license, licenses } = manifest(path);
      const stated = license ?? licenses?.map(({ type }) => type).join(' AND ') ?? 'none stated';
      // Of a choice, one that goes is enough.
      const choices = stated.replace(/^\(|\)$/g, '').split(' OR ');
      return choices.some((choice) => COMPATIBLE.has(choice)) ? [] : [`${path}: ${stated}`];
    });
    expect(others).toEqual([]);
  });

  it('run on the oldest Node that is promised', () => {
    const oldest = minVersion(own.engines?.node ?? '').version;
    expect(oldest).toBe('20.20.0');
    const newer = production.flatMap(([path]) => {
      const range = manifest(path).engines?.node;
      return range === undefined || satisfies(oldest, range) ? [] : [`${path}: ${range}`];
    });
    expect(newer).toEqual([]);
  });

  it('.node-version names a Node that is promised', () => {
    expect(satisfies(read('.node-version').trim(), own.engines?.node ?? '')).toBe(true);
  });
});
