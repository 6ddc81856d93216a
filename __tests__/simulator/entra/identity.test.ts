/** @azure/identity, unmodified, signs in to the simulated cloud by each kind of credential, in each cloud. */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CLOUDS } from '../../../src/simulator/cloud/clouds.js';
import type { CloudName } from '../../../src/simulator/cloud/clouds.js';
import { createSigningKey } from '../../../src/simulator/entra/tokens.js';
import { startSimulator } from '../../../src/simulator/index.js';
import type { Simulator } from '../../../src/simulator/index.js';
import { makeCertificate } from '../../host/sign-in/support.js';
import type { TestCertificate } from '../../host/sign-in/support.js';
import { openClient, principal } from '../net/client.js';

let own: TestCertificate;
let foreign: TestCertificate;
let expired: TestCertificate;
let simulator: Simulator;
const scenario = (cloud: CloudName): string =>
  JSON.stringify({
    name: 'identity',
    cloud,
    identities: [
      {
        name: 'deployer',
        secrets: ['right-secret'],
        federated: 'github',
        certificates: [expired.certificate, own.certificate],
      },
      { name: 'agent', kind: 'managed-identity' },
      { name: 'elsewhere', kind: 'managed-identity' },
    ],
    runner: { identities: ['agent'] },
  });
beforeAll(async () => {
  [own, foreign, expired] = await Promise.all([
    makeCertificate(),
    makeCertificate(),
    makeCertificate({ notAfter: new Date(Date.now() - 1000) }),
  ]);
  simulator = await startSimulator(scenario('AzureCloud'));
});
afterAll(() => simulator.stop());

interface Came {
  token?: string;
  refused?: string;
}

async function run(of: Simulator, kind: string, parameters: string[], options = {}): Promise<Came> {
  const script = fileURLToPath(new URL('./identity-client.js', import.meta.url));
  const child = spawn(process.execPath, [script], {
    env: { PATH: process.env.PATH, ...of.environment() },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const scope = `https://${CLOUDS[of.state.cloud].resourceManager}/.default`;
  child.stdin.end(JSON.stringify({ kind, parameters, options, scope }));
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`The child ended with ${String(code)}`);
  return JSON.parse(output) as Came;
}

function ownerOf(of: Simulator, { token, refused }: Came): string | undefined {
  if (token === undefined) return refused;
  const verified = of.context.tokens.verify(token, [`https://${CLOUDS[of.state.cloud].resourceManager}`]);
  if (!('claims' in verified)) return verified.problem;
  return of.state.principals.find(({ objectId }) => objectId === verified.claims.oid)?.name;
}

async function jobToken(of: Simulator): Promise<string> {
  const client = openClient(of);
  const { requestUrl, requestToken } = of.github;
  const audience = CLOUDS[of.state.cloud].federationAudience;
  const answer = await client.send(`${requestUrl}&audience=${encodeURIComponent(audience)}`, {
    headers: { authorization: `Bearer ${requestToken}` },
  });
  const { value } = (await answer.json()) as { value: string };
  await client.close();
  return value;
}

const text = ({ certificate, key }: TestCertificate): string => `${certificate}\n${key}\n`;

describe.each(Object.keys(CLOUDS) as CloudName[])('%s', (name) => {
  it('takes every kind of credential, at its own names alone', async () => {
    const cloud = name === 'AzureCloud' ? simulator : await startSimulator(scenario(name));
    try {
      const ids = [cloud.state.tenantId, principal(cloud, 'deployer').clientId];
      const options = { authorityHost: `https://${CLOUDS[name].login}`, disableInstanceDiscovery: true };
      const file = `${cloud.caFile}.token`;
      await writeFile(file, await jobToken(cloud));
      const came = await Promise.all([
        run(cloud, 'secret', [...ids, 'right-secret'], options),
        run(cloud, 'certificate', [...ids, text(own)], options),
        run(cloud, 'assertion', [...ids, await jobToken(cloud)], options),
        run(cloud, 'workload-identity', [...ids, file], options),
        run(cloud, 'managed-identity', [principal(cloud, 'agent').clientId]),
      ]);
      expect(came.map((one) => ownerOf(cloud, one))).toEqual([
        'deployer',
        'deployer',
        'deployer',
        'deployer',
        'agent',
      ]);
      const logins = cloud.connectedNames.filter((host) => !host.endsWith('.githubusercontent.com'));
      expect(logins).toEqual([CLOUDS[name].login]);
    } finally {
      if (cloud !== simulator) await cloud.stop();
    }
  }, 30_000);
});

describe('is refused', () => {
  const ids = (): string[] => [simulator.state.tenantId, principal(simulator, 'deployer').clientId];

  it.each([
    ['a certificate that is not registered', () => text(foreign), 'AADSTS700027'],
    [
      "a registered certificate with another's key",
      () => `${own.certificate}\n${foreign.key}`,
      'AADSTS700027',
    ],
    ['a registered certificate that has expired', () => text(expired), 'AADSTS1000502'],
  ])('%s', async (_what, pem, code) => {
    expect((await run(simulator, 'certificate', [...ids(), pem()])).refused).toContain(code);
  });

  it('an assertion that only claims to be the application', async () => {
    const [tenantId = '', clientId = ''] = ids();
    const key = await createSigningKey('somebody');
    const seconds = Math.floor(Date.now() / 1000);
    const made = key.sign({
      iss: clientId,
      sub: clientId,
      aud: `https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/token`,
      nbf: seconds,
      exp: seconds + 600,
    });
    expect((await run(simulator, 'assertion', [tenantId, clientId, made])).refused).toContain('AADSTS700027');
  });

  it('an identity that the machine was not given', async () => {
    const { refused } = await run(simulator, 'managed-identity', [
      principal(simulator, 'elsewhere').clientId,
    ]);
    expect(refused).toContain('Identity not found');
  });
});

it('the metadata service wants its header, and models tokens alone', async () => {
  const { AZURE_POD_IDENTITY_AUTHORITY_HOST = '' } = simulator.environment();
  const path = '/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com';
  const status = async (url: string, headers = {}): Promise<number> =>
    (await fetch(`${AZURE_POD_IDENTITY_AUTHORITY_HOST}${url}`, { headers })).status;
  expect(await status(path)).toBe(400);
  expect(await status(path, { metadata: 'true' })).toBe(200);
  expect(await status('/metadata/instance?api-version=2021-02-01', { metadata: 'true' })).toBe(501);
  expect(simulator.requests.filter(({ service }) => service === 'imds').at(-1)).toMatchObject({
    host: '169.254.169.254',
    modelled: false,
  });
});
