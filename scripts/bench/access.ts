/** What it costs to decide access where an identity has as many role assignments as a subscription takes. */
import { decideAccess } from '../../src/core/azure/access.js';
import { repositoryCondition } from '../../src/core/azure/condition.js';
import { excessOf } from '../../src/core/azure/excess.js';
import { REPOSITORY_READER } from '../../src/core/azure/roles.js';
import type { Assignment } from '../../src/core/azure/role-assignments.js';

/** https://learn.microsoft.com/azure/role-based-access-control/troubleshoot-limits */
export const MOST = 4000;
const MODE = 'AbacRepositoryPermissions';
const REGISTRY =
  '/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/images/providers/Microsoft.ContainerRegistry/registries/contoso';
const IDENTITY = '11111111-2222-4333-8444-555555555555';
/** Enough for the compiler to have seen all of it. */
const TURNS = 40;

export interface AccessCost {
  what: string;
  /** Milliseconds of processor time; the least of several turns. */
  parsingMs: number;
  decidingMs: number;
}

/** Assignments, what is asked of them, and whether they let it be pulled. */
export interface AccessCase {
  what: string;
  condition: (nth: number) => string | undefined;
  asked: string[];
  allowed: boolean;
}

const own = (nth: number): string => repositoryCondition([`team/app${nth}`]);
const EACH = 'each for its repository';

export const ACCESS_CASES: readonly AccessCase[] = [
  { what: 'alike', condition: () => undefined, asked: [], allowed: true },
  {
    what: `${EACH}, the last is asked for`,
    condition: own,
    asked: [`team/app${MOST - 1}`],
    allowed: true,
  },
  { what: `${EACH}, another is asked for`, condition: own, asked: ['other'], allowed: false },
  { what: `${EACH}, the whole registry is asked for`, condition: own, asked: [], allowed: false },
];

/** Times decisions over 4,000 role assignments, and the parsing of the JSON that they come as. */
export function measureAccess(): AccessCost[] {
  return ACCESS_CASES.map(({ what, condition, asked }) => {
    const text = JSON.stringify(Array.from({ length: MOST }, (_, nth) => assignment(nth, condition(nth))));
    let [parsingMs, decidingMs] = [Infinity, Infinity];
    for (let turn = 0; turn < TURNS; turn += 1) {
      let found: Assignment[] = [];
      parsingMs = Math.min(
        parsingMs,
        processorTime(() => (found = JSON.parse(text) as Assignment[])),
      );
      const assignments = found.map((one) => ({ assignment: one, role: REPOSITORY_READER }));
      const read = { assignments, groupsSeen: true, gaps: [] };
      decidingMs = Math.min(
        decidingMs,
        processorTime(() => {
          decideAccess(read, { id: REGISTRY, mode: MODE }, IDENTITY, asked);
          excessOf(assignments, MODE);
        }),
      );
    }
    return { what, parsingMs, decidingMs };
  });
}

function assignment(nth: number, condition: string | undefined): Assignment {
  return {
    id: `${REGISTRY}/providers/Microsoft.Authorization/roleAssignments/${nth}`,
    name: String(nth),
    scope: REGISTRY,
    roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${REPOSITORY_READER.guid}`,
    principalId: IDENTITY,
    ...(condition === undefined ? {} : { condition }),
  };
}

/** Milliseconds of this process alone: others' time doesn't count. */
export function processorTime(work: () => unknown): number {
  const began = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1000;
}
