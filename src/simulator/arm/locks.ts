/** Microsoft.Authorization/locks: listed, and lifted. Form: https://learn.microsoft.com/rest/api/resources/management-locks. */
import { isWithin, same } from '../cloud/arm-id.js';
import type { Lock } from '../cloud/governance.js';
import type { SimulatorContext } from '../context.js';
import { NotModelled } from '../net/exchange.js';
import { ok, parameter } from './call.js';
import type { Route } from './call.js';
import { requireScope } from './scopes.js';

const TYPE = 'Microsoft.Authorization/locks';

export function lockRoutes({ state }: SimulatorContext): Route[] {
  return [
    {
      name: 'GET {scope}/locks',
      method: 'GET',
      path: `{+scope}/providers/${TYPE}`,
      since: '2015-01-01',
      source: 'docs: management-locks REST reference',
      demand: (call) => ({ action: `${TYPE}/read`, scope: parameter(call, 'scope') }),
      answer(call) {
        const scope = parameter(call, 'scope');
        requireScope(state, scope);
        const filter = call.query.get('$filter');
        if (filter !== null && !/^atScope\(\)$/i.test(filter))
          throw new NotModelled(`The filter "${filter}" isn't.`);
        // Assumption: the list holds a scope's own locks and, without the filter, those below it; never inherited ones.
        const found = state.governance.locks.filter((lock) =>
          filter === null ? isWithin(lock.scope, scope, state.subscriptions) : same(lock.scope, scope),
        );
        return ok({ value: found.map(body) });
      },
    },
    {
      name: 'DELETE {scope}/locks/{name}',
      method: 'DELETE',
      path: `{+scope}/providers/${TYPE}/{name}`,
      since: '2015-01-01',
      source: 'docs: management-locks REST reference',
      demand: (call) => ({ action: `${TYPE}/delete`, scope: parameter(call, 'scope') }),
      answer(call) {
        const scope = parameter(call, 'scope');
        requireScope(state, scope);
        const { locks } = state.governance;
        const at = locks.findIndex(
          (lock) => same(lock.scope, scope) && same(lock.name, parameter(call, 'name')),
        );
        if (at === -1) return { status: 204 };
        locks.splice(at, 1);
        return { status: 200 };
      },
    },
  ];
}

function body({ name, level, scope, notes }: Lock): object {
  return {
    properties: { level, ...(notes === null ? {} : { notes }) },
    id: `${scope}/providers/${TYPE}/${name}`,
    type: TYPE,
    name,
  };
}
