/** Decide: may the kubelet identity pull from the registry, and because of what? */
import { decideAccess, readAssignments } from '../azure/access.js';
import type { DecidedAccess, ReadAssignments } from '../azure/access.js';
import type { Registry } from '../azure/registry.js';
import { pullRole } from '../azure/roles.js';
import type { AzureSession } from '../azure/session.js';
import { explainError, wrongRole } from '../diagnosis/explain.js';
import { YOUNG_GRANT_MS } from '../report.js';
import type { Grant } from '../report.js';
import type { Telling } from '../telling.js';

/** Access as decided, or why it could not be. */
export type AccessFacts = DecidedAccess & { unreadable?: unknown };

/**
 * Reads and decides access. Assignments that can't be listed make it unknown, with the refusal kept; they are never
 * taken for "there is none".
 *
 * @param registry its facts, which may still be on their way while assignments are read
 */
export async function readAccess(
  azure: AzureSession,
  located: { id: string; subscriptionId: string },
  registry: Promise<Registry>,
  principalId: string,
): Promise<AccessFacts> {
  let read: ReadAssignments;
  try {
    read = await readAssignments(azure.roleAssignments(located.subscriptionId), located.id, principalId);
  } catch (error) {
    return {
      allowed: 'unknown',
      grants: [],
      ignored: [],
      because: 'role assignments could not be listed',
      unreadable: error,
    };
  }
  return decideAccess(read, await registry, principalId);
}

export function accessTitle(registry: Pick<Registry, 'loginServer'>): string {
  return `the kubelet identity may pull from ${registry.loginServer}`;
}

/** Tells what was decided as a check of its own: `check` asks just that, `connect` where nothing needs to be written. */
export function tellAccess(access: AccessFacts, registry: Registry, telling: Telling): void {
  const title = accessTitle(registry);
  if (access.unreadable !== undefined) {
    const { cause, evidence, fix } = explainError(access.unreadable, telling.facts, 'grant');
    telling.tell('access', title, { status: 'unknown', cause, evidence, fix });
  } else if (access.allowed === true) {
    telling.pass('access', title, access.because);
  } else if (access.allowed === 'unknown') {
    telling.tell('access', title, { status: 'unknown', cause: 'access-unknown', evidence: access.because });
  } else {
    const cause = wrongRole({ ignoredRole: access.ignored.length > 0, mode: registry.mode });
    telling.tell('access', title, { status: 'fail', cause, evidence: access.because });
  }
}

/** Puts access into the report and into what fixes know. */
export function keepAccess(access: AccessFacts, registry: Registry, telling: Telling): void {
  const role = pullRole(registry.mode);
  telling.connection.access = { allowed: access.allowed, grants: access.grants };
  telling.connection.wouldChange = access.allowed === 'unknown' ? 'unknown' : !access.allowed;
  if (role !== undefined) {
    telling.facts.role = role;
    telling.connection.role = role.name;
  }
}

/** Whether everything that gives access is so new that it may not work yet. */
export function isYoung(grants: readonly Grant[], now: number): boolean {
  const counted = grants.filter((grant) => grant.condition === undefined);
  return (
    counted.length > 0 &&
    counted.every(
      (grant) => grant.updatedOn !== undefined && now - Date.parse(grant.updatedOn) < YOUNG_GRANT_MS,
    )
  );
}
