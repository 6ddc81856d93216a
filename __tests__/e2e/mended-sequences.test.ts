/** Where two things are wrong at once, the one to mend first leads, and one fix after the other ends in a pass. */
import { expect, it } from '@jest/globals';
import { SEQUENCES } from './mended-causes.js';
import { mend, said, withBroken } from './mended-ground.js';

it.concurrent.each(SEQUENCES.map((one) => [one.steps.map(([cause]) => cause).join(', then '), one] as const))(
  '%s',
  (_, one) =>
    withBroken(one, async (bench) => {
      let inputs = { image: 'shop/web:1.4', ...one.inputs };
      for (const [cause, how] of one.steps) {
        const run = await bench.run(inputs);
        expect(said(run).cause).toBe(cause);
        inputs = { ...inputs, ...(await mend(run, cause, how, bench)) };
      }
      expect(said(await bench.run(inputs))).toEqual({ result: 'passed' });
    }),
);
