/** What a pull secret holds, read as a kubelet reads it (kubernetes/kubernetes, pkg/credentialprovider/config.go). */
import { asText, at, parseJson } from '../json.js';
import { entriesAt } from '../kubernetes/json.js';
import { Hidden } from './hidden.js';

/** The two types of Secrets that kubelets take credentials from, and the key that holds them. */
export const PULL_SECRET_TYPES = [
  { type: 'kubernetes.io/dockerconfigjson', key: '.dockerconfigjson' },
  { type: 'kubernetes.io/dockercfg', key: '.dockercfg' },
] as const;

/** A user name and a password for one host, in memory only. */
export interface HeldCredential {
  /** The entry's host, lower-case, without scheme and path; a part may hold `*`. */
  host: string;
  username: string;
  password: Hidden;
}

/**
 * The credentials in a Secret's data; undefined when it holds no such thing. `auth` counts more than `username` and
 * `password`, as for a kubelet.
 */
export function heldCredentials(secret: unknown): HeldCredential[] | undefined {
  const type = asText(at(secret, 'type'));
  const form = PULL_SECRET_TYPES.find((one) => one.type === type);
  const data = form === undefined ? undefined : asText(at(secret, 'data', form.key));
  if (form === undefined || data === undefined) return undefined;
  const config = parseJson(Buffer.from(data, 'base64').toString('utf8'));
  if (typeof config !== 'object' || config === null) return undefined;
  const entries = form.key === '.dockercfg' ? entriesAt(config) : entriesAt(config, 'auths');
  return entries.flatMap(([key, entry]) => {
    const both = userAndPassword(entry);
    return both === undefined ? [] : [{ host: hostOf(key), ...both }];
  });
}

function userAndPassword(entry: unknown): Omit<HeldCredential, 'host'> | undefined {
  const auth = asText(at(entry, 'auth'));
  if (auth !== undefined) {
    const decoded = Buffer.from(auth, 'base64').toString('utf8');
    const colon = decoded.indexOf(':');
    if (colon > 0)
      return { username: decoded.slice(0, colon), password: new Hidden(decoded.slice(colon + 1)) };
  }
  const username = asText(at(entry, 'username'));
  const password = asText(at(entry, 'password'));
  return username === undefined || password === undefined
    ? undefined
    : { username, password: new Hidden(password) };
}

/** `https://contoso.azurecr.io/v1/` → `contoso.azurecr.io`. */
export function hostOf(key: string): string {
  return (key.replace(/^[a-z]+:\/\//i, '').split('/')[0] ?? '').toLowerCase();
}

/**
 * Whether a kubelet would offer an entry of this host to a login server: part by part, `*` for any letters of one
 * (pkg/credentialprovider/keyring.go, URLsMatchStr).
 */
export function isFor(host: string, loginServer: string): boolean {
  const wanted = host.split('.');
  const parts = loginServer.toLowerCase().split('.');
  return (
    wanted.length === parts.length && wanted.every((pattern, index) => fits(pattern, parts[index] ?? ''))
  );
}

/** One part against a pattern of letters and `*`, without a regular expression that others could write. */
function fits(pattern: string, part: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return pattern === part;
  const last = rest.pop() ?? '';
  if (!part.startsWith(first) || !part.endsWith(last) || part.length < first.length + last.length)
    return false;
  let here = first.length;
  for (const piece of rest) {
    const found = part.indexOf(piece, here);
    if (found === -1 || found + piece.length > part.length - last.length) return false;
    here = found + piece.length;
  }
  return true;
}
