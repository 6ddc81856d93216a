/**
 * The images that are found are those that kubectl reads out of the same objects: in charts and manifests that others
 * published, and in generated ones of every kind of workload. kubectl turns them into JSON; out of that images are taken by
 * the paths of the Kubernetes API, not by shape.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readDeployables } from '../../src/core/deployables/read.js';
import { createFiles } from '../../src/host/files.js';
import { createRenderer } from '../../src/host/renderer.js';
import { suiteUnless } from '../skip.js';
import { clusterPath, kubectlOlderThan, openBench } from './clients.js';
import type { Bench } from './clients.js';
import { findHelm } from './helm.js';

const helm = findHelm();
const kubectlAbsent = kubectlOlderThan(20);
const helmPath = 'folder' in helm ? helm.folder : '';

/** Debian packages that ship charts or manifests of others; unpacked, not installed. */
const PACKAGES = [
  'golang-oras-oras-go-dev',
  'prometheus-elasticsearch-exporter',
  'golang-k8s-sigs-structured-merge-diff-dev',
];
const PUBLISHED = {
  charts: ['usr/share/gocode/src/oras.land/oras-go/testdata/charts/chartmuseum'],
  manifests: [
    'usr/share/doc/prometheus-elasticsearch-exporter/examples/kubernetes/deployment.yml',
    'usr/share/gocode/src/sigs.k8s.io/structured-merge-diff/internal/testdata/k8s-deployment.yaml',
    'usr/share/gocode/src/sigs.k8s.io/structured-merge-diff/internal/testdata/pod.yaml',
  ],
};

const unpacked = mkdtempSync(join(tmpdir(), 'published-'));

/** Fetches and unpacks what is published. @returns why it can't be, or undefined */
function fetchPublished(): string | undefined {
  if (!existsSync('/usr/bin/apt-get')) return 'this system has no apt-get to fetch published manifests with';
  const limit = { cwd: unpacked, timeout: 120_000, encoding: 'utf8' } as const;
  const fetched = spawnSync('apt-get', ['-q', 'download', ...PACKAGES], limit);
  if (fetched.status !== 0) return `${PACKAGES.join(', ')} could not be fetched`;
  const done = spawnSync('sh', ['-c', 'for p in *.deb; do dpkg-deb -x "$p" . || exit 1; done'], limit);
  return done.status === 0 ? undefined : 'what was fetched could not be unpacked';
}

const publishedAbsent = kubectlAbsent ?? fetchPublished();

let bench: Bench;
let kubeconfig: string;
if (kubectlAbsent === undefined) {
  beforeAll(async () => {
    bench = await openBench();
    const path = `${clusterPath(bench)}/listClusterUserCredential?api-version=2024-09-01`;
    const answer = (await bench.arm('POST', path)) as { kubeconfigs: { value: string }[] };
    kubeconfig = join(bench.folder, 'kubeconfig');
    await writeFile(kubeconfig, Buffer.from(answer.kubeconfigs[0]?.value ?? '', 'base64'), { mode: 0o600 });
  });
  afterAll(() => bench.end());
}
afterAll(async () => {
  await rm(unpacked, { recursive: true, force: true });
  if ('folder' in helm && helm.fetched) await rm(helm.folder, { recursive: true, force: true });
});

interface PodSpec {
  containers?: { image?: string }[];
  initContainers?: { image?: string }[];
  ephemeralContainers?: { image?: string }[];
  volumes?: { image?: { reference?: string } }[];
}
interface ApiObject {
  kind: string;
  items?: ApiObject[];
  template?: { spec?: PodSpec };
  spec?: PodSpec & {
    template?: { spec?: PodSpec };
    jobTemplate?: { spec?: { template?: { spec?: PodSpec } } };
  };
}

/** Where each kind of the Kubernetes API keeps its pod: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/ */
function podOf(object: ApiObject): PodSpec | undefined {
  switch (object.kind) {
    case 'Pod':
      return object.spec;
    case 'PodTemplate':
      return object.template?.spec;
    case 'CronJob':
      return object.spec?.jobTemplate?.spec?.template?.spec;
    default:
      return object.spec?.template?.spec;
  }
}

/** The images of objects as kubectl prints them, one after the other. */
function imagesIn(json: string): string[] {
  const objects = json
    .split(/(?<=^\})\n(?=\{)/m)
    .filter((one) => one.trim() !== '')
    .map((one) => JSON.parse(one) as ApiObject)
    .flatMap((object) => (object.kind === 'List' ? (object.items ?? []) : [object]));
  return objects.flatMap((object) => {
    const pod = podOf(object);
    return [
      ...[
        ...(pod?.containers ?? []),
        ...(pod?.initContainers ?? []),
        ...(pod?.ephemeralContainers ?? []),
      ].map(({ image }) => image),
      ...(pod?.volumes ?? []).map(({ image }) => image?.reference),
    ].filter((image) => image !== undefined);
  });
}

const distinct = (images: readonly string[]): string[] => [...new Set(images)].sort();

/** kubectl's own reading, by its client-side create against the simulated API server. */
async function byCreate(text: string): Promise<{ images: string[]; unknownKinds: string[] }> {
  const args = ['create', '--dry-run=client', '--validate=false', '-o', 'json', '-f', '-'];
  const { stdout, stderr } = await bench.run('kubectl', args, {
    environment: { KUBECONFIG: kubeconfig },
    input: text,
  });
  const unknownKinds = [...stderr.matchAll(/no matches for kind "(\w+)"/g)].map(([, kind = '']) => kind);
  if (unknownKinds.length === 0) expect(stderr).toBe('');
  return { images: distinct(imagesIn(stdout)), unknownKinds };
}

/** kubectl's reading without any server, for kinds that the simulated one doesn't serve. */
async function locally(text: string): Promise<string[]> {
  const args = ['annotate', '--local', '-f', '-', 'looked=at', '-o', 'json'];
  const { exitCode, stdout, stderr } = await bench.run('kubectl', args, { input: text });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return distinct(imagesIn(stdout));
}

/** By create; without a server where one of today no longer serves what was published. */
async function byKubectl(text: string): Promise<string[]> {
  const { images, unknownKinds } = await byCreate(text);
  return unknownKinds.length === 0 ? images : locally(text);
}

/** Images as they are written, as we find them. */
async function ours(base: string, named: { manifests?: string[]; charts?: string[] }): Promise<string[]> {
  const inputs = { manifests: [], charts: [], values: [], kustomizations: [], allowRemote: false, ...named };
  const path = [helmPath, process.env.PATH].join(delimiter);
  const ports = {
    files: createFiles(base),
    renderer: createRenderer({ PATH: path }, base, tmpdir()),
    signal: new AbortController().signal,
  };
  const { images, unread } = await readDeployables(inputs, ports, async () => ({ why: '', fix: '' }));
  expect(unread).toEqual([]);
  return distinct(images.flatMap(({ uses }) => uses.map(({ text }) => text)));
}

function rendered(chart: string): string {
  const { stdout, status } = spawnSync(join(helmPath, 'helm'), ['template', 'x', chart, '--skip-tests'], {
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  return stdout;
}

/** A random number generator with a seed: the same manifests every time. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const KINDS = [
  'Pod',
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'Job',
  'CronJob',
  'ReplicationController',
];

/** Manifests of every kind, with images at every place, in YAML of every style. */
function generated(count: number): string {
  const random = generator(7);
  const image = (): string =>
    [
      'nginx',
      `contoso.azurecr.io/team${Math.floor(random() * 9)}/app:${Math.floor(random() * 99)}`,
      `quay.io/a/b@sha256:${'ab'.repeat(32)}`,
    ][Math.floor(random() * 3)] ?? '';
  const documents = Array.from({ length: count }, (_, nth) => {
    const kind = KINDS[nth % KINDS.length] ?? 'Pod';
    const containers = (name: string, some: number): object[] =>
      Array.from({ length: some }, (__, which) => ({ name: `${name}${which}`, image: image() }));
    const pod = {
      containers: containers('c', 1 + Math.floor(random() * 3)),
      ...(random() < 0.5 ? { initContainers: containers('i', 2) } : {}),
      ...(random() < 0.3
        ? {
            volumes: [
              { name: 'v', image: { reference: image() } },
              { name: 'e', emptyDir: {} },
            ],
          }
        : {}),
    };
    const labels = { app: `a${nth}` };
    const template = {
      metadata: { labels },
      spec: { ...pod, ...(kind.endsWith('Job') ? { restartPolicy: 'Never' } : {}) },
    };
    const group = kind.endsWith('Job')
      ? 'batch/v1'
      : ['Pod', 'ReplicationController'].includes(kind)
        ? 'v1'
        : 'apps/v1';
    const spec =
      kind === 'Pod'
        ? pod
        : kind === 'CronJob'
          ? { schedule: '0 0 * * *', jobTemplate: { spec: { template } } }
          : {
              ...(kind === 'Job'
                ? {}
                : { selector: kind === 'ReplicationController' ? labels : { matchLabels: labels } }),
              template,
            };
    const object = { apiVersion: group, kind, metadata: { name: `a${nth}` }, spec };
    const list = { apiVersion: 'v1', kind: 'List', items: [object] };
    return JSON.stringify(nth % 5 === 0 ? list : object, null, nth % 3);
  });
  // What begins with a brace would be read as JSON to its end.
  return `# generated\n${documents.join('\n---\n')}\n`;
}

suiteUnless(kubectlAbsent, 'images of generated manifests', () => {
  it('are those that kubectl finds', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'generated-'));
    try {
      const text = generated(80);
      await writeFile(join(folder, 'all.yaml'), text);
      const found = await ours(folder, { manifests: ['all.yaml'] });
      expect(found.length).toBeGreaterThan(50);
      expect(await locally(text)).toEqual(found);
      const created = await byCreate(text);
      expect(created.images.length).toBeGreaterThan(20);
      expect(created.images.filter((image) => !found.includes(image))).toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

suiteUnless(publishedAbsent, 'images of published manifests', () => {
  it.each(PUBLISHED.manifests)('%s', async (path) => {
    const text = await readFile(join(unpacked, path), 'utf8');
    const found = await ours(unpacked, { manifests: [path] });
    expect(found.length).toBeGreaterThan(0);
    expect(await byKubectl(text)).toEqual(found);
  });
});

suiteUnless(publishedAbsent ?? ('why' in helm ? helm.why : undefined), 'images of published charts', () => {
  it.each(PUBLISHED.charts)('%s', async (chart) => {
    const found = await ours(unpacked, { charts: [chart] });
    expect(found.length).toBeGreaterThan(0);
    expect(await byKubectl(rendered(join(unpacked, chart)))).toEqual(found);
  });

  it("helm's own first chart, with values and with one in another", async () => {
    const folder = await mkdtemp(join(tmpdir(), 'charts-'));
    try {
      for (const name of ['shop', 'shop/charts/cache']) {
        await mkdir(dirname(join(folder, name)), { recursive: true });
        expect(spawnSync(join(helmPath, 'helm'), ['create', join(folder, name)]).status).toBe(0);
      }
      await writeFile(
        join(folder, 'shop', 'values.yaml'),
        `${await readFile(join(folder, 'shop', 'values.yaml'), 'utf8')}\ncache:\n  image: { repository: contoso.azurecr.io/cache, tag: "7" }\n`,
      );
      const found = await ours(folder, { charts: ['shop'] });
      expect(found).toEqual(['contoso.azurecr.io/cache:7', expect.stringMatching(/^nginx:/)]);
      expect(await byKubectl(rendered(join(folder, 'shop')))).toEqual(found);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
