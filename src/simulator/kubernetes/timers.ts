/** Waiting, without keeping the process alive and without outliving the cluster. */

/** One that runs: `due` in milliseconds of its Timers' own time. */
interface Running {
  due: number;
  fire: () => void;
  timeout: NodeJS.Timeout;
}

/** Timers of one cluster; stop() ends them all. */
export class Timers {
  private readonly running = new Set<Running>();
  private stopped = false;
  private passed = 0;

  /** Milliseconds of their own time: the machine's, and what was passed over. */
  now(): number {
    return Date.now() + this.passed;
  }

  /** Passes over so many milliseconds: what comes due in them comes at once, in the order of its time. */
  pass(milliseconds: number): void {
    this.passed += milliseconds;
    for (const timer of [...this.running].sort((a, b) => a.due - b.due)) {
      clearTimeout(timer.timeout);
      this.arm(timer);
    }
  }

  /** Calls back after some milliseconds unless cancelled or stopped first; the answer cancels. */
  after(milliseconds: number, callback: () => void): () => void {
    if (this.stopped) return () => undefined;
    const fire = (): void => {
      this.running.delete(timer);
      callback();
    };
    const timer = this.arm({ due: this.now() + milliseconds, fire });
    this.running.add(timer);
    return () => {
      clearTimeout(timer.timeout);
      this.running.delete(timer);
    };
  }

  stop(): void {
    this.stopped = true;
    for (const { timeout } of this.running) clearTimeout(timeout);
    this.running.clear();
  }

  private arm<T extends Pick<Running, 'due' | 'fire'>>(timer: T): T & Running {
    // Node's timers take at most 2^31-1 ms.
    const timeout = setTimeout(
      timer.fire,
      Math.min(Math.max(0, timer.due - this.now()), 2 ** 31 - 1),
    ).unref();
    return Object.assign(timer, { timeout });
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
    const at = this.timers.now() + delayMs;
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
