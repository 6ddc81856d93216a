import { describe, expect, it } from '@jest/globals';
import { checkLine, closingLines, findingLine, pullLine, waitingLine } from '../../src/render/story.js';
import { isCommand } from './command-readers.js';
import {
  check,
  connection,
  DIGEST,
  GRANT_COMMAND,
  granted,
  HOSTILE,
  notYet,
  noRights,
  pull,
  refused,
  report,
} from './reports.js';

describe('a check', () => {
  it('that passed is one line: mark, assertion, evidence', () => {
    expect(checkLine(check())).toEqual([
      '✓ cluster shop runs: provisioning state Succeeded, power state Running',
    ]);
  });
  it('that failed says what was asserted, seen, why, how to fix it and where to read on, each once', () => {
    const failed = noRights.connections[0]?.checks[1] ?? check();
    const lines = checkLine(failed);
    expect(lines[0]).toBe('✗ this login may give AcrPull to the kubelet identity at contoso');
    expect(lines.filter((line) => line.includes('roleAssignments/write'))).toEqual([
      expect.stringMatching(/^ {4}seen {3}Azure said: "AuthorizationFailed/),
    ]);
    expect(lines.filter((line) => line.includes('(cause arm-authorization-missing)'))).toEqual([
      expect.stringMatching(/^ {4}why {4}\S.*no role assignment with this action/),
    ]);
    expect(lines).toContain('    fix    Have someone who may make the grant, then run this again.');
    expect(lines.map((line) => line.trim())).toContain(GRANT_COMMAND);
    expect(lines.at(-1)).toMatch(/^ {4}docs {3}https:.*arm-authorization-missing\.md$/);
  });
  it.each([
    ['warn', '!'],
    ['skip', '-'],
    ['unknown', '?'],
  ] as const)('that is %s has the mark %s', (status, mark) => {
    const [first = ''] = checkLine(check({ status }));
    expect(first.startsWith(`${mark} cluster shop runs`)).toBe(true);
  });
  it('that warns or was skipped tells its fix as well', () => {
    const fix = { summary: 'Give this login Reader.', commands: ['az role assignment create --role Reader'] };
    for (const status of ['warn', 'skip'] as const) {
      const lines = checkLine(check({ status, fix, cause: 'access-unknown' }));
      expect(lines.join('\n')).toMatch(
        /why .*\(cause access-unknown\)[^]*Give this login Reader\.\n +az role/,
      );
    }
  });
  it('with several lines of evidence shows them below, without empty ones', () => {
    expect(checkLine(check({ evidence: 'first\n\n  second\n' }))).toEqual([
      '✓ cluster shop runs',
      '    first',
      '      second',
    ]);
  });
  it('without evidence has no dangling colon', () => {
    expect(checkLine(check({ evidence: '' }))).toEqual(['✓ cluster shop runs']);
  });
});

describe('a pull', () => {
  it('that proved the content says so in one line', () => {
    expect(pullLine(pull())).toEqual([
      '✓ node pool system (linux/amd64) pulled contoso.azurecr.io/team/app:1 (sha256:0123456789ab): its layers came over the wire (4 s)',
    ]);
  });
  it('that proved only the manifest passes with a warning', () => {
    const [line = ''] = pullLine(pull({ proved: 'manifest', attempts: 3 }));
    expect(line.startsWith('! node pool system')).toBe(true);
    expect(line).toContain('the layers may have been on the node already');
    expect(line).toContain('3 attempts');
  });
  it("that was refused shows the node's words, the cause and the fix", () => {
    const text = pullLine(refused.connections[0]?.pulls[1] ?? pull()).join('\n');
    expect(text).toMatch(
      /^✗ node pool arm \(linux\/arm64\) could not pull contoso\.azurecr\.io\/team\/app:1 on node/,
    );
    expect(text).toContain('seen   failed to pull image: 403 Forbidden');
    expect(text).toContain('(cause firewall-403)');
    expect(text).toContain('az acr network-rule list -n contoso');
  });
  it('that is unknown claims neither', () => {
    const [line = ''] = pullLine(pull({ status: 'unknown', proved: 'none' }));
    expect(line).toMatch(/^\? .* may or may not be able to pull/);
  });
  it('that was skipped says why', () => {
    expect(pullLine(pull({ status: 'skip', proved: 'none', message: 'the pool has no nodes' }))).toEqual([
      '- node pool system (linux/amd64) was not asked to pull contoso.azurecr.io/team/app:1: the pool has no nodes',
    ]);
  });
});

describe('waiting', () => {
  it('says for what, how long already and how much longer', () => {
    expect(waitingLine({ what: 'the grant to work', elapsedMs: 35_000, limitMs: 600_000 })).toBe(
      '… waiting for the grant to work: 35 s so far, 9 min 25 s left',
    );
  });
  it('never has less than nothing left', () => {
    expect(waitingLine({ what: 'x', elapsedMs: 700_000, limitMs: 600_000 })).toContain('0.0 s left');
  });
});

describe('a finding', () => {
  it('is told as what it is, with its fix', () => {
    expect(
      findingLine({
        id: 'anonymous-pull',
        title: 'contoso is open to anonymous pulls',
        evidence: 'anonymousPullEnabled is true',
        fix: { summary: 'Close it.', commands: ['az acr update -n contoso --anonymous-pull-enabled false'] },
      }),
    ).toEqual([
      '! worth changing: contoso is open to anonymous pulls: anonymousPullEnabled is true',
      '    fix    Close it.',
      '           az acr update -n contoso --anonymous-pull-enabled false',
    ]);
  });
});

describe('the closing lines', () => {
  it('of a pass name the pools that proved it, and the grant when one was made', () => {
    expect(closingLines(granted)).toEqual([
      '✓ PASSED: shop can pull from contoso.azurecr.io: proved on 2 node pools (system and arm). The missing grant (AcrPull) was made.',
      '  connect took 21 s',
    ]);
  });
  it('of a failure name the assertion that broke and its cause', () => {
    const [line = ''] = closingLines(noRights);
    expect(line).toMatch(/^✗ FAILED: shop is not ready to pull/);
    expect(line).toMatch(/Failed: “this login may give AcrPull .*” \(arm-authorization-missing\)\.$/);
  });
  it('of an unknown never sound like a pass or a failure', () => {
    const [line = ''] = closingLines(notYet);
    expect(line).toMatch(/^\? UNKNOWN: /);
    expect(line).not.toMatch(/PASSED|FAILED|proved/);
  });
  it('without a pull claim no pull', () => {
    const [line = ''] = closingLines(report({ connections: [connection({ pulls: [] })] }));
    expect(line).toContain('no pull was tried');
    expect(line).not.toContain('can pull');
  });
  it('of several connections tell each, then the total', () => {
    const several = report({
      result: 'failed',
      connections: [connection(), ...noRights.connections],
    });
    const lines = closingLines(several);
    expect(lines).toHaveLength(3);
    expect(lines[2]).toBe('✗ FAILED: 1 of 2 connections passed; check took 21 s');
  });
  it('count findings once, however many connections share them', () => {
    const finding = { id: 'x', title: 'x', evidence: 'x' };
    const both = report({
      connections: [connection({ findings: [finding] }), connection({ findings: [finding] })],
    });
    expect(closingLines(both).at(-1)).toContain('1 finding worth a look');
  });
});

describe('what others said', () => {
  const fix = { summary: HOSTILE, commands: [HOSTILE] };
  const everywhere = [
    ...checkLine(
      check({ title: HOSTILE, evidence: HOSTILE, cause: HOSTILE, fix, docs: HOSTILE, status: 'fail' }),
    ),
    ...checkLine(check({ title: HOSTILE, evidence: HOSTILE })),
    ...pullLine(pull({ nodePool: HOSTILE, image: HOSTILE, digest: HOSTILE })),
    ...pullLine(
      pull({ node: HOSTILE, message: HOSTILE, status: 'fail', proved: 'none', cause: HOSTILE, fix }),
    ),
    ...pullLine(pull({ message: HOSTILE, status: 'skip', proved: 'none' })),
    ...findingLine({ id: 'x', title: HOSTILE, evidence: HOSTILE, fix }),
    waitingLine({ what: HOSTILE, elapsedMs: 1, limitMs: 2 }),
    ...closingLines(
      report({
        connections: [
          connection({
            cluster: { id: '', name: HOSTILE },
            registry: { id: '', name: HOSTILE, loginServer: HOSTILE },
            role: HOSTILE,
            access: { allowed: true, grants: [], created: 'x' },
            pulls: [pull({ nodePool: HOSTILE })],
          }),
        ],
      }),
    ),
  ];
  it('is text in every line: one line each, no command, no control character', () => {
    expect(everywhere.length).toBeGreaterThan(10);
    for (const line of everywhere) {
      expect(isCommand(line)).toBe(false);
      expect(line).not.toMatch(/[\p{Cc}\u2028\u202e]/u);
    }
    expect(everywhere.join('\n')).toContain('alert(1)');
  });
  it('and a digest is cut only when it is one', () => {
    expect(pullLine(pull({ digest: DIGEST })).join('')).not.toContain(DIGEST);
  });
});
