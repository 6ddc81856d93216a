/** Images out of YAML: every kind of workload, every place in a pod, with the line; and what can't be read. */
import { describe, expect, it } from '@jest/globals';
import { readFiles, usesOf } from './files.js';

const POD = (image: string): string => `spec:
  containers:
    - name: web
      image: ${image}
`;
const indented = (text: string, by: number): string => text.replace(/^(?=.)/gm, ' '.repeat(by));

const KINDS: [string, string, string][] = [
  ['Pod', 'v1', POD('r.example/a:1')],
  ...['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'].map((kind): [string, string, string] => [
    kind,
    'apps/v1',
    `spec:\n  template:\n${indented(POD('r.example/a:1'), 4)}`,
  ]),
  ['ReplicationController', 'v1', `spec:\n  template:\n${indented(POD('r.example/a:1'), 4)}`],
  ['Job', 'batch/v1', `spec:\n  template:\n${indented(POD('r.example/a:1'), 4)}`],
  [
    'CronJob',
    'batch/v1',
    `spec:\n  jobTemplate:\n    spec:\n      template:\n${indented(POD('r.example/a:1'), 8)}`,
  ],
  ['PodTemplate', 'v1', `template:\n${indented(POD('r.example/a:1'), 2)}`],
  ['Rollout', 'argoproj.io/v1alpha1', `spec:\n  template:\n${indented(POD('r.example/a:1'), 4)}`],
  [
    'RayCluster',
    'ray.io/v1',
    `spec:\n  workerGroupSpecs:\n    - template:\n${indented(POD('r.example/a:1'), 8)}`,
  ],
];

describe('images are found in', () => {
  it.each(KINDS)('a %s', async (kind, apiVersion, body) => {
    const text = `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n  name: shop\n${body}`;
    const found = await readFiles({ 'a.yaml': text });
    const line = text.split('\n').findIndex((one) => one.includes('image:')) + 1;
    expect(usesOf(found)).toEqual([`a.yaml:${line} container web r.example/a:1`]);
    expect(found.images[0]?.uses[0]?.workload).toMatchObject({ kind, name: 'shop' });
  });

  it('init and ephemeral containers, and image volumes', async () => {
    const text = `apiVersion: v1
kind: Pod
metadata: { name: shop, namespace: prod }
spec:
  initContainers:
    - { name: prepare, image: r.example/prepare:1 }
  containers:
    - { name: web, image: r.example/web:1 }
  ephemeralContainers:
    - { name: look, image: "r.example/look:1" }
  volumes:
    - name: models
      image:
        reference: r.example/models:1
`;
    expect(usesOf(await readFiles({ 'a.yaml': text }))).toEqual([
      'a.yaml:6 init container prepare r.example/prepare:1',
      'a.yaml:8 container web r.example/web:1',
      'a.yaml:10 ephemeral container look r.example/look:1',
      'a.yaml:14 volume models r.example/models:1',
    ]);
  });

  it('Lists, typed lists, several documents, JSON, anchors and merge keys', async () => {
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } };
    const spec = (image: string): object => ({ spec: { containers: [{ name: 'c', image }] } });
    const files = {
      'list.json': JSON.stringify(
        { apiVersion: 'v1', kind: 'List', items: [{ ...pod, ...spec('r.example/a:1') }] },
        null,
        1,
      ),
      'typed.yaml': `apiVersion: v1\nkind: PodList\nitems:\n  - metadata: { name: p }\n${indented(POD('r.example/b:1'), 4)}`,
      'several.yaml': `---\n# nothing\n---\napiVersion: v1\nkind: Pod\n${POD('r.example/c:1')}---\napiVersion: v1\nkind: Pod\n${POD('r.example/d:1')}`,
      'anchors.yaml': `apiVersion: v1\nkind: Pod\nx: &base\n  image: r.example/e:1\nspec:\n  containers:\n    - <<: *base\n      name: web\n`,
    };
    expect(usesOf(await readFiles(files))).toEqual([
      'list.json:15 container c r.example/a:1',
      'typed.yaml:8 container web r.example/b:1',
      'several.yaml:9 container web r.example/c:1',
      'several.yaml:16 container web r.example/d:1',
      'anchors.yaml:7 container web r.example/e:1',
    ]);
  });

  it('no schema, no text in a ConfigMap, and nothing that an object reports of itself', async () => {
    const text = `apiVersion: v1
kind: ConfigMap
data:
  pod: "containers: [{name: a, image: r.example/a:1}]"
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
spec:
  example: { containers: [{ name: a, image: r.example/b:1 }] }
---
apiVersion: v1
kind: Thing
status: { containers: [{ name: a, image: r.example/c:1 }] }
`;
    expect(usesOf(await readFiles({ 'a.yaml': text }))).toEqual([]);
  });
});

it('counts an image once, however often and however it is written', async () => {
  const text = ['nginx', 'docker.io/library/nginx:latest', 'index.docker.io/nginx']
    .map((image) => `apiVersion: v1\nkind: Pod\n${POD(image)}`)
    .join('---\n');
  const { images } = await readFiles({ 'a.yaml': text });
  expect(images.map(({ uses }) => uses.length)).toEqual([3]);
});

it('keeps what decides where a workload lands, and its pull secrets with their lines', async () => {
  const text = `apiVersion: batch/v1
kind: DaemonSet
metadata: { name: shop }
spec:
  template:
    spec:
      os: { name: linux }
      serviceAccountName: shop
      nodeSelector: { kubernetes.io/arch: arm64 }
      imagePullSecrets:
        - name: acr
        - { name: other }
      tolerations: [{ operator: Exists }]
      affinity:
        nodeAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            nodeSelectorTerms:
              - matchExpressions: [{ key: zone, operator: In, values: ["1"] }]
      containers: [{ name: a, image: r.example/a:1 }]
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: shop }
imagePullSecrets:
  - name: acr
`;
  const { images, accounts } = await readFiles({ 'a.yaml': text });
  const workload = images[0]?.uses[0]?.workload;
  expect(workload).toMatchObject({
    os: 'linux',
    serviceAccount: 'shop',
    nodeSelector: { 'kubernetes.io/arch': 'arm64' },
    nodeAffinity: [[{ key: 'zone', operator: 'In', values: ['1'] }]],
    pullSecrets: [
      { name: 'acr', place: { file: 'a.yaml', line: 11 } },
      { name: 'other', place: { file: 'a.yaml', line: 12 } },
    ],
  });
  expect(workload?.tolerations[0]).toEqual({ operator: 'Exists' });
  expect(accounts).toEqual([
    { name: 'shop', pullSecrets: [{ name: 'acr', place: { file: 'a.yaml', line: 25 } }] },
  ]);
});

describe('what can not be read', () => {
  const good = `apiVersion: v1\nkind: Pod\n${POD('r.example/good:1')}`;
  const unread = async (text: string): Promise<string[]> => {
    const found = await readFiles({ 'bad.yaml': text, 'good.yaml': good });
    expect(usesOf(found)).toContain('good.yaml:6 container web r.example/good:1');
    return found.unread.map(({ place: { file, line }, kind }) => `${file}:${line ?? ''} ${kind}`);
  };

  it.each([
    ['a tab', 'apiVersion: v1\nkind: Pod\nspec:\n\tcontainers: []\n', 'bad.yaml:4 yaml'],
    ['a bracket left open', 'a: 1\nb: [1, 2\nc: 3\n', 'bad.yaml:3 yaml'],
    ['a key twice', 'a: 1\nb: 2\na: 3\n', 'bad.yaml:3 yaml'],
    [
      'a template that is YAML all the same',
      `apiVersion: v1\nkind: Pod\n${POD('{{ .Values.image }}')}`,
      'bad.yaml:6 yaml',
    ],
    ['a key that is a list', 'a: 1\n? [b]\n: 2\n', 'bad.yaml:2 yaml'],
    [
      'what nests too deeply',
      `apiVersion: v1\nkind: Pod\nx: ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`,
      'bad.yaml:3 yaml',
    ],
    ['an unknown anchor', 'a: 1\nb: *nothing\n', 'bad.yaml:2 yaml'],
    [
      'a reference that no registry takes',
      `apiVersion: v1\nkind: Pod\n${POD('r.example/Bad:1')}`,
      'bad.yaml:6 reference',
    ],
    ['an empty reference', `apiVersion: v1\nkind: Pod\n${POD('""')}`, 'bad.yaml:6 reference'],
    ['no reference at all', `apiVersion: v1\nkind: Pod\n${POD('')}`, 'bad.yaml:6 reference'],
    [
      'a placeholder',
      `apiVersion: v1\nkind: Pod\n${POD('contoso.azurecr.io/web:${TAG}')}`,
      'bad.yaml:6 reference',
    ],
  ])('%s is told with its line, and the rest is read', async (_what, text, told) => {
    expect(await unread(text)).toEqual([told]);
  });

  it('is the broken document alone; the others of its file are read', async () => {
    const { images, unread: told } = await readFiles({
      'a.yaml': `${good}---\na: [\n---\n${good.replace('good', 'also')}`,
    });
    expect(images.map(({ reference }) => reference.repository)).toEqual(['good', 'also']);
    expect(told).toHaveLength(1);
  });

  it('says of a template that its chart is to be named', async () => {
    const { unread: told } = await readFiles({
      'a.yaml': 'a: {{ .Values.a }}\nb: {{- include "x" . | nindent 2 }}\n',
    });
    expect(told[0]?.fix).toMatch(/helm-chart/);
  });

  it('says of a placeholder that it is to be filled in, and quotes no more than it must', async () => {
    const template = await readFiles({
      'a.yaml': `apiVersion: v1\nkind: Pod\n${POD('"r.example/a:{{ .Values.tag }}"')}`,
    });
    expect(template.unread).toMatchObject([
      {
        why: 'no registry would accept "r.example/a:{{ .Values.tag }}" (Pod , container web): "{{ .Values.tag }}" is a placeholder that something fills in later',
        fix: expect.stringMatching(/^Name what is really deployed: render the file first/) as unknown,
      },
    ]);
    const long = await readFiles({ 'a.yaml': `apiVersion: v1\nkind: Pod\n${POD('a'.repeat(100_000))}` });
    expect(long.unread[0]?.why.length).toBeLessThan(500);
  });

  it('does not grow without bounds by aliases', async () => {
    const lines = Array.from(
      { length: 30 },
      (_, nth) => `a${nth}: &a${nth} [${nth === 0 ? 'x' : `*a${nth - 1}, *a${nth - 1}`}]`,
    );
    expect(await unread(`apiVersion: v1\nkind: Pod\n${lines.join('\n')}\n`)).toEqual([
      expect.stringMatching(/yaml$/),
    ]);
  });

  it('is a pattern that matches nothing, and a file that is not there', async () => {
    const found = await readFiles({ 'good.yaml': good });
    expect(found.unread).toEqual([]);
    const { readDeployables } = await import('../../../src/core/deployables/read.js');
    const { filesOf } = await import('./files.js');
    const none = await readDeployables(
      {
        manifests: ['nothing/*.yaml', 'good.yaml'],
        charts: [],
        values: [],
        kustomizations: [],
        allowRemote: false,
      },
      {
        files: filesOf({ 'good.yaml': good }),
        renderer: { run: () => Promise.reject(new Error()) },
        signal: new AbortController().signal,
      },
      () => Promise.reject(new Error()),
    );
    expect(none.unread).toMatchObject([{ kind: 'no-match', place: { file: 'nothing/*.yaml' } }]);
    expect(none.images).toHaveLength(1);
  });
});
