/** Entry of the action's bundle, for its main and its post step. */
import { error, setFailed } from '@actions/core';
import { Cancelled } from '../host/failure.js';
import { CLEAN_UP_LIMIT_MS } from '../host/run.js';
import { forLog } from '../render/escape.js';
import { readInputs } from './inputs.js';
import { post } from './post.js';
import { isPost, markMainRan } from './state.js';
import { step } from './step.js';

/** How long what is still open may keep the process alive once all is told. */
const LINGER_MS = 1_000;

async function main(): Promise<void> {
  const cancelled = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      process.exitCode = 1;
      cancelled.abort(new Cancelled(signal));
      setTimeout(() => process.exit(1), CLEAN_UP_LIMIT_MS + LINGER_MS).unref();
    });
  }
  const environment = { ...process.env };
  const raw = readInputs();
  if (isPost()) {
    await post(environment, raw, cancelled.signal);
  } else {
    markMainRan();
    await step(environment, raw, cancelled.signal);
  }
}

try {
  await main();
} catch (thrown) {
  const message = forLog(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
  if (isPost()) error(message);
  else setFailed(message);
}
setTimeout(() => process.exit(), LINGER_MS).unref();
