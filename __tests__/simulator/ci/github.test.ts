import { createPublicKey, verify } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startSimulator } from '../../../src/simulator/index.js';
import type { Simulator } from '../../../src/simulator/index.js';
import { claimsOf } from '../../../src/simulator/entra/tokens.js';
import { openClient } from '../net/client.js';
import type { Client } from '../net/client.js';

let simulator: Simulator;
let client: Client;

async function start(github = '{}'): Promise<void> {
  simulator = await startSimulator(`name: ci\ngithub: ${github}`);
  client = openClient(simulator);
}

afterEach(async () => {
  await client.close();
  await simulator.stop();
});

async function ask(
  url: string,
  bearer = simulator.github.requestToken,
): Promise<{ status: number; body: unknown }> {
  const answer = await client.send(url, { headers: { authorization: `Bearer ${bearer}` } });
  return { status: answer.status, body: await answer.json() };
}

describe("GitHub's token service", () => {
  it('gives a job a token that its issuer proves', async () => {
    await start('{ repository: contoso/shop, environment: production }');
    const { status, body } = await ask(
      `${simulator.github.requestUrl}&audience=api%3A%2F%2FAzureADTokenExchange`,
    );
    const { value } = body as { value: string };
    expect(status).toBe(200);
    const claims = claimsOf(value);
    expect(claims).toMatchObject({
      iss: 'https://token.actions.githubusercontent.com',
      sub: 'repo:contoso/shop:environment:production',
      aud: 'api://AzureADTokenExchange',
      repository: 'contoso/shop',
      repository_owner: 'contoso',
      ref: 'refs/heads/main',
      event_name: 'push',
    });
    expect(Number(claims?.exp) - Number(claims?.iat)).toBe(300);

    const issuer = 'https://token.actions.githubusercontent.com';
    const configuration = (await ask(`${issuer}/.well-known/openid-configuration`)).body as Record<
      string,
      string
    >;
    expect(configuration.issuer).toBe(issuer);
    const { keys } = (await ask(configuration.jwks_uri ?? '')).body as { keys: { kty: string }[] };
    const [header, payload, signature] = value.split('.');
    const key = createPublicKey({ key: keys[0] ?? {}, format: 'jwk' });
    expect(
      verify(
        'RSA-SHA256',
        Buffer.from(`${header}.${payload}`),
        key,
        Buffer.from(signature ?? '', 'base64url'),
      ),
    ).toBe(true);
  });

  it("names the repository's owner when no audience is asked for", async () => {
    await start('{ repository: contoso/shop }');
    const { body } = await ask(simulator.github.requestUrl);
    expect(claimsOf((body as { value: string }).value)?.aud).toBe('https://github.com/contoso');
  });

  it('refuses a wrong bearer, and a job without the permission', async () => {
    await start('{ idTokenPermission: false }');
    expect((await ask(simulator.github.requestUrl, 'wrong')).status).toBe(401);
    expect((await ask(simulator.github.requestUrl)).status).toBe(403);
  });

  it('is nothing else of GitHub', async () => {
    await start();
    const { host } = new URL(simulator.github.requestUrl);
    expect((await ask(`https://${host}/elsewhere`)).status).toBe(501);
    expect((await ask('https://token.actions.githubusercontent.com/elsewhere')).status).toBe(501);
  });
});
