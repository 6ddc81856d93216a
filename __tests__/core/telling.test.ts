import { expect, it } from '@jest/globals';
import { begun, StoryEnds, Telling } from '../../src/core/telling.js';
import { inTurn, thrown, world } from './support.js';
import type { Connection } from '../../src/core/report.js';

function telling() {
  const { clock, log } = world(inTurn());
  const connection: Connection = {
    cluster: { id: '', name: 'shop' },
    registry: { id: '', name: 'contoso' },
    identity: { kind: 'unknown' },
    access: { allowed: 'unknown', grants: [] },
    checks: [],
    pulls: [],
    findings: [],
    result: 'unknown',
    changed: false,
    wouldChange: 'unknown',
  };
  return { clock, log, connection, telling: new Telling(connection, log, clock) };
}

it('keeps and tells each check once, timed, with the fix and page of its cause', async () => {
  const story = telling();
  const since = story.clock.now();
  await story.clock.sleep(1500);
  story.telling.pass('a', 'a holds', 'seen', since);
  story.telling.tell('b', 'b holds', { status: 'fail', evidence: 'not', cause: 'no-nodes' });
  const own = { summary: 'Mine.', commands: [] };
  story.telling.tell('c', 'c holds', { status: 'fail', evidence: 'not', cause: 'no-nodes', fix: own });
  expect(story.connection.checks).toEqual(story.log.told.map(({ what }) => what));
  const [a, b, c] = story.connection.checks;
  expect(a).toEqual({ id: 'a', title: 'a holds', status: 'pass', evidence: 'seen', durationMs: 1500 });
  expect(b).toMatchObject({
    cause: 'no-nodes',
    fix: { summary: expect.stringContaining('pools') as unknown },
    docs: expect.stringContaining('no-nodes') as unknown,
  });
  expect(c?.fix).toBe(own);
});

it('ends the story with the check that can not be gone past', async () => {
  const story = telling();
  const error = await thrown(() => story.telling.end('a', 'a holds', { status: 'fail', evidence: 'not' }));
  expect(error).toBeInstanceOf(StoryEnds);
  expect(error).toMatchObject({ check: { id: 'a', status: 'fail' } });
  expect(story.log.told).toHaveLength(1);
});

it('keeps a failure until it is asked for', async () => {
  const failing = begun(Promise.reject(new Error('later')));
  await new Promise((resolve) => setImmediate(resolve));
  await expect(failing()).rejects.toThrow('later');
  expect(await begun(Promise.resolve(7))()).toBe(7);
});
