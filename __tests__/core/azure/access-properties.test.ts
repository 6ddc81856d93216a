/** What holds of every situation, whatever is in it. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decideAccess } from '../../../src/core/azure/access.js';
import type { DecidedAccess, HeldRole, ReadAssignments } from '../../../src/core/azure/access.js';
import { parseCondition } from '../../../src/core/azure/condition-syntax.js';
import { conditionTruth } from '../../../src/core/azure/condition-truth.js';
import { namesStandingFor } from '../../../src/core/azure/repository-names.js';
import type { Denial } from '../../../src/core/azure/deny-assignments.js';
import type { Role } from '../../../src/core/azure/roles.js';
import { not } from '../../../src/core/azure/truth.js';
import { OBJECT_ID, REGISTRY_ID } from '../support.js';
import { ABAC, LEGACY } from './bodies.js';
import { guidOf } from './situation-arm.js';
import { ROLES } from './situations.js';

const R = 'Microsoft.ContainerRegistry/registries';
const PULL = `${R}/pull/read`;
const CONTENT = `${R}/repositories/content/read`;
const METADATA = `${R}/repositories/metadata/read`;
const NAME = `@Request[${R}/repositories:name]`;

const modes = fc.constantFrom(LEGACY, ABAC, 'unknown' as const);
const repositories = fc.constantFrom('team/app', 'team/sub/app', 'teams/x', 'hello-world', 'team', 'x');
const asked = fc.oneof(
  fc.constant<string[]>([]),
  fc.array(fc.oneof(repositories, fc.constantFrom('team/*', 'x/*')), { minLength: 1, maxLength: 3 }),
);

/** Conditions out of all that the grammar has; `depth` bounds them. */
const conditions: fc.Arbitrary<string> = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc
      .tuple(
        fc.constantFrom(NAME, NAME.replace('Request', 'Resource')),
        fc.constantFrom('', 'Not'),
        fc.constantFrom('Equals', 'StartsWith', 'Like'),
        fc.constantFrom('', 'IgnoreCase'),
        fc.constantFrom('team/', 'team', 'team/app', 'Team/App', 'x', 'team/*', '*app', 'te?m'),
      )
      .map(
        ([name, negated, compare, ignoring, value]) =>
          `${name} String${negated}${compare}${ignoring} '${value}'`,
      ),
    fc.constantFrom(CONTENT, METADATA, PULL, '*/read', '*').map((action) => `ActionMatches{'${action}'}`),
    fc.constantFrom(
      '@Environment[a] BoolEquals true',
      "SubOperationMatches{'a'}",
      `${NAME} StringMatches 'a'`,
    ),
    tie('any').map((one) => `!(${one})`),
    fc
      .tuple(tie('any'), fc.constantFrom('AND', 'OR', '&&', '||'), tie('any'))
      .map(([one, joining, other]) => `((${one}) ${joining} (${other}))`),
  ),
})).any;

const operations = fc.constantFrom(PULL, CONTENT, METADATA);

function role(name: string): Role {
  const { actions = [], notActions = [], dataActions = [], notDataActions = [] } = ROLES[name] ?? {};
  return { guid: guidOf(name), name, permissions: [{ actions, notActions, dataActions, notDataActions }] };
}
/** Those whose permissions stand in the table. */
const CUSTOM = Object.entries(ROLES).flatMap(([name, { guid }]) => (guid === undefined ? [name] : []));

const helds: fc.Arbitrary<HeldRole> = fc
  .tuple(
    fc.constantFrom(...CUSTOM),
    fc.option(conditions, { nil: undefined, freq: 1 }),
    fc.constantFrom(REGISTRY_ID, `${REGISTRY_ID.split('/resourceGroups/')[0] ?? ''}`, '/'),
    fc.constantFrom(OBJECT_ID, 'bbbbbbbb-0000-4000-8000-000000000001'),
    fc.uuid(),
  )
  .map(([name, condition, scope, principalId, id]) => ({
    assignment: {
      id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${id}`,
      name: id,
      scope,
      roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${guidOf(name)}`,
      principalId,
      ...(condition === undefined ? {} : { condition }),
    },
    // A definition can be read for all of its assignments or for none.
    ...(CUSTOM.indexOf(name) % 5 === 0 ? {} : { role: role(name) }),
  }));

const denials: fc.Arbitrary<Denial> = fc
  .tuple(
    fc.constantFrom<Denial['about']>(true, 'unknown'),
    fc.constantFrom(PULL, CONTENT, '*/write'),
    fc.option(conditions, { nil: undefined }),
  )
  .map(([about, action, condition]) => {
    const expression = condition === undefined ? undefined : parseCondition(condition);
    return {
      about,
      assignment: {
        id: '/d',
        name: 'd',
        scope: REGISTRY_ID,
        permissions: [
          {
            actions: [action],
            notActions: [],
            dataActions: [action],
            notDataActions: [],
            ...(condition === undefined ? {} : { condition }),
            ...(expression === undefined ? {} : { expression }),
          },
        ],
        principals: [],
        excluded: [],
        systemProtected: true,
      },
    };
  });

const reads: fc.Arbitrary<ReadAssignments> = fc.record({
  assignments: fc.array(helds, { maxLength: 4 }),
  groupsSeen: fc.boolean(),
  gaps: fc.constant(['something was not seen']),
  denials: fc.array(denials, { maxLength: 1 }),
});

type Mode = 'LegacyRegistryPermissions' | 'AbacRepositoryPermissions' | 'unknown';
const decide = (read: ReadAssignments, mode: Mode, of: string[], id = REGISTRY_ID): DecidedAccess =>
  decideAccess(read, { id, mode }, OBJECT_ID, of);

/** From nothing to everything. */
const RANK = [false, 'unknown', true];
const rank = (decided: DecidedAccess): number => RANK.indexOf(decided.allowed);
const RUNS = { numRuns: 400 };

describe('of access', () => {
  it('one more assignment never loses any', () => {
    fc.assert(
      fc.property(reads, helds, modes, asked, (read, more, mode, of) => {
        const wider = { ...read, assignments: [...read.assignments, more] };
        // An unreadable mode needs both ways, so more of one may make a "no" an "unknown", never a "yes" less.
        expect(rank(decide(wider, mode, of))).toBeGreaterThanOrEqual(rank(decide(read, mode, of)));
      }),
      RUNS,
    );
  });

  it('a grant without its condition never loses any', () => {
    fc.assert(
      fc.property(reads, modes, asked, (read, mode, of) => {
        const assignments = read.assignments.map(
          ({ assignment: { condition: _, ...assignment }, ...held }) => ({ ...held, assignment }),
        );
        expect(rank(decide({ ...read, assignments }, mode, of))).toBeGreaterThanOrEqual(
          rank(decide(read, mode, of)),
        );
      }),
      RUNS,
    );
  });

  it('one that is denied is never more than one that is not, and what is surely denied is never allowed', () => {
    fc.assert(
      fc.property(reads, modes, asked, (read, mode, of) => {
        const { denials: _, ...free } = read;
        const decided = decide(read, mode, of);
        expect(rank(decided)).toBeLessThanOrEqual(rank(decide(free, mode, of)));
        if (decided.denied !== undefined) expect(decided.allowed).toBe(false);
      }),
      RUNS,
    );
  });

  it('what is unknown is never taken for allowed: to know it could have made it a "no"', () => {
    fc.assert(
      fc.property(reads, modes, asked, (read, mode, of) => {
        // The worst that all unknowns could turn out to be: roles that give nothing, no further groups, denials that hold.
        const worst: ReadAssignments = {
          ...read,
          groupsSeen: true,
          assignments: read.assignments.filter((held) => held.role !== undefined),
          denials: (read.denials ?? []).map((denial) => ({ ...denial, about: true })),
        };
        if (decide(read, mode, of).allowed === true) expect(decide(worst, mode, of).allowed).toBe(true);
      }),
      RUNS,
    );
  });

  it('an answer about the whole registry, or all below a prefix, holds for each repository', () => {
    fc.assert(
      fc.property(
        reads,
        modes,
        fc.constantFrom<[string | undefined, string[]]>(
          [undefined, ['team/app', 'hello-world', 'x', 'te9m']],
          ['team/*', ['team/app', 'team/sub/app', 'team/9']],
        ),
        (read, mode, [of, each]) => {
          const whole = decide(read, mode, of === undefined ? [] : [of]);
          for (const one of each) {
            const single = decide(read, mode, [one]);
            if (whole.allowed === true) expect(single.allowed).toBe(true);
          }
        },
      ),
      RUNS,
    );
  });

  it('neither order nor casing matter', () => {
    fc.assert(
      fc.property(
        reads,
        modes,
        asked,
        fc.constantFrom('toUpperCase' as const, 'toLowerCase' as const),
        (read, mode, of, casing) => {
          const turned: ReadAssignments = {
            ...read,
            assignments: [...read.assignments].reverse().map(({ assignment, role: own }) => ({
              assignment: {
                ...assignment,
                scope: assignment.scope[casing](),
                roleDefinitionId: assignment.roleDefinitionId[casing](),
              },
              ...(own === undefined
                ? {}
                : {
                    role: {
                      ...own,
                      permissions: own.permissions.map((permission) => ({
                        actions: permission.actions.map((one) => one[casing]()),
                        notActions: permission.notActions.map((one) => one[casing]()),
                        dataActions: permission.dataActions.map((one) => one[casing]()),
                        notDataActions: permission.notDataActions.map((one) => one[casing]()),
                      })),
                    },
                  }),
            })),
          };
          const decided = decide(
            turned,
            mode,
            [...of].reverse().map((one) => one[casing]()),
            REGISTRY_ID[casing](),
          );
          const before = decide(read, mode, of);
          expect(decided.allowed).toBe(before.allowed);
          const ids = ({ grants }: DecidedAccess): string[] =>
            grants.map(({ assignmentId }) => assignmentId).sort();
          if (of.length < 2) expect(ids(decided)).toEqual(ids(before));
        },
      ),
      RUNS,
    );
  });
});

describe('of conditions', () => {
  const truth = (condition: string, name: string, text: string): unknown => {
    const expression = parseCondition(condition);
    if (expression === undefined) throw new Error(`can't read ${condition}`);
    return conditionTruth(expression, {
      operation: { kind: 'dataActions', name },
      repository: { text, open: false },
    });
  };

  it('twice negated is as it was, and De Morgan holds', () => {
    fc.assert(
      fc.property(conditions, conditions, operations, repositories, (one, other, name, text) => {
        const [a, b] = [truth(one, name, text), truth(other, name, text)];
        expect(truth(`!(!(${one}))`, name, text)).toBe(a);
        expect(truth(`!(${one})`, name, text)).toBe(not(a as boolean));
        expect(truth(`!((${one}) AND (${other}))`, name, text)).toBe(
          truth(`(!(${one})) OR (!(${other}))`, name, text),
        );
        expect(truth(`(${one}) OR (${other})`, name, text)).toBe(truth(`(${other}) || (${one})`, name, text));
        if (a === 'unknown') expect(truth(`(${one}) AND (${other})`, name, text)).not.toBe(true);
        if (a === 'unknown' && b !== true) expect(truth(`(${one}) OR (${other})`, name, text)).not.toBe(true);
      }),
      RUNS,
    );
  });

  it('blanks and the casing of words do not matter', () => {
    fc.assert(
      fc.property(conditions, operations, repositories, (one, name, text) => {
        const spread = one.replace(/@\w+\[[^\]]*\]|'[^']*'|[(){}]/g, (part) => ` ${part}\n`);
        expect(truth(spread, name, text)).toBe(truth(one, name, text));
        const small = one.replace(/'[^']*'|[A-Za-z@]+/g, (part) =>
          part.startsWith("'") ? part : part.toLowerCase(),
        );
        expect(truth(small, name, text)).toBe(truth(one, name, text));
      }),
      RUNS,
    );
  });

  it('any text at all is read or not, and never throws', () => {
    const signs = fc.string({
      unit: fc.constantFrom(
        '(',
        ')',
        '{',
        '}',
        '!',
        "'",
        '@Request[a]',
        ' ',
        'AND',
        'OR',
        'a',
        ',',
        'StringEquals',
        '\n',
        '&&',
        'ActionMatches',
        '\\',
      ),
    });
    fc.assert(
      fc.property(fc.oneof(signs, fc.string()), (text) => {
        expect(() => parseCondition(text)).not.toThrow();
      }),
      { numRuns: 2000 },
    );
    expect(parseCondition('('.repeat(100_000))).toBeUndefined();
    expect(parseCondition('!'.repeat(100_000))).toBeUndefined();
  });

  it('a name stands for each repository of its kind', () => {
    const names = namesStandingFor('team/*', () => ['team/', 'team/sub', 'teams', 'TEAM', 'team/a b', 'x']);
    expect(names.map(({ text, open }) => [text.replaceAll('\u0000', '…'), open])).toEqual([
      ['team/…', true],
      ['team/sub', false],
      ['team/sub…', true],
    ]);
    expect(namesStandingFor('Team/App', () => ['team/'])).toEqual([{ text: 'team/app', open: false }]);
  });
});
