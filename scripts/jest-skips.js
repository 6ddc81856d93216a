/**
 * A Jest reporter that makes skipped tests loud: one line each at the end of the run,
 *
 *   SKIPPED: __tests__/conformance/bodies.test.ts (12 tests) - ../shared is not beside the project
 *
 * and that fails the run when a test is skipped without saying why. The reason stands in the title of the test or of a suite
 * around it, as `… (skipped: why)`; `__tests__/skip.ts` writes it there.
 */
import { relative } from 'node:path';

const REASON = /\(skipped: (.+)\)$/;

/** The reason in the innermost title that has one. */
export function reasonOf({ ancestorTitles, title }) {
  return [...ancestorTitles, title]
    .map((text) => REASON.exec(text)?.[1])
    .filter((why) => why !== undefined)
    .at(-1);
}

export default class Skips {
  #root;
  /** Tests left out by name (`-t`) are reported as skipped too; that is what was asked for. */
  #filtered;
  #told = new Map();
  #silent = [];

  constructor({ rootDir, testNamePattern }) {
    this.#root = rootDir;
    this.#filtered = Boolean(testNamePattern);
  }

  onTestResult(_test, { testFilePath, testResults }) {
    if (this.#filtered) return;
    const file = relative(this.#root, testFilePath);
    for (const result of testResults) {
      if (!['pending', 'todo', 'skipped', 'disabled'].includes(result.status)) continue;
      const why = reasonOf(result);
      if (why === undefined) this.#silent.push(`${file}: ${result.fullName}`);
      else this.#told.set(`${file}\n${why}`, (this.#told.get(`${file}\n${why}`) ?? 0) + 1);
    }
  }

  onRunComplete() {
    for (const [key, count] of this.#told) {
      const [file, why] = key.split('\n');
      console.error(`SKIPPED: ${file} (${count} ${count === 1 ? 'test' : 'tests'}) - ${why}`);
    }
    for (const name of this.#silent) console.error(`SKIPPED WITHOUT A REASON: ${name}`);
  }

  getLastError() {
    if (this.#silent.length > 0)
      return new Error(`${this.#silent.length} skipped without a reason: title them "… (skipped: why)"`);
    return undefined;
  }
}
