/** The credentials a kubelet tries for an image: pull secrets, then its credential provider. */
import type { SimulatorContext } from '../context.js';
import type { ManagedCluster } from '../cloud/model.js';
import type { Secret } from './objects.js';
import type { ImageReference } from './references.js';

/** What is offered to a registry. Both empty: an anonymous attempt. */
export interface Credential {
  username: string;
  password: string;
}

/** The user name that goes with a refresh token (github.com/kubernetes-sigs/cloud-provider-azure azure_acr_helper.go). */
const TOKEN_USER = '00000000-0000-0000-0000-000000000000';

/** Images that AKS nodes ask the provider for: azure_credentials.go, containerRegistryUrls. */
const PROVIDER_SUFFIXES = ['.azurecr.io', '.azurecr.cn', '.azurecr.de', '.azurecr.us'];

/** azure_credentials.go: AcrAudience. Older node images asked for ARM's audience. */
const REGISTRY_AUDIENCE = 'https://containerregistry.azure.net';

const ANONYMOUS: Credential = { username: '', password: '' };

/**
 * What the ACR credential provider answers for a registry: the exchanged token and, always beside it, an empty
 * credential that makes the kubelet try once more anonymously (azure_credentials.go, GetCredentials). Nothing when
 * the name isn't its business or when anything fails: the kubelet logs that on the node and goes on without.
 * The five minutes for which kubelets keep its answer are left out, so every pull shows the rights of its moment.
 */
export async function providerCredentials(
  context: SimulatorContext,
  cluster: ManagedCluster,
  reference: ImageReference,
  signal: AbortSignal,
): Promise<Credential[]> {
  const { host } = reference;
  if (!PROVIDER_SUFFIXES.some((suffix) => host.endsWith(suffix))) return [];
  if (cluster.kubeletIdentity === undefined) return servicePrincipalCredentials(context, cluster);
  const { objectId } = cluster.kubeletIdentity;
  const principal = context.state.principals.find((one) => one.objectId === objectId);
  if (principal === undefined) return [];
  try {
    const found = await context.dial(`https://${host}/v2/`, { signal });
    const parameters = challengeParameters(found.headers['www-authenticate'] ?? '');
    if (found.status !== 401 || parameters === undefined) return [];
    const realm = new URL(parameters['realm'] ?? '');
    const token = context.tokens.issue(principal, REGISTRY_AUDIENCE);
    const exchanged = await context.dial(`${realm.origin}/oauth2/exchange`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        access_token: token,
        grant_type: 'access_token_refresh_token',
        refresh_token: token,
        service: parameters['service'] ?? '',
        tenant: context.state.tenantId,
      }).toString(),
      signal,
    });
    if (exchanged.status !== 200) return [];
    const { refresh_token: password } = JSON.parse(exchanged.body.toString()) as { refresh_token?: string };
    return password === undefined ? [] : [{ username: TOKEN_USER, password }, ANONYMOUS];
  } catch {
    // The provider's failure is a line in the kubelet's log and nothing else (capture: events-provider-fail.json).
    return [];
  }
}

/** A cluster with a service principal hands its id and secret to the registry as they are. */
function servicePrincipalCredentials(context: SimulatorContext, cluster: ManagedCluster): Credential[] {
  const principal = context.state.principals.find((one) => one.clientId === cluster.servicePrincipalClientId);
  const [secret] = principal?.secrets ?? [];
  return principal === undefined || secret === undefined
    ? []
    : [{ username: principal.clientId, password: secret }, ANONYMOUS];
}

/** Credentials for a registry in a secret of type kubernetes.io/dockerconfigjson. */
export function secretCredentials(secret: Secret, host: string): Credential[] {
  const encoded = secret.data?.['.dockerconfigjson'];
  if (encoded === undefined) return [];
  try {
    const config = JSON.parse(Buffer.from(encoded, 'base64').toString()) as {
      auths?: Record<string, { username?: string; password?: string; auth?: string }>;
    };
    return Object.entries(config.auths ?? {})
      .filter(([name]) => name.replace(/^https?:\/\//, '').split('/')[0] === host)
      .map(([, entry]) => {
        const decoded = Buffer.from(entry.auth ?? '', 'base64').toString();
        const colon = decoded.indexOf(':');
        return {
          username: entry.username ?? decoded.slice(0, Math.max(0, colon)),
          password: entry.password ?? decoded.slice(colon + 1),
        };
      });
  } catch {
    return [];
  }
}

/** Parameters of a Bearer challenge; undefined when it is of another kind. */
export function challengeParameters(header: string): Record<string, string> | undefined {
  const match = /^Bearer\s+(.*)$/i.exec(header);
  if (!match) return undefined;
  const pairs = [...(match[1] ?? '').matchAll(/(\w+)="([^"]*)"/g)];
  return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value]));
}
