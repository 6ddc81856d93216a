import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPrivateKey } from 'node:crypto';
import { CLOUD_NAMES, CLOUDS } from '../../../src/core/azure/clouds.js';
import { readText } from '../../../src/core/http/sender.js';
import { CredentialWithheld } from '../../../src/core/http/trust.js';
import {
  assertionCredential,
  clientCertificateCredential,
  clientSecretCredential,
} from '../../../src/host/credentials.js';
import type { ApplicationOptions } from '../../../src/host/credentials.js';
import { makeCertificate, openGround, refusal } from './support.js';
import type { Ground, TestCertificate } from './support.js';

let ground: Ground;
let own: TestCertificate;
let foreign: TestCertificate;
beforeAll(async () => {
  [own, foreign] = await Promise.all([makeCertificate(), makeCertificate()]);
  ground = await openGround({
    identities: [
      {
        name: 'deployer',
        secrets: ['the right secret'],
        certificates: [own.certificate],
        federated: 'github',
      },
      { name: 'bare' },
    ],
  });
});
afterAll(() => ground.end());

function as(name: string, more: Partial<ApplicationOptions> = {}): ApplicationOptions {
  const { sender, clock, log, cloud, simulator } = ground;
  return {
    description: 'a test',
    clientId: ground.clientId(name),
    tenantId: simulator.state.tenantId,
    authority: cloud.authority,
    sender,
    clock,
    log,
    ...more,
  };
}

/** A token of the application that ARM takes. */
function isGood(token: string): boolean {
  const verified = ground.simulator.context.tokens.verify(token, ['https://management.azure.com']);
  return 'claims' in verified && verified.claims.appid === ground.clientId('deployer');
}

const ARM = CLOUDS.AzureCloud.resourceManagerScope;

describe('a client secret', () => {
  it('says what answered where a page of the network came instead of a token', async () => {
    const withdraw = ground.simulator.addFault({ fault: 'login-page', service: 'entra' });
    const credential = clientSecretCredential({ ...as('deployer'), secret: 'the right secret' });
    const { message, causeId } = await refusal(credential.token(ARM));
    withdraw();
    expect(message).toContain('login.microsoftonline.com answered HTTP 200 with what is no JSON (text/html');
    expect(causeId).toBe('sign-in-unreachable');
  });

  it('signs in, once for each scope, with one request', async () => {
    const before = ground.simulator.requests.length;
    const credential = clientSecretCredential({
      ...as('deployer', { subscriptionId: 'AAAA', authority: `${ground.cloud.authority}/` }),
      secret: 'the right secret',
    });
    const [first, second] = await Promise.all([credential.token(ARM), credential.token(ARM)]);
    expect(isGood(first.token)).toBe(true);
    expect(second).toEqual(first);
    expect(ground.simulator.requests.slice(before).map(({ method, host }) => `${method} ${host}`)).toEqual([
      'POST login.microsoftonline.com',
    ]);
    expect(ground.secrets).toEqual(expect.arrayContaining(['the right secret', first.token]));
    expect(await credential.subscriptionId()).toBe('aaaa');
  });

  it.each([
    ['a wrong secret', {}, 'client-secret-refused', 'AADSTS7000215'],
    [
      'an unknown tenant',
      { tenantId: '11111111-2222-3333-4444-555555555555' },
      'tenant-not-found',
      'AADSTS90002',
    ],
    [
      'an unknown application',
      { clientId: '11111111-2222-3333-4444-555555555555' },
      'application-not-found',
      'AADSTS700016',
    ],
  ])('tells %s, and never the secret', async (_what, more, causeId, code) => {
    const error = await refusal(
      clientSecretCredential({ ...as('deployer', more), secret: 'a wrong secret' }).token(ARM),
    );
    expect(error.causeId).toBe(causeId);
    expect(error.message).toContain(code);
    expect(`${error.message}${error.fix}${String(error.cause)}`).not.toContain('a wrong secret');
  });

  it("goes to no authority but the cloud's", async () => {
    const asked = ground.simulator.connectedNames.length;
    for (const authority of ['https://login.evil.test', CLOUDS.AzureChinaCloud.authority]) {
      await expect(
        clientSecretCredential({ ...as('deployer', { authority }), secret: 'the right secret' }).token(ARM),
      ).rejects.toThrow(CredentialWithheld);
    }
    expect(ground.simulator.connectedNames.length).toBe(asked);
  });
});

describe('a certificate', () => {
  const text = ({ certificate, key }: TestCertificate): string => `${certificate}\n${key}\n`;

  it('signs in by an assertion of its key, whatever the order, the line ends and whether it comes late', async () => {
    for (const pem of [
      text(own),
      `${own.key}\n${own.certificate}`,
      text(own).replaceAll('\n', '\r\n'),
      () => Promise.resolve(text(own)),
    ]) {
      const { token } = await clientCertificateCredential({ ...as('deployer'), pem }).token(ARM);
      expect(isGood(token)).toBe(true);
    }
    expect(ground.secrets).toContain(own.key.split('\n')[1]);
  });

  it('signs in by an encrypted key with its password', async () => {
    const encrypted = createPrivateKey(own.key)
      .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' })
      .toString();
    const pem = `${own.certificate}\n${encrypted}`;
    const credential = clientCertificateCredential({ ...as('deployer'), pem, password: 'open sesame' });
    expect(isGood((await credential.token(ARM)).token)).toBe(true);
    for (const password of [undefined, 'wrong']) {
      const error = await refusal(
        clientCertificateCredential({ ...as('deployer'), pem, password }).token(ARM),
      );
      expect(error.causeId).toBe('client-certificate-refused');
      expect(error.message).toContain('private key');
    }
  });

  it('that the application has not is refused by Entra', async () => {
    const error = await refusal(
      clientCertificateCredential({ ...as('deployer'), pem: text(foreign) }).token(ARM),
    );
    expect(error.causeId).toBe('client-certificate-refused');
    expect(error.message).toContain('AADSTS700027');
    expect(error.fix).toContain(`az ad app credential reset --id ${ground.clientId('deployer')}`);
  });

  it.each([
    ['nothing', async () => 'no PEM', 'no PEM certificate'],
    ['a certificate alone', async () => own.certificate, 'no PEM private key'],
    [
      "another certificate's key",
      async () => `${own.certificate}\n${foreign.key}`,
      "isn't the certificate's",
    ],
    [
      'one that has expired',
      async () => text(await makeCertificate({ notAfter: new Date(Date.now() - 1000) })),
      'was valid until',
    ],
    [
      'one of another kind',
      async () => text(await makeCertificate({ algorithm: 'ECDSA' })),
      'RSA keys alone',
    ],
  ])('tells %s before anything is sent', async (_what, pem, said) => {
    const before = ground.simulator.requests.length;
    const error = await refusal(
      clientCertificateCredential({ ...as('deployer'), pem: await pem() }).token(ARM),
    );
    expect(error.causeId).toBe('client-certificate-refused');
    expect(error.message).toContain(said);
    expect(ground.simulator.requests.length).toBe(before);
  });
});

describe('an assertion', () => {
  async function githubToken({ http, simulator, cloud }: Ground): Promise<string> {
    const { requestUrl, requestToken } = simulator.github;
    const { body } = await http.send({
      method: 'GET',
      url: `${requestUrl}&audience=${encodeURIComponent(cloud.federationAudience)}`,
      headers: { authorization: `Bearer ${requestToken}` },
    });
    return (JSON.parse(await readText(body, 'github')) as { value: string }).value;
  }

  it('is asked for anew for every token', async () => {
    let asked = 0;
    const credential = assertionCredential({
      ...as('deployer'),
      assertion: () => {
        asked++;
        return githubToken(ground);
      },
    });
    expect(isGood((await credential.token(ARM)).token)).toBe(true);
    await credential.token(ARM);
    await credential.token(ground.cloud.registryScope);
    expect(asked).toBe(2);
  });

  it('that has expired is told as such, and what it claims', async () => {
    let offset = -3_600_000;
    const there = await openGround(
      { identities: [{ name: 'deployer', federated: 'github' }] },
      { now: () => Date.now() + offset },
    );
    try {
      // As a file has it that nobody renews.
      const value = await githubToken(there);
      offset = 0;
      const error = await refusal(
        assertionCredential({
          ...as('deployer'),
          sender: there.sender,
          clientId: there.clientId('deployer'),
          tenantId: there.simulator.state.tenantId,
          assertion: async () => value,
        }).token(ARM),
      );
      expect(error.causeId).toBe('assertion-expired');
      expect(error.message).toContain('AADSTS700024');
      expect(error.fix).toContain('AZURE_FEDERATED_TOKEN_FILE');
      expect(`${error.message}${error.fix}`).not.toContain(value);
    } finally {
      await there.end();
    }
  });
});

it.each(CLOUD_NAMES)('signs in to %s, at no host of another cloud', async (name) => {
  const there = await openGround({ cloud: name, identities: [{ name: 'deployer', secrets: ['s3cret'] }] });
  try {
    for (const authority of [there.cloud.authority, ...there.cloud.authorityAliases]) {
      const credential = clientSecretCredential({
        ...as('deployer', {
          clientId: there.clientId('deployer'),
          tenantId: there.simulator.state.tenantId,
          authority,
          sender: there.sender,
        }),
        secret: 's3cret',
      });
      for (const scope of [
        there.cloud.resourceManagerScope,
        there.cloud.registryScope,
        there.cloud.kubernetesScope,
      ]) {
        expect((await credential.token(scope)).token).not.toBe('');
      }
    }
    const own = [there.cloud.authority, ...there.cloud.authorityAliases].map((url) => new URL(url).host);
    expect(own).toEqual(expect.arrayContaining([...there.simulator.connectedNames]));
    expect(there.simulator.connectedNames).toContain(own[0]);
  } finally {
    await there.end();
  }
});
