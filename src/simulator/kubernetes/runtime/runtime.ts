/** What a kubelet needs of a container runtime: images, and the words of a pull that failed. */
import type { ManagedCluster } from '../../cloud/model.js';
import type { Credential } from '../credentials.js';
import { criError } from '../messages.js';
import type { GrpcCode } from '../messages.js';
import type { NodeImage } from '../node-images.js';
import type { Node } from '../objects.js';
import type { ImageReference } from '../references.js';

/** The names and the size of an image, as a node's status lists it. */
export type ListedImage = Pick<NodeImage, 'tags' | 'digests' | 'size'>;

/** The container runtime of one node, with the images it holds. */
export interface Runtime {
  /** As a node's status has it, such as `containerd://2.1.9`. */
  readonly version: string;
  /** The image that a name stands for on this node, without asking a registry. */
  find(reference: ImageReference): Promise<NodeImage | undefined>;
  /**
   * Pulls an image for the node's platform. Throws {@link PullError}; stops, with whatever error, when aborted.
   *
   * @param credential undefined sends none at all; an empty one is an anonymous attempt
   */
  pull(
    reference: ImageReference,
    credential: Credential | undefined,
    signal: AbortSignal,
  ): Promise<NodeImage>;
  /** Every image of the node. */
  list(): Promise<ListedImage[]>;
}

/** Gives a node its runtime: asked once for each kubelet. */
export type RuntimeOf = (cluster: ManagedCluster, node: Node) => Runtime;

/** A pull that failed, with the text the kubelet shows: the runtime's own, in the kubelet's wrapping. */
export class PullError extends Error {
  override readonly name = 'PullError';
  constructor(code: GrpcCode, description: string) {
    super(criError(code, description));
  }
}
