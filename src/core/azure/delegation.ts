/**
 * The condition that narrows a right to assign roles to the two pull roles, for service principals.
 *
 * Form: https://learn.microsoft.com/azure/role-based-access-control/delegate-role-assignments-examples ("Constrain roles
 * and principal types"): a write is judged by what is asked for (`@Request`), a removal by what is there (`@Resource`).
 */
import { ACR_PULL, REPOSITORY_READER } from './roles.js';

const ATTRIBUTES = 'Microsoft.Authorization/roleAssignments';

/** Version 2.0, as all conditions. */
export function delegationCondition(): string {
  const roles = `{${ACR_PULL.guid}, ${REPOSITORY_READER.guid}}`;
  const rule = (action: 'write' | 'delete', source: '@Request' | '@Resource'): string =>
    `((!(ActionMatches{'${ATTRIBUTES}/${action}'})) OR (${source}[${ATTRIBUTES}:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals ${roles} AND ${source}[${ATTRIBUTES}:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'ServicePrincipal'}))`;
  return `${rule('write', '@Request')} AND ${rule('delete', '@Resource')}`;
}
