/** Reads the login to one API server out of a kubeconfig's text. Runs nothing, reads no file, quotes no content. */
import { parse } from 'yaml';
import { at, optional } from '../json.js';
import { listAt, textAt } from './json.js';

/** How an API server is known and how it is told who asks. All PEM texts are decoded. */
export interface ClusterLogin {
  /** Absolute https URL, without a trailing slash. */
  server: string;
  /** Certificate authority of the server, PEM; absent: the machine's authorities. */
  ca?: string;
  /** URL of the proxy that the server is behind, as the cluster's entry names it. It may hold a password. */
  proxy?: string;
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

/** What is known besides a kubeconfig's text. */
export interface KubeconfigGround {
  /** Default: the current context. */
  context?: string;
  /** Texts of the files that {@link filesNamedIn} names, by the path as it stands there. Default: a file is refused. */
  files?: ReadonlyMap<string, string>;
}

/** Fields of a cluster or a user that name a file. */
const FILE_FIELDS = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile'] as const;

/** Fields that would make the login another one than it looks, if they were passed over. */
const NOT_TAKEN: readonly { field: string; of: 'cluster' | 'user'; why: string }[] = [
  { field: 'tls-server-name', of: 'cluster', why: 'a server is known here by the name in its address alone' },
  ...['as', 'as-uid', 'as-groups', 'as-user-extra'].map((field) => ({
    field,
    of: 'user' as const,
    why: 'nobody is impersonated here: use a context whose user has the rights itself',
  })),
];

/**
 * Paths of the files that the context's cluster and user name, as they stand there: relative to the kubeconfig's folder.
 *
 * @throws {KubeconfigError} as {@link parseKubeconfig} does
 */
export function filesNamedIn(text: string, { context }: KubeconfigGround = {}): string[] {
  const { cluster, user } = chosen(parsed(text), context);
  return [cluster, user].flatMap((holder) =>
    FILE_FIELDS.flatMap((field) =>
      // Data counts more than a file (kubernetes/client-go, tools/clientcmd/api/v1/types.go); of tokens the file does.
      textAt(holder, `${field}-data`) === undefined ? (textAt(holder, field) ?? []) : [],
    ),
  );
}

/** The name of the context that is used. @throws {KubeconfigError} when there is none */
export function contextOf(text: string, { context }: KubeconfigGround = {}): string {
  return chosen(parsed(text), context).name;
}

/**
 * The login of a context. A client certificate is preferred to a token: AKS clusters without Entra carry
 * both for the same user (recording: listClusterUserCredential.json), and the certificate is what kubectl shows first.
 * A user with `exec` or the former `auth-provider` is of kind `exec`; neither is ever run.
 *
 * Format: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
 *
 * @throws {KubeconfigError} when it isn't a kubeconfig, names a context, cluster or user that it doesn't hold, has no
 *   https server, points to other files, asks for TLS without verification, or for what is not taken
 */
export function parseKubeconfig(text: string, ground: KubeconfigGround = {}): ClusterLogin {
  const { cluster, user } = chosen(parsed(text), ground.context);
  for (const { field, of, why } of NOT_TAKEN)
    if (at(of === 'cluster' ? cluster : user, field) !== undefined)
      throw new KubeconfigError(`the kubeconfig's ${of} has ${field}: ${why}`);
  const { files } = ground;
  const ca = pem(cluster, 'certificate-authority', "the cluster's", files);
  return {
    server: serverOf(cluster),
    ...optional('ca', ca),
    ...optional('proxy', textAt(cluster, 'proxy-url')),
    credential: credentialOf(user, files),
  };
}

/** The context that was asked for, or the current one, with its cluster and user. */
function chosen(config: unknown, asked?: string): { name: string; cluster: unknown; user: unknown } {
  const name = asked ?? textAt(config, 'current-context');
  if (name === undefined) throw new KubeconfigError('the kubeconfig has no current-context');
  const context = named(
    config,
    'contexts',
    'context',
    name,
    asked === undefined ? 'current-context' : 'input context',
  );
  return {
    name,
    cluster: named(config, 'clusters', 'cluster', textAt(context, 'cluster'), "the context's cluster"),
    user: named(config, 'users', 'user', textAt(context, 'user'), "the context's user"),
  };
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

function credentialOf(user: unknown, files: KubeconfigGround['files']): ClusterLogin['credential'] {
  const certificate = pem(user, 'client-certificate', "the user's", files);
  const key = pem(user, 'client-key', "the user's", files);
  if (certificate !== undefined && key !== undefined) return { kind: 'certificate', certificate, key };
  if (certificate !== undefined)
    throw new KubeconfigError("the kubeconfig's user has client-certificate-data but no client-key-data");
  if (key !== undefined)
    throw new KubeconfigError("the kubeconfig's user has client-key-data but no client-certificate-data");
  const tokenFile = textAt(user, 'tokenFile');
  const read = tokenFile === undefined ? undefined : files?.get(tokenFile)?.trim();
  const token = read ?? textAt(user, 'token');
  if (token !== undefined && /[^\x21-\x7e]/.test(token))
    throw new KubeconfigError("the kubeconfig user's token is not one line of text");
  if (token !== undefined && token !== '') return { kind: 'token', token };
  if (tokenFile !== undefined) throw new KubeconfigError(elsewhere("the user's", 'tokenFile', 'token'));
  if (at(user, 'exec') !== undefined || at(user, 'auth-provider') !== undefined) return { kind: 'exec' };
  return { kind: 'none' };
}

/** `<field>-data` decoded from base64; the plain field names a file, which is refused unless it was read. */
function pem(
  holder: unknown,
  field: string,
  whose: string,
  files: KubeconfigGround['files'],
): string | undefined {
  const data = textAt(holder, `${field}-data`);
  if (data === undefined) {
    const path = textAt(holder, field);
    if (path === undefined) return undefined;
    const text = files?.get(path);
    if (text === undefined) throw new KubeconfigError(elsewhere(whose, field, `${field}-data`));
    if (!text.includes('-----BEGIN '))
      throw new KubeconfigError(`the file of ${whose} ${field} in the kubeconfig is no PEM text`);
    return text;
  }
  const decoded = Buffer.from(data, 'base64').toString('utf8');
  if (!decoded.includes('-----BEGIN '))
    throw new KubeconfigError(`${whose} ${field}-data in the kubeconfig is not base64 of a PEM text`);
  return decoded;
}

function elsewhere(whose: string, field: string, instead: string): string {
  return `${whose} ${field} in the kubeconfig names a file: only ${instead} is read`;
}
