/** Simulated nodes whose pulls a real containerd does: its own words in statuses and events, and what the product makes of them. */
import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ProxyAgent, request } from 'undici';
import { parse } from 'yaml';
import { createRuntimes, runtimeProblems } from '../../src/simulator/kubernetes/runtime/runtimes.js';
import { startSimulator } from '../../src/simulator/index.js';
import type { Simulator } from '../../src/simulator/index.js';
import { loadScenario } from '../../src/simulator/cloud/scenario.js';
import { only, openScene, scenario } from '../e2e/scene.js';
import type { Scene } from '../e2e/scene.js';
import { suiteUnless } from '../skip.js';
import { clusterPath, openBench, SECRET } from './clients.js';
import type { Bench } from './clients.js';

const here = { x64: 'amd64', arm64: 'arm64' }[process.arch as 'x64' | 'arm64'];
const elsewhere = here === 'amd64' ? 'arm64' : 'amd64';

const repository = (name: string): object => ({
  name,
  images: [
    { tag: 'v1', platforms: ['linux/amd64', 'linux/arm64'] },
    { tag: 'v2', platforms: ['linux/amd64', 'linux/arm64'], layers: 3 },
    { tag: 'single', platforms: [`linux/${here}`], index: false },
    { tag: 'elsewhere', platforms: [`linux/${elsewhere}`] },
  ],
});
const registry = (name: string, more: object = {}): object => ({
  name,
  resourceGroup: 'images',
  repositories: [repository('shop/web')],
  ...more,
});

/** One node with a containerd; registries that its kubelet may pull from, or not, each for one reason. */
const CLOUD = JSON.stringify({
  name: 'nodes-with-containerd',
  runtime: 'containerd',
  identities: [{ name: 'deployer', secrets: [SECRET] }],
  clusters: [{ name: 'shop', resourceGroup: 'apps', pools: [{ name: 'system', architecture: here }] }],
  registries: [
    registry('granted', { repositories: [repository('shop/web'), repository('shop/api')] }),
    registry('norole'),
    registry('abacmode', { mode: 'abac' }),
    registry('walled', { sku: 'Premium', publicNetworkAccess: 'Disabled' }),
    registry('inside', {
      sku: 'Premium',
      publicNetworkAccess: 'Disabled',
      privateEndpoint: {},
      // Of its own, so that the node has none of its layers.
      repositories: [repository('inside/web')],
    }),
    registry('unnamed', { sku: 'Premium', privateEndpoint: { inZone: false } }),
  ],
  roleAssignments: [
    { principal: 'deployer', role: 'Azure Kubernetes Service Cluster Admin Role', scope: 'cluster:shop' },
    ...['granted', 'abacmode', 'walled', 'inside'].map((name) => ({
      principal: 'kubelet of shop',
      role: 'AcrPull',
      scope: `registry:${name}`,
    })),
  ],
});

const [unfit] = runtimeProblems(loadScenario(CLOUD, Date.now()).state);

const CLI = fileURLToPath(new URL('../../dist/cli/index.js', import.meta.url));

/** How the folders of nodes begin. */
const FOLDER = 'aks-acr-pull-nodes-';

/** Process ids of all programs that name such a folder. */
function programs(): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && commandOf(name).includes(FOLDER));
}

/** Empty for one that has ended. */
function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

function runsContainerd(pid: string): boolean {
  return commandOf(pid).startsWith('containerd ');
}

interface Waiting {
  reason: string;
  message?: string;
}
interface Pod {
  metadata: { name: string };
  status: {
    containerStatuses?: {
      imageID: string;
      state: { waiting?: Waiting; terminated?: { reason: string; exitCode: number; message?: string } };
    }[];
  };
}
interface Event {
  type: string;
  reason: string;
  message: string;
}

/** The API server of the scenario's cluster, as its administrator. */
async function openApi(bench: Bench) {
  const answer = (await bench.arm(
    'POST',
    `${clusterPath(bench)}/listClusterAdminCredential?api-version=2024-09-01`,
  )) as { kubeconfigs: { value: string }[] };
  const { clusters, users } = parse(Buffer.from(answer.kubeconfigs[0]?.value ?? '', 'base64').toString()) as {
    clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
    users: { user: { 'client-certificate-data': string; 'client-key-data': string } }[];
  };
  const [cluster, user] = [clusters[0]?.cluster, users[0]?.user];
  if (cluster === undefined || user === undefined) throw new Error('no kubeconfig');
  const plain = (text: string): string => Buffer.from(text, 'base64').toString();
  const dispatcher = new ProxyAgent({
    uri: bench.simulator.proxyUrl,
    requestTls: {
      ca: plain(cluster['certificate-authority-data']),
      cert: plain(user['client-certificate-data']),
      key: plain(user['client-key-data']),
    },
  });
  return {
    async ask<T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<T> {
      const { body: answered } = await request(new URL(path, cluster.server), {
        method,
        dispatcher,
        headers: { 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return (await answered.json()) as T;
    },
    close: () => dispatcher.close(),
  };
}

type Fault = Parameters<Simulator['addFault']>[0];

/** What a pod came to. */
interface Outcome {
  pod: Pod;
  /** Empty once the container has got further. */
  waiting: Waiting | undefined;
  events: Event[];
}

suiteUnless(unfit?.message, 'a real containerd', () => {
  describe('pulls for a node', () => {
    let bench: Bench;
    let api: Awaited<ReturnType<typeof openApi>>;
    let pods = 0;

    beforeAll(async () => {
      bench = await openBench(CLOUD);
      api = await openApi(bench);
    });
    afterAll(async () => {
      await api?.close();
      await bench?.end();
    });

    /** Makes a pod of one container, waits until `enough` of it is seen, and takes it away again. */
    async function run(
      image: string,
      {
        faults = [],
        enough = settled,
        policy = 'Always',
      }: {
        faults?: Fault[];
        enough?: (outcome: Outcome) => boolean;
        policy?: string;
      } = {},
    ): Promise<Outcome> {
      const name = `pod-${++pods}`;
      const lift = faults.map((fault) => bench.simulator.addFault(fault));
      const path = `/api/v1/namespaces/default/pods/${name}`;
      try {
        await api.ask('POST', '/api/v1/namespaces/default/pods', {
          metadata: { name },
          spec: {
            restartPolicy: 'Never',
            automountServiceAccountToken: false,
            containers: [{ name: 'check', image, imagePullPolicy: policy, command: ['/nonexistent'] }],
          },
        });
        for (const limit = Date.now() + 60_000; ;) {
          const pod = await api.ask<Pod>('GET', path);
          const { items } = await api.ask<{ items: Event[] }>(
            'GET',
            `/api/v1/namespaces/default/events?fieldSelector=involvedObject.name=${name}`,
          );
          const outcome = { pod, waiting: pod.status.containerStatuses?.[0]?.state.waiting, events: items };
          if (enough(outcome)) return outcome;
          if (Date.now() > limit) throw new Error(`never: ${JSON.stringify(outcome)}`);
          await sleep(25);
        }
      } finally {
        for (const one of lift) one();
        await api.ask('DELETE', `${path}?gracePeriodSeconds=0`);
      }
    }

    /** The container has ended, or its image is told to have failed: the events of that are there already. */
    function settled({ pod, waiting }: Outcome): boolean {
      const ended = pod.status.containerStatuses?.[0]?.state.terminated !== undefined;
      return ended || ['ErrImagePull', 'ImagePullBackOff'].includes(waiting?.reason ?? '');
    }

    /**
     * A pull that failed: what the kubelet says around the runtime's words is what real ones say, and the words are the
     * same wherever they stand.
     */
    async function refused(image: string, faults: Fault[] = []): Promise<string> {
      const { waiting, events } = await run(image, { faults });
      const told = events.map(({ type, reason }) => `${type} ${reason}`);
      expect(told).toEqual(expect.arrayContaining(['Normal Pulling', 'Warning Failed']));
      expect(told).not.toContain('Normal Pulled');
      const prefix = `Failed to pull image "${image}": `;
      const failed = events.find(({ message }) => message.startsWith(prefix));
      expect(failed).toMatchObject({ type: 'Warning', reason: 'Failed' });
      const words = failed?.message.slice(prefix.length) ?? '';
      expect([
        { reason: 'ErrImagePull', message: words },
        {
          reason: 'ImagePullBackOff',
          message: `Back-off pulling image "${image}": ErrImagePull: ${words}`,
        },
      ]).toContainEqual(waiting);
      return words;
    }

    const image = (name: string): string => `granted.azurecr.io/${name}`;
    const unpacking = (name: string): string => `failed to pull and unpack image "${name}": `;
    /** containerd up to 1.7, and from 2.0 on. */
    const resolving = (name: string): RegExp =>
      new RegExp(`^${escaped(unpacking(name))}failed to resolve (reference "${escaped(name)}"|image): `);
    const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

    it('pulls, counts the bytes, and goes on until the command is missing', async () => {
      const { pod, events } = await run(image('shop/web:v1'));
      const pulled = events.find(({ reason }) => reason === 'Pulled');
      expect(pulled?.message).toMatch(
        /^Successfully pulled image "granted\.azurecr\.io\/shop\/web:v1" in \S+ \(\S+ including waiting\)\. Image size: [1-9]\d+ bytes\.$/,
      );
      expect(pod.status.containerStatuses?.[0]).toMatchObject({
        imageID: expect.stringMatching(/^granted\.azurecr\.io\/shop\/web@sha256:[0-9a-f]{64}$/),
        state: {
          terminated: {
            reason: 'StartError',
            exitCode: 128,
            message: expect.stringContaining(
              'exec: "/nonexistent": stat /nonexistent: no such file or directory',
            ),
          },
        },
      });
      const { requests } = bench.simulator;
      const blobs = requests.filter(({ host, status }) => host.includes('.blob.') && status === 200);
      expect(blobs).toHaveLength(3);
      const exchanged = requests.filter(({ path }) => path === '/oauth2/exchange');
      expect(exchanged).toMatchObject([{ status: 200, caller: 'kubelet of shop' }]);
    });

    it('shows the runtime in the status of its node', async () => {
      const { items } = await api.ask<{
        items: { status: { nodeInfo: { containerRuntimeVersion: string } } }[];
      }>('GET', '/api/v1/nodes');
      const version = execFileSync('containerd', ['--version']).toString().split(' ')[2];
      expect(items[0]?.status.nodeInfo.containerRuntimeVersion).toBe(`containerd://${version}`);
    });

    it('uses what is there, and asks the registry for the manifest alone', async () => {
      await run(image('shop/web:v1'));
      const before = bench.simulator.requests.length;
      const { events } = await run(image('shop/web:v1'), {
        faults: [{ fault: 'refused', host: '*.blob.core.windows.net', from: 'nodes' }],
      });
      expect(events.map(({ reason }) => reason)).toContain('Pulled');
      const asked = bench.simulator.requests.slice(before);
      expect(asked.filter(({ host, status }) => host.includes('.blob.') && status !== 0)).toEqual([]);
      expect(asked.filter(({ path }) => path.includes('/manifests/'))).not.toEqual([]);
    });

    it('pulls nothing that is present and wanted only if not', async () => {
      await run(image('shop/web:v1'));
      const { events } = await run(image('shop/web:v1'), { policy: 'IfNotPresent' });
      expect(events.find(({ reason }) => reason === 'Pulled')?.message).toBe(
        `Container image "${image('shop/web:v1')}" already present on machine and can be accessed by the pod`,
      );
    });

    it('is refused without a role', async () => {
      const name = 'norole.azurecr.io/shop/web:v1';
      const words = await refused(name);
      expect(words).toMatch(resolving(name));
      expect(words).toMatch(
        /failed to authorize: failed to fetch anonymous token: unexpected status( from GET request to \S+)?: 401 Unauthorized$/,
      );
    });

    it('is refused with AcrPull alone on a registry in ABAC mode', async () => {
      const words = await refused('abacmode.azurecr.io/shop/web:v1');
      expect(words).toContain('pull access denied, repository does not exist or may require authorization: ');
      expect(words).toContain('server message: insufficient_scope: authorization failed');
    });

    it.each([
      ['tag', image('shop/web:nope')],
      ['repository', image('shop/nope:v1')],
    ])('does not find the %s', async (_what, name) => {
      const words = await refused(name);
      // The registry's answer to the token, and to the anonymous attempt after it.
      expect(words).toMatch(
        new RegExp(
          `^\\[rpc error: code = NotFound desc = failed to pull and unpack image "${escaped(name)}": .*${escaped(name)}: not found, .*401 Unauthorized\\]$`,
        ),
      );
    });

    it('finds no platform', async () => {
      const words = await refused(image('shop/web:elsewhere'));
      expect(words).toMatch(/no match for platform in manifest( sha256:[0-9a-f]{64})?: not found/);
    });

    it.each<[string, Fault, RegExp]>([
      ['the name is not found', { fault: 'dns' }, /dial tcp: lookup granted\.azurecr\.io.*: no such host$/],
      ['nothing listens', { fault: 'refused' }, /dial tcp [\d.]+:443: connect: connection refused$/],
      [
        'nobody knows the authority',
        { fault: 'certificate-unknown-authority' },
        /x509: certificate signed by unknown authority/,
      ],
      [
        'it throttles',
        { fault: 'throttled', path: '/v2/**' },
        /(failed with status code \[manifests v2\]|unexpected status from HEAD request to \S+): 429 Too Many Requests/,
      ],
      [
        'it is broken',
        { fault: 'server-error', path: '/v2/**' },
        /(failed with status code \[manifests v2\]|unexpected status from HEAD request to \S+): 500 Internal Server Error/,
      ],
    ])('tells of the login server that %s', async (_what, fault, words) => {
      const name = image('shop/web:v2');
      const said = await refused(name, [{ host: 'granted.azurecr.io', from: 'nodes', ...fault }]);
      expect(said).toMatch(resolving(name));
      expect(said).toMatch(words);
    });

    it("is kept out by the registry's firewall", async () => {
      const said = await refused('walled.azurecr.io/shop/web:v1');
      expect(said).toContain('403 Forbidden');
    });

    it('pulls by a private endpoint, layers too, though public access is off', async () => {
      const since = bench.simulator.requests.length;
      const { events } = await run('inside.azurecr.io/inside/web:v1');
      expect(events.map(({ reason }) => reason)).toContain('Pulled');
      const hosts = bench.simulator.requests.slice(since).map(({ host }) => host);
      expect(hosts).toContain('inside.westeurope.data.azurecr.io');
    });

    it('finds no name that its private zone does not hold', async () => {
      const said = await refused('unnamed.azurecr.io/shop/web:v1');
      expect(said).toMatch(/lookup unnamed\.azurecr\.io.*: no such host/);
    });

    it.each<[string, Fault, RegExp]>([
      ['is not found', { fault: 'dns' }, /lookup \S+\.blob\.core\.windows\.net.*: no such host/],
      ['refuses', { fault: 'refused' }, /dial tcp [\d.]+:443: connect: connection refused/],
    ])('needs the blob host for layers that it lacks: it %s', async (_what, fault, words) => {
      const said = await refused(image('shop/api:v2'), [
        { host: '*.blob.core.windows.net', from: 'nodes', ...fault },
      ]);
      expect(said).toMatch(/failed to copy: httpReadSeeker: failed open: failed to do request: Get /);
      expect(said).toMatch(words);
    });

    it('waits for a registry that says nothing, and lets go when the pod does', async () => {
      const { waiting, events } = await run(image('shop/web:single'), {
        faults: [{ fault: 'stall', path: '/v2/**', host: 'granted.azurecr.io', from: 'nodes' }],
        enough: () => bench.simulator.requests.some(({ fault, status }) => fault === 'stall' && status === 0),
      });
      expect(waiting?.reason).toBe('ContainerCreating');
      expect(events.map(({ reason }) => reason)).not.toContain('Failed');
    });
  });

  describe('and the product', () => {
    let scene: Scene | undefined;
    afterEach(async () => {
      await scene?.end();
      scene = undefined;
    });
    const open = async (more: Parameters<typeof scenario>[0] = {}): Promise<Scene> =>
      (scene = await openScene(
        scenario({
          runtime: 'containerd',
          cluster: { pools: [{ name: 'system', architecture: here }] },
          ...more,
        }),
      ));

    it('connects, and proves it by the node’s own pull', async () => {
      const { exitCode, outputs, report } = await (await open()).run();
      expect({ exitCode, result: outputs.result, verified: outputs.verified }).toEqual({
        exitCode: 0,
        result: 'passed',
        verified: 'true',
      });
      expect(only(report).pulls).toMatchObject([{ proved: 'content' }]);
    });

    it('finds the missing role', async () => {
      const { exitCode, outputs, report } = await (await open()).run({ mode: 'check' });
      expect({ exitCode, result: outputs.result, cause: outputs.cause }).toEqual({
        exitCode: 1,
        result: 'failed',
        cause: 'unauthorized-no-role',
      });
      expect(only(report).pulls).toMatchObject([{ proved: 'none', cause: 'unauthorized-no-role' }]);
    });

    it('finds the missing tag, which only the node can see', async () => {
      // In ABAC mode the login's role gives no right to look into the registry.
      const tried = await open({
        registry: { mode: 'abac' },
        assigned: [
          {
            principal: 'kubelet of shop',
            role: 'Container Registry Repository Reader',
            scope: 'registry:contoso',
          },
        ],
      });
      const { exitCode, outputs, report } = await tried.run({ mode: 'check', image: 'shop/web:nope' });
      expect({ exitCode, result: outputs.result, cause: outputs.cause }).toEqual({
        exitCode: 1,
        result: 'failed',
        cause: 'tag-not-found',
      });
      expect(only(report).pulls).toMatchObject([{ proved: 'none', cause: 'tag-not-found' }]);
    });

    it('finds the blocked blob host', async () => {
      const tried = await open({
        assigned: [{ principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso' }],
      });
      tried.simulator.addFault({ fault: 'refused', host: '*.blob.core.windows.net', from: 'nodes' });
      const { exitCode, outputs, report, stdout, summary } = await tried.run({ mode: 'check' });
      expect({ exitCode, result: outputs.result, cause: outputs.cause }).toEqual({
        exitCode: 1,
        result: 'failed',
        cause: 'storage-endpoint-blocked',
      });
      expect(only(report).pulls[0]?.message).toContain('connect: connection refused');
      // containerd 1.6 quotes the blob's signed address.
      expect(stdout + summary + JSON.stringify(report)).not.toMatch(/[?&]sig=[^*]/);
    });
  });

  describe('leaves nothing behind', () => {
    /** Folders of nodes, and programs that run in one. */
    const left = (): string[] => [
      ...readdirSync(tmpdir()).filter((name) => name.startsWith(FOLDER)),
      ...programs().map(commandOf).sort(),
    ];
    /** What others left, or have running now. */
    let before: string[];
    beforeEach(() => {
      before = left();
    });
    it('when it is stopped', async () => {
      const simulator = await startSimulator(CLOUD);
      expect(left().length).toBeGreaterThan(before.length + 1);
      await simulator.stop();
      expect(left()).toEqual(before);
      expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(FOLDER);
    });

    it.each([0, 30, 60, 90])('when it is stopped %s ms after it began to start', async (milliseconds) => {
      const simulator = await startSimulator(CLOUD);
      try {
        const others = left();
        const runtimes = createRuntimes(simulator.context);
        const started = runtimes.start({
          caFile: simulator.caFile,
          lookUp: () => undefined,
          portOf: () => 1,
        });
        started.catch(() => undefined);
        await Promise.race([started, sleep(milliseconds)]);
        await runtimes.stop();
        expect(left()).toEqual(others);
      } finally {
        await simulator.stop();
      }
    });

    it('when a containerd dies', async () => {
      const simulator = await startSimulator(CLOUD);
      const [pid] = programs().filter((one) => !before.includes(commandOf(one)) && runsContainerd(one));
      process.kill(Number(pid), 'SIGKILL');
      await simulator.stop();
      expect(left()).toEqual(before);
    });

    it.each(['SIGKILL', 'SIGINT', 'SIGTERM'] as const)('when the command is ended by %s', async (signal) => {
      const folder = await mkdtemp(join(tmpdir(), 'a scenario '));
      const file = join(folder, 'scenario.yaml');
      await writeFile(file, CLOUD);
      const child = spawn(process.execPath, [CLI, 'simulate', file], { stdio: ['pipe', 'pipe', 'pipe'] });
      let said = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (bytes: Buffer) => (said += bytes.toString()));
      const closed = new Promise((resolve) => child.once('close', resolve));
      for (
        const limit = Date.now() + 60_000;
        !programs().some((one) => !before.includes(commandOf(one)) && runsContainerd(one));
      ) {
        if (child.exitCode !== null || Date.now() > limit) throw new Error(`it doesn't start: ${said}`);
        await sleep(20);
      }
      child.kill(signal);
      await closed;
      for (const limit = Date.now() + 30_000; Date.now() < limit && !isDeepStrictEqual(left(), before);)
        await sleep(20);
      expect(left()).toEqual(before);
      await rm(folder, { recursive: true });
    });
  });

  describe('is refused before anything listens', () => {
    it('where the machine has none', async () => {
      const path = process.env['PATH'];
      process.env['PATH'] = '/nonexistent';
      try {
        await expect(startSimulator(CLOUD)).rejects.toThrow(
          /clusters\[0\]\.pools\[0\]\.runtime: containerd, setpriv, unshare, mount not found: apt-get install -y --no-install-recommends containerd util-linux mount/,
        );
      } finally {
        process.env['PATH'] = path;
      }
    });

    it('for a pool of another architecture', async () => {
      const pools = [
        { name: 'same', architecture: here },
        { name: 'other', architecture: elsewhere },
        { name: 'simulated', architecture: elsewhere, runtime: 'built-in' },
      ];
      await expect(startSimulator(scenario({ runtime: 'containerd', cluster: { pools } }))).rejects.toThrow(
        `The scenario can't be used:\n- clusters[0].pools[1].runtime: containerd pulls for linux/${here} on this machine, not for linux/${elsewhere}: set runtime: built-in for this pool`,
      );
    });
  });
});
