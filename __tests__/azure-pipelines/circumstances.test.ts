import { describe, expect, it } from '@jest/globals';
import { circumstancesOf } from '../../src/azure-pipelines/circumstances.js';
import { fakeAgent } from './support.js';

const of = (variables: Record<string, string>): object => circumstancesOf(fakeAgent({ variables }));

describe('circumstancesOf', () => {
  it.each(['IndividualCI', 'BatchedCI', 'Manual', 'Schedule', 'ResourceTrigger', 'BuildCompletion'])(
    'lets %s be',
    (reason) => {
      expect(of({ 'Build.Reason': reason })).toEqual({});
    },
  );

  it('lets a run be that gives no reason', () => {
    expect(of({})).toEqual({});
  });

  it("knows pull requests of the repository and of a fork, builds' and releases'", () => {
    const reason = { 'Build.Reason': 'PullRequest', 'System.PullRequest.PullRequestId': '17' };
    expect(of({ ...reason, 'System.PullRequest.IsFork': 'False' })).toEqual({
      pullRequest: 'PullRequest #17',
    });
    expect(of({ ...reason, 'System.PullRequest.IsFork': 'True' })).toEqual({
      pullRequest: 'PullRequest #17',
      fork: true,
    });
    expect(
      of({
        'Release.Reason': 'PullRequest',
        'System.PullRequest.PullRequestId': '811',
        'System.PullRequest.PullRequestNumber': '4',
        'System.PullRequest.IsFork': 'False',
      }),
    ).toEqual({ pullRequest: 'PullRequest #4' });
  });

  it("takes a run that doesn't say for a fork's", () => {
    expect(of({ 'Build.Reason': 'pullrequest' })).toEqual({ pullRequest: 'PullRequest', fork: true });
  });
});
