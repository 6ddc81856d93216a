import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { CLI_INPUTS, inputOptions, rawInputs } from '../../src/cli/options.js';
import type { InputName } from '../../src/core/inputs.js';
import type { Mode } from '../../src/core/report.js';
import { ALL_PARTS } from '../../src/cli/parts.js';
import { runCommandLine } from '../../src/cli/program.js';
import { keepingTerminal } from './terminals.js';

const HERE = join(fileURLToPath(new URL('../..', import.meta.url)), 'src', 'cli');

/** No az on PATH: whatever would sign in fails there, and nowhere else. */
async function run(...args: string[]): Promise<{ exitCode: number; out: string; err: string }> {
  const terminal = keepingTerminal({ PATH: '/nonexistent' });
  const exitCode = await runCommandLine(args, HERE, terminal, ALL_PARTS);
  return { exitCode, out: terminal.out(), err: terminal.err() };
}

const MODES: readonly Mode[] = ['connect', 'check', 'plan', 'disconnect', 'audit'];

const CLUSTER =
  '/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/shop';

describe('help', () => {
  it('of the program names every command, and the exit codes', async () => {
    const { exitCode, out } = await run('--help');
    expect(exitCode).toBe(0);
    for (const command of [...MODES, 'explain', 'demo', 'simulate', 'completion'])
      expect(out).toMatch(new RegExp(`^ {2}${command}`, 'm'));
    expect(out).toContain('130 interrupted');
  });
  it.each(MODES)('of %s has every flag that means something there, and examples', async (mode) => {
    const { exitCode, out } = await run(mode, '--help');
    expect(exitCode).toBe(0);
    for (const { option } of inputOptions(mode)) expect(out).toContain(option.flags);
    expect(out).toMatch(new RegExp(`^Examples:\\n {2}aks-acr-pull ${mode} `, 'm'));
    expect(out).not.toContain('one per line');
    expect(out).not.toContain('true or false');
  });
  it.each(['explain', 'demo', 'simulate', 'completion'])('of %s has examples', async (command) => {
    expect((await run(command, '--help')).out).toMatch(/^Examples:\n {2}\S/m);
  });
  it('of a mode shows no flag that it would ignore', async () => {
    const flags = async (mode: Mode): Promise<string> => (await run(mode, '--help')).out;
    expect(await flags('disconnect')).not.toMatch(/--(image|verify|node-pools|namespace|repositories) /);
    for (const mode of ['connect', 'check', 'plan'] as const)
      expect(await flags(mode)).not.toMatch(/--(dry-run|all-direct)/);
  });
  it('of demo names the built-in scenarios', async () => {
    expect((await run('demo', '--help')).out).toMatch(/first-run,\s+no-rights/);
  });
  it('is what no command at all gets, as an error', async () => {
    const { exitCode, out, err } = await run();
    expect(exitCode).toBe(2);
    expect(out).toBe('');
    expect(err).toContain('Usage:');
  });
});

it('--version is a version', async () => {
  expect(await run('--version')).toEqual({
    exitCode: 0,
    out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    err: '',
  });
});

describe('flags', () => {
  const parsed = (mode: Mode, args: readonly string[]): ReturnType<typeof rawInputs> => {
    const flags = inputOptions(mode);
    const command = new Command().exitOverride();
    for (const { option } of flags) command.addOption(option);
    command.parse(args, { from: 'user' });
    return rawInputs(flags, command.opts());
  };
  it('reach the raw inputs, lists one per line', () => {
    const again = ['--cluster', 'second', '--image', 'third', '--image', 'fourth'];
    const reached = new Set<InputName>();
    for (const mode of MODES) {
      const args = inputOptions(mode).flatMap(({ option }) => [
        option.long ?? '',
        ...(option.required ? [`${option.attributeName()} 1`] : []),
      ]);
      const raw = parsed(mode, mode === 'connect' ? [...args, ...again] : args);
      for (const { input } of inputOptions(mode)) expect(raw[input]).toBeDefined();
      for (const input of Object.keys(raw)) reached.add(input as InputName);
      if (mode !== 'connect') continue;
      expect(raw.cluster).toBe('cluster 1\nsecond');
      expect(raw.image).toBe('image 1\nthird\nfourth');
      expect(raw['subscription-id']).toBe('subscription 1');
      expect(raw['propagation-timeout']).toBe('propagationTimeout 1');
    }
    expect([...reached].sort()).toEqual(CLI_INPUTS.map(({ name }) => name).sort());
  });
  it('that are true or false take no value', () => {
    expect(parsed('disconnect', ['--dry-run', '--all-direct'])).toEqual({
      'dry-run': 'true',
      'all-direct': 'true',
    });
  });
  it('that take one value take the last', () => {
    expect(parsed('check', ['--timeout', '1m', '--timeout', '2m'])).toEqual({ timeout: '2m' });
  });
  it('that are not given are not there', () => {
    expect(rawInputs(inputOptions('connect'), {})).toEqual({});
  });
});

describe('what is refused with 2', () => {
  it.each([
    ['an unknown command', ['frobnicate']],
    ['an unknown flag', ['check', '--frobnicate']],
    ['a stray word', ['check', 'shop']],
    ['a flag without its value', ['check', '--cluster']],
    ['another form of output', ['check', '-o', 'xml']],
    ['a flag of another mode', ['connect', '--dry-run']],
    ['a value for a flag that takes none', ['disconnect', '--dry-run', 'true']],
    ['completion for another shell', ['completion', 'csh']],
    ['completion without a shell', ['completion']],
    ['simulate without a scenario', ['simulate']],
  ])('%s', async (_, args) => {
    const { exitCode, out, err } = await run(...args);
    expect(exitCode).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(/^error: /m);
  });
  it('all unusable inputs at once, each with its value and the form wanted', async () => {
    const { exitCode, out, err } = await run(
      'check',
      '--cluster',
      'a b',
      '--registry',
      'x',
      '--timeout',
      '5',
      '-o',
      'json',
    );
    expect(exitCode).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(/✗ input cluster is "a b": /);
    expect(err).toMatch(/✗ input registry is "x": /);
    expect(err).toMatch(/✗ input timeout is "5": a duration/);
  });
  it('an unknown scenario, with the names that there are', async () => {
    for (const args of [
      ['simulate', 'nowhere'],
      ['demo', '--scenario', 'nowhere', '--bundle', fileURLToPath(import.meta.url)],
    ]) {
      const { exitCode, err } = await run(...args);
      expect(exitCode).toBe(2);
      expect(err).toMatch(/no scenario is called "nowhere".*first-run.*no-rights/);
    }
  });
  it('a demo without its bundle', async () => {
    const { exitCode, err } = await run('demo', '--bundle', '/nonexistent/index.js');
    expect(exitCode).toBe(2);
    expect(err).toContain('/nonexistent/index.js');
  });
});

it('what was typed is shown as text', async () => {
  const { err } = await run('check', '--\u001b[31m::error::x');
  expect(err).not.toContain('\u001b');
  expect(err).toContain('\\e[31m');
});

describe('without a login', () => {
  it('check ends as unknown, says what was attempted and what to do, and prints no report', async () => {
    const { exitCode, out, err } = await run(
      'check',
      '--cluster',
      CLUSTER,
      '--registry',
      'contoso',
      '-o',
      'json',
    );
    expect(exitCode).toBe(3);
    expect(out).toBe('');
    expect(err).toMatch(/az/);
    expect(err).toContain('az login');
  });
});
