import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Credential, Exec } from '../../../src/core/ports.js';
import { ambientCredential } from '../../../src/host/credentials.js';
import { CommandNotFound } from '../../../src/host/exec.js';
import { createHttp } from '../../../src/host/http.js';
import type { ClosableHttp } from '../../../src/host/http.js';
import { makeCertificate, openGround, refusal } from './support.js';
import type { Ground, TestCertificate } from './support.js';

const ARM = 'https://management.azure.com/.default';

let ground: Ground;
let direct: ClosableHttp;
let certificate: TestCertificate;
let folder: string;
/** AZURE_TENANT_ID and AZURE_CLIENT_ID of the application. */
let ids: Record<string, string>;
beforeAll(async () => {
  certificate = await makeCertificate();
  ground = await openGround({
    identities: [
      {
        name: 'deployer',
        secrets: ['s3cret'],
        certificates: [certificate.certificate],
        federated: 'github',
      },
      { name: 'agent', kind: 'managed-identity' },
    ],
    runner: { identities: ['agent'] },
  });
  direct = createHttp({});
  folder = await mkdtemp(join(tmpdir(), 'a login '));
  ids = {
    AZURE_TENANT_ID: ground.simulator.state.tenantId,
    AZURE_CLIENT_ID: ground.clientId('deployer'),
  };
});
afterAll(async () => {
  await direct.close();
  await ground.end();
  await rm(folder, { recursive: true });
});

const noAz: Exec = { run: (command) => Promise.reject(new CommandNotFound(command)) };
const az: Exec = {
  run: async (_command, args) => ({
    exitCode: 0,
    stdout: JSON.stringify(
      args[1] === 'show'
        ? { id: 'of-az', name: 'Contoso', environmentName: 'AzureCloud' }
        : { accessToken: 'of az', expires_on: 1_900_000_000 },
    ),
    stderr: '',
  }),
};

function ambient(variables: Record<string, string>, exec: Exec = noAz): Credential {
  const { sender, clock, log, cloud, simulator } = ground;
  const { AZURE_POD_IDENTITY_AUTHORITY_HOST } = simulator.environment();
  return ambientCredential({
    environment: { AZURE_POD_IDENTITY_AUTHORITY_HOST, ...variables },
    exec,
    http: direct,
    sender,
    clock,
    log,
    cloud,
    howToSignIn: 'Sign in first: az login',
  });
}

/** Who the token is of, by name. */
function ownerOf(token: string): string | undefined {
  const verified = ground.simulator.context.tokens.verify(token, ['https://management.azure.com']);
  if (!('claims' in verified)) return undefined;
  return ground.simulator.state.principals.find(({ objectId }) => objectId === verified.claims.oid)?.name;
}

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

async function githubToken(): Promise<string> {
  const { requestUrl, requestToken } = ground.simulator.github;
  const { text } = await ground.sender.exchange({
    method: 'GET',
    url: `${requestUrl}&audience=${encodeURIComponent(ground.cloud.federationAudience)}`,
    headers: { authorization: `Bearer ${requestToken}` },
    carries: 'ci-token',
  });
  return (JSON.parse(text) as { value: string }).value;
}

describe('by variables', () => {
  it('signs in by each proof, and says which', async () => {
    ground.sender.trust.admitTokenService(ground.simulator.github.requestUrl);
    const proofs = {
      AZURE_CLIENT_SECRET: 's3cret',
      AZURE_CLIENT_CERTIFICATE_PATH: await file('c.pem', `${certificate.certificate}\n${certificate.key}`),
      AZURE_FEDERATED_TOKEN_FILE: await file('token', `${await githubToken()}\n`),
    };
    for (const [variable, value] of Object.entries(proofs)) {
      // An Azure CLI that is signed in too doesn't count.
      const credential = ambient({ ...ids, [variable]: value, AZURE_SUBSCRIPTION_ID: 'Ours' }, az);
      expect(ownerOf((await credential.token(ARM)).token)).toBe('deployer');
      expect(credential.description).toContain(variable);
      expect(await credential.subscriptionId()).toBe('ours');
    }
  });

  it('reads the token file anew for every token', async () => {
    ground.sender.trust.admitTokenService(ground.simulator.github.requestUrl);
    const path = await file('rotating', await githubToken());
    const credential = ambient({ ...ids, AZURE_FEDERATED_TOKEN_FILE: path });
    await credential.token(ARM);
    await writeFile(path, 'not.a.token');
    expect((await refusal(credential.token(ground.cloud.registryScope))).message).toContain('AADSTS50013');
    await writeFile(path, await githubToken());
    expect((await credential.token(ground.cloud.registryScope)).token).not.toBe('');
  });

  it.each([
    [['AZURE_CLIENT_ID'], 'AZURE_CLIENT_ID'],
    [['AZURE_TENANT_ID'], 'AZURE_TENANT_ID'],
    [['AZURE_CLIENT_ID', 'AZURE_TENANT_ID'], 'AZURE_CLIENT_ID and AZURE_TENANT_ID'],
  ])('without %j names what is missing, and takes no other login instead', async (left, named) => {
    const variables = Object.fromEntries(Object.entries(ids).filter(([name]) => !left.includes(name)));
    const credential = ambient({ ...variables, AZURE_CLIENT_SECRET: 's3cret' }, az);
    const error = await refusal(credential.token(ARM));
    expect(error.causeId).toBe('sign-in-variables-incomplete');
    expect(error.message).toBe(`AZURE_CLIENT_SECRET is set, but ${named} is not: together they are a login`);
    expect((await refusal(credential.subscriptionId())).message).toBe(error.message);
  });

  it('tells a file that is not there', async () => {
    for (const variable of ['AZURE_CLIENT_CERTIFICATE_PATH', 'AZURE_FEDERATED_TOKEN_FILE']) {
      const error = await refusal(ambient({ ...ids, [variable]: join(folder, 'gone') }).token(ARM));
      expect(error.causeId).toBe('sign-in-variables-incomplete');
      expect(error.message).toContain(variable);
      expect(error.message).toContain('ENOENT');
    }
  });

  it("takes the authority that is the cloud's, and refuses any other", async () => {
    const proof = { ...ids, AZURE_CLIENT_SECRET: 's3cret' };
    const own = ambient({ ...proof, AZURE_AUTHORITY_HOST: 'https://login.microsoftonline.com/' });
    expect(ownerOf((await own.token(ARM)).token)).toBe('deployer');
    for (const authority of [
      'https://login.microsoftonline.us',
      'https://adfs.local.azurestack.external/adfs',
    ]) {
      const error = await refusal(ambient({ ...proof, AZURE_AUTHORITY_HOST: authority }).token(ARM));
      expect(error.causeId).toBe('cloud-mismatch');
      expect(error.message).toContain(authority);
    }
  });
});

describe('without a proof in variables', () => {
  it("is the Azure CLI's login, also where a job has ids alone", async () => {
    for (const variables of [{}, ids]) {
      const credential = ambient(variables, az);
      expect((await credential.token(ARM)).token).toBe('of az');
      expect(credential.description).toBe("the Azure CLI's login");
      expect(await credential.subscriptionId()).toBe('of-az');
    }
  });

  it('names what ids alone lack, when there is no Azure CLI', async () => {
    expect((await refusal(ambient({}).token(ARM))).fix).toBe('Sign in first: az login.');
    const error = await refusal(ambient(ids).token(ARM));
    expect(error.causeId).toBe('azure-cli-missing');
    expect(error.fix).toContain(
      'one of AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH, AZURE_FEDERATED_TOKEN_FILE is missing',
    );
  });

  it('is the managed identity only where AZURE_CLIENT_ID alone names it, and az is not signed in', async () => {
    const AZURE_CLIENT_ID = ground.clientId('agent');
    const machine = ambient({ AZURE_CLIENT_ID });
    expect(ownerOf((await machine.token(ARM)).token)).toBe('agent');
    expect(machine.description).toBe('the managed identity of this machine');
    const both = ambient({ AZURE_CLIENT_ID }, az);
    expect((await both.token(ARM)).token).toBe('of az');
    expect(both.description).toBe("the Azure CLI's login");
    const loggedOut: Exec = {
      run: async () => ({ exitCode: 1, stdout: '', stderr: "Please run 'az login' to setup account." }),
    };
    expect(ownerOf((await ambient({ AZURE_CLIENT_ID }, loggedOut).token(ARM)).token)).toBe('agent');
  });
});
