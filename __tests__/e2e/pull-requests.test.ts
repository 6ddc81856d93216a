/**
 * What pull requests may do, through the shipped bundles, one test for each event: connect, disconnect and audit are refused
 * before anything is asked, and for a fork's no probe runs.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openScene, scenario } from './scene.js';
import type { Scene } from './scene.js';
import { openTaskScene } from './task-scene.js';
import type { TaskScene } from './task-scene.js';

const WRITING = ['connect', 'disconnect', 'audit'] as const;
const own = { full_name: 'contoso/shop' };
const stranger = { full_name: 'stranger/shop' };

const pull = (repo: object): object => ({ repository: own, pull_request: { number: 12, head: { repo } } });
const comment = (author_association: string): object => ({
  repository: own,
  issue: { number: 12, pull_request: {} },
  comment: { author_association },
});
const after = (head_repository: object): object => ({ repository: own, workflow_run: { head_repository } });

/** By their names in GitHub's documentation; what each payload holds of the fork it comes from. */
const EVENTS: readonly [name: string, fork: boolean, payload: object][] = [
  ['pull_request', false, pull(own)],
  ['pull_request', true, pull(stranger)],
  ['pull_request_target', false, pull(own)],
  ['pull_request_target', true, pull(stranger)],
  ['pull_request_review', false, pull(own)],
  ['pull_request_review', true, pull(stranger)],
  ['pull_request_review_comment', false, pull(own)],
  ['pull_request_review_comment', true, pull(stranger)],
  ['issue_comment', false, comment('MEMBER')],
  ['issue_comment', true, comment('NONE')],
  ['workflow_run', true, after(stranger)],
];

/** The inputs that a mode takes. */
const inputsOf = (mode: string): Record<string, string> =>
  mode === 'connect' || mode === 'check' ? { mode } : { mode, image: '' };

describe('the action', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await openScene(scenario());
  });
  afterAll(() => scene.end());

  it.each(EVENTS)('%s (of a fork: %s) changes nothing and asks nothing', async (name, fork, payload) => {
    for (const mode of [...WRITING, ...(fork ? ['check'] : [])]) {
      const run = await scene.run(inputsOf(mode), { event: { name, payload } });
      expect([mode, run.exitCode, run.outputs.result, run.requests]).toEqual([mode, 1, 'unknown', []]);
      expect(run.shown).toContain(mode === 'check' ? 'no probe runs' : `mode ${mode}`);
    }
  });

  it.each(EVENTS.filter(([, fork]) => fork))(
    '%s of a fork: no input makes a probe run, and what needs none works',
    async (name, _fork, payload) => {
      const event = { name, payload };
      for (const mode of ['connect', 'check']) {
        const run = await scene.run({ mode, 'allow-pull-request': 'true' }, { event });
        expect([mode, run.exitCode, run.requests]).toEqual([mode, 1, []]);
        expect(run.shown).toContain('no probe runs');
      }
      const reading = { mode: 'check', verify: 'access', image: '' };
      const { outputs, requests } = await scene.run(reading, { event });
      // The scenario has no grant: that it is missing is what an access check can tell.
      expect([outputs.result, outputs.cause]).toEqual(['failed', 'unauthorized-no-role']);
      expect(requests.filter(({ path }) => path.includes('/jobs'))).toEqual([]);
    },
  );

  it('push is none of these', async () => {
    const run = await scene.run({ mode: 'check' }, { event: { name: 'push', payload: { repository: own } } });
    expect(run.requests).not.toEqual([]);
  });
});

describe('the task', () => {
  let scene: TaskScene;
  beforeAll(async () => {
    scene = await openTaskScene(
      scenario({ identities: [{ name: 'deployer', federated: 'azure-pipelines' }] }),
    );
  });
  afterAll(() => scene.end());

  it.each([
    ['of the repository', 'False'],
    ['of a fork', 'True'],
    ['that does not say', undefined],
  ])('Build.Reason=PullRequest %s changes nothing and asks nothing', async (_what, fork) => {
    const variables = {
      'Build.Reason': 'PullRequest',
      'System.PullRequest.PullRequestId': '12',
      ...(fork === undefined ? {} : { 'System.PullRequest.IsFork': fork }),
    };
    for (const mode of [...WRITING, ...(fork === 'False' ? [] : ['check'])]) {
      const run = await scene.run(inputsOf(mode), { variables });
      expect([mode, run.result, run.outputs.result, run.requests]).toEqual([mode, 'Failed', 'unknown', []]);
      expect(run.shown).toContain(mode === 'check' ? 'no probe runs' : `mode ${mode}`);
    }
  });
});
