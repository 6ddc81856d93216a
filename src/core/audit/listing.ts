/** Whole lists of a cluster's objects, page by page, each object cut down to what is asked of it at once. */
import { asText, at, optional } from '../json.js';
import { statusMessage } from '../kubernetes/answers.js';
import type { ClusterConnection } from '../kubernetes/connection.js';
import { listAt } from '../kubernetes/json.js';

/** What a list came to. */
export interface Listed<T> {
  items: T[];
  requests: number;
  /** Why it is not whole: the server's status and words. */
  refused?: { status: number; said: string };
}

/** Pages of one list at most: at 100 objects a page, more pods than AKS runs in its largest clusters' namespaces. */
const MOST_PAGES = 2_000;

/**
 * All objects of a collection.
 *
 * @param keep what is kept of an object; the object itself is let go
 * @throws {HttpFault} when there was no answer
 */
export async function listAll<T>(
  connection: Pick<ClusterConnection, 'request'>,
  path: string,
  query: Record<string, string>,
  keep: (object: unknown) => T | undefined,
  signal: AbortSignal,
): Promise<Listed<T>> {
  const items: T[] = [];
  let more: string | undefined;
  for (let requests = 1; requests <= MOST_PAGES; requests += 1) {
    const answer = await connection.request('GET', path, {
      query: { ...query, ...optional('continue', more) },
      signal,
    });
    const { status, body } = answer;
    const next = asText(at(body, 'metadata', 'continue'));
    // A list that took too long goes on with a newer state: the refusal holds the token for it
    // (https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks).
    if (status === 410 && more !== undefined && next !== undefined) {
      more = next;
      continue;
    }
    if (status !== 200 || !Array.isArray(at(body, 'items')))
      return { items, requests, refused: { status, said: statusMessage(body) ?? `HTTP ${status}` } };
    for (const object of listAt(body, 'items')) {
      const kept = keep(object);
      if (kept !== undefined) items.push(kept);
    }
    if (next === undefined) return { items, requests };
    more = next;
  }
  return { items, requests: MOST_PAGES, refused: { status: 200, said: `more than ${MOST_PAGES} pages` } };
}
