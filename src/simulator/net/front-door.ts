/**
 * The way into the simulated cloud: a TLS listener that answers under every name, with a CONNECT proxy that leads every
 * name to it; and another such listener for the cloud's own nodes. All listen on loopback only.
 */
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { SecureContext } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import type { Way } from '../cloud/private-link.js';
import type { Certificate, CertificateAuthority } from '../context.js';
import { NoAnswer } from '../faults/index.js';
import type { CertificateFault, Faults, LookUpFault, Origin, Struck } from '../faults/index.js';
import { NotModelled } from './exchange.js';
import type { Answer, Exchange, ExchangeNote, RequestRecord, Service } from './exchange.js';
import { createAuthority } from './authority.js';
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
  /** What keeps clients from a name, such as a private API server's; undefined: nothing. */
  keptOut: (host: string) => LookUpFault | undefined;
  faults?: Faults;
  hold?: Hold;
  /** Of the proxy; default one of the machine's choice. */
  proxyPort?: number;
}

/** A request that may be held up: before what it asks is done, or before its answer is given. */
export interface Held {
  stage: 'request' | 'answer';
  from: Origin;
  host: string;
  method: string;
  path: string;
}

/**
 * Called at both stages of every request that no fault keeps from being carried out, which waits until it resolves; it is
 * carried out then even if its client has gone. A rejection ends the connection: nothing is done, or nothing answered.
 */
export type Hold = (held: Held) => Promise<void>;

/** Another program listens there. */
export class PortInUse extends Error {
  override readonly name = 'PortInUse';
  constructor(
    readonly port: number,
    options?: ErrorOptions,
  ) {
    super(`port ${port} of ${LOOPBACK} is in use by another program`, options);
  }
}

export interface FrontDoor {
  /** `http://127.0.0.1:<port>` of the CONNECT proxy. */
  readonly proxyUrl: string;
  /** Port of the TLS listener on 127.0.0.1. */
  readonly port: number;
  /** Port of the one for nodes, and of the one that they come to by private endpoints. */
  readonly nodesPort: number;
  readonly privatePort: number;
  /**
   * Throws what keeps a node from connecting to a name, as a socket does; that is logged, unless its network is made so.
   *
   * @param way where the name leads from the node's network
   */
  lookUp(host: string, method: string, path: string, way: Way): void;
  /** Every host name that was asked for through the proxy, once each, in order. */
  readonly connectedNames: string[];
  /** Ends every connection; resolves when both listeners are closed. */
  stop(): Promise<void>;
}

/** Opens the listeners. Throws {@link PortInUse}, and then none is open. */
export async function openFrontDoor(options: FrontDoorOptions): Promise<FrontDoor> {
  const sockets = new Set<Socket>();
  const contextOf = certificateCache(options.authorityOf);
  const plain = await contextOf('localhost');
  const serviceOf = (host: string): string | undefined =>
    options.services().find((service) => service.serves(host))?.name;

  const openTls = (from: Origin, byPrivateEndpoint = false): HttpsServer => {
    const server = createHttpsServer(
      {
        ...plain.pair,
        // Asked of everybody, because Node can't ask by name; who trusts a certificate verifies it, so none is refused here.
        requestCert: true,
        rejectUnauthorized: false,
        SNICallback: (name, done) => {
          const host = name.toLowerCase();
          const fault = options.faults?.certificate({ from, host, service: serviceOf(host) });
          if (fault !== undefined) logUnanswered(options.log, 'CONNECT', host, '', { fault });
          contextOf(host, fault).then(
            ({ context }) => done(null, context),
            (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
          );
        },
      },
      (request, response) => {
        void serve(request, response, { from, byPrivateEndpoint }, options);
      },
    );
    // Watches stay open for long without a byte; the services end them. Clients keep connections and poll seldom: one
    // that closed in between would look like a fault.
    server.requestTimeout = 0;
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    server.on('tlsClientError', () => undefined);
    server.on('clientError', (_error, socket) => socket.destroy());
    track(server, sockets);
    return server;
  };
  const [tls, nodesTls, privateTls] = [openTls('clients'), openTls('nodes'), openTls('nodes', true)];
  const [port, nodesPort, privatePort] = [
    await listen(tls),
    await listen(nodesTls),
    await listen(privateTls),
  ];

  /** Why no connection to a name can be made; logged, unless that is how its network is. */
  const unreachable = (
    from: Origin,
    host: string,
    method: string,
    path: string,
    status = 0,
  ): LookUpFault | undefined => {
    const service = serviceOf(host);
    const fault = options.faults?.lookUp({ from, host, service });
    if (fault !== undefined) logUnanswered(options.log, method, host, path, { fault, status });
    if (fault !== undefined) return fault;
    const kept = from === 'clients' ? options.keptOut(host) : undefined;
    if (kept !== undefined) return kept;
    if (service !== undefined) return undefined;
    // What the simulator doesn't know isn't there, for it stands for all there is.
    logUnanswered(options.log, method, host, path, { modelled: false, status, verdict: 'no such name' });
    return 'dns';
  };

  const connectedNames: string[] = [];
  const proxy = createHttpServer((request, response) => {
    refusePlain(request, response, options.log);
  });
  proxy.on('connect', (request: IncomingMessage, client: Socket, head: Buffer) => {
    const name = hostName(request.url ?? '');
    if (!connectedNames.includes(name)) connectedNames.push(name);
    client.on('error', () => client.destroy());
    const why = unreachable('clients', name, 'CONNECT', '', 502);
    if (why !== undefined) {
      const said = `${why === 'dns' ? 'no such host' : 'connection refused'}: ${name}\n`;
      client.end(
        `HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain\r\nContent-Length: ${said.length}\r\nConnection: close\r\n\r\n${said}`,
      );
      return;
    }
    client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    if (head.length > 0) client.unshift(head);
    // Goes on as it came: a connection of the proxy's own would only carry its bytes to and fro.
    tls.emit('connection', client);
  });
  proxy.on('clientError', (_error, socket) => socket.destroy());
  track(proxy, sockets);
  const proxyPort = await listen(proxy, options.proxyPort).catch((error: unknown) => {
    for (const server of [tls, nodesTls, privateTls]) server.close();
    throw error;
  });

  return {
    proxyUrl: `http://${LOOPBACK}:${proxyPort}`,
    port,
    nodesPort,
    privatePort,
    connectedNames,
    lookUp(host, method, path, way) {
      const why = unreachable('nodes', host.toLowerCase(), method, path);
      if (why !== undefined) throw socketError(why, host);
      if (way.kind === 'nowhere') throw socketError('dns', host);
      if (way.kind === 'silent') throw socketError('silent', way.address);
    },
    async stop() {
      const closed = [tls, nodesTls, privateTls, proxy].map(
        (server) => new Promise<void>((done) => server.close(() => done())),
      );
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
  authorityOf: FrontDoorOptions['authorityOf'],
): (host: string, fault?: CertificateFault) => Promise<ShownCertificate> {
  const made = new Map<string, Promise<ShownCertificate>>();
  const make = async (host: string, fault?: CertificateFault): Promise<ShownCertificate> => {
    const unknown = fault === 'certificate-unknown-authority';
    const authority = await (unknown
      ? createAuthority('An authority that nobody trusts')
      : authorityOf(host));
    const { certificate, key }: Certificate = await authority.server(
      [fault === 'certificate-wrong-name' ? 'another-name.example' : host],
      { expired: fault === 'certificate-expired' },
    );
    const pair = { cert: certificate, key };
    return { pair, context: createSecureContext(pair) };
  };
  return (host, fault) => {
    const name = `${host} ${fault ?? ''}`;
    const known = made.get(name) ?? make(host, fault);
    made.set(name, known);
    return known;
  };
}

/** What Node's sockets throw. Where packets are dropped they do so after a time; here at once, so that nobody waits. */
function socketError(why: LookUpFault | 'silent', host: string): Error {
  const [code, syscall] = SOCKET_ERRORS[why];
  const where = why === 'dns' ? host : `${host}:443`;
  return Object.assign(new Error(`${syscall} ${code} ${where}`), {
    code,
    syscall,
    ...(why === 'silent' ? { address: host } : {}),
  });
}

const SOCKET_ERRORS = {
  dns: ['ENOTFOUND', 'getaddrinfo'],
  refused: ['ECONNREFUSED', 'connect'],
  silent: ['ETIMEDOUT', 'connect'],
} as const;

function logUnanswered(
  log: RequestLog,
  method: string,
  host: string,
  path: string,
  more: Partial<Pick<RequestRecord, 'fault' | 'modelled' | 'verdict' | 'status'>>,
): void {
  const record = log.begin(method, host, path);
  Object.assign(record, more);
  log.end(record);
}

function track(server: Server, sockets: Set<Socket>): void {
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  });
}

function listen(server: Server, port = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException): void => {
      reject(error.code === 'EADDRINUSE' ? new PortInUse(port, { cause: error }) : error);
    };
    server.once('error', refused);
    server.listen(port, LOOPBACK, () => {
      server.off('error', refused);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { from, byPrivateEndpoint }: { from: Origin; byPrivateEndpoint: boolean },
  { services, log, faults, hold }: FrontDoorOptions,
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
        record.service = service.name;
        const asked = { from, host, service: service.name, method, path };
        const strike = (struck: Struck | undefined): Struck | undefined => {
          if (struck !== undefined) record.fault = struck.name;
          return struck;
        };
        let fault = strike(faults?.request(asked));
        if (fault?.instead === true) return fault.answer(undefined, gone.signal);
        const certificate = shownCertificate(request.socket);
        const exchange: Exchange = {
          method,
          url: new URL(`https://${request.headers.host ?? host}${path}`),
          headers: joinedHeaders(request),
          body: await bodyOf(request),
          ...(certificate === undefined ? {} : { clientCertificate: certificate }),
          ...(byPrivateEndpoint ? { byPrivateEndpoint } : {}),
          signal: gone.signal,
          note: listening(record, (route) => {
            fault ??= strike(faults?.request({ ...asked, route }));
            if (fault?.instead === true) throw new CutShort();
          }),
        };
        const holdUp = (stage: Held['stage']): Promise<void> | undefined =>
          hold?.({ stage, from, host, method, path }).catch((cause: unknown) => {
            throw new NoAnswer('held up for good', { cause });
          });
        try {
          await holdUp('request');
          const answer = await service.answer(exchange);
          await holdUp('answer');
          return fault === undefined ? answer : await fault.answer(answer, gone.signal);
        } catch (error) {
          if (error instanceof CutShort && fault !== undefined) return fault.answer(undefined, gone.signal);
          throw error;
        }
      },
      `${method} https://${host}${path.split('?', 1)[0] ?? ''}`,
    );
    record.modelled = answer.modelled;
    log.answered(record, answer.status);
    await send(response, answer, gone.signal);
  } catch {
    // The client is gone, a fault keeps the answer back, or the answer's stream broke after its head: a broken connection
    // is what the client must see.
    response.destroy();
  }
  await ended;
}

/** A service names its route before it does anything; a fault that keeps it from doing so ends it there. */
class CutShort extends Error {}

/** A note that tells when the route is named. */
function listening(note: ExchangeNote, named: (route: string) => void): ExchangeNote {
  return new Proxy(note, {
    set(target, key, value) {
      const known = target.route;
      Reflect.set(target, key, value);
      if (key === 'route' && known === undefined) named(String(value));
      return true;
    },
  });
}

type Judged = Answer & { modelled: boolean };

/** What a service answers; what it can't answer becomes a 501, and what it breaks on a 500 that names the simulator. */
async function answerOf(ask: () => Promise<Answer>, asked: string): Promise<Judged> {
  try {
    return { ...(await ask()), modelled: true };
  } catch (error) {
    if (error instanceof NoAnswer) throw error;
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
        const goOn = (): void => {
          response.off('drain', goOn).off('close', goOn);
          resolve();
        };
        response.on('drain', goOn).on('close', goOn);
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
