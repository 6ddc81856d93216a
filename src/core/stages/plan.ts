/** Plan: what connect would write, written down instead. */
import { planGrant } from '../azure/grant.js';
import type { Registry } from '../azure/registry.js';
import { pullRole } from '../azure/roles.js';
import type { PlannedGrant, Result } from '../report.js';
import type { Request } from '../request.js';
import type { Telling } from '../telling.js';
import { tellAccess } from './decide.js';
import type { AccessFacts } from './decide.js';
import { grantedRepositories } from './repositories.js';

/** The grant that connect would write; undefined while the registry's mode, and so the role, is unknown. */
export function missingGrant(
  request: Request,
  access: Pick<AccessFacts, 'kept'>,
  registry: Registry,
  principalId: string,
): PlannedGrant | undefined {
  const role = pullRole(registry.mode);
  return role === undefined
    ? undefined
    : planGrant(registry.id, principalId, role, grantedRepositories(request, access.kept));
}

/**
 * Tells what connect would write and keeps it. Nothing is asked of anyone any more.
 *
 * @param missing as {@link missingGrant} gives it
 */
export function plan(
  access: AccessFacts,
  missing: PlannedGrant | undefined,
  registry: Registry,
  telling: Telling,
): Result {
  const { connection } = telling;
  const title = `what connect would write for ${registry.loginServer} is known`;
  if (access.allowed !== false || access.denied !== undefined) {
    tellAccess(access, registry, telling);
    // No grant helps against a deny assignment: there is nothing to plan.
    if (access.denied !== undefined) return 'failed';
    if (access.allowed === 'unknown') return 'unknown';
    connection.plan = [];
    telling.pass('plan', title, 'nothing: access is there');
    return 'passed';
  }
  if (missing === undefined) {
    connection.wouldChange = 'unknown';
    telling.tell('plan', title, {
      status: 'unknown',
      cause: 'registry-mode-unknown',
      evidence: `so it is AcrPull or a repository role; ${access.because}`,
    });
    return 'unknown';
  }
  connection.plan = [missing];
  const limit = missing.condition === undefined ? '' : ', limited to repositories by its condition';
  telling.pass(
    'plan',
    title,
    `${missing.roleName} for ${missing.principalId}${limit}, as role assignment ${missing.name}; now ${access.because}`,
  );
  return 'passed';
}
