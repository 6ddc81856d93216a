/** Where the login itself is broken, the first run has another one than the next: the rest of mended.test.ts, for these. */
import { describe, expect, it } from '@jest/globals';
import type { CauseId } from '../../src/core/diagnosis/causes.js';
import type { StepOptions } from './runner.js';
import { openScene, scenario } from './scene.js';

const NOBODY = '99999999-9999-4999-8999-999999999999';

/** What is broken in the first run, and right in the next. */
const ROWS: readonly [CauseId, Record<string, string>, Partial<StepOptions>][] = [
  ['application-not-found', { 'client-id': NOBODY }, {}],
  ['tenant-not-found', { 'tenant-id': NOBODY }, {}],
  ['id-token-permission-missing', {}, { idToken: undefined }],
];

describe('a login that is mended', () => {
  it.each(ROWS)('%s', async (cause, inputs, step) => {
    const scene = await openScene(scenario());
    try {
      expect((await scene.run(inputs, step)).outputs).toMatchObject({ result: 'unknown', cause });
      expect((await scene.run()).outputs).toMatchObject({ result: 'passed', verified: 'true' });
    } finally {
      await scene.end();
    }
  });
});
