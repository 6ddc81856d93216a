import { describe, expect, it } from '@jest/globals';
import { isCause } from '../../src/core/diagnosis/causes.js';
import {
  claimsOf,
  quotedRefusal,
  readRefusal,
  refused,
  SIGN_IN_CAUSES,
} from '../../src/host/sign-in-refusals.js';

const body = (code: number, text: string): string =>
  JSON.stringify({
    error: 'invalid_client',
    error_description: `AADSTS${code}: ${text}`,
    error_codes: [code],
  });
const attempt = {
  by: 'a test',
  scope: 'https://management.azure.com/.default',
  clientId: 'the-client',
  tenantId: 'the-tenant',
};

describe('refusals', () => {
  it.each([
    [70021, 'federated-credential-mismatch'],
    [700211, 'federated-credential-mismatch'],
    [700213, 'federated-credential-mismatch'],
    [7002138, 'federated-credential-mismatch'],
    [700016, 'application-not-found'],
    [90002, 'tenant-not-found'],
    [7000215, 'client-secret-refused'],
    [7000222, 'client-secret-refused'],
    [700024, 'assertion-expired'],
    [700082, 'login-expired'],
    [53003, 'conditional-access'],
    [500011, 'resource-not-in-tenant'],
    [700027, 'client-certificate-refused'],
    [1000502, 'client-certificate-refused'],
    [90038, 'cloud-mismatch'],
    [70001, 'application-disabled'],
    [500021, 'sign-in-refused'],
    [90033, 'sign-in-refused'],
    [123456, 'sign-in-refused'],
  ])('AADSTS%i is %s', (code, causeId) => {
    const refusal = readRefusal(body(code, 'Something. Trace ID: abc Correlation ID: def'));
    expect(refusal).toEqual({ code, said: `AADSTS${code}: Something` });
    const error = refused(attempt, refusal ?? { code: 0, said: '' });
    expect(error.causeId).toBe(causeId);
    expect(SIGN_IN_CAUSES).toContain(causeId);
    expect(error.fix).not.toBe('');
    expect(error.message).toContain(`AADSTS${code}: Something`);
  });

  it.each(SIGN_IN_CAUSES)('%s has a page', (causeId) => {
    expect(isCause(causeId)).toBe(true);
  });

  it.each([
    [undefined, 'Sign in right before this step'],
    ['assertion', 'AZURE_FEDERATED_TOKEN_FILE'],
    ['certificate', 'set its clock'],
  ] as const)('tells of an expired assertion what mends it when %s was shown', (shows, todo) => {
    const shown = shows === undefined ? attempt : { ...attempt, shows };
    expect(refused(shown, { code: 700024, said: 'AADSTS700024: …' }).fix).toContain(todo);
  });

  it('says that only the case differs, and quotes claims for a shell', () => {
    const assertion = {
      issuer: 'https://i',
      subject: "repo:o/it's:ref:x",
      audience: 'api://AzureADTokenExchange',
    };
    const error = refused({ ...attempt, assertion }, { code: 7002138, said: 'AADSTS7002138: …' });
    expect(error.fix).toContain('upper and lower case');
    expect(error.fix).toContain(`"subject":"repo:o/it'\\''s:ref:x"`);
  });

  it('reads what is no JSON as no refusal, and finds a code in text', () => {
    expect(readRefusal('<html>')).toBeUndefined();
    expect(readRefusal('{"error":"invalid_grant"}')).toEqual({ code: undefined, said: 'invalid_grant' });
    expect(quotedRefusal('nothing here')).toBeUndefined();
    expect(quotedRefusal('x\nERROR: AADSTS50173: Revoked.\r\nTrace ID: 1\n')).toEqual({
      code: 50173,
      said: 'AADSTS50173: Revoked',
    });
  });

  it('reads claims out of a token, and nothing out of what is none', () => {
    const jwt = (claims: unknown): string =>
      `h.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.s`;
    expect(claimsOf(jwt({ iss: 'i', sub: 's', aud: 'a' }))).toEqual({
      issuer: 'i',
      subject: 's',
      audience: 'a',
    });
    expect(claimsOf(jwt({ iss: 'i', sub: 's', aud: ['a', 'b'] }))?.audience).toBe('a, b');
    expect(claimsOf('nonsense')).toBeUndefined();
    expect(claimsOf(jwt({ iss: 'i' }))).toBeUndefined();
  });
});
