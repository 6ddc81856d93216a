/** One cluster's API server, spoken to directly. */
import type { Clock, HttpRequest, HttpResponse, TlsIdentity } from '../ports.js';
import { HttpFault } from '../ports.js';
import { parsedBody, readText, retryAfterMs } from './answers.js';
import { optional } from '../json.js';
import { entriesAt, textAt } from './json.js';
import type { WatchEvent } from './watch.js';
import { watchObjects } from './watch.js';
import { within } from './wait.js';

export interface RequestOptions {
  /** Sent as JSON. */
  body?: unknown;
  query?: Record<string, string>;
  /** Milliseconds for one try, answer body included. Default 30 000. */
  timeoutMs?: number;
  /** Tries in all, when a fault or an answer may pass. Default 3. */
  tries?: number;
  signal?: AbortSignal;
}

/** A cluster, however it is reached. */
export interface ClusterConnection {
  /** Milliseconds that an answer which only explains, or a removal, is worth waiting for: a direct one comes at once. */
  readonly patienceMs: number;
  /** Objects that one list may ask for. */
  readonly pageSize: number;
  /**
   * Nodes of a pool that are read before its probe is made. 0 where an answer comes at once: then the one node that the
   * pod came to is read, before it lists what was pulled.
   */
  readonly nodesBefore: number;
  /**
   * One request, retried within bounds. Resolves with the server's last answer whatever its status; the body is
   * parsed JSON, or the text when it isn't JSON.
   *
   * @throws {HttpFault} when there was no answer
   */
  request(method: string, path: string, options?: RequestOptions): Promise<{ status: number; body: unknown }>;
  /** Changes of a collection, until the signal is aborted; see watchObjects. */
  watch(path: string, query: Record<string, string>, signal: AbortSignal): AsyncIterable<WatchEvent>;
}

export interface DirectConnectionOptions {
  /** https URL of the API server, as the kubeconfig names it. */
  server: string;
  tls?: TlsIdentity;
  send: (request: HttpRequest) => Promise<HttpResponse>;
  /** The value of the Authorization header, asked for before every try; undefined for certificate logins. */
  authorization: () => Promise<string | undefined>;
  clock: Clock;
}

const TRIES = 3;
const PATIENCE_MS = 5_000;
/** As kubectl pages (kubernetes/kubectl, pkg/cmd/get: --chunk-size). A Node with its images may have 40 kB. */
const PAGE_SIZE = 100;
const DEFAULT_TIMEOUT_MS = 30_000;
/** Statuses that may pass: https://kubernetes.io/docs/concepts/cluster-administration/flow-control/ for 429. */
const mayPass = (status: number): boolean => status === 408 || status === 429 || status >= 500;

/**
 * A connection straight to the API server.
 *
 * Tried at most three times: after a connection fault, 408, 429 and 5xx, honouring Retry-After; never after another
 * answer. A create is retried too, because its name is known beforehand: when a later try says AlreadyExists, the
 * object is read and counts as created by this call if it carries every label that was sent; then the answer is 201
 * with the object. A delete that finds nothing on a later try is answered 404 like any other: it is gone.
 */
export function directConnection(options: DirectConnectionOptions): ClusterConnection {
  const base = options.server.replace(/\/+$/, '');
  const host = new URL(base).host;
  const { clock } = options;

  const head = async (
    method: string,
    path: string,
    query: Record<string, string>,
    body: unknown,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<HttpResponse> => {
    const authorization = await options.authorization();
    const search = new URLSearchParams(query).toString();
    return options.send({
      method,
      url: base + path + (search === '' ? '' : `?${search}`),
      headers: {
        accept: 'application/json',
        ...optional('content-type', body === undefined ? undefined : 'application/json'),
        ...optional('authorization', authorization),
      },
      ...optional('body', body === undefined ? undefined : JSON.stringify(body)),
      ...optional('tls', options.tls),
      timeoutMs,
      signal,
    });
  };

  const once = (method: string, path: string, given: RequestOptions): Promise<Answer> => {
    const timeoutMs = given.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    return within(
      clock,
      timeoutMs,
      given.signal,
      async (signal) => {
        const answer = await head(method, path, given.query ?? {}, given.body, timeoutMs, signal);
        const retryAfter = retryAfterMs(answer.headers, clock.now());
        return { status: answer.status, body: parsedBody(await readText(answer.body, host)), retryAfter };
      },
      () => new HttpFault('timeout', host, `no answer to ${method} within ${timeoutMs / 1000} s`),
    );
  };

  const request = async (
    method: string,
    path: string,
    given: RequestOptions = {},
  ): Promise<{ status: number; body: unknown }> => {
    const tries = given.tries ?? TRIES;
    for (let attempt = 1; ; attempt += 1) {
      let pause: number | undefined;
      try {
        const answer = await once(method, path, given);
        if (method === 'POST' && attempt > 1 && answer.status === 409) {
          const existing = await createdBefore(request, path, given);
          if (existing !== undefined) return existing;
        }
        if (!mayPass(answer.status) || attempt === tries) return { status: answer.status, body: answer.body };
        pause = answer.retryAfter;
      } catch (error) {
        given.signal?.throwIfAborted();
        // A certificate that isn't trusted won't be trusted in a second either.
        const passing = error instanceof HttpFault && error.kind !== 'tls' && error.kind !== 'aborted';
        if (!passing || attempt === tries) throw error;
      }
      await clock.sleep(pause ?? 500 * 2 ** (attempt - 1), given.signal);
    }
  };

  return {
    patienceMs: PATIENCE_MS,
    pageSize: PAGE_SIZE,
    nodesBefore: 0,
    request,
    watch: (path, query, signal) =>
      watchObjects(
        {
          clock,
          host,
          open: (full, watchSignal) => head('GET', path, full, undefined, DEFAULT_TIMEOUT_MS, watchSignal),
        },
        query,
        signal,
      ),
  };
}

interface Answer {
  status: number;
  body: unknown;
  retryAfter: number | undefined;
}

/**
 * The answer to a create that was done before, when its answer was lost: the object, if it is there and carries every
 * label that was sent.
 */
export async function createdBefore(
  request: ClusterConnection['request'],
  collection: string,
  given: RequestOptions,
): Promise<{ status: number; body: unknown } | undefined> {
  const name = textAt(given.body, 'metadata', 'name');
  const labels = entriesAt(given.body, 'metadata', 'labels');
  if (name === undefined || labels.length === 0) return undefined;
  const { body: _body, ...rest } = given;
  const found = await request('GET', `${collection}/${encodeURIComponent(name)}`, rest);
  const ours = labels.every(([label, value]) => textAt(found.body, 'metadata', 'labels', label) === value);
  return found.status === 200 && ours ? { status: 201, body: found.body } : undefined;
}
