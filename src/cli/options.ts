/** The declared inputs as flags, and flags back into raw inputs. */
import { Option } from 'commander';
import { belongsTo, INPUTS } from '../core/inputs.js';
import type { InputDeclaration, InputName, RawInputs } from '../core/inputs.js';
import type { Mode } from '../core/report.js';

/** The inputs that the command line has. */
export const CLI_INPUTS = INPUTS.filter((input) => belongsTo(input, 'cli'));

export interface InputOption {
  input: InputName;
  option: Option;
  /** All values, where they can be listed. */
  values: readonly string[];
}

/** One flag for each input that means something in the mode; one that takes several values may be repeated. */
export function inputOptions(mode: Mode): InputOption[] {
  return CLI_INPUTS.flatMap((declaration) => {
    const { name, modes, values = [] }: InputDeclaration = declaration;
    if (modes !== undefined && !modes.includes(mode)) return [];
    return [{ input: declaration.name, option: asOption(name, declaration), values }];
  });
}

function asOption(name: string, declaration: InputDeclaration): Option {
  const { description, flag, default: preset, list, flagOnly } = declaration;
  if (flagOnly === true)
    return new Option(flag ?? `--${name}`, description.replace(/: true or false\.$/, '.'));
  const repeated = list === true ? ' May be given several times.' : '';
  const otherwise = preset === undefined ? '' : ` Default: ${preset}.`;
  return new Option(flag ?? `--${name} <value>`, forFlags(description) + repeated + otherwise).argParser(
    (value: string, earlier: string | undefined) =>
      list === true && earlier !== undefined ? `${earlier}\n${value}` : value,
  );
}

/** Elsewhere several values stand one per line; here a flag is repeated. */
function forFlags(description: string): string {
  return description.replace(/[,;] (?:several, )?one per line/g, '');
}

/** The values that commander read, by input. Defaults are left to whoever reads the request. */
export function rawInputs(
  flags: readonly Pick<InputOption, 'input' | 'option'>[],
  values: Readonly<Record<string, unknown>>,
): RawInputs {
  return Object.fromEntries(
    flags.flatMap(({ input, option }): [InputName, string][] => {
      const value = values[option.attributeName()];
      if (value === true) return [[input, 'true']];
      return typeof value === 'string' ? [[input, value]] : [];
    }),
  );
}
