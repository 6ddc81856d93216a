/** Suites that need something that may be absent: left out, the reason in their title, where the reporter finds it. */
import { describe } from '@jest/globals';

/**
 * A suite that runs when nothing is missing. Else it is skipped, and `scripts/jest-skips.js` says so at the end of the run.
 *
 * @param missing what is missing, such as `kubectl is not installed`; undefined when nothing is
 */
export function suiteUnless(missing: string | undefined, title: string, body: () => void): void {
  if (missing === undefined) describe(title, body);
  else describe.skip(`${title} (skipped: ${missing})`, body);
}
