/** A registry's own tokens: RS256 JWTs with the claims of real ones (recording: acr.dataplane.json, decoded). */
import type { KeyObject } from 'node:crypto';
import { createHash, generateKeyPair, randomBytes, randomUUID, sign, verify } from 'node:crypto';
import { promisify } from 'node:util';
import type { RegistryHost } from '../cloud/model.js';

/** One entry of an access token's `access` claim. */
export interface AccessEntry {
  Type: string;
  Name: string;
  Actions: string[];
}

/** Claims that refresh and access tokens share. */
interface CommonClaims {
  jti: string;
  sub: string;
  nbf: number;
  exp: number;
  iat: number;
  iss: string;
  /** The login server. */
  aud: string;
  version: string;
  rid: string;
  roles: string[];
}

export interface RefreshClaims extends CommonClaims {
  grant_type: 'refresh_token';
  /** Application id of the principal. */
  appid: string;
  tenant: string;
  permissions: { Actions: string[]; NotActions: null };
}

export interface AccessClaims extends CommonClaims {
  grant_type: 'access_token';
  appid?: string;
  access: AccessEntry[];
}

/** Seconds between `iat` and `exp` (recording: acr.dataplane.json). */
const LIFETIMES = { refresh_token: 11_700, access_token: 4_500 } as const;
const ISSUER = 'Azure Container Registry';

/** Why a token isn't accepted, in the challenge's words. */
export type TokenProblem = 'malformed_token' | 'invalid_token';

/** Signs and reads the tokens of the simulated registries. */
export interface RegistryTokens {
  refresh(
    registry: RegistryHost,
    subject: { objectId: string; appId: string; tenant: string; permissions: string[] },
  ): string;
  access(
    registry: RegistryHost,
    subject: { objectId: string; appId?: string; access: AccessEntry[] },
  ): string;
  readRefresh(registry: RegistryHost, token: string): RefreshClaims | TokenProblem;
  readAccess(registry: RegistryHost, token: string): AccessClaims | TokenProblem;
}

const makeKeys = promisify(generateKeyPair);
let keys: Promise<{ privateKey: KeyObject; publicKey: KeyObject }> | undefined;

/** Makes the signing key, off the main thread and once in a process: it takes some 100 ms. */
export async function createRegistryTokens(now: () => number): Promise<RegistryTokens> {
  keys ??= makeKeys('rsa', { modulusLength: 2048 });
  const { privateKey, publicKey } = await keys;
  const id = keyId();

  const issue = (
    registry: RegistryHost,
    kind: 'refresh_token' | 'access_token',
    subject: string,
    claims: object,
  ): string => {
    const iat = Math.floor(now() / 1000);
    const payload = {
      jti: randomUUID(),
      sub: subject,
      nbf: iat,
      exp: iat + LIFETIMES[kind],
      iat,
      iss: ISSUER,
      aud: registry.loginServer,
      version: '1.0',
      rid: createHash('md5').update(registry.loginServer).digest('hex'),
      grant_type: kind,
      roles: [],
      ...claims,
    };
    const signed = `${base64url({ alg: 'RS256', typ: 'JWT', kid: id })}.${base64url(payload)}`;
    return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`;
  };

  const read = (registry: RegistryHost, kind: string, token: string): CommonClaims | TokenProblem => {
    const [header, payload, signature, ...rest] = token.split('.');
    if (!header || !payload || !signature || rest.length > 0) return 'malformed_token';
    const good = verify(
      'sha256',
      Buffer.from(`${header}.${payload}`),
      publicKey,
      Buffer.from(signature, 'base64url'),
    );
    if (!good) return 'invalid_token';
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as CommonClaims & {
      grant_type: string;
    };
    const fits =
      claims.aud === registry.loginServer && claims.grant_type === kind && claims.exp * 1000 > now();
    return fits ? claims : 'invalid_token';
  };

  return {
    refresh: (registry, subject) =>
      issue(registry, 'refresh_token', subject.objectId, {
        appid: subject.appId,
        tenant: subject.tenant,
        permissions: { Actions: subject.permissions, NotActions: null },
      }),
    access: (registry, subject) =>
      issue(registry, 'access_token', subject.objectId, {
        access: subject.access,
        ...(subject.appId === undefined ? {} : { appid: subject.appId }),
      }),
    readRefresh: (registry, token) => read(registry, 'refresh_token', token) as RefreshClaims | TokenProblem,
    readAccess: (registry, token) => read(registry, 'access_token', token) as AccessClaims | TokenProblem,
  };
}

/** Twelve groups of four letters and digits, the form of the recorded `kid`s. */
function keyId(): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const letters = [...randomBytes(48)].map((byte) => alphabet.charAt(byte % alphabet.length)).join('');
  return (letters.match(/.{4}/g) ?? []).join(':');
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
