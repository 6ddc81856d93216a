import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { joined, parseSymptom } from '../../../../src/core/diagnosis/symptoms/parse.js';
import type { Attempt, Stage } from '../../../../src/core/diagnosis/symptoms/symptom.js';

const IMAGE = 'contoso.azurecr.io/team/app:1';
const TOKEN =
  'https://contoso.azurecr.io/oauth2/token?scope=repository%3Ateam%2Fapp%3Apull&service=contoso.azurecr.io';
const MANIFEST = 'https://contoso.azurecr.io/v2/team/app/manifests/1';

/** What stops a pull, as containerd words it, and what is to be read from it. */
const FAILURES: Record<string, { words: string; read: Partial<Attempt> & { stage: Stage } }> = {
  name: {
    words: 'invalid reference format: repository name must be lowercase',
    read: { stage: 'name', sign: 'name-invalid' },
  },
  dns: {
    words: `failed to do request: Head "${MANIFEST}": dial tcp: lookup contoso.azurecr.io on 168.63.129.16:53: no such host`,
    read: { stage: 'dns', sign: 'no-such-host', host: { name: 'contoso.azurecr.io', kind: 'login' } },
  },
  connect: {
    words: `failed to do request: Head "${MANIFEST}": dial tcp 10.1.2.3:443: i/o timeout`,
    read: { stage: 'connect', sign: 'no-answer', address: { text: '10.1.2.3', kind: 'private' } },
  },
  tls: {
    words: `failed to do request: Head "${MANIFEST}": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    read: { stage: 'tls', sign: 'untrusted' },
  },
  anonymous: {
    words: `failed to authorize: failed to fetch anonymous token: unexpected status from GET request to ${TOKEN}: 401 Unauthorized`,
    read: { stage: 'token', sign: 'unauthorized', status: 401, credential: 'none' },
  },
  oauth: {
    words: 'failed to authorize: failed to fetch oauth token: unexpected status: 401 Unauthorized',
    read: { stage: 'token', sign: 'unauthorized', status: 401, credential: 'offered' },
  },
  manifest: {
    words: `unexpected status from HEAD request to ${MANIFEST}: 503 Service Unavailable`,
    read: { stage: 'manifest', sign: 'server-error', status: 503 },
  },
  blob: {
    words:
      'failed to copy: httpReadSeeker: failed open: failed to do request: Get "https://weu1.blob.core.windows.net/x?sig=abc": dial tcp 20.1.2.3:443: i/o timeout',
    read: { stage: 'blob', sign: 'no-answer', host: { name: 'weu1.blob.core.windows.net', kind: 'storage' } },
  },
};

/** How kubelets and runtimes of several versions wrap what stopped a pull. */
const WRAPPERS: readonly ((why: string) => string)[] = [
  (why) => why,
  (why) => `failed to pull and unpack image "${IMAGE}": failed to resolve reference "${IMAGE}": ${why}`,
  (why) => `failed to pull and unpack image "${IMAGE}": failed to resolve image: ${why}`,
  (why) =>
    `Failed to pull image "${IMAGE}": rpc error: code = Unknown desc = failed to pull and unpack image "${IMAGE}": ${why}`,
  (why) =>
    `Back-off pulling image "${IMAGE}": ErrImagePull: failed to pull and unpack image "${IMAGE}": ${why}`,
  (why) =>
    `Failed to pull image "${IMAGE}": rpc error: code = Unknown desc = Error response from daemon: ${why}`,
];

const failure = fc.constantFrom(...Object.keys(FAILURES));
const wrapper = fc.constantFrom(...WRAPPERS);

describe('one attempt', () => {
  it('is read alike in every wrapping', () => {
    fc.assert(
      fc.property(failure, wrapper, (name, wrap) => {
        const { words = '', read } = FAILURES[name] ?? {};
        expect(parseSymptom(wrap(words)).speaks).toMatchObject(read ?? {});
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  it("gives gRPC's code and the image", () => {
    const { speaks } = parseSymptom(
      `Failed to pull image "${IMAGE}": rpc error: code = NotFound desc = ${IMAGE}: not found`,
    );
    expect(speaks).toMatchObject({ sign: 'absent', stage: 'manifest', code: 'NotFound', image: IMAGE });
  });

  it.each<[string, string, Partial<Attempt>]>([
    [
      'Docker',
      `Error response from daemon: Get https://contoso.azurecr.io/v2/: unauthorized: authentication required`,
      { sign: 'unauthorized', stage: 'token' },
    ],
    [
      'Windows',
      'a Windows version 10.0.20348-based image is incompatible with a 10.0.17763 host',
      { sign: 'windows-version', stage: 'unpack' },
    ],
    [
      'canipull',
      '[2023-05-23T11:15:35Z] Validating managed identity existance: FAILED',
      { sign: 'check-acr-identity' },
    ],
    [
      'the registry',
      '{"errors":[{"code":"DENIED","message":"client with IP \\u00271.2.3.4\\u0027 is not allowed access."}]}',
      { sign: 'client-address-refused' },
    ],
    [
      'ARM',
      '{"error":{"code":"ScopeLocked","message":"x"}}',
      { sign: 'arm-scope-locked', code: 'ScopeLocked' },
    ],
    [
      'Entra, its code cut by a link',
      'Error: AADSTS700[21](https://x.example/run/1#step:2:3)3: no record',
      { sign: 'aad-federated-no-match', code: 'AADSTS700213' },
    ],
    [
      'a data endpoint',
      'Get "https://contoso.westeurope.data.azurecr.io/x": connection reset by peer',
      { stage: 'blob', host: { name: 'contoso.westeurope.data.azurecr.io', kind: 'data' } },
    ],
    [
      'a layer that is too short',
      'failed size validation: 12 != 94: failed precondition',
      { sign: 'cut-short', stage: 'blob' },
    ],
    ['a layer that is too long', 'unexpected commit size 94, expected 12: unknown', { sign: 'media-type' }],
  ])('of %s', (_what, message, read) => {
    expect(parseSymptom(message).speaks).toMatchObject(read);
  });

  it('is not misled by names', () => {
    for (const name of [
      'unauthorized/x509:403',
      'no-such-host/app:503',
      'too-many-requests/i/o:timeout',
      'aadsts7000215:scopelocked',
    ]) {
      const image = `x509.azurecr.io/${name}`;
      expect(
        parseSymptom(`Failed to pull image "${image}": failed to pull and unpack image "${image}"`).speaks,
      ).toBeUndefined();
      expect(parseSymptom(`Failed to pull image "${image}": ${image}: not found`).speaks?.sign).toBe(
        'absent',
      );
    }
  });

  it('shows no secret', () => {
    const { attempts } = parseSymptom(
      'Get "https://a.blob.core.windows.net/x?sig=SECRET" token=SECRET eyJhbGciOiJub25lIn0.SECRET.SECRET: EOF',
    );
    expect(JSON.stringify(attempts)).not.toContain('SECRET');
  });
});

describe('several attempts', () => {
  const stages = Object.entries(FAILURES);
  it('are kept in order, and the one that got furthest speaks', () => {
    fc.assert(
      fc.property(fc.array(failure, { minLength: 2, maxLength: 4 }), fc.boolean(), (names, prefixed) => {
        const said = names.map(
          (name) =>
            `${prefixed ? 'rpc error: code = Unknown desc = ' : ''}failed to pull and unpack image "${IMAGE}": ${FAILURES[name]?.words ?? ''}`,
        );
        const { attempts, speaks } = parseSymptom(`Failed to pull image "${IMAGE}": [${said.join(', ')}]`);
        const read = attempts.filter(({ sign }) => sign !== undefined);
        expect(read.map(({ sign }) => sign)).toEqual(names.map((name) => FAILURES[name]?.read.sign));
        const order = stages.map(([name]) => name);
        // The table is in the order of a pull; a credential tells more than none.
        const furthest = Math.max(...names.map((name) => order.indexOf(name)));
        expect(speaks).toMatchObject(stages[furthest]?.[1].read ?? {});
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  it('of events and a status are one symptom', () => {
    const all = [`Back-off pulling image "${IMAGE}"`, 'Error: ErrImagePull', FAILURES.oauth?.words ?? ''].map(
      (one) => parseSymptom(one),
    );
    expect(joined(all).speaks).toMatchObject(FAILURES.oauth?.read ?? {});
    expect(joined(all).backOffOnly).toBe(false);
    expect(joined(all.slice(0, 2))).toMatchObject({ backOffOnly: true });
  });
});

it('any text at all is read without a crash, and a long one as quickly', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => void parseSymptom(text)),
    { seed: 7, numRuns: 2_000 },
  );
  expect(
    parseSymptom(`${'a, rpc error: code = Unknown desc = '.repeat(100_000)}401 Unauthorized`).attempts.length,
  ).toBeLessThanOrEqual(64);
});
