/** Who may pull, and why: the kubelet identity's access to one registry. */
import type { Allowed, Grant } from '../report.js';
import { ArmError } from './arm.js';
import { lastPart, sameId } from './arm-id.js';
import type { RoleAssignmentMode } from './registry.js';
import type { Assignment, RoleAssignments } from './role-assignments.js';
import { gives, knownRole, NEEDED } from './roles.js';
import type { Role, Way } from './roles.js';

/** What was read: assignments that reach the identity at the registry, with their roles. */
export interface ReadAssignments {
  assignments: { assignment: Assignment; role?: Role }[];
  /** False when assignments through groups could not be asked for. */
  groupsSeen: boolean;
  /** Why something is missing, in ARM's words; empty when nothing is. */
  gaps: string[];
}

/** What access came to, and the assignments it rests on. */
export interface DecidedAccess {
  allowed: Allowed;
  grants: Grant[];
  /** One sentence: what decides it. */
  because: string;
  /** Assignments that count for nothing in this registry's mode, though they would in the other. */
  ignored: Grant[];
}

/** The description of every grant that this tool makes begins so. */
export const OUR_MARK = 'aks-acr-pull';

/**
 * Reads all assignments that reach the principal at the registry: direct, inherited and through groups. Where the login
 * may not ask for groups, those are missing and it is said.
 *
 * @throws {ArmError} when assignments can't be listed at all
 */
export async function readAssignments(
  client: RoleAssignments,
  registryId: string,
  principalId: string,
): Promise<ReadAssignments> {
  const gaps: string[] = [];
  let groupsSeen = true;
  let found: Assignment[];
  try {
    found = await client.reaching(registryId, principalId, true);
  } catch (error) {
    // assignedTo() may be refused to a login that can't read the directory, where the plain list is not.
    if (!(error instanceof ArmError) || (error.status !== 400 && error.status !== 403)) throw error;
    found = await client.reaching(registryId, principalId, false);
    groupsSeen = false;
    gaps.push(`assignments through groups were not seen: ${error.said}`);
  }
  const assignments = await Promise.all(
    found.map(async (assignment) => {
      const known = knownRole(lastPart(assignment.roleDefinitionId));
      if (known !== undefined) return { assignment, role: known };
      try {
        return { assignment, role: await client.role(assignment.roleDefinitionId) };
      } catch (error) {
        if (!(error instanceof ArmError)) throw error;
        gaps.push(error.message);
        return { assignment };
      }
    }),
  );
  return { assignments, groupsSeen, gaps };
}

/** Decides access from what was read, in the registry's mode. Pure. */
export function decideAccess(
  read: ReadAssignments,
  registry: { id: string; mode: RoleAssignmentMode },
  principalId: string,
): DecidedAccess {
  const ways = NEEDED[registry.mode];
  const covered = (
    kind: 'actions' | 'dataActions',
    needed: readonly string[],
    conditional: boolean,
  ): boolean => {
    const given = read.assignments.flatMap(({ assignment, role }) =>
      role === undefined || (assignment.condition !== undefined && !conditional)
        ? []
        : gives(role, kind, needed),
    );
    return needed.every((operation) => given.includes(operation));
  };
  // A role that gives only a part of what is needed, with no other that gives the rest, lets nobody pull: no grant.
  const whole = (some: readonly Way[]): Grant[] =>
    grantsThatGive(
      read,
      registry.id,
      principalId,
      some.filter(({ kind, needed }) => covered(kind, needed, true)),
    );
  const grants = whole(ways);
  const otherMode = ways === NEEDED.unknown ? [] : NEEDED.unknown.filter((way) => way.kind !== ways[0]?.kind);
  const ignored = whole(otherMode).filter(
    (grant) => !grants.some((counted) => counted.assignmentId === grant.assignmentId),
  );
  const surely = ways.filter(({ kind, needed }) => covered(kind, needed, false)).length;
  if (surely === ways.length) return { allowed: true, grants, ignored, because: because(grants, 'allowed') };
  const maybe = ways.some(({ kind, needed }) => covered(kind, needed, true));
  const conditional = grants.find((grant) => grant.condition !== undefined);
  if (maybe && conditional !== undefined) {
    return {
      allowed: 'unknown',
      grants,
      ignored,
      because: `${conditional.roleName} is given under a condition that is not evaluated here: ${conditional.condition ?? ''}`,
    };
  }
  if (maybe || surely > 0) {
    return { allowed: 'unknown', grants, ignored, because: "the registry's role assignment mode is unknown" };
  }
  if (read.gaps.length > 0) return { allowed: 'unknown', grants, ignored, because: read.gaps.join('; ') };
  return { allowed: false, grants, ignored, because: because(ignored, 'ignored') };
}

function because(grants: readonly Grant[], as: 'allowed' | 'ignored'): string {
  const named = grants.map(
    (grant) =>
      `${grant.roleName} (${grant.inherited ? 'inherited from' : 'on'} ${shortScope(grant.scope)}${grant.via === 'group' ? ', through a group' : ''})`,
  );
  if (as === 'allowed') return named.join(', ');
  return named.length === 0
    ? 'no role assignment that reaches it lets it pull'
    : `${named.join(', ')} counts for nothing in this registry's mode`;
}

function shortScope(scope: string): string {
  return (
    scope
      .split('/')
      .filter((part) => part !== '')
      .slice(-2)
      .join('/') || 'the root'
  );
}

function grantsThatGive(
  read: ReadAssignments,
  registryId: string,
  principalId: string,
  ways: readonly Way[],
): Grant[] {
  return read.assignments.flatMap(({ assignment, role }) =>
    role !== undefined && ways.some(({ kind, needed }) => gives(role, kind, needed).length > 0)
      ? [asGrant(assignment, role, registryId, principalId)]
      : [],
  );
}

/** A role assignment in the report's words. */
export function asGrant(assignment: Assignment, role: Role, registryId: string, principalId: string): Grant {
  return {
    roleName: role.name,
    roleDefinitionId: assignment.roleDefinitionId,
    scope: assignment.scope,
    inherited: !sameId(assignment.scope, registryId),
    via: assignment.principalId === principalId.toLowerCase() ? 'direct' : 'group',
    assignmentId: assignment.id,
    ours: assignment.description?.startsWith(OUR_MARK) === true,
    ...(assignment.condition === undefined ? {} : { condition: assignment.condition }),
    ...(assignment.updatedOn === undefined ? {} : { updatedOn: assignment.updatedOn }),
  };
}
