/** Small servers on loopback for tests of the network. */
import { createServer as createHttp } from 'node:http';
import type { RequestListener, Server as HttpServer } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { ServerOptions } from 'node:https';
import { connect, createServer as createTcp } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

const open: { server: Server; sockets: Set<Socket> }[] = [];

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  open.push({ server, sockets });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

export async function closeServers(): Promise<void> {
  for (const { server, sockets } of open.splice(0)) {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

export const serveHttp = (listener: RequestListener): Promise<number> => listen(createHttp(listener));

export const serveHttps = (options: ServerOptions, listener: RequestListener): Promise<number> =>
  listen(createHttps(options, listener));

/** Hands each connection over as it comes. */
export const serveTcp = (onConnection: (socket: Socket) => void): Promise<number> =>
  listen(createTcp(onConnection));

/** A CONNECT proxy that leads every name to one port, and notes what it was asked. */
export async function serveProxy(
  target: () => number,
  refuse?: number,
): Promise<{ port: number; asked: { authority: string; authorization: string | undefined }[] }> {
  const asked: { authority: string; authorization: string | undefined }[] = [];
  const server: HttpServer = createHttp((_request, response) => response.writeHead(405).end());
  server.on('connect', (request, client: Socket, head: Buffer) => {
    asked.push({ authority: request.url ?? '', authorization: request.headers['proxy-authorization'] });
    client.on('error', () => undefined);
    if (refuse !== undefined) {
      client.end(`HTTP/1.1 ${refuse} No\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const upstream = connect(target(), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on('error', () => client.destroy());
    client.on('close', () => upstream.destroy());
  });
  return { port: await listen(server), asked };
}
