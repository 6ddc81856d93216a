/** The core's Exec on a GitHub runner, through its toolkit: it finds `az` and `az.cmd` alike and quotes for each system. */
import { getExecOutput } from '@actions/exec';
import type { Exec } from '../core/ports.js';
import { CommandNotFound, environmentForChildren } from '../host/exec.js';
import { unlessAborted } from '../host/token-cache.js';

/**
 * Commands of the runner, nothing of them echoed into the log. An exit code other than 0 is an answer. The toolkit can't
 * end a command: when the time is over or the signal comes, it is no longer waited for, and ends with the step.
 */
export function actionsExec(environment: NodeJS.ProcessEnv): Exec {
  return {
    async run(command, args, { signal, timeoutMs } = {}) {
      const limit = timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)];
      const ended = AbortSignal.any([...(signal === undefined ? [] : [signal]), ...limit]);
      const running = getExecOutput(command, args, {
        silent: true,
        ignoreReturnCode: true,
        env: environmentForChildren(environment),
      });
      try {
        return await unlessAborted(running, ended);
      } catch (error) {
        if (limit[0]?.aborted === true)
          throw new Error(`${command} did not end within ${timeoutMs} ms`, { cause: error });
        if (error instanceof Error && error.message.includes('Unable to locate executable file')) {
          throw new CommandNotFound(command);
        }
        throw error;
      }
    },
  };
}
