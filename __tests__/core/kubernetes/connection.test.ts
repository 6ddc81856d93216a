import { describe, expect, it } from '@jest/globals';
import { directConnection } from '../../../src/core/kubernetes/connection.js';
import type { ClusterConnection } from '../../../src/core/kubernetes/connection.js';
import type { HttpRequest, HttpResponse } from '../../../src/core/ports.js';
import { HttpFault } from '../../../src/core/ports.js';
import { VirtualClock, answer, bytes, stream } from './support.js';

type Reply = HttpResponse | Error | ((request: HttpRequest) => Promise<HttpResponse>);

function connect(replies: Reply[], tokens: (string | undefined)[] = []) {
  const clock = new VirtualClock();
  const sent: HttpRequest[] = [];
  const connection: ClusterConnection = directConnection({
    server: 'https://shop.hcp.westeurope.azmk8s.io/',
    tls: { ca: 'CA' },
    clock,
    authorization: async () => tokens.shift(),
    send: async (request) => {
      sent.push(request);
      const reply = replies.shift() ?? answer(500, { message: 'nothing was expected' });
      if (reply instanceof Error) throw reply;
      return typeof reply === 'function' ? reply(request) : reply;
    },
  });
  return { clock, sent, connection };
}

const reset = (): HttpFault => new HttpFault('reset', 'shop', 'connection reset');
const never = (): Promise<HttpResponse> => new Promise(() => undefined);
const JOB = { metadata: { name: 'j', labels: { 'aks-acr-pull.dev/run': 'r1' } } };

describe('request', () => {
  it('sends JSON to the server with its authority and an authorization asked for each time', async () => {
    const { connection, sent } = connect([answer(200, { a: 1 }), answer(200, {})], ['Bearer one', undefined]);
    expect(await connection.request('POST', '/apis/x', { body: { b: 2 }, query: { q: 'a b' } })).toEqual({
      status: 200,
      body: { a: 1 },
    });
    await connection.request('GET', '/y');
    expect(sent[0]).toMatchObject({
      method: 'POST',
      url: 'https://shop.hcp.westeurope.azmk8s.io/apis/x?q=a+b',
      headers: { authorization: 'Bearer one', 'content-type': 'application/json' },
      body: '{"b":2}',
      tls: { ca: 'CA' },
    });
    expect(sent[1]?.headers).not.toHaveProperty('authorization');
    expect(sent[1]).not.toHaveProperty('body');
  });

  it('reads text that is no JSON, whatever the chunk borders', async () => {
    const html = bytes('<h1>Grüße</h1>');
    const { connection } = connect([answer(200, [html.slice(0, 7), html.slice(7)])]);
    expect((await connection.request('GET', '/')).body).toBe('<h1>Grüße</h1>');
  });

  it.each([429, 408, 500, 503, 504])(
    'tries %d again, three times in all, as Retry-After says',
    async (code) => {
      const refusal = (): HttpResponse => answer(code, {}, { 'retry-after': '7' });
      const { clock, connection, sent } = connect([refusal(), refusal(), refusal(), answer(200, {})]);
      expect((await connection.request('GET', '/x')).status).toBe(code);
      expect(sent).toHaveLength(3);
      expect(clock.elapsed).toBe(14_000);
    },
  );

  it('never waits longer than 30 s for a Retry-After', async () => {
    const { clock, connection } = connect([answer(429, {}, { 'retry-after': '3600' }), answer(200, {})]);
    expect((await connection.request('GET', '/x')).status).toBe(200);
    expect(clock.elapsed).toBe(30_000);
  });

  it.each([400, 401, 403, 404, 409, 422])('takes %d as an answer', async (code) => {
    const { connection, sent } = connect([answer(code, { message: 'no' })]);
    expect(await connection.request('GET', '/x')).toEqual({ status: code, body: { message: 'no' } });
    expect(sent).toHaveLength(1);
  });

  it('tries again after a connection fault, and gives up after three', async () => {
    const good = connect([reset(), answer(200, {})]);
    expect((await good.connection.request('DELETE', '/x')).status).toBe(200);
    const bad = connect([reset(), reset(), reset(), answer(200, {})]);
    await expect(bad.connection.request('GET', '/x')).rejects.toMatchObject({ kind: 'reset' });
    expect(bad.sent).toHaveLength(3);
  });

  it('does not try again when the certificate is not trusted', async () => {
    const { connection, sent } = connect([new HttpFault('tls', 'shop', 'self-signed'), answer(200, {})]);
    await expect(connection.request('GET', '/x')).rejects.toMatchObject({ kind: 'tls' });
    expect(sent).toHaveLength(1);
  });

  it('ends a try that hangs, in its head or in its body', async () => {
    const stuck = async function* (): AsyncGenerator<Uint8Array> {
      yield bytes('{');
      await never();
    };
    const { clock, connection, sent } = connect([
      never,
      { status: 200, headers: {}, body: stuck() },
      answer(200, { ok: 1 }),
    ]);
    expect((await connection.request('GET', '/x', { timeoutMs: 2000 })).body).toEqual({ ok: 1 });
    expect(sent[0]?.signal?.aborted).toBe(true);
    expect(clock.elapsed).toBe(2000 + 500 + 2000 + 1000);
  });

  it('rejects with the reason of its signal, at once', async () => {
    const { clock, connection } = connect([never]);
    const controller = new AbortController();
    const asked = connection.request('GET', '/x', { signal: controller.signal });
    controller.abort(new Error('cancelled'));
    await expect(asked).rejects.toThrow('cancelled');
    expect(clock.elapsed).toBe(0);
  });
});

describe('a create whose answer was lost', () => {
  it('counts as done when the object carries the labels that were sent', async () => {
    const there = { metadata: { uid: 'u', labels: { 'aks-acr-pull.dev/run': 'r1', more: 'x' } } };
    const { connection, sent } = connect([
      reset(),
      answer(409, { reason: 'AlreadyExists' }),
      answer(200, there),
    ]);
    expect(await connection.request('POST', '/jobs', { body: JOB })).toEqual({ status: 201, body: there });
    expect(sent.map(({ method, url }) => method + new URL(url).pathname)).toEqual([
      'POST/jobs',
      'POST/jobs',
      'GET/jobs/j',
    ]);
  });

  it("stays a conflict when it is another's", async () => {
    const there = { metadata: { labels: { 'aks-acr-pull.dev/run': 'r2' } } };
    const { connection } = connect([reset(), answer(409, {}), answer(200, there)]);
    expect((await connection.request('POST', '/jobs', { body: JOB })).status).toBe(409);
  });

  it('stays a conflict when no answer was lost', async () => {
    const { connection, sent } = connect([answer(409, {})]);
    expect((await connection.request('POST', '/jobs', { body: JOB })).status).toBe(409);
    expect(sent).toHaveLength(1);
  });
});

describe('watch', () => {
  const pod = (version: string, name = 'p'): string =>
    `${JSON.stringify({ type: 'MODIFIED', object: { metadata: { name, resourceVersion: version } } })}\n`;
  const expired = `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } })}\n`;

  /** Follows until so many events came, or to the end. */
  async function follow(connection: ClusterConnection, most: number): Promise<(string | undefined)[]> {
    const seen: (string | undefined)[] = [];
    const controller = new AbortController();
    for await (const { object } of connection.watch('/pods', { labelSelector: 'a=b' }, controller.signal)) {
      seen.push((object as { metadata: { resourceVersion: string; name: string } }).metadata.resourceVersion);
      if (seen.length === most) controller.abort();
    }
    return seen;
  }
  const versions = (sent: HttpRequest[]): (string | null)[] =>
    sent.map(({ url }) => new URL(url).searchParams.get('resourceVersion'));

  it('splits lines over any chunk border, in the middle of a character too', async () => {
    const all = bytes(pod('1', 'Grüße-🐳') + pod('2'));
    for (const size of [1, 2, 3, 7, 64]) {
      const chunks = Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
        all.slice(index * size, (index + 1) * size),
      );
      const { connection } = connect([answer(200, chunks)]);
      const names: string[] = [];
      for await (const { object } of connection.watch('/pods', {}, new AbortController().signal)) {
        names.push((object as { metadata: { name: string } }).metadata.name);
        if (names.length === 2) break;
      }
      expect(names).toEqual(['Grüße-🐳', 'p']);
    }
  });

  it('resumes from the last version after an end, a drop and half a line', async () => {
    const dropped = async function* (): AsyncGenerator<Uint8Array> {
      yield bytes(pod('3'));
      throw reset();
    };
    const { connection, sent } = connect([
      answer(200, [bytes(pod('1') + pod('2'))]),
      { status: 200, headers: {}, body: dropped() },
      answer(200, [bytes(pod('4') + pod('5').slice(0, 20))]),
      answer(200, [bytes(pod('5'))]),
    ]);
    expect(await follow(connection, 5)).toEqual(['1', '2', '3', '4', '5']);
    expect(versions(sent)).toEqual([null, '2', '3', '4']);
    expect(new URL(sent[1]?.url ?? '').searchParams.get('labelSelector')).toBe('a=b');
  });

  it('starts over without a version when its version is expired, told as an event or as a status', async () => {
    const { connection, sent } = connect([
      answer(200, [bytes(pod('1') + expired)]),
      answer(200, [bytes(pod('8'))]),
      answer(410, { code: 410 }),
      answer(200, [bytes(pod('9'))]),
    ]);
    expect(await follow(connection, 3)).toEqual(['1', '8', '9']);
    expect(versions(sent)).toEqual([null, null, '8', null]);
  });

  it('takes a connection that fell silent for dead', async () => {
    const silent = async function* (): AsyncGenerator<Uint8Array> {
      yield bytes(pod('1'));
      await never();
    };
    const { clock, connection, sent } = connect([
      { status: 200, headers: {}, body: silent() },
      async () => {
        // The dead connection is let go before the next is opened.
        expect(sent[0]?.signal?.aborted).toBe(true);
        return answer(200, [bytes(pod('2'))]);
      },
    ]);
    expect(await follow(connection, 2)).toEqual(['1', '2']);
    expect(sent).toHaveLength(2);
    expect(clock.elapsed).toBeGreaterThanOrEqual(70_000);
  });

  it('does not ask in a tight loop a server that hangs up at once', async () => {
    const { clock, connection } = connect([
      ...Array.from({ length: 4 }, () => answer(200, [])),
      answer(200, [bytes(pod('1'))]),
    ]);
    expect(await follow(connection, 1)).toEqual(['1']);
    expect(clock.elapsed).toBeGreaterThanOrEqual(3000);
  });

  it.each([401, 403, 404])('throws on %d with the words of the server', async (code) => {
    const { connection, sent } = connect([answer(code, { message: 'pods is forbidden' })]);
    await expect(follow(connection, 1)).rejects.toMatchObject({ status: code, message: 'pods is forbidden' });
    expect(sent).toHaveLength(1);
  });

  it('gives up after six faults in a row', async () => {
    const { connection, sent } = connect(Array.from({ length: 9 }, reset));
    await expect(follow(connection, 1)).rejects.toMatchObject({ kind: 'reset' });
    expect(sent).toHaveLength(6);
  });

  it('passes over 503 as Retry-After says, and over what is not a watch', async () => {
    const { clock, connection } = connect([
      answer(503, {}, { 'retry-after': '4' }),
      answer(200, [bytes('<html>\n')]),
      answer(200, [bytes(pod('1'))]),
    ]);
    expect(await follow(connection, 1)).toEqual(['1']);
    expect(clock.elapsed).toBeGreaterThanOrEqual(4000);
  });

  it('ends quietly when its signal is aborted, even while nothing comes', async () => {
    const silent = { status: 200, headers: {}, body: stream([]) };
    const { connection, sent } = connect([
      {
        ...silent,
        body: (async function* (): AsyncGenerator<Uint8Array> {
          yield bytes(pod('1'));
          await never();
        })(),
      },
    ]);
    const controller = new AbortController();
    const seen: unknown[] = [];
    for await (const event of connection.watch('/pods', {}, controller.signal)) {
      seen.push(event);
      setImmediate(() => controller.abort());
    }
    expect(seen).toHaveLength(1);
    expect(sent[0]?.signal?.aborted).toBe(true);
  });
});
