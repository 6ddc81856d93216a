import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HttpFault } from '../../../src/core/ports.js';
import type { Clock, Credential, Http, HttpResponse } from '../../../src/core/ports.js';
import { managedIdentityCredential } from '../../../src/host/credentials.js';
import type { ManagedIdentityOptions } from '../../../src/host/credentials.js';
import { createHttp } from '../../../src/host/http.js';
import type { ClosableHttp } from '../../../src/host/http.js';
import { openGround, refusal } from './support.js';
import type { Ground } from './support.js';

const ARM = 'https://management.azure.com/.default';

let ground: Ground;
let bare: Ground;
let direct: ClosableHttp;
beforeAll(async () => {
  const agents = ['agent', 'second'].map((name) => ({ name, kind: 'managed-identity' }));
  [ground, bare] = await Promise.all([
    openGround({ identities: agents, runner: { identities: ['agent', 'second'] } }),
    openGround({}),
  ]);
  direct = createHttp({});
});
afterAll(async () => {
  await direct.close();
  await Promise.all([ground.end(), bare.end()]);
});

function credential(on: Ground, more: Partial<ManagedIdentityOptions> = {}): Credential {
  return managedIdentityCredential({
    description: 'a test',
    podIdentityHost: on.simulator.environment().AZURE_POD_IDENTITY_AUTHORITY_HOST,
    http: direct,
    clock: on.clock,
    log: on.log,
    ...more,
  });
}

describe('against a simulated machine', () => {
  it('gets tokens of the identity that is named, and keeps them', async () => {
    const before = ground.simulator.requests.length;
    const named = credential(ground, { clientId: ground.clientId('second'), subscriptionId: 'ABC' });
    const { token, expiresOn } = await named.token(ARM);
    const verified = ground.simulator.context.tokens.verify(token, ['https://management.azure.com']);
    expect(verified).toMatchObject({ claims: { appid: ground.clientId('second') } });
    expect(expiresOn).toBeGreaterThan(Date.now() + 23 * 3_600_000);
    await named.token(ARM);
    expect(ground.simulator.requests.slice(before).map(({ service, caller }) => [service, caller])).toEqual([
      ['imds', 'second'],
    ]);
    expect(ground.secrets).toContain(token);
    expect(await named.subscriptionId()).toBe('abc');
    // Nothing of it went through the proxy.
    expect(ground.simulator.connectedNames).toEqual([]);
  });

  it.each([
    [
      'several, and none is named',
      () => credential(ground),
      'Multiple user assigned identities',
      'AZURE_CLIENT_ID',
    ],
    ['one that it has not', () => credential(ground, { clientId: 'nobody' }), 'Identity not found', 'nobody'],
    ['none at all', () => credential(bare), 'Identity not found', 'Give this machine a managed identity'],
  ])('tells that the machine has %s', async (_what, make, said, todo) => {
    const error = await refusal(make().token(ARM));
    expect(error.causeId).toBe('managed-identity-missing');
    expect(error.message).toContain(said);
    expect(error.fix).toContain(todo);
  });
});

describe('the metadata service', () => {
  const answer = (status: number, body: object, headers = {}): HttpResponse => ({
    status,
    headers,
    body: (async function* () {
      yield Buffer.from(JSON.stringify(body));
    })(),
  });
  const good = (): HttpResponse => answer(200, { access_token: 't', expires_on: '1900000000' });

  /** What it answers, one after the other, the last for ever. */
  function scripted(...answers: (() => HttpResponse)[]): {
    get: () => Promise<{ token: string }>;
    urls: string[];
    headers: (Record<string, string> | undefined)[];
    waits: number[];
  } {
    const urls: string[] = [];
    const headers: (Record<string, string> | undefined)[] = [];
    const waits: number[] = [];
    const http: Http = {
      send: async (request) => {
        urls.push(request.url);
        headers.push(request.headers);
        return (answers[Math.min(urls.length, answers.length) - 1] ?? good)();
      },
    };
    const clock: Clock = { now: () => 0, sleep: async (ms) => void waits.push(ms) };
    const made = credential(bare, { podIdentityHost: undefined, http, clock });
    return { get: () => made.token(ARM), urls, headers, waits };
  }

  it('is asked at its own address, with the header that it demands and nothing secret', async () => {
    const { get, urls, headers } = scripted(good);
    expect(await get()).toEqual({ token: 't', expiresOn: 1_900_000_000_000 });
    expect(urls).toEqual([
      'http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com',
    ]);
    expect(headers).toEqual([{ metadata: 'true', accept: 'application/json' }]);
  });

  it.each([404, 408, 429, 500, 503])('that answers %i for a moment is asked again', async (status) => {
    const later = (): HttpResponse => answer(status, { error: 'later' });
    const { get, waits } = scripted(later, later, good);
    expect((await get()).token).toBe('t');
    expect(waits).toEqual([1_000, 2_000]);
    const never = scripted(later);
    expect((await refusal(never.get())).message).toContain(`HTTP ${status}: later`);
    expect(never.urls).toHaveLength(4);
  });

  it('that is being updated is waited for, for 70 seconds', async () => {
    const gone = scripted(() => answer(410, {}));
    await refusal(gone.get());
    expect(gone.waits.reduce((sum, ms) => sum + ms, 0)).toBe(70_000);
  });

  it('that says when to come back is asked then, but within bounds', async () => {
    const { get, waits } = scripted(
      () => answer(429, {}, { 'retry-after': '3' }),
      () => answer(429, {}, { 'retry-after': '3600' }),
      good,
    );
    await get();
    expect(waits).toEqual([3_000, 10_000]);
  });

  it('that refuses is asked once', async () => {
    const { get, urls } = scripted(() => answer(400, { error: 'invalid_request' }));
    expect((await refusal(get())).message).toContain('HTTP 400: invalid_request');
    expect(urls).toHaveLength(1);
  });

  it('that is not there is asked twice, and told as such', async () => {
    const { get, urls } = scripted(() => {
      throw new HttpFault(
        'timeout',
        '169.254.169.254',
        'attempted GET on 169.254.169.254: no answer within 10000 ms',
      );
    });
    const error = await refusal(get());
    expect(error.causeId).toBe('managed-identity-missing');
    expect(error.fix).toContain('Only machines in Azure');
    expect(urls).toHaveLength(2);
  });

  it.each(['not an address', 'ftp://127.0.0.1'])('is not looked for at %s', async (podIdentityHost) => {
    const error = await refusal(credential(bare, { podIdentityHost }).token(ARM));
    expect(error.message).toContain('AZURE_POD_IDENTITY_AUTHORITY_HOST');
  });
});
