/** What an error or a refused pull means: from its shape and from what this run knows. Never from whole sentences. */
import { ArmError, missingRight } from '../azure/arm.js';
import { RegistryNotFound } from '../azure/registry.js';
import { CredentialWithheld } from '../http/trust.js';
import { HttpFault, SignInError } from '../ports.js';
import type { Allowed, Fix } from '../report.js';
import { CAUSES, isCause } from './causes.js';
import type { CauseId, FixFacts } from './causes.js';

/** An error in a check's words. */
export interface Explained {
  /** `fail`: the thing asserted is not so. `unknown`: it could not be told. */
  status: 'fail' | 'unknown';
  cause: CauseId;
  evidence: string;
  fix: Fix;
}

/** What ARM's error codes mean for whoever wrote a grant or read a resource. */
const ARM_CODES: Readonly<Record<string, CauseId>> = {
  ScopeLocked: 'arm-scope-locked',
  RoleAssignmentLimitExceeded: 'arm-role-limit',
  RequestDisallowedByPolicy: 'arm-policy-denied',
  RoleAssignmentUpdateNotPermitted: 'arm-role-update-not-permitted',
  PrincipalNotFound: 'arm-principal-not-found-replication',
};

/**
 * Explains an error of the Azure side; anything else is thrown on, because it is a fault of ours.
 *
 * @param about what a 404 is about
 */
export function explainError(
  error: unknown,
  facts: FixFacts,
  about: 'cluster' | 'registry' | 'grant',
): Explained {
  const as = (
    cause: CauseId,
    status: 'fail' | 'unknown',
    evidence: string,
    known: FixFacts = facts,
  ): Explained => ({
    status,
    cause,
    evidence,
    fix: CAUSES[cause].fix(known),
  });
  if (error instanceof SignInError) {
    return {
      status: 'unknown',
      cause: isCause(error.causeId) ? error.causeId : 'not-signed-in',
      evidence: error.message,
      fix: { summary: error.fix, commands: [] },
    };
  }
  if (error instanceof HttpFault) return as('arm-unreachable', 'unknown', error.message);
  if (error instanceof CredentialWithheld) return as('credential-withheld', 'unknown', error.message);
  if (error instanceof RegistryNotFound) return as('registry-not-found', 'fail', error.message);
  if (!(error instanceof ArmError)) throw error;

  const right = missingRight(error);
  if (right !== undefined) {
    const known = {
      ...facts,
      missing: right,
      caller: { type: 'ServicePrincipal' as const, ...facts.caller, objectId: right.callerObjectId },
    };
    return as(
      right.conditional ? 'arm-abac-condition' : 'arm-authorization-missing',
      about === 'grant' ? 'fail' : 'unknown',
      error.message,
      known,
    );
  }
  const byCode = ARM_CODES[error.code];
  if (byCode !== undefined) return as(byCode, 'fail', error.message);
  if (error.status === 401) return as('not-signed-in', 'unknown', error.message);
  if (error.status === 404 && about !== 'grant') return as(`${about}-not-found`, 'fail', error.message);
  return as(
    'arm-error',
    about === 'grant' && error.status >= 400 && error.status < 500 ? 'fail' : 'unknown',
    error.message,
  );
}

/** What is known about a pull when its refusal is explained. */
export interface PullFacts {
  access: Allowed;
  /** The identity holds a role that this registry's mode ignores. */
  ignoredRole: boolean;
  mode: 'LegacyRegistryPermissions' | 'AbacRepositoryPermissions' | 'unknown';
  youngGrant: boolean;
  /** What this login saw of the image in the registry. */
  imageSeen: 'there' | 'absent' | 'unknown';
}

/** How a refusal's last words look, in the order in which they are tried: the more special first. */
const SHAPES: readonly { shape: RegExp; cause: CauseId | 'unauthorized' }[] = [
  // A gRPC NotFound that ends in "not found" as well: facts of containerd 2.1, so it stands before the absent tag.
  { shape: /no match for platform/i, cause: 'platform-mismatch-arch' },
  { shape: /client with IP|not allowed access/i, cause: 'firewall-403' },
  { shape: /no such host/i, cause: 'dns-nxdomain' },
  { shape: /x509|certificate/i, cause: 'tls-unknown-authority' },
  {
    shape: /(blob\.core\.windows\.net|\.data\.azurecr\.).*(timeout|refused|reset|deadline|403)/is,
    cause: 'storage-endpoint-blocked',
  },
  {
    shape: /connection refused|i\/o timeout|deadline exceeded|handshake timeout|connection reset/i,
    cause: 'connection-timeout',
  },
  { shape: /\b429\b|too many requests/i, cause: 'rate-limited-429' },
  { shape: /: 50[0-4]\b/, cause: 'registry-5xx' },
  {
    shape: /\b401\b|unauthorized|insufficient_scope|authorization failed|access denied|\b403\b/i,
    cause: 'unauthorized',
  },
  { shape: /not found/i, cause: 'tag-not-found' },
];

/** The cause of a refused pull, from the node's words and what is known. */
export function explainPull(message: string, facts: PullFacts): CauseId {
  const found = SHAPES.find(({ shape }) => shape.test(message))?.cause ?? 'undetermined';
  if (found !== 'unauthorized') return found;
  if (facts.access === true && facts.youngGrant) return 'grant-not-effective-yet';
  if (facts.access === false) return wrongRole(facts);
  // An absent image is refused like a forbidden one.
  if (facts.imageSeen === 'absent') return 'tag-not-found';
  return 'unauthorized-unresolved';
}

/** Why the identity has no access: no role at all, or one that the registry's mode ignores. */
export function wrongRole({ ignoredRole, mode }: Pick<PullFacts, 'ignoredRole' | 'mode'>): CauseId {
  if (!ignoredRole || mode === 'unknown') return 'unauthorized-no-role';
  return mode === 'AbacRepositoryPermissions' ? 'abac-wrong-role' : 'legacy-wrong-role';
}
