import { describe, expect, it } from '@jest/globals';
import { credentialOf, readServiceConnection } from '../../src/azure-pipelines/service-connection.js';
import type { ServiceConnection } from '../../src/azure-pipelines/service-connection.js';
import { CLOUDS } from '../../src/core/azure/clouds.js';
import { Sender } from '../../src/core/http/sender.js';
import { Trust } from '../../src/core/http/trust.js';
import type { HttpRequest, Log } from '../../src/core/ports.js';
import type { SignInGround } from '../../src/host/run.js';
import { FakeClock, ScriptedHttp } from '../core/support.js';
import type { Reply } from '../core/support.js';
import { fakeAgent } from './support.js';
import type { Given } from './support.js';

const ID = '1b2c3d4e-0000-4000-8000-000000000001';
const TENANT = '22222222-0000-4000-8000-000000000002';
const CLIENT = '33333333-0000-4000-8000-000000000003';
const SUBSCRIPTION = '44444444-0000-4000-8000-000000000004';
type Told = NonNullable<Given['endpoints']>[string];

function endpoint(change: Told = {}): Told {
  return {
    url: 'https://management.azure.com/',
    scheme: 'WorkloadIdentityFederation',
    ...change,
    parameters: { tenantid: TENANT, serviceprincipalid: CLIENT, ...change.parameters },
    data: {
      environment: 'AzureCloud',
      subscriptionid: SUBSCRIPTION,
      activeDirectoryAuthority: 'https://login.microsoftonline.com/',
      ...change.data,
    },
  };
}

const read = (told: Told, id: string | undefined = ID): ReturnType<typeof readServiceConnection> =>
  readServiceConnection(fakeAgent({ endpoints: { [ID]: told } }), id);

function usable(told: Told): ServiceConnection {
  const found = read(told);
  if ('problem' in found) throw new Error(found.problem.wanted);
  return found.connection;
}

function why(told: Told, id?: string): string {
  const found = read(told, id);
  return 'problem' in found ? found.problem.wanted : 'nothing is wrong';
}

describe('readServiceConnection', () => {
  const place = {
    id: ID,
    cloud: CLOUDS.AzureCloud,
    authority: 'https://login.microsoftonline.com/',
    subscriptionId: SUBSCRIPTION,
  };
  const application = { ...place, tenantId: TENANT, clientId: CLIENT };

  it('knows the four kinds', () => {
    expect(usable(endpoint())).toEqual({ kind: 'federation', ...application });
    const secret = { authenticationType: 'spnKey', serviceprincipalkey: 'a secret' };
    expect(usable(endpoint({ scheme: 'ServicePrincipal', parameters: secret }))).toEqual({
      kind: 'secret',
      ...application,
      secret: 'a secret',
    });
    const certificate = { authenticationType: 'spnCertificate', servicePrincipalCertificate: 'a PEM' };
    expect(usable(endpoint({ scheme: 'serviceprincipal', parameters: certificate }))).toEqual({
      kind: 'certificate',
      ...application,
      pem: 'a PEM',
    });
    expect(usable(endpoint({ scheme: 'ManagedServiceIdentity', data: { msiclientId: CLIENT } }))).toEqual({
      kind: 'managed-identity',
      ...place,
      clientId: CLIENT,
    });
  });

  it('takes one without a scheme for a service principal with a secret', () => {
    const { scheme: _scheme, ...old } = endpoint({ parameters: { serviceprincipalkey: 'a secret' } });
    expect(usable(old).kind).toBe('secret');
  });

  it('takes cloud and authority from the connection', () => {
    const china = {
      environment: 'AzureChinaCloud',
      activeDirectoryAuthority: 'https://login.chinacloudapi.cn/',
    };
    const connection = usable(endpoint({ url: 'https://management.chinacloudapi.cn/', data: china }));
    expect([connection.cloud.name, connection.authority]).toEqual([
      'AzureChinaCloud',
      'https://login.chinacloudapi.cn/',
    ]);
    const { activeDirectoryAuthority: _authority, ...data } = endpoint().data ?? {};
    expect(usable({ ...endpoint(), data }).authority).toBe('https://login.microsoftonline.com');
  });

  it('says what is wrong with one that can not be used, and shows no secret', () => {
    expect(readServiceConnection(fakeAgent(), undefined)).toMatchObject({
      problem: { input: 'azure-subscription' },
    });
    expect(why(endpoint(), 'another id')).toMatch(/no connection with that id/);
    expect(why(endpoint({ scheme: 'PublishProfile' }))).toMatch(
      /this one's authentication is PublishProfile/,
    );
    expect(why(endpoint({ scheme: 'constructor' }))).toMatch(/authentication is constructor/);
    expect(why(endpoint({ scheme: 'ServicePrincipal' }))).toMatch(/holds no serviceprincipalkey/);
    expect(why({ ...endpoint(), parameters: {} })).toMatch(/holds no tenantid/);
    expect(why(endpoint({ data: { environment: 'AzureStack' } }))).toMatch(/to AzureStack/);
    expect(why(endpoint({ url: 'https://management.local.azurestack.external/' }))).toMatch(
      /resource manager https:\/\/management\.local\.azurestack\.external\/ is not AzureCloud's/,
    );
    expect(why(endpoint({ data: { activeDirectoryAuthority: 'https://evil.example/' } }))).toMatch(
      /authority https:\/\/evil\.example\/ is not AzureCloud's/,
    );
    expect(why(endpoint({ data: { activeDirectoryAuthority: 'nonsense' } }))).toMatch(/authority nonsense/);
  });
});

const NOBODY: Log = {
  chapter: () => undefined,
  check: () => undefined,
  pull: () => undefined,
  finding: () => undefined,
  waiting: () => undefined,
  debug: () => undefined,
  secret: () => undefined,
};

describe('the login of a connection with workload identity federation', () => {
  const OIDC = 'https://dev.azure.com/contoso/_apis/oidctoken';
  const jwt = (name: string): string =>
    `${name}.${Buffer.from(JSON.stringify({ iss: 'i', sub: 's', aud: 'a' })).toString('base64url')}.signed`;

  function login(
    reply: (request: HttpRequest, nth: number) => Reply,
    variables: Record<string, string> = { 'System.OidcRequestUri': OIDC },
  ): { http: ScriptedHttp; secrets: string[]; token: (scope: string) => Promise<unknown> } {
    const http = new ScriptedHttp(reply);
    const secrets: string[] = [];
    const clock = new FakeClock();
    const log: Log = {
      ...NOBODY,
      secret: (value) => secrets.push(value),
    };
    const agent = fakeAgent({
      variables,
      endpoints: { [ID]: endpoint(), SYSTEMVSSCONNECTION: { parameters: { AccessToken: 'of the job' } } },
    });
    const ground: SignInGround = {
      cloud: CLOUDS.AzureCloud,
      sender: new Sender(http, new Trust(CLOUDS.AzureCloud), clock, log),
      http,
      clock,
      log,
    };
    const credential = credentialOf(usable(endpoint()), agent, {}, ground);
    return { http, secrets, token: (scope) => credential.token(scope) };
  }

  it("shows the job's token to Azure DevOps and a fresh assertion to Entra, each time", async () => {
    const { http, secrets, token } = login(({ url }, nth) =>
      url.startsWith(OIDC)
        ? { body: { oidcToken: jwt(`assertion${nth}`) } }
        : { body: { access_token: `token ${nth}`, expires_in: 3599, token_type: 'Bearer' } },
    );
    await token('https://management.azure.com/.default');
    await token('https://containerregistry.azure.net/.default');
    const [first, entra, second] = http.requests;
    expect(first).toMatchObject({ method: 'POST', headers: { authorization: 'Bearer of the job' } });
    expect(Object.fromEntries(new URL(first?.url ?? '').searchParams)).toEqual({
      'api-version': '7.1',
      serviceConnectionId: ID,
    });
    expect(entra?.url).toMatch(`https://login.microsoftonline.com/${TENANT}/oauth2/v2.0/token`);
    expect(new URLSearchParams(entra?.body).get('client_assertion')).toBe(jwt('assertion1'));
    expect(second?.url).toMatch(OIDC);
    expect(secrets).toEqual(expect.arrayContaining(['of the job', jwt('assertion1'), jwt('assertion3')]));
  });

  it('says what Azure DevOps refused with, and tries nothing again', async () => {
    const { http, token } = login(() => ({ status: 404, body: { message: 'no such connection' } }));
    await expect(token('https://management.azure.com/.default')).rejects.toMatchObject({
      name: 'SignInError',
      causeId: 'id-token-refused',
      message: expect.stringMatching(/dev\.azure\.com: HTTP 404: no such connection/) as unknown,
    });
    expect(http.requests).toHaveLength(1);
  });

  it('refuses an answer without a token, and a server without such tokens', async () => {
    const empty = login(() => ({ body: {} }));
    await expect(empty.token('a/.default')).rejects.toThrow(/HTTP 200 without a token/);
    const none = login(() => ({ body: {} }), {});
    await expect(none.token('a/.default')).rejects.toThrow(/no System\.OidcRequestUri/);
    expect(none.http.requests).toEqual([]);
  });

  it("sends the job's token nowhere but over https", async () => {
    const { http, token } = login(() => ({ body: {} }), {
      'System.OidcRequestUri': 'http://dev.azure.com/x',
    });
    await expect(token('a/.default')).rejects.toThrow(/withheld/);
    expect(http.requests).toEqual([]);
  });
});
