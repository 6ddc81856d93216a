/**
 * Azure's own credentials, unmodified, in a process of their own: they find the simulated cloud by HTTPS_PROXY,
 * NODE_EXTRA_CA_CERTS and AZURE_POD_IDENTITY_AUTHORITY_HOST alone. Takes what to do as JSON on standard input, writes what
 * came of it to standard output.
 */
import * as identity from '@azure/identity';

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { kind, parameters, options, scope } = JSON.parse(Buffer.concat(chunks).toString('utf8'));
const made = {
  secret: ([tenantId, clientId, secret]) =>
    new identity.ClientSecretCredential(tenantId, clientId, secret, options),
  certificate: ([tenantId, clientId, certificate]) =>
    new identity.ClientCertificateCredential(tenantId, clientId, { certificate }, options),
  assertion: ([tenantId, clientId, assertion]) =>
    new identity.ClientAssertionCredential(tenantId, clientId, async () => assertion, options),
  'workload-identity': ([tenantId, clientId, tokenFilePath]) =>
    new identity.WorkloadIdentityCredential({ tenantId, clientId, tokenFilePath, ...options }),
  'managed-identity': ([clientId]) => new identity.ManagedIdentityCredential({ clientId, ...options }),
};
try {
  const { token } = await made[kind](parameters).getToken(scope);
  process.stdout.write(JSON.stringify({ token }));
} catch (error) {
  process.stdout.write(JSON.stringify({ refused: error.message }));
}
