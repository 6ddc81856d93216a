import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startSimulator } from '../../../src/simulator/index.js';
import type { Simulator } from '../../../src/simulator/index.js';
import { claimsOf, createSigningKey } from '../../../src/simulator/entra/tokens.js';
import { openClient, principal } from '../net/client.js';
import type { Client } from '../net/client.js';

const ARM = 'https://management.azure.com/.default';
const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const EXCHANGE = 'api://AzureADTokenExchange';

let simulator: Simulator;
let client: Client;
let time = Date.parse('2026-03-01T12:00:00Z');

beforeAll(async () => {
  simulator = await startSimulator(
    `
name: sign-in
identities:
  - { name: deployer, federated: github, secrets: [right-secret] }
  - { name: elsewhere, federated: [{ issuer: 'https://issuer.example' }] }
  - { name: other-branch, federated: [{ subject: 'repo:contoso/shop:ref:refs/heads/other' }] }
  - { name: other-audience, federated: [{ audience: 'api://other' }] }
  - { name: bare }
  - { name: ada, kind: user }
groups: [{ name: team, members: [deployer] }]
`,
    { now: () => time },
  );
  client = openClient(simulator);
});

afterAll(async () => {
  await client.close();
  await simulator.stop();
});

async function jobToken(audience = EXCHANGE): Promise<string> {
  const { requestUrl, requestToken } = simulator.github;
  const answer = await client.send(`${requestUrl}&audience=${encodeURIComponent(audience)}`, {
    headers: { authorization: `Bearer ${requestToken}` },
  });
  return ((await answer.json()) as { value: string }).value;
}

interface TokenAnswer {
  status: number;
  body: {
    access_token?: string;
    expires_in?: number;
    token_type?: string;
    error?: string;
    error_description?: string;
    error_codes?: number[];
  };
}

async function ask(form: Record<string, string>, tenant = simulator.state.tenantId): Promise<TokenAnswer> {
  const answer = await client.send(`https://login.microsoftonline.com/${tenant}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  });
  return { status: answer.status, body: (await answer.json()) as TokenAnswer['body'] };
}

function withSecret(name: string, secret: string, scope = ARM): Record<string, string> {
  return {
    client_id: principal(simulator, name).clientId,
    grant_type: 'client_credentials',
    client_secret: secret,
    scope,
  };
}

function withAssertion(name: string, assertion: string, scope = ARM): Record<string, string> {
  return {
    client_id: principal(simulator, name).clientId,
    grant_type: 'client_credentials',
    client_assertion_type: ASSERTION,
    client_assertion: assertion,
    scope,
  };
}

describe('the documents that clients look up', () => {
  it('lead MSAL from instance discovery to the tenant, its keys and its endpoint', async () => {
    const { tenantId } = simulator.state;
    const authorize = `https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/authorize`;
    const instance = (await (
      await client.send(
        `https://login.microsoftonline.com/common/discovery/instance?api-version=1.1&authorization_endpoint=${authorize}`,
      )
    ).json()) as { tenant_discovery_endpoint: string; metadata: { aliases: string[] }[] };
    expect(instance.metadata[0]?.aliases).toContain('login.microsoftonline.com');
    const configuration = (await (await client.send(instance.tenant_discovery_endpoint)).json()) as Record<
      string,
      string
    >;
    expect(configuration.issuer).toBe(`https://login.microsoftonline.com/${tenantId}/v2.0`);
    expect(configuration.token_endpoint).toBe(
      `https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/token`,
    );
    const keys = (await (await client.send(configuration.jwks_uri ?? '')).json()) as { keys: unknown[] };
    // Its own, and that of the tokens it makes for Azure DevOps.
    expect(keys.keys).toHaveLength(2);
  });

  it('say AADSTS90002 for a tenant that is not there', async () => {
    const answer = await client.send(
      'https://login.microsoftonline.com/no-such-tenant/v2.0/.well-known/openid-configuration',
    );
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: 'invalid_tenant', error_codes: [90002] });
  });
});

describe('signing in with a secret', () => {
  it('gives a token with the claims that services read', async () => {
    const { status, body } = await ask(withSecret('deployer', 'right-secret'));
    const { objectId, clientId } = principal(simulator, 'deployer');
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3599, ext_expires_in: 3599 });
    expect(claimsOf(body.access_token ?? '')).toMatchObject({
      aud: 'https://management.azure.com',
      iss: `https://sts.windows.net/${simulator.state.tenantId}/`,
      iat: time / 1000,
      nbf: time / 1000,
      exp: time / 1000 + 3600,
      oid: objectId,
      appid: clientId,
      tid: simulator.state.tenantId,
      groups: [simulator.state.groups[0]?.objectId],
      ver: '1.0',
    });
  });

  it.each([
    ['https://management.azure.com//.default', 'https://management.azure.com/'],
    ['https://management.core.windows.net/.default', 'https://management.core.windows.net'],
    ['https://containerregistry.azure.net/.default', 'https://containerregistry.azure.net'],
    ['6dae42f8-4368-4678-94ff-3960e28e3630/.default', '6dae42f8-4368-4678-94ff-3960e28e3630'],
    ['https://graph.microsoft.com/.default', 'https://graph.microsoft.com'],
  ])('for %s names the audience %s', async (scope, audience) => {
    const { body } = await ask(withSecret('deployer', 'right-secret', scope));
    expect(claimsOf(body.access_token ?? '')?.aud).toBe(audience);
  });
});

describe('signing in with a federated token', () => {
  it('works for the job that the credential names', async () => {
    const { status, body } = await ask(withAssertion('deployer', await jobToken()));
    expect(status).toBe(200);
    expect(claimsOf(body.access_token ?? '')?.appid).toBe(principal(simulator, 'deployer').clientId);
  });
});

/** Facts: code, status, `error` and the start of the text of each refusal. */
const REFUSALS: [string, () => Promise<TokenAnswer>, number, string, number, string][] = [
  [
    'a wrong secret',
    () => ask(withSecret('deployer', 'wrong')),
    401,
    'invalid_client',
    7000215,
    'Invalid client secret provided.',
  ],
  [
    'no secret at all',
    () => ask({ ...withSecret('deployer', ''), client_secret: '' }),
    401,
    'invalid_client',
    7000215,
    'Invalid client secret provided.',
  ],
  [
    'neither secret nor assertion',
    () =>
      ask({ client_id: principal(simulator, 'bare').clientId, grant_type: 'client_credentials', scope: ARM }),
    401,
    'invalid_client',
    7000216,
    "'client_assertion', 'client_secret' or 'request' is required",
  ],
  [
    'an application that is not there',
    () => ask({ ...withSecret('deployer', 'x'), client_id: '11111111-2222-4333-8444-555555555555' }),
    400,
    'unauthorized_client',
    700016,
    "Application with identifier '11111111-2222-4333-8444-555555555555' was not found in the directory '",
  ],
  [
    'a user as an application',
    () => ask(withSecret('ada', 'x')),
    400,
    'unauthorized_client',
    700016,
    'Application with identifier',
  ],
  [
    'another tenant',
    () => ask(withSecret('deployer', 'right-secret'), '99999999-2222-4333-8444-555555555555'),
    400,
    'invalid_tenant',
    90002,
    "Tenant '99999999-2222-4333-8444-555555555555' not found.",
  ],
  [
    'a resource nobody knows',
    () => ask(withSecret('deployer', 'right-secret', 'https://vault.example/.default')),
    400,
    'invalid_resource',
    500011,
    'The resource principal named https://vault.example was not found in the tenant',
  ],
  [
    'a scope that is no default',
    () => ask(withSecret('deployer', 'right-secret', 'https://graph.microsoft.com/User.Read')),
    400,
    'invalid_scope',
    1002012,
    'The provided value for scope',
  ],
  [
    'a missing client id',
    () => ask({ grant_type: 'client_credentials', scope: ARM }),
    400,
    'invalid_request',
    900144,
    "The request body must contain the following parameter: 'client_id'.",
  ],
  [
    'an identity without federated credentials',
    async () => ask(withAssertion('bare', await jobToken())),
    401,
    'invalid_client',
    70025,
    "The client '",
  ],
  [
    'another issuer',
    async () => ask(withAssertion('elsewhere', await jobToken())),
    401,
    'invalid_client',
    700211,
    "No matching federated identity record found for presented assertion issuer 'https://token.actions.githubusercontent.com'.",
  ],
  [
    'another subject',
    async () => ask(withAssertion('other-branch', await jobToken())),
    401,
    'invalid_client',
    700213,
    "No matching federated identity record found for presented assertion subject 'repo:contoso/shop:ref:refs/heads/main'.",
  ],
  [
    'another audience',
    async () => ask(withAssertion('other-audience', await jobToken())),
    401,
    'invalid_client',
    700212,
    "No matching federated identity record found for presented assertion audience 'api://AzureADTokenExchange'.",
  ],
  [
    'an audience the job chose itself',
    async () => ask(withAssertion('deployer', await jobToken('api://mine'))),
    401,
    'invalid_client',
    700212,
    'No matching federated identity record',
  ],
  [
    'no JSON web token',
    () => ask(withAssertion('deployer', 'rubbish')),
    401,
    'invalid_client',
    50013,
    'Assertion failed signature validation.',
  ],
];

describe('the directory refuses', () => {
  it.each(REFUSALS)('%s', async (_, attempt, status, error, code, text) => {
    const answer = await attempt();
    expect(answer.status).toBe(status);
    expect(answer.body.error).toBe(error);
    expect(answer.body.error_codes).toEqual([code]);
    expect(answer.body.error_description).toMatch(
      / Trace ID: \S+ Correlation ID: \S+ Timestamp: 2026-03-01 \S+Z$/,
    );
    expect(answer.body.error_description?.startsWith(`AADSTS${code}: ${text}`)).toBe(true);
  });

  it('an assertion that somebody else signed', async () => {
    const real = claimsOf(await jobToken());
    const forger = await createSigningKey('forger');
    const { body } = await ask(withAssertion('deployer', forger.sign(real ?? {})));
    expect(body.error_codes).toEqual([50013]);
  });

  it('an assertion whose time is over', async () => {
    const assertion = await jobToken();
    time += 5 * 60_000;
    const { status, body } = await ask(withAssertion('deployer', assertion));
    time -= 5 * 60_000;
    expect([status, body.error_codes]).toEqual([401, [700024]]);
    expect(body.error_description).toContain(
      'Client assertion is not within its valid time range. Current time: 2026-03-01T12:05',
    );
  });

  it('nothing it does not model: that is a 501', async () => {
    const form = { ...withSecret('deployer', 'right-secret'), grant_type: 'refresh_token' };
    const answer = await client.send(
      `https://login.microsoftonline.com/${simulator.state.tenantId}/oauth2/v2.0/token`,
      {
        method: 'POST',
        body: new URLSearchParams(form),
      },
    );
    expect(answer.status).toBe(501);
  });
});

describe('the log', () => {
  it('names who signed in for what, and holds no secret and no token', async () => {
    const { body } = await ask(withSecret('deployer', 'right-secret'));
    expect(simulator.requests.at(-1)).toMatchObject({
      service: 'entra',
      route: 'POST /{tenant}/oauth2/v2.0/token',
      caller: 'deployer',
      verdict: 'signed in for https://management.azure.com',
    });
    const log = JSON.stringify(simulator.requests);
    expect(log).not.toContain('right-secret');
    expect(log).not.toContain(body.access_token);
    expect(log).not.toContain(simulator.github.requestToken);
  });
});
