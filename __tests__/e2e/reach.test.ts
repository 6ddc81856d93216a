/**
 * Every way to the API server gives the same outcomes for the same cluster. What is called direct goes through the
 * simulated cloud's proxy, as everything does here: a direct connection without one differs in nothing but the dial.
 */
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Pull } from '../../src/core/report.js';
import { openGround } from './in-process.js';
import type { Ground, WholeRun } from './in-process.js';
import { scenario } from './scene.js';

const PULLS = { principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso' };
const RUNS_COMMANDS = {
  principal: 'deployer',
  role: 'Azure Kubernetes Service Contributor Role',
  scope: 'cluster:shop',
};
const MAY_READ = { principal: 'deployer', role: 'Reader', scope: 'registry:contoso' };
const IN_NAMESPACE = {
  principal: 'deployer',
  namespace: 'default',
  rules: [
    { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create', 'get', 'delete'] },
    { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['create', 'get'] },
    { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] },
    { apiGroups: [''], resources: ['events'], verbs: ['list'] },
  ],
};

const POOLS = [
  { name: 'system', mode: 'System', taints: ['CriticalAddonsOnly=true:NoSchedule'] },
  { name: 'arm', architecture: 'arm64' },
  { name: 'win', os: 'Windows' },
  { name: 'tainted', taints: ['team=a:NoSchedule'] },
  { name: 'empty', count: 0 },
];
const REGISTRY = {
  repositories: [
    {
      name: 'shop/web',
      images: [{ tag: '1.4', platforms: ['linux/amd64', 'linux/arm64', 'windows/amd64'] }],
    },
  ],
};

/** What the pulls of a run came to, whatever the node. */
const outcomes = ({ report }: WholeRun): Record<string, string> =>
  Object.fromEntries(
    (report?.connections[0]?.pulls ?? []).map(({ nodePool, status, digestSource, cause }: Pull) => [
      nodePool,
      [status, digestSource, cause].filter((part) => part !== undefined).join(' '),
    ]),
  );

const LOGINS: Record<string, { cluster: object; login: object[] }> = {
  'a local account': { cluster: {}, login: [] },
  'Entra with Kubernetes RBAC': { cluster: { entra: {}, bindings: [IN_NAMESPACE] }, login: [] },
  'Entra with Azure RBAC': {
    cluster: { entra: { azureRbac: true }, localAccounts: false },
    login: [{ principal: 'deployer', role: 'Azure Kubernetes Service RBAC Writer', scope: 'cluster:shop' }],
  },
};

let ground: Ground | undefined;
afterEach(async () => {
  await ground?.end();
  ground = undefined;
});

const open = async (cluster: object, login: object[] = []): Promise<Ground> => {
  ground = await openGround(
    scenario({
      cluster: { pools: POOLS, ...cluster },
      registry: REGISTRY,
      login: [RUNS_COMMANDS, MAY_READ, ...login] as never,
      assigned: [PULLS],
    }),
  );
  return ground;
};
const check = (of: Ground, inputs: Record<string, string> = {}): Promise<WholeRun> =>
  of.run({ mode: 'check', image: 'shop/web:1.4', ...inputs });
const commandsOf = ({ requests }: WholeRun): number =>
  requests.filter(({ method, path }) => method === 'POST' && /\/runCommand\?/i.test(path)).length;
const toApiServer = ({ requests }: WholeRun): number =>
  requests.filter(({ host, caller }) => host.endsWith('azmk8s.io') && !/kubelet|node/.test(caller ?? ''))
    .length;

describe.each(Object.entries(LOGINS))('%s', (_name, { cluster, login }) => {
  let direct: Record<string, string>;
  beforeAll(async () => {
    const run = await check(await open(cluster, login), { 'cluster-access': 'direct' });
    expect([run.problems, run.report?.result]).toEqual([[], 'passed']);
    direct = outcomes(run);
  });

  it('pulls on every pool that has a node, straight', () => {
    expect(direct).toEqual({
      system: 'pass registry',
      arm: 'pass registry',
      win: 'pass registry',
      tainted: 'pass registry',
      empty: 'skip',
    });
  });

  it('comes to the same through run command, in few commands, and leaves nothing behind', async () => {
    const opened = await open(cluster, login);
    const run = await check(opened, { 'cluster-access': 'run-command' });
    expect([run.problems, run.report?.result]).toEqual([[], 'passed']);
    expect(outcomes(run)).toEqual(direct);
    expect(toApiServer(run)).toBe(0);
    // One to see that it works, Jobs, ServiceAccounts, some looks at the pods with what they need, the removal.
    expect(commandsOf(run)).toBeLessThanOrEqual(14);
    const left = await check(opened, { 'cluster-access': 'run-command' });
    expect(left.report?.result).toBe('passed');
  });
});

describe('a private cluster', () => {
  it('is reached through run command where nothing else is asked for, and it is said as whom', async () => {
    const run = await check(await open({ private: true }));
    expect([run.problems, run.report?.result]).toEqual([[], 'passed']);
    const connection = run.report?.connections[0];
    expect(connection?.checks.find(({ id }) => id === 'cluster-access')?.evidence).toMatch(
      /as cluster admin/,
    );
    expect(connection?.findings.map(({ id }) => id)).toContain('run-command-used');
  });

  it('is not, where direct is asked for', async () => {
    const run = await check(await open({ private: true }), { 'cluster-access': 'direct' });
    expect(run.report).toMatchObject({ result: 'unknown', cause: 'api-server-unreachable' });
    expect(commandsOf(run)).toBe(0);
  });

  it('with run command switched off says so, and how to switch it on', async () => {
    const run = await check(await open({ private: true, runCommand: { enabled: false } }));
    expect(run.report).toMatchObject({ result: 'unknown', cause: 'run-command-disabled' });
    expect(JSON.stringify(run.report)).toContain('--enable-run-command');
    expect(commandsOf(run)).toBe(0);
  });
});

it('a refused pull reads the same through run command', async () => {
  ground = await openGround(
    scenario({ registry: REGISTRY, login: [RUNS_COMMANDS, MAY_READ] as never, assigned: [] }),
  );
  const [direct, byCommand] = [
    await check(ground, { 'cluster-access': 'direct' }),
    await check(ground, { 'cluster-access': 'run-command' }),
  ];
  const said = ({ report }: WholeRun) => {
    const pull = report?.connections[0]?.pulls[0];
    return [report?.result, report?.cause, pull?.status, pull?.cause, pull?.message];
  };
  expect(said(byCommand)).toEqual(said(direct));
  expect(said(direct).slice(0, 3)).toEqual(['failed', 'unauthorized-no-role', 'fail']);
});
