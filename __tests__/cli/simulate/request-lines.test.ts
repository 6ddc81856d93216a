import { expect, it } from '@jest/globals';
import { requestLines } from '../../../src/cli/simulate/request-lines.js';
import { Lines } from '../../../src/cli/terminal.js';
import type { RequestRecord } from '../../../src/simulator/index.js';
import { keepingTerminal } from '../terminals.js';

const RECORD: RequestRecord = {
  number: 1,
  at: 5,
  durationMs: 1.6,
  method: 'PUT',
  host: 'management.azure.com',
  path: '/subscriptions/s/x?api-version=1',
  status: 201,
  modelled: true,
  service: 'arm',
  route: 'PUT {scope}/roleAssignments/{name}',
  caller: 'deployer',
  verdict: 'allowed by Reader at /subscriptions/s/resourceGroups/g/providers/P.R/registries/contoso',
};

function shown(more: Partial<RequestRecord> = {}, isTTY = false): string[] {
  const { stdout, environment } = keepingTerminal({}, { isTTY });
  return requestLines({ ...RECORD, ...more }, new Lines(stdout, environment));
}

it('has a column for everything, and below what was asked for', () => {
  expect(shown()).toEqual([
    `201 PUT    ${'arm {scope}/roleAssignments/{name}'.padEnd(48)} ${'deployer'.padEnd(18)} allowed by Reader at …/registries/contoso; 2 ms`,
    '    https://management.azure.com/subscriptions/s/x?api-version=1',
  ]);
});

it('tells faults, requests without an answer, and those that are not modelled', () => {
  expect(shown({ fault: 'throttled', status: 429 })[0]).toMatch(/^429 .*; fault: throttled; 2 ms$/);
  expect(shown({ status: 0 })[0]).toMatch(/^--- .*; no answer; 2 ms$/);
  expect(shown({ modelled: false, status: 501 })[0]).toMatch(/^501 PUT {4}NOT MODELLED {2,}/);
});

it('has columns at the same place whatever stands in them', () => {
  const starts = [{}, { method: 'GET', status: 0 }, { caller: 'x', route: 'GET /v2/' }].map((more) =>
    shown(more)[0]?.indexOf('allowed by'),
  );
  expect(new Set(starts).size).toBe(1);
});

it('is coloured on a terminal only, and lets no foreign text act', () => {
  expect(shown({ status: 503 }, true)[0]).toContain('\u001b[31;1m503\u001b[0m');
  const foreign = shown({ caller: '\u001b[2J::add-mask::x', path: '/a\n::error::b' }).join('\n');
  expect(foreign).not.toContain('\u001b');
  expect(foreign).not.toContain('::error::');
  expect(foreign.split('\n')).toHaveLength(2);
});
