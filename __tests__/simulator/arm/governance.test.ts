import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startSimulator } from '../../../src/simulator/index.js';
import type { Simulator } from '../../../src/simulator/index.js';
import { armClient, openClient, principal } from '../net/client.js';
import type { ArmAnswer, ArmClient, Client } from '../net/client.js';

const ACR_PULL = '7f951dda-4ed3-4680-a7ca-43fe172d538d';
const NAMES = ['0f4d2f5e-6c2b-4f0a-9d57-1f4c1d9a7b11', '5b0b6f64-5a34-4f3e-8a8e-8b2c53e7a2c4'] as const;
const AUTHORIZATION = 'providers/Microsoft.Authorization';

let simulator: Simulator;
let client: Client;
let admin: ArmClient;
let subscription: string;
let registry: string;

async function open(more = ''): Promise<void> {
  simulator = await startSimulator(`
name: governance
identities: [{ name: admin }, { name: excluded }]
groups: [{ name: team, members: [admin, excluded] }]
clusters: [{ name: shop, resourceGroup: shop-rg }]
registries: [{ name: contoso, resourceGroup: registry-rg }]
roleAssignments:
  - { principal: admin, role: Owner, scope: subscription }
  - { principal: excluded, role: Owner, scope: subscription }
${more}`);
  client = openClient(simulator);
  admin = armClient(client, simulator, 'admin');
  subscription = `/subscriptions/${simulator.state.subscriptions[0]?.id ?? ''}`;
  registry = `${subscription}/resourceGroups/registry-rg/providers/Microsoft.ContainerRegistry/registries/contoso`;
}
afterEach(async () => {
  await client.close();
  await simulator.stop();
});

const path = (name: string): string => `${registry}/${AUTHORIZATION}/roleAssignments/${name}`;

const grant = (as: ArmClient, name: string = NAMES[0], holder = 'kubelet of shop'): Promise<ArmAnswer> =>
  as('PUT', path(name), {
    properties: {
      roleDefinitionId: `${subscription}/${AUTHORIZATION}/roleDefinitions/${ACR_PULL}`,
      principalId: principal(simulator, holder).objectId,
      principalType: 'ServicePrincipal',
    },
  });

const error = (code: string, message: unknown = expect.any(String)): object => ({
  error: expect.objectContaining({ code, message }),
});

describe('a CanNotDelete lock', () => {
  beforeEach(() => open("locks: [{ name: keep, scope: 'rg:registry-rg', notes: for good }]"));

  it('lets a role assignment be made below it, and not be deleted', async () => {
    expect((await grant(admin)).status).toBe(201);
    expect(await admin('DELETE', path(NAMES[0]))).toMatchObject({
      status: 409,
      body: error(
        'ScopeLocked',
        `The scope '${path(NAMES[0])}' cannot perform delete operation because following scope(s) are locked: '${subscription}/resourceGroups/registry-rg'. Please remove the lock and try again.`,
      ),
    });
    expect((await admin('GET', path(NAMES[0]))).status).toBe(200);
  });

  it('is listed where it is, and not below', async () => {
    const at = `${subscription}/resourceGroups/registry-rg`;
    expect((await admin('GET', `${at}/${AUTHORIZATION}/locks`)).body).toEqual({
      value: [
        {
          properties: { level: 'CanNotDelete', notes: 'for good' },
          id: `${at}/${AUTHORIZATION}/locks/keep`,
          type: 'Microsoft.Authorization/locks',
          name: 'keep',
        },
      ],
    });
    expect((await admin('GET', `${registry}/${AUTHORIZATION}/locks?$filter=atScope()`)).body).toEqual({
      value: [],
    });
  });
});

describe('a ReadOnly lock', () => {
  beforeEach(() => open("locks: [{ name: still, level: ReadOnly, scope: 'registry:contoso' }]"));

  it('lets nothing be written there, by no way', async () => {
    const locked = error('ScopeLocked', expect.stringContaining('cannot perform write operation'));
    expect(await grant(admin)).toMatchObject({ status: 409, body: locked });
    const action = await admin('POST', `${registry}/importImage`, {});
    expect(action.body).toEqual(
      error('ScopeLocked', expect.stringMatching(/^The scope '[^']*\/registries\/contoso' cannot/)),
    );
    await deploy();
    expect(simulator.state.roleAssignments).toHaveLength(2);
  });

  /** A template in a group without a lock, whose one assignment is at the registry. */
  async function deploy(): Promise<void> {
    const id = `${subscription}/resourceGroups/shop-rg/providers/Microsoft.Resources/deployments/grant`;
    const deployment = await admin('PUT', id, {
      properties: {
        mode: 'Incremental',
        template: {
          $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
          contentVersion: '1.0.0.0',
          resources: [
            {
              type: 'Microsoft.Authorization/roleAssignments',
              apiVersion: '2022-04-01',
              name: NAMES[0],
              scope: registry,
              properties: {
                roleDefinitionId: `${subscription}/${AUTHORIZATION}/roleDefinitions/${ACR_PULL}`,
                principalId: principal(simulator, 'kubelet of shop').objectId,
                principalType: 'ServicePrincipal',
              },
            },
          ],
        },
      },
    });
    expect(deployment.status).toBe(201);
    expect((await admin('GET', id)).body).toMatchObject({
      properties: { provisioningState: 'Failed', error: { details: [{ code: 'ScopeLocked' }] } },
    });
  }

  it('lets everything be read and written elsewhere', async () => {
    expect((await admin('GET', `${registry}/${AUTHORIZATION}/roleAssignments`)).status).toBe(200);
    const cluster = `${subscription}/resourceGroups/shop-rg/providers/Microsoft.ContainerService/managedClusters/shop`;
    expect((await admin('POST', `${cluster}/listClusterUserCredential`)).status).toBe(200);
  });
});

describe('a deny assignment', () => {
  beforeEach(() =>
    open(`
denyAssignments:
  - name: nobody grants
    description: by the platform team
    scope: 'rg:registry-rg'
    actions: ['Microsoft.Authorization/*']
    notActions: ['*/read']
    principals: [team]
    exclude: [excluded]
`),
  );

  it('keeps its principals from what roles give them', async () => {
    const { objectId, clientId } = principal(simulator, 'admin');
    const [deny] = simulator.state.governance.denyAssignments;
    expect(await grant(admin)).toMatchObject({
      status: 403,
      body: error(
        'DenyAssignmentAuthorizationFailed',
        `The client '${clientId}' with object id '${objectId}' has permission to perform action 'Microsoft.Authorization/roleAssignments/write' on scope '${path(NAMES[0])}'; however, the access is denied because of the deny assignment with name 'nobody grants' and Id '${deny?.name.replaceAll('-', '') ?? ''}' at scope '${subscription}/resourceGroups/registry-rg'.`,
      ),
    });
    expect((await admin('GET', `${registry}/${AUTHORIZATION}/roleAssignments`)).status).toBe(200);
    expect((await grant(armClient(client, simulator, 'excluded'))).status).toBe(201);
  });

  it.each([
    ['', 1],
    ['?$filter=atScope()', 1],
    ["?$filter=denyAssignmentName eq 'nobody grants'", 1],
    ["?$filter=denyAssignmentName eq 'another'", 0],
  ])('is listed at and below its scope with the filter "%s"', async (filter, count) => {
    const { body } = await admin('GET', `${registry}/${AUTHORIZATION}/denyAssignments${filter}`);
    expect((body as { value: unknown[] }).value).toHaveLength(count);
  });

  it('is listed for its principals, and shown by its id', async () => {
    const { objectId } = principal(simulator, 'admin');
    const [team] = simulator.state.groups;
    const list = async (filter: string): Promise<{ id: string }[]> => {
      const { body } = await admin('GET', `${registry}/${AUTHORIZATION}/denyAssignments?$filter=${filter}`);
      return (body as { value: { id: string }[] }).value;
    };
    expect(await list(`principalId eq '${objectId}'`)).toEqual([]);
    expect(await list(`principalId eq '${team?.objectId ?? ''}'`)).toHaveLength(1);
    const [found] = await list(`assignedTo('${objectId}')`);
    expect((await admin('GET', found?.id ?? '')).body).toMatchObject({
      type: 'Microsoft.Authorization/denyAssignments',
      properties: {
        denyAssignmentName: 'nobody grants',
        permissions: [{ actions: ['Microsoft.Authorization/*'], notActions: ['*/read'] }],
        principals: [{ id: team?.objectId, type: 'Group' }],
        excludePrincipals: [{ type: 'ServicePrincipal' }],
      },
    });
  });
});

it('denies everybody, at one scope alone, where the scenario says so', async () => {
  await open(`
denyAssignments:
  - { name: here, scope: 'rg:registry-rg', actions: ['*'], appliesToChildScopes: false }
`);
  expect((await grant(admin)).status).toBe(201);
  const group = await admin('GET', `${subscription}/resourceGroups/registry-rg/${AUTHORIZATION}/locks`);
  expect(group.body).toEqual(error('DenyAssignmentAuthorizationFailed'));
});

it('denies by policy what is of its type, and nothing else', async () => {
  await open(
    'policies: [{ name: No grants, scope: subscription, denies: Microsoft.Authorization/roleAssignments }]',
  );
  const answer = await grant(admin);
  expect(answer).toMatchObject({ status: 403, body: error('RequestDisallowedByPolicy') });
  const { message, target } = (answer.body as { error: { message: string; target: string } }).error;
  expect(target).toBe(NAMES[0]);
  const [, name, identifiers = ''] =
    /^Resource '(.+)' was disallowed by policy\. Policy identifiers: '(.+)'\.$/.exec(message) ?? [];
  expect(name).toBe(NAMES[0]);
  expect(JSON.parse(identifiers)).toEqual([
    {
      policyAssignment: {
        name: 'No grants',
        id: expect.stringMatching(/\/policyAssignments\/[0-9a-f]{24}$/),
      },
      policyDefinition: { name: 'No grants', id: expect.any(String), version: '1.0.0' },
    },
  ]);
  // What is there may be deleted: the effect is on writes.
  expect((await admin('DELETE', path(NAMES[0]))).status).toBe(204);
});

it('makes no more role assignments than a subscription may have', async () => {
  await open('roleAssignmentLimit: 3');
  expect((await grant(admin)).status).toBe(201);
  expect(await grant(admin, NAMES[1], 'excluded')).toMatchObject({
    status: 400,
    body: error(
      'RoleAssignmentLimitExceeded',
      expect.stringMatching(/^No more role assignments can be created/),
    ),
  });
  // One that is there may still be told so, and changed.
  expect((await grant(admin, NAMES[1])).body).toEqual(error('RoleAssignmentExists'));
  expect((await grant(admin)).status).toBe(201);
});
