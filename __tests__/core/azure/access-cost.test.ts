/** What access costs where an identity has as many role assignments as a subscription takes. */
import { describe, expect, it } from '@jest/globals';
import { ACCESS_CASES, MOST, processorTime } from '../../../scripts/bench/access.js';
import { decideAccess } from '../../../src/core/azure/access.js';
import type { HeldRole } from '../../../src/core/azure/access.js';
import { excessOf } from '../../../src/core/azure/excess.js';
import { REPOSITORY_READER } from '../../../src/core/azure/roles.js';
import { OBJECT_ID, REGISTRY_ID, ScriptedHttp } from '../support.js';
import { ABAC, assignmentBody, ROLE } from './bodies.js';
import { armOf, judged } from './situation-arm.js';
import { SITUATIONS } from './situations.js';
import type { Situation } from './situations.js';

function held(count: number, condition: (nth: number) => string | undefined): HeldRole[] {
  return Array.from({ length: count }, (_, nth) => {
    const text = condition(nth);
    return {
      assignment: {
        id: `${REGISTRY_ID}/providers/Microsoft.Authorization/roleAssignments/${nth}`,
        name: String(nth),
        scope: REGISTRY_ID,
        roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${ROLE.repositoryReader}`,
        principalId: OBJECT_ID,
        ...(text === undefined ? {} : { condition: text }),
      },
      role: REPOSITORY_READER,
    };
  });
}

describe(`${MOST} assignments`, () => {
  it.each(ACCESS_CASES)(
    '$what: processor time within 50 ms, as this machine parses',
    ({ condition, asked, allowed }) => {
      const assignments = held(MOST, condition);
      const read = { assignments, groupsSeen: true, gaps: [] };
      const text = JSON.stringify({
        value: assignments.map((_, nth) =>
          assignmentBody(ROLE.repositoryReader, { condition: condition(nth) }),
        ),
      });
      let [parsing, deciding] = [Infinity, Infinity];
      // By turns, so that both meet the same machine.
      for (let turn = 0; turn < MOST_TURNS && (turn < 5 || deciding > mostFor(parsing)); turn += 1) {
        parsing = Math.min(
          parsing,
          processorTime(() => JSON.parse(text)),
        );
        deciding = Math.min(
          deciding,
          processorTime(() => {
            const decided = decideAccess(read, { id: REGISTRY_ID, mode: ABAC }, OBJECT_ID, asked);
            excessOf(assignments, ABAC);
            expect(decided.allowed).toBe(allowed);
            expect(decided.because.length).toBeLessThan(1000);
          }),
        );
      }
      expect(deciding).toBeLessThan(mostFor(parsing));
    },
  );
});

/** A machine that is disturbed gets as many tries. */
const MOST_TURNS = 40;
/** Parsing 4,000 assignments takes this long on a machine where deciding them may take 50 ms. */
const PARSING_MS = 2;

/** What deciding may take on this machine, which took so long for parsing. */
function mostFor(parsing: number): number {
  return 50 * Math.max(1, parsing / PARSING_MS);
}

describe('requests', () => {
  const empty: Situation = {
    name: '',
    mode: 'legacy',
    given: [],
    denied: [],
    allowed: false,
    by: [],
    source: 'overview',
  };

  async function asked(bodies: object[]): Promise<string[]> {
    const arm = armOf(empty, { assignments: () => bodies });
    const definitions = new ScriptedHttp(({ url }) => {
      if (!/roleDefinitions\/eeeeeeee/.test(url)) throw new Error(`nothing is scripted for ${url}`);
      return { body: { properties: { roleName: 'x', permissions: [] } } };
    });
    const http = new ScriptedHttp(async (request) => {
      const through = /roleDefinitions\//.test(request.url) ? definitions : arm.http;
      const { status, body } = await through.send(request);
      let text = '';
      for await (const chunk of body) text += new TextDecoder().decode(chunk);
      return { status, body: text };
    });
    await judged(empty, { http, ids: [] });
    return http.asked.map((line) => line.replace(/^.*Microsoft\.Authorization\//, '').replace(/\/.*$/, '/…'));
  }

  it.each([0, 1, 10, 1000])('are two for %i assignments of roles that are known', async (count) => {
    const bodies = Array.from({ length: count }, () => assignmentBody(ROLE.acrPull));
    expect((await asked(bodies)).sort()).toEqual(['denyAssignments', 'roleAssignments']);
  });

  it.each([
    [1, 1],
    [4, 4],
    [5, 1],
    [1000, 1],
  ])('for %i custom roles there are %i more', async (count, more) => {
    const bodies = Array.from({ length: count }, (_, nth) =>
      assignmentBody(`eeeeeeee-0000-4000-8000-${String(100 + nth).padStart(12, '0')}`),
    );
    // Each role twice.
    expect(await asked([...bodies, ...bodies])).toHaveLength(2 + more);
  });

  it('are two in every situation without custom roles or groups that are denied', async () => {
    for (const situation of SITUATIONS.filter(
      ({ given, denied }) => given.length < 2 && denied.length === 0,
    )) {
      const arm = armOf(situation);
      await judged(situation, arm);
      const most = situation.groupsRefused === true ? 3 : 2;
      expect(arm.http.asked.filter((line) => !line.includes('/roleDefinitions/')).length).toBeLessThanOrEqual(
        most,
      );
    }
  });
});
