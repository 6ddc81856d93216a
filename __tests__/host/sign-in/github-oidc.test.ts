import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AZURE_CLOUD } from '../../../src/core/azure/clouds.js';
import { Sender } from '../../../src/core/http/sender.js';
import { CredentialWithheld, Trust } from '../../../src/core/http/trust.js';
import type { Credential, Http } from '../../../src/core/ports.js';
import { systemClock } from '../../../src/host/clock.js';
import { gitHubOidcCredential, ID_TOKEN_PERMISSION } from '../../../src/host/credentials.js';
import type { GitHubOidcOptions } from '../../../src/host/credentials.js';
import { createHttp } from '../../../src/host/http.js';
import type { ClosableHttp } from '../../../src/host/http.js';
import { startSimulator } from '../../../src/simulator/index.js';
import type { Simulator } from '../../../src/simulator/index.js';
import { refusal } from './support.js';

const SCENARIO = `
name: sign-in
identities:
  - { name: deployer, federated: github }
  - { name: stranger, secrets: [abc] }
  - { name: other, federated: [{ subject: 'repo:contoso/Shop:ref:refs/heads/main' }] }
  - { name: foreign, federated: [{ audience: 'api://elsewhere' }] }
`;

let cloud: Simulator;
let network: ClosableHttp;
/** Through the simulator's proxy, trusting its authority. */
let http: Http;
beforeAll(async () => {
  cloud = await startSimulator(SCENARIO);
  network = createHttp(cloud.environment());
  http = { send: (request) => network.send({ ...request, tls: { ca: cloud.caPem } }) };
});
afterAll(async () => {
  await network.close();
  await cloud.stop();
});

const clientId = (name: string): string =>
  cloud.state.principals.find((one) => one.name === name)?.clientId ?? '';

function oidc(
  name: string,
  options: Partial<GitHubOidcOptions> = {},
  over: Http = http,
): {
  credential: Credential;
  secrets: string[];
} {
  const secrets: string[] = [];
  const credential = gitHubOidcCredential({
    clientId: clientId(name),
    tenantId: cloud.state.tenantId,
    cloud: AZURE_CLOUD,
    ...cloud.github,
    sender: new Sender(over, new Trust(AZURE_CLOUD), systemClock, { debug: () => undefined }),
    clock: systemClock,
    log: { secret: (value) => void secrets.push(value) },
    ...options,
  });
  return { credential, secrets };
}

describe('GitHub OIDC', () => {
  it('signs in for each scope, with a fresh assertion each, and asks nothing else', async () => {
    const before = cloud.requests.length;
    const { credential, secrets } = oidc('deployer');
    const [arm, again, registry] = await Promise.all([
      credential.token(AZURE_CLOUD.resourceManagerScope),
      credential.token(AZURE_CLOUD.resourceManagerScope),
      credential.token(AZURE_CLOUD.registryScope),
    ]);
    expect(again).toEqual(arm);
    expect(cloud.context.tokens.verify(arm.token, ['https://management.azure.com'])).toHaveProperty('claims');
    expect(
      cloud.context.tokens.verify(registry.token, ['https://containerregistry.azure.net']),
    ).toHaveProperty('claims');
    expect(arm.expiresOn).toBeGreaterThan(Date.now() + 50 * 60_000);

    const asked = cloud.requests.slice(before).map(({ method, host }) => `${method} ${host}`);
    expect(asked.sort()).toEqual([
      `GET ${new URL(cloud.github.requestUrl).host}`,
      `GET ${new URL(cloud.github.requestUrl).host}`,
      'POST login.microsoftonline.com',
      'POST login.microsoftonline.com',
    ]);
    // The bearer, both assertions and both tokens were told to be hidden.
    expect(secrets).toEqual(expect.arrayContaining([cloud.github.requestToken, arm.token, registry.token]));
    expect(new Set(secrets).size).toBe(5);
    expect(await credential.subscriptionId()).toBeUndefined();
  });

  it.each([
    ['ACTIONS_ID_TOKEN_REQUEST_URL', { requestUrl: undefined }],
    ['ACTIONS_ID_TOKEN_REQUEST_TOKEN', { requestToken: undefined }],
  ])('without %s names the permission to add, and sends nothing', async (variable, options) => {
    const before = cloud.requests.length;
    const error = await refusal(oidc('deployer', options).credential.token(AZURE_CLOUD.resourceManagerScope));
    expect(error.message).toContain(variable);
    expect(error.fix).toContain('permissions:\n  id-token: write');
    expect(error.causeId).toBe('id-token-permission-missing');
    expect(cloud.requests.length).toBe(before);
  });

  it('tells when GitHub refuses', async () => {
    const error = await refusal(
      oidc('deployer', { requestToken: 'wrong-bearer' }).credential.token(AZURE_CLOUD.resourceManagerScope),
    );
    expect(error.message).toContain('HTTP 401');
    expect(error.message).not.toContain('wrong-bearer');
    expect(error.fix).toContain(ID_TOKEN_PERMISSION);
  });

  it.each([
    ['other', 'AADSTS700213'],
    ['foreign', 'AADSTS700212'],
    ['stranger', 'AADSTS70025'],
  ])('shows what the token claims when the federated credential of %s does not match', async (name, code) => {
    const { credential, secrets } = oidc(name);
    const error = await refusal(credential.token(AZURE_CLOUD.resourceManagerScope));
    expect(error.causeId).toBe('federated-credential-mismatch');
    expect(error.message).toContain(code);
    expect(error.message).toContain('issuer https://token.actions.githubusercontent.com');
    expect(error.message).toContain('subject repo:contoso/shop:ref:refs/heads/main');
    expect(error.message).toContain('audience api://AzureADTokenExchange');
    expect(error.message).not.toContain('Trace ID');
    expect(error.fix).toContain(`az ad app federated-credential create --id ${clientId(name)}`);
    for (const secret of secrets) expect(`${error.message}${error.fix}`).not.toContain(secret);
  });

  it('takes the audience that it is given', async () => {
    const { credential } = oidc('foreign', { audience: 'api://elsewhere' });
    expect((await credential.token(AZURE_CLOUD.resourceManagerScope)).token).not.toBe('');
  });

  it('tells an unknown application and an unknown tenant', async () => {
    const nobody = '11111111-2222-3333-4444-555555555555';
    const application = await refusal(
      oidc('deployer', { clientId: nobody }).credential.token(AZURE_CLOUD.resourceManagerScope),
    );
    expect([application.causeId, application.fix]).toEqual([
      'application-not-found',
      expect.stringContaining(`(${nobody})`),
    ]);
    const tenant = await refusal(
      oidc('deployer', { tenantId: nobody }).credential.token(AZURE_CLOUD.resourceManagerScope),
    );
    expect([tenant.causeId, tenant.fix]).toEqual(['tenant-not-found', expect.stringContaining(nobody)]);
  });

  it('tries a failing token service again, and says what came back in the end', async () => {
    let tries = 0;
    const flaky: Http = {
      send: async (request) => {
        if (request.method === 'POST' && ++tries === 1) {
          return { status: 503, headers: { 'retry-after': '0' }, body: bytes('busy') };
        }
        return http.send(request);
      },
    };
    expect(
      (await oidc('deployer', {}, flaky).credential.token(AZURE_CLOUD.resourceManagerScope)).token,
    ).not.toBe('');
    expect(tries).toBe(2);

    const down = createHttp({ HTTPS_PROXY: 'http://127.0.0.1:1' });
    const error = await refusal(
      oidc('deployer', {}, down).credential.token(AZURE_CLOUD.resourceManagerScope),
    );
    expect(error.causeId).toBe('sign-in-unreachable');
    expect(error.message).toContain('http://127.0.0.1:1');
  });

  it('gives the assertion to nobody but the authority', async () => {
    const asked: string[] = [];
    const redirecting: Http = {
      send: async (request) => {
        const url = new URL(request.url);
        asked.push(url.host);
        return url.host === 'login.microsoftonline.com'
          ? { status: 307, headers: { location: 'https://login.evil.test/token' }, body: bytes('') }
          : http.send(request);
      },
    };
    await refusal(oidc('deployer', {}, redirecting).credential.token(AZURE_CLOUD.resourceManagerScope));
    expect(asked).not.toContain('login.evil.test');
    await expect(
      oidc('deployer', { requestUrl: 'http://pipelines.test/token' }).credential.token(
        AZURE_CLOUD.resourceManagerScope,
      ),
    ).rejects.toThrow(CredentialWithheld);
  });
});

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
