import { describe, expect, it } from '@jest/globals';
import { ArmError } from '../../../src/core/azure/arm.js';
import { AZURE_CLOUD } from '../../../src/core/azure/clouds.js';
import { parseCluster } from '../../../src/core/azure/cluster.js';
import { CommandNotRun, runCommand } from '../../../src/core/azure/run-command.js';
import { HttpFault } from '../../../src/core/ports.js';
import { ARM, ARM_TOKEN, CLUSTER_ID, ScriptedHttp, inTurn, thrown, world } from '../support.js';
import type { Reply } from '../support.js';
import { armError, clusterBody } from './bodies.js';

const RESULT = `${ARM}${CLUSTER_ID}/commandResults/0a1b`;
const TAKEN: Reply = { status: 202, headers: { location: `${RESULT}?api-version=x` } };
const RUNNING: Reply = {
  status: 202,
  headers: { location: `${RESULT}?api-version=x` },
  body: { id: '0a1b', properties: { provisioningState: 'Running' } },
};
const ended = (properties: object = {}): Reply => ({
  body: {
    id: '0a1b',
    properties: { provisioningState: 'Succeeded', exitCode: 0, logs: 'hello\n', ...properties },
  },
});

function bench(http: ScriptedHttp, properties: Record<string, unknown> = {}) {
  const { azure, clock } = world(http);
  const cluster = parseCluster(clusterBody(properties));
  if (cluster === undefined) throw new Error('no cluster');
  const { sender, credential } = azure;
  return {
    clock,
    run: (context = new Uint8Array(), signal = new AbortController().signal) =>
      runCommand(
        { cluster, sender, credential, cloud: AZURE_CLOUD, clock },
        'kubectl version',
        context,
        signal,
      ),
  };
}

const bodyOf = (http: ScriptedHttp, nth: number): unknown => JSON.parse(http.requests[nth]?.body ?? '');

describe('a command', () => {
  it('is ordered, looked after, and answered with what it came to', async () => {
    const http = inTurn(TAKEN, RUNNING, RUNNING, ended({ exitCode: 3 }));
    const { run, clock } = bench(http);
    expect(await run(new TextEncoder().encode('zip'))).toEqual({ exitCode: 3, logs: 'hello\n' });
    const id = CLUSTER_ID.replace('resourceGroups', 'resourcegroups');
    expect(http.asked).toEqual([`POST ${ARM}${id}/runCommand`, ...Array<string>(3).fill(`GET ${RESULT}`)]);
    expect(bodyOf(http, 0)).toEqual({ command: 'kubectl version', context: 'emlw' });
    expect(http.requests.every(({ headers }) => headers?.authorization === `Bearer ${ARM_TOKEN}`)).toBe(true);
    expect(clock.slept).toEqual([1_000, 1_000, 2_000]);
  });

  it('may be answered at once', async () => {
    expect(await bench(inTurn(ended())).run()).toEqual({ exitCode: 0, logs: 'hello\n' });
  });

  it('runs as this login where the cluster knows Entra: with a token for API servers', async () => {
    const http = inTurn(TAKEN, ended());
    await bench(http, { aadProfile: { managed: true } }).run();
    expect(bodyOf(http, 0)).toEqual({
      command: 'kubectl version',
      context: '',
      clusterToken: 'entra-token-for-6dae42f8-4368-4678-94ff-3960e28e3630/.default',
    });
  });

  it.each([
    [{ 'retry-after': '7' }, 7_000],
    [{ 'retry-after': 'Sun, 01 Mar 2026 12:00:04 GMT' }, 4_000],
    [{ 'retry-after': '600' }, 15_000],
    [{ 'retry-after': 'soon' }, 1_000],
  ])('is looked after again as %j says, within reason', async (headers, pause) => {
    const { run, clock } = bench(inTurn({ ...TAKEN, headers: { location: RESULT, ...headers } }, ended()));
    await run();
    expect(clock.slept).toEqual([pause]);
  });

  it('is borne through throttling and faults on the way', async () => {
    const http = inTurn(
      { status: 429, headers: { 'retry-after': '3' } },
      TAKEN,
      { status: 429, headers: { 'retry-after': '5' } },
      new HttpFault('reset', 'management.azure.com', 'reset'),
      RUNNING,
      ended(),
    );
    const { run, clock } = bench(http);
    expect((await run()).exitCode).toBe(0);
    expect(clock.slept).toEqual([3_000, 1_000, 5_000, 1_000, 1_000]);
  });

  it('is given up after three minutes', async () => {
    const http = new ScriptedHttp((_request, nth) => (nth === 1 ? TAKEN : RUNNING));
    const { run, clock } = bench(http);
    const began = clock.now();
    const error = await thrown(() => run());
    expect(error).toBeInstanceOf(CommandNotRun);
    expect(String(error)).toContain('180 s');
    expect(clock.now() - began).toBeLessThan(190_000);
    expect(http.requests.length).toBeLessThan(45);
  });

  it('is let go of when its signal is aborted', async () => {
    const stop = new AbortController();
    const http = new ScriptedHttp((_request, nth) => {
      if (nth === 3) stop.abort(new Error('cancelled'));
      return nth === 1 ? TAKEN : RUNNING;
    });
    await expect(bench(http).run(new Uint8Array(), stop.signal)).rejects.toThrow('cancelled');
    expect(http.requests).toHaveLength(3);
  });

  it.each<[string, Reply]>([
    ['no place', { status: 202 }],
    ['a place that is none', { status: 202, headers: { location: 'over there' } }],
    ['a page', { body: '<html>' }],
    ['no exit code', ended({ exitCode: undefined })],
  ])('whose answer holds %s came to no result', async (_what, reply) => {
    await expect(bench(inTurn(reply)).run()).rejects.toThrow(ArmError);
  });

  it('never shows its result to another host than ARM', async () => {
    const http = inTurn({ status: 202, headers: { location: 'https://evil.example/x' } });
    await expect(bench(http).run()).rejects.toThrow('withheld');
    expect(http.requests).toHaveLength(1);
  });
});

describe('a command that could not be run', () => {
  const late: Reply = {
    status: 404,
    body: { code: 'KubernetesPerformanceError', message: 'Failed to run command due to cluster perf issue' },
  };

  it('because its pod did not start in time is ordered once more', async () => {
    const http = inTurn(late, TAKEN, ended());
    expect((await bench(http).run()).exitCode).toBe(0);
    const error = await thrown(() => bench(inTurn(late, late)).run());
    expect(error).toBeInstanceOf(CommandNotRun);
    expect(String(error)).toContain('cluster perf issue');
  });

  it.each<[string, Reply[], string]>([
    [
      "its pod is refused, in the cluster's words",
      [{ status: 400, body: { code: 'KubernetesOperationError', message: 'details: quota' } }],
      'details: quota',
    ],
    [
      'it failed, in any case of the word',
      [TAKEN, { body: { properties: { provisioningState: 'failed', reason: 'ImagePullBackoff' } } }],
      'ImagePullBackoff',
    ],
    ['its result is gone', [TAKEN, { status: 404, body: { code: 'NotFound', message: 'gone' } }], 'gone'],
  ])('because %s, is not', async (_why, replies, words) => {
    const error = await thrown(() => bench(inTurn(...replies)).run());
    expect(error).toBeInstanceOf(CommandNotRun);
    expect(String(error)).toContain(words);
  });

  it.each([
    ['the order', [] as Reply[]],
    ['the look at its result', [TAKEN]],
  ])('because ARM refuses %s is a refusal by ARM', async (_what, before) => {
    const refusal: Reply = { status: 403, body: armError('AuthorizationFailed', 'no') };
    await expect(bench(inTurn(...before, refusal)).run()).rejects.toMatchObject({
      name: 'ArmError',
      status: 403,
      code: 'AuthorizationFailed',
    });
  });
});
