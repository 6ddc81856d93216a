/** Certificate authorities that a machine trusts besides those that Node brings. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, rootCertificates } from 'node:tls';
import type { SecureContext } from 'node:tls';

/** A file of certificates that can't be used. */
export class UnusableAuthorities extends Error {
  override readonly name = 'UnusableAuthorities';
}

/**
 * What to trust where SSL_CERT_FILE names authorities: Node's own, those of NODE_EXTRA_CA_CERTS, and those. Node itself
 * knows the first two; named ones replace them (https://nodejs.org/api/tls.html#tlscreatesecurecontextoptions), so they are
 * named again. SSL_CERT_FILE is what OpenSSL, Go and curl read; here it adds to the others and replaces none.
 *
 * @returns undefined where it names none, or the file that Node reads already: then Node decides
 * @throws {UnusableAuthorities} when a file can't be read, or holds something else
 */
export function authoritiesOf(environment: NodeJS.ProcessEnv): SecureContext | undefined {
  const { SSL_CERT_FILE: named = '', NODE_EXTRA_CA_CERTS: extra = '' } = environment;
  if (named === '' || named === extra) return undefined;
  const files = { SSL_CERT_FILE: named, ...(extra === '' ? {} : { NODE_EXTRA_CA_CERTS: extra }) };
  try {
    const ca = Object.values(files).map((file) => {
      const pem = readFileSync(file, 'utf8');
      // A context is made of anything, and then trusts nothing of it.
      new X509Certificate(pem);
      return pem;
    });
    return createSecureContext({ ca: [...rootCertificates, ...ca] });
  } catch (error) {
    const what = Object.entries(files).map(([variable, file]) => `${variable} (${file})`);
    throw new UnusableAuthorities(`${what.join(' or ')} can't be read as certificates`, { cause: error });
  }
}
