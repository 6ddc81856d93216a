/** On which pools and nodes is pulled, and what is said of the others. */
import { describe, expect, it } from '@jest/globals';
import { parseCluster } from '../../../src/core/azure/cluster.js';
import type { Cluster, NodePool } from '../../../src/core/azure/cluster.js';
import type { ClusterNode } from '../../../src/core/kubernetes/nodes.js';
import type { Pull } from '../../../src/core/report.js';
import { readRequest } from '../../../src/core/request.js';
import type { WantedImage } from '../../../src/core/stages/image.js';
import { choosePools, prove } from '../../../src/core/stages/prove.js';
import { Telling } from '../../../src/core/telling.js';
import { clusterBody } from '../azure/bodies.js';
import { FakeCluster, VirtualClock, pullsWell, refuses } from '../kubernetes/support.js';
import type { Asked, Story } from '../kubernetes/support.js';
import { inTurn, SUBSCRIPTION, world } from '../support.js';

const pool = (name: string, more: Partial<NodePool> = {}): NodePool => ({
  name,
  os: 'linux',
  architecture: 'amd64',
  count: 1,
  autoscaled: false,
  taints: [],
  ...more,
});

function cluster(more: Partial<Cluster>): Cluster {
  const parsed = parseCluster(clusterBody());
  if (parsed === undefined) throw new Error('the body is no cluster');
  return { ...parsed, ...more };
}

const request = (inputs: Record<string, string> = {}) =>
  readRequest({
    cluster: 'shop',
    'resource-group': 'shops',
    'subscription-id': SUBSCRIPTION,
    registry: 'contoso.azurecr.io',
    ...inputs,
  });

const image = (more: Partial<WantedImage> = {}): WantedImage => ({
  reference: 'contoso.azurecr.io/app:1',
  repository: 'app',
  chosen: false,
  seen: 'there',
  facts: { digest: `sha256:${'a'.repeat(64)}`, platforms: ['linux/amd64'] },
  ...more,
});

interface Given {
  inputs?: Record<string, string>;
  images?: WantedImage[];
  nodes?: ReadonlyMap<string, readonly ClusterNode[]>;
  answers?: (asked: Asked) => { status: number; body: unknown } | undefined;
  story?: (node: string) => Story;
  /** Is told what was looked at more closely. */
  closer?: string[];
}

async function proved(
  on: Cluster,
  { inputs, images = [image()], nodes, answers, story = pullsWell, closer = [] }: Given = {},
) {
  const clock = new VirtualClock();
  const fake = new FakeCluster(clock, (name) => story(`${name}-node`));
  fake.intercept = answers;
  const { ports } = world(inTurn());
  const asked = request(inputs);
  const telling = new Telling(
    {
      cluster: { id: '', name: 'shop' },
      registry: { id: '', name: 'contoso' },
      identity: { kind: 'unknown' },
      access: { allowed: true, grants: [] },
      checks: [],
      pulls: [],
      findings: [],
      result: 'unknown',
      changed: false,
      wouldChange: false,
    },
    ports.log,
    clock,
  );
  const pulls = await prove(
    {
      connection: fake,
      cluster: on,
      chosen: choosePools(on, asked),
      images,
      ...(nodes === undefined ? {} : { nodes }),
      facts: {
        access: true,
        ignoredRole: false,
        mode: 'LegacyRegistryPermissions',
        youngGrant: false,
        networkRestricted: false,
      },
      lookCloser: (about) => Promise.resolve(closer.push(about)).then(() => ({})),
    },
    asked,
    { ...ports, clock },
    telling,
  );
  const jobs = fake.asked.filter(({ method, path }) => method === 'POST' && path.endsWith('/jobs'));
  const { checks } = telling.connection;
  return { pulls, checks, sent: jobs.map(({ options }) => JSON.stringify(options.body)) };
}

const outcomes = (pulls: readonly Pull[]) =>
  Object.fromEntries(
    pulls.map(({ nodePool, status, cause }) => [nodePool, [status, cause].filter(Boolean).join(' ')]),
  );

describe('a closer look', () => {
  const failed = 'Failed to pull image "contoso.azurecr.io/app:1": rpc error: code = Unknown desc = ';
  it.each<[string, string, string[]]>([
    [
      'a refusal',
      `${failed}failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized`,
      ['refusal'],
    ],
    [
      'the way',
      `${failed}failed to do request: Head "https://contoso.azurecr.io/v2/app/manifests/1": dial tcp 10.0.0.4:443: i/o timeout`,
      ['way'],
    ],
    [
      'the image',
      `${failed}failed to resolve reference "contoso.azurecr.io/app:1": contoso.azurecr.io/app:1: not found`,
      [],
    ],
  ])('is taken at what failed: %s', async (_what, message, looked) => {
    const closer: string[] = [];
    const one = cluster({ pools: [pool('system')] });
    const { pulls } = await proved(one, { story: (node) => refuses(node, message), closer });
    expect(outcomes(pulls).system).toMatch(/^fail /);
    expect(closer).toEqual(looked);
  });

  it('is not taken where all goes well', async () => {
    const closer: string[] = [];
    await proved(cluster({ pools: [pool('system')] }), { closer });
    expect(closer).toEqual([]);
  });
});

describe('the pools', () => {
  it('are pulled on whatever they are: Linux, Windows, arm64, system, spot, GPU, tainted', async () => {
    const on = cluster({
      pools: [
        pool('system', { taints: ['CriticalAddonsOnly=true:NoSchedule'] }),
        pool('win', { os: 'windows' }),
        pool('arm', { architecture: 'arm64' }),
        pool('spot', { taints: ['kubernetes.azure.com/scalesetpriority=spot:NoSchedule'] }),
        pool('gpu', { taints: ['sku=gpu:NoSchedule'] }),
      ],
    });
    const platforms = ['linux/amd64', 'linux/arm64', 'windows/amd64'];
    const all = image({ facts: { ...image().facts, platforms } as NonNullable<WantedImage['facts']> });
    const { pulls, sent } = await proved(on, { images: [all] });
    expect(outcomes(pulls)).toEqual({ system: 'pass', win: 'pass', arm: 'pass', spot: 'pass', gpu: 'pass' });
    expect(sent[1]).toContain('"kubernetes.io/os":"windows"');
    for (const job of sent) {
      expect(job).toContain('{"key":"CriticalAddonsOnly","operator":"Exists"}');
      expect(job).toContain('{"key":"kubernetes.azure.com/scalesetpriority","operator":"Exists"}');
    }
    expect(sent[4]).toContain('{"key":"sku","operator":"Exists"}');
  });

  it('without nodes are skipped, or unknown when they were named', async () => {
    const on = cluster({ pools: [pool('system'), pool('batch', { count: 0 })] });
    const { pulls } = await proved(on);
    expect(outcomes(pulls)).toEqual({ batch: 'skip', system: 'pass' });
    expect(pulls.find(({ nodePool }) => nodePool === 'batch')?.message).toContain('name it');
    const named = await proved(on, { inputs: { 'node-pools': 'system\nbatch\nabsent' } });
    expect(outcomes(named.pulls)).toEqual({
      batch: 'unknown no-nodes',
      absent: 'unknown no-nodes',
      system: 'pass',
    });
    expect(named.pulls.find(({ nodePool }) => nodePool === 'absent')?.message).toContain('system, batch');
  });

  it('that the image has no platform for are skipped, or failed when image and pool were named', async () => {
    const on = cluster({ pools: [pool('system'), pool('arm', { architecture: 'arm64' })] });
    expect(outcomes((await proved(on)).pulls)).toEqual({
      arm: 'skip platform-mismatch-arch',
      system: 'pass',
    });
    const named = await proved(on, { inputs: { 'node-pools': 'arm' } });
    expect(outcomes(named.pulls)).toEqual({ arm: 'fail platform-mismatch-arch' });
    const chosen = await proved(on, { inputs: { 'node-pools': 'arm' }, images: [image({ chosen: true })] });
    expect(outcomes(chosen.pulls)).toEqual({ arm: 'skip platform-mismatch-arch' });
  });

  it('that can pull an image of a single manifest but not run it are skipped, or told of when both were named', async () => {
    const on = cluster({ pools: [pool('system'), pool('arm', { architecture: 'arm64' })] });
    const facts = { digest: `sha256:${'a'.repeat(64)}`, platforms: ['linux/amd64'], single: true as const };
    const images = [image({ facts })];
    const { pulls, checks } = await proved(on, { images });
    expect(outcomes(pulls)).toEqual({ arm: 'skip platform-mismatch-arch', system: 'pass' });
    expect(checks).toEqual([]);
    const named = await proved(on, { inputs: { 'node-pools': 'arm\nsystem' }, images });
    expect(outcomes(named.pulls)).toEqual({ arm: 'pass', system: 'pass' });
    expect(named.checks).toEqual([
      expect.objectContaining({
        id: 'image-runs',
        title: 'contoso.azurecr.io/app:1 runs on arm (linux/arm64)',
        status: 'fail',
        cause: 'platform-mismatch-arch',
      }),
    ]);
    const chosen = [image({ facts, chosen: true })];
    const ours = await proved(on, { inputs: { 'node-pools': 'arm' }, images: chosen });
    expect(outcomes(ours.pulls)).toEqual({ arm: 'skip platform-mismatch-arch' });
  });

  it('of node auto-provisioning are said to be left out, and pulled on when they are named', async () => {
    const on = cluster({ pools: [pool('system')], nodeProvisioning: true });
    const { pulls } = await proved(on);
    expect(outcomes(pulls)).toEqual({ 'node auto-provisioning': 'skip', system: 'pass' });
    expect(pulls[0]?.message).toContain('node-pools');
    const named = await proved(on, { inputs: { 'node-pools': 'default' } });
    expect(named.pulls).toEqual([
      expect.objectContaining({ nodePool: 'default', status: 'pass', architecture: 'unknown' }),
    ]);
    expect(named.sent[0]).toContain('"karpenter.sh/nodepool":"default"');
  });

  it('of virtual nodes are said to be left out', async () => {
    const { pulls } = await proved(cluster({ pools: [pool('system')], virtualNodes: true }));
    expect(outcomes(pulls)).toEqual({ 'virtual nodes': 'skip', system: 'pass' });
  });
});

describe('nodes: all', () => {
  it('pulls on each node that is ready, and says of the others why it did not', async () => {
    const on = cluster({ pools: [pool('system'), pool('gone')] });
    const nodes = new Map([
      [
        'system',
        [
          { name: 'system-node', ready: true },
          { name: 'n2', ready: false },
        ],
      ],
    ]);
    const { pulls, sent } = await proved(on, { nodes });
    expect(pulls.map(({ node, status, cause }) => [node, status, cause])).toEqual([
      ['n2', 'unknown', 'node-not-ready'],
      [undefined, 'unknown', 'no-nodes'],
      ['system-node', 'pass', undefined],
    ]);
    expect(sent).toHaveLength(1);
    expect(sent[0]).toContain('"kubernetes.io/hostname":"system-node"');
  });
});

it('names the quota that refused the probe in what to do', async () => {
  const message = 'jobs.batch "x" is forbidden: exceeded quota: compute, requested: count/jobs.batch=1';
  const { pulls } = await proved(cluster({ pools: [pool('system')] }), {
    answers: ({ method, path }) =>
      method === 'POST' && path.endsWith('/jobs') ? { status: 403, body: { message } } : undefined,
  });
  expect(pulls).toEqual([
    expect.objectContaining({
      status: 'unknown',
      cause: 'probe-refused',
      fix: { summary: expect.stringContaining('the quota "compute"') as unknown, commands: [] },
    }),
  ]);
});
