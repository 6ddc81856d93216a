/** Places that variables can be pasted into, each with its own way to set one and to quote a word. */
import type { ShellName } from './shell-names.js';
import { forPowerShell, forShell, forYaml } from '../../render/escape.js';

/** A variable: its value, or the file that holds it, when it is a secret. */
export type Variable = { name: string; value: string } | { name: string; file: string };

export interface Shell {
  /** Where to paste, as a sentence's end: `into the shell whose programs are to reach it`. */
  place: string;
  /** What stands before the variables. */
  head: readonly string[];
  variable(variable: Variable): string;
  comment(text: string): string;
  /** A word of a command line; absent where no commands can be pasted. */
  word?: (text: string) => string;
  /** Names of variables in upper case and in lower case are one and the same. */
  ignoresCase: boolean;
}

/** How the value of a secret is named where a file can't be read: whoever pastes it fills it in. */
const yamlVariable = (variable: Variable): string =>
  'value' in variable
    ? `  ${variable.name}: ${forYaml(variable.value)}`
    : `  # ${variable.name}: the text of ${forYaml(variable.file)}, as a secret`;

export const SHELL: Readonly<Record<ShellName, Shell>> = {
  bash: {
    place: 'into the shell whose programs are to reach it',
    head: [],
    variable: (variable) =>
      'value' in variable
        ? `export ${variable.name}=${forShell(variable.value)}`
        : `export ${variable.name}="$(cat ${forShell(variable.file)})"`,
    comment: (text) => `# ${text}`,
    word: forShell,
    ignoresCase: false,
  },
  powershell: {
    place: 'into the PowerShell whose programs are to reach it',
    head: [],
    variable: (variable) =>
      'value' in variable
        ? `$env:${variable.name} = ${forPowerShell(variable.value)}`
        : `$env:${variable.name} = Get-Content -Raw -LiteralPath ${forPowerShell(variable.file)}`,
    comment: (text) => `# ${text}`,
    word: (text) => (/^[A-Za-z0-9_./:=-]+$/.test(text) ? text : forPowerShell(text)),
    ignoresCase: true,
  },
  // https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax, "env"
  workflow: {
    place: 'into a step of a job that runs on this machine',
    head: ['env:'],
    variable: yamlVariable,
    comment: (text) => `  # ${text}`,
    ignoresCase: false,
  },
  // https://learn.microsoft.com/azure/devops/pipelines/process/variables: tasks and scripts see them in upper case.
  'azure-pipelines': {
    place: 'into a job that runs on this machine',
    head: ['variables:'],
    variable: yamlVariable,
    comment: (text) => `  # ${text}`,
    ignoresCase: true,
  },
};

/** The shell that is most likely at hand: PowerShell on Windows, unless Git's bash is running there. */
export function likelyShell(platform: NodeJS.Platform, environment: NodeJS.ProcessEnv): ShellName {
  return platform === 'win32' && environment.MSYSTEM === undefined ? 'powershell' : 'bash';
}

/** The lines that set variables. */
export function settingLines(shell: Shell, variables: readonly Variable[]): string[] {
  const seen = new Set<string>();
  return variables
    .filter(({ name }) => {
      const key = shell.ignoresCase ? name.toUpperCase() : name;
      return seen.has(key) ? false : seen.add(key);
    })
    .map((variable) => shell.variable(variable));
}

/** Commands that write into one another, as a line of the shell; undefined where there are none. */
export function pipeline({ word }: Shell, commands: readonly (readonly string[])[]): string | undefined {
  if (word === undefined) return undefined;
  return commands.map(([program = '', ...args]) => [program, ...args.map(word)].join(' ')).join(' | ');
}
