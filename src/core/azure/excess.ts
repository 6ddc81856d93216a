/** What an identity may do beyond pulling: rights that a node doesn't need, and that whoever takes over a node would have. */
import type { HeldRole } from './access.js';
import { CONDITION_VERSION } from './condition.js';
import { parseCondition } from './condition-syntax.js';
import { conditionTruth } from './condition-truth.js';
import type { Operation } from './permissions.js';
import type { RoleAssignmentMode } from './registry.js';
import { CONTENT_DELETE, CONTENT_WRITE, givesOperation } from './roles.js';

/** An assignment that gives more than pulling, and what. */
export interface Excess {
  held: HeldRole;
  /** "push images", "delete images": each completes "it may …". At least one. */
  may: string[];
}

const REGISTRY = 'Microsoft.ContainerRegistry/registries';

interface Power {
  may: string;
  /** One of these is enough. */
  by: readonly Operation[];
  /** Modes in which it counts; absent: in each. */
  mode?: Exclude<RoleAssignmentMode, 'unknown'>;
}

const action = (name: string): Operation => ({ kind: 'actions', name });
const dataAction = (name: string): Operation => ({ kind: 'dataActions', name });

/**
 * What is told of. Reading isn't: it shows what is there and changes nothing. Operations: recording
 * roleDefinitions.real.json; which counts in which mode:
 * https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions.
 */
const POWERS: readonly Power[] = [
  { may: 'push images', by: [action(`${REGISTRY}/push/write`)], mode: 'LegacyRegistryPermissions' },
  { may: 'push images', by: [dataAction(CONTENT_WRITE)], mode: 'AbacRepositoryPermissions' },
  { may: 'delete images', by: [action(`${REGISTRY}/artifacts/delete`)], mode: 'LegacyRegistryPermissions' },
  { may: 'delete images', by: [dataAction(CONTENT_DELETE)], mode: 'AbacRepositoryPermissions' },
  { may: 'import images', by: [action(`${REGISTRY}/importImage/action`)] },
  {
    may: 'change or delete the registry',
    by: [action(`${REGISTRY}/write`), action(`${REGISTRY}/delete`)],
  },
  { may: "read the registry's admin password", by: [action(`${REGISTRY}/listCredentials/action`)] },
  { may: 'give roles to others', by: [action('Microsoft.Authorization/roleAssignments/write')] },
];

/** The assignments that give more than pulling. One whose condition surely keeps that out gives no more. */
export function excessOf(assignments: readonly HeldRole[], mode: RoleAssignmentMode): Excess[] {
  const powers = POWERS.filter(
    (power) => mode === 'unknown' || power.mode === undefined || power.mode === mode,
  );
  // Many assignments share few roles.
  const byRole = new Map<string, readonly Power[]>();
  return assignments.flatMap((held) => {
    const { role, assignment } = held;
    if (role === undefined) return [];
    const given =
      byRole.get(role.guid) ?? powers.filter(({ by }) => by.some((one) => givesOperation(role, one)));
    byRole.set(role.guid, given);
    const may = given
      .filter(({ by }) => by.some((one) => !keptOut(assignment, one)))
      .map((power) => power.may);
    return may.length === 0 ? [] : [{ held, may: [...new Set(may)] }];
  });
}

function keptOut(
  { condition, conditionVersion = CONDITION_VERSION }: HeldRole['assignment'],
  operation: Operation,
): boolean {
  if (condition === undefined || conditionVersion !== CONDITION_VERSION) return false;
  const expression = parseCondition(condition);
  return expression !== undefined && conditionTruth(expression, { operation }) === false;
}
