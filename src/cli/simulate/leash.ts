/** A program that starts this one and holds its standard input ends it by ending itself. */
import { fstatSync } from 'node:fs';
import type { Readable } from 'node:stream';

/** Standard input, as far as it matters here. */
export type Input = Readable & { fd?: number };

export interface Leash {
  /**
   * Resolves when the other end is let go of after now; never where nobody holds one. A pipe that has ended before now was
   * never held: that is how continuous integration starts programs.
   */
  letGo(): Promise<void>;
  /** Reads no more. */
  stop(): void;
}

/** Only a pipe (or a socket) has another end that someone can hold; a terminal says by a signal that it is gone. */
export function leash(input: Input): Leash {
  if (!isPipe(input.fd)) return { letGo: () => new Promise(() => undefined), stop: () => undefined };
  let over = false;
  const ended = new Promise<void>((resolve) => {
    const end = (): void => {
      over = true;
      resolve();
    };
    input.once('end', end);
    input.once('error', end);
  });
  input.resume();
  return {
    letGo: () => (over ? new Promise(() => undefined) : ended),
    stop: () => void input.pause(),
  };
}

function isPipe(fd: number | undefined): boolean {
  if (fd === undefined) return false;
  try {
    const stat = fstatSync(fd);
    return stat.isFIFO() || stat.isSocket();
  } catch {
    // Closed by whoever started this.
    return false;
  }
}
