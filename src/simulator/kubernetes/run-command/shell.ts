/** Runs a command as the shell of a command pod would: no process is ever started, only what is modelled here happens. */
import { setTimeout as pause } from 'node:timers/promises';
import { NotModelled } from '../../net/exchange.js';
import { parseShell } from './shell-syntax.js';
import type { Pipeline } from './shell-syntax.js';

/** What one program of the shell is given. */
export interface Process {
  /** Without the program's own name. */
  args: readonly string[];
  /** What the program before it in a pipeline wrote; empty for the first. */
  input: string;
  /** By path below the working folder. */
  files: ReadonlyMap<string, Buffer>;
  out: (text: string) => void;
  error: (text: string) => void;
  /** Aborted when the pod is ended. */
  signal: AbortSignal;
}

/** A program: answers its exit code. */
export type ShellProgram = (process: Process) => Promise<number> | number;

/** The shell's exit code for a program that isn't there; what isn't modelled ends with the same. */
export const NOT_FOUND = 127;

/**
 * The simulated programs of the command pod beside kubectl. What they print is bash's and GNU's (assumption: which ones
 * the pod has isn't documented, https://learn.microsoft.com/azure/aks/access-private-cluster names "Bash support").
 */
const PROGRAMS: Readonly<Record<string, ShellProgram>> = {
  true: () => 0,
  false: () => 1,
  ':': () => 0,
  echo: ({ args, out }) => {
    const quiet = args[0] === '-n';
    const words = quiet ? args.slice(1) : args;
    if (/^-[neE]+$/.test(words[0] ?? '')) throw new NotModelled(`echo ${words[0]}`);
    out(words.join(' ') + (quiet ? '' : '\n'));
    return 0;
  },
  cat: ({ args, input, files, out, error }) => {
    refuseOptions('cat', args);
    let exitCode = 0;
    for (const name of args.length === 0 ? ['-'] : args) {
      const text = name === '-' ? input : files.get(filePath(name))?.toString();
      if (text !== undefined) out(text);
      else {
        error(`cat: ${name}: No such file or directory\n`);
        exitCode = 1;
      }
    }
    return exitCode;
  },
  ls: ({ args, files, out, error }) => {
    refuseOptions('ls', args);
    if (args.length > 1) throw new NotModelled('ls of more than one folder');
    const [name = '.'] = args;
    const folder = filePath(name);
    const found = files.has(folder) ? [name] : namesIn(files, folder);
    if (found.length === 0 && folder !== '') {
      error(`ls: cannot access '${name}': No such file or directory\n`);
      return 2;
    }
    out(found.map((one) => `${one}\n`).join(''));
    return 0;
  },
  sleep: async ({ args, signal }) => {
    const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)([smh]?)$/.exec(args.join(' ')) ?? [];
    if (number === undefined) throw new NotModelled(`sleep ${args.join(' ')}`);
    const seconds = { '': 1, s: 1, m: 60, h: 3600 }[unit] ?? 1;
    await pause(Number(number) * seconds * 1000, undefined, { signal, ref: false });
    return 0;
  },
};

/** Ends the script. */
class Exit extends Error {
  constructor(readonly exitCode: number) {
    super('exit');
  }
}

export interface ShellOptions {
  files: ReadonlyMap<string, Buffer>;
  kubectl: ShellProgram;
  /** Standard output and standard error, as they come. */
  log: (text: string) => void;
  signal: AbortSignal;
}

/**
 * Runs a script and answers its exit code. What isn't modelled is said in the log and ends the whole script with
 * {@link NOT_FOUND}, whatever `||` stands behind it: how it would have gone on is unknown. Rejects when aborted.
 */
export async function runShell(script: string, options: ShellOptions): Promise<number> {
  let last = 0;
  try {
    for (const { when, pipeline } of parseShell(script)) {
      if (when === 'always' || (last === 0) === (when === 'succeeded'))
        last = await run(pipeline, last, options);
    }
    return last;
  } catch (error) {
    if (error instanceof Exit) return error.exitCode;
    options.signal.throwIfAborted();
    if (!(error instanceof NotModelled)) throw error;
    options.log(`NotModelled: the simulator doesn't model this command: ${error.message}\n`);
    return NOT_FOUND;
  }
}

/** One program after the other, each with the output of the one before. The last one's exit code counts. */
async function run(
  pipeline: Pipeline,
  last: number,
  { files, kubectl, log, signal }: ShellOptions,
): Promise<number> {
  let input = '';
  let exitCode = 0;
  for (const [index, [name = '', ...args]] of pipeline.entries()) {
    const isLast = index === pipeline.length - 1;
    let output = '';
    const out = isLast ? log : (text: string): void => void (output += text);
    signal.throwIfAborted();
    if (name === 'exit') {
      if (args.length > 1 || !/^\d*$/.test(args[0] ?? '')) throw new NotModelled(`exit ${args.join(' ')}`);
      exitCode = args[0] === undefined ? last : Number(args[0]) % 256;
      if (pipeline.length === 1) throw new Exit(exitCode);
    } else {
      const program =
        name === 'kubectl' ? kubectl : Object.hasOwn(PROGRAMS, name) ? PROGRAMS[name] : undefined;
      if (program === undefined) throw new NotModelled(`the program ${name}`);
      exitCode = await program({ args, input, files, out, error: log, signal });
    }
    input = output;
  }
  return exitCode;
}

/** Where a path leads, below the working folder; empty for the folder itself. */
export function filePath(name: string): string {
  if (name.startsWith('/') || name.split('/').includes('..'))
    throw new NotModelled(`the path ${name}, outside of the command's folder`);
  return name
    .split('/')
    .filter((part) => part !== '.' && part !== '')
    .join('/');
}

function namesIn(files: ReadonlyMap<string, Buffer>, folder: string): string[] {
  const prefix = folder === '' ? '' : `${folder}/`;
  const below = [...files.keys()].filter((path) => path.startsWith(prefix));
  // A name that begins with a dot isn't listed.
  return [...new Set(below.map((path) => path.slice(prefix.length).split('/', 1)[0] ?? ''))]
    .filter((name) => !name.startsWith('.'))
    .sort();
}

function refuseOptions(program: string, args: readonly string[]): void {
  const option = args.find((arg) => arg.length > 1 && arg.startsWith('-'));
  if (option !== undefined) throw new NotModelled(`${program} ${option}`);
}
