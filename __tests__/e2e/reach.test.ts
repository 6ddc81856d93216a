/**
 * Every way to an API server, for every way to sign in to it, on every kind of pool: whole runs in this process. That the
 * shipped bundle does the same is held by the last tests.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHttp } from '../../src/host/http.js';
import { optional } from '../../src/core/json.js';
import { PROBE_RULES } from '../../src/core/kubernetes/rights.js';
import type { Report } from '../../src/core/report.js';
import type { RequestRecord } from '../../src/simulator/index.js';
import { openGround } from './in-process.js';
import type { Ground } from './in-process.js';
import { only, openScene } from './scene.js';
import type { Ran, Scene } from './scene.js';
import { straightHttp } from './straight-http.js';

const LOGINS = ['local', 'kubernetes', 'azure-rbac'] as const;
type Login = (typeof LOGINS)[number];
const WAYS = ['direct', 'direct through a proxy', 'run command'] as const;
type Way = (typeof WAYS)[number];

const POOLS = [
  { name: 'amd' },
  { name: 'arm', architecture: 'arm64', mode: 'User' },
  { name: 'win', os: 'Windows', mode: 'User' },
  { name: 'tainted', taints: ['sku=gpu:NoSchedule'], mode: 'User' },
  { name: 'empty', count: 0, mode: 'User' },
];
const RULES = PROBE_RULES.map(({ apiGroup, resource, verbs }) => ({
  apiGroups: [apiGroup],
  resources: [resource],
  verbs: [...verbs],
}));
const INTEGRATIONS: Readonly<Record<Login, object>> = {
  local: {},
  kubernetes: {
    entra: {},
    localAccounts: false,
    bindings: [
      { principal: 'deployer', namespace: 'default', rules: RULES },
      { principal: 'deployer', rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list'] }] },
    ],
  },
  'azure-rbac': { entra: { azureRbac: true }, localAccounts: false },
};
const cluster = (name: string, login: Login, more: object = {}): object => ({
  name,
  resourceGroup: 'apps',
  ...INTEGRATIONS[login],
  ...more,
});
const on = (name: string, azureRbac: boolean): object[] => [
  { principal: 'deployer', role: 'Azure Kubernetes Service Cluster User Role', scope: `cluster:${name}` },
  ...(name === 'unpermitted'
    ? []
    : [{ principal: 'deployer', role: 'Command runner', scope: `cluster:${name}` }]),
  { principal: `kubelet of ${name}`, role: 'AcrPull', scope: 'registry:contoso' },
  ...(azureRbac
    ? [
        {
          principal: 'deployer',
          role: 'Azure Kubernetes Service RBAC Cluster Admin',
          scope: `cluster:${name}`,
        },
      ]
    : []),
];

const NETWORKS: Readonly<Record<string, object>> = {
  hidden: { private: true },
  peered: { private: true, publicFqdn: true, runnerNetwork: 'peered' },
  linked: { private: true, publicFqdn: true, runnerNetwork: 'linked' },
  zoneless: { private: true, privateDns: 'none', runnerNetwork: 'peered' },
  abroad: { private: true, privateDns: 'none' },
  limited: { authorizedIpRanges: ['198.51.100.0/24'] },
  allowed: { authorizedIpRanges: ['198.51.100.0/24', '203.0.113.7'] },
  sealed: { private: true, runCommand: { enabled: false } },
  unpermitted: { private: true },
  crowded: {
    private: true,
    runCommand: { startLimit: '1s' },
    pools: [{ name: 'system', taints: ['full=yes:NoExecute'] }],
  },
  open: {},
  distrusted: { authorizedIpRanges: ['203.0.113.0/24'] },
  silent: { authorizedIpRanges: ['203.0.113.0/24'] },
  barred: { ...INTEGRATIONS.kubernetes, bindings: [], authorizedIpRanges: ['203.0.113.0/24'] },
};
/** More than one command's requests. */
const MANY = Array.from({ length: 12 }, (_, nth) => ({
  name: `pool${nth}`,
  mode: nth === 0 ? 'System' : 'User',
}));

const TAGS = 30;
const PLATFORMS = ['linux/amd64', 'linux/arm64', 'windows/amd64'];
const CLOUD = JSON.stringify({
  name: 'every-way',
  identities: [{ name: 'deployer', federated: 'github' }],
  customRoles: [
    {
      name: 'Command runner',
      actions: ['runcommand/action', 'commandResults/read'].map(
        (right) => `Microsoft.ContainerService/managedClusters/${right}`,
      ),
    },
  ],
  clusters: [
    ...LOGINS.map((login) => cluster(login, login, { pools: POOLS })),
    ...Object.entries(NETWORKS).map(([name, network]) => cluster(name, 'local', network)),
    cluster('many', 'local', { pools: MANY }),
  ],
  registries: [
    {
      name: 'contoso',
      resourceGroup: 'images',
      repositories: [
        {
          name: 'shop/web',
          images: Array.from({ length: TAGS }, (_, nth) => ({ tag: `1.${nth}`, platforms: PLATFORMS })),
        },
      ],
    },
  ],
  roleAssignments: [
    { principal: 'deployer', role: 'AcrPull', scope: 'registry:contoso' },
    ...[...LOGINS, ...Object.keys(NETWORKS), 'many'].flatMap((name) => on(name, name === 'azure-rbac')),
    { principal: 'deployer', role: 'Reader', scope: 'registry:contoso' },
  ],
});

/** What was asked about one cluster: several runs go on side by side. */
function about(name: string, requests: readonly RequestRecord[]): RequestRecord[] {
  return requests.filter(
    ({ host, path }) => host.startsWith(`${name}-apps-`) || path.includes(`/managedClusters/${name}/`),
  );
}
const commands = (requests: readonly RequestRecord[]): number =>
  requests.filter(({ method, path }) => method === 'POST' && /\/runCommand\b/.test(path)).length;
const straight = (requests: readonly RequestRecord[]): number =>
  requests.filter(({ host }) => host.endsWith('azmk8s.io')).length;

/** What a run came to, without what differs between two runs of one cluster: times, ids, names of nodes, the tag. */
function outcome(report: Report | undefined) {
  const { result, checks, pulls, findings } = only(report);
  const title = (text: string): string => text.replace(/:1\.\d+/g, ':TAG');
  return {
    result,
    checks: checks.map(({ id, status, cause, ...check }) => ({
      id,
      status,
      cause,
      title: title(check.title),
    })),
    pulls: pulls
      .map(
        ({ nodePool, os, architecture, status, proved, digestSource, cause, attempts, message, node }) => ({
          nodePool,
          os,
          architecture,
          status,
          proved,
          digestSource,
          cause,
          attempts,
          message,
          onANode: node !== undefined,
        }),
      )
      .sort((one, other) => one.nodePool.localeCompare(other.nodePool)),
    findings: findings.map(({ id }) => id),
  };
}

let ground: Ground;
let tags = 0;
beforeAll(async () => {
  ground = await openGround(CLOUD);
});
afterAll(() => ground.end());

async function run(name: string, inputs: Record<string, string> = {}, network?: typeof createHttp) {
  const given = { mode: 'check', cluster: name, image: `shop/web:1.${tags++}`, ...inputs };
  const { report, requests } = await ground.run(given, {}, 'deployer', network);
  return { report, said: only(report), requests: about(name, requests) };
}
type Run = Awaited<ReturnType<typeof run>>;

/** Takes the caller's name off all that goes to API servers. */
const nameless: typeof createHttp = (environment) => {
  const http = createHttp(environment);
  return {
    close: () => http.close(),
    send({ headers: { authorization, ...headers } = {}, ...request }) {
      const named = new URL(request.url).hostname.endsWith('.azmk8s.io')
        ? {}
        : optional('authorization', authorization);
      return http.send({ ...request, headers: { ...headers, ...named } });
    },
  };
};

/** One after the other in a cluster, as it would be asked. */
async function everyWay(login: Login): Promise<Readonly<Record<Way, Run>>> {
  const access = { 'cluster-access': 'direct' };
  return {
    direct: await run(login, access, () => straightHttp(ground.simulator)),
    'direct through a proxy': await run(login, access),
    'run command': await run(login, { 'cluster-access': 'run-command' }),
  };
}

describe('every login by every way', () => {
  const came = new Map<Login, Readonly<Record<Way, Run>>>();
  beforeAll(async () => {
    await Promise.all(LOGINS.map(async (login) => came.set(login, await everyWay(login))));
  });

  it.each(LOGINS.flatMap((login) => WAYS.map((way) => [login, way] as const)))(
    '%s, %s: every pool is proved',
    (login, way) => {
      const ran = came.get(login)?.[way];
      const rows = ran?.said.pulls.map(({ nodePool, os, architecture, status, proved }) =>
        [nodePool, os, architecture, status, proved].join(' '),
      );
      expect(rows?.sort()).toEqual([
        'amd linux amd64 pass content',
        'arm linux arm64 pass content',
        'empty linux amd64 skip none',
        'tainted linux amd64 pass content',
        'win windows amd64 pass content',
      ]);
      expect(ran?.said.result).toBe('passed');
      expect(straight(ran?.requests ?? []) > 0).toBe(way !== 'run command');
      expect(commands(ran?.requests ?? []) > 0).toBe(way === 'run command');
      // A local administrator's credential is nobody's here.
      expect(ran?.requests.filter(({ path }) => path.includes('listClusterAdminCredential'))).toEqual([]);
    },
  );

  it.each(LOGINS)('%s: the outcome is the same by every way', (login) => {
    const [first, ...more] = WAYS.map((way) => outcome(came.get(login)?.[way].report));
    expect(more).toEqual([first, first]);
  });
});

describe('auto', () => {
  const BY_COMMAND = 'through AKS run command, which runs as cluster admin';
  const STRAIGHT = 'by a local account with a client certificate';
  const came = new Map<string, Run>();
  beforeAll(async () => {
    const alone = ['distrusted', 'silent', 'barred'];
    const names = Object.keys(NETWORKS).filter((name) => !alone.includes(name));
    await Promise.all(names.map(async (name) => came.set(name, await run(name))));
  });

  it.each([
    ['hidden', BY_COMMAND],
    ['abroad', BY_COMMAND],
    ['limited', BY_COMMAND],
    ['peered', STRAIGHT],
    ['linked', STRAIGHT],
    ['zoneless', STRAIGHT],
    ['allowed', STRAIGHT],
    ['open', STRAIGHT],
  ])('reaches a cluster that is %s %s', (name, evidence) => {
    const { said, requests } = came.get(name) ?? {};
    expect(said?.result).toBe('passed');
    expect(said?.checks.find(({ id }) => id === 'cluster-access')).toMatchObject({
      status: 'pass',
      evidence,
    });
    const round = evidence === BY_COMMAND;
    expect(said?.findings.map(({ id }) => id)).toEqual(round ? ['run-command-used'] : []);
    expect(commands(requests ?? []) > 0).toBe(round);
  });

  it.each([
    ['sealed', 'run-command-disabled', /switched off/, /^az aks update .*--enable-run-command$/],
    [
      'unpermitted',
      'api-server-unreachable',
      /runcommand\/action/i,
      /^az role assignment create .*az aks show -g apps -n unpermitted/,
    ],
    ['crowded', 'api-server-unreachable', /./, /^az aks command invoke/],
  ])('says of one that is %s what keeps either way shut, and what opens it', (name, cause, seen, command) => {
    const { said } = came.get(name) ?? {};
    expect(said?.result).toBe('unknown');
    const { evidence, fix, ...check } = said?.checks.at(-1) ?? {};
    expect(check).toMatchObject({ id: 'cluster-access', status: 'unknown', cause });
    expect(evidence).toMatch(/^its API server gave no answer here \(.*\), and /);
    expect(evidence).toMatch(seen);
    expect(fix?.summary).toMatch(/^Run this where the API server can be reached/);
    expect(fix?.commands.join('\n')).toMatch(command);
  });

  it('goes through run command where what is sent is swallowed, after a time that it names', async () => {
    const lift = ground.simulator.addFault({ fault: 'stall', host: 'silent-apps-*.azmk8s.io' });
    try {
      const { said, requests } = await run('silent');
      expect(said.result).toBe('passed');
      expect(said.findings).toMatchObject([
        { id: 'run-command-used', evidence: expect.stringMatching(/no answer to GET within 10 s/) },
      ]);
      expect(straight(requests)).toBe(1);
    } finally {
      lift();
    }
  });

  it.each<[string, string, typeof createHttp | undefined]>([
    ['401', 'cluster-sign-in-refused', nameless],
    ['403', 'cluster-rights-missing', undefined],
  ])('never goes through run command on a %s', async (_status, cause, network) => {
    const { said, requests } = await run('barred', {}, network);
    expect(said.result).toBe('unknown');
    expect(said.pulls.map((pull) => pull.cause)).toEqual([cause]);
    expect(commands(requests)).toBe(0);
  });

  it('never goes through run command where the certificate is not to be trusted', async () => {
    const lift = ground.simulator.addFault({ fault: 'certificate-unknown-authority', host: '*.azmk8s.io' });
    try {
      const { said, requests } = await run('distrusted');
      expect(said.result).toBe('unknown');
      expect(commands(requests)).toBe(0);
    } finally {
      lift();
    }
  });
});

describe('the shipped bundle, in real time', () => {
  let scene: Scene;
  const came = new Map<string, Ran>();
  beforeAll(async () => {
    scene = await openScene(CLOUD);
    await Promise.all(
      ['hidden', 'many'].map(async (name) => {
        const access = name === 'many' ? 'run-command' : 'auto';
        const inputs = { mode: 'check', cluster: name, image: 'shop/web:1.0', 'cluster-access': access };
        came.set(name, await scene.run(inputs));
      }),
    );
  }, 120_000);
  afterAll(() => scene.end());
  const ordered = (name: string): number => commands(about(name, scene.simulator.requests));

  it('goes through run command like the sources, with few commands for one pool', () => {
    expect(came.get('hidden')?.outputs.result).toBe('passed');
    const { findings } = only(came.get('hidden')?.report);
    expect(findings.map(({ id }) => id)).toEqual(['run-command-used']);
    // One to see that there is a way; then a list with the Job, its account, a list with the removal and what it takes.
    expect(ordered('hidden')).toBeGreaterThan(3);
    expect(ordered('hidden')).toBeLessThanOrEqual(10);
  });

  it('needs more for more pools only as far as ten requests fill a command', () => {
    expect(came.get('many')?.outputs.result).toBe('passed');
    expect(only(came.get('many')?.report).pulls).toHaveLength(MANY.length);
    // Jobs, accounts, nodes and removals: two commands each where one pool needs one.
    expect(ordered('many')).toBeLessThanOrEqual(16);
  });
});
