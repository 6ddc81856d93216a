/**
 * A certificate authority that lives in memory: its key never leaves the process, and nothing it signs
 * outlives a day.
 */
import 'reflect-metadata';
import { createPublicKey, webcrypto } from 'node:crypto';
import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import type { Certificate, CertificateAuthority } from '../context.js';

/** P-256 with SHA-256: understood by Node, Go, Python's OpenSSL and every client of theirs, and quick to make. */
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

const HOUR_MS = 3_600_000;
const LIFETIME_MS = 24 * HOUR_MS;
/** Certificates begin a little in the past, for clients whose clock is behind. */
const CLOCK_SLACK_MS = HOUR_MS;

let everywhere: Promise<CertificateAuthority> | undefined;

/** The authority of public names: one for all simulated clouds of a process, as there is one internet. */
export function publicAuthority(): Promise<CertificateAuthority> {
  return (everywhere ??= createAuthority('Simulated public authority'));
}

/**
 * Makes an authority with a new key. What it signs for a server's names is signed once.
 *
 * @param name its common name, as shown by clients that look at the chain
 */
export async function createAuthority(name: string): Promise<CertificateAuthority> {
  const keys = await newKeys();
  const root = await x509.X509CertificateGenerator.createSelfSigned(
    {
      ...lifetime(),
      serialNumber: serialNumber(),
      name: new x509.Name([{ CN: [name] }]),
      keys,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  const certificate = root.toString('pem');
  const publicKey = createPublicKey(certificate);
  const ofEveryLeaf = [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
  ];

  const issue = async (
    subject: x509.Name,
    extensions: x509.Extension[],
    validity = lifetime(),
  ): Promise<Certificate> => {
    const leafKeys = await newKeys();
    const leaf = await x509.X509CertificateGenerator.create(
      {
        ...validity,
        serialNumber: serialNumber(),
        subject,
        issuer: root.subjectName,
        publicKey: leafKeys.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ALGORITHM,
        extensions: [
          ...ofEveryLeaf,
          await x509.SubjectKeyIdentifierExtension.create(leafKeys.publicKey, false, webcrypto),
          ...extensions,
        ],
      },
      webcrypto,
    );
    const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', leafKeys.privateKey);
    return { certificate: leaf.toString('pem'), key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') };
  };

  const issueServer = (hosts: readonly string[], expired: boolean): Promise<Certificate> =>
    issue(
      new x509.Name([{ CN: [hosts[0] ?? 'localhost'] }]),
      [
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(
          hosts.map((host) => ({ type: isIP(host) === 0 ? 'dns' : 'ip', value: host })),
        ),
      ],
      expired ? past() : lifetime(),
    );
  const servers = new Map<string, Promise<Certificate>>();

  return {
    certificate,
    server(hosts, { expired = false } = {}) {
      const which = `${hosts.join()} ${expired}`;
      const known = servers.get(which) ?? issueServer(hosts, expired);
      servers.set(which, known);
      return known;
    },
    // One relative name for each organization: Kubernetes reads every O as a group
    // (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#x509-client-certificates).
    client: (commonName, organizations) =>
      issue(new x509.Name([...organizations.map((o) => ({ O: [o] })), { CN: [commonName] }]), [
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
      ]),
    signed: (candidate: X509Certificate) => candidate.verify(publicKey),
  };
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

function lifetime(): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - CLOCK_SLACK_MS), notAfter: new Date(now + LIFETIME_MS) };
}

/** A day that ended an hour ago. */
function past(): { notBefore: Date; notAfter: Date } {
  const end = Date.now() - HOUR_MS;
  return { notBefore: new Date(end - LIFETIME_MS), notAfter: new Date(end) };
}

/** 16 random bytes with the top bit clear and the next one set: positive, and never with a leading zero. */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}
