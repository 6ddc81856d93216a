/** Commands that give the login what it lacks: the least built-in role, and the right to assign roles only narrowed down. */
import { inSameSubscription } from '../azure/arm-id.js';
import { delegationCondition } from '../azure/delegation.js';
import { assignsRoles, roleForAction } from '../azure/rights.js';
import type { BuiltInRole, Place } from '../azure/rights.js';
import type { FixFacts } from './cause.js';
import { assignRole, clusterScope, registryScope, scopeOf } from './commands.js';
import type { AskedFor, Command } from './commands.js';

/** Gives the login a role; one that assigns roles lets it give and take the two pull roles, and no more. */
export function giveRole(
  role: BuiltInRole,
  caller: NonNullable<FixFacts['caller']>,
  scope: string | AskedFor,
): Command {
  const condition = assignsRoles(role) ? delegationCondition() : undefined;
  return assignRole(role.guid, caller.objectId, caller.type, scope, condition);
}

/** Gives the login the right that an answer of Azure's names as missing. */
export function giveMissingRight({ caller, missing, registry, cluster }: FixFacts): Command | undefined {
  if (missing === undefined || caller === undefined) return undefined;
  const role = roleForAction(missing.action);
  if (role === undefined) return undefined;
  const at = withoutAssignment(missing.scope);
  const apart =
    registry?.apart === true || (at !== '' && cluster !== undefined && !inSameSubscription(at, cluster.id));
  const scope =
    at !== ''
      ? scopeOf(at, apart)
      : registry !== undefined
        ? registryScope(registry)
        : cluster === undefined
          ? undefined
          : clusterScope(cluster);
  return scope === undefined ? undefined : giveRole(role, caller, scope);
}

/** An assignment's own id, which a refusal names as its scope, is cut back to the scope it is made at. */
function withoutAssignment(scope: string): string {
  return scope.replace(/\/providers\/Microsoft\.Authorization\/.*$/i, '');
}

/** Gives the login roles, each at its place. */
export function giveRoles(
  roles: readonly { at: Place; role: BuiltInRole }[],
  { caller, cluster, registry }: FixFacts,
): Command[] {
  return roles.flatMap(({ at, role }) => {
    const scope = at === 'cluster' ? cluster && clusterScope(cluster) : registry && registryScope(registry);
    return caller === undefined || scope === undefined ? [] : [giveRole(role, caller, scope)];
  });
}
