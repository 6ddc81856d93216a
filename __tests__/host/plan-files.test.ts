import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writePlan } from '../../src/host/plan-files.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'a plan '));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const FILES = [
  { name: 'grants.sh', language: 'sh', text: 'one\n' },
  { name: 'grants.tf', language: 'hcl', text: 'two\n' },
];

describe('writePlan', () => {
  it("writes each file beside the report, for this user's eyes alone", async () => {
    const path = await writePlan(folder, FILES);
    expect(path).toBe(join(folder, 'plan'));
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    for (const { name, text } of FILES) {
      expect(await readFile(join(path, name), 'utf8')).toBe(text);
      expect((await stat(join(path, name))).mode & 0o777).toBe(0o600);
    }
  });

  it('makes nothing where nothing is missing', async () => {
    expect(await writePlan(folder, [])).toBe('');
    expect(await readdir(folder)).toEqual([]);
  });

  it('never writes over what is there', async () => {
    await writePlan(folder, FILES);
    await expect(writePlan(folder, FILES)).rejects.toThrow('EEXIST');
  });
});
