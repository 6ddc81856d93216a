import { describe, expect, it } from '@jest/globals';
import { AZURE_CLOUD } from '../../../src/core/azure/clouds.js';
import { HttpFault, SignInError } from '../../../src/core/ports.js';
import { credential, inTurn, OBJECT_ID, thrown, world } from '../support.js';
import type { Reply } from '../support.js';

const APPLICATION = 'bbbbbbbb-0000-4000-8000-000000000001';
const denied = (code: string): object => ({ error: { code, message: 'no' } });

async function look(reply: Reply): Promise<unknown> {
  return world(inTurn(reply)).azure.graph.servicePrincipal({ applicationId: APPLICATION });
}

describe('servicePrincipal', () => {
  it('asks the cloud’s Graph once, by the application, with a token for Graph', async () => {
    const http = inTurn({ body: { id: OBJECT_ID.toUpperCase() } });
    const { azure } = world(http);
    expect(await azure.graph.servicePrincipal({ applicationId: APPLICATION })).toEqual({
      outcome: 'found',
      objectId: OBJECT_ID,
    });
    expect(http.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      `GET ${AZURE_CLOUD.microsoftGraph}/v1.0/servicePrincipals(appId='${APPLICATION}')?$select=id`,
    ]);
    expect(http.requests[0]?.headers?.authorization).toBe(
      'Bearer entra-token-for-https://graph.microsoft.com/.default',
    );
  });

  it('asks by the object id too', async () => {
    const http = inTurn({ status: 404, body: denied('Request_ResourceNotFound') });
    expect(await world(http).azure.graph.servicePrincipal({ objectId: OBJECT_ID })).toEqual({
      outcome: 'none',
    });
    expect(http.requests[0]?.url).toContain(`/servicePrincipals/${OBJECT_ID}?`);
  });

  it.each<[string, Reply, RegExp]>([
    [
      'a refusal',
      { status: 403, body: denied('Authorization_RequestDenied') },
      /403 Authorization_RequestDenied/,
    ],
    ['a token that it does not take', { status: 401, body: denied('InvalidAuthenticationToken') }, /401/],
    ['a 404 that is a proxy’s page', { status: 404, body: '<html>' }, /404$/],
    ['an answer without an id', { body: {} }, /200/],
    ['an id that is none', { body: { id: '../../me' } }, /200/],
    ['being throttled', { status: 429, body: denied('TooManyRequests') }, /429/],
    ['no answer', new HttpFault('timeout', 'graph.microsoft.com', 'no answer'), /no answer/],
  ])('%s is no error, and is not taken for "there is none"', async (_what, reply, because) => {
    expect(await look(reply)).toEqual({ outcome: 'unseen', because: expect.stringMatching(because) });
  });

  it('a login that gets no token for Graph is unseen as well', async () => {
    const refuse = {
      ...credential(),
      token: async () => {
        throw new SignInError('AADSTS65001: no consent', 'ask', 'sign-in-refused');
      },
    };
    const { azure } = world(inTurn(), { credential: refuse });
    expect(await azure.graph.servicePrincipal({ objectId: OBJECT_ID })).toMatchObject({
      outcome: 'unseen',
      because: 'AADSTS65001: no consent',
    });
  });

  it('an end of the run is passed on', async () => {
    const fault = new HttpFault('aborted', 'graph.microsoft.com', 'cancelled');
    expect(await thrown(() => look(fault))).toBe(fault);
  });

  it('puts nothing but a GUID into the address', async () => {
    const http = inTurn();
    const looked = await world(http).azure.graph.servicePrincipal({ applicationId: "x')/../me" });
    expect(looked).toMatchObject({ outcome: 'unseen' });
    expect(http.requests).toEqual([]);
  });
});
