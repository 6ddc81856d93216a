import { connect } from 'node:net';
import { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import type { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { fetch, ProxyAgent } from 'undici';
import type { CertificateAuthority } from '../../../src/simulator/context.js';
import { createAuthority } from '../../../src/simulator/net/authority.js';
import { createDial } from '../../../src/simulator/net/dial.js';
import { NotModelled } from '../../../src/simulator/net/exchange.js';
import type { Exchange, Service } from '../../../src/simulator/net/exchange.js';
import { openFrontDoor } from '../../../src/simulator/net/front-door.js';
import type { FrontDoor } from '../../../src/simulator/net/front-door.js';
import { createRequestLog } from '../../../src/simulator/net/request-log.js';
import type { RequestLog } from '../../../src/simulator/net/request-log.js';

let publicAuthority: CertificateAuthority;
let clusterAuthority: CertificateAuthority;
let door: FrontDoor;
let log: RequestLog;
let dispatcher: ProxyAgent;
let answer: (exchange: Exchange) => ReturnType<Service['answer']>;

const service: Service = {
  name: 'echo',
  serves: (host) => host.endsWith('.test'),
  answer: (exchange) => answer(exchange),
};

beforeEach(async () => {
  [publicAuthority, clusterAuthority] = await Promise.all([
    createAuthority('public'),
    createAuthority('cluster'),
  ]);
  log = createRequestLog(Date.now);
  door = await openFrontDoor({
    services: () => [service],
    log,
    authorityOf: async (host) => (host === 'cluster.test' ? clusterAuthority : publicAuthority),
    keptOut: (host) => (host === 'private.test' ? 'dns' : undefined),
  });
  dispatcher = new ProxyAgent({ uri: door.proxyUrl, requestTls: { ca: publicAuthority.certificate } });
  answer = async () => ({ status: 200, body: 'hello' });
});

afterEach(async () => {
  await dispatcher.destroy();
  await door.stop();
});

describe('the front door', () => {
  it('hands a service the request as the client meant it', async () => {
    let seen: Exchange | undefined;
    answer = async (exchange) => {
      seen = exchange;
      return { status: 201, headers: { 'x-made': 'yes' }, body: '{}' };
    };
    const response = await fetch('https://a.test/path//x?q=1', {
      dispatcher,
      method: 'POST',
      body: 'sent',
      headers: { 'X-Word': 'one' },
    });
    expect([response.status, response.headers.get('x-made'), await response.text()]).toEqual([
      201,
      'yes',
      '{}',
    ]);
    expect(seen?.method).toBe('POST');
    expect(seen?.url.href).toBe('https://a.test/path//x?q=1');
    expect(seen?.headers['x-word']).toBe('one');
    expect(seen?.body.toString()).toBe('sent');
    expect(seen?.clientCertificate).toBeUndefined();
  });

  it('takes a client that does not wait for the answer to its CONNECT', async () => {
    const socket = connect(Number(new URL(door.proxyUrl).port), '127.0.0.1');
    // What TLS sends first goes out together with the CONNECT, and the answer to that is not for TLS.
    const early = new Duplex({
      read: () => undefined,
      write(chunk: Buffer, _encoding, done) {
        socket.write(
          Buffer.concat([
            Buffer.from(socket.bytesWritten === 0 ? 'CONNECT a.test:443 HTTP/1.1\r\n\r\n' : ''),
            chunk,
          ]),
          done,
        );
      },
    });
    socket.once('data', (first: Buffer) => {
      early.push(first.subarray(first.indexOf('\r\n\r\n') + 4));
      socket.on('data', (chunk: Buffer) => early.push(chunk));
    });
    const tls = connectTls({ socket: early, servername: 'a.test', ca: publicAuthority.certificate });
    tls.end('GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n');
    expect(await text(tls)).toContain('hello');
  });

  it('finds no name that nobody serves, and logs it', async () => {
    await expect(fetch('https://graph.example/v1.0/me', { dispatcher })).rejects.toThrow();
    expect(log.records).toEqual([
      expect.objectContaining({
        number: 1,
        method: 'CONNECT',
        host: 'graph.example',
        status: 502,
        modelled: false,
        verdict: 'no such name',
      }),
    ]);
    expect(door.connectedNames).toEqual(['graph.example']);
  });

  it('answers 501 for what a service does not model and 500, naming the simulator, for what it breaks on', async () => {
    answer = async ({ url }) => {
      throw url.pathname === '/new' ? new NotModelled('No such thing.') : new Error('a bug');
    };
    const unknown = await fetch('https://a.test/new', { dispatcher });
    const broken = await fetch('https://a.test/old', { dispatcher });
    expect([unknown.status, await unknown.text()]).toEqual([501, expect.stringContaining('No such thing.')]);
    expect([broken.status, await broken.text()]).toEqual([500, expect.stringContaining('simulator broke')]);
    expect(log.records.map(({ modelled }) => modelled)).toEqual([false, true]);
  });

  it('streams, and tells the service when the client hangs up', async () => {
    let aborted: Promise<void> | undefined;
    answer = async ({ signal }) => {
      aborted = new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
      const gone = aborted;
      return {
        status: 200,
        body: (async function* () {
          yield 'first\n';
          await gone;
        })(),
      };
    };
    const controller = new AbortController();
    const response = await fetch('https://a.test/watch', { dispatcher, signal: controller.signal });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const { value } = await reader.read();
    expect(Buffer.from(value ?? []).toString()).toBe('first\n');
    expect(log.records[0]?.status).toBe(200);
    controller.abort();
    await aborted;
  });

  it('shows a cluster name a certificate of that cluster alone, and reads the client certificate', async () => {
    await expect(fetch('https://cluster.test/', { dispatcher })).rejects.toThrow();
    const { certificate, key } = await clusterAuthority.client('admin', ['system:masters']);
    const asAdmin = new ProxyAgent({
      uri: door.proxyUrl,
      requestTls: { ca: clusterAuthority.certificate, cert: certificate, key },
    });
    let shown: X509Certificate | undefined;
    answer = async ({ clientCertificate }) => {
      shown = clientCertificate;
      return { status: 200 };
    };
    await fetch('https://cluster.test/', { dispatcher: asAdmin });
    await asAdmin.destroy();
    expect(shown?.subject).toContain('CN=admin');
    expect(shown !== undefined && clusterAuthority.signed(shown)).toBe(true);
  });

  it('lets in client certificates that nobody signed: the service verifies', async () => {
    const stranger = await createAuthority('stranger');
    const { certificate, key } = await stranger.client('admin', ['system:masters']);
    const asStranger = new ProxyAgent({
      uri: door.proxyUrl,
      requestTls: { ca: clusterAuthority.certificate, cert: certificate, key },
    });
    let trusted: boolean | undefined;
    answer = async ({ clientCertificate }) => {
      trusted = clientCertificate !== undefined && clusterAuthority.signed(clientCertificate);
      return { status: 401 };
    };
    expect((await fetch('https://cluster.test/', { dispatcher: asStranger })).status).toBe(401);
    await asStranger.destroy();
    expect(trusted).toBe(false);
  });

  it('has no way to a private name, and none without TLS', async () => {
    await expect(fetch('https://private.test/', { dispatcher })).rejects.toThrow();
    expect(log.records).toEqual([]);
    const plain = await new Promise<string>((resolve, reject) => {
      const { hostname, port } = new URL(door.proxyUrl);
      const socket = connect(Number(port), hostname, () =>
        socket.write('GET http://a.test/x HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n'),
      );
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.on('end', () => resolve(text));
      socket.on('error', reject);
    });
    expect(plain).toMatch(/^HTTP\/1\.1 501 /);
    expect(log.records).toEqual([expect.objectContaining({ host: 'a.test', status: 501, modelled: false })]);
  });

  it('keeps secrets out of the log', async () => {
    await fetch('https://a.test/x?client_secret=hush&Access_Token=hush&code=hush&plain=shown', {
      dispatcher,
    });
    expect(log.records[0]?.path).toBe('/x?client_secret=***&Access_Token=***&code=***&plain=shown');
  });

  it('stops at once, whatever is open', async () => {
    answer = async ({ signal }) => ({
      status: 200,
      body: (async function* () {
        yield 'open';
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      })(),
    });
    await fetch('https://a.test/watch', { dispatcher });
    const began = Date.now();
    await door.stop();
    expect(Date.now() - began).toBeLessThan(1000);
    await expect(fetch('https://a.test/', { dispatcher })).rejects.toThrow();
  });
});

describe('a machine inside', () => {
  it('dials names, sees redirects, and refuses plain HTTP', async () => {
    const { dial, close } = createDial(publicAuthority.certificate, () => door.port);
    answer = async ({ method, body }) => ({
      status: 307,
      headers: { location: 'https://b.test/' },
      body: `${method} ${body.toString()}`,
    });
    const { status, headers, body } = await dial('https://a.test/blob', { method: 'POST', body: 'x' });
    expect([status, headers.location, body.toString()]).toEqual([307, 'https://b.test/', 'POST x']);
    expect(log.records).toHaveLength(1);
    await expect(dial('http://a.test/')).rejects.toThrow('HTTPS only');
    await expect(dial('https://cluster.test/')).rejects.toThrow();
    close();
  });
});
