/** Runs a printed command in a real shell, with every program replaced by one that only tells what it was given. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROGRAMS = ['az', 'kubectl', 'helm', 'jq', 'aks-acr-pull'];

/** What stands in for a program. */
const tells = (program: string): string =>
  `printf '%s\\036' ${program} "$@" >> "$LOG"; printf '\\035' >> "$LOG"; echo an-id`;

/** For the line itself: a function needs no process of its own. Names with a hyphen can be none. */
const FUNCTIONS = PROGRAMS.filter((name) => !name.includes('-')).map(
  (program) => `${program}() { ${tells(program)}; }\n`,
);

export interface Ran {
  status: number | null;
  stderr: string;
  /** Programs that were run, each with its arguments, in order: sub-commands come first. */
  calls: string[][];
  /** Something other than these programs was run. */
  escaped: boolean;
}

/** Whoever writes `$(touch $CANARY)` or `; touch $CANARY` into a name makes `escaped` true. */
export function runInShell(line: string): Ran {
  const folder = mkdtempSync(join(tmpdir(), 'commands-'));
  const log = join(folder, 'log');
  const canary = join(folder, 'canary');
  try {
    // For what the line starts in its turn.
    for (const program of PROGRAMS) {
      const path = join(folder, program);
      writeFileSync(path, `#!/bin/sh\n${tells(program)}\n`);
      chmodSync(path, 0o755);
    }
    const { status, stderr } = spawnSync('sh', ['-c', `${FUNCTIONS.join('')}${line}`], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: `${folder}:/usr/bin:/bin`, LOG: log, CANARY: canary },
    });
    const said = existsSync(log) ? readFileSync(log, 'utf8') : '';
    const calls = said.split('\u001d').filter((call) => call !== '');
    return {
      status,
      stderr,
      calls: calls.map((call) => call.split('\u001e').slice(0, -1)),
      escaped: existsSync(canary),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
