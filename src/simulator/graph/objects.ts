/**
 * The directory's objects as Microsoft Graph v1.0 writes them: https://learn.microsoft.com/graph/api/resources (user, group,
 * servicePrincipal), the properties that clients of Azure's access look at.
 */
import { groupsHolding } from '../cloud/directory.js';
import type { CloudState, Group, Principal } from '../cloud/model.js';

export type Kind = 'user' | 'group' | 'servicePrincipal';

/** One object of the directory. */
export interface DirectoryObject {
  kind: Kind;
  id: string;
  /** Without `@odata.type`, which only mixed lists have. */
  body: Record<string, unknown>;
  /** By name, the values that filters compare with. */
  keys: Readonly<Record<string, readonly string[]>>;
}

/** Every object that the directory's replicas know. @param now milliseconds since the epoch */
export function directoryObjects(state: CloudState, now: number): DirectoryObject[] {
  const known = state.principals.filter(({ replicatedAt = 0 }) => replicatedAt <= now);
  return [
    ...known.map((one) => (one.kind === 'user' ? userObject(one) : servicePrincipalObject(one, state))),
    ...state.groups.map(groupObject),
  ];
}

/** An object's groups, directly or through groups. */
export function transitiveGroups(state: CloudState, id: string): DirectoryObject[] {
  const holding = groupsHolding(state, id);
  return state.groups.filter(({ objectId }) => holding.includes(objectId.toLowerCase())).map(groupObject);
}

/** An object's groups that name it. */
export function directGroups(state: CloudState, id: string): DirectoryObject[] {
  return state.groups
    .filter(({ members }) => members.some((one) => one.toLowerCase() === id.toLowerCase()))
    .map(groupObject);
}

function userObject({ objectId, name }: Principal): DirectoryObject {
  return {
    kind: 'user',
    id: objectId,
    body: {
      businessPhones: [],
      displayName: name,
      givenName: null,
      jobTitle: null,
      mail: null,
      mobilePhone: null,
      officeLocation: null,
      preferredLanguage: null,
      surname: null,
      userPrincipalName: name,
      id: objectId,
    },
    keys: { id: [objectId], userPrincipalName: [name], displayName: [name] },
  };
}

function servicePrincipalObject(principal: Principal, { tenantId }: CloudState): DirectoryObject {
  const { objectId, clientId, name, kind, resourceId } = principal;
  const isManaged = kind === 'managed-identity';
  // A managed identity has a second name, an address of the identity service; nobody looks it up by that.
  const servicePrincipalNames = [clientId];
  return {
    kind: 'servicePrincipal',
    id: objectId,
    body: {
      id: objectId,
      deletedDateTime: null,
      accountEnabled: true,
      alternativeNames: resourceId === undefined ? [] : ['isExplicit=True', resourceId],
      appDisplayName: isManaged ? null : name,
      appId: clientId,
      appOwnerOrganizationId: isManaged ? null : tenantId,
      appRoleAssignmentRequired: false,
      displayName: name,
      homepage: null,
      servicePrincipalNames,
      servicePrincipalType: isManaged ? 'ManagedIdentity' : 'Application',
      signInAudience: isManaged ? null : 'AzureADMyOrg',
      tags: [],
    },
    keys: { id: [objectId], appId: [clientId], servicePrincipalNames, displayName: [name] },
  };
}

function groupObject({ objectId, name }: Group): DirectoryObject {
  return {
    kind: 'group',
    id: objectId,
    body: {
      id: objectId,
      deletedDateTime: null,
      description: null,
      displayName: name,
      groupTypes: [],
      mail: null,
      mailEnabled: false,
      mailNickname: name.replace(/\W+/g, ''),
      securityEnabled: true,
      visibility: null,
    },
    keys: { id: [objectId], displayName: [name] },
  };
}
