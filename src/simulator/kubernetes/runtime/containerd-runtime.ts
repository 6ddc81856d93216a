/** The runtime of a node whose pulls a real containerd does: what the kubelet asks, in terms of CRI. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeImage } from '../node-images.js';
import type { ImageConfig, NodeImage } from '../node-images.js';
import { referenceName } from '../references.js';
import type { ImageReference } from '../references.js';
import type { Containerd } from './containerd.js';
import { CriError } from './cri.js';
import type { CriImage } from './cri.js';
import type { Machine } from './machine.js';
import { PullError } from './runtime.js';
import type { Runtime } from './runtime.js';

/**
 * @param version what it reports as its version, such as `1.6.20~ds1`
 * @param machine the node's containerd
 * @param hostsOf the names that a pull from a login server connects to
 */
export function containerdRuntime(
  version: string,
  machine: Machine,
  hostsOf: (loginServer: string) => string[],
): Runtime {
  const find = (containerd: Containerd, reference: ImageReference): Promise<NodeImage | undefined> =>
    containerd.images
      .call('ImageStatus', { image: { image: referenceName(reference) }, verbose: true })
      .then(({ image, info }) =>
        image === null ? undefined : describe(containerd, image, info['info'] ?? '{}'),
      );

  return {
    version: `containerd://${version}`,
    find: (reference) => machine.use([], (containerd) => find(containerd, reference)),
    pull: (reference, credential, signal) =>
      machine.use(hostsOf(reference.host), async (containerd) => {
        const image = { image: referenceName(reference) };
        const auth = credential === undefined ? {} : { auth: credential };
        try {
          await containerd.images.call('PullImage', { image, ...auth }, signal);
        } catch (error) {
          throw error instanceof CriError ? new PullError(error.code, error.message) : error;
        }
        const pulled = await find(containerd, reference);
        if (pulled === undefined) throw new Error(`${image.image} was pulled and isn't there`);
        return pulled;
      }),
    list: () =>
      machine.use([], async ({ images }) => (await images.call('ListImages', {})).images.map(names)),
  };
}

function names({ repo_tags, repo_digests, size }: CriImage): Pick<NodeImage, 'tags' | 'digests' | 'size'> {
  return { tags: new Set(repo_tags), digests: new Set(repo_digests), size };
}

/** What the runtime tells of an image, and the files of its layers, out of the runtime's own store. */
async function describe(containerd: Containerd, image: CriImage, info: string): Promise<NodeImage> {
  // The CRI plugin's verbose answer holds the image's configuration (containerd pkg/cri image_status.go).
  const { imageSpec = { os: '', architecture: '' } } = JSON.parse(info) as { imageSpec?: ImageConfig };
  const read = (digest: string): Promise<Buffer> => readFile(join(containerd.blobs, ...digest.split(':', 2)));
  const digest = image.repo_digests[0]?.split('@')[1] ?? '';
  const layers = await Promise.all((await layersOf(image.id, digest, read)).map(read));
  return { ...describeImage(image.id, imageSpec, image.size, layers), ...names(image) };
}

/** Digests of the layers of the image with this id: of the manifest at a digest, or of the fitting one in an index there. */
async function layersOf(
  id: string,
  digest: string,
  read: (digest: string) => Promise<Buffer>,
): Promise<string[]> {
  const content = JSON.parse((await read(digest)).toString()) as {
    manifests?: { digest: string }[];
    config?: { digest: string };
    layers?: { digest: string }[];
  };
  if (content.config?.digest === id) return (content.layers ?? []).map((layer) => layer.digest);
  for (const one of content.manifests ?? []) {
    // The manifests of other platforms aren't on the node.
    const layers = await layersOf(id, one.digest, read).catch(() => []);
    if (layers.length > 0) return layers;
  }
  return [];
}
