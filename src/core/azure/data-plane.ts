/**
 * A registry's data plane, as this login sees it: to choose an image, and to know its digest and platforms. What is seen
 * from here says nothing about the nodes.
 */
import type { Sender, TextResponse } from '../http/sender.js';
import { asList, asNumber, asText, at, parseJson } from '../json.js';
import type { Credential } from '../ports.js';
import type { ImageRef } from '../request.js';
import type { Cloud } from './clouds.js';
import type { Registry } from './registry.js';

/** The registry refused this login, or answered what is no registry's answer. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  constructor(
    readonly attempted: string,
    readonly status: number,
    readonly said: string,
  ) {
    super(`could not ${attempted}: HTTP ${status}: ${said}`);
  }
}

/** An image as the registry describes it. */
export interface ImageFacts {
  digest: string;
  /** `linux/amd64` and so on; empty when the manifest is a single one, whose platform its config alone knows. */
  platforms: string[];
  /** Bytes of all layers of the largest platform that it names; undefined for an index. */
  size?: number;
}

const MANIFEST_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** How much of a registry is looked at in order to choose an image: it must stay quick on a registry of any size. */
const MOST_REPOSITORIES = 12;
const TAGS_EACH = 3;

export class DataPlane {
  #refreshToken: Promise<string> | undefined;
  readonly #accessTokens = new Map<string, Promise<string>>();

  constructor(
    private readonly sender: Sender,
    private readonly credential: Credential,
    private readonly cloud: Cloud,
    private readonly registry: Registry,
    private readonly secret: (value: string) => void,
  ) {}

  /**
   * Digest and platforms of an image.
   *
   * @throws {RegistryError} when it isn't there, or this login may not read it
   */
  async describe(image: Pick<ImageRef, 'repository' | 'tag' | 'digest'>): Promise<ImageFacts> {
    const reference = image.digest ?? image.tag ?? 'latest';
    const response = await this.#get(
      `/v2/${image.repository}/manifests/${reference}`,
      `repository:${image.repository}:pull`,
      `read the manifest of ${image.repository}${image.digest === undefined ? ':' : '@'}${reference}`,
      { accept: MANIFEST_TYPES },
    );
    const digest = response.headers['docker-content-digest'];
    if (digest === undefined || !/^sha256:[0-9a-f]{64}$/.test(digest)) {
      throw new RegistryError(
        `read the digest of ${image.repository}`,
        response.status,
        'the answer names none',
      );
    }
    const manifest = parseJson(response.text);
    const layers = asList(at(manifest, 'layers'));
    return {
      digest,
      platforms: asList(at(manifest, 'manifests')).flatMap((entry) => {
        const os = asText(at(entry, 'platform', 'os'));
        const architecture = asText(at(entry, 'platform', 'architecture'));
        return os === undefined || architecture === undefined || os === 'unknown'
          ? []
          : [`${os}/${architecture}`];
      }),
      ...(layers.length === 0
        ? {}
        : { size: layers.reduce<number>((sum, layer) => sum + (asNumber(at(layer, 'size')) ?? 0), 0) }),
    };
  }

  /**
   * A small tagged image that this login can list and read, preferring one for all the given platforms; undefined when
   * there is none. Looks at a bounded part of the registry.
   *
   * @param among which repositories may be chosen from
   * @throws {RegistryError} when the catalog can't be listed at all
   */
  async chooseImage(
    platforms: readonly string[],
    among: (repository: string) => boolean = () => true,
  ): Promise<{ repository: string; tag: string; facts: ImageFacts } | undefined> {
    const catalog = await this.#get(
      `/v2/_catalog?n=${MOST_REPOSITORIES}`,
      'registry:catalog:*',
      'list the repositories',
    );
    const repositories = asList(at(parseJson(catalog.text), 'repositories'))
      .flatMap((name) => asText(name) ?? [])
      .filter(among);
    const candidates = await Promise.all(
      repositories.slice(0, MOST_REPOSITORIES).map((name) => this.#tagged(name)),
    );
    const scored = candidates.flat().map((candidate) => ({
      candidate,
      missing:
        candidate.facts.platforms.length === 0
          ? 0.5
          : platforms.filter((p) => !candidate.facts.platforms.includes(p)).length,
    }));
    scored.sort(
      (one, other) =>
        one.missing - other.missing ||
        (one.candidate.facts.size ?? 0) - (other.candidate.facts.size ?? 0) ||
        one.candidate.repository.localeCompare(other.candidate.repository),
    );
    return scored[0]?.candidate;
  }

  /** Tagged images of one repository; none when this login may not read it: another repository may do. */
  async #tagged(repository: string): Promise<{ repository: string; tag: string; facts: ImageFacts }[]> {
    try {
      const scope = `repository:${repository}:pull`;
      const list = await this.#get(
        `/v2/${repository}/tags/list?n=${TAGS_EACH}`,
        scope,
        `list the tags of ${repository}`,
      );
      const tags = asList(at(parseJson(list.text), 'tags')).flatMap((tag) => asText(tag) ?? []);
      const described = await Promise.all(
        tags.slice(0, TAGS_EACH).map((tag) => this.#candidate(repository, tag)),
      );
      return described.flat();
    } catch (error) {
      if (error instanceof RegistryError) return [];
      throw error;
    }
  }

  /** One tagged image; none when its manifest is none that is known here: another tag may do. */
  async #candidate(
    repository: string,
    tag: string,
  ): Promise<{ repository: string; tag: string; facts: ImageFacts }[]> {
    try {
      return [{ repository, tag, facts: await this.describe({ repository, tag }) }];
    } catch (error) {
      if (error instanceof RegistryError) return [];
      throw error;
    }
  }

  async #get(
    path: string,
    scope: string,
    attempted: string,
    headers: Record<string, string> = {},
  ): Promise<TextResponse> {
    const token = await this.#accessToken(scope);
    const response = await this.sender.exchange({
      method: 'GET',
      url: `https://${this.registry.loginServer}${path}`,
      headers: { ...headers, authorization: `Bearer ${token}` },
      carries: 'registry-token',
    });
    if (response.status !== 200) throw new RegistryError(attempted, response.status, registrySaid(response));
    return response;
  }

  /** One token a scope; ABAC registries give none for wildcards. */
  #accessToken(scope: string): Promise<string> {
    let token = this.#accessTokens.get(scope);
    if (token === undefined) {
      token = this.#fetchAccessToken(scope);
      this.#accessTokens.set(scope, token);
    }
    return token;
  }

  async #fetchAccessToken(scope: string): Promise<string> {
    this.#refreshToken ??= this.#exchange();
    return this.#tokenRequest(
      '/oauth2/token',
      { grant_type: 'refresh_token', scope, refresh_token: await this.#refreshToken },
      'access_token',
      `get a registry token for ${scope}`,
    );
  }

  /** Entra token → refresh token. The challenge's realm isn't followed: the exchange is at the login server itself. */
  async #exchange(): Promise<string> {
    const { token } = await this.credential.token(this.cloud.registryScope);
    return this.#tokenRequest(
      '/oauth2/exchange',
      { grant_type: 'access_token', access_token: token },
      'refresh_token',
      `sign in to ${this.registry.loginServer}`,
    );
  }

  async #tokenRequest(
    path: string,
    form: Record<string, string>,
    field: string,
    attempted: string,
  ): Promise<string> {
    const response = await this.sender.exchange({
      method: 'POST',
      url: `https://${this.registry.loginServer}${path}`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ service: this.registry.loginServer, ...form }).toString(),
      carries: 'registry-token',
      repeatable: true,
    });
    const token = response.status === 200 ? asText(at(parseJson(response.text), field)) : undefined;
    if (token === undefined) throw new RegistryError(attempted, response.status, registrySaid(response));
    this.secret(token);
    return token;
  }
}

/** A registry's own words: `CODE: message`, or the body's beginning. Shape: recording acr.dataplane.json. */
export function registrySaid(response: Pick<TextResponse, 'text' | 'status'>): string {
  const [first] = asList(at(parseJson(response.text), 'errors'));
  const code = asText(at(first, 'code'));
  const message = asText(at(first, 'message'));
  if (code !== undefined || message !== undefined)
    return [code, message].filter((part) => part !== undefined).join(': ');
  // A success that holds no token may hold a secret: it is never quoted.
  if (response.status === 200) return 'the answer holds no token';
  return response.text.replace(/\s+/g, ' ').trim().slice(0, 200) || '(empty answer)';
}
