/** Why the workflow runs: the event's name and its payload → what the core must know about it. */
import { asText, at } from '../core/json.js';
import type { Circumstances } from '../core/request.js';

interface EventRule {
  /** Whether whoever opened a pull request, or anyone at all, may have caused this event. */
  refused: (event: unknown) => boolean;
  /** Whether it comes from outside the repository, or can't be told not to. */
  fork: (event: unknown) => boolean;
}

const always = (): boolean => true;

const PULL_REQUEST: EventRule = {
  refused: always,
  fork: (event) => outside(event, at(event, 'pull_request', 'head', 'repo')),
};

/**
 * Events by which people without write access can start a run, in the words of
 * https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows
 */
const RULES: Readonly<Record<string, EventRule>> = {
  pull_request: PULL_REQUEST,
  pull_request_target: PULL_REQUEST,
  pull_request_review: PULL_REQUEST,
  pull_request_review_comment: PULL_REQUEST,
  issue_comment: {
    refused: always,
    // A comment's payload doesn't name the pull request's head. Who wrote it is what can be told.
    fork: (event) => !INSIDERS.has(asText(at(event, 'comment', 'author_association')) ?? ''),
  },
  workflow_run: {
    refused: (event) => outside(event, at(event, 'workflow_run', 'head_repository')),
    fork: (event) => outside(event, at(event, 'workflow_run', 'head_repository')),
  },
};

/** Those whom the repository's owner has let in: https://docs.github.com/graphql/reference/enums#commentauthorassociation */
const INSIDERS: ReadonlySet<string> = new Set(['OWNER', 'MEMBER', 'COLLABORATOR']);

/**
 * @param eventName GITHUB_EVENT_NAME
 * @param event the parsed file at GITHUB_EVENT_PATH; what it doesn't say counts as coming from a fork
 */
export function circumstancesOf(eventName: string | undefined, event: unknown): Circumstances {
  const rule = RULES[eventName ?? ''];
  if (eventName === undefined || rule === undefined || !rule.refused(event)) return {};
  const number = at(event, 'pull_request', 'number') ?? at(event, 'issue', 'number');
  const numbered = typeof number === 'number' ? `${eventName} #${number}` : eventName;
  return rule.fork(event) ? { pullRequest: numbered, fork: true } : { pullRequest: numbered };
}

/**
 * Whether anyone at all can read this job's log and page. An internal repository's are read within the enterprise alone;
 * what the payload doesn't say counts as public.
 */
export function readByAnyone(event: unknown): boolean {
  const visibility = asText(at(event, 'repository', 'visibility'));
  if (visibility !== undefined) return visibility !== 'private' && visibility !== 'internal';
  return at(event, 'repository', 'private') !== true;
}

/** Whether the head is in another repository than the one the workflow runs in. A deleted fork is null. */
function outside(event: unknown, head: unknown): boolean {
  const name = asText(at(head, 'full_name'));
  return name === undefined || name !== asText(at(event, 'repository', 'full_name'));
}
