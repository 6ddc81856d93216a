/** The three bundles, each as its host runs it, told in the same words: what the matrix of sign-ins runs its cells on. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report } from '../../src/core/report.js';
import { startSimulator } from '../../src/simulator/index.js';
import type { RequestRecord, Simulator } from '../../src/simulator/index.js';
import { openClient } from '../simulator/net/client.js';
import type { Connection } from './agent.js';
import { openDeafProxy } from './deaf-proxy.js';
import { PROJECT } from './runner.js';
import { openScene } from './scene.js';
import { installAz } from './stub-az.js';
import { openTaskScene } from './task-scene.js';

export const ARM = 'management.azure.com';
export const SECRET = 'S3cret~of/the.deployer+that=is-long';

/** The login's certificate and its key, PEM. */
export interface LoginCertificate {
  certificate: string;
  key: string;
}

export interface Cell {
  /** The scenario, its login named `deployer`. */
  yaml: string;
  certificate: LoginCertificate;
  /** The program that runs the bundle; absent: the one the tests run on. */
  node?: string;
  /** Whether Azure Resource Manager's host cannot be reached. */
  deaf: boolean;
}

/** One run in the same words, whichever host it was. */
export interface CellRun {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** What the host makes of it: the step's result. */
  ending: 'Succeeded' | 'Failed';
  /** The host's outputs; the command has none, so its report's words. */
  outputs: { result?: string; changed?: string; cause?: string };
  /** The report's file, its permissions in octal. */
  file: { permissions: string; text: string; report: Report };
  /** Everything that is written anywhere but in commands that mask: nothing in it is hidden by the host. */
  text: string;
  /** What people read, commands carried out. */
  shown: string;
  stderr: string;
  /** What it had the host hide. Empty for the command, which hides by itself. */
  masks: string[];
  /** Errors as the host shows them; the command's are its story. */
  errors: string[];
  /** The page; empty where the host has none. */
  summary: string;
  requests: readonly RequestRecord[];
  /** How often Azure Resource Manager was asked for in vain. */
  refused: number;
  /** What may be seen nowhere. */
  secrets: string[];
}

export type RunCell = (cell: Cell) => Promise<CellRun>;

const ACCESS = { verify: 'access', image: '' };
const WORKFLOW_MASK = /^::add-mask::/;
const AGENT_MASK = /^##vso\[task\.setsecret\]/;

/** Lines without those that mask. */
function without(mask: RegExp, ...texts: string[]): string {
  return texts
    .flatMap((text) => text.split('\n'))
    .filter((line) => !mask.test(line))
    .join('\n');
}

async function readReport(path = ''): Promise<CellRun['file']> {
  const text = await readFile(path, 'utf8');
  const permissions = ((await stat(path)).mode & 0o777).toString(8);
  return { permissions, text, report: JSON.parse(text) as Report };
}

/** Runs with the machine's way to the cloud: the simulator's own, or one that doesn't lead to Azure Resource Manager. */
async function onTheWay<T>(
  simulator: Simulator,
  deaf: boolean,
  run: (machine: Record<string, string>) => Promise<T>,
): Promise<T & { refused: number }> {
  if (!deaf) return { ...(await run(simulator.environment())), refused: 0 };
  const proxy = await openDeafProxy(simulator.proxyUrl, ARM);
  try {
    const way = { HTTPS_PROXY: proxy.url, https_proxy: proxy.url };
    const ran = await run({ ...simulator.environment(), ...way });
    return { ...ran, refused: proxy.refused() };
  } finally {
    await proxy.end();
  }
}

/** An `az` on which the deployer is signed in; what it needs of the machine's own PATH stands behind it. */
async function signedInAz(folder: string, { state }: Simulator): Promise<string> {
  const az = await installAz(join(folder, 'tools'), {
    tenantId: state.tenantId,
    clientId: state.principals.find(({ name }) => name === 'deployer')?.clientId ?? '',
    clientSecret: SECRET,
    subscriptionId: state.subscriptions[0]?.id ?? '',
  });
  return az.folder;
}

function inAction(login: 'OIDC' | 'Azure CLI'): RunCell {
  return async ({ yaml, node, deaf }) => {
    const scene = await openScene(yaml);
    try {
      const { simulator, job } = scene;
      const withoutIds = { 'client-id': '', 'tenant-id': '', 'subscription-id': '' };
      const [ids, step] =
        login === 'OIDC' ? [{}, {}] : [withoutIds, { path: [await signedInAz(job.temp, simulator)] }];
      const ran = await onTheWay(simulator, deaf, (machine) =>
        scene.run({ ...ACCESS, ...ids }, { ...step, machine, debug: true, ...(node && { node }) }),
      );
      return {
        ...ran,
        ending: ran.exitCode === 0 ? 'Succeeded' : 'Failed',
        file: await readReport(ran.outputs.report),
        text: without(WORKFLOW_MASK, ran.stdout, ran.stderr, ran.summary, JSON.stringify(ran.outputs)),
        errors: ran.commands.filter(({ name }) => name === 'error').map(({ data }) => data),
        secrets: [SECRET, simulator.github.requestToken],
      };
    } finally {
      await scene.end();
    }
  };
}

type TaskLogin = (certificate: LoginCertificate) => Partial<Connection>;

const CONNECTIONS = {
  'workload identity federation': () => ({}),
  secret: () => ({
    scheme: 'ServicePrincipal',
    parameters: { authenticationType: 'spnKey', serviceprincipalkey: SECRET },
  }),
  certificate: ({ key, certificate }) => ({
    scheme: 'ServicePrincipal',
    parameters: {
      authenticationType: 'spnCertificate',
      servicePrincipalCertificate: `${key}\n${certificate}\n`,
    },
  }),
  'managed identity': () => ({ scheme: 'ManagedServiceIdentity' }),
} as const satisfies Record<string, TaskLogin>;

function inTask(login: keyof typeof CONNECTIONS): RunCell {
  return async ({ yaml, certificate, node, deaf }) => {
    const scene = await openTaskScene(yaml);
    try {
      const { simulator, connectionId, connection } = scene;
      const connections = { [connectionId]: connection(CONNECTIONS[login](certificate)) };
      const ran = await onTheWay(simulator, deaf, (machine) =>
        scene.run(ACCESS, { connections, machine, debug: true, ...(node && { node }) }),
      );
      return {
        ...ran,
        ending: ran.told.length === 1 ? ran.result : 'Failed',
        file: await readReport(ran.outputs.report),
        text: without(AGENT_MASK, ran.stdout, ran.stderr, ran.summary, JSON.stringify(ran.outputs)),
        errors: ran.issues.filter(({ type }) => type === 'error').map(({ text }) => text),
        secrets: [SECRET, simulator.azurePipelines.accessToken, ...bodyOf(certificate.key)],
      };
    } finally {
      await scene.end();
    }
  };
}

/** Lines of a PEM that say something. */
function bodyOf(pem: string): string[] {
  return pem.split('\n').filter((line) => /^[^-].{7}/.test(line));
}

/** What a machine offers the command to sign in by. */
interface Offered {
  environment: Record<string, string>;
  secrets?: string[];
}

type CliLogin = (simulator: Simulator, folder: string, certificate: LoginCertificate) => Promise<Offered>;

const ENVIRONMENTS = {
  'Azure CLI': async (simulator, folder) => ({
    environment: {
      AZURE_TENANT_ID: '',
      AZURE_CLIENT_ID: '',
      PATH: `${await signedInAz(folder, simulator)}:/usr/bin:/bin`,
    },
  }),
  'environment secret': async () => ({ environment: { AZURE_CLIENT_SECRET: SECRET } }),
  certificate: async (_simulator, folder, { certificate, key }) => {
    const path = join(folder, 'login.pem');
    await writeFile(path, `${certificate}\n${key}\n`, { mode: 0o600 });
    return { environment: { AZURE_CLIENT_CERTIFICATE_PATH: path }, secrets: bodyOf(key) };
  },
  'federated token file': async (simulator, folder) => {
    const path = join(folder, 'token');
    const token = await jobToken(simulator);
    await writeFile(path, token, { mode: 0o600 });
    return { environment: { AZURE_FEDERATED_TOKEN_FILE: path }, secrets: [token] };
  },
  'managed identity': async () => ({ environment: { AZURE_TENANT_ID: '' } }),
} as const satisfies Record<string, CliLogin>;

async function jobToken(simulator: Simulator): Promise<string> {
  const client = openClient(simulator);
  const { requestUrl, requestToken } = simulator.github;
  const answer = await client.send(`${requestUrl}&audience=api://AzureADTokenExchange`, {
    headers: { authorization: `Bearer ${requestToken}` },
  });
  const { value } = (await answer.json()) as { value: string };
  await client.close();
  return value;
}

function onTerminal(login: keyof typeof ENVIRONMENTS): RunCell {
  const offer: CliLogin = ENVIRONMENTS[login];
  return async ({ yaml, certificate, node = process.execPath, deaf }) => {
    const simulator = await startSimulator(yaml);
    // With a space in its path, as on machines of people.
    const folder = await mkdtemp(join(tmpdir(), 'a machine '));
    try {
      const { state } = simulator;
      const { environment, secrets = [] } = await offer(simulator, folder, certificate);
      const before = simulator.requests.length;
      const ran = await onTheWay(simulator, deaf, (machine) =>
        runCommand(node, {
          PATH: '/nowhere',
          HOME: folder,
          TMPDIR: folder,
          ...machine,
          AZURE_TENANT_ID: state.tenantId,
          AZURE_CLIENT_ID: state.principals.find(({ name }) => name === 'deployer')?.clientId ?? '',
          AZURE_SUBSCRIPTION_ID: state.subscriptions[0]?.id ?? '',
          ...environment,
        }),
      );
      const [, path = ''] = /^ {2}report: (.*)$/m.exec(ran.stdout) ?? [];
      const file = await readReport(path);
      const { result, cause = '', connections } = file.report;
      const changed = connections.some((one) => one.changed);
      return {
        ...ran,
        ending: ran.exitCode === 0 ? 'Succeeded' : 'Failed',
        outputs: { result, changed: String(changed), cause },
        file,
        text: `${ran.stdout}\n${ran.stderr}`,
        shown: ran.stdout,
        masks: [],
        errors: ran.exitCode === 0 ? [] : [ran.stdout],
        summary: '',
        requests: simulator.requests.slice(before),
        secrets: [SECRET, ...secrets],
      };
    } finally {
      await simulator.stop();
      await rm(folder, { recursive: true });
    }
  };
}

/** `aks-acr-pull connect`, on a machine that has nothing but what is given. */
async function runCommand(
  node: string,
  env: Record<string, string>,
): Promise<Pick<CellRun, 'exitCode' | 'signal'> & { stdout: string; stderr: string }> {
  const args = ['connect', '--cluster', 'shop', '-g', 'apps', '--registry', 'contoso.azurecr.io'];
  const child = spawn(
    node,
    [join(PROJECT, 'dist', 'cli', 'index.js'), ...args, '--verify', 'access', '--debug'],
    { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000, killSignal: 'SIGKILL' },
  );
  const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    return (): string => Buffer.concat(chunks).toString('utf8');
  }) as [() => string, () => string];
  const [exitCode, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on('error', reject).on('close', (code, by) => resolve([code, by]));
  });
  return { exitCode, signal, stdout: stdout(), stderr: stderr() };
}

export type Identity = 'github' | 'azure-pipelines' | 'secret' | 'certificate' | 'managed-identity';

export interface SignIn {
  bundle: 'action' | 'task' | 'command line';
  name: string;
  /** What the cloud knows the login by. */
  identity: Identity;
  run: RunCell;
}

/** Every sign-in of every bundle. */
export const SIGN_INS: readonly SignIn[] = [
  { bundle: 'action', name: 'OIDC', identity: 'github', run: inAction('OIDC') },
  { bundle: 'action', name: 'Azure CLI', identity: 'secret', run: inAction('Azure CLI') },
  {
    bundle: 'task',
    name: 'workload identity federation',
    identity: 'azure-pipelines',
    run: inTask('workload identity federation'),
  },
  { bundle: 'task', name: 'secret', identity: 'secret', run: inTask('secret') },
  { bundle: 'task', name: 'certificate', identity: 'certificate', run: inTask('certificate') },
  {
    bundle: 'task',
    name: 'managed identity',
    identity: 'managed-identity',
    run: inTask('managed identity'),
  },
  { bundle: 'command line', name: 'Azure CLI', identity: 'secret', run: onTerminal('Azure CLI') },
  {
    bundle: 'command line',
    name: 'environment secret',
    identity: 'secret',
    run: onTerminal('environment secret'),
  },
  { bundle: 'command line', name: 'certificate', identity: 'certificate', run: onTerminal('certificate') },
  {
    bundle: 'command line',
    name: 'federated token file',
    identity: 'github',
    run: onTerminal('federated token file'),
  },
  {
    bundle: 'command line',
    name: 'managed identity',
    identity: 'managed-identity',
    run: onTerminal('managed identity'),
  },
];
