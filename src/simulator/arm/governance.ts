/** What a write meets after its caller's rights: a disabled subscription, locks and policies (`cloud/governance.ts`). */
import { same, subscriptionId } from '../cloud/arm-id.js';
import { locksAgainst, policiesAgainst, policyAssignmentId } from '../cloud/governance.js';
import { stableGuid } from '../cloud/ids.js';
import type { DenyingPolicy } from '../cloud/governance.js';
import type { CloudState } from '../cloud/model.js';
import type { Call } from './call.js';
import { readOnlyDisabledSubscription, requestDisallowedByPolicy, scopeLocked } from './errors.js';

/**
 * Throws ARM's error when a lock or a policy stands against a call. A ReadOnly lock refuses POST too: key lists and other
 * actions need a write (azure-docs: lock-resources). Locks come before policies: an assumption.
 */
export function requireAllowed(state: CloudState, { method, path }: Pick<Call, 'method' | 'path'>): void {
  if (method === 'GET' || !/^\/subscriptions\//i.test(path)) return;
  const { id, type, name } = resourceOf(path);
  // Assumption: what is no PUT, PATCH or DELETE changes nothing, and the subscription is looked at first.
  const subscription = state.subscriptions.find((one) => same(one.id, path.split('/')[2] ?? ''));
  if (subscription?.disabled === true && method !== 'POST')
    throw readOnlyDisabledSubscription(subscription.id);
  const operation = method === 'DELETE' ? 'delete' : 'write';
  // A lock keeps nobody from lifting it: that is how locks end.
  const locks = /^Microsoft\.Authorization\/locks$/i.test(type) ? [] : locksAgainst(state, id, operation);
  if (locks.length > 0)
    throw scopeLocked(
      id,
      operation,
      locks.map(({ scope }) => scope),
    );
  const policies = method === 'PUT' || method === 'PATCH' ? policiesAgainst(state, id, type) : [];
  if (policies.length > 0) throw requestDisallowedByPolicy(name, policies.map(identifiersOf));
}

/** The resource that a path is of: an action's name at its end, as in `…/managedClusters/shop/runCommand`, is none of it. */
function resourceOf(path: string): { id: string; type: string; name: string } {
  const at = path.toLowerCase().lastIndexOf('/providers/') + '/providers/'.length;
  const [provider = '', ...parts] = path.slice(at).split('/');
  const whole = parts.slice(0, parts.length - (parts.length % 2));
  return {
    id: path.slice(0, at) + [provider, ...whole].join('/'),
    type: [provider, ...whole.filter((_, index) => index % 2 === 0)].join('/'),
    name: whole.at(-1) ?? '',
  };
}

function identifiersOf({ name, scope }: DenyingPolicy): {
  policyAssignment: object;
  policyDefinition: object;
} {
  const subscription = /^\/subscriptions\/([^/]+)/i.exec(scope)?.[1];
  // A definition stands in the assignment's subscription or above it: an assumption.
  const definitions = subscription === undefined ? scope : subscriptionId(subscription);
  const authorization = 'providers/Microsoft.Authorization';
  return {
    policyAssignment: {
      name,
      id: policyAssignmentId({ name, scope }),
    },
    policyDefinition: {
      name,
      id: `${definitions}/${authorization}/policyDefinitions/${stableGuid('policy', name)}`,
      version: '1.0.0',
    },
  };
}
