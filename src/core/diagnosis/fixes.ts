/** How a cause's fix is written down. */
import type { Fix } from '../report.js';
import type { Command } from './commands.js';

/** A fix: what to do in words, and the commands that are known. */
export function fix(summary: string, ...commands: readonly (Command | undefined)[]): Fix {
  const known = commands.filter((one) => one !== undefined);
  return {
    summary,
    commands: known.map((one) => one.pasteable),
    ...(known.length === 0 ? {} : { literalCommands: known.map((one) => one.literal) }),
  };
}

/** A fix that is the same whatever is known. */
export const say = (summary: string) => (): Fix => fix(summary);
