import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { likelyShell, pipeline, settingLines, SHELL } from '../../../src/cli/simulate/shells.js';

const NASTY = [
  'plain',
  '/tmp/a folder/it\'s "here"',
  '$HOME `id` $(id) \\ ! * ~ # ; & | < >',
  '‘curly’ ‚quotes‛ $env:HOME',
  "${{ secrets.IT }} $(variable) %PATH% 'x'",
  'https://a.test/x//y?z=1&w=2',
];

describe('what is pasted', () => {
  it('into bash gives the very values, and runs nothing', () => {
    const variables = NASTY.map((value, index) => ({ name: `V${index}`, value }));
    const script = [...settingLines(SHELL.bash, variables), 'env -0'].join('\n');
    const { status, stdout, stderr } = spawnSync('bash', ['--norc'], {
      input: script,
      encoding: 'utf8',
      env: { PATH: process.env.PATH },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const got = new Map(
      stdout.split('\0').map((line) => [line.split('=', 1)[0], line.replace(/^[^=]*=/, '')]),
    );
    expect(NASTY.map((_, index) => got.get(`V${index}`))).toEqual(NASTY);
  });

  it('into bash reads a secret from its file', () => {
    const folder = mkdtempSync(join(tmpdir(), "it's a folder "));
    const file = join(folder, 'secret');
    writeFileSync(file, NASTY[2] ?? '');
    const lines = settingLines(SHELL.bash, [{ name: 'S', file }]);
    expect(lines.join('\n')).not.toContain('id`');
    const { stdout } = spawnSync('bash', ['--norc'], {
      input: `${lines.join('\n')}\nprintf %s "$S"`,
      encoding: 'utf8',
    });
    rmSync(folder, { recursive: true });
    expect(stdout).toBe(NASTY[2]);
  });

  it('into PowerShell stays in its quotes, the typographic ones too', () => {
    const [line] = settingLines(SHELL.powershell, [{ name: 'V', value: NASTY[3] ?? '' }]);
    expect(line).toBe("$env:V = '‘‘curly’’ ‚‚quotes‛‛ $env:HOME'");
    // Whoever doubles every quote leaves an even number of them between the outer two.
    for (const value of NASTY) {
      const inner = SHELL.powershell.variable({ name: 'V', value }).slice("$env:V = '".length, -1);
      expect(inner.replace(/(['\u2018-\u201b])\1/g, '')).not.toMatch(/['\u2018-\u201b]/);
    }
  });

  it.each(['workflow', 'azure-pipelines'] as const)('into a %s is YAML of the same values', (name) => {
    const shell = SHELL[name];
    const variables = NASTY.map((value, index) => ({ name: `V${index}`, value }));
    const yaml = parse([...shell.head, ...settingLines(shell, variables)].join('\n')) as Record<
      string,
      object
    >;
    const values = Object.values(Object.values(yaml)[0] ?? {}) as string[];
    expect(values.map((value) => value.replaceAll("${{ '${{' }}", '${{'))).toEqual(NASTY);
    // GitHub would evaluate what begins an expression; the one left gives those letters.
    expect(values.join().replaceAll("${{ '${{' }}", '')).not.toContain('${{');
  });

  it('sets a variable once where case does not count', () => {
    const variables = [
      { name: 'HTTPS_PROXY', value: 'a' },
      { name: 'https_proxy', value: 'a' },
    ];
    expect(settingLines(SHELL.powershell, variables)).toHaveLength(1);
    expect(settingLines(SHELL.bash, variables)).toHaveLength(2);
  });

  it('has commands whose words are quoted, where there are any', () => {
    const commands = [
      ['az', 'login', '-p', "@/a b/it's"],
      ['skopeo', 'login'],
    ];
    expect(pipeline(SHELL.bash, commands)).toBe("az login -p '@/a b/it'\\''s' | skopeo login");
    expect(pipeline(SHELL.powershell, commands)).toBe("az login -p '@/a b/it''s' | skopeo login");
    expect(pipeline(SHELL.workflow, commands)).toBeUndefined();
  });

  it('is for the shell that is most likely at hand', () => {
    expect(likelyShell('linux', {})).toBe('bash');
    expect(likelyShell('darwin', {})).toBe('bash');
    expect(likelyShell('win32', {})).toBe('powershell');
    expect(likelyShell('win32', { MSYSTEM: 'MINGW64' })).toBe('bash');
  });
});
