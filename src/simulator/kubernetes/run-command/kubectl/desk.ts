/** What every sub-command of kubectl works with. */
import type { ApiClient } from '../api-client.js';
import type { Process } from '../shell.js';
import type { Arguments, FlagSpecs } from './arguments.js';
import { failureText } from './failure.js';

export interface Desk {
  process: Process;
  args: Arguments;
  client: ApiClient;
  /** The one asked for, else `default`. */
  namespace: string;
}

/** A sub-command: the flags it knows, and what it does. It answers the exit code, or throws what kubectl ends with. */
export interface SubCommand {
  flags: FlagSpecs;
  run(desk: Desk): Promise<number>;
}

export const NAMESPACE = { namespace: { kind: 'text', short: 'n' } } as const satisfies FlagSpecs;
export const ALL_NAMESPACES = {
  'all-namespaces': { kind: 'switch', short: 'A' },
} as const satisfies FlagSpecs;
export const SELECTORS = {
  selector: { kind: 'text', short: 'l' },
  'field-selector': { kind: 'text' },
} as const satisfies FlagSpecs;
export const FILES = { filename: { kind: 'text', short: 'f' } } as const satisfies FlagSpecs;
export const OUTPUT = { output: { kind: 'text', short: 'o' } } as const satisfies FlagSpecs;

/** The list parameters of selectors that were given. */
export function selectorQuery({ args }: Desk): Record<string, string> {
  const label = args.text('selector');
  const field = args.text('field-selector');
  return {
    ...(label === undefined ? {} : { labelSelector: label }),
    ...(field === undefined ? {} : { fieldSelector: field }),
  };
}

/** Goes on after a failure, prints all of them at the end, and answers the exit code. */
export class Failures {
  private readonly errors: unknown[] = [];

  add(error: unknown): void {
    this.errors.push(error);
  }

  print({ process }: Desk): number {
    for (const error of this.errors) process.error(`${failureText(error)}\n`);
    return this.errors.length === 0 ? 0 : 1;
  }
}

/** Prints the server's warnings as client-go does. */
export function printWarnings({ process }: Desk, warnings: readonly string[]): void {
  for (const text of warnings) process.error(`Warning: ${text}\n`);
}
