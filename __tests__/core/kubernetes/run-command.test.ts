import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { unzipSync } from 'fflate';
import type { CommandResult } from '../../../src/core/azure/run-command.js';
import { CommandNotRun } from '../../../src/core/azure/run-command.js';
import type { ClusterConnection } from '../../../src/core/kubernetes/connection.js';
import { runCommandConnection } from '../../../src/core/kubernetes/run-command.js';
import { HttpFault } from '../../../src/core/ports.js';
import { parseShell } from '../../../src/simulator/kubernetes/run-command/shell-syntax.js';
import { VirtualClock } from './support.js';

/** What kubectl is called with in a command, by its number. */
interface Call {
  verb: string;
  url: string;
  body?: unknown;
}

/** What kubectl prints, and whether it ends well. */
interface Said {
  out: string;
  refused?: boolean;
}

type Kubectl = (call: Call, command: number) => Said | string | object;

interface Bench {
  connection: ClusterConnection;
  clock: VirtualClock;
  /** The calls of each command. */
  commands: Call[][];
  signals: AbortSignal[];
}

/** A connection whose commands are run by a shell and a kubectl of this test, with the output limited. */
function bench(
  kubectl: Kubectl,
  { limit = Infinity, before }: { limit?: number; before?: (command: number) => Promise<void> } = {},
): Bench {
  const clock = new VirtualClock();
  const commands: Call[][] = [];
  const signals: AbortSignal[] = [];
  const run = async (line: string, archive: Uint8Array, signal: AbortSignal): Promise<CommandResult> => {
    const calls: Call[] = [];
    commands.push(calls);
    signals.push(signal);
    const number = commands.length;
    const given = before?.(number) ?? Promise.resolve();
    await Promise.race([
      given,
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(new HttpFault('aborted', 'arm', 'given up'))),
      ),
    ]);
    const files = archive.length === 0 ? {} : unzipSync(archive);
    let logs = '';
    let good = true;
    for (const { when, pipeline } of parseShell(line)) {
      if (when !== 'always' && good !== (when === 'succeeded')) continue;
      const [[name, ...args] = []] = pipeline;
      if (name === 'echo') {
        logs += `${args.join(' ')}\n`;
        good = true;
        continue;
      }
      const [verb = '', , url = '', , file] = args;
      const call: Call = {
        verb,
        url,
        ...(file === undefined ? {} : { body: JSON.parse(new TextDecoder().decode(files[file])) as unknown }),
      };
      calls.push(call);
      const said = kubectl(call, number);
      const { out, refused = false } =
        typeof said === 'string'
          ? { out: `${said}\n`, refused: true }
          : 'out' in said
            ? said
            : { out: `${JSON.stringify(said)}\n` };
      logs += out;
      good = !refused;
    }
    return { exitCode: 0, logs: logs.slice(0, limit) };
  };
  const connection = runCommandConnection({ run, clock, runId: '0a1b2c3d', cluster: 'shop' });
  return { connection, clock, commands, signals };
}

const urls = (commands: readonly Call[][]): string[][] =>
  commands.map((calls) => calls.map(({ verb, url }) => `${verb} ${url}`));
const JOB = { metadata: { name: 'j', labels: { 'aks-acr-pull.dev/run': 'r1' } } };

describe('requests through run command', () => {
  it('go together when they come together, each with its own answer', async () => {
    const { connection, commands } = bench(({ url }) => ({ of: url }));
    const asked = await Promise.all([
      connection.request('GET', '/a'),
      connection.request('GET', '/b', { query: { labelSelector: 'x=y z', limit: '10' } }),
      connection.request('POST', '/c', { body: JOB }),
      connection.request('DELETE', '/d', { query: { propagationPolicy: 'Background' } }),
    ]);
    expect(asked).toEqual([
      { status: 200, body: { of: '/a' } },
      { status: 200, body: { of: '/b?labelSelector=x%3Dy+z&limit=10' } },
      { status: 201, body: { of: '/c' } },
      { status: 200, body: { of: '/d?propagationPolicy=Background' } },
    ]);
    expect(urls(commands)).toEqual([
      [
        'get /a',
        'get /b?labelSelector=x%3Dy+z&limit=10',
        'create /c',
        'delete /d?propagationPolicy=Background',
      ],
    ]);
    expect(commands[0]?.[2]?.body).toEqual(JOB);
  });

  it('that come a moment apart go together too: a command costs seconds', async () => {
    const { connection, commands, clock } = bench(() => ({}));
    const first = connection.request('GET', '/a');
    await clock.sleep(20);
    await Promise.all([first, connection.request('GET', '/b')]);
    expect(commands).toHaveLength(1);
  });

  it('wait while a command runs, at most ten in the next', async () => {
    const { connection, commands, clock } = bench(() => ({}), { before: () => clock.sleep(5_000) });
    const first = connection.request('GET', '/first');
    await clock.sleep(1_000);
    await Promise.all([
      first,
      ...Array.from({ length: 23 }, (_, nth) => connection.request('GET', `/${nth}`)),
    ]);
    expect(commands.map(({ length }) => length)).toEqual([1, 10, 10, 3]);
  });

  it('send no archive without bodies', async () => {
    const archives: number[] = [];
    const connection = runCommandConnection({
      run: async (line, archive) => {
        archives.push(archive.length);
        const mark = /echo (\S+-done)/.exec(line)?.[1] ?? '';
        return { exitCode: 0, logs: `{}\n${mark}\n` };
      },
      clock: new VirtualClock(),
      runId: 'r',
      cluster: 'shop',
    });
    await connection.request('GET', '/a');
    await connection.request('POST', '/a', { body: {} });
    expect(archives).toEqual([0, expect.any(Number)]);
    expect(archives[1]).toBeGreaterThan(0);
  });

  it('do only what kubectl can do as they are', async () => {
    const { connection, commands } = bench(() => ({}));
    await expect(connection.request('PATCH', '/a')).rejects.toThrow('PATCH');
    expect(commands).toEqual([]);
  });

  it('never let anything but one word be made of a path, a query or a body', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom("'; id; '", '$(id)', '`id`', '\\', '"', "'", '\n', '&& id', '!!', '~', '-f x', '*'),
    );
    return fc.assert(
      fc.asyncProperty(text, text, text, async (path, value, body) => {
        let line = '';
        const connection = runCommandConnection({
          run: async (command) => {
            line = command;
            throw new CommandNotRun('stopped');
          },
          clock: new VirtualClock(),
          runId: 'r',
          cluster: 'shop',
        });
        const asked = connection.request('POST', `/${path}`, { query: { [value]: value }, body: { body } });
        await expect(asked).rejects.toThrow('stopped');
        const [pipeline, done, refused, ...more] = parseShell(line);
        const search = new URLSearchParams({ [value]: value }).toString();
        expect(pipeline?.pipeline).toEqual([
          ['kubectl', 'create', '--raw', `/${path}?${search}`, '-f', '0.json'],
        ]);
        expect([done, refused].map((step) => step?.pipeline[0]?.[0])).toEqual(['echo', 'echo']);
        expect(more).toEqual([]);
      }),
    );
  });

  it('are one word for a real shell as well', () => {
    const hostile = ["'; touch x; '", '$(id) `id` "', "\\' \n * ~ !! && id || id; # {a,b}", '-f', "it's"];
    const lines: string[] = [];
    const asked = hostile.map((path) => {
      const connection = runCommandConnection({
        run: async (command) => {
          lines.push(command);
          throw new CommandNotRun('stopped');
        },
        clock: new VirtualClock(),
        runId: 'r',
        cluster: 'shop',
      });
      return connection.request('GET', `/${path}`).catch(() => undefined);
    });
    return Promise.all(asked).then(() => {
      const kubectl = 'kubectl() { printf "%s\\n" "$#" "$3"; }';
      for (const [nth, path] of hostile.entries()) {
        const out = execFileSync('sh', ['-c', `${kubectl}; ${lines[nth] ?? ''}`], { encoding: 'utf8' });
        expect(out).toMatch(/\n[0-9a-f]{16}-0-done\n$/);
        expect(out.replace(/[0-9a-f]{16}-0-done\n$/, '')).toBe(`3\n/${path}\n`);
      }
    });
  });
});

describe('what kubectl says', () => {
  it.each<[string, number, object]>([
    [
      'Error from server (NotFound): namespaces "x" not found',
      404,
      { reason: 'NotFound', message: 'namespaces "x" not found' },
    ],
    [
      'Error from server (Forbidden): jobs.batch is forbidden: User "u" cannot create resource',
      403,
      { reason: 'Forbidden', message: 'jobs.batch is forbidden: User "u" cannot create resource' },
    ],
    [
      'Warning: first\nError from server (Forbidden): admission webhook denied:\n[a] one\n[b] two',
      403,
      { reason: 'Forbidden', message: 'admission webhook denied:\n[a] one\n[b] two' },
    ],
    [
      'error: You must be logged in to the server (Unauthorized)',
      401,
      { reason: 'Unauthorized', message: 'Unauthorized' },
    ],
    [
      'The Job "j" is invalid: spec.x: Required value',
      422,
      { reason: 'Invalid', message: 'The Job "j" is invalid: spec.x: Required value' },
    ],
    ['Error from server (Timeout): slow', 504, { reason: 'Timeout', message: 'slow' }],
    ['Error from server (Unheard): what', 500, { reason: 'Unheard', message: 'what' }],
    ['Error from server: no reason', 500, { reason: '', message: 'no reason' }],
  ])('%j is a refusal with status %d', async (said, status, body) => {
    const { connection } = bench(() => said);
    expect(await connection.request('GET', '/x')).toEqual({ status, body });
  });

  it('tells apart a namespace that is being deleted', async () => {
    const message =
      'jobs.batch "j" is forbidden: unable to create new content in namespace x because it is being terminated';
    const { connection } = bench(() => `Error from server (Forbidden): ${message}`);
    expect((await connection.request('POST', '/x', { body: {} })).body).toMatchObject({
      message,
      details: { causes: [{ reason: 'NamespaceTerminating' }] },
    });
  });

  it.each([
    'The connection to the server 10.0.0.1:443 was refused - did you specify the right host or port?',
    'Unable to connect to the server: dial tcp: i/o timeout',
    "NotModelled: the simulator doesn't",
    '',
  ])('%j is no answer', async (said) => {
    const { connection } = bench(() => said);
    await expect(connection.request('GET', '/x')).rejects.toThrow(CommandNotRun);
  });

  it('may hold warnings and words of its own around the answer', async () => {
    const warned =
      'Warning: would violate PodSecurity "restricted:latest" {a: b}\nI0101 12:00:00.1 1 x.go:1] hm\n';
    const { connection } = bench(() => ({ out: `${warned}{"a":\n "b"}` }));
    expect(await connection.request('GET', '/x')).toEqual({ status: 200, body: { a: 'b' } });
  });

  it('counts as it was meant when it holds the words of a mark', async () => {
    const { connection } = bench(({ url }) =>
      url === '/a' ? { note: 'Error from server (Forbidden): no\n0-done' } : { fine: true },
    );
    expect(await Promise.all([connection.request('GET', '/a'), connection.request('GET', '/b')])).toEqual([
      { status: 200, body: { note: 'Error from server (Forbidden): no\n0-done' } },
      { status: 200, body: { fine: true } },
    ]);
  });
});

describe('output that was cut off', () => {
  const big = (url: string): object => ({ of: url, filling: 'x'.repeat(200_000) });

  it('is asked for again', async () => {
    const { connection, commands } = bench(({ url }) => big(url), { limit: 512 * 1024 });
    const answers = await Promise.all(
      ['/a', '/b', '/c', '/d', '/e'].map((path) => connection.request('GET', path)),
    );
    expect(answers.map(({ body }) => (body as { of: string }).of)).toEqual(['/a', '/b', '/c', '/d', '/e']);
    expect(urls(commands)).toEqual([
      ['get /a', 'get /b', 'get /c', 'get /d', 'get /e'],
      ['get /c', 'get /d', 'get /e'],
      ['get /e'],
    ]);
  });

  it('is given up where nothing whole comes through', async () => {
    const { connection, commands } = bench(() => big('/a'), { limit: 1_000 });
    await expect(connection.request('GET', '/a')).rejects.toThrow(/no whole answer .*1000 characters/);
    expect(commands).toHaveLength(1);
  });

  it('does not make a create count as refused: what the first command made is what was asked for', async () => {
    let made = false;
    const { connection, commands } = bench(
      ({ verb, url }) => {
        if (verb === 'get') return url === '/jobs/j' ? JOB : big(url);
        if (made) return 'Error from server (AlreadyExists): jobs.batch "j" already exists';
        made = true;
        return JOB;
      },
      { limit: 300_000 },
    );
    const [, , created] = await Promise.all([
      connection.request('GET', '/a'),
      connection.request('GET', '/b'),
      connection.request('POST', '/jobs', { body: JOB }),
    ]);
    expect(created).toEqual({ status: 201, body: JOB });
    expect(urls(commands).at(-1)).toEqual(['get /jobs/j']);
  });
});

it("a create of another's is a conflict", async () => {
  const { connection } = bench(({ verb }) =>
    verb === 'get'
      ? { metadata: { labels: { 'aks-acr-pull.dev/run': 'r2' } } }
      : 'Error from server (AlreadyExists): jobs.batch "j" already exists',
  );
  expect((await connection.request('POST', '/jobs', { body: JOB })).status).toBe(409);
});

describe('giving up', () => {
  const hangs = (): Promise<void> => new Promise(() => undefined);

  it('rejects at once, and lets go of a command that nobody waits for', async () => {
    const { connection, signals, clock } = bench(() => ({}), { before: hangs });
    const [one, other] = [new AbortController(), new AbortController()];
    const asked = [one, other].map(({ signal }) => connection.request('GET', '/x', { signal }));
    const outcomes = Promise.allSettled(asked);
    await clock.sleep(1_000);
    one.abort(new Error('cancelled'));
    await expect(asked[0]).rejects.toThrow('cancelled');
    expect(signals[0]?.aborted).toBe(false);
    other.abort(new Error('cancelled too'));
    await outcomes;
    expect(signals[0]?.aborted).toBe(true);
  });

  it('leaves the way free for what removes things, within a moment', async () => {
    const { connection, commands, clock } = bench(() => ({}), {
      before: (number) => (number === 1 ? hangs() : Promise.resolve()),
    });
    const run = new AbortController();
    const asked = connection.request('GET', '/pods', { signal: run.signal });
    const failed = expect(asked).rejects.toThrow('cancelled');
    await clock.sleep(1_000);
    const began = clock.elapsed;
    run.abort(new Error('cancelled'));
    await failed;
    const limit = new AbortController();
    const removed = await connection.request('DELETE', '/jobs/j', { signal: limit.signal });
    expect(removed.status).toBe(200);
    expect(clock.elapsed - began).toBeLessThan(500);
    expect(urls(commands)).toEqual([[], ['delete /jobs/j']]);
  });

  it('drops what is no longer wanted before its command begins', async () => {
    const { connection, commands } = bench(() => ({}));
    const gone = new AbortController();
    const asked = connection.request('GET', '/gone', { signal: gone.signal });
    gone.abort(new Error('cancelled'));
    await expect(asked).rejects.toThrow('cancelled');
    await connection.request('GET', '/x');
    expect(urls(commands)).toEqual([['get /x']]);
    await expect(connection.request('GET', '/y', { signal: gone.signal })).rejects.toThrow('cancelled');
  });

  it('passes on why a command came to nothing, to all of its requests, and goes on with the next', async () => {
    const { connection } = bench(() => ({}), {
      before: async (number) => {
        if (number === 1) throw new CommandNotRun('ImagePullBackoff');
      },
    });
    const outcomes = await Promise.allSettled([
      connection.request('GET', '/a'),
      connection.request('GET', '/b'),
    ]);
    expect(outcomes.map((one) => (one.status === 'rejected' ? String(one.reason) : ''))).toEqual([
      'CommandNotRun: ImagePullBackoff',
      'CommandNotRun: ImagePullBackoff',
    ]);
    expect((await connection.request('GET', '/c')).status).toBe(200);
  });
});

describe('a watch by lists', () => {
  const pod = (uid: string, resourceVersion: string): object => ({ metadata: { uid, resourceVersion } });

  async function follow(lists: (object | string)[], most: number) {
    const { connection, clock } = bench((_call, command) => lists[command - 1] ?? { items: [] });
    const seen: string[] = [];
    const stop = new AbortController();
    for await (const { type, object } of connection.watch('/pods', { labelSelector: 'a=b' }, stop.signal)) {
      const { uid, resourceVersion } = (object as { metadata: Record<string, string> }).metadata;
      seen.push(`${type} ${uid} ${resourceVersion}`);
      if (seen.length === most) stop.abort();
    }
    return { seen, clock };
  }

  it('tells what is new, changed and gone', async () => {
    const lists = [
      { items: [pod('a', '1')] },
      { items: [pod('a', '1'), pod('b', '2')] },
      { items: [pod('a', '3'), pod('b', '2')] },
      { items: [pod('b', '2')] },
    ];
    const { seen, clock } = await follow(lists, 4);
    expect(seen).toEqual(['ADDED a 1', 'ADDED b 2', 'MODIFIED a 3', 'DELETED a 3']);
    expect(clock.elapsed).toBeGreaterThanOrEqual(6_000);
  });

  it('bears two lists in a row that came to nothing, and not three', async () => {
    const broken = 'Unable to connect to the server: EOF';
    const good = { items: [pod('a', '1')] };
    expect((await follow([broken, 'Error from server (ServiceUnavailable): later', good], 1)).seen).toEqual([
      'ADDED a 1',
    ]);
    await expect(follow([broken, broken, broken, good], 1)).rejects.toThrow('EOF');
  });

  it.each([
    ['Error from server (Forbidden): pods is forbidden', { status: 403 }],
    ['error: You must be logged in to the server (Unauthorized)', { status: 401 }],
  ])('ends at once with the refusal %j', async (said, refusal) => {
    await expect(follow([said, { items: [pod('a', '1')] }], 1)).rejects.toMatchObject(refusal);
  });

  it('ends quietly when its signal is aborted while a command runs', async () => {
    const { connection, clock } = bench(() => ({ items: [] }), {
      before: () => new Promise(() => undefined),
    });
    const stop = new AbortController();
    const all = (async () => {
      const seen: unknown[] = [];
      for await (const event of connection.watch('/pods', {}, stop.signal)) seen.push(event);
      return seen;
    })();
    await clock.sleep(500);
    stop.abort();
    expect(await all).toEqual([]);
  });
});
