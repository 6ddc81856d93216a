import { createPublicKey, verify } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { claimsOf } from '../../../src/simulator/entra/tokens.js';
import { startSimulator } from '../../../src/simulator/index.js';
import type { Simulator } from '../../../src/simulator/index.js';
import { openClient } from '../net/client.js';
import type { Client } from '../net/client.js';

let simulator: Simulator;
let client: Client;

async function start(azurePipelines = '{}'): Promise<void> {
  simulator = await startSimulator(
    `name: ci\nazurePipelines: ${azurePipelines}\nidentities: [{ name: deployer, federated: azure-pipelines }]`,
  );
  client = openClient(simulator);
}

afterEach(async () => {
  await client.close();
  await simulator.stop();
});

interface Asked {
  status: number;
  body: Record<string, string>;
}

async function ask(change: { bearer?: string; query?: string; suppress?: boolean } = {}): Promise<Asked> {
  const { oidcRequestUri, accessToken } = simulator.azurePipelines;
  const id = simulator.state.azurePipelines.connectionId;
  const query = change.query ?? `api-version=7.1&serviceConnectionId=${id}`;
  const answer = await client.send(`${oidcRequestUri}?${query}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${change.bearer ?? accessToken}`,
      ...(change.suppress === false ? {} : { 'x-tfs-fedauthredirect': 'Suppress' }),
    },
  });
  const text = await answer.text();
  return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, string> };
}

async function signIn(assertion: string): Promise<Asked> {
  const { tenantId, principals } = simulator.state;
  const answer = await client.send(`https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: principals[0]?.clientId ?? '',
      scope: 'https://management.azure.com/.default',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    }).toString(),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, string> };
}

/** Whether a key of the issuer's own documents signed it. */
async function signedByIssuer(token: string): Promise<boolean> {
  const get = async (url: string): Promise<unknown> => (await client.send(url)).json();
  const issuer = String(claimsOf(token)?.iss);
  const { jwks_uri } = (await get(`${issuer}/.well-known/openid-configuration`)) as { jwks_uri: string };
  const { keys } = (await get(jwks_uri)) as { keys: { kty: string; kid: string }[] };
  const [header = '', payload = '', signature = ''] = token.split('.');
  const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString('utf8')) as { kid: string };
  const key = keys.find((one) => one.kid === kid);
  if (key === undefined) return false;
  return verify(
    'RSA-SHA256',
    Buffer.from(`${header}.${payload}`),
    createPublicKey({ key, format: 'jwk' }),
    Buffer.from(signature, 'base64url'),
  );
}

describe("Azure DevOps' token service", () => {
  it("gives a job a token of Entra's issuer, which Entra takes for its application", async () => {
    await start('{ organization: fabrikam, project: web, connection: production }');
    const { status, body } = await ask();
    const { tenantId, azurePipelines } = simulator.state;
    const token = body.oidcToken ?? '';
    expect(status).toBe(200);
    expect(claimsOf(token)).toMatchObject({
      iss: `https://login.microsoftonline.com/${tenantId}/v2.0`,
      aud: 'api://AzureADTokenExchange',
    });
    // The application id of Azure DevOps as Entra's subjects encode it.
    expect(String(claimsOf(token)?.sub)).toMatch(
      new RegExp(
        `^/eid1/c/pub/t/[\\w-]{22}/a/rISbSSETf0KqFyZ8ppdXmA/sc/${azurePipelines.organizationId}/${azurePipelines.connectionId}$`,
      ),
    );
    expect(await signedByIssuer(token)).toBe(true);
    expect(await signIn(token)).toMatchObject({ status: 200, body: { token_type: 'Bearer' } });
  });

  it("gives one of Azure DevOps' own issuer to a connection that has it", async () => {
    await start('{ organization: fabrikam, project: web, connection: production, issuer: azure-devops }');
    const { body } = await ask();
    const token = body.oidcToken ?? '';
    expect(claimsOf(token)).toMatchObject({
      iss: `https://vstoken.dev.azure.com/${simulator.state.azurePipelines.organizationId}`,
      sub: 'sc://fabrikam/web/production',
    });
    expect(await signedByIssuer(token)).toBe(true);
    expect((await signIn(token)).status).toBe(200);
  });

  it('makes tokens that nobody else can make', async () => {
    await start();
    const token = (await ask()).body.oidcToken ?? '';
    const [header, payload] = token.split('.');
    const forged = await signIn(
      `${header ?? ''}.${payload ?? ''}.${Buffer.from('forged').toString('base64url')}`,
    );
    expect(forged.status).toBe(401);
    expect(forged.body.error_description).toMatch(/^AADSTS50013/);
  });

  it("refuses a bearer that isn't the job's, another connection, and a request without a version", async () => {
    await start();
    const id = simulator.state.azurePipelines.connectionId;
    expect(await ask({ bearer: 'wrong' })).toMatchObject({
      status: 401,
      body: { typeKey: 'UnauthorizedRequestException' },
    });
    expect((await ask({ bearer: 'wrong', suppress: false })).status).toBe(302);
    expect((await ask({ query: 'api-version=7.1&serviceConnectionId=another' })).status).toBe(404);
    expect((await ask({ query: `serviceConnectionId=${id}` })).status).toBe(400);
  });

  it('is nothing else of Azure DevOps', async () => {
    await start();
    expect((await client.send('https://dev.azure.com/contoso/_apis/projects')).status).toBe(501);
    expect((await client.send('https://vstoken.dev.azure.com/elsewhere')).status).toBe(501);
  });
});
