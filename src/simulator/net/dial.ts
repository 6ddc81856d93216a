/** HTTP as a machine inside the simulated cloud speaks it: over TLS, through the front door, one request at a time. */
import { Agent, request as httpsRequest } from 'node:https';
import type { ManagedCluster } from '../cloud/model.js';
import type { SimulatorContext } from '../context.js';

type Dial = SimulatorContext['dial'];

/**
 * Makes a dialler that finds every name at the front door.
 *
 * @param ca PEM of the authority of public names
 * @param lookUp the port of the front door that a name leads to; throws what a socket would for a name that isn't found, or
 * where nothing listens
 */
export function createDial(
  ca: string,
  lookUp: (host: string, method: string, path: string, from: ManagedCluster | undefined) => number,
): { dial: Dial; close: () => void } {
  const agent = new Agent({ keepAlive: true });
  const dial: Dial = (url, { method = 'GET', headers = {}, body, signal } = {}, from) =>
    new Promise((resolve, reject) => {
      const target = new URL(url);
      if (target.protocol !== 'https:') {
        reject(new Error(`${target.origin}: the simulated cloud speaks HTTPS only`));
        return;
      }
      const port = lookUp(target.hostname, method, target.pathname + target.search, from);
      const outgoing = httpsRequest(
        {
          agent,
          host: '127.0.0.1',
          port,
          servername: target.hostname,
          ca,
          method,
          path: target.pathname + target.search,
          headers: {
            host: target.host,
            ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
            ...headers,
          },
          ...(signal === undefined ? {} : { signal }),
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.on('error', reject);
          incoming.on('end', () => {
            const joined: Record<string, string> = {};
            for (const [name, values] of Object.entries(incoming.headersDistinct)) {
              if (values !== undefined) joined[name] = values.join(', ');
            }
            resolve({ status: incoming.statusCode ?? 0, headers: joined, body: Buffer.concat(chunks) });
          });
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  return { dial, close: () => agent.destroy() };
}
