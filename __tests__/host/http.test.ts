import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { HttpFault } from '../../src/core/ports.js';
import type { HttpRequest, HttpResponse } from '../../src/core/ports.js';
import { createHttp } from '../../src/host/http.js';
import type { ClosableHttp, HttpOptions } from '../../src/host/http.js';
import { createAuthority } from '../../src/simulator/net/authority.js';
import type { Certificate, CertificateAuthority } from '../../src/simulator/context.js';
import { closeServers, serveHttp, serveHttps, serveProxy, serveTcp } from './servers.js';

const opened: ClosableHttp[] = [];
function http(environment: NodeJS.ProcessEnv = {}, options?: HttpOptions): ClosableHttp {
  const made = createHttp(environment, options);
  opened.push(made);
  return made;
}
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
  await closeServers();
});

async function text({ body }: HttpResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

async function faultOf(attempt: Promise<unknown>): Promise<HttpFault> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof HttpFault) return error;
    throw error;
  }
  throw new Error('no fault');
}

const get = (port: number, rest: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'GET',
  url: `http://127.0.0.1:${port}/secret-path?sig=secret-query`,
  ...rest,
});

describe('an exchange', () => {
  it('sends method, headers and body as they are, and lower-cases the names of what comes back', async () => {
    const port = await serveHttp((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        response.setHeader('X-Two', ['a', 'b']);
        response.writeHead(418, { 'X-Said': `${request.method} ${String(request.headers['x-asked'])}` });
        response.end(Buffer.concat(chunks));
      });
    });
    const answer = await http().send(
      get(port, { method: 'POST', headers: { 'x-asked': 'yes' }, body: 'ä body' }),
    );
    expect(answer.status).toBe(418);
    expect(answer.headers).toMatchObject({ 'x-said': 'POST yes', 'x-two': 'a, b' });
    expect(await text(answer)).toBe('ä body');
  });

  it('returns a redirect as an answer', async () => {
    let asked = 0;
    const port = await serveHttp((_request, response) => {
      asked++;
      response.writeHead(307, { location: '/elsewhere' }).end();
    });
    const answer = await http().send(get(port));
    expect([answer.status, answer.headers.location, asked]).toEqual([307, '/elsewhere', 1]);
  });

  it('asks for no compression', async () => {
    const port = await serveHttp((request, response) =>
      response.end(request.headers['accept-encoding'] ?? 'none'),
    );
    expect(await text(await http().send(get(port)))).toBe('none');
  });

  it('uses a connection again', async () => {
    const ports = new Set<number | undefined>();
    const port = await serveHttp((request, response) => {
      ports.add(request.socket.remotePort);
      response.end('x');
    });
    const client = http();
    for (let i = 0; i < 6; i++) await text(await client.send(get(port)));
    // undici opens a second one while the first is being let go.
    expect(ports.size).toBeLessThanOrEqual(2);
  });
});

describe('faults', () => {
  it('tells a name that does not resolve', async () => {
    const fault = await faultOf(http().send({ method: 'GET', url: 'https://nowhere.invalid/secret-path' }));
    expect([fault.kind, fault.host]).toEqual(['dns', 'nowhere.invalid']);
    expect(fault.message).toMatch(
      /^attempted GET on nowhere\.invalid: the name could not be resolved \(.*(ENOTFOUND|EAI_AGAIN)/,
    );
    expect(fault.message).not.toContain('secret');
  });

  it('tells a refused connection, with the port', async () => {
    const port = await serveTcp(() => undefined);
    await closeServers();
    const fault = await faultOf(http().send(get(port)));
    expect([fault.kind, fault.host]).toEqual(['refused', `127.0.0.1:${port}`]);
    expect(fault.message).not.toContain('secret');
  });

  it('tells a connection that breaks before and after the head', async () => {
    const before = await serveTcp((socket) => socket.once('data', () => socket.destroy()));
    expect((await faultOf(http().send(get(before)))).kind).toBe('reset');

    const after = await serveTcp((socket) =>
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc', () =>
          setTimeout(() => socket.resetAndDestroy(), 20),
        );
      }),
    );
    const answer = await http().send(get(after));
    const fault = await faultOf(text(answer));
    expect([answer.status, fault.kind]).toEqual([200, 'reset']);
    expect(fault.message).toContain('read the answer to GET');
  });

  it('waits for the head no longer than asked, and not at all for a body', async () => {
    const silent = await serveTcp(() => undefined);
    const began = Date.now();
    const fault = await faultOf(http().send(get(silent, { timeoutMs: 80 })));
    expect(fault.kind).toBe('timeout');
    expect(fault.message).toContain('no answer within 80 ms');
    expect(Date.now() - began).toBeLessThan(2_000);

    const slow = await serveHttp((_request, response) => {
      response.writeHead(200).write('a');
      setTimeout(() => response.end('b'), 250);
    });
    expect(await text(await http().send(get(slow, { timeoutMs: 100 })))).toBe('ab');
  });

  it('gives up a body that does not go on, unless it is a watch', async () => {
    const port = await serveHttp((_request, response) => {
      response.writeHead(200).write('a');
      setTimeout(() => response.end('b'), 2_500);
    });
    const client = http({}, { bodyIdleMs: 300 });
    expect((await faultOf(text(await client.send(get(port))))).kind).toBe('timeout');
    const watch = { method: 'GET', url: `http://127.0.0.1:${port}/api/v1/pods?watch=true` };
    expect(await text(await client.send(watch))).toBe('ab');
  });

  it('stops when it is told to: before, while waiting, and in a body', async () => {
    const silent = await serveTcp(() => undefined);
    const streaming = await serveHttp((_request, response) => void response.writeHead(200).write('a'));
    const reason = new Error('cancelled by the user');

    const early = await faultOf(http().send(get(silent, { signal: AbortSignal.abort(reason) })));
    expect([early.kind, early.cause]).toEqual(['aborted', reason]);

    const stop = new AbortController();
    setTimeout(() => stop.abort(reason), 50);
    const waiting = await faultOf(http().send(get(silent, { signal: stop.signal })));
    expect(waiting.kind).toBe('aborted');
    expect(waiting.message).toContain('cancelled by the user');

    const stopBody = new AbortController();
    const answer = await http().send(get(streaming, { signal: stopBody.signal }));
    setTimeout(() => stopBody.abort(reason), 50);
    expect((await faultOf(text(answer))).kind).toBe('aborted');
  });

  it('fails what is under way when it is closed', async () => {
    const silent = await serveTcp(() => undefined);
    const client = http();
    const sent = faultOf(client.send(get(silent)));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await client.close();
    expect(await sent).toBeInstanceOf(HttpFault);
  });

  it('tells an answer that is no HTTP', async () => {
    const port = await serveTcp((socket) => socket.once('data', () => socket.end('hello\r\n\r\n')));
    expect((await faultOf(http().send(get(port)))).kind).toBe('other');
  });
});

describe('over TLS', () => {
  let authority: CertificateAuthority;
  let server: Certificate;
  let client: Certificate;
  beforeAll(async () => {
    authority = await createAuthority('test authority');
    server = await authority.server(['127.0.0.1', 'api.contoso.test', 'localhost']);
    client = await authority.client('deployer', ['system:masters']);
  });

  const listen = (): Promise<number> =>
    serveHttps(
      { cert: server.certificate, key: server.key, requestCert: true, rejectUnauthorized: false },
      (request, response) => {
        const shown = (request.socket as TLSSocket).getPeerCertificate();
        response.end(JSON.stringify({ client: shown.subject?.CN ?? null, host: request.headers.host }));
      },
    );

  it('trusts the authority that the request names and no other', async () => {
    const port = await listen();
    const request = { method: 'GET', url: `https://localhost:${port}/` };
    const fault = await faultOf(http().send(request));
    expect([fault.kind, fault.host]).toEqual(['tls', `localhost:${port}`]);
    const answer = await http().send({ ...request, tls: { ca: authority.certificate } });
    expect(JSON.parse(await text(answer))).toMatchObject({ client: null });

    const other = await createAuthority('another authority');
    expect((await faultOf(http().send({ ...request, tls: { ca: other.certificate } }))).kind).toBe('tls');
  });

  describe('SSL_CERT_FILE', () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'aks acr pull authorities '));
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));
    const written = async (name: string, pem: string): Promise<string> => {
      await writeFile(join(folder, name), pem);
      return join(folder, name);
    };

    it("names an authority that is trusted besides Node's own and NODE_EXTRA_CA_CERTS", async () => {
      const port = await listen();
      const request = { method: 'GET', url: `https://localhost:${port}/` };
      const named = await written('named.pem', authority.certificate);
      const other = await written('other.pem', (await createAuthority('another authority')).certificate);
      for (const environment of [
        { SSL_CERT_FILE: named },
        { SSL_CERT_FILE: named, NODE_EXTRA_CA_CERTS: other },
        { SSL_CERT_FILE: other, NODE_EXTRA_CA_CERTS: named },
      ])
        expect((await http(environment).send(request)).status).toBe(200);
      expect((await faultOf(http({ SSL_CERT_FILE: other }).send(request))).kind).toBe('tls');
    });

    it('does not make an API server trusted whose authority the request names', async () => {
      const port = await listen();
      const named = await written('named.pem', authority.certificate);
      const other = await createAuthority('another authority');
      const request = {
        method: 'GET',
        url: `https://localhost:${port}/`,
        tls: { ca: other.certificate },
      };
      expect((await faultOf(http({ SSL_CERT_FILE: named }).send(request))).kind).toBe('tls');
    });

    it.each([
      ['is not there', undefined],
      ['holds no certificate', '-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n'],
    ])('that %s is named in the fault', async (_what, pem) => {
      const file = pem === undefined ? join(folder, 'absent.pem') : await written('broken.pem', pem);
      const fault = await faultOf(
        http({ SSL_CERT_FILE: file }).send({ method: 'GET', url: 'https://localhost:1/' }),
      );
      expect([fault.kind, fault.message]).toEqual([
        'tls',
        `SSL_CERT_FILE (${file}) can't be read as certificates`,
      ]);
    });
  });

  it('verifies even where the environment says not to', async () => {
    const port = await listen();
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    try {
      const fault = await faultOf(http().send({ method: 'GET', url: `https://localhost:${port}/` }));
      expect(fault.kind).toBe('tls');
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
    }
  });

  it('keeps connections of one identity from those of another', async () => {
    const port = await listen();
    const http1 = http();
    const url = `https://localhost:${port}/`;
    const ca = authority.certificate;
    const asClient = await http1.send({
      method: 'GET',
      url,
      tls: { ca, cert: client.certificate, key: client.key },
    });
    expect(JSON.parse(await text(asClient))).toMatchObject({ client: 'deployer' });
    const asNobody = await http1.send({ method: 'GET', url, tls: { ca } });
    expect(JSON.parse(await text(asNobody))).toMatchObject({ client: null });
  });

  it('reaches a private authority with a client certificate through a proxy, by the real name', async () => {
    const port = await listen();
    const proxy = await serveProxy(() => port);
    const environment = { HTTPS_PROXY: `http://user:pass@127.0.0.1:${proxy.port}` };
    const answer = await http(environment).send({
      method: 'GET',
      url: 'https://api.contoso.test/version',
      tls: { ca: authority.certificate, cert: client.certificate, key: client.key },
    });
    expect(JSON.parse(await text(answer))).toEqual({ client: 'deployer', host: 'api.contoso.test' });
    expect(proxy.asked).toEqual([
      {
        authority: 'api.contoso.test:443',
        authorization: `Basic ${Buffer.from('user:pass').toString('base64')}`,
      },
    ]);
  });

  it('tells faults of the proxy from faults of the host behind it', async () => {
    const port = await listen();
    const refusing = await serveProxy(() => port, 407);
    const refused = await faultOf(
      http({ HTTPS_PROXY: `http://user:hunter2@127.0.0.1:${refusing.port}` }).send({
        method: 'GET',
        url: 'https://api.contoso.test/',
      }),
    );
    expect([refused.kind, refused.host]).toEqual(['proxy', 'api.contoso.test']);
    expect(refused.message).toContain(`through the proxy http://127.0.0.1:${refusing.port}`);
    expect(refused.message).toContain('HTTP 407');
    expect(refused.message).not.toContain('hunter2');

    const dead = await serveTcp(() => undefined);
    const working = await serveProxy(() => port);
    const untrusted = await faultOf(
      http({ HTTPS_PROXY: `http://127.0.0.1:${working.port}` }).send({
        method: 'GET',
        url: 'https://api.contoso.test/',
      }),
    );
    expect(untrusted.kind).toBe('tls');

    await closeServers();
    const gone = await faultOf(
      http({ HTTPS_PROXY: `http://127.0.0.1:${dead}` }).send({
        method: 'GET',
        url: 'https://api.contoso.test/',
      }),
    );
    expect(gone.kind).toBe('proxy');
  });

  it('says so when the proxy is named in a form that can not be used', async () => {
    const fault = await faultOf(
      http({ HTTPS_PROXY: 'socks5://p:1' }).send({ method: 'GET', url: 'https://a.test/' }),
    );
    expect([fault.kind, fault.message]).toEqual([
      'proxy',
      'HTTPS_PROXY names a socks5 proxy; only http and https proxies can be used',
    ]);
  });
});

afterAll(closeServers);
