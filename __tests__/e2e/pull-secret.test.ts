/** Mode check with a pull secret: on a cluster that a kubeconfig names, without any Azure, and on AKS. */
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse, stringify } from 'yaml';
import type { RawInputs } from '../../src/core/inputs.js';
import { openAzure } from '../support/printed-commands/azure.js';
import { OWNER } from '../support/printed-commands.js';
import { removeRemembered } from '../../src/host/run.js';
import type { HostSide } from '../../src/host/run.js';
import { formsOf, openAuditGround, TOKEN_USER } from './audit-ground.js';
import type { Audited, AuditGround } from './audit-ground.js';
import { openGround } from './in-process.js';
import { scenario } from './scene.js';

const PRINCIPAL = '5b0b1a0c-2f4d-4d7f-9a55-111111111111';
const GOOD = 'Secr3t~of+the/principal="quoted"&more';
const WRONG = 'a password that was "made anew"/since+then';

/** Nothing lets the kubelet identity pull: only what a secret holds can. */
const CLOUD = scenario({
  identities: [
    { name: 'deployer', federated: 'github' },
    { name: 'puller', clientId: PRINCIPAL, secrets: [GOOD] },
  ],
  cluster: {
    namespaces: ['apps'],
    pools: [
      { name: 'system', count: 2 },
      { name: 'arm', architecture: 'arm64' },
    ],
  },
  login: [
    { principal: 'deployer', role: 'Azure Kubernetes Service Cluster User Role', scope: 'cluster:shop' },
    { principal: 'puller', role: 'AcrPull', scope: 'registry:contoso' },
  ],
});

interface Kubeconfig {
  clusters: { cluster: Record<string, unknown> }[];
  contexts: { name: string; context: Record<string, string> }[];
  users: { user: Record<string, unknown> }[];
  'current-context': string;
}

let ground: AuditGround;
let folder: string;
let kubeconfig: Kubeconfig;
let token: string;

const elsewhere = (inputs: RawInputs = {}): Promise<Audited> =>
  ground.run({
    mode: 'check',
    cluster: '',
    'resource-group': '',
    'subscription-id': '',
    kubeconfig: join(folder, 'admin'),
    namespace: 'apps',
    image: 'shop/web:1.4',
    'pull-secret': 'good',
    ...inputs,
  });

const written = async (name: string, change: (config: Kubeconfig) => void): Promise<string> => {
  const config = structuredClone(kubeconfig);
  change(config);
  const path = join(folder, name);
  await writeFile(path, stringify(config), { mode: 0o600 });
  return path;
};

/** What of the kubeconfig and the secrets must never be seen. */
function secrets(): string[] {
  const user = kubeconfig.users[0]?.user ?? {};
  const key = Buffer.from(String(user['client-key-data']), 'base64').toString();
  return [GOOD, WRONG, token, String(user.token), String(user['client-key-data']), key.split('\n')[3] ?? ''];
}

function expectNothingTold({ told }: Audited): void {
  for (const secret of secrets()) {
    expect(secret.length).toBeGreaterThan(10);
    for (const form of formsOf(secret)) expect(told).not.toContain(form);
  }
}

const outcome = ({ report }: Audited) => ({
  result: report?.result,
  checks: Object.fromEntries(
    (report?.connections[0]?.checks ?? []).map(({ id, status, cause }) => [
      id,
      [status, cause].filter(Boolean).join(' '),
    ]),
  ),
  pulls: (report?.connections[0]?.pulls ?? []).map(({ nodePool, status, cause }) =>
    [nodePool, status, cause].filter(Boolean).join(' '),
  ),
});

beforeAll(async () => {
  ground = await openAuditGround(CLOUD);
  folder = await mkdtemp(join(tmpdir(), 'pull-secret-'));
  const azure = openAzure(ground.simulator, OWNER);
  const id = `/subscriptions/${azure.subscription}/resourceGroups/apps/providers/Microsoft.ContainerService/managedClusters/shop`;
  const { kubeconfigs } = (await azure.arm('POST', `${id}/listClusterAdminCredential`, '2024-09-01')) as {
    kubeconfigs: { value: string }[];
  };
  const text = Buffer.from(kubeconfigs[0]?.value ?? '', 'base64').toString();
  await azure.close();
  kubeconfig = parse(text) as Kubeconfig;
  await writeFile(join(folder, 'admin'), text, { mode: 0o600 });
  token = await ground.exposedToken();
  await ground.pullSecret('apps', 'good', PRINCIPAL, GOOD);
  await ground.pullSecret('apps', 'wrong', PRINCIPAL, WRONG);
  await ground.pullSecret('apps', 'elsewhere', 'me', GOOD, 'other.azurecr.io');
  await ground.pullSecret('apps', 'token', TOKEN_USER, token);
});
afterAll(async () => {
  await ground.end();
  await rm(folder, { recursive: true, force: true });
});

describe('check with a pull secret on a cluster that a kubeconfig names', () => {
  it('pulls with it on a node of each platform, says so, and asks no Azure', async () => {
    const ran = await elsewhere();
    expect(ran.problems).toEqual([]);
    expect(outcome(ran)).toEqual({
      result: 'passed',
      checks: { 'pull-secret': 'pass', 'pull-secret-expiry': 'skip', 'pulled-with-the-secret': 'pass' },
      pulls: ['linux/amd64 pass', 'linux/arm64 pass'],
    });
    const connection = ran.report?.connections[0];
    expect(connection?.pullSecret).toEqual({ namespace: 'apps', name: 'good', kind: 'service-principal' });
    expect(connection?.checks.at(-1)?.title).toBe(
      'the pull secret apps/good lets these nodes pull from contoso.azurecr.io',
    );
    expect(connection?.findings.map(({ id }) => id)).toContain('pull-secret-needed');
    expect(ran.told).not.toContain('as the kubelet identity');
    const asked = new Set(ran.requests.map(({ host }) => host.split(':')[0]));
    expect([...asked].filter((host) => !/azmk8s\.io$|azurecr\.io$|windows\.net$/.test(host ?? ''))).toEqual(
      [],
    );
    expectNothingTold(ran);
  });

  it('fails when the registry refuses what the secret holds, and says so', async () => {
    const wrong = await elsewhere({ 'pull-secret': 'wrong' });
    expect(outcome(wrong)).toEqual({
      result: 'failed',
      checks: { 'pull-secret': 'pass', 'pull-secret-expiry': 'skip' },
      pulls: [
        'linux/amd64 fail unauthorized-bad-pull-secret',
        'linux/arm64 fail unauthorized-bad-pull-secret',
      ],
    });
    expect(wrong.told).not.toContain('lets these nodes pull');
    expectNothingTold(wrong);
  });

  it('takes every node with nodes: all', async () => {
    const ran = await elsewhere({ nodes: 'all' });
    expect(outcome(ran)).toMatchObject({
      result: 'passed',
      pulls: ['linux/amd64 pass', 'linux/amd64 pass', 'linux/arm64 pass'],
    });
    expect(new Set(ran.report?.connections[0]?.pulls.map(({ node }) => node)).size).toBe(3);
  });

  it('refuses a secret that is none to pull with, before any pod', async () => {
    const made = await ground.kubernetes('POST', '/api/v1/namespaces/apps/secrets', {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'opaque' },
      type: 'Opaque',
      data: { '.dockerconfigjson': Buffer.from(GOOD).toString('base64') },
    });
    expect(made.status).toBe(201);
    const whys = {
      missing: /it is not there \(secrets "missing" not found\)/,
      opaque: /its type is "Opaque", not kubernetes\.io\/dockerconfigjson or kubernetes\.io\/dockercfg/,
      elsewhere: /it has no credential for contoso\.azurecr\.io, only for other\.azurecr\.io/,
    };
    for (const [name, why] of Object.entries(whys)) {
      const ran = await elsewhere({ 'pull-secret': name });
      expect(ran.problems.join('\n')).toMatch(
        new RegExp(`input pull-secret is "${name}": a Secret in namespace apps of cluster shop-admin with`),
      );
      expect(ran.problems.join('\n')).toMatch(why);
      expect(ran.requests.filter(({ method }) => method === 'POST')).toEqual([]);
      expectNothingTold(ran);
    }
  });

  it('uses the context that is named, files beside the kubeconfig, a tokenFile and a proxy', async () => {
    const user = kubeconfig.users[0]?.user ?? {};
    const authority = String(kubeconfig.clusters[0]?.cluster['certificate-authority-data']);
    await writeFile(join(folder, 'ca.pem'), Buffer.from(authority, 'base64'));
    await writeFile(join(folder, 'token'), `${String(user.token)}\n`);
    const path = await written('files', (config) => {
      const [cluster] = config.clusters;
      const [own] = config.users;
      if (cluster === undefined || own === undefined) throw new Error('an empty kubeconfig');
      delete cluster.cluster['certificate-authority-data'];
      cluster.cluster['certificate-authority'] = 'ca.pem';
      cluster.cluster['proxy-url'] = ground.simulator.environment().HTTPS_PROXY;
      own.user = { tokenFile: join(folder, 'token') };
      config['current-context'] = 'gone';
    });
    const ran = await elsewhere({ kubeconfig: path, context: 'shop-admin' });
    expect(ran.problems).toEqual([]);
    expect(outcome(ran)).toMatchObject({ result: 'passed' });
    expect(ran.masked).toContain(user.token);
    expectNothingTold(ran);
    const other = await elsewhere({ kubeconfig: path });
    expect(other.problems).toEqual([
      expect.stringMatching(/^input kubeconfig .*current-context names an entry that is not in/),
    ]);
  });

  it('takes no other way than the proxy that the kubeconfig names', async () => {
    const dead = await written('proxy', ({ clusters }) => {
      Object.assign(clusters[0]?.cluster ?? {}, { 'proxy-url': 'http://127.0.0.1:9' });
    });
    expect(outcome(await elsewhere({ kubeconfig: dead }))).toMatchObject({
      result: 'unknown',
      checks: { 'pull-secret': 'unknown api-server-unreachable' },
    });
  });

  it.each<[string, RegExp, (config: Kubeconfig) => void]>([
    [
      'exec',
      /signs in by a plugin \(exec or auth-provider\).*kubectl create token/,
      ({ users: [one] }) => one && (one.user = { exec: { command: 'touch', args: [join(folder, 'ran')] } }),
    ],
    [
      'no credential',
      /no client certificate and no token/,
      ({ users: [one] }) => one && (one.user = { username: 'admin', password: GOOD }),
    ],
    [
      'insecure',
      /insecure-skip-tls-verify: a login is never sent/,
      ({ clusters: [one] }) => one && (one.cluster['insecure-skip-tls-verify'] = true),
    ],
    ['impersonation', /has as: nobody is impersonated/, ({ users: [one] }) => one && (one.user.as = 'root')],
    [
      'tls-server-name',
      /has tls-server-name/,
      ({ clusters: [one] }) => one && (one.cluster['tls-server-name'] = 'other'),
    ],
    [
      'a file that is not there',
      /gone\.pem/,
      ({ users: [one] }) =>
        one && (one.user = { 'client-certificate': 'gone.pem', 'client-key': 'gone.pem' }),
    ],
  ])('refuses a kubeconfig with %s before anything is called', async (name, why, change) => {
    const path = await written(name.replaceAll(' ', '-'), change);
    const ran = await elsewhere({ kubeconfig: path });
    expect(ran.problems).toEqual([expect.stringMatching(/^input kubeconfig is ".*": a kubeconfig that can/)]);
    expect(ran.problems[0]).toMatch(why);
    expect(ran.requests).toEqual([]);
    expect(await access(join(folder, 'ran')).catch(() => 'not run')).toBe('not run');
    expectNothingTold(ran);
  });

  it('removes by the kubeconfig what a killed run left behind, and says what it could not', async () => {
    const made = await ground.kubernetes('POST', '/apis/batch/v1/namespaces/apps/jobs', {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'left' },
      spec: {
        suspend: true,
        template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a' }] } },
      },
    });
    expect(made.status).toBe(201);
    const nothing = (): void => undefined;
    const noAzure = (): never => {
      throw new Error('Azure was asked');
    };
    const host: HostSide = {
      environment: ground.simulator.environment(),
      log: {
        chapter: nothing,
        check: nothing,
        pull: nothing,
        finding: nothing,
        waiting: nothing,
        debug: nothing,
        secret: nothing,
      },
      signIn: () => ({ description: 'none', token: noAzure, subscriptionId: noAzure }),
      remember: nothing,
      temporaryFolder: folder,
      signal: new AbortController().signal,
    };
    const leftover = { clusterId: '', namespace: 'apps', jobs: ['left'] };
    const remove = (path: string): Promise<string[]> =>
      removeRemembered([{ ...leftover, kubeconfig: { path } }], 'AzureCloud', host, 20_000);
    expect(await remove(join(folder, 'gone'))).toEqual([
      expect.stringMatching(/^in cluster .*gone: input kubeconfig .*there is no such file/),
      'kubectl delete job -n apps left',
    ]);
    expect(await remove(join(folder, 'admin'))).toEqual([]);
    const { status } = await ground.kubernetes('GET', '/apis/batch/v1/namespaces/apps/jobs/left');
    expect(status).toBe(404);
  });

  it('warns of a credential that soon expires, and fails without a pod once it has', async () => {
    const soon = await elsewhere({ 'pull-secret': 'token' });
    expect(soon.problems).toEqual([]);
    expect(outcome(soon).checks).toMatchObject({ 'pull-secret-expiry': 'warn' });
    expect(soon.report?.connections[0]?.pullSecret).toMatchObject({ kind: 'expose-token' });
    expect(soon.told).toMatch(/it expires in \d+ (hours|minutes): pods that start after that cannot pull/);
    expectNothingTold(soon);
    ground.simulator.pass(4 * 3_600_000);
    const over = await elsewhere({ 'pull-secret': 'token' });
    expect(outcome(over)).toEqual({
      result: 'failed',
      checks: { 'pull-secret': 'pass', 'pull-secret-expiry': 'fail unauthorized-bad-pull-secret' },
      pulls: [],
    });
    expect(over.requests.filter(({ method }) => method === 'POST')).toEqual([]);
    expectNothingTold(over);
  });
});

describe('check with a pull secret on AKS', () => {
  it('pulls with it where the identity may not, and never asks Azure about the registry', async () => {
    const ran = await ground.run({
      mode: 'check',
      namespace: 'apps',
      image: 'shop/web:1.4',
      'pull-secret': 'good',
    });
    expect(ran.problems).toEqual([]);
    expect(outcome(ran)).toEqual({
      result: 'passed',
      checks: {
        'signed-in': 'pass',
        cluster: 'pass',
        'cluster-running': 'pass',
        'cluster-access': 'pass',
        'pull-secret': 'pass',
        'pull-secret-expiry': 'skip',
        'pulled-with-the-secret': 'pass',
      },
      pulls: ['system pass', 'arm pass'],
    });
    expect(ran.requests.filter(({ path }) => path.includes('Microsoft.ContainerRegistry'))).toEqual([]);
    expectNothingTold(ran);
  });

  it.each([
    [{ azureRbac: true }, 'Azure Kubernetes Service RBAC Writer'],
    [{ azureRbac: false }, 'resourceNames: ["good"]'],
  ])('says which right is missing where the secret may not be read: %j', async (entra, right) => {
    const other = await openGround(
      scenario({
        identities: [{ name: 'deployer', federated: 'github' }],
        cluster: { entra },
        login: [
          {
            principal: 'deployer',
            role: 'Azure Kubernetes Service Cluster User Role',
            scope: 'cluster:shop',
          },
        ],
      }),
    );
    try {
      const { report } = await other.run({ mode: 'check', image: 'shop/web:1.4', 'pull-secret': 'good' });
      expect(report?.result).toBe('unknown');
      const check = report?.connections[0]?.checks.at(-1);
      expect(check).toMatchObject({ id: 'pull-secret', status: 'unknown', cause: 'cluster-rights-missing' });
      expect(check?.evidence).toContain('cannot get resource "secrets"');
      expect([check?.fix?.summary, ...(check?.fix?.commands ?? [])].join('\n')).toContain(right);
      expect(report?.connections[0]?.pulls).toEqual([]);
    } finally {
      await other.end();
    }
  });

  it('still demands that a probe without it has none', async () => {
    const ran = await ground.run({ mode: 'check', namespace: 'apps', image: 'shop/web:1.4' });
    expect(ran.report?.result).toBe('failed');
    expect(ran.told).not.toContain('lets these nodes pull');
  });
});
