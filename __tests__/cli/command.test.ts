/** The command as users run it: the committed bundle, against the simulated Azure, signed in by a stand-in for az. */
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { ProxyAgent, request } from 'undici';
import { clusterContents } from '../../src/cli/demo/cluster-contents.js';
import type { Report } from '../../src/core/report.js';
import { startSimulator } from '../../src/simulator/index.js';
import type { Simulator } from '../../src/simulator/index.js';
import { nodes } from '../e2e/runner.js';
import { installAz } from '../e2e/stub-az.js';
import { suiteUnless } from '../skip.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COMMAND = join(ROOT, 'dist', 'cli', 'index.js');

const scenario = (grantDelay: string): string => `
name: a terminal
grantDelay: ${grantDelay}
identities: [{ name: operator, secrets: [hunter2] }]
clusters:
  - { name: shop, resourceGroup: rg, pools: [{ name: system }, { name: arm, architecture: arm64 }] }
registries:
  - name: contoso
    resourceGroup: rg
    repositories: [{ name: app, images: [{ tag: '1', platforms: [linux/amd64, linux/arm64] }] }]
roleAssignments:
  - { principal: operator, role: Azure Kubernetes Service Cluster User Role, scope: 'cluster:shop' }
  - { principal: operator, role: Reader, scope: 'registry:contoso' }
  - { principal: operator, role: Role Based Access Control Administrator, scope: 'registry:contoso' }
`;

const ajv = new Ajv2020({ strict: true });
formats(ajv);
const validReport = ajv.compile<Report>(
  JSON.parse(readFileSync(join(ROOT, 'docs', 'report.schema.json'), 'utf8')) as object,
);

let folder: string;
let simulator: Simulator | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'a terminal '));
});
afterEach(async () => {
  await simulator?.stop();
  simulator = undefined;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Running {
  /** Resolves once something was written that matches. */
  seen(pattern: RegExp): Promise<void>;
  interrupt(): void;
  /** Standard output so far. */
  written(): string;
  ended: Promise<{ exitCode: number | null; out: string; err: string }>;
}

/** @param node with its flags */
function start(
  args: string[],
  environment: Record<string, string>,
  program = COMMAND,
  [node, ...flags]: readonly [string, ...string[]] = [process.execPath],
): Running {
  const child = spawn(node, [...flags, program, ...args], {
    env: { TMPDIR: folder, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const written = { out: '', err: '' };
  const heard = new Set<() => void>();
  for (const [stream, key] of [
    [child.stdout, 'out'],
    [child.stderr, 'err'],
  ] as const) {
    stream.on('data', (chunk: Buffer) => {
      written[key] += chunk.toString();
      heard.forEach((check) => check());
    });
  }
  const ended = new Promise<{ exitCode: number | null; out: string; err: string }>((resolve) => {
    child.once('close', (exitCode) => resolve({ exitCode, ...written }));
  });
  return {
    ended,
    written: () => written.out,
    interrupt: () => child.kill('SIGINT'),
    seen: (pattern) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (pattern.test(written.out + written.err)) resolve();
        };
        heard.add(check);
        void ended.then(() =>
          reject(new Error(`ended without ${String(pattern)}: ${written.out}${written.err}`)),
        );
        check();
      }),
  };
}

/** A simulated cloud, and the environment of someone who is signed in to it. */
async function signedIn(
  grantDelay = '1s',
): Promise<{ cloud: Simulator; environment: Record<string, string> }> {
  const cloud = await startSimulator(scenario(grantDelay));
  simulator = cloud;
  const [operator] = cloud.state.principals;
  const [subscription] = cloud.state.subscriptions;
  const az = await installAz(await mkdtemp(join(folder, 'az-')), {
    tenantId: cloud.state.tenantId,
    clientId: operator?.clientId ?? '',
    clientSecret: 'hunter2',
    subscriptionId: subscription?.id ?? '',
  });
  return { cloud, environment: { ...cloud.environment(), PATH: `${az.folder}:/usr/bin:/bin` } };
}

const TARGET = ['--cluster', 'shop', '-g', 'rg', '--registry', 'contoso.azurecr.io'];

describe('connect and check', () => {
  it('connect makes the grant and says so; with json, standard output is the report and nothing else', async () => {
    const { cloud, environment } = await signedIn('4s');
    const connect = await start(['connect', ...TARGET, '-o', 'json', '--debug'], environment).ended;
    expect({ exitCode: connect.exitCode, err: connect.exitCode === 0 ? '' : connect.err }).toEqual({
      exitCode: 0,
      err: '',
    });
    const report = JSON.parse(connect.out) as Report;
    validReport(report);
    expect(validReport.errors).toBeNull();
    expect(report).toMatchObject({ mode: 'connect', result: 'passed', connections: [{ changed: true }] });
    expect(connect.err).toMatch(/✓ PASSED: shop can pull from contoso\.azurecr\.io: proved on 2 node pools/);
    expect(connect.err).toMatch(/^debug: .*attempt 1 refused/m);
    expect(connect.err).toMatch(/^ {2}report: .*report\.json$/m);
    expect(
      cloud.state.roleAssignments.filter(
        ({ principalId }) => principalId === report.connections[0]?.identity.objectId,
      ),
    ).toHaveLength(1);
    expect(connect.out + connect.err).not.toMatch(/eyJ|hunter2/);

    const from = cloud.requests.length;
    const check = await start(['check', ...TARGET, '--image', 'app:1'], environment).ended;
    expect(check.exitCode).toBe(0);
    expect(check.out).toMatch(/✓ PASSED/);
    expect(check.err).toBe('');
    expect(check.out + check.err).not.toMatch(/eyJ|hunter2/);
    const since = cloud.requests.slice(from).filter(({ service }) => service === 'arm');
    expect(since.filter(({ method }) => !['GET', 'POST'].includes(method))).toEqual([]);
    await expectGone(cloud);
  });

  it('check without a grant ends with 1, with json as with text', async () => {
    const { environment } = await signedIn();
    const { exitCode, out, err } = await start(
      ['check', ...TARGET, '--verify', 'access', '-o', 'json'],
      environment,
    ).ended;
    expect(exitCode).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ result: 'failed', cause: 'unauthorized-no-role' });
    expect(err).toMatch(/az role assignment create/);
  });

  it('disconnect shows what would go, takes it back, and as markdown standard output is the page alone', async () => {
    const { cloud, environment } = await signedIn();
    const grants = (): number => cloud.state.roleAssignments.length;
    const before = grants();
    expect((await start(['connect', ...TARGET, '--verify', 'none'], environment).ended).exitCode).toBe(0);
    expect(grants()).toBe(before + 1);

    const dry = await start(['disconnect', ...TARGET, '--dry-run'], environment).ended;
    expect({ exitCode: dry.exitCode, err: dry.err }).toEqual({ exitCode: 0, err: '' });
    expect(dry.out).toMatch(/✓ PASSED: Dry run: 1 grant of shop at contoso\.azurecr\.io would be removed/);
    expect(grants()).toBe(before + 1);

    const done = await start(['disconnect', ...TARGET, '-o', 'markdown', '--redact', 'ids'], environment)
      .ended;
    expect(done.exitCode).toBe(0);
    expect(done.out).toMatch(/^## aks-acr-pull: ✅ passed\n/);
    expect(done.err).toMatch(/✓ PASSED: shop is disconnected from contoso\.azurecr\.io: 1 grant was removed/);
    expect(done.out + done.err).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/);
    expect(grants()).toBe(before);
  });

  it('Ctrl-C removes the probe and ends with 130, within 5 seconds', async () => {
    const { cloud, environment } = await signedIn('10m');
    const running = start(['connect', ...TARGET], environment);
    await running.seen(/waiting for/);
    const began = Date.now();
    running.interrupt();
    const { exitCode, err } = await running.ended;
    expect(exitCode).toBe(130);
    expect(Date.now() - began).toBeLessThan(5_000);
    expect(err).toContain('cancelled');
    await expectGone(cloud);
  });

  it('the simulator is in no file that they load', () => {
    const folder = join(ROOT, 'dist', 'cli');
    const mark = 'Simulated public authority';
    const holding = readdirSync(folder).filter(
      (file) => file.endsWith('.js') && readFileSync(join(folder, file), 'utf8').includes(mark),
    );
    expect(holding).toHaveLength(1);
    expect(holding).not.toContain('index.js');
  });
});

describe('the program itself', () => {
  it('is a program of its own, and finds what lies beside it when it is linked to, as npx does', async () => {
    const { bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      bin: Record<string, string>;
    };
    expect(join(ROOT, bin['aks-acr-pull'] ?? '')).toBe(COMMAND);
    expect(readFileSync(COMMAND, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
    const link = join(await mkdtemp(join(folder, 'bin-')), 'aks-acr-pull');
    await symlink(COMMAND, link);
    const { exitCode, err } = await start(['simulate', 'nowhere'], {}, link).ended;
    expect(exitCode).toBe(2);
    expect(err).toContain('first-run');
  });

  for (const { name, path, missing } of nodes()) {
    suiteUnless(missing, `on ${name}`, () => {
      it('never has its HTTP parser compiled for speed, which costs a third of all that it does', async () => {
        const { environment } = await signedIn();
        const traced = [path, '--trace-wasm-compilation-times'] as const;
        const { exitCode, out, err } = await start(['check', ...TARGET], environment, COMMAND, traced).ended;
        expect([exitCode, err]).toEqual([1, '']);
        expect(out).toContain('using Liftoff');
        expect(out).not.toContain('using TurboFan');
      });
    });
  }

  it('shows its help without loading anything else', async () => {
    const alone = await mkdtemp(join(folder, 'alone-'));
    for (const file of ['index.js', 'package.json'])
      await cp(join(ROOT, 'dist', 'cli', file), join(alone, file));
    for (const args of [
      ['--help'],
      ['connect', '--help'],
      ['disconnect', '--help'],
      ['completion', 'bash'],
    ]) {
      const { exitCode, out, err } = await start(args, {}, join(alone, 'index.js')).ended;
      expect([exitCode, err]).toEqual([0, '']);
      expect(out).toContain('aks-acr-pull');
    }
  });
});

/** A deleted pod takes its grace period to go. */
async function expectGone(cloud: Simulator): Promise<void> {
  const ours = async (): Promise<string[]> =>
    (await clusterContents(cloud)).filter((name) => /^(job|pod) /.test(name));
  for (let tries = 0; tries < 30 && (await ours()).length > 0; tries++)
    await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await ours()).toEqual([]);
}

describe('simulate', () => {
  it('prints what to paste, shows each request as it comes, and ends with 130 on Ctrl-C', async () => {
    const running = start(['simulate', 'first-run'], {});
    await running.seen(/export HTTPS_PROXY=http:\/\/127\.0\.0\.1:\d+\n[^]*login/);
    const output = running.ended;
    const proxy = await address(running);
    const agent = new ProxyAgent({
      uri: proxy.HTTPS_PROXY ?? '',
      requestTls: { ca: await readFile(proxy.NODE_EXTRA_CA_CERTS ?? '', 'utf8') },
    });
    const { statusCode, body } = await request(
      'https://management.azure.com/subscriptions?api-version=2022-12-01',
      { dispatcher: agent },
    );
    await body.dump();
    await agent.close();
    expect(statusCode).toBe(401);
    await running.seen(/401 GET .*\n {4}https:\/\/management\.azure\.com\/subscriptions/);
    running.interrupt();
    const { exitCode, out } = await output;
    expect(exitCode).toBe(130);
    expect(out).toMatch(/^ {2}export ACTIONS_ID_TOKEN_REQUEST_URL=/m);
    expect(out).toMatch(/cluster {3}shop/);
  });

  it('tells everything that is wrong with a scenario, each with its path, and ends with 2', async () => {
    const path = join(folder, 'broken.yaml');
    await writeFile(path, 'name: x\nclusters: [{ name: shop, colour: red }]\nregistries: [{ name: a }]\n');
    const { exitCode, out, err } = await start(['simulate', path], {}).ended;
    expect(exitCode).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(/clusters\[0\]\.resourceGroup: is missing/);
    expect(err).toMatch(/clusters\[0\]\.colour: /);
    expect(err).toMatch(/registries\[0\]\.name: /);
  });
});

/** The exports of a running simulator, as a shell would take them. */
async function address(running: Running): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of ['HTTPS_PROXY', 'NODE_EXTRA_CA_CERTS']) {
    await running.seen(new RegExp(`export ${name}=.*\n`));
    found[name] = running.written().match(new RegExp(`export ${name}='?(.*?)'?\n`))?.[1] ?? '';
  }
  return found;
}
