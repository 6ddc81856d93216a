import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { CLI_INPUTS, inputOptions, rawInputs } from '../../src/cli/options.js';
import { runCommandLine } from '../../src/cli/program.js';
import { keepingTerminal } from './terminals.js';

const HERE = join(fileURLToPath(new URL('../..', import.meta.url)), 'src', 'cli');

/** No az on PATH: whatever would sign in fails there, and nowhere else. */
async function run(...args: string[]): Promise<{ exitCode: number; out: string; err: string }> {
  const terminal = keepingTerminal({ PATH: '/nonexistent' });
  const exitCode = await runCommandLine(args, HERE, terminal);
  return { exitCode, out: terminal.out(), err: terminal.err() };
}

const CLUSTER =
  '/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/shop';

describe('help', () => {
  it('of the program names every command, and the exit codes', async () => {
    const { exitCode, out } = await run('--help');
    expect(exitCode).toBe(0);
    for (const command of ['connect', 'check', 'demo', 'simulate'])
      expect(out).toMatch(new RegExp(`^ {2}${command}`, 'm'));
    expect(out).not.toMatch(/^ {2}(plan|audit|disconnect|explain)/m);
    expect(out).toContain('130 interrupted');
  });
  it.each(['connect', 'check'])('of %s has every flag, and examples', async (command) => {
    const { exitCode, out } = await run(command, '--help');
    expect(exitCode).toBe(0);
    for (const { option } of inputOptions()) expect(out).toContain(option.flags);
    expect(out).toContain('Examples:');
    expect(out).not.toContain('one per line');
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
  it('reach the raw inputs, lists one per line', () => {
    const flags = inputOptions();
    const command = new Command().exitOverride();
    for (const { option } of flags) command.addOption(option);
    const args = flags.flatMap(({ option }) => [option.long ?? '', `${option.attributeName()} 1`]);
    const again = ['--cluster', 'second', '--image', 'third', '--image', 'fourth'];
    command.parse([...args, ...again], { from: 'user' });
    const raw = rawInputs(flags, command.opts());
    expect(Object.keys(raw).sort()).toEqual(CLI_INPUTS.map(({ name }) => name).sort());
    expect(raw.cluster).toBe('cluster 1\nsecond');
    expect(raw.image).toBe('image 1\nthird\nfourth');
    expect(raw['subscription-id']).toBe('subscription 1');
    expect(raw['propagation-timeout']).toBe('propagationTimeout 1');
  });
  it('that take one value take the last', () => {
    const flags = inputOptions();
    const command = new Command().exitOverride();
    for (const { option } of flags) command.addOption(option);
    command.parse(['--timeout', '1m', '--timeout', '2m'], { from: 'user' });
    expect(rawInputs(flags, command.opts())).toEqual({ timeout: '2m' });
  });
  it('that are not given are not there', () => {
    expect(rawInputs(inputOptions(), {})).toEqual({});
  });
});

describe('what is refused with 2', () => {
  it.each(['plan', 'disconnect', 'audit', 'explain'])('%s, by name, whatever follows it', async (command) => {
    const { exitCode, out, err } = await run(command, '--cluster', 'x', 'y');
    expect(exitCode).toBe(2);
    expect(out).toBe('');
    expect(err).toContain(`${command} is not in this version`);
  });
  it.each([
    ['an unknown command', ['frobnicate']],
    ['an unknown flag', ['check', '--frobnicate']],
    ['a stray word', ['check', 'shop']],
    ['a flag without its value', ['check', '--cluster']],
    ['another form of output', ['check', '-o', 'xml']],
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
