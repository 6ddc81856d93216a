/** Bounding work in time, by the clock port, without leaving timers behind. */
import type { Clock } from '../ports.js';

/**
 * Runs `work` with a signal that is aborted after `ms` milliseconds, or when `outer` is. Rejects with `late()`
 * when the time is up and with the outer signal's reason when that is aborted, even if the work ignores its signal.
 */
export async function within<T>(
  clock: Clock,
  ms: number,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
  late: () => Error,
): Promise<T> {
  outer?.throwIfAborted();
  const inner = new AbortController();
  const timer = new AbortController();
  let stop: (() => void) | undefined;
  const ended = new Promise<never>((_resolve, reject) => {
    const end = (reason: Error): void => {
      // In this order, so that the reason wins over whatever the work says about its aborted signal.
      reject(reason);
      inner.abort(reason);
    };
    stop = () => end(abortReason(outer));
    outer?.addEventListener('abort', stop, { once: true });
    clock.sleep(ms, timer.signal).then(
      () => end(late()),
      () => undefined,
    );
  });
  try {
    return await Promise.race([work(inner.signal), ended]);
  } finally {
    timer.abort();
    if (stop) outer?.removeEventListener('abort', stop);
    ended.catch(() => undefined);
  }
}

/** Why a signal was aborted, as an Error. */
export function abortReason(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
}
