import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startSimulator } from '../../../src/simulator/index.js';
import type { Simulator } from '../../../src/simulator/index.js';
import { armClient, openClient, principal } from '../net/client.js';
import type { ArmClient, Client } from '../net/client.js';

let simulator: Simulator;
let client: Client;
let reader: ArmClient;
let narrow: ArmClient;
let nobody: ArmClient;
let subscription: string;
let time = Date.parse('2026-03-01T12:00:00Z');

beforeAll(async () => {
  simulator = await startSimulator(
    `
name: resources
subscriptions: [{ name: main, resourceGroups: [{ name: empty-rg }] }, { name: other }]
identities:
  - { name: reader }
  - { name: narrow }
  - { name: nobody }
  - { name: user@contoso.com, kind: user }
groups: [{ name: admins, members: [reader] }]
clusters:
  - name: shop
    resourceGroup: shop-rg
    pools: [{ name: system, taints: ['CriticalAddonsOnly=true:NoSchedule'] }, { name: win, os: Windows }]
  - { name: old, resourceGroup: shop-rg, identity: { kind: service-principal } }
  - { name: young, resourceGroup: shop-rg, state: Creating, identity: { kind: none } }
  - { name: locked, resourceGroup: shop-rg, localAccounts: false, entra: { azureRbac: true, adminGroups: [admins] } }
  - { name: hidden, resourceGroup: shop-rg, private: true }
registries:
  - { name: contoso, resourceGroup: registry-rg }
  - { name: secure, resourceGroup: registry-rg, sku: Premium, mode: abac, networkDefaultAction: Deny, dataEndpoint: true }
  - { name: faraway, resourceGroup: far-rg, subscription: other, loginServer: faraway-e7ggejfuhzhgedc8.azurecr.io }
roleAssignments:
  - { principal: reader, role: Reader, scope: subscription }
  - { principal: reader, role: Azure Kubernetes Service Cluster Admin Role, scope: subscription }
  - { principal: reader, role: Azure Kubernetes Service Cluster User Role, scope: 'cluster:shop' }
  - { principal: narrow, role: Reader, scope: 'registry:contoso' }
`,
    { now: () => time },
  );
  client = openClient(simulator);
  reader = armClient(client, simulator, 'reader');
  narrow = armClient(client, simulator, 'narrow');
  nobody = armClient(client, simulator, 'nobody');
  subscription = simulator.state.subscriptions[0]?.id ?? '';
});

afterAll(async () => {
  await client.close();
  await simulator.stop();
});

const cluster = (name: string): string =>
  `/subscriptions/${subscription}/resourceGroups/shop-rg/providers/Microsoft.ContainerService/managedClusters/${name}`;
const registry = (name: string): string =>
  `/subscriptions/${subscription}/resourceGroups/registry-rg/providers/Microsoft.ContainerRegistry/registries/${name}`;

function names(body: unknown): string[] {
  return (body as { value: { name: string }[] }).value.map(({ name }) => name);
}

async function raw(
  authorization: string | undefined,
): Promise<{ status: number; challenge: string | null; body: unknown }> {
  const answer = await client.send('https://management.azure.com/subscriptions?api-version=2022-12-01', {
    headers: authorization === undefined ? {} : { authorization },
  });
  return {
    status: answer.status,
    challenge: answer.headers.get('www-authenticate'),
    body: await answer.json(),
  };
}

describe('who calls', () => {
  const bearer = (audience: string, lifetime?: number): string =>
    `Bearer ${simulator.context.tokens.issue(principal(simulator, 'reader'), audience, lifetime)}`;

  it.each([
    [
      'no token',
      () => undefined,
      'AuthenticationFailed',
      "Authentication failed. The 'Authorization' header is missing.",
    ],
    [
      'another scheme',
      () => 'Basic eDp5',
      'AuthenticationFailedInvalidHeader',
      "Authentication failed. The 'Authorization' header is provided in an invalid format.",
    ],
    ['rubbish', () => 'Bearer rubbish', 'InvalidAuthenticationToken', 'The access token is invalid.'],
    [
      "a registry's token",
      () => bearer('https://containerregistry.azure.net'),
      'InvalidAuthenticationTokenAudience',
      "The access token has been obtained for wrong audience or resource 'https://containerregistry.azure.net'. It should exactly match with one of the allowed audiences 'https://management.core.windows.net/','https://management.core.windows.net','https://management.azure.com/','https://management.azure.com'.",
    ],
  ])('is refused with %s', async (_, authorization, code, message) => {
    const { status, challenge, body } = await raw(authorization());
    expect([status, body]).toEqual([401, { error: { code, message } }]);
    expect(challenge).toMatch(
      /^Bearer authorization_uri="https:\/\/login\.microsoftonline\.com\/[^"]+", error="invalid_token"/,
    );
  });

  it('is refused with a token whose time is over', async () => {
    const token = bearer('https://management.azure.com', 60);
    time += 61_000;
    const { status, body } = await raw(token);
    time -= 61_000;
    expect([status, body]).toEqual([
      401,
      {
        error: {
          code: 'ExpiredAuthenticationToken',
          message:
            "The access token expiry UTC time '3/1/2026 12:01:00 PM' is earlier than current UTC time '3/1/2026 12:01:01 PM'.",
        },
      },
    ]);
  });

  it('may show a token for either name of ARM', async () => {
    expect((await raw(bearer('https://management.core.windows.net/'))).status).toBe(200);
  });
});

describe('every call', () => {
  it('needs an api-version, of the known form', async () => {
    expect(await reader('GET', '/subscriptions?api-version=')).toMatchObject({
      status: 400,
      body: { error: { code: 'MissingApiVersionParameter' } },
    });
    expect((await reader('GET', '/subscriptions?api-version=latest')).status).toBe(501);
  });

  it('is 501 where no route is modelled, and in the log', async () => {
    const { status, body } = await reader('DELETE', cluster('shop'));
    expect(status).toBe(501);
    expect(body).toMatchObject({ error: { code: 'NotModelled' } });
    expect(simulator.requests.at(-1)).toMatchObject({ modelled: false, status: 501, method: 'DELETE' });
  });

  it('carries rate limits: reads for GET, writes for POST', async () => {
    const read = await reader('GET', registry('contoso'));
    expect(read.headers['x-ms-ratelimit-remaining-subscription-global-reads']).toBe('16499');
    const write = await reader('POST', `${cluster('shop')}/listClusterUserCredential?api-version=2025-08-01`);
    expect(write.headers['x-ms-ratelimit-remaining-subscription-writes']).toBe('799');
  });

  it('does not mind doubled slashes, other case and encoded parts', async () => {
    const odd = `//subscriptions/${subscription}/resourcegroups/SHOP-RG/providers/microsoft.containerservice/managedclusters/SH%4fP`;
    expect(await reader('GET', odd)).toMatchObject({ status: 200, body: { name: 'shop' } });
  });

  it('refuses a caller without the right before it looks whether there is anything', async () => {
    const { objectId, clientId } = principal(simulator, 'nobody');
    for (const name of ['shop', 'missing']) {
      const { status, headers, body } = await nobody('GET', cluster(name));
      expect([status, body]).toEqual([
        403,
        {
          error: {
            code: 'AuthorizationFailed',
            message: `The client '${clientId}' with object id '${objectId}' does not have authorization to perform action 'Microsoft.ContainerService/managedClusters/read' over scope '${cluster(name)}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
          },
        },
      ]);
      expect(headers['x-ms-failure-cause']).toBe('gateway');
      expect(headers).not.toHaveProperty('x-ms-ratelimit-remaining-subscription-global-reads');
    }
  });

  it('names a user by name', async () => {
    const user = armClient(client, simulator, 'user@contoso.com');
    const { body } = await user('GET', cluster('shop'));
    expect((body as { error: { message: string } }).error.message).toMatch(
      /^The client 'user@contoso\.com' with object id/,
    );
  });

  it.each([
    [
      'a cluster',
      () => cluster('missing'),
      'ResourceNotFound',
      "The Resource 'Microsoft.ContainerService/managedClusters/missing' under resource group 'shop-rg' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
    ],
    [
      'a registry',
      () => registry('missing'),
      'ResourceNotFound',
      "The Resource 'Microsoft.ContainerRegistry/registries/missing' under resource group 'registry-rg' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
    ],
    [
      'a resource group',
      () => cluster('shop').replace('shop-rg', 'missing-rg'),
      'ResourceGroupNotFound',
      "Resource group 'missing-rg' could not be found.",
    ],
    [
      'a subscription',
      () => cluster('shop').replace(subscription, '99999999-2222-4333-8444-555555555555'),
      'SubscriptionNotFound',
      "The subscription '99999999-2222-4333-8444-555555555555' could not be found.",
    ],
  ])('says which %s is not there', async (_, path, code, message) => {
    const { status, headers, body } = await reader('GET', path());
    expect([status, body]).toEqual([404, { error: { code, message } }]);
    expect(headers['x-ms-failure-cause']).toBe('gateway');
  });

  it('refuses a subscription that is no GUID', async () => {
    expect(await reader('GET', '/subscriptions/mine')).toMatchObject({
      status: 400,
      body: { error: { code: 'InvalidSubscriptionId' } },
    });
  });
});

describe('subscriptions', () => {
  it('are those in which the caller holds anything', async () => {
    const listed = await reader('GET', '/subscriptions?api-version=2022-12-01');
    expect(listed.body).toMatchObject({
      value: [{ subscriptionId: subscription, displayName: 'main', state: 'Enabled' }],
    });
    expect((await narrow('GET', '/subscriptions?api-version=2022-12-01')).body).toMatchObject({
      value: [{ subscriptionId: subscription }],
    });
    expect((await nobody('GET', '/subscriptions?api-version=2022-12-01')).body).toMatchObject({ value: [] });
    expect((await reader('GET', `/subscriptions/${subscription}?api-version=2022-12-01`)).status).toBe(200);
  });
});

describe('clusters', () => {
  it('are served as recorded: ids in odd case, pretty-printed, the kubelet identity named', async () => {
    const answer = await client.send(
      `https://management.azure.com${cluster('shop')}?api-version=2025-08-01`,
      {
        headers: {
          authorization: `Bearer ${simulator.context.tokens.issue(principal(simulator, 'reader'), 'https://management.azure.com')}`,
        },
      },
    );
    const text = await answer.text();
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(text.startsWith('{\n "id": "/subscriptions/')).toBe(true);
    const { kubeletIdentity, fqdn } = simulator.state.clusters[0] ?? {};
    expect(JSON.parse(text)).toMatchObject({
      id: cluster('shop').replace('resourceGroups', 'resourcegroups'),
      type: 'Microsoft.ContainerService/ManagedClusters',
      properties: {
        provisioningState: 'Succeeded',
        powerState: { code: 'Running' },
        fqdn,
        servicePrincipalProfile: { clientId: 'msi' },
        disableLocalAccounts: false,
        identityProfile: { kubeletidentity: kubeletIdentity },
        agentPoolProfiles: [
          {
            name: 'system',
            count: 1,
            osType: 'Linux',
            mode: 'System',
            nodeTaints: ['CriticalAddonsOnly=true:NoSchedule'],
          },
          { name: 'win', osType: 'Windows', osSKU: 'Windows2022' },
        ],
      },
      identity: { type: 'SystemAssigned' },
      sku: { name: 'Base', tier: 'Free' },
    });
  });

  it('have no identity profile while being made or with a service principal', async () => {
    const old = (await reader('GET', cluster('old'))).body as {
      identity?: unknown;
      properties: Record<string, unknown>;
    };
    expect(old.properties).not.toHaveProperty('identityProfile');
    expect(old).not.toHaveProperty('identity');
    expect(old.properties.servicePrincipalProfile).toEqual({
      clientId: principal(simulator, 'kubelet of old').clientId,
    });
    const young = (await reader('GET', cluster('young'))).body as { properties: Record<string, unknown> };
    expect(young.properties).not.toHaveProperty('identityProfile');
    expect(young.properties.provisioningState).toBe('Creating');
  });

  it('tell Entra and private API servers', async () => {
    expect((await reader('GET', cluster('locked'))).body).toMatchObject({
      properties: {
        disableLocalAccounts: true,
        aadProfile: {
          managed: true,
          enableAzureRBAC: true,
          adminGroupObjectIDs: [simulator.state.groups[0]?.objectId],
        },
      },
    });
    const hidden = (await reader('GET', cluster('hidden'))).body as { properties: Record<string, unknown> };
    expect(hidden.properties).not.toHaveProperty('fqdn');
    expect(hidden.properties).toMatchObject({
      privateFQDN: expect.stringContaining('.privatelink.') as unknown,
      apiServerAccessProfile: { enablePrivateCluster: true, privateDNSZone: 'system' },
    });
  });

  it('leave out what an older api-version does not know', async () => {
    const old = (await reader('GET', `${cluster('shop')}?api-version=2020-09-01`)).body as {
      properties: Record<string, unknown>;
    };
    for (const name of ['disableLocalAccounts', 'azurePortalFQDN', 'currentKubernetesVersion', 'supportPlan'])
      expect(old.properties).not.toHaveProperty(name);
  });

  it('are listed by subscription and by group, as far as the caller may read', async () => {
    const list = `/subscriptions/${subscription}/providers/Microsoft.ContainerService/managedClusters`;
    expect(names((await reader('GET', list)).body)).toEqual(['shop', 'old', 'young', 'locked', 'hidden']);
    expect(names((await narrow('GET', list)).body)).toEqual([]);
    expect((await nobody('GET', list)).status).toBe(403);
    const inGroup = (group: string): string =>
      `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.ContainerService/managedClusters`;
    expect(names((await reader('GET', inGroup('shop-rg'))).body)).toHaveLength(5);
    expect(names((await reader('GET', inGroup('empty-rg'))).body)).toEqual([]);
    expect((await reader('GET', inGroup('missing-rg'))).status).toBe(404);
  });

  it('give a kubeconfig with the public name of a private one to who asks for that', async () => {
    const hidden = simulator.state.clusters.find(({ name }) => name === 'hidden');
    if (hidden === undefined) throw new Error('The scenario has no such cluster.');
    const path = `${cluster('hidden')}/listClusterAdminCredential`;
    const server = async (query: string): Promise<string | undefined> => {
      const { body } = await reader('POST', path + query);
      const [credential] = (body as { kubeconfigs: { value: string }[] }).kubeconfigs;
      return /server: (\S+)/.exec(Buffer.from(credential?.value ?? '', 'base64').toString())?.[1];
    };
    expect((await reader('POST', `${path}?server-fqdn=public`)).status).toBe(501);
    hidden.access = { publicFqdn: 'hidden.example' };
    expect(await server('?server-fqdn=public')).toBe('https://hidden.example:443');
    expect(await server('')).toBe(`https://${hidden.fqdn}:443`);
    hidden.access = {};
  });

  it('give a kubeconfig to who may have it', async () => {
    const { status, body } = await reader('POST', `${cluster('shop')}/listClusterUserCredential`);
    expect(status).toBe(200);
    const [credential] = (body as { kubeconfigs: { name: string; value: string }[] }).kubeconfigs;
    expect(credential?.name).toBe('clusterUser');
    expect(Buffer.from(credential?.value ?? '', 'base64').toString()).toContain(
      `https://${simulator.state.clusters[0]?.fqdn ?? ''}`,
    );
    const refused = await reader('POST', `${cluster('old')}/listClusterUserCredential`);
    expect(refused).toMatchObject({ status: 403, body: { error: { code: 'AuthorizationFailed' } } });
    expect((refused.body as { error: { message: string } }).error.message).toContain(
      "'Microsoft.ContainerService/managedClusters/listClusterUserCredential/action'",
    );
  });

  it('give no static credential where local accounts are off', async () => {
    expect(await reader('POST', `${cluster('locked')}/listClusterAdminCredential`)).toMatchObject({
      status: 400,
      body: {
        code: 'BadRequest',
        message:
          'Getting static credential is not allowed because this cluster is set to disable local accounts.',
      },
    });
    expect((await reader('POST', `${cluster('shop')}/listClusterAdminCredential`)).body).toMatchObject({
      kubeconfigs: [{ name: 'clusterAdmin' }],
    });
  });
});

describe('registries', () => {
  it.each([
    ['2025-11-01', true],
    ['2026-01-01', true],
    ['2025-03-01-preview', true],
    ['2026-09-01-preview', true],
    ['2025-04-01', false],
    ['2023-07-01', false],
    ['2023-11-01-preview', false],
    ['2022-02-01-preview', false],
  ])('tell their mode at %s: %s', async (version, told) => {
    const { body } = await reader('GET', `${registry('secure')}?api-version=${version}`);
    const { properties } = body as { properties: Record<string, unknown> };
    expect(properties.roleAssignmentMode).toBe(told ? 'AbacRepositoryPermissions' : undefined);
  });

  it('leave out what an older api-version does not know', async () => {
    const { body } = await reader('GET', `${registry('contoso')}?api-version=2019-05-01`);
    const { properties } = body as { properties: Record<string, unknown> };
    for (const name of ['publicNetworkAccess', 'anonymousPullEnabled', 'zoneRedundancy'])
      expect(properties).not.toHaveProperty(name);
    expect(properties.policies).not.toHaveProperty('azureADAuthenticationAsArmPolicy');
  });

  it('have network rules only at Premium', async () => {
    const contoso = (await reader('GET', `${registry('contoso')}?api-version=2025-11-01`)).body;
    expect(contoso).toMatchObject({
      id: registry('contoso'),
      sku: { name: 'Standard', tier: 'Standard' },
      properties: {
        loginServer: 'contoso.azurecr.io',
        roleAssignmentMode: 'LegacyRegistryPermissions',
        anonymousPullEnabled: false,
        publicNetworkAccess: 'Enabled',
        policies: { azureADAuthenticationAsArmPolicy: { status: 'enabled' } },
        dataEndpointHostNames: [],
      },
    });
    expect((contoso as { properties: object }).properties).not.toHaveProperty('networkRuleSet');
    expect((await reader('GET', `${registry('secure')}?api-version=2025-11-01`)).body).toMatchObject({
      properties: {
        networkRuleSet: { defaultAction: 'Deny' },
        dataEndpointEnabled: true,
        dataEndpointHostNames: ['secure.westeurope.data.azurecr.io'],
      },
    });
  });

  it('are listed, each way, as far as the caller may read', async () => {
    const provider = 'providers/Microsoft.ContainerRegistry/registries?api-version=2025-11-01';
    expect(names((await reader('GET', `/subscriptions/${subscription}/${provider}`)).body)).toEqual([
      'contoso',
      'secure',
    ]);
    expect(names((await narrow('GET', `/subscriptions/${subscription}/${provider}`)).body)).toEqual([
      'contoso',
    ]);
    expect(
      names(
        (await reader('GET', `/subscriptions/${subscription}/resourceGroups/registry-rg/${provider}`)).body,
      ),
    ).toEqual(['contoso', 'secure']);
    for (const filter of [
      "resourceType eq 'Microsoft.ContainerRegistry/registries'",
      'resourceType%20eq%20%27microsoft.containerregistry%2Fregistries%27',
    ]) {
      const { body } = await reader(
        'GET',
        `/subscriptions/${subscription}/resources?$filter=${filter}&api-version=2021-04-01`,
      );
      expect(names(body)).toEqual(['contoso', 'secure']);
      expect((body as { value: object[] }).value[0]).not.toHaveProperty('properties');
    }
    expect(
      (await reader('GET', `/subscriptions/${subscription}/resources?api-version=2021-04-01`)).status,
    ).toBe(501);
  });

  it('are found in Resource Graph by login server and by name, as far as the caller may read', async () => {
    const search = async (arm: ArmClient, where: string, columns = 'id, name, location') =>
      arm('POST', '/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01', {
        subscriptions: simulator.state.subscriptions.map(({ id }) => id),
        query: `Resources | where type =~ 'microsoft.containerregistry/registries' | where ${where} | project ${columns}`,
      });
    expect((await search(reader, "properties.loginServer =~ 'CONTOSO.azurecr.io'")).body).toEqual({
      totalRecords: 1,
      count: 1,
      data: [{ id: registry('contoso'), name: 'contoso', location: 'westeurope' }],
      facets: [],
      resultTruncated: 'false',
    });
    expect(
      (
        await search(
          reader,
          "name =~ 'secure'",
          'server = properties.loginServer, properties.loginServer, type',
        )
      ).body,
    ).toMatchObject({
      data: [
        {
          server: 'secure.azurecr.io',
          properties_loginServer: 'secure.azurecr.io',
          type: 'microsoft.containerregistry/registries',
        },
      ],
    });
    expect((await search(reader, "name =~ 'faraway'")).body).toMatchObject({ count: 0, data: [] });
    expect((await search(nobody, "name =~ 'contoso'")).body).toMatchObject({ count: 0 });
    expect((await search(reader, "tags.owner =~ 'me'")).status).toBe(501);
  });
});
