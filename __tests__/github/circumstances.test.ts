import { describe, expect, it } from '@jest/globals';
import { circumstancesOf, readByAnyone } from '../../src/github/circumstances.js';

const repository = { full_name: 'contoso/shop' };
const pull = (head: unknown): unknown => ({ repository, pull_request: { number: 7, head: { repo: head } } });
const comment = (association: string): unknown => ({
  repository,
  issue: { number: 7, pull_request: {} },
  comment: { author_association: association },
});
const after = (head: unknown): unknown => ({ repository, workflow_run: { head_repository: head } });

describe('circumstancesOf', () => {
  it.each(['push', 'workflow_dispatch', 'schedule', 'merge_group', undefined])('lets %s be', (name) => {
    expect(circumstancesOf(name, { repository })).toEqual({});
  });

  it.each(['pull_request', 'pull_request_target', 'pull_request_review', 'pull_request_review_comment'])(
    'knows %s, of the repository and of a fork',
    (name) => {
      expect(circumstancesOf(name, pull(repository))).toEqual({ pullRequest: `${name} #7` });
      expect(circumstancesOf(name, pull({ full_name: 'stranger/shop' }))).toEqual({
        pullRequest: `${name} #7`,
        fork: true,
      });
    },
  );

  it('takes what it can not tell for a fork', () => {
    expect(circumstancesOf('pull_request', pull(null))).toMatchObject({ fork: true });
    expect(circumstancesOf('pull_request', undefined)).toEqual({ pullRequest: 'pull_request', fork: true });
    expect(circumstancesOf('pull_request', { pull_request: { head: { repo: {} } } })).toMatchObject({
      fork: true,
    });
    expect(circumstancesOf('workflow_run', after(null))).toMatchObject({ fork: true });
  });

  it('looks at who commented', () => {
    expect(circumstancesOf('issue_comment', comment('MEMBER'))).toEqual({ pullRequest: 'issue_comment #7' });
    for (const association of ['CONTRIBUTOR', 'FIRST_TIME_CONTRIBUTOR', 'NONE', '']) {
      expect(circumstancesOf('issue_comment', comment(association))).toMatchObject({ fork: true });
    }
  });

  it("refuses workflow_run only after a fork's run", () => {
    expect(circumstancesOf('workflow_run', after(repository))).toEqual({});
    expect(circumstancesOf('workflow_run', after({ full_name: 'stranger/shop' }))).toEqual({
      pullRequest: 'workflow_run',
      fork: true,
    });
  });
});

describe('readByAnyone', () => {
  it.each([
    [{ visibility: 'public', private: false }, true],
    [{ visibility: 'private', private: true }, false],
    [{ visibility: 'internal', private: true }, false],
    [{ visibility: 'something new', private: true }, true],
    [{ private: true }, false],
    [{ private: false }, true],
    [{}, true],
  ])('%j: %s', (of, wanted) => {
    expect(readByAnyone({ repository: of })).toBe(wanted);
  });
  it('takes an event that can not be read for a public one', () => {
    expect(readByAnyone(undefined)).toBe(true);
  });
});
