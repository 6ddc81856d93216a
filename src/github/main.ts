/** Entry of the action's bundle, for its main and its post step. */
import { setFailed, warning } from '@actions/core';
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
      // The post step never fails a job.
      const exitCode = isPost() ? 0 : 1;
      process.exitCode = exitCode;
      cancelled.abort(new Cancelled(signal));
      setTimeout(() => process.exit(exitCode), CLEAN_UP_LIMIT_MS + LINGER_MS).unref();
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
  if (isPost()) warning(message);
  else setFailed(message);
}
setTimeout(() => process.exit(), LINGER_MS).unref();
