/** What is told beside the decision: deny assignments, and rights that no node needs. */
import { describe, expect, it } from '@jest/globals';
import { preflight } from '../../../src/core/preflight.js';
import type { Connection } from '../../../src/core/report.js';
import { readRequest } from '../../../src/core/request.js';
import { CLUSTER_ID, OBJECT_ID, REGISTRY_ID, routed, SUBSCRIPTION, world } from '../support.js';
import type { Reply, ScriptedHttp } from '../support.js';
import {
  ABAC,
  armError,
  assignmentBody,
  clusterBody,
  LEGACY,
  registryBody,
  ROLE,
  roleBody,
} from '../azure/bodies.js';

const ABOVE = `/subscriptions/${SUBSCRIPTION}`;
const GROUP = `${ABOVE}/resourceGroups/shops`;
const OWNER = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
const CONTRIBUTOR = 'b24988ac-6180-42a0-ab88-20f7382dd24c';
const PUSH = '8311e382-0749-4cb8-b61a-304f252e45ec';
const WRITER = '2a1e307c-b015-4ebd-883e-5b7698a07328';
const NONE: Reply = { body: { value: [] } };

interface Cloud {
  mode?: string;
  assignments?: object[];
  denials?: Reply;
  custom?: object;
  /** What is answered instead: to the question for groups, and for a role's definition. */
  groups?: Reply;
  roles?: Reply;
  cluster?: object;
  graph?: Reply;
}

async function run(
  mode: 'check' | 'connect' | 'plan',
  {
    mode: roleAssignmentMode = LEGACY,
    assignments = [],
    denials = NONE,
    custom = {},
    groups,
    roles,
    cluster = clusterBody(),
    graph = { body: { data: [] } },
  }: Cloud,
): Promise<{ connection: Connection; http: ScriptedHttp }> {
  const http = routed(
    [/^GET .*\/managedClusters\/\w+\?/, { body: cluster }],
    [/^GET .*\/registries\/contoso\?/, { body: registryBody({ roleAssignmentMode }) }],
    [/^GET .*\/denyAssignments\?/, denials],
    [/^GET .*\/permissions\?/, { body: { value: [{ actions: ['*'] }] } }],
    [/^GET .*\/roleAssignments\?.*assignedTo/, groups ?? { body: { value: assignments } }],
    [/^GET .*\/roleAssignments\?/, { body: { value: assignments } }],
    [/^GET .*\/roleDefinitions\//, roles ?? { body: custom }],
    [/^PUT .*\/roleAssignments\//, { status: 201, body: assignmentBody(ROLE.acrPull) }],
    [/^POST .*\/Microsoft\.ResourceGraph\//, graph],
  );
  const request = readRequest({
    cluster: CLUSTER_ID,
    registry: REGISTRY_ID,
    mode,
    ...(mode === 'plan' ? {} : { verify: 'access' }),
  });
  const { connections } = await preflight(request, world(http).ports, '1.0.0');
  const [connection] = connections;
  if (connection === undefined) throw new Error('there is no connection');
  return { connection, http };
}

const denial = (properties: Record<string, unknown> = {}): object => ({
  id: `${GROUP}/providers/Microsoft.Authorization/denyAssignments/d1`,
  properties: {
    denyAssignmentName: 'managed application',
    scope: GROUP,
    permissions: [{ actions: ['*'], notActions: [], dataActions: ['*'], notDataActions: [] }],
    principals: [{ id: '00000000-0000-0000-0000-000000000000', type: 'SystemDefined' }],
    excludePrincipals: [],
    isSystemProtected: true,
    doNotApplyToChildScopes: false,
    ...properties,
  },
});
const told = ({ checks }: Connection, id: string): Connection['checks'][number] | undefined =>
  checks.find((check) => check.id === id);

describe('a deny assignment', () => {
  const denials: Reply = { body: { value: [denial()] } };

  it('decides against every role, and is named', async () => {
    const { connection } = await run('check', { assignments: [assignmentBody(ROLE.acrPull)], denials });
    expect(connection).toMatchObject({ result: 'failed', wouldChange: false, access: { allowed: false } });
    expect(connection.access.denied).toEqual({
      name: 'managed application',
      id: `${GROUP}/providers/Microsoft.Authorization/denyAssignments/d1`,
      scope: GROUP,
    });
    expect(told(connection, 'access')).toMatchObject({ status: 'fail', cause: 'deny-assignment-on-pull' });
    expect(told(connection, 'access')?.evidence).toBe(
      'deny assignment "managed application" on resourceGroups/shops keeps it from pulling, whatever roles it has',
    );
    expect(told(connection, 'access')?.fix?.commands[0]).toMatch(
      /^az rest --method get --url "\$\(az acr show /,
    );
  });

  it.each(['connect', 'plan'] as const)('keeps %s from a grant that would be in vain', async (mode) => {
    const { connection, http } = await run(mode, { denials });
    expect(connection).toMatchObject({ result: 'failed', changed: false });
    expect(connection.plan ?? []).toEqual([]);
    expect(http.requests.every(({ method }) => method === 'GET')).toBe(true);
  });

  it.each([
    [
      'refused',
      {
        status: 403,
        body: armError(
          'AuthorizationFailed',
          `The client 'c' with object id 'c1' does not have authorization to perform action 'Microsoft.Authorization/denyAssignments/read' over scope '${REGISTRY_ID}' or the scope is invalid.`,
        ),
      },
    ],
    ['no list', { body: {} }],
    ['one without principals', { body: { value: [denial({ principals: undefined })] } }],
    ['one with permissions that are none', { body: { value: [denial({ permissions: ['x'] })] } }],
  ])('that cannot be read (%s) is skipped, and what is known counts', async (_what, unread) => {
    const { connection } = await run('check', {
      assignments: [assignmentBody(ROLE.acrPull)],
      denials: unread,
    });
    expect(connection).toMatchObject({ result: 'passed', access: { allowed: true } });
    expect(told(connection, 'deny-assignments')?.status).toBe('skip');
  });

  it('that may not be read names the right, and how to get it', async () => {
    const said = `The client 'c' with object id 'c1' does not have authorization to perform action 'Microsoft.Authorization/denyAssignments/read' over scope '${REGISTRY_ID}' or the scope is invalid.`;
    const { connection } = await run('check', {
      assignments: [assignmentBody(ROLE.acrPull)],
      denials: { status: 403, body: armError('AuthorizationFailed', said) },
    });
    const check = told(connection, 'deny-assignments');
    expect(check?.evidence).toContain('Microsoft.Authorization/denyAssignments/read');
    expect(check?.fix?.commands.join()).toMatch(
      /az role assignment create .*acdd72a7-3385-48ef-bd42-f606fba81ae7/,
    );
    expect(check).not.toHaveProperty('cause');
  });

  it('that is about others is not spoken of', async () => {
    const { connection } = await run('check', {
      assignments: [assignmentBody(ROLE.acrPull)],
      denials: {
        body: {
          value: [denial({ excludePrincipals: [{ id: OBJECT_ID.toUpperCase(), type: 'ServicePrincipal' }] })],
        },
      },
    });
    expect(connection.result).toBe('passed');
    expect(told(connection, 'deny-assignments')).toBeUndefined();
    expect(connection.access).not.toHaveProperty('denied');
  });
});

describe('optional facts that may not be read are skipped, each with its right', () => {
  const refused = (action: string, scope = REGISTRY_ID): Reply => ({
    status: 403,
    body: armError(
      'AuthorizationFailed',
      `The client 'c' with object id 'c1' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid.`,
    ),
  });
  const PULLS = assignmentBody(ROLE.acrPull);

  it('assignments through groups', async () => {
    const unseen = refused('Microsoft.Authorization/roleAssignments/read');
    const { connection } = await run('check', { assignments: [PULLS], groups: unseen });
    expect(connection.result).toBe('passed');
    expect(told(connection, 'groups')).toMatchObject({
      status: 'skip',
      evidence: expect.stringMatching(/Application\.Read\.All, or the Entra role Directory Readers/),
    });
    const none = await run('check', { groups: unseen });
    expect(none.connection).toMatchObject({ result: 'unknown', access: { allowed: 'unknown' } });
  });

  it('what custom roles give', async () => {
    const action = 'Microsoft.Authorization/roleDefinitions/read';
    const assignments = [PULLS, assignmentBody(ROLE.custom)];
    const { connection } = await run('check', { assignments, roles: refused(action) });
    expect(connection.result).toBe('passed');
    const check = told(connection, 'custom-roles');
    expect(check).toMatchObject({ status: 'skip', evidence: expect.stringContaining(action) });
    expect(check?.fix?.commands.join()).toContain('acdd72a7-3385-48ef-bd42-f606fba81ae7');
    const alone = await run('check', { assignments: assignments.slice(1), roles: refused(action) });
    expect(alone.connection.result).toBe('unknown');
  });

  it('other clusters with the same identity', async () => {
    const action = 'Microsoft.ContainerService/managedClusters/read';
    const own = clusterBody();
    const { identityProfile } = (own as { properties: { identityProfile: { kubeletidentity: object } } })
      .properties;
    Object.assign(identityProfile.kubeletidentity, {
      resourceId: `${ABOVE}/resourceGroups/ids/providers/Microsoft.ManagedIdentity/userAssignedIdentities/fleet`,
    });
    const { connection } = await run('connect', { cluster: own, graph: refused(action, ABOVE) });
    expect(connection).toMatchObject({ result: 'passed', changed: true });
    expect(told(connection, 'other-clusters')).toMatchObject({
      status: 'skip',
      evidence: expect.stringContaining(action),
    });
  });

  it('and nothing is skipped where all was read', async () => {
    const { connection } = await run('check', { assignments: [PULLS] });
    expect(connection.checks.filter(({ status }) => status === 'skip')).toEqual([]);
  });
});

describe('rights that no node needs', () => {
  const finding = async (cloud: Cloud): Promise<Connection['findings'][number] | undefined> =>
    (await run('check', cloud)).connection.findings.find(({ id }) => id === 'more-than-pull');

  it.each([
    ['AcrPull', { assignments: [assignmentBody(ROLE.acrPull)] }],
    ['Reader', { assignments: [assignmentBody(ROLE.reader, { scope: ABOVE })] }],
    ['Repository Reader', { mode: ABAC, assignments: [assignmentBody(ROLE.repositoryReader)] }],
    [
      'both pull roles',
      { mode: ABAC, assignments: [assignmentBody(ROLE.acrPull), assignmentBody(ROLE.repositoryReader)] },
    ],
    [
      'AcrPush where it counts for nothing',
      { mode: ABAC, assignments: [assignmentBody(PUSH), assignmentBody(ROLE.repositoryReader)] },
    ],
    [
      'a writer of repositories where it counts for nothing',
      { assignments: [assignmentBody(WRITER), assignmentBody(ROLE.acrPull)] },
    ],
    ['nothing', {}],
    [
      'what is given elsewhere',
      { assignments: [assignmentBody(OWNER, { scope: `${GROUP}2` }), assignmentBody(ROLE.acrPull)] },
    ],
  ])('are not found in %s', async (_what, cloud) => {
    expect(await finding(cloud)).toBeUndefined();
  });

  it.each([
    [
      'Owner',
      { assignments: [assignmentBody(OWNER)] },
      /push images, delete images, import images, change or delete the registry, .* and give roles to others/,
    ],
    ['Contributor', { assignments: [assignmentBody(CONTRIBUTOR)] }, /push images, (?!.*give roles)/],
    [
      'AcrPush',
      { assignments: [assignmentBody(PUSH)] },
      /AcrPush \(on registries\/contoso\): it may push images$/,
    ],
    ['AcrDelete', { assignments: [assignmentBody(ROLE.acrDelete)] }, /it may delete images$/],
    [
      'a writer of repositories',
      { mode: ABAC, assignments: [assignmentBody(WRITER)] },
      /it may push images$/,
    ],
    [
      'a custom role that writes',
      {
        assignments: [assignmentBody(ROLE.custom)],
        custom: roleBody('Wide', { actions: ['*/write', '*/read'] }),
      },
      /Wide .*it may push images, change or delete the registry and give roles to others/,
    ],
    [
      'a custom role over data',
      {
        mode: ABAC,
        assignments: [assignmentBody(ROLE.custom)],
        custom: roleBody('Wide', { dataActions: ['*'] }),
      },
      /it may push images and delete images/,
    ],
    [
      'one above',
      { assignments: [assignmentBody(OWNER, { scope: GROUP })] },
      /Owner \(inherited from resourceGroups\/shops\)/,
    ],
    [
      'one through a group',
      { assignments: [assignmentBody(OWNER, { principalId: 'bbbbbbbb-0000-4000-8000-000000000001' })] },
      /through a group/,
    ],
  ])('are found in %s', async (_what, cloud, evidence) => {
    expect((await finding(cloud))?.evidence).toMatch(evidence);
  });

  it('are replaced in safe order: the pull role first, where nothing else gives it', async () => {
    const broad = assignmentBody(PUSH);
    const found = await finding({ assignments: [broad] });
    expect(found?.fix?.summary).toMatch(/^Grant AcrPull first/);
    expect(found?.fix?.commands).toHaveLength(2);
    expect(found?.fix?.commands[0]).toContain(`--role ${ROLE.acrPull}`);
    expect(found?.fix?.literalCommands?.[1]).toBe(`az role assignment delete --ids ${broad.id}`);
    expect(found?.fix?.commands[1]).toMatch(/^az role assignment delete --ids "\$\(az acr show -n contoso /);
  });

  it('are only taken away where another role lets it pull', async () => {
    const found = await finding({ assignments: [assignmentBody(PUSH), assignmentBody(ROLE.acrPull)] });
    expect(found?.fix?.summary).toBe('What is left lets it pull: take away what is more.');
    expect(found?.fix?.commands).toHaveLength(1);
  });

  it('that are inherited may be needed for other things, and that is said', async () => {
    const found = await finding({
      assignments: [assignmentBody(CONTRIBUTOR, { scope: GROUP }), assignmentBody(ROLE.acrPull)],
    });
    expect(found?.fix?.summary).toContain('may be needed for other things below resourceGroups/shops');
    expect(found?.fix?.commands[0]).toContain('"$(az group show -n shops ');
  });

  it('that come through a group are not deleted from the group', async () => {
    const found = await finding({
      assignments: [assignmentBody(OWNER, { principalId: 'bbbbbbbb-0000-4000-8000-000000000001' })],
    });
    expect(found?.fix?.summary).toContain('taking the identity out of the group');
    expect(found?.fix?.commands.join()).not.toContain('delete');
  });

  it('are named five at most', async () => {
    const found = await finding({ assignments: Array.from({ length: 100 }, () => assignmentBody(PUSH)) });
    expect(found?.evidence).toMatch(/; and 95 more$/);
    expect(found?.fix?.commands).toHaveLength(6);
  });

  it('do not count where a condition keeps them out', async () => {
    const condition = `!(ActionMatches{'Microsoft.ContainerRegistry/registries/push/write'})`;
    expect(
      await finding({ assignments: [assignmentBody(PUSH, { condition, conditionVersion: '2.0' })] }),
    ).toBeUndefined();
  });
});

describe('the report', () => {
  it('says which assignment decides, and which are set aside and why', async () => {
    const [pull, push, other] = [
      assignmentBody(ROLE.acrPull, { scope: ABOVE }),
      assignmentBody(ROLE.acrPull),
      assignmentBody(ROLE.repositoryReader),
    ];
    const { connection } = await run('check', { assignments: [pull, push, other] });
    expect(connection.access.decidedBy).toEqual([push.id]);
    expect(connection.access.setAside).toEqual([
      {
        assignmentId: other.id,
        roleName: 'Container Registry Repository Reader',
        scope: REGISTRY_ID,
        why: 'other-mode',
      },
    ]);
    expect(told(connection, 'access')?.evidence).toMatch(
      /^AcrPull \(on registries\/contoso\), AcrPull \(inherited/,
    );
  });
});
