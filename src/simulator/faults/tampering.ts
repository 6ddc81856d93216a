/** What is done to an answer that was given: cut, broken, slowed, or made out by a wrong clock. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from '../net/exchange.js';
import type { FaultKind } from './kinds.js';
import { NoAnswer } from './no-answer.js';
import type { FaultRule } from './schema.js';

/** What tampering needs to know. */
export interface Tools {
  /** Milliseconds since the epoch. */
  now: () => number;
  /**
   * The same access token of the directory with other claims; undefined for a text that is none. `skewMs` shifts all its
   * times.
   */
  reissue(
    token: string,
    change: { audience?: string; lifetimeSeconds?: number; skewMs?: number },
  ): string | undefined;
  /** Aborted when the client is gone. */
  gone: AbortSignal;
}

type Body = NonNullable<Answer['body']>;
type Tamper = (answer: Answer, rule: FaultRule, tools: Tools) => Promise<Answer> | Answer;

/** Long enough for what was sent to have arrived. */
const FLUSHED_MS = 20;
const PIECES = 10;

export const TAMPERING: Readonly<Partial<Record<FaultKind, Tamper>>> = {
  'reset-after': async ({ body }) => {
    await endStream(body);
    throw new NoAnswer('the connection ends before the answer');
  },
  'stall-after': async ({ body }, _rule, { gone }) => {
    await endStream(body);
    return stalled(gone);
  },
  'reset-in-body': (answer) => cut(answer, { length: 'whole', ends: false }),
  truncated: (answer) => cut(answer, { length: 'cut', ends: true }),
  'truncated-chunks': (answer) => cut(answer, { length: 'none', ends: false }),
  malformed: (answer) => ({
    ...answer,
    headers: without(answer.headers, 'content-length'),
    body: isStream(answer.body)
      ? firstChunk(answer.body, (chunk) => `${chunk.toString().slice(0, -2)}}}\n`, true)
      : '{"value": [,}',
  }),
  'slow-body': (answer, { over = 0 }) => {
    const { body = '' } = answer;
    if (isStream(body)) return { ...answer, body: slowStream(body, over) };
    const bytes = Buffer.from(body);
    return { ...answer, headers: withLength(answer, bytes.length), body: slowly(bytes, over) };
  },
  'expired-token': (answer, _rule, tools) =>
    withTokens(answer, (token) => tools.reissue(token, { lifetimeSeconds: -300 })),
  'wrong-audience': (answer, _rule, tools) =>
    withTokens(answer, (token) => tools.reissue(token, { audience: 'https://vault.azure.net' })),
  'clock-ahead': (answer, { by = 0 }, tools) => skewed(answer, by, tools),
  'clock-behind': (answer, { by = 0 }, tools) => skewed(answer, -by, tools),
  'list-lag': (answer, { lag = 0 }, tools) =>
    withJson(answer, (body) => {
      const { value } = body as { value?: { properties?: { createdOn?: string } }[] };
      if (!Array.isArray(value)) return body;
      const listed = value.filter(
        ({ properties }) => !(tools.now() - Date.parse(properties?.createdOn ?? '') < lag),
      );
      return { ...(body as object), value: listed };
    }),
};

/** No answer until the client gives up. @throws {NoAnswer} then */
export async function stalled(gone: AbortSignal): Promise<never> {
  if (!gone.aborted) await new Promise((resolve) => gone.addEventListener('abort', resolve, { once: true }));
  throw new NoAnswer('the client gave up');
}

/**
 * Half of a body (of a stream: half of its first chunk). `ends`: properly; otherwise the connection breaks.
 * `length`: what the content-length says. An empty body can't be cut: the connection breaks before the answer.
 */
function cut(answer: Answer, { length, ends }: { length: 'whole' | 'cut' | 'none'; ends: boolean }): Answer {
  const { body } = answer;
  const half = (bytes: Buffer): Buffer => bytes.subarray(0, Math.floor(bytes.length / 2));
  if (isStream(body)) return { ...answer, body: firstChunk(body, half, ends) };
  const whole = Buffer.from(body ?? '');
  if (whole.length < 2) throw new NoAnswer('the connection ends before the answer');
  const headers = without(answer.headers, 'content-length');
  if (ends) return { ...answer, headers, body: half(whole) };
  return {
    ...answer,
    headers: length === 'whole' ? withLength(answer, whole.length) : headers,
    body: (async function* () {
      yield half(whole);
      await delay(FLUSHED_MS);
      throw new NoAnswer('the connection ends within the body');
    })(),
  };
}

async function* firstChunk(
  body: AsyncIterable<string | Uint8Array>,
  change: (chunk: Buffer) => string | Uint8Array,
  ends: boolean,
): AsyncGenerator<string | Uint8Array> {
  for await (const chunk of body) {
    yield change(Buffer.from(chunk));
    await delay(FLUSHED_MS);
    if (ends) return;
    throw new NoAnswer('the connection ends within the body');
  }
}

async function* slowly(bytes: Buffer, overMs: number): AsyncGenerator<Uint8Array> {
  const step = Math.max(1, Math.ceil(bytes.length / PIECES));
  for (let at = 0; at < bytes.length; at += step) {
    await pause(overMs / PIECES);
    yield bytes.subarray(at, at + step);
  }
}

async function* slowStream(
  body: AsyncIterable<string | Uint8Array>,
  overMs: number,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) yield* slowly(Buffer.from(chunk), overMs);
}

/** Keeps no process alive. */
function pause(milliseconds: number): Promise<void> {
  return delay(milliseconds, undefined, { ref: false });
}

/** A stream that nobody will read is told so, for it may hold a watch open. */
async function endStream(body: Answer['body']): Promise<void> {
  if (isStream(body)) await body[Symbol.asyncIterator]().return?.();
}

function isStream(body: Answer['body']): body is Exclude<Body, string | Uint8Array> {
  return body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array);
}

function skewed(answer: Answer, skewMs: number, tools: Tools): Answer {
  const shifted = withTokens(answer, (token) => tools.reissue(token, { skewMs }));
  return { ...shifted, headers: { ...shifted.headers, date: new Date(tools.now() + skewMs).toUTCString() } };
}

/** The answer with every access token in it exchanged; as it was when it holds none. */
function withTokens(answer: Answer, change: (token: string) => string | undefined): Answer {
  return withJson(answer, (body) => {
    const { access_token: token } = body as { access_token?: unknown };
    const other = typeof token === 'string' ? change(token) : undefined;
    return other === undefined ? body : { ...(body as object), access_token: other };
  });
}

function withJson(answer: Answer, change: (body: unknown) => unknown): Answer {
  if (answer.body === undefined || isStream(answer.body)) return answer;
  let body: unknown;
  try {
    body = JSON.parse(Buffer.from(answer.body).toString());
  } catch {
    return answer;
  }
  if (typeof body !== 'object' || body === null) return answer;
  return {
    ...answer,
    headers: without(answer.headers, 'content-length'),
    body: JSON.stringify(change(body)),
  };
}

function withLength(answer: Answer, length: number): Record<string, string> {
  return { ...without(answer.headers, 'content-length'), 'content-length': String(length) };
}

function without(headers: Record<string, string> = {}, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([key]) => key.toLowerCase() !== name));
}
