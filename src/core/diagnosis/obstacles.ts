/**
 * What stands in the way of a grant that Azure refused: looked up once it was refused, for the message alone. Each look is
 * one request, and what may not be read is left out.
 */
import { asText, at, optional } from '../json.js';
import { HttpFault } from '../ports.js';
import { ArmError, missingRight } from '../azure/arm.js';
import type { Arm } from '../azure/arm.js';
import { canonicalId, lastPart, sameId } from '../azure/arm-id.js';
import { directoryOf, lockedScopes, policiesOf } from '../azure/refusal-words.js';
import type { Assignment, RoleAssignments } from '../azure/role-assignments.js';
import { gives } from '../azure/roles.js';
import type { RefusalFacts } from './refusals.js';

const ASSIGN_ACTION = 'Microsoft.Authorization/roleAssignments/write';

export interface Lock {
  name: string;
  level: string;
  scope: string;
}

/** All that could be found out. */
export interface Obstacles {
  locks?: Lock[];
  /** Scopes that ARM names as locked. */
  lockedScopes?: string[];
  policies?: { name: string; id: string }[];
  /** The role assignment that bears the grant's name. */
  named?: { id: string; principalId: string };
  /** Names of roles with the right that the login could switch on. */
  eligible?: string[];
  /** Conditions under which the login may assign roles. */
  delegations?: { condition: string; atRegistry: boolean }[];
  identity?: RefusalFacts['identity'];
  /** The directory that was asked for the identity. */
  tenantId?: string;
}

/** Who is to be looked up. */
export interface About {
  /** The registry, and the name of the role assignment there. */
  scope: string;
  name: string;
  caller?: { objectId: string; type: 'ServicePrincipal' | 'User' };
  /** ARM id of the kubelet identity, where Azure tells one. */
  identityId?: string;
  now: number;
}

/**
 * Looks at what a refusal names. Never throws for what may not be read or doesn't answer.
 *
 * @param error what makeGrant threw
 */
export async function lookForObstacles(
  error: unknown,
  about: About,
  arm: Arm,
  assignments: RoleAssignments,
): Promise<Obstacles> {
  if (!(error instanceof ArmError)) return {};
  const right = missingRight(error);
  if (right?.conditional === true) return delegationsOf(about, assignments);
  if (right !== undefined) return about.caller?.type === 'User' ? eligibleRoles(about, arm, assignments) : {};
  switch (error.code) {
    case 'ScopeLocked':
      return locksAt(lockedScopes(error.said), arm);
    case 'RoleAssignmentUpdateNotPermitted':
      return holderOf(about, assignments);
    case 'PrincipalNotFound':
      return identityOf(about, directoryOf(error.said), arm);
    case 'RequestDisallowedByPolicy':
      return { policies: policiesOf(error.said) };
    default:
      return {};
  }
}

/** What can be looked up; undefined when it may not be, or nothing answers. */
async function seen<T>(look: Promise<T>): Promise<T | undefined> {
  try {
    return await look;
  } catch (error) {
    if (error instanceof ArmError || (error instanceof HttpFault && error.kind !== 'aborted'))
      return undefined;
    throw error;
  }
}

/** https://learn.microsoft.com/rest/api/resources/management-locks/list-by-scope */
async function locksAt(scopes: readonly string[], arm: Arm): Promise<Obstacles> {
  const listed = await Promise.all(
    scopes.slice(0, MOST_SCOPES).map(async (scope) => {
      const path = `${canonicalSlash(scope)}/providers/Microsoft.Authorization/locks?$filter=atScope()`;
      const found = await seen(arm.list(path, '2016-09-01', `list the locks of ${lastPart(scope)}`));
      return (found ?? []).flatMap((lock): Lock[] => {
        const name = asText(at(lock, 'name'));
        const level = asText(at(lock, 'properties', 'level')) ?? '';
        // Without the filter's help, the list also holds locks of what is below.
        const own = canonicalId(asText(at(lock, 'id')) ?? '').startsWith(
          `${canonicalId(scope)}/providers/microsoft.authorization/locks/`,
        );
        return name === undefined || !own ? [] : [{ name, level, scope }];
      });
    }),
  );
  const locks = listed.flat();
  return { lockedScopes: [...scopes], ...(locks.length === 0 ? {} : { locks }) };
}

/** A refusal names few scopes: the registry's, its group's, its subscription's. */
const MOST_SCOPES = 3;

function canonicalSlash(scope: string): string {
  return `/${scope.replace(/^\/+|\/+$/g, '')}`;
}

/** Names are unique in a tenant: what has the grant's name at the registry is there, anything else is elsewhere. */
async function holderOf({ scope, name }: About, assignments: RoleAssignments): Promise<Obstacles> {
  const id = `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;
  const found = await seen(assignments.byId(id));
  return found === undefined ? {} : { named: { id: found.id, principalId: found.principalId } };
}

/** https://learn.microsoft.com/rest/api/managedidentity/user-assigned-identities/get */
async function identityOf(
  { identityId, now }: About,
  tenantId: string | undefined,
  arm: Arm,
): Promise<Obstacles> {
  const known = optional('tenantId', tenantId);
  if (identityId === undefined) return known;
  try {
    const body = await arm.get(
      canonicalSlash(identityId),
      '2023-01-31',
      `read identity ${lastPart(identityId)}`,
    );
    const created = Date.parse(asText(at(body, 'systemData', 'createdAt')) ?? '');
    const identity: RefusalFacts['identity'] = {
      there: true,
      ...optional('tenantId', asText(at(body, 'properties', 'tenantId'))),
      ...optional('ageMs', Number.isNaN(created) ? undefined : now - created),
    };
    return { ...known, identity };
  } catch (error) {
    if (error instanceof ArmError && error.status === 404) return { ...known, identity: { there: false } };
    if (error instanceof ArmError || (error instanceof HttpFault && error.kind !== 'aborted')) return known;
    throw error;
  }
}

/**
 * Roles that the login is eligible for but has not switched on
 * (https://learn.microsoft.com/rest/api/authorization/role-eligibility-schedule-instances/list-for-scope). Only people
 * can be eligible and switch a role on by themselves.
 */
async function eligibleRoles({ scope }: About, arm: Arm, assignments: RoleAssignments): Promise<Obstacles> {
  const path = `${canonicalSlash(scope)}/providers/Microsoft.Authorization/roleEligibilityScheduleInstances?$filter=asTarget()`;
  const listed =
    (await seen(arm.list(path, '2020-10-01', 'list the roles that this login is eligible for'))) ?? [];
  const ids = [
    ...new Set(listed.flatMap((one) => asText(at(one, 'properties', 'roleDefinitionId')) ?? [])),
  ].slice(0, MOST_ROLES);
  const roles = await Promise.all(ids.map((id) => seen(assignments.role(id))));
  const eligible = roles.flatMap((role) =>
    role !== undefined && gives(role, 'actions', [ASSIGN_ACTION]).length > 0 ? [role.name] : [],
  );
  return eligible.length === 0 ? {} : { eligible };
}

const MOST_ROLES = 5;

/** The conditions of the login's own assignments that let it assign roles. */
async function delegationsOf(
  { scope: registry, caller }: About,
  assignments: RoleAssignments,
): Promise<Obstacles> {
  if (caller === undefined) return {};
  const held = (await seen(assignments.reaching(registry, caller.objectId, false))) ?? [];
  const delegations = held.flatMap(({ condition, scope }: Assignment) =>
    condition === undefined || !condition.toLowerCase().includes('microsoft.authorization/roleassignments')
      ? []
      : [{ condition, atRegistry: sameId(scope, registry) }],
  );
  return delegations.length === 0 ? {} : { delegations };
}
