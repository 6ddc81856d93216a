/**
 * A registry's data plane, as this login sees it: to choose an image, and to know its digest and platforms. What is seen
 * from here says nothing about the nodes.
 */
import { createHash } from 'node:crypto';
import type { Sender, TextResponse } from '../http/sender.js';
import { asBoolean, asList, asNumber, asText, at, optional, parseJson } from '../json.js';
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
  /** The manifest is a single one, and `platforms` is what the registry read in its config: any node pulls it. */
  single?: true;
  /** Bytes of all layers; undefined for an index. */
  size?: number;
  /** An index's images, in its order. */
  images?: { platform: string; digest: string }[];
  /** What it is instead of an image that a node could pull: a media type; empty when it doesn't say. */
  artifact?: string;
}

/** What a registry keeps of a manifest beside it; what it doesn't say is absent. */
export interface ManifestAttributes {
  /** Bytes, compressed. */
  size?: number;
  /** `linux/amd64`; an index has none. */
  platform?: string;
  /** `Passed`, or anything else while it is held back. */
  quarantine?: string;
  /** False: nobody can pull it. */
  readEnabled?: boolean;
}

const CHART_LAYER = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip';
const LARGEST_CHART = 20 * 1024 * 1024;

const MANIFEST_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/**
 * Configs and layers of images. Charts, signatures, attestations, bills of material and WebAssembly have others; a
 * signature's config is an image's, so its layers tell (opencontainers/image-spec, manifest.md, "Guidelines for artifact
 * usage"; distribution/distribution, docs/content/spec/manifest-v2-2.md; sigstore/cosign, specs/SIGNATURE_SPEC.md).
 */
const IMAGE_CONFIG = /^application\/vnd\.(oci\.image\.config\.v1|docker\.container\.image\.v1)\+json$/;
const IMAGE_LAYER =
  /^application\/vnd\.(oci\.image\.layer\.(nondistributable\.)?v1\.tar|docker\.image\.rootfs\.(foreign\.)?diff\.tar)/;

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
    return { digest, ...contentOf(parseJson(response.text)) };
  }

  /**
   * What the registry itself keeps of a manifest: its whole size, its platform, and what was set on it.
   * Shape: recordings of @azure/container-registry (ManifestAttributes).
   *
   * @throws {RegistryError} when it isn't there, or this login may not read it
   */
  async attributes(repository: string, digest: string): Promise<ManifestAttributes> {
    const response = await this.#get(
      `/acr/v1/${repository}/_manifests/${digest}`,
      `repository:${repository}:metadata_read`,
      `read the attributes of ${repository}@${digest}`,
    );
    const manifest = at(parseJson(response.text), 'manifest');
    const os = asText(at(manifest, 'os'));
    const architecture = asText(at(manifest, 'architecture'));
    return {
      ...optional('size', asNumber(at(manifest, 'imageSize'))),
      ...optional(
        'platform',
        os === undefined || architecture === undefined ? undefined : `${os}/${architecture}`,
      ),
      ...optional('quarantine', asText(at(manifest, 'quarantineState'))),
      ...optional('readEnabled', asBoolean(at(manifest, 'changeableAttributes', 'readEnabled'))),
    };
  }

  /**
   * A Helm chart: its package, as its manifest names it (https://helm.sh/docs/topics/registries/, media types), held against
   * its digest. Where the registry sends elsewhere for it, no credential goes there.
   *
   * @throws {RegistryError} when it isn't there, is no chart, is too large, or this login may not read it
   */
  async chart(image: Pick<ImageRef, 'repository' | 'tag' | 'digest'>): Promise<Uint8Array> {
    const reference = image.digest ?? image.tag ?? 'latest';
    const scope = `repository:${image.repository}:pull`;
    const attempted = `read the chart ${image.repository}:${reference}`;
    const response = await this.#get(`/v2/${image.repository}/manifests/${reference}`, scope, attempted, {
      accept: MANIFEST_TYPES,
    });
    const layer = asList(at(parseJson(response.text), 'layers')).find(
      (one) => asText(at(one, 'mediaType')) === CHART_LAYER,
    );
    const digest = asText(at(layer, 'digest')) ?? '';
    if (!/^sha256:[0-9a-f]{64}$/.test(digest))
      throw new RegistryError(attempted, response.status, 'it is no Helm chart');
    const bytes = await this.#blob(`/v2/${image.repository}/blobs/${digest}`, scope, attempted);
    if (`sha256:${createHash('sha256').update(bytes).digest('hex')}` !== digest)
      throw new RegistryError(attempted, 200, 'its content is not what its digest says');
    return bytes;
  }

  async #blob(path: string, scope: string, attempted: string): Promise<Uint8Array> {
    const token = await this.#accessToken(scope);
    const url = `https://${this.registry.loginServer}${path}`;
    let response = await this.sender.open({
      method: 'GET',
      url,
      headers: { authorization: `Bearer ${token}` },
      carries: 'registry-token',
    });
    const location = response.headers.location;
    if (response.status >= 300 && response.status < 400 && location !== undefined) {
      const elsewhere = new URL(location, url);
      if (elsewhere.protocol !== 'https:')
        throw new RegistryError(attempted, response.status, 'it is sent over http');
      response = await this.sender.open({ method: 'GET', url: elsewhere.href });
    }
    if (response.status !== 200)
      throw new RegistryError(attempted, response.status, 'its content is not served');
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of response.body) {
      length += chunk.byteLength;
      if (length > LARGEST_CHART) throw new RegistryError(attempted, 200, 'it is larger than 20 MiB');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  /**
   * Names of repositories, in the registry's order (by name): one page.
   *
   * @param after begin behind this name
   * @throws {RegistryError} when they can't be listed
   */
  async repositories(most: number, after?: string): Promise<string[]> {
    const query = new URLSearchParams({ n: String(most), ...(after === undefined ? {} : { last: after }) });
    const page = await this.#get(
      `/v2/_catalog?${query.toString()}`,
      'registry:catalog:*',
      'list the repositories',
    );
    return texts(at(parseJson(page.text), 'repositories')).slice(0, most);
  }

  /** Tags of a repository, in the registry's order (by name): one page. @throws {RegistryError} */
  async tags(repository: string, most: number): Promise<string[]> {
    const page = await this.#get(
      `/v2/${repository}/tags/list?n=${most}`,
      `repository:${repository}:pull`,
      `list the tags of ${repository}`,
    );
    return texts(at(parseJson(page.text), 'tags')).slice(0, most);
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

const texts = (list: unknown): string[] => asList(list).flatMap((one) => asText(one) ?? []);

/** What a manifest says of its content. One that says nothing of its kind, as old ones do, is taken for an image. */
function contentOf(manifest: unknown): Omit<ImageFacts, 'digest'> {
  const entries = at(manifest, 'manifests');
  if (Array.isArray(entries)) {
    // An attestation's platform is unknown/unknown (docs.docker.com/build/metadata/attestations/attestation-storage).
    const images = (entries as unknown[]).flatMap((entry) => {
      const os = asText(at(entry, 'platform', 'os'));
      const architecture = asText(at(entry, 'platform', 'architecture'));
      const digest = asText(at(entry, 'digest')) ?? '';
      return os === undefined || architecture === undefined || os === 'unknown'
        ? []
        : [{ platform: `${os}/${architecture}`, digest }];
    });
    return {
      platforms: images.map(({ platform }) => platform),
      ...(images.length === 0 ? { artifact: asText(at(manifest, 'artifactType')) ?? '' } : { images }),
    };
  }
  const layers = asList(at(manifest, 'layers'));
  const config = asText(at(manifest, 'config', 'mediaType'));
  const odd = [asText(at(manifest, 'artifactType'))]
    .concat(config === undefined || IMAGE_CONFIG.test(config) ? [] : [config])
    .concat(layers.map((layer) => asText(at(layer, 'mediaType'))).filter((type) => !isLayer(type)))
    .find((type) => type !== undefined);
  return {
    platforms: [],
    ...(odd === undefined ? {} : { artifact: odd }),
    ...(layers.length === 0
      ? {}
      : { size: layers.reduce<number>((sum, layer) => sum + (asNumber(at(layer, 'size')) ?? 0), 0) }),
  };
}

const isLayer = (type: string | undefined): boolean => type === undefined || IMAGE_LAYER.test(type);

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
