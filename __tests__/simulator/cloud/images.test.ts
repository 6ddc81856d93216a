import { describe, expect, it } from '@jest/globals';
import { gunzipSync } from 'node:zlib';
import {
  buildRepository,
  digestOf,
  ENTRY_POINT,
  filesInTar,
  MEDIA_TYPES,
} from '../../../src/simulator/cloud/images.js';

const spec = {
  name: 'shop/web',
  images: [
    { tag: 'multi', platforms: ['linux/amd64', 'linux/arm64', 'windows/amd64'], layers: 3 },
    { tag: 'single', platforms: ['linux/amd64'], index: false },
  ],
};

interface Manifest {
  manifests: { digest: string; size: number; platform: { os: string; architecture: string } }[];
  config: { digest: string };
  layers: { digest: string; size: number }[];
}

describe('a built repository', () => {
  const repository = buildRepository(spec);
  const manifestOf = (digest = ''): Manifest =>
    JSON.parse(repository.manifests.get(digest)?.bytes.toString() ?? '') as Manifest;

  it('has true digests and sizes', () => {
    for (const [digest, { bytes }] of repository.manifests) expect(digestOf(bytes)).toBe(digest);
    for (const [digest, bytes] of repository.blobs) expect(digestOf(bytes)).toBe(digest);
    for (const { digest, size } of manifestOf(repository.tags.get('multi')).manifests) {
      expect(repository.manifests.get(digest)?.bytes.length).toBe(size);
    }
  });

  it('leads from the tag through the index to a program in a layer', () => {
    const index = manifestOf(repository.tags.get('multi'));
    expect(index.manifests.map(({ platform }) => `${platform.os}/${platform.architecture}`)).toEqual(
      spec.images[0]?.platforms,
    );
    const { layers, config } = manifestOf(index.manifests[1]?.digest);
    expect(layers).toHaveLength(3);
    const read = JSON.parse(repository.blobs.get(config.digest)?.toString() ?? '') as {
      architecture: string;
      rootfs: { diff_ids: string[] };
    };
    expect(read.architecture).toBe('arm64');
    const tar = gunzipSync(repository.blobs.get(layers[0]?.digest ?? '') ?? Buffer.alloc(0));
    expect(read.rootfs.diff_ids[0]).toBe(digestOf(tar));
    expect(filesInTar(tar)).toEqual([ENTRY_POINT]);
  });

  it('has a single manifest only where that is possible', () => {
    expect(repository.manifests.get(repository.tags.get('single') ?? '')?.mediaType).toBe(
      MEDIA_TYPES.manifest,
    );
    const images = [{ tag: 'x', platforms: ['linux/amd64', 'linux/arm64'], index: false }];
    expect(() => buildRepository({ name: 'a', images })).toThrow('exactly one platform');
  });

  it('is the same every time', () => {
    expect([...buildRepository(spec).tags]).toEqual([...repository.tags]);
    // The literal holds it across Node versions: zlib's output must not be part of it.
    expect(repository.tags.get('single')).toBe(
      'sha256:40b6b792165ca3b4a7d0781f13e29ca87bb212b119d3e508815ceb37b027c928',
    );
  });
});
