/** What is about to be deployed, by the shipped bundle: its annotations, what it takes, and that nothing of the job leaks. */
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { openScene, scenario } from './scene.js';
import type { Scene } from './scene.js';

const IMAGES = Array.from({ length: 60 }, (_, nth) => `team${nth % 7}/app${nth}`);
const LOGIN = [
  { principal: 'deployer', role: 'Azure Kubernetes Service Cluster User Role', scope: 'cluster:shop' },
  { principal: 'deployer', role: 'Reader', scope: 'subscription' },
];
const CLOUD = scenario({
  login: LOGIN,
  assigned: [{ principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso' }],
  registry: {
    repositories: IMAGES.map((name) => ({ name, images: [{ tag: '1', platforms: ['linux/amd64'] }] })),
  },
});

let scene: Scene;
let folder: string;
beforeEach(async () => {
  scene = await openScene(CLOUD);
  folder = await mkdtemp(join(tmpdir(), 'preflight-'));
});
afterEach(async () => {
  await scene.end();
  await rm(folder, { recursive: true, force: true });
});

async function put(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

const pod = (image: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: { name: p }\nspec:\n  containers:\n    - name: web\n      image: ${image}\n`;

/**
 * What a program took: CPU in seconds, memory in MB. Written by the program itself as it ends. Linux tells maxRSS of a child
 * with what its parent had at its birth; VmHWM is its own (man 5 proc).
 */
const WITNESS = `process.on('exit', () => {
  const { existsSync, readFileSync, writeFileSync } = require('node:fs');
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
  const kB = Number(/^VmHWM:\\s+(\\d+) kB$/m.exec(status)?.[1] ?? maxRSS);
  const took = { cpu: (userCPUTime + systemCPUTime) / 1e6, memory: kB / 1024 };
  writeFileSync(process.env.WITNESSED, JSON.stringify(took));
});`;

it('reads 200 manifests, asks once for each of 60 images, side by side, and says what it took', async () => {
  const files = Array.from({ length: 200 }, (_, nth) => [
    `k8s/${nth}.yaml`,
    pod(`contoso.azurecr.io/${IMAGES[nth % 60] ?? ''}:1`),
  ]);
  await put({ ...(Object.fromEntries(files) as Record<string, string>), 'witness.cjs': WITNESS });
  const run = await scene.run(
    { mode: 'check', image: '', manifests: `${folder}/k8s/*.yaml` },
    {
      machine: {
        ...scene.simulator.environment(),
        NODE_OPTIONS: `--require ${join(folder, 'witness.cjs')}`,
        WITNESSED: join(folder, 'took.json'),
      },
    },
  );
  expect(run.outputs).toMatchObject({ result: 'passed', verified: 'true' });
  const reads = run.requests.filter(
    ({ caller, path }) => caller === 'deployer' && path.includes('/manifests/'),
  );
  expect(reads).toHaveLength(60);
  const overlapping = reads.filter((one) =>
    reads.some((other) => other !== one && other.at <= one.at && other.at + other.durationMs > one.at),
  );
  expect(overlapping.length).toBeGreaterThan(10);
  const took = JSON.parse(await readFile(join(folder, 'took.json'), 'utf8')) as {
    cpu: number;
    memory: number;
  };
  console.log(`200 manifests, 60 images: ${took.cpu.toFixed(1)} s of CPU, ${Math.round(took.memory)} MB`);
  // Processor time, not time on a clock: it hardly grows with what else the machine does.
  expect(took.cpu).toBeLessThan(3);
  expect(took.memory).toBeLessThan(150);
});

it('says of everything that it can not read what and where, in the log and on the lines, and judges the rest', async () => {
  await put({
    'k8s/web.yaml': pod(`contoso.azurecr.io/${IMAGES[0] ?? ''}:1`),
    'k8s/broken.yaml': 'a: 1\nb: [1, 2\nc: 3\n',
    'k8s/template.yaml': pod('{{ .Values.image }}'),
    'k8s/upper.yaml': pod('contoso.azurecr.io/Team0/app0:1').replaceAll('\n', '\r\n'),
    'k8s/placeholder.yaml': pod('contoso.azurecr.io/team0/app0:${TAG}'),
    'k8s/picture.yaml': '\0\0',
    'k8s/odd.yaml': '? { "::error::x": 1 }\n: 1\n',
    'k8s/values.yaml': 'image: contoso.azurecr.io/team0/app0:1\n',
    'chart/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 0.1.0\n',
    'k/kustomization.yaml': 'resources: []\n',
    // Stands for a helm that can't render; kubectl is missing.
    'bin/helm':
      '#!/bin/sh\necho "Error: parse error at (shop/templates/a.yaml:1): unclosed action" >&2\nexit 1\n',
  });
  await chmod(join(folder, 'bin', 'helm'), 0o755);
  const run = await scene.run(
    {
      mode: 'check',
      image: '',
      manifests: `${folder}/k8s/*.yaml\n${folder}/nothing/*.yaml`,
      'helm-chart': join(folder, 'chart'),
      kustomization: join(folder, 'k'),
    },
    { machine: { ...scene.simulator.environment(), PATH: join(folder, 'bin') } },
  );
  expect(run.outputs).toMatchObject({ result: 'unknown', cause: 'manifests-unreadable' });
  expect(run.report?.connections[0]?.images).toMatchObject([{ status: 'pass', pulled: 'proved' }]);
  const unread = Object.fromEntries(
    (run.report?.deployed?.unread ?? []).map(({ file, line, why, fix }) => [
      `${file.replace(`${folder}/`, '')}:${line ?? ''}`,
      `${why} ${fix}`,
    ]),
  );
  const matching = (words: RegExp): unknown => expect.stringMatching(words);
  expect(unread).toEqual({
    'k8s/broken.yaml:3': matching(
      /^Flow sequence in block collection must be .* Correct it, or leave the file out/,
    ),
    'k8s/template.yaml:7': matching(/It looks like a template of a Helm chart: name the chart as helm-chart/),
    'k8s/upper.yaml:7': matching(
      /"contoso\.azurecr\.io\/Team0\/app0:1" \(Pod p, container web\): the repository must be lower-case/,
    ),
    'k8s/placeholder.yaml:7': matching(/"\$\{TAG\}" is a placeholder .* render the file first/),
    'k8s/odd.yaml:1': matching(/^a key is itself a map or a list/),
    'k8s/picture.yaml:': matching(/^it is no text/),
    'nothing/*.yaml:': matching(/^no file matches it Name files that are there/),
    'chart:': matching(
      /^helm template did not render it: Error: parse error at \(shop\/templates\/a\.yaml:1\): unclosed action Make helm template/,
    ),
    'k:': matching(
      /^kubectl was not found on this machine's PATH, and it renders this Install kubectl before this step/,
    ),
  });
  for (const [place, words] of Object.entries(unread)) {
    const [file = ''] = place.split(':');
    expect(run.shown).toContain(file);
    expect(run.shown).toContain(words.split(' ').slice(0, 4).join(' '));
  }
  const placed = run.commands
    .filter(({ name, properties }) => name === 'error' && properties.line !== undefined)
    .map(({ properties }) => `${properties.file?.replace(`${folder}/`, '') ?? ''}:${properties.line ?? ''}`);
  expect(placed.sort()).toEqual(
    ['broken.yaml:3', 'odd.yaml:1', 'placeholder.yaml:7', 'template.yaml:7', 'upper.yaml:7'].map(
      (one) => `k8s/${one}`,
    ),
  );
  // Nothing is quoted, not even by a library's own warning.
  expect(run.stderr).toBe('');
  expect(run.shown).toMatch(/1 file without Kubernetes objects \(.*values\.yaml\)/);
});

it('annotates the lines, whatever files are called and hold', async () => {
  await put({
    'k8s/web.yaml': pod(`contoso.azurecr.io/${IMAGES[0] ?? ''}:1`),
    'k8s/gone.yaml': pod('contoso.azurecr.io/team0/gone:1'),
    'k8s/a%0A::error::b.yaml': 'a: 1\nb: [1\nc: 2\n',
    'k8s/bad.yaml': pod('"contoso.azurecr.io/x\\n::error file=x::y"'),
  });
  const run = await scene.run({ mode: 'check', image: '', manifests: `${folder}/k8s/*.yaml` });
  expect(run.outputs).toMatchObject({ result: 'failed', cause: 'tag-not-found' });
  const placed = run.commands
    .filter(({ name, properties }) => name === 'error' && properties.file !== undefined)
    .map(({ properties }) => `${properties.file?.replace(folder, '') ?? ''}:${properties.line ?? ''}`);
  expect(placed.sort()).toEqual(['/k8s/a%0A:\\:error:\\:b.yaml:3', '/k8s/bad.yaml:7', '/k8s/gone.yaml:7']);
  expect(run.commands.filter(({ data }) => data.trim() === 'y' || data.startsWith('b.yaml'))).toEqual([]);
});

it('shows nothing of the job to a kustomization that asks for it, nor in anything it writes', async () => {
  const stolen = 'configMapGenerator:\n  - { name: stolen, envs: [tokens.env] }\n';
  const copied =
    'replacements:\n  - source: { kind: ConfigMap, name: stolen, fieldPath: data.ACTIONS_ID_TOKEN_REQUEST_TOKEN }\n    targets: [{ select: { kind: Pod }, fieldPaths: [spec.containers.0.image] }]\n';
  await put({
    'k/kustomization.yaml': `resources: [pod.yaml]\n${stolen}${copied}`,
    'k/tokens.env': 'ACTIONS_ID_TOKEN_REQUEST_TOKEN\nPATH\n',
    'k/pod.yaml': pod('contoso.azurecr.io/team0/app0:1'),
  });
  const run = await scene.run({ mode: 'check', image: '', kustomization: join(folder, 'k') });
  expect(run.report?.deployed).toBeDefined();
  const secret = scene.simulator.github.requestToken;
  const forms = [
    secret,
    Buffer.from(secret).toString('base64'),
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
  ];
  const written = [
    run.stdout.replace(/^::add-mask::.*$/gm, ''),
    run.stderr,
    run.summary,
    JSON.stringify(run.report),
    JSON.stringify(run.outputs),
  ].join('\n');
  expect(forms.filter((form) => written.includes(form))).toEqual([]);
});
