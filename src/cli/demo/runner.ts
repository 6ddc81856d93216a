/** One step of an action, run as GitHub's runner runs it: its environment and nothing else, its files, then its post step. */
import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { arch } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { INPUTS } from '../../core/inputs.js';
import type { InputDeclaration, RawInputs } from '../../core/inputs.js';
import { readFileCommands, readOutputLine } from './workflow-commands.js';
import type { OutputLine } from './workflow-commands.js';

/** What the job around the step is. */
export interface Job {
  /** owner/name */
  repository: string;
  ref: string;
  event: string;
  /** The job's identity; absent without `id-token: write`. */
  idToken?: { requestUrl: string; requestToken: string };
  /** What leads the runner's machine to its network: proxy and certificate authority. */
  network: Readonly<Record<string, string>>;
}

export interface Step {
  /** The action's one bundle, for main and post. */
  bundle: string;
  inputs: RawInputs;
  job: Job;
  /** A folder of this step's own; made here. */
  folder: string;
  signal: AbortSignal;
  onLine: (line: OutputLine) => void;
  /** The main step is over; its post step begins. */
  onPost: () => void;
}

export interface StepOutcome {
  exitCode: number;
  postExitCode: number;
  outputs: Record<string, string>;
  /** The job summary, Markdown. */
  summary: string;
  summaryPath: string;
  durationMs: number;
}

/** A step that takes longer than this hangs. */
const LIMIT_MS = 300_000;

/** Runs main, then post with the state that main saved. */
export async function runStep(step: Step): Promise<StepOutcome> {
  const files = await makeFiles(step.folder);
  const environment = { ...runnerEnvironment(step, files), ...inputVariables(step.inputs) };
  const began = Date.now();
  const exitCode = await runNode(step, environment);
  const durationMs = Date.now() - began;
  const state = readFileCommands(await readFile(files.GITHUB_STATE, 'utf8'));
  step.onPost();
  const postExitCode = await runNode(step, {
    ...environment,
    ...Object.fromEntries(Object.entries(state).map(([name, value]) => [`STATE_${name}`, value])),
  });
  return {
    exitCode,
    postExitCode,
    outputs: readFileCommands(await readFile(files.GITHUB_OUTPUT, 'utf8')),
    summary: await readFile(files.GITHUB_STEP_SUMMARY, 'utf8'),
    summaryPath: files.GITHUB_STEP_SUMMARY,
    durationMs,
  };
}

type Files = Record<
  'GITHUB_OUTPUT' | 'GITHUB_STATE' | 'GITHUB_STEP_SUMMARY' | 'GITHUB_ENV' | 'GITHUB_PATH',
  string
>;

async function makeFiles(folder: string): Promise<Files> {
  for (const name of ['temp', 'tools', 'work', 'home']) await mkdir(join(folder, name), { recursive: true });
  const files: Files = {
    GITHUB_OUTPUT: join(folder, 'output'),
    GITHUB_STATE: join(folder, 'state'),
    GITHUB_STEP_SUMMARY: join(folder, 'summary.md'),
    GITHUB_ENV: join(folder, 'env'),
    GITHUB_PATH: join(folder, 'path'),
  };
  for (const file of [...Object.values(files)]) await writeFile(file, '');
  return files;
}

const RUNNER_OS: Readonly<Partial<Record<NodeJS.Platform, string>>> = { win32: 'Windows', darwin: 'macOS' };
const RUNNER_ARCH: Readonly<Record<string, string>> = { x64: 'X64', ia32: 'X86', arm: 'ARM', arm64: 'ARM64' };

/**
 * The variables that a runner sets (docs.github.com, "Variables reference"), and of the machine's own only what every runner
 * has. Nothing of this process's environment gets through: no login, no setting.
 */
function runnerEnvironment({ job, folder }: Step, files: Files): Record<string, string> {
  const [owner = ''] = job.repository.split('/');
  const temp = join(folder, 'temp');
  return {
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_ACTION: '__self',
    GITHUB_ACTION_REPOSITORY: 'aks-acr-pull/aks-acr-pull',
    GITHUB_ACTOR: owner,
    GITHUB_ACTOR_ID: '1',
    GITHUB_API_URL: 'https://api.github.com',
    GITHUB_BASE_REF: '',
    GITHUB_EVENT_NAME: job.event,
    GITHUB_GRAPHQL_URL: 'https://api.github.com/graphql',
    GITHUB_HEAD_REF: '',
    GITHUB_JOB: 'deploy',
    GITHUB_REF: job.ref,
    GITHUB_REF_NAME: job.ref.replace(/^refs\/(heads|tags)\//, ''),
    GITHUB_REF_PROTECTED: 'true',
    GITHUB_REF_TYPE: job.ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    GITHUB_REPOSITORY: job.repository,
    GITHUB_REPOSITORY_ID: '1',
    GITHUB_REPOSITORY_OWNER: owner,
    GITHUB_REPOSITORY_OWNER_ID: '1',
    GITHUB_RETENTION_DAYS: '90',
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_RUN_ID: '1',
    GITHUB_RUN_NUMBER: '1',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_SHA: '0'.repeat(40),
    GITHUB_TRIGGERING_ACTOR: owner,
    GITHUB_WORKFLOW: 'deploy',
    GITHUB_WORKFLOW_REF: `${job.repository}/.github/workflows/deploy.yml@${job.ref}`,
    GITHUB_WORKFLOW_SHA: '0'.repeat(40),
    GITHUB_WORKSPACE: join(folder, 'work'),
    RUNNER_ARCH: RUNNER_ARCH[arch()] ?? 'X64',
    RUNNER_ENVIRONMENT: 'self-hosted',
    RUNNER_NAME: 'demo',
    RUNNER_OS: RUNNER_OS[process.platform] ?? 'Linux',
    RUNNER_TEMP: temp,
    RUNNER_TOOL_CACHE: join(folder, 'tools'),
    ...files,
    ...(job.idToken === undefined
      ? {}
      : {
          ACTIONS_ID_TOKEN_REQUEST_URL: job.idToken.requestUrl,
          ACTIONS_ID_TOKEN_REQUEST_TOKEN: job.idToken.requestToken,
        }),
    HOME: join(folder, 'home'),
    LANG: 'C.UTF-8',
    // Node alone: whatever else is on this machine's PATH is none of a demo's business.
    PATH: dirname(process.execPath),
    ...(process.platform === 'win32' && process.env.SystemRoot !== undefined
      ? { SystemRoot: process.env.SystemRoot }
      : {}),
    ...job.network,
  };
}

/** Every input that the action declares has its variable; those not given hold their default. */
function inputVariables(inputs: RawInputs): Record<string, string> {
  const declared = INPUTS.filter(
    ({ only }: InputDeclaration) => only === undefined || only.includes('github'),
  );
  return Object.fromEntries(
    declared.map((declaration) => {
      const { default: preset = '' }: InputDeclaration = declaration;
      return [`INPUT_${declaration.name.toUpperCase()}`, inputs[declaration.name] ?? preset];
    }),
  );
}

function runNode(
  { bundle, folder, signal, onLine }: Step,
  environment: Record<string, string>,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bundle], {
      cwd: join(folder, 'work'),
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
    const interrupt = (): void => {
      child.kill('SIGINT');
    };
    signal.addEventListener('abort', interrupt, { once: true });
    if (signal.aborted) interrupt();
    // The runner reads both for commands.
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream, crlfDelay: Infinity }).on('line', (line) =>
        onLine(readOutputLine(line)),
      );
    }
    const done = (): void => {
      clearTimeout(limit);
      signal.removeEventListener('abort', interrupt);
    };
    child.once('error', (error) => {
      done();
      reject(error);
    });
    child.once('close', (code, killedBy) => {
      done();
      if (killedBy === 'SIGKILL') reject(new Error(`the step did not end within ${LIMIT_MS / 1000} s`));
      else resolve(code ?? 1);
    });
  });
}
