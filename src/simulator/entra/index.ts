/** Entra ID: the documents that clients look up before signing in, and the token endpoint. */
import { createHash, X509Certificate } from 'node:crypto';
import { CLOUDS, resourceManagerAudiences } from '../cloud/clouds.js';
import { principalByClientId } from '../cloud/directory.js';
import type { CloudState, Principal } from '../cloud/model.js';
import { GITHUB_ISSUER } from '../ci/names.js';
import type { TokenIssuer } from '../context.js';
import type { Answer, Exchange, Service } from '../net/exchange.js';
import { NotModelled } from '../net/exchange.js';
import { findRoute, modelledRoutes } from '../routes.js';
import type { RouteRow } from '../routes.js';
import { refusalAnswer, SignInRefused } from './errors.js';
import { claimsOf, headerOf, isSignedBy } from './tokens.js';
import type { PublicJwk, SigningKey } from './tokens.js';

/** Resources with one audience in every cloud: the registries, and the AKS server application (github.com/Azure/kubelogin README). */
const RESOURCES = ['https://containerregistry.azure.net', '6dae42f8-4368-4678-94ff-3960e28e3630'];

/** Resources of the tenant that tokens can be asked for. Entra gives the audience as it was asked for. */
function isResource(state: CloudState, resource: string): boolean {
  const { microsoftGraph } = CLOUDS[state.cloud];
  const known = [...RESOURCES, ...resourceManagerAudiences(state), `https://${microsoftGraph}`];
  return known.includes(resource.replace(/\/$/, '').toLowerCase());
}

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const LIFETIME_S = 3600;

interface Parts {
  state: CloudState;
  tokens: TokenIssuer & { readonly jwk: PublicJwk };
  /** The CI systems' keys: federated assertions of other issuers can't be verified here. */
  github: SigningKey;
  /** Signs for both issuers of service connections. That Entra has a key for its own alone is an assumption. */
  azurePipelines: SigningKey;
  /** Milliseconds since the epoch. */
  now: () => number;
}

export function createEntra(parts: Parts): Service {
  return {
    name: 'entra',
    routes: modelledRoutes('entra', ROUTES),
    serves: (host) => hostsOf(parts.state).includes(host),
    async answer(exchange) {
      try {
        return route(parts, exchange);
      } catch (error) {
        if (!(error instanceof SignInRefused)) throw error;
        exchange.note.verdict = `refused: AADSTS${error.code}`;
        return refusalAnswer(error, CLOUDS[parts.state.cloud].login, parts.now());
      }
    },
  };
}

function route(parts: Parts, exchange: Exchange): Answer {
  const { method, url, note } = exchange;
  const found = findRoute(ROUTES, method, url.pathname);
  if (found === undefined) throw new NotModelled('Of the directory, sign-in of applications is.');
  note.route = found.row.name;
  const { tenant } = found.parameters;
  if (tenant !== undefined) {
    if (['common', 'organizations', 'consumers'].includes(tenant))
      throw new NotModelled(`Signing in under "${tenant}" is for people.`);
    if (tenant.toLowerCase() !== parts.state.tenantId.toLowerCase())
      throw new SignInRefused(90002, { tenant });
  }
  return found.row.answer(parts, exchange);
}

interface Route extends RouteRow {
  answer(parts: Parts, exchange: Exchange): Answer;
}

const ROUTES: readonly Route[] = [
  {
    name: 'GET /common/discovery/instance',
    method: 'GET',
    path: '/common/discovery/instance',
    source: 'capture: instance discovery as MSAL reads it',
    answer: ({ state }, { url }) => json(instanceDiscovery(state, url)),
  },
  {
    // Looked up to sign out too, by az, whoever is signed in (capture: azure-cli 2.45).
    name: 'GET /organizations/v2.0/.well-known/openid-configuration',
    method: 'GET',
    path: '/organizations/v2.0/.well-known/openid-configuration',
    source: 'https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc',
    answer: ({ state }) =>
      json({
        ...openIdConfiguration(state, 'organizations'),
        // Written with the braces: whose tenant it is, only a token tells.
        issuer: `https://${CLOUDS[state.cloud].login}/{tenantid}/v2.0`,
        tenant_region_scope: null,
      }),
  },
  {
    name: 'GET /{tenant}/v2.0/.well-known/openid-configuration',
    method: 'GET',
    path: '/{tenant}/v2.0/.well-known/openid-configuration',
    source: 'OpenID Connect discovery 1.0',
    answer: ({ state }) => json(openIdConfiguration(state, state.tenantId)),
  },
  {
    name: 'GET /{tenant}/discovery/v2.0/keys',
    method: 'GET',
    path: '/{tenant}/discovery/v2.0/keys',
    source: 'OpenID Connect discovery 1.0',
    answer: ({ tokens, azurePipelines }) => json({ keys: [tokens.jwk, azurePipelines.jwk] }),
  },
  {
    name: 'POST /{tenant}/oauth2/v2.0/token',
    method: 'POST',
    path: '/{tenant}/oauth2/v2.0/token',
    source: 'https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow',
    answer: token,
  },
];

/** The login host and the other names it goes by. */
function hostsOf({ cloud }: CloudState): string[] {
  return [CLOUDS[cloud].login, ...CLOUDS[cloud].loginAliases];
}

/** capture: instance discovery as MSAL reads it (tenant_discovery_endpoint, api-version, metadata). */
function instanceDiscovery(state: CloudState, url: URL): object {
  const { login, loginCache } = CLOUDS[state.cloud];
  const authorization =
    url.searchParams.get('authorization_endpoint') ?? `https://${login}/common/oauth2/authorize`;
  const tenant = URL.canParse(authorization)
    ? (new URL(authorization).pathname.split('/')[1] ?? 'common')
    : 'common';
  return {
    tenant_discovery_endpoint: `https://${login}/${tenant}/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: [{ preferred_network: login, preferred_cache: loginCache, aliases: hostsOf(state) }],
  };
}

/** OpenID Connect discovery 1.0, with the tenant's endpoints. */
function openIdConfiguration({ cloud }: CloudState, tenant: string): object {
  const { login, microsoftGraph } = CLOUDS[cloud];
  const authority = `https://${login}/${tenant}`;
  return {
    token_endpoint: `${authority}/oauth2/v2.0/token`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    jwks_uri: `${authority}/discovery/v2.0/keys`,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    issuer: `${authority}/v2.0`,
    request_uri_parameter_supported: false,
    authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
    device_authorization_endpoint: `${authority}/oauth2/v2.0/devicecode`,
    end_session_endpoint: `${authority}/oauth2/v2.0/logout`,
    tenant_region_scope: 'EU',
    // The domain of the login host: that it is so in each cloud is an assumption.
    cloud_instance_name: login.replace(/^login\./, ''),
    cloud_graph_host_name: 'graph.windows.net',
    msgraph_host: microsoftGraph,
  };
}

function token(parts: Parts, { body, note }: Exchange): Answer {
  const form = new URLSearchParams(body.toString('utf8'));
  const grant = required(form, 'grant_type');
  if (grant !== 'client_credentials') throw new NotModelled(`The grant "${grant}" isn't.`);
  const client = required(form, 'client_id');
  const { state } = parts;
  // The order in which several faults are told is an assumption.
  const principal = principalByClientId(state, client);
  if (principal === undefined) throw new SignInRefused(700016, { client, tenant: state.tenantId });
  note.caller = principal.name;
  const audience = audienceOf(required(form, 'scope'), state);
  prove(parts, principal, form);
  note.verdict = `signed in for ${audience}`;
  return json({
    token_type: 'Bearer',
    // One second less than the token lives, as recorded.
    expires_in: LIFETIME_S - 1,
    ext_expires_in: LIFETIME_S - 1,
    access_token: parts.tokens.issue(principal, audience, LIFETIME_S),
  });
}

function required(form: URLSearchParams, parameter: string): string {
  const value = form.get(parameter) ?? '';
  if (value === '') throw new SignInRefused(900144, { parameter });
  return value;
}

/** `<resource>/.default` → the resource. A resource that ends in a slash makes a doubled one, and keeps its own. */
function audienceOf(scope: string, state: CloudState): string {
  // MSAL adds these to some requests; they mean nothing for an application.
  const wanted = scope
    .split(/\s+/)
    .filter((one) => !['openid', 'profile', 'offline_access', ''].includes(one));
  const [only = ''] = wanted;
  const resource = /^(.+)\/\.default$/.exec(only)?.[1];
  if (wanted.length !== 1 || resource === undefined) throw new SignInRefused(1002012, { scope });
  if (!isResource(state, resource)) throw new SignInRefused(500011, { resource, tenant: state.tenantId });
  return resource;
}

function prove(parts: Parts, principal: Principal, form: URLSearchParams): void {
  const assertion = form.get('client_assertion');
  if (assertion !== null) {
    if (form.get('client_assertion_type') !== ASSERTION_TYPE)
      throw new SignInRefused(900144, { parameter: 'client_assertion_type' });
    // Its issuer tells who made it: the application itself, or somebody it trusts.
    if (claimsOf(assertion)?.iss === principal.clientId) proveByCertificate(parts, principal, assertion);
    else proveByFederation(parts, principal, assertion);
    return;
  }
  const secret = form.get('client_secret');
  if (secret === null) throw new SignInRefused(7000216);
  if (!principal.secrets.includes(secret)) throw new SignInRefused(7000215, { client: principal.clientId });
}

/** https://learn.microsoft.com/entra/workload-id/workload-identity-federation: issuer, subject and audience must match exactly. */
function proveByFederation(parts: Parts, principal: Principal, assertion: string): void {
  const said = claimsOf(assertion);
  if (said === undefined) throw new SignInRefused(50013);
  const { clientId: client, name, federatedCredentials } = principal;
  if (federatedCredentials.length === 0) throw new SignInRefused(70025, { client, name });
  const [issuer, subject, audience] = [String(said.iss), String(said.sub), String(said.aud)];
  const ofIssuer = federatedCredentials.filter((credential) => credential.issuer === issuer);
  if (ofIssuer.length === 0) throw new SignInRefused(700211, { issuer });
  const ofSubject = ofIssuer.filter((credential) => credential.subject === subject);
  if (ofSubject.length === 0) throw new SignInRefused(700213, { subject });
  if (!ofSubject.some(({ audiences }) => audiences.includes(audience)))
    throw new SignInRefused(700212, { audience });
  const key = keyOf(parts, issuer);
  if (key === undefined) throw new NotModelled(`The keys of the issuer ${issuer} aren't.`);
  if (key.open(assertion) === undefined) throw new SignInRefused(50013);
  refuseOutOfTime(said, parts.now());
}

/**
 * https://learn.microsoft.com/entra/identity-platform/certificate-credentials: the header names the certificate by its
 * thumbprint, `aud` is the token endpoint, `iss` and `sub` are the client id. Which fault is told by which code is an
 * assumption, but for 700027 (a key that isn't registered or didn't sign it) and 700024.
 */
function proveByCertificate({ state, now }: Parts, principal: Principal, assertion: string): void {
  const { clientId: client } = principal;
  const thumbprint = thumbprintOf(assertion);
  const certificate = principal.certificates
    .map((pem) => new X509Certificate(pem))
    .find((one) => thumbprint !== '' && thumbprintsOf(one).includes(thumbprint));
  if (certificate === undefined)
    throw new SignInRefused(700027, { reason: 'The key was not found.', client });
  if (!isSignedBy(assertion, certificate.publicKey))
    throw new SignInRefused(700027, {
      reason: 'The key was found, but use of the key to verify the signature failed.',
      client,
    });
  const said = claimsOf(assertion) ?? {};
  const endpoints = hostsOf(state).map((host) => `https://${host}/${state.tenantId}/oauth2/v2.0/token`);
  if (said.sub !== client) throw new SignInRefused(50048);
  if (!endpoints.includes(String(said.aud))) throw new SignInRefused(50027, { audience: String(said.aud) });
  refuseOutOfTime(said, now());
  const [from, until] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  if (!(from <= now() && now() < until)) throw new SignInRefused(1000502);
}

/** SHA-256 or SHA-1 of the certificate, in base64url, as the header's `x5t#S256` or `x5t` has it. */
function thumbprintOf(assertion: string): string {
  const header = headerOf(assertion) ?? {};
  const named = header['x5t#S256'] ?? header.x5t;
  // MSAL for Python pads it (capture: azure-cli 2.45).
  return typeof named === 'string' ? named.replace(/=+$/, '') : '';
}

function thumbprintsOf({ raw }: X509Certificate): string[] {
  return ['sha256', 'sha1'].map((hash) => createHash(hash).update(raw).digest('base64url'));
}

/** The key that an issuer's assertions must be signed with. */
function keyOf({ state, github, azurePipelines }: Parts, issuer: string): SigningKey | undefined {
  if (issuer === GITHUB_ISSUER) return github;
  return issuer === state.azurePipelines.issuer ? azurePipelines : undefined;
}

/** Clocks differ, and MSAL rounds to the next second: how much Entra bears is an assumption. */
const CLOCK_SLACK_MS = 60_000;

function refuseOutOfTime(said: Record<string, unknown>, at: number): void {
  const [from, until] = [Number(said.nbf) * 1000, Number(said.exp) * 1000];
  // MSAL for Python leaves the beginning out (capture: azure-cli 2.45).
  const hasBegun = said.nbf === undefined || from <= at + CLOCK_SLACK_MS;
  if (!(hasBegun && at < until))
    throw new SignInRefused(700024, { now: precise(at), from: precise(from), until: precise(until) });
}

function precise(ms: number): string {
  return Number.isFinite(ms) ? new Date(ms).toISOString().replace('Z', '0000Z') : 'unknown';
}

function json(body: object): Answer {
  return {
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store, no-cache' },
    body: JSON.stringify(body),
  };
}
