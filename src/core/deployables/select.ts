/** Which images are really pulled on which pools: few, and yet each kind of thing that can go wrong is tried. */

/** An image that can be pulled on some pools. */
export interface Candidate<I, P> {
  image: I;
  /** Pools that its workloads can land on, and that it may have a platform for. */
  pools: readonly P[];
  repository: string;
  /** What gives access to its repository: images with the same are proved by one of them. */
  access: string;
  /** Compressed bytes, where they are known. */
  size?: number;
}

/**
 * At most so many images a pool: first one of each repository condition, then one of each repository, then any; of equals
 * the smallest. Whatever is chosen for one pool is preferred on the next, so that an image is proved on all of its pools.
 */
export function selectPulls<I, P>(
  candidates: readonly Candidate<I, P>[],
  pools: readonly P[],
  most: number,
): { image: I; pool: P }[] {
  const chosenAnywhere = new Set<Candidate<I, P>>();
  return pools.flatMap((pool) => {
    const here = candidates
      .filter((one) => one.pools.includes(pool))
      .map((one, nth) => ({ one, nth }))
      .sort(
        (left, right) =>
          Number(chosenAnywhere.has(right.one)) - Number(chosenAnywhere.has(left.one)) ||
          (left.one.size ?? Number.MAX_SAFE_INTEGER) - (right.one.size ?? Number.MAX_SAFE_INTEGER) ||
          left.nth - right.nth,
      )
      .map(({ one }) => one);
    const chosen = new Set<Candidate<I, P>>();
    const take = (key: (one: Candidate<I, P>) => unknown): void => {
      for (const one of here) {
        if (chosen.size >= most) return;
        const seen = [...chosen].some((other) => key(other) === key(one));
        if (!seen) chosen.add(one);
      }
    };
    take(({ access }) => access);
    take(({ repository }) => repository);
    take((one) => one);
    for (const one of chosen) chosenAnywhere.add(one);
    return [...chosen].map(({ image }) => ({ image, pool }));
  });
}
