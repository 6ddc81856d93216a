/** Making the missing grant: the pull role for the kubelet identity, at the registry, and nothing else. */
import { v5 as uuidV5 } from 'uuid';
import type { Clock } from '../ports.js';
import { ArmError } from './arm.js';
import { OUR_MARK } from './access.js';
import { canonicalId } from './arm-id.js';
import type { Assignment, RoleAssignments } from './role-assignments.js';
import type { Role } from './roles.js';

/** Namespace of the names of all grants that this tool ever makes. Never changes. */
export const GRANT_NAMESPACE = '6f1c0f0e-5d5a-4d5b-9a55-3d8f0b7e2c41';

/** A principal that was just made may take this long until every part of Azure knows it. */
const REPLICATION_LIMIT_MS = 120_000;
const REPLICATION_PAUSE_MS = 5_000;

export type Granted =
  | { outcome: 'created'; assignment: Assignment }
  /** The same grant is there under another name. */
  | { outcome: 'existed' };

/** The name of the grant: the same for the same scope, principal and role, whatever their casing. */
export function grantName(scope: string, principalId: string, roleGuid: string): string {
  return uuidV5(
    `${canonicalId(scope)}|${principalId.toLowerCase()}|${roleGuid.toLowerCase()}`,
    GRANT_NAMESPACE,
  );
}

/**
 * Writes the grant. One that is there already under another name is success (recording:
 * roleAssignments.409.RoleAssignmentExists.json); a principal that isn't replicated yet is tried again for two minutes
 * (recording: roleAssignments.400.PrincipalNotFound.json).
 *
 * @throws {ArmError} when ARM refuses for any other reason
 */
export async function makeGrant(
  client: RoleAssignments,
  registry: { id: string; subscriptionId: string },
  principalId: string,
  role: Role,
  clock: Clock,
  signal: AbortSignal,
): Promise<Granted> {
  const until = clock.now() + REPLICATION_LIMIT_MS;
  for (;;) {
    try {
      const assignment = await client.create({
        name: grantName(registry.id, principalId, role.guid),
        scope: registry.id,
        roleDefinitionId: `/subscriptions/${registry.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${role.guid}`,
        principalId,
        description: `${OUR_MARK}: lets the kubelet identity pull`,
      });
      return { outcome: 'created', assignment };
    } catch (error) {
      if (!(error instanceof ArmError)) throw error;
      if (error.code === 'RoleAssignmentExists') return { outcome: 'existed' };
      if (error.code !== 'PrincipalNotFound' || clock.now() + REPLICATION_PAUSE_MS > until) throw error;
      await clock.sleep(REPLICATION_PAUSE_MS, signal);
    }
  }
}
