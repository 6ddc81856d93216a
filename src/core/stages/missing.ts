/** Missing: which grants connect writes and plan writes down. One decision for both. */
import { decideAccess } from '../azure/access.js';
import { coversRepository, repositoryCondition } from '../azure/condition.js';
import { planGrant } from '../azure/grant.js';
import type { Registry, RoleAssignmentMode } from '../azure/registry.js';
import { ACR_PULL, pullRole } from '../azure/roles.js';
import type { Role } from '../azure/roles.js';
import type { StandingGrant } from '../diagnosis/cause.js';
import { CAUSES } from '../diagnosis/causes.js';
import type { PlannedGrant } from '../report.js';
import type { Request } from '../request.js';
import type { Telling } from '../telling.js';
import { besideStanding } from './decide.js';
import type { AccessFacts } from './decide.js';
import { askedRepositories, grantedRepositories } from './repositories.js';

/** A pull role that the identity shall have, and the access that there is in the mode which takes it. */
export interface Wanted {
  role: Role;
  access: AccessFacts;
  /** The registry takes this role now, or may: its mode is unknown. */
  counts: boolean;
}

const BOTH: readonly RoleAssignmentMode[] = ['LegacyRegistryPermissions', 'AbacRepositoryPermissions'];

/**
 * The roles that are wanted: the one that the registry takes; while it moves to ABAC (input transition-roles), both,
 * whichever it takes now. None while the mode, and so the role, is unknown.
 */
export function wantedRoles(
  request: Request,
  access: AccessFacts,
  registry: Registry,
  principalId: string,
): Wanted[] {
  const modes = request.transitionRoles ? BOTH : [registry.mode];
  return modes.flatMap((mode): Wanted[] => {
    const role = pullRole(mode);
    if (role === undefined) return [];
    if (mode === registry.mode) return [{ role, access, counts: true }];
    const { read, unreadable } = access;
    if (read === undefined) return [];
    const there = { ...registry, mode };
    const decided = decideAccess(read, there, principalId, askedRepositories(request, registry));
    const facts = { ...decided, read, ...(unreadable === undefined ? {} : { unreadable }) };
    return [{ role, access: besideStanding(facts, there, principalId), counts: registry.mode === 'unknown' }];
  });
}

/** The grants that are missing for what is wanted, as they are written. */
export function missingGrants(
  request: Request,
  wanted: readonly Wanted[],
  registry: Registry,
  principalId: string,
): PlannedGrant[] {
  return wanted
    .filter(({ access }) => isGrantMissing(access, request))
    .map(({ role, access }) =>
      // AcrPull always holds for the whole registry: its condition would restrict nothing.
      planGrant(
        registry.id,
        principalId,
        role,
        role.guid === ACR_PULL.guid ? [] : grantedRepositories(request, access.kept),
      ),
    );
}

/**
 * Whether connect writes: access is absent, or nothing speaks for it. A grant limited to repositories may narrow one that
 * could not be seen, so it is only written where assignments could be read.
 */
export function isGrantMissing(access: AccessFacts, request: Pick<Request, 'repositories'>): boolean {
  // No grant helps against a deny assignment.
  const inVain = access.standsInTheWay !== undefined || access.denied !== undefined;
  if (access.allowed === true || inVain) return false;
  if (access.allowed === false) return true;
  const blind = request.repositories.length > 0 && access.unreadable !== undefined;
  return access.grants.length === 0 && !blind;
}

/** What somebody else's grant lacks of what is asked, and what it would have to be. */
export function widened(
  request: Request,
  { role, access }: Pick<Wanted, 'role' | 'access'>,
  registry: Registry,
  principalId: string,
): { lacks: string[]; standing: StandingGrant } | undefined {
  const found = access.standsInTheWay;
  if (found === undefined) return undefined;
  const { assignment, repositories } = found;
  const asked = askedRepositories(request, registry);
  const lacks = asked.filter((repository) => !coversRepository(repositories, repository));
  const { description: _ours, ...whole } = planGrant(registry.id, principalId, role, [
    ...(asked.length === 0 ? [] : repositories),
    ...asked,
  ]);
  const foreign = asked.length > 0 && repositories.length === 0 && assignment.condition !== undefined;
  return {
    lacks: asked.length === 0 ? ['the whole registry'] : lacks,
    standing: {
      ...whole,
      name: assignment.name,
      ...(assignment.description === undefined ? {} : { description: assignment.description }),
      // What is in words of its owner's stays as it is, beside what is asked.
      ...(foreign ? { condition: `((${assignment.condition ?? ''}) OR ${repositoryCondition(asked)})` } : {}),
    },
  };
}

/** Tells that somebody else's grant stands in the way, with the difference and the command for its owner. */
export function tellInTheWay(
  request: Request,
  wanted: Wanted,
  registry: Registry,
  principalId: string,
  telling: Telling,
): void {
  const found = widened(request, wanted, registry, principalId);
  if (found === undefined) return;
  const { lacks, standing } = found;
  const holds = wanted.access.standsInTheWay?.repositories ?? [];
  telling.tell(
    wanted.counts ? 'access' : 'access-after-move',
    `the kubelet identity's ${wanted.role.name} at ${registry.loginServer} holds all that is asked`,
    {
      status: wanted.access.allowed === false ? 'fail' : 'unknown',
      cause: 'grant-condition-owned-elsewhere',
      evidence: `role assignment ${standing.name} holds ${holds.length > 0 ? holds.join(', ') : (wanted.access.standsInTheWay?.assignment.condition ?? '')}; it lacks ${lacks.join(', ')}; it was not made by this tool, so its condition is not changed`,
      fix: CAUSES['grant-condition-owned-elsewhere'].fix({ ...telling.facts, standing }),
    },
  );
}
