/** Following objects of an API server through drops, time-outs and expired versions. */
import type { Clock, HttpResponse } from '../ports.js';
import { HttpFault } from '../ports.js';
import { at, optional } from '../json.js';
import { numberAt, textAt } from './json.js';
import { ClusterRefusal, parsedBody, readText, retryAfterMs, statusMessage } from './answers.js';
import { within } from './wait.js';

/** One change as the watch tells it: ADDED, MODIFIED or DELETED. */
export interface WatchEvent {
  type: string;
  object: unknown;
}

export interface WatchSource {
  clock: Clock;
  /** Host for messages. */
  host: string;
  /** Opens one watch request; resolves with the head of the answer, whatever its status. */
  open(query: Record<string, string>, signal: AbortSignal): Promise<HttpResponse>;
}

/** The server ends a watch after this many seconds, so a connection that died silently isn't waited on for long. */
const SERVER_SECONDS = 60;
/** Silence after which the connection counts as dead: a little more than the server's own limit. */
const SILENCE_MS = (SERVER_SECONDS + 10) * 1000;
/** Faults in a row, without any event between them, after which the watch gives up. */
const MOST_FAULTS = 6;
const LONGEST_PAUSE_MS = 10_000;
/** Far above any pod; a line that long is not a watch. */
const LONGEST_LINE = 8_000_000;

/**
 * Yields changes until the signal is aborted (then it ends quietly). The first request has no resourceVersion: the
 * server then begins with an ADDED for everything that exists, so no list is needed before it and nothing falls
 * between list and watch. A dropped or ended watch resumes from the last version seen; an expired version (410, as a
 * status or as an ERROR event, capture: watch-410-expired.http) starts over without one, which lists everything again.
 * Bookmarks are not asked for: some etcd versions refuse them (capture: 200-watch-pods.http).
 *
 * Semantics: https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-watch
 *
 * @throws {ClusterRefusal} when the server refuses (401, 403, 404, …), or says 429 or 5xx too often
 * @throws {HttpFault} when it could not be reached several times in a row
 */
export async function* watchObjects(
  source: WatchSource,
  query: Record<string, string>,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent, void, undefined> {
  let version: string | undefined;
  let faults = 0;
  /** Requests in a row that brought no event, so that a server that hangs up at once isn't asked in a tight loop. */
  let idle = 0;
  while (!signal.aborted) {
    let pause = Math.min(LONGEST_PAUSE_MS, idle === 0 ? 0 : 500 * 2 ** (idle - 1));
    idle += 1;
    const began = source.clock.now();
    try {
      for await (const event of oneWatch(source, { ...query, ...resumeFrom(version) }, signal)) {
        if (event.type === 'ERROR')
          throw refusalOf(source.host, numberAt(event.object, 'code') ?? 500, event.object);
        faults = 0;
        idle = 0;
        version = textAt(event.object, 'metadata', 'resourceVersion') ?? version;
        if (event.type !== 'BOOKMARK') yield event;
      }
      if (source.clock.now() - began >= 1000) idle = 0;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ClusterRefusal && error.status === 410) {
        version = undefined;
        continue;
      }
      faults += 1;
      if (!mayPass(error) || faults >= MOST_FAULTS) throw error;
      if (error instanceof ClusterRefusal) pause = Math.max(pause, error.retryAfterMs ?? 0);
    }
    if (pause > 0) await source.clock.sleep(pause, signal).catch(() => undefined);
  }
}

function resumeFrom(version: string | undefined): Record<string, string> {
  return {
    watch: '1',
    timeoutSeconds: String(SERVER_SECONDS),
    ...optional('resourceVersion', version),
  };
}

function mayPass(error: unknown): boolean {
  if (error instanceof HttpFault) return error.kind !== 'tls' && error.kind !== 'aborted';
  return error instanceof ClusterRefusal && (error.status === 429 || error.status >= 500);
}

/** The events of one watch request. */
async function* oneWatch(
  source: WatchSource,
  query: Record<string, string>,
  outer: AbortSignal,
): AsyncGenerator<WatchEvent, void, undefined> {
  const own = new AbortController();
  const signal = AbortSignal.any([outer, own.signal]);
  try {
    const answer = await source.open(query, signal);
    if (answer.status !== 200) {
      const body = await within(
        source.clock,
        SILENCE_MS,
        signal,
        () => readText(answer.body, source.host),
        () => silent(source),
      );
      throw refusalOf(
        source.host,
        answer.status,
        parsedBody(body),
        retryAfterMs(answer.headers, source.clock.now()),
      );
    }
    for await (const line of lines(source, answer.body, signal)) {
      const event = parsedBody(line);
      const type = textAt(event, 'type');
      // A line that is no event means that something else answers in the server's place: begin again.
      if (type === undefined)
        throw new HttpFault('other', source.host, 'the watch sent a line that is not an event');
      yield { type, object: at(event, 'object') };
    }
  } finally {
    own.abort();
  }
}

function refusalOf(host: string, status: number, body: unknown, retryAfter?: number): ClusterRefusal {
  return new ClusterRefusal(host, status, statusMessage(body) ?? `HTTP ${status}`, retryAfter);
}

function silent(source: WatchSource): HttpFault {
  return new HttpFault('timeout', source.host, 'the watch fell silent');
}

/**
 * Whole lines of a stream of bytes, whatever its chunk borders: UTF-8 is decoded across them. What follows the last
 * line break is dropped: a half line means the connection broke, and the watch resumes before it.
 */
async function* lines(
  source: WatchSource,
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  const chunks = body[Symbol.asyncIterator]();
  let rest = '';
  for (;;) {
    const next = await within(
      source.clock,
      SILENCE_MS,
      signal,
      () => chunks.next(),
      () => silent(source),
    );
    if (next.done === true) return;
    const parts = (rest + decoder.decode(next.value, { stream: true })).split('\n');
    rest = parts.pop() ?? '';
    if (rest.length > LONGEST_LINE)
      throw new HttpFault('other', source.host, 'the watch sent a line without end');
    for (const part of parts) if (part.trim() !== '') yield part;
  }
}
