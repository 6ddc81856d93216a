import { X509Certificate } from 'node:crypto';
import { connect, createServer } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { createAuthority } from '../../../src/simulator/net/authority.js';

describe('a certificate authority', () => {
  it('issues server certificates for names and addresses that its own certificate proves', async () => {
    const authority = await createAuthority('Test authority');
    const { certificate } = await authority.server(['contoso.azurecr.io', '127.0.0.1']);
    const leaf = new X509Certificate(certificate);
    const root = new X509Certificate(authority.certificate);

    expect(root.ca).toBe(true);
    expect(leaf.ca).toBe(false);
    expect(leaf.checkIssued(root)).toBe(true);
    expect(leaf.verify(root.publicKey)).toBe(true);
    expect(leaf.checkHost('contoso.azurecr.io')).toBe('contoso.azurecr.io');
    expect(leaf.checkHost('fabrikam.azurecr.io')).toBeUndefined();
    expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1');
  });

  it('signs for the same names once', async () => {
    const authority = await createAuthority('Test authority');
    const first = await authority.server(['a.test']);
    expect(await authority.server(['a.test'])).toEqual(first);
    const others = [
      await authority.server(['b.test']),
      await authority.server(['a.test'], { expired: true }),
    ];
    for (const other of others) expect(other.certificate).not.toBe(first.certificate);
  });

  it('gives a day, no more', async () => {
    const authority = await createAuthority('Test authority');
    const { certificate } = await authority.server(['a.test']);
    for (const pem of [certificate, authority.certificate]) {
      const hours = (Date.parse(new X509Certificate(pem).validTo) - Date.now()) / 3_600_000;
      expect(hours).toBeGreaterThan(23);
      expect(hours).toBeLessThanOrEqual(24);
    }
  });

  it('puts the user into CN and each group into an O of its own', async () => {
    const authority = await createAuthority('Test authority');
    const { certificate } = await authority.client('masterclient', ['system:masters', 'other']);
    expect(new X509Certificate(certificate).subject.split('\n').sort()).toEqual([
      'CN=masterclient',
      'O=other',
      'O=system:masters',
    ]);
  });

  it('knows its own certificates from those of an authority of the same name', async () => {
    const [mine, other] = await Promise.all([createAuthority('Same name'), createAuthority('Same name')]);
    const { certificate } = await mine.client('user', []);
    expect(mine.signed(new X509Certificate(certificate))).toBe(true);
    expect(other.signed(new X509Certificate(certificate))).toBe(false);
  });

  it('makes client certificates that a TLS server verifies, and whose keys fit', async () => {
    const authority = await createAuthority('Test authority');
    const [server, client] = await Promise.all([
      authority.server(['api.test']),
      authority.client('user', ['group']),
    ]);
    const seen = await new Promise<{ authorized: boolean; name: string }>((resolve, reject) => {
      const listener = createServer(
        {
          cert: server.certificate,
          key: server.key,
          ca: authority.certificate,
          requestCert: true,
          rejectUnauthorized: false,
        },
        (socket: TLSSocket) => {
          const { CN } = socket.getPeerCertificate().subject;
          resolve({ authorized: socket.authorized, name: String(CN) });
          socket.destroy();
          listener.close();
        },
      );
      listener.listen(0, '127.0.0.1', () => {
        const socket = connect({
          port: (listener.address() as AddressInfo).port,
          host: '127.0.0.1',
          servername: 'api.test',
          ca: authority.certificate,
          cert: client.certificate,
          key: client.key,
        });
        socket.on('error', reject);
        // TLS 1.3: the server sees the certificate only once the client has read on.
        socket.resume();
      });
    });
    expect(seen).toEqual({ authorized: true, name: 'user' });
  });
});
