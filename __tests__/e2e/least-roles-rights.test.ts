/**
 * Every right that the documents list, in whole runs: exactly those are enough, and without any one of them the run says
 * which it lacks. One cloud with an identity and custom roles of its own for each run; nothing here is written by hand that
 * the table of rights says.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { grantName } from '../../src/core/azure/grant.js';
import { delegationCondition } from '../../src/core/azure/delegation.js';
import { leastRoles, neededRights, roleForAction } from '../../src/core/azure/rights.js';
import type { Circumstance, Right, Task } from '../../src/core/azure/rights.js';
import { ACR_PULL, REPOSITORY_READER } from '../../src/core/azure/roles.js';
import type { RawInputs } from '../../src/core/inputs.js';
import { azureOperations, PROBE_RULES } from '../../src/core/kubernetes/rights.js';
import { openGround } from './in-process.js';
import type { Ground, WholeRun } from './in-process.js';

interface Case {
  name: string;
  task: Task;
  circumstances?: readonly Circumstance[];
  inputs: RawInputs;
  /** The one of the two. */
  registry: 'legacy' | 'abac';
  /** What must be so before. */
  before: 'granted' | 'not granted';
}

const IMAGE = { image: 'shop/web:1.4' };
const GONE = { cluster: 'gone', 'kubelet-object-id': '' };

const CASES: readonly Case[] = [
  ...(['legacy', 'abac'] as const).flatMap((registry): Case[] => [
    { name: 'connect', task: 'connect', inputs: IMAGE, registry, before: 'not granted' },
    { name: 'check', task: 'check', inputs: { ...IMAGE, mode: 'check' }, registry, before: 'granted' },
    { name: 'plan', task: 'plan', inputs: { mode: 'plan' }, registry, before: 'not granted' },
    {
      name: 'connect, verify access',
      task: 'connect, no pull',
      inputs: { verify: 'access' },
      registry,
      before: 'not granted',
    },
    {
      name: 'check, verify access',
      task: 'check, no pull',
      inputs: { mode: 'check', verify: 'access' },
      registry,
      before: 'granted',
    },
    { name: 'disconnect', task: 'disconnect', inputs: { mode: 'disconnect' }, registry, before: 'granted' },
  ]),
  {
    name: 'disconnect from a cluster that is gone',
    task: 'disconnect, cluster gone',
    inputs: { mode: 'disconnect', ...GONE },
    registry: 'legacy',
    before: 'granted',
  },
  { name: 'audit', task: 'audit', inputs: { mode: 'audit' }, registry: 'legacy', before: 'granted' },
  {
    name: 'check by run command',
    task: 'check',
    circumstances: ['run command'],
    inputs: { ...IMAGE, mode: 'check', 'cluster-access': 'run-command' },
    registry: 'legacy',
    before: 'granted',
  },
  {
    name: 'connect with the probe image',
    task: 'connect',
    circumstances: ['direct', 'import-probe-image'],
    inputs: { 'import-probe-image': 'true' },
    registry: 'legacy',
    before: 'not granted',
  },
  {
    name: 'check of an image that is chosen',
    task: 'check',
    circumstances: ['direct', 'no image named, RBAC Registry Permissions'],
    inputs: { mode: 'check' },
    registry: 'legacy',
    before: 'granted',
  },
  {
    name: 'check of an image that is chosen',
    task: 'check',
    circumstances: ['direct', 'no image named, ABAC Repository Permissions'],
    inputs: { mode: 'check' },
    registry: 'abac',
    before: 'granted',
  },
];

interface Login {
  name: string;
  rights: readonly Right[];
}

/** One for the case, and one for each right without it. */
function loginsOf(one: Case, index: number): { all: Login; without: { right: Right; login: Login }[] } {
  const rights = neededRights(one.task, one.circumstances);
  return {
    all: { name: `login ${index}`, rights },
    without: rights.map((right, nth) => ({
      right,
      login: { name: `login ${index} without ${nth}`, rights: rights.filter((other) => other !== right) },
    })),
  };
}

const LOGINS = CASES.map(loginsOf);
const REGISTRIES = { legacy: 'contoso', abac: 'fabrikam' } as const;

/** Kubernetes: a login for the whole Role, and one for each verb without it. */
const VERBS = PROBE_RULES.flatMap((rule) => rule.verbs.map((verb) => ({ ...rule, verb })));
const OPERATIONS = azureOperations();
/** Asked for only when something doesn't go as it should: a watch that ends, a node that refuses, a Job that is there. */
const ONLY_WHEN_AMISS = [
  ...['get jobs', 'get serviceaccounts', 'get pods', 'list pods', 'list events'],
  ...['batch/jobs/read', 'serviceaccounts/read', 'events/read'].map(
    (name) => `Microsoft.ContainerService/managedClusters/${name}`,
  ),
];
const IN_CLUSTERS = neededRights('check', ['direct']);

/** The built-in roles that the documents advise for a task; the right to assign roles under its condition. */
const BUILT_IN = CASES.filter(
  ({ circumstances, inputs }) =>
    circumstances === undefined && !('image' in inputs && inputs.mode === 'check'),
);
const builtInName = ({ task, registry }: Case): string => `built-in ${task} ${registry}`;

function builtInRoles(one: Case): object[] {
  return leastRoles(one.task).map(({ at, role: { role } }) => ({
    principal: builtInName(one),
    role,
    scope: at === 'cluster' ? 'cluster:shop' : `registry:${REGISTRIES[one.registry]}`,
    ...(role.startsWith('Role Based') ? { condition: delegationCondition() } : {}),
  }));
}

function customRoles({
  name,
  rights,
}: Login): { name: string; at: Right['at']; actions: string[]; dataActions: string[] }[] {
  return (['cluster', 'registry'] as const).map((at) => ({
    name: `${name} at the ${at}`,
    at,
    actions: rights.filter((one) => one.at === at && one.data !== true).map(({ operation }) => operation),
    dataActions: rights.filter((one) => one.at === at && one.data === true).map(({ operation }) => operation),
  }));
}

function cloud(): string {
  const repositories = [{ name: 'shop/web', images: [{ tag: '1.4', platforms: ['linux/amd64'] }] }];
  const inAzure = LOGINS.flatMap(({ all, without }, index) =>
    [all, ...without.map(({ login }) => login)].map((login) => ({
      login,
      registry: CASES[index]?.registry ?? 'legacy',
    })),
  );
  const kubernetes = ['every verb', ...VERBS.map((_, nth) => `without verb ${nth}`)];
  const azure = ['every operation', ...OPERATIONS.map((_, nth) => `without operation ${nth}`)];
  const roles = [
    ...inAzure.flatMap(({ login, registry }) =>
      customRoles(login).map((role) => ({
        role,
        principal: login.name,
        scope: role.at === 'cluster' ? 'cluster:shop' : `registry:${REGISTRIES[registry]}`,
      })),
    ),
    ...[...kubernetes, ...azure].flatMap((name) =>
      customRoles({ name, rights: IN_CLUSTERS }).map((role) => ({
        role,
        principal: name,
        scope:
          role.at === 'registry'
            ? 'registry:contoso'
            : kubernetes.includes(name)
              ? 'cluster:bound'
              : 'cluster:azure',
      })),
    ),
  ].filter(({ role }) => role.actions.length + role.dataActions.length > 0);
  const namespaced = azure.map((name, nth) => ({
    name: `${name} in the namespace`,
    dataActions: OPERATIONS.filter((_, other) => other !== nth - 1),
  }));
  const pools = [{ name: 'system' }];
  return JSON.stringify({
    name: 'least rights',
    identities: [...new Set([...roles.map(({ principal }) => principal), ...BUILT_IN.map(builtInName)])].map(
      (name) => ({ name, federated: 'github' }),
    ),
    customRoles: [
      ...roles.map(({ role: { name, actions, dataActions } }) => ({ name, actions, dataActions })),
      ...namespaced,
    ],
    clusters: [
      { name: 'shop', resourceGroup: 'apps', pools },
      {
        name: 'bound',
        resourceGroup: 'apps',
        pools,
        entra: { azureRbac: false },
        localAccounts: false,
        bindings: kubernetes.map((principal, nth) => ({
          principal,
          namespace: 'default',
          rules: PROBE_RULES.map(({ apiGroup, resource, verbs }, rule) => ({
            apiGroups: [apiGroup],
            resources: [resource],
            verbs: verbs.filter((verb) => {
              const left = VERBS[nth - 1];
              return !(left?.verb === verb && left.resource === PROBE_RULES[rule]?.resource);
            }),
          })),
        })),
      },
      { name: 'azure', resourceGroup: 'apps', pools, entra: { azureRbac: true }, localAccounts: false },
    ],
    registries: [
      { name: 'contoso', resourceGroup: 'images', repositories },
      { name: 'fabrikam', resourceGroup: 'images', mode: 'abac', repositories },
    ],
    publicRegistries: [
      {
        host: 'mcr.microsoft.com',
        repositories: [{ name: 'oss/kubernetes/pause', images: [{ tag: '3.9' }] }],
      },
    ],
    roleAssignments: [
      ...roles.map(({ role: { name: role }, principal, scope }) => ({ principal, role, scope })),
      ...BUILT_IN.flatMap(builtInRoles),
      ...['shop', 'bound', 'azure'].flatMap((cluster) => [
        {
          principal: `kubelet of ${cluster}`,
          role: ACR_PULL.name,
          scope: 'registry:contoso',
          description: 'aks-acr-pull',
        },
        {
          principal: `kubelet of ${cluster}`,
          role: REPOSITORY_READER.name,
          scope: 'registry:fabrikam',
          description: 'aks-acr-pull',
        },
      ]),
    ],
  });
}

let ground: Ground;
let assignments: Ground['simulator']['state']['roleAssignments'];
let kubelet = '';

beforeAll(async () => {
  ground = await openGround(cloud(), 40);
  const { state } = ground.simulator;
  kubelet = state.clusters[0]?.kubeletIdentity?.objectId ?? '';
  const azure = '/providers/Microsoft.ContainerService/managedClusters/azure/namespaces/default';
  const [subscription] = state.subscriptions;
  for (const role of state.roleDefinitions.filter(({ roleName }) => roleName.endsWith(' in the namespace'))) {
    const login = state.principals.find(({ name }) => `${name} in the namespace` === role.roleName);
    const [like] = state.roleAssignments;
    if (like === undefined || login === undefined || subscription === undefined) throw new Error('no login');
    state.roleAssignments.push({
      ...like,
      name: role.name,
      scope: `/subscriptions/${subscription.id}/resourceGroups/apps${azure}`,
      principalId: login.objectId,
      roleDefinitionId: like.roleDefinitionId.replace(/[^/]+$/, role.name),
    });
  }
  for (const one of state.roleAssignments.filter(({ description }) => description !== null))
    one.name = grantName(one.scope, one.principalId, one.roleDefinitionId.split('/').at(-1) ?? '');
  assignments = [...state.roleAssignments];
});
afterAll(() => ground.end());

beforeEach(() => {
  const { roleAssignments } = ground.simulator.state;
  roleAssignments.splice(0, roleAssignments.length, ...assignments);
});

async function runAs(login: string, one: Case): Promise<WholeRun> {
  const { state } = ground.simulator;
  if (one.before === 'not granted') {
    const kept = state.roleAssignments.filter(({ principalId }) => principalId !== kubelet);
    state.roleAssignments.splice(0, state.roleAssignments.length, ...kept);
  }
  const registry = state.registries.find(({ name }) => name === REGISTRIES[one.registry]);
  if (one.inputs['import-probe-image'] !== undefined && registry !== undefined)
    registry.repositories = registry.repositories.filter(({ name }) => name === 'shop/web');
  const inputs = {
    // By id: a login with rights on the registry alone has none to search for it.
    registry: registryId(one.registry),
    ...one.inputs,
    ...('kubelet-object-id' in one.inputs ? { 'kubelet-object-id': kubelet } : {}),
  };
  return ground.run(inputs, {}, login);
}

function registryId(which: Case['registry']): string {
  const [subscription] = ground.simulator.state.subscriptions;
  return `/subscriptions/${subscription?.id ?? ''}/resourceGroups/images/providers/Microsoft.ContainerRegistry/registries/${REGISTRIES[which]}`;
}

/** All that a person is told of what went wrong. */
function told({ report, problems }: WholeRun): string {
  const [connection] = report?.connections ?? [];
  const bad = [...(connection?.checks ?? []), ...(connection?.pulls ?? [])].filter(
    ({ status }) => status !== 'pass',
  );
  return JSON.stringify([bad, connection?.findings, problems]);
}

function objectId(login: string): string {
  return ground.simulator.state.principals.find(({ name }) => name === login)?.objectId ?? 'nobody';
}

describe.each(CASES.map((one, index) => ({ ...one, index })))('$name ($registry)', ({ index, ...one }) => {
  const { all, without } = LOGINS[index] ?? { all: { name: '', rights: [] }, without: [] };

  it('passes with exactly the rights of the table', async () => {
    const run = await runAs(all.name, one);
    expect(told(run)).not.toContain('"status":"fail"');
    expect(run.report?.result).toBe('passed');
  });

  it.each(without.map(({ right, login }) => ({ operation: right.operation, right, login })))(
    'names $operation when just that is missing',
    async ({ right, login, operation }) => {
      const run = await runAs(login.name, one);
      const words = told(run);
      // What is written or pulled proves itself; only what must be told from assignments can't do without seeing them.
      const proved = one.task.startsWith('connect') || one.task === 'check';
      if (operation.endsWith('/roleAssignments/read') && proved) expect(run.report?.result).toBe('passed');
      else expect(run.report?.result).not.toBe('passed');
      expect(words.toLowerCase()).toContain(operation.toLowerCase());
      // What must be read is judged before anything is written. Who has access already, connect needn't see.
      if (operation.endsWith('/read') && !operation.endsWith('/roleAssignments/read'))
        expect(run.requests.filter(({ method }) => method === 'PUT')).toEqual([]);
      if (right.data === true || right.when?.startsWith('no image') === true) return;
      // Who lacks it, where, and the command that gives it.
      expect(words).toContain(objectId(login.name));
      expect(words).toContain(
        right.at === 'cluster' ? 'managedClusters/' : 'Microsoft.ContainerRegistry/registries/',
      );
      expect(words).toContain(`az role assignment create --role ${roleForAction(operation)?.guid ?? 'none'}`);
    },
  );
});

describe('the built-in roles that the documents advise', () => {
  it.each(BUILT_IN)('are enough for $name ($registry)', async (one) => {
    const run = await runAs(builtInName(one), one);
    expect(told(run)).not.toContain('"status":"fail"');
    expect(run.report?.result).toBe('passed');
    expect(run.report?.connections[0]?.changed).toBe(/^(connect|disconnect)/.test(one.task));
  });
});

const IN_CLUSTER: Case = {
  name: 'check',
  task: 'check',
  inputs: { ...IMAGE, mode: 'check' },
  registry: 'legacy',
  before: 'granted',
};

describe.each([
  {
    how: 'Kubernetes RBAC',
    cluster: 'bound',
    all: 'every verb',
    each: VERBS.map(({ verb, resource }, nth) => ({
      right: `${verb} ${resource}`,
      login: `without verb ${nth}`,
      words: [verb, resource, 'kubectl'],
    })),
  },
  {
    how: 'Azure RBAC',
    cluster: 'azure',
    all: 'every operation',
    each: OPERATIONS.map((operation, nth) => ({
      right: operation,
      login: `without operation ${nth}`,
      words: [operation.split('/').at(-2) ?? '', 'az role assignment create'],
    })),
  },
])('a cluster with $how', ({ cluster, all, each }) => {
  const runs = new Map<string, WholeRun>();
  // Side by side: a check changes nothing that another one would see.
  beforeAll(async () => {
    const one = { ...IN_CLUSTER, inputs: { ...IN_CLUSTER.inputs, cluster } };
    const logins = [all, ...each.map(({ login }) => login)];
    await Promise.all(logins.map(async (login) => void runs.set(login, await runAs(login, one))));
  });
  const ranAs = (login: string): WholeRun =>
    runs.get(login) ?? { problems: ['it did not run'], requests: [] };

  it('is checked with exactly the rights of the table', () => {
    expect(ranAs(all).report?.result).toBe('passed');
  });

  it.each(each)('names $right when just that is missing', ({ right, login, words }) => {
    const run = ranAs(login);
    if (ONLY_WHEN_AMISS.includes(right)) {
      expect(run.report?.result).toBe('passed');
      return;
    }
    for (const word of words) expect(told(run)).toContain(word);
  });
});
