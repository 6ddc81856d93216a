import { describe, expect, it } from '@jest/globals';
import { OUTPUTS } from '../../src/core/inputs.js';
import { outputsOf } from '../../src/render/outputs.js';
import {
  ASSIGNMENT_ID,
  connection,
  DIGEST,
  grant,
  granted,
  noRights,
  notYet,
  pull,
  refused,
  report,
} from './reports.js';

const GUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;

describe('the outputs', () => {
  it('are exactly the declared ones', () => {
    expect(Object.keys(outputsOf(granted, 'r')).sort()).toEqual(OUTPUTS.map(({ name }) => name).sort());
  });
  it('of a connect that made the grant', () => {
    expect(outputsOf(granted, '/tmp/report.json')).toEqual({
      result: 'passed',
      changed: 'true',
      'would-change': 'true',
      verified: 'true',
      cause: '',
      'login-server': 'contoso.azurecr.io',
      'kubelet-object-id': '11111111-2222-4333-8444-555555555555',
      role: 'AcrPull',
      'role-assignment-id': ASSIGNMENT_ID,
      digest: DIGEST,
      plan: '',
      report: '/tmp/report.json',
    });
  });
  it('of a failure carry the cause and no success', () => {
    expect(outputsOf(noRights, 'r')).toMatchObject({
      result: 'failed',
      verified: 'false',
      cause: 'arm-authorization-missing',
      changed: 'false',
      'would-change': 'true',
      'role-assignment-id': '',
      digest: '',
    });
  });
});

describe('verified', () => {
  const verified = (of: Parameters<typeof outputsOf>[0]): string => outputsOf(of, 'r').verified;
  it.each([
    ['one pool was refused', refused],
    ['a pull is unknown', notYet],
    ['no pull was tried', report({ connections: [connection({ pulls: [] })] })],
    [
      'every pull was skipped',
      report({ connections: [connection({ pulls: [pull({ status: 'skip', proved: 'none' })] })] }),
    ],
    [
      'a pull passed without proof',
      report({ connections: [connection({ pulls: [pull({ proved: 'none' })] })] }),
    ],
    ['one connection of two is open', report({ connections: [connection(), ...notYet.connections] })],
    [
      'the pulls worked but not through the identity',
      report({ result: 'failed', connections: [connection({ result: 'failed' })] }),
    ],
    [
      'the result is unknown',
      report({ result: 'unknown', connections: [connection({ result: 'unknown' })] }),
    ],
    ['there is no connection', report({ connections: [] })],
  ])('is false when %s', (_, of) => {
    expect(verified(of)).toBe('false');
  });
  it('is true with a pool skipped that nobody asked for, and with a manifest as proof', () => {
    const pulls = [pull({ proved: 'manifest' }), pull({ status: 'skip', proved: 'none' })];
    expect(verified(report({ connections: [connection({ pulls })] }))).toBe('true');
  });
});

describe('would-change', () => {
  it.each([
    [[true, 'unknown', false], 'true'],
    [[false, 'unknown'], 'unknown'],
    [[false, false], 'false'],
    [[], 'unknown'],
  ] as const)('of %j is %s', (each, expected) => {
    const connections = each.map((wouldChange) => connection({ wouldChange }));
    expect(outputsOf(report({ connections }), 'r')['would-change']).toBe(expected);
  });
});

describe('several values', () => {
  it('stand one per line, each once', () => {
    const other = connection({
      registry: { id: 'x', name: 'fabrikam', loginServer: 'fabrikam.azurecr.io' },
      role: 'Container Registry Repository Reader',
    });
    const outputs = outputsOf(report({ connections: [connection(), other, connection()] }), 'r');
    expect(outputs['login-server']).toBe('contoso.azurecr.io\nfabrikam.azurecr.io');
    expect(outputs.role).toBe('AcrPull\nContainer Registry Repository Reader');
  });
  it('of grants: the one on the registry before an inherited one', () => {
    const grants = [grant({ inherited: true, assignmentId: '/far' }), grant({ assignmentId: '/near' })];
    const of = report({ connections: [connection({ access: { allowed: true, grants } })] });
    expect(outputsOf(of, 'r')['role-assignment-id']).toBe('/near');
  });
  it('of grants: none when they give no access', () => {
    const of = report({ connections: [connection({ access: { allowed: false, grants: [grant()] } })] });
    expect(outputsOf(of, 'r')['role-assignment-id']).toBe('');
  });
});

it('result, verified, changed, role and digest never hold an id, whatever the report holds', () => {
  const id = '11111111-2222-4333-8444-555555555555';
  const outputs = outputsOf(
    report({ connections: [connection({ role: `Custom ${id}`, pulls: [pull({ digest: id })] })] }),
    'r',
  );
  for (const name of ['result', 'verified', 'changed', 'role', 'digest'] as const) {
    expect(outputs[name]).not.toMatch(GUID);
  }
});
