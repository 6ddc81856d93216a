/**
 * The guarded sender: the only way in which the core sends. It asks {@link Trust} before a credential leaves, never
 * follows a redirect, and retries what is worth retrying, within bounds.
 */
import { HttpFault } from '../ports.js';
import type { Clock, Http, HttpRequest, HttpResponse, Log } from '../ports.js';
import type { Carried, Trust } from './trust.js';

export interface GuardedRequest extends HttpRequest {
  /** What credential the request carries, in a header, its body or its TLS identity; absent: none. */
  carries?: Carried;
  /** Whether sending it twice does what sending it once does. Default: true for GET, HEAD, PUT and DELETE. */
  repeatable?: boolean;
}

/** An answer with its whole body. */
export interface TextResponse {
  status: number;
  headers: Record<string, string>;
  text: string;
}

/** Tries of one request in all. */
const TRIES = 4;
/** Where a server asks for a longer wait than this, its answer is returned instead. */
const LONGEST_WAIT_MS = 60_000;
const HEAD_TIMEOUT_MS = 30_000;
/** The longest body that is read. Every API the product speaks to stays far below. */
const LONGEST_BODY = 32 * 1024 * 1024;
/** Statuses that say "later": https://learn.microsoft.com/azure/architecture/best-practices/transient-faults */
const LATER: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

export class Sender {
  constructor(
    private readonly http: Http,
    readonly trust: Trust,
    private readonly clock: Clock,
    private readonly log: Pick<Log, 'debug'>,
    private readonly signal?: AbortSignal,
  ) {}

  /**
   * Sends once, without retry, and returns as soon as the answer's head is there: for watches.
   *
   * @throws {CredentialWithheld} when the credential may not go there; nothing was sent
   * @throws {HttpFault} when there was no answer
   */
  async open(request: GuardedRequest): Promise<HttpResponse> {
    const url = new URL(request.url);
    if (request.carries !== undefined) this.trust.mayCarry(request.carries, url);
    else if (request.headers?.authorization !== undefined || request.tls?.key !== undefined) {
      throw new Error(`a request to ${url.host} holds a credential but doesn't say which`);
    }
    const { signal = this.signal, timeoutMs = HEAD_TIMEOUT_MS } = request;
    return this.http.send({ ...request, signal, timeoutMs });
  }

  /**
   * Sends and reads the whole answer. 408, 429, 5xx and connection faults are tried again, up to 4 tries in all,
   * waiting as Retry-After or the body's "after 'N' seconds" says (recording: throttling.429.json has no Retry-After),
   * else 0.5 s doubling; what isn't repeatable only where nothing can have been done. 401, 403 and 404 never are.
   *
   * @throws {CredentialWithheld} when the credential may not go there; nothing was sent
   * @throws {HttpFault} when there was no answer
   */
  async exchange(request: GuardedRequest): Promise<TextResponse> {
    const repeatable = request.repeatable ?? ['GET', 'HEAD', 'PUT', 'DELETE'].includes(request.method);
    for (let tries = 1; ; tries++) {
      const outcome = await this.#once(request);
      if (tries >= TRIES || (request.signal ?? this.signal)?.aborted === true) return orThrow(outcome);
      const wait =
        outcome instanceof HttpFault
          ? waitAfterFault(outcome, repeatable, tries)
          : this.#waitAfter(outcome, repeatable, tries);
      if (wait === undefined) return orThrow(outcome);
      const why = outcome instanceof HttpFault ? outcome.message : `HTTP ${outcome.status}`;
      this.log.debug(
        `${request.method} ${new URL(request.url).host}: ${why}; try ${tries + 1} of ${TRIES} in ${wait} ms`,
      );
      await this.clock.sleep(wait, request.signal ?? this.signal);
    }
  }

  async #once(request: GuardedRequest): Promise<TextResponse | HttpFault> {
    try {
      const { status, headers, body } = await this.open(request);
      return { status, headers, text: await readText(body, new URL(request.url).host) };
    } catch (error) {
      if (error instanceof HttpFault) return error;
      throw error;
    }
  }

  #waitAfter(
    { status, headers, text }: TextResponse,
    repeatable: boolean,
    tries: number,
  ): number | undefined {
    // 429 was refused before anything was done, so it may be repeated even where a 5xx may not.
    if (!LATER.has(status) || !(repeatable || status === 429)) return undefined;
    const asked = askedWait(headers['retry-after'], text, this.clock.now());
    if (asked !== undefined && asked > LONGEST_WAIT_MS) return undefined;
    return asked ?? backOff(tries);
  }
}

function waitAfterFault(fault: HttpFault, repeatable: boolean, tries: number): number | undefined {
  // A name not found or a refused connection carried nothing; any other fault may have carried the request.
  const nothingSent = fault.kind === 'refused' || fault.kind === 'dns';
  const curable = fault.kind !== 'aborted' && fault.kind !== 'tls';
  return curable && (repeatable || nothingSent) ? backOff(tries) : undefined;
}

function backOff(tries: number): number {
  return 500 * 2 ** (tries - 1);
}

function orThrow(outcome: TextResponse | HttpFault): TextResponse {
  if (outcome instanceof HttpFault) throw outcome;
  return outcome;
}

/** Milliseconds that a server asks to wait: Retry-After (seconds or a date), else "after 'N' seconds" in the body. */
export function askedWait(retryAfter: string | undefined, body: string, now: number): number | undefined {
  if (retryAfter !== undefined) {
    if (/^\d+$/.test(retryAfter)) return Number(retryAfter) * 1000;
    const date = Date.parse(retryAfter);
    if (!Number.isNaN(date)) return Math.max(0, date - now);
  }
  const said = /after '?(\d{1,4})'? seconds/.exec(body);
  return said === null ? undefined : Number(said[1]) * 1000;
}

/** The whole body as text. @throws {HttpFault} when it is absurdly long, or the connection breaks */
export async function readText(body: AsyncIterable<Uint8Array>, host: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.byteLength;
    if (length > LONGEST_BODY) throw new HttpFault('other', host, `${host} answered with more than 32 MiB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
