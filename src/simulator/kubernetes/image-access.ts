/**
 * Which pods of a node may use an image that is there without pulling it again. Source: kubernetes/enhancements
 * keps/sig-node/2535-ensure-secret-pulled-images, on by default from Kubernetes 1.35 (capture: pods-cache.json).
 */
import { createHash } from 'node:crypto';
import type { Credential } from './credentials.js';

/** With what an image came: the node's own credential or none lets every pod use it, a pull secret those that show it. */
export type Origin = 'node' | Credential;

export class ImageAccess {
  private readonly origins = new Map<string, Set<string>>();

  /**
   * @param image its id
   * @param repository the name it was pulled by, without tag and digest
   */
  pulled(image: string, repository: string, origin: Origin): void {
    const key = `${image} ${repository}`;
    this.origins.set(key, (this.origins.get(key) ?? new Set()).add(markOf(origin)));
  }

  /** Whether a pod with these pull secrets may use it. */
  allows(image: string, repository: string, secrets: readonly Credential[]): boolean {
    const origins = this.origins.get(`${image} ${repository}`) ?? new Set();
    return origins.has(markOf('node')) || secrets.some((secret) => origins.has(markOf(secret)));
  }
}

/** The credential itself is not kept. */
function markOf(origin: Origin): string {
  if (origin === 'node') return 'node';
  return createHash('sha256')
    .update(JSON.stringify([origin.username, origin.password]))
    .digest('hex');
}
