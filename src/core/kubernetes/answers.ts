/** What API servers answer, apart from the objects themselves. */
import { HttpFault } from '../ports.js';
import { parseJson } from '../json.js';
import { textAt, withoutSignatures } from './json.js';

/** The API server answered, and refused. */
export class ClusterRefusal extends Error {
  override readonly name = 'ClusterRefusal';
  constructor(
    /** Host that answered. */
    readonly host: string,
    readonly status: number,
    /** The server's own words. */
    message: string,
    /** Milliseconds it asked to be left alone for. */
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }
}

/** Far above any object that is read here. */
const LARGEST_BODY = 16_000_000;
/** However long a server asks us to wait, a run has a limit of its own. */
const LONGEST_WAIT_MS = 30_000;

/** The `message` of a Status object (every refusal is one: captures 403-jobs-list.http, 404-job.http), if it has any. */
export function statusMessage(body: unknown): string | undefined {
  if (typeof body === 'string')
    return body.trim() === '' ? undefined : withoutSignatures(body.trim()).slice(0, 500);
  return textAt(body, 'message');
}

/** A body as JSON, or the text itself when it is none: proxies answer in HTML. */
export function parsedBody(text: string): unknown {
  return parseJson(text) ?? text;
}

/** All of a body as text. */
export async function readText(body: AsyncIterable<Uint8Array>, host: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > LARGEST_BODY) throw new HttpFault('other', host, 'the answer is larger than 16 MB');
  }
  return text + decoder.decode();
}

/**
 * Milliseconds that `Retry-After` asks for, in seconds or as a date, at most 30 s. Kubernetes sends seconds
 * (capture: 504-rv-too-large.http).
 */
export function retryAfterMs(headers: Record<string, string>, now: number): number | undefined {
  const value = headers['retry-after'];
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(ms) ? undefined : Math.min(LONGEST_WAIT_MS, Math.max(0, ms));
}
