/** Cores that are broken on purpose: what holds every run of the tables of faults finds them out. */
import { describe, expect, it } from '@jest/globals';
import type { ClosableHttp } from '../../src/host/http.js';
import type { HttpResponse, Log } from '../../src/core/ports.js';
import { runOnce, wrongs } from './fault-runs.js';
import type { Ran, RunOptions } from './fault-runs.js';
import { inSlot } from './fault-table.js';

const found = (ran: Ran, service: string): string[] => wrongs(ran, { service });

function answering(body: unknown, status = 200): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: (async function* () {
      yield Buffer.from(`${typeof body === 'string' ? body : JSON.stringify(body)}`);
    })(),
  };
}

/** Everything goes through; what comes back may be replaced. */
function replacing(
  http: ClosableHttp,
  replace: (
    asked: { method: string; url: string },
    answer: HttpResponse,
  ) => HttpResponse | Promise<HttpResponse>,
): ClosableHttp {
  return {
    close: () => http.close(),
    send: async (request) => replace(request, await http.send(request)),
  };
}

const run = (mode: 'connect' | 'check', options: RunOptions): Promise<Ran> =>
  inSlot(mode, (slot) => runOnce(slot, options));

describe('found out is a core', () => {
  it('whose retry turns an error into a pass', async () => {
    // The nodes are refused; "tried again", the watch says that they pulled.
    const ran = await run('check', {
      tag: '1.7',
      rules: [{ fault: 'unavailable', service: 'acr', path: '/v2/**/manifests/**', from: 'nodes' }],
      breaks: (http) => ({
        close: () => http.close(),
        async send(request) {
          const answer = await http.send(request);
          if (!request.url.includes('watch=1')) return answer;
          return { ...answer, body: asPulled(answer.body) };
        },
      }),
    });
    expect(ran.result).toBe('passed');
    expect(found(ran, 'acr')).toContain('passed, though no node pulled');
  }, 60_000);

  it('that takes a failed removal for done', async () => {
    const ran = await run('check', {
      rules: [{ fault: 'unavailable', service: 'kubernetes', method: 'DELETE' }],
      breaks: (http) =>
        replacing(http, ({ method }, answer) =>
          method === 'DELETE' ? answering({ kind: 'Status', status: 'Success' }) : answer,
        ),
    });
    expect(found(ran, 'kubernetes')).toEqual([expect.stringMatching(/is left behind and nobody is told$/)]);
  }, 60_000);

  it('that tells a token in base64', async () => {
    const ran = await run('check', {
      rules: [{ fault: 'server-error', service: 'arm', first: 1 }],
      breaks: (http, log: Log) => ({
        close: () => http.close(),
        send(request) {
          const { authorization } = request.headers ?? {};
          if (authorization !== undefined) log.debug(Buffer.from(`sent ${authorization}`).toString('base64'));
          return http.send(request);
        },
      }),
    });
    expect(found(ran, 'arm').some((one) => one.startsWith('a secret is told'))).toBe(true);
  }, 60_000);

  it('that is silent about what it attempted', async () => {
    const silent = await run('check', {
      rules: [{ fault: 'unavailable', service: 'arm' }],
      breaks: (http) => http,
    });
    expect(found(silent, 'arm')).toEqual([]);
    const [connection] = silent.report?.connections ?? [];
    for (const check of connection?.checks ?? []) {
      check.title = 'it went through';
      check.evidence = 'an error occurred, please try again';
    }
    expect(found(silent, 'arm')).toContainEqual(expect.stringContaining('names nothing'));
  }, 60_000);
});

/** Every pod of a watch, as if its image had been pulled. */
async function* asPulled(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + Buffer.from(chunk).toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const event = JSON.parse(line) as {
        object: { status: { containerStatuses?: object[] }; spec: { containers: { image: string }[] } };
      };
      const statuses = event.object.status.containerStatuses ?? [];
      event.object.status.containerStatuses = statuses.map((status) => ({
        ...status,
        imageID: `contoso.azurecr.io/shop/web@sha256:${'a'.repeat(64)}`,
        state: {
          terminated: { exitCode: 128, reason: 'StartError', message: 'exec: no such file or directory' },
        },
      }));
      yield Buffer.from(`${JSON.stringify(event)}\n`);
    }
  }
}
