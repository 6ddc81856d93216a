/** check, by the shipped bundle: it writes nothing in Azure, and its verdict is the contract's, cell by cell. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { clusterContents } from '../../src/cli/demo/cluster-contents.js';
import { armWrites, only, openScene, scenario } from './scene.js';
import type { Scene } from './scene.js';

const LOGIN = [
  { principal: 'deployer', role: 'Azure Kubernetes Service Cluster User Role', scope: 'cluster:shop' },
  { principal: 'deployer', role: 'Reader', scope: 'registry:contoso' },
];
const PULLER = { principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso' };
const NO_NODES = { pools: [{ name: 'system', count: 0 }] };

let scene: Scene | undefined;
afterEach(async () => {
  await scene?.end();
  scene = undefined;
});

/** Takes the login's right to read role assignments away, and leaves it all else. */
function blind({ simulator: { state } }: Scene): void {
  const reader = state.roleDefinitions.find(({ roleName }) => roleName === 'Reader');
  for (const permission of reader?.permissions ?? []) permission.notActions.push('Microsoft.Authorization/*');
}

/** Refuses the nodes, and nobody else, whatever roles say: no image of that name for them. */
const ABSENT_FOR_NODES = { image: 'shop/web:gone' };

describe('the verdict table', () => {
  const rows: {
    access: 'allowed' | 'absent' | 'unknown';
    pull: string;
    cloud: Parameters<typeof scenario>[0];
    inputs?: Record<string, string>;
    blind?: boolean;
    wanted: { result: string; cause?: string };
  }[] = [
    {
      access: 'allowed',
      pull: 'proved',
      cloud: { assigned: [PULLER] },
      wanted: { result: 'passed', cause: '' },
    },
    {
      access: 'allowed',
      pull: 'refused, the grant being young',
      cloud: { grantDelay: '1h', assigned: [{ ...PULLER, age: '5m' }] },
      wanted: { result: 'unknown', cause: 'grant-not-effective-yet' },
    },
    {
      access: 'allowed',
      pull: 'refused, the grant being old',
      cloud: { grantDelay: '2h', assigned: [{ ...PULLER, age: '1h' }] },
      wanted: { result: 'failed', cause: 'unauthorized-unresolved' },
    },
    {
      access: 'allowed',
      pull: 'not tried',
      cloud: { assigned: [PULLER], cluster: NO_NODES },
      wanted: { result: 'unknown', cause: 'no-nodes' },
    },
    {
      access: 'allowed',
      pull: 'not tried, with verify: access',
      cloud: { assigned: [PULLER], cluster: NO_NODES },
      inputs: { verify: 'access', image: '' },
      wanted: { result: 'passed', cause: '' },
    },
    {
      access: 'absent',
      pull: 'proved',
      cloud: { registry: { anonymousPull: true } },
      wanted: { result: 'failed', cause: 'pulled-without-the-identity' },
    },
    {
      access: 'absent',
      pull: 'refused',
      cloud: {},
      wanted: { result: 'failed', cause: 'unauthorized-no-role' },
    },
    {
      access: 'absent',
      pull: 'not tried',
      cloud: { cluster: NO_NODES },
      wanted: { result: 'failed', cause: 'unauthorized-no-role' },
    },
    {
      access: 'absent',
      pull: 'not tried, with verify: access',
      cloud: {},
      inputs: { verify: 'access', image: '' },
      wanted: { result: 'failed', cause: 'unauthorized-no-role' },
    },
    {
      access: 'unknown',
      pull: 'proved',
      cloud: { assigned: [PULLER] },
      blind: true,
      wanted: { result: 'passed' },
    },
    {
      access: 'unknown',
      pull: 'refused',
      cloud: {},
      blind: true,
      wanted: { result: 'failed', cause: 'access-unknown' },
    },
    {
      access: 'unknown',
      pull: 'not tried',
      cloud: { assigned: [PULLER], cluster: NO_NODES },
      blind: true,
      wanted: { result: 'unknown', cause: 'arm-authorization-missing' },
    },
    {
      access: 'unknown',
      pull: 'not tried, with verify: access',
      cloud: { assigned: [PULLER] },
      inputs: { verify: 'access', image: '' },
      blind: true,
      wanted: { result: 'unknown', cause: 'arm-authorization-missing' },
    },
  ];

  it.each(rows)('access $access, pull $pull', async ({ access, cloud, inputs, wanted, ...row }) => {
    scene = await openScene(scenario({ login: LOGIN, ...cloud }));
    if (row.blind === true) blind(scene);
    const run = await scene.run({ mode: 'check', ...inputs });
    expect(run.outputs).toMatchObject(wanted);
    expect(run.exitCode).toBe(wanted.result === 'passed' ? 0 : 1);
    expect(only(run.report).access.allowed).toBe(
      { allowed: true, absent: false, unknown: 'unknown' }[access],
    );
    expect(armWrites(run.requests)).toEqual([]);
    expect((await clusterContents(scene.simulator)).filter((name) => name.includes('aks-acr-pull'))).toEqual(
      [],
    );
  });
});

describe('check', () => {
  it('says that something else than the identity let the node pull', async () => {
    scene = await openScene(scenario({ login: LOGIN, registry: { anonymousPull: true } }));
    const run = await scene.run({ mode: 'check' });
    const { checks, findings, pulls } = only(run.report);
    expect(run.outputs).toMatchObject({ result: 'failed', cause: 'pulled-without-the-identity' });
    expect(pulls.map(({ status }) => status)).toEqual(['pass']);
    expect(checks.find(({ cause }) => cause === 'pulled-without-the-identity')).toMatchObject({
      status: 'fail',
    });
    expect(findings.map(({ id }) => id)).toContain('anonymous-pull');
  });

  it('reports an ABAC-enabled registry where the identity has only AcrPull as unable to pull', async () => {
    scene = await openScene(scenario({ login: LOGIN, registry: { mode: 'abac' }, assigned: [PULLER] }));
    const run = await scene.run({ mode: 'check' });
    expect(run.exitCode).toBe(1);
    expect(run.outputs).toMatchObject({
      result: 'failed',
      cause: 'abac-wrong-role',
      role: 'Container Registry Repository Reader',
    });
    expect(only(run.report).pulls[0]).toMatchObject({ status: 'fail', cause: 'abac-wrong-role' });
    expect(run.shown).toContain('az role assignment create --role b93aa761-3e63-49ed-ac28-beffa264f7ac');
  });

  it("does not put down to a grant's youth what waiting can't cure", async () => {
    const assigned = [{ ...PULLER, age: '5m' }];
    scene = await openScene(
      scenario({ login: LOGIN, assigned, registry: { sku: 'Premium', networkDefaultAction: 'Deny' } }),
    );
    const run = await scene.run({ mode: 'check' });
    expect(run.exitCode).toBe(1);
    expect(run.outputs).toMatchObject({ result: 'failed', cause: 'firewall-403' });
    expect(run.shown).toContain('az acr network-rule list -n contoso');
  });

  it('takes several clusters', async () => {
    const pools = [{ name: 'system' }];
    scene = await openScene(
      scenario({
        clusters: [
          { name: 'shop', resourceGroup: 'apps', pools },
          { name: 'shop2', resourceGroup: 'apps', pools },
        ],
        login: [...LOGIN, { ...LOGIN[0]!, scope: 'cluster:shop2' }],
        assigned: [PULLER],
      }),
    );
    const run = await scene.run({ mode: 'check', cluster: 'shop\nshop2' });
    expect(run.report?.connections.map(({ cluster, result }) => [cluster.name, result])).toEqual([
      ['shop', 'passed'],
      ['shop2', 'failed'],
    ]);
    expect(run.outputs).toMatchObject({ result: 'failed', verified: 'false' });
  });

  it('skips a pool that the image has no platform for, and fails it when image and pool were named', async () => {
    const cluster = { pools: [{ name: 'system' }, { name: 'arm', architecture: 'arm64' }] };
    const registry = {
      repositories: [
        { name: 'shop/web', images: [{ tag: '1.4', platforms: ['linux/amd64', 'windows/amd64'] }] },
      ],
    };
    scene = await openScene(scenario({ login: LOGIN, assigned: [PULLER], cluster, registry }));
    const run = await scene.run({ mode: 'check' });
    expect(run.outputs).toMatchObject({ result: 'passed' });
    expect(only(run.report).pulls.map(({ nodePool, status }) => [nodePool, status])).toEqual([
      ['arm', 'skip'],
      ['system', 'pass'],
    ]);
    const named = await scene.run({ mode: 'check', 'node-pools': 'arm' });
    expect(named.outputs).toMatchObject({ result: 'failed', cause: 'platform-mismatch-arch' });
  });

  it('never passes an image of a single manifest on a pool that pulls it and can not run it', async () => {
    const cluster = { pools: [{ name: 'system' }, { name: 'arm', architecture: 'arm64' }] };
    const images = [{ tag: '1.4', platforms: ['linux/amd64'], index: false }];
    const registry = { repositories: [{ name: 'shop/web', images }] };
    scene = await openScene(scenario({ login: LOGIN, assigned: [PULLER], cluster, registry }));
    const run = await scene.run({ mode: 'check' });
    expect(run.outputs).toMatchObject({ result: 'passed' });
    expect(only(run.report).pulls.map(({ nodePool, status }) => [nodePool, status])).toEqual([
      ['arm', 'skip'],
      ['system', 'pass'],
    ]);
    const named = await scene.run({ mode: 'check', 'node-pools': 'arm' });
    expect(named.outputs).toMatchObject({
      result: 'failed',
      cause: 'platform-mismatch-arch',
      verified: 'false',
    });
    const { checks, pulls } = only(named.report);
    expect(pulls).toMatchObject([{ nodePool: 'arm', status: 'pass' }]);
    expect(checks.find(({ status }) => status === 'fail')?.title).toMatch(/runs on arm \(linux\/arm64\)$/);
  });

  it('fails on findings when it is told to', async () => {
    const cloud = { login: LOGIN, assigned: [PULLER], registry: { anonymousPull: true } };
    scene = await openScene(scenario(cloud));
    const run = await scene.run({ mode: 'check', 'fail-on': 'warn' });
    expect(run).toMatchObject({ exitCode: 1, outputs: { result: 'passed' } });
    // The pull is none of the identity's there: nothing may say that it was.
    const { checks } = only(run.report);
    expect(checks.filter(({ id }) => id === 'pulled-by-the-identity')).toMatchObject([{ status: 'warn' }]);
  });

  it('names the image that is not there, without a pod', async () => {
    scene = await openScene(scenario({ login: LOGIN, assigned: [PULLER] }));
    const run = await scene.run({ mode: 'check', ...ABSENT_FOR_NODES });
    expect(run.outputs).toMatchObject({ result: 'failed', cause: 'tag-not-found' });
    expect(run.requests.filter(({ method, path }) => method === 'POST' && path.includes('/jobs'))).toEqual(
      [],
    );
  });
});
