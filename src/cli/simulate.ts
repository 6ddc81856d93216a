/** `simulate`: a simulated Azure that runs until it is interrupted, for whatever honours HTTPS_PROXY and a CA file. */
import { rmSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { loadScenario, PortInUse, ScenarioError, startSimulator } from '../simulator/index.js';
import type { RequestRecord } from '../simulator/index.js';
import { forLog } from '../render/escape.js';
import { EXIT } from './exit-codes.js';
import type { SimulateOutput } from './output-forms.js';
import { interruptible, interruption } from './interrupt.js';
import { NoScenario, openScenario, problemLines } from './scenario-file.js';
import type { ScenarioFile } from './scenario-file.js';
import { announcement } from './simulate/announcement.js';
import { introduce, variablesOf } from './simulate/introduction.js';
import { leash } from './simulate/leash.js';
import type { Input } from './simulate/leash.js';
import { openLogins } from './simulate/logins.js';
import { requestLines } from './simulate/request-lines.js';
import { likelyShell, SHELL } from './simulate/shells.js';
import type { ShellName } from './simulate/shell-names.js';
import type { Variable } from './simulate/shells.js';
import { Lines } from './terminal.js';
import type { Terminal } from './terminal.js';

export interface SimulateOptions {
  /** A built-in name, or the path of a YAML file. */
  scenario: string;
  /** Folder of the built-in ones. */
  scenarios: string;
  /** Only tell what is wrong with the scenario. */
  check: boolean;
  /** Of the proxy; default any free one. */
  port?: number;
  /** What is pasted into; default by the machine. */
  shell?: ShellName;
  output: SimulateOutput;
  /** Show no requests. */
  quiet: boolean;
  /** Lines `NAME=value` are appended to it once the cloud runs. */
  variablesFile?: string;
}

/** What can't be done, in a sentence for the user. */
class Refused extends Error {}

/**
 * Runs until Ctrl-C, SIGTERM, or the end of whoever holds the other end of standard input. Whatever is wrong with the
 * scenario is told before anything listens.
 *
 * @returns the exit code
 */
export async function simulateCommand(
  options: SimulateOptions,
  terminal: Terminal,
  input: Input = process.stdin,
): Promise<number> {
  const errors = new Lines(terminal.stderr, terminal.environment);
  let file: ScenarioFile | undefined;
  try {
    file = await openScenario(options.scenario, options.scenarios);
    return await (options.check ? check(file, terminal) : serve(file, options, terminal, input));
  } catch (error) {
    for (const line of refusal(error, file)) errors.line(forLog(line));
    return EXIT.unusable;
  }
}

/** What to tell of an error that is the user's; any other one is thrown on. */
function refusal(error: unknown, file: ScenarioFile | undefined): string[] {
  if (error instanceof ScenarioError && file !== undefined) return problemLines(file, error);
  if (error instanceof NoScenario || error instanceof Refused) return [`✗ ${error.message}`];
  if (error instanceof PortInUse)
    return [
      `✗ ${error.message}`,
      `  Leave --port out to get a free one, or end what listens there (${whoListens(error.port)} tells what it is).`,
    ];
  throw error;
}

function whoListens(port: number): string {
  return process.platform === 'win32'
    ? `netstat -ano | findstr :${port}`
    : `lsof -i TCP:${port} -s TCP:LISTEN`;
}

function check(file: ScenarioFile, terminal: Terminal): number {
  const { name, state } = loadScenario(file.text, Date.now());
  const counted = [
    [state.clusters.length, 'cluster'],
    [state.registries.length, 'registry'],
    [state.principals.length, 'identity'],
    [state.roleAssignments.length, 'role assignment'],
  ] as const;
  const out = new Lines(terminal.stdout, terminal.environment);
  const plural = (word: string): string => (word.endsWith('y') ? `${word.slice(0, -1)}ies` : `${word}s`);
  out.story(
    `✓ ${forLog(file.shown)} can be simulated: ${forLog(name)}, ${counted
      .map(([count, word]) => `${count} ${count === 1 ? word : plural(word)}`)
      .join(', ')}`,
  );
  return EXIT.passed;
}

async function serve(
  file: ScenarioFile,
  options: SimulateOptions,
  terminal: Terminal,
  input: Input,
): Promise<number> {
  const out = new Lines(terminal.stdout, terminal.environment);
  const held = leash(input);
  // Until all is told no request is shown: none can have been made on what was told.
  let show: (record: RequestRecord) => void = () => undefined;
  await interruptible(
    (name) => new Error(name),
    async (interrupted) => {
      // Tried before anything listens, as everything that can be refused.
      if (options.variablesFile !== undefined) await append(options.variablesFile, '');
      const simulator = await startSimulator(file.text, {
        onRequest: (record) => show(record),
        ...(options.port === undefined ? {} : { port: options.port }),
      });
      const stops: (() => Promise<void>)[] = [() => simulator.stop()];
      try {
        const folder = dirname(simulator.caFile);
        // However this process ends, as by a second Ctrl-C, nothing of the cloud stays on the disk.
        const remove = (): void => rmSync(folder, { recursive: true, force: true });
        process.once('exit', remove);
        stops.push(async () => void process.off('exit', remove));
        const logins = await openLogins(simulator, folder);
        stops.unshift(() => logins.stop());
        const variables = variablesOf(simulator, folder);
        refuseUnpasteable(variables);
        if (options.variablesFile !== undefined)
          await append(options.variablesFile, environmentLines(variables));
        if (options.output === 'json') {
          const tell = (event: object): void => out.line(JSON.stringify(event));
          tell(announcement(simulator, variables, logins.logins));
          if (!options.quiet) show = (record) => tell({ event: 'request', ...record });
        } else {
          const shell = SHELL[options.shell ?? likelyShell(process.platform, terminal.environment)];
          introduce(simulator, variables, logins.logins, shell, out);
          if (!options.quiet) show = (record) => requestLines(record, out).forEach((line) => out.line(line));
        }
        await Promise.race([interruption(interrupted), held.letGo()]);
      } finally {
        held.stop();
        for (const stop of stops) await stop();
      }
    },
  );
  return EXIT.interrupted;
}

/** A folder for temporary files may have any name; a line break in it would end the line that is pasted. */
function refuseUnpasteable(variables: readonly Variable[]): void {
  for (const variable of variables) {
    const text = 'value' in variable ? variable.value : variable.file;
    if (/\p{Cc}/u.test(text))
      throw new Refused(
        `${variable.name} would be ${JSON.stringify(text)}, which can't be pasted: set TMPDIR to a folder whose path has no control characters`,
      );
  }
}

/** As GITHUB_ENV and Docker's --env-file have it: nothing is quoted. */
function environmentLines(variables: readonly Variable[]): string {
  return variables
    .flatMap((variable) => ('value' in variable ? [`${variable.name}=${variable.value}\n`] : []))
    .join('');
}

async function append(file: string, text: string): Promise<void> {
  try {
    await appendFile(file, text, { mode: 0o600 });
  } catch (error) {
    throw new Refused(
      `--variables-file: ${file} can't be written to: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
