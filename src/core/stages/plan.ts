/** Plan: what connect would write, written down instead. */
import type { Registry } from '../azure/registry.js';
import type { PlannedGrant, Result } from '../report.js';
import type { Telling } from '../telling.js';
import { tellAccess } from './decide.js';
import type { AccessFacts } from './decide.js';
import type { Wanted } from './missing.js';

/**
 * Tells what connect would write and keeps it. Nothing is asked of anyone any more.
 *
 * @param wanted the roles that are wanted; none while the registry's mode is unknown
 * @param missing the grants that are not there
 */
export function plan(
  access: AccessFacts,
  wanted: readonly Wanted[],
  missing: readonly PlannedGrant[],
  registry: Registry,
  telling: Telling,
): Result {
  const { connection } = telling;
  const title = `what connect would write for ${registry.loginServer} is known`;
  // No grant helps against a deny assignment: there is nothing to plan.
  if (access.denied !== undefined) {
    tellAccess(access, registry, telling);
    return 'failed';
  }
  const decisions = wanted.length > 0 ? wanted.map((one) => one.access) : [access];
  // A grant of somebody else's that stands in the way was told.
  const blocked = decisions.filter(({ standsInTheWay }) => standsInTheWay !== undefined);
  if (blocked.some(({ allowed }) => allowed === false)) return 'failed';
  const open = decisions.find(({ allowed }) => allowed === 'unknown');
  if (open !== undefined) {
    if (blocked.includes(open)) return 'unknown';
    connection.wouldChange = 'unknown';
    tellAccess(open, registry, telling);
    return 'unknown';
  }
  if (decisions.every(({ allowed }) => allowed === true)) {
    tellAccess(access, registry, telling);
    connection.plan = [];
    telling.pass('plan', title, 'nothing: access is there');
    return 'passed';
  }
  if (wanted.length === 0) {
    connection.wouldChange = 'unknown';
    telling.tell('plan', title, {
      status: 'unknown',
      cause: 'registry-mode-unknown',
      evidence: `so it is AcrPull or a repository role; ${access.because}`,
    });
    return 'unknown';
  }
  connection.plan = [...missing];
  telling.pass('plan', title, `${missing.map(inWords).join('; ')}; now ${access.because}`);
  return 'passed';
}

function inWords({ roleName, principalId, condition, name }: PlannedGrant): string {
  const limit = condition === undefined ? '' : ', limited to repositories by its condition';
  return `${roleName} for ${principalId}${limit}, as role assignment ${name}`;
}
