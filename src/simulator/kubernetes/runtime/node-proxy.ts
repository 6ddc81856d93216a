/** The way from real runtimes into the simulated cloud: a CONNECT proxy to the front door's side for nodes. */
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { hostName } from '../../net/front-door.js';

const LOOPBACK = '127.0.0.1';

export interface NodeProxy {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Ends every connection. */
  stop(): Promise<void>;
}

/**
 * Opens the proxy on a port of the machine's choice.
 *
 * @param portOf port of the TLS listener that a name leads to, where that name is what the TLS client says
 */
export async function openNodeProxy(portOf: (host: string) => number): Promise<NodeProxy> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
  };
  const server = createServer((_request, response) => {
    response.writeHead(501).end();
  });
  server.on('connection', keep);
  server.on('connect', (request: IncomingMessage, near: Socket, head: Buffer) => {
    const far = connect(portOf(hostName(request.url ?? '')), LOOPBACK);
    keep(far);
    far.on('close', () => near.destroy());
    near.on('close', () => far.destroy());
    far.on('connect', () => {
      near.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      if (head.length > 0) far.write(head);
      far.pipe(near);
      near.pipe(far);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, LOOPBACK, resolve);
  });
  return {
    url: `http://${LOOPBACK}:${(server.address() as AddressInfo).port}`,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
