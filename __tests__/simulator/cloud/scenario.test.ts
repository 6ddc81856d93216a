import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { loadScenario, ScenarioError } from '../../../src/simulator/cloud/scenario.js';
import type { CloudState } from '../../../src/simulator/cloud/model.js';
import type { Problem } from '../../../src/simulator/cloud/schema.js';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function problemsOf(yaml: string): readonly Problem[] {
  try {
    loadScenario(yaml, NOW);
  } catch (error) {
    if (error instanceof ScenarioError) return error.problems;
    throw error;
  }
  return [];
}

function load(yaml: string): CloudState {
  return loadScenario(yaml, NOW).state;
}

describe('a scenario that leaves nearly everything out', () => {
  const yaml = `
name: small
identities: [{ name: deployer, federated: github }]
clusters: [{ name: shop, resourceGroup: shop-rg }]
registries: [{ name: contoso, resourceGroup: registry-rg, repositories: [{ name: web, images: [{ tag: v1 }] }] }]
roleAssignments: [{ principal: kubelet of shop, role: AcrPull, scope: 'registry:contoso' }]
`;

  it('has sensible defaults', () => {
    const state = load(yaml);
    const [cluster] = state.clusters;
    const [registry] = state.registries;
    expect(state.subscriptions[0]?.resourceGroups.map(({ name }) => name)).toEqual([
      'shop-rg',
      'MC_shop-rg_shop_westeurope',
      'registry-rg',
    ]);
    expect(cluster).toMatchObject({
      provisioningState: 'Succeeded',
      powerState: 'Running',
      disableLocalAccounts: false,
      privateCluster: false,
      servicePrincipalClientId: 'msi',
      pools: [
        { name: 'nodepool1', count: 1, osType: 'Linux', architecture: 'amd64', mode: 'System', taints: [] },
      ],
      namespaces: ['default', 'kube-system', 'kube-public', 'kube-node-lease'],
    });
    expect(cluster?.fqdn).toMatch(/^[a-z0-9-]+\.hcp\.westeurope\.azmk8s\.io$/);
    expect(registry).toMatchObject({
      loginServer: 'contoso.azurecr.io',
      sku: 'Standard',
      roleAssignmentMode: 'LegacyRegistryPermissions',
      anonymousPullEnabled: false,
      armAudienceTokens: 'enabled',
    });
    expect([...(registry?.repositories[0]?.tags.keys() ?? [])]).toEqual(['v1']);
    expect(state.principals.find(({ name }) => name === 'deployer')?.federatedCredentials).toEqual([
      {
        issuer: 'https://token.actions.githubusercontent.com',
        subject: 'repo:contoso/shop:ref:refs/heads/main',
        audiences: ['api://AzureADTokenExchange'],
      },
    ]);
    const [assignment] = state.roleAssignments;
    expect(assignment?.principalId).toBe(cluster?.kubeletIdentity?.objectId);
    expect(assignment?.effectiveAt).toBeLessThan(NOW);
  });

  it('has the same ids every time, all of them real ones', () => {
    const [one, other] = [load(yaml), load(yaml)];
    const ids = (state: CloudState): string[] => [
      state.tenantId,
      ...state.subscriptions.map(({ id }) => id),
      ...state.principals.flatMap(({ objectId, clientId }) => [objectId, clientId]),
      ...state.roleAssignments.map(({ name }) => name),
    ];
    expect(ids(one)).toEqual(ids(other));
    for (const id of ids(one)) expect(id).toMatch(GUID);
    expect(new Set(ids(one)).size).toBe(ids(one).length);
    expect(one.github.requestToken).not.toBe(other.github.requestToken);
  });
});

describe('a scenario', () => {
  it('models service principals, shared identities and clusters being made', () => {
    const { clusters, principals } = load(`
name: identities
identities:
  - { name: shared, kind: managed-identity }
  - { name: app, kind: application }
clusters:
  - { name: one, resourceGroup: rg, identity: { name: shared } }
  - { name: two, resourceGroup: rg, identity: { name: shared } }
  - { name: old, resourceGroup: rg, identity: { kind: service-principal, name: app } }
  - { name: new, resourceGroup: rg, state: Creating, identity: { kind: none } }
`);
    const [one, two, old, young] = clusters;
    expect(one?.kubeletIdentity?.objectId).toBeDefined();
    expect(two?.kubeletIdentity).toEqual(one?.kubeletIdentity);
    expect(old?.kubeletIdentity).toBeUndefined();
    expect(old?.servicePrincipalClientId).toBe(principals.find(({ name }) => name === 'app')?.clientId);
    expect(young?.kubeletIdentity).toBeUndefined();
    expect(young?.servicePrincipalClientId).toBe('msi');
  });

  it('gives every part a default of its own', () => {
    const yaml = `
name: two subscriptions
subscriptions: [{ name: one }, { name: other }]
clusters: [{ name: shop, resourceGroup: apps, subscription: one }]
registries: [{ name: contoso, resourceGroup: images, subscription: other }]
`;
    for (const state of [load(yaml), load(yaml)])
      expect(state.subscriptions.map(({ resourceGroups }) => resourceGroups.map(({ name }) => name))).toEqual(
        [['apps', 'MC_apps_shop_westeurope'], ['images']],
      );
  });

  it('binds Kubernetes rights and Entra groups by name', () => {
    const { clusters, groups, principals } = load(`
name: bindings
identities: [{ name: deployer }]
groups: [{ name: admins, members: [deployer] }]
clusters:
  - name: shop
    resourceGroup: rg
    localAccounts: false
    entra: { adminGroups: [admins] }
    bindings:
      - { principal: deployer, namespace: default, rules: [{ apiGroups: [batch], resources: [jobs], verbs: ['*'] }] }
`);
    expect(clusters[0]?.entra).toEqual({ azureRbac: false, adminGroupObjectIds: [groups[0]?.objectId] });
    expect(clusters[0]?.kubernetesBindings).toEqual([
      {
        subject: principals[0]?.objectId,
        namespace: 'default',
        rules: [{ apiGroups: ['batch'], resources: ['jobs'], verbs: ['*'] }],
      },
    ]);
  });

  it.each([
    ['{ event: pull_request }', 'repo:contoso/shop:pull_request'],
    ['{ environment: production }', 'repo:contoso/shop:environment:production'],
    ['{ repository: a/b, ref: refs/tags/v1 }', 'repo:a/b:ref:refs/tags/v1'],
    ['{ subject: "repo:a@1/b@2:ref:refs/heads/main" }', 'repo:a@1/b@2:ref:refs/heads/main'],
  ])('gives %s the subject %s', (github, subject) => {
    expect(load(`name: x\ngithub: ${github}`).github.subject).toBe(subject);
  });

  it('tells everything that is wrong at once, with its path', () => {
    const problems = problemsOf(`
nam: wrong
grantDelay: soon
subscriptions: [{ id: not-a-guid, colour: red }]
identities:
  - { name: twice, kind: robot }
  - { name: twice }
groups: [{ name: g, members: [nobody] }]
clusters:
  - name: shop
    resourceGroup: rg
    localAccounts: false
    subscription: elsewhere
    pools:
      - { name: system, os: Plan9, taints: [odd] }
      - { name: TooLoud, count: -1 }
    identity: { kind: managed, name: twice }
    bindings: [{ principal: nobody, rules: [] }]
registries:
  - { name: x, resourceGroup: rg }
  - name: contoso
    publicNetworkAccess: Disabled
    repositories: [{ name: Web, images: [{ tag: v1, platforms: [linux/amd64, linux/arm64], index: false }] }]
roleAssignments:
  - { principal: nobody, role: Emperor, scope: 'registry:missing' }
  - { principal: twice, role: Reader, scope: everywhere }
`);
    expect(problems.map(({ path }) => path).sort()).toEqual(
      [
        'name',
        'nam',
        'grantDelay',
        'subscriptions[0].id',
        'subscriptions[0].colour',
        'identities[0].kind',
        'identities[1].name',
        'groups[0].members[0]',
        'clusters[0].localAccounts',
        'clusters[0].subscription',
        'clusters[0].pools[0].os',
        'clusters[0].pools[0].taints[0]',
        'clusters[0].pools[1].name',
        'clusters[0].pools[1].count',
        'clusters[0].identity.name',
        'clusters[0].bindings[0].principal',
        'registries[0].name',
        'registries[1].resourceGroup',
        'registries[1].publicNetworkAccess',
        'registries[1].repositories[0].name',
        'registries[1].repositories[0].images[0].platforms',
        'roleAssignments[0].principal',
        'roleAssignments[0].role',
        'roleAssignments[0].scope',
        'roleAssignments[1].scope',
      ].sort(),
    );
    expect(problems.find(({ path }) => path === 'grantDelay')?.message).toBe(
      'must be a duration such as 8s, 5m or 2h, not "soon"',
    );
    expect(problems.find(({ path }) => path === 'nam')?.message).toBe(
      'is not known here; did you mean name?',
    );
    expect(problems.find(({ path }) => path === 'subscriptions[0].colour')?.message).toMatch(
      /^is not known here; known are id, name,/,
    );
  });

  it.each([
    ['not YAML', 'name: [', ''],
    ['no object', '- a\n- b', ''],
    ['an empty text', '', ''],
    ['a list where an object belongs', 'name: x\ngithub: []', 'github'],
  ])('refuses %s', (_, yaml, path) => {
    const problems = problemsOf(yaml);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems[0]?.path).toBe(path);
  });

  it('says it all in its message', () => {
    expect(() => loadScenario('name: x\ngrantDelay: 5', NOW)).toThrow(/- grantDelay: must be a duration/);
  });
});

describe('the scenarios that come with the simulator', () => {
  const folder = new URL('../../../src/simulator/scenarios/', import.meta.url);

  it('load, each under the name of its file', async () => {
    const files = await readdir(folder);
    expect(files.sort()).toEqual(['abac-with-acrpull.yaml', 'abac.yaml', 'first-run.yaml', 'no-rights.yaml']);
    for (const file of files) {
      const scenario = loadScenario(await readFile(new URL(file, folder), 'utf8'), NOW);
      expect(scenario.name).toBe(file.replace('.yaml', ''));
      expect(scenario.description).not.toBe('');
    }
  });
});
