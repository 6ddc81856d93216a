/** How many round trips followed one another, told from when requests came and went. */
import type { Timed } from './delay.js';

export const ARM = 'management.azure.com';

/**
 * Length of the longest chain of requests of which each began after the one before it had ended. Requests side by side count
 * once.
 */
export function sequential(requests: readonly Timed[]): number {
  const inOrder = [...requests].sort((one, other) => one.began - other.began);
  const waves = new Map<Timed, number>();
  for (const request of inOrder) {
    const before = inOrder.filter((other) => other.ended <= request.began);
    waves.set(request, 1 + Math.max(0, ...before.map((other) => waves.get(other) ?? 0)));
  }
  return Math.max(0, ...waves.values());
}

/** Reads that access is judged by: all of ARM's before the first write, but the cluster credential that the proof needs. */
export function towardsAccess(requests: readonly Timed[]): Timed[] {
  const arm = requests.filter(({ host }) => host === ARM);
  const written = Math.min(
    Infinity,
    ...arm.filter(({ method }) => method === 'PUT' || method === 'DELETE').map(({ began }) => began),
  );
  return arm.filter(({ began, path }) => began < written && !path.includes('/listClusterUserCredential'));
}
