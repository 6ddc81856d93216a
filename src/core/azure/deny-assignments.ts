/**
 * Deny assignments: they keep a principal from something whatever role assignments give it. Only Azure makes them: for
 * managed applications, deployment stacks, locked-down resource groups
 * (https://learn.microsoft.com/azure/role-based-access-control/deny-assignments).
 */
import { asBoolean, asText, at, optional } from '../json.js';
import { ArmError } from './arm.js';
import type { Arm } from './arm.js';
import { lastPart, reachesScope, sameId } from './arm-id.js';
import { parseCondition } from './condition-syntax.js';
import type { Expression } from './condition-syntax.js';
import { conditionTruth } from './condition-truth.js';
import type { Subject } from './condition-truth.js';
import { permits } from './permissions.js';
import type { Permission } from './permissions.js';
import { NEEDED } from './roles.js';
import { every, not, some } from './truth.js';
import type { Truth } from './truth.js';

const API_VERSION = '2022-04-01';

/** The right to list them; most built-in roles have it by a wildcard. */
export const READ_DENY_ASSIGNMENTS = 'Microsoft.Authorization/denyAssignments/read';

/** The principal that all are, in deny assignments. */
const EVERYONE = '00000000-0000-0000-0000-000000000000';

interface Principal {
  /** Lower-case. */
  id: string;
  /** `User`, `Group`, `ServicePrincipal`, `SystemDefined`; absent where ARM doesn't say. */
  type?: string;
}

interface DeniedPermission extends Permission {
  condition?: string;
  expression?: Expression;
}

export interface DenyAssignment {
  id: string;
  /** As people see it. */
  name: string;
  scope: string;
  permissions: readonly DeniedPermission[];
  principals: readonly Principal[];
  excluded: readonly Principal[];
  /** Nobody but Azure can change it. */
  systemProtected: boolean;
}

/** A deny assignment at or above the registry, and whether it is about the identity. */
export interface Denial {
  assignment: DenyAssignment;
  about: Truth;
}

/**
 * The deny assignments that hold at a scope: made there, or above and not only for there.
 *
 * `atScope()` is asked for, not `assignedTo()`: that the latter also lists what denies everyone is documented nowhere
 * (https://learn.microsoft.com/azure/role-based-access-control/deny-assignments-rest).
 *
 * @throws {ArmError} also for one without what decides: it must not read as "there is none"
 */
export async function listDenyAssignments(arm: Arm, scope: string): Promise<DenyAssignment[]> {
  const attempted = `list the deny assignments at ${lastPart(scope)}`;
  const served = await arm.list(pathAt(scope, 'atScope()'), API_VERSION, attempted);
  return served.flatMap((one) => {
    const assignment = readDenyAssignment(one, attempted);
    const here = sameId(assignment.scope, scope);
    const forChildren = asBoolean(at(one, 'properties', 'doNotApplyToChildScopes')) !== true;
    return here || (forChildren && reachesScope(assignment.scope, scope)) ? [assignment] : [];
  });
}

/**
 * Which of them are about a principal. Only where one that could keep it from pulling names groups that nobody knows
 * anything of is ARM asked once more.
 *
 * @param groups groups that are known to hold the principal
 */
export async function denialsAbout(
  arm: Arm,
  scope: string,
  assignments: readonly DenyAssignment[],
  principalId: string,
  groups: ReadonlySet<string>,
): Promise<Denial[]> {
  const relevant = assignments.filter(coversPull);
  const listed = (one: DenyAssignment): Truth => among(one.principals, principalId, groups);
  const assigned = relevant.some((one) => listed(one) === 'unknown')
    ? await assignedTo(arm, scope, principalId)
    : undefined;
  return relevant.flatMap((assignment) => {
    const named = listed(assignment);
    const known =
      named === 'unknown' && assigned !== undefined ? assigned.has(lastPart(assignment.id)) : named;
    const about = every([known, not(among(assignment.excluded, principalId, groups))], (truth) => truth);
    return about === false ? [] : [{ assignment, about }];
  });
}

/** Whether a deny assignment keeps those whom it is about from something. */
export function deniesSubject({ permissions }: DenyAssignment, subject: Subject): Truth {
  return some(permissions, (permission) => {
    if (!permits(permission, subject.operation)) return false;
    if (permission.condition === undefined) return true;
    return permission.expression === undefined ? 'unknown' : conditionTruth(permission.expression, subject);
  });
}

function coversPull({ permissions }: DenyAssignment): boolean {
  return NEEDED.unknown.some(({ kind, needed }) =>
    needed.some((name) => permissions.some((permission) => permits(permission, { kind, name }))),
  );
}

/** Whether a principal is one of these, itself or as a member of a group. */
function among(principals: readonly Principal[], principalId: string, groups: ReadonlySet<string>): Truth {
  return some(principals, ({ id, type }) => {
    if (id === principalId.toLowerCase() || id === EVERYONE || groups.has(id)) return true;
    return type === 'User' || type === 'ServicePrincipal' ? false : 'unknown';
  });
}

/** Names of those that are for a principal or a group that holds it; undefined when that may not be asked. */
async function assignedTo(arm: Arm, scope: string, principalId: string): Promise<Set<string> | undefined> {
  const attempted = `list the deny assignments of ${principalId}`;
  const filter = `assignedTo('${principalId}')`;
  try {
    const served = await arm.list(pathAt(scope, filter), API_VERSION, attempted);
    return new Set(served.map((one) => lastPart(asText(at(one, 'id')) ?? '')));
  } catch (error) {
    if (error instanceof ArmError) return undefined;
    throw error;
  }
}

function pathAt(scope: string, filter: string): string {
  return `${scope}/providers/Microsoft.Authorization/denyAssignments?$filter=${encodeURIComponent(filter)}`;
}

/** Form: https://learn.microsoft.com/rest/api/authorization/deny-assignments/list-for-scope */
function readDenyAssignment(served: unknown, attempted: string): DenyAssignment {
  const id = asText(at(served, 'id'));
  const scope = asText(at(served, 'properties', 'scope'));
  const permissions = listOf(served, 'permissions')?.map(readPermission);
  const principals = listOf(served, 'principals')?.map(readPrincipal);
  if (
    id === undefined ||
    scope === undefined ||
    permissions?.every((one) => one !== undefined) !== true ||
    principals?.every((one) => one !== undefined) !== true
  ) {
    throw new ArmError(attempted, 200, '', 'one lacks its id, scope, permissions or principals');
  }
  return {
    id,
    name: asText(at(served, 'properties', 'denyAssignmentName')) ?? lastPart(id),
    scope,
    permissions,
    principals,
    excluded: (listOf(served, 'excludePrincipals') ?? []).flatMap((one) => readPrincipal(one) ?? []),
    systemProtected: asBoolean(at(served, 'properties', 'isSystemProtected')) === true,
  };
}

function listOf(served: unknown, key: string): unknown[] | undefined {
  const list = at(served, 'properties', key);
  return Array.isArray(list) ? (list as unknown[]) : undefined;
}

function readPrincipal(served: unknown): Principal | undefined {
  const id = asText(at(served, 'id'))?.toLowerCase();
  return id === undefined ? undefined : { id, ...optional('type', asText(at(served, 'type'))) };
}

function readPermission(served: unknown): DeniedPermission | undefined {
  if (typeof served !== 'object' || served === null) return undefined;
  const texts = (key: string): string[] => {
    const list = at(served, key);
    return Array.isArray(list) ? list.filter((one) => typeof one === 'string') : [];
  };
  const condition = asText(at(served, 'condition'));
  return {
    actions: texts('actions'),
    notActions: texts('notActions'),
    dataActions: texts('dataActions'),
    notDataActions: texts('notDataActions'),
    ...(condition === undefined ? {} : { condition, ...optional('expression', parseCondition(condition)) }),
  };
}
