/** A program that is measured from outside and, where it is Node, from inside too. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** What preload.mjs notes in the process itself. */
export interface Used {
  /** User and system time until the first connection is opened; all of it when none is. */
  cpuToFirstRequestMs: number;
  cpuMs: number;
  /** Resident memory when the process ends. */
  residentBytes: number;
}

/** Makes Node processes note what they use, the last to end in the place of the others. */
export interface Meter {
  environment: Record<string, string>;
  read(): Promise<Used>;
}

/**
 * @param root the project's folder
 * @param folder where the notes are left
 */
export function meter(root: string, folder: string): Meter {
  const file = join(folder, 'measured.json');
  const preload = pathToFileURL(join(root, 'scripts', 'bench', 'preload.mjs')).href;
  return {
    environment: { NODE_OPTIONS: `--import ${preload}`, MEASURED_FILE: file },
    read: async () => JSON.parse(await readFile(file, 'utf8')) as Used,
  };
}

export interface Ended {
  exitCode: number | null;
  /** Both streams. */
  said: string;
  /** From start to end, in milliseconds. */
  durationMs: number;
}

/** Runs a program to its end, at most two minutes. Only what is given is in its environment, and PATH. */
export function run(
  program: string,
  args: readonly string[],
  environment: Record<string, string>,
): Promise<Ended> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { PATH: process.env.PATH, LANG: 'C.UTF-8', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 120_000,
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, said, durationMs: performance.now() - began }));
  });
}
