/** Programs that are not ours, run against a simulated cloud. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ProxyAgent, request } from 'undici';
import { startSimulator } from '../../src/simulator/index.js';
import type { Simulator } from '../../src/simulator/index.js';

/** Why a suite that needs this program can't run; undefined when it can. */
export function missing(program: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => existsSync(join(folder, program)))
    ? undefined
    : `${program} is not installed`;
}

/** Why a suite that needs kubectl 1.`minor` or later can't run; undefined when it can. Debian 12's own is 1.20. */
export function kubectlOlderThan(minor: number): string | undefined {
  const absent = missing('kubectl');
  if (absent !== undefined) return absent;
  const { stdout } = spawnSync('kubectl', ['version', '--client', '-o', 'json'], { encoding: 'utf8' });
  const found = Number(/"minor": "(\d+)/.exec(stdout)?.[1] ?? 0);
  return found < minor ? `kubectl is 1.${found}, not 1.${minor}` : undefined;
}

/** A login with a client secret that may do all that the clients here try, and a cluster that may pull from the first registry. */
export const SECRET = 'a-secret-of-the-simulation';

export const SCENARIO = `
name: real-clients
identities:
  - name: deployer
    secrets: [${SECRET}]
clusters:
  - name: shop
    resourceGroup: shop-rg
    pools:
      - { name: system, mode: System, taints: ['CriticalAddonsOnly=true:NoSchedule'] }
      - { name: apps, count: 2 }
registries:
  - name: contoso
    resourceGroup: registry-rg
    repositories:
      - name: shop/web
        images:
          - { tag: '1.4.2', platforms: [linux/amd64, linux/arm64] }
roleAssignments:
  - { principal: deployer, role: Azure Kubernetes Service Cluster User Role, scope: 'cluster:shop' }
  - { principal: deployer, role: Reader, scope: subscription }
  - { principal: deployer, role: Role Based Access Control Administrator, scope: 'registry:contoso' }
  - { principal: kubelet of shop, role: AcrPull, scope: 'registry:contoso' }
`;

export interface Ended {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** A simulated cloud, a folder, and programs that see nothing but these. */
export interface Bench {
  readonly simulator: Simulator;
  readonly folder: string;
  /** Runs a program to its end. Only what is given and what leads to the simulated cloud is in its environment. */
  run(
    program: string,
    args: string[],
    more?: { environment?: Record<string, string>; input?: string; limitSeconds?: number },
  ): Promise<Ended>;
  /** Asks the simulated cloud as the scenario's deployer would: a token of Entra for ARM, and one request. */
  arm(method: 'GET' | 'POST', path: string): Promise<unknown>;
  /** A token for Azure Resource Manager, by client secret. */
  armToken(): Promise<string>;
  post(url: string, form: Record<string, string>): Promise<unknown>;
  /** Requests that the simulator didn't model so far. */
  notModelled(): string[];
  end(): Promise<void>;
}

export async function openBench(scenario = SCENARIO): Promise<Bench> {
  const simulator = await startSimulator(scenario);
  const folder = await mkdtemp(join(tmpdir(), 'real clients '));
  const dispatcher = new ProxyAgent({ uri: simulator.proxyUrl, requestTls: { ca: simulator.caPem } });
  const { state } = simulator;
  const [deployer] = state.principals;

  async function ask(
    method: 'GET' | 'POST',
    url: string,
    headers: Record<string, string>,
    body?: string,
  ): Promise<unknown> {
    const answer = await request(url, {
      method,
      headers,
      dispatcher,
      ...(body === undefined ? {} : { body }),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 400) throw new Error(`${method} ${url}: ${answer.statusCode} ${text}`);
    return JSON.parse(text) as unknown;
  }

  const bench: Bench = {
    simulator,
    folder,
    run: (program, args, { environment = {}, input = '', limitSeconds = 60 } = {}) =>
      new Promise((resolve, reject) => {
        const child = spawn(program, args, {
          cwd: folder,
          env: {
            PATH: process.env.PATH,
            HOME: folder,
            LANG: 'C.UTF-8',
            ...simulator.environment(),
            ...environment,
          },
        });
        const limit = setTimeout(() => child.kill('SIGKILL'), limitSeconds * 1000);
        const ended: Ended = { exitCode: null, stdout: '', stderr: '' };
        child.stdout.on('data', (chunk: Buffer) => (ended.stdout += chunk.toString('utf8')));
        child.stderr.on('data', (chunk: Buffer) => (ended.stderr += chunk.toString('utf8')));
        child.on('error', reject);
        child.on('close', (exitCode) => {
          clearTimeout(limit);
          resolve({ ...ended, exitCode });
        });
        child.stdin.on('error', () => undefined);
        child.stdin.end(input);
      }),
    post: (url, form) =>
      ask(
        'POST',
        url,
        { 'content-type': 'application/x-www-form-urlencoded' },
        new URLSearchParams(form).toString(),
      ),
    async armToken() {
      const answer = await bench.post(
        `https://login.microsoftonline.com/${state.tenantId}/oauth2/v2.0/token`,
        {
          grant_type: 'client_credentials',
          client_id: deployer?.clientId ?? '',
          client_secret: SECRET,
          scope: 'https://management.azure.com/.default',
        },
      );
      return (answer as { access_token: string }).access_token;
    },
    arm: async (method, path) =>
      ask(method, `https://management.azure.com${path}`, {
        authorization: `Bearer ${await bench.armToken()}`,
      }),
    notModelled: () =>
      simulator.requests
        .filter(({ modelled }) => !modelled)
        .map(({ method, host, path }) => `${method} ${host}${path}`),
    async end() {
      await dispatcher.close();
      await simulator.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return bench;
}

/** ARM id of the scenario's cluster. */
export function clusterPath({ simulator }: Bench): string {
  const [cluster] = simulator.state.clusters;
  if (cluster === undefined) throw new Error('the scenario has no cluster');
  return `/subscriptions/${cluster.subscriptionId}/resourceGroups/${cluster.resourceGroup}/providers/Microsoft.ContainerService/managedClusters/${cluster.name}`;
}

/** What makes az keep to a bench. The shim mends Debian's packaging of it and changes no request. */
export function azEnvironment({ folder }: Bench): Record<string, string> {
  return {
    AZURE_CONFIG_DIR: join(folder, 'azure'),
    AZURE_CORE_COLLECT_TELEMETRY: 'no',
    AZURE_CORE_NO_COLOR: '1',
    AZURE_EXTENSION_USE_DYNAMIC_INSTALL: 'no',
    PYTHONPATH: fileURLToPath(new URL('az-shim', import.meta.url)),
  };
}
