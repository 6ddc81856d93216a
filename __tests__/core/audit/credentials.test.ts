/** What pull secrets hold, what it is, and that it never shows. */
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { heldCredentials, hostOf, isFor } from '../../../src/core/audit/docker-config.js';
import { Hidden } from '../../../src/core/audit/hidden.js';
import { classify, TOKEN_USER } from '../../../src/core/audit/kind.js';
import { tokenWith } from '../support.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const secret = (config: unknown, form: 'dockerconfigjson' | 'dockercfg' = 'dockerconfigjson') => ({
  type: `kubernetes.io/${form}`,
  data: { [`.${form}`]: base64(typeof config === 'string' ? config : JSON.stringify(config)) },
});
const shown = (held: ReturnType<typeof heldCredentials>) =>
  held?.map(({ host, username, password }) => [host, username, password.reveal()]);

describe('a pull secret', () => {
  it('is read in both of its types', () => {
    const entry = { username: 'u', password: 'p' };
    expect(shown(heldCredentials(secret({ auths: { 'a.azurecr.io': entry } })))).toEqual([
      ['a.azurecr.io', 'u', 'p'],
    ]);
    expect(shown(heldCredentials(secret({ 'https://a.azurecr.io/v1/': entry }, 'dockercfg')))).toEqual([
      ['a.azurecr.io', 'u', 'p'],
    ]);
  });
  it('is read as a kubelet reads it: auth counts more, and a password may hold colons', () => {
    const entry = { username: 'u', password: 'p', auth: base64('v:q:r') };
    expect(shown(heldCredentials(secret({ auths: { 'a.azurecr.io': entry } })))).toEqual([
      ['a.azurecr.io', 'v', 'q:r'],
    ]);
  });
  it.each([
    ['no JSON', secret('{')],
    ['a list', secret([])],
    ['nothing', secret({ auths: { 'a.azurecr.io': {} } })],
    ['another type', { type: 'Opaque', data: { '.dockerconfigjson': base64('{}') } }],
    ['no data', { type: 'kubernetes.io/dockerconfigjson' }],
  ])('with %s holds none', (_what, of) => {
    expect(heldCredentials(of) ?? []).toEqual([]);
  });
  it('may be anything at all', () => {
    fc.assert(fc.property(fc.anything(), (any) => void heldCredentials(any)));
    fc.assert(fc.property(fc.json(), (any) => void heldCredentials(secret(any))));
  });
});

describe('the host of an entry', () => {
  it.each([
    ['contoso.azurecr.io', true],
    ['https://contoso.azurecr.io', true],
    ['HTTPS://Contoso.azurecr.io/v2/', true],
    ['contoso.azurecr.io/team', true],
    ['*.azurecr.io', true],
    ['con*so.azurecr.*', true],
    ['*.io', false],
    ['contoso.azurecr.io.evil.example', false],
    ['evil.example/contoso.azurecr.io', false],
    ['contoso.azurecr.io:8443', false],
    ['other.azurecr.io', false],
    ['', false],
  ])('%s', (key, wanted) => {
    expect(isFor(hostOf(key), 'contoso.azurecr.io')).toBe(wanted);
  });
  it('is matched in a time that does not depend on who wrote it', () => {
    expect(isFor(`${'*a'.repeat(20_000)}.azurecr.io`, `${'a'.repeat(60)}.azurecr.io`)).toBe(false);
  });
});

describe('a credential', () => {
  const kind = (username: string, password: string) =>
    classify({ username, password: new Hidden(password) }, 'contoso');
  const exp = 1_800_000_000;
  it.each<[string, string, string, object]>([
    [
      'a token',
      TOKEN_USER,
      tokenWith({ grant_type: 'refresh_token', exp }),
      { kind: 'expose-token', user: TOKEN_USER, expiresOn: exp * 1000 },
    ],
    [
      'a token that says no time',
      TOKEN_USER,
      tokenWith({ grant_type: 'refresh_token', exp: 1e300 }),
      { kind: 'expose-token', user: TOKEN_USER },
    ],
    [
      'an access token',
      TOKEN_USER,
      tokenWith({ grant_type: 'access_token', exp }),
      { kind: 'unknown', user: TOKEN_USER },
    ],
    ['no token', TOKEN_USER, 'x', { kind: 'unknown', user: TOKEN_USER }],
    [
      'a service principal',
      '5B0B1A0C-2f4d-4d7f-9a55-111111111111',
      'x',
      { kind: 'service-principal', user: '5b0b1a0c-2f4d-4d7f-9a55-111111111111' },
    ],
    ['the admin user', 'Contoso', 'x', { kind: 'admin-user', user: 'Contoso' }],
    ['a repository-scoped token', 'build-agent', 'x', { kind: 'repository-token', user: 'build-agent' }],
    ['what is none of these', 'somebody@example.com', 'x', { kind: 'unknown' }],
    ['a user name that holds the password', 'hunter2hunter2', 'hunter2', { kind: 'unknown' }],
  ])('is %s', (_what, username, password, wanted) => {
    expect(kind(username, password)).toEqual(wanted);
  });
});

describe('a hidden text', () => {
  it('does not show, however it is printed', () => {
    const hidden = new Hidden('s3cret');
    const printed = [
      String(hidden),
      `${hidden.toString()}`,
      JSON.stringify({ hidden }),
      inspect({ deep: { hidden } }, { depth: 9, showHidden: true }),
      Object.values(hidden).join(),
      structuredCloneOf(hidden),
    ];
    for (const text of printed) expect(text).not.toContain('s3cret');
    expect(hidden.reveal()).toBe('s3cret');
  });
});

function structuredCloneOf(value: object): string {
  return JSON.stringify(structuredClone(value));
}
