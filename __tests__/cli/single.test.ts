/** The command as one file: built as a release builds it, run from a folder where nothing lies beside it. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startSimulator } from '../../src/simulator/index.js';
import { installAz } from '../e2e/stub-az.js';
import { nodes } from '../e2e/runner.js';
import { suiteUnless } from '../skip.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FILE = 'aks-acr-pull.mjs';

let folder: string;
let built: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'one file '));
  built = join(folder, 'built');
  const script = join(ROOT, 'scripts', 'build.js');
  await promisify(execFile)(process.execPath, [script, '--only', 'single', '--into', built], { cwd: ROOT });
  await cp(join(built, FILE), join(folder, 'alone', FILE));
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

function run(
  node: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<{ exitCode: number; out: string; err: string }> {
  const program = join(folder, 'alone', FILE);
  return new Promise((resolve) => {
    execFile(node, [program, ...args], { env: { TMPDIR: folder, ...environment } }, (error, out, err) =>
      resolve({ exitCode: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, out, err }),
    );
  });
}

it('is one file, with its checksum, its licences, and no more', async () => {
  expect((await readdir(built)).sort()).toEqual([FILE, `${FILE}.sha256`]);
  const text = await readFile(join(built, FILE), 'utf8');
  const sum = createHash('sha256').update(text).digest('hex');
  expect(await readFile(join(built, `${FILE}.sha256`), 'utf8')).toBe(`${sum}  ${FILE}\n`);
  expect(text).toMatch(/^#!\/usr\/bin\/env node\n/);
  for (const name of ['undici', '@azure/identity', 'commander'])
    expect(text).toMatch(new RegExp(`^${name} \\d[^:]*: MIT$`, 'm'));
  expect(text).not.toContain('Simulated public authority');
});

for (const { name, path, missing } of nodes()) {
  suiteUnless(missing, `on ${name}`, () => {
    it('starts, and says what it leaves out', async () => {
      const { exitCode, out } = await run(path, ['--help']);
      expect(exitCode).toBe(0);
      expect(out).not.toMatch(/demo|simulate/);
      const { exitCode: refused, err } = await run(path, ['demo']);
      expect(refused).toBe(2);
      expect(err).toContain('(a checkout');
    });
  });
}

describe('in a simulated cloud', () => {
  it('checks a cluster as the shipped bundle does', async () => {
    const cloud = await startSimulator(
      JSON.stringify({
        name: 'one file',
        identities: [{ name: 'operator', secrets: ['hunter2'] }],
        clusters: [{ name: 'shop', resourceGroup: 'rg', pools: [{ name: 'system' }] }],
        registries: [{ name: 'contoso', resourceGroup: 'rg' }],
        roleAssignments: [{ principal: 'operator', role: 'Reader', scope: 'rg:rg' }],
      }),
    );
    try {
      const az = await installAz(join(folder, 'tools'), {
        tenantId: cloud.state.tenantId,
        clientId: cloud.state.principals[0]?.clientId ?? '',
        clientSecret: 'hunter2',
        subscriptionId: cloud.state.subscriptions[0]?.id ?? '',
      });
      const { exitCode, out } = await run(
        process.execPath,
        ['check', '--cluster', 'shop', '-g', 'rg', '--registry', 'contoso', '--verify', 'access'],
        { ...cloud.environment(), PATH: `${az.folder}:/usr/bin:/bin` },
      );
      expect(out).toContain('unauthorized-no-role');
      expect(exitCode).toBe(1);
    } finally {
      await cloud.stop();
    }
  });
});
