import { describe, expect, it } from '@jest/globals';
import { CommandNotFound, createExec, environmentForChildren, throughCmd } from '../../src/host/exec.js';

const script = (text: string): [string, string[]] => [process.execPath, ['-e', text]];

describe('createExec', () => {
  const exec = createExec({ PATH: process.env.PATH, INPUT_IMAGE: 'x', KEPT: 'kept' });

  it('gives exit code and both streams, and no shell sees the arguments', async () => {
    const [node, args] = script('console.log(process.argv[1]); console.error("err"); process.exitCode = 3');
    expect(await exec.run(node, [...args, '$HOME; `id` "x"'])).toEqual({
      exitCode: 3,
      stdout: '$HOME; `id` "x"\n',
      stderr: 'err\n',
    });
  });

  it('keeps from commands what is ours alone', async () => {
    const [node, args] = script('console.log(Object.keys(process.env).join())');
    const { stdout } = await exec.run(node, args);
    expect(stdout).toContain('KEPT');
    expect(stdout).not.toContain('INPUT_IMAGE');
    expect(
      environmentForChildren({
        PATH: '/bin',
        STATE_leftovers: 'x',
        Input_Cluster: 'x',
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'x',
        ACTIONS_ID_TOKEN_REQUEST_URL: 'x',
        ENDPOINT_AUTH_PARAMETER_1b2c_SERVICEPRINCIPALKEY: 'x',
        ENDPOINT_DATA_1b2c_SUBSCRIPTIONID: 'x',
        SECRET_SYSTEM_ACCESSTOKEN: 'x',
        SYSTEM_ACCESSTOKEN: 'x',
        VSTS_SECRET_VARIABLES: 'x',
        HTTPS_PROXY: 'p',
      }),
    ).toEqual({ PATH: '/bin', HTTPS_PROXY: 'p' });
  });

  it('tells a command that is not there', async () => {
    await expect(exec.run('no-such-command', [])).rejects.toThrow(CommandNotFound);
  });

  it('ends a command when it is told to, and when its time is over', async () => {
    const [node, args] = script('setInterval(() => {}, 1000)');
    const stop = new AbortController();
    const reason = new Error('cancelled');
    setTimeout(() => stop.abort(reason), 100);
    await expect(exec.run(node, args, { signal: stop.signal })).rejects.toBe(reason);
    await expect(exec.run(node, args, { timeoutMs: 100 })).rejects.toThrow('did not end within 100 ms');
  });

  it('lets nothing through to cmd.exe that means something to it', () => {
    expect(throughCmd('az', ['account', 'show', '--output', 'json'])).toEqual([
      'cmd.exe',
      ['/d', '/c', 'az', 'account', 'show', '--output', 'json'],
    ]);
    for (const word of ['a b', '%PATH%', 'a&calc', '"', '^', 'a|b'])
      expect(() => throughCmd('az', [word])).toThrow();
  });
});
