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
  // What was given up because the run ends says nothing about what was asked.
  if (error instanceof HttpFault && error.kind === 'aborted') throw error;
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
  // A refusal of the grant is an answer; being throttled or timed out is none.
  const refused = error.status >= 400 && error.status < 500 && error.status !== 408 && error.status !== 429;
  return as('arm-error', about === 'grant' && refused ? 'fail' : 'unknown', error.message);
}

/** What is known about a pull when its refusal is explained. */
export interface PullFacts {
  access: Allowed;
  /** The identity holds a role that this registry's mode ignores. */
  ignoredRole: boolean;
  /** What it holds is limited to other repositories. */
  limitedRole?: boolean;
  mode: 'LegacyRegistryPermissions' | 'AbacRepositoryPermissions' | 'unknown';
  youngGrant: boolean;
  /** The registry's network rules keep most addresses out. */
  networkRestricted: boolean;
  /** What this login saw of the image in the registry. */
  imageSeen: 'there' | 'absent' | 'unknown';
}

/**
 * How a refusal's last words look, in the order in which they are tried: the more special first. The words are of Go's
 * net, x509 and http packages, of containerd, of Docker and of ACR (captures: cri-containerd-*.json, pods-t*.json).
 */
const SHAPES: readonly { shape: RegExp; cause: CauseId | 'unauthorized' | 'forbidden' }[] = [
  // A gRPC NotFound that ends in "not found" as well: facts of containerd 2.1, so it stands before the absent tag.
  { shape: /no match for platform/i, cause: 'platform-mismatch-arch' },
  { shape: /client with IP|not allowed access/i, cause: 'firewall-403' },
  { shape: /no such host/i, cause: 'dns-nxdomain' },
  { shape: /\bx509: /, cause: 'tls-unknown-authority' },
  {
    shape:
      /(blob\.core\.windows\.net|\.data\.azurecr\.|error pulling image configuration).*(timeout|refused|reset|deadline|\bEOF\b|\b403\b)/is,
    cause: 'storage-endpoint-blocked',
  },
  {
    shape:
      /connection refused|i\/o timeout|deadline exceeded|handshake timeout|connection reset|while waiting for connection|: EOF\b/i,
    cause: 'connection-timeout',
  },
  { shape: /\b429\b|too ?many ?requests/i, cause: 'rate-limited-429' },
  { shape: /: 50[0-4]\b/, cause: 'registry-5xx' },
  // The kubelet tries once more without a credential, which ends in a 401: what came first, with it, is what counts.
  { shape: /\bnot found\b|manifest unknown/i, cause: 'tag-not-found' },
  { shape: /\b403\b/, cause: 'forbidden' },
  {
    shape: /\b401\b|unauthorized|insufficient_scope|authorization failed|access denied/i,
    cause: 'unauthorized',
  },
];

/** `host/repository:tag` and URLs, cut back to the host: others chose these names, and they may hold any word. */
function withoutNames(message: string): string {
  return message.replace(/((?:[\w-]+\.)+[\w-]+(?::\d+)?)\/[^\s"]*[^\s":,\]]/g, '$1');
}

/** The cause of a refused pull, from the node's words and what is known. */
export function explainPull(message: string, facts: PullFacts): CauseId {
  const words = withoutNames(message);
  const found = SHAPES.find(({ shape }) => shape.test(words))?.cause ?? 'undetermined';
  // A registry answers 401 to who lacks a role, and 403 to an address that its rules keep out.
  if (found === 'forbidden' && facts.networkRestricted) return 'firewall-403';
  if (found !== 'unauthorized' && found !== 'forbidden') return found;
  if (facts.access === true && facts.youngGrant) return 'grant-not-effective-yet';
  if (facts.access === false) return wrongRole(facts);
  // An absent image is refused like a forbidden one.
  if (facts.imageSeen === 'absent') return 'tag-not-found';
  return facts.access === true ? 'unauthorized-unresolved' : 'access-unknown';
}

/** Why the identity has no access: no role at all, one for other repositories, or one that the registry's mode ignores. */
export function wrongRole({
  ignoredRole,
  limitedRole,
  mode,
}: Pick<PullFacts, 'ignoredRole' | 'limitedRole' | 'mode'>): CauseId {
  if (limitedRole === true) return 'repository-not-granted';
  if (!ignoredRole || mode === 'unknown') return 'unauthorized-no-role';
  return mode === 'AbacRepositoryPermissions' ? 'abac-wrong-role' : 'legacy-wrong-role';
}
