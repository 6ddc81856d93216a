/**
 * What stands against a caller who has the right: deny assignments, management locks, policies, and the limit of role
 * assignments. Sources:
 * https://learn.microsoft.com/azure/role-based-access-control/deny-assignments,
 * https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources and
 * https://learn.microsoft.com/azure/governance/policy/concepts/effect-deny.
 */
import type { AccessQuestion } from '../context.js';
import { isWithin, same } from './arm-id.js';
import { groupsHolding } from './directory.js';
import { stableHex } from './ids.js';
import type { CloudState, Permission } from './model.js';
import { permits } from './permission.js';

export interface DenyAssignment {
  /** A GUID. */
  name: string;
  displayName: string;
  description: string;
  scope: string;
  permissions: Permission[];
  /** Object ids of principals and groups, or {@link EVERYONE}. */
  principals: string[];
  excludePrincipals: string[];
  doNotApplyToChildScopes: boolean;
  /** Made by Azure itself, as for a locked-down node resource group. */
  isSystemProtected: boolean;
}

export interface Lock {
  name: string;
  level: 'CanNotDelete' | 'ReadOnly';
  scope: string;
  notes: string | null;
}

/** An assigned policy that denies every write of one resource type. */
export interface DenyingPolicy {
  /** Display name of the assignment and of its definition. */
  name: string;
  scope: string;
  /** Such as `Microsoft.Authorization/roleAssignments`. */
  resourceType: string;
}

/** What a policy assignment leaves alone. */
export interface PolicyExemption {
  name: string;
  scope: string;
  /** Its ARM id. */
  policyAssignment: string;
}

export interface Governance {
  denyAssignments: DenyAssignment[];
  locks: Lock[];
  policies: DenyingPolicy[];
  /** Made while it runs (https://learn.microsoft.com/azure/governance/policy/concepts/exemption-structure). */
  exemptions: PolicyExemption[];
  /** How many role assignments a subscription may have. */
  roleAssignmentLimit: number;
  /** Role assignments ask the directory for a principal even where they are told its type. */
  typedPrincipalsChecked?: boolean;
  /** Role assignments take no condition. */
  conditionsRefused?: boolean;
  /** Who may not read the directory isn't told which role assignments reach somebody through groups. */
  groupsRefused?: boolean;
}

/** The principal that all are, in deny assignments. */
export const EVERYONE = '00000000-0000-0000-0000-000000000000';

/** The deny assignment that keeps a principal from something, whatever role assignments give. */
export function denyAssignmentAgainst(
  state: CloudState,
  question: AccessQuestion,
): DenyAssignment | undefined {
  const holders = new Set([
    question.principalId.toLowerCase(),
    ...groupsHolding(state, question.principalId),
  ]);
  const names = (principals: readonly string[]): boolean =>
    principals.some((one) => one === EVERYONE || holders.has(one.toLowerCase()));
  return state.governance.denyAssignments.find(
    (assignment) =>
      (assignment.doNotApplyToChildScopes
        ? same(question.scope, assignment.scope)
        : isWithin(question.scope, assignment.scope, state.subscriptions)) &&
      names(assignment.principals) &&
      !names(assignment.excludePrincipals) &&
      assignment.permissions.some((permission) => permits(permission, question)),
  );
}

/** The locks that keep a resource from being changed or deleted: its own and those above it. */
export function locksAgainst(state: CloudState, id: string, operation: 'write' | 'delete'): Lock[] {
  return state.governance.locks.filter(
    ({ level, scope }) =>
      (operation === 'delete' || level === 'ReadOnly') && isWithin(id, scope, state.subscriptions),
  );
}

/** The policies that deny a resource of this type at this place, and that it is not exempt from. */
export function policiesAgainst(state: CloudState, id: string, resourceType: string): DenyingPolicy[] {
  const exempt = (policy: DenyingPolicy): boolean =>
    state.governance.exemptions.some(
      ({ scope, policyAssignment }) =>
        same(policyAssignment, policyAssignmentId(policy)) && isWithin(id, scope, state.subscriptions),
    );
  return state.governance.policies.filter(
    (policy) =>
      same(policy.resourceType, resourceType) &&
      isWithin(id, policy.scope, state.subscriptions) &&
      !exempt(policy),
  );
}

/** ARM id of a policy's assignment. */
export function policyAssignmentId({ name, scope }: Pick<DenyingPolicy, 'name' | 'scope'>): string {
  return `${scope}/providers/Microsoft.Authorization/policyAssignments/${stableHex(24, 'policy', name, scope)}`;
}
