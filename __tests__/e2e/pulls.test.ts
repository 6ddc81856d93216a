/**
 * A pull that can't lie, by the shipped bundle: on every kind of pool, and in namespaces where policies, quotas and
 * webhooks refuse or rewrite the probe. One cluster has all the namespaces.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clusterContents } from '../../src/cli/demo/cluster-contents.js';
import { only, openScene, scenario } from './scene.js';
import type { Ran, Scene } from './scene.js';

const RESTRICTED = { 'pod-security.kubernetes.io/enforce': 'restricted' };
const ROOM = {
  quotas: [{ name: 'compute', hard: { pods: '2', 'requests.cpu': '1', 'limits.memory': '1Gi' } }],
  limitRanges: [{ name: 'bounds', limits: [{ max: { cpu: '1' }, min: { cpu: '50m' } }] }],
};
const ours = (namespace: string) => ({ namespaces: [namespace] });
const NO_TAG = { rule: 'disallowedTags', tags: ['1.4'] };

const CLOUD = scenario({
  login: [
    { principal: 'deployer', role: 'Azure Kubernetes Service Cluster User Role', scope: 'cluster:shop' },
    { principal: 'deployer', role: 'Reader', scope: 'registry:contoso' },
  ],
  assigned: [{ principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso' }],
  registry: {
    repositories: [
      {
        name: 'shop/web',
        images: [{ tag: '1.4', platforms: ['linux/amd64', 'linux/arm64', 'windows/amd64'] }],
      },
    ],
  },
  cluster: {
    pools: [
      { name: 'system', taints: ['CriticalAddonsOnly=true:NoSchedule'] },
      { name: 'arm', architecture: 'arm64', mode: 'User' },
      { name: 'win', os: 'Windows', mode: 'User' },
      { name: 'spot', taints: ['kubernetes.azure.com/scalesetpriority=spot:NoSchedule'], mode: 'User' },
      { name: 'gpu', taints: ['sku=gpu:NoSchedule'], mode: 'User' },
      { name: 'empty', count: 0, mode: 'User' },
    ],
    provisionedPools: [{ name: 'general', architecture: 'arm64', taints: ['team=a:NoSchedule'] }],
    safeguards: { level: 'enforcement', excludedNamespaces: [] },
    namespaces: [
      { name: 'guarded', labels: RESTRICTED, ...ROOM },
      'secrets-demanded',
      'kyverno',
      'vap',
      'gatekeeper',
      'ill-webhook',
      { name: 'no-quota', quotas: [{ name: 'no-jobs', hard: { 'count/jobs.batch': '0' } }] },
      { name: 'one-at-a-time', quotas: [{ name: 'one-job', hard: { 'count/jobs.batch': '1' } }] },
      { name: 'no-pods', quotas: [{ name: 'none', hard: { pods: '0' } }] },
      { name: 'tight', limitRanges: [{ name: 'small', limits: [{ max: { cpu: '50m' } }] }] },
      'gets-secret',
      'gets-image',
      'gets-account',
      'gets-identity',
      'gets-sidecar',
    ],
    policies: [
      { name: 'pull-secrets', rule: 'pullSecrets', ...ours('secrets-demanded') },
      { name: 'no-such-tag', engine: 'kyverno', ...NO_TAG, ...ours('kyverno') },
      { name: 'tags', engine: 'validating-admission-policy', ...NO_TAG, ...ours('vap') },
      { name: 'tag-constraint', engine: 'gatekeeper', ...NO_TAG, ...ours('gatekeeper') },
    ],
    failingWebhooks: [{ name: 'ill.example.com', ...ours('ill-webhook') }],
    mutations: [
      { change: 'pullSecret', secret: 'acr', ...ours('gets-secret') },
      { change: 'image', from: 'contoso.azurecr.io', to: 'mirror.example.com', ...ours('gets-image') },
      { change: 'serviceAccount', account: 'default', ...ours('gets-account') },
      { change: 'labels', labels: { 'azure.workload.identity/use': 'true' }, ...ours('gets-identity') },
      {
        change: 'sidecar',
        container: 'proxy',
        image: 'contoso.azurecr.io/shop/web:1.4',
        ...ours('gets-sidecar'),
      },
    ],
  },
});

let scene: Scene;
beforeAll(async () => {
  scene = await openScene(CLOUD);
});
afterAll(() => scene.end());

const check = (namespace: string, pools = 'system'): Promise<Ran> =>
  scene.run({ mode: 'check', namespace, 'node-pools': pools });

describe('the pools', () => {
  it('are all pulled on, whatever their system, processor and taints; one without nodes is skipped', async () => {
    const run = await check('default', '');
    expect(run.outputs).toMatchObject({ result: 'passed', verified: 'true' });
    const { checks, pulls } = only(run.report);
    expect(Object.fromEntries(pulls.map(({ nodePool, status }) => [nodePool, status]))).toEqual({
      system: 'pass',
      arm: 'pass',
      win: 'pass',
      spot: 'pass',
      gpu: 'pass',
      empty: 'skip',
      'node auto-provisioning': 'skip',
    });
    expect(checks.find(({ id }) => id === 'pulled-by-the-identity')?.evidence).toContain('What no API shows');
  });

  it('of node auto-provisioning are pulled on when they are named', async () => {
    const run = await check('default', 'general');
    expect(run.outputs).toMatchObject({ result: 'passed', verified: 'true' });
    expect(only(run.report).pulls).toMatchObject([
      { nodePool: 'general', node: expect.stringContaining('aks-general-'), status: 'pass' },
    ]);
  });

  it('without nodes are unknown when they were named', async () => {
    const run = await check('default', 'empty');
    expect(run.outputs).toMatchObject({ result: 'unknown', cause: 'no-nodes' });
  });
});

describe('the probe', () => {
  it('runs under Pod Security restricted, deployment safeguards as deny, a quota and a LimitRange', async () => {
    const run = await check('guarded', 'system\narm\nwin');
    expect(run.outputs).toMatchObject({ result: 'passed', verified: 'true' });
    expect(only(run.report).findings.map(({ id }) => id)).not.toContain('probe-added-to');
  });

  it('waits for room in a quota that its own probes fill', async () => {
    const run = await check('one-at-a-time', 'system\narm\ngpu');
    expect(run.outputs).toMatchObject({ result: 'passed', verified: 'true' });
  });

  it('does not mind a sidecar, and says so', async () => {
    const run = await check('gets-sidecar');
    expect(run.outputs).toMatchObject({ result: 'passed' });
    expect(only(run.report).findings.find(({ id }) => id === 'probe-added-to')?.evidence).toContain('proxy');
  });

  // Those of a table run side by side: most of the time goes into waiting for the Job controller's word.
  it('refused by a policy, a quota or a webhook leaves the result unknown and names which', async () => {
    const guards: Record<string, string> = {
      'secrets-demanded': 'the constraint "pull-secrets"',
      kyverno: 'the Kyverno policy "no-such-tag"',
      vap: 'the ValidatingAdmissionPolicy "tags"',
      gatekeeper: 'the constraint "tag-constraint"',
      'ill-webhook': 'the failing webhook "ill.example.com"',
      'no-quota': 'the quota "no-jobs"',
      'no-pods': 'the quota "none"',
      tight: 'a LimitRange of the namespace',
    };
    const seen = await Promise.all(
      Object.keys(guards).map(async (namespace) => {
        const run = await check(namespace);
        const [pull] = only(run.report).pulls;
        const { result, verified, cause } = run.outputs;
        const named = /where (.*) does not apply/.exec(pull?.fix?.summary ?? '')?.[1];
        return [namespace, [result, verified, cause, pull?.status, pull?.proved, named]];
      }),
    );
    expect(Object.fromEntries(seen)).toEqual(
      Object.fromEntries(
        Object.entries(guards).map(([namespace, named]) => [
          namespace,
          ['unknown', 'false', 'probe-refused', 'unknown', 'none', named],
        ]),
      ),
    );
  }, 120_000);

  it('rewritten by admission proves nothing', async () => {
    const changes: Record<string, string> = {
      'gets-secret': 'imagePullSecrets added: acr',
      'gets-image': 'image changed to "mirror.example.com/shop/web:1.4"',
      'gets-account': 'serviceAccountName changed to "default"',
      'gets-identity': 'metadata.labels added: azure.workload.identity/use',
    };
    await Promise.all(
      Object.entries(changes).map(async ([namespace, words]) => {
        const run = await check(namespace);
        expect(run.outputs).toMatchObject({ result: 'unknown', verified: 'false', cause: 'probe-changed' });
        expect(only(run.report).pulls[0]?.message).toContain(words);
      }),
    );
  });

  it('leaves nothing behind in any namespace', async () => {
    const left = (await clusterContents(scene.simulator)).filter((name) => name.includes('aks-acr-pull'));
    expect(left).toEqual([]);
  });
});
