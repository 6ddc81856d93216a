/**
 * Container images as real bytes: what a push would have left in a registry. Layers are gzipped tars, digests are
 * true, and the same specification always gives the same bytes (nothing depends on time, machine or zlib version).
 */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Repository } from './model.js';

/** Media types of the OCI image specification: github.com/opencontainers/image-spec media-types.md. */
export const MEDIA_TYPES = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const;

/** One tag of a repository to be built. */
export interface ImageSpec {
  tag: string;
  /** `os/architecture`, such as linux/amd64, linux/arm64 or windows/amd64. */
  platforms: string[];
  /** Layers of each platform's image; default 2. */
  layers?: number;
  /** `false`: the one platform's manifest itself is tagged, without an index around it. Default true. */
  index?: boolean;
}

/** A reference to content, as manifests hold it. */
interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  platform?: { architecture: string; os: string };
}

/** `sha256:` and the hexadecimal digest of some content. */
export function digestOf(content: Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

/** The program that every built image holds and names as its entry point. */
export const ENTRY_POINT = '/app/serve';

/**
 * Builds a repository with its images: index, manifests, configs and layers. Throws when `index: false` is asked for
 * anything but exactly one platform.
 */
export function buildRepository(spec: { name: string; images: ImageSpec[] }): Repository {
  const repository: Repository = { name: spec.name, manifests: new Map(), tags: new Map(), blobs: new Map() };
  for (const image of spec.images) {
    const platforms = image.platforms.map((platform) => addPlatformImage(repository, image, platform));
    const [only] = platforms;
    if (image.index === false) {
      if (only === undefined || platforms.length !== 1) {
        throw new Error(`${spec.name}:${image.tag}: a single manifest has exactly one platform`);
      }
      repository.tags.set(image.tag, only.digest);
      continue;
    }
    const index = addManifest(repository, MEDIA_TYPES.index, {
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.index,
      manifests: platforms,
    });
    repository.tags.set(image.tag, index.digest);
  }
  return repository;
}

function addPlatformImage(repository: Repository, image: ImageSpec, platform: string): Descriptor {
  const [os = 'linux', architecture = 'amd64'] = platform.split('/');
  const label = `${repository.name}:${image.tag} for ${platform}`;
  const tars = Array.from({ length: image.layers ?? 2 }, (_, index) =>
    tarOf(
      index === 0
        ? { path: ENTRY_POINT.slice(1), content: `${label}\n`, executable: true }
        : { path: `app/data-${index}`, content: `${label}, layer ${index}\n`.repeat(32), executable: false },
    ),
  );
  // Stored, not compressed: deflate's output differs between zlib versions, and digests shouldn't.
  const layers = tars.map((tar) =>
    addBlob(repository, MEDIA_TYPES.layer, withNeutralHeader(gzipSync(tar, { level: 0 }))),
  );
  const config = addBlob(
    repository,
    MEDIA_TYPES.config,
    Buffer.from(
      JSON.stringify({
        architecture,
        os,
        config: { Entrypoint: [ENTRY_POINT], Env: ['PATH=/usr/local/bin:/usr/bin:/bin'] },
        rootfs: { type: 'layers', diff_ids: tars.map(digestOf) },
      }),
    ),
  );
  const manifest = addManifest(repository, MEDIA_TYPES.manifest, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.manifest,
    config,
    layers,
  });
  return { ...manifest, platform: { architecture, os } };
}

function addBlob(repository: Repository, mediaType: string, content: Buffer): Descriptor {
  const digest = digestOf(content);
  repository.blobs.set(digest, content);
  return { mediaType, digest, size: content.length };
}

function addManifest(repository: Repository, mediaType: string, value: object): Descriptor {
  const bytes = Buffer.from(JSON.stringify(value));
  const digest = digestOf(bytes);
  repository.manifests.set(digest, { mediaType, bytes });
  return { mediaType, digest, size: bytes.length };
}

/** The ninth and tenth bytes of a gzip header tell of the compressor and its machine: 0 and 255 say nothing (RFC 1952). */
function withNeutralHeader(gzip: Buffer): Buffer {
  gzip[8] = 0;
  gzip[9] = 255;
  return gzip;
}

const BLOCK = 512;

/** A tar archive of one file: a ustar header (POSIX.1-1988), the padded content, two empty blocks. */
function tarOf(file: { path: string; content: string; executable: boolean }): Buffer {
  const content = Buffer.from(file.content);
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, length: number): string => value.toString(8).padStart(length - 1, '0') + '\0';
  header.write(file.path, 0);
  header.write(octal(file.executable ? 0o755 : 0o644, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(content.length, 12), 124);
  header.write(octal(0, 12), 136);
  header.write(' '.repeat(8), 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148);
  const padding = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK);
  return Buffer.concat([header, content, padding, Buffer.alloc(2 * BLOCK)]);
}

/** Paths of the files in an uncompressed tar, each with a leading slash. Reads plain ustar headers only. */
export function filesInTar(tar: Buffer): string[] {
  const files: string[] = [];
  for (let at = 0; at + BLOCK <= tar.length && tar[at] !== 0;) {
    const path = tar.toString('utf8', at, at + 100).replace(/\0.*$/s, '');
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 135), 8);
    files.push(`/${path}`);
    at += BLOCK + Math.ceil((Number.isNaN(size) ? 0 : size) / BLOCK) * BLOCK;
  }
  return files;
}
