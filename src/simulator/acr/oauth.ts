/** A registry's token endpoints: /oauth2/exchange and /oauth2/token (recordings: acr.dataplane.json, acr.abac.recording.json). */
import { resourceManagerAudiences } from '../cloud/clouds.js';
import type { SimulatorContext } from '../context.js';
import type { Principal, Registry } from '../cloud/model.js';
import type { Answer, Exchange } from '../net/exchange.js';
import { NotModelled } from '../net/exchange.js';
import { errorMessage, issued, refused } from './answers.js';
import type { Scope } from './answers.js';
import { grantedAccess, parseScope, rightsAtRegistry } from './rights.js';
import type { RegistryTokens } from './tokens.js';

/** The user name that goes with a refresh token as password (learn.microsoft.com container-registry-authentication). */
const TOKEN_USER = '00000000-0000-0000-0000-000000000000';

/** Audiences of Entra tokens: the registry's own, and ARM's while the registry accepts it. */
const REGISTRY_AUDIENCES = ['https://containerregistry.azure.net', 'https://containerregistry.azure.net/'];

/**
 * Grants of the exchange: the Azure CLI sends the first (recording), the kubelet's credential provider the second
 * (github.com/kubernetes-sigs/cloud-provider-azure pkg/credentialprovider/azure_acr_helper.go).
 */
const EXCHANGE_GRANTS = ['access_token', 'access_token_refresh_token'];

/** Who holds a refresh token, as the token endpoint needs it. */
interface Holder {
  objectId: string;
  appId: string;
  permissions: string[];
}

/** POST /oauth2/exchange: an Entra access token for a refresh token of the registry. */
export function exchangeToken(
  context: SimulatorContext,
  tokens: RegistryTokens,
  registry: Registry,
  exchange: Exchange,
): Answer {
  const form = new URLSearchParams(exchange.body.toString());
  const grant = form.get('grant_type') ?? '';
  if (!EXCHANGE_GRANTS.includes(grant)) throw new NotModelled(`oauth2/exchange with grant_type ${grant}`);
  const audiences = [
    ...REGISTRY_AUDIENCES,
    ...(registry.armAudienceTokens === 'enabled' ? resourceManagerAudiences(context.state) : []),
  ];
  const verified = context.tokens.verify(form.get('access_token') ?? '', audiences);
  if ('problem' in verified) {
    exchange.note.verdict = `refused: ${verified.problem}`;
    return refused(401, errorMessage('TOKEN_INVALID'));
  }
  const { oid, appid, tid } = verified.claims;
  exchange.note.caller = nameOf(context, oid);
  const rights = rightsAtRegistry(context, registry, oid);
  exchange.note.verdict = rights.why;
  if (!rights.any) return refused(401, errorMessage('UNAUTHORIZED'));
  return issued({
    refresh_token: tokens.refresh(registry, {
      objectId: oid,
      appId: appid,
      tenant: tid,
      permissions: rights.permissions,
    }),
  });
}

/**
 * GET or POST /oauth2/token: an access token for the asked scopes, holding the part of them there is a right to.
 * Assumption: like other token servers it issues a token with fewer actions, even none, rather than refuse; the
 * repository then answers `insufficient_scope`, which is what Microsoft's troubleshooting page shows for a wrong role.
 */
export function grantToken(
  context: SimulatorContext,
  tokens: RegistryTokens,
  registry: Registry,
  exchange: Exchange,
): Answer {
  const form =
    exchange.method === 'POST' ? new URLSearchParams(exchange.body.toString()) : exchange.url.searchParams;
  const scopes = form
    .getAll('scope')
    .flatMap((value) => value.split(' '))
    .map(parseScope)
    .filter((scope): scope is Scope => scope !== undefined);
  const offered = credentialsOf(exchange, form);
  if (offered === undefined) return anonymousToken(tokens, registry, exchange, scopes);

  const holder = holderOf(context, tokens, registry, offered);
  if (holder === undefined) {
    exchange.note.verdict = 'refused: the credential is not valid here';
    return refused(401, errorMessage('UNAUTHORIZED'));
  }
  exchange.note.caller = nameOf(context, holder.objectId);
  const { access, why } = grantedAccess(context, registry, holder.objectId, holder.permissions, scopes);
  exchange.note.verdict = `granted ${access.map((entry) => `${entry.Name}:${entry.Actions.join(',')}`).join(' ') || 'nothing'}${why ? ` (${why})` : ''}`;
  const access_token = tokens.access(registry, { objectId: holder.objectId, appId: holder.appId, access });
  // A password grant gets the refresh token back too, a refresh_token grant doesn't (recording: acr.dataplane.json).
  return issued(
    offered.kind === 'password' && offered.user === TOKEN_USER
      ? { access_token, refresh_token: offered.secret }
      : { access_token },
  );
}

interface OfferedCredential {
  kind: 'refresh_token' | 'password';
  user: string;
  secret: string;
}

function credentialsOf(exchange: Exchange, form: URLSearchParams): OfferedCredential | undefined {
  if (exchange.method === 'POST') {
    const grant = form.get('grant_type') ?? '';
    if (grant === 'refresh_token')
      return { kind: 'refresh_token', user: TOKEN_USER, secret: form.get('refresh_token') ?? '' };
    if (grant === 'password')
      return { kind: 'password', user: form.get('username') ?? '', secret: form.get('password') ?? '' };
    throw new NotModelled(`oauth2/token with grant_type ${grant}`);
  }
  const [scheme = '', value = ''] = (exchange.headers['authorization'] ?? '').split(' ');
  if (scheme.toLowerCase() !== 'basic') return undefined;
  const decoded = Buffer.from(value, 'base64').toString();
  const colon = decoded.indexOf(':');
  return { kind: 'password', user: decoded.slice(0, colon), secret: decoded.slice(colon + 1) };
}

function holderOf(
  context: SimulatorContext,
  tokens: RegistryTokens,
  registry: Registry,
  offered: OfferedCredential,
): Holder | undefined {
  if (offered.user === TOKEN_USER) {
    const claims = tokens.readRefresh(registry, offered.secret);
    if (typeof claims === 'string') return undefined;
    return { objectId: claims.sub, appId: claims.appid, permissions: claims.permissions.Actions };
  }
  // A service principal may sign in with its application id and secret (learn.microsoft.com container-registry-auth-service-principal).
  const principal = context.state.principals.find(
    (one) => one.clientId === offered.user && one.secrets.includes(offered.secret),
  );
  if (principal === undefined) return undefined;
  const rights = rightsAtRegistry(context, registry, principal.objectId);
  return rights.any
    ? { objectId: principal.objectId, appId: principal.clientId, permissions: rights.permissions }
    : undefined;
}

/** Without credentials: pull only, and only where the registry is open (learn.microsoft.com anonymous-pull-access). */
function anonymousToken(
  tokens: RegistryTokens,
  registry: Registry,
  exchange: Exchange,
  scopes: Scope[],
): Answer {
  exchange.note.caller = 'anonymous';
  if (!registry.anonymousPullEnabled) {
    exchange.note.verdict = 'refused: anonymous pull is off';
    return refused(401, errorMessage('UNAUTHORIZED'));
  }
  const access = scopes
    .filter((scope) => scope.type === 'repository' && scope.actions.includes('pull'))
    .map((scope) => ({ Type: scope.type, Name: scope.name, Actions: ['pull'] }));
  exchange.note.verdict = 'anonymous pull is on';
  return issued({ access_token: tokens.access(registry, { objectId: 'anonymous', access }) });
}

/** How scenarios and the request log name a principal. */
export function nameOf(context: SimulatorContext, objectId: string): string {
  const principal: Principal | undefined = context.state.principals.find((one) => one.objectId === objectId);
  return principal?.name ?? objectId;
}
