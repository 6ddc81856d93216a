/**
 * Microsoft.Authorization/roleEligibilityScheduleInstances: what callers may switch on for themselves. Form:
 * https://learn.microsoft.com/rest/api/authorization/role-eligibility-schedule-instances/list-for-scope
 */
import { isWithin, same } from '../cloud/arm-id.js';
import type { RoleAssignment } from '../cloud/model.js';
import type { SimulatorContext } from '../context.js';
import { NotModelled } from '../net/exchange.js';
import { ok, parameter } from './call.js';
import type { Route } from './call.js';
import { requireScope } from './scopes.js';

const TYPE = 'Microsoft.Authorization/roleEligibilityScheduleInstances';

export function roleEligibilityRoutes({ state }: SimulatorContext): Route[] {
  return [
    {
      // Everybody may ask for their own (asTarget()).
      name: 'GET {scope}/roleEligibilityScheduleInstances',
      method: 'GET',
      path: `{+scope}/providers/${TYPE}`,
      since: '2020-10-01',
      source: 'docs: role-eligibility-schedule-instances REST reference',
      answer(call) {
        const scope = parameter(call, 'scope');
        requireScope(state, scope);
        const filter = call.query.get('$filter') ?? '';
        if (!/^asTarget\(\)$/i.test(filter)) throw new NotModelled(`The filter "${filter}" isn't.`);
        const found = (state.eligibleAssignments ?? []).filter(
          (one) =>
            same(one.principalId, call.caller.objectId) && isWithin(scope, one.scope, state.subscriptions),
        );
        return ok({ value: found.map(body) });
      },
    },
  ];
}

function body({
  name,
  scope,
  roleDefinitionId,
  principalId,
  principalType,
  condition,
  createdOn,
}: RoleAssignment): object {
  return {
    properties: {
      scope,
      roleDefinitionId,
      principalId,
      principalType,
      status: 'Provisioned',
      memberType: 'Direct',
      startDateTime: createdOn,
      ...(condition === null ? {} : { condition, conditionVersion: '2.0' }),
    },
    id: `${scope}/providers/${TYPE}/${name}`,
    type: TYPE,
    name,
  };
}
