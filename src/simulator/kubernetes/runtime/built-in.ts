/** The runtime that comes with the simulator: pulls in this process, as containerd 2.1 would. */
import type { ManagedCluster } from '../../cloud/model.js';
import type { SimulatorContext } from '../../context.js';
import { NodeImages } from '../node-images.js';
import type { Node } from '../objects.js';
import { pullImage } from '../puller.js';
import type { Runtime } from './runtime.js';

/** The version whose requests and words the puller follows (captures: cri-containerd-2.1.9.json). */
const VERSION = 'containerd://2.1.9';

/** A runtime for one node, without any image. */
export function builtInRuntime(context: SimulatorContext, cluster: ManagedCluster, node: Node): Runtime {
  const images = new NodeImages();
  const { operatingSystem: os, architecture } = node.status.nodeInfo;
  return {
    version: VERSION,
    find: async (reference) => images.find(reference),
    async pull(reference, credential, signal) {
      const { image } = await pullImage(
        (url, request) => context.dial(url, request, cluster),
        images,
        reference,
        { os, architecture },
        credential,
        signal,
      );
      return image;
    },
    list: async () => images.all(),
  };
}
