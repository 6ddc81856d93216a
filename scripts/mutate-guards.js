/**
 * Takes each guard of docs/pulls.md out of the sources and sees its test fail: `npm run mutate`.
 *
 * The guards stand in __tests__/mutation/guards.json, of which the tables in docs/pulls.md are made too. For each, the
 * core's sources and the test's file are copied into a folder of their own, one piece of text is replaced, and Jest runs
 * the one test. The named tests run once on the sources as they are, and must pass there. Nothing in the project is
 * touched. Exit 1 when a guard's text isn't found exactly once, when its test isn't there or fails as it is, when the
 * test doesn't notice that the guard is gone, or comes to no end.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
/** One test takes a second or two, all of them as they are some ten; a machine that is busy much longer. */
const LIMIT_MS = 600_000;

const guards = JSON.parse(readFileSync(join(ROOT, '__tests__', 'mutation', 'guards.json'), 'utf8'));
const work = mkdtempSync(join(tmpdir(), 'mutants-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
writeFileSync(join(work, 'package.json'), '{"type":"module"}');
symlinkSync(join(ROOT, 'node_modules'), join(work, 'node_modules'), 'dir');

/** A folder with the core's sources and these tests, and what lies beside them. */
function copy(name, tests) {
  const folder = join(work, name);
  const wanted = tests.map((test) => join(ROOT, test));
  cpSync(join(ROOT, 'src', 'core'), join(folder, 'src', 'core'), { recursive: true });
  cpSync(join(ROOT, '__tests__', 'core'), join(folder, '__tests__', 'core'), {
    recursive: true,
    filter: (path) => !path.endsWith('.test.ts') || wanted.includes(path),
  });
  // Some tests read what the core sends by means of the simulator's; no guard is in that.
  symlinkSync(join(ROOT, 'src', 'simulator'), join(folder, 'src', 'simulator'), 'dir');
  return folder;
}

/** How the tests of these names go in a folder: name → status; undefined when they came to no end. */
function jest(folder, names) {
  const config = {
    rootDir: folder,
    testEnvironment: 'node',
    testMatch: ['<rootDir>/__tests__/**/*.test.ts'],
    extensionsToTreatAsEsm: ['.ts'],
    moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
    transform: {
      '^.+\\.ts$': [
        join(ROOT, 'node_modules', '@swc', 'jest'),
        { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } },
      ],
    },
    // Nothing in these tests waits for a real clock, and a busy machine must not be taken for a guard that was noticed.
    testTimeout: 120_000,
    cacheDirectory: join(work, 'cache'),
  };
  const settings = join(folder, 'jest.config.json');
  const results = join(folder, 'results.json');
  writeFileSync(settings, JSON.stringify(config));
  const escaped = names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const options = ['--runInBand', '--forceExit', '--silent', '--json', '--outputFile', results];
  const program = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
  const pattern = ['--testNamePattern', `^(${escaped.join('|')})$`];
  const args = ['--experimental-vm-modules', program, '--config', settings, ...options, ...pattern];
  const limits = { cwd: folder, timeout: LIMIT_MS, killSignal: 'SIGKILL', maxBuffer: 1 << 28 };
  return new Promise((resolve) => {
    execFile(process.execPath, args, limits, (error) => {
      if (error?.killed === true) return resolve(undefined);
      const { testResults } = JSON.parse(readFileSync(results, 'utf8'));
      const all = testResults.flatMap(({ assertionResults }) => assertionResults);
      resolve(new Map(all.map(({ fullName, status }) => [fullName, status])));
    });
  });
}

/** Why a guard can't be said to be guarded; undefined when it can. */
async function problemOf({ file, find, replace, test }, index, asIs) {
  const before = asIs.get(test.name);
  if (before === undefined) return `there is no test "${test.name}" in ${test.file}`;
  if (before !== 'passed') return `its test "${test.name}" does not pass as it is`;
  const folder = copy(`mutant-${index}`, [test.file]);
  try {
    const path = join(folder, file);
    const parts = readFileSync(path, 'utf8').split(find);
    if (parts.length !== 2) return `its text is ${parts.length - 1} times in ${file}: ${find}`;
    writeFileSync(path, parts.join(replace));
    const without = await jest(folder, [test.name]);
    if (without === undefined) return `its test "${test.name}" comes to no end without it`;
    const status = without.get(test.name);
    if (status === undefined) return `its test could not be loaded without it`;
    return status === 'failed' ? undefined : `its test "${test.name}" does not notice that it is gone`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const began = Date.now();
const folder = copy('as-it-is', [...new Set(guards.map(({ test }) => test.file))]);
const asIs = await jest(folder, [...new Set(guards.map(({ test }) => test.name))]);
if (asIs === undefined) throw new Error('the tests come to no end, as they are');

let guarded = 0;
const waiting = guards.entries();
const lane = async () => {
  for (const [index, guard] of waiting) {
    const problem = await problemOf(guard, index, asIs);
    if (problem === undefined) guarded += 1;
    const mark = problem === undefined ? 'noticed' : 'PROBLEM';
    console.log(
      `${mark}  ${guard.where}: ${guard.danger}${problem === undefined ? '' : `\n         ${problem}`}`,
    );
  }
};
await Promise.all(Array.from({ length: availableParallelism() }, lane));
const seconds = Math.round((Date.now() - began) / 1000);
console.log(`${guarded} of ${guards.length} guards: their tests fail without them (${seconds} s)`);
process.exitCode = guarded === guards.length ? 0 : 1;
