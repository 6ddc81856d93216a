/** The shipped command signs in by each login that a machine can have, and tells what is wrong with one in one clear error. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Report } from '../../src/core/report.js';
import { startSimulator } from '../../src/simulator/index.js';
import type { Simulator } from '../../src/simulator/index.js';
import { makeCertificate } from '../host/sign-in/support.js';
import { openClient } from '../simulator/net/client.js';
import { PROJECT } from './runner.js';
import { scenario } from './scene.js';
import { installAz, NOT_SIGNED_IN } from './stub-az.js';

const SECRET = 'a secret of the deployer';

let simulator: Simulator;
let folder: string;
let pem: string;
/** Of the simulated clock: what CI systems' tokens say of time. */
let offset = 0;
beforeAll(async () => {
  const { certificate, key } = await makeCertificate();
  pem = `${certificate}\n${key}\n`;
  const roles = [
    { role: 'Azure Kubernetes Service Cluster User Role', scope: 'cluster:shop' },
    { role: 'Role Based Access Control Administrator', scope: 'registry:contoso' },
  ];
  simulator = await startSimulator(
    scenario({
      identities: [
        { name: 'deployer', federated: 'github', secrets: [SECRET], certificates: [certificate] },
        { name: 'agent', kind: 'managed-identity' },
      ],
      runner: { identities: ['agent'] },
      login: ['deployer', 'agent'].flatMap((principal) => roles.map((one) => ({ principal, ...one }))),
      assigned: [{ principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso' }],
    }),
    { now: () => Date.now() + offset },
  );
  folder = await mkdtemp(join(tmpdir(), 'a machine '));
});
afterAll(async () => {
  await simulator.stop();
  await rm(folder, { recursive: true });
});

interface Ran {
  exitCode: number | null;
  stdout: string;
  stderr: string;
  report: Report | undefined;
}

/** `aks-acr-pull check`, on a machine that has nothing but what is given. */
async function check(environment: Record<string, string>, flags: string[] = []): Promise<Ran> {
  const args = ['check', '--cluster', 'shop', '-g', 'apps', '--registry', 'contoso.azurecr.io'];
  const child = spawn(
    process.execPath,
    [join(PROJECT, 'dist', 'cli', 'index.js'), ...args, '--verify', 'access', '-o', 'json', ...flags],
    {
      env: { PATH: '/nowhere', HOME: folder, TMPDIR: folder, ...simulator.environment(), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { exitCode, stdout, stderr, report: stdout === '' ? undefined : (JSON.parse(stdout) as Report) };
}

const clientId = (name: string): string =>
  simulator.state.principals.find((one) => one.name === name)?.clientId ?? '';
const ids = (): Record<string, string> => ({
  AZURE_TENANT_ID: simulator.state.tenantId,
  AZURE_CLIENT_ID: clientId('deployer'),
  AZURE_SUBSCRIPTION_ID: simulator.state.subscriptions[0]?.id ?? '',
});

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

async function jobToken(): Promise<string> {
  const client = openClient(simulator);
  const { requestUrl, requestToken } = simulator.github;
  const answer = await client.send(`${requestUrl}&audience=api://AzureADTokenExchange`, {
    headers: { authorization: `Bearer ${requestToken}` },
  });
  const { value } = (await answer.json()) as { value: string };
  await client.close();
  return value;
}

function signedIn({ report, stderr }: Ran): string {
  const [connection] = report?.connections ?? [];
  return connection?.checks.find(({ id }) => id === 'signed-in')?.evidence ?? stderr;
}

describe('signs in by', () => {
  it.each([
    ['a client secret', async () => ({ ...ids(), AZURE_CLIENT_SECRET: SECRET }), 'AZURE_CLIENT_SECRET'],
    [
      'a certificate',
      async () => ({ ...ids(), AZURE_CLIENT_CERTIFICATE_PATH: await file('login.pem', pem) }),
      'AZURE_CLIENT_CERTIFICATE_PATH',
    ],
    [
      'a federated token',
      async () => ({ ...ids(), AZURE_FEDERATED_TOKEN_FILE: await file('token', await jobToken()) }),
      'AZURE_FEDERATED_TOKEN_FILE',
    ],
    [
      'a managed identity, around the proxy',
      async () => ({
        AZURE_CLIENT_ID: clientId('agent'),
        AZURE_SUBSCRIPTION_ID: ids().AZURE_SUBSCRIPTION_ID ?? '',
        HTTP_PROXY: 'http://127.0.0.1:1',
        NO_PROXY: '',
        no_proxy: '',
      }),
      'the managed identity of this machine',
    ],
    [
      'the Azure CLI',
      async () => {
        const az = await installAz(join(folder, 'az'), {
          tenantId: simulator.state.tenantId,
          clientId: clientId('deployer'),
          clientSecret: SECRET,
          subscriptionId: simulator.state.subscriptions[0]?.id ?? '',
        });
        return { PATH: `${az.folder}:/usr/bin:/bin` };
      },
      "the Azure CLI's login",
    ],
  ])(
    '%s',
    async (_what, login, said) => {
      const ran = await check(await login());
      expect(signedIn(ran)).toContain(said);
      expect([ran.exitCode, ran.report?.result]).toEqual([0, 'passed']);
      for (const secret of [SECRET, ...pem.split('\n').slice(1, 4)])
        expect(`${ran.stdout}${ran.stderr}`).not.toContain(secret);
    },
    30_000,
  );
});

describe('tells', () => {
  it.each([
    [
      'a wrong secret',
      async () => ({ ...ids(), AZURE_CLIENT_SECRET: 'hunter2hunter2' }),
      ['client-secret-refused', 'AADSTS7000215'],
    ],
    [
      'a token that has expired',
      async () => {
        offset = -3_600_000;
        const value = await jobToken();
        offset = 0;
        return { ...ids(), AZURE_FEDERATED_TOKEN_FILE: await file('old', value) };
      },
      ['assertion-expired', 'AADSTS700024'],
    ],
    [
      'an unknown tenant',
      async () => ({
        ...ids(),
        AZURE_TENANT_ID: '11111111-2222-3333-4444-555555555555',
        AZURE_CLIENT_SECRET: SECRET,
      }),
      ['tenant-not-found', 'AADSTS90002'],
    ],
    [
      'a variable that is missing',
      async () => ({ AZURE_TENANT_ID: simulator.state.tenantId, AZURE_CLIENT_SECRET: SECRET }),
      ['sign-in-variables-incomplete', 'AZURE_CLIENT_ID is not'],
    ],
    [
      'an Azure CLI that is set to a custom cloud',
      async () => {
        const az = await installAz(join(folder, 'stack'), {
          tenantId: simulator.state.tenantId,
          clientId: clientId('deployer'),
          clientSecret: SECRET,
          cloud: {
            name: 'AzureStackHub',
            login: 'login.microsoftonline.com',
            audience: 'https://management.local.azurestack.external',
          },
        });
        return { PATH: `${az.folder}:/usr/bin:/bin` };
      },
      ['cloud-not-supported', 'AzureStackHub'],
    ],
    [
      'an Azure CLI that is not signed in',
      async () => {
        const az = await installAz(join(folder, 'out'), NOT_SIGNED_IN);
        return { PATH: `${az.folder}:/usr/bin:/bin` };
      },
      ['not-signed-in', 'az login'],
    ],
  ])(
    '%s, in one error',
    async (_what, login, [cause = '', said = '']) => {
      const environment = await login();
      const ran = await check(environment, ['--subscription', ids().AZURE_SUBSCRIPTION_ID ?? '']);
      expect(ran.exitCode).toBe(3);
      const [connection] = ran.report?.connections ?? [];
      expect(ran.report?.cause).toBe(cause);
      expect(connection?.checks.map(({ id, status }) => [id, status])).toEqual([['signed-in', 'unknown']]);
      const [told] = connection?.checks ?? [];
      expect(told?.evidence).toContain(said);
      expect(told?.fix?.summary).not.toBe('');
      for (const secret of [SECRET, 'hunter2hunter2'])
        expect(`${ran.stdout}${ran.stderr}`).not.toContain(secret);
    },
    30_000,
  );
});
