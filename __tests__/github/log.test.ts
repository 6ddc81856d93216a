import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Check, Connection, Pull, Report } from '../../src/core/report.js';
import { annotate, createLog } from '../../src/github/log.js';

let written: string[];
const write = process.stdout.write.bind(process.stdout);
beforeEach(() => {
  written = [];
  process.stdout.write = (text: string | Uint8Array) => written.push(String(text)) > 0;
});
afterEach(() => {
  process.stdout.write = write;
});
const lines = (): string[] =>
  written
    .join('')
    .split('\n')
    .filter((line) => line !== '');

const check = (status: Check['status'], title: string, evidence = 'seen'): Check => ({
  id: title,
  title,
  status,
  evidence,
  durationMs: 1,
});
const pull = (nodePool: string): Pull => ({
  nodePool,
  os: 'linux',
  architecture: 'amd64',
  image: 'contoso.azurecr.io/a:1',
  proved: 'none',
  status: 'fail',
  message: 'denied',
  cause: 'unauthorized-no-role',
  attempts: 1,
  durationMs: 1,
});
function report(checks: Check[], pulls: Pull[]): Report {
  const connection = {
    checks,
    pulls,
    findings: [] as Connection['findings'],
  } as Partial<Connection> as Connection;
  return {
    schemaVersion: 1,
    tool: { name: 'aks-acr-pull', version: '0' },
    mode: 'check',
    result: 'failed',
    startedAt: '',
    durationMs: 1,
    connections: [connection],
  };
}

describe('the log', () => {
  it('puts each chapter into a group of its own', () => {
    const log = createLog();
    log.chapter('one\n::set-output name=x::y');
    log.check(check('pass', 'it is so'));
    log.chapter('two');
    log.endChapter();
    log.endChapter();
    expect(lines().filter((line) => line.startsWith('::'))).toEqual([
      expect.stringMatching(/^::group::one/),
      '::endgroup::',
      '::group::two',
      '::endgroup::',
    ]);
    expect(lines()).toContain('✓ it is so: seen');
  });

  it('lets nothing that others said be a command', () => {
    const log = createLog();
    const hostile = '::error::x\n##[error]y\r\n::stop-commands::z';
    log.check(check('fail', hostile, hostile));
    log.pull({ ...pull('apps'), message: hostile });
    log.finding({ id: 'f', title: hostile, evidence: hostile });
    log.waiting({ what: hostile, elapsedMs: 1, limitMs: 2 });
    for (const line of lines()) {
      expect(line.trimStart()).not.toMatch(/^::/);
      expect(line).not.toContain('##[');
    }
    written = [];
    log.debug(hostile);
    expect(lines()).toHaveLength(1);
    expect(lines()[0]).toMatch(/^::debug::/);
  });

  it('masks, and never an empty text', () => {
    const log = createLog();
    log.secret('');
    log.secret('line one\nline two');
    expect(lines()).toEqual(['::add-mask::line one%0Aline two']);
  });
});

describe('annotations', () => {
  it('are errors for what failed or is unknown and warnings for warnings, with what was seen', () => {
    annotate(
      report(
        [
          check('pass', 'p'),
          check('fail', 'f'),
          check('unknown', 'u'),
          check('warn', 'w'),
          check('skip', 's'),
        ],
        [],
      ),
    );
    expect(lines()).toEqual([
      expect.stringMatching(/^::error title=f::seen/),
      expect.stringMatching(/^::error title=u::seen/),
      expect.stringMatching(/^::warning title=w/),
    ]);
  });

  it('tell pulls that fail alike once, and never more than ten', () => {
    annotate(report([], ['a', 'b', 'c'].map(pull)));
    expect(lines()).toHaveLength(1);
    expect(lines()[0]).toContain(
      'title=the kubelet identity has no role that lets it pull (node pools a%2C b and c)::',
    );
    written = [];
    annotate(
      report(
        Array.from({ length: 15 }, (_, i) => check('fail', `check ${i}`)),
        [],
      ),
    );
    expect(lines()).toHaveLength(10);
    expect(lines()[0]).toContain('check 0');
  });
});
