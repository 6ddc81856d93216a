import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startSimulator } from '../../../src/simulator/index.js';
import type { Simulator } from '../../../src/simulator/index.js';
import { armClient, openClient, principal } from '../net/client.js';
import type { ArmClient, Client } from '../net/client.js';

const ACR_PULL = '7f951dda-4ed3-4680-a7ca-43fe172d538d';
const NAME = '5b1e2c3d-0000-5000-8000-00000000000a';

const SCENARIO = JSON.stringify({
  name: 'deployments',
  grantDelay: '0s',
  identities: [
    { name: 'owner', secrets: ['x'] },
    { name: 'deployer', secrets: ['x'] },
    { name: 'delegate', secrets: ['x'] },
  ],
  clusters: [{ name: 'shop', resourceGroup: 'apps' }],
  registries: [{ name: 'contoso', resourceGroup: 'images' }],
  roleAssignments: [
    { principal: 'owner', role: 'Owner', scope: 'rg:images' },
    { principal: 'deployer', role: 'Contributor', scope: 'rg:images' },
    { principal: 'delegate', role: 'Role Based Access Control Administrator', scope: 'rg:images' },
  ],
});

let simulator: Simulator;
let client: Client;
let owner: ArmClient;
let deployment: string;
let before: number;
beforeAll(async () => {
  simulator = await startSimulator(SCENARIO);
  client = openClient(simulator);
  owner = armClient(client, simulator, 'owner');
  const [subscription] = simulator.state.subscriptions;
  deployment = `/subscriptions/${subscription?.id ?? ''}/resourceGroups/images/providers/Microsoft.Resources/deployments/grants`;
  before = simulator.state.roleAssignments.length;
});
afterAll(async () => {
  await client.close();
  await simulator.stop();
});
beforeEach(() => {
  simulator.state.roleAssignments.splice(before);
});

const assignment = (changes: Record<string, unknown> = {}): object => ({
  type: 'Microsoft.Authorization/roleAssignments',
  apiVersion: '2022-04-01',
  name: NAME,
  scope: "[resourceId('Microsoft.ContainerRegistry/registries', 'contoso')]",
  properties: {
    roleDefinitionId: `[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '${ACR_PULL}')]`,
    principalId: principal(simulator, 'kubelet of shop').objectId,
    principalType: 'ServicePrincipal',
    description: '[[in brackets]',
  },
  ...changes,
});
const body = (resources: object[], more: object = {}): object => ({
  properties: {
    mode: 'Incremental',
    template: {
      $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
      contentVersion: '1.0.0.0',
      resources,
      ...more,
    },
  },
});

describe('a deployment', () => {
  it('writes the role assignments of its template, and says so once it is over', async () => {
    const put = await owner('PUT', deployment, body([assignment()]));
    expect(put).toMatchObject({ status: 201, body: { properties: { provisioningState: 'Accepted' } } });
    expect(simulator.state.roleAssignments.slice(before)).toMatchObject([
      { name: NAME, description: '[in brackets]', principalType: 'ServicePrincipal' },
    ]);
    const status = await owner('GET', new URL(put.headers['azure-asyncoperation'] ?? '').pathname);
    expect(status).toMatchObject({ status: 200, body: { status: 'Succeeded' } });
    expect(await owner('GET', deployment)).toMatchObject({
      body: {
        properties: {
          provisioningState: 'Succeeded',
          outputResources: [{ id: expect.stringMatching(new RegExp(`/registries/contoso/.*${NAME}$`)) }],
        },
      },
    });
    expect((await owner('PUT', deployment, body([assignment()]))).status).toBe(200);
  });

  it('fails with what its resources were answered', async () => {
    await owner('PUT', deployment, body([assignment()]));
    const twin = assignment({ name: NAME.replace(/a$/, 'b') });
    const put = await owner('PUT', deployment, body([twin]));
    const status = await owner('GET', new URL(put.headers['azure-asyncoperation'] ?? '').pathname);
    expect(status.body).toMatchObject({
      status: 'Failed',
      error: { code: 'DeploymentFailed', details: [{ code: 'RoleAssignmentExists' }] },
    });
  });

  it('wants the right to deploy, and for each resource what the resource wants; else nothing is written', async () => {
    const delegate = armClient(client, simulator, 'delegate');
    expect(await delegate('PUT', deployment, body([assignment()]))).toMatchObject({
      status: 403,
      body: { error: { code: 'AuthorizationFailed', message: expect.stringContaining('deployments/write') } },
    });
    const deployer = armClient(client, simulator, 'deployer');
    expect(await deployer('PUT', deployment, body([assignment()]))).toMatchObject({
      status: 403,
      body: {
        error: {
          code: 'InvalidTemplateDeployment',
          message: expect.stringContaining('Microsoft.Authorization/roleAssignments/write'),
        },
      },
    });
    expect(simulator.state.roleAssignments).toHaveLength(before);
  });

  it('is not found where there is none', async () => {
    expect((await owner('GET', `${deployment}-2`)).status).toBe(404);
  });

  it.each<[string, () => object]>([
    ['another resource', () => body([assignment({ type: 'Microsoft.Storage/storageAccounts' })])],
    ['another function', () => body([assignment({ name: "[uniqueString('x')]" })])],
    ['a name that asks for what there is', () => body([assignment({ name: "[reference('/x', '1').name]" })])],
    ['a function of more parts', () => body([assignment({ name: "[resourceId('a/b/c', 'x')]" })])],
    ['a loop', () => body([assignment({ copy: { name: 'x', count: 2 } })])],
    [
      'a parameter without a value',
      () => body([assignment({ name: "[parameters('x')]" })], { parameters: { x: { type: 'string' } } }),
    ],
    ['outputs', () => body([assignment()], { outputs: {} })],
    ['another schema', () => body([assignment()], { $schema: 'https://example.com/x.json#' })],
    ['complete mode', () => ({ properties: { mode: 'Complete', template: {} } })],
  ])('with %s is not modelled', async (_what, of) => {
    expect((await owner('PUT', deployment, of())).status).toBe(501);
    expect(simulator.state.roleAssignments).toHaveLength(before);
  });
});
