/** Conclude: the one verdict rule, and what must be said about the pulls that led to it. */
import type { Registry } from '../azure/registry.js';
import { pullsOutcome, verdict } from '../report.js';
import type { Pull, Result } from '../report.js';
import type { Request } from '../request.js';
import type { Telling } from '../telling.js';

/** What no API shows, though it could have let a node pull or saved it the way to the registry. */
const UNSEEN =
  'What no API shows: credential files, mirrors, peer caches and artifact streaming on the nodes, and an identity that they may be told to use for image pulls by service account.';

/** What pulls that worked tell of the identity, where its role is there. */
const OUR_IDENTITYS = {
  status: 'pass',
  evidence: 'by pods without a pull secret or an identity of their own',
} as const;
const ANYBODYS = {
  status: 'warn',
  evidence:
    'the registry is open to anonymous pulls: nodes without any identity pull from it just as well, and only the role says that theirs may',
} as const;

/**
 * The result of a connection, by the one verdict rule. Tells whether the pulls were the identity's, once.
 *
 * @param youngGrant everything that gives access is so new that it may not work yet
 */
export function conclude(
  request: Pick<Request, 'verify'>,
  registry: Pick<Registry, 'loginServer' | 'anonymousPull'>,
  youngGrant: boolean,
  telling: Telling,
): Result {
  const { connection } = telling;
  const { allowed } = connection.access;
  const pulls = connection.pulls;
  const outcome = pullsOutcome(pulls);
  // Only what a new grant can cure is put down to its youth: a missing tag stays missing.
  const refusals = pulls.filter((pull) => pull.status === 'fail');
  const young = youngGrant && refusals.every((pull) => pull.cause === 'grant-not-effective-yet');
  const said = verdict(allowed, outcome, request.verify, young);
  const title = `nodes pull from ${registry.loginServer} as the kubelet identity`;
  if (said.cause === 'pulled-without-the-identity') {
    telling.tell('pulled-by-the-identity', title, {
      status: 'fail',
      cause: said.cause,
      evidence: `every requested pull worked, though no role lets the identity pull. ${UNSEEN}`,
    });
  } else if (outcome === 'proved' && allowed === true && request.verify === 'pull') {
    const told = registry.anonymousPull ? ANYBODYS : OUR_IDENTITYS;
    telling.tell('pulled-by-the-identity', title, { ...told, evidence: `${told.evidence}. ${UNSEEN}` });
  }
  if (said.finding === 'access-unknown') {
    telling.finding({
      id: 'access-unknown',
      title: 'every requested pull worked, but it could not be told which role allows it',
      evidence: connection.checks.find((check) => check.id === 'access')?.evidence ?? '',
    });
  }
  tellUnprovedLayers(pulls, telling);
  if (request.verify === 'pull' && said.result === 'unknown') tellNoPull(pulls, telling);
  const runs = !connection.checks.some(({ id, status }) => id === 'image-runs' && status === 'fail');
  return said.result === 'passed' && !runs ? 'failed' : said.result;
}

function poolsOf(pulls: readonly Pull[]): string {
  return [...new Set(pulls.map((pull) => pull.nodePool))].join(', ');
}

/** That the data endpoint is unproved where the nodes may have had the layers. */
export function tellUnprovedLayers(pulls: readonly Pull[], telling: Telling): void {
  const manifestsOnly = pulls.filter((pull) => pull.status === 'pass' && pull.proved === 'manifest');
  if (manifestsOnly.length > 0) {
    telling.finding({
      id: 'data-endpoint-unproved',
      title: 'it could not be told that layers came from the registry: the nodes may have had them already',
      evidence: `${poolsOf(manifestsOnly)}: whether the data endpoint, which serves layers, can be reached is unproved`,
      fix: {
        summary: 'Name an image that the nodes have not pulled yet (input image) to prove that hop too.',
        commands: [],
      },
    });
  }
}

/** That no pull was made at all, if so. */
export function tellNoPull(pulls: readonly Pull[], telling: Telling): void {
  if (pulls.every((pull) => pull.status === 'skip')) {
    telling.tell('pulls', 'a pull was made on at least one pool', {
      status: 'unknown',
      cause: 'no-nodes',
      evidence:
        pulls.map((pull) => `${pull.nodePool}: ${pull.message ?? pull.status}`).join('; ') ||
        'the cluster has no pool with nodes',
    });
  }
}
