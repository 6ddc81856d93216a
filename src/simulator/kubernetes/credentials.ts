/** The credentials a kubelet tries for an image: pull secrets, then its credential provider. */
import type { SimulatorContext } from '../context.js';
import { stableGuid } from '../cloud/ids.js';
import type { ManagedCluster, NodePool } from '../cloud/model.js';
import type { Secret } from './objects.js';
import type { ImageReference } from './references.js';

/** What is offered to a registry. Both empty: an anonymous attempt. */
export interface Credential {
  username: string;
  password: string;
}

/** The user name that goes with a refresh token (github.com/kubernetes-sigs/cloud-provider-azure azure_acr_helper.go). */
const TOKEN_USER = '00000000-0000-0000-0000-000000000000';

/**
 * Images whose credentials AKS nodes ask the provider for, as their configuration has it (Azure/AgentBaker
 * parts/linux/cloud-init/artifacts/cse_config.sh, matchImages). A star stands for one part of the name at most.
 */
const MATCH_IMAGES = ['io', 'cn', 'de', 'us'].flatMap((end) => [
  `*.azurecr.${end}`,
  `*.*.geo.azurecr.${end}`,
]);

/** For how long a kubelet keeps the provider's answer, by registry (azure_credentials.go: defaultCacheTTL). */
const CACHE_MS = 5 * 60_000;

/** azure_credentials.go: AcrAudience. Older node images asked for ARM's audience. */
const REGISTRY_AUDIENCE = 'https://containerregistry.azure.net';

const ANONYMOUS: Credential = { username: '', password: '' };

/** A kubelet's credential provider, with what the kubelet keeps of its answers. */
export interface CredentialProvider {
  /** What is tried for an image, in order; nothing when the provider has nothing or fails. */
  credentials(reference: ImageReference, signal: AbortSignal): Promise<Credential[]>;
}

/**
 * The provider of one node. Only answers are kept, not failures: an exchange that was refused is tried again with the
 * next pull (kubernetes/kubernetes pkg/credentialprovider/plugin/plugin.go, provide). So a grant works with the first
 * pull after it, and one that was taken away may go on working for five minutes.
 */
export function createCredentialProvider(
  context: SimulatorContext,
  cluster: ManagedCluster,
  pool?: Pick<NodePool, 'heldIdentity'>,
): CredentialProvider {
  const kept = new Map<string, { answer: Credential[]; until: number; as: NodePool['heldIdentity'] }>();
  return {
    async credentials(reference, signal) {
      const { host } = reference;
      if (!matches(host)) return [];
      // Asked each time: nodes that are made anew hold what their pool holds by then, and have kept nothing.
      const heldIdentity = pool?.heldIdentity;
      const known = kept.get(host);
      if (known !== undefined && known.until > context.now() && known.as === heldIdentity)
        return known.answer;
      const answer =
        heldIdentity === undefined
          ? await askProvider(context, cluster, reference, signal)
          : askInstead(heldIdentity);
      if (answer.length > 0) kept.set(host, { answer, until: context.now() + CACHE_MS, as: heldIdentity });
      return answer;
    },
  };
}

/** As a kubelet matches a host: part by part, as many on both sides (pkg/credentialprovider/keyring.go, URLsMatch). */
function matches(host: string): boolean {
  const parts = host.split('.');
  return MATCH_IMAGES.some((pattern) => {
    const wanted = pattern.split('.');
    return wanted.length === parts.length && wanted.every((part, at) => part === '*' || part === parts[at]);
  });
}

/**
 * What the ACR credential provider answers for a registry: the exchanged token and, always beside it, an empty
 * credential that makes the kubelet try once more anonymously (azure_credentials.go, GetCredentials). Nothing when
 * anything fails: the kubelet logs that on the node and goes on without.
 */
async function askProvider(
  context: SimulatorContext,
  cluster: ManagedCluster,
  { host }: ImageReference,
  signal: AbortSignal,
): Promise<Credential[]> {
  if (cluster.kubeletIdentity === undefined) return servicePrincipalCredentials(context, cluster);
  const { objectId } = cluster.kubeletIdentity;
  const principal = context.state.principals.find((one) => one.objectId === objectId);
  if (principal === undefined) return [];
  try {
    const found = await context.dial(`https://${host}/v2/`, { signal }, cluster);
    const parameters = challengeParameters(found.headers['www-authenticate'] ?? '');
    if (found.status !== 401 || parameters === undefined) return [];
    const realm = new URL(parameters['realm'] ?? '');
    const token = context.tokens.issue(principal, REGISTRY_AUDIENCE);
    const exchanged = await context.dial(
      `${realm.origin}/oauth2/exchange`,
      {
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
      },
      cluster,
    );
    if (exchanged.status !== 200) return [];
    const { refresh_token: password } = JSON.parse(exchanged.body.toString()) as { refresh_token?: string };
    return password === undefined ? [] : [{ username: TOKEN_USER, password }, ANONYMOUS];
  } catch {
    // The provider's failure is a line in the kubelet's log and nothing else (capture: events-provider-fail.json).
    return [];
  }
}

/**
 * A node that doesn't hold the cluster's identity. The metadata service gives it no token for that one, so that the
 * provider has nothing (capture: events-provider-fail.json); a former service principal is handed on still, and the
 * registry no longer knows its secret.
 */
function askInstead(held: NonNullable<NodePool['heldIdentity']>): Credential[] {
  return held === 'none'
    ? []
    : [{ username: stableGuid('former service principal'), password: 'no longer good' }, ANONYMOUS];
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
