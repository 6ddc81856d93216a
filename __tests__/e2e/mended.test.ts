/** What the report prints mends what it says is broken: see mended-causes.ts. */
import { describe, expect, it } from '@jest/globals';
import { CAUSES } from '../../src/core/diagnosis/causes.js';
import { NOT_HERE, ROWS } from './mended-causes.js';
import { mend, said, withBroken } from './mended-ground.js';

describe('what the report prints mends', () => {
  it.concurrent.each(ROWS.map((row, at) => [`${at} ${row.cause}`, row] as const))('%s', (_, row) =>
    withBroken(row, async (bench) => {
      const { cause, beside, inputs, end = { result: 'passed' } } = row;
      const first = { image: 'shop/web:1.4', ...inputs };
      const broken = await bench.run(first);
      expect(said(broken).cause).toBe(cause);
      if (beside !== undefined) expect(JSON.stringify(broken.report)).toContain(`"cause":"${beside}"`);
      const other = await mend(broken, cause, row.mend, bench);
      expect(said(await bench.run({ ...first, ...other }))).toEqual(end);
    }),
  );
});

/** Mended by another login: mended-login.test.ts. */
const BY_LOGIN = ['application-not-found', 'tenant-not-found', 'id-token-permission-missing'];

describe('every cause of the catalogue', () => {
  it('is mended here, or stands among those that can not be, and in one place alone', () => {
    const here = new Set(ROWS.flatMap(({ cause, beside = cause }) => [cause, beside]));
    const elsewhere = NOT_HERE.flatMap(({ causes }) => causes);
    expect([...here, ...elsewhere, ...BY_LOGIN].sort()).toEqual(Object.keys(CAUSES).sort());
  });
});
