/** Making the missing grant: the pull role for the kubelet identity, at the registry, and nothing else. */
import { v5 as uuidV5 } from 'uuid';
import { optional } from '../json.js';
import type { Clock } from '../ports.js';
import type { PlannedGrant } from '../report.js';
import { ArmError } from './arm.js';
import { OUR_MARK } from './access.js';
import { canonicalId, lastPart, parseArmId, roleDefinitionId, sameId } from './arm-id.js';
import { CONDITION_VERSION, repositoryCondition } from './condition.js';
import { existingAssignment } from './refusal-words.js';
import type { Assignment, RoleAssignments } from './role-assignments.js';
import type { Role } from './roles.js';

/** Namespace of the names of all grants that this tool ever makes. Never changes. */
export const GRANT_NAMESPACE = '6f1c0f0e-5d5a-4d5b-9a55-3d8f0b7e2c41';

/** A principal that was just made may take this long until every part of Azure knows it. */
const REPLICATION_LIMIT_MS = 120_000;
const REPLICATION_PAUSE_MS = 5_000;

export type Granted =
  | { outcome: 'created'; assignment: Assignment }
  /** A grant of the same role is there under another name; absent: it may not be read. */
  | { outcome: 'existed'; assignment?: Assignment };

/** The name of the grant: the same for the same scope, principal and role, whatever their casing. */
export function grantName(scope: string, principalId: string, roleGuid: string): string {
  return uuidV5(
    `${canonicalId(scope)}|${principalId.toLowerCase()}|${roleGuid.toLowerCase()}`,
    GRANT_NAMESPACE,
  );
}

/** Whether this tool made the grant: it bears the mark, and the name that only the same grant has. */
export function isOurs({ name, scope, principalId, roleDefinitionId, description }: Assignment): boolean {
  return (
    description?.startsWith(OUR_MARK) === true &&
    name.toLowerCase() === grantName(scope, principalId, lastPart(roleDefinitionId))
  );
}

/**
 * The grant as it is written, by connect as by whoever carries out a plan.
 *
 * @param repositories what it is limited to; empty: the whole registry
 */
export function planGrant(
  registryId: string,
  principalId: string,
  role: Role,
  repositories: readonly string[],
): PlannedGrant {
  return {
    name: grantName(registryId, principalId, role.guid),
    scope: registryId,
    registryName: parseArmId(registryId)?.name ?? '',
    roleName: role.name,
    roleGuid: role.guid,
    principalId,
    description: `${OUR_MARK}: lets the kubelet identity pull`,
    ...(repositories.length === 0
      ? {}
      : { condition: repositoryCondition(repositories), conditionVersion: CONDITION_VERSION }),
  };
}

/**
 * Writes the grant. One that is there already under another name is success, and is looked up (recording:
 * roleAssignments.409.RoleAssignmentExists.json); a principal that isn't replicated yet is tried again for two minutes
 * (recording: roleAssignments.400.PrincipalNotFound.json).
 *
 * @throws {ArmError} when ARM refuses for any other reason
 */
export async function makeGrant(
  client: RoleAssignments,
  planned: PlannedGrant,
  clock: Clock,
  signal: AbortSignal,
): Promise<Granted> {
  const { name, scope, roleGuid, principalId, description, condition } = planned;
  const subscriptionId = parseArmId(scope)?.subscriptionId ?? '';
  const until = clock.now() + REPLICATION_LIMIT_MS;
  for (;;) {
    try {
      const assignment = await client.create({
        name,
        scope,
        roleDefinitionId: roleDefinitionId(subscriptionId, roleGuid),
        principalId,
        description,
        ...optional('condition', condition),
      });
      return { outcome: 'created', assignment };
    } catch (error) {
      if (!(error instanceof ArmError)) throw error;
      if (error.code === 'RoleAssignmentExists')
        return { outcome: 'existed', ...optional('assignment', await twinOf(client, planned, error.said)) };
      if (error.code !== 'PrincipalNotFound' || clock.now() + REPLICATION_PAUSE_MS > until) throw error;
      await clock.sleep(REPLICATION_PAUSE_MS, signal);
    }
  }
}

/** The assignment that stands where the grant was to be: by the id that newer words name, else among all. */
async function twinOf(
  client: RoleAssignments,
  planned: PlannedGrant,
  said: string,
): Promise<Assignment | undefined> {
  const isTwin = ({ scope, roleDefinitionId: role, principalId }: Assignment): boolean =>
    sameId(scope, planned.scope) &&
    lastPart(role) === planned.roleGuid &&
    principalId === planned.principalId.toLowerCase();
  const name = existingAssignment(said);
  try {
    if (name !== undefined) {
      const id = `${planned.scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;
      const found = await client.byId(id);
      if (isTwin(found)) return found;
    }
    return (await client.reaching(planned.scope, planned.principalId, false)).find(isTwin);
  } catch (error) {
    if (error instanceof ArmError) return undefined;
    throw error;
  }
}
