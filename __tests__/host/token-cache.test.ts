import { describe, expect, it } from '@jest/globals';
import { cachedTokens, REFRESH_BEFORE_MS } from '../../src/host/token-cache.js';

const HOUR = 3_600_000;

function fixture(): {
  asked: string[];
  time: { now: number };
  token: ReturnType<typeof cachedTokens>;
  settle: (() => void)[];
} {
  const asked: string[] = [];
  const time = { now: 0 };
  const settle: (() => void)[] = [];
  const token = cachedTokens({ now: () => time.now }, (scope) => {
    asked.push(scope);
    const made = { token: `${scope} ${asked.length}`, expiresOn: time.now + HOUR };
    return new Promise((resolve) => settle.push(() => resolve(made)));
  });
  return { asked, time, token, settle };
}

describe('cachedTokens', () => {
  it('fetches once for all who ask at the same time, and once for each scope', async () => {
    const { asked, token, settle } = fixture();
    const all = [token('a'), token('a'), token('b')];
    settle.forEach((go) => go());
    expect((await Promise.all(all)).map((got) => got.token)).toEqual(['a 1', 'a 1', 'b 2']);
    expect(asked).toEqual(['a', 'b']);
  });

  it('keeps a token until 5 minutes before it expires', async () => {
    const { asked, time, token, settle } = fixture();
    const first = token('a');
    settle[0]?.();
    await first;
    time.now = HOUR - REFRESH_BEFORE_MS - 1;
    expect((await token('a')).token).toBe('a 1');
    time.now = HOUR - REFRESH_BEFORE_MS;
    const second = token('a');
    settle[1]?.();
    expect((await second).token).toBe('a 2');
    expect(asked).toHaveLength(2);
  });

  it('remembers no failure', async () => {
    let tries = 0;
    const token = cachedTokens({ now: () => 0 }, async () => {
      if (++tries === 1) throw new Error('down');
      return { token: 't', expiresOn: HOUR };
    });
    await expect(token('a')).rejects.toThrow('down');
    expect((await token('a')).token).toBe('t');
  });

  it('ends one wait without ending those of others', async () => {
    const { token, settle } = fixture();
    const stop = new AbortController();
    const reason = new Error('cancelled');
    const mine = token('a', stop.signal);
    const theirs = token('a');
    stop.abort(reason);
    await expect(mine).rejects.toBe(reason);
    settle[0]?.();
    expect((await theirs).token).toBe('a 1');
    await expect(token('c', AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
