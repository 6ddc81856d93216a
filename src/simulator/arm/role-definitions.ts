/** Microsoft.Authorization/roleDefinitions and permissions (recordings: roleDefinitions.real.json, permissions.LIST.json). */
import { isWithin, ROLE_DEFINITION_TYPE, roleDefinitionId, same, subscriptionOf } from '../cloud/arm-id.js';
import type { Permission, RoleDefinition } from '../cloud/model.js';
import { contributions } from '../cloud/rbac.js';
import type { SimulatorContext } from '../context.js';
import { NotModelled } from '../net/exchange.js';
import { isSince, ok, parameter } from './call.js';
import type { Call, Demand, Route } from './call.js';
import { roleDefinitionDoesNotExist } from './errors.js';
import { requireScope } from './scopes.js';

const COLLECTION = '{+scope}/providers/Microsoft.Authorization/roleDefinitions';
/** The oldest version that is recorded. */
const SINCE = '2015-07-01';

/** Assumption: when a definition was made and changed tells a reader nothing, so all have the built-in roles' first date. */
const MADE_ON = '2015-02-02T21:55:09.8806423Z';

export function roleDefinitionRoutes(context: SimulatorContext): Route[] {
  const { state } = context;
  const demand = (call: Call): Demand => ({ action: `${ROLE_DEFINITION_TYPE}/read`, scope: scopeOf(call) });
  const usable = (call: Call): RoleDefinition[] =>
    state.roleDefinitions.filter(({ assignableScopes }) =>
      assignableScopes.some((scope) => isWithin(scopeOf(call), scope, state.subscriptions)),
    );
  const one: Omit<Route, 'path' | 'name'> = {
    method: 'GET',
    since: SINCE,
    source: 'recording: roleDefinitions.real.json',
    demand,
    answer(call) {
      requireScope(state, scopeOf(call));
      const found = usable(call).find(({ name }) => same(name, parameter(call, 'name')));
      if (found === undefined) throw roleDefinitionDoesNotExist(parameter(call, 'name'));
      return ok(definitionBody(found, scopeOf(call), call.apiVersion));
    },
  };
  const { demand: _demand, ...everybody } = one;
  return [
    {
      name: 'GET {scope}/roleDefinitions',
      method: 'GET',
      path: COLLECTION,
      since: SINCE,
      source: 'recording: roleDefinitions.real.json',
      demand,
      answer(call) {
        requireScope(state, scopeOf(call));
        const matches = readFilter(call.query.get('$filter'));
        return ok({
          value: usable(call)
            .filter(matches)
            .map((role) => definitionBody(role, scopeOf(call), call.apiVersion)),
        });
      },
    },
    // Assumption: every member of the tenant may read a definition by its tenant-wide id.
    {
      ...everybody,
      name: 'GET /roleDefinitions/{name}',
      path: '/providers/Microsoft.Authorization/roleDefinitions/{name}',
    },
    {
      ...one,
      name: 'GET {scope}/roleDefinitions/{name}',
      path: `${COLLECTION}/{name}`,
    },
    {
      // Everybody may ask for their own; one element for each assignment that counts here.
      name: 'GET {scope}/permissions',
      method: 'GET',
      path: '{+scope}/providers/Microsoft.Authorization/permissions',
      since: SINCE,
      source: 'recording: permissions.LIST.json',
      answer(call) {
        requireScope(state, scopeOf(call));
        const held = contributions(state, call.caller.objectId, scopeOf(call), context.now());
        return ok({
          value: held.flatMap(({ role }) =>
            role.permissions.map((one) => permissionBody(one, call.apiVersion)),
          ),
        });
      },
    },
  ];
}

function scopeOf(call: Call): string {
  const { scope = '' } = call.parameters;
  return scope === '' ? '/' : scope;
}

type Matches = (role: RoleDefinition) => boolean;

/** https://learn.microsoft.com/azure/role-based-access-control/role-definitions-list (REST API). */
function readFilter(filter: string | null): Matches {
  const terms = (filter ?? '')
    .split(/\s+and\s+/i)
    .map((term) => term.trim())
    .filter((term) => term !== '');
  const tests = terms.map((term): Matches => {
    const roleName = /^roleName\s+eq\s+'([^']+)'$/i.exec(term)?.[1];
    if (roleName !== undefined) return (role) => same(role.roleName, roleName);
    const type = /^type\s+eq\s+'([^']+)'$/i.exec(term)?.[1];
    if (type !== undefined) return (role) => same(role.type, type);
    // Definitions have no scope of their own: both name what can be assigned here.
    if (/^atScope(AndBelow)?\(\)$/i.test(term)) return () => true;
    throw new NotModelled(`The filter of role definitions "${filter ?? ''}" isn't.`);
  });
  return (role) => tests.every((test) => test(role));
}

function definitionBody(role: RoleDefinition, scope: string, apiVersion: string): object {
  return {
    properties: {
      roleName: role.roleName,
      type: role.type,
      description: role.description,
      assignableScopes: role.assignableScopes,
      permissions: role.permissions.map((one) => permissionBody(one, apiVersion)),
      ...(isSince(apiVersion, '2022-04-01')
        ? { createdOn: MADE_ON, updatedOn: MADE_ON, createdBy: null, updatedBy: null }
        : {}),
    },
    id: roleDefinitionId(role.name, subscriptionOf(scope)),
    type: ROLE_DEFINITION_TYPE,
    name: role.name,
  };
}

/** Data actions are not told by 2015-07-01. */
function permissionBody(
  { actions, notActions, dataActions, notDataActions }: Permission,
  apiVersion: string,
): object {
  return {
    actions,
    notActions,
    ...(isSince(apiVersion, '2018-01-01') ? { dataActions, notDataActions } : {}),
  };
}
