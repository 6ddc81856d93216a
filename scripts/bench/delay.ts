/**
 * A proxy before a simulated cloud that answers every request to a public name late, as a distant service would, and notes
 * when each came and went. API servers are led through as they are: their certificates are their own.
 */
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import { setTimeout as pause } from 'node:timers/promises';
import { ProxyAgent, request as send } from 'undici';
import type { Dispatcher } from 'undici';
import type { Simulator } from '../../src/simulator/index.js';

/** One request to a public name. */
export interface Timed {
  method: string;
  host: string;
  /** With its query. */
  path: string;
  status: number;
  /** Milliseconds, from one clock. */
  began: number;
  ended: number;
}

export interface Delay {
  /** What leads a program through here instead of straight to the simulator. */
  environment(): Record<string, string>;
  readonly requests: readonly Timed[];
  end(): Promise<void>;
}

/** Headers that speak of one connection only. */
const HOP_BY_HOP: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding', 'host']);

/** @param delayMs from the arrival of a request to its being passed on */
export async function openDelay(simulator: Simulator, delayMs: number): Promise<Delay> {
  const { context, proxyUrl, caPem } = simulator;
  const upstream = new URL(proxyUrl);
  const agent = new ProxyAgent({ uri: proxyUrl, requestTls: { ca: caPem } });
  const requests: Timed[] = [];
  const sockets = new Set<Socket>();
  const apiServers = new Set(simulator.state.clusters.map(({ fqdn }) => fqdn.toLowerCase()));

  async function passOn(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const began = performance.now();
    const { method = 'GET', url: path = '/', headers } = incoming;
    const host = headers.host ?? '';
    const chunks: Buffer[] = [];
    for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
    await pause(delayMs);
    const {
      statusCode,
      headers: sent,
      body,
    } = await send(`https://${host}${path}`, {
      method: method as Dispatcher.HttpMethod,
      headers: endToEnd(headers),
      dispatcher: agent,
      ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
    });
    const bytes = Buffer.from(await body.arrayBuffer());
    answer.writeHead(statusCode, endToEnd(sent));
    answer.end(bytes);
    requests.push({ method, host, path, status: statusCode, began, ended: performance.now() });
  }

  const tls = createHttpsServer(
    {
      SNICallback: (name, done) => {
        context.publicAuthority.server([name]).then(
          ({ certificate, key }) => done(null, createSecureContext({ cert: certificate, key })),
          (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
        );
      },
    },
    (incoming, answer) => {
      passOn(incoming, answer).catch(() => answer.destroy());
    },
  );
  tls.on('tlsClientError', () => undefined);
  const proxy = createHttpServer();
  proxy.on('connect', (request: IncomingMessage, client: Socket, head: Buffer) => {
    const authority = request.url ?? '';
    client.on('error', () => client.destroy());
    if (apiServers.has(authority.replace(/:\d+$/, '').toLowerCase())) {
      leadThrough(client, authority);
      return;
    }
    client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    if (head.length > 0) client.unshift(head);
    tls.emit('connection', client);
  });
  proxy.on('connection', (socket: Socket) => track(socket));

  function leadThrough(client: Socket, authority: string): void {
    const server = connect(Number(upstream.port), upstream.hostname);
    track(server);
    server.on('error', () => client.destroy());
    server.on('close', () => client.destroy());
    client.on('close', () => server.destroy());
    // The simulator's proxy answers the CONNECT; its answer goes to the client as it is.
    server.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
    server.pipe(client);
    client.pipe(server);
  }

  function track(socket: Socket): void {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  }

  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const own = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  return {
    environment: () => ({ ...simulator.environment(), HTTPS_PROXY: own, https_proxy: own }),
    requests,
    async end() {
      const closed = new Promise<void>((resolve) => proxy.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await Promise.all([closed, agent.destroy()]);
    },
  };
}

function endToEnd(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || HOP_BY_HOP.has(name) ? [] : [[name, value] as const],
    ),
  );
}
