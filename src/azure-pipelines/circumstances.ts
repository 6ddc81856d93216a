/** Why the pipeline runs, by the agent's variables → what the core must know about it. */
import type { Circumstances } from '../core/request.js';
import type { Agent } from './agent.js';

/**
 * Pull requests and nothing else, as https://learn.microsoft.com/azure/devops/pipelines/build/variables has them. A release
 * tells its reason of its own (https://learn.microsoft.com/rest/api/azure/devops/release/releases, ReleaseReason). A run
 * that doesn't say that it isn't of a fork counts as one.
 */
export function circumstancesOf({
  variable,
}: Pick<Agent, 'variable'>): Pick<Circumstances, 'pullRequest' | 'fork'> {
  const reasons = [variable('Build.Reason'), variable('Release.Reason')];
  if (!reasons.some((reason) => reason?.toLowerCase() === 'pullrequest')) return {};
  // Azure Repos know the id, GitHub's pull requests have a number too.
  const number =
    variable('System.PullRequest.PullRequestNumber') ?? variable('System.PullRequest.PullRequestId');
  return {
    pullRequest: number === undefined ? 'PullRequest' : `PullRequest #${number}`,
    ...(variable('System.PullRequest.IsFork')?.toLowerCase() === 'false' ? {} : { fork: true }),
  };
}
