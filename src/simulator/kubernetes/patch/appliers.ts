/** Remembers who applied which fields of which object. */
import type { Owners } from './apply.js';

/** The appliers of one cluster's objects, by the objects' uid. */
export class Appliers {
  private readonly known = new Map<string, Owners>();

  of(uid: string | undefined): Owners {
    return this.known.get(uid ?? '') ?? new Map();
  }

  remember(uid: string | undefined, owners: Owners): void {
    if (uid !== undefined) this.known.set(uid, owners);
  }
}
