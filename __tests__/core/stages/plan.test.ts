import { describe, expect, it } from '@jest/globals';
import { repositoryCondition } from '../../../src/core/azure/condition.js';
import { grantName } from '../../../src/core/azure/grant.js';
import type { RawInputs } from '../../../src/core/inputs.js';
import { preflight } from '../../../src/core/preflight.js';
import type { Check, Connection } from '../../../src/core/report.js';
import { InputErrors, readRequest } from '../../../src/core/request.js';
import { ABAC, armError, assignmentBody, clusterBody, LEGACY, registryBody, ROLE } from '../azure/bodies.js';
import { CLUSTER_ID, OBJECT_ID, REGISTRY_ID, routed, SUBSCRIPTION, thrown, world } from '../support.js';
import type { Reply, ScriptedHttp } from '../support.js';

interface Cloud {
  mode?: string | undefined;
  assignments?: object[];
  /** What the list of assignments is answered instead. */
  list?: Reply;
}

function cloud({ mode = LEGACY, assignments = [], list }: Cloud): ScriptedHttp {
  const roleAssignmentMode = mode === 'unknown' ? undefined : mode;
  return routed(
    [/^GET .*\/managedClusters\/\w+\?/, { body: clusterBody() }],
    [/^GET .*\/registries\/contoso\?/, { body: registryBody({ roleAssignmentMode }) }],
    [/^GET .*\/denyAssignments\?/, { body: { value: [] } }],
    [/^GET .*\/roleAssignments\?/, list ?? { body: { value: assignments } }],
    [
      /^PUT .*\/roleAssignments\//,
      ({ body }) => ({ status: 201, body: assignmentBody(ROLE.repositoryReader, propertiesOf(body)) }),
    ],
  );
}

const propertiesOf = (body = ''): Record<string, unknown> =>
  (JSON.parse(body) as { properties: Record<string, unknown> }).properties;

async function run(
  mode: 'plan' | 'connect' | 'check',
  of: Cloud,
  raw: RawInputs = {},
): Promise<{ http: ScriptedHttp; connections: Connection[]; cause: string | undefined }> {
  const http = cloud(of);
  const request = readRequest({
    mode,
    cluster: CLUSTER_ID,
    registry: REGISTRY_ID,
    ...(mode === 'plan' ? {} : { verify: 'access' }),
    ...raw,
  });
  const { connections, cause } = await preflight(request, world(http).ports, '1.0.0');
  return { http, connections, cause };
}

async function only(...asked: Parameters<typeof run>): Promise<Connection> {
  const [connection] = (await run(...asked)).connections;
  if (connection === undefined) throw new Error('the report holds no connection');
  return connection;
}

const told = ({ checks }: Connection, id: string): Check | undefined =>
  checks.find((check) => check.id === id);

/** Our own grant, limited. */
const ours = (...repositories: string[]): object => {
  const name = grantName(REGISTRY_ID, OBJECT_ID, ROLE.repositoryReader);
  const made = assignmentBody(ROLE.repositoryReader, {
    description: 'aks-acr-pull: lets the kubelet identity pull',
    condition: repositoryCondition(repositories),
    conditionVersion: '2.0',
  });
  return { ...made, name, id: `${REGISTRY_ID}/providers/Microsoft.Authorization/roleAssignments/${name}` };
};
/** Above the registry, where it stands in nobody's way. */
const inherited = (...repositories: string[]): object =>
  assignmentBody(ROLE.repositoryReader, {
    scope: `/subscriptions/${SUBSCRIPTION}/resourceGroups/shops`,
    condition: repositoryCondition(repositories),
  });
/** The same as ours, made by somebody else. */
const theirs = (...repositories: string[]): object =>
  assignmentBody(ROLE.repositoryReader, { condition: repositoryCondition(repositories) });

describe('plan', () => {
  it('holds the missing grant, as connect would write it, and asks for reads alone', async () => {
    const { http, connections } = await run('plan', {});
    const [connection] = connections;
    expect(connection).toMatchObject({
      result: 'passed',
      changed: false,
      wouldChange: true,
      pulls: [],
      plan: [
        {
          name: grantName(REGISTRY_ID, OBJECT_ID, ROLE.acrPull),
          scope: REGISTRY_ID,
          registryName: 'contoso',
          roleName: 'AcrPull',
          roleGuid: ROLE.acrPull,
          principalId: OBJECT_ID,
          description: 'aks-acr-pull: lets the kubelet identity pull',
        },
      ],
    });
    expect(connection?.plan?.[0]).not.toHaveProperty('condition');
    expect(connection?.checks.map(({ id, status }) => [id, status])).toEqual([
      ['signed-in', 'pass'],
      ['cluster', 'pass'],
      ['cluster-running', 'pass'],
      ['kubelet-identity', 'pass'],
      ['registry', 'pass'],
      ['plan', 'pass'],
    ]);
    expect(http.requests.map(({ method }) => method)).toEqual(['GET', 'GET', 'GET', 'GET']);
  });

  it('names the repository role for an ABAC-enabled registry, and what counts for nothing there', async () => {
    const connection = await only('plan', { mode: ABAC, assignments: [assignmentBody(ROLE.acrPull)] });
    expect(connection.plan).toMatchObject([{ roleGuid: ROLE.repositoryReader }]);
    expect(told(connection, 'plan')?.evidence).toContain(
      'AcrPull (on registries/contoso) counts for nothing',
    );
  });

  it('is empty where access is there', async () => {
    const connection = await only('plan', { assignments: [assignmentBody(ROLE.acrPull)] });
    expect(connection).toMatchObject({ result: 'passed', wouldChange: false, plan: [] });
    expect(told(connection, 'access')?.status).toBe('pass');
  });

  it.each<[string, Cloud, string]>([
    [
      'assignments may not be read',
      { list: { status: 403, body: armError('AuthorizationFailed', 'no') } },
      'arm-error',
    ],
    [
      'a condition is not understood',
      { mode: ABAC, assignments: [assignmentBody(ROLE.repositoryReader, { condition: '@Resource[x] y' })] },
      'access-unknown',
    ],
    ["the registry doesn't tell its mode", { mode: 'unknown' }, 'registry-mode-unknown'],
  ])('is unknown, and no plan is given, where %s', async (_why, of, cause) => {
    const { connections, cause: told } = await run('plan', of);
    expect(connections[0]).toMatchObject({ result: 'unknown', wouldChange: 'unknown' });
    expect(connections[0]).not.toHaveProperty('plan');
    expect(told).toBe(cause);
  });

  it('takes several clusters', async () => {
    const second = CLUSTER_ID.replace(/shop$/, 'second');
    const { connections } = await run('plan', {}, { cluster: `${CLUSTER_ID}\n${second}` });
    expect(connections.map(({ plan }) => plan?.length)).toEqual([1, 1]);
  });
});

describe('a grant limited to repositories', () => {
  const LIMIT = { repositories: 'shop/web\nteam/*' };
  const CONDITION = repositoryCondition(['shop/web', 'team/*']);

  it('is planned with its condition, and connect writes exactly that', async () => {
    const planned = await only('plan', { mode: ABAC }, LIMIT);
    expect(planned.plan).toMatchObject([{ condition: CONDITION, conditionVersion: '2.0' }]);
    const { http } = await run('connect', { mode: ABAC }, LIMIT);
    const put = http.requests.find(({ method }) => method === 'PUT');
    expect(propertiesOf(put?.body)).toMatchObject({ condition: CONDITION, conditionVersion: '2.0' });
    expect(put?.url).toContain(planned.plan?.[0]?.name);
  });

  it.each(['plan', 'connect', 'check'] as const)(
    'is refused by %s at a registry that knows none',
    async (mode) => {
      const { http, connections, cause } = await run(mode, { mode: LEGACY }, LIMIT);
      expect(connections[0]?.result).toBe('failed');
      expect(cause).toBe('repositories-need-abac');
      expect(told(connections[0] as Connection, 'repositories')?.fix?.summary).toContain(
        'Leave out repositories',
      );
      expect(http.requests.every(({ method }) => method === 'GET')).toBe(true);
    },
  );

  it.each([
    ['the same', ['shop/web', 'team/*'], true],
    ['more', ['shop/*', 'team/*', 'other'], true],
    ['fewer', ['shop/web', 'team/app'], false],
    ['others', ['other'], false],
  ] as const)('that holds %s: enough is %s', async (_which, repositories, enough) => {
    for (const assignments of [[ours(...repositories)], [ours(...repositories), inherited('something')]])
      expect((await only('check', { mode: ABAC, assignments }, LIMIT)).access.allowed).toBe(enough);
  });

  it('counts together with another one that holds the rest', async () => {
    const assignments = [theirs('shop/*'), inherited('team/*')];
    expect(await only('check', { mode: ABAC, assignments }, LIMIT)).toMatchObject({
      result: 'passed',
      access: { allowed: true, grants: [{}, {}] },
    });
  });

  it('is checked for the images that are asked about, else for repositories, else for all of the registry', async () => {
    const assignments = [ours('shop/web')];
    const allowed = async (raw: RawInputs): Promise<unknown> => {
      const http = cloud({ mode: ABAC, assignments });
      const request = {
        ...readRequest({ mode: 'check', cluster: CLUSTER_ID, registry: REGISTRY_ID, ...raw }),
      };
      const { connections } = await preflight({ ...request, verify: 'access' }, world(http).ports, '1');
      return connections[0]?.access.allowed;
    };
    expect(await allowed({ image: 'shop/web:1' })).toBe(true);
    expect(await allowed({ image: 'shop/web:1', repositories: 'shop/*' })).toBe(true);
    expect(await allowed({ image: 'shop/other:1' })).toBe(false);
    expect(await allowed({ repositories: 'shop/web' })).toBe(true);
    expect(await allowed({ repositories: 'shop/*' })).toBe(false);
    expect(await allowed({})).toBe(false);
  });

  it('that is ours and holds less is the cause, with the very command that mends it', async () => {
    const { connections, cause } = await run('check', { mode: ABAC, assignments: [ours('old')] }, LIMIT);
    expect(cause).toBe('repository-not-granted');
    const [line = ''] = told(connections[0] as Connection, 'access')?.fix?.commands ?? [];
    expect(line).toContain(`--name ${grantName(REGISTRY_ID, OBJECT_ID, ROLE.repositoryReader)} `);
    expect(line).toContain('old');
  });

  it('that is ours is extended and loses nothing', async () => {
    const { http, connections } = await run(
      'connect',
      { mode: ABAC, assignments: [ours('old', 'shop/web')] },
      LIMIT,
    );
    const put = http.requests.find(({ method }) => method === 'PUT');
    expect(propertiesOf(put?.body).condition).toBe(repositoryCondition(['old', 'shop/web', 'team/*']));
    expect(connections[0]).toMatchObject({ result: 'passed', changed: true });
  });

  it('that is ours becomes one for the whole registry when that is asked', async () => {
    const { http } = await run('connect', { mode: ABAC, assignments: [ours('old')] });
    const put = http.requests.find(({ method }) => method === 'PUT');
    expect(propertiesOf(put?.body)).not.toHaveProperty('condition');
  });

  it.each(['plan', 'connect'] as const)(
    "that is somebody else's is never changed: %s can't tell",
    async (mode) => {
      const { http, connections } = await run(mode, { mode: ABAC, assignments: [theirs('old')] }, LIMIT);
      expect(connections[0]).toMatchObject({ result: 'unknown', changed: false, wouldChange: 'unknown' });
      expect(connections[0]?.checks.at(-1)?.evidence).toContain('not made by this tool');
      expect(http.requests.every(({ method }) => method === 'GET')).toBe(true);
    },
  );

  it('is not written over what could not be seen: it may be narrower', async () => {
    const list: Reply = { status: 403, body: armError('AuthorizationFailed', 'no') };
    const { http, connections } = await run('connect', { mode: ABAC, list }, LIMIT);
    expect(connections[0]?.result).toBe('unknown');
    expect(http.requests.every(({ method }) => method === 'GET')).toBe(true);
    const whole = await run('connect', { mode: ABAC, list });
    expect(whole.http.requests.at(-1)?.method).toBe('PUT');
  });

  it('restricts nothing but repositories: AcrPull under it still counts', async () => {
    const acrPull = assignmentBody(ROLE.acrPull, { condition: repositoryCondition(['old']) });
    expect((await only('check', { mode: LEGACY, assignments: [acrPull] })).access.allowed).toBe(true);
  });
});

it('an image outside of repositories is an input error', async () => {
  const error = await thrown(() =>
    readRequest({
      mode: 'check',
      cluster: CLUSTER_ID,
      registry: REGISTRY_ID,
      'subscription-id': SUBSCRIPTION,
      image: 'other/app:1',
      repositories: 'shop/*',
    }),
  );
  expect(error).toBeInstanceOf(InputErrors);
  expect((error as InputErrors).problems).toEqual([
    { input: 'image', value: 'other/app:1', wanted: 'an image of shop/*, as repositories says' },
  ]);
});
