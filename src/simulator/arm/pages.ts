/** Lists of ARM, page by page. */
import type { Answer } from '../net/exchange.js';

/** What a page's link says of where it goes on: opaque to clients. */
const MARK = 'entry ';
/** Azure's API descriptions name `nextLink` for its lists; the query's name is what Microsoft's own tasks look for in it. */
const TOKEN = '$skipToken';

/**
 * One page of what answers a GET: that which the url names, the first where it names none. What is no list stays as it is.
 * That all lists have pages, and what a token looks like, is an assumption: no recording holds a list of several pages.
 */
export function pageOf(answer: Answer, url: URL, size: number): Answer {
  const { status, body } = answer;
  if (status !== 200 || typeof body !== 'string') return answer;
  const whole = JSON.parse(body) as { value?: unknown };
  if (!Array.isArray(whole.value)) return answer;
  // An empty token is none: it is what the editor of Azure Pipelines begins with.
  const token = Buffer.from(url.searchParams.get(TOKEN) ?? '', 'base64url').toString('utf8');
  const from = Number(token.slice(MARK.length));
  const to = from + size;
  const next = new URL(url);
  next.searchParams.set(TOKEN, Buffer.from(`${MARK}${to}`, 'utf8').toString('base64url'));
  return {
    ...answer,
    body: JSON.stringify({
      ...whole,
      value: whole.value.slice(from, to),
      ...(to < whole.value.length ? { nextLink: next.href } : {}),
    }),
  };
}
