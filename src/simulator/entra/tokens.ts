/** Access tokens of the simulated directory: RS256 JWTs that nobody else can make. */
import { constants, createPublicKey, createSign, createVerify, generateKeyPair } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { TokenClaims, TokenIssuer, TokenProblem } from '../context.js';
import { CLOUDS } from '../cloud/clouds.js';
import { groupsHolding } from '../cloud/directory.js';
import { stableHex } from '../cloud/ids.js';
import type { CloudState, Principal } from '../cloud/model.js';

/** Entra's lifetimes vary from 60 to 90 minutes; the shortest is what clients must bear. */
const DEFAULT_LIFETIME_S = 3600;

/** A public key as a JWKS document holds it. */
export interface PublicJwk {
  kty: 'RSA';
  use: 'sig';
  alg: 'RS256';
  kid: string;
  n: string;
  e: string;
}

/** A key that signs JWTs, made anew at every start. */
export interface SigningKey {
  readonly jwk: PublicJwk;
  sign(claims: object): string;
  /** The claims of a token signed by this key, whatever they say; undefined when it isn't. */
  open(token: string): Record<string, unknown> | undefined;
}

export async function createSigningKey(name: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const { n = '', e = '' } = createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })).export({
    format: 'jwk',
  }) as { n?: string; e?: string };
  const kid = stableHex(40, name, n);
  const header = encoded({ typ: 'JWT', alg: 'RS256', x5t: kid, kid });
  return {
    jwk: { kty: 'RSA', use: 'sig', alg: 'RS256', kid, n, e },
    sign(claims) {
      const signed = `${header}.${encoded(claims)}`;
      return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`;
    },
    open: (token) => (isSignedBy(token, publicKey) ? claimsOf(token) : undefined),
  };
}

/** The claims that a token makes, unverified; undefined when it is no JWT. */
export function claimsOf(token: string): Record<string, unknown> | undefined {
  return decoded(token.split('.')[1]);
}

/** A token's header, unverified; undefined when it is no JWT. */
export function headerOf(token: string): Record<string, unknown> | undefined {
  return decoded(token.split('.')[0]);
}

function decoded(part: string | undefined): Record<string, unknown> | undefined {
  if (part === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The directory's access tokens. Claims are those of version 1.0 tokens, which ARM, the registries and AKS ask for
 * (https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference).
 *
 * @param now milliseconds since the epoch
 */
export async function createTokenIssuer(
  state: CloudState,
  now: () => number,
  signing?: SigningKey,
): Promise<TokenIssuer & { readonly jwk: PublicJwk }> {
  const key = signing ?? (await createSigningKey('entra'));
  const issuer = `${CLOUDS[state.cloud].tokenIssuer}/${state.tenantId}/`;
  return {
    jwk: key.jwk,
    issue(principal, audience, lifetimeSeconds = DEFAULT_LIFETIME_S) {
      const seconds = Math.floor(now() / 1000);
      const groups = groupsHolding(state, principal.objectId);
      return key.sign({
        aud: audience,
        iss: issuer,
        iat: seconds,
        nbf: seconds,
        exp: seconds + lifetimeSeconds,
        appid: principal.clientId,
        idp: issuer,
        oid: principal.objectId,
        sub: principal.objectId,
        tid: state.tenantId,
        ...callerClaims(principal),
        // Real tokens of applications hold groups only where the resource asks for them; the AKS server application does.
        ...(groups.length === 0 ? {} : { groups }),
        ver: '1.0',
      });
    },
    reissue(token, { audience, lifetimeSeconds, skewMs = 0 }) {
      const claims = key.open(token);
      if (claims === undefined || claims.iss !== issuer) return undefined;
      const skew = Math.round(skewMs / 1000);
      const from = Number(claims.iat) + skew;
      const lifetime = lifetimeSeconds ?? Number(claims.exp) - Number(claims.iat);
      // One that has expired was issued longer ago than it lives.
      const issued = lifetime < 0 ? from + lifetime - DEFAULT_LIFETIME_S : from;
      return key.sign({
        ...claims,
        aud: audience ?? claims.aud,
        iat: issued,
        nbf: issued,
        exp: from + lifetime,
      });
    },
    verify(token, audiences) {
      const refuse = (kind: TokenProblem, problem: string) => ({ kind, problem });
      const said = claimsOf(token);
      if (said === undefined) return refuse('malformed', 'it is not a JSON web token');
      const claims = key.open(token);
      if (claims === undefined || claims.iss !== issuer)
        return refuse('signature', 'it is not signed by this directory');
      const known = readClaims(claims);
      if (!audiences.some((audience) => sameAudience(audience, known.aud)))
        return refuse('audience', `it is for the audience ${known.aud}`);
      if (known.exp * 1000 <= now())
        return refuse('expired', `it expired at ${new Date(known.exp * 1000).toISOString()}`);
      return { claims: known };
    },
  };
}

function callerClaims(principal: Principal): object {
  if (principal.kind === 'user')
    return {
      idtyp: 'user',
      name: principal.name,
      unique_name: principal.name,
      upn: principal.name,
      appidacr: '0',
    };
  return { idtyp: 'app', appidacr: principal.secrets.length > 0 ? '1' : '2' };
}

/** The claims of a token this directory signed itself, so their types are known. */
function readClaims(claims: Record<string, unknown>): TokenClaims {
  const text = (name: string): string => String(claims[name]);
  return {
    aud: text('aud'),
    iss: text('iss'),
    tid: text('tid'),
    oid: text('oid'),
    appid: text('appid'),
    exp: Number(claims.exp),
    groups: Array.isArray(claims.groups) ? claims.groups.map(String) : [],
  };
}

/** Audiences are asked for with and without a closing slash, and mean the same. */
function sameAudience(one: string, other: string): boolean {
  const bare = (audience: string): string => audience.replace(/\/+$/, '').toLowerCase();
  return bare(one) === bare(other);
}

/** Whether an RSA key signed a token, by the algorithm that its header names: RS256, or PS256 as MSAL signs by certificates. */
export function isSignedBy(token: string, publicKey: KeyObject): boolean {
  const parts = token.split('.');
  const [header, payload, signature] = parts;
  if (parts.length !== 3 || header === undefined || payload === undefined || signature === undefined)
    return false;
  const { alg } = headerOf(token) ?? {};
  if (publicKey.asymmetricKeyType !== 'rsa' || (alg !== 'RS256' && alg !== 'PS256')) return false;
  const padding =
    alg === 'PS256'
      ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
      : { padding: constants.RSA_PKCS1_PADDING };
  return createVerify('RSA-SHA256')
    .update(`${header}.${payload}`)
    .verify({ key: publicKey, ...padding }, Buffer.from(signature, 'base64url'));
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
