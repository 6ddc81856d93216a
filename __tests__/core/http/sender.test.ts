import { describe, expect, it } from '@jest/globals';
import { AZURE_CLOUD } from '../../../src/core/azure/clouds.js';
import { askedWait, readText, Sender } from '../../../src/core/http/sender.js';
import type { GuardedRequest } from '../../../src/core/http/sender.js';
import { CredentialWithheld, Trust } from '../../../src/core/http/trust.js';
import { HttpFault } from '../../../src/core/ports.js';
import type { Http, HttpFaultKind } from '../../../src/core/ports.js';
import { ARM, FakeClock, inTurn, KeptLog, respond, thrown } from '../support.js';
import type { Reply, ScriptedHttp } from '../support.js';

const GET: GuardedRequest = {
  method: 'GET',
  url: `${ARM}/x`,
  headers: { authorization: 'Bearer hunter2' },
  carries: 'arm-token',
};
const POST: GuardedRequest = { ...GET, method: 'POST', body: '{}' };
const OK: Reply = { status: 200, body: 'done' };

function sending(http: Http, signal?: AbortSignal) {
  const clock = new FakeClock();
  const log = new KeptLog();
  return { clock, log, sender: new Sender(http, new Trust(AZURE_CLOUD), clock, log, signal) };
}

async function tried(request: GuardedRequest, ...replies: Reply[]) {
  const http: ScriptedHttp = inTurn(...replies);
  const { sender, clock, log } = sending(http);
  const outcome = await sender.exchange(request).catch((error: unknown) => error);
  return { outcome, sent: http.requests.length, slept: clock.slept, log };
}

const fault = (kind: HttpFaultKind): HttpFault =>
  new HttpFault(kind, 'management.azure.com', `a ${kind} fault`);

describe('what is tried again', () => {
  it.each([408, 429, 500, 502, 503, 504])('%i, in doubling steps', async (status) => {
    const { outcome, sent, slept } = await tried(GET, { status }, { status }, { status }, OK);
    expect(outcome).toMatchObject({ status: 200, text: 'done' });
    expect([sent, slept]).toEqual([4, [500, 1000, 2000]]);
  });

  it('four times in all: then the last answer stands', async () => {
    const { outcome, sent } = await tried(GET, ...Array<Reply>(4).fill({ status: 503, body: 'still' }));
    expect(outcome).toMatchObject({ status: 503, text: 'still' });
    expect(sent).toBe(4);
  });

  it.each(['dns', 'refused', 'reset', 'timeout', 'proxy', 'other'] as const)('a %s fault', async (kind) => {
    const { outcome, sent } = await tried(GET, fault(kind), OK);
    expect(outcome).toMatchObject({ status: 200 });
    expect(sent).toBe(2);
  });

  it('faults four times in all: then the last is thrown as it is', async () => {
    const last = fault('timeout');
    const { outcome, sent } = await tried(GET, fault('reset'), fault('reset'), fault('reset'), last);
    expect(outcome).toBe(last);
    expect(sent).toBe(4);
  });

  it('a fault in the midst of the body', async () => {
    let sent = 0;
    const breaking: Http = {
      send: async () => {
        sent += 1;
        if (sent === 2) return respond(OK);
        return {
          status: 200,
          headers: {},
          body: (async function* () {
            yield Buffer.from('do');
            throw fault('reset');
          })(),
        };
      },
    };
    expect(await sending(breaking).sender.exchange(GET)).toMatchObject({ text: 'done' });
    expect(sent).toBe(2);
  });

  it.each(['PUT', 'DELETE', 'HEAD'])('%s as well as GET', async (method) => {
    expect(await tried({ ...GET, method }, { status: 503 }, OK)).toMatchObject({ sent: 2 });
  });

  it('a POST only where nothing can have been done, unless it is said to be repeatable', async () => {
    for (const status of [408, 500, 503])
      expect(await tried(POST, { status }, OK)).toMatchObject({ sent: 1 });
    for (const kind of ['reset', 'timeout', 'proxy', 'other'] as const)
      expect(await tried(POST, fault(kind), OK)).toMatchObject({ sent: 1 });
    expect(await tried(POST, { status: 429 }, OK)).toMatchObject({ sent: 2 });
    for (const kind of ['dns', 'refused'] as const)
      expect(await tried(POST, fault(kind), OK)).toMatchObject({ sent: 2 });
    expect(await tried({ ...POST, repeatable: true }, { status: 503 }, fault('reset'), OK)).toMatchObject({
      sent: 3,
    });
    expect(await tried({ ...GET, method: 'PATCH' }, { status: 503 }, OK)).toMatchObject({ sent: 1 });
  });
});

describe('what is not', () => {
  it.each([200, 201, 204, 301, 302, 307, 308, 400, 401, 403, 404, 409, 412, 422, 501])(
    '%i',
    async (status) => {
      const { outcome, sent, slept } = await tried(GET, { status, headers: { 'retry-after': '1' } });
      expect(outcome).toMatchObject({ status });
      expect([sent, slept]).toEqual([1, []]);
    },
  );

  it.each(['tls', 'aborted'] as const)('a %s fault', async (kind) => {
    expect(await tried(GET, fault(kind))).toMatchObject({
      sent: 1,
      outcome: expect.any(HttpFault) as unknown,
    });
  });

  it('anything once the run has ended', async () => {
    const ended = new AbortController();
    const { sender, clock } = sending(
      { send: async () => (ended.abort(), respond({ status: 503 })) },
      ended.signal,
    );
    expect(await sender.exchange(GET)).toMatchObject({ status: 503 });
    expect(clock.slept).toEqual([]);
  });
});

describe('how long is waited', () => {
  it.each<[string, Reply, number[]]>([
    ['Retry-After in seconds', { status: 429, headers: { 'retry-after': '7' } }, [7000]],
    [
      'Retry-After as a date',
      { status: 503, headers: { 'retry-after': 'Sun, 01 Mar 2026 12:00:09 GMT' } },
      [9000],
    ],
    [
      'a date that has passed',
      { status: 503, headers: { 'retry-after': 'Sun, 01 Mar 2026 11:00:00 GMT' } },
      [0],
    ],
    ["ARM's own words", { status: 429, body: "Please try again after '6' seconds." }, [6000]],
    ['words without quotes', { status: 429, body: 'again after 12 seconds' }, [12_000]],
    [
      'the header rather than the words',
      { status: 429, headers: { 'retry-after': '2' }, body: "after '6' seconds" },
      [2000],
    ],
    ['no number in the words', { status: 429, body: 'Please try again after sometime.' }, [500]],
    ['a header that is neither', { status: 429, headers: { 'retry-after': 'later' } }, [500]],
    ['the longest', { status: 429, headers: { 'retry-after': '60' } }, [60_000]],
  ])('%s', async (_what, reply, slept) => {
    expect(await tried(GET, reply, OK)).toMatchObject({ sent: 2, slept });
  });

  it('not at all where too long a wait is asked: the answer is returned', async () => {
    expect(await tried(GET, { status: 429, headers: { 'retry-after': '61' } })).toMatchObject({
      sent: 1,
      slept: [],
    });
    expect(await tried(GET, { status: 429, body: "after '3600' seconds" })).toMatchObject({
      sent: 1,
      slept: [],
    });
  });

  it('reads what is asked', () => {
    expect(askedWait(undefined, '', 0)).toBeUndefined();
    expect(askedWait('0', '', 0)).toBe(0);
  });
});

describe('redirects', () => {
  it.each(['https://evil.example/', 'https://management.azure.com/elsewhere', '/elsewhere'])(
    'are never followed (%s)',
    async (location) => {
      const { outcome, sent } = await tried(GET, { status: 307, headers: { location } });
      expect(outcome).toMatchObject({ status: 307 });
      expect(sent).toBe(1);
    },
  );
});

describe('credentials', () => {
  it('never leave for a host that may not have them', async () => {
    const { outcome, sent } = await tried({ ...GET, url: 'https://evil.example/x' });
    expect(outcome).toBeInstanceOf(CredentialWithheld);
    expect(sent).toBe(0);
  });

  it('must be declared', async () => {
    const undeclared: GuardedRequest = {
      method: 'GET',
      url: `${ARM}/x`,
      headers: { authorization: 'Bearer x' },
    };
    expect((await tried(undeclared)).outcome).toBeInstanceOf(Error);
    expect((await tried({ method: 'GET', url: `${ARM}/x`, tls: { key: 'KEY' } })).sent).toBe(0);
    expect((await tried({ method: 'GET', url: 'https://anyone.example/' }, OK)).sent).toBe(1);
  });

  it('are not in what is told', async () => {
    const { log } = await tried(GET, { status: 503 }, fault('reset'), OK);
    expect(log.lines).toHaveLength(2);
    expect(log.lines.join()).not.toContain('hunter2');
  });
});

describe('the signal', () => {
  it("is the run's where a request brings none, and each request has a limit", async () => {
    const run = new AbortController();
    const http = inTurn(OK, OK);
    const { sender } = sending(http, run.signal);
    await sender.exchange({ ...GET, signal: undefined });
    const own = new AbortController();
    await sender.exchange({ ...GET, signal: own.signal, timeoutMs: 5 });
    expect(http.requests[0]?.signal === run.signal).toBe(true);
    expect(http.requests[1]?.signal === own.signal).toBe(true);
    expect(http.requests.map(({ timeoutMs }) => timeoutMs)).toEqual([30_000, 5]);
  });
});

describe('readText', () => {
  it('puts split characters together again', async () => {
    const bytes = Buffer.from('größer');
    const chunks = (async function* () {
      yield bytes.subarray(0, 3);
      yield bytes.subarray(3);
    })();
    expect(await readText(chunks, 'host')).toBe('größer');
  });

  it('stops at 32 MiB', async () => {
    let yielded = 0;
    const endless = (async function* () {
      const chunk = new Uint8Array(1024 * 1024);
      for (;;) {
        yielded += 1;
        yield chunk;
      }
    })();
    expect(await thrown(() => readText(endless, 'host'))).toBeInstanceOf(HttpFault);
    expect(yielded).toBe(33);
  });
});
