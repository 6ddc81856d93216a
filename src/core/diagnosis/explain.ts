/** What an error or a refused pull means: from its shape and from what this run knows. Never from whole sentences. */
import { ArmError, missingRight } from '../azure/arm.js';
import { RegistryNotFound } from '../azure/registry.js';
import { CredentialWithheld } from '../http/trust.js';
import { HttpFault, SignInError } from '../ports.js';
import type { Fix } from '../report.js';
import { CAUSES, isCause } from './causes.js';
import type { CauseId, FixFacts } from './causes.js';
import { REFUSALS } from './ranking/facts.js';
import type { PullFacts } from './ranking/facts.js';
import { rank } from './ranking/rank.js';
import { parseSymptom } from './symptoms/parse.js';

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

export type { PullFacts } from './ranking/facts.js';

/**
 * Causes that messages tell apart more finely than reports name them: ids in reports never change, and what tells them
 * apart changes nothing about who has to do what.
 */
const REPORTED: Readonly<Partial<Record<CauseId, CauseId>>> = {
  'image-not-found': 'tag-not-found',
  'platform-mismatch-os': 'platform-mismatch-arch',
  'dns-timeout': 'connection-timeout',
  'private-endpoint-unreachable': 'connection-timeout',
  'proxy-error': 'connection-timeout',
  'connection-reset': 'connection-timeout',
  'tls-handshake-timeout': 'connection-timeout',
  'rate-limited-429-dockerhub': 'rate-limited-429',
  'role-propagation-delay': 'grant-not-effective-yet',
};

/** The cause of a refused pull, from the node's words and what is known. */
export function explainPull(message: string, facts: PullFacts): CauseId {
  const symptom = parseSymptom(message);
  const { determined, causes } = rank(symptom, facts);
  const first = causes[0]?.id ?? 'undetermined';
  const sign = symptom.speaks?.sign;
  // A refusal that nothing known explains has no likeliest cause: it would be a guess.
  if (!determined && sign !== undefined && REFUSALS.has(sign))
    return facts.access === true ? 'unauthorized-unresolved' : 'access-unknown';
  return REPORTED[first] ?? first;
}

/** Why the identity has no access: no role at all, one for other repositories, or one that the registry's mode ignores. */
export function wrongRole({
  ignoredRole,
  limitedRole,
  denied,
  mode,
}: Pick<PullFacts, 'ignoredRole' | 'limitedRole' | 'denied' | 'mode'>): CauseId {
  if (denied === true) return 'deny-assignment-on-pull';
  if (limitedRole === true) return 'repository-not-granted';
  if (!ignoredRole || mode === 'unknown') return 'unauthorized-no-role';
  return mode === 'AbacRepositoryPermissions' ? 'abac-wrong-role' : 'legacy-wrong-role';
}
