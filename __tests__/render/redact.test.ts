import { describe, expect, it } from '@jest/globals';
import type { Log } from '../../src/core/ports.js';
import { redactedLog, redactionOf, redactor } from '../../src/render/redact.js';
import { closingLines } from '../../src/render/story.js';
import { summaryMarkdown } from '../../src/render/summary.js';
import { granted, GRANT_COMMAND, noRights, pasted, REGISTRY_ID } from './reports.js';

const ID = '0f1e2d3c-0000-4000-8000-00000000abcd';
const WHOLE = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;
const redact = redactor('ids');

describe('redactionOf', () => {
  it.each([
    ['ids', false, 'ids'],
    ['none', true, 'none'],
    [undefined, true, 'ids'],
    [undefined, false, 'none'],
  ])('%s, read by anyone: %s → %s', (given, readByAnyone, wanted) => {
    expect(redactionOf(given, readByAnyone)).toBe(wanted);
  });
});

describe('ids', () => {
  it('are shortened wherever they stand in a text, in any casing', () => {
    expect(redact(`object id ${ID} at ${REGISTRY_ID}/x`)).toBe(
      'object id 0f1e2d3c… at /subscriptions/00000000…/resourceGroups/rg-shop/providers/Microsoft.ContainerRegistry/registries/contoso/x',
    );
    expect(redact(ID.toUpperCase())).toBe('0F1E2D3C…');
  });

  it('are nothing else: digests, names and numbers stay', () => {
    for (const text of [`sha256:${'0123456789abcdef'.repeat(4)}`, 'aks-acr-pull-0a1b2c3d', `x${ID}`])
      expect(redact(text)).toBe(text);
  });

  it('in what is to be pasted stay whole', () => {
    const fix = {
      summary: `Have ${ID} given a role:\naz role assignment create --assignee-object-id ${ID}\nfor ${ID}`,
      commands: [`anything --of ${ID}`],
      literalCommands: [`az show ${ID}`],
    };
    expect(redact(fix)).toEqual({
      ...fix,
      summary: `Have 0f1e2d3c… given a role:\naz role assignment create --assignee-object-id ${ID}\nfor 0f1e2d3c…`,
    });
  });

  it("in a command at the end of a failure's advice stay whole too, and nowhere else", () => {
    const fix = `Give ${ID} a credential: az ad app federated-credential create --id ${ID}`;
    expect(redact({ problems: [`az login: ${ID}`], fix })).toEqual({
      problems: ['az login: 0f1e2d3c…'],
      fix: `Give 0f1e2d3c… a credential: az ad app federated-credential create --id ${ID}`,
    });
  });

  it('leave no trace on the page or in the closing lines, and the report itself is untouched', () => {
    for (const report of [granted, noRights]) {
      const before = JSON.stringify(report);
      const page = summaryMarkdown(redact(report));
      expect(pasted(page).replaceAll(GRANT_COMMAND, '')).not.toMatch(WHOLE);
      expect(closingLines(redact(report)).join('\n')).not.toMatch(WHOLE);
      expect(JSON.stringify(report)).toBe(before);
    }
    expect(pasted(summaryMarkdown(redact(noRights)))).toContain(GRANT_COMMAND);
  });

  it('are left alone by none', () => {
    expect(redactor('none')(noRights)).toBe(noRights);
  });
});

it('a log is told everything redacted, and every secret as it is', () => {
  const told: unknown[] = [];
  const keep = (what: unknown): void => void told.push(what);
  const log: Log = {
    chapter: keep,
    check: keep,
    pull: keep,
    finding: keep,
    waiting: keep,
    debug: keep,
    secret: (value) => told.push({ secret: value }),
  };
  const redacted = redactedLog(log, redact);
  redacted.chapter(ID);
  redacted.check({ id: 'x', title: ID, status: 'pass', evidence: ID, durationMs: 1 });
  redacted.pull({
    nodePool: ID,
    os: 'linux',
    architecture: 'amd64',
    image: ID,
    proved: 'none',
    status: 'skip',
    attempts: 0,
    durationMs: 0,
  });
  redacted.finding({ id: 'x', title: ID, evidence: ID });
  redacted.waiting({ what: ID, elapsedMs: 1, limitMs: 2 });
  redacted.debug(ID);
  expect(told).toHaveLength(6);
  expect(JSON.stringify(told)).not.toMatch(WHOLE);
  expect(JSON.stringify(told)).toContain('0f1e2d3c…');
  redacted.secret(ID);
  expect(told.at(-1)).toEqual({ secret: ID });
});
