/** Entry of the task's bundle. */
import { agent } from './agent.js';
import { Cancelled } from '../host/failure.js';
import { CLEAN_UP_LIMIT_MS } from '../host/run.js';
import { forLog } from '../render/escape.js';
import { readInputs } from './inputs.js';
import { step } from './step.js';

/**
 * How long what is still open may keep the process alive once all is told. With the clean-up's limit it stays below the
 * 7.5 s after which the agent's SIGINT becomes a SIGTERM (azure-pipelines-agent, AgentKnobs.cs: PROCESS_SIGINT_TIMEOUT).
 */
const LINGER_MS = 1_000;

async function main(): Promise<void> {
  const cancelled = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      cancelled.abort(new Cancelled(signal));
      setTimeout(() => {
        agent.complete('Failed', `cancelled (${signal}), and could not be ended in time`);
        process.exit();
      }, CLEAN_UP_LIMIT_MS + LINGER_MS).unref();
    });
  }
  const { result, message } = await step(agent, { ...process.env }, readInputs(agent), cancelled.signal);
  agent.complete(result, message);
}

try {
  await main();
} catch (thrown) {
  agent.complete(
    'Failed',
    forLog(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)),
  );
}
// The agent wants exit code 0: results are told on standard output (azure-pipelines-agent, Handler.cs).
setTimeout(() => process.exit(0), LINGER_MS).unref();
