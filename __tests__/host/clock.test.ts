import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/host/clock.js';

describe('systemClock', () => {
  it('sleeps, and wakes with the reason when it is told to', async () => {
    const began = systemClock.now();
    await systemClock.sleep(30);
    expect(systemClock.now() - began).toBeGreaterThanOrEqual(25);

    const reason = new Error('cancelled');
    const stop = new AbortController();
    setTimeout(() => stop.abort(reason), 20);
    await expect(systemClock.sleep(60_000, stop.signal)).rejects.toBe(reason);
    await expect(systemClock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
