/** What becomes of images that the simulated registry doesn't know of: locks, quarantine, a silent registry, full nodes. */
import { describe, expect, it } from '@jest/globals';
import type { Cluster, NodePool } from '../../../src/core/azure/cluster.js';
import { parseRegistry } from '../../../src/core/azure/registry.js';
import type { Registry } from '../../../src/core/azure/registry.js';
import type { NamedImage } from '../../../src/core/deployables/model.js';
import { parseReference } from '../../../src/core/deployables/reference.js';
import type { ClusterConnection } from '../../../src/core/kubernetes/connection.js';
import type { NodeRoom } from '../../../src/core/kubernetes/nodes.js';
import { HttpFault } from '../../../src/core/ports.js';
import { readRequest } from '../../../src/core/request.js';
import type { Check, Connection, DeployedImage, Pull, Result } from '../../../src/core/report.js';
import { DeployedImages, heldBack, lookAtImages, lookAtNodes } from '../../../src/core/stages/images.js';
import type { Judgement, Seen, Selection } from '../../../src/core/stages/images.js';
import { Telling } from '../../../src/core/telling.js';
import { registryBody } from '../azure/bodies.js';
import { CLUSTER_ID, REGISTRY_ID, inTurn, routed, world } from '../support.js';
import type { Reply, ScriptedHttp } from '../support.js';

const DIGEST = `sha256:${'d'.repeat(64)}`;
const INSIDE = `sha256:${'e'.repeat(64)}`;
const TOKENS: [RegExp, Reply][] = [
  [/oauth2\/exchange/, { body: { refresh_token: 'r' } }],
  [/oauth2\/token/, { body: { access_token: 'a' } }],
];
const headers = { 'docker-content-digest': DIGEST };
const SINGLE: Reply = { headers, body: { layers: [{ size: 1000 }] } };
const INDEX: Reply = {
  headers,
  body: { manifests: [{ digest: INSIDE, platform: { os: 'linux', architecture: 'amd64' } }] },
};

function registryOf(quarantine: boolean): Registry {
  const policies = { quarantinePolicy: { status: quarantine ? 'enabled' : 'disabled' } };
  const registry = parseRegistry(registryBody({ policies }));
  if (registry === undefined) throw new Error('no registry');
  return registry;
}

function named(name: string): NamedImage {
  const reference = parseReference(`contoso.azurecr.io/${name}`);
  if ('problem' in reference) throw new Error(reference.problem);
  return { reference, uses: [] };
}

const POOL: NodePool = {
  name: 'apps',
  os: 'linux',
  architecture: 'amd64',
  count: 1,
  autoscaled: false,
  taints: [],
};
const READ = { assignments: [], groupsSeen: true, gaps: [] };
const REQUEST = readRequest({ mode: 'check', cluster: CLUSTER_ID, registry: REGISTRY_ID });

interface Looked {
  http: ScriptedHttp;
  images: DeployedImages;
  telling: Telling;
  select: () => Promise<Selection>;
  tell: (pulls?: Pull[]) => { result: Result; rows: DeployedImage[]; checks: Check[] };
}

/** @param nodes of the one pool */
async function looked(
  names: string[],
  routes: [RegExp, Reply | (() => Reply)][],
  { nodes, quarantine = false }: { nodes?: NodeRoom[]; quarantine?: boolean } = {},
): Promise<Looked> {
  const http = routed(...TOKENS, ...routes);
  const { azure, clock, log } = world(http);
  azure.trust.admitLoginServer('contoso.azurecr.io');
  const registry = registryOf(quarantine);
  const plane = azure.dataPlane(registry);
  const seen: Seen[] = await lookAtImages(names.map(named), registry, plane);
  const connection = { checks: [], findings: [], pulls: [] } as unknown as Connection;
  const telling = new Telling(connection, log, clock);
  const ground: Judgement = {
    registry,
    cluster: { pools: [POOL] } as unknown as Cluster,
    principalId: 'p',
    decided: { allowed: false, grants: [], because: '', ignored: [], limited: [], read: READ },
    chosen: { pools: [POOL], missing: [], empty: [], beside: [] },
    poolsNamed: false,
    most: 5,
  };
  const images = new DeployedImages(
    seen,
    ground,
    nodes === undefined ? undefined : new Map([['apps', nodes]]),
  );
  return {
    http,
    images,
    telling,
    select: () => images.select(plane),
    tell(pulls = []) {
      const result = images.tell(pulls, REQUEST, telling);
      return { result, rows: images.rows, checks: connection.checks };
    },
  };
}

const check = (checks: readonly Check[], id: string): Check | undefined =>
  checks.find((one) => one.id === id);

describe('what is held back', () => {
  it('is an image that is locked, by the registry’s words', async () => {
    const denied = {
      code: 'DENIED',
      message: 'The operation is disallowed on this registry, repository or image.',
    };
    const { tell } = await looked(['app:1'], [[/manifests/, { status: 405, body: { errors: [denied] } }]]);
    expect(check(tell().checks, 'images-held')).toMatchObject({ status: 'fail', cause: 'registry-locked' });
  });

  it('is an image that can not be read by its attributes', async () => {
    const attributes = {
      manifest: { changeableAttributes: { readEnabled: false }, os: 'linux', architecture: 'amd64' },
    };
    const { tell } = await looked(
      ['app:1'],
      [
        [/_manifests/, { body: attributes }],
        [/manifests/, SINGLE],
      ],
    );
    expect(check(tell().checks, 'images-held')).toMatchObject({ status: 'fail', cause: 'registry-locked' });
  });

  it.each([
    ['Pending', 'fail'],
    ['Failed', 'fail'],
    ['Passed', 'pass'],
  ])('is an image in quarantine, state %s: %s', async (quarantineState, status) => {
    const routes: [RegExp, Reply][] = [
      [/_manifests/, { body: { manifest: { quarantineState } } }],
      [/manifests/, INDEX],
    ];
    const { tell } = await looked(['app:1'], routes, { quarantine: true });
    expect(check(tell().checks, 'images-held')).toMatchObject({ status });
  });

  it('is not asked about where the registry knows no quarantine and the index tells the platforms', async () => {
    const { http } = await looked(['app:1'], [[/manifests/, INDEX]]);
    expect(http.asked.filter((line) => line.includes('/acr/v1/'))).toEqual([]);
  });
});

describe('a registry that gives no answer', () => {
  it('is not asked again for every image, and what was not pulled is unknown', async () => {
    let asked = 0;
    const http = (): Reply => {
      asked += 1;
      return new HttpFault('dns', 'contoso.azurecr.io', 'no such host');
    };
    const names = Array.from({ length: 40 }, (_, nth) => `app${nth}:1`);
    const { tell } = await looked(names, [[/manifests/, http]]);
    // Eight side by side, four tries each.
    expect(asked).toBeLessThanOrEqual(32);
    const { checks, rows } = tell();
    expect(check(checks, 'images-there')).toMatchObject({ status: 'unknown', cause: 'image-unseen' });
    expect(new Set(rows.map(({ exists }) => exists))).toEqual(new Set(['unknown']));
  });

  it('leaves no doubt about an image that was pulled', async () => {
    const { tell } = await looked(['app:1'], [[/manifests/, { status: 403, body: {} }]]);
    const pulled = { image: 'contoso.azurecr.io/app:1', status: 'pass' } as unknown as Pull;
    const { checks, rows } = tell([pulled]);
    expect(check(checks, 'images-there')?.status).toBe('pass');
    expect(rows[0]?.pulled).toBe('proved');
  });
});

describe('what is no image, and what runs nowhere', () => {
  it('is a chart under an image’s name', async () => {
    const chart = {
      headers,
      body: { config: { mediaType: 'application/vnd.cncf.helm.config.v1+json' }, layers: [] },
    };
    const { tell } = await looked(['chart:1'], [[/manifests/, chart]]);
    expect(check(tell().checks, 'images-there')).toMatchObject({
      status: 'fail',
      cause: 'manifest-media-type',
    });
  });

  it.each([
    ['linux/arm64', 'fail'],
    ['linux/amd64', 'pass'],
  ])('is a single manifest for %s: %s', async (platform, status) => {
    const [os, architecture] = platform.split('/');
    const { tell } = await looked(
      ['app:1'],
      [
        [/_manifests/, { body: { manifest: { os, architecture } } }],
        [/manifests/, SINGLE],
      ],
    );
    expect(check(tell().checks, 'images-platforms')?.status).toBe(status);
  });
});

/** A cluster that gives one answer. */
const answering = (status: number, body: unknown): ClusterConnection =>
  ({ patienceMs: 0, pageSize: 100, request: async () => ({ status, body }) }) as unknown as ClusterConnection;

describe('room on the nodes', () => {
  const node = (more: Partial<NodeRoom> = {}): NodeRoom => ({
    name: 'n',
    ready: true,
    labels: {},
    diskPressure: false,
    diskBytes: 100_000_000_000,
    imageBytes: 0,
    ...more,
  });
  const size = (bytes: number): [RegExp, Reply][] => [
    [/_manifests/, { body: { manifest: { imageSize: bytes } } }],
    [/manifests/, INDEX],
  ];

  it('is there', async () => {
    const { select } = await looked(['app:1'], size(1e9), { nodes: [node()] });
    expect(await select()).toMatchObject({ pairs: [{ pool: POOL }], held: [] });
  });

  it.each<[string, NodeRoom[], number, RegExp]>([
    [
      'the disk would be full',
      [node({ imageBytes: 84e9 })],
      1e9,
      /about 3000 MB would be needed, and 1000 MB are left/,
    ],
    ['the node is under pressure', [node({ diskPressure: true })], 1, /n is under disk pressure/],
  ])('is missing where %s', async (_what, nodes, bytes, why) => {
    const { select, telling } = await looked(['app:1'], size(bytes), { nodes });
    const { pairs, held } = await select();
    expect(pairs).toEqual([]);
    expect(held[0]?.why).toMatch(why);
    const [first] = held;
    if (first === undefined) throw new Error('nothing is held back');
    expect(heldBack(first, telling)).toMatchObject({
      status: 'unknown',
      cause: 'would-fill-node',
      attempts: 0,
    });
  });

  it('is counted over all images that go there', async () => {
    const { select } = await looked(['a:1', 'b:1', 'c:1'], size(10e9), { nodes: [node()] });
    const { pairs, held } = await select();
    expect([pairs.length, held.length]).toEqual([2, 1]);
  });

  it('is looked for on the other nodes, by name', async () => {
    const nodes = [node({ diskPressure: true }), node({ name: 'free' })];
    const { select } = await looked(['app:1'], size(1), { nodes });
    expect((await select()).pairs).toMatchObject([{ node: 'free' }]);
  });

  it('is not known without the right to list nodes, and that is said', async () => {
    const { ports, clock, log } = world(inTurn());
    const connection = { checks: [] } as unknown as Connection;
    const refused = answering(403, { message: 'nodes is forbidden' });
    expect(await lookAtNodes(refused, ports, new Telling(connection, log, clock))).toBeUndefined();
    expect(connection.checks).toMatchObject([
      {
        status: 'skip',
        evidence: expect.stringMatching(/forbidden; this takes the right to list nodes/) as unknown,
      },
    ]);
  });

  it('is read from what nodes say of their disks', async () => {
    const { ports, clock, log } = world(inTurn());
    const status = {
      capacity: { 'ephemeral-storage': '1Ki' },
      images: [{ sizeBytes: 5 }, { sizeBytes: 7 }],
      conditions: [
        { type: 'Ready', status: 'True' },
        { type: 'DiskPressure', status: 'Unknown' },
      ],
    };
    const body = {
      items: [{ metadata: { name: 'n', labels: { 'kubernetes.azure.com/agentpool': 'apps' } }, status }],
    };
    const connection = answering(200, body);
    const nodes = await lookAtNodes(
      connection,
      ports,
      new Telling({ checks: [] } as unknown as Connection, log, clock),
    );
    expect(nodes?.get('apps')).toEqual([
      {
        name: 'n',
        ready: true,
        labels: { 'kubernetes.azure.com/agentpool': 'apps' },
        diskPressure: true,
        diskBytes: 1024,
        imageBytes: 12,
      },
    ]);
  });
});
