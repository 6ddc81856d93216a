/** What the pulls come to: the verdict, and what is said of it. */
import { describe, expect, it } from '@jest/globals';
import type { Allowed, Connection, Pull, Verify } from '../../../src/core/report.js';
import { conclude } from '../../../src/core/stages/conclude.js';
import { Telling } from '../../../src/core/telling.js';
import { inTurn, world } from '../support.js';

const PULL: Pull = {
  nodePool: 'system',
  os: 'linux',
  architecture: 'amd64',
  image: 'contoso.azurecr.io/app:1',
  proved: 'content',
  status: 'pass',
  attempts: 1,
  durationMs: 1,
};
const refused = (cause: string): Pull => ({ ...PULL, status: 'fail', proved: 'none', cause });
const untried = (status: 'unknown' | 'skip'): Pull => ({
  ...PULL,
  nodePool: 'other',
  proved: 'none',
  status,
  message: 'why',
});

function concluded(
  allowed: Allowed,
  pulls: Pull[],
  {
    young = false,
    verify = 'pull',
    anonymousPull = false,
    checks = [],
  }: { young?: boolean; verify?: Verify; anonymousPull?: boolean; checks?: Connection['checks'] } = {},
) {
  const connection: Connection = {
    cluster: { id: '', name: 'shop' },
    registry: { id: '', name: 'contoso' },
    identity: { kind: 'unknown' },
    access: { allowed, grants: [] },
    checks: [...checks],
    pulls,
    findings: [],
    result: 'unknown',
    changed: false,
    wouldChange: 'unknown',
  };
  const { clock, log } = world(inTurn());
  const telling = new Telling(connection, log, clock);
  const registry = { loginServer: 'contoso.azurecr.io', anonymousPull };
  const result = conclude({ verify }, registry, young, telling);
  return { result, checks: connection.checks, findings: connection.findings.map(({ id }) => id) };
}

describe('conclude', () => {
  it('says once what no API shows of a pull that counts', () => {
    const { result, checks, findings } = concluded(true, [PULL, { ...PULL, nodePool: 'win' }]);
    expect(result).toBe('passed');
    expect(checks).toEqual([
      expect.objectContaining({
        id: 'pulled-by-the-identity',
        status: 'pass',
        evidence: expect.stringMatching(
          /credential files, mirrors, peer caches and artifact streaming/,
        ) as unknown,
      }),
    ]);
    expect(findings).toEqual([]);
  });

  it('fails a pull that no role explains', () => {
    const { result, checks } = concluded(false, [PULL]);
    expect(result).toBe('failed');
    expect(checks).toEqual([
      expect.objectContaining({ status: 'fail', cause: 'pulled-without-the-identity' }),
    ]);
  });

  it('never says of a registry open to anonymous pulls that the identity pulled', () => {
    const { result, checks } = concluded(true, [PULL], { anonymousPull: true });
    expect(result).toBe('passed');
    expect(checks).toEqual([
      expect.objectContaining({
        id: 'pulled-by-the-identity',
        status: 'warn',
        evidence: expect.stringContaining('open to anonymous pulls') as unknown,
      }),
    ]);
  });

  it('fails an image that was pulled where it can not run', () => {
    const runs = { id: 'image-runs', title: 'it runs', evidence: '', durationMs: 0 };
    expect(concluded(true, [PULL], { checks: [{ ...runs, status: 'fail' }] }).result).toBe('failed');
    expect(concluded(true, [PULL], { checks: [{ ...runs, status: 'pass' }] }).result).toBe('passed');
  });

  it('passes one whose role could not be read, with a finding', () => {
    expect(concluded('unknown', [PULL])).toMatchObject({
      result: 'passed',
      checks: [],
      findings: ['access-unknown'],
    });
  });

  it('never takes an unknown for a pass, however many pulls were proved', () => {
    const { result, checks } = concluded(true, [PULL, untried('unknown')]);
    expect(result).toBe('unknown');
    expect(checks.filter(({ status }) => status === 'pass')).toEqual([]);
  });

  it('leaves skipped pools out, and is unknown when there is nothing else', () => {
    expect(concluded(true, [PULL, untried('skip')]).result).toBe('passed');
    const { result, checks } = concluded(true, [untried('skip')]);
    expect(result).toBe('unknown');
    expect(checks).toEqual([expect.objectContaining({ id: 'pulls', status: 'unknown', cause: 'no-nodes' })]);
    expect(concluded(true, []).result).toBe('unknown');
  });

  it('says where only the manifest is proved', () => {
    expect(concluded(true, [{ ...PULL, proved: 'manifest' }]).findings).toEqual(['data-endpoint-unproved']);
  });

  it("puts down to a grant's youth only what waiting can cure", () => {
    const young = refused('grant-not-effective-yet');
    expect(concluded(true, [young], { young: true }).result).toBe('unknown');
    expect(concluded(true, [young, refused('tag-not-found')], { young: true }).result).toBe('failed');
    expect(concluded(true, [young], { young: false }).result).toBe('failed');
  });

  it('says nothing of pulls where none was asked for', () => {
    expect(concluded(true, [], { verify: 'access' })).toMatchObject({ result: 'passed', checks: [] });
  });
});
