/**
 * Microsoft.Authorization/denyAssignments: what is listed of them; nobody but Azure makes any. Form and filters:
 * https://learn.microsoft.com/rest/api/authorization/deny-assignments and
 * https://learn.microsoft.com/azure/role-based-access-control/deny-assignments-rest.
 */
import { isWithin, same } from '../cloud/arm-id.js';
import { groupsHolding, principalTypeOf } from '../cloud/directory.js';
import { EVERYONE } from '../cloud/governance.js';
import type { DenyAssignment } from '../cloud/governance.js';
import type { CloudState } from '../cloud/model.js';
import { isoTime } from '../cloud/scenario.js';
import type { SimulatorContext } from '../context.js';
import { NotModelled } from '../net/exchange.js';
import { ok, parameter } from './call.js';
import type { Call, Demand, Route } from './call.js';
import { denyAssignmentNotFound } from './errors.js';
import { requireScope } from './scopes.js';

const TYPE = 'Microsoft.Authorization/denyAssignments';
const COLLECTION = `{+scope}/providers/${TYPE}`;
const SINCE = '2018-07-01';
const SOURCE = 'docs: deny-assignments REST reference';

export function denyAssignmentRoutes({ state }: SimulatorContext): Route[] {
  const demand = (call: Call): Demand => ({ action: `${TYPE}/read`, scope: scopeOf(call) });
  return [
    {
      name: 'GET {scope}/denyAssignments',
      method: 'GET',
      path: COLLECTION,
      since: SINCE,
      source: SOURCE,
      demand,
      answer(call) {
        requireScope(state, scopeOf(call));
        const matches = readFilter(call.query.get('$filter') ?? '', state, scopeOf(call));
        const found = state.governance.denyAssignments.filter(matches);
        return ok({ value: found.map((one) => body(one, state)) });
      },
    },
    {
      name: 'GET {scope}/denyAssignments/{name}',
      method: 'GET',
      path: `${COLLECTION}/{name}`,
      since: SINCE,
      source: SOURCE,
      demand,
      answer(call) {
        const name = parameter(call, 'name');
        const found = state.governance.denyAssignments.find(
          (one) => same(one.name, name) && same(one.scope, scopeOf(call)),
        );
        if (found === undefined) throw denyAssignmentNotFound(name);
        return ok(body(found, state));
      },
    },
  ];
}

function scopeOf(call: Call): string {
  const scope = parameter(call, 'scope');
  return scope === '' ? '/' : scope;
}

type Matches = (assignment: DenyAssignment) => boolean;

function readFilter(filter: string, state: CloudState, scope: string): Matches {
  const above: Matches = (one) => isWithin(scope, one.scope, state.subscriptions);
  const anywhere: Matches = (one) => above(one) || isWithin(one.scope, scope, state.subscriptions);
  const holding = (ids: readonly string[]): Matches => {
    const low = ids.map((id) => id.toLowerCase());
    return (one) => anywhere(one) && one.principals.some((id) => low.includes(id.toLowerCase()));
  };
  if (filter === '') return anywhere;
  if (/^atScope\(\)$/i.test(filter)) return above;
  const [, term = '', text = ''] =
    /^(principalId\s+eq\s+|denyAssignmentName\s+eq\s+|assignedTo\()'([^']+)'\)?$/i.exec(filter) ?? [];
  const kind = /^\w+/.exec(term)?.[0].toLowerCase();
  if (kind === 'principalid') return holding([text]);
  if (kind === 'denyassignmentname') return (one) => anywhere(one) && same(one.displayName, text);
  // Assumption: like role assignments, those of its groups are among them, and those of everybody.
  if (kind === 'assignedto') return holding([text, EVERYONE, ...groupsHolding(state, text)]);
  throw new NotModelled(`The filter "${filter}" isn't.`);
}

function body(assignment: DenyAssignment, state: CloudState): object {
  const { name, displayName, description, scope, permissions, isSystemProtected } = assignment;
  const principal = (id: string): object => ({
    id,
    type: id === EVERYONE ? 'SystemDefined' : (principalTypeOf(state, id) ?? 'ServicePrincipal'),
  });
  // When it was made tells a reader nothing: an assumption.
  const time = isoTime(0);
  return {
    properties: {
      denyAssignmentName: displayName,
      description,
      permissions,
      scope,
      doNotApplyToChildScopes: assignment.doNotApplyToChildScopes,
      principals: assignment.principals.map(principal),
      excludePrincipals: assignment.excludePrincipals.map(principal),
      isSystemProtected,
      createdOn: time,
      updatedOn: time,
      createdBy: null,
      updatedBy: null,
    },
    id: `${scope}/providers/${TYPE}/${name}`,
    type: TYPE,
    name,
  };
}
