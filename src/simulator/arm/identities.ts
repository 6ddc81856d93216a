/**
 * Microsoft.ManagedIdentity/userAssignedIdentities: one by one. Form:
 * https://learn.microsoft.com/rest/api/managedidentity/user-assigned-identities/get
 */
import { resourceGroupId, same } from '../cloud/arm-id.js';
import type { SimulatorContext } from '../context.js';
import { ok, parameter, resourceId } from './call.js';
import type { Route } from './call.js';
import { resourceNotFound } from './errors.js';
import { groupPath } from './resources.js';

const TYPE = 'Microsoft.ManagedIdentity/userAssignedIdentities';

const LONG_AGO = Date.UTC(2024, 0, 1);

export function identityRoutes({ state, now }: SimulatorContext): Route[] {
  const started = now();
  return [
    {
      name: 'GET userAssignedIdentity',
      method: 'GET',
      path: `${groupPath}/providers/${TYPE}/{name}`,
      since: '2018-11-30',
      source: 'docs: managed-identity REST reference',
      demand: (call) => ({ action: `${TYPE}/read`, scope: resourceId(call) }),
      answer(call) {
        const [subscription, group] = [parameter(call, 'subscription'), parameter(call, 'group')];
        const name = parameter(call, 'name');
        const id = `${resourceGroupId(subscription, group)}/providers/${TYPE}/${name}`;
        const found = state.principals.find(
          (one) => one.resourceId !== undefined && same(one.resourceId, id),
        );
        if (found === undefined) throw resourceNotFound(TYPE, name, group);
        const { objectId: principalId, clientId } = found;
        return ok({
          id: found.resourceId,
          name,
          type: TYPE,
          // Assumption: all in one region; nothing here depends on where an identity is.
          location: 'westeurope',
          tags: {},
          properties: { tenantId: found.tenantId ?? state.tenantId, principalId, clientId },
          // Assumption: one that the directory's replicas don't know yet was made at the start, any other long ago.
          systemData: {
            createdAt: new Date(found.replicatedAt === undefined ? LONG_AGO : started).toISOString(),
          },
        });
      },
    },
  ];
}
