/**
 * Adds up what Jest's own result files say: `node scripts/ci-totals.js FOLDER`, a folder of files that `--json --outputFile` wrote.
 * Names every suite or test that was skipped; the last line is `N passed, N failed, N skipped`. Exit 1 when a test failed or
 * none ran.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { reasonOf } from './jest-skips.js';

const [folder] = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };
for (const file of readdirSync(folder).sort()) {
  const run = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const passed = run.numPassedTests;
  // A file that can't even be loaded holds tests that did not pass, though Jest counts none in it.
  const failed = run.numFailedTests + run.numRuntimeErrorTestSuites;
  const skipped = run.numPendingTests + run.numTodoTests;
  console.log(
    `${file.replace('.json', '')}: ${passed} passed, ${failed} failed, ${skipped} skipped in ${run.numTotalTestSuites} files`,
  );
  for (const { name, assertionResults } of run.testResults) {
    for (const result of assertionResults) {
      if (result.status === 'passed' || result.status === 'failed') continue;
      console.log(
        `  SKIPPED: ${relative(process.cwd(), name)}: ${result.fullName}${reasonOf(result) === undefined ? ' - NO REASON' : ''}`,
      );
    }
    if (assertionResults.length === 0) console.log(`  DID NOT RUN: ${relative(process.cwd(), name)}`);
  }
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
if (total.failed > 0 || total.passed === 0) process.exitCode = 1;
