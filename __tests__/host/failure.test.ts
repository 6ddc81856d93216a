import { describe, expect, it } from '@jest/globals';
import { SignInError } from '../../src/core/ports.js';
import { InputErrors, Refused } from '../../src/core/request.js';
import { Cancelled, describeFailure, LeftBehind, OutOfTime, tellFailure } from '../../src/host/failure.js';

describe('describeFailure', () => {
  it('tells what was never begun from what could not be carried through', () => {
    const inputs = new InputErrors([
      { input: 'mode', value: 'x', wanted: 'one of connect, check' },
      { input: 'cluster', wanted: 'a name' },
    ]);
    expect(describeFailure(inputs)).toEqual({
      kind: 'unusable',
      problems: ['input mode is "x": one of connect, check', 'input cluster is missing: a name'],
    });
    expect(describeFailure(new Refused('no')).kind).toBe('unusable');
    expect(describeFailure(new Cancelled('SIGINT'))).toEqual({
      kind: 'cancelled',
      problems: ['the run was cancelled (SIGINT)'],
    });
    expect(describeFailure(new OutOfTime(90_000)).problems[0]).toContain('90 s');
    expect(describeFailure(new SignInError('tried', 'do this', 'not-signed-in'))).toEqual({
      kind: 'ended',
      problems: ['tried'],
      fix: 'do this',
      cause: 'not-signed-in',
    });
    expect(describeFailure('odd')).toEqual({ kind: 'ended', problems: ['odd'] });
  });

  it('adds to whatever ended a run how what it left is removed', () => {
    const lines = ['in cluster shop: no answer', 'kubectl delete job -n default a'];
    const cancelled = describeFailure(new LeftBehind(new Cancelled('SIGINT'), lines));
    expect(cancelled).toMatchObject({ kind: 'cancelled', problems: ['the run was cancelled (SIGINT)'] });
    expect(cancelled.fix?.split('\n').slice(1)).toEqual(lines);
    expect(tellFailure(cancelled)).toMatchObject({
      headline: 'cancelled: the run was cancelled (SIGINT)',
      errors: [expect.stringContaining('\nkubectl delete job -n default a')],
    });
    const signIn = new SignInError('tried', 'do this', 'not-signed-in');
    const { fix = '', cause } = describeFailure(new LeftBehind(signIn, lines));
    expect([cause, fix.split('\n')[0], fix.endsWith(lines.join('\n'))]).toEqual([
      'not-signed-in',
      'do this',
      true,
    ]);
  });
});
