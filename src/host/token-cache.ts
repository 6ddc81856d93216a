/** Tokens of one login, kept in memory for as long as they are good. */
import type { AccessToken, Clock } from '../core/ports.js';

/** A token is asked for anew this long before it expires, as Azure's SDKs do (@azure/core-rest-pipeline, tokenCycler). */
export const REFRESH_BEFORE_MS = 5 * 60_000;

/**
 * Remembers the token of each scope until 5 minutes before it expires. Whoever asks while one is being fetched gets
 * that one; a failure is remembered by nobody.
 *
 * @param fetch gets a token, whoever asks; each caller's signal ends only that caller's wait
 */
export function cachedTokens(
  clock: Pick<Clock, 'now'>,
  fetch: (scope: string) => Promise<AccessToken>,
): (scope: string, signal?: AbortSignal) => Promise<AccessToken> {
  const kept = new Map<string, AccessToken>();
  const underWay = new Map<string, Promise<AccessToken>>();

  function refresh(scope: string): Promise<AccessToken> {
    const running = underWay.get(scope);
    if (running !== undefined) return running;
    const started = fetch(scope)
      .then((token) => {
        kept.set(scope, token);
        return token;
      })
      .finally(() => underWay.delete(scope));
    underWay.set(scope, started);
    return started;
  }

  return (scope, signal) => {
    const known = kept.get(scope);
    if (known !== undefined && known.expiresOn - REFRESH_BEFORE_MS > clock.now())
      return Promise.resolve(known);
    return unlessAborted(refresh(scope), signal);
  };
}

/** The promise's outcome, or the signal's reason when that comes first. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  let onAbort: (() => void) | undefined;
  const abortion = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason instanceof Error ? signal.reason : new Error('the run ended'));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, abortion]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}
