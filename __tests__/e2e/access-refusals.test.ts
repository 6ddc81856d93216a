/**
 * Every way in which Azure refuses the grant, as the simulated cloud produces it: its cause, what is told, and the printed
 * fix, carried out by somebody who may, after which the next run passes.
 */
import { afterEach, describe, expect, it } from '@jest/globals';
import { grantName } from '../../src/core/azure/grant.js';
import { delegationCondition } from '../../src/core/azure/delegation.js';
import { ACR_PULL } from '../../src/core/azure/roles.js';
import type { CauseId } from '../../src/core/diagnosis/causes.js';
import type { RawInputs } from '../../src/core/inputs.js';
import type { Check } from '../../src/core/report.js';
import type { CloudState } from '../../src/simulator/cloud/model.js';
import { openTerminal, withOwner } from '../support/printed-commands.js';
import { openGround } from './in-process.js';
import type { Ground, WholeRun } from './in-process.js';
import { armWrites, scenario } from './scene.js';
import type { Assigned } from './scene.js';

let ground: Ground | undefined;
afterEach(async () => {
  await ground?.end();
  ground = undefined;
});

const PULL = { image: 'shop/web:1.4' };
const ACCESS = { verify: 'access' };
const PULL_TOO = { ...PULL, verify: 'pull' };
const USER_ROLE = {
  principal: 'deployer',
  role: 'Azure Kubernetes Service Cluster User Role',
  scope: 'cluster:shop',
};
const ASSIGNER = {
  principal: 'deployer',
  role: 'Role Based Access Control Administrator',
  scope: 'registry:contoso',
};
const READER = { principal: 'deployer', role: 'Reader', scope: 'registry:contoso' };
const OTHERS_ALONE = delegationCondition().replaceAll(ACR_PULL.guid, '8311e382-0749-4cb8-b61a-304f252e45ec');
const OTHER = '99999999-0000-4000-8000-000000000009';
const deployer = { name: 'deployer', federated: 'github' };
/** A cluster whose kubelet identity is one of the scenario's. */
const withIdentity = (identity: object): Case['cloud'] => ({
  identities: [deployer, { name: 'pulls', kind: 'managed-identity', ...identity }],
  cluster: { identity: { name: 'pulls' } },
  typedPrincipals: 'checked',
  login: [USER_ROLE, ASSIGNER, { principal: 'deployer', role: 'Reader', scope: 'subscription' }],
});

interface Case {
  name: string;
  cloud: Parameters<typeof scenario>[0];
  cause: CauseId;
  inputs?: RawInputs;
  /** What a scenario can't say. */
  before?: (state: CloudState) => void;
  /** Which check tells it; the grant, unless said otherwise. */
  check?: string;
  status?: Check['status'];
  /** In the evidence. */
  seen: RegExp;
  /** The summary of its fix. */
  advised: RegExp;
  /** Which of the printed commands end it: all, unless said. */
  run?: readonly number[];
  /** What else somebody has to do, which no command can. */
  after?: (state: CloudState) => void;
  /** Whether the next run passes; false where nothing that is printed can bring that about. */
  mended?: false;
  /** Who runs it; `deployer`, unless said. */
  as?: string;
  /** The run waits for minutes before it gives up. */
  waits?: true;
  /** How the next run is asked, given what the last command printed. */
  again?: (printed: string) => RawInputs;
}

function without<T>(items: T[], isGone: (item: T) => boolean): void {
  const kept = items.filter((item) => !isGone(item));
  items.splice(0, items.length, ...kept);
}

const CASES: readonly Case[] = [
  {
    name: 'a login with no right to assign roles: somebody else makes the grant',
    cloud: { login: [USER_ROLE, READER] },
    cause: 'arm-authorization-missing',
    seen: /does not have authorization to perform action 'Microsoft.Authorization\/roleAssignments\/write'/,
    advised: /someone who may makes the grant \(first command\)/,
    run: [0],
    inputs: PULL_TOO,
  },
  {
    name: 'a login with no right to assign roles: it is given the narrow right',
    cloud: { login: [USER_ROLE, READER] },
    cause: 'arm-authorization-missing',
    seen: /roleAssignments\/write/,
    advised: /given Role Based Access Control Administrator/,
    run: [1],
  },
  ...['somebody else makes the grant', 'switched on'].map((mended): Case => ({
    name: `a person who could switch the right on: ${mended}`,
    cloud: {
      identities: [deployer, { name: 'ann', kind: 'user' }],
      login: [
        { principal: 'ann', role: 'Reader', scope: 'subscription' },
        { ...ASSIGNER, principal: 'ann', eligible: true },
      ],
    },
    as: 'ann',
    cause: 'arm-pim-not-active',
    seen: /AuthorizationFailed.*eligible for Role Based Access Control Administrator, not switched on/,
    advised: /Activate Role Based Access Control Administrator/,
    ...(mended === 'switched on'
      ? {
          run: [],
          after: ({ roleAssignments, eligibleAssignments = [] }) =>
            void roleAssignments.push(...eligibleAssignments),
        }
      : {}),
  })),
  {
    name: 'a person who could not: the same words, another cause',
    cloud: {
      identities: [deployer, { name: 'ann', kind: 'user' }],
      login: [
        { principal: 'ann', role: 'Reader', scope: 'subscription' },
        { principal: 'ann', role: 'Contributor', scope: 'registry:contoso', eligible: true },
      ],
    },
    as: 'ann',
    cause: 'arm-authorization-missing',
    seen: /roleAssignments\/write/,
    advised: /someone who may makes the grant/,
    run: [0],
  },
  {
    name: 'a delegate for other roles, at the registry',
    cloud: { login: [USER_ROLE, { ...ASSIGNER, condition: OTHERS_ALONE }] },
    cause: 'arm-abac-condition',
    seen: /condition that is not fulfilled.*this login may assign roles under the condition .*8311e382/,
    advised:
      /Have someone who may make the grant \(first command\)\. Or have the condition extended to AcrPull/,
  },
  {
    name: 'a delegate for other roles, above: it is given the narrow right at the registry',
    cloud: { login: [USER_ROLE, { ...ASSIGNER, scope: 'rg:images', condition: OTHERS_ALONE }] },
    cause: 'arm-abac-condition',
    seen: /condition that is not fulfilled/,
    advised: /given the right to assign just the two pull roles at this registry \(last command\)/,
    run: [1],
  },
  {
    name: 'a read-only lock on the registry',
    cloud: { locks: [{ name: 'keep', level: 'ReadOnly', scope: 'registry:contoso' }] },
    cause: 'arm-scope-locked',
    seen: /ScopeLocked.*lock keep \(ReadOnly\) at/,
    advised: /Have the lock keep \(ReadOnly\) lifted/,
  },
  {
    name: 'a read-only lock above the registry',
    cloud: {
      locks: [{ name: 'keep', level: 'ReadOnly', scope: 'rg:images' }],
      login: [USER_ROLE, ASSIGNER, { ...READER, scope: 'rg:images' }],
    },
    cause: 'arm-scope-locked',
    seen: /lock keep/,
    advised: /lifted/,
  },
  {
    name: 'a read-only lock where the login may not look',
    cloud: { locks: [{ name: 'keep', level: 'ReadOnly', scope: 'rg:images' }] },
    cause: 'arm-scope-locked',
    seen: /locked: '[^']*images'/,
    advised: /lifted while the grant is made/,
    after: ({ governance }) => void governance.locks.splice(0),
  },
  {
    name: 'an Azure Policy',
    cloud: {
      policies: [
        { name: 'no grants', scope: 'subscription', denies: 'Microsoft.Authorization/roleAssignments' },
      ],
    },
    cause: 'arm-policy-denied',
    seen: /RequestDisallowedByPolicy/,
    advised: /owner of the policy "no grants" for an exemption/,
  },
  {
    name: 'a deny assignment on granting',
    cloud: {
      denyAssignments: [
        { name: 'stack', scope: 'rg:images', actions: ['Microsoft.Authorization/roleAssignments/write'] },
      ],
    },
    cause: 'arm-deny-assignment',
    seen: /DenyAssignmentAuthorizationFailed.*stack/,
    advised: /leave this login out of it/,
    after: ({ governance }) => void governance.denyAssignments.splice(0),
  },
  {
    name: 'the limit of role assignments',
    cloud: { roleAssignmentLimit: 8, assigned: [{ principal: OTHER, role: 'Reader', scope: 'rg:apps' }] },
    before: ({ governance, roleAssignments }) =>
      void (governance.roleAssignmentLimit = roleAssignments.length),
    cause: 'arm-role-limit',
    seen: /RoleAssignmentLimitExceeded/,
    advised: /Remove role assignments that are no longer needed/,
    // What the list shows of deleted principals goes.
    after: ({ roleAssignments }) => without(roleAssignments, ({ principalId }) => principalId === OTHER),
  },
  {
    name: 'a deterministic name that a rotated identity took',
    cloud: { assigned: [{ principal: OTHER, role: 'AcrPull', scope: 'registry:contoso' }] },
    before({ roleAssignments, clusters }) {
      const former = roleAssignments.find(({ principalId }) => principalId === OTHER);
      if (former === undefined) throw new Error('nothing was assigned');
      former.name = grantName(former.scope, clusters[0]?.kubeletIdentity?.objectId ?? '', ACR_PULL.guid);
    },
    cause: 'arm-role-update-not-permitted',
    seen: new RegExp(`RoleAssignmentUpdateNotPermitted.*the name is that of the role assignment of ${OTHER}`),
    advised: /delete it \(second command\)/,
  },
  {
    name: 'an identity that the directory does not know yet',
    cloud: withIdentity({ replicationDelay: '1h' }),
    cause: 'arm-principal-not-found-replication',
    waits: true,
    seen: /PrincipalNotFound/,
    advised: /run this again in some minutes/,
    run: [],
    after: ({ principals }) => principals.forEach((one) => delete one.replicatedAt),
  },
  {
    name: 'an identity that was deleted',
    cloud: withIdentity({}),
    before: ({ principals }) => without(principals, ({ name }) => name === 'pulls'),
    cause: 'kubelet-identity-missing',
    waits: true,
    seen: /PrincipalNotFound/,
    advised: /./,
    mended: false,
  },
  {
    name: 'an identity of another tenant',
    cloud: withIdentity({ tenant: 'dddddddd-0000-4000-8000-00000000000d' }),
    cause: 'arm-principal-not-found-cross-tenant',
    waits: true,
    seen: /PrincipalNotFound/,
    advised: /./,
    mended: false,
  },
  {
    name: 'an object id that is given and that nobody has',
    cloud: {
      identities: [deployer, { name: 'nodes', secrets: ['x'] }],
      cluster: { identity: { kind: 'service-principal', name: 'nodes' } },
      typedPrincipals: 'checked',
    },
    inputs: { 'kubelet-object-id': OTHER },
    cause: 'arm-invalid-principal-id',
    waits: true,
    seen: /PrincipalNotFound/,
    advised: /Give the object id/,
    again: (printed) => ({ ...ACCESS, 'kubelet-object-id': printed.trim() }),
  },
  {
    name: "an object id that is given and is a group's",
    cloud: {
      identities: [deployer, { name: 'nodes', secrets: ['x'] }],
      groups: [{ name: 'all nodes', objectId: OTHER, members: ['nodes'] }],
      cluster: { identity: { kind: 'service-principal', name: 'nodes' } },
    },
    inputs: { 'kubelet-object-id': OTHER },
    cause: 'arm-principal-type-mismatch',
    seen: /UnmatchedPrincipalType/,
    advised: /kubelet-object-id is a group's or a person's/,
    again: (printed) => ({ ...ACCESS, 'kubelet-object-id': printed.trim() }),
  },
  {
    name: 'a condition that Azure does not take',
    cloud: { registry: { mode: 'abac' }, roleConditions: 'refused' },
    inputs: { repositories: 'shop/*' },
    cause: 'arm-condition-invalid',
    seen: /condition is invalid/,
    advised: /Run without repositories/,
    again: () => ACCESS,
  },
  {
    name: 'a subscription that is disabled',
    cloud: {
      subscriptions: [
        { name: 'own', state: 'Disabled', resourceGroups: [{ name: 'apps' }, { name: 'images' }] },
      ],
    },
    cause: 'arm-subscription-disabled',
    seen: /ReadOnlyDisabledSubscription/,
    advised: /enabled again/,
    after: ({ subscriptions }) => subscriptions.forEach((one) => delete one.disabled),
  },
  {
    name: 'a login that is throttled',
    cloud: {
      faults: [{ fault: 'throttled', service: 'arm', method: 'PUT', retryAfter: '1s', until: '30m' }],
    },
    cause: 'arm-throttled',
    status: 'unknown',
    waits: true,
    seen: /TooManyRequests/,
    advised: /in some minutes/,
    mended: false,
  },
  {
    name: 'a deny assignment on pulling: nothing is written, in vain',
    cloud: {
      denyAssignments: [
        {
          name: 'stack',
          scope: 'rg:images',
          actions: ['Microsoft.ContainerRegistry/registries/pull/read'],
          principals: ['kubelet of shop'],
        },
      ],
    },
    cause: 'deny-assignment-on-pull',
    check: 'access',
    seen: /stack/,
    advised: /exclude the kubelet identity/,
    after: ({ governance }) => void governance.denyAssignments.splice(0),
  },
  {
    name: "somebody else's grant, limited to too little",
    cloud: {
      registry: { mode: 'abac' },
      assigned: [
        {
          principal: 'kubelet of shop',
          role: 'Container Registry Repository Reader',
          scope: 'registry:contoso',
          age: '1d',
          condition:
            "((!(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/content/read'}) AND !(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/metadata/read'})) OR (@Request[Microsoft.ContainerRegistry/registries/repositories:name] StringEqualsIgnoreCase 'old'))",
        },
      ],
    },
    inputs: { repositories: 'shop/*' },
    cause: 'grant-condition-owned-elsewhere',
    check: 'access',
    seen: /holds old; it lacks shop\/\*/,
    advised: /Have its owner widen it/,
  },
  {
    name: "a cluster's subscription of another tenant",
    cloud: {
      subscriptions: [
        {
          id: OTHER,
          name: 'away',
          tenant: 'dddddddd-0000-4000-8000-00000000000d',
          resourceGroups: [{ name: 'apps' }],
        },
      ],
      login: [],
    },
    inputs: { 'subscription-id': OTHER },
    cause: 'arm-tenant-mismatch',
    check: 'cluster',
    status: 'unknown',
    seen: /InvalidAuthenticationTokenTenant/,
    advised: /Sign in to tenant dddddddd/,
    mended: false,
  },
];

function checkOf({ report }: WholeRun, id: string): Check | undefined {
  return report?.connections[0]?.checks.find((check) => check.id === id);
}

describe('a grant that is refused', () => {
  it.each(CASES)('$name', async (one) => {
    ground = await openGround(withOwner(scenario(one.cloud)), one.waits === true ? 60 : 10);
    const { simulator } = ground;
    one.before?.(simulator.state);
    const inputs = { ...ACCESS, ...one.inputs };
    const refused = await ground.run(inputs, {}, one.as);
    const status = one.status ?? 'fail';
    expect(refused.report).toMatchObject({
      result: status === 'fail' ? 'failed' : 'unknown',
      cause: one.cause,
    });
    const check = checkOf(refused, one.check ?? 'grant');
    expect(check).toMatchObject({ status, cause: one.cause, evidence: expect.stringMatching(one.seen) });
    expect(check?.fix?.summary).toMatch(one.advised);
    expect(refused.report?.connections[0]?.changed).toBe(false);

    if (one.mended === false) return;
    const { commands = [] } = check?.fix ?? {};
    const terminal = openTerminal(simulator);
    let printed = '';
    try {
      for (const [nth, command] of commands.entries())
        if (one.run?.includes(nth) !== false) printed = await terminal.run(command);
    } finally {
      await terminal.close();
    }
    one.after?.(simulator.state);
    const next = await ground.run(one.again?.(printed) ?? inputs, {}, one.as);
    expect(checkOf(next, one.check ?? 'grant')?.cause).toBeUndefined();
    expect(next.report?.result).toBe('passed');
  });

  it('is never tried where a right to read is missing that the run can’t do without', async () => {
    ground = await openGround(scenario({ login: [ASSIGNER] }));
    const run = await ground.run(PULL);
    expect(run.report).toMatchObject({ result: 'unknown', cause: 'arm-authorization-missing' });
    expect(armWrites(run.requests)).toEqual([]);
  });
});

it('the roles that a plan advises for its own login are enough to connect and to pull', async () => {
  const reads = ['cluster:shop', 'registry:contoso'].map((scope) => ({ ...READER, scope }));
  ground = await openGround(withOwner(scenario({ login: reads })));
  const advised = (run: WholeRun): string[] | undefined =>
    run.report?.connections[0]?.findings.find(({ id }) => id === 'connect-would-be-refused')?.fix?.commands;
  const planned = await ground.run({ mode: 'plan' });
  expect(planned.report?.result).toBe('passed');
  const commands = advised(planned) ?? [];
  expect(commands).toHaveLength(2);
  const terminal = openTerminal(ground.simulator);
  try {
    for (const command of commands) await terminal.run(command);
  } finally {
    await terminal.close();
  }
  expect(advised(await ground.run({ mode: 'plan' }))).toBeUndefined();
  const connected = await ground.run(PULL);
  expect(connected.report).toMatchObject({ result: 'passed', connections: [{ changed: true }] });
});

describe('a grant that is there already, under another name, and was not seen', () => {
  const LISTS = { fault: 'list-lag', route: 'GET {scope}/roleAssignments', lag: '1h' };
  const limitedTo = (repository: string): string =>
    `((!(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/content/read'}) AND !(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/metadata/read'})) OR (@Request[Microsoft.ContainerRegistry/registries/repositories:name] StringEqualsIgnoreCase '${repository}'))`;
  const there = (role: string, more: object = {}): Assigned => ({
    principal: 'kubelet of shop',
    role,
    scope: 'registry:contoso',
    age: '1m',
    ...more,
  });
  const READER_ROLE = 'Container Registry Repository Reader';

  it.each<[string, Parameters<typeof scenario>[0], RawInputs, object]>([
    [
      'AcrPull serves, whether it can be looked up or not',
      { assigned: [there('AcrPull')], faults: [LISTS] },
      {},
      { result: 'passed' },
    ],
    [
      'one of the whole registry serves',
      { registry: { mode: 'abac' }, assigned: [there(READER_ROLE)], faults: [{ ...LISTS, first: 1 }] },
      { repositories: 'shop/*' },
      { result: 'passed' },
    ],
    [
      'one that holds too little is somebody else’s, and is shown',
      {
        registry: { mode: 'abac' },
        assigned: [there(READER_ROLE, { condition: limitedTo('old') })],
        faults: [{ ...LISTS, first: 1 }],
      },
      { repositories: 'shop/*' },
      { result: 'failed', cause: 'grant-condition-owned-elsewhere' },
    ],
    [
      'one that can’t be looked up may hold too little: unknown',
      {
        registry: { mode: 'abac' },
        assigned: [there(READER_ROLE, { condition: limitedTo('old') })],
        faults: [LISTS],
      },
      { repositories: 'shop/*' },
      { result: 'unknown' },
    ],
  ])('%s', async (_what, cloud, inputs, report) => {
    ground = await openGround(scenario(cloud));
    const run = await ground.run({ ...ACCESS, ...inputs });
    expect(run.report).toMatchObject({ ...report, connections: [{ changed: false }] });
    expect(checkOf(run, 'grant')).toBeDefined();
  });
});

describe('a login that may not see groups', () => {
  const BLIND = {
    groupAssignments: 'refused',
    groups: [{ name: 'all nodes', members: ['kubelet of shop'] }],
  };
  const byGroup: Assigned = {
    principal: 'all nodes',
    role: 'AcrPull',
    scope: 'registry:contoso',
    age: '1d',
  };
  const CHECK = { mode: 'check', ...ACCESS };
  const LOOKS = [USER_ROLE, READER];
  /** What is said of the groups, whatever comes of access. */
  const skipped = {
    status: 'skip',
    evidence: expect.stringMatching(/Authorization_RequestDenied.*Application\.Read\.All/) as unknown,
  };

  it('does not know access that a group may give, and never takes it for none; what is printed ends that', async () => {
    ground = await openGround(withOwner(scenario({ ...BLIND, login: LOOKS, assigned: [byGroup] })));
    const run = await ground.run(CHECK);
    expect(run.report).toMatchObject({ result: 'unknown', cause: 'access-unknown' });
    expect(checkOf(run, 'groups')).toMatchObject(skipped);
    const { fix } = checkOf(run, 'access') ?? {};
    expect(fix?.summary).toMatch(/look groups up .*Directory Readers.*give the role to the identity itself/);
    const terminal = openTerminal(ground.simulator);
    try {
      for (const command of fix?.commands ?? ['nothing is printed']) await terminal.run(command);
    } finally {
      await terminal.close();
    }
    const next = await ground.run(CHECK);
    expect(next.report?.result).toBe('passed');
    expect(checkOf(next, 'groups')).toMatchObject(skipped);
  });

  it('has access proved by a pull all the same, with a finding', async () => {
    ground = await openGround(scenario({ ...BLIND, login: LOOKS, assigned: [byGroup] }));
    const run = await ground.run({ ...PULL, mode: 'check' });
    expect(run.report).toMatchObject({ result: 'passed' });
    expect(run.report?.connections[0]?.findings.map(({ id }) => id)).toContain('access-unknown');
  });

  it('sees it once it may read the directory', async () => {
    const login = { ...deployer, readsDirectory: true };
    ground = await openGround(scenario({ ...BLIND, identities: [login], login: LOOKS, assigned: [byGroup] }));
    const run = await ground.run(CHECK);
    expect(run.report).toMatchObject({
      result: 'passed',
      connections: [{ access: { allowed: true, grants: [{ via: 'group' }] } }],
    });
    expect(checkOf(run, 'groups')).toBeUndefined();
  });
});
