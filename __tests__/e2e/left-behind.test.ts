/** Killed at any moment, the shipped bundles leave nothing in a cluster that it doesn't remove by itself in time. */
import { describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import type { Held } from '../../src/simulator/index.js';
import { nameOf, openGround, seededMoments, writesOf } from './left-behind-ground.js';
import type { Ground, HostName, Moment, Reached } from './left-behind-ground.js';

const SEED = 5;
/** The hosts differ in how they begin and end, not in what a kill leaves. */
const MOMENTS: Readonly<Record<HostName, number>> = { action: 25, task: 5, command: 5 };
/** For a lane of kills, on a machine that is busy. */
const LONG_MS = 600_000;

const BY_RUN_COMMAND = { 'cluster-access': 'run-command' };

/** Of these a run makes something: they may still be carried out when nobody waits any more. All else only answers. */
const MAKES = /^(?:PUT|DELETE) |\/(?:jobs|serviceaccounts|runCommand)$/;

type Write = ReturnType<typeof writesOf>[number];

/** The requests of one run to its end, in the order in which they came. */
async function wholeRun(ground: Ground): Promise<Held[]> {
  // The second one finds everything as the later ones do: images on nodes, certificates made.
  for (let run = 1; ; run += 1) {
    const seen = ground.trap.record();
    const { exitCode, signal, text } = await ground.start().done;
    expect([exitCode, signal, text.includes('PASSED')]).toEqual([0, null, true]);
    if (run === 2) return seen();
  }
}

/** Starts a run and kills it at a request; what becomes of a request that is held is decided after that. */
async function killAt(
  ground: Ground,
  reached: Promise<Reached>,
  { how, laterMs }: Pick<Moment, 'how' | 'laterMs'>,
  more?: Record<string, string>,
): Promise<'killed' | 'ended before'> {
  const run = ground.start(more);
  const at = await Promise.race([reached, run.done]);
  ground.trap.clear();
  if (!('letGo' in at)) return 'ended before';
  if (how === 'let go') {
    await at.letGo('carry out');
    await delay(laterMs);
  }
  run.kill('SIGKILL');
  const { signal } = await run.done;
  if (how !== 'let go') await at.letGo(how);
  return signal === 'SIGKILL' ? 'killed' : 'ended before';
}

/** Kills before and after each write: when nothing is done, when it is done all the same, and before its answer. */
async function killAtWrites(
  ground: Ground,
  writes: readonly Write[],
  more?: Record<string, string>,
): Promise<number> {
  let cases = 0;
  for (const { name, nth } of writes) {
    const kinds: [Held['stage'], 'drop' | 'carry out'][] = [
      ['request', 'drop'],
      ['answer', 'carry out'],
    ];
    if (MAKES.test(name)) kinds.push(['request', 'carry out']);
    for (const [stage, how] of kinds) {
      const what = `${stage === 'request' ? 'before' : 'after'} ${name} (${nth}), ${how}`;
      const reached = ground.trap.next(nth, (held) => held.stage === stage && nameOf(held).endsWith(name));
      expect([what, await killAt(ground, reached, { how, laterMs: 0 }, more)]).toEqual([what, 'killed']);
      cases += 1;
    }
  }
  return cases;
}

/** Nothing may outlive the deadline and the time to live; and there must have been something that could have. */
async function expectNothingStays(ground: Ground): Promise<void> {
  const left = await ground.contents();
  const spaces = (kind: string): string[] =>
    left.filter((one) => one.startsWith(kind)).map((one) => one.split(/[ /]/).at(-2) ?? '');
  const accounts = spaces('service account');
  expect(accounts).not.toEqual([]);
  // Of these only the deadline is left: without its account no pod is made, and without a pod nothing ends.
  expect(spaces('job').filter((one) => !accounts.includes(one))).not.toEqual([]);
  expect(await ground.passLifetimes()).toEqual([]);
  expect(await ground.remains()).toEqual([]);
}

describe('what a killed run leaves', () => {
  it.concurrent.each<HostName>(['action', 'task', 'command'])(
    'the cluster removes in time, whenever it was killed: the %s',
    async (host) => {
      const ground = await openGround(host);
      try {
        const seen = await wholeRun(ground);
        // What only answers leaves nothing, whichever host asks: around that the action alone is killed.
        const writes = writesOf(seen).filter(({ name }) => host === 'action' || MAKES.test(name));
        const cases = await killAtWrites(ground, writes);
        const fates: string[] = [];
        for (const moment of seededMoments(SEED, MOMENTS[host], seen.length, host)) {
          const reached = ground.trap.next(moment.nth, ({ stage }) => stage === moment.stage);
          fates.push(await killAt(ground, reached, moment));
        }
        const killed = fates.filter((fate) => fate === 'killed').length;
        console.log(
          `${host}: killed ${cases} times around its ${writes.length} writes, and at ${killed} of ${fates.length} moments (seed ${SEED})`,
        );
        // Some milliseconds after its last answers a run may be over.
        expect(killed).toBeGreaterThan(fates.length / 2);
        await expectNothingStays(ground);
      } finally {
        await ground.end();
      }
    },
    LONG_MS,
  );

  it.concurrent(
    'the cluster removes in time, though it was made through run command',
    async () => {
      const ground = await openGround('action');
      try {
        // The first command asks for the version; the next ones make Job and account, and begin to look.
        const writes = [2, 3, 4].map((nth) => ({ name: '/managedClusters/shop/runCommand', nth }));
        const cases = await killAtWrites(ground, writes, BY_RUN_COMMAND);
        console.log(`action through run command: killed ${cases} times around ${writes.length} commands`);
        await expectNothingStays(ground);
      } finally {
        await ground.end();
      }
    },
    LONG_MS,
  );
});
