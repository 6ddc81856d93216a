/** Errors of sockets, TLS and undici, told apart once. */
import { asText, at } from '../core/json.js';
import { HttpFault } from '../core/ports.js';
import type { HttpFaultKind } from '../core/ports.js';

/**
 * Error code → kind. Sources: https://nodejs.org/api/errors.html (common system errors; TLS),
 * https://nodejs.org/api/tls.html (X509 certificate error codes), nodejs/undici docs/docs/api/Errors.md.
 */
const KINDS: readonly (readonly [RegExp, HttpFaultKind])[] = [
  [/^(ENOTFOUND|EAI_.+|ENODATA)$/, 'dns'],
  [/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/, 'refused'],
  [/^(ECONNRESET|EPIPE|ECONNABORTED|UND_ERR_SOCKET)$/, 'reset'],
  [/^(ETIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT)$/, 'timeout'],
  [/^UND_ERR_PRX_TLS$/, 'proxy'],
  [
    /^(CERT_.+|UNABLE_TO_.+|.*SELF_SIGNED.*|ERR_(TLS|SSL|OSSL)_.+|EPROTO|HOSTNAME_MISMATCH|INVALID_CA|CRL_.+)$/,
    'tls',
  ],
];

const SAID: Readonly<Record<HttpFaultKind, string>> = {
  dns: 'the name could not be resolved',
  refused: 'no connection could be made',
  reset: 'the connection broke',
  timeout: 'no answer in time',
  tls: 'the secure connection failed',
  proxy: 'the proxy did not connect',
  aborted: 'the request was given up',
  other: 'the exchange failed',
};

/** Where an exchange was when it failed. */
export interface Attempt {
  method: string;
  /** Host, with its port if it isn't 443. */
  host: string;
  /** `http://host:port` of the proxy that it went through. */
  proxy?: string;
  /** The head had come already. */
  inBody: boolean;
}

/** The {@link HttpFault} for whatever went wrong in an exchange. Its message names the host, never a path or a header. */
export function faultOf(error: unknown, attempt: Attempt): HttpFault {
  if (error instanceof HttpFault) return error;
  const kind = kindOf(error, attempt);
  const via = attempt.proxy === undefined ? '' : ` through the proxy ${attempt.proxy}`;
  const what = attempt.inBody ? `read the answer to ${attempt.method}` : attempt.method;
  const detail = detailOf(error);
  return new HttpFault(
    kind,
    attempt.host,
    `attempted ${what} on ${attempt.host}${via}: ${SAID[kind]}${detail === '' ? '' : ` (${detail})`}`,
    { cause: error },
  );
}

function kindOf(error: unknown, { proxy, inBody }: Attempt): HttpFaultKind {
  const { code, name, message, syscall } = partsOf(error);
  const kind = KINDS.find(([codes]) => codes.test(code))?.[1];
  // undici calls these aborted as well.
  if (PROXY_ANSWERED.test(message)) return 'proxy';
  if (name === 'AbortError' || code === 'ABORT_ERR' || code === 'UND_ERR_ABORT') return 'aborted';
  if (proxy === undefined || inBody) return kind ?? 'other';
  // Through a tunnel this machine connects to nothing but the proxy.
  const connecting = syscall === 'connect' || syscall === 'getaddrinfo';
  return connecting && kind !== undefined ? 'proxy' : (kind ?? 'other');
}

/** What undici's ProxyAgent says of any answer to CONNECT but 200 (nodejs/undici lib/dispatcher/proxy-agent.js). */
const PROXY_ANSWERED = /^Proxy response \((\d+)\)/;

interface ErrorParts {
  name: string;
  message: string;
  code: string;
  syscall: string;
}

/** Node's own errors aren't always instances of the Error that is known here: only what they say counts. */
function partsOf(error: unknown): ErrorParts {
  const [name = '', message = '', code = '', syscall = ''] = ['name', 'message', 'code', 'syscall'].map(
    (key) => asText(at(error, key)) ?? '',
  );
  return { name, message, code, syscall };
}

function detailOf(error: unknown): string {
  const { message, code } = partsOf(error);
  const status = PROXY_ANSWERED.exec(message)?.[1];
  if (status !== undefined) return `it answered CONNECT with HTTP ${status}`;
  // An AggregateError of several addresses has a code and no message of its own.
  if (message === '' || code === '') return message || code;
  return message.includes(code) ? message : `${code}: ${message}`;
}
