/** A step from its beginning to its end, however it ends. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { startSimulator } from '../../src/simulator/index.js';
import type { RequestRecord, Simulator } from '../../src/simulator/index.js';
import { openJob, PROJECT } from './runner.js';
import type { Job, StepOptions, StepResult } from './runner.js';

const SCENARIO = readFileSync(join(PROJECT, 'src/simulator/scenarios/first-run.yaml'), 'utf8');
const JOBS = /\/apis\/batch\/v1\/namespaces\/default\/jobs/;

let job: Job;
let cloud: Simulator;
let onRequest: (record: RequestRecord) => void;
beforeEach(async () => {
  onRequest = () => undefined;
  [job, cloud] = await Promise.all([
    openJob(),
    startSimulator(SCENARIO, { onRequest: (record) => onRequest(record) }),
  ]);
});
afterEach(async () => {
  await cloud.stop();
  await job.end();
});

function options(inputs: Record<string, string> = {}): StepOptions {
  return {
    inputs: {
      cluster: 'shop',
      'resource-group': 'shop-rg',
      registry: 'contoso.azurecr.io',
      'subscription-id': cloud.state.subscriptions[0]?.id ?? '',
      'client-id': cloud.state.principals.find(({ name }) => name === 'deployer')?.clientId ?? '',
      'tenant-id': cloud.state.tenantId,
      ...inputs,
    },
    machine: cloud.environment(),
    idToken: cloud.github,
  };
}

const jobRequests = (method: string): RequestRecord[] =>
  cloud.requests.filter((record) => record.method === method && JOBS.test(record.path));
const made = (): number => jobRequests('POST').filter(({ status }) => status === 201).length;
const removed = (): number =>
  new Set(
    jobRequests('DELETE')
      .filter(({ status }) => status === 200)
      .map(({ path }) => path.split('?')[0]),
  ).size;

/** Starts a step and resolves once it has made its first probe. */
async function untilProbe(): Promise<ReturnType<Job['start']>> {
  const probed = new Promise<void>((resolve) => {
    onRequest = ({ method, path, status }) => {
      if (method === 'POST' && JOBS.test(path) && status === 201) resolve();
    };
  });
  const step = job.start(options());
  await Promise.race([probed, step.done]);
  return step;
}

function expectNoSecret(result: StepResult, report: string): void {
  const secrets = result.masks.filter((mask) => mask.length > 20);
  expect(secrets.length).toBeGreaterThan(3);
  const seen = [
    result.shown,
    result.summary,
    report,
    JSON.stringify(result.outputs),
    JSON.stringify(result.state),
  ];
  for (const secret of secrets) expect(seen.filter((text) => text.includes(secret))).toEqual([]);
  for (const text of seen) expect(text).not.toMatch(/eyJ[\w-]{10,}\.|PRIVATE KEY/);
}

describe('a step', () => {
  it('that ends well leaves outputs, page and report, and neither probe nor secret', async () => {
    const result = await job.run(options());
    expect([result.exitCode, result.stderr]).toEqual([0, '']);
    expect(result.outputs).toMatchObject({
      result: 'passed',
      changed: 'true',
      verified: 'true',
      cause: '',
      role: 'AcrPull',
      'login-server': 'contoso.azurecr.io',
    });
    expect(result.summary).toContain('```mermaid');
    const path = result.outputs.report ?? '';
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const report = await readFile(path, 'utf8');
    expect(JSON.parse(report)).toMatchObject({ schemaVersion: 1, result: 'passed' });
    expectNoSecret(result, report);
    expect([made() > 0, removed()]).toEqual([true, made()]);

    const requests = cloud.requests.length;
    expect((await job.post(options(), result)).exitCode).toBe(0);
    expect(cloud.requests.length).toBe(requests);

    // By then the nodes have told which images they have.
    cloud.pass(10_000);
    const strict = await job.run(options({ mode: 'check', 'fail-on': 'warn', summary: 'false' }));
    expect([strict.exitCode, strict.outputs.result, strict.summary]).toEqual([1, 'passed', '']);
    expect(strict.shown).toContain('fail-on is warn');
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'that is cancelled by %s ends within 5 seconds and removes its probes',
    async (signal) => {
      const step = await untilProbe();
      const began = Date.now();
      step.kill(signal);
      const main = await step.done;
      expect(Date.now() - began).toBeLessThan(5_000);
      expect([main.exitCode, main.signal, main.stderr]).toEqual([1, null, '']);
      expect(main.shown).toContain(`cancelled (${signal})`);
      expect((await job.post(options(), main)).exitCode).toBe(0);
      expect([made() > 0, removed()]).toEqual([true, made()]);
    },
  );

  it('that is killed has its probes removed by the post step, by what the state names', async () => {
    const step = await untilProbe();
    step.kill('SIGKILL');
    const main = await step.done;
    expect([main.signal, removed()]).toEqual(['SIGKILL', 0]);
    const post = await job.post(options(), main);
    expect([post.exitCode, post.stderr]).toEqual([0, '']);
    expect(post.commands.filter(({ name }) => name === 'warning' || name === 'error')).toEqual([]);
    expect([made() > 0, removed()]).toEqual([true, made()]);
  });

  it('that is out of time says so and removes its probes', async () => {
    cloud.state.grantDelayMs = 3_600_000;
    const result = await job.run(options({ timeout: '10s', 'propagation-timeout': '10s' }));
    expect([result.exitCode, result.outputs.result]).toEqual([1, 'unknown']);
    expect(result.durationMs).toBeLessThan(16_000);
    expect(result.shown).toContain('timeout');
    expect([made() > 0, removed()]).toEqual([true, made()]);
  });
});
