/** Own rights: which ones this login lacks for what connect would do. Asked only by runs that leave the grant to somebody else. */
import { lackingRights } from '../azure/own-rights.js';
import type { LackingRight } from '../azure/own-rights.js';
import type { Registry } from '../azure/registry.js';
import { assignsRoles, neededRights, rolesHolding } from '../azure/rights.js';
import type { Circumstance, Task } from '../azure/rights.js';
import type { AzureSession } from '../azure/session.js';
import { giveRoles } from '../diagnosis/caller-rights.js';
import { fix } from '../diagnosis/fixes.js';
import type { PlannedGrant } from '../report.js';
import type { Request } from '../request.js';
import type { Telling } from '../telling.js';

/**
 * Tells which rights connect would lack, where grants are missing: each by its action, scope and use, with the least
 * roles that hold them. As Azure tells it, and no last word (see {@link lackingRights}); says nothing where Azure doesn't.
 */
export async function tellOwnRights(
  request: Pick<Request, 'verify' | 'clusterAccess'>,
  missing: readonly PlannedGrant[],
  cluster: { id: string },
  registry: Registry,
  azure: AzureSession,
  telling: Telling,
): Promise<void> {
  if (missing.length === 0) return;
  const task: Task = request.verify === 'pull' ? 'connect' : 'connect, no pull';
  const way: Circumstance = request.clusterAccess === 'run-command' ? 'run command' : 'direct';
  const lacking = await lackingRights(azure.arm, neededRights(task, [way]), {
    cluster: cluster.id,
    registry: registry.id,
  });
  if (lacking === undefined || lacking.length === 0) return;
  const roles = rolesHolding(lacking.map(({ right }) => right));
  const { caller } = telling.facts;
  telling.finding({
    id: 'connect-would-be-refused',
    title: `this login may not connect to ${registry.loginServer} itself`,
    evidence: `object id ${caller?.objectId ?? 'unknown'} lacks ${lacking.map(inWords).join('; ')}`,
    fix: fix(
      `Either someone who may makes the grant, or have the login given ${roles.map(({ at, role }) => `${role.role} at the ${at}`).join(' and ')}${roles.some(({ role }) => assignsRoles(role)) ? '; under the condition it may give and take the two pull roles there, and no more' : ''}.`,
      ...giveRoles(roles, telling.facts),
    ),
  });
}

function inWords({ right, scope }: LackingRight): string {
  return `${right.operation} at ${scope} (for ${right.for})`;
}
