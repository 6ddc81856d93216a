/** What etcd and the watch cache do: objects, versions, and every change in order. */
import { sameJson } from './equality.js';
import { createRandom } from '../cloud/random.js';
import type { Random } from '../cloud/random.js';
import { alreadyExists, expired, notFound } from './errors.js';
import { timestamp } from './objects.js';
import { resourceInfo } from './resources.js';
import type { KubeObject, ResourceName, ResourceTypes } from './objects.js';

/** One change of one object. */
export interface Change<R extends ResourceName = ResourceName> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  resource: R;
  version: number;
  object: ResourceTypes[R];
  /** The object before the change: a selector may have matched then and not now. */
  previous?: ResourceTypes[R];
}

/**
 * How many changes are kept; older versions are Expired. Assumption: one number for all resources, where a real server
 * sizes its watch caches by themselves and compacts etcd every five minutes.
 */
const HISTORY = 2_000;

/**
 * Objects of one cluster. What it gives out is never changed afterwards: a change makes a new object. Listeners are
 * called in order of the changes, each after the change is complete.
 */
export class Store {
  private readonly objects = new Map<string, { resource: ResourceName; object: KubeObject }>();
  private readonly history: Change[] = [];
  private readonly listeners = new Set<(change: Change) => void>();
  private current = 1;
  /** The latest version whose changes are forgotten. */
  private compacted = 0;

  /** @param random where generated names and ids come from */
  constructor(
    private readonly now: () => number,
    readonly random: Random = createRandom(1),
  ) {}

  /** The version of the latest change. */
  get version(): number {
    return this.current;
  }

  get<R extends ResourceName>(resource: R, name: string, namespace?: string): ResourceTypes[R] | undefined {
    return this.objects.get(key(resource, name, namespace))?.object as ResourceTypes[R] | undefined;
  }

  /** Objects of a resource, of one namespace or all, in order of namespace and name. */
  list<R extends ResourceName>(resource: R, namespace?: string): ResourceTypes[R][] {
    const prefix = namespace === undefined ? `${resource}/` : `${resource}/${namespace}/`;
    return [...this.objects.entries()]
      .filter(([path]) => path.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, entry]) => entry.object as ResourceTypes[R]);
  }

  /** Every object, whatever its resource. */
  all(): { resource: ResourceName; object: KubeObject }[] {
    return [...this.objects.values()];
  }

  /** Stores a new object, giving it uid, creation time and version. Throws AlreadyExists. */
  create<R extends ResourceName>(resource: R, object: ResourceTypes[R]): ResourceTypes[R] {
    const { name, namespace } = object.metadata;
    if (this.get(resource, name, namespace) !== undefined) throw alreadyExists(resourceInfo(resource), name);
    const complete = structuredClone(object);
    complete.metadata.uid ??= this.random.guid('uid', key(resource, name, namespace));
    complete.metadata.creationTimestamp ??= timestamp(this.now());
    return this.commit('ADDED', resource, complete);
  }

  /**
   * Applies a change to a copy of the object and stores it, when that made a difference. Throws NotFound.
   * The last finalizer's removal from an object that is being deleted deletes it.
   */
  update<R extends ResourceName>(
    resource: R,
    name: string,
    namespace: string | undefined,
    change: (object: ResourceTypes[R]) => void,
  ): ResourceTypes[R] {
    const before = this.get(resource, name, namespace);
    if (before === undefined) throw notFound(resourceInfo(resource), name);
    const after = structuredClone(before);
    change(after);
    if (sameJson(after, before)) return before;
    const { deletionTimestamp, finalizers, deletionGracePeriodSeconds } = after.metadata;
    if (finalizers?.length === 0) delete after.metadata.finalizers;
    const stored = this.commit('MODIFIED', resource, after, before);
    const held = (before.metadata.finalizers?.length ?? 0) > 0;
    const free = (finalizers?.length ?? 0) === 0;
    if (deletionTimestamp !== undefined && held && free && (deletionGracePeriodSeconds ?? 0) === 0) {
      this.remove(resource, name, namespace);
    }
    return stored;
  }

  /** Deletes an object outright; does nothing when it is gone. */
  remove<R extends ResourceName>(
    resource: R,
    name: string,
    namespace?: string,
  ): ResourceTypes[R] | undefined {
    const object = this.get(resource, name, namespace);
    if (object === undefined) return undefined;
    return this.commit('DELETED', resource, structuredClone(object), object);
  }

  /** Calls the listener for every later change; the answer ends that. */
  subscribe(listener: (change: Change) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Changes after a version, oldest first. Throws Expired when they are no longer known. */
  since(version: number): Change[] {
    if (version < this.compacted) throw expired(version, this.compacted);
    return this.history.filter((change) => change.version > version);
  }

  /** What `list` answered at a version. Throws Expired when that is no longer known. */
  listAt<R extends ResourceName>(
    version: number,
    resource: R,
    namespace: string | undefined,
    tooOld: () => Error,
  ): ResourceTypes[R][] {
    if (version < this.compacted) throw tooOld();
    const then = new Map<string, ResourceTypes[R]>(
      this.list(resource, namespace).map((object) => [
        key(resource, object.metadata.name, object.metadata.namespace),
        object,
      ]),
    );
    for (const change of this.since(version).reverse()) {
      if (change.resource !== resource) continue;
      const { name, namespace: within } = change.object.metadata;
      if (namespace !== undefined && within !== namespace) continue;
      const path = key(resource, name, within);
      if (change.previous === undefined) then.delete(path);
      // The history holds changes of every resource; this one is of the resource asked for.
      else then.set(path, change.previous as ResourceTypes[R]);
    }
    return [...then.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  /** Forgets what was before a version, as etcd's compaction does; default: everything but the present. */
  compact(version = this.current): void {
    this.compacted = Math.max(this.compacted, version);
    while ((this.history[0]?.version ?? Infinity) <= this.compacted) this.history.shift();
  }

  private commit<R extends ResourceName>(
    type: Change['type'],
    resource: R,
    object: ResourceTypes[R],
    previous?: ResourceTypes[R],
  ): ResourceTypes[R] {
    this.current += 1;
    object.metadata.resourceVersion = String(this.current);
    const path = key(resource, object.metadata.name, object.metadata.namespace);
    if (type === 'DELETED') this.objects.delete(path);
    else this.objects.set(path, { resource, object });
    const change: Change<R> = {
      type,
      resource,
      version: this.current,
      object,
      ...(previous === undefined ? {} : { previous }),
    };
    // A change of one resource is a change of some resource: the union is what listeners take apart again.
    this.history.push(change);
    if (this.history.length > HISTORY) this.compacted = this.history.shift()?.version ?? this.compacted;
    for (const listener of [...this.listeners]) listener(change);
    return object;
  }
}

function key(resource: ResourceName, name: string, namespace?: string): string {
  return `${resource}/${namespace ?? ''}/${name}`;
}
