/** What one node has: content by digest, and images by id, as containerd's stores hold them. */
import { gunzipSync } from 'node:zlib';
import { filesInTar } from '../cloud/images.js';
import { repositoryName } from './references.js';
import type { ImageReference } from './references.js';

/** An image on a node. Its id is its config's digest: the same in whatever repository it was found. */
export interface NodeImage {
  id: string;
  os: string;
  architecture: string;
  entryPoint: string[];
  /** Directories that programs are looked up in. */
  path: string[];
  /** Bytes of index, manifest, config and compressed layers: what the kubelet calls the image's size. */
  size: number;
  files: Set<string>;
  tags: Set<string>;
  digests: Set<string>;
}

/** The parts of an image configuration that running it needs. */
export interface ImageConfig {
  os: string;
  architecture: string;
  config?: { Entrypoint?: string[]; Cmd?: string[]; Env?: string[] };
}

export class NodeImages {
  private readonly content = new Map<string, Buffer>();
  private readonly images = new Map<string, NodeImage>();

  has(digest: string): boolean {
    return this.content.has(digest);
  }

  read(digest: string): Buffer | undefined {
    return this.content.get(digest);
  }

  write(digest: string, bytes: Buffer): void {
    this.content.set(digest, bytes);
  }

  /** Records an image under the name and digest it was pulled by. All its content is here already. */
  add(
    reference: ImageReference,
    image: { id: string; digest: string; config: ImageConfig; size: number; layers: string[] },
  ): NodeImage {
    const known = this.images.get(image.id) ?? this.unpack(image);
    if (reference.tag !== undefined && reference.digest === undefined) {
      known.tags.add(`${repositoryName(reference)}:${reference.tag}`);
    }
    known.digests.add(`${repositoryName(reference)}@${image.digest}`);
    this.images.set(image.id, known);
    return known;
  }

  /** The image a name stands for on this node, without asking anyone. */
  find(reference: ImageReference): NodeImage | undefined {
    const name = repositoryName(reference);
    return [...this.images.values()].find((image) =>
      reference.digest === undefined
        ? image.tags.has(`${name}:${reference.tag ?? 'latest'}`)
        : image.digests.has(`${name}@${reference.digest}`),
    );
  }

  all(): NodeImage[] {
    return [...this.images.values()];
  }

  private unpack(image: { id: string; config: ImageConfig; size: number; layers: string[] }): NodeImage {
    const layers = image.layers.map((digest) => this.content.get(digest) ?? Buffer.alloc(0));
    return describeImage(image.id, image.config, image.size, layers);
  }
}

/** An image without names, out of its configuration and its gzipped layers. */
export function describeImage(
  id: string,
  { os, architecture, config = {} }: ImageConfig,
  size: number,
  layers: readonly Buffer[],
): NodeImage {
  const { Entrypoint = [], Cmd = [], Env = [] } = config;
  const path = Env.find((one) => one.startsWith('PATH='))?.slice('PATH='.length) ?? '/usr/bin:/bin';
  return {
    id,
    os,
    architecture,
    entryPoint: [...Entrypoint, ...Cmd],
    path: path.split(':'),
    size,
    files: new Set(layers.flatMap((layer) => filesInTar(gunzipSync(layer)))),
    tags: new Set(),
    digests: new Set(),
  };
}

/**
 * Name and digest that a container's status shows: of all names of the image id the first in order, which can be
 * another repository's than the one asked for (captures: ok-multi-digest in pods-t2.json, job-ok in job-pods-t6.json).
 */
export function statusNames(image: NodeImage, requested: string): { image: string; imageID: string } {
  const [tag] = [...image.tags].sort();
  const [digest] = [...image.digests].sort();
  return { image: tag ?? requested, imageID: digest ?? image.id };
}
