import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { completionScript, SHELLS } from '../../src/cli/completion.js';
import { inputOptions } from '../../src/cli/options.js';
import { ALL_PARTS } from '../../src/cli/parts.js';
import { runCommandLine } from '../../src/cli/program.js';
import type { Mode } from '../../src/core/report.js';
import { suiteUnless } from '../skip.js';
import { keepingTerminal } from './terminals.js';

const HERE = join(fileURLToPath(new URL('../..', import.meta.url)), 'src', 'cli');
const MODES: readonly Mode[] = ['connect', 'check', 'plan', 'disconnect'];

async function script(shell: string): Promise<string> {
  const terminal = keepingTerminal({});
  expect(await runCommandLine(['completion', shell], HERE, terminal, ALL_PARTS)).toBe(0);
  expect(terminal.err()).toBe('');
  return terminal.out();
}

const missing = (shell: string): string | undefined =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, shell)))
    ? undefined
    : `${shell} is not on this machine`;

describe.each(SHELLS)('completion for %s', (shell) => {
  it('names every command, every flag of it, and every value that can be listed', async () => {
    const text = await script(shell);
    for (const word of [...MODES, 'explain', 'demo', 'simulate', 'completion']) expect(text).toContain(word);
    for (const mode of MODES) {
      for (const { option, values } of inputOptions(mode)) {
        expect(text).toContain(option.long?.replace(/^--/, '') ?? '');
        if (values.length > 0) expect(text).toContain(values.join(' '));
      }
    }
    expect(text).toContain('text json markdown');
    expect(text).toContain('first-run');
    expect(text).not.toMatch(/--bundle/);
  });
});

suiteUnless(missing('bash'), 'bash', () => {
  let text: string;
  beforeAll(async () => {
    text = await script('bash');
  });
  /** What bash offers where the cursor stands: behind the last word. */
  function offered(...words: string[]): string[] {
    const probe = `${text}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_aks_acr_pull
printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { status, stdout, stderr } = spawnSync(
      'bash',
      ['--norc', '-c', probe, 'bash', 'aks-acr-pull', ...words],
      { encoding: 'utf8' },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout.split('\n').filter((word) => word !== '');
  }

  it.each<[string, string[], string[]]>([
    ['commands', ['c'], ['connect', 'check', 'completion']],
    ['flags', ['disconnect', '--d'], ['--dry-run', '--debug']],
    ['values', ['check', '--verify', ''], ['pull', 'access', 'none']],
    ['values of a short flag', ['plan', '-o', 'm'], ['markdown']],
    ['a command that stands further ahead', ['check', '--cluster', 'shop', '--ver'], ['--verify']],
    ['shells', ['completion', 'z'], ['zsh']],
    ['no flag of another mode', ['connect', '--dry'], []],
    ['nothing where anything may stand', ['check', '--cluster', ''], []],
  ])('offers %s', (_what, words, wanted) => {
    expect(offered(...words)).toEqual(wanted);
  });
});

for (const shell of ['zsh', 'fish'] as const) {
  suiteUnless(missing(shell), shell, () => {
    it('takes the script', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'completion-'));
      const file = join(folder, 'script');
      writeFileSync(file, await script(shell));
      const checked = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
      rmSync(folder, { recursive: true });
      expect(checked).toMatchObject({
        status: 0,
        stderr: '',
      });
    });
  });
}

it('descriptions can not break out of their quotes', () => {
  const description = "it's [a] b: $(touch x) `touch x` \\ end. And more.";
  const flags = [{ long: '--it', description, takesValue: true, values: [] }];
  const commands = [{ name: 'do', description, flags, words: [] }];
  expect(completionScript('zsh', 'p', commands)).toContain(
    `'do:it'\\''s \\[a\\] b\\: $(touch x) \`touch x\` \\\\ end'`,
  );
  expect(completionScript('fish', 'p', commands)).toContain(
    `-d 'it\\'s [a] b: $(touch x) \`touch x\` \\\\ end'`,
  );
  expect(completionScript('bash', 'p', commands)).not.toContain('touch');
});
