import { describe, expect, it } from '@jest/globals';
import { decideAccess, readAssignments } from '../../../src/core/azure/access.js';
import type { DecidedAccess } from '../../../src/core/azure/access.js';
import type { RoleAssignmentMode } from '../../../src/core/azure/registry.js';
import { inTurn, OBJECT_ID, REGISTRY_ID, routed, SUBSCRIPTION, thrown, world } from '../support.js';
import type { Reply, ScriptedHttp } from '../support.js';
import { ABAC, armError, assignmentBody, LEGACY, ROLE, roleBody } from './bodies.js';

const GROUP = 'bbbbbbbb-0000-4000-8000-000000000001';
const REFUSED: Reply = { status: 403, body: armError('AuthorizationFailed', 'no right to read') };
const ABOVE = `/subscriptions/${SUBSCRIPTION}`;
const CONTENT = 'Microsoft.ContainerRegistry/registries/repositories/content/read';
const METADATA = 'Microsoft.ContainerRegistry/registries/repositories/metadata/read';

/** ARM with these assignments and, for the custom role, this definition. */
function arm(
  assignments: object[],
  custom: Reply = { status: 404, body: armError('RoleDefinitionDoesNotExist', 'gone') },
): ScriptedHttp {
  return routed([/roleAssignments\?/, { body: { value: assignments } }], [/roleDefinitions\//, custom]);
}

async function access(http: ScriptedHttp, mode: RoleAssignmentMode): Promise<DecidedAccess> {
  const client = world(http).azure.roleAssignments(SUBSCRIPTION);
  const read = await readAssignments(client, REGISTRY_ID, OBJECT_ID);
  return decideAccess(read, { id: REGISTRY_ID, mode }, OBJECT_ID);
}

describe('mode and role', () => {
  const partly = (...dataActions: string[]): Reply => ({ body: roleBody('Half', { dataActions }) });
  const CASES: [RoleAssignmentMode, string, Reply | undefined, boolean | 'unknown'][] = [
    [LEGACY, ROLE.acrPull, undefined, true],
    [LEGACY, ROLE.reader, undefined, true],
    [LEGACY, ROLE.repositoryReader, undefined, false],
    [LEGACY, ROLE.acrDelete, undefined, false],
    [LEGACY, ROLE.custom, { body: roleBody('Wild', { actions: ['*/read'] }) }, true],
    [LEGACY, ROLE.custom, { body: roleBody('Not', { actions: ['*'], notActions: ['*/pull/read'] }) }, false],
    [LEGACY, ROLE.custom, { body: roleBody('Data', { dataActions: ['*'] }) }, false],
    [LEGACY, ROLE.custom, REFUSED, 'unknown'],
    [LEGACY, ROLE.custom, { status: 404 }, 'unknown'],
    [LEGACY, ROLE.custom, { body: {} }, 'unknown'],
    [LEGACY, ROLE.custom, { body: '' }, 'unknown'],
    [LEGACY, ROLE.custom, { body: { properties: { roleName: 'x', permissions: null } } }, 'unknown'],
    [LEGACY, ROLE.custom, { body: { properties: { roleName: 'x', permissions: [{}] } } }, false],
    [ABAC, ROLE.acrPull, undefined, false],
    [ABAC, ROLE.reader, undefined, false],
    [ABAC, ROLE.repositoryReader, undefined, true],
    [ABAC, ROLE.custom, partly(CONTENT, METADATA), true],
    [ABAC, ROLE.custom, partly('*'), true],
    [ABAC, ROLE.custom, partly(CONTENT), false],
    [ABAC, ROLE.custom, partly(METADATA), false],
    [ABAC, ROLE.custom, { body: roleBody('Plane', { actions: ['*'] }) }, false],
    ['unknown', ROLE.acrPull, undefined, 'unknown'],
    ['unknown', ROLE.repositoryReader, undefined, 'unknown'],
    ['unknown', ROLE.acrDelete, undefined, false],
    [
      'unknown',
      ROLE.custom,
      {
        body: roleBody('Both', {
          actions: ['Microsoft.ContainerRegistry/registries/pull/read'],
          dataActions: ['*'],
        }),
      },
      true,
    ],
  ];
  it.each(CASES.map((tried) => ({ tried })))(
    '$tried.0, $tried.1: $tried.3',
    async ({ tried: [mode, role, custom, allowed] }) => {
      expect((await access(arm([assignmentBody(role)], custom), mode)).allowed).toBe(allowed);
    },
  );

  it('has none where there is no assignment', async () => {
    for (const mode of [LEGACY, ABAC, 'unknown'] as const) {
      expect(await access(arm([]), mode)).toEqual({
        allowed: false,
        grants: [],
        ignored: [],
        limited: [],
        decidedBy: [],
        setAside: [],
        because: 'no role assignment that reaches it lets it pull',
      });
    }
  });

  it('takes roles together where each gives a part', async () => {
    const [one, other] = [assignmentBody(ROLE.custom), assignmentBody(ROLE.custom.replace('1', '2'))];
    const http = routed(
      [/roleAssignments\?/, { body: { value: [one, other] } }],
      [/roleDefinitions\/.*1\?/, partly(CONTENT)],
      [/roleDefinitions\//, partly(METADATA)],
    );
    const decided = await access(http, ABAC);
    expect(decided.allowed).toBe(true);
    expect(decided.grants).toHaveLength(2);
  });

  it('counts a role that gives a part alone as no grant, so that connect makes one', async () => {
    const decided = await access(arm([assignmentBody(ROLE.custom)], partly(CONTENT)), ABAC);
    expect(decided).toMatchObject({ allowed: false, grants: [], ignored: [] });
  });

  it('says which role counts for nothing in this mode', async () => {
    const decided = await access(
      arm([assignmentBody(ROLE.acrPull), assignmentBody(ROLE.reader, { scope: ABOVE })]),
      ABAC,
    );
    expect(decided.grants).toEqual([]);
    expect(decided.ignored.map(({ roleName }) => roleName)).toEqual(['AcrPull', 'Reader']);
    expect(decided.because).toMatch(
      /AcrPull \(on registries\/contoso\), Reader \(inherited from .*\) counts for nothing/,
    );
    expect((await access(arm([assignmentBody(ROLE.repositoryReader)]), LEGACY)).ignored).toHaveLength(1);
    expect(
      (await access(arm([assignmentBody(ROLE.acrPull), assignmentBody(ROLE.repositoryReader)]), ABAC))
        .allowed,
    ).toBe(true);
  });
});

describe('where the assignment is', () => {
  it.each([
    ['the registry', REGISTRY_ID, true, false],
    ['the registry in another casing', REGISTRY_ID.toLowerCase().replace('contoso', 'CONTOSO'), true, false],
    ['its group', `${ABOVE}/resourcegroups/SHOPS`, true, true],
    ['its subscription', ABOVE, true, true],
    ['a management group', '/providers/Microsoft.Management/managementGroups/root', true, true],
    ['the root', '/', true, true],
    ['a group that begins alike', `${ABOVE}/resourceGroups/shop`, false, true],
    ['a registry that begins alike', `${REGISTRY_ID}2`, false, true],
    ['something below', `${REGISTRY_ID}/replications/x`, false, true],
    ['another subscription', '/subscriptions/other', false, true],
  ])('%s', async (_where, scope, allowed, inherited) => {
    const decided = await access(arm([assignmentBody(ROLE.acrPull, { scope })]), LEGACY);
    expect(decided.allowed).toBe(allowed);
    expect(decided.grants.map((grant) => grant.inherited)).toEqual(allowed ? [inherited] : []);
  });

  it('knows a group by its principal', async () => {
    const { grants, because } = await access(
      arm([assignmentBody(ROLE.acrPull, { principalId: GROUP })]),
      LEGACY,
    );
    expect(grants).toMatchObject([{ via: 'group', roleName: 'AcrPull' }]);
    expect(because).toContain('through a group');
    const same = await access(
      arm([assignmentBody(ROLE.acrPull, { principalId: OBJECT_ID.toUpperCase() })]),
      LEGACY,
    );
    expect(same.grants).toMatchObject([{ via: 'direct' }]);
  });

  it('puts it in the report as ARM says it', async () => {
    const ours = assignmentBody(ROLE.acrPull, {
      description: 'aks-acr-pull: lets the kubelet identity pull',
    });
    const theirs = assignmentBody(ROLE.acrPull, { description: 'see aks-acr-pull', updatedOn: 'nonsense' });
    const { grants } = await access(arm([ours, theirs]), LEGACY);
    expect(grants).toMatchObject([
      { ours: true, updatedOn: '2025-11-03T10:00:00.123Z', scope: REGISTRY_ID },
      { ours: false },
    ]);
    expect(grants[1]).not.toHaveProperty('updatedOn');
    expect(grants[0]).not.toHaveProperty('condition');
  });
});

describe('a condition', () => {
  const conditional = assignmentBody(ROLE.repositoryReader, {
    condition: "@Request[x] StringEquals 'y'",
    conditionVersion: '2.0',
  });
  it('leaves it open, and is quoted', async () => {
    const decided = await access(arm([conditional]), ABAC);
    expect(decided.allowed).toBe('unknown');
    expect(decided.because).toContain("@Request[x] StringEquals 'y'");
    expect(decided.grants).toMatchObject([{ condition: "@Request[x] StringEquals 'y'" }]);
  });

  it('does not matter beside a grant without one, nor on a role that gives nothing', async () => {
    expect((await access(arm([conditional, assignmentBody(ROLE.repositoryReader)]), ABAC)).allowed).toBe(
      true,
    );
    expect((await access(arm([conditional]), LEGACY)).allowed).toBe(false);
  });

  it('leaves it open where only the part it covers is conditional', async () => {
    const half = assignmentBody(ROLE.custom);
    const decided = await access(
      arm([conditional, half], { body: roleBody('Half', { dataActions: [CONTENT] }) }),
      ABAC,
    );
    expect(decided.allowed).toBe('unknown');
  });
});

describe('what could not be read', () => {
  it('never makes it "no access": an unreadable role', async () => {
    const decided = await access(arm([assignmentBody(ROLE.custom)], REFUSED), LEGACY);
    expect(decided.allowed).toBe('unknown');
    expect(decided.because).toMatch(
      /could not read the role definition eeeeeeee.*AuthorizationFailed: no right to read/,
    );
  });

  it('does not matter where what was read is enough', async () => {
    expect(
      (await access(arm([assignmentBody(ROLE.custom), assignmentBody(ROLE.acrPull)], REFUSED), LEGACY))
        .allowed,
    ).toBe(true);
  });

  it.each([400, 403])('groups that may not be asked for (%i) are left out, and said', async (status) => {
    const refused = { status, body: armError('Unsupported', 'no directory') };
    const without = await access(inTurn(refused, { body: { value: [] } }), LEGACY);
    expect(without).toMatchObject({
      allowed: 'unknown',
      because: 'assignments through groups were not seen: no directory',
    });
    const http = inTurn(refused, { body: { value: [assignmentBody(ROLE.acrPull)] } });
    expect((await access(http, LEGACY)).allowed).toBe(true);
    expect(http.requests.map(({ url }) => new URL(url).searchParams.get('$filter'))).toEqual([
      `atScope() and assignedTo('${OBJECT_ID}')`,
      `principalId eq '${OBJECT_ID}'`,
    ]);
  });

  it('assignments that may not be listed at all are an error, not an empty list', async () => {
    expect(await thrown(() => access(inTurn(REFUSED, REFUSED), LEGACY))).toMatchObject({ status: 403 });
    expect(await thrown(() => access(inTurn({ status: 404 }), LEGACY))).toMatchObject({ status: 404 });
  });

  it.each([{}, { value: null }, { value: {} }, { value: 'none' }, [], 'text', ''])(
    'a malformed list (%j) is an error, not an empty one',
    async (body) => {
      expect(await thrown(() => access(inTurn({ body }), LEGACY))).toMatchObject({ name: 'ArmError' });
    },
  );

  it('so is a malformed second page', async () => {
    const first = { body: { value: [], nextLink: 'https://management.azure.com/next' } };
    expect(await thrown(() => access(inTurn(first, { body: {} }), LEGACY))).toMatchObject({
      name: 'ArmError',
    });
  });

  it.each([{}, { id: '/x' }, { id: '/x', properties: { scope: '/', principalId: OBJECT_ID } }, null, 'x'])(
    'an assignment without what decides (%j) is an error',
    async (item) => {
      expect(await thrown(() => access(inTurn({ body: { value: [item] } }), LEGACY))).toMatchObject({
        name: 'ArmError',
      });
    },
  );
});
