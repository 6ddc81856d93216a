/** The action's post step, after a main step that could not clean up: what it removes, by what, and that it never fails. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { Cancelled } from '../../src/host/failure.js';
import { createHttp } from '../../src/host/http.js';
import type { ClosableHttp } from '../../src/host/http.js';
import { openGround as openInProcess } from './in-process.js';
import { inItsTime, nameOf, openGround, TO_SIGTERM_MS } from './left-behind-ground.js';
import type { Ground } from './left-behind-ground.js';
import type { StepResult } from './runner.js';
import { scenario } from './scene.js';

let ground: Ground | undefined;
afterEach(async () => {
  await ground?.end();
  ground = undefined;
});
const open = async (): Promise<Ground> => (ground = await openGround('action'));

/** Kills a run once a request that ends so is answered; its namespace. */
async function killedAfter({ start, trap }: Ground, request: string): Promise<string> {
  const reached = trap.next(1, (held) => held.stage === 'answer' && nameOf(held).endsWith(request));
  const run = start();
  const at = await Promise.race([reached, run.done]);
  if (!('letGo' in at)) throw new Error(`it ended before:\n${at.text}`);
  run.kill('SIGKILL');
  await run.done;
  await at.letGo('carry out');
  return run.namespace;
}

const JOB = '/namespaces/*/jobs';
const ACCOUNT = '/namespaces/*/serviceaccounts';

/** What the post step says that people are to see, by its kind. */
function told({ commands }: StepResult): { name: string; data: string }[] {
  return commands
    .filter(({ name }) => ['notice', 'warning', 'error'].includes(name))
    .map(({ name, data }) => ({ name, data }));
}

describe('the post step', () => {
  it('removes what the state names and nothing else, signed in anew', async () => {
    const here = await open();
    const { settled, contents, post, trap } = here;
    const other = await killedAfter(here, ACCOUNT);
    const others = await settled((found) => found.some((one) => one.startsWith('pod')), other);
    const own = await killedAfter(here, ACCOUNT);
    const job = (await contents(own)).find((one) => one.startsWith('job'))?.split('/')[1] ?? '';
    const seen = trap.record();
    const result = await post();
    expect([result.exitCode, result.stderr, told(result)]).toEqual([0, '', []]);
    const requests = seen();
    expect(requests.filter(({ method }) => method === 'DELETE').map(({ path }) => path)).toEqual([
      expect.stringContaining(`/namespaces/${own}/jobs/${job}?`),
    ]);
    expect(requests.map(nameOf)).toContain('POST login.microsoftonline.com/*/oauth2/v2.0/token');
    expect(await settled((found) => found.length === 0, own)).toEqual([]);
    // The other step's are as they were: its Job, the account, and the pod, which may have ended meanwhile.
    expect(await contents(other)).toEqual(others);
  });

  it('knows of a Job whose making was never answered', async () => {
    const here = await open();
    const { contents, post, settled } = here;
    const namespace = await killedAfter(here, JOB);
    expect(await contents(namespace)).toHaveLength(1);
    expect((await post()).exitCode).toBe(0);
    expect(await settled((found) => found.length === 0)).toEqual([]);
  });

  it('leaves to the cluster what is made only after it', async () => {
    const { contents, post, passLifetimes, start, trap } = await open();
    const reached = trap.next(1, (held) => held.stage === 'request' && nameOf(held).endsWith(JOB));
    const run = start();
    const at = await Promise.race([reached, run.done]);
    if (!('letGo' in at)) throw new Error('it ended before');
    run.kill('SIGKILL');
    await run.done;
    const result = await post();
    expect([result.exitCode, told(result)]).toEqual([0, []]);
    await at.letGo('carry out');
    expect(await contents()).toHaveLength(1);
    expect(await passLifetimes()).toEqual([]);
  });

  it('removes what a cancelled step thought it had removed', async () => {
    const { contents, post, settled, start, trap } = await open();
    const reached = trap.next(1, (held) => held.stage === 'request' && nameOf(held).endsWith(JOB));
    const run = start();
    const at = await Promise.race([reached, run.done]);
    if (!('letGo' in at)) throw new Error('it ended before');
    run.cancel('SIGINT');
    expect(await run.done).toMatchObject({ exitCode: 1, signal: null });
    await at.letGo('carry out');
    expect(await contents()).toHaveLength(1);
    expect((await post()).exitCode).toBe(0);
    expect(await settled((found) => found.length === 0)).toEqual([]);
  });

  it('leaves no account behind that is made after its Job was removed', async () => {
    const { post, settled, start, trap } = await open();
    const reached = trap.next(1, (held) => held.stage === 'request' && nameOf(held).endsWith(ACCOUNT));
    const run = start();
    const at = await Promise.race([reached, run.done]);
    if (!('letGo' in at)) throw new Error('it ended before');
    run.kill('SIGKILL');
    await run.done;
    expect((await post()).exitCode).toBe(0);
    await at.letGo('carry out');
    expect(await settled((found) => found.length === 0)).toEqual([]);
  });

  it('goes through run command where the API server is out of reach', async () => {
    const { contents, post, settled, simulator, start, trap } = await open();
    const [cluster] = simulator.state.clusters;
    if (cluster === undefined) throw new Error('the scenario has no cluster');
    cluster.privateCluster = true;
    // The first command asks for the version, the second makes the Job, the third its account.
    const reached = trap.next(3, (held) => held.stage === 'answer' && nameOf(held).endsWith('/runCommand'));
    const run = start();
    const at = await Promise.race([reached, run.done]);
    if (!('letGo' in at)) throw new Error(`it ended before:\n${at.text}`);
    run.kill('SIGKILL');
    await run.done;
    await at.letGo('carry out');
    cluster.privateCluster = false;
    expect((await settled((found) => found.length > 0)).length).toBeGreaterThan(0);
    cluster.privateCluster = true;
    const seen = trap.record();
    const result = await post();
    cluster.privateCluster = false;
    expect([result.exitCode, told(result)]).toEqual([0, []]);
    expect(seen().filter(({ host }) => host === cluster.fqdn)).toEqual([]);
    expect(await settled((found) => found.length === 0)).toEqual([]);
    expect(await contents()).toEqual([]);
  });

  it.each([
    ['it may not sign in any more', { fault: 'server-error', service: 'entra' }],
    ['Azure Resource Manager is gone', { fault: 'reset', service: 'arm' }],
    ['the API server refuses', { fault: 'unavailable', service: 'kubernetes' }],
  ] as const)('warns with the line that finishes it where %s, and does not fail', async (_what, fault) => {
    const here = await open();
    const { contents, post, passLifetimes, simulator } = here;
    const namespace = await killedAfter(here, ACCOUNT);
    const job = (await contents(namespace)).find((one) => one.startsWith('job'))?.split('/')[1] ?? '';
    const lift = simulator.addFault(fault);
    const result = await post();
    lift();
    expect([result.exitCode, result.stderr]).toEqual([0, '']);
    const [warning, ...others] = told(result);
    expect([warning?.name, others]).toEqual(['warning', []]);
    expect(warning?.data).toMatch(new RegExp(`^kubectl delete job -n ${namespace} ${job}$`, 'm'));
    expect(await passLifetimes()).toEqual([]);
  });
});

describe('the post step that is told to end itself', () => {
  it('does so in time, with the line that finishes it, and does not fail', () =>
    inItsTime(async () => {
      const here = await open();
      const { simulator, startPost, trap, passLifetimes } = here;
      const namespace = await killedAfter(here, ACCOUNT);
      simulator.addFault({ fault: 'stall', service: 'arm' });
      const signsIn = trap.next(1, ({ host, stage }) => stage === 'answer' && host.startsWith('login.'));
      const post = await startPost();
      const at = await Promise.race([signsIn, post.done]);
      if (!('letGo' in at)) throw new Error(`it ended before:\n${at.shown}`);
      await at.letGo('carry out');
      const began = Date.now();
      post.kill('SIGINT');
      const result = await post.done;
      expect([result.exitCode, result.signal, Date.now() - began < TO_SIGTERM_MS]).toEqual([0, null, true]);
      expect(result.shown).toContain(`kubectl delete job -n ${namespace} aks-acr-pull-`);
      expect(await passLifetimes()).toEqual([]);
    }));
});

describe('a cancelled run', () => {
  it('is over only once it has looked twice for what it may have made: nothing is asked for after it', async () => {
    const cloud = await openInProcess(scenario(), 1);
    const deletes = (): number => cloud.simulator.requests.filter(({ method }) => method === 'DELETE').length;
    try {
      const cancelled = new AbortController();
      // As its Job is being made.
      const network = (environment: NodeJS.ProcessEnv): ClosableHttp => {
        const http = createHttp(environment);
        return {
          close: () => http.close(),
          send(request) {
            if (request.method === 'POST' && request.url.endsWith('/jobs'))
              cancelled.abort(new Cancelled('SIGINT'));
            return http.send(request);
          },
        };
      };
      const { problems } = await cloud.run(
        { image: 'shop/web:1.4' },
        {},
        'deployer',
        network,
        cancelled.signal,
      );
      const asked = deletes();
      expect(problems).toEqual(['the run was cancelled (SIGINT)']);
      expect(asked).toBeGreaterThan(1);
      await delay(1_500);
      expect(deletes()).toBe(asked);
    } finally {
      await cloud.end();
    }
  });
});

describe('a grant whose answer nobody saw', () => {
  it.each([
    ['before it was written', 'request'],
    ['before its answer', 'answer'],
  ] as const)('is found by the next run: killed %s', async (_what, stage) => {
    const { simulator, start, trap } = await open();
    const reached = trap.next(1, (held) => held.stage === stage && held.method === 'PUT');
    const run = start();
    const at = await Promise.race([reached, run.done]);
    if (!('letGo' in at)) throw new Error('it ended before');
    run.kill('SIGKILL');
    await run.done;
    await at.letGo('carry out');
    const kept = [...simulator.state.roleAssignments];
    const next = start({}, 'stays');
    const { exitCode, text } = await next.done;
    expect([exitCode, text.includes('PASSED')]).toEqual([0, true]);
    expect(text).toContain(
      'the kubelet identity may pull from contoso.azurecr.io: AcrPull (on registries/contoso)',
    );
    expect(simulator.state.roleAssignments).toEqual(kept);
    expect(simulator.requests.filter(({ method }) => method === 'PUT')).toHaveLength(1);
  });
});
