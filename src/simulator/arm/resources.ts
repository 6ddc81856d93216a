/** What the routes of several providers share: paths, existence, and lists that hold only what a caller may read. */
import { isWithin, same, subscriptionId } from '../cloud/arm-id.js';
import type { CloudState, Subscription } from '../cloud/model.js';
import { contributions } from '../cloud/rbac.js';
import type { SimulatorContext } from '../context.js';
import { parameter } from './call.js';
import type { Call } from './call.js';
import {
  authorizationFailed,
  resourceGroupNotFound,
  resourceNotFound,
  subscriptionNotFound,
} from './errors.js';

/** Beginnings of routes' paths. */
export const subscriptionPath = '/subscriptions/{subscription}';
export const groupPath = `${subscriptionPath}/resourceGroups/{group}`;

export function requireSubscription(state: CloudState, subscription: string): Subscription {
  const found = state.subscriptions.find(({ id }) => same(id, subscription));
  if (found === undefined) throw subscriptionNotFound(subscription);
  return found;
}

export function requireResourceGroup(state: CloudState, subscription: string, group: string): void {
  const { resourceGroups } = requireSubscription(state, subscription);
  if (!resourceGroups.some(({ name }) => same(name, group))) throw resourceGroupNotFound(group);
}

/** The resource of one type that a path under {@link groupPath} names as `{name}`; ARM's own errors where there is none. */
export function findInGroup<T extends { subscriptionId: string; resourceGroup: string; name: string }>(
  state: CloudState,
  call: Call,
  items: readonly T[],
  type: string,
): T {
  const [subscription, group, name] = [
    parameter(call, 'subscription'),
    parameter(call, 'group'),
    parameter(call, 'name'),
  ];
  requireResourceGroup(state, subscription, group);
  const found = items.find(
    (item) =>
      same(item.subscriptionId, subscription) && same(item.resourceGroup, group) && same(item.name, name),
  );
  if (found === undefined) throw resourceNotFound(type, name, group);
  return found;
}

/**
 * A list over a subscription or a resource group holds what the caller may read in it; a caller with no right at all
 * there is refused. Assumption: that is how lists are seen to behave for callers whose rights are on single groups.
 */
export function visible<T>(
  context: SimulatorContext,
  call: Call,
  scope: string,
  items: readonly T[],
  idOf: (item: T) => string,
  action: string,
): T[] {
  const { objectId, client } = call.caller;
  if (!knowsOf(context, objectId, scope)) throw authorizationFailed(client, objectId, action, scope, false);
  return items.filter(
    (item) => context.decide({ principalId: objectId, action, kind: 'action', scope: idOf(item) }).allowed,
  );
}

/** Whether a principal holds anything at, above or below a scope. */
export function knowsOf({ state, now }: SimulatorContext, principalId: string, scope: string): boolean {
  if (contributions(state, principalId, scope, now()).length > 0) return true;
  return state.roleAssignments.some(
    (assignment) =>
      isWithin(assignment.scope, scope, state.subscriptions) &&
      contributions(state, principalId, assignment.scope, now()).length > 0,
  );
}

/** The subscriptions that a principal holds anything in. */
export function knownSubscriptions(context: SimulatorContext, principalId: string): Subscription[] {
  return context.state.subscriptions.filter(({ id }) => knowsOf(context, principalId, subscriptionId(id)));
}
