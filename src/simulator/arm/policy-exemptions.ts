/** Microsoft.Authorization/policyExemptions: made. Form: https://learn.microsoft.com/rest/api/policy/policy-exemptions/create-or-update. */
import type { SimulatorContext } from '../context.js';
import { NotModelled } from '../net/exchange.js';
import { ok, parameter } from './call.js';
import type { Route } from './call.js';
import { requireScope } from './scopes.js';

const TYPE = 'Microsoft.Authorization/policyExemptions';

export function policyExemptionRoutes({ state }: SimulatorContext): Route[] {
  return [
    {
      name: 'PUT {scope}/policyExemptions/{name}',
      method: 'PUT',
      path: `{+scope}/providers/${TYPE}/{name}`,
      since: '2020-07-01',
      source: 'docs: policy-exemptions REST reference',
      // Assumption: besides this, a right on the policy assignment is needed (exempt/action), which is not asked here.
      demand: (call) => ({ action: `${TYPE}/write`, scope: parameter(call, 'scope') }),
      answer(call) {
        const [scope, name] = [parameter(call, 'scope'), parameter(call, 'name')];
        requireScope(state, scope);
        const properties = propertiesOf(call.body);
        const { policyAssignmentId: policyAssignment, exemptionCategory } = properties;
        if (
          typeof policyAssignment !== 'string' ||
          !['Waiver', 'Mitigated'].includes(String(exemptionCategory))
        )
          throw new NotModelled("An exemption without a policy assignment and a category isn't.");
        const { exemptions } = state.governance;
        const others = exemptions.filter((one) => one.name !== name || one.scope !== scope);
        exemptions.splice(0, exemptions.length, ...others, { name, scope, policyAssignment });
        return {
          ...ok({ properties, id: `${scope}/providers/${TYPE}/${name}`, type: TYPE, name }),
          status: 201,
        };
      },
    },
  ];
}

function propertiesOf(body: Buffer): Record<string, unknown> {
  try {
    const { properties } = JSON.parse(body.toString('utf8')) as { properties?: Record<string, unknown> };
    return properties ?? {};
  } catch {
    throw new NotModelled("An exemption that is not JSON isn't.");
  }
}
