/** What judges a run of the tests: a skip without a reason, and a run in which nothing passed, must not look well. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ROOT } from './root.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aks acr pull ci '));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  exitCode: number;
  stdout: string;
  stderr: string;
}

function node(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: folder }, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ exitCode, stdout, stderr });
    });
  });
}

/** Jest with the project's reporter, on one file of tests. */
async function jest(tests: string): Promise<Ended> {
  await writeFile(join(folder, 'some.test.js'), tests);
  const reporter = join(ROOT, 'scripts', 'jest-skips.js');
  const config = { rootDir: folder, testMatch: ['**/*.test.js'], transform: {}, reporters: [reporter] };
  await writeFile(join(folder, 'jest.config.json'), JSON.stringify(config));
  const program = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
  return node(program, '--config', 'jest.config.json', '--json', '--outputFile', 'result.json');
}

describe('the reporter of skips', () => {
  it('says what was skipped and why', async () => {
    const { exitCode, stderr } = await jest(`
      it('runs', () => undefined);
      describe.skip('a suite (skipped: no such tool)', () => { it('one', () => undefined); it('two', () => undefined); });
    `);
    expect(stderr).toContain('SKIPPED: some.test.js (2 tests) - no such tool\n');
    expect(exitCode).toBe(0);
  });

  it.each([
    "it.skip('left out', () => undefined);",
    "it.todo('left out');",
    "it.only('alone', () => undefined);",
  ])('fails a run with %s', async (skipped) => {
    const { exitCode, stderr } = await jest(`it('left out or not', () => undefined);\n${skipped}`);
    expect(stderr).toMatch(/^SKIPPED WITHOUT A REASON: some\.test\.js: left out/m);
    expect(exitCode).not.toBe(0);
  });
});

describe('the closing line', () => {
  const run = (numbers: object): string =>
    JSON.stringify({
      numPassedTests: 0,
      numFailedTests: 0,
      numPendingTests: 0,
      numTodoTests: 0,
      numRuntimeErrorTestSuites: 0,
      numTotalTestSuites: 1,
      testResults: [],
      ...numbers,
    });

  async function totals(...runs: object[]): Promise<[number, string | undefined]> {
    for (const [index, numbers] of runs.entries())
      await writeFile(join(folder, `run-${index}.json`), run(numbers));
    const { exitCode, stdout } = await node(join(ROOT, 'scripts', 'ci-totals.js'), folder);
    return [exitCode, stdout.trimEnd().split('\n').at(-1)];
  }

  it('sums what the runs say', async () => {
    expect(
      await totals({ numPassedTests: 3, numPendingTests: 2 }, { numPassedTests: 4, numTodoTests: 1 }),
    ).toEqual([0, '7 passed, 0 failed, 3 skipped']);
  });

  it('counts a file that could not be loaded as failed', async () => {
    expect(await totals({ numPassedTests: 3, numFailedTests: 1, numRuntimeErrorTestSuites: 1 })).toEqual([
      1,
      '3 passed, 2 failed, 0 skipped',
    ]);
  });

  it('fails when nothing ran', async () => {
    expect(await totals()).toEqual([1, '0 passed, 0 failed, 0 skipped']);
    expect(await totals({ numPendingTests: 5 })).toEqual([1, '0 passed, 0 failed, 5 skipped']);
  });
});
