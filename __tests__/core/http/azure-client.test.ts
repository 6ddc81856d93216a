import { describe, expect, it } from '@jest/globals';
import { ArmError } from '../../../src/core/azure/arm.js';
import { readRegistry } from '../../../src/core/azure/registry.js';
import { CredentialWithheld } from '../../../src/core/http/trust.js';
import { HttpFault, SignInError } from '../../../src/core/ports.js';
import {
  ARM_TOKEN,
  credential,
  inTurn,
  OBJECT_ID,
  REGISTRY_ID,
  ScriptedHttp,
  SUBSCRIPTION,
  thrown,
  world,
} from '../support.js';
import type { Reply } from '../support.js';

/** Everything that was sent to hosts other than ARM. */
const strayed = (http: ScriptedHttp): string[] =>
  http.requests.map(({ url }) => url).filter((url) => !url.startsWith('https://management.azure.com/'));

const list = (...replies: Reply[]): [ScriptedHttp, () => Promise<unknown>] => {
  const http = inTurn(...replies);
  return [http, () => world(http).azure.roleAssignments(SUBSCRIPTION).reaching(REGISTRY_ID, OBJECT_ID, true)];
};

describe("Azure's own client on the guarded sender", () => {
  it('asks what it should, with the token, once', async () => {
    const [http, call] = list({ body: { value: [] } });
    expect(await call()).toEqual([]);
    const [sent] = http.requests;
    const url = new URL(sent?.url ?? '');
    expect(url.pathname).toBe(`${REGISTRY_ID}/providers/Microsoft.Authorization/roleAssignments`);
    expect(url.searchParams.get('$filter')).toBe(`atScope() and assignedTo('${OBJECT_ID}')`);
    expect(url.searchParams.get('api-version')).toBe('2022-04-01');
    expect(sent?.headers?.authorization).toBe(`Bearer ${ARM_TOKEN}`);
    expect(sent?.headers).not.toHaveProperty('accept-encoding');
  });

  it('sends no token after a nextLink to a hostile host', async () => {
    const [http, call] = list({
      body: { value: [], nextLink: 'https://evil.example/steal?api-version=2022-04-01' },
    });
    expect(await thrown(call)).toBeInstanceOf(CredentialWithheld);
    expect(http.requests).toHaveLength(1);
  });

  it.each([
    'https://management.azure.com.evil.example/',
    'https://management.azure.com@evil.example/',
    '//evil.example/x',
  ])('nor after %s', async (nextLink) => {
    const [http, call] = list({ body: { value: [], nextLink } }, { body: { value: [] } });
    await call().catch(() => undefined);
    expect(strayed(http)).toEqual([]);
  });

  it('follows a nextLink on ARM itself, and tells pages apart', async () => {
    const page = (name: string, nextLink?: string): Reply => ({
      body: {
        value: [
          {
            id: `${REGISTRY_ID}/providers/Microsoft.Authorization/roleAssignments/${name}`,
            name,
            properties: { scope: REGISTRY_ID, roleDefinitionId: `/x/${name}`, principalId: OBJECT_ID },
          },
        ],
        ...(nextLink === undefined ? {} : { nextLink }),
      },
    });
    const [, call] = list(page('a', 'https://management.azure.com/next?p=2'), page('b'));
    expect(await call()).toMatchObject([{ name: 'a' }, { name: 'b' }]);
  });

  it.each([301, 302, 307, 308])('follows no redirect (%i)', async (status) => {
    const [http, call] = list({ status, headers: { location: 'https://evil.example/' } });
    expect(await thrown(call)).toBeInstanceOf(ArmError);
    expect(http.requests).toHaveLength(1);
  });

  it('follows no Location or Azure-AsyncOperation of an accepted write', async () => {
    const http = inTurn({
      status: 202,
      headers: { location: 'https://evil.example/', 'azure-asyncoperation': 'https://evil.example/' },
    });
    const write = world(http).azure.roleAssignments(SUBSCRIPTION).create({
      name: 'n',
      scope: REGISTRY_ID,
      roleDefinitionId: '/r',
      principalId: OBJECT_ID,
      description: 'd',
    });
    expect(await thrown(() => write)).toBeInstanceOf(ArmError);
    expect(http.requests).toHaveLength(1);
  });

  it('sends no token to a host in the id of a role', async () => {
    for (const id of [
      'https://evil.example/r',
      '//evil.example/r',
      '\\\\evil.example/r',
      '/@evil.example/r',
    ]) {
      const http = inTurn({ status: 404 }, { status: 404 });
      await world(http)
        .azure.roleAssignments(SUBSCRIPTION)
        .role(id)
        .catch(() => undefined);
      expect(strayed(http)).toEqual([]);
    }
  });

  it('gives up on a list without an end', async () => {
    const http = new ScriptedHttp(() => ({
      body: { value: [], nextLink: 'https://management.azure.com/again' },
    }));
    const { azure } = world(http);
    const call = (): Promise<unknown> =>
      azure.roleAssignments(SUBSCRIPTION).reaching(REGISTRY_ID, OBJECT_ID, true);
    expect(await thrown(call)).toMatchObject({ name: 'ArmError' });
    expect(http.requests.length).toBeLessThanOrEqual(201);
    expect(await thrown(() => azure.arm.list('/l', '1', 'list'))).toMatchObject({ name: 'ArmError' });
  });

  it('leaves retries to the sender', async () => {
    const throttled = { status: 429, headers: { 'retry-after': '3' } };
    const [http, call] = list(...Array<Reply>(4).fill(throttled));
    expect(await thrown(call)).toMatchObject({ name: 'ArmError', status: 429 });
    expect(http.requests).toHaveLength(4);
  });

  it('a refusal of the login or of the network is thrown as it is', async () => {
    const refusal = new SignInError('no login', 'sign in', 'not-signed-in');
    const http = inTurn();
    const { azure } = world(http, {
      credential: { ...credential(), token: () => Promise.reject(refusal) },
    });
    expect(
      await thrown(() => azure.roleAssignments(SUBSCRIPTION).reaching(REGISTRY_ID, OBJECT_ID, true)),
    ).toBe(refusal);
    const unreachable = new HttpFault('tls', 'management.azure.com', 'no trust');
    expect(await thrown(list(unreachable)[1])).toBe(unreachable);
  });

  it('an answer 401 with a claims challenge is asked once more, and nowhere else', async () => {
    const challenge = `Bearer realm="", authorization_uri="https://evil.example/", error="insufficient_claims", claims="${Buffer.from('{"access_token":{}}').toString('base64')}"`;
    const reply = {
      status: 401,
      headers: { 'www-authenticate': challenge },
      body: { error: { code: 'x', message: 'y' } },
    };
    const [http, call] = list(reply, reply);
    expect(await thrown(call)).toMatchObject({ name: 'ArmError', status: 401, code: 'x' });
    expect(http.requests.length).toBeLessThanOrEqual(2);
    expect(strayed(http)).toEqual([]);
  });
});

describe('plain requests to ARM', () => {
  it('send no token after a nextLink to a hostile host', async () => {
    const http = inTurn({ body: { value: [], nextLink: 'https://evil.example/steal' } });
    expect(await thrown(() => world(http).azure.arm.list('/l', '1', 'list'))).toBeInstanceOf(
      CredentialWithheld,
    );
    expect(http.requests).toHaveLength(1);
  });

  it.each(['not a url', '/subscriptions/x', 'https://', 'javascript:alert(1)'])(
    'take a nextLink that is no address (%s) for a wrong answer, not for the end',
    async (nextLink) => {
      const http = inTurn({ body: { value: [], nextLink } });
      const error = await thrown(() => world(http).azure.arm.list('/l', '1', 'list'));
      expect(error instanceof ArmError || error instanceof CredentialWithheld).toBe(true);
      expect(http.requests).toHaveLength(1);
    },
  );

  it('follow no redirect', async () => {
    const http = inTurn({ status: 302, headers: { location: 'https://evil.example/' } });
    expect(await thrown(() => readRegistry(world(http).azure.arm, REGISTRY_ID))).toMatchObject({
      status: 302,
    });
    expect(http.requests).toHaveLength(1);
  });
});
