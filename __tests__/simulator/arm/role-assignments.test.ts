import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startSimulator } from '../../../src/simulator/index.js';
import type { Simulator } from '../../../src/simulator/index.js';
import { armClient, openClient, principal } from '../net/client.js';
import type { ArmAnswer, ArmClient, Client } from '../net/client.js';

const ACR_PULL = '7f951dda-4ed3-4680-a7ca-43fe172d538d';
const ACR_PUSH = '8311e382-0749-4cb8-b61a-304f252e45ec';
const NAME = '0f4d2f5e-6c2b-4f0a-9d57-1f4c1d9a7b11';
const OTHER_NAME = '5b0b6f64-5a34-4f3e-8a8e-8b2c53e7a2c4';
const PULL = 'Microsoft.ContainerRegistry/registries/pull/read';

let simulator: Simulator;
let client: Client;
let admin: ArmClient;
let reader: ArmClient;
let subscription: string;
let registry: string;
let kubelet: string;
let time: number;

beforeEach(async () => {
  time = Date.parse('2026-03-01T12:00:00Z');
  simulator = await startSimulator(
    `
name: role-assignments
grantDelay: 8s
subscriptions: [{ name: main, managementGroups: [root] }]
identities:
  - { name: admin }
  - { name: reader }
  - { name: delegate }
groups:
  - { name: nodes, members: [kubelet of shop] }
  - { name: everything, members: [nodes] }
customRoles: [{ name: Tiny Puller, actions: ['${PULL}'] }]
clusters:
  - { name: shop, resourceGroup: shop-rg }
  - { name: fresh, resourceGroup: shop-rg, identity: { replicationDelay: 30s } }
registries: [{ name: contoso, resourceGroup: registry-rg }, { name: fabrikam, resourceGroup: registry-rg }]
roleAssignments:
  - { principal: admin, role: Role Based Access Control Administrator, scope: subscription }
  - { principal: reader, role: Reader, scope: 'registry:contoso' }
  - principal: delegate
    role: Role Based Access Control Administrator
    scope: subscription
    condition: "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${ACR_PUSH}}))"
`,
    { now: () => time },
  );
  client = openClient(simulator);
  admin = armClient(client, simulator, 'admin');
  reader = armClient(client, simulator, 'reader');
  subscription = `/subscriptions/${simulator.state.subscriptions[0]?.id ?? ''}`;
  registry = `${subscription}/resourceGroups/registry-rg/providers/Microsoft.ContainerRegistry/registries/contoso`;
  kubelet = principal(simulator, 'kubelet of shop').objectId;
});

afterEach(async () => {
  await client.close();
  await simulator.stop();
});

const path = (name: string, scope = registry): string =>
  `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;

function grant(more: object = {}): { properties: Record<string, unknown> } {
  return {
    properties: {
      roleDefinitionId: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${ACR_PULL}`,
      principalId: kubelet,
      principalType: 'ServicePrincipal',
      ...more,
    },
  };
}

function kubeletMayPull(): boolean {
  return simulator.context.decide({ principalId: kubelet, action: PULL, kind: 'action', scope: registry })
    .allowed;
}

const undashed = (guid: string): string => guid.replaceAll('-', '');

describe('writing a grant', () => {
  it('answers 201 as recorded, and the grant works after its delay', async () => {
    const { status, body, headers } = await admin(
      'PUT',
      path(NAME),
      grant({ description: 'made by a test' }),
    );
    const { objectId } = principal(simulator, 'admin');
    expect(status).toBe(201);
    expect(headers['x-ms-ratelimit-remaining-subscription-writes']).toBe('799');
    expect(body).toEqual({
      properties: {
        roleDefinitionId: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${ACR_PULL}`,
        principalId: kubelet,
        principalType: 'ServicePrincipal',
        scope: registry,
        condition: null,
        conditionVersion: null,
        createdOn: '2026-03-01T12:00:00.0000000Z',
        updatedOn: '2026-03-01T12:00:00.0000000Z',
        createdBy: null,
        updatedBy: objectId,
        delegatedManagedIdentityResourceId: null,
        description: 'made by a test',
      },
      id: path(NAME),
      type: 'Microsoft.Authorization/roleAssignments',
      name: NAME,
    });
    expect((await admin('GET', path(NAME))).body).toMatchObject({ properties: { createdBy: objectId } });
    expect(kubeletMayPull()).toBe(false);
    time += 7_999;
    expect(kubeletMayPull()).toBe(false);
    time += 1;
    expect(kubeletMayPull()).toBe(true);
  });

  it('again under the same name is an update, answered 201', async () => {
    await admin('PUT', path(NAME), grant());
    time += 60_000;
    const { status, body } = await admin('PUT', path(NAME.toUpperCase()), grant({ description: 'changed' }));
    expect(status).toBe(201);
    expect(body).toMatchObject({
      properties: {
        description: 'changed',
        createdOn: '2026-03-01T12:00:00.0000000Z',
        updatedOn: '2026-03-01T12:01:00.0000000Z',
      },
    });
    expect(kubeletMayPull()).toBe(true);
  });

  it('under another name is a conflict', async () => {
    await admin('PUT', path(NAME), grant());
    expect(await admin('PUT', path(OTHER_NAME), grant())).toMatchObject({
      status: 409,
      body: { error: { code: 'RoleAssignmentExists', message: 'The role assignment already exists.' } },
    });
  });

  it.each([
    [
      'another principal',
      () => [path(NAME), grant({ principalId: principal(simulator, 'reader').objectId })] as const,
    ],
    ['another scope', () => [path(NAME, registry.replace('contoso', 'fabrikam')), grant()] as const],
    [
      'another role',
      () =>
        [
          path(NAME),
          grant({ roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${ACR_PUSH}` }),
        ] as const,
    ],
  ])('cannot move a name to %s', async (_, request) => {
    await admin('PUT', path(NAME), grant());
    const [where, body] = request();
    expect(await admin('PUT', where, body)).toMatchObject({
      status: 400,
      body: {
        error: {
          code: 'RoleAssignmentUpdateNotPermitted',
          message: 'Tenant ID, application ID, principal ID, and scope are not allowed to be updated.',
        },
      },
    });
  });

  const notFound = (id: string): string =>
    `Principal ${undashed(id)} does not exist in the directory ${simulator.state.tenantId}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype`;

  it('for a principal nobody knows needs the type', async () => {
    const stranger = '9d2f6d7e-1111-4222-8333-444455556666';
    const without = await admin(
      'PUT',
      path(NAME),
      grant({ principalId: stranger, principalType: undefined }),
    );
    expect([without.status, without.body]).toEqual([
      400,
      { error: { code: 'PrincipalNotFound', message: notFound(stranger) } },
    ]);
    expect((await admin('PUT', path(NAME), grant({ principalId: stranger }))).status).toBe(201);
  });

  it('for a principal that is not replicated yet needs the type, or time', async () => {
    const fresh = principal(simulator, 'kubelet of fresh').objectId;
    const without = grant({ principalId: fresh, principalType: undefined });
    expect((await admin('PUT', path(NAME), without)).body).toEqual({
      error: { code: 'PrincipalNotFound', message: notFound(fresh) },
    });
    time += 30_000;
    expect(await admin('PUT', path(NAME), without)).toMatchObject({
      status: 201,
      body: { properties: { principalType: 'ServicePrincipal' } },
    });
  });

  it("refuses a type that is not the principal's", async () => {
    expect(await admin('PUT', path(NAME), grant({ principalType: 'User' }))).toMatchObject({
      status: 400,
      body: {
        error: {
          code: 'UnmatchedPrincipalType',
          message: `The PrincipalId '${undashed(kubelet)}' has type 'ServicePrincipal' , which is different from specified PrinciaplType 'User'.`,
        },
      },
    });
  });

  it('refuses a role that is not there', async () => {
    const role = '12345678-1111-4222-8333-444455556666';
    const roleDefinitionId = `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role}`;
    expect(await admin('PUT', path(NAME), grant({ roleDefinitionId }))).toMatchObject({
      status: 404,
      body: {
        error: {
          code: 'RoleDefinitionDoesNotExist',
          message: `The specified role definition with ID '${undashed(role)}' does not exist.`,
        },
      },
    });
  });

  it('refuses a caller without the right, naming the assignment as the scope', async () => {
    const { objectId, clientId } = principal(simulator, 'reader');
    const { status, headers, body } = await reader('PUT', path(NAME), grant());
    expect([status, body]).toEqual([
      403,
      {
        error: {
          code: 'AuthorizationFailed',
          message: `The client '${clientId}' with object id '${objectId}' does not have authorization to perform action 'Microsoft.Authorization/roleAssignments/write' over scope '${path(NAME)}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
        },
      },
    ]);
    expect(headers['x-ms-failure-cause']).toBe('gateway');
    expect(simulator.state.roleAssignments).toHaveLength(3);
  });

  it('tells a delegate whose condition is not met so', async () => {
    const delegate = armClient(client, simulator, 'delegate');
    const { objectId, clientId } = principal(simulator, 'delegate');
    expect((await delegate('PUT', path(NAME), grant())).body).toEqual({
      error: {
        code: 'AuthorizationFailed',
        message: `The client '${clientId}' with object id '${objectId}' has an authorization with ABAC condition that is not fulfilled to perform action 'Microsoft.Authorization/roleAssignments/write' over scope '${path(NAME)}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
      },
    });
    const roleDefinitionId = `/providers/Microsoft.Authorization/roleDefinitions/${ACR_PUSH}`;
    expect((await delegate('PUT', path(NAME), grant({ roleDefinitionId }))).status).toBe(201);
  });

  it('needs the scope to be there', async () => {
    const missing = registry.replace('contoso', 'missing');
    expect(await admin('PUT', path(NAME, missing), grant())).toMatchObject({
      status: 404,
      body: { error: { code: 'ResourceNotFound' } },
    });
  });

  it.each([
    ['no JSON', 'text'],
    ['no principal', { properties: { roleDefinitionId: `/x/${ACR_PULL}` } }],
  ])('with %s is not modelled', async (_, body) => {
    expect((await admin('PUT', path(NAME), body)).status).toBe(501);
  });
});

describe('deleting a grant', () => {
  it('answers 200 with it, then 204', async () => {
    await admin('PUT', path(NAME), grant());
    expect(await admin('DELETE', path(NAME))).toMatchObject({ status: 200, body: { name: NAME } });
    expect(kubeletMayPull()).toBe(false);
    const again = await admin('DELETE', path(NAME));
    expect([again.status, again.body]).toEqual([204, undefined]);
    expect(await admin('GET', path(NAME))).toMatchObject({
      status: 404,
      body: { error: { code: 'RoleAssignmentNotFound' } },
    });
  });

  it('needs the right to', async () => {
    await admin('PUT', path(NAME), grant());
    const { status, body } = await reader('DELETE', path(NAME));
    expect(status).toBe(403);
    expect((body as { error: { message: string } }).error.message).toContain(
      "'Microsoft.Authorization/roleAssignments/delete'",
    );
  });
});

describe('listing role assignments', () => {
  const group = (name: string): string =>
    simulator.state.groups.find((one) => one.name === name)?.objectId ?? '';

  /** One assignment each at the management group, subscription, group, registry and the other registry. */
  beforeEach(() => {
    const scopes: [string, string, string][] = [
      ['mg', '/providers/Microsoft.Management/managementGroups/root', kubelet],
      ['sub', subscription.toUpperCase().replace('/SUBSCRIPTIONS/', '/subscriptions/'), group('everything')],
      ['rg', `${subscription}/resourcegroups/registry-rg`, group('nodes')],
      ['contoso', registry, kubelet],
      ['fabrikam', registry.replace('contoso', 'fabrikam'), kubelet],
    ];
    const [template] = simulator.state.roleAssignments;
    if (template === undefined) throw new Error('The scenario has no assignment.');
    simulator.state.roleAssignments.push(
      ...scopes.map(([name, scope, principalId]) => ({ ...template, name, scope, principalId })),
    );
  });

  const listed = async (filter?: string, scope = registry, arm = admin): Promise<string[]> => {
    const query = filter === undefined ? '' : `?$filter=${filter}`;
    const { status, body } = await arm(
      'GET',
      `${scope}/providers/Microsoft.Authorization/roleAssignments${query}`,
    );
    if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`);
    return (body as { value: { name: string }[] }).value
      .map(({ name }) => name)
      .filter((name) => ['mg', 'sub', 'rg', 'contoso', 'fabrikam'].includes(name));
  };

  it('without a filter gives at, above and below', async () => {
    expect(await listed()).toEqual(['mg', 'sub', 'rg', 'contoso']);
    expect(await listed(undefined, `${subscription}/resourceGroups/registry-rg`)).toEqual([
      'mg',
      'sub',
      'rg',
      'contoso',
      'fabrikam',
    ]);
  });

  it.each(['atScope()', 'atScope%28%29'])('with %s gives at and above', async (filter) => {
    expect(await listed(filter)).toEqual(['mg', 'sub', 'rg', 'contoso']);
    expect(await listed(filter, `${subscription}/resourceGroups/registry-rg`)).toEqual(['mg', 'sub', 'rg']);
  });

  it.each(["principalId eq '{id}'", "principalId%20eq%20'{id}'", 'principalId%20eq%20%27{id}%27'])(
    "with %s gives the principal's own",
    async (filter) => {
      expect(await listed(filter.replace('{id}', kubelet))).toEqual(['mg', 'contoso']);
      expect(await listed(filter.replace('{id}', kubelet.toUpperCase()), subscription)).toEqual([
        'mg',
        'contoso',
        'fabrikam',
      ]);
    },
  );

  it('with assignedTo gives those of its groups too, through groups', async () => {
    expect(await listed(`assignedTo('${kubelet}')`)).toEqual(['mg', 'sub', 'rg', 'contoso']);
    expect(await listed(`assignedTo('${kubelet}')`, subscription)).toEqual([
      'mg',
      'sub',
      'rg',
      'contoso',
      'fabrikam',
    ]);
    expect(await listed(`atScope() and assignedTo('${kubelet}')`, subscription)).toEqual(['mg', 'sub']);
    expect(await listed(`assignedTo%28%27${kubelet}%27%29%20and%20atScope%28%29`, subscription)).toEqual([
      'mg',
      'sub',
    ]);
  });

  it.each([
    "principalId eq 'x' and atScope()",
    'asTarget()',
    "roleName eq 'AcrPull'",
    "atScope() or assignedTo('x')",
  ])('with %s is not modelled', async (filter) => {
    const { status } = await admin(
      'GET',
      `${registry}/providers/Microsoft.Authorization/roleAssignments?$filter=${filter}`,
    );
    expect(status).toBe(501);
  });

  it("works with a doubled slash, as Azure's own client sends it", async () => {
    expect(await listed('atScope()', `/${registry}`)).toHaveLength(4);
  });

  it('needs the right to read there', async () => {
    expect(await listed(undefined, registry, reader)).toHaveLength(4);
    const answer: ArmAnswer = await reader(
      'GET',
      `${subscription}/providers/Microsoft.Authorization/roleAssignments`,
    );
    expect(answer).toMatchObject({ status: 403, body: { error: { code: 'AuthorizationFailed' } } });
  });

  it('tells older versions less', async () => {
    const at = async (version: string): Promise<object> => {
      const { body } = await admin(
        'GET',
        `${registry}/providers/Microsoft.Authorization/roleAssignments?api-version=${version}`,
      );
      return (body as { value: { properties: object }[] }).value[0]?.properties ?? {};
    };
    expect(Object.keys(await at('2015-07-01'))).not.toContain('principalType');
    expect(Object.keys(await at('2018-09-01-preview'))).not.toContain('condition');
    expect(Object.keys(await at('2020-04-01-preview'))).toContain('condition');
  });
});

describe('role definitions', () => {
  const definitions = (scope: string): string => `${scope}/providers/Microsoft.Authorization/roleDefinitions`;

  it('are read by id, under the scope and tenant-wide', async () => {
    const expected = {
      name: ACR_PULL,
      type: 'Microsoft.Authorization/roleDefinitions',
      properties: {
        roleName: 'AcrPull',
        type: 'BuiltInRole',
        assignableScopes: ['/'],
        permissions: [{ actions: [PULL], notActions: [], dataActions: [], notDataActions: [] }],
      },
    };
    expect((await reader('GET', `${definitions(registry)}/${ACR_PULL}`)).body).toMatchObject({
      ...expected,
      id: `${definitions(subscription)}/${ACR_PULL}`,
    });
    expect((await reader('GET', `${definitions('')}/${ACR_PULL}`)).body).toMatchObject({
      ...expected,
      id: `${definitions('')}/${ACR_PULL}`,
    });
    expect(await admin('GET', `${definitions(subscription)}/${NAME}`)).toMatchObject({
      status: 404,
      body: { error: { code: 'RoleDefinitionDoesNotExist' } },
    });
  });

  it('are found by name without case, custom ones too', async () => {
    const found = async (filter: string): Promise<string[]> => {
      const { body } = await admin(
        'GET',
        `${definitions(registry)}?$filter=${filter}&api-version=2022-05-01-preview`,
      );
      return (body as { value: { properties: { roleName: string } }[] }).value.map(
        ({ properties }) => properties.roleName,
      );
    };
    expect(await found("roleName eq 'acrpull'")).toEqual(['AcrPull']);
    expect(await found('roleName%20eq%20%27tiny%20puller%27')).toEqual(['Tiny Puller']);
    expect(await found("type eq 'CustomRole' and atScopeAndBelow()")).toEqual(['Tiny Puller']);
    expect((await found('atScope()')).length).toBeGreaterThan(20);
  });
});

describe('permissions', () => {
  it("are the caller's own, one element for each assignment", async () => {
    const asked = `${registry}/providers/Microsoft.Authorization/permissions`;
    expect((await reader('GET', asked)).body).toEqual({
      value: [{ actions: ['*/read'], notActions: [], dataActions: [], notDataActions: [] }],
    });
    expect((await reader('GET', `${asked}?api-version=2015-07-01`)).body).toEqual({
      value: [{ actions: ['*/read'], notActions: [] }],
    });
    expect((await reader('GET', asked.replace('contoso', 'fabrikam'))).body).toEqual({ value: [] });
  });
});
