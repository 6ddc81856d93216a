/** A proxy on the way to the simulated cloud that leads to every host but one, as a firewall in between does. */
import { createServer } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export interface DeafProxy {
  url: string;
  /** How often the host was asked for, in vain. */
  refused(): number;
  end(): Promise<void>;
}

/**
 * @param next the proxy that everything else is passed to
 * @param host to which no connection comes about: 502, as proxies answer where they reach nobody
 */
export async function openDeafProxy(next: string, host: string): Promise<DeafProxy> {
  const { hostname, port } = new URL(next);
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    // Either end may hang up in the middle; that is the other end's business.
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  let refused = 0;
  const server = createServer().on('connect', (request, near: Socket, head: Buffer) => {
    const target = request.url ?? '';
    keep(near);
    if (target.split(':')[0] === host) {
      refused++;
      near.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const far = connect(Number(port), hostname, () => {
      far.write(`CONNECT ${target} HTTP/1.1\r\nhost: ${target}\r\n\r\n`);
      far.write(head);
      near.pipe(far).pipe(near);
    });
    keep(far);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refused: () => refused,
    async end() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
