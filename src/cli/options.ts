/** The declared inputs as flags, and flags back into raw inputs. */
import { Option } from 'commander';
import { INPUTS } from '../core/inputs.js';
import type { InputDeclaration, InputName, RawInputs } from '../core/inputs.js';

/** The inputs that the command line has. */
export const CLI_INPUTS = INPUTS.filter(
  ({ only }: InputDeclaration) => only === undefined || only.includes('cli'),
);

/** One flag for each input; one that takes several values may be repeated. */
export function inputOptions(): { input: InputName; option: Option }[] {
  return CLI_INPUTS.map((declaration) => {
    const { name, description, flag, default: preset, list }: InputDeclaration = declaration;
    const repeated = list === true ? ' May be given several times.' : '';
    const otherwise = preset === undefined ? '' : ` Default: ${preset}.`;
    const option = new Option(
      flag ?? `--${name} <value>`,
      forFlags(description) + repeated + otherwise,
    ).argParser((value: string, earlier: string | undefined) =>
      list === true && earlier !== undefined ? `${earlier}\n${value}` : value,
    );
    return { input: declaration.name, option };
  });
}

/** Elsewhere several values stand one per line; here a flag is repeated. */
function forFlags(description: string): string {
  return description.replace(/[,;] (?:several, )?one per line/g, '');
}

/** The values that commander read, by input. Defaults are left to whoever reads the request. */
export function rawInputs(
  flags: readonly { input: InputName; option: Option }[],
  values: Readonly<Record<string, unknown>>,
): RawInputs {
  return Object.fromEntries(
    flags.flatMap(({ input, option }): [InputName, string][] => {
      const value = values[option.attributeName()];
      return typeof value === 'string' ? [[input, value]] : [];
    }),
  );
}
