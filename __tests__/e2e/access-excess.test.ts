/** Rights that the kubelet identity doesn't need, wherever they are given: found, and taken away as printed; pulls go on. */
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Finding } from '../../src/core/report.js';
import { openTerminal, withOwner } from '../support/printed-commands.js';
import { openGround } from './in-process.js';
import type { Ground, WholeRun } from './in-process.js';
import { scenario } from './scene.js';
import type { Assigned } from './scene.js';

let ground: Ground | undefined;
afterEach(async () => {
  await ground?.end();
  ground = undefined;
});

const CHECK = { mode: 'check', image: 'shop/web:1.4' };
const ACCESS = { mode: 'check', verify: 'access' };
const SEES_ALL: Assigned[] = [
  { principal: 'deployer', role: 'Azure Kubernetes Service Cluster User Role', scope: 'cluster:shop' },
  { principal: 'deployer', role: 'Reader', scope: 'subscription' },
  { principal: 'owner', role: 'Owner', scope: '/' },
];

const open = (assigned: Assigned[], mode: string): Promise<Ground> =>
  openGround(
    withOwner(
      scenario({
        login: SEES_ALL,
        assigned,
        registry: { mode },
        groups: [{ name: 'all nodes', members: ['kubelet of shop'] }],
        subscriptions: [
          {
            name: 'own',
            managementGroups: ['all'],
            resourceGroups: [{ name: 'apps' }, { name: 'images' }],
          },
        ],
      }),
    ),
  );

function found({ report }: WholeRun): Finding | undefined {
  return report?.connections[0]?.findings.find(({ id }) => id === 'more-than-pull');
}

interface Broad {
  role: string;
  scope: string;
  mode?: 'abac';
  may: string;
  /** Besides, so that it can pull at all. */
  with?: string;
}

const READER = 'Container Registry Repository Reader';
const SCOPES = ['registry:contoso', 'rg:images', 'subscription', 'management-group:all', '/'];

describe('rights that no node needs', () => {
  it.each<Broad>([
    ...SCOPES.map((scope): Broad => ({ role: 'Contributor', scope, may: 'push images' })),
    ...SCOPES.map((scope): Broad => ({ role: 'Owner', scope, may: 'give roles to others' })),
    { role: 'AcrPush', scope: 'registry:contoso', may: 'push images' },
    { role: 'AcrPush', scope: 'rg:images', may: 'push images' },
    { role: 'AcrDelete', scope: 'registry:contoso', may: 'delete images', with: 'AcrPull' },
    { role: 'AcrDelete', scope: 'subscription', may: 'delete images', with: 'AcrPull' },
    {
      role: 'Container Registry Repository Writer',
      scope: 'registry:contoso',
      mode: 'abac',
      may: 'push images',
    },
    { role: 'Owner', scope: 'rg:images', mode: 'abac', may: 'change or delete the registry', with: READER },
  ])('$role at $scope', async ({ role, scope, mode = 'legacy', may, with: beside }) => {
    const to = { principal: 'kubelet of shop', age: '1d' };
    const assigned = [{ ...to, role, scope }];
    if (beside !== undefined) assigned.push({ ...to, role: beside, scope: 'registry:contoso' });
    ground = await open(assigned, mode);
    const before = await ground.run(ACCESS);
    expect(before.report?.result).toBe('passed');
    expect(found(before)?.evidence).toMatch(new RegExp(`${role} .*it may .*${may}`));
    const commands = found(before)?.fix?.commands ?? [];
    // What it needs instead is given first, where nothing else gives it.
    expect(commands).toHaveLength(beside === undefined ? 2 : 1);
    // Ids that CI systems mask are asked for; a management group's holds none.
    const subscription = ground.simulator.state.subscriptions[0]?.id ?? '';
    for (const command of commands) expect(command).not.toContain(subscription);
    const terminal = openTerminal(ground.simulator);
    try {
      for (const command of commands) await terminal.run(command);
    } finally {
      await terminal.close();
    }
    const after = await ground.run(CHECK);
    expect(after.report?.result).toBe('passed');
    expect(found(after)).toBeUndefined();
    const narrow = mode === 'abac' ? READER : 'AcrPull';
    expect(after.report?.connections[0]?.access.grants.map(({ roleName }) => roleName)).toEqual([narrow]);
  });

  it('that come through a group are told, with no command that would take them from everybody', async () => {
    ground = await open(
      [{ principal: 'all nodes', role: 'Contributor', scope: 'rg:images', age: '1d' }],
      'legacy',
    );
    const run = await ground.run(ACCESS);
    expect(found(run)?.evidence).toContain('through a group');
    expect(found(run)?.fix?.summary).toContain('taking the identity out of the group');
    expect(found(run)?.fix?.commands.join('\n')).not.toContain('delete');
  });
});
