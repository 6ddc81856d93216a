import { describe, expect, it } from '@jest/globals';
import type { AccessFacts } from '../../../src/core/stages/decide.js';
import { armOf, judged } from './situation-arm.js';
import { ROLES, SITUATIONS, SOURCES } from './situations.js';
import type { Situation } from './situations.js';

it('there are at least 150, each once, each resting on something', () => {
  expect(SITUATIONS.length).toBeGreaterThanOrEqual(150);
  expect(new Set(SITUATIONS.map(({ name }) => name)).size).toBe(SITUATIONS.length);
  const sources = new Set(SITUATIONS.map(({ source }) => source));
  expect([...sources].sort()).toEqual(Object.keys(SOURCES).sort());
  const given = new Set(SITUATIONS.flatMap((one) => one.given.map(({ role }) => role)));
  expect([...given].sort()).toEqual(Object.keys(ROLES).sort());
});

describe('access', () => {
  it.each(SITUATIONS.map((situation) => ({ situation, name: situation.name })))(
    '$name: $situation.allowed',
    async ({ situation }) => {
      const arm = armOf(situation);
      const access = await judged(situation, arm);
      expect(access.because).not.toBe('');
      expect({ allowed: access.allowed, by: deciding(access, arm.ids) }).toEqual({
        allowed: situation.allowed,
        by: situation.by,
      });
      // What decides is among the grants, and what doesn't count isn't.
      const grants = access.grants.map(({ assignmentId }) => assignmentId);
      expect(grants).toEqual(expect.arrayContaining(access.decidedBy ?? []));
      for (const { assignmentId } of access.setAside ?? []) expect(grants).not.toContain(assignmentId);
    },
  );

  function deciding({ decidedBy = [], denied }: AccessFacts, ids: readonly string[]): Situation['by'] {
    if (denied !== undefined) return 'deny';
    return decidedBy.map((id) => ids.indexOf(id)).sort();
  }
});
