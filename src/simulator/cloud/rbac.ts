/**
 * Azure RBAC: whether a principal may do something somewhere.
 * Source: https://learn.microsoft.com/azure/role-based-access-control/overview (how Azure RBAC determines access).
 */
import type { AccessDecision, AccessQuestion } from '../context.js';
import { NotModelled } from '../net/exchange.js';
import { isWithin, lastPart } from './arm-id.js';
import { conditionMet } from './condition.js';
import { groupsHolding } from './directory.js';
import { denyAssignmentAgainst } from './governance.js';
import type { CloudState, RoleAssignment, RoleDefinition } from './model.js';
import { permits } from './permission.js';

/** The attribute that conditions on repository data actions look at (azure-docs: container-registry-rbac-abac-repository-permissions). */
const REPOSITORY_NAME = 'Microsoft.ContainerRegistry/registries/repositories:name';

/** A role assignment that counts for a principal at a scope, with its role. */
export interface Contribution {
  assignment: RoleAssignment;
  role: RoleDefinition;
}

/**
 * Every assignment that counts for a principal at a scope: its own and its groups', at the scope and above, and in
 * effect at the time.
 *
 * @param at milliseconds since the epoch
 */
export function contributions(
  state: CloudState,
  principalId: string,
  scope: string,
  at: number,
): Contribution[] {
  return heldAt(state, principalId, scope).filter(({ assignment }) => assignment.effectiveAt <= at);
}

/** The role that an assignment or an id names; custom roles are found as well as built-in ones. */
export function roleOf(
  state: Pick<CloudState, 'roleDefinitions'>,
  roleDefinitionId: string,
): RoleDefinition | undefined {
  const name = lastPart(roleDefinitionId).toLowerCase();
  return state.roleDefinitions.find((role) => role.name === name);
}

/**
 * Decides one question. Throws {@link NotModelled} when only a condition that is not modelled stands between
 * the caller and the answer.
 */
export function decide(state: CloudState, question: AccessQuestion, at: number): AccessDecision {
  const held = heldAt(state, question.principalId, question.scope).filter(({ role }) =>
    role.permissions.some((permission) => permits(permission, question)),
  );
  const works = ({ assignment }: Contribution): boolean => assignment.effectiveAt <= at;
  let notModelled: NotModelled | undefined;
  let unmet: Contribution | undefined;
  for (const contribution of held.filter(works)) {
    try {
      if (meetsCondition(contribution.assignment, question)) {
        const deny = denyAssignmentAgainst(state, question);
        if (deny === undefined) return { allowed: true, why: `allowed by ${describe(contribution)}` };
        const why = `denied: the deny assignment "${deny.displayName}" at ${deny.scope}`;
        return { allowed: false, denyAssignment: deny, why };
      }
      unmet = contribution;
    } catch (error) {
      if (!(error instanceof NotModelled)) throw error;
      notModelled = error;
    }
  }
  if (notModelled !== undefined) throw notModelled;
  if (unmet !== undefined)
    return {
      allowed: false,
      unmetCondition: true,
      why: `denied: the condition of ${describe(unmet)} is not met`,
    };
  const [waiting] = held.filter((contribution) => !works(contribution));
  if (waiting !== undefined) {
    const seconds = ((waiting.assignment.effectiveAt - at) / 1000).toFixed(1);
    return { allowed: false, why: `denied: ${describe(waiting)} works in ${seconds} s` };
  }
  return { allowed: false, why: `denied: nothing gives ${question.action}` };
}

function heldAt(state: CloudState, principalId: string, scope: string): Contribution[] {
  const holders = new Set([principalId.toLowerCase(), ...groupsHolding(state, principalId)]);
  return state.roleAssignments
    .filter(
      (assignment) =>
        holders.has(assignment.principalId.toLowerCase()) &&
        isWithin(scope, assignment.scope, state.subscriptions),
    )
    .flatMap((assignment) => {
      const role = roleOf(state, assignment.roleDefinitionId);
      return role === undefined ? [] : [{ assignment, role }];
    });
}

function meetsCondition({ condition }: RoleAssignment, question: AccessQuestion): boolean {
  if (condition === null) return true;
  const attributes = {
    ...question.attributes,
    ...(question.repository === undefined ? {} : { [REPOSITORY_NAME]: question.repository }),
  };
  return conditionMet(condition, { action: question.action, attributes });
}

function describe({ assignment, role }: Contribution): string {
  return `${role.roleName} at ${assignment.scope}`;
}
