/** Who may pull, and why: the kubelet identity's access to one registry. */
import type { Allowed, Grant } from '../report.js';
import { ArmError } from './arm.js';
import { lastPart, sameId } from './arm-id.js';
import { coversRepository, readRepositoryCondition } from './condition.js';
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
  /** Assignments that would let it pull, were they not limited to repositories that don't hold all that is asked. */
  limited: LimitedAssignment[];
}

/** An assignment under a condition of our own shape. */
export interface LimitedAssignment {
  assignment: Assignment;
  repositories: string[];
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

/**
 * Decides access from what was read, in the registry's mode. Pure.
 *
 * @param asked repositories that it must be able to pull from, `team/*` for all below a prefix; empty: the whole registry
 */
export function decideAccess(
  read: ReadAssignments,
  registry: { id: string; mode: RoleAssignmentMode },
  principalId: string,
  asked: readonly string[] = [],
): DecidedAccess {
  const [first, ...others] = asked.map((repository) => decideFor(read, registry, principalId, repository));
  if (first === undefined) return decideFor(read, registry, principalId, undefined);
  const each = [first, ...others];
  const grants = each.flatMap((decided) => decided.grants);
  const limited = each.flatMap((decided) => decided.limited);
  const worst =
    each.find(({ allowed }) => allowed === false) ?? each.find(({ allowed }) => allowed === 'unknown');
  return {
    ...(worst ?? first),
    grants: grants.filter(
      ({ assignmentId }, index) => grants.findIndex((one) => one.assignmentId === assignmentId) === index,
    ),
    limited: limited.filter(
      ({ assignment }, index) => limited.findIndex((one) => one.assignment === assignment) === index,
    ),
  };
}

/** What an assignment's condition makes of it: nothing stands in its way, it is about other repositories, or nobody knows. */
type Reach = 'covers' | 'misses' | 'unread';

/** A condition of our shape restricts the repositories' two data actions, and no action. */
function reachOf(
  { condition }: Assignment,
  kind: Way['kind'],
  repository: string | undefined,
): { reach: Reach; repositories?: string[] } {
  if (condition === undefined) return { reach: 'covers' };
  const repositories = readRepositoryCondition(condition);
  if (repositories === undefined) return { reach: 'unread' };
  if (kind === 'actions') return { reach: 'covers' };
  const covers = repository !== undefined && coversRepository(repositories, repository);
  return { reach: covers ? 'covers' : 'misses', repositories };
}

/** Decides for one repository, or for the whole registry. */
function decideFor(
  read: ReadAssignments,
  registry: { id: string; mode: RoleAssignmentMode },
  principalId: string,
  repository: string | undefined,
): DecidedAccess {
  const ways = NEEDED[registry.mode];
  const giving = ({ kind, needed }: Way, reaches: readonly Reach[]): ReadAssignments['assignments'] =>
    read.assignments.filter(
      ({ assignment, role }) =>
        role !== undefined &&
        gives(role, kind, needed).length > 0 &&
        reaches.includes(reachOf(assignment, kind, repository).reach),
    );
  const covered = (way: Way, reaches: readonly Reach[]): boolean => {
    const given = giving(way, reaches).flatMap(({ role }) =>
      role === undefined ? [] : gives(role, way.kind, way.needed),
    );
    return way.needed.every((operation) => given.includes(operation));
  };
  // A role that gives only a part of what is needed, with no other that gives the rest, lets nobody pull: no grant.
  const whole = (some: readonly Way[]): Grant[] => {
    const counted = some
      .filter((way) => covered(way, ['covers', 'unread']))
      .flatMap((way) => giving(way, ['covers', 'unread']));
    return read.assignments
      .filter((one) => counted.includes(one))
      .flatMap(({ assignment, role }) =>
        role === undefined ? [] : [asGrant(assignment, role, registry.id, principalId)],
      );
  };
  const grants = whole(ways);
  const otherMode = ways === NEEDED.unknown ? [] : NEEDED.unknown.filter((way) => way.kind !== ways[0]?.kind);
  const ignored = whole(otherMode).filter(
    (grant) => !grants.some((counted) => counted.assignmentId === grant.assignmentId),
  );
  const limited = ways.flatMap((way) =>
    giving(way, ['misses']).flatMap(({ assignment }) => {
      const { repositories } = reachOf(assignment, way.kind, repository);
      return repositories === undefined ? [] : [{ assignment, repositories }];
    }),
  );
  const found = { grants, ignored, limited };
  const surely = ways.filter((way) => covered(way, ['covers'])).length;
  if (surely === ways.length) return { allowed: true, ...found, because: because(grants, 'allowed') };
  const maybe = ways.some((way) => covered(way, ['covers', 'unread']));
  const conditional = grants.find(
    ({ condition }) => condition !== undefined && readRepositoryCondition(condition) === undefined,
  );
  if (maybe && conditional !== undefined) {
    return {
      allowed: 'unknown',
      ...found,
      because: `${conditional.roleName} is given under a condition that is not evaluated here: ${conditional.condition ?? ''}`,
    };
  }
  if (maybe || surely > 0)
    return { allowed: 'unknown', ...found, because: "the registry's role assignment mode is unknown" };
  if (read.gaps.length > 0) return { allowed: 'unknown', ...found, because: read.gaps.join('; ') };
  const [standing] = limited;
  if (standing !== undefined) {
    const lacking = repository ?? 'the whole registry';
    return {
      allowed: false,
      ...found,
      because: `what is granted is limited to ${standing.repositories.join(', ')}, and that does not hold ${lacking}`,
    };
  }
  return { allowed: false, ...found, because: because(ignored, 'ignored') };
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
