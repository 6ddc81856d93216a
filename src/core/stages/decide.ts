/** Decide: may the kubelet identity pull from the registry, and because of what? */
import { decideAccess, readAssignments } from '../azure/access.js';
import type { DecidedAccess, ReadAssignments } from '../azure/access.js';
import { lastPart, sameId } from '../azure/arm-id.js';
import { isOurs } from '../azure/grant.js';
import type { Registry } from '../azure/registry.js';
import { pullRole } from '../azure/roles.js';
import type { AzureSession } from '../azure/session.js';
import { explainError, wrongRole } from '../diagnosis/explain.js';
import { YOUNG_GRANT_MS } from '../report.js';
import type { Grant } from '../report.js';
import type { Telling } from '../telling.js';

/** Access as decided, or why it could not be. */
export type AccessFacts = DecidedAccess & {
  unreadable?: unknown;
  /** Repositories that our own grant gives already. */
  kept?: string[];
  /** Somebody else's grant of the same role stands there, limited to other repositories: no other can be written. */
  standsInTheWay?: true;
};

/**
 * Reads and decides access. Assignments that can't be listed make it unknown, with the refusal kept; they are never
 * taken for "there is none".
 *
 * @param registry its facts, which may still be on their way while assignments are read
 * @param asked repositories that it must be able to pull from; empty: the whole registry
 */
export async function readAccess(
  azure: AzureSession,
  located: { id: string; subscriptionId: string },
  registry: Promise<Registry>,
  principalId: string,
  asked: (registry: Registry) => readonly string[] = () => [],
): Promise<AccessFacts> {
  let read: ReadAssignments;
  try {
    read = await readAssignments(azure.roleAssignments(located.subscriptionId), located.id, principalId);
  } catch (error) {
    return {
      allowed: 'unknown',
      grants: [],
      ignored: [],
      limited: [],
      because: 'role assignments could not be listed',
      unreadable: error,
    };
  }
  const facts = await registry;
  return besideStanding(decideAccess(read, facts, principalId, asked(facts)), facts, principalId);
}

/**
 * Azure takes one assignment of a role for a principal at a scope (RoleAssignmentExists). One of ours that is limited to
 * other repositories is written anew and keeps these; one of somebody else's is not ours to change, so what connect
 * would do is not known.
 */
function besideStanding(access: DecidedAccess, registry: Registry, principalId: string): AccessFacts {
  const standing = access.limited.find(
    ({ assignment }) =>
      assignment.principalId === principalId.toLowerCase() &&
      sameId(assignment.scope, registry.id) &&
      lastPart(assignment.roleDefinitionId) === pullRole(registry.mode)?.guid,
  );
  if (standing === undefined) return access;
  if (isOurs(standing.assignment)) return { ...access, kept: standing.repositories };
  if (access.allowed === true) return access;
  const because = `${access.because}; it was not made by this tool, so its condition is not changed`;
  return { ...access, allowed: 'unknown', because, standsInTheWay: true };
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
    const cause = wrongRole({
      ignoredRole: access.ignored.length > 0,
      limitedRole: access.limited.length > 0,
      mode: registry.mode,
    });
    telling.tell('access', title, { status: 'fail', cause, evidence: access.because });
  }
}

/** Puts access into the report and into what fixes know. */
export function keepAccess(access: AccessFacts, registry: Registry, telling: Telling): void {
  const role = pullRole(registry.mode);
  telling.connection.access = {
    ...telling.connection.access,
    allowed: access.allowed,
    grants: access.grants,
  };
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
