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
  /** Assignments through groups may not be asked for. */
  groupsRefused?: boolean;
  /** What the login may do, anywhere. */
  rights?: string[];
  /** What asking for that is answered instead. */
  permissions?: Reply;
}

const REFUSED: Reply = { status: 403, body: armError('AuthorizationFailed', 'no') };

function cloud({
  mode = LEGACY,
  assignments = [],
  list,
  groupsRefused = false,
  rights = ['*'],
  permissions,
}: Cloud): ScriptedHttp {
  const roleAssignmentMode = mode === 'unknown' ? undefined : mode;
  return routed(
    [/^GET .*\/managedClusters\/\w+\?/, { body: clusterBody() }],
    [/^GET .*\/registries\/contoso\?/, { body: registryBody({ roleAssignmentMode }) }],
    [/^GET .*\/denyAssignments\?/, { body: { value: [] } }],
    [
      /^GET .*\/roleAssignments\?.*assignedTo/,
      groupsRefused ? REFUSED : (list ?? { body: { value: assignments } }),
    ],
    [/^GET .*\/roleAssignments\?/, list ?? { body: { value: assignments } }],
    [/^GET .*\/permissions\?/, permissions ?? { body: { value: [{ actions: rights, notActions: [] }] } }],
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
    expect(http.requests.every(({ method }) => method === 'GET')).toBe(true);
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
    "that is somebody else's is never changed: %s fails and shows what it lacks",
    async (mode) => {
      const { http, connections } = await run(mode, { mode: ABAC, assignments: [theirs('old')] }, LIMIT);
      expect(connections[0]).toMatchObject({ result: 'failed', changed: false, wouldChange: false });
      const { cause, evidence, fix } = connections[0]?.checks.at(-1) ?? {};
      expect(cause).toBe('grant-condition-owned-elsewhere');
      expect(evidence).toMatch(/holds old; it lacks shop\/web, team\/\*; it was not made by this tool/);
      const widened = repositoryCondition(['old', 'shop/web', 'team/*']);
      expect(fix?.literalCommands?.[0]?.replaceAll("'\\''", "'")).toContain(`--condition '${widened}'`);
      expect(http.requests.every(({ method }) => method === 'GET')).toBe(true);
    },
  );

  it.each(['plan', 'connect'] as const)(
    "that is somebody else's leaves %s at unknown where a group may give the rest, told once",
    async (mode) => {
      const assigned = { mode: ABAC, assignments: [theirs('old')], groupsRefused: true };
      const { http, connections } = await run(mode, assigned, LIMIT);
      expect(connections[0]).toMatchObject({ result: 'unknown', changed: false, wouldChange: false });
      const told = connections[0]?.checks.filter(({ id }) => id === 'access') ?? [];
      expect(told.map(({ status, cause }) => [status, cause])).toEqual([
        ['unknown', 'grant-condition-owned-elsewhere'],
      ]);
      expect(http.requests.every(({ method }) => method === 'GET')).toBe(true);
    },
  );

  it("that is somebody else's, in other words than ours, keeps these beside what is asked", async () => {
    const condition =
      "(!(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/content/read'}) OR @Request[Microsoft.ContainerRegistry/registries/repositories:name] StringLike 'old/?')";
    const foreign = assignmentBody(ROLE.repositoryReader, { condition, conditionVersion: '2.0' });
    const { connections } = await run('plan', { mode: ABAC, assignments: [foreign] }, LIMIT);
    expect(connections[0]).toMatchObject({ result: 'failed', wouldChange: false });
    const check = told(connections[0] as Connection, 'access');
    expect(check?.evidence).toContain(`holds ${condition}`);
    const asked = repositoryCondition(['shop/web', 'team/*']);
    expect(check?.fix?.literalCommands?.[0]?.replaceAll("'\\''", "'")).toContain(
      `--condition '((${condition}) OR ${asked})'`,
    );
  });

  it("that is somebody else's, under a condition that can't be told, is not in the way: access is unknown", async () => {
    const foreign = assignmentBody(ROLE.repositoryReader, {
      condition: "(@Environment[UtcNow] DateTimeGreaterThan '2026-01-01T00:00:00Z')",
      conditionVersion: '2.0',
    });
    for (const mode of ['plan', 'connect'] as const) {
      const { http, connections, cause } = await run(mode, { mode: ABAC, assignments: [foreign] }, LIMIT);
      expect(connections[0]).toMatchObject({ result: 'unknown', changed: false, wouldChange: 'unknown' });
      expect(cause).toBe('access-unknown');
      expect(http.requests.every(({ method }) => method === 'GET')).toBe(true);
    }
  });

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

describe('rights that connect would lack', () => {
  const finding = async (
    ...asked: Parameters<typeof run>
  ): Promise<Connection['findings'][number] | undefined> =>
    (await only(...asked)).findings.find(({ id }) => id === 'connect-would-be-refused');
  const READS = { rights: ['*/read'] };

  it.each(['plan', 'check'] as const)(
    'are told by %s: action, scope, use, who, and commands',
    async (mode) => {
      const found = await finding(mode, READS);
      expect(found?.evidence).toMatch(
        /^object id \S+ lacks .*Microsoft\.Authorization\/roleAssignments\/write at \S+\/registries\/contoso \(for the grant\)/,
      );
      const commands = found?.fix?.commands ?? [];
      expect(commands.at(-1)).toContain('--role f58310d9-a9f6-439a-9e8d-f62e7b41a168');
      expect(commands.at(-1)).toContain('$(az acr show -n contoso --query id -o tsv)');
      expect(commands.at(-1)).toContain('ForAnyOfAnyValues:GuidEquals');
      // The way to the API server is needed by runs that pull alone.
      expect(found?.evidence.includes('listClusterUserCredential')).toBe(mode === 'plan');
      expect(commands).toHaveLength(mode === 'plan' ? 2 : 1);
    },
  );

  it('are those of the way that the run would take', async () => {
    const viaCommand = await finding('plan', READS, { 'cluster-access': 'run-command' });
    expect(viaCommand?.evidence).toContain('/runcommand/action');
    expect(viaCommand?.evidence).not.toContain('listClusterUserCredential');
  });

  it('are not asked for where nothing is missing, nor told where there are none or Azure tells none', async () => {
    const there = await run('plan', { ...READS, assignments: [assignmentBody(ROLE.acrPull)] });
    expect(there.http.asked.filter((line) => line.includes('/permissions'))).toEqual([]);
    expect(await finding('plan', {})).toBeUndefined();
    expect(await finding('plan', { ...READS, permissions: REFUSED })).toBeUndefined();
  });

  it('are no question of connect, which finds out', async () => {
    const { http } = await run('connect', READS);
    expect(http.asked.filter((line) => line.includes('/permissions'))).toEqual([]);
  });
});

describe('a registry that is to move to ABAC', () => {
  const MOVES = { 'transition-roles': 'true' };
  const ours = (role: string): Record<string, unknown> => ({
    ...assignmentBody(role, { description: 'aks-acr-pull' }),
    name: grantName(REGISTRY_ID, OBJECT_ID, role),
  });
  const moving = (connection: Connection): Connection['findings'][number] | undefined =>
    connection.findings.find(({ id }) => id === 'registry-moves');
  const both = [ours(ROLE.acrPull), ours(ROLE.repositoryReader)];

  it.each([
    [LEGACY, [], ['AcrPull', 'Container Registry Repository Reader']],
    [LEGACY, [ours(ROLE.acrPull)], ['Container Registry Repository Reader']],
    [ABAC, [ours(ROLE.repositoryReader)], ['AcrPull']],
    [LEGACY, both, []],
    [ABAC, both, []],
  ])(
    '%s: both roles are planned, and made, but for those that are there',
    async (mode, assignments, roles) => {
      const planned = await only('plan', { mode, assignments }, MOVES);
      expect(planned).toMatchObject({ result: 'passed', wouldChange: roles.length > 0 });
      expect(planned.plan?.map(({ roleName }) => roleName)).toEqual(roles);
      const { http, connections } = await run('connect', { mode, assignments }, MOVES);
      expect(connections[0]).toMatchObject({ result: 'passed', changed: roles.length > 0 });
      const written = http.requests.filter(({ method }) => method === 'PUT');
      expect(written.map(({ url }) => /roleAssignments\/([^?]+)/.exec(url)?.[1])).toEqual(
        planned.plan?.map(({ name }) => name),
      );
    },
  );

  it('limits to repositories the role that knows a limit', async () => {
    const { plan = [] } = await only('plan', { mode: LEGACY }, { ...MOVES, repositories: 'shop/*' });
    expect(plan.map(({ roleName, condition }) => [roleName, condition])).toEqual([
      ['AcrPull', undefined],
      ['Container Registry Repository Reader', repositoryCondition(['shop/*'])],
    ]);
  });

  it('is told in order: what is missing, then the switch, then the old role, and never the switch too early', async () => {
    const begin = moving(await only('plan', { mode: LEGACY }, MOVES));
    expect(begin?.title).toContain('missing: AcrPull, Container Registry Repository Reader');
    expect(begin?.evidence).toMatch(/1\. .*; 2\. .*; 3\. the switch.*; 4\. .*; 5\. /);
    expect(begin?.fix?.commands).toEqual([]);
    const ready = moving(await only('plan', { mode: LEGACY, assignments: both }, MOVES));
    expect(ready?.fix?.commands).toEqual(['az acr update -n contoso --role-assignment-mode rbac-abac']);
    const made = moving(await only('connect', { mode: LEGACY }, MOVES));
    expect(made?.fix?.commands).toEqual(ready?.fix?.commands);
    const moved = moving(await only('check', { mode: ABAC, assignments: both }, MOVES));
    expect(moved?.fix?.commands[0]).toMatch(/^az role assignment delete --ids /);
    expect(moved?.fix?.commands[0]).toContain(grantName(REGISTRY_ID, OBJECT_ID, ROLE.acrPull));
  });

  it('and has moved: our AcrPull that is left over is told; one that is not ours is left alone', async () => {
    const left = async (assignments: object[]): Promise<boolean> =>
      (await only('check', { mode: ABAC, assignments })).findings.some(({ id }) => id === 'acr-pull-left');
    expect(await left(both)).toBe(true);
    expect(await left([assignmentBody(ROLE.acrPull), assignmentBody(ROLE.repositoryReader)])).toBe(false);
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
