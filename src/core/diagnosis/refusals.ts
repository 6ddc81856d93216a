/**
 * What Azure's refusals of a grant mean: one record each, found by ARM's code or, where one code stands for several things,
 * by its words. What a message means that somebody copied from anywhere is told by symptoms/.
 */
import type { CauseId } from './causes.js';

interface Kind {
  cause: CauseId;
  codes?: readonly string[];
  /** In ARM's sentence without the names that it quotes. */
  words?: RegExp;
  /** No answer about the grant: it may be there, or be made, a moment later. */
  open?: true;
}

/**
 * Recorded: roleAssignments.400.PrincipalNotFound.json, roleAssignments.400.UnmatchedPrincipalType.json,
 * roleAssignments.409.RoleAssignmentExists.json, throttling.429.json, errors.quoted-in-public-docs.json. Documented:
 * https://learn.microsoft.com/azure/role-based-access-control/troubleshooting (limit, names, ids),
 * https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors (locks, policies,
 * tenants, linked scopes) and https://learn.microsoft.com/rest/api/authorization/includes/privileged-role-common-errors
 * (PIM). ReadOnlyDisabledSubscription and DenyAssignmentAuthorizationFailed are quoted in public deployment logs, the
 * words on conditions in MicrosoftDocs/azure-docs issue 119449.
 */
const KINDS: readonly Kind[] = [
  { cause: 'arm-deny-assignment', codes: ['DenyAssignmentAuthorizationFailed'] },
  { cause: 'arm-linked-authorization', codes: ['LinkedAuthorizationFailed'] },
  { cause: 'arm-policy-denied', codes: ['RequestDisallowedByPolicy'] },
  { cause: 'arm-scope-locked', codes: ['ScopeLocked'] },
  { cause: 'arm-role-exists', codes: ['RoleAssignmentExists'] },
  { cause: 'arm-role-limit', codes: ['RoleAssignmentLimitExceeded'] },
  { cause: 'arm-role-update-not-permitted', codes: ['RoleAssignmentUpdateNotPermitted'] },
  { cause: 'arm-role-definition-missing', codes: ['RoleDefinitionDoesNotExist'] },
  { cause: 'arm-principal-type-mismatch', codes: ['UnmatchedPrincipalType'] },
  { cause: 'arm-invalid-principal-id', codes: ['InvalidPrincipalId'] },
  { cause: 'arm-principal-not-found-replication', codes: ['PrincipalNotFound'] },
  { cause: 'arm-pim-policy', codes: ['RoleAssignmentRequestPolicyValidationFailed'] },
  { cause: 'arm-condition-invalid', words: /\brole assignment condition is invalid\b/i },
  { cause: 'arm-subscription-disabled', codes: ['ReadOnlyDisabledSubscription'] },
  { cause: 'arm-tenant-mismatch', codes: ['InvalidAuthenticationTokenTenant'], open: true },
  { cause: 'arm-throttled', codes: ['TooManyRequests', 'SubscriptionRequestsThrottled'], open: true },
];

/** What is known besides a refusal. All of it may be missing. */
export interface RefusalFacts {
  /** Object id that the user gave, rather than one that Azure told. */
  principalGiven?: boolean;
  /** The identity's resource, as far as it could be looked at. */
  identity?: { there: false } | { there: true; tenantId?: string; ageMs?: number };
  /** The tenant whose directory was asked. */
  tenantId?: string;
}

/** A directory's replicas know a new identity within minutes; after this long a missing one stays missing. */
const NEW_IDENTITY_MS = 60 * 60_000;

/**
 * The cause of a refusal: by its code, else by its words; where texts are the same, by what is known besides.
 *
 * @param code ARM's, or empty
 * @returns undefined for what is none of the known ones
 */
export function causeOfRefusal(
  code: string,
  said: string,
  facts: RefusalFacts = {},
): { cause: CauseId; open: boolean } | undefined {
  const sentence = withoutQuoted(said);
  const kind =
    KINDS.find(({ codes = [] }) => codes.includes(code)) ??
    KINDS.find(({ words }) => words?.test(sentence) === true);
  if (kind === undefined) return undefined;
  const { cause, open = false } = kind;
  return {
    cause: cause === 'arm-principal-not-found-replication' ? causeOfUnknownPrincipal(facts) : cause,
    open,
  };
}

/** Entra doesn't know the principal: too new, gone, elsewhere, or no object id at all. */
function causeOfUnknownPrincipal({ principalGiven, identity, tenantId }: RefusalFacts): CauseId {
  if (principalGiven === true) return 'arm-invalid-principal-id';
  if (identity === undefined) return 'arm-principal-not-found-replication';
  if (!identity.there) return 'kubelet-identity-missing';
  if (
    tenantId !== undefined &&
    identity.tenantId !== undefined &&
    identity.tenantId.toLowerCase() !== tenantId.toLowerCase()
  )
    return 'arm-principal-not-found-cross-tenant';
  const old = identity.ageMs !== undefined && identity.ageMs > NEW_IDENTITY_MS;
  return old ? 'kubelet-identity-missing' : 'arm-principal-not-found-replication';
}

/** Without names, which others chose and which may hold any word. An apostrophe within a word begins none. */
function withoutQuoted(text: string): string {
  return text.replace(/(?<!\w)'[^']*'(?!\w)/g, "''");
}
