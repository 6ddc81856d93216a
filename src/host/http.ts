/** The core's {@link Http} port over undici: proxies, private certificate authorities, time limits, faults. */
import { createHash } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { SecureContext } from 'node:tls';
import './wasm-tiering.js';
import { Agent, ProxyAgent, request as exchange } from 'undici';
import type { Dispatcher } from 'undici';
import { HttpFault } from '../core/ports.js';
import { optional } from '../core/json.js';
import type { Http, HttpRequest, HttpResponse, TlsIdentity } from '../core/ports.js';
import { authoritiesOf, UnusableAuthorities } from './authorities.js';
import { faultOf } from './faults.js';
import type { Attempt } from './faults.js';
import { parseProxy, UnusableProxy, proxyFor } from './proxy.js';
import type { Proxy } from './proxy.js';

/** Milliseconds to a head when the request names no limit. */
const HEAD_TIMEOUT_MS = 60_000;
/** Milliseconds in which a body must go on. */
const BODY_IDLE_MS = 60_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** Shorter than load balancers' idle limits, longer than the pauses between polls. A server's own hint wins. */
const KEEP_ALIVE_MS = 15_000;
const LONGEST_HEAD = 64 * 1024;

/** An {@link Http} that holds connections open. */
export interface ClosableHttp extends Http {
  /** Ends every connection at once; whatever is under way fails. */
  close(): Promise<void>;
}

export interface HttpOptions {
  /** Milliseconds in which a body must go on, except a watch's. Default: a minute. */
  bodyIdleMs?: number;
}

/**
 * HTTP as this machine does it. Proxies and authorities come from the given environment (see {@link proxyFor},
 * {@link authoritiesOf}); certificates are always verified, against the request's own authority if it names one; a redirect is an answer like any other; a body is
 * streamed as it comes, and must go on every minute unless it is a watch.
 *
 * Not undici's EnvHttpProxyAgent: it warns on standard error that it is experimental, and proxies link-local addresses.
 */
export function createHttp(environment: NodeJS.ProcessEnv, options: HttpOptions = {}): ClosableHttp {
  const dispatchers = new Map<string, Dispatcher>();
  const bodyIdleMs = options.bodyIdleMs ?? BODY_IDLE_MS;
  let authorities: { secureContext?: SecureContext } | undefined;

  function dispatcherFor(proxy: Proxy | undefined, tls: TlsIdentity | undefined): Dispatcher {
    const key = createHash('sha256')
      .update(JSON.stringify([proxy, tls?.ca, tls?.cert, tls?.key]))
      .digest('hex');
    authorities ??= optional('secureContext', authoritiesOf(environment));
    const dispatcher = dispatchers.get(key) ?? createDispatcher(proxy, tls, authorities);
    dispatchers.set(key, dispatcher);
    return dispatcher;
  }

  async function send(request: HttpRequest): Promise<HttpResponse> {
    const url = new URL(request.url);
    const attempt: Attempt = { method: request.method, host: url.host, inBody: false };
    let proxy: Proxy | undefined;
    try {
      proxy =
        request.proxy === undefined ? proxyFor(url, environment) : parseProxy(request.proxy, 'proxy-url');
    } catch (error) {
      if (error instanceof UnusableProxy)
        throw new HttpFault('proxy', url.host, error.message, { cause: error });
      throw error;
    }
    if (proxy !== undefined) attempt.proxy = proxy.origin;

    // One signal for both ways to give up; undici keeps listening to it while the body comes.
    const giveUp = new AbortController();
    const onAbort = (): void => giveUp.abort(aborted(request.signal, attempt));
    if (request.signal?.aborted === true) throw aborted(request.signal, attempt);
    request.signal?.addEventListener('abort', onAbort, { once: true });
    const limitMs = request.timeoutMs ?? HEAD_TIMEOUT_MS;
    const timer = setTimeout(() => giveUp.abort(late(limitMs, attempt)), limitMs);
    const release = (): void => request.signal?.removeEventListener('abort', onAbort);

    try {
      const { statusCode, headers, body } = await exchange(url, {
        method: request.method as Dispatcher.HttpMethod,
        headers: request.headers ?? {},
        body: request.body ?? null,
        signal: giveUp.signal,
        dispatcher: dispatcherFor(proxy, request.tls),
        headersTimeout: 0, // the timer above covers name look-up, proxy and TLS too
        bodyTimeout: isWatch(url) ? 0 : bodyIdleMs,
      });
      return {
        status: statusCode,
        headers: flatten(headers),
        body: readBody(body, { ...attempt, inBody: true }, release),
      };
    } catch (error) {
      release();
      if (error instanceof UnusableAuthorities)
        throw new HttpFault('tls', url.host, error.message, { cause: error });
      throw faultOf(error, attempt);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    send,
    async close() {
      const open = [...dispatchers.values()];
      dispatchers.clear();
      await Promise.all(open.map((dispatcher) => dispatcher.destroy()));
    },
  };
}

function createDispatcher(
  proxy: Proxy | undefined,
  tls: TlsIdentity | undefined,
  authorities: { secureContext?: SecureContext },
): Dispatcher {
  const connect = {
    // A request's own authority is the only one that counts for it. Made once, for all connections.
    ...(tls === undefined ? authorities : { secureContext: createSecureContext({ ...tls }) }),
    // Also where NODE_TLS_REJECT_UNAUTHORIZED says otherwise: tokens are sent through this.
    rejectUnauthorized: true,
    timeout: CONNECT_TIMEOUT_MS,
  };
  const common = { keepAliveTimeout: KEEP_ALIVE_MS, maxHeaderSize: LONGEST_HEAD };
  if (proxy === undefined) return new Agent({ ...common, connect });
  return new ProxyAgent({
    ...common,
    uri: proxy.origin,
    ...(proxy.authorization === undefined ? {} : { token: proxy.authorization }),
    requestTls: connect,
    proxyTls: { ...authorities, rejectUnauthorized: true },
  });
}

/** Kubernetes' watches say nothing for as long as nothing happens. */
function isWatch(url: URL): boolean {
  return ['true', '1'].includes(url.searchParams.get('watch') ?? '');
}

async function* readBody(
  body: AsyncIterable<Uint8Array> & { destroy(): unknown },
  attempt: Attempt,
  release: () => void,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw faultOf(error, attempt);
  } finally {
    release();
    body.destroy();
  }
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
}

function late(limitMs: number, { method, host, proxy }: Attempt): HttpFault {
  const via = proxy === undefined ? '' : ` through the proxy ${proxy}`;
  return new HttpFault(
    'timeout',
    host,
    `attempted ${method} on ${host}${via}: no answer within ${limitMs} ms`,
  );
}

function aborted(signal: AbortSignal | undefined, { method, host }: Attempt): HttpFault {
  const reason: unknown = signal?.reason;
  const why = reason instanceof Error ? reason.message : 'the run ended';
  return new HttpFault('aborted', host, `attempted ${method} on ${host}: given up: ${why}`, {
    cause: reason,
  });
}
