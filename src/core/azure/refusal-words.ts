/** What the words of ARM's refusals name, beside their codes. Sources of the words: diagnosis/refusals.ts. */
import { asList, asText, at, parseJson } from '../json.js';

/** The scopes that a ScopeLocked names. */
export function lockedScopes(said: string): string[] {
  const [, scopes = ''] = /scope\(s\) are locked: '([^']*)'/i.exec(said) ?? [];
  return scopes.split(',').flatMap((scope) => (scope.trim() === '' ? [] : [scope.trim()]));
}

/** The policy assignments that a RequestDisallowedByPolicy names: the words end in JSON between quotes. */
export function policiesOf(said: string): { name: string; id: string }[] {
  const start = said.indexOf("'[");
  const end = said.lastIndexOf("]'");
  const identifiers = start === -1 || end < start ? undefined : parseJson(said.slice(start + 1, end + 1));
  return asList(identifiers).flatMap((one) => {
    const id = asText(at(one, 'policyAssignment', 'id'));
    return id === undefined ? [] : [{ name: asText(at(one, 'policyAssignment', 'name')) ?? id, id }];
  });
}

/** The role assignment that a RoleAssignmentExists names, in its newer words: a GUID. */
export function existingAssignment(said: string): string | undefined {
  const [, id] = /existing role assignment is ([0-9a-f]{32})\b/i.exec(said) ?? [];
  return id?.toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** The directory that a PrincipalNotFound names. */
export function directoryOf(said: string): string | undefined {
  return /in the directory ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/i.exec(said)?.[1]?.toLowerCase();
}

/** The tenant that the subscription belongs to, as an InvalidAuthenticationTokenTenant names it. */
export function wantedTenant(said: string): string | undefined {
  const [, tenant] =
    /must match (?:one of )?the tenants? '[^']*?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/i.exec(said) ??
    [];
  return tenant?.toLowerCase();
}
