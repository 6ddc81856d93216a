/** Each kind of fault as a real HTTPS client and a node meet it. */
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from '@jest/globals';
import { claimsOf } from '../../../src/simulator/entra/tokens.js';
import { startSimulator } from '../../../src/simulator/index.js';
import type { FaultDocument, RequestRecord, Simulator } from '../../../src/simulator/index.js';
import { armClient, openClient } from '../net/client.js';
import type { Client } from '../net/client.js';

const SCENARIO = `
name: faults
identities: [{ name: deployer, secrets: [the-secret] }]
clusters: [{ name: shop, resourceGroup: apps }]
registries: [{ name: contoso, resourceGroup: images, repositories: [{ name: web, images: [{ tag: '1' }] }] }]
roleAssignments: [{ principal: deployer, role: Owner, scope: subscription }]
`;

let simulator: Simulator;
let client: Client;
let withdraw: () => void;
beforeAll(async () => {
  simulator = await startSimulator(SCENARIO);
});
afterAll(() => simulator.stop());
beforeEach(() => {
  client = openClient(simulator);
  withdraw = () => undefined;
});
afterEach(async () => {
  withdraw();
  await client.close();
});

const put = (rule: FaultDocument): void => {
  withdraw = simulator.addFault(rule);
};
const last = (): RequestRecord | undefined => simulator.requests.at(-1);
const REGISTRY = 'https://contoso.azurecr.io/v2/';
const subscription = (): string => simulator.state.subscriptions[0]?.id ?? '';

/** Status, headers that matter and body; or the code of the error in place of them. */
async function meet(
  url: string,
): Promise<{ status: number; retryAfter: string | null; type: string | null; text: string }> {
  const answer = await client.send(url);
  return {
    status: answer.status,
    retryAfter: answer.headers.get('retry-after'),
    type: answer.headers.get('content-type'),
    text: await answer.text(),
  };
}
const ARM = (): string =>
  `https://management.azure.com/subscriptions/${subscription()}/providers/Microsoft.X/y`;

describe('throttled', () => {
  it('has each service say so in its own words', async () => {
    put({ fault: 'throttled', retryAfter: '7s' });
    const [cluster] = simulator.state.clusters;
    const inside = openClient({
      ...simulator,
      caPem: (await simulator.context.clusterAuthority(cluster ?? raise())).certificate,
    });
    const [arm, acr, entra] = [
      await meet(ARM()),
      await meet(REGISTRY),
      await meet('https://login.microsoftonline.com/common/discovery/instance'),
    ];
    const kubernetes = await inside.send(`https://${cluster?.fqdn ?? ''}/version`);
    expect([arm.status, arm.retryAfter, JSON.parse(arm.text)]).toEqual([
      429,
      '7',
      { error: { code: 'TooManyRequests', message: expect.any(String) as unknown } },
    ]);
    expect([acr.status, JSON.parse(acr.text)]).toEqual([
      429,
      { errors: [expect.objectContaining({ code: 'TOOMANYREQUESTS' })] },
    ]);
    expect([entra.status, (JSON.parse(entra.text) as { error_codes: number[] }).error_codes]).toEqual([
      429,
      [90055],
    ]);
    expect([kubernetes.status, kubernetes.headers.get('content-type'), await kubernetes.text()]).toEqual([
      429,
      'text/plain; charset=utf-8',
      'Too many requests, please try again later.\n',
    ]);
    expect(last()).toMatchObject({ status: 429, fault: 'throttled (7 s)' });
    await inside.close();
  });

  it('may not say for how long, say a date, or say it in the body alone', async () => {
    put({ fault: 'throttled', service: 'arm', nth: 1 });
    expect((await meet(ARM())).retryAfter).toBeNull();
    withdraw();
    put({ fault: 'throttled', service: 'arm', retryAfter: '60s', retryAfterForm: 'date' });
    const { retryAfter } = await meet(ARM());
    expect(Math.abs(Date.parse(retryAfter ?? '') - Date.now() - 60_000)).toBeLessThan(10_000);
    withdraw();
    put({ fault: 'throttled', service: 'arm', retryAfter: '6s', retryAfterForm: 'body' });
    const said = await meet(ARM());
    expect(said.retryAfter).toBeNull();
    expect(said.text).toContain("Please try again after '6' seconds.");
    expect(said.text).toContain(subscription());
  });
});

describe('broken', () => {
  it.each([
    ['server-error', 500],
    ['bad-gateway', 502],
    ['unavailable', 503],
    ['gateway-timeout', 504],
  ] as const)('%s is %s, with a body for each service', async (fault, status) => {
    put({ fault });
    for (const url of [ARM(), REGISTRY, 'https://login.microsoftonline.com/common/discovery/instance']) {
      const met = await meet(url);
      expect([url, met.status]).toEqual([url, status]);
      expect(met.text.length).toBeGreaterThan(20);
    }
    expect(last()).toMatchObject({ status, fault });
  });

  it('a page to sign in to the network comes in place of the answer', async () => {
    put({ fault: 'login-page', host: 'contoso.azurecr.io' });
    const met = await meet(REGISTRY);
    expect([met.status, met.type]).toEqual([200, 'text/html; charset=utf-8']);
    expect(met.text).toContain('<form');
  });
});

describe('a write that meets a fault', () => {
  const name = '11111111-2222-4333-8444-555555555555';
  const write = (): Promise<{ status: number }> =>
    armClient(client, simulator, 'deployer')(
      'PUT',
      `/subscriptions/${subscription()}/providers/Microsoft.Authorization/roleAssignments/${name}`,
      {
        properties: {
          roleDefinitionId: `/subscriptions/${subscription()}/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7`,
          principalId: simulator.state.principals[0]?.objectId,
          principalType: 'ServicePrincipal',
        },
      },
    );
  const isMade = (): boolean => simulator.state.roleAssignments.some((one) => one.name === name);
  const remove = (): void => {
    simulator.state.roleAssignments = simulator.state.roleAssignments.filter((one) => one.name !== name);
  };
  afterEach(remove);

  it.each([
    ['reset', false],
    ['server-error', false],
    ['login-page', false],
    ['reset-after', true],
    ['reset-in-body', true],
    ['truncated-chunks', true],
    ['malformed', true],
  ] as const)('%s: carried out is %s, by path and by route', async (fault, made) => {
    for (const rule of [{ path: '/**/roleAssignments/*' }, { route: 'PUT {scope}/roleAssignments/{name}' }]) {
      remove();
      put({ fault, ...rule });
      await write().catch(() => undefined);
      expect([rule, isMade()]).toEqual([rule, made]);
      expect(last()?.fault).toBe(fault);
      withdraw();
    }
  });

  it('stalls until the client gives up', async () => {
    for (const [fault, made] of [
      ['stall', false],
      ['stall-after', true],
    ] as const) {
      remove();
      put({ fault, method: 'PUT' });
      const url = `${ARM()}?${fault}`;
      if (fault === 'stall') {
        const limit = AbortSignal.timeout(300);
        await expect(client.send(url, { method: 'PUT', body: '{}', signal: limit })).rejects.toThrow();
      } else {
        await Promise.race([
          write().catch(() => undefined),
          new Promise((resolve) => setTimeout(resolve, 300)),
        ]);
      }
      expect(isMade()).toBe(made);
      expect(simulator.requests.filter((one) => one.fault === fault).at(-1)?.status).toBe(0);
      withdraw();
    }
  });
});

describe('a body', () => {
  const KEYS = 'https://token.actions.githubusercontent.com/.well-known/openid-configuration';

  it('that is cut, with a length that agrees; is no JSON; or is slow', async () => {
    const whole = (await meet(KEYS)).text;
    put({ fault: 'truncated', service: 'github' });
    const cut = (await meet(KEYS)).text;
    expect(whole.startsWith(cut)).toBe(true);
    expect(cut.length).toBe(Math.floor(whole.length / 2));
    withdraw();
    put({ fault: 'malformed', service: 'github' });
    const { text } = await meet(KEYS);
    expect(() => JSON.parse(text) as unknown).toThrow();
    withdraw();
    put({ fault: 'slow-body', service: 'github', over: '300ms' });
    const began = Date.now();
    expect((await meet(KEYS)).text).toBe(whole);
    expect(Date.now() - began).toBeGreaterThan(250);
  });

  it.each(['reset-in-body', 'truncated-chunks'] as const)('that breaks off: %s', async (fault) => {
    put({ fault, service: 'github' });
    const answer = await client.send(KEYS);
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow();
  });
});

describe('tokens and clocks', () => {
  const signIn = async (): Promise<{ claims: Record<string, unknown>; date: number; token: string }> => {
    const answer = await client.send(
      `https://login.microsoftonline.com/${simulator.state.tenantId}/oauth2/v2.0/token`,
      {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: simulator.state.principals[0]?.clientId ?? '',
          client_secret: 'the-secret',
          scope: 'https://management.azure.com/.default',
        }).toString(),
      },
    );
    const { access_token: token } = (await answer.json()) as { access_token: string };
    return { claims: claimsOf(token) ?? {}, date: Date.parse(answer.headers.get('date') ?? ''), token };
  };
  const problem = (token: string): string | undefined => {
    const verified = simulator.context.tokens.verify(token, ['https://management.azure.com']);
    return 'kind' in verified ? verified.kind : undefined;
  };

  it('an expired token, and one for another audience, are handed out as if they were good', async () => {
    expect(problem((await signIn()).token)).toBeUndefined();
    put({ fault: 'expired-token', service: 'entra' });
    expect(problem((await signIn()).token)).toBe('expired');
    withdraw();
    put({ fault: 'wrong-audience', service: 'entra' });
    expect(problem((await signIn()).token)).toBe('audience');
  });

  it.each([
    ['clock-ahead', 1],
    ['clock-behind', -1],
  ] as const)('%s shifts the Date header and all times in tokens', async (fault, sign) => {
    const right = await signIn();
    put({ fault, service: 'entra', by: '2h' });
    const wrong = await signIn();
    const hours = (from: number, to: number): number => Math.round((to - from) / 3600);
    for (const claim of ['iat', 'nbf', 'exp'])
      expect(hours(Number(right.claims[claim]), Number(wrong.claims[claim]))).toBe(2 * sign);
    expect(hours(right.date / 1000, wrong.date / 1000)).toBe(2 * sign);
  });
});

it('a list that lags leaves out what was just made', async () => {
  const arm = armClient(client, simulator, 'deployer');
  const list = `/subscriptions/${subscription()}/providers/Microsoft.Authorization/roleAssignments`;
  const count = async (): Promise<number> =>
    ((await arm('GET', list)).body as { value: unknown[] }).value.length;
  const before = await count();
  const [known] = simulator.state.roleAssignments;
  simulator.state.roleAssignments.push({
    ...(known ?? raise()),
    name: '99999999-2222-4333-8444-555555555555',
    createdOn: new Date(Date.now() - 5_000).toISOString(),
  });
  expect(await count()).toBe(before + 1);
  put({ fault: 'list-lag', route: 'GET {scope}/roleAssignments', lag: '1m' });
  expect(await count()).toBe(before);
  withdraw();
  put({ fault: 'list-lag', route: 'GET {scope}/roleAssignments', lag: '1s' });
  expect(await count()).toBe(before + 1);
  simulator.state.roleAssignments.pop();
});

describe('a connection', () => {
  it.each(['dns', 'refused'] as const)('%s: no way for clients, and the log says why', async (fault) => {
    put({ fault, host: 'contoso.*' });
    await expect(client.send(REGISTRY)).rejects.toThrow();
    expect(last()).toMatchObject({ method: 'CONNECT', host: 'contoso.azurecr.io', status: 502, fault });
    await meet('https://token.actions.githubusercontent.com/.well-known/jwks');
    expect(await dialled(REGISTRY)).toBe(401);
  });

  it('of a node fails as its sockets would, for nodes alone', async () => {
    put({ fault: 'dns', host: 'contoso.*', from: 'nodes' });
    expect(await dialled(REGISTRY)).toBe('ENOTFOUND');
    expect(last()).toMatchObject({
      method: 'GET',
      host: 'contoso.azurecr.io',
      path: '/v2/',
      status: 0,
      fault: 'dns',
    });
    expect((await meet(REGISTRY)).status).toBe(401);
    withdraw();
    put({ fault: 'refused', host: 'contoso.*', from: 'all' });
    expect(await dialled(REGISTRY)).toBe('ECONNREFUSED');
    withdraw();
    put({ fault: 'throttled', host: 'contoso.*', from: 'nodes' });
    expect(await dialled(REGISTRY)).toBe(429);
    expect((await meet(REGISTRY)).status).toBe(401);
    expect(await dialled('https://nobody.example/v2/')).toBe('ENOTFOUND');
    expect(last()).toMatchObject({ host: 'nobody.example', modelled: false, verdict: 'no such name' });
  });

  it.each([
    ['certificate-expired', 'CERT_HAS_EXPIRED'],
    ['certificate-wrong-name', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['certificate-unknown-authority', /SELF_SIGNED|UNABLE_TO/],
  ] as const)('%s is what the client says', async (fault, code) => {
    put({ fault, host: 'contoso.azurecr.io' });
    const failure = await client.send(REGISTRY).catch((error: Error) => error.cause);
    expect((failure as { code?: string }).code).toMatch(code);
    expect(last()).toMatchObject({ method: 'CONNECT', host: 'contoso.azurecr.io', fault });
  });
});

/** The status a node gets, or its error's code. */
async function dialled(url: string): Promise<unknown> {
  try {
    return (await simulator.context.dial(url)).status;
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

function raise(): never {
  throw new Error('the scenario lacks it');
}
