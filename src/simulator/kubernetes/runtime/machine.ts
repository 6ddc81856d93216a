/**
 * One node's containerd in the course of time. A program learns only as it starts which names it is to reach by a proxy
 * and which by itself: when a name stops being reachable, or is again, the containerd is started anew with the same images.
 */
import { startContainerd } from './containerd.js';
import type { Containerd, Surroundings, Unreachable } from './containerd.js';

/** The network that a node is in. */
export interface NodeNetwork extends Surroundings {
  /** What keeps a node from connecting to a name now; undefined when nothing does. */
  lookUp(host: string): Unreachable | undefined;
}

export interface Machine {
  /** Does something with the containerd, while its network treats these names as it does at the beginning. */
  use<T>(hosts: readonly string[], work: (containerd: Containerd) => Promise<T>): Promise<T>;
  /** Ends the containerd, also while it starts. */
  stop(): Promise<void>;
}

/** Starts a node's containerd in an empty folder of its own. Throws when it can't start. */
export async function startMachine(
  folder: string,
  network: NodeNetwork,
  signal: AbortSignal,
): Promise<Machine> {
  const unreachable = new Map<string, Unreachable>();
  const start = (): Promise<Containerd> => startContainerd(folder, network, unreachable, signal);
  let current = await start();
  const working = new Set<Promise<unknown>>();
  /** Whoever comes waits for the one before to have begun. */
  let turn: Promise<unknown> = Promise.resolve();

  async function reach(hosts: readonly string[]): Promise<void> {
    const now = hosts.map((host) => ({ host, why: network.lookUp(host) }));
    if (now.every(({ host, why }) => unreachable.get(host) === why)) return;
    await Promise.allSettled(working);
    for (const { host, why } of now) {
      if (why === undefined) unreachable.delete(host);
      else unreachable.set(host, why);
    }
    await current.stop();
    current = await start();
  }

  return {
    async use(hosts, work) {
      const begun = turn.then(async () => {
        await reach(hosts);
        const done = work(current);
        working.add(done);
        const over = (): void => void working.delete(done);
        done.then(over, over);
        return { done };
      });
      turn = begun.catch(() => undefined);
      return (await begun).done;
    },
    async stop() {
      await turn;
      await current.stop();
    },
  };
}
