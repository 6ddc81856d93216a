/** What is shipped starts, on every Node that is promised; and what wouldn't start is seen not to. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { nodes } from '../e2e/runner.js';
import { ROOT, read } from './root.js';

const { version } = JSON.parse(read('package.json')) as { version: string };

let temp: string;
beforeAll(async () => {
  // With a space in its path, as on machines of people.
  temp = await mkdtemp(join(tmpdir(), 'aks acr pull '));
});
afterAll(() => rm(temp, { recursive: true, force: true }));

interface Ended {
  exitCode: number;
  output: string;
}

function run(node: string, program: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const environment = { PATH: '/usr/bin:/bin', RUNNER_TEMP: temp };
    execFile(node, [program, ...args], { cwd: temp, env: environment }, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ exitCode, output: stdout + stderr });
    });
  });
}

/** Each bundle with what shows that all of it was loaded: the action refuses to run without inputs, in its own words. */
const BUNDLES = {
  github: { args: [], exitCode: 1, says: '::error::input cluster is missing' },
  cli: { args: ['--version'], exitCode: 0, says: version },
} as const;

async function starts(node: string, folder: string, bundle: keyof typeof BUNDLES): Promise<boolean> {
  const { args, exitCode, says } = BUNDLES[bundle];
  const ended = await run(node, join(folder, 'index.js'), ...args);
  return ended.exitCode === exitCode && ended.output.includes(says);
}

const names = Object.keys(BUNDLES) as (keyof typeof BUNDLES)[];

describe.each(names)('dist/%s', (bundle) => {
  const folder = join(ROOT, 'dist', bundle);

  it.each(nodes())('starts on $name', async ({ path }) => {
    expect(await starts(path, folder, bundle)).toBe(true);
  });

  it('needs nothing beside it', async () => {
    const copy = join(temp, bundle);
    await cp(folder, copy, { recursive: true });
    expect(await starts(process.execPath, copy, bundle)).toBe(true);
  });

  it('ships every chunk that it loads', async () => {
    const files = await readdir(folder);
    const scripts = files.filter((file) => file.endsWith('.js'));
    const texts = await Promise.all(scripts.map((file) => readFile(join(folder, file), 'utf8')));
    const loaded = new Set(
      texts.flatMap((text) => [...text.matchAll(/\b\w+\.e\((\d+)\)/g)].map(([, id]) => id)),
    );
    expect(loaded.size).toBeGreaterThan(0);
    expect([...loaded].filter((id) => !files.includes(`${id}.index.js`))).toEqual([]);
  });
});

describe('a bundle that would not start is seen not to', () => {
  it('without its package.json, which says that it is of ES modules', async () => {
    const copy = join(temp, 'no-package');
    await cp(join(ROOT, 'dist', 'github'), copy, { recursive: true });
    await writeFile(join(copy, 'package.json'), '{"type":"commonjs"}');
    expect(await starts(process.execPath, copy, 'github')).toBe(false);
  });

  it('without a chunk', async () => {
    const copy = join(temp, 'no-chunk');
    await cp(join(ROOT, 'dist', 'cli'), copy, { recursive: true });
    for (const file of await readdir(copy)) {
      if (/^\d+\.index\.js$/.test(file)) await rm(join(copy, file));
    }
    const { exitCode } = await run(
      process.execPath,
      join(copy, 'index.js'),
      'demo',
      '--scenario',
      'no-such-scenario',
    );
    const whole = await run(
      process.execPath,
      join(ROOT, 'dist/cli/index.js'),
      'demo',
      '--scenario',
      'no-such-scenario',
    );
    expect(whole.output).toMatch(/no scenario is called/);
    expect(exitCode).not.toBe(whole.exitCode);
  });

  it('built as CommonJS, which ncc does without a word though a package is of ES modules only', async () => {
    const source = join(temp, 'common');
    await mkdir(source);
    await writeFile(join(source, 'package.json'), '{"type":"commonjs"}');
    await symlink(join(ROOT, 'node_modules'), join(source, 'node_modules'));
    await writeFile(
      join(source, 'main.ts'),
      "import { setFailed } from '@actions/core';\nsetFailed('input cluster is missing');\n",
    );
    const compilerOptions = {
      module: 'NodeNext',
      target: 'ES2022',
      rootDir: '.',
      skipLibCheck: true,
      types: [],
    };
    await writeFile(join(source, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
    const ncc = join(ROOT, 'node_modules', '@vercel', 'ncc', 'dist', 'ncc', 'cli.js');
    const built = await run(
      process.execPath,
      ncc,
      'build',
      '--no-cache',
      '-o',
      join(temp, 'built'),
      join(source, 'main.ts'),
    );
    expect(built.exitCode).toBe(0);
    expect(await starts(process.execPath, join(temp, 'built'), 'github')).toBe(false);
  });
});
