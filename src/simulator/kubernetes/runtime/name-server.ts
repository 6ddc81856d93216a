/** The name server of nodes with a real runtime: it knows no name at all. Those that are reachable are reached by the proxy. */
import { createSocket } from 'node:dgram';
import { randomInt } from 'node:crypto';

export interface NameServer {
  /** An address of loopback; the port is 53, for resolv.conf has no room for another. */
  readonly address: string;
  stop(): Promise<void>;
}

/** The header of a message, and the part of it that says no such name (RFC 1035, 4.1.1). */
const HEADER_BYTES = 12;
const RESPONSE = 0x80;
const RECURSION = { desired: 0x01, available: 0x80 } as const;
const NAME_ERROR = 3;

/** How many addresses are tried: each is one of millions, so that two simulators hardly meet. */
const ATTEMPTS = 5;

/** Opens it at an address of 127.0.0.0/8 where nobody else is. Throws when port 53 of all of them is taken. */
export async function openNameServer(): Promise<NameServer> {
  for (let attempt = 1; ; attempt++) {
    const address = `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;
    try {
      return await listen(address);
    } catch (error) {
      if (attempt === ATTEMPTS)
        throw new Error(`no address of loopback has port 53 free, which containerd's nodes need`, {
          cause: error,
        });
    }
  }
}

async function listen(address: string): Promise<NameServer> {
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const answer = noSuchName(query);
    if (answer !== undefined) socket.send(answer, from.port, from.address, () => undefined);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(53, address, () => {
      socket.off('error', reject);
      socket.on('error', () => undefined);
      resolve();
    });
  });
  return { address, stop: () => new Promise((resolve) => socket.close(() => resolve())) };
}

/** The answer to a question: the same question, and that there is no such name. Undefined for what is no question. */
export function noSuchName(query: Buffer): Buffer | undefined {
  if (query.length < HEADER_BYTES || query.readUInt16BE(4) !== 1) return undefined;
  let end = HEADER_BYTES;
  while (end < query.length && query[end] !== 0) end += (query[end] ?? 0) + 1;
  // The name's last, empty part, its type and its class.
  end += 5;
  if (end > query.length) return undefined;
  const answer = Buffer.from(query.subarray(0, end));
  answer[2] = RESPONSE | ((query[2] ?? 0) & (0x78 | RECURSION.desired));
  answer[3] = RECURSION.available | NAME_ERROR;
  // No records: what the question had besides itself (EDNS) isn't repeated.
  answer.fill(0, 6, HEADER_BYTES);
  return answer;
}
