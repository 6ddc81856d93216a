import { afterEach, describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { Timers, WorkQueue } from '../../../src/simulator/kubernetes/timers.js';

const HOUR = 3_600_000;

let timers = new Timers();
afterEach(() => {
  timers.stop();
  timers = new Timers();
});

describe('timers', () => {
  it('that come due in the time that is passed over come at once, in the order of their times', async () => {
    const came: string[] = [];
    const cancel = timers.after(HOUR, () => came.push('cancelled'));
    timers.after(3 * HOUR, () => came.push('later'));
    timers.after(2 * HOUR, () => came.push('second'));
    timers.after(HOUR, () => came.push('first'));
    cancel();
    timers.pass(2 * HOUR);
    expect(came).toEqual([]);
    await delay(20);
    expect(came).toEqual(['first', 'second']);
    timers.pass(HOUR);
    await delay(20);
    expect(came).toEqual(['first', 'second', 'later']);
  });

  it('tell a queue which of two times is the earlier, though time was passed over between them', async () => {
    const came: string[] = [];
    const queue = new WorkQueue(timers, (key) => came.push(key));
    queue.add('one', 2 * HOUR);
    timers.pass(HOUR);
    queue.add('one', 1.5 * HOUR);
    timers.pass(HOUR);
    await delay(20);
    expect(came).toEqual(['one']);
  });
});
