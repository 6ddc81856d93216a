/**
 * plan, over real HTTP against the simulated Azure: each of its four forms is carried out by somebody else, as that form is
 * carried out, and then a check passes. With one grant taken away again it fails.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RawInputs } from '../../src/core/inputs.js';
import type { Log, Ports } from '../../src/core/ports.js';
import { preflight } from '../../src/core/preflight.js';
import type { Report } from '../../src/core/report.js';
import { readRequest } from '../../src/core/request.js';
import { systemClock } from '../../src/host/clock.js';
import { createHttp } from '../../src/host/http.js';
import type { ClosableHttp } from '../../src/host/http.js';
import { writePlan } from '../../src/host/plan-files.js';
import { planCommands, planFiles } from '../../src/render/plan/index.js';
import { startSimulator } from '../../src/simulator/index.js';
import type { Simulator } from '../../src/simulator/index.js';
import { readAz, readBicep, readScript, readTerraform } from '../render/plan/readers.js';
import type { Target, Written } from '../render/plan/readers.js';
import { openTerminal } from '../support/printed-commands.js';
import { armClient, openClient, principal } from '../simulator/net/client.js';
import type { ArmClient, Client } from '../simulator/net/client.js';
import { armWrites, scenario } from './scene.js';

/** Who plans and checks may read, and no more; who carries the plan out is somebody else. */
const LOGIN = [
  { principal: 'deployer', role: 'Reader', scope: 'cluster:shop' },
  { principal: 'deployer', role: 'Reader', scope: 'registry:contoso' },
  { principal: 'deployer', role: 'Reader', scope: 'registry:fabrikam' },
  { principal: 'granter', role: 'Role Based Access Control Administrator', scope: 'subscription' },
  { principal: 'granter', role: 'Contributor', scope: 'subscription' },
];
const REPOSITORY = { repositories: [{ name: 'shop/web', images: [{ tag: '1.4' }] }] };

const quiet: Log = {
  chapter: () => undefined,
  check: () => undefined,
  pull: () => undefined,
  finding: () => undefined,
  waiting: () => undefined,
  debug: () => undefined,
  secret: () => undefined,
};

interface Cloud {
  simulator: Simulator;
  /** As who may grant. */
  arm: ArmClient;
  subscriptionId: string;
  run(mode: 'plan' | 'check', raw?: RawInputs): Promise<Report>;
}

const opened: { simulator: Simulator; http: ClosableHttp; client: Client }[] = [];
afterAll(async () => {
  for (const { simulator, http, client } of opened) {
    await http.close();
    await client.close();
    await simulator.stop();
  }
});

async function openCloud(mode: 'legacy' | 'abac'): Promise<Cloud> {
  const simulator = await startSimulator(
    scenario({
      login: LOGIN,
      identities: [
        { name: 'deployer', secrets: ['x'] },
        { name: 'granter', secrets: ['x'] },
      ],
      registries: [
        { name: 'contoso', resourceGroup: 'images', mode, ...REPOSITORY },
        { name: 'fabrikam', resourceGroup: 'More_images(eu)', mode, ...REPOSITORY },
      ],
    }),
  );
  const http = createHttp({ HTTPS_PROXY: simulator.proxyUrl });
  const client = openClient(simulator);
  opened.push({ simulator, http, client });
  const subscriptionId = simulator.state.subscriptions[0]?.id ?? '';
  const ports: Ports = {
    log: quiet,
    clock: systemClock,
    http: { send: (request) => http.send({ ...request, tls: request.tls ?? { ca: simulator.caPem } }) },
    credential: {
      description: 'a login of the test',
      token: (scope) =>
        Promise.resolve({
          token: simulator.context.tokens.issue(
            principal(simulator, 'deployer'),
            scope.replace(/\/\.default$/, ''),
          ),
          expiresOn: Date.now() + 3_600_000,
        }),
      subscriptionId: () => Promise.resolve(subscriptionId),
    },
    remember: () => undefined,
    runId: '0123abcd',
    signal: new AbortController().signal,
  };
  return {
    simulator,
    arm: armClient(client, simulator, 'granter'),
    subscriptionId,
    run: (wanted, raw) =>
      preflight(
        readRequest({
          mode: wanted,
          cluster: 'shop',
          'resource-group': 'apps',
          registry: 'contoso.azurecr.io\nfabrikam.azurecr.io',
          ...(wanted === 'check' ? { verify: 'access' } : {}),
          ...raw,
        }),
        ports,
        '1.0.0',
      ),
  };
}

const fileOf = (report: Report, name: string): string =>
  planFiles(report).find((file) => file.name === name)?.text ?? '';
const filesOf = (report: Report, extension: string): { group: string; text: string }[] =>
  planFiles(report).flatMap(({ name, text }) => {
    const group = new RegExp(`^grants\\.(.+)\\.${extension}$`).exec(name)?.[1];
    return group === undefined ? [] : [{ group, text }];
  });

async function put({ arm }: Cloud, written: readonly Written[]): Promise<void> {
  for (const { scope, name, properties } of written) {
    const { status, body } = await arm(
      'PUT',
      `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
      {
        properties,
      },
    );
    expect({ status, body }).toMatchObject({ status: 201 });
  }
}

/** The sub-commands by which a command asks for its ids, answered by ARM. */
function ask({ arm, subscriptionId }: Cloud): (words: string[]) => Promise<string> {
  return async (words) => {
    const [, noun] = words;
    const flag = (name: string): string => words[words.indexOf(name) + 1] ?? '';
    const provider =
      noun === 'acr'
        ? `/subscriptions/${subscriptionId}/providers/Microsoft.ContainerRegistry/registries`
        : `/subscriptions/${subscriptionId}/resourceGroups/${flag('-g')}/providers/Microsoft.ContainerService/managedClusters`;
    const { body } = await arm('GET', `${provider}?api-version=2025-11-01`);
    const found = (body as { value: { name: string }[] }).value.find(({ name }) => name === flag('-n'));
    const path = flag('--query').split('.');
    const where = path.length > 1 ? (found as unknown as { properties: object }).properties : found;
    const value = path.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], where);
    if (typeof value !== 'string') throw new Error(`nothing at ${words.join(' ')}`);
    return value;
  };
}

const target = ({ subscriptionId }: Cloud, resourceGroup: string): Target => ({
  subscriptionId,
  resourceGroup,
});

const FORMS: Record<string, (cloud: Cloud, report: Report) => Promise<void>> = {
  'az commands as they are pasted': async (cloud, report) => {
    for (const line of planCommands(report)) await put(cloud, [await readAz(line, ask(cloud))]);
  },
  'az commands of the script': async (cloud, report) =>
    put(cloud, await readScript(fileOf(report, 'grants.sh'))),
  Bicep: async (cloud, report) => {
    for (const { group, text } of filesOf(report, 'bicep'))
      await put(cloud, readBicep(text, target(cloud, group)));
  },
  Terraform: async (cloud, report) => put(cloud, await readTerraform(fileOf(report, 'grants.tf'))),
  'ARM JSON': async (cloud, report) => {
    for (const { group, text } of filesOf(report, 'json')) {
      const id = `/subscriptions/${cloud.subscriptionId}/resourceGroups/${encodeURIComponent(group)}/providers/Microsoft.Resources/deployments/grants`;
      const properties = { mode: 'Incremental', template: JSON.parse(text) as unknown };
      expect([200, 201]).toContain((await cloud.arm('PUT', id, { properties })).status);
      expect((await cloud.arm('GET', id)).body).toMatchObject({
        properties: { provisioningState: 'Succeeded' },
      });
    }
  },
};

const MOVES = { 'transition-roles': 'true' };

describe.each<[string, 'legacy' | 'abac', RawInputs, number]>([
  ['a legacy registry', 'legacy', {}, 1],
  ['an ABAC-enabled registry', 'abac', {}, 1],
  ['an ABAC-enabled registry, limited to repositories', 'abac', { repositories: 'shop/web\nteam/*' }, 1],
  ['a legacy registry that is to move, limited', 'legacy', { ...MOVES, repositories: 'shop/*' }, 2],
  ['a registry that has moved', 'abac', MOVES, 2],
])('%s', (_what, mode, limit, grants) => {
  let cloud: Cloud;
  let before: number;
  beforeAll(async () => {
    cloud = await openCloud(mode);
    before = cloud.simulator.state.roleAssignments.length;
  });

  it.each(Object.keys(FORMS))('%s', async (form) => {
    const { simulator } = cloud;
    const kubelet = simulator.state.clusters[0]?.kubeletIdentity?.objectId;
    simulator.state.roleAssignments.splice(before);
    const asked = simulator.requests.length;
    const planned = await cloud.run('plan', limit);
    expect(planned.connections.map(({ result, plan }) => [result, plan?.length])).toEqual([
      ['passed', grants],
      ['passed', grants],
    ]);
    expect(armWrites(simulator.requests.slice(asked))).toEqual([]);
    expect((await cloud.run('check', limit)).result).toBe('failed');

    await FORMS[form]?.(cloud, planned);
    const checked = await cloud.run('check', limit);
    expect(
      checked.connections.map(({ result, access }) => [result, access.grants.map(({ ours }) => ours)]),
    ).toEqual([
      ['passed', [true]],
      ['passed', [true]],
    ]);
    // Nothing is planned any more, and connect would find its own grant by its name.
    expect((await cloud.run('plan', limit)).connections.map(({ plan }) => plan)).toEqual([[], []]);
    expect(
      simulator.state.roleAssignments
        .slice(before)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(planned.connections.flatMap(({ plan = [] }) => plan.map(({ name }) => name)).sort());

    const { roleAssignments } = simulator.state;
    const left = roleAssignments.filter(
      ({ scope, principalId }) => principalId !== kubelet || !scope.endsWith('fabrikam'),
    );
    roleAssignments.splice(0, roleAssignments.length, ...left);
    expect((await cloud.run('check', limit)).result).toBe('failed');
  });
});

it('a limited grant lets exactly these repositories be pulled, as Azure sees it', async () => {
  const cloud = await openCloud('abac');
  await FORMS.Terraform?.(cloud, await cloud.run('plan', { repositories: 'shop/web\nteam/*' }));
  const { state, context } = cloud.simulator;
  const [registry] = state.registries;
  const mayRead = (repository: string): boolean =>
    context.decide({
      principalId: state.clusters[0]?.kubeletIdentity?.objectId ?? '',
      action: 'Microsoft.ContainerRegistry/registries/repositories/content/read',
      kind: 'dataAction',
      scope: `/subscriptions/${cloud.subscriptionId}/resourceGroups/images/providers/Microsoft.ContainerRegistry/registries/${registry?.name ?? ''}`,
      repository,
    }).allowed;
  expect(['shop/web', 'team/a', 'team/a/b', 'shop/other', 'team', 'teams/a'].map(mayRead)).toEqual([
    ...[true, true, true],
    ...[false, false, false],
  ]);
  const { result, connections } = await cloud.run('check', { repositories: 'shop/other' });
  expect(result).toBe('failed');
  expect(connections[0]?.checks.find(({ id }) => id === 'access')?.cause).toBe('repository-not-granted');
});

it('a registry moves to ABAC in the order that is told, and pulls are allowed all along', async () => {
  const cloud = await openCloud('legacy');
  const { simulator } = cloud;
  const terminal = openTerminal(simulator, { as: 'granter' });
  const moving = (report: Report): string[] =>
    report.connections.map(
      ({ findings }) => findings.find(({ id }) => id === 'registry-moves')?.fix?.commands.join('\n') ?? '',
    );
  try {
    // Not before both roles are there.
    const planned = await cloud.run('plan', MOVES);
    expect(moving(planned)).toEqual(['', '']);
    await FORMS['az commands as they are pasted']?.(cloud, planned);
    const ready = await cloud.run('check', MOVES);
    expect(ready.result).toBe('passed');
    for (const command of moving(ready)) await terminal.run(command);
    expect(simulator.state.registries.map(({ roleAssignmentMode }) => roleAssignmentMode)).toEqual([
      'AbacRepositoryPermissions',
      'AbacRepositoryPermissions',
    ]);
    const moved = await cloud.run('check', MOVES);
    expect(moved.result).toBe('passed');
    for (const command of moving(moved)) await terminal.run(command);
    const [done, plan] = [await cloud.run('check'), await cloud.run('plan')];
    expect(done.result).toBe('passed');
    expect(done.connections.flatMap(({ findings }) => findings.map(({ id }) => id))).toEqual([]);
    expect(plan.connections.map((connection) => connection.plan)).toEqual([[], []]);
  } finally {
    await terminal.close();
  }
});

it('the files are those of the report, one deployment for each resource group', async () => {
  const cloud = await openCloud('legacy');
  const folder = await mkdtemp(join(tmpdir(), 'a plan '));
  try {
    const report = await cloud.run('plan');
    const path = await writePlan(folder, planFiles(report));
    expect(readdirSync(path).sort()).toEqual([
      'grants.images.bicep',
      'grants.images.json',
      'grants.more_images(eu).bicep',
      'grants.more_images(eu).json',
      'grants.sh',
      'grants.tf',
    ]);
    expect(await readScript(readFileSync(join(path, 'grants.sh'), 'utf8'))).toHaveLength(2);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
