/** connect, by the shipped bundle as a runner runs it: the grant that is written, and the pull that is proved. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { clusterContents } from '../../src/cli/demo/cluster-contents.js';
import { nodes } from './runner.js';
import { armWrites, kubeletManifests, only, openScene, scenario } from './scene.js';
import type { Scene } from './scene.js';
import { suiteUnless } from '../skip.js';
import { installAz } from './stub-az.js';
import { join } from 'node:path';

const ACR_PULL = '7f951dda-4ed3-4680-a7ca-43fe172d538d';
const REPOSITORY_READER = 'b93aa761-3e63-49ed-ac28-beffa264f7ac';

let scene: Scene | undefined;
afterEach(async () => {
  await scene?.end();
  scene = undefined;
});

/** The kubelet identity's assignments in the modelled cloud, by role GUID. */
function rolesOfKubelet({ simulator: { state } }: Scene): string[] {
  const objectId = state.clusters[0]?.kubeletIdentity?.objectId;
  return state.roleAssignments
    .filter(({ principalId }) => principalId === objectId)
    .map(({ roleDefinitionId }) => roleDefinitionId.split('/').at(-1) ?? '');
}

for (const { name, path, missing } of nodes()) {
  suiteUnless(missing, `connect on ${name}`, () => {
    it('grants AcrPull at a legacy registry, waits for it, proves the pull on every pool, and leaves nothing', async () => {
      scene = await openScene(
        scenario({
          // Long enough for the first try to be refused on a busy machine.
          grantDelay: '15s',
          cluster: { pools: [{ name: 'system' }, { name: 'arm', architecture: 'arm64' }] },
        }),
      );
      const run = await scene.run({}, { node: path });
      expect({ exit: run.exitCode, ...run.outputs }).toMatchObject({
        exit: 0,
        result: 'passed',
        changed: 'true',
        verified: 'true',
        role: 'AcrPull',
        'login-server': 'contoso.azurecr.io',
        cause: '',
      });
      expect(rolesOfKubelet(scene)).toEqual([ACR_PULL]);
      const [assignment] = scene.simulator.state.roleAssignments.slice(-1);
      expect(assignment).toMatchObject({ principalType: 'ServicePrincipal', condition: null });
      expect(assignment?.description).toMatch(/^aks-acr-pull/);
      expect(assignment?.scope).toMatch(/registries\/contoso$/);
      expect(armWrites(run.requests).map(({ method, status }) => [method, status])).toEqual([['PUT', 201]]);
      const { pulls } = only(run.report);
      expect(pulls.map(({ nodePool, status, attempts }) => [nodePool, status, attempts > 1])).toEqual([
        ['system', 'pass', true],
        ['arm', 'pass', true],
      ]);
      expect(pulls[0]?.digest).toBe(scene.simulator.state.registries[0]?.repositories[0]?.tags.get('1.4'));
      expect(run.outputs.digest).toBe(pulls[0]?.digest);
      expect(kubeletManifests(run.requests).some(({ status }) => status === 200)).toBe(true);
      expect(
        (await clusterContents(scene.simulator)).filter((name) => name.includes('aks-acr-pull')),
      ).toEqual([]);
      expect(run.summary).toContain('```mermaid');

      const again = await scene.run({}, { node: path });
      expect(again).toMatchObject({
        exitCode: 0,
        outputs: { result: 'passed', changed: 'false', verified: 'true' },
      });
      expect(armWrites(again.requests)).toEqual([]);
    });
  });
}

describe('connect', () => {
  it('grants Container Registry Repository Reader at an ABAC-enabled registry, though the identity has AcrPull', async () => {
    scene = await openScene(
      scenario({
        registry: { mode: 'abac' },
        assigned: [{ principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso' }],
      }),
    );
    const run = await scene.run();
    expect(run).toMatchObject({
      exitCode: 0,
      outputs: { result: 'passed', role: 'Container Registry Repository Reader' },
    });
    expect(rolesOfKubelet(scene)).toEqual([ACR_PULL, REPOSITORY_READER]);
  });

  it.each([
    [
      'inherited from the resource group',
      { principal: 'kubelet of shop', role: 'AcrPull', scope: 'rg:images' },
    ],
    [
      'by Reader at the subscription',
      { principal: 'kubelet of shop', role: 'Reader', scope: 'subscription' },
    ],
    ['through a group', { principal: 'pullers', role: 'AcrPull', scope: 'registry:contoso' }],
  ])('writes nothing where access is there %s', async (_way, assigned) => {
    scene = await openScene(
      scenario({ assigned: [assigned], groups: [{ name: 'pullers', members: ['kubelet of shop'] }] }),
    );
    const run = await scene.run();
    expect(run).toMatchObject({
      exitCode: 0,
      outputs: { result: 'passed', changed: 'false', 'would-change': 'false' },
    });
    expect(armWrites(run.requests)).toEqual([]);
    expect(only(run.report).access.allowed).toBe(true);
  });

  it('finds a registry by name in another subscription that the login can read', async () => {
    scene = await openScene(
      scenario({
        subscriptions: [
          { id: '11111111-aaaa-4bbb-8ccc-000000000001', name: 'apps' },
          { id: '11111111-aaaa-4bbb-8ccc-000000000002', name: 'shared' },
        ],
        registry: { subscription: 'shared' },
      }),
    );
    const run = await scene.run({ registry: 'contoso' });
    expect(run).toMatchObject({ exitCode: 0, outputs: { result: 'passed', changed: 'true' } });
    expect(only(run.report).registry.id).toContain('11111111-aaaa-4bbb-8ccc-000000000002');
  });

  it('takes both by resource id, in any casing, and asks for no subscription', async () => {
    scene = await openScene(scenario());
    const prefix = `/SUBSCRIPTIONS/${scene.subscriptionId.toUpperCase()}/resourcegroups`;
    const run = await scene.run({
      cluster: `${prefix}/APPS/providers/microsoft.containerservice/managedclusters/SHOP`,
      registry: `${prefix}/IMAGES/providers/microsoft.containerregistry/REGISTRIES/contoso`,
      'resource-group': '',
      'subscription-id': '',
    });
    expect(run).toMatchObject({ exitCode: 0, outputs: { result: 'passed' } });
  });

  it('chooses a small image when none is named', async () => {
    scene = await openScene(
      scenario({
        registry: {
          repositories: [
            { name: 'big/app', images: [{ tag: 'v1', platforms: ['linux/arm64'] }] },
            { name: 'small/app', images: [{ tag: 'v2', platforms: ['linux/amd64'] }] },
          ],
        },
      }),
    );
    const run = await scene.run({ image: '' });
    expect(run).toMatchObject({ exitCode: 0, outputs: { result: 'passed' } });
    expect(only(run.report).image).toBe('contoso.azurecr.io/small/app:v2');
  });

  it('asks for an image before anything is written when it can list none', async () => {
    scene = await openScene(scenario({ registry: { repositories: [] } }));
    const run = await scene.run({ image: '' });
    expect(run.exitCode).toBe(1);
    expect(run.shown).toMatch(/input image is missing: name an image of contoso\.azurecr\.io/);
    expect(armWrites(run.requests)).toEqual([]);
  });

  it('signs in by what azure/login left: the Azure CLI', async () => {
    scene = await openScene(scenario());
    const az = await installAz(join(scene.job.temp, 'tools'), {
      tenantId: scene.simulator.state.tenantId,
      clientId: scene.clientId,
      clientSecret: 'a secret of the deployer',
      subscriptionId: scene.subscriptionId,
    });
    const withoutIds = { 'client-id': '', 'tenant-id': '', 'subscription-id': '' };
    const run = await scene.run(withoutIds, { path: [az.folder] });
    expect(run).toMatchObject({ exitCode: 0, outputs: { result: 'passed', changed: 'true' } });
    expect(run.shown).toMatch(/Azure CLI/);
  });
});

describe('connect explains', () => {
  it.each([
    ['a stopped cluster', { power: 'Stopped' }, 'failed', 'cluster-stopped', /az aks start -g apps -n shop/],
    [
      'a cluster being made',
      { state: 'Creating', identity: { kind: 'none' } },
      'unknown',
      'cluster-being-made',
      /az aks wait/,
    ],
    [
      'a service-principal cluster',
      { identity: { kind: 'service-principal' } },
      'unknown',
      'service-principal-cluster',
      /az ad sp show --id .* --query id/,
    ],
    [
      'a cluster without nodes',
      { pools: [{ name: 'system', count: 0 }] },
      'unknown',
      'no-nodes',
      /nodepool list/,
    ],
    [
      'a private cluster that run command may not be used on',
      { private: true },
      'unknown',
      'api-server-unreachable',
      /gave no answer here[^]*runcommand\/action[^]*az role assignment create --role ed7f3fbd-/i,
    ],
  ])('%s', async (_what, cluster, result, cause, fix) => {
    scene = await openScene(scenario({ cluster }));
    const run = await scene.run();
    expect(run.exitCode).toBe(1);
    expect(run.outputs).toMatchObject({ result, cause });
    expect(run.shown).toMatch(fix);
  });

  it.each([
    ['cluster', { cluster: 'elsewhere' }, 'cluster-not-found'],
    ['registry', { registry: 'fabrikam.azurecr.io', image: 'a/b:c' }, 'registry-not-found'],
  ])('a %s that is not there', async (_what, inputs, cause) => {
    // A login that may read everything sees 404, one with rights on single resources 403.
    scene = await openScene(
      scenario({ login: [{ principal: 'deployer', role: 'Owner', scope: 'subscription' }] }),
    );
    const run = await scene.run(inputs);
    expect(run.exitCode).toBe(1);
    expect(run.outputs).toMatchObject({ result: 'failed', cause });
    expect(armWrites(run.requests)).toEqual([]);
  });

  it('an image that the registry does not have, before anything is written', async () => {
    scene = await openScene(scenario());
    const run = await scene.run({ image: 'shop/web:9.9' });
    expect(run.outputs).toMatchObject({ result: 'failed', cause: 'tag-not-found', changed: 'false' });
    expect(armWrites(run.requests)).toEqual([]);
  });

  it('an image of another registry, though its host looks alike', async () => {
    scene = await openScene(scenario());
    const run = await scene.run({ registry: 'contoso', image: 'contoso-x1.azurecr.io/shop/web:1.4' });
    expect(run.exitCode).toBe(1);
    expect(run.shown).toMatch(/an image of contoso\.azurecr\.io/);
    expect(armWrites(run.requests)).toEqual([]);
  });
});

describe('connect on clusters with Entra integration', () => {
  const least = [
    { principal: 'deployer', role: 'Azure Kubernetes Service Cluster User Role', scope: 'cluster:shop' },
    { principal: 'deployer', role: 'Role Based Access Control Administrator', scope: 'registry:contoso' },
  ];

  it('signs in with its own token, and the rights of Azure RBAC', async () => {
    const writer = {
      principal: 'deployer',
      role: 'Azure Kubernetes Service RBAC Writer',
      scope: 'cluster:shop',
    };
    scene = await openScene(
      scenario({ cluster: { localAccounts: false, entra: { azureRbac: true } }, login: [...least, writer] }),
    );
    const run = await scene.run();
    expect(run).toMatchObject({ exitCode: 0, outputs: { result: 'passed' } });
  });

  it('and with the Role of docs/permissions.md', async () => {
    scene = await openScene(
      scenario({
        cluster: {
          entra: {},
          bindings: [
            {
              principal: 'deployer',
              namespace: 'default',
              rules: [
                { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create', 'get', 'delete'] },
                { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['create', 'get'] },
                { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] },
                { apiGroups: [''], resources: ['events'], verbs: ['list'] },
              ],
            },
          ],
        },
        login: least,
      }),
    );
    const run = await scene.run();
    expect(run).toMatchObject({ exitCode: 0, outputs: { result: 'passed' } });
  });

  it('says that the login may do nothing there: unknown, never a refused pull', async () => {
    scene = await openScene(scenario({ cluster: { entra: { azureRbac: true } }, login: least }));
    const run = await scene.run();
    expect(run.exitCode).toBe(1);
    expect(run.outputs).toMatchObject({
      result: 'unknown',
      cause: 'cluster-rights-missing',
      verified: 'false',
    });
    expect(run.shown).toMatch(/namespaces/);
  });
});
