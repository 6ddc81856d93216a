/** Three-valued logic: what isn't known stays unknown, unless the rest decides without it. */
import type { Allowed } from '../report.js';

export type Truth = Allowed;

export function not(value: Truth): Truth {
  return value === 'unknown' ? value : !value;
}

/** True as soon as one is; unknown when one is and none is true; false for none at all. */
export function some<T>(items: Iterable<T>, truth: (item: T) => Truth): Truth {
  let found: Truth = false;
  for (const item of items) {
    const value = truth(item);
    if (value === true) return true;
    if (value === 'unknown') found = value;
  }
  return found;
}

/** False as soon as one is; unknown when one is and none is false; true for none at all. */
export function every<T>(items: Iterable<T>, truth: (item: T) => Truth): Truth {
  return not(some(items, (item) => not(truth(item))));
}
