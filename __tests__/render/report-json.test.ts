import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { Report } from '../../src/core/report.js';
import { reportJson } from '../../src/render/report-json.js';
import { connection, granted, notYet, noRights, pull, refused, report } from './reports.js';

const schema = JSON.parse(
  readFileSync(new URL('../../docs/report.schema.json', import.meta.url), 'utf8'),
) as Record<string, unknown>;
const ajv = new Ajv2020({ strict: true, allErrors: true });
formats(ajv);
const validate = ajv.compile(schema);

const parsed = (of: Report): unknown => JSON.parse(reportJson(of));

describe('report.json', () => {
  it.each([
    ['a pass', granted],
    ['a check', report()],
    ['a failure', noRights],
    ['a refused pull', refused],
    ['an unknown', notYet],
    ['one that knows hardly anything', report({ result: 'unknown', connections: [bare()] })],
    ['several connections', report({ connections: [connection(), connection()] })],
  ])('of %s is as the schema says', (_, of) => {
    validate(parsed(of));
    expect(validate.errors).toBeNull();
  });

  it('holds all that the report holds', () => {
    expect(parsed(noRights)).toEqual(JSON.parse(JSON.stringify(noRights)));
  });

  it('does not depend on the order in which the report was put together', () => {
    const reversed = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(reversed);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, inner]) => [key, reversed(inner)]),
      );
    };
    expect(reportJson(reversed(noRights) as Report)).toBe(reportJson(noRights));
    expect(reportJson(noRights).startsWith('{\n  "schemaVersion": 1,\n  "tool": {\n    "name":')).toBe(true);
    expect(reportJson(noRights).endsWith('}\n')).toBe(true);
  });
});

describe('the schema refuses', () => {
  const good = parsed(report()) as Record<string, unknown>;
  const firstConnection = { ...connection() };
  it.each<[string, Record<string, unknown>]>([
    ['an unknown key', { ...good, extra: 1 }],
    ['another schemaVersion', { ...good, schemaVersion: 2 }],
    ['another result', { ...good, result: 'ok' }],
    ['a time that is none', { ...good, startedAt: 'yesterday' }],
    ['no connections', { ...good, connections: undefined }],
    ['an unknown key of a connection', { ...good, connections: [{ ...firstConnection, token: 'x' }] }],
    [
      'access that is neither yes, no nor unknown',
      { ...good, connections: [{ ...firstConnection, access: { allowed: 'yes', grants: [] } }] },
    ],
    [
      'a pull that passed and proved nothing',
      { ...good, connections: [{ ...firstConnection, pulls: [pull({ proved: 'none' })] }] },
    ],
    [
      'a refused pull that proved something',
      { ...good, connections: [{ ...firstConnection, pulls: [pull({ status: 'fail' })] }] },
    ],
    [
      'a digest that is none',
      { ...good, connections: [{ ...firstConnection, pulls: [pull({ digest: 'latest' })] }] },
    ],
  ])('%s', (_, bad) => {
    expect(validate(JSON.parse(JSON.stringify(bad)))).toBe(false);
  });
});

function bare(): Report['connections'][number] {
  return {
    cluster: { id: '', name: 'shop' },
    registry: { id: '', name: 'contoso' },
    identity: { kind: 'unknown' },
    access: { allowed: 'unknown', grants: [] },
    checks: [],
    pulls: [],
    findings: [],
    result: 'unknown',
    changed: false,
    wouldChange: 'unknown',
  };
}
