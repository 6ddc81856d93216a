/** Waiting, without keeping the process alive and without outliving the cluster. */

/** Timers of one cluster; stop() ends them all. */
export class Timers {
  private readonly running = new Set<NodeJS.Timeout>();
  private stopped = false;

  /** Calls back after some milliseconds unless cancelled or stopped first; the answer cancels. */
  after(milliseconds: number, callback: () => void): () => void {
    if (this.stopped) return () => undefined;
    // Node's timers take at most 2^31-1 ms.
    const timer = setTimeout(
      () => {
        this.running.delete(timer);
        callback();
      },
      Math.min(Math.max(0, milliseconds), 2 ** 31 - 1),
    );
    timer.unref();
    this.running.add(timer);
    return () => {
      clearTimeout(timer);
      this.running.delete(timer);
    };
  }

  stop(): void {
    this.stopped = true;
    for (const timer of this.running) clearTimeout(timer);
    this.running.clear();
  }
}

/**
 * Keys to look at, each at most once at a time: what controllers work from. A key added again before its turn keeps
 * the earlier of the two times.
 */
export class WorkQueue {
  private readonly waiting = new Map<string, { at: number; cancel: () => void }>();

  constructor(
    private readonly timers: Timers,
    private readonly work: (key: string) => void,
  ) {}

  add(key: string, delayMs = 0): void {
    const at = Date.now() + delayMs;
    const already = this.waiting.get(key);
    if (already !== undefined && already.at <= at) return;
    already?.cancel();
    const cancel = this.timers.after(delayMs, () => {
      this.waiting.delete(key);
      this.work(key);
    });
    this.waiting.set(key, { at, cancel });
  }
}
