import { describe, expect, it } from '@jest/globals';
import { ArmError } from '../../../src/core/azure/arm.js';
import { RegistryNotFound } from '../../../src/core/azure/registry.js';
import { CAUSES } from '../../../src/core/diagnosis/causes.js';
import type { FixFacts } from '../../../src/core/diagnosis/cause.js';
import type { CauseId } from '../../../src/core/diagnosis/causes.js';
import { explainError, explainPull, pullFix, wrongRole } from '../../../src/core/diagnosis/explain.js';
import type { PullFacts } from '../../../src/core/diagnosis/explain.js';
import { CredentialWithheld } from '../../../src/core/http/trust.js';
import { HttpFault, SignInError } from '../../../src/core/ports.js';
import type { HttpFaultKind } from '../../../src/core/ports.js';
import { CALLER_OBJECT_ID, REGISTRY_ID } from '../support.js';

const arm = (status: number, code = '', said = 'no'): ArmError => new ArmError('try it', status, code, said);
const lacking = (action: string, scope: string, how = 'does not have authorization to'): ArmError =>
  arm(
    403,
    'AuthorizationFailed',
    `The client 'x' with object id '${CALLER_OBJECT_ID}' ${how} perform action '${action}' over scope '${scope}' or the scope is invalid.`,
  );
const WRITE = 'Microsoft.Authorization/roleAssignments/write';

describe('explainError', () => {
  const CASES: [string, Error, 'cluster' | 'registry' | 'grant', 'fail' | 'unknown', CauseId][] = [
    ['no answer', new HttpFault('refused', 'h', 'm'), 'cluster', 'unknown', 'arm-unreachable'],
    [
      'a withheld credential',
      new CredentialWithheld('arm-token', 'evil', 'm'),
      'grant',
      'unknown',
      'credential-withheld',
    ],
    ['no registry anywhere', new RegistryNotFound('m'), 'registry', 'fail', 'registry-not-found'],
    [
      'no right to read',
      lacking('Microsoft.ContainerRegistry/registries/read', REGISTRY_ID),
      'registry',
      'unknown',
      'arm-authorization-missing',
    ],
    ['no right to write', lacking(WRITE, REGISTRY_ID), 'grant', 'fail', 'arm-authorization-missing'],
    [
      'a right under a condition',
      lacking(WRITE, REGISTRY_ID, 'has an authorization with ABAC condition that is not fulfilled to'),
      'grant',
      'fail',
      'arm-abac-condition',
    ],
    ['a lock', arm(409, 'ScopeLocked'), 'grant', 'fail', 'arm-scope-locked'],
    ['the limit', arm(400, 'RoleAssignmentLimitExceeded'), 'grant', 'fail', 'arm-role-limit'],
    ['a policy', arm(403, 'RequestDisallowedByPolicy'), 'grant', 'fail', 'arm-policy-denied'],
    [
      'a name that is taken',
      arm(400, 'RoleAssignmentUpdateNotPermitted'),
      'grant',
      'fail',
      'arm-role-update-not-permitted',
    ],
    [
      'a principal that is unknown',
      arm(400, 'PrincipalNotFound'),
      'grant',
      'fail',
      'arm-principal-not-found-replication',
    ],
    ['no token', arm(401, 'AuthenticationFailed'), 'cluster', 'unknown', 'not-signed-in'],
    ['no cluster', arm(404, 'ResourceNotFound'), 'cluster', 'fail', 'cluster-not-found'],
    ['no group', arm(404, 'ResourceGroupNotFound'), 'cluster', 'fail', 'cluster-not-found'],
    ['no registry', arm(404, 'ResourceNotFound'), 'registry', 'fail', 'registry-not-found'],
    ['no scope to grant at', arm(404, 'ResourceNotFound'), 'grant', 'fail', 'arm-error'],
    ['any other refusal of a grant', arm(400, 'Odd'), 'grant', 'fail', 'arm-error'],
    ['any other refusal of a read', arm(400, 'Odd'), 'cluster', 'unknown', 'arm-error'],
    ['a failure', arm(500), 'grant', 'unknown', 'arm-error'],
    ['throttling', arm(429, 'TooManyRequests'), 'grant', 'unknown', 'arm-throttled'],
    ['an answer that is none', arm(200, '', 'the answer holds no list'), 'registry', 'unknown', 'arm-error'],
    ['a redirect', arm(302), 'registry', 'unknown', 'arm-error'],
  ];
  it.each(CASES)('%s', (_what, error, about, status, cause) => {
    const explained = explainError(error, {}, about);
    expect({ status: explained.status, cause: explained.cause }).toEqual({ status, cause });
    expect(explained.evidence).toBe(error.message);
    expect(explained.fix.summary).not.toBe('');
  });

  it('keeps the fix and the cause of a refused sign-in', () => {
    expect(explainError(new SignInError('m', 'do this', 'not-signed-in'), {}, 'cluster')).toEqual({
      status: 'unknown',
      cause: 'not-signed-in',
      evidence: 'm',
      fix: { summary: 'do this', commands: [] },
    });
    expect(explainError(new SignInError('m', 'f', 'no-such-cause'), {}, 'cluster').cause).toBe(
      'not-signed-in',
    );
  });

  it('names the missing action, the scope, the caller and the command that gives the right', () => {
    const scope = `${REGISTRY_ID}/providers/Microsoft.Authorization/roleAssignments/x`;
    const { evidence, fix } = explainError(lacking(WRITE, scope), {}, 'grant');
    for (const part of [WRITE, scope, CALLER_OBJECT_ID]) expect(evidence).toContain(part);
    expect(fix.commands.at(-1)).toContain(
      `az role assignment create --role f58310d9-a9f6-439a-9e8d-f62e7b41a168 --assignee-object-id ${CALLER_OBJECT_ID}`,
    );
    expect(fix.literalCommands?.at(-1)).toContain(`--scope ${REGISTRY_ID}`);
  });

  it('says of the caller what ARM says, and keeps what is known of its type', () => {
    const caller = { objectId: 'other', type: 'User' } as const;
    const { fix } = explainError(lacking(WRITE, REGISTRY_ID), { caller }, 'grant');
    expect(fix.commands.at(-1)).toContain(
      `--assignee-object-id ${CALLER_OBJECT_ID} --assignee-principal-type User`,
    );
  });

  it.each(['dns', 'refused', 'reset', 'timeout', 'tls', 'proxy', 'other'] satisfies HttpFaultKind[])(
    'explains a %s fault',
    (kind) => {
      expect(explainError(new HttpFault(kind, 'h', 'm'), {}, 'cluster').cause).toBe('arm-unreachable');
    },
  );

  it('explains no fault of ours, and nothing that was given up', () => {
    for (const error of [new TypeError('x'), new HttpFault('aborted', 'h', 'm'), new Error('x')])
      expect(() => explainError(error, {}, 'cluster')).toThrow(error);
  });
});

const KNOWN: PullFacts = {
  access: true,
  ignoredRole: false,
  mode: 'LegacyRegistryPermissions',
  youngGrant: false,
  networkRestricted: false,
  imageSeen: 'unknown',
};
const pulling = (image: string, why: string): string =>
  `Failed to pull image "${image}": failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${why}`;
const IMAGE = 'contoso.azurecr.io/team/app:1';
const TOKEN_401 =
  'failed to authorize: failed to fetch oauth token: unexpected status from GET request to https://contoso.azurecr.io/oauth2/token?scope=repository%3Ateam%2Fapp%3Apull&service=contoso.azurecr.io: 401 Unauthorized';

describe('explainPull: what the words tell alone', () => {
  it.each<[CauseId, string]>([
    ['platform-mismatch-arch', 'no match for platform in manifest: not found'],
    [
      'platform-mismatch-arch',
      'get image config descriptor: no match for platform in manifest sha256:ab: not found',
    ],
    ['platform-mismatch-arch', `[no match for platform in manifest: not found, ${TOKEN_401}]`],
    [
      'dns-nxdomain',
      'failed to do request: Head "https://contoso.azurecr.io/v2/": dial tcp: lookup contoso.azurecr.io on 168.63.129.16:53: no such host',
    ],
    [
      'tls-unknown-authority',
      'failed to do request: Head "https://contoso.azurecr.io/v2/": x509: certificate signed by unknown authority',
    ],
    ['tls-unknown-authority', 'tls: failed to verify certificate: x509: certificate is valid for a, not b'],
    [
      'firewall-403',
      "denied: client with IP '1.2.3.4' is not allowed access. Refer https://aka.ms/acr/firewall",
    ],
    ['private-endpoint-unreachable', 'dial tcp 10.0.0.4:443: i/o timeout'],
    ['connection-timeout', 'dial tcp 20.61.97.128:443: i/o timeout'],
    ['connection-timeout', 'dial tcp 10.0.0.4:443: connect: connection refused'],
    [
      'connection-timeout',
      'failed to do request: Head "https://contoso.azurecr.io/v2/team/app/manifests/1": EOF',
    ],
    [
      'storage-endpoint-blocked',
      'failed to copy: httpReadSeeker: failed open: failed to do request: Get "https://weu1.blob.core.windows.net/x?sig=y": dial tcp 1.2.3.4:443: i/o timeout',
    ],
    [
      'storage-endpoint-blocked',
      `[failed to copy: httpReadSeeker: failed open: failed to do request: Get "https://weu1.blob.core.windows.net/x": EOF, ${TOKEN_401}]`,
    ],
    [
      'storage-endpoint-blocked',
      'Get "https://contoso.westeurope.data.azurecr.io/x": connection reset by peer',
    ],
    [
      'rate-limited-429',
      'unexpected status from HEAD request to https://contoso.azurecr.io/v2/team/app/manifests/1: 429 Too Many Requests',
    ],
    ['rate-limited-429', 'toomanyrequests: slow down'],
    [
      'registry-5xx',
      'unexpected status from HEAD request to https://contoso.azurecr.io/v2/team/app/manifests/1: 503 Service Unavailable',
    ],
    ['tag-not-found', `${IMAGE}: not found`],
    ['tag-not-found', `[rpc error: code = NotFound desc = ${IMAGE}: not found, ${TOKEN_401}]`],
    ['registry-plain-http', 'http: server gave HTTP response to HTTPS client'],
    ['undetermined', 'the moon is in the wrong house'],
    ['undetermined', ''],
  ])('%s: %s', (cause, why) => {
    for (const access of [true, false, 'unknown'] as const)
      expect(explainPull(pulling(IMAGE, why), { ...KNOWN, access, youngGrant: true })).toBe(cause);
  });

  it.each([
    'contoso.azurecr.io/team/x509-certificates:401',
    'contoso.azurecr.io/no-such-host/too-many-requests:v429',
    'contoso.azurecr.io/app:not-found.503',
    'mycertificates.azurecr.io/connection-refused/timeout:500',
    `contoso.azurecr.io/unauthorized/403@sha256:${'4'.repeat(64)}`,
  ])('is not misled by the name of the image: %s', (image) => {
    const host = image.split('/')[0] ?? '';
    const path = image.slice(host.length + 1);
    const url = `https://${host}/v2/${path.replace(/[:@].*/, '')}/manifests/${path.replace(/.*[:@]/, '')}`;
    expect(
      explainPull(pulling(image, `unexpected status from HEAD request to ${url}: 418 I'm a teapot`), KNOWN),
    ).toBe('undetermined');
    expect(
      explainPull(
        pulling(image, `failed to do request: Head "${url}": dial tcp: lookup ${host}: no such host`),
        KNOWN,
      ),
    ).toBe('dns-nxdomain');
    expect(explainPull(pulling(image, `${image}: not found`), KNOWN)).toBe('tag-not-found');
    expect(explainPull(pulling(image, TOKEN_401), KNOWN)).toBe('unauthorized-unresolved');
    expect(
      explainPull(pulling(image, `unexpected status from HEAD request to ${url}: 502 Bad Gateway`), KNOWN),
    ).toBe('registry-5xx');
  });
});

describe('explainPull: a 401 means what is known besides', () => {
  const CASES: [Partial<PullFacts>, CauseId][] = [
    [{ access: false }, 'unauthorized-no-role'],
    [{ access: false, ignoredRole: true, mode: 'AbacRepositoryPermissions' }, 'abac-wrong-role'],
    [{ access: false, ignoredRole: true, mode: 'LegacyRegistryPermissions' }, 'legacy-wrong-role'],
    [{ access: false, ignoredRole: true, mode: 'unknown' }, 'unauthorized-no-role'],
    [{ access: false, imageSeen: 'absent' }, 'unauthorized-no-role'],
    [{ access: true, youngGrant: true }, 'grant-not-effective-yet'],
    [{ access: true, youngGrant: true, imageSeen: 'absent' }, 'grant-not-effective-yet'],
    [{ access: true, imageSeen: 'absent' }, 'tag-not-found'],
    [{ access: true, imageSeen: 'there' }, 'unauthorized-unresolved'],
    [{ access: true }, 'unauthorized-unresolved'],
    [{ access: 'unknown' }, 'access-unknown'],
    [{ access: 'unknown', imageSeen: 'absent' }, 'tag-not-found'],
    [{ access: true, networkRestricted: true }, 'unauthorized-unresolved'],
  ];
  const WORDS = [
    TOKEN_401,
    'pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
    'Error response from daemon: Get https://contoso.azurecr.io/v2/team/app/manifests/1: unauthorized: authentication required',
  ];
  it.each(CASES)('%j: %s', (facts, cause) => {
    for (const words of WORDS) expect(explainPull(pulling(IMAGE, words), { ...KNOWN, ...facts })).toBe(cause);
  });

  it('with a pull secret it is the secret, where the node offered it; else what the secret may', () => {
    const facts: PullFacts = { ...KNOWN, access: 'unknown', pullSecret: 'in-use' };
    const offered = TOKEN_401.replace('anonymous token', 'oauth token');
    expect(offered).toContain('fetch oauth token');
    expect(explainPull(pulling(IMAGE, offered), facts)).toBe('unauthorized-bad-pull-secret');
    expect(explainPull(pulling(IMAGE, WORDS[1] ?? ''), facts)).toBe('unauthorized-or-repo-missing');
    expect(explainPull(pulling(IMAGE, `${IMAGE}: not found`), facts)).toBe('tag-not-found');
  });

  it('a bare 403 is the firewall where the registry has one, else as a 401', () => {
    const forbidden = pulling(
      IMAGE,
      'failed to authorize: failed to fetch anonymous token: unexpected status: 403 Forbidden',
    );
    expect(explainPull(forbidden, { ...KNOWN, networkRestricted: true, access: false })).toBe('firewall-403');
    expect(explainPull(forbidden, { ...KNOWN, access: false })).toBe('unauthorized-no-role');
    expect(explainPull(forbidden, KNOWN)).toBe('unauthorized-unresolved');
  });
});

it('every cause that a role can have is in the catalogue', () => {
  for (const mode of ['LegacyRegistryPermissions', 'AbacRepositoryPermissions', 'unknown'] as const)
    for (const ignoredRole of [true, false]) expect(CAUSES).toHaveProperty(wrongRole({ ignoredRole, mode }));
});

describe('where words and facts leave it open', () => {
  const BROKEN_TLS = 'failed to do request: Head "https://contoso.azurecr.io/v2/": tls: internal error';
  it.each([
    ['a handshake that broke', BROKEN_TLS],
    ['a manifest that something found invalid', 'unexpected status: 400: MANIFEST_INVALID'],
    ['what was not found, cut off', 'rpc error: code = NotFound desc = failed to pull and'],
  ])('%s is undetermined, not the likeliest of its causes', (_, why) => {
    expect(explainPull(pulling(IMAGE, why), KNOWN)).toBe('undetermined');
  });
  it('what it may be is named, with what to run on the node that refused', () => {
    const { summary, commands, literalCommands } = pullFix(
      'undetermined',
      pulling(IMAGE, BROKEN_TLS),
      {},
      'aks-system-0',
    );
    expect(summary).toMatch(/tls-unknown-authority\); or .*connection-timeout/);
    expect(commands.join('\n')).toContain('kubectl debug node/aks-system-0 ');
    expect(literalCommands).toEqual(commands);
  });
  it('a refusal though the role is there: the kubelet is asked for its credential provider', () => {
    const { commands } = pullFix('unauthorized-unresolved', pulling(IMAGE, TOKEN_401), {}, 'aks-system-0');
    expect(commands.at(-1)).toMatch(/^kubectl debug node\/aks-system-0 .*journalctl -u kubelet/);
  });
  it('what is determined has its own fix alone', () => {
    const { commands } = pullFix('tag-not-found', pulling(IMAGE, 'x'), {}, 'aks-system-0');
    expect(commands.join()).not.toContain('kubectl debug');
  });
});

describe('the same words', () => {
  const MISSING = lacking(WRITE, REGISTRY_ID);
  const NOT_FOUND = arm(
    400,
    'PrincipalNotFound',
    `Principal aaaaaaaa000040008000000000000001 does not exist in the directory ${CALLER_OBJECT_ID}.`,
  );
  const HOUR = 3_600_000;

  it.each<[string, ArmError, FixFacts, CauseId]>([
    ['AuthorizationFailed', MISSING, {}, 'arm-authorization-missing'],
    ['AuthorizationFailed', MISSING, { obstacles: { eligible: ['Owner'] } }, 'arm-pim-not-active'],
    ['PrincipalNotFound', NOT_FOUND, {}, 'arm-principal-not-found-replication'],
    [
      'PrincipalNotFound',
      NOT_FOUND,
      { obstacles: { identity: { there: true, ageMs: HOUR / 2 } } },
      'arm-principal-not-found-replication',
    ],
    [
      'PrincipalNotFound',
      NOT_FOUND,
      { obstacles: { identity: { there: true, ageMs: 2 * HOUR } } },
      'kubelet-identity-missing',
    ],
    [
      'PrincipalNotFound',
      NOT_FOUND,
      { obstacles: { identity: { there: false } } },
      'kubelet-identity-missing',
    ],
    [
      'PrincipalNotFound',
      NOT_FOUND,
      { obstacles: { identity: { there: true, tenantId: 'other' }, tenantId: CALLER_OBJECT_ID } },
      'arm-principal-not-found-cross-tenant',
    ],
    ['PrincipalNotFound', NOT_FOUND, { principalGiven: true }, 'arm-invalid-principal-id'],
  ])('of %s, with other facts beside them, have another cause', (_code, error, facts, cause) => {
    expect(explainError(error, facts, 'grant')).toMatchObject({ status: 'fail', cause });
  });
});
