import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { writeReport } from '../../src/host/report-file.js';

let temp: string;
beforeEach(async () => {
  temp = await mkdtemp(join(tmpdir(), 'report '));
});
afterEach(() => rm(temp, { recursive: true, force: true }));

const mode = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

describe('writeReport', () => {
  it('writes for this user alone, under the run id', async () => {
    const path = await writeReport(temp, '0a1b2c3d', '{}');
    expect(path).toBe(join(temp, 'aks-acr-pull', '0a1b2c3d', 'report.json'));
    expect(await readFile(path, 'utf8')).toBe('{}');
    expect([await mode(path), await mode(dirname(path)), await mode(join(temp, 'aks-acr-pull'))]).toEqual([
      0o600, 0o700, 0o700,
    ]);
    await expect(writeReport(temp, '0a1b2c3d', 'again')).rejects.toThrow('EEXIST');
    expect(await writeReport(temp, '0a1b2c3e', '{}')).toContain('0a1b2c3e');
  });

  it('makes the temporary folder when it is missing', async () => {
    expect(await writeReport(join(temp, 'not', 'there'), '1', 'x')).toContain(join('not', 'there'));
  });

  it('follows no link and uses no file that somebody put in its place', async () => {
    const elsewhere = join(temp, 'elsewhere');
    await mkdir(elsewhere);
    await symlink(elsewhere, join(temp, 'aks-acr-pull'));
    const path = await writeReport(temp, '1', 'x');
    expect(path.startsWith(elsewhere)).toBe(false);
    expect(path).toMatch(/aks-acr-pull-\w{6}/);

    await rm(join(temp, 'aks-acr-pull'));
    await writeFile(join(temp, 'aks-acr-pull'), '');
    expect(await writeReport(temp, '2', 'x')).toMatch(/aks-acr-pull-\w{6}/);
  });
});
