/** Options of a command line, read by what the command declares. Whatever it doesn't declare is refused. */
import { Refused } from './words.js';

/** One option: all its spellings, and what follows it. */
export interface Option {
  names: readonly string[];
  takes: 'value' | 'nothing' | 'a value or nothing';
  required?: true;
}

/** The options of a command, by the name under which it looks for them. */
export type Options = Readonly<Record<string, Option>>;

/** Values by the same names; `''` for an option without a value. */
export type Values<T extends Options> = { readonly [Name in keyof T]?: string };

/** @throws {Refused} for an option that isn't declared, one without its value, one that is missing, and any other word */
export function readOptions<T extends Options>(options: T, words: readonly string[]): Values<T> {
  const values: Record<string, string> = {};
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [key, option] = Object.entries(options).find(([, { names }]) => names.includes(word ?? '')) ?? [];
    if (key === undefined || option === undefined) throw new Refused(`${word} is not known here`);
    if (values[key] !== undefined) throw new Refused(`${word} stands there twice`);
    const next = rest[0];
    if (
      option.takes === 'nothing' ||
      (option.takes === 'a value or nothing' && (next === undefined || next.startsWith('-')))
    )
      values[key] = '';
    else if (next === undefined) throw new Refused(`${word} has no value`);
    else if (next === '') throw new Refused(`${word} is given nothing`);
    else values[key] = rest.shift() ?? '';
  }
  for (const [key, { names, required }] of Object.entries(options))
    if (required === true && values[key] === undefined)
      throw new Refused(`${names.at(-1) ?? key} is missing`);
  return values;
}

export const value = (...names: string[]): Option => ({ names, takes: 'value' });
export const needed = (...names: string[]): Option => ({ names, takes: 'value', required: true });
export const alone = (...names: string[]): Option => ({ names, takes: 'nothing' });
/** As az's three-state flags: `--public-network-enabled`, `--public-network-enabled true`. */
export const state = (...names: string[]): Option => ({ names, takes: 'a value or nothing' });

/** What a three-state flag means. */
export function isTrue(given: string | undefined): boolean | undefined {
  if (given === undefined) return undefined;
  if (given === '' || given === 'true') return true;
  if (given === 'false') return false;
  throw new Refused(`${given} is neither true nor false`);
}
