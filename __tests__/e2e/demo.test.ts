/** The demo as users run it: the committed bundles, from another folder, in a path with spaces. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { firstRunOf, lasting } from '../../scripts/pictures/text.js';

const DIST = fileURLToPath(new URL('../../dist', import.meta.url));

let folder: string;
let checkout: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'demo test '));
  checkout = join(folder, 'a checkout');
  for (const bundle of ['cli', 'github'])
    await cp(join(DIST, bundle), join(checkout, 'dist', bundle), { recursive: true });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  exitCode: number | null;
  out: string;
  err: string;
}

/** Runs the demo in a folder of its own; what it keeps goes away with the tests. */
async function demo(args: string[], environment: Record<string, string> = {}): Promise<Ended> {
  const elsewhere = join(folder, 'elsewhere');
  await mkdir(elsewhere, { recursive: true });
  const child = spawn(process.execPath, [join(checkout, 'dist', 'cli', 'index.js'), 'demo', ...args], {
    cwd: elsewhere,
    env: { TMPDIR: folder, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
  expect(await readdir(elsewhere)).toEqual([]);
  return { exitCode, out, err };
}

/** An action that does as it is told, in the place of the shipped one. */
async function bundle(name: string, source: string): Promise<string> {
  const path = join(folder, `${name}.mjs`);
  await writeFile(path, source);
  return path;
}

/** Values of one row of the closing table. */
function row(out: string, name: string): string[] {
  const line = out.split('\n').find((one) => one.startsWith(`  ${name} `)) ?? '';
  return line
    .slice(name.length + 2)
    .trim()
    .split(/ {2,}/);
}

async function fingerprint(path: string): Promise<string> {
  const hash = createHash('sha256');
  for (const entry of (await readdir(path, { recursive: true, withFileTypes: true })).sort((a, b) =>
    join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1,
  )) {
    hash.update(join(entry.parentPath, entry.name));
    if (entry.isFile()) hash.update(await readFile(join(entry.parentPath, entry.name)));
  }
  return hash.digest('hex');
}

describe('the demo', () => {
  it('makes the grant, waits for it, pulls on every pool, and changes nothing the second time', async () => {
    const before = await fingerprint(checkout);
    const { exitCode, out, err } = await demo([]);
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    expect(await fingerprint(checkout)).toBe(before);

    expect(out).toContain('A simulated Azure, for this demo alone: first-run');
    expect(out).toMatch(/✓ the kubelet identity has AcrPull at contoso\.azurecr\.io: granted now/);
    expect(out).toMatch(/… waiting for .*: \d+ s so far, .* left/);
    for (const pool of ['system', 'apps', 'arm']) {
      expect(
        out.match(new RegExp(`[✓!] node pool ${pool} \\(linux/a\\w+\\) pulled contoso\\.azurecr\\.io/`, 'g')),
      ).toHaveLength(2);
    }
    expect(out.match(/✓ PASSED: shop can pull from contoso\.azurecr\.io/g)).toHaveLength(2);
    expect(out.match(/- the step left nothing to remove/g)).toHaveLength(2);
    expect(row(out, 'role assignments made')).toEqual(['1', '0']);
    expect(row(out, 'writes sent to Azure')).toEqual(['1', '0']);
    expect(Number(row(out, 'token exchanges by the kubelets')[0])).toBeGreaterThanOrEqual(3);
    for (const manifests of row(out, 'manifests given to the kubelets'))
      expect(Number(manifests)).toBeGreaterThanOrEqual(3);
    expect(row(out, 'left behind in the cluster')).toEqual(['0', '0']);
    expect(row(out, 'result')).toEqual(['passed', 'passed']);
    expect(out).toContain('✓ All that the action claims, the simulated Azure saw happen.');
    // No line of the runner's protocol is left for people to read, and no colour without a terminal.
    expect(out).not.toMatch(/^\s*::/m);
    expect(out).not.toContain('\u001b');

    // docs/images/log.png (else: npm run pictures -- --readme).
    const shown = fileURLToPath(new URL('../../scripts/pictures/shown/log.txt', import.meta.url));
    expect(lasting(firstRunOf(out))).toBe(lasting(await readFile(shown, 'utf8')));

    const reports = [...out.matchAll(/^ {2}report {3}(.*)$/gm)].map(([, path]) => path ?? '');
    expect(reports).toHaveLength(2);
    for (const path of reports) {
      expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ schemaVersion: 1, result: 'passed' });
    }
    for (const [, path = ''] of out.matchAll(/^ {2}summary {2}(.*)$/gm)) {
      expect(await readFile(path, 'utf8')).toContain('```mermaid');
    }
  });

  it('without the right to grant ends with 1, and shows the broken link, the cause and the fix', async () => {
    const { exitCode, out } = await demo(['--scenario', 'no-rights']);
    expect(exitCode).toBe(1);
    expect(out).toMatch(/^ {4}✗ /m);
    expect(out).toContain('(cause arm-authorization-missing)');
    expect(out).toMatch(/^ +az role assignment create --role /m);
    expect(out).toMatch(/✗ FAILED: shop is not ready to pull from contoso\.azurecr\.io/);
    expect(row(out, 'role assignments made')).toEqual(['0']);
    expect(row(out, 'result')).toEqual(['failed']);
    expect(out).not.toContain('The demo FAILED');
    const [, summary = ''] = /^ {2}summary {2}(.*)$/m.exec(out) ?? [];
    const page = await readFile(summary, 'utf8');
    expect(page).toContain('identity -.->|"✗ BROKEN: no grant"| role');
    expect(page).toContain('az role assignment create');
  });
});

describe('a bundle that does not do what it should', () => {
  it('that ends well at once is found out, and told what is missing', async () => {
    const idle = await bundle('idle', 'process.exit(0);');
    const { exitCode, out } = await demo(['--bundle', idle]);
    expect(exitCode).toBe(1);
    expect(out).toContain('✗ First run: the step set no output result');
    expect(out).toContain('✗ First run: the step named no report in its output report');
    expect(out).toContain('✗ First run: the step ended with 0, but its result is missing');
    expect(out).toContain('The demo FAILED');
    expect(out).not.toContain('Second run');
  });

  it('that only claims success is found out by what the simulated Azure saw', async () => {
    const liar = await bundle(
      'liar',
      `
      import { appendFileSync, writeFileSync } from 'node:fs';
      import { join } from 'node:path';
      const report = join(process.env.RUNNER_TEMP, 'report.json');
      const pulls = ['system', 'apps', 'arm'].map((nodePool) => ({ nodePool, status: 'pass' }));
      writeFileSync(report, JSON.stringify({ result: 'passed', connections: [{ changed: true, pulls }] }));
      const outputs = { result: 'passed', changed: 'true', verified: 'true', digest: 'sha256:0', report };
      for (const [name, value] of Object.entries(outputs)) appendFileSync(process.env.GITHUB_OUTPUT, name + '=' + value + '\\n');
      appendFileSync(process.env.GITHUB_STEP_SUMMARY, 'all good');
      console.log('✓ all good');
      `,
    );
    const { exitCode, out } = await demo(['--bundle', liar]);
    expect(exitCode).toBe(1);
    for (const found of [
      'output changed says true, but 0 role assignments were made',
      'output role-assignment-id names no role assignment that exists: ""',
      '3 node pools are said to have pulled, but the registry gave a manifest to the kubelet identity 0 times',
      '3 node pools are said to have pulled, but the registry exchanged a token for the kubelet identity 0 times',
      'output digest is no manifest of the registry: "sha256:0"',
    ]) {
      expect(out).toContain(`✗ First run: ${found}`);
    }
  });

  it('is given exactly what a runner gives: nothing of this machine, its inputs, its state in the post step', async () => {
    const seen = join(folder, 'seen.jsonl');
    const spy = await bundle(
      'spy',
      `
      import { appendFileSync } from 'node:fs';
      appendFileSync(${JSON.stringify(seen)}, JSON.stringify({ cwd: process.cwd(), environment: process.env }) + '\\n');
      if (process.env.STATE_ran === undefined) appendFileSync(process.env.GITHUB_STATE, 'ran<<X\\nyes\\nand more\\nX\\n');
      console.log('::error::\\u001b[31mred%0Asecond');
      `,
    );
    const { out } = await demo(['--bundle', spy], {
      AZURE_CLIENT_SECRET: 'x',
      ARM_TOKEN: 'x',
      HTTP_PROXY: 'http://x.invalid',
    });
    const [main, post] = (await readFile(seen, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { cwd: string; environment: Record<string, string> });
    const documented =
      /^(GITHUB_\w+|RUNNER_\w+|INPUT_[A-Z-]+|ACTIONS_ID_TOKEN_REQUEST_(URL|TOKEN)|CI|HOME|LANG|PATH|(HTTPS|NO)_PROXY|(https|no)_proxy|NODE_EXTRA_CA_CERTS|REQUESTS_CA_BUNDLE|SSL_CERT_FILE|CURL_CA_BUNDLE)$/;
    expect(Object.keys(main?.environment ?? {}).filter((name) => !documented.test(name))).toEqual([]);
    expect(main?.environment).toMatchObject({
      GITHUB_ACTIONS: 'true',
      INPUT_MODE: 'connect',
      INPUT_VERIFY: 'pull',
      'INPUT_RESOURCE-GROUP': '',
      INPUT_REGISTRY: 'contoso.azurecr.io',
      INPUT_CLUSTER: expect.stringMatching(/managedClusters\/shop$/),
      'INPUT_CLIENT-ID': expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(main?.cwd).toBe(main?.environment.GITHUB_WORKSPACE);
    expect(post?.environment).toEqual({ ...main?.environment, STATE_ran: 'yes\nand more' });
    expect(out).toContain('✗ \\e[31mred\n      second');
    expect(out).not.toContain('\u001b');
  });
});
