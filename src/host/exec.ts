/** The core's {@link Exec}: commands of this machine, without a shell. */
import { execFile } from 'node:child_process';
import type { Exec } from '../core/ports.js';

/** The command isn't on this machine, or not on its PATH. */
export class CommandNotFound extends Error {
  override readonly name = 'CommandNotFound';
  constructor(readonly command: string) {
    super(`${command} was not found on this machine's PATH`);
  }
}

/** The longest output of a command that is read. */
const LONGEST_OUTPUT = 16 * 1024 * 1024;

/**
 * Inputs may hold what only we should see, states are ours, and whoever holds the others can sign in as the workflow or the
 * service connection. The agent's: azure-pipelines-task-lib, internal.js, which takes most of them away when it loads.
 */
const NOT_FOR_CHILDREN =
  /^(INPUT_|STATE_|ACTIONS_ID_TOKEN_|ENDPOINT_|SECRET_|SECUREFILE_|VSTS_|SYSTEM_ACCESSTOKEN$)/i;

/** The environment that commands get: all of it but this step's inputs, its state and the workflow's identity. */
export function environmentForChildren(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value === undefined || NOT_FOR_CHILDREN.test(name) ? [] : [[name, value]],
    ),
  );
}

/**
 * Runs commands by `execFile`: arguments stay arguments. An exit code other than 0 is an answer, not an error.
 * Throws {@link CommandNotFound}; the signal's reason when it is aborted; an error when the time is over.
 */
export function createExec(
  environment: NodeJS.ProcessEnv,
  platform: NodeJS.Platform = process.platform,
): Exec {
  return {
    run: (command, args, { signal, timeoutMs } = {}) =>
      new Promise((resolve, reject) => {
        const [file, fileArgs] = platform === 'win32' ? throughCmd(command, args) : [command, args];
        const options = {
          env: environmentForChildren(environment),
          maxBuffer: LONGEST_OUTPUT,
          timeout: timeoutMs ?? 0,
          ...(signal === undefined ? {} : { signal }),
        };
        execFile(file, fileArgs, options, (error, stdout, stderr) => {
          if (error === null) resolve({ exitCode: 0, stdout, stderr });
          else if (signal?.aborted === true) reject(asError(signal.reason));
          else if (error.code === 'ENOENT' || error.code === NOT_FOUND_BY_CMD)
            reject(new CommandNotFound(command));
          else if (typeof error.code === 'number') resolve({ exitCode: error.code, stdout, stderr });
          else if (error.killed === true) reject(new Error(`${command} did not end within ${timeoutMs} ms`));
          else reject(new Error(`${command} could not be run: ${error.message.split('\n')[0] ?? ''}`));
        });
      }),
  };
}

/** Exit code of cmd.exe for a command that it doesn't find (winerror.h, MSG_DIR_BAD_COMMAND_OR_FILE). */
const NOT_FOUND_BY_CMD = 9009;

/**
 * Windows runs `az.cmd` only through cmd.exe, which reads its command line once more: so only words that mean nothing
 * to it are let through (https://nodejs.org/api/child_process.html, "Spawning .bat and .cmd files on Windows").
 */
export function throughCmd(command: string, args: readonly string[]): [string, string[]] {
  const unsafe = [command, ...args].find((word) => !/^[\w./:=-]+$/.test(word));
  if (unsafe !== undefined) throw new Error(`${command} can't be given ${JSON.stringify(unsafe)} on Windows`);
  return ['cmd.exe', ['/d', '/c', command, ...args]];
}

export function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
