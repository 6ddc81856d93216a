/**
 * Azure's own clients, unmodified, in a process of their own: they find the simulated cloud by HTTPS_PROXY and
 * NODE_EXTRA_CA_CERTS alone. Takes what to do as JSON on standard input, writes what came of it to standard output.
 */
import { AuthorizationManagementClient } from '@azure/arm-authorization';
import { ClientAssertionCredential, ClientSecretCredential } from '@azure/identity';

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { tenantId, clientId, secret, assertion, subscription, scope, name, grant } = JSON.parse(
  Buffer.concat(chunks).toString('utf8'),
);
const credential =
  secret === undefined
    ? new ClientAssertionCredential(tenantId, clientId, async () => assertion)
    : new ClientSecretCredential(tenantId, clientId, secret);
const client = new AuthorizationManagementClient(credential, subscription, {
  retryOptions: { maxRetries: 0 },
});

async function list(filter) {
  const found = [];
  for await (const one of client.roleAssignments.listForScope(scope, { filter })) found.push(one.name);
  return found;
}

const result = { before: await list(`assignedTo('${grant.principalId}')`) };
try {
  const made = await client.roleAssignments.create(scope, name, grant);
  result.made = { name: made.name, scope: made.scope, principalType: made.principalType };
} catch (error) {
  result.refused = { statusCode: error.statusCode, code: error.code };
}
result.after = await list(`atScope() and assignedTo('${grant.principalId}')`);
process.stdout.write(JSON.stringify(result));
