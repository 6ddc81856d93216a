/** A terminal that keeps what is written to it. */
import type { Terminal } from '../../src/cli/terminal.js';

export interface KeepingTerminal extends Terminal {
  readonly out: () => string;
  readonly err: () => string;
}

export function keepingTerminal(
  environment: NodeJS.ProcessEnv = {},
  tty: { isTTY?: boolean; columns?: number } = {},
): KeepingTerminal {
  const written = { out: '', err: '' };
  return {
    environment,
    stdout: { ...tty, write: (text) => (written.out += text) },
    stderr: { ...tty, write: (text) => (written.err += text) },
    out: () => written.out,
    err: () => written.err,
  };
}
