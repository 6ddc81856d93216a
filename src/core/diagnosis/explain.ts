/** What an error or a refused pull means: from its shape and from what this run knows. Never from whole sentences. */
import { ArmError, missingRight } from '../azure/arm.js';
import { wantedTenant } from '../azure/refusal-words.js';
import { RegistryNotFound } from '../azure/registry.js';
import { CredentialWithheld } from '../http/trust.js';
import { HttpFault, SignInError } from '../ports.js';
import type { Fix } from '../report.js';
import { optional } from '../json.js';
import { CAUSES, familyOf, isCause } from './causes.js';
import type { FixFacts } from './cause.js';
import type { CauseId } from './causes.js';
import type { Obstacles } from './obstacles.js';
import { causeOfRefusal } from './refusals.js';
import { REFUSALS } from './ranking/facts.js';
import type { PullFacts } from './ranking/facts.js';
import { onNodeSteps } from './ranking/next.js';
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

  const { obstacles } = facts;
  const right = missingRight(error);
  if (right !== undefined) {
    const known = {
      ...facts,
      missing: right,
      caller: { type: 'ServicePrincipal' as const, ...facts.caller, objectId: right.callerObjectId },
    };
    const lacking =
      (obstacles?.eligible ?? []).length > 0 ? 'arm-pim-not-active' : 'arm-authorization-missing';
    return as(
      right.conditional ? 'arm-abac-condition' : lacking,
      about === 'grant' ? 'fail' : 'unknown',
      evidenceOf(error, obstacles),
      known,
    );
  }
  const refusal = causeOfRefusal(error.code, error.said, {
    principalGiven: facts.principalGiven === true,
    ...optional('identity', obstacles?.identity),
    ...optional('tenantId', obstacles?.tenantId),
  });
  if (refusal !== undefined) {
    const known = { ...facts, ...optional('wantedTenant', wantedTenant(error.said)) };
    return as(refusal.cause, refusal.open ? 'unknown' : 'fail', evidenceOf(error, obstacles), known);
  }
  if (error.status === 401) return as('not-signed-in', 'unknown', error.message);
  if (error.status === 404 && about !== 'grant') return as(`${about}-not-found`, 'fail', error.message);
  // A refusal of the grant is an answer; being throttled or timed out is none.
  const refused = error.status >= 400 && error.status < 500 && error.status !== 408 && error.status !== 429;
  return as('arm-error', about === 'grant' && refused ? 'fail' : 'unknown', error.message);
}

/** ARM's own words, and what was looked up besides. */
function evidenceOf({ message }: ArmError, obstacles: Obstacles = {}): string {
  const { locks = [], named, eligible = [], delegations = [] } = obstacles;
  return [
    message,
    ...locks.map(({ name, level, scope }) => `lock ${name} (${level}) at ${scope}`),
    ...(named === undefined ? [] : [`the name is that of the role assignment of ${named.principalId}`]),
    ...(eligible.length === 0 ? [] : [`this login is eligible for ${eligible.join(', ')}, not switched on`]),
    ...delegations.map(({ condition }) => `this login may assign roles under the condition ${condition}`),
  ].join('; ');
}

export type { PullFacts } from './ranking/facts.js';

/**
 * Causes that are another's in a run: Azure Resource Manager named the login server of whatever it pulls, it knows of a
 * grant's age, and tells of an image and its platforms what a message can't.
 */
const REPORTED: Readonly<Partial<Record<CauseId, CauseId>>> = {
  'image-not-found': 'tag-not-found',
  'wrong-login-server': 'dns-nxdomain',
  'platform-mismatch-os': 'platform-mismatch-arch',
  'role-propagation-delay': 'grant-not-effective-yet',
};

/** Where words leave open which of these it is, all that is known is that no connection came about. */
const OPEN: Readonly<Partial<Record<CauseId, CauseId>>> = {
  'dns-timeout': 'connection-timeout',
  'private-endpoint-unreachable': 'connection-timeout',
  'connection-reset': 'connection-timeout',
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
  if (determined) return REPORTED[first] ?? first;
  // Nor have words that several causes fit, unless reports call all of these the same.
  const offered = new Set(offeredTo(causes));
  const [only = 'undetermined'] = offered;
  return offered.size < 2 ? only : 'undetermined';
}

/** A full registry takes no pushes; it is pulled from all the same (docs: container-registry-skus, registry storage). */
const NOT_OF_A_PULL: ReadonlySet<CauseId> = new Set<CauseId>(['registry-full']);

/** What the words of a pull leave open, as reports name it. */
function offeredTo(causes: readonly { id: CauseId }[]): CauseId[] {
  return causes.filter(({ id }) => !NOT_OF_A_PULL.has(id)).map(({ id }) => OPEN[id] ?? REPORTED[id] ?? id);
}

/**
 * The fix of a refused pull. Where its cause is open, or the fix is no more than advice about the nodes' network, also
 * what to run on the node that refused it: nothing that this run sees of the registry stands for what nodes see.
 */
export function pullFix(cause: CauseId, message: string, facts: FixFacts, node?: string): Fix {
  const fix = CAUSES[cause].fix(facts);
  const open = cause === 'undetermined' || cause === 'unauthorized-unresolved';
  const advice = familyOf(cause) === 'network' && fix.commands.length === 0;
  if (!open && !advice) return fix;
  const symptom = parseSymptom(message);
  const offered = cause === 'undetermined' ? [...new Set(offeredTo(rank(symptom).causes))] : [];
  const look = onNodeSteps(offered[0] ?? cause, symptom, { ...facts, ...optional('node', node) });
  const titles = offered.map((id) => `${CAUSES[id].title} (${id})`);
  return {
    summary: titles.length === 0 ? fix.summary : `The words leave open which it is: ${titles.join('; or ')}.`,
    commands: [...fix.commands, ...look],
    literalCommands: [...(fix.literalCommands ?? []), ...look],
  };
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
