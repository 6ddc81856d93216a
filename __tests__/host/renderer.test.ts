/** What a child that renders is given, and what not. What helm and kubectl make of it: __tests__/real/rendering.test.ts. */
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandMissing } from '../../src/core/ports.js';
import { createFiles } from '../../src/host/files.js';
import { createRenderer, renderingEnvironment } from '../../src/host/renderer.js';

/** Names that CI systems and logins give, each with a value that must not be seen. */
const SECRETS = Object.fromEntries(
  [
    'ACTIONS_ID_TOKEN_REQUEST_TOKEN',
    'ACTIONS_ID_TOKEN_REQUEST_URL',
    'ACTIONS_RUNTIME_TOKEN',
    'AZURE_CLIENT_SECRET',
    'AZURE_CONFIG_DIR',
    'ARM_CLIENT_SECRET',
    'INPUT_CLIENT-ID',
    'ENDPOINT_AUTH_x',
    'SECRET_x',
    'SYSTEM_ACCESSTOKEN',
    'GITHUB_TOKEN',
    'GITHUB_ENV',
    'GITHUB_OUTPUT',
    'RUNNER_TEMP',
    'KUBECONFIG',
    'DOCKER_CONFIG',
    'HELM_REGISTRY_CONFIG',
    'HELM_PLUGINS',
    'NODE_OPTIONS',
    'LD_PRELOAD',
    'HTTPS_PROXY',
    'ANYTHING',
  ].map((name) => [name, `kept-back-${name}`]),
);

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'renderer-'));
});
afterEach(async () => rm(home, { recursive: true, force: true }));

const bounds = { network: false, signal: new AbortController().signal, timeoutMs: 60_000 };

/** A program of the name helm that does this. */
async function helmThat(script: string): Promise<NodeJS.ProcessEnv> {
  await mkdir(join(home, 'bin'));
  await writeFile(join(home, 'bin', 'helm'), `#!/bin/sh\n${script}\n`);
  await chmod(join(home, 'bin', 'helm'), 0o755);
  return { ...SECRETS, PATH: `${join(home, 'bin')}:${process.env.PATH ?? ''}` };
}

describe('the environment of what renders', () => {
  it.each([false, true])('holds nothing of the job (network: %s)', (network) => {
    const given = renderingEnvironment({ ...SECRETS, PATH: '/bin' }, '/home-of-its-own', network);
    const leaked = Object.entries(given).filter(
      ([name, value]) => value.startsWith('kept-back') && !(network && name === 'HTTPS_PROXY'),
    );
    expect(leaked).toEqual([]);
    expect(given).toMatchObject({
      PATH: '/bin',
      HOME: '/home-of-its-own',
      HELM_PLUGINS: '/home-of-its-own/plugins',
    });
  });

  it('is what the child sees, whatever the job has', async () => {
    const renderer = createRenderer(await helmThat('env; echo; ls -A "$HOME" "$HELM_PLUGINS"'), home, home);
    const { stdout, exitCode } = await renderer.run('helm', [], bounds);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('HELM_PLUGINS=');
    expect(stdout).not.toContain('kept-back');
    // Its home is removed again.
    expect((await readdir(home)).sort()).toEqual(['bin']);
  });

  it('has proxies that nobody listens at, and no protocol for git', () => {
    expect(renderingEnvironment({}, '/h', false)).toMatchObject({
      HTTPS_PROXY: 'http://127.0.0.1:9',
      https_proxy: 'http://127.0.0.1:9',
      NO_PROXY: '',
      GIT_ALLOW_PROTOCOL: 'none',
    });
  });
});

describe('a child that renders', () => {
  it('has no standard input to wait for, and its exit code is an answer', async () => {
    const renderer = createRenderer(await helmThat('cat; echo no >&2; exit 7'), home, home);
    expect(await renderer.run('helm', [], bounds)).toEqual({ exitCode: 7, stdout: '', stderr: 'no\n' });
  });

  it('is ended when its time is over', async () => {
    const renderer = createRenderer(await helmThat('while :; do sleep 1; done'), home, home);
    await expect(renderer.run('helm', [], { ...bounds, timeoutMs: 300 })).rejects.toThrow(
      'did not end within',
    );
  });

  it('is ended when it gives too much', async () => {
    const renderer = createRenderer(
      await helmThat('exec yes 0123456789012345678901234567890123456789'),
      home,
      home,
    );
    await expect(renderer.run('helm', [], bounds)).rejects.toThrow('gave more than 32 MiB');
  });

  it('gets a file of its own by its path', async () => {
    const renderer = createRenderer(await helmThat('cat "$1"'), home, home);
    const brought = { name: 'chart.tgz', bytes: Buffer.from('a chart') };
    expect(await renderer.run('helm', ['@brought/chart.tgz'], { ...bounds, brought })).toMatchObject({
      stdout: 'a chart',
    });
  });

  it.each([false, true])('is missing where it is not installed (network: %s)', async (network) => {
    const renderer = createRenderer({ PATH: '/usr/bin:/bin' }, home, home);
    const absent = 'helm-that-is-not-there' as 'helm';
    await expect(renderer.run(absent, [], { ...bounds, network })).rejects.toThrow(CommandMissing);
  });
});

describe('files that are named', () => {
  const put = async (...paths: string[]): Promise<void> => {
    for (const path of paths) {
      await mkdir(join(home, path, '..'), { recursive: true });
      await writeFile(join(home, path), path);
    }
  };

  it.each([
    ['k8s/*.yaml', ['k8s/a.yaml', 'k8s/b.yaml']],
    ['k8s/**/*.yaml', ['k8s/a.yaml', 'k8s/b.yaml', 'k8s/deep/er/c.yaml']],
    ['**/*.{yml,json}', ['k8s/d.yml', 'x.json']],
    ['k8s/[ab].yaml', ['k8s/a.yaml', 'k8s/b.yaml']],
    ['k8s/[!a].yaml', ['k8s/b.yaml']],
    ['k8s/?.y*ml', ['k8s/a.yaml', 'k8s/b.yaml', 'k8s/d.yml']],
    // As CI systems know them, and as other patterns that leave them out.
    ['./k8s/a.yaml', ['k8s/a.yaml']],
    ['././k8s/*.yml', ['k8s/d.yml']],
    ['*.yaml', []],
    ['nothing/*.yaml', []],
    ['k8s/a+b.yaml', []],
  ])('%s', async (pattern, found) => {
    await put(
      'k8s/a.yaml',
      'k8s/b.yaml',
      'k8s/deep/er/c.yaml',
      'k8s/d.yml',
      'x.json',
      'node_modules/p/q.json',
    );
    expect(await createFiles(home).matching(pattern)).toEqual(found);
  });

  it('are no folder, and no link out of where this runs', async () => {
    await put('inside/k8s/a.yaml', 'outside/secret.yaml');
    const files = createFiles(join(home, 'inside'));
    await symlink(join(home, 'outside', 'secret.yaml'), join(home, 'inside', 'k8s', 'link.yaml'));
    await symlink(join(home, 'outside'), join(home, 'inside', 'linked'));
    await expect(files.matching('k8s')).rejects.toThrow('it is a folder');
    expect(await files.matching('k8s/*.yaml')).toEqual(['k8s/a.yaml']);
    await expect(files.matching('k8s/link.yaml')).rejects.toThrow('a link out of the folder');
    await expect(files.read('k8s/link.yaml')).rejects.toThrow('a link out of the folder');
    await expect(files.matching('linked/*.yaml')).rejects.toThrow('a link out of the folder');
    expect(await files.linkOutOf('k8s')).toBe('link.yaml');
    // What is named in full is meant.
    expect(await files.matching(join(home, 'outside', '*.yaml'))).toEqual([
      join(home, 'outside', 'secret.yaml'),
    ]);
  });

  it('are standard input as well, where there is one', async () => {
    async function* piped(): AsyncGenerator<Uint8Array | string> {
      yield Buffer.from('a: \u00e4').subarray(0, 4);
      yield Buffer.from('a: \u00e4').subarray(4);
    }
    expect(await createFiles(home, piped()).standardInput?.()).toBe('a: \u00e4');
    expect(createFiles(home).standardInput).toBeUndefined();
  });

  it('are read up to 16 MiB, by whatever mark Windows put before them', async () => {
    await writeFile(
      join(home, 'utf16.yaml'),
      Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('a: 1', 'utf16le')]),
    );
    await writeFile(
      join(home, 'utf16be.yaml'),
      Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from('a: 1', 'utf16le').swap16(), Buffer.from('x')]),
    );
    await writeFile(join(home, 'picture.yaml'), Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1]));
    await writeFile(join(home, 'large.yaml'), Buffer.alloc(16 * 1024 * 1024 + 1));
    const files = createFiles(home);
    expect(await files.read('utf16.yaml')).toBe('a: 1');
    expect(await files.read('utf16be.yaml')).toBe('a: 1');
    await expect(files.read('picture.yaml')).rejects.toThrow('it is no text');
    await expect(files.read('large.yaml')).rejects.toThrow('longer than 16 MiB');
    await expect(files.read('nothing.yaml')).rejects.toThrow('there is no such file');
  });
});
