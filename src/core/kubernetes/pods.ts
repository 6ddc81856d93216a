/** One watch over all pods of a run, handed out by Job. */
import type { Clock } from '../ports.js';
import { HttpFault } from '../ports.js';
import { listAt, textAt } from './json.js';
import type { ClusterConnection } from './connection.js';
import { LABELS, labelValue } from './probe.js';
import type { WatchEvent } from './watch.js';

/** Changes of one Job's pods, in order, kept until they are taken. */
export class Mailbox {
  #changes: WatchEvent[] = [];
  #wake: (() => void) | undefined;

  put(change: WatchEvent): void {
    this.#changes.push(change);
    this.wake();
  }

  /** What came since the last time. */
  take(): WatchEvent[] {
    return this.#changes.splice(0);
  }

  /** Ends a wait without a change. */
  wake(): void {
    this.#wake?.();
  }

  /** Resolves when there is a change, when woken, or after `ms`; rejects when the signal is aborted. */
  async wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#changes.length > 0 || ms <= 0) return;
    const timer = new AbortController();
    const either = AbortSignal.any([signal, timer.signal]);
    const woken = new Promise<void>((resolve) => (this.#wake = resolve));
    const slept = clock.sleep(ms, either).catch(() => undefined);
    await Promise.race([woken, slept]);
    this.#wake = undefined;
    timer.abort();
    signal.throwIfAborted();
  }
}

/** Follows the pods of a run with a single watch, whatever the number of pools. */
export class PodFeed {
  readonly #boxes = new Map<string, Mailbox>();
  readonly #stop = new AbortController();
  #failure: Error | undefined;

  constructor(connection: ClusterConnection, namespace: string, runId: string, signal: AbortSignal) {
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`;
    const query = { labelSelector: `${LABELS.run}=${labelValue(runId)}` };
    void this.#follow(connection.watch(path, query, AbortSignal.any([signal, this.#stop.signal])));
  }

  /** Why the pods can't be followed any more, if so. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Where the changes of one Job's pods come in. To be asked for before the Job is made, so that none is missed. */
  open(job: string): Mailbox {
    const box = new Mailbox();
    this.#boxes.set(job, box);
    return box;
  }

  close(job: string): void {
    this.#boxes.delete(job);
  }

  stop(): void {
    this.#stop.abort();
  }

  async #follow(changes: AsyncIterable<WatchEvent>): Promise<void> {
    try {
      for await (const change of changes) this.#boxes.get(jobOf(change.object) ?? '')?.put(change);
      this.#failure = new HttpFault('other', 'the API server', 'the watch on pods ended');
    } catch (error) {
      this.#failure =
        error instanceof Error ? error : new Error('the watch on pods failed', { cause: error });
    }
    for (const box of this.#boxes.values()) box.wake();
  }
}

/** The Job that owns a pod, by its owner reference: labels could be anyone's. */
function jobOf(pod: unknown): string | undefined {
  const owner = listAt(pod, 'metadata', 'ownerReferences').find((one) => textAt(one, 'kind') === 'Job');
  return textAt(owner, 'name');
}
