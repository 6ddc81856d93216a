import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { NotModelled } from '../../../../src/simulator/net/exchange.js';
import { parseShell } from '../../../../src/simulator/kubernetes/run-command/shell-syntax.js';
import { runShell } from '../../../../src/simulator/kubernetes/run-command/shell.js';

const FILES = new Map([
  ['a.txt', Buffer.from('alpha\n')],
  ['folder/b.txt', Buffer.from('beta\n')],
]);

/** Runs a script whose kubectl says what it was given. */
async function shell(script: string, signal = new AbortController().signal) {
  let logs = '';
  const exitCode = await runShell(script, {
    files: FILES,
    signal,
    log: (text) => (logs += text),
    kubectl: ({ args, input, out }) => {
      out(`${JSON.stringify(args)} < ${JSON.stringify(input)}\n`);
      return args.includes('fail') ? 3 : 0;
    },
  });
  return { exitCode, logs };
}

describe('the shell of a command', () => {
  it.each([
    ['echo a  b', 'a b\n', 0],
    ["echo 'a  b' \"c\"d\\ e ''", 'a  bcd e \n'.replace('bcd', 'b cd'), 0],
    ["echo 'it'\\''s $HOME `x` \\n'", "it's $HOME `x` \\n\n", 0],
    ['echo "a \\"b\\" \\$c \\\\ \\x"', 'a "b" $c \\ \\x\n', 0],
    ['echo -n a; echo b', 'ab\n', 0],
    ['echo a # b', 'a\n', 0],
    ['echo a#b', 'a#b\n', 0],
    ['echo a \\\n  b', 'a b\n', 0],
    ['\n\necho a\n\n# nothing\necho b\n', 'a\nb\n', 0],
    ['true && echo yes || echo no', 'yes\n', 0],
    ['false && echo yes || echo no', 'no\n', 0],
    ['false || false\n', '', 1],
    ['false &&\n echo a; echo b', 'b\n', 0],
    ['exit 3; echo never', '', 3],
    ['false; exit', '', 1],
    ['cat a.txt ./folder/b.txt', 'alpha\nbeta\n', 0],
    ['cat nothing a.txt', 'cat: nothing: No such file or directory\nalpha\n', 1],
    ['cat nothing 2>&1 && echo a || echo b', 'cat: nothing: No such file or directory\nb\n', 0],
    ['cat a.txt | cat 2>&1', 'alpha\n', 0],
    ['echo a2 2>&1; echo b', 'a2\nb\n', 0],
    ['ls', 'a.txt\nfolder\n', 0],
    ['ls folder', 'b.txt\n', 0],
    ['ls nothing', "ls: cannot access 'nothing': No such file or directory\n", 2],
    ['cat a.txt | kubectl apply -f -', '["apply","-f","-"] < "alpha\\n"\n', 0],
    ['kubectl fail | cat', '["fail"] < ""\n', 0],
    ['kubectl fail', '["fail"] < ""\n', 3],
    ['sleep 0.01 && echo a', 'a\n', 0],
    ['', '', 0],
  ])('runs %j', async (script, logs, exitCode) => {
    expect(await shell(script)).toEqual({ logs, exitCode });
  });

  it.each([
    'echo $HOME',
    'echo "$(id)"',
    'echo `id`',
    'echo *',
    'echo a?b',
    'echo [ab]',
    'echo ~',
    'echo {a,b}',
    'echo a > file',
    'cat < a.txt',
    'cat nothing 2>&1 | cat',
    'echo a 2>&1x',
    'echo a 2>b',
    '2>&1',
    'echo a &',
    '(echo a)',
    '! true',
    'A=b',
    'if true; then echo a; fi',
    'echo a;; echo b',
    'echo a &&',
    '&& echo a',
    'echo a |',
    'echo a |& cat',
    "echo 'a",
    'echo "a',
    'cd folder',
    'helm list',
    './script.sh',
    'echo -e a',
    'ls -l',
    'cat ../secret',
    'cat /etc/passwd',
    'constructor',
    'sleep for ever',
  ])('does not guess at %j, and goes on with nothing behind it', async (script) => {
    const { exitCode, logs } = await shell(`${script} || echo guessed`);
    expect(exitCode).toBe(127);
    expect(logs).toMatch(/^NotModelled: the simulator doesn't model this command: .+\n$/);
  });

  it('does not guess at a backslash at the end', async () => {
    expect((await shell('echo a \\')).exitCode).toBe(127);
  });

  it('runs nothing of a script that it cannot read to its end', async () => {
    expect((await shell('echo a; echo $b')).logs).not.toMatch(/^a/m);
  });

  it('gives a quoted word as it is, whatever stands in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const quoted = `'${text.replaceAll("'", `'\\''`)}'`;
        expect(parseShell(`echo ${quoted}`)).toEqual([{ when: 'always', pipeline: [['echo', text]] }]);
      }),
    );
  });

  it('reads any text, or refuses it as not modelled', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab \'"\\#|&;\n$()') }), (text) => {
        try {
          parseShell(text);
        } catch (error) {
          expect(error).toBeInstanceOf(NotModelled);
        }
      }),
    );
  });

  it('ends when its pod does', async () => {
    const pod = new AbortController();
    const running = shell('sleep 1h', pod.signal);
    pod.abort();
    await expect(running).rejects.toThrow();
  });
});
