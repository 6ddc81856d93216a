/**
 * The images that are found are those that kubectl reads out of the same objects: in charts and manifests that others
 * published, and in generated ones of every kind of workload. kubectl turns them into JSON; out of that images are taken by
 * the paths of the Kubernetes API, not by shape.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
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

const unpacked = mkdtempSync(join(tmpdir(), 'published-'));

/** Runs commands one after the other where what is published is unpacked. @returns why it isn't there, or undefined */
function fetched(what: readonly string[], commands: readonly [string, ...string[]][]): string | undefined {
  const bounds = { cwd: unpacked, timeout: 120_000, encoding: 'utf8' } as const;
  const failing = commands.find(([program, ...args]) => spawnSync(program, args, bounds).status !== 0);
  return failing === undefined ? undefined : `${what.join(', ')} could not be fetched and unpacked`;
}

/** What others published: charts, and manifests that they wrote, or that their charts and kustomizations were rendered to. */
interface Published {
  packages: string[];
  /** Why it can't be had, or undefined. */
  fetch(this: Published): string | undefined;
  charts: string[];
  manifests: string[];
}

/** Debian packages; unpacked, not installed. */
const DEBIAN: Published = {
  packages: [
    'golang-oras-oras-go-dev',
    'prometheus-elasticsearch-exporter',
    'golang-k8s-sigs-structured-merge-diff-dev',
  ],
  fetch() {
    if (!existsSync('/usr/bin/apt-get'))
      return 'this system has no apt-get to fetch published manifests with';
    return fetched(this.packages, [
      ['apt-get', '-q', 'download', ...this.packages],
      ['sh', '-c', 'for p in *.deb; do dpkg-deb -x "$p" . || exit 1; done'],
    ]);
  },
  charts: ['usr/share/gocode/src/oras.land/oras-go/testdata/charts/chartmuseum'],
  manifests: [
    'usr/share/doc/prometheus-elasticsearch-exporter/examples/kubernetes/deployment.yml',
    'usr/share/gocode/src/sigs.k8s.io/structured-merge-diff/internal/testdata/k8s-deployment.yaml',
    'usr/share/gocode/src/sigs.k8s.io/structured-merge-diff/internal/testdata/pod.yaml',
  ],
};

/** npm packages, all Apache-2.0 or MIT; unpacked, not installed. */
const CHART_OF_NPM = 'nx-extensions-helm/package/src/generators/chart/files/chart';
const NPM: Published = {
  packages: [
    '@socialgouv/parse-manifests@1.16.4',
    '@kui-shell/plugin-kubectl@13.1.1',
    '@nx-extensions/helm@1.0.0',
  ],
  fetch() {
    const absent = fetched(this.packages, [
      ['npm', 'pack', '--silent', ...this.packages],
      ['sh', '-c', 'for p in *.tgz; do d=${p%-*.tgz}; mkdir $d && tar -xzf $p -C $d || exit 1; done'],
    ]);
    if (absent !== undefined) return absent;
    // It is a chart but for its name, which whoever takes it gives.
    const template = readFileSync(join(unpacked, CHART_OF_NPM, 'Chart.yaml.template'), 'utf8');
    writeFileSync(join(unpacked, CHART_OF_NPM, 'Chart.yaml'), template.replace('<%= name %>', 'published'));
    return undefined;
  },
  charts: [CHART_OF_NPM],
  manifests: [
    'socialgouv-parse-manifests/package/sample.yml',
    'socialgouv-parse-manifests/package/sample2.yml',
    'kui-shell-plugin-kubectl/package/tests/data/k8s/headless/pod.yaml',
    'kui-shell-plugin-kubectl/package/tests/data/k8s/headless/pod2.yaml',
  ],
};

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

/**
 * By create. What the simulated server doesn't serve is no matter where it runs no pods; where it does, kubectl reads it
 * without a server.
 */
async function byKubectl(text: string): Promise<string[]> {
  const { images, unknownKinds } = await byCreate(text);
  return unknownKinds.some((kind) => KINDS.includes(kind)) ? locally(text) : images;
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

/** A manifest of one kind or of a List with it. */
interface Generated {
  kind: string;
  text: string;
}

/** As one file. What begins with a brace would be read as JSON to its end. */
function asFile(documents: readonly Generated[]): string {
  return `# generated\n${documents.map(({ text }) => text).join('\n---\n')}\n`;
}

/** Manifests of every kind, with images at every place, in YAML of every style. */
function generated(count: number): Generated[] {
  const random = generator(7);
  const image = (): string =>
    [
      'nginx',
      `contoso.azurecr.io/team${Math.floor(random() * 9)}/app:${Math.floor(random() * 99)}`,
      `quay.io/a/b@sha256:${'ab'.repeat(32)}`,
    ][Math.floor(random() * 3)] ?? '';
  return Array.from({ length: count }, (_, nth) => {
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
    return { kind, text: JSON.stringify(nth % 5 === 0 ? list : object, null, nth % 3) };
  });
}

suiteUnless(kubectlAbsent, 'images of generated manifests', () => {
  it('are those that kubectl finds', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'generated-'));
    const oursOf = async (documents: readonly Generated[]): Promise<string[]> => {
      await writeFile(join(folder, 'all.yaml'), asFile(documents));
      return ours(folder, { manifests: ['all.yaml'] });
    };
    try {
      const all = generated(80);
      const found = await oursOf(all);
      expect(found.length).toBeGreaterThan(50);
      expect(await locally(asFile(all))).toEqual(found);
      // By create, of the kinds that the simulated server serves.
      const { images, unknownKinds } = await byCreate(asFile(all));
      expect(images.length).toBeGreaterThan(20);
      expect(await oursOf(all.filter(({ kind }) => !unknownKinds.includes(kind)))).toEqual(images);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe.each([
  ['Debian', DEBIAN],
  ['npm', NPM],
])('what %s has', (_where, published) => {
  const absent = kubectlAbsent ?? published.fetch();

  suiteUnless(absent, 'images of published manifests', () => {
    it.each(published.manifests)('%s', async (path) => {
      const text = await readFile(join(unpacked, path), 'utf8');
      const found = await ours(unpacked, { manifests: [path] });
      expect(found.length).toBeGreaterThan(0);
      expect(await byKubectl(text)).toEqual(found);
    });
  });

  suiteUnless(absent ?? ('why' in helm ? helm.why : undefined), 'images of published charts', () => {
    it.each(published.charts)('%s', async (chart) => {
      const found = await ours(unpacked, { charts: [chart] });
      expect(found.length).toBeGreaterThan(0);
      expect(await byKubectl(rendered(join(unpacked, chart)))).toEqual(found);
    });
  });
});

suiteUnless(
  kubectlAbsent ?? ('why' in helm ? helm.why : undefined),
  'images of a chart that helm makes',
  () => {
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
  },
);
