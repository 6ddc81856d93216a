/**
 * The way into the simulated cloud: one TLS listener that answers under every name, and a CONNECT proxy that
 * leads every name to it. Both listen on loopback only.
 */
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { SecureContext } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import type { Certificate, CertificateAuthority } from '../context.js';
import { NotModelled } from './exchange.js';
import type { Answer, Exchange, Service } from './exchange.js';
import type { RequestLog } from './request-log.js';

const LOOPBACK = '127.0.0.1';
/** More than any request of the modelled services needs: a Kubernetes object is at most a few megabytes. */
const LARGEST_BODY = 16 * 1024 * 1024;

const KEEP_ALIVE_MS = 300_000;

export interface FrontDoorOptions {
  services: () => readonly Service[];
  log: RequestLog;
  /** The authority whose certificate a (lower-case) host name shows. */
  authorityOf: (host: string) => Promise<CertificateAuthority>;
  /** False for a name that can't be reached from outside its network, such as a private API server's. */
  reachable: (host: string) => boolean;
}

export interface FrontDoor {
  /** `http://127.0.0.1:<port>` of the CONNECT proxy. */
  readonly proxyUrl: string;
  /** Port of the TLS listener on 127.0.0.1. */
  readonly port: number;
  /** Every host name that was asked for through the proxy, once each, in order. */
  readonly connectedNames: string[];
  /** Ends every connection; resolves when both listeners are closed. */
  stop(): Promise<void>;
}

/** Opens both listeners on ports of the machine's choice. */
export async function openFrontDoor(options: FrontDoorOptions): Promise<FrontDoor> {
  const sockets = new Set<Socket>();
  const contextOf = certificateCache(options.authorityOf);
  const plain = await contextOf('localhost');

  const tls = createHttpsServer(
    {
      ...plain.pair,
      // Asked of everybody, because Node can't ask by name; who trusts a certificate verifies it, so none is refused here.
      requestCert: true,
      rejectUnauthorized: false,
      SNICallback: (name, done) => {
        contextOf(name.toLowerCase()).then(
          ({ context }) => done(null, context),
          (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
        );
      },
    },
    (request, response) => {
      void serve(request, response, options);
    },
  );
  // Watches stay open for long without a byte; the services end them. Clients keep connections and poll seldom: one
  // that closed in between would look like a fault.
  tls.requestTimeout = 0;
  tls.keepAliveTimeout = KEEP_ALIVE_MS;
  tls.on('tlsClientError', () => undefined);
  tls.on('clientError', (_error, socket) => socket.destroy());
  track(tls, sockets);
  const port = await listen(tls);

  const connectedNames: string[] = [];
  const proxy = createHttpServer((request, response) => {
    refusePlain(request, response, options.log);
  });
  proxy.on('connect', (request: IncomingMessage, client: Socket, head: Buffer) => {
    const name = hostName(request.url ?? '');
    if (!connectedNames.includes(name)) connectedNames.push(name);
    client.on('error', () => client.destroy());
    if (!options.reachable(name)) {
      client.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      return;
    }
    const upstream = connect(port, LOOPBACK);
    sockets.add(upstream);
    upstream.on('close', () => {
      sockets.delete(upstream);
      client.destroy();
    });
    upstream.on('error', () => upstream.destroy());
    client.on('close', () => upstream.destroy());
    upstream.on('connect', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      if (head.length > 0) upstream.write(head);
      upstream.pipe(client);
      client.pipe(upstream);
    });
  });
  proxy.on('clientError', (_error, socket) => socket.destroy());
  track(proxy, sockets);
  const proxyPort = await listen(proxy);

  return {
    proxyUrl: `http://${LOOPBACK}:${proxyPort}`,
    port,
    connectedNames,
    async stop() {
      const closed = [tls, proxy].map((server) => new Promise<void>((done) => server.close(() => done())));
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}

/** `host:port` or `host` without the port, in lower case. */
export function hostName(authority: string): string {
  return authority.replace(/:\d+$/, '').toLowerCase();
}

interface ShownCertificate {
  pair: { cert: string; key: string };
  context: SecureContext;
}

/** Certificates are made when a name is first asked for, and kept. */
function certificateCache(
  authorityOf: (host: string) => Promise<CertificateAuthority>,
): (host: string) => Promise<ShownCertificate> {
  const made = new Map<string, Promise<ShownCertificate>>();
  const make = async (host: string): Promise<ShownCertificate> => {
    const authority = await authorityOf(host);
    const { certificate, key }: Certificate = await authority.server([host]);
    const pair = { cert: certificate, key };
    return { pair, context: createSecureContext(pair) };
  };
  return (host) => {
    const known = made.get(host) ?? make(host);
    made.set(host, known);
    return known;
  };
}

function track(server: Server, sockets: Set<Socket>): void {
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  });
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, LOOPBACK, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { services, log }: FrontDoorOptions,
): Promise<void> {
  const gone = new AbortController();
  const host = hostName(request.headers.host ?? '');
  const path = request.url ?? '/';
  const method = (request.method ?? 'GET').toUpperCase();
  const record = log.begin(method, host, path);
  const ended = new Promise<void>((resolve) => {
    response.on('close', () => {
      if (!response.writableFinished) gone.abort();
      log.end(record);
      resolve();
    });
  });
  try {
    const answer = await answerOf(
      async () => {
        const service = services().find((candidate) => candidate.serves(host));
        if (service === undefined)
          throw new NotModelled(`No service of the simulated cloud answers for ${host}.`);
        const certificate = shownCertificate(request.socket);
        const exchange: Exchange = {
          method,
          url: new URL(`https://${request.headers.host ?? host}${path}`),
          headers: joinedHeaders(request),
          body: await bodyOf(request),
          ...(certificate === undefined ? {} : { clientCertificate: certificate }),
          signal: gone.signal,
          note: record,
        };
        record.service = service.name;
        return service.answer(exchange);
      },
      `${method} https://${host}${path.split('?', 1)[0] ?? ''}`,
    );
    record.modelled = answer.modelled;
    log.answered(record, answer.status);
    await send(response, answer, gone.signal);
  } catch {
    // The client is gone, or the answer's stream broke after its head: a broken connection is what the client must see.
    response.destroy();
  }
  await ended;
}

type Judged = Answer & { modelled: boolean };

/** What a service answers; what it can't answer becomes a 501, and what it breaks on a 500 that names the simulator. */
async function answerOf(ask: () => Promise<Answer>, asked: string): Promise<Judged> {
  try {
    return { ...(await ask()), modelled: true };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof NotModelled)
      return {
        ...problem(501, 'NotModelled', `${asked} is not modelled by the simulator: ${message}`),
        modelled: false,
      };
    return {
      ...problem(500, 'SimulatorError', `The simulator broke on ${asked}: ${message}`),
      modelled: true,
    };
  }
}

function problem(status: number, code: string, message: string): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify({ error: { code, message } }),
  };
}

async function send(response: ServerResponse, answer: Answer, gone: AbortSignal): Promise<void> {
  const { status, headers = {}, body } = answer;
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
    const bytes = body === undefined ? Buffer.alloc(0) : Buffer.from(body);
    const mayHaveBody = status !== 204 && status !== 304;
    const length = mayHaveBody ? { 'content-length': String(bytes.length) } : {};
    response.writeHead(status, { ...length, ...headers });
    response.end(mayHaveBody ? bytes : undefined);
    return;
  }
  response.writeHead(status, headers);
  response.flushHeaders();
  for await (const chunk of body) {
    if (gone.aborted) return;
    if (!response.write(chunk)) {
      await new Promise<void>((resolve) => {
        response.once('drain', resolve);
        response.once('close', resolve);
      });
    }
  }
  response.end();
}

function shownCertificate(socket: Socket): X509Certificate | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const raw = socket.getPeerCertificate().raw as Buffer | undefined;
  return raw === undefined ? undefined : new X509Certificate(raw);
}

function joinedHeaders(request: IncomingMessage): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    if (values !== undefined) joined[name] = values.join(', ');
  }
  return joined;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LARGEST_BODY) throw new NotModelled(`The body is larger than ${LARGEST_BODY} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The simulated cloud has no plain HTTP: whatever comes without a tunnel is refused, and seen in the log. */
function refusePlain(request: IncomingMessage, response: ServerResponse, log: RequestLog): void {
  const method = (request.method ?? 'GET').toUpperCase();
  const target = URL.canParse(request.url ?? '') ? new URL(request.url ?? '') : undefined;
  const host = target?.hostname ?? hostName(request.headers.host ?? '');
  const record = log.begin(
    method,
    host,
    target === undefined ? (request.url ?? '/') : target.pathname + target.search,
  );
  record.modelled = false;
  request.resume();
  response.on('close', () => log.end(record));
  const answer = problem(501, 'NotModelled', `${method} http://${host}: the simulator speaks HTTPS only.`);
  log.answered(record, answer.status);
  void send(response, answer, new AbortController().signal);
}
