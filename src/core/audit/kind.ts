/** What a credential is, from its user name and, of a token, its claims. Pure. */
import { asNumber, asText, at, optional, parseJson } from '../json.js';
import type { HeldCredential } from './docker-config.js';
import type { CredentialKind } from './model.js';

/** The user name that goes with a token of the registry (learn.microsoft.com, container-registry-authentication). */
export const TOKEN_USER = '00000000-0000-0000-0000-000000000000';

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Names of repository-scoped tokens (Azure/azure-rest-api-specs, containerregistry.json: tokenName). */
const TOKEN_NAME = /^[a-z0-9][a-z0-9-]{4,49}$/i;
/** The last instant that JavaScript's dates know, in seconds. */
const LAST_SECOND = 8.64e12;

export interface Classified {
  kind: CredentialKind;
  /** The user name, unless it may be a secret itself. */
  user?: string;
  /** Milliseconds since the epoch. */
  expiresOn?: number;
}

/**
 * Sorts a credential. A registry takes four kinds of user names, so what is neither the zero GUID, nor another GUID, nor
 * the registry's own name is a token's name; what could not be one either is unknown, and its user name isn't told.
 */
export function classify(
  held: Pick<HeldCredential, 'username' | 'password'>,
  registryName: string,
): Classified {
  const { username, password } = held;
  const user = username.toLowerCase();
  if (user === TOKEN_USER) {
    const token = refreshToken(password.reveal());
    return token === undefined ? { kind: 'unknown', user } : { kind: 'expose-token', user, ...token };
  }
  if (password.isIn(username)) return { kind: 'unknown' };
  if (GUID.test(user)) return { kind: 'service-principal', user };
  if (user === registryName.toLowerCase()) return { kind: 'admin-user', user: username };
  if (TOKEN_NAME.test(username)) return { kind: 'repository-token', user: username };
  return { kind: 'unknown' };
}

/** When a registry's refresh token ends (recording: acr.dataplane.json); undefined for what is none. */
function refreshToken(text: string): { expiresOn?: number } | undefined {
  const [, payload = '', signature] = text.split('.');
  if (signature === undefined) return undefined;
  const claims = parseJson(Buffer.from(payload, 'base64url').toString('utf8'));
  if (asText(at(claims, 'grant_type')) !== 'refresh_token') return undefined;
  const seconds = asNumber(at(claims, 'exp'));
  const inDates = seconds !== undefined && Math.abs(seconds) <= LAST_SECOND;
  return optional('expiresOn', inDates ? seconds * 1000 : undefined);
}
