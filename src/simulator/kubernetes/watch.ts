/** Watches: a stream of changes as JSON lines (captures: 200-watch-events.http, watch-410-expired.http). */
import { ApiError } from './errors.js';
import type { KubeObject } from './objects.js';
import { groupVersion } from './resources.js';
import type { ResourceInfo } from './resources.js';
import type { Matcher } from './selectors.js';
import type { Change, Store } from './store.js';
import type { Timers } from './timers.js';

export interface WatchOptions {
  resource: ResourceInfo;
  namespace: string | undefined;
  matches: Matcher;
  /** Undefined or 0: everything there is now comes first, as ADDED. */
  from: number | undefined;
  bookmarks: boolean;
  /** True: everything there is now comes first, and a bookmark that says where that ends. False: nothing of it. */
  initialEvents: boolean | undefined;
  timeoutSeconds: number | undefined;
  signal: AbortSignal;
  /** The form in which objects are shown: themselves, or tables. */
  show: (object: KubeObject) => object;
  showBookmark: (bookmark: KubeObject) => object;
}

type WatchEvent = { type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'; object: unknown };

/** When bookmarks are sent: about every minute, and shortly before the watch ends (kubernetes/kubernetes staging apiserver pkg/storage/cacher). */
const BOOKMARK_MS = { every: 60_000, beforeEnd: 2_000 } as const;
/** Without timeoutSeconds a watch ends after half an hour to an hour (apiserver minRequestTimeout). */
const DEFAULT_TIMEOUT_MS = 30 * 60_000;

/** The stream of one watch. Ends at its timeout, when the client hangs up or when the cluster stops. */
export async function* watchStream(
  store: Store,
  timers: Timers,
  stopped: AbortSignal,
  options: WatchOptions,
): AsyncGenerator<string> {
  const { resource, namespace, matches, from, initialEvents } = options;
  const pending: WatchEvent[] = [];
  let wake: () => void = () => undefined;
  let ended = false;
  const push = (...events: WatchEvent[]): void => {
    pending.push(...events);
    wake();
  };
  const end = (): void => {
    ended = true;
    wake();
  };
  const seen = (change: Change): void => {
    if (change.resource !== resource.name) return;
    if (namespace !== undefined && change.object.metadata.namespace !== namespace) return;
    const event = eventFor(change, matches, options.show);
    if (event !== undefined) push(event);
  };
  const bookmark = (annotations?: Record<string, string>): WatchEvent => ({
    type: 'BOOKMARK',
    object: options.showBookmark({
      kind: resource.kind,
      apiVersion: groupVersion(resource),
      // An object of the kind with nothing in it, its name left out.
      metadata: {
        resourceVersion: String(store.version),
        ...(annotations === undefined ? {} : { annotations }),
      } as KubeObject['metadata'],
    }),
  });

  // What is there is read and listening begins in one go, so no change falls between the two.
  try {
    if (initialEvents ?? (from === undefined || from === 0)) {
      const there = store.list(resource.name, namespace).filter(matches);
      push(...there.map((object): WatchEvent => ({ type: 'ADDED', object: options.show(object) })));
      if (initialEvents === true) push(bookmark({ 'k8s.io/initial-events-end': 'true' }));
    } else if (from !== undefined && from > 0) {
      store.since(from).forEach(seen);
    }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    yield line({ type: 'ERROR', object: error.status });
    return;
  }
  const unsubscribe = store.subscribe(seen);
  const lasts = options.timeoutSeconds === undefined ? DEFAULT_TIMEOUT_MS : options.timeoutSeconds * 1000;
  const cancelTimeout = timers.after(lasts, end);
  let cancelBookmark = (): void => undefined;
  const keepMarking = (left: number): void => {
    const wait = Math.min(BOOKMARK_MS.every, left - BOOKMARK_MS.beforeEnd);
    if (wait <= 0) return;
    cancelBookmark = timers.after(wait, () => {
      push(bookmark());
      keepMarking(left - wait);
    });
  };
  if (options.bookmarks) keepMarking(lasts);
  for (const signal of [options.signal, stopped]) {
    if (signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
  }
  try {
    for (;;) {
      while (pending.length > 0) {
        const event = pending.shift();
        if (event !== undefined) yield line(event);
      }
      if (ended) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    unsubscribe();
    cancelTimeout();
    cancelBookmark();
    options.signal.removeEventListener('abort', end);
    stopped.removeEventListener('abort', end);
  }
}

/** What a watcher with a selector sees of a change: an object that stops matching is DELETED for it, one that begins is ADDED. */
function eventFor(change: Change, matches: Matcher, show: WatchOptions['show']): WatchEvent | undefined {
  const matched = change.previous !== undefined && matches(change.previous);
  const now = matches(change.object);
  const object = show(change.object);
  if (change.type === 'ADDED') return now ? { type: 'ADDED', object } : undefined;
  if (change.type === 'DELETED') return matched || now ? { type: 'DELETED', object } : undefined;
  if (now) return { type: matched ? 'MODIFIED' : 'ADDED', object };
  return matched ? { type: 'DELETED', object } : undefined;
}

function line(event: WatchEvent): string {
  return `${JSON.stringify(event)}\n`;
}
