import { describe, expect, it } from '@jest/globals';
import { Lines } from '../../src/cli/terminal.js';
import { keepingTerminal } from './terminals.js';

const told = (
  tell: (lines: Lines) => void,
  tty: { isTTY?: boolean; columns?: number } = {},
  environment: NodeJS.ProcessEnv = {},
): string => {
  const terminal = keepingTerminal(environment, tty);
  tell(new Lines(terminal.stdout, environment));
  return terminal.out();
};

describe('colours', () => {
  const story = (lines: Lines): void => {
    lines.story('✗ it failed');
    lines.passing('… waiting');
    lines.line('next');
  };
  it.each([
    ['a pipe', {}, {}],
    ['NO_COLOR', { isTTY: true }, { NO_COLOR: '1' }],
    ['a dumb terminal', { isTTY: true }, { TERM: 'dumb' }],
  ])('are not written for %s, and a passing line stays', (_, tty, environment) => {
    expect(told(story, tty, environment)).toBe('✗ it failed\n… waiting\nnext\n');
  });
  it('mark a line on a terminal, where a passing line is replaced by the next', () => {
    const text = told(story, { isTTY: true });
    expect(text).toContain('\u001b[31;1m✗\u001b[0m it failed\n');
    expect(text).toMatch(/waiting\S*\r\S*2Knext\n$/);
  });
});

describe('long lines', () => {
  const long = `✓ ${'word '.repeat(30).trim()}`;
  it('are wrapped on a terminal below their own text', () => {
    const lines = told((out) => out.story(long, '  '), { isTTY: true, columns: 60 }, { NO_COLOR: '1' }).split(
      '\n',
    );
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
    expect(lines[1]).toMatch(/^ {4}word/);
    expect(lines.join(' ').replace(/\s+/g, ' ').trim()).toBe(long);
  });
  it('are left alone in a pipe', () => {
    expect(told((out) => out.story(long), { columns: 60 })).toBe(`${long}\n`);
  });
  it('that hold a command are never wrapped, so that it can be copied', () => {
    const command = `           az role assignment create ${'--flag value '.repeat(20)}`;
    expect(told((out) => out.story(command), { isTTY: true, columns: 60 }, { NO_COLOR: '1' })).toBe(
      `${command}\n`,
    );
  });
});

describe('a secret', () => {
  it('is shown as ***, each line of it, once it is told', () => {
    const text = told((out) => {
      out.hide('first\nsecond');
      out.line('a first and a second');
      out.story('✓ first');
      out.passing('second');
    });
    expect(text).toBe('a *** and a ***\n✓ ***\n***\n');
  });
  it('that is empty hides nothing', () => {
    expect(told((out) => (out.hide(' \n'), out.line('a b')))).toBe('a b\n');
  });
});
