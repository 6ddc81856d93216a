/** Decide: may the kubelet identity pull from the registry, and because of what? */
import { decideAccess, groupsIn, readAssignments } from '../azure/access.js';
import type { DecidedAccess, LimitedAssignment, ReadAssignments } from '../azure/access.js';
import { missingRight } from '../azure/arm.js';
import { lastPart, parseArmId, sameId } from '../azure/arm-id.js';
import type { Cluster } from '../azure/cluster.js';
import { denialsAbout, listDenyAssignments } from '../azure/deny-assignments.js';
import { excessOf } from '../azure/excess.js';
import type { Excess } from '../azure/excess.js';
import { isOurs } from '../azure/grant.js';
import type { Registry } from '../azure/registry.js';
import { DIRECTORY_RIGHT } from '../azure/rights.js';
import { pullRole } from '../azure/roles.js';
import type { AzureSession } from '../azure/session.js';
import { explainError, wrongRole } from '../diagnosis/explain.js';
import { optional } from '../json.js';
import { YOUNG_GRANT_MS } from '../report.js';
import type { Grant } from '../report.js';
import type { Request } from '../request.js';
import type { Telling } from '../telling.js';
import { tellExcess } from './excess.js';
import { askedRepositories } from './repositories.js';
import type { Resolver } from './resolve.js';

/** Access as decided, or why it could not be. */
export type AccessFacts = DecidedAccess & {
  unreadable?: unknown;
  /** Why deny assignments could not be listed. */
  denialsUnread?: unknown;
  /** Assignments that give more than pulling. */
  excess?: readonly Excess[];
  /** Whether it could pull without these. */
  pullsWithoutExcess?: boolean;
  /** Repositories that our own grant gives already. */
  kept?: string[];
  /** Somebody else's grant of the same role stands there, limited to less: no other can be written. */
  standsInTheWay?: LimitedAssignment;
  /** What it was decided from. */
  read?: ReadAssignments;
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
  const facts = await evaluateAccess(azure, located, registry, principalId, asked);
  return besideStanding(facts, await registry, principalId);
}

/** Assignments are read as soon as the identity and the registry's id are known. */
export async function readAccessSoon(
  azure: AzureSession,
  resolver: Resolver,
  cluster: Promise<Cluster>,
  located: Promise<{ id: string }>,
  registry: Promise<Registry>,
  request: Request,
): ReturnType<typeof readAccess> {
  const [principal, { id }] = await Promise.all([
    cluster.then((read) => resolver.principal(read, request.kubeletObjectId)),
    located,
  ]);
  const principalId = principal.known === 'no' ? undefined : principal.objectId;
  if (principalId === undefined)
    return {
      allowed: 'unknown',
      grants: [],
      ignored: [],
      limited: [],
      because: 'there is no identity to ask for',
    };
  const subscriptionId = parseArmId(id)?.subscriptionId ?? '';
  return readAccess(azure, { id, subscriptionId }, registry, principalId, (facts) =>
    askedRepositories(request, facts),
  );
}

/** {@link readAccess} without regard to what connect could write: whether the identity may pull, and no more. */
export async function evaluateAccess(
  azure: AzureSession,
  located: { id: string; subscriptionId: string },
  registry: Promise<Registry>,
  principalId: string,
  asked: (registry: Registry) => readonly string[],
): Promise<AccessFacts> {
  const [held, denying] = await Promise.all([
    settled(readAssignments(azure.roleAssignments(located.subscriptionId), located.id, principalId)),
    settled(listDenyAssignments(azure.arm, located.id)),
  ]);
  const read: ReadAssignments =
    'value' in held
      ? held.value
      : { assignments: [], groupsSeen: false, gaps: ['role assignments could not be listed'] };
  const denials =
    'value' in denying
      ? await denialsAbout(azure.arm, located.id, denying.value, principalId, groupsIn(read, principalId))
      : undefined;
  const facts = await registry;
  const decided = decideAccess(
    { ...read, ...optional('denials', denials) },
    facts,
    principalId,
    asked(facts),
  );
  const unseen = {
    ...('value' in denying ? {} : { denialsUnread: denying.error }),
    ...('value' in held || decided.allowed === false ? {} : { unreadable: held.error }),
  };
  const excess = excessOf(read.assignments, facts.mode);
  const more = new Set(excess.map((one) => one.held));
  const rest = { ...read, assignments: read.assignments.filter((one) => !more.has(one)) };
  return {
    ...decided,
    ...unseen,
    read: { ...read, ...optional('denials', denials) },
    ...(excess.length === 0
      ? {}
      : {
          excess,
          pullsWithoutExcess: decideAccess(rest, facts, principalId, asked(facts)).allowed === true,
        }),
  };
}

/** What a call came to, so that two can be waited for side by side without either being lost. */
async function settled<T>(call: Promise<T>): Promise<{ value: T } | { error: unknown }> {
  try {
    return { value: await call };
  } catch (error) {
    return { error };
  }
}

/**
 * Azure takes one assignment of a role for a principal at a scope (RoleAssignmentExists). One of ours that is limited to
 * other repositories is written anew and keeps these; one of somebody else's is not ours to change.
 */
export function besideStanding(access: AccessFacts, registry: Registry, principalId: string): AccessFacts {
  const standing = access.limited.find(
    ({ assignment }) =>
      assignment.principalId === principalId.toLowerCase() &&
      sameId(assignment.scope, registry.id) &&
      lastPart(assignment.roleDefinitionId) === pullRole(registry.mode)?.guid,
  );
  if (standing === undefined) return access;
  // A condition of ours that someone has changed is no longer ours to extend.
  if (isOurs(standing.assignment) && standing.repositories.length > 0)
    return { ...access, kept: standing.repositories };
  if (access.allowed === true || access.denied !== undefined) return access;
  const because = `${access.because}; it was not made by this tool, so its condition is not changed`;
  return { ...access, because, standsInTheWay: standing };
}

export function accessTitle(registry: Pick<Registry, 'loginServer'>): string {
  return `the kubelet identity may pull from ${registry.loginServer}`;
}

/** Tells what was decided as a check of its own: `check` asks just that, `connect` where nothing needs to be written. */
export function tellAccess(access: AccessFacts, registry: Registry, telling: Telling): void {
  const title = accessTitle(registry);
  noteUnseen(access, telling);
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
      denied: access.denied !== undefined,
      mode: registry.mode,
    });
    telling.tell('access', title, { status: 'fail', cause, evidence: access.because });
  }
}

/** What a fix of unknown access is about: what kept it from being told. */
function noteUnseen({ allowed, unreadable, read }: AccessFacts, { facts }: Telling): void {
  if (allowed !== 'unknown') return;
  const { groups, roles } = read?.unread ?? {};
  const missing = missingRight(unreadable ?? roles);
  if (missing !== undefined) facts.missing = missing;
  if (unreadable !== undefined) facts.unseen = 'assignments';
  else if (roles !== undefined) facts.unseen = 'roles';
  else if (groups !== undefined) facts.unseen = 'groups';
  else facts.unseen = 'condition';
}

/** Tells what stands beside the decision: optional facts that could not be read, and rights that nobody needs. */
export function tellBesideAccess(
  access: AccessFacts,
  registry: Registry,
  principalId: string,
  telling: Telling,
): void {
  if (access.denialsUnread !== undefined) {
    const { evidence, fix } = explainError(access.denialsUnread, telling.facts, 'registry');
    telling.tell(
      'deny-assignments',
      `no deny assignment keeps it from pulling from ${registry.loginServer}`,
      {
        status: 'skip',
        evidence,
        fix,
      },
    );
  }
  const { groups, roles } = access.read?.unread ?? {};
  if (groups !== undefined) {
    telling.tell('groups', 'assignments that reach it through groups are seen', {
      status: 'skip',
      evidence: `${groups.message}; it would need ${DIRECTORY_RIGHT}`,
    });
  }
  if (roles !== undefined) {
    const { evidence, fix } = explainError(roles, telling.facts, 'registry');
    telling.tell('custom-roles', 'what the custom roles of its assignments give is known', {
      status: 'skip',
      evidence,
      fix,
    });
  }
  tellExcess(access, registry, principalId, telling);
}

/** Puts access into the report and into what fixes know. */
export function keepAccess(access: AccessFacts, registry: Registry, telling: Telling): void {
  const role = pullRole(registry.mode);
  const { denied } = access;
  telling.connection.access = {
    ...telling.connection.access,
    allowed: access.allowed,
    grants: access.grants,
    ...optional('decidedBy', access.decidedBy?.length === 0 ? undefined : access.decidedBy),
    ...optional('setAside', access.setAside?.length === 0 ? undefined : access.setAside),
    ...(denied === undefined ? {} : { denied: { name: denied.name, id: denied.id, scope: denied.scope } }),
  };
  // Nothing is written where it would be in vain, or would be refused.
  const never = denied !== undefined || access.standsInTheWay !== undefined;
  telling.connection.wouldChange = never ? false : access.allowed === 'unknown' ? 'unknown' : !access.allowed;
  if (role !== undefined) {
    telling.facts.role = role;
    telling.connection.role = role.name;
  }
}

/**
 * Whether the identity's exchange with the registry may have succeeded before the grant, so that nodes may keep a
 * credential without the new right: it had some role there, whatever it was worth, or the registry is ABAC-enabled,
 * where the repositories decide and not the exchange.
 */
export function mayHaveSignedIn(before: AccessFacts, { mode }: Pick<Registry, 'mode'>): boolean {
  const { grants, ignored, limited } = before;
  return mode === 'AbacRepositoryPermissions' || grants.length + ignored.length + limited.length > 0;
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
