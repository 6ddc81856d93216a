/** What etcd and the watch cache do: objects, versions, and every change in order. */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { alreadyExists, expired, notFound } from './errors.js';
import { resourceInfo, timestamp } from './objects.js';
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

/** How many changes a watch can go back; older versions are Expired. */
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

  constructor(private readonly now: () => number) {}

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
    complete.metadata.uid ??= randomUUID();
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
    if (isDeepStrictEqual(after, before)) return before;
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
    const oldest = this.history[0];
    if (oldest !== undefined && this.history.length >= HISTORY && version < oldest.version - 1) {
      throw expired(version, oldest.version - 1);
    }
    return this.history.filter((change) => change.version > version);
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
    if (this.history.length > HISTORY) this.history.shift();
    for (const listener of [...this.listeners]) listener(change);
    return object;
  }
}

function key(resource: ResourceName, name: string, namespace?: string): string {
  return `${resource}/${namespace ?? ''}/${name}`;
}
