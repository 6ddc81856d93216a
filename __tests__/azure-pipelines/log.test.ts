import { beforeEach, describe, expect, it } from '@jest/globals';
import { createLog, logIssues } from '../../src/azure-pipelines/log.js';
import type { Check, Connection, Report } from '../../src/core/report.js';
import { fakeAgent } from './support.js';
import type { FakeAgent } from './support.js';

const HOSTILE = '##vso[task.setvariable variable=x]y\n##[error]z\r\n##VSO[task.complete]';

const check = (status: Check['status'], title: string, evidence = 'seen'): Check => ({
  id: title,
  title,
  status,
  evidence,
  durationMs: 1,
});

let agent: FakeAgent;
beforeEach(() => {
  agent = fakeAgent();
});

describe('the log', () => {
  it('puts each chapter into a section of its own', () => {
    const log = createLog(agent);
    log.chapter('one ##[endgroup]');
    log.check(check('pass', 'it is so'));
    log.chapter('two');
    log.endChapter();
    log.endChapter();
    expect(agent.told).toEqual([
      expect.stringMatching(/^##\[group\]one #\\/),
      '✓ it is so: seen',
      '##[endgroup]',
      '##[group]two',
      '##[endgroup]',
    ]);
  });

  it('lets nothing that others said be a command or a format', () => {
    const log = createLog(agent);
    log.check(check('fail', HOSTILE, HOSTILE));
    log.finding({ id: 'f', title: HOSTILE, evidence: HOSTILE });
    log.waiting({ what: HOSTILE, elapsedMs: 1, limitMs: 2 });
    log.pull({
      nodePool: 'apps',
      os: 'linux',
      architecture: 'amd64',
      image: HOSTILE,
      proved: 'none',
      status: 'fail',
      message: HOSTILE,
      attempts: 1,
      durationMs: 1,
    });
    for (const line of agent.told) expect(line).not.toMatch(/##(?:vso)?\[/i);
    expect(agent.told.join('')).toContain('setvariable');
  });

  it('tells how far a wait has come, and never that it is over', () => {
    const log = createLog(agent);
    log.waiting({ what: 'the grant', elapsedMs: 30_000, limitMs: 120_000 });
    log.waiting({ what: 'the grant', elapsedMs: 130_000, limitMs: 120_000 });
    expect(agent.told.filter((line) => line.startsWith('task.setprogress'))).toEqual([
      expect.stringMatching(/^task\.setprogress \{"value":"25"\} … waiting for the grant/),
      expect.stringMatching(/^task\.setprogress \{"value":"99"\}/),
    ]);
  });

  it('masks line by line, each line once, and nothing that masking would tell', () => {
    const log = createLog(agent);
    log.secret('');
    log.secret('short');
    log.secret(
      '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n\n9w==\nMIIEvQIBADANBg\r\n-----END PRIVATE KEY-----\n',
    );
    log.secret('short');
    expect(agent.told).toEqual(['task.setsecret {} short', 'task.setsecret {} MIIEvQIBADANBg']);
  });

  it('helps whoever debugs, and nobody else', () => {
    createLog(agent).debug('a line');
    expect(agent.told).toEqual([]);
    const debugging = fakeAgent({ debugging: true });
    createLog(debugging).debug(`a line\n${HOSTILE}`);
    expect(debugging.told).toEqual([expect.stringMatching(/^task\.debug \{\} a line\\n#\\#vso\[/)]);
  });
});

describe('issues', () => {
  it('are errors for what failed or is unknown and warnings for warnings', () => {
    const connection = {
      checks: [check('pass', 'p'), check('fail', 'f', HOSTILE), check('unknown', 'u'), check('warn', 'w')],
      pulls: [] as Connection['pulls'],
      findings: [] as Connection['findings'],
    } as Partial<Connection> as Connection;
    const report: Report = {
      schemaVersion: 1,
      tool: { name: 'aks-acr-pull', version: '0' },
      mode: 'check',
      result: 'failed',
      startedAt: '',
      durationMs: 1,
      connections: [connection],
    };
    logIssues(agent, report);
    expect(agent.told).toEqual([
      expect.stringMatching(/^task\.logissue \{"type":"error"\} f\n/),
      expect.stringMatching(/^task\.logissue \{"type":"error"\} u\nseen/),
      expect.stringMatching(/^task\.logissue \{"type":"warning"\} .*w: seen/),
    ]);
    for (const line of agent.told) expect(line).not.toMatch(/##(?:vso)?\[/i);
  });

  it('stand on the lines of files that they belong to', () => {
    const connection = {
      cluster: { id: '', name: 'shop' },
      checks: [] as Check[],
      pulls: [] as Connection['pulls'],
      findings: [{ id: 'f', title: 'a secret', evidence: '', places: [{ file: 'k8s/a.yaml', line: 7 }] }],
      result: 'passed',
    } as Partial<Connection> as Connection;
    const unread = [{ file: 'k8s/##vso[task.x]b.yaml', why: `no YAML\n${HOSTILE}`, fix: 'mend it' }];
    logIssues(agent, {
      schemaVersion: 1,
      tool: { name: 'aks-acr-pull', version: '0' },
      mode: 'check',
      result: 'unknown',
      startedAt: '',
      durationMs: 1,
      deployed: { sources: 1, objects: 0, without: [], unread, otherImages: [] },
      connections: [connection],
    });
    expect(agent.told).toEqual([
      expect.stringMatching(
        /^task\.logissue \{"type":"error","sourcepath":"k8s\/#\\\\#vso\[task\.x\]b\.yaml"\} it could not be read\nno YAML/,
      ),
      expect.stringMatching(
        /^task\.logissue \{"type":"warning","sourcepath":"k8s\/a\.yaml","linenumber":"7"\} a secret/,
      ),
    ]);
    for (const line of agent.told) expect(line).not.toMatch(/##(?:vso)?\[/i);
  });
});
