/** Reads the login to one API server out of a kubeconfig. Runs nothing, reads no other file, quotes no content. */
import { parse } from 'yaml';
import { at, optional } from '../json.js';
import { listAt, textAt } from './json.js';

/** How an API server is known and how it is told who asks. All PEM texts are decoded. */
export interface ClusterLogin {
  /** Absolute https URL, without a trailing slash. */
  server: string;
  /** Certificate authority of the server, PEM; absent: the machine's authorities. */
  ca?: string;
  credential:
    | { kind: 'certificate'; certificate: string; key: string }
    | { kind: 'token'; token: string }
    /** A plugin would have to be run for it (kubelogin): the caller must bring an Entra token of its own. */
    | { kind: 'exec' }
    | { kind: 'none' };
}

/** A kubeconfig that can't be used. The message names what is missing or wrong, never its content. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError';
}

/** Larger than any real kubeconfig; AKS answers about 10 kB (recording: listClusterUserCredential.json). */
const LARGEST = 1_000_000;

/**
 * The login of the current context. A client certificate is preferred to a token: AKS clusters without Entra carry
 * both for the same user (recording: listClusterUserCredential.json), and the certificate is what kubectl shows first.
 * A user with `exec` or the former `auth-provider` is of kind `exec`; neither is ever run.
 *
 * Format: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
 *
 * @throws {KubeconfigError} when it isn't a kubeconfig, names a context, cluster or user that it doesn't hold, has no
 *   https server, points to other files, or asks for TLS without verification
 */
export function parseKubeconfig(text: string): ClusterLogin {
  const config = parsed(text);
  const contextName = textAt(config, 'current-context');
  if (contextName === undefined) throw new KubeconfigError('the kubeconfig has no current-context');
  const context = named(config, 'contexts', 'context', contextName, 'current-context');
  const cluster = named(config, 'clusters', 'cluster', textAt(context, 'cluster'), "the context's cluster");
  const user = named(config, 'users', 'user', textAt(context, 'user'), "the context's user");
  const ca = pem(cluster, 'certificate-authority', "the cluster's");
  return { server: serverOf(cluster), ...optional('ca', ca), credential: credentialOf(user) };
}

function parsed(text: string): unknown {
  if (text.length > LARGEST) throw new KubeconfigError('the kubeconfig is larger than 1 MB');
  try {
    return parse(text, { logLevel: 'error' });
  } catch {
    // The parser's own message quotes the line it stumbled over, which may hold a key: it is dropped on purpose.
    throw new KubeconfigError('the kubeconfig is not valid YAML');
  }
}

/** The entry of a named list (contexts, clusters, users) that `name` points to. */
function named(
  config: unknown,
  list: string,
  entry: string,
  name: string | undefined,
  what: string,
): unknown {
  if (name === undefined) throw new KubeconfigError(`${what} has no name in the kubeconfig`);
  const found = listAt(config, list).find((item) => textAt(item, 'name') === name);
  const value = at(found, entry);
  if (typeof value !== 'object' || value === null)
    throw new KubeconfigError(`${what} names an entry that is not in the kubeconfig's ${list}`);
  return value;
}

function serverOf(cluster: unknown): string {
  const server = textAt(cluster, 'server');
  if (server === undefined) throw new KubeconfigError("the kubeconfig's cluster has no server");
  if (!URL.canParse(server)) throw new KubeconfigError("the kubeconfig's server is not a URL");
  const url = new URL(server);
  if (url.protocol !== 'https:') throw new KubeconfigError("the kubeconfig's server is not https");
  if (url.username !== '' || url.password !== '')
    throw new KubeconfigError("the kubeconfig's server holds a user name or password");
  if (at(cluster, 'insecure-skip-tls-verify') === true)
    throw new KubeconfigError(
      'the kubeconfig asks for insecure-skip-tls-verify: a login is never sent to a server that is not verified',
    );
  return url.origin + url.pathname.replace(/\/+$/, '');
}

function credentialOf(user: unknown): ClusterLogin['credential'] {
  const certificate = pem(user, 'client-certificate', "the user's");
  const key = pem(user, 'client-key', "the user's");
  if (certificate !== undefined && key !== undefined) return { kind: 'certificate', certificate, key };
  if (certificate !== undefined)
    throw new KubeconfigError("the kubeconfig's user has client-certificate-data but no client-key-data");
  if (key !== undefined)
    throw new KubeconfigError("the kubeconfig's user has client-key-data but no client-certificate-data");
  const token = textAt(user, 'token');
  if (token !== undefined) return { kind: 'token', token };
  if (textAt(user, 'tokenFile') !== undefined)
    throw new KubeconfigError(elsewhere("the user's", 'tokenFile', 'token'));
  if (at(user, 'exec') !== undefined || at(user, 'auth-provider') !== undefined) return { kind: 'exec' };
  return { kind: 'none' };
}

/** `<field>-data` decoded from base64; the plain field names a file, which is refused. */
function pem(holder: unknown, field: string, whose: string): string | undefined {
  const data = textAt(holder, `${field}-data`);
  if (data === undefined) {
    if (textAt(holder, field) !== undefined)
      throw new KubeconfigError(elsewhere(whose, field, `${field}-data`));
    return undefined;
  }
  const decoded = Buffer.from(data, 'base64').toString('utf8');
  if (!decoded.includes('-----BEGIN '))
    throw new KubeconfigError(`${whose} ${field}-data in the kubeconfig is not base64 of a PEM text`);
  return decoded;
}

function elsewhere(whose: string, field: string, instead: string): string {
  return `${whose} ${field} in the kubeconfig names a file: only ${instead} is read`;
}
