/**
 * Runs the task's bundle exactly as Azure Pipelines' agent runs a task: unpacked where the agent keeps tasks, with the
 * agent's variables and no others, and a log in which commands are carried out and masked values are hidden. Sources:
 * microsoft/azure-pipelines-agent, src/Agent.Worker (Handlers/Handler.cs, Handlers/NodeHandler.cs, TaskRunner.cs,
 * TaskCommandExtension.cs) and src/Agent.Sdk (Util/VarUtil.cs, Knob/AgentKnobs.cs).
 */
import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { PROJECT, SHIPPED } from './runner.js';

/** What task.json says, as far as the agent looks at it. */
export interface TaskFile {
  id: string;
  name: string;
  version: { Major: number; Minor: number; Patch: number };
  inputs: { name: string; type: string; defaultValue?: string; required?: boolean }[];
  outputVariables: { name: string }[];
  restrictions?: { settableVariables?: { allowed: string[] } };
  execution: Record<string, { target: string }>;
}

/** A service connection as the server hands it to the agent. */
export interface Connection {
  url: string;
  scheme: string;
  parameters: Record<string, string>;
  data: Record<string, string>;
}

export interface TaskOptions {
  /** As in a pipeline's `inputs`; what isn't given gets task.json's default. */
  inputs: Record<string, string>;
  /** By id. The agent passes on only those that an input names. */
  connections: Record<string, Connection>;
  /** System.AccessToken. */
  accessToken: string;
  /** System.OidcRequestUri; absent on Azure DevOps Server. */
  oidcRequestUri?: string;
  /** Further pipeline variables, such as `Build.Reason`. */
  variables?: Record<string, string>;
  secretVariables?: Record<string, string>;
  /** What the machine has besides: a proxy, certificate authorities. */
  machine?: Record<string, string>;
  /** Default: the one the tests run on. */
  node?: string;
  /** System.Debug. */
  debug?: boolean;
  /** Seconds until the run is given up. Default 120. */
  limitSeconds?: number;
}

/** One `##vso[name key=value;]data` line. */
export interface LoggingCommand {
  name: string;
  properties: Record<string, string>;
  data: string;
}

export interface TaskRun {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  commands: LoggingCommand[];
  /** What the step comes to: several results are merged, the worst wins, and an exit code other than 0 fails it. */
  result: 'Succeeded' | 'Failed';
  /** Texts of the commands that told the result. */
  told: string[];
  issues: { type: string; text: string }[];
  /** Output variables. */
  outputs: Record<string, string>;
  sections: string[];
  /** The log as people see it: commands carried out, masked values as ***. */
  shown: string;
  /** What the task itself masked; the agent masks more. */
  masks: string[];
  /** The summary page; empty when there is none. */
  summary: string;
  durationMs: number;
}

export interface RunningTask {
  kill(signal: NodeJS.Signals): void;
  /** As the agent cancels: SIGINT, SIGTERM after 7.5 s, and the end after 2.5 s more. */
  cancel(): void;
  done: Promise<TaskRun>;
}

/** An agent, for as long as a job lasts. */
export interface AgentJob {
  readonly temp: string;
  start(options: TaskOptions): RunningTask;
  run(options: TaskOptions): Promise<TaskRun>;
  /** Files that are left in the agent's temporary folder. */
  leftFiles(): Promise<string[]>;
  end(): Promise<void>;
}

export async function readTask(folder = PROJECT): Promise<TaskFile> {
  return JSON.parse(await readFile(join(folder, 'task.json'), 'utf8')) as TaskFile;
}

/** @param unpacked folder of the task as the extension holds it. Default: task.json and the bundle of this project */
export async function openAgent(unpacked?: string): Promise<AgentJob> {
  // With a space in its path, as on machines of people.
  const root = await mkdtemp(join(tmpdir(), 'an agent '));
  const temp = join(root, '_work', '_temp');
  const sources = join(root, '_work', '1', 's');
  for (const folder of [temp, sources]) await mkdir(folder, { recursive: true });
  const task = await readTask(unpacked);
  const { Major, Minor, Patch } = task.version;
  const taskFolder = join(root, '_work', '_tasks', `${task.name}_${task.id}`, `${Major}.${Minor}.${Patch}`);
  await mkdir(taskFolder, { recursive: true });
  if (unpacked !== undefined) await cp(unpacked, taskFolder, { recursive: true });
  else {
    // What the extension packs, and nothing that lies beside it in the project.
    await cp(join(PROJECT, 'task.json'), join(taskFolder, 'task.json'));
    await cp(join(SHIPPED, 'dist', 'azure-pipelines'), join(taskFolder, 'dist', 'azure-pipelines'), {
      recursive: true,
    });
  }

  function start(options: TaskOptions): RunningTask {
    const began = Date.now();
    const node = options.node ?? process.execPath;
    const { target } = task.execution[options.node === undefined ? 'Node20_1' : 'Node24'] ?? { target: '' };
    const child = spawn(node, [join(taskFolder, target)], {
      cwd: sources,
      env: environmentOf(task, options, { root, temp, sources }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const timers: NodeJS.Timeout[] = [];
    const after = (ms: number, signal: NodeJS.Signals): number =>
      timers.push(setTimeout(() => child.kill(signal), ms));
    after((options.limitSeconds ?? 120) * 1000, 'SIGKILL');
    const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      return (): string => Buffer.concat(chunks).toString('utf8');
    }) as [() => string, () => string];
    const ended = new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, by) => resolve([code, by]));
    });
    const done = ended.then(async ([exitCode, signal]): Promise<TaskRun> => {
      timers.forEach(clearTimeout);
      const log = readLog(task, options, `${stdout()}\n${stderr()}`);
      return {
        exitCode,
        signal,
        stdout: stdout(),
        stderr: stderr(),
        ...log,
        result: exitCode === 0 && log.results.every((one) => one === 'Succeeded') ? 'Succeeded' : 'Failed',
        summary: await summaryOf(log.commands),
        durationMs: Date.now() - began,
      };
    });
    return {
      kill: (signal) => child.kill(signal),
      cancel() {
        child.kill('SIGINT');
        after(7_500, 'SIGTERM');
        after(10_000, 'SIGKILL');
      },
      done,
    };
  }

  return {
    temp,
    start,
    run: (options) => start(options).done,
    leftFiles: async () => (await readdir(temp, { recursive: true })).sort(),
    end: () => rm(root, { recursive: true, force: true }),
  };
}

/** VarUtil.cs: a variable's name as a variable of the environment. */
function formatted(name: string): string {
  return name.replace(/[. ]/g, '_').toUpperCase();
}

function environmentOf(
  task: TaskFile,
  options: TaskOptions,
  { root, temp, sources }: { root: string; temp: string; sources: string },
): Record<string, string> {
  const work = join(root, '_work');
  // https://learn.microsoft.com/azure/devops/pipelines/build/variables
  const variables: Record<string, string> = {
    'Agent.BuildDirectory': join(work, '1'),
    'Agent.HomeDirectory': root,
    'Agent.Id': '7',
    'Agent.JobName': 'deploy',
    'Agent.JobStatus': 'Succeeded',
    'Agent.MachineName': 'agent-1',
    'Agent.Name': 'Hosted Agent',
    'Agent.OS': 'Linux',
    'Agent.OSArchitecture': 'X64',
    'Agent.RootDirectory': work,
    'Agent.TempDirectory': temp,
    'Agent.ToolsDirectory': join(work, '_tool'),
    'Agent.Version': '4.265.0',
    'Agent.WorkFolder': work,
    'Build.BuildId': '512',
    'Build.BuildNumber': '20260301.1',
    'Build.DefinitionName': 'deploy',
    'Build.Reason': 'IndividualCI',
    'Build.Repository.Name': 'shop',
    'Build.Repository.Provider': 'TfsGit',
    'Build.SourceBranch': 'refs/heads/main',
    'Build.SourceVersion': 'ffac537e6cbbf934b08745a378932722df287a53',
    'Build.SourcesDirectory': sources,
    'Build.StagingDirectory': join(work, '1', 'a'),
    'Common.TestResultsDirectory': join(work, '1', 'TestResults'),
    'Pipeline.Workspace': join(work, '1'),
    system: 'build',
    'System.CollectionId': '11111111-aaaa-4bbb-8ccc-222222222222',
    'System.CollectionUri': 'https://dev.azure.com/contoso/',
    'System.Culture': 'en-US',
    'System.DefaultWorkingDirectory': sources,
    'System.DefinitionId': '3',
    'System.HostType': 'build',
    'System.JobId': '12f1170f-54f2-53f3-20dd-22fc7dff55f9',
    'System.PlanId': '33333333-aaaa-4bbb-8ccc-444444444444',
    'System.ServerType': 'Hosted',
    'System.TeamFoundationCollectionUri': 'https://dev.azure.com/contoso/',
    'System.TeamProject': 'shop',
    'System.TeamProjectId': '55555555-aaaa-4bbb-8ccc-666666666666',
    'Task.DisplayName': 'AksAcrPull',
    ...(options.oidcRequestUri === undefined ? {} : { 'System.OidcRequestUri': options.oidcRequestUri }),
    ...(options.debug === true ? { 'System.Debug': 'true' } : {}),
    ...options.variables,
  };
  const secrets = { 'system.accessToken': options.accessToken, ...options.secretVariables };
  const system: Connection = {
    url: 'https://dev.azure.com/contoso/',
    scheme: 'OAuth',
    parameters: { AccessToken: options.accessToken },
    data: {},
  };
  const inputs = inputsOf(task, options.inputs);
  const named = task.inputs
    .filter(({ type }) => type.startsWith('connectedService:'))
    .flatMap(({ name }) => inputs[name]?.split(',') ?? []);
  const endpoints = Object.entries(options.connections).filter(([id]) => named.includes(id));
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: root,
    LANG: 'C.UTF-8',
    TF_BUILD: 'True',
    ...mapped(variables, (name) => formatted(name)),
    VSTS_PUBLIC_VARIABLES: JSON.stringify(Object.keys(variables)),
    ...mapped(secrets, (name) => `SECRET_${formatted(name)}`),
    VSTS_SECRET_VARIABLES: JSON.stringify(Object.keys(secrets)),
    ...mapped(inputs, (name) => `INPUT_${formatted(name)}`),
    ...endpointVariables('SYSTEMVSSCONNECTION', system),
    ...Object.fromEntries(
      endpoints.flatMap(([id, connection]) => Object.entries(endpointVariables(id, connection))),
    ),
    ...options.machine,
  };
}

function mapped(
  values: Readonly<Record<string, string>>,
  name: (key: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [name(key), value]));
}

/** Every input that task.json declares, trimmed; an empty text for what was not given. */
function inputsOf(task: TaskFile, given: Readonly<Record<string, string>>): Record<string, string> {
  const unknown = Object.keys(given).filter((name) => !task.inputs.some((input) => input.name === name));
  if (unknown.length > 0) throw new Error(`task.json has no input ${unknown.join(', ')}`);
  return Object.fromEntries(
    task.inputs.map(({ name, defaultValue = '' }) => [name, (given[name] ?? defaultValue).trim()]),
  );
}

function endpointVariables(
  id: string,
  { url, scheme, parameters, data }: Connection,
): Record<string, string> {
  return {
    [`ENDPOINT_URL_${id}`]: url,
    [`ENDPOINT_AUTH_${id}`]: JSON.stringify({ parameters, scheme }),
    [`ENDPOINT_AUTH_SCHEME_${id}`]: scheme,
    ...mapped(parameters, (name) => `ENDPOINT_AUTH_PARAMETER_${id}_${formatted(name)}`),
    ...(id === 'SYSTEMVSSCONNECTION' ? {} : { [`ENDPOINT_DATA_${id}`]: JSON.stringify(data) }),
    ...mapped(data, (name) => `ENDPOINT_DATA_${id}_${formatted(name)}`),
  };
}

/** Commands that this task may give: another one in its log is someone else's. */
const OURS: ReadonlySet<string> = new Set([
  'task.complete',
  'task.debug',
  'task.issue',
  'task.logissue',
  'task.setprogress',
  'task.setsecret',
  'task.setvariable',
  'task.uploadsummary',
]);

type Read = Pick<TaskRun, 'commands' | 'told' | 'issues' | 'outputs' | 'sections' | 'shown' | 'masks'> & {
  results: string[];
};

/** What the agent makes of both streams: it looks for a command anywhere in every line. */
function readLog(task: TaskFile, options: TaskOptions, log: string): Read {
  const read: Read = {
    commands: [],
    told: [],
    issues: [],
    outputs: {},
    sections: [],
    shown: '',
    masks: [],
    results: [],
  };
  const shown: string[] = [];
  const settable = task.restrictions?.settableVariables?.allowed;
  for (const line of log.split(/\r?\n/)) {
    const command = parseCommand(line);
    if (command === undefined) {
      const format = /^\s*##\[(\w+)\](.*)$/.exec(line);
      if (format?.[1] === 'group') read.sections.push(format[2] ?? '');
      else if (format !== null && format[1] !== 'endgroup')
        throw new Error(`a line would be taken for a format: ${line}`);
      shown.push(line);
      continue;
    }
    const { name, properties, data } = command;
    if (!OURS.has(name)) throw new Error(`the task would have given a command: ${line}`);
    read.commands.push(command);
    switch (name) {
      case 'task.setsecret':
        if (/[\r\n]/.test(data)) throw new Error('the agent masks no text of several lines');
        read.masks.push(data);
        break;
      case 'task.setvariable': {
        const variable = properties.variable ?? '';
        if (settable !== undefined && !settable.includes(variable))
          throw new Error(`task.json doesn't let the task set ${variable}`);
        if (properties.isOutput === 'true') read.outputs[variable] = data;
        break;
      }
      case 'task.logissue':
      case 'task.issue':
        read.issues.push({ type: properties.type ?? '', text: data });
        shown.push(...data.split('\n'));
        break;
      case 'task.complete':
        read.results.push(properties.result ?? '');
        read.told.push(data);
        break;
      case 'task.debug':
        if (options.debug === true) shown.push(data);
        break;
    }
  }
  // Worker.cs, InitializeSecretMasker: secret variables and what authorizes endpoints.
  const known = [
    options.accessToken,
    ...Object.values(options.secretVariables ?? {}),
    ...Object.values(options.connections).flatMap(({ parameters }) =>
      Object.entries(parameters).flatMap(([name, value]) =>
        /key|certificate/i.test(name) ? value.split('\n') : [],
      ),
    ),
  ];
  const hidden = [...known, ...read.masks].filter((mask) => mask.trim() !== '');
  read.shown = shown
    .map((line) => hidden.reduce((text, mask) => text.replaceAll(mask, '***'), line))
    .join('\n');
  return read;
}

function parseCommand(line: string): LoggingCommand | undefined {
  const parts = /##vso\[([^\s\]]+)(?:\s+([^\]]*))?\](.*)$/i.exec(line);
  if (parts === null) return undefined;
  const [, name = '', properties = '', data = ''] = parts;
  return {
    name: name.toLowerCase(),
    properties: Object.fromEntries(
      properties
        .split(';')
        .filter((pair) => pair.trim() !== '')
        .map((pair) => {
          const [key = '', ...value] = pair.split('=');
          return [key.trim(), unescaped(value.join('=')).replaceAll('%3B', ';').replaceAll('%5D', ']')];
        }),
    ),
    data: unescaped(data),
  };
}

function unescaped(text: string): string {
  return text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%AZP25', '%');
}

/** The agent reads the file once the step is over. */
async function summaryOf(commands: readonly LoggingCommand[]): Promise<string> {
  const [path, ...more] = commands
    .filter(({ name }) => name === 'task.uploadsummary')
    .map(({ data }) => data);
  if (path === undefined) return '';
  if (more.length > 0 || !isAbsolute(path)) throw new Error(`no summary page: ${[path, ...more].join(', ')}`);
  return readFile(path, 'utf8');
}
