/** HTTP to a simulated cloud without a proxy, as on a machine whose name service leads every name there. */
import { Agent, buildConnector, request as exchange } from 'undici';
import type { HttpRequest } from '../../src/core/ports.js';
import { faultOf } from '../../src/host/faults.js';
import type { ClosableHttp } from '../../src/host/http.js';
import type { Simulator } from '../../src/simulator/index.js';

/**
 * Connects as the host's own HTTP does without a proxy, which is held against real servers in __tests__/host/http.test.ts;
 * only where a name leads differs. Certificates are verified by their names as ever.
 */
export function straightHttp({ port }: Simulator): ClosableHttp {
  const agents: Agent[] = [];
  const agentFor = (tls: HttpRequest['tls']): Agent => {
    const connect = buildConnector({ ...tls, rejectUnauthorized: true, timeout: 10_000 });
    const agent = new Agent({
      connect: (options, done) =>
        connect(
          {
            ...options,
            hostname: '127.0.0.1',
            host: '127.0.0.1',
            port: String(port),
            servername: options.hostname,
          },
          done,
        ),
    });
    agents.push(agent);
    return agent;
  };
  return {
    async send({ method, url, headers = {}, body = null, tls, signal, timeoutMs = 60_000 }) {
      const limit = AbortSignal.timeout(timeoutMs);
      const both = signal === undefined ? limit : AbortSignal.any([signal, limit]);
      try {
        const answer = await exchange(url, {
          method: method as 'GET',
          headers,
          body,
          signal: both,
          dispatcher: agentFor(tls),
          bodyTimeout: 0,
        });
        const flat = Object.entries(answer.headers).map(([name, value]) => [name, String(value)] as const);
        return { status: answer.statusCode, headers: Object.fromEntries(flat), body: answer.body };
      } catch (error) {
        throw faultOf(error, { method, host: new URL(url).host, inBody: false });
      }
    },
    async close() {
      await Promise.all(agents.map((agent) => agent.destroy()));
    },
  };
}
