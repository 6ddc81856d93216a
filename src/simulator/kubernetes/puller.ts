/**
 * Pulls an image onto a node over HTTP, step by step as containerd 2.1 does: resolve by HEAD, authorize by the
 * registry's challenge, fetch index, manifest, config and layers, follow redirects without the token, check digests.
 * Source of the flow: github.com/containerd/containerd core/remotes/docker (resolver.go, authorizer.go, fetcher.go).
 */
import { digestOf } from '../cloud/images.js';
import type { SimulatorContext } from '../context.js';
import type { Credential } from './credentials.js';
import { challengeParameters } from './credentials.js';
import { goUrl, MESSAGES, statusText } from './messages.js';
import type { GrpcCode } from './messages.js';
import type { ImageConfig, NodeImage, NodeImages } from './node-images.js';
import { referenceName } from './references.js';
import type { ImageReference } from './references.js';
import { PullError } from './runtime/runtime.js';

type Dial = SimulatorContext['dial'];
type Response = Awaited<ReturnType<Dial>>;

/** The media types containerd asks for when it resolves a name. */
const ACCEPT =
  'application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, */*';

const CLIENT_ID = 'containerd-client';

export interface Platform {
  os: string;
  architecture: string;
}

/** A failure before it is known which step it belongs to. */
class StepError extends Error {
  constructor(
    message: string,
    readonly code: GrpcCode = 'Unknown',
  ) {
    super(message);
  }
}

interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  platform?: Platform;
}

interface Manifest {
  mediaType?: string;
  manifests?: Descriptor[];
  config?: Descriptor;
  layers?: Descriptor[];
}

/** What a pull brought. */
export interface Pulled {
  image: NodeImage;
  /** Digest that the name resolved to. */
  digest: string;
  /** Layers that came over the wire; none when the node had them all. */
  layersFetched: number;
}

/** Pulls one image with one credential. Throws {@link PullError}; stops, with whatever error, when aborted. */
export async function pullImage(
  dial: Dial,
  images: NodeImages,
  reference: ImageReference,
  platform: Platform,
  credential: Credential | undefined,
  signal: AbortSignal,
): Promise<Pulled> {
  const name = referenceName(reference);
  const session = new Session(dial, reference, credential, signal);
  let resolved: { digest: string; mediaType: string };
  try {
    resolved = await resolve(session, reference);
  } catch (error) {
    throw outermost(error, signal, (why) => MESSAGES.pullAndUnpack(name, MESSAGES.resolve(why)));
  }
  try {
    return await fetchImage(session, images, reference, resolved, platform);
  } catch (error) {
    throw outermost(error, signal, (why) => MESSAGES.pullAndUnpack(name, why));
  }
}

/** Whatever went wrong, as the kubelet shows it. An answer that can't be read is worded freely (assumption). */
function outermost(error: unknown, signal: AbortSignal, wrap: (why: string) => string): unknown {
  if (signal.aborted || error instanceof PullError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new PullError(error instanceof StepError ? error.code : 'Unknown', wrap(why));
}

async function resolve(
  session: Session,
  reference: ImageReference,
): Promise<{ digest: string; mediaType: string }> {
  const target = reference.digest ?? reference.tag ?? 'latest';
  const url = `https://${reference.host}/v2/${reference.repository}/manifests/${target}`;
  const response = await session.send('HEAD', url, { accept: ACCEPT });
  if (response.status === 404) throw new StepError(MESSAGES.notFound(referenceName(reference)), 'NotFound');
  if (response.status !== 200) {
    throw new StepError(MESSAGES.unexpectedStatus('HEAD', url, response.status, statusText(response.status)));
  }
  return {
    digest: response.headers['docker-content-digest'] ?? target,
    mediaType: (response.headers['content-type'] ?? '').split(';')[0] ?? '',
  };
}

async function fetchImage(
  session: Session,
  images: NodeImages,
  reference: ImageReference,
  resolved: { digest: string; mediaType: string },
  platform: Platform,
): Promise<Pulled> {
  let size = 0;
  const read = async (
    kind: 'manifests' | 'blobs',
    descriptor: { digest: string; mediaType: string },
  ): Promise<Buffer> => {
    const bytes =
      images.read(descriptor.digest) ?? (await fetchContent(session, reference, kind, descriptor));
    images.write(descriptor.digest, bytes);
    size += bytes.length;
    return bytes;
  };
  const parse = (bytes: Buffer): Manifest => JSON.parse(bytes.toString()) as Manifest;

  let manifest = parse(await read('manifests', resolved));
  if (manifest.manifests !== undefined) {
    // Exact operating system and architecture: the older variants that containerd also takes aren't modelled.
    const match = manifest.manifests.find(
      (one) => one.platform?.os === platform.os && one.platform.architecture === platform.architecture,
    );
    if (match === undefined) throw new PullError('NotFound', MESSAGES.noMatch(resolved.digest));
    manifest = parse(await read('manifests', match));
  }
  if (manifest.config === undefined) throw new PullError('NotFound', MESSAGES.noMatch(resolved.digest));
  const config = JSON.parse((await read('blobs', manifest.config)).toString()) as ImageConfig;
  const layers = manifest.layers ?? [];
  const missing = layers.filter((layer) => !images.has(layer.digest));
  await Promise.all(layers.map((layer) => read('blobs', layer)));
  const image = images.add(reference, {
    id: manifest.config.digest,
    digest: resolved.digest,
    config,
    size,
    layers: layers.map((layer) => layer.digest),
  });
  return { image, digest: resolved.digest, layersFetched: missing.length };
}

async function fetchContent(
  session: Session,
  reference: ImageReference,
  kind: 'manifests' | 'blobs',
  descriptor: { digest: string; mediaType: string },
): Promise<Buffer> {
  const url = `https://${reference.host}/v2/${reference.repository}/${kind}/${descriptor.digest}`;
  let response: Response;
  try {
    response = await session.send('GET', url, { accept: `${descriptor.mediaType}, */*` });
    for (let hops = 0; isRedirect(response) && hops < 10; hops++) {
      const location = new URL(response.headers['location'] ?? '', url).toString();
      // Another host: the token stays behind, as with every Go client.
      response = await session.plain('GET', location);
    }
  } catch (error) {
    throw error instanceof StepError
      ? new StepError(MESSAGES.copy(MESSAGES.openFailed(error.message)))
      : error;
  }
  if (response.status === 404) {
    throw new StepError(MESSAGES.copy(MESSAGES.openFailed(MESSAGES.contentNotFound(url))), 'NotFound');
  }
  if (response.status !== 200) {
    const why = MESSAGES.unexpectedStatus('GET', url, response.status, statusText(response.status));
    throw new StepError(MESSAGES.copy(MESSAGES.openFailed(why)));
  }
  const got = digestOf(response.body);
  if (got !== descriptor.digest)
    throw new StepError(MESSAGES.copy(MESSAGES.wrongDigest(descriptor.digest, got)));
  return response.body;
}

function isRedirect(response: Response): boolean {
  return [301, 302, 303, 307, 308].includes(response.status) && response.headers['location'] !== undefined;
}

/** Requests to one repository with one credential; holds the token once a challenge brought one. */
class Session {
  private token: Promise<string> | undefined;

  constructor(
    private readonly dial: Dial,
    private readonly reference: ImageReference,
    private readonly credential: Credential | undefined,
    private readonly signal: AbortSignal,
  ) {}

  /** Sends with the token and, when the registry asks for one, gets it and sends again. */
  async send(method: string, url: string, headers: Record<string, string>): Promise<Response> {
    const first = await this.plain(method, url, await this.authorized(headers));
    if (first.status !== 401) return first;
    const hadToken = this.token !== undefined;
    const challenge = challengeParameters(first.headers['www-authenticate'] ?? '');
    if (challenge === undefined) throw new StepError(MESSAGES.noAuthScheme());
    if (hadToken) return this.refusal(first, challenge);
    this.token = this.fetchToken(challenge);
    const second = await this.plain(method, url, await this.authorized(headers));
    if (second.status !== 401) return second;
    return this.refusal(second, challengeParameters(second.headers['www-authenticate'] ?? '') ?? {});
  }

  /** A 401 although a token was shown: an `error` in the challenge ends the pull, without one the status does. */
  private refusal(response: Response, challenge: Record<string, string>): Response {
    const { error } = challenge;
    if (error !== undefined && error !== '') throw new StepError(MESSAGES.accessDenied(error));
    return response;
  }

  /** One request without any authorization added. */
  async plain(
    method: string,
    url: string,
    headers: Record<string, string> = {},
    body?: string,
  ): Promise<Response> {
    try {
      return await this.dial(url, {
        method,
        headers,
        signal: this.signal,
        ...(body === undefined ? {} : { body }),
      });
    } catch (error) {
      if (this.signal.aborted) throw error;
      throw new StepError(
        MESSAGES.requestFailed(method, withoutQuery(url), networkError(error, new URL(url))),
      );
    }
  }

  private async authorized(headers: Record<string, string>): Promise<Record<string, string>> {
    return this.token === undefined ? headers : { ...headers, authorization: `Bearer ${await this.token}` };
  }

  private async fetchToken(challenge: Record<string, string>): Promise<string> {
    const realm = challenge['realm'] ?? '';
    const service = challenge['service'] ?? '';
    const scope = challenge['scope'] ?? `repository:${this.reference.repository}:pull`;
    const { username = '', password = '' } = this.credential ?? {};
    const query = { scope, service };
    if (password === '') return this.askForToken(goUrl(realm, query), {}, MESSAGES.anonymousToken);

    const form = {
      client_id: CLIENT_ID,
      service,
      scope,
      ...(username === ''
        ? { grant_type: 'refresh_token', refresh_token: password }
        : { grant_type: 'password', username, password }),
    };
    const posted = await this.tokenRequest(
      'POST',
      realm,
      MESSAGES.oauthToken,
      {},
      new URLSearchParams(form).toString(),
    );
    // Token servers without the POST endpoint answer one of these: then GET with the credential as Basic.
    if ([400, 401, 404].includes(posted.status) || (posted.status === 405 && username !== '')) {
      const basic = Buffer.from(`${username}:${password}`).toString('base64');
      return this.askForToken(goUrl(realm, query), { authorization: `Basic ${basic}` }, MESSAGES.oauthToken);
    }
    return tokenOf(posted, 'POST', realm, MESSAGES.oauthToken);
  }

  private async askForToken(
    url: string,
    headers: Record<string, string>,
    wrap: (why: string) => string,
  ): Promise<string> {
    return tokenOf(await this.tokenRequest('GET', url, wrap, headers), 'GET', url, wrap);
  }

  private async tokenRequest(
    method: string,
    url: string,
    wrap: (why: string) => string,
    headers: Record<string, string>,
    body?: string,
  ): Promise<Response> {
    try {
      const type =
        body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
      return await this.plain(method, url, { ...type, ...headers }, body);
    } catch (error) {
      throw error instanceof StepError ? new StepError(MESSAGES.authorize(wrap(error.message))) : error;
    }
  }
}

function tokenOf(response: Response, method: string, url: string, wrap: (why: string) => string): string {
  if (response.status < 200 || response.status >= 400) {
    const why = MESSAGES.unexpectedStatus(method, url, response.status, statusText(response.status));
    throw new StepError(MESSAGES.authorize(wrap(why)));
  }
  const { access_token, token } = JSON.parse(response.body.toString()) as {
    access_token?: string;
    token?: string;
  };
  return access_token ?? token ?? '';
}

/** A signed address is a credential: it appears in no message. */
function withoutQuery(url: string): string {
  const parsed = new URL(url);
  if (!parsed.searchParams.has('sig')) return url;
  return `${parsed.origin}${parsed.pathname}?[REDACTED]`;
}

/** Node's error codes → what Go's net and crypto/tls say in the same situation (capture: cri-containerd-2.1.9.json). */
const NETWORK_ERRORS: Record<string, (url: URL, error: object) => string> = {
  ENOTFOUND: (url) => MESSAGES.noSuchHost(url.hostname),
  EAI_AGAIN: (url) => MESSAGES.noSuchHost(url.hostname),
  ECONNREFUSED: (url, error) => MESSAGES.connectionRefused(addressOf(url, error)),
  ECONNRESET: () => MESSAGES.connectionReset(),
  UND_ERR_SOCKET: () => MESSAGES.endOfFile(),
  ETIMEDOUT: (url, error) => MESSAGES.timeout(addressOf(url, error)),
  UND_ERR_CONNECT_TIMEOUT: (url, error) => MESSAGES.timeout(addressOf(url, error)),
  DEPTH_ZERO_SELF_SIGNED_CERT: () => MESSAGES.unknownAuthority(),
  SELF_SIGNED_CERT_IN_CHAIN: () => MESSAGES.unknownAuthority(),
  UNABLE_TO_GET_ISSUER_CERT: () => MESSAGES.unknownAuthority(),
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: () => MESSAGES.unknownAuthority(),
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: () => MESSAGES.unknownAuthority(),
  ERR_TLS_CERT_ALTNAME_INVALID: (url, error) => MESSAGES.wrongName(namesIn(error), url.hostname),
  ERR_SSL_WRONG_VERSION_NUMBER: () => MESSAGES.plainHttp(),
  ERR_SSL_PACKET_LENGTH_TOO_LONG: () => MESSAGES.plainHttp(),
  EPROTO: () => MESSAGES.plainHttp(),
};

/** Goes down the causes to the first code that says something; anything else is a connection that just ended. */
function networkError(error: unknown, url: URL): string {
  // Not by class: what Node's core throws under a test runner is of another realm's.
  for (
    let one = error;
    typeof one === 'object' && one !== null;
    one = 'cause' in one ? one.cause : undefined
  ) {
    const words = 'code' in one && typeof one.code === 'string' ? NETWORK_ERRORS[one.code] : undefined;
    if (words !== undefined) return words(url, one);
  }
  return MESSAGES.endOfFile();
}

function addressOf(url: URL, error: object): string {
  const address = 'address' in error && typeof error.address === 'string' ? error.address : url.hostname;
  return `${address}:${url.port === '' ? '443' : url.port}`;
}

function namesIn(error: object): string {
  const certificate = 'cert' in error ? (error.cert as { subjectaltname?: string } | undefined) : undefined;
  return (certificate?.subjectaltname ?? '').replace(/DNS:/g, '');
}
