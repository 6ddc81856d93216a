import { expect, it } from '@jest/globals';
import type { AccessFacts } from '../../../src/core/stages/decide.js';
import type { Grant } from '../../../src/core/report.js';
import { isYoung, mayHaveSignedIn } from '../../../src/core/stages/decide.js';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const MINUTE = 60_000;

function grant(ageMs: number | undefined, condition?: string): Grant {
  return {
    roleName: 'AcrPull',
    roleDefinitionId: '/r',
    scope: '/s',
    inherited: false,
    via: 'direct',
    assignmentId: '/a',
    ours: true,
    ...(ageMs === undefined ? {} : { updatedOn: new Date(NOW - ageMs).toISOString() }),
    ...(condition === undefined ? {} : { condition }),
  };
}

it.each<[string, Grant[], boolean]>([
  ['none', [], false],
  ['made now', [grant(0)], true],
  ['a second short of 30 minutes', [grant(30 * MINUTE - 1000)], true],
  ['30 minutes', [grant(30 * MINUTE)], false],
  ['of an age that ARM does not say', [grant(undefined)], false],
  ['one young, one old', [grant(0), grant(60 * MINUTE)], false],
  ['all young', [grant(0), grant(MINUTE)], true],
  ['young, beside an old one under a condition', [grant(0), grant(60 * MINUTE, 'x')], true],
  ['only under a condition', [grant(0, 'x')], false],
])('what gives access is young: %s', (_what, grants, young) => {
  expect(isYoung(grants, NOW)).toBe(young);
});

it.each<[string, Partial<Record<'grants' | 'ignored' | 'limited', unknown[]>>, 'legacy' | 'abac', boolean]>([
  ['no role at a legacy registry', {}, 'legacy', false],
  ['no role at an ABAC-enabled one, where repositories decide', {}, 'abac', true],
  ['a role that the mode ignores', { ignored: [{}] }, 'legacy', true],
  ['one for other repositories', { limited: [{}] }, 'legacy', true],
  ['one under a condition', { grants: [{}] }, 'legacy', true],
])('nodes may keep a credential from before the grant: %s', (_what, held, registry, wanted) => {
  const before = { grants: [], ignored: [], limited: [], ...held } as unknown as AccessFacts;
  const mode = registry === 'abac' ? 'AbacRepositoryPermissions' : 'LegacyRegistryPermissions';
  expect(mayHaveSignedIn(before, { mode })).toBe(wanted);
});
