/**
 * Charts and kustomizations rendered by real helm and kubectl: what they are made to try sees nothing of the job's logins
 * and reaches no network; and the images found are those that kubectl itself reads out of the same objects.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DeployableInputs, Deployables } from '../../src/core/deployables/model.js';
import { readDeployables } from '../../src/core/deployables/read.js';
import { createFiles } from '../../src/host/files.js';
import { createRenderer } from '../../src/host/renderer.js';
import { formsOf } from '../e2e/audit-ground.js';
import { openGround } from '../e2e/in-process.js';
import { openScene, scenario } from '../e2e/scene.js';
import { suiteUnless } from '../skip.js';
import { kubectlOlderThan } from './clients.js';
import { findHelm } from './helm.js';

const helm = findHelm();
const helmAbsent = 'why' in helm ? helm.why : undefined;
// Older ones have kustomize 2.0, which knows neither bases among resources nor replacements.
const kubectlAbsent = kubectlOlderThan(21);
const path = 'why' in helm ? (process.env.PATH ?? '') : [helm.folder, process.env.PATH].join(delimiter);

const TOKEN = 'a-token-of-the-job';
const JOB = {
  PATH: path,
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: TOKEN,
  SYSTEM_ACCESSTOKEN: TOKEN,
  AZURE_CLIENT_SECRET: TOKEN,
  GITHUB_TOKEN: TOKEN,
};

let folder: string;
/** Requests that reached a server of this machine. */
let reached: string[];
let server: Server;
let port: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rendering of '));
  reached = [];
  server = createServer((request, response) => {
    reached.push(request.url ?? '');
    response.end('apiVersion: v1\nkind: Pod\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});
afterAll(async () => {
  if ('folder' in helm && helm.fetched) await rm(helm.folder, { recursive: true, force: true });
});

async function put(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

function read(inputs: Partial<DeployableInputs>, base = folder): Promise<Deployables> {
  const all = { manifests: [], charts: [], values: [], kustomizations: [], allowRemote: false, ...inputs };
  const ports = {
    files: createFiles(base),
    renderer: createRenderer(JOB, base, tmpdir()),
    signal: new AbortController().signal,
  };
  return readDeployables(all, ports, async () => ({ why: 'no registry', fix: '' }));
}

/** Everything that was found, as text. */
const everything = (found: Deployables): string => JSON.stringify(found);

const CHART = 'apiVersion: v2\nname: shop\nversion: 0.1.0\n';
const POD = (image: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: { name: p }\nspec:\n  containers:\n    - name: web\n      image: ${image}\n`;

suiteUnless(helmAbsent, 'charts, by a real helm', () => {
  it('gives images with the line that a person would change', async () => {
    await put({
      'chart/Chart.yaml': CHART,
      'chart/values.yaml': 'image:\n  repository: contoso.azurecr.io/shop/web\n  tag: "1"\n',
      'chart/templates/web.yaml': POD('"{{ .Values.image.repository }}:{{ .Values.image.tag }}"'),
      'chart/templates/fixed.yaml': POD('contoso.azurecr.io/shop/fixed:1'),
      'chart/templates/tests/t.yaml': POD('contoso.azurecr.io/test:1').replace(
        '{ name: p }',
        '{ name: t, annotations: { helm.sh/hook: test } }',
      ),
      'prod.yaml': 'image:\n\n  tag: "2"\n',
    });
    const { images, unread } = await read({ charts: ['./chart/'], values: ['prod.yaml'] });
    expect(unread).toEqual([]);
    expect(images.map(({ reference, uses }) => [reference.name, uses[0]?.place])).toEqual([
      ['contoso.azurecr.io/shop/fixed:1', { file: 'chart/templates/fixed.yaml', line: 7 }],
      ['contoso.azurecr.io/shop/web:2', { file: 'chart/values.yaml', line: 2 }],
    ]);
  });

  it('sees nothing of the job, and no file outside', async () => {
    await put({
      'secret.txt': TOKEN,
      'chart/Chart.yaml': CHART,
      'chart/templates/a.yaml': POD(
        'x/{{ .Files.Get "../secret.txt" }}{{ .Files.Get "/proc/self/environ" | b64enc | lower }}y:1',
      ),
    });
    const found = await read({ charts: ['chart'] });
    expect(everything(found)).not.toContain(TOKEN);
    expect(found.images.map(({ reference }) => reference.name)).toEqual(['docker.io/x/y:1']);
  });

  it('is not rendered at all when a link leads out of it', async () => {
    await put({
      'secret.txt': TOKEN,
      'chart/Chart.yaml': CHART,
      'chart/templates/a.yaml': POD('x:{{ .Files.Get "l" }}'),
    });
    await symlink(join(folder, 'secret.txt'), join(folder, 'chart', 'l'));
    const found = await read({ charts: ['chart'] });
    expect(found.unread).toMatchObject([{ kind: 'unreadable', why: 'it holds a link out of the chart: l' }]);
    expect(everything(found)).not.toContain(TOKEN);
  });

  it('reaches no network: not for names, values, dependencies or charts elsewhere', async () => {
    const url = `http://127.0.0.1:${port}`;
    await put({
      'chart/Chart.yaml': `${CHART}dependencies:\n  - { name: other, version: 1.0.0, repository: "${url}" }\n`,
      'chart/templates/a.yaml': POD('a:{{ getHostByName "localhost" | default "none" | replace "." "-" }}'),
      'plain/Chart.yaml': CHART,
      'plain/templates/a.yaml': POD('a:n{{ getHostByName "localhost" | replace "." "-" | replace ":" "-" }}'),
    });
    const found = await read({
      charts: [
        'chart',
        'plain',
        `${url.replace('//', '//me:a-password@')}/chart.tgz`,
        `oci://127.0.0.1:${port}/chart:1`,
      ],
    });
    expect(found.unread.map(({ place, kind }) => [place.file, kind])).toEqual([
      ['chart', 'render'],
      [`${url.replace('//', '//***@')}/chart.tgz`, 'remote'],
      [`oci://127.0.0.1:${port}/chart:1`, 'remote'],
    ]);
    expect(found.images.map(({ reference }) => reference.name)).toEqual(['docker.io/library/a:n']);
    expect(reached).toEqual([]);
  });

  it("runs no plugin of the user's", async () => {
    await put({
      'home/plugins/p/plugin.yaml': `name: p\nversion: 1.0.0\nusage: x\ndescription: x\ncommand: touch ${folder}/ran\ndownloaders:\n  - command: "touch ${folder}/ran"\n    protocols: [steal]\n`,
      'chart/Chart.yaml': CHART,
      'chart/templates/a.yaml': POD('a:1'),
    });
    const renderer = createRenderer({ ...JOB, HELM_PLUGINS: join(folder, 'home/plugins') }, folder, tmpdir());
    const bounds = { network: false, signal: new AbortController().signal, timeoutMs: 60_000 };
    await renderer.run('helm', ['template', 'x', './chart', '--values', 'steal://x'], bounds);
    await renderer.run('helm', ['p'], bounds);
    expect(existsSync(join(folder, 'ran'))).toBe(false);
  });

  it.each([
    ['an error of a template', { 'c/templates/a.yaml': '{{ fail "no tag given" }}' }, /no tag given/],
    ['a template that is none', { 'c/templates/a.yaml': '{{ if }}' }, /parse error at/],
    [
      'a dependency that is not there',
      {
        'c/Chart.yaml': `${CHART}dependencies:\n  - { name: o, version: 1.0.0, repository: "https://example.com" }\n`,
      },
      /missing in charts/,
    ],
    ['no chart', { 'c/Chart.yaml': 'a: [' }, /Chart\.yaml/],
  ])("tells helm's own words: %s", async (_what, files, words) => {
    await put({ 'c/Chart.yaml': CHART, 'good.yaml': POD('good:1'), ...files });
    const found = await read({ charts: ['c'], manifests: ['good.yaml'] });
    expect(found.unread).toMatchObject([{ kind: 'render', place: { file: 'c' } }]);
    expect(found.unread[0]?.why).toMatch(words);
    expect(found.images).toHaveLength(1);
  });
});

suiteUnless(helmAbsent ?? kubectlAbsent, 'a thief, by the shipped action with real helm and kubectl', () => {
  it('gets none of the tokens of the job out of it, nor anywhere', async () => {
    const scene = await openScene(
      scenario({ assigned: [{ principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso' }] }),
    );
    try {
      const url = `http://127.0.0.1:${port}`;
      const variable = 'ACTIONS_ID_TOKEN_REQUEST_TOKEN';
      await put({
        'chart/Chart.yaml': CHART,
        // What it can read of the job would be in the name of an image, in base64 and as it is, and asked of a server.
        'chart/templates/a.yaml': POD(
          `contoso.azurecr.io/x{{ .Files.Get "/proc/self/environ" | b64enc | lower }}{{ .Files.Get "../../environ" }}{{ getHostByName "127.0.0.1" | len }}:1`,
        ),
        'fails/Chart.yaml': CHART,
        'fails/templates/a.yaml': `{{ fail (print "environment: " (env "${variable}")) }}`,
        'fetches/Chart.yaml': `${CHART}dependencies:\n  - { name: other, version: 1.0.0, repository: "${url}" }\n`,
        'fetches/templates/a.yaml': POD('a:1'),
        'k/kustomization.yaml': `resources: [a.yaml]\nconfigMapGenerator:\n  - { name: stolen, envs: [tokens.env], files: [/proc/self/environ] }\n`,
        'k/tokens.env': `${variable}\n`,
        'k/a.yaml': POD('a:1'),
        'j/kustomization.yaml': `resources: [a.yaml, "${url}/base.yaml"]\n`,
        'j/a.yaml': POD('a:1'),
        'good.yaml': POD('contoso.azurecr.io/shop/web:1.4'),
      });
      const named = (...names: string[]): string => names.map((name) => join(folder, name)).join('\n');
      const run = await scene.run(
        {
          mode: 'check',
          image: '',
          manifests: named('good.yaml'),
          'helm-chart': named('chart', 'fails', 'fetches'),
          kustomization: named('k', 'j'),
        },
        { machine: { ...scene.simulator.environment(), PATH: path } },
      );
      // Each was rendered, or tried to be; nothing that was read is in a name.
      expect(run.outputs).toMatchObject({ result: 'failed', cause: 'tag-not-found' });
      expect(run.report?.connections[0]?.images?.map(({ image }) => image).sort()).toEqual([
        'contoso.azurecr.io/shop/web:1.4',
        'contoso.azurecr.io/x0:1',
      ]);
      expect(run.report?.deployed?.unread.map(({ file }) => file.replace(`${folder}/`, ''))).toEqual([
        'fails',
        'fetches',
        'k',
        'j',
      ]);
      expect(run.report?.deployed?.otherImages).toEqual([]);
      expect(reached).toEqual([]);
      const written = [run.shown, run.stderr, run.summary, JSON.stringify([run.report, run.outputs])].join(
        '\n',
      );
      for (const form of formsOf(scene.simulator.github.requestToken)) {
        expect(written).not.toContain(form);
        expect(written.toLowerCase()).not.toContain(form.toLowerCase());
      }
    } finally {
      await scene.end();
    }
  });
});

suiteUnless(helmAbsent, 'a chart of the registry itself', () => {
  const sha = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

  it('is read with our own login, and rendered by a helm that has none and no network', async () => {
    await put({
      'shop/Chart.yaml': CHART,
      'shop/templates/web.yaml': POD('contoso.azurecr.io/shop/web:{{ .Values.tag }}'),
      'prod.yaml': 'tag: "1"\n',
    });
    const packed = spawnSync('helm', ['package', 'shop'], {
      cwd: folder,
      env: { ...process.env, PATH: path },
    });
    expect(packed.status).toBe(0);
    const ground = await openGround(
      JSON.stringify({
        name: 'charts',
        identities: [{ name: 'deployer', federated: 'github' }],
        clusters: [{ name: 'shop', resourceGroup: 'apps', pools: [{ name: 'apps' }] }],
        registries: [
          {
            name: 'contoso',
            resourceGroup: 'apps',
            repositories: [
              { name: 'shop/web', images: [{ tag: '1', platforms: ['linux/amd64'] }] },
              { name: 'charts/shop', images: [{ tag: 'x', platforms: ['linux/amd64'] }] },
            ],
          },
        ],
        roleAssignments: [
          {
            principal: 'deployer',
            role: 'Azure Kubernetes Service Cluster User Role',
            scope: 'cluster:shop',
          },
          { principal: 'deployer', role: 'Reader', scope: 'subscription' },
          { principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso' },
        ],
      }),
    );
    const before = process.env.PATH;
    try {
      const bytes = await readFile(join(folder, 'shop-0.1.0.tgz'));
      const manifest = Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          config: {
            mediaType: 'application/vnd.cncf.helm.config.v1+json',
            digest: sha(Buffer.from('{}')),
            size: 2,
          },
          layers: [
            {
              mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
              digest: sha(bytes),
              size: bytes.length,
            },
          ],
        }),
      );
      const repository = ground.simulator.state.registries[0]?.repositories.find(
        ({ name }) => name === 'charts/shop',
      );
      repository?.blobs.set(sha(bytes), bytes);
      repository?.manifests.set(sha(manifest), {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        bytes: manifest,
      });
      repository?.tags.set('0.1.0', sha(manifest));
      process.env.PATH = path;
      const run = async (version: string) =>
        ground.run({
          mode: 'check',
          'helm-chart': `oci://contoso.azurecr.io/charts/shop:${version}`,
          'helm-values': join(folder, 'prod.yaml'),
        });
      const { report } = await run('0.1.0');
      expect(report?.deployed?.unread).toEqual([]);
      expect(report).toMatchObject({
        result: 'passed',
        connections: [{ images: [{ image: 'contoso.azurecr.io/shop/web:1', pulled: 'proved' }] }],
      });
      const { report: absent } = await run('0.2.0');
      expect(absent).toMatchObject({
        result: 'unknown',
        deployed: { unread: [{ why: expect.stringMatching(/could not be fetched: .*404/) as unknown }] },
      });
    } finally {
      process.env.PATH = before;
      await ground.end();
    }
  });
});

suiteUnless(kubectlAbsent, 'kustomizations, by a real kubectl', () => {
  it('gives images with the file that names them', async () => {
    await put({
      'base/kustomization.yaml': 'resources: [web.yaml, cache.yaml]\n',
      'base/web.yaml': POD('contoso.azurecr.io/shop/web:dev'),
      'base/cache.yaml': POD('contoso.azurecr.io/cache:7').replace('{ name: p }', '{ name: c }'),
      'prod/kustomization.yaml':
        'resources: [../base]\nimages:\n  - name: contoso.azurecr.io/shop/web\n    newTag: "3"\n',
    });
    const { images, unread } = await read({ kustomizations: ['prod'] });
    expect(unread).toEqual([]);
    expect(images.map(({ reference, uses }) => [reference.name, uses[0]?.place]).sort()).toEqual([
      ['contoso.azurecr.io/cache:7', { file: 'prod/kustomization.yaml' }],
      ['contoso.azurecr.io/shop/web:3', { file: 'prod/kustomization.yaml', line: 3 }],
    ]);
  });

  it('sees nothing of the job, and no file outside', async () => {
    await put({
      'secret.txt': TOKEN,
      'tokens.env': Object.keys(JOB).join('\n'),
      'k/tokens.env': 'GITHUB_TOKEN\nSYSTEM_ACCESSTOKEN\nAZURE_CLIENT_SECRET\nHOME\n',
      'k/kustomization.yaml':
        'resources: [a.yaml]\nconfigMapGenerator:\n  - { name: stolen, envs: [tokens.env] }\nreplacements:\n  - source: { kind: ConfigMap, name: stolen, fieldPath: data.GITHUB_TOKEN }\n    targets:\n      - select: { kind: Pod }\n        fieldPaths: [spec.containers.0.image]\n        options: { create: true }\n',
      'k/a.yaml': POD('a:1'),
      'out/kustomization.yaml':
        'resources: [a.yaml]\nconfigMapGenerator:\n  - { name: stolen, files: [../secret.txt] }\n',
      'out/a.yaml': POD('b:1'),
    });
    const found = await read({ kustomizations: ['k', 'out'] });
    expect(everything(found)).not.toContain(TOKEN);
    expect(found.unread.map(({ place, kind }) => [place.file, kind])).toContainEqual(['out', 'render']);
    // What the generator did see is the list of what is allowed: this child's own home among it.
    const renderer = createRenderer(JOB, folder, tmpdir());
    const bounds = { network: false, signal: new AbortController().signal, timeoutMs: 60_000 };
    const { stdout, stderr } = await renderer.run('kubectl', ['kustomize', './k'], bounds);
    expect(stdout + stderr).not.toContain(TOKEN);
  });

  it('reaches no network, runs no helm and no function', async () => {
    await put({
      'remote/kustomization.yaml': `resources: ["http://127.0.0.1:${port}/base.yaml"]\n`,
      'git/kustomization.yaml': `resources: ["http://127.0.0.1:${port}/org/repo?ref=main"]\n`,
      'helm/kustomization.yaml': 'helmCharts:\n  - { name: x, repo: "https://example.com" }\n',
      'function/kustomization.yaml': 'transformers: [f.yaml]\n',
      'function/f.yaml': `apiVersion: v1\nkind: F\nmetadata:\n  name: f\n  annotations:\n    config.kubernetes.io/function: |\n      exec: { path: ./f.sh }\n`,
      'function/f.sh': `#!/bin/sh\ntouch ${folder}/ran\n`,
    });
    const found = await read({
      kustomizations: ['remote', 'git', 'helm', 'function', 'https://example.com/x'],
    });
    expect(found.unread.map(({ kind }) => kind)).toEqual(['render', 'render', 'render', 'render', 'remote']);
    expect(reached).toEqual([]);
    expect(existsSync(join(folder, 'ran'))).toBe(false);
  });
});

describe('where the tool is missing', () => {
  it.each([
    ['helm', { charts: ['chart'] }],
    ['kubectl', { kustomizations: ['k'] }],
  ])('says what to install: %s', async (tool, inputs) => {
    await put({ 'chart/Chart.yaml': CHART, 'k/kustomization.yaml': '', 'good.yaml': POD('good:1') });
    const ports = {
      files: createFiles(folder),
      renderer: createRenderer({ PATH: join(folder, 'nothing') }, folder, tmpdir()),
      signal: new AbortController().signal,
    };
    const all = { manifests: ['good.yaml'], charts: [], values: [], kustomizations: [], allowRemote: false };
    const found = await readDeployables({ ...all, ...inputs }, ports, async () => ({ why: '', fix: '' }));
    expect(found.unread).toMatchObject([{ kind: 'tool-missing' }]);
    expect(found.unread[0]?.fix).toContain(`Install ${tool}`);
    expect(found.images).toHaveLength(1);
  });
});
