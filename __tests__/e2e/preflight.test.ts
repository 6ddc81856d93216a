/** check with what is about to be deployed: from files to verdict, against the simulated cloud. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { RawInputs } from '../../src/core/inputs.js';
import type { Check, DeployedImage, Finding } from '../../src/core/report.js';
import { openGround } from './in-process.js';
import type { Ground, WholeRun } from './in-process.js';

interface Cloud {
  pools?: object[];
  images?: Record<string, string[]>;
  mode?: string;
  grants?: object[];
}

/** A cluster, a registry with images for some platforms, and a login that may check. */
function cloud({
  pools = [{ name: 'apps' }],
  images = { 'shop/web:1': ['linux/amd64'], 'shop/api:2': ['linux/amd64', 'linux/arm64'] },
  mode = 'legacy',
  grants = [{ principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso' }],
}: Cloud = {}): string {
  const repositories = Object.entries(images).map(([reference, platforms]) => {
    const [name, tag] = reference.split(':');
    return { name, images: [{ tag, platforms }] };
  });
  return JSON.stringify({
    name: 'preflight',
    identities: [{ name: 'deployer', federated: 'github' }],
    clusters: [{ name: 'shop', resourceGroup: 'apps', pools }],
    registries: [{ name: 'contoso', resourceGroup: 'apps', mode, repositories }],
    roleAssignments: [
      { principal: 'deployer', role: 'Azure Kubernetes Service Cluster User Role', scope: 'cluster:shop' },
      { principal: 'deployer', role: 'Reader', scope: 'subscription' },
      { principal: 'deployer', role: 'Container Registry Repository Reader', scope: 'registry:contoso' },
      ...grants,
    ],
  });
}

let ground: Ground | undefined;
let folder: string | undefined;
afterEach(async () => {
  await ground?.end();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  [ground, folder] = [undefined, undefined];
});

/** @param files by their paths */
async function check(
  files: Record<string, string>,
  { inputs = {}, ...of }: Cloud & { inputs?: RawInputs } = {},
): Promise<WholeRun & { findings: Finding[] }> {
  folder = await mkdtemp(join(tmpdir(), 'preflight-'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  ground = await openGround(cloud(of));
  const run = await ground.run({ mode: 'check', manifests: `${folder}/**/*.yaml`, ...inputs });
  const findings = run.report?.connections.flatMap((one) => one.findings) ?? [];
  return { ...run, findings };
}

const deployment = (name: string, image: string, more = ''): string => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
spec:
  template:
    spec:
${more}      containers:
        - name: ${name}
          image: ${image}
`;

const manifestReads = ({ requests }: WholeRun): string[] =>
  requests
    .filter(({ path, caller }) => caller === 'deployer' && /\/v2\/.*\/manifests\//.test(path))
    .map(({ path }) => path);

const checkOf = ({ report }: WholeRun, id: string): Check | undefined =>
  report?.connections[0]?.checks.find((one) => one.id === id);

const imageOf = ({ report }: WholeRun, image: string): DeployedImage | undefined =>
  report?.connections[0]?.images?.find((one) => one.image === `contoso.azurecr.io/${image}`);

const WEB = deployment('web', 'contoso.azurecr.io/shop/web:1');

describe('what is about to be deployed', () => {
  it('passes when every image is there, may be pulled, and was pulled; other registries are listed', async () => {
    const run = await check({
      'web.yaml': WEB,
      'api.yaml': `${deployment('api', 'contoso.azurecr.io/shop/api:2')}---\n${deployment('cache', 'redis:7')}`,
    });
    expect(run.report).toMatchObject({
      result: 'passed',
      deployed: { sources: 2, objects: 3, unread: [], otherImages: [{ image: 'docker.io/library/redis:7' }] },
    });
    expect(imageOf(run, 'shop/api:2')).toMatchObject({
      status: 'pass',
      exists: true,
      access: true,
      pulled: 'proved',
    });
    expect(imageOf(run, 'shop/web:1')?.uses).toMatchObject([
      {
        file: expect.stringMatching(/web\.yaml$/) as unknown,
        line: 10,
        workload: 'Deployment web',
        container: 'container web',
      },
    ]);
    expect(manifestReads(run)).toHaveLength(2);
  });

  it('fails for a tag that is not there, names the line, and still judges the others', async () => {
    const run = await check({
      'web.yaml': WEB,
      'api.yaml': deployment('api', 'contoso.azurecr.io/shop/api:3'),
    });
    expect(run.report).toMatchObject({ result: 'failed', cause: 'tag-not-found' });
    expect(checkOf(run, 'images-there')?.evidence).toMatch(
      /shop\/api:3 \(.*api\.yaml:10\): could not read the manifest/,
    );
    expect(imageOf(run, 'shop/web:1')).toMatchObject({ status: 'pass', pulled: 'proved' });
    expect(imageOf(run, 'shop/api:3')).toMatchObject({ status: 'fail', exists: false, pulled: 'not pulled' });
  });

  it("fails for a repository that the grant's condition keeps out", async () => {
    const team =
      "(!(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/content/read'}) AND !(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/metadata/read'})) OR (@Request[Microsoft.ContainerRegistry/registries/repositories:name] StringStartsWithIgnoreCase 'shop/')";
    const run = await check(
      { 'web.yaml': WEB, 'other.yaml': deployment('other', 'contoso.azurecr.io/other/app:1') },
      {
        mode: 'abac',
        images: { 'shop/web:1': ['linux/amd64'], 'other/app:1': ['linux/amd64'] },
        grants: [
          {
            principal: 'kubelet of shop',
            role: 'Container Registry Repository Reader',
            scope: 'registry:contoso',
            condition: team,
          },
        ],
      },
    );
    expect(run.report?.result).toBe('failed');
    expect(imageOf(run, 'shop/web:1')).toMatchObject({ status: 'pass', access: true, pulled: 'proved' });
    expect(imageOf(run, 'other/app:1')).toMatchObject({ status: 'fail', access: false, pulled: 'refused' });
    expect(checkOf(run, 'images-access')?.evidence).toMatch(/other\/app:1/);
  });

  it('fails where a workload can land on a pool that its image has no platform for, not where it is kept away', async () => {
    const pools = [{ name: 'apps' }, { name: 'arm', architecture: 'arm64' }];
    const run = await check(
      {
        'web.yaml': WEB,
        'kept.yaml': deployment(
          'kept',
          'contoso.azurecr.io/shop/kept:1',
          '      nodeSelector: { kubernetes.io/arch: amd64 }\n',
        ),
      },
      { pools, images: { 'shop/web:1': ['linux/amd64'], 'shop/kept:1': ['linux/amd64'] } },
    );
    expect(run.report).toMatchObject({ result: 'failed', cause: 'platform-mismatch-arch' });
    expect(imageOf(run, 'shop/web:1')).toMatchObject({
      status: 'fail',
      pools: [
        { nodePool: 'apps', platform: true },
        { nodePool: 'arm', platform: false },
      ],
      pulled: 'proved',
    });
    expect(imageOf(run, 'shop/kept:1')).toMatchObject({
      status: 'pass',
      pools: [{ nodePool: 'apps', platform: true }],
    });
  });

  it('is unknown, with file and line, when something could not be read; the rest is judged', async () => {
    const run = await check({ 'web.yaml': WEB, 'bad.yaml': 'a: 1\nb: [1, 2\nc: 3\n' });
    expect(run.report).toMatchObject({ result: 'unknown', cause: 'manifests-unreadable' });
    expect(checkOf(run, 'manifests')).toMatchObject({
      status: 'unknown',
      evidence: expect.stringMatching(/bad\.yaml:3: /) as unknown,
    });
    expect(imageOf(run, 'shop/web:1')).toMatchObject({ status: 'pass', pulled: 'proved' });
  });

  it('is unknown when nothing names an image of the registry', async () => {
    const run = await check({ 'cache.yaml': deployment('cache', 'redis:7') });
    expect(run.report).toMatchObject({ result: 'unknown', cause: 'no-image-of-registry' });
    expect(checkOf(run, 'manifest-images')?.evidence).toBe('the images found are of docker.io');
  });

  it('pulls no more than it may on each pool, and labels the others', async () => {
    const run = await check(
      { 'web.yaml': WEB, 'api.yaml': deployment('api', 'contoso.azurecr.io/shop/api:2') },
      { inputs: { 'max-pulls': '1' }, pools: [{ name: 'apps' }, { name: 'more' }] },
    );
    expect(run.report?.result).toBe('passed');
    expect(run.report?.connections[0]?.pulls.map(({ nodePool, image }) => [nodePool, image])).toEqual([
      ['apps', expect.any(String)],
      ['more', expect.any(String)],
    ]);
    const labels = run.report?.connections[0]?.images?.map(({ pulled }) => pulled).sort();
    expect(labels).toEqual(['not pulled', 'proved']);
    expect(checkOf(run, 'images-pulled')?.title).toBe('of 2 images 1 was really pulled');
  });

  it('makes no pod with verify: access', async () => {
    const run = await check({ 'web.yaml': WEB }, { inputs: { verify: 'access' } });
    expect(run.report).toMatchObject({ result: 'passed' });
    expect(run.requests.filter(({ path }) => path.startsWith('/apis/batch'))).toEqual([]);
    expect(run.report?.connections[0]?.pulls).toEqual([]);
  });

  it('names the lines of pull secrets that nobody needs, and only of these', async () => {
    const secret = '      imagePullSecrets:\n        - name: acr\n';
    const run = await check({
      'web.yaml': deployment('web', 'contoso.azurecr.io/shop/web:1', secret),
      'mixed.yaml':
        deployment('mixed', 'contoso.azurecr.io/shop/api:2', secret.replace('acr', 'other')) +
        '        - name: proxy\n          image: quay.io/proxy:1\n',
      'account.yaml':
        'apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: default }\nimagePullSecrets:\n  - name: both\n',
    });
    expect(run.report?.result).toBe('passed');
    expect(run.findings.filter(({ id }) => id === 'needless-pull-secret')).toMatchObject([
      {
        title: expect.stringMatching(/^the pull secret acr is not needed/) as unknown,
        places: [{ file: expect.stringMatching(/web\.yaml$/) as unknown, line: 9 }],
      },
    ]);
  });

  it('takes images that are named beside the files', async () => {
    const run = await check({ 'web.yaml': WEB }, { inputs: { image: 'shop/api:2' } });
    expect(run.report?.result).toBe('passed');
    expect(imageOf(run, 'shop/api:2')).toMatchObject({ uses: [], pulled: 'proved' });
  });
});
