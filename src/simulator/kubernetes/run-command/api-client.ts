/** A cluster's API as a program inside the cluster speaks to it: the same requests as over the network, without one. */
import type { User } from '../authentication.js';
import type { Answer, Exchange } from '../../net/exchange.js';

/** As whom a client asks: with an Entra token, or as a user that needs no credential. */
export type Identity = { token: string } | { user: User };

/** What answers requests: an API server. */
export interface ApiServer {
  answer(exchange: Exchange, as?: User): Promise<Answer>;
}

export interface ApiRequest {
  query?: Record<string, string>;
  accept?: string;
  body?: string;
}

export interface ApiAnswer {
  status: number;
  text: string;
  /** Texts of the server's Warning headers. */
  warnings: string[];
}

export interface ApiClient {
  send(method: string, path: string, request?: ApiRequest): Promise<ApiAnswer>;
  /** The lines of a watch, until the server ends it or the signal is aborted. */
  watch(path: string, query: Record<string, string>, signal: AbortSignal): AsyncGenerator<string>;
}

/** @param signal ends every request */
export function apiClient(
  server: ApiServer,
  host: string,
  identity: Identity,
  signal: AbortSignal,
): ApiClient {
  const ask = (
    method: string,
    path: string,
    { query = {}, accept = 'application/json', body = '' }: ApiRequest,
    ends: AbortSignal,
  ): Promise<Answer> => {
    const url = new URL(`https://${host}${path}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.append(name, value);
    const headers = {
      accept,
      host,
      ...(body === '' ? {} : { 'content-type': 'application/json' }),
      ...('token' in identity ? { authorization: `Bearer ${identity.token}` } : {}),
    };
    const exchange: Exchange = { method, url, headers, body: Buffer.from(body), signal: ends, note: {} };
    return server.answer(exchange, 'user' in identity ? identity.user : undefined);
  };
  return {
    async send(method, path, request = {}) {
      const { status, headers = {}, body } = await ask(method, path, request, signal);
      let text = '';
      for await (const chunk of chunksOf(body)) text += chunk;
      return { status, text, warnings: warningsOf(headers['warning']) };
    },
    async *watch(path, query, ends) {
      const { status, body } = await ask(
        'GET',
        path,
        { query: { ...query, watch: 'true' } },
        AbortSignal.any([signal, ends]),
      );
      if (status !== 200) throw new Error(`a watch of ${path} was answered ${status}`);
      for await (const chunk of chunksOf(body)) {
        for (const line of chunk.split('\n')) if (line !== '') yield line;
      }
    },
  };
}

async function* chunksOf(body: Answer['body']): AsyncGenerator<string> {
  if (body === undefined) return;
  if (typeof body === 'string') yield body;
  else if (body instanceof Uint8Array) yield Buffer.from(body).toString();
  else
    for await (const chunk of body) yield typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
}

/** `299 - "text", 299 - "text"` (RFC 7234, 5.5). */
function warningsOf(header = ''): string[] {
  return [...header.matchAll(/\d{3} \S+ ("(?:[^"\\]|\\.)*")/g)].map(
    ([, text = '""']) => JSON.parse(text) as string,
  );
}
