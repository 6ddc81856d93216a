/** Told to end at any moment, the shipped bundles leave nothing in a cluster; where they can't, they say how to finish it. */
import { describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import type { Held } from '../../src/simulator/index.js';
import {
  inItsTime,
  LIMIT_MS,
  nameOf,
  openGround,
  seededMoments,
  TO_SIGTERM_MS,
} from './left-behind-ground.js';
import type { Ended, Ground, HostName, Moment } from './left-behind-ground.js';

const SEED = 7;
/** Of each signal. All hosts clean up by one code; they differ in how they hear of the end, and tell of it. */
const MOMENTS: Readonly<Record<HostName, number>> = { action: 10, task: 5, command: 5 };
const LONG_MS = 300_000;

const HOSTS: readonly HostName[] = ['action', 'task', 'command'];
/** What each host reads as cancelled. The agent is told in words. */
const EXIT_CODES: Readonly<Record<HostName, number>> = { action: 1, task: 0, command: 130 };

interface Cancelled extends Ended {
  /** What is left of it in the cluster; waited for a while, so that it is empty if it ever was. */
  left: string[];
  /** From the signal until the process has ended and nothing of it is left. */
  tookMs: number;
}

/** Starts a run and cancels it at a moment; undefined when it was over before. */
async function cancelAt(
  ground: Ground,
  from: 'SIGINT' | 'SIGTERM',
  { nth, stage, how, laterMs }: Moment,
  fits: (held: Held) => boolean = () => true,
  more: Record<string, string> = {},
): Promise<Cancelled | undefined> {
  const reached = ground.trap.next(nth, (held) => held.stage === stage && fits(held));
  const run = ground.start(more);
  const at = await Promise.race([reached, run.done]);
  ground.trap.clear();
  if (!('letGo' in at)) return undefined;
  if (how === 'let go') {
    await at.letGo('carry out');
    await delay(laterMs);
  }
  const began = Date.now();
  run.cancel(from);
  if (how !== 'let go') {
    // What is under way may be done all the same, a little later.
    await delay(laterMs);
    await at.letGo(how);
  }
  const ended = await run.done;
  const left = await ground.settled((contents) => contents.length === 0, run.namespace);
  return { ...ended, left, tookMs: Date.now() - began };
}

describe('a run that is told to end', () => {
  it.concurrent.each(HOSTS)(
    'leaves nothing, whenever it was told: the %s',
    async (host) => {
      const ground = await openGround(host);
      try {
        const seen = ground.trap.record();
        await ground.start().done;
        const requests = seen().length;
        const took: number[] = [];
        const silent: string[] = [];
        const cancelled = async (from: 'SIGINT' | 'SIGTERM', moment: Moment): Promise<void> => {
          const ended = await cancelAt(ground, from, moment);
          if (ended === undefined) return;
          const { exitCode, signal, text, left, tookMs } = ended;
          // However late it is: nothing is left without a word.
          if (!text.includes('kubectl'))
            silent.push(...left.map((one) => `${from} at ${JSON.stringify(moment)}: ${one}`));
          expect([from, moment, tookMs < LIMIT_MS]).toEqual([from, moment, true]);
          if (text.includes('PASSED')) return;
          const told = [exitCode, signal, text.includes(`cancelled (${from})`), text.includes('kubectl')];
          expect([from, moment, told]).toEqual([from, moment, [EXIT_CODES[host], null, true, false]]);
          took.push(tookMs);
        };
        for (const from of ['SIGINT', 'SIGTERM'] as const)
          for (const moment of seededMoments(SEED, MOMENTS[host], requests, host, from))
            await inItsTime(() => cancelled(from, moment));
        expect(silent).toEqual([]);
        took.sort((a, b) => a - b);
        console.log(
          `${host}: cancelled ${took.length} times of ${2 * MOMENTS[host]} (seed ${SEED}); nothing left after ${took.at(took.length / 2)} ms, at most ${took.at(-1)} ms`,
        );
        expect(took.length).toBeGreaterThan(MOMENTS[host]);
        expect(await ground.remains()).toEqual([]);
      } finally {
        await ground.end();
      }
    },
    LONG_MS,
  );

  it.concurrent.each(HOSTS)(
    'removes a Job that is made only after it looked: the %s',
    (host) =>
      inItsTime(async () => {
        const ground = await openGround(host);
        try {
          const ended = await cancelAt(
            ground,
            'SIGINT',
            { nth: 1, stage: 'request', how: 'carry out', laterMs: 250 },
            ({ method, path }) => method === 'POST' && path.includes('/jobs'),
          );
          expect([ended?.exitCode, ended?.signal]).toEqual([EXIT_CODES[host], null]);
          expect(await ground.contents()).toEqual([]);
        } finally {
          await ground.end();
        }
      }),
    LONG_MS,
  );

  it.concurrent(
    'leaves nothing of what it made through run command',
    () =>
      inItsTime(async () => {
        const ground = await openGround('action');
        try {
          // As its Job is being made, as its account is, and while it looks for its pod.
          for (const nth of [2, 3, 5]) {
            const ended = await cancelAt(
              ground,
              'SIGINT',
              { nth, stage: 'answer', how: 'let go', laterMs: 100 },
              (held) => nameOf(held).endsWith('/runCommand'),
              { 'cluster-access': 'run-command' },
            );
            expect([ended?.exitCode, ended?.signal]).toEqual([1, null]);
            expect(ended?.left).toEqual([]);
            // Each command is a pod that has to start.
            expect(ended?.tookMs).toBeLessThan(TO_SIGTERM_MS);
          }
        } finally {
          await ground.end();
        }
      }),
    LONG_MS,
  );

  it.concurrent.each(
    HOSTS.flatMap((host) => (['reset', 'stall'] as const).map((fault) => [host, fault] as const)),
  )(
    'says how to finish it where the API server is gone: the %s (%s)',
    (host, fault) =>
      inItsTime(async () => {
        const ground = await openGround(host);
        try {
          const watch = ground.trap.next(
            1,
            (held) => held.stage === 'answer' && nameOf(held).endsWith('/namespaces/*/pods'),
          );
          const run = ground.start();
          const at = await Promise.race([watch, run.done]);
          if (!('letGo' in at)) throw new Error(`it ended before it watched:\n${at.text}`);
          await at.letGo('carry out');
          const comesBack = ground.simulator.addFault({ fault, service: 'kubernetes' });
          const began = Date.now();
          run.cancel('SIGINT');
          const { signal, text } = await run.done;
          expect([signal, Date.now() - began < TO_SIGTERM_MS]).toEqual([null, true]);
          const line = new RegExp(`kubectl delete job -n ${run.namespace} aks-acr-pull-[\\w-]+`);
          // Not only in passing: where the end of the run is told, which CI systems show on the page of the run.
          const [, end = ''] = text.split('The cluster removes by itself later what the probe left');
          expect(end).toMatch(line);

          if (host === 'action') {
            // A stall would take the post step's whole minute.
            if (fault === 'reset') {
              const post = await ground.post();
              expect([post.exitCode, post.shown]).toEqual([0, expect.stringMatching(line)]);
              expect(post.commands.map(({ name }) => name)).toContain('warning');
              expect(post.commands.map(({ name }) => name)).not.toContain('error');
            }
            comesBack();
            expect((await ground.post()).exitCode).toBe(0);
          } else {
            comesBack();
            const job = (await ground.contents()).find((one) => one.startsWith('job'))?.split('/')[1] ?? '';
            expect(text).toContain(`kubectl delete job -n ${run.namespace} ${job}`);
            await ground.passLifetimes();
          }
          expect(await ground.settled((contents) => contents.length === 0)).toEqual([]);
        } finally {
          await ground.end();
        }
      }),
    LONG_MS,
  );
});
