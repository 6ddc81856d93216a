/** Ctrl-C: the first asks for an orderly end, the second ends at once. */
import { EXIT } from './exit-codes.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs `work` with a signal that the first interruption aborts, for the reason that `reasonOf` gives. The second one
 * ends this process at once.
 */
export async function interruptible<T>(
  reasonOf: (signal: string) => Error,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const interrupted = new AbortController();
  const onSignal = (name: NodeJS.Signals): void => {
    if (interrupted.signal.aborted) process.exit(EXIT.interrupted);
    interrupted.abort(reasonOf(name));
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  try {
    return await work(interrupted.signal);
  } finally {
    for (const name of SIGNALS) process.off(name, onSignal);
  }
}

/** Resolves once the signal is aborted. */
export function interruption(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
