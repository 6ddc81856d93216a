/** Questions to the directory: who is who, and in which groups. */
import type { CloudState, Principal } from './model.js';

type Directory = Pick<CloudState, 'principals' | 'groups'>;

export function principalByObjectId(state: Directory, objectId: string): Principal | undefined {
  return state.principals.find((principal) => principal.objectId.toLowerCase() === objectId.toLowerCase());
}

export function principalByClientId(state: Directory, clientId: string): Principal | undefined {
  return state.principals.find(
    (principal) => principal.kind !== 'user' && principal.clientId.toLowerCase() === clientId.toLowerCase(),
  );
}

/** Object ids of every group that holds this one, directly or through other groups. Cycles end. */
export function groupsHolding(state: Directory, objectId: string): string[] {
  const found = new Set<string>();
  const waiting = [objectId.toLowerCase()];
  for (let member = waiting.pop(); member !== undefined; member = waiting.pop()) {
    for (const group of state.groups) {
      const id = group.objectId.toLowerCase();
      if (found.has(id) || !group.members.some((one) => one.toLowerCase() === member)) continue;
      found.add(id);
      waiting.push(id);
    }
  }
  return [...found];
}

/** How Azure RBAC names a kind of principal. */
export function principalTypeOf(
  state: Directory,
  objectId: string,
): 'ServicePrincipal' | 'User' | 'Group' | undefined {
  const principal = principalByObjectId(state, objectId);
  if (principal !== undefined) return principal.kind === 'user' ? 'User' : 'ServicePrincipal';
  const isGroup = state.groups.some((group) => group.objectId.toLowerCase() === objectId.toLowerCase());
  return isGroup ? 'Group' : undefined;
}
