/**
 * The part of kubectl that command pods are modelled with: what it asks the API server, what it prints and its exit
 * codes. Held against kubectl 1.32 on the same simulated cluster (__tests__/real/run-command.test.ts).
 */
import { NotModelled } from '../../../net/exchange.js';
import type { ApiClient } from '../api-client.js';
import type { ShellProgram } from '../shell.js';
import { Arguments } from './arguments.js';
import { apply, create } from './create.js';
import { remove } from './delete.js';
import type { SubCommand } from './desk.js';
import { failureText } from './failure.js';
import { get } from './get.js';
import { auth, logs, version } from './inquiries.js';
import { wait } from './wait.js';

const SUB_COMMANDS: Readonly<Record<string, SubCommand>> = {
  apply,
  auth,
  create,
  delete: remove,
  get,
  logs,
  version,
  wait,
};

/** kubectl for one user of one cluster. */
export function kubectl(client: ApiClient): ShellProgram {
  return async (process) => {
    const [name = '', ...rest] = process.args;
    const subCommand = Object.hasOwn(SUB_COMMANDS, name) ? SUB_COMMANDS[name] : undefined;
    if (subCommand === undefined) throw new NotModelled(`kubectl ${name}`);
    const args = Arguments.read(rest, subCommand.flags);
    try {
      return await subCommand.run({ process, args, client, namespace: args.text('namespace') ?? 'default' });
    } catch (error) {
      process.error(`${failureText(error)}\n`);
      return 1;
    }
  };
}
