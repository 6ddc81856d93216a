/** Microsoft.Authorization/roleAssignments (recordings: the roleAssignments.* files). */
import {
  isWithin,
  lastPart,
  ROLE_ASSIGNMENT_TYPE,
  roleAssignmentId,
  roleDefinitionId,
  same,
  subscriptionOf,
} from '../cloud/arm-id.js';
import { groupsHolding, principalByObjectId, principalTypeOf } from '../cloud/directory.js';
import { isGuid } from '../cloud/ids.js';
import type { CloudState, RoleAssignment } from '../cloud/model.js';
import { roleOf } from '../cloud/rbac.js';
import { isoTime } from '../cloud/scenario.js';
import type { SimulatorContext } from '../context.js';
import { NotModelled } from '../net/exchange.js';
import { isSince, ok, parameter } from './call.js';
import type { Call, Route } from './call.js';
import {
  conditionInvalid,
  directoryDenied,
  principalNotFound,
  roleAssignmentExists,
  roleAssignmentLimitExceeded,
  roleAssignmentNotFound,
  roleAssignmentUpdateNotPermitted,
  roleDefinitionDoesNotExist,
  unmatchedPrincipalType,
} from './errors.js';
import { requireScope } from './scopes.js';

const COLLECTION = '{+scope}/providers/Microsoft.Authorization/roleAssignments';
const ONE = `${COLLECTION}/{name}`;
/** The oldest version that is recorded. */
const SINCE = '2015-07-01';

export function roleAssignmentRoutes(context: SimulatorContext): Route[] {
  const { state } = context;
  return [
    {
      name: 'GET {scope}/roleAssignments',
      method: 'GET',
      path: COLLECTION,
      since: SINCE,
      source: 'recording: roleAssignments.LIST.json',
      demand: (call) => ({ action: `${ROLE_ASSIGNMENT_TYPE}/read`, scope: scopeOf(call) }),
      answer(call) {
        requireScope(state, scopeOf(call));
        const filter = call.query.get('$filter');
        if (state.governance.groupsRefused === true && /\bassignedTo\(/i.test(filter ?? ''))
          requireDirectory(state, call);
        const matches = readFilter(filter, state, scopeOf(call));
        const value = state.roleAssignments
          .filter(matches)
          .map((assignment) => assignmentBody(assignment, call.apiVersion));
        return ok({ value });
      },
    },
    {
      name: 'GET {scope}/roleAssignments/{name}',
      method: 'GET',
      path: ONE,
      since: SINCE,
      source: 'docs: role-assignments REST reference',
      demand: (call) => ({ action: `${ROLE_ASSIGNMENT_TYPE}/read`, scope: scopeOf(call) }),
      answer(call) {
        const found = find(state, call);
        if (found === undefined) throw roleAssignmentNotFound(parameter(call, 'name'));
        return ok(assignmentBody(found, call.apiVersion));
      },
    },
    {
      name: 'PUT {scope}/roleAssignments/{name}',
      method: 'PUT',
      path: ONE,
      since: SINCE,
      source: 'recordings: roleAssignments.PUT.*, 400, 403 and 409',
      // The scope in a refusal is the assignment's own id (recording: roleAssignments.403.AuthorizationFailed.json).
      demand: (call) => ({
        action: `${ROLE_ASSIGNMENT_TYPE}/write`,
        scope: roleAssignmentId(scopeOf(call), parameter(call, 'name')),
        attributes: attributesOf(readBody(call)),
      }),
      answer(call) {
        const written = put(context, call);
        // A create answers without its creator; reads tell them.
        return {
          ...ok({ ...assignmentBody({ ...written, createdBy: null }, call.apiVersion) }),
          status: 201,
        };
      },
    },
    {
      name: 'DELETE {scope}/roleAssignments/{name}',
      method: 'DELETE',
      path: ONE,
      since: SINCE,
      source: 'recording: roleAssignments.DELETE.json',
      demand(call) {
        const found = find(state, call);
        return {
          action: `${ROLE_ASSIGNMENT_TYPE}/delete`,
          scope: roleAssignmentId(scopeOf(call), parameter(call, 'name')),
          ...(found === undefined ? {} : { attributes: attributesOf(found) }),
        };
      },
      answer(call) {
        requireScope(state, scopeOf(call));
        const found = find(state, call);
        if (found === undefined) return { status: 204 };
        state.roleAssignments.splice(state.roleAssignments.indexOf(found), 1);
        return ok(assignmentBody(found, call.apiVersion));
      },
    },
  ];
}

function scopeOf(call: Call): string {
  const scope = parameter(call, 'scope');
  return scope === '' ? '/' : scope;
}

/** Assumption: who may not read the directory is refused the groups of others, in the directory's own words. */
function requireDirectory({ principals }: CloudState, { caller }: Call): void {
  if (!principals.some((one) => same(one.objectId, caller.objectId) && one.readsDirectory))
    throw directoryDenied();
}

function find(state: CloudState, call: Call): RoleAssignment | undefined {
  return state.roleAssignments.find(
    ({ name, scope }) => same(name, parameter(call, 'name')) && same(scope, scopeOf(call)),
  );
}

type Matches = (assignment: RoleAssignment) => boolean;

/**
 * The documented filters, in either order and joined by `and`
 * (https://learn.microsoft.com/azure/role-based-access-control/role-assignments-list-rest).
 */
function readFilter(filter: string | null, state: CloudState, scope: string): Matches {
  const above: Matches = (assignment) => isWithin(scope, assignment.scope, state.subscriptions);
  const below: Matches = (assignment) => isWithin(assignment.scope, scope, state.subscriptions);
  const anywhere: Matches = (assignment) => above(assignment) || below(assignment);
  const text = (filter ?? '').trim();
  if (text === '') return anywhere;
  const terms = text.split(/\s+and\s+/i).map((term) => term.trim());
  const atScope = terms.some((term) => /^atScope\(\)$/i.test(term));
  const others = terms.filter((term) => !/^atScope\(\)$/i.test(term));
  const [other, ...more] = others;
  if (more.length > 0 || terms.length - others.length > 1)
    throw new NotModelled(`The filter "${text}" isn't.`);
  const reach = atScope ? above : anywhere;
  if (other === undefined) return reach;
  const assignedTo = /^assignedTo\('([^']+)'\)$/i.exec(other)?.[1];
  const principalId = /^principalId\s+eq\s+'([^']+)'$/i.exec(other)?.[1];
  // Of combinations, only assignedTo() with atScope() is recorded.
  if (assignedTo === undefined && (principalId === undefined || atScope))
    throw new NotModelled(`The filter "${text}" isn't.`);
  const holders =
    assignedTo === undefined
      ? [principalId?.toLowerCase()]
      : [assignedTo.toLowerCase(), ...groupsHolding(state, assignedTo)];
  return (assignment) => reach(assignment) && holders.includes(assignment.principalId.toLowerCase());
}

interface AssignmentRequest {
  roleDefinitionId: string;
  principalId: string;
  principalType: RoleAssignment['principalType'] | undefined;
  condition: string | null;
  conditionVersion: string | null;
  description: string | null;
}

/** What a request that isn't well-formed is answered is not recorded. */
function readBody({ body }: Call): AssignmentRequest {
  let document: unknown;
  try {
    document = JSON.parse(body.toString('utf8'));
  } catch {
    throw new NotModelled("A role assignment that is not JSON isn't.");
  }
  const properties = member(document, 'properties');
  const optional = (name: string): string | null => {
    const value = member(properties, name) ?? null;
    if (value !== null && typeof value !== 'string')
      throw new NotModelled(`A role assignment whose ${name} is no text isn't.`);
    return value;
  };
  const [role, principalId, type] = [
    optional('roleDefinitionId'),
    optional('principalId'),
    optional('principalType'),
  ];
  if (role === null || principalId === null || !isGuid(principalId) || !isGuid(lastPart(role)))
    throw new NotModelled("A role assignment without a role and a principal, by their ids, isn't.");
  const principalType = PRINCIPAL_TYPES.find((one) => one === type);
  if (type !== null && principalType === undefined)
    throw new NotModelled(`The principal type "${type}" isn't.`);
  return {
    roleDefinitionId: role,
    principalId,
    principalType,
    condition: optional('condition'),
    conditionVersion: optional('conditionVersion'),
    description: optional('description'),
  };
}

const PRINCIPAL_TYPES = ['ServicePrincipal', 'User', 'Group'] as const;

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** What conditions of delegated role assignment look at (azure-docs: delegate-role-assignments-examples). */
function attributesOf({
  roleDefinitionId: role,
  principalId,
  principalType,
}: Pick<AssignmentRequest, 'roleDefinitionId' | 'principalId' | 'principalType'>): Record<string, string> {
  return {
    [`${ROLE_ASSIGNMENT_TYPE}:RoleDefinitionId`]: lastPart(role),
    [`${ROLE_ASSIGNMENT_TYPE}:PrincipalId`]: principalId,
    // Assumption: a request that leaves the type out has no such attribute.
    ...(principalType === undefined ? {} : { [`${ROLE_ASSIGNMENT_TYPE}:PrincipalType`]: principalType }),
  };
}

function put({ state, now }: SimulatorContext, call: Call): RoleAssignment {
  const name = parameter(call, 'name');
  const scope = scopeOf(call);
  requireScope(state, scope);
  if (!isGuid(name)) throw new NotModelled(`A role assignment called "${name}", which is no GUID, isn't.`);
  const wanted = readBody(call);
  const role = roleOf(state, wanted.roleDefinitionId);
  if (role === undefined) throw roleDefinitionDoesNotExist(lastPart(wanted.roleDefinitionId));
  const principalType = typeOf(state, wanted, now(), call.apiVersion);
  const { condition: limit, conditionVersion: version } = wanted;
  if (limit !== null && (version !== '2.0' || state.governance.conditionsRefused === true))
    throw conditionInvalid();

  // Names are unique in the tenant: a name in use elsewhere can't move (recording: errors.quoted-in-public-docs.json).
  const named = state.roleAssignments.find((assignment) => same(assignment.name, name));
  const time = isoTime(now());
  if (named !== undefined) {
    const isSame =
      same(named.scope, scope) &&
      same(named.principalId, wanted.principalId) &&
      // Assumption: the role can't change either.
      roleOf(state, named.roleDefinitionId) === role;
    if (!isSame) throw roleAssignmentUpdateNotPermitted();
    // Assumption: a change works at once where the assignment did.
    const { condition, conditionVersion, description } = wanted;
    return Object.assign(named, {
      condition,
      conditionVersion,
      description,
      updatedOn: time,
      updatedBy: call.caller.objectId,
    });
  }
  const twin = state.roleAssignments.some(
    (assignment) =>
      same(assignment.scope, scope) &&
      same(assignment.principalId, wanted.principalId) &&
      roleOf(state, assignment.roleDefinitionId) === role,
  );
  if (twin) throw roleAssignmentExists();
  requireRoom(state, scope);
  const made: RoleAssignment = {
    name,
    scope,
    // Served with the subscription in front, however it was sent.
    roleDefinitionId: roleDefinitionId(role.name, subscriptionOf(scope)),
    principalId: wanted.principalId,
    principalType,
    condition: wanted.condition,
    conditionVersion: wanted.conditionVersion,
    description: wanted.description,
    createdOn: time,
    updatedOn: time,
    createdBy: call.caller.objectId,
    updatedBy: call.caller.objectId,
    effectiveAt: now() + state.grantDelayMs,
  };
  state.roleAssignments.push(made);
  return made;
}

/** A subscription's assignments, at it and below it, have a limit (azure-docs: troubleshoot-limits). */
function requireRoom(state: CloudState, scope: string): void {
  const subscription = subscriptionOf(scope);
  if (subscription === undefined) return;
  const used = state.roleAssignments.filter((one) => subscriptionOf(one.scope) === subscription).length;
  if (used >= state.governance.roleAssignmentLimit) throw roleAssignmentLimitExceeded();
}

/** Without a type the directory is asked; with one it is asked only whether it knows better. */
function typeOf(
  state: CloudState,
  { principalId, principalType }: AssignmentRequest,
  now: number,
  apiVersion: string,
): RoleAssignment['principalType'] {
  const { replicatedAt = 0, tenantId } = principalByObjectId(state, principalId) ?? {};
  const known = replicatedAt <= now && tenantId === undefined;
  const actual = known ? principalTypeOf(state, principalId) : undefined;
  // All recorded refusals are of requests without a type. Assumption: where types are checked, the words are the same.
  if (
    actual === undefined &&
    (principalType === undefined || state.governance.typedPrincipalsChecked === true)
  )
    throw principalNotFound(principalId, state.tenantId, apiVersion);
  if (principalType === undefined) return actual ?? 'ServicePrincipal';
  if (actual !== undefined && actual !== principalType)
    throw unmatchedPrincipalType(principalId, actual, principalType);
  return principalType;
}

/** Versions before 2020-04-01-preview know no conditions, and before 2018-01-01-preview no principal type. */
function assignmentBody(assignment: RoleAssignment, apiVersion: string): object {
  const { principalType, condition, conditionVersion, description } = assignment;
  const knowsConditions = isSince(apiVersion, '2020-04-01');
  return {
    properties: {
      roleDefinitionId: assignment.roleDefinitionId,
      principalId: assignment.principalId,
      ...(isSince(apiVersion, '2018-01-01') ? { principalType } : {}),
      scope: assignment.scope,
      ...(knowsConditions ? { condition, conditionVersion } : {}),
      createdOn: assignment.createdOn,
      updatedOn: assignment.updatedOn,
      createdBy: assignment.createdBy,
      updatedBy: assignment.updatedBy,
      ...(knowsConditions ? { delegatedManagedIdentityResourceId: null, description } : {}),
    },
    id: roleAssignmentId(assignment.scope, assignment.name),
    type: ROLE_ASSIGNMENT_TYPE,
    name: assignment.name,
  };
}
