/** disconnect, by the shipped bundle: it takes back what this tool gave at the registry, and says what remains. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { armWrites, only, openScene, scenario } from './scene.js';
import type { Assigned, Ran, Scene } from './scene.js';

const DISCONNECT = { mode: 'disconnect', image: '' };
const LOGIN = [
  { principal: 'deployer', role: 'Azure Kubernetes Service Cluster User Role', scope: 'cluster:shop' },
  { principal: 'deployer', role: 'Role Based Access Control Administrator', scope: 'registry:contoso' },
];
const BY_HAND: Assigned = { principal: 'kubelet of shop', role: 'AcrPush', scope: 'registry:contoso' };
const ABOVE: Assigned = { principal: 'kubelet of shop', role: 'Reader', scope: 'rg:images' };

let scene: Scene | undefined;
afterEach(async () => {
  await scene?.end();
  scene = undefined;
});

/** A cloud in which connect has made its grant. */
async function connected(cloud: Parameters<typeof scenario>[0] = {}): Promise<Scene> {
  scene = await openScene(scenario(cloud));
  // Where something else lets the identity pull already, connect writes nothing: so its grant comes first.
  const { roleAssignments, principals } = scene.simulator.state;
  const deployer = principals.find(({ name }) => name === 'deployer')?.objectId;
  const later = roleAssignments.filter(({ principalId }) => principalId !== deployer);
  for (const one of later) roleAssignments.splice(roleAssignments.indexOf(one), 1);
  const run = await scene.run({ verify: 'none', image: '' });
  expect(run.outputs).toMatchObject({ result: 'passed', changed: 'true' });
  roleAssignments.push(...later);
  return scene;
}

function kubelet(of: Scene | undefined): string {
  return of?.simulator.state.principals.find(({ name }) => name === 'kubelet of shop')?.objectId ?? '';
}

/** Roles that the kubelet identity holds anywhere. */
function held({ simulator: { state } }: Scene): string[] {
  return state.roleAssignments
    .filter(({ principalId }) => principalId === kubelet(scene))
    .map(({ roleDefinitionId }) => roleDefinitionId.split('/').at(-1) ?? '')
    .map((guid) => state.roleDefinitions.find(({ name }) => name === guid)?.roleName ?? guid)
    .sort();
}

function deletions({ requests }: Ran): string[] {
  return armWrites(requests).map(({ method, status }) => `${method} ${status}`);
}

const findings = (run: Ran): Record<string, string> =>
  Object.fromEntries(only(run.report).findings.map(({ id, evidence }) => [id, evidence]));

describe('disconnect', () => {
  it("removes this tool's grant with one request, and after that the cluster can't pull", async () => {
    const cloud = await connected();
    const run = await cloud.run(DISCONNECT);
    expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(run.outputs).toMatchObject({
      result: 'passed',
      changed: 'true',
      'would-change': 'true',
      verified: 'false',
      'role-assignment-id': '',
    });
    expect(deletions(run)).toEqual(['DELETE 200']);
    expect(held(cloud)).toEqual([]);
    expect(only(run.report).access).toMatchObject({ allowed: false, grants: [] });
    expect(only(run.report).access.removed).toHaveLength(1);
    expect(run.summary).toContain('shop is disconnected from contoso');
    // The cluster itself is not asked, nor is the registry: no kubeconfig, no token, no pod.
    expect(run.requests.filter(({ service }) => !['arm', 'entra', 'github'].includes(service ?? ''))).toEqual(
      [],
    );
    expect(run.requests.map(({ path }) => path).join()).not.toContain('Credential');

    const check = await cloud.run({ mode: 'check', image: '', verify: 'access' });
    expect(check.outputs).toMatchObject({ result: 'failed', cause: 'unauthorized-no-role' });

    const again = await cloud.run(DISCONNECT);
    expect(again.outputs).toMatchObject({ result: 'passed', changed: 'false', 'would-change': 'false' });
    expect(deletions(again)).toEqual([]);
  });

  it('takes back what it gave at an ABAC-enabled registry too', async () => {
    const cloud = await connected({ registry: { mode: 'abac' } });
    expect(held(cloud)).toEqual(['Container Registry Repository Reader']);
    expect((await cloud.run(DISCONNECT)).outputs).toMatchObject({ result: 'passed', changed: 'true' });
    expect(held(cloud)).toEqual([]);
  });

  it('leaves a grant made by someone else alone, and says what remains', async () => {
    const cloud = await connected({ assigned: [BY_HAND, ABOVE] });
    const run = await cloud.run(DISCONNECT);
    expect(run.outputs).toMatchObject({ result: 'passed', changed: 'true' });
    expect(held(cloud)).toEqual(['AcrPush', 'Reader']);
    expect(findings(run)['still-allowed']).toMatch(
      /AcrPush, at the registry; Reader, inherited from .*images/,
    );
    expect(run.shown).toContain('Something else lets it pull.');
    expect(run.shown).toContain('all-direct');
    expect(only(run.report).access).toMatchObject({ allowed: true });
    const warned = await cloud.run({ ...DISCONNECT, 'fail-on': 'warn' });
    expect(warned).toMatchObject({ exitCode: 1, outputs: { result: 'passed' } });
  });

  it("removes with all-direct what others gave at the registry, and nothing from above or a group's", async () => {
    const groups = [{ name: 'nodes', members: ['kubelet of shop'] }];
    const groupHolds = { principal: 'nodes', role: 'AcrPull', scope: 'registry:contoso' };
    const cloud = await connected({ groups, assigned: [BY_HAND, ABOVE, groupHolds] });
    const run = await cloud.run({ ...DISCONNECT, 'all-direct': 'true' });
    expect(deletions(run)).toEqual(['DELETE 200', 'DELETE 200']);
    expect(held(cloud)).toEqual(['Reader']);
    expect(findings(run)['still-allowed']).toMatch(
      /Reader, inherited from .*AcrPull, .*through a group|AcrPull, .*through a group; Reader/,
    );
  });

  it('shows in a dry run what would go, and removes nothing', async () => {
    const cloud = await connected({ assigned: [BY_HAND] });
    const run = await cloud.run({ ...DISCONNECT, 'dry-run': 'true', 'all-direct': 'true' });
    expect(run.outputs).toMatchObject({ result: 'passed', changed: 'false', 'would-change': 'true' });
    expect(deletions(run)).toEqual([]);
    expect(held(cloud)).toEqual(['AcrPull', 'AcrPush']);
    expect(run.shown).toMatch(/dry run: would remove role assignment/);
    expect(run.shown).toContain('2 grants of shop at contoso.azurecr.io would be removed');
    expect(only(run.report).access.removed).toHaveLength(2);
  });

  it('without the right to delete fails, and names it with both ways out', async () => {
    const cloud = await connected({ login: LOGIN });
    const { roleDefinitions } = cloud.simulator.state;
    const administrator = roleDefinitions.find(
      ({ roleName }) => roleName === 'Role Based Access Control Administrator',
    );
    for (const permission of administrator?.permissions ?? [])
      permission.notActions.push('Microsoft.Authorization/roleAssignments/delete');
    const run = await cloud.run(DISCONNECT);
    expect(run.exitCode).toBe(1);
    expect(run.outputs).toMatchObject({
      result: 'failed',
      changed: 'false',
      cause: 'arm-authorization-missing',
    });
    expect(held(cloud)).toEqual(['AcrPull']);
    expect(run.shown).toContain('Microsoft.Authorization/roleAssignments/delete');
    expect(run.shown).toContain('az role assignment delete --ids "$(az acr show -n contoso');
    expect(run.shown).toContain('az role assignment create --role f58310d9-a9f6-439a-9e8d-f62e7b41a168');
  });

  it('warns of another cluster with the same identity', async () => {
    const cloud = await connected({
      clusters: [
        { name: 'shop', resourceGroup: 'apps', pools: [{ name: 'system' }] },
        { name: 'shop2', resourceGroup: 'apps', pools: [{ name: 'system' }] },
      ],
      login: [...LOGIN, { ...LOGIN[0]!, scope: 'cluster:shop2' }],
    });
    const { clusters } = cloud.simulator.state;
    const [shop, shop2] = clusters;
    if (shop?.kubeletIdentity === undefined || shop2 === undefined) throw new Error('no clusters');
    shop2.kubeletIdentity = shop.kubeletIdentity;
    expect(findings(await cloud.run(DISCONNECT))['identity-shared']).toContain('shop2');
  });

  it('goes on without the cluster once that is gone, when the identity is given', async () => {
    const cloud = await connected();
    cloud.simulator.state.clusters.splice(0);
    const stuck = await cloud.run(DISCONNECT);
    expect(stuck.outputs).toMatchObject({ result: 'failed', cause: 'cluster-not-found' });
    expect(stuck.shown).toContain('kubelet-object-id');
    expect(deletions(stuck)).toEqual([]);
    const run = await cloud.run({ ...DISCONNECT, 'kubelet-object-id': kubelet(cloud) });
    expect(run.outputs).toMatchObject({ result: 'passed', changed: 'true' });
    expect(held(cloud)).toEqual([]);
  });

  it('is refused for pull requests before anything is asked, and takes dry-run for no excuse', async () => {
    const cloud = await connected();
    const repository = { full_name: 'contoso/shop' };
    const event = {
      name: 'pull_request',
      payload: { repository, pull_request: { number: 12, head: { repo: repository } } },
    };
    for (const more of [{}, { 'dry-run': 'true' }]) {
      const run = await cloud.run({ ...DISCONNECT, ...more }, { event });
      expect(run.exitCode).toBe(1);
      expect(run.shown).toContain('pull_request #12');
      expect(run.requests).toEqual([]);
    }
    const allowed = await cloud.run({ ...DISCONNECT, 'allow-pull-request': 'true' }, { event });
    expect(allowed.outputs).toMatchObject({ result: 'passed', changed: 'true' });
  });
});
