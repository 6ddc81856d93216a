/** The request log: one record for every request, without a token or a secret in it. */
import type { RequestRecord } from './exchange.js';

/** Query parameters whose values are secrets; compared in lower case. */
const SECRET_PARAMETERS: ReadonlySet<string> = new Set([
  'access_token',
  'assertion',
  'client_assertion',
  'client_secret',
  'code',
  'password',
  'refresh_token',
  'sig',
  'token',
]);

export interface RequestLog {
  /** In the order in which requests came; a record is filled in as its request goes on. */
  readonly records: RequestRecord[];
  /** A request came. The status is 0 until the head of the answer is sent. */
  begin(method: string, host: string, path: string): RequestRecord;
  /** The head of the answer is sent. */
  answered(record: RequestRecord, status: number): void;
  /** The answer is complete, or the client is gone. */
  end(record: RequestRecord): void;
}

/**
 * @param now milliseconds since the epoch
 * @param onRequest called once a request is over
 */
export function createRequestLog(
  now: () => number,
  onRequest: (record: RequestRecord) => void = () => undefined,
): RequestLog {
  const began = now();
  const records: RequestRecord[] = [];
  const touch = (record: RequestRecord): void => {
    record.durationMs = now() - began - record.at;
  };
  return {
    records,
    begin(method, host, path) {
      const record: RequestRecord = {
        number: records.length + 1,
        at: now() - began,
        durationMs: 0,
        method,
        host,
        path: withoutSecrets(path),
        status: 0,
        modelled: true,
      };
      records.push(record);
      return record;
    },
    answered(record, status) {
      record.status = status;
      touch(record);
    },
    end(record) {
      touch(record);
      onRequest(record);
    },
  };
}

/** A path with its query, the values of secret parameters left out. */
export function withoutSecrets(path: string): string {
  const mark = path.indexOf('?');
  if (mark < 0) return path;
  const query = path
    .slice(mark + 1)
    .split('&')
    .map((pair) => {
      const name = pair.split('=', 1)[0] ?? '';
      return SECRET_PARAMETERS.has(decoded(name).toLowerCase()) ? `${name}=***` : pair;
    })
    .join('&');
  return `${path.slice(0, mark)}?${query}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
