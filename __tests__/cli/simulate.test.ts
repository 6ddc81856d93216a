/** `simulate` in this process: what it prints, refuses, opens and leaves. */
import { execFileSync } from 'node:child_process';
import { existsSync, openSync, closeSync, readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ProxyAgent, request } from 'undici';
import { simulateCommand } from '../../src/cli/simulate.js';
import type { SimulateOptions } from '../../src/cli/simulate.js';
import type { ShellName } from '../../src/cli/simulate/shell-names.js';
import type { Input } from '../../src/cli/simulate/leash.js';
import { introduce, variablesOf } from '../../src/cli/simulate/introduction.js';
import { openLogins } from '../../src/cli/simulate/logins.js';
import { SHELL } from '../../src/cli/simulate/shells.js';
import { Lines } from '../../src/cli/terminal.js';
import { startSimulator } from '../../src/simulator/index.js';
import { keepingTerminal } from './terminals.js';
import type { KeepingTerminal } from './terminals.js';

const SECRET = 'not-a-secret-of-anyone';
const SCENARIO = `
name: told
identities:
  - { name: deployer, federated: github }
  - { name: by secret, secrets: [${SECRET}] }
  - { name: machine, kind: managed-identity }
runner: { identities: [machine] }
clusters: [{ name: shop, resourceGroup: apps }]
registries:
  - { name: contoso, resourceGroup: images, repositories: [{ name: web, images: [{ tag: v1 }] }] }
roleAssignments:
  - { principal: deployer, role: Reader, scope: 'registry:contoso' }
`;

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'a simulation '));
  file = join(folder, 'told.yaml');
  await writeFile(file, SCENARIO);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Running {
  terminal: KeepingTerminal;
  ended: Promise<number>;
}

const running = new Set<Promise<number>>();
afterEach(async () => {
  if (running.size > 0) process.emit('SIGTERM');
  await Promise.all(running);
});

function run(more: Partial<SimulateOptions> = {}, input: Input = new PassThrough()): Running {
  const terminal = keepingTerminal();
  const ended = simulateCommand(
    { scenario: file, scenarios: join(folder, 'none'), check: false, quiet: false, output: 'text', ...more },
    terminal,
    input,
  );
  running.add(ended);
  void ended.finally(() => running.delete(ended));
  return { terminal, ended };
}

/** Once standard output holds it. */
async function printed({ terminal, ended }: Running, pattern: RegExp): Promise<RegExpExecArray> {
  let over = false;
  void ended.then(() => (over = true));
  for (;;) {
    const found = pattern.exec(terminal.out());
    if (found !== null) return found;
    if (over) throw new Error(`ended without ${String(pattern)}: ${terminal.out()}${terminal.err()}`);
    await setImmediate();
  }
}

interface Started {
  event: string;
  proxy: string;
  caFile: string;
  environment: Record<string, string>;
  logins: { name: string; proof: string; file?: string; environment: Record<string, string> }[];
}

async function started(one: Running): Promise<Started> {
  const [line = ''] = await printed(one, /^\{"event":"started".*$/m);
  return JSON.parse(line) as Started;
}

async function status({ proxy, caFile }: Started, url: string): Promise<number> {
  const dispatcher = new ProxyAgent({ uri: proxy, requestTls: { ca: await readFile(caFile, 'utf8') } });
  const { statusCode, body } = await request(url, { dispatcher });
  await body.dump();
  await dispatcher.close();
  return statusCode;
}

describe('--check', () => {
  it('says that a scenario can be used, and starts nothing', async () => {
    const { terminal, ended } = run({ check: true });
    expect(await ended).toBe(0);
    expect(terminal.out()).toBe(
      `✓ ${file} can be simulated: told, 1 cluster, 1 registry, 4 identities, 1 role assignment\n`,
    );
  });

  it.each([true, false])(
    'tells all that is wrong with its line, before anything listens (%p)',
    async (check) => {
      const wrong = join(folder, 'wrong.yaml');
      await writeFile(
        wrong,
        'name: x\nclusters:\n  - name: shop\n    poolz: []\nroleAssignments:\n  - { principal: nobody, role: AcrPul, scope: subscription }\n',
      );
      const { terminal, ended } = run({ check, scenario: wrong });
      expect(await ended).toBe(2);
      expect(terminal.out()).toBe('');
      expect(terminal.err()).toBe(
        [
          `✗ ${wrong} can't be simulated: 4 things are wrong with it`,
          `${wrong}:3:5: clusters[0].resourceGroup: is missing`,
          `${wrong}:4:5: clusters[0].poolz: is not known here; did you mean pools?`,
          `${wrong}:6:7: roleAssignments[0].principal: no identity or group is called "nobody"`,
          `${wrong}:6:26: roleAssignments[0].role: no role is called "AcrPul"; did you mean AcrPull?`,
          '',
        ].join('\n'),
      );
    },
  );

  it('tells which scenarios there are where one is not', async () => {
    const { terminal, ended } = run({ check: true, scenario: 'nowhere' });
    expect(await ended).toBe(2);
    expect(terminal.err()).toMatch(/^✗ no scenario is called "nowhere"/);
  });
});

describe('what is refused once the scenario is good', () => {
  it('a port in use, by its number, and with what to do', async () => {
    const other = createServer();
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    const { port } = other.address() as AddressInfo;
    const { terminal, ended } = run({ port });
    expect(await ended).toBe(2);
    expect(terminal.out()).toBe('');
    expect(terminal.err()).toContain(`✗ port ${port} of 127.0.0.1 is in use by another program\n`);
    expect(terminal.err()).toContain('Leave --port out');
    // The same port does when it is free again.
    await new Promise((done) => other.close(done));
    const again = run({ port, output: 'json' });
    expect((await started(again)).proxy).toBe(`http://127.0.0.1:${port}`);
  });

  it('a file for variables that can not be written', async () => {
    const { terminal, ended } = run({ variablesFile: join(folder, 'no', 'such', 'folder') });
    expect(await ended).toBe(2);
    expect(terminal.err()).toMatch(/^✗ --variables-file: .*ENOENT/);
  });
});

describe('a simulation', () => {
  it('tells programs all they need, one object a line, and removes its files', async () => {
    const variablesFile = join(folder, 'variables');
    const one = run({ output: 'json', variablesFile });
    const told = await started(one);
    expect(told.logins.map(({ name, proof }) => [name, proof])).toEqual([
      ['machine', 'machine'],
      ['deployer', 'token'],
      ['by secret', 'secret'],
    ]);
    const files = told.logins.flatMap(({ file: proof }) => proof ?? []);
    for (const proof of [told.caFile, ...files]) expect(statSync(proof).mode & 0o777).toBe(0o600);
    expect(files.map((proof) => readFileSync(proof, 'utf8'))).toEqual([
      expect.stringMatching(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/),
      SECRET,
    ]);
    const kept = ['AZURE_CONFIG_DIR', 'KUBECONFIG', 'REGISTRY_AUTH_FILE'];
    for (const name of kept) expect(dirname(told.environment[name] ?? '')).toBe(dirname(told.caFile));
    expect(readFileSync(variablesFile, 'utf8')).toContain(`\nREQUESTS_CA_BUNDLE=${told.caFile}\n`);

    expect(await status(told, 'https://contoso.azurecr.io/v2/')).toBe(401);
    const [line = ''] = await printed(one, /^\{"event":"request".*$/m);
    expect(JSON.parse(line)).toMatchObject({ method: 'GET', host: 'contoso.azurecr.io', status: 401 });
    for (const text of one.terminal.out().trimEnd().split('\n')) JSON.parse(text);
    // Secrets of logins stand in their files alone.
    expect(one.terminal.out()).not.toContain(SECRET);

    process.emit('SIGTERM');
    expect(await one.ended).toBe(130);
    expect(existsSync(dirname(told.caFile))).toBe(false);
    await expect(status({ ...told, caFile: file }, 'https://contoso.azurecr.io/v2/')).rejects.toThrow();
  });

  it('shows each request as it comes, unless it is to be quiet', async () => {
    const json = run({ output: 'json', quiet: true });
    const told = await started(json);
    expect(await status(told, 'https://contoso.azurecr.io/v2/')).toBe(401);
    process.emit('SIGTERM');
    expect(await json.ended).toBe(130);
    expect(json.terminal.out()).not.toContain('"request"');

    const text = run({ shell: 'bash' });
    const [, proxy = ''] = await printed(text, /export HTTPS_PROXY=(\S+)\n[^]*Then, for example:\n[^]*\n\n/);
    const [, caFile = ''] = await printed(text, /export NODE_EXTRA_CA_CERTS='?(.*?)'?\n/);
    expect(await status({ ...told, proxy, caFile }, 'https://contoso.azurecr.io/v2/')).toBe(401);
    await printed(text, /^401 GET {4}acr \/v2\/ +anonymous .*\n {4}https:\/\/contoso\.azurecr\.io\/v2\/$/m);
  });

  it('prints what to paste into every shell', async () => {
    const simulator = await startSimulator(SCENARIO);
    const opened = await openLogins(simulator, dirname(simulator.caFile));
    const told = (shell: ShellName): string => {
      const { stdout, environment, out } = keepingTerminal();
      const variables = variablesOf(simulator, dirname(simulator.caFile));
      introduce(simulator, variables, opened.logins, SHELL[shell], new Lines(stdout, environment));
      return out();
    };
    const [powershell, workflow, pipeline] = [told('powershell'), told('workflow'), told('azure-pipelines')];
    await opened.stop();
    await simulator.stop();
    expect(powershell).toMatch(/^ {2}\$env:HTTPS_PROXY = 'http:/m);
    expect(powershell).toMatch(/^ {2}az login .* '@.*login-1\.token'$/m);
    expect(workflow).toMatch(/^ {2}env:\n {4}HTTPS_PROXY: 'http:/m);
    expect(workflow).toMatch(/# AZURE_CLIENT_SECRET: the text of '/);
    expect(pipeline).toMatch(/^ {2}variables:\n {4}HTTPS_PROXY: 'http:/m);
    // Names that differ in case alone are one variable there.
    expect([powershell, workflow, pipeline].map((text) => text.includes('https_proxy'))).toEqual([
      false,
      true,
      false,
    ]);
    expect(powershell + workflow + pipeline).not.toContain(SECRET);
  });

  it('ends with the program that holds its standard input, and not where nobody ever did', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const fd = openSync(pipe, 'r+');
    const held = Object.assign(new PassThrough(), { fd });
    const one = run({ output: 'json' }, held);
    const told = await started(one);
    held.end();
    expect(await one.ended).toBe(130);
    expect(existsSync(told.caFile)).toBe(false);

    const never = Object.assign(new PassThrough(), { fd });
    never.end();
    const other = run({ output: 'json' }, never);
    expect(await status(await started(other), 'https://contoso.azurecr.io/v2/')).toBe(401);
    closeSync(fd);
  });

  it('can not be reached by another address of this machine', async () => {
    const before = new Set(listening().map(({ inode }) => inode));
    const { proxy } = await started(run({ output: 'json' }));
    const port = Number(new URL(proxy).port);
    const others = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ internal, address }) => !internal && !address.startsWith('fe80'))
      .map(({ address }) => address);
    for (const host of ['::1', ...others]) expect(await reaches(host, port)).toBe(false);
    expect(await reaches('127.0.0.1', port)).toBe(true);
    if (process.platform !== 'linux') return;
    const opened = listening().filter(({ inode }) => !before.has(inode));
    // The proxy, the TLS listener and the metadata service.
    expect(opened.length).toBeGreaterThanOrEqual(3);
    // An address of /proc/net/tcp is hexadecimal, the first byte last: 127.0.0.1.
    for (const { address } of opened) expect(address).toBe('0100007F');
  });
});

function reaches(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Sockets of this process that listen, where the system tells. */
function listening(): { inode: string; address: string }[] {
  if (process.platform !== 'linux') return [];
  const own = new Set(
    readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    }),
  );
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => {
    if (!existsSync(table)) return [];
    return readFileSync(table, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === '0A' && own.has(fields[9] ?? ''))
      .map((fields) => ({ inode: fields[9] ?? '', address: fields[1]?.split(':')[0] ?? '' }));
  });
}
