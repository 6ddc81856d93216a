/** A process that is the command. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { forLog } from '../render/escape.js';
import { EXIT } from './exit-codes.js';
import type { Parts } from './parts.js';
import { runCommandLine } from './program.js';

/** How long what is still open may keep the process alive once all is told. */
const LINGER_MS = 1_000;

/** Runs the command line of this process to its end; the exit code is set, and nothing that is still open keeps it. */
export async function start(parts: Parts): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    // Whoever reads may stop reading (`… | head`); what is under way is finished all the same.
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }

  try {
    process.exitCode = await runCommandLine(
      process.argv.slice(2),
      dirname(fileURLToPath(import.meta.url)),
      {
        stdout: process.stdout,
        stderr: process.stderr,
        stdin: process.stdin,
        environment: { ...process.env },
      },
      parts,
    );
  } catch (error) {
    const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`${told.split('\n').map(forLog).join('\n')}\n`);
    process.exitCode = EXIT.unknown;
  }
  await Promise.all(
    [process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))),
  );
  setTimeout(() => process.exit(), LINGER_MS).unref();
}
