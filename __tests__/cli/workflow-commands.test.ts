import { describe, expect, it } from '@jest/globals';
import { readFileCommands, readOutputLine } from '../../src/cli/demo/workflow-commands.js';

describe('a line of a step', () => {
  it.each([
    ['plain text', { kind: 'text', text: 'plain text' }],
    ['  ✓ a :: b', { kind: 'text', text: '  ✓ a :: b' }],
    [':\\:error:\\:x', { kind: 'text', text: ':\\:error:\\:x' }],
    ['::unheard-of::x', { kind: 'text', text: '::unheard-of::x' }],
    ['::group::A title', { kind: 'group', title: 'A title' }],
    ['::endgroup::', { kind: 'end-group' }],
    ['::add-mask::s%25cret', { kind: 'mask', value: 's%cret' }],
    ['::debug::x', { kind: 'debug', message: 'x' }],
    ['::error::a%0Ab: 100%25', { kind: 'annotation', level: 'error', message: 'a\nb: 100%' }],
    [
      '  ::warning file=a,title=a%2C b%3A c::m',
      { kind: 'annotation', level: 'warning', title: 'a, b: c', message: 'm' },
    ],
    ['::notice::%250A', { kind: 'annotation', level: 'notice', message: '%0A' }],
  ])('%s', (line, expected) => {
    expect(readOutputLine(line)).toEqual(expected);
  });
});

describe('a file of outputs or state', () => {
  it('holds single lines and blocks; the last of a name counts', () => {
    expect(readFileCommands('a=1=2\nb<<EOF\nx\n\na=9\nEOF\na=3\n')).toEqual({ a: '3', b: 'x\n\na=9' });
  });
  it('holds nothing when it is empty', () => {
    expect(readFileCommands('')).toEqual({});
  });
  it('is refused when a block has no end', () => {
    expect(() => readFileCommands('b<<EOF\nx\n')).toThrow('EOF is missing');
  });
});
