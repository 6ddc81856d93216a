import { describe, expect, it } from '@jest/globals';
import { pullsOutcome, verdict, worst } from '../../src/core/report.js';
import type { Allowed, PullsOutcome, PullStatus, Result, Verify } from '../../src/core/report.js';

type Cell = [
  access: Allowed,
  pulls: PullsOutcome,
  verify: Verify,
  young: boolean,
  result: Result,
  said?: string,
];

/** Typed from the contract ("Verdict"), cell by cell; nothing here is computed. */
const CELLS: Cell[] = [
  // verify: pull
  [true, 'proved', 'pull', false, 'passed'],
  [true, 'proved', 'pull', true, 'passed'],
  [true, 'refused', 'pull', false, 'failed'],
  [true, 'refused', 'pull', true, 'unknown', 'grant-not-effective-yet'],
  [true, 'not-tried-or-unknown', 'pull', false, 'unknown'],
  [true, 'not-tried-or-unknown', 'pull', true, 'unknown'],
  [false, 'proved', 'pull', false, 'failed', 'pulled-without-the-identity'],
  [false, 'proved', 'pull', true, 'failed', 'pulled-without-the-identity'],
  [false, 'refused', 'pull', false, 'failed'],
  [false, 'refused', 'pull', true, 'failed'],
  [false, 'not-tried-or-unknown', 'pull', false, 'failed'],
  [false, 'not-tried-or-unknown', 'pull', true, 'failed'],
  ['unknown', 'proved', 'pull', false, 'passed', 'access-unknown'],
  ['unknown', 'proved', 'pull', true, 'passed', 'access-unknown'],
  ['unknown', 'refused', 'pull', false, 'failed'],
  ['unknown', 'refused', 'pull', true, 'failed'],
  ['unknown', 'not-tried-or-unknown', 'pull', false, 'unknown'],
  ['unknown', 'not-tried-or-unknown', 'pull', true, 'unknown'],
  // verify: access
  [true, 'proved', 'access', false, 'passed'],
  [true, 'proved', 'access', true, 'passed'],
  [true, 'refused', 'access', false, 'failed'],
  [true, 'refused', 'access', true, 'unknown', 'grant-not-effective-yet'],
  [true, 'not-tried-or-unknown', 'access', false, 'passed'],
  [true, 'not-tried-or-unknown', 'access', true, 'passed'],
  [false, 'proved', 'access', false, 'failed', 'pulled-without-the-identity'],
  [false, 'proved', 'access', true, 'failed', 'pulled-without-the-identity'],
  [false, 'refused', 'access', false, 'failed'],
  [false, 'refused', 'access', true, 'failed'],
  [false, 'not-tried-or-unknown', 'access', false, 'failed'],
  [false, 'not-tried-or-unknown', 'access', true, 'failed'],
  ['unknown', 'proved', 'access', false, 'passed', 'access-unknown'],
  ['unknown', 'proved', 'access', true, 'passed', 'access-unknown'],
  ['unknown', 'refused', 'access', false, 'failed'],
  ['unknown', 'refused', 'access', true, 'failed'],
  ['unknown', 'not-tried-or-unknown', 'access', false, 'unknown'],
  ['unknown', 'not-tried-or-unknown', 'access', true, 'unknown'],
  // verify: none asks for nothing
  [true, 'proved', 'none', false, 'passed'],
  [true, 'proved', 'none', true, 'passed'],
  [true, 'refused', 'none', false, 'passed'],
  [true, 'refused', 'none', true, 'passed'],
  [true, 'not-tried-or-unknown', 'none', false, 'passed'],
  [true, 'not-tried-or-unknown', 'none', true, 'passed'],
  [false, 'proved', 'none', false, 'passed'],
  [false, 'proved', 'none', true, 'passed'],
  [false, 'refused', 'none', false, 'passed'],
  [false, 'refused', 'none', true, 'passed'],
  [false, 'not-tried-or-unknown', 'none', false, 'passed'],
  [false, 'not-tried-or-unknown', 'none', true, 'passed'],
  ['unknown', 'proved', 'none', false, 'passed'],
  ['unknown', 'proved', 'none', true, 'passed'],
  ['unknown', 'refused', 'none', false, 'passed'],
  ['unknown', 'refused', 'none', true, 'passed'],
  ['unknown', 'not-tried-or-unknown', 'none', false, 'passed'],
  ['unknown', 'not-tried-or-unknown', 'none', true, 'passed'],
];

describe('verdict', () => {
  it('has every cell in the table, once', () => {
    expect(new Set(CELLS.map((cell) => cell.slice(0, 4).join())).size).toBe(3 * 3 * 3 * 2);
    expect(CELLS).toHaveLength(54);
  });

  it.each(CELLS.map((cell) => ({ cell })))(
    '$cell',
    ({ cell: [access, pulls, verify, young, result, said] }) => {
      const { cause, finding, ...rest } = verdict(access, pulls, verify, young);
      expect(rest).toEqual({ result });
      expect(cause ?? finding).toBe(said);
    },
  );
});

describe('pullsOutcome', () => {
  const CASES: [PullStatus[], PullsOutcome][] = [
    [[], 'not-tried-or-unknown'],
    [['skip'], 'not-tried-or-unknown'],
    [['skip', 'skip'], 'not-tried-or-unknown'],
    [['pass'], 'proved'],
    [['pass', 'skip'], 'proved'],
    [['unknown'], 'not-tried-or-unknown'],
    [['pass', 'unknown'], 'not-tried-or-unknown'],
    [['pass', 'fail'], 'refused'],
    [['unknown', 'fail'], 'refused'],
    [['fail', 'skip'], 'refused'],
  ];
  it.each(CASES)('%j → %s', (statuses, outcome) => {
    expect(pullsOutcome(statuses.map((status) => ({ status })))).toBe(outcome);
    expect(pullsOutcome([...statuses].reverse().map((status) => ({ status })))).toBe(outcome);
  });
});

describe('worst', () => {
  const CASES: [Result[], Result][] = [
    [[], 'unknown'],
    [['passed'], 'passed'],
    [['passed', 'passed'], 'passed'],
    [['passed', 'unknown'], 'unknown'],
    [['unknown', 'failed'], 'failed'],
    [['passed', 'failed'], 'failed'],
  ];
  it.each(CASES)('%j → %s', (results, result) => {
    expect(worst(results)).toBe(result);
    expect(worst([...results].reverse())).toBe(result);
  });
});
