/** Answers of the API server: headers, and the form that a client asks for. */
import { randomUUID } from 'node:crypto';
import type { Answer, Exchange } from '../net/exchange.js';

/** Headers of every answer (captures: api-1.36.2). The flow schema's ids are left out. */
export function commonHeaders(): Record<string, string> {
  return { 'audit-id': randomUUID(), 'cache-control': 'no-cache, private' };
}

/** An object as JSON, with a newline behind it as the API server writes it. */
export function json(status: number, body: object, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { ...commonHeaders(), 'content-type': 'application/json', ...headers },
    body: `${JSON.stringify(body)}\n`,
  };
}

/** The headers that say warnings; none for none (capture: 201-unknown-field-warn.http). */
export function warningHeaders(warnings: readonly string[]): Record<string, string> {
  const each = [...new Set(warnings)].map((text) => `299 - ${JSON.stringify(text)}`);
  return each.length === 0 ? {} : { warning: each.join(', ') };
}

/** How a client wants objects: themselves, as rows of a table, or their metadata alone. */
export type Form = 'object' | 'table' | 'metadata';

const FORMS: Record<string, Form> = {
  Table: 'table',
  PartialObjectMetadata: 'metadata',
  PartialObjectMetadataList: 'metadata',
};

/**
 * The first of the asked forms that there is. Everything is answered as JSON, whatever else is asked for: clients that
 * would rather have protobuf say that they take JSON too (https://kubernetes.io/docs/reference/using-api/api-concepts/).
 */
export function formOf({ headers }: Exchange): Form {
  for (const clause of (headers['accept'] ?? '').split(',')) {
    const [type, ...parameters] = clause.split(';').map((part) => part.trim());
    if (type === 'application/json' || type === '*/*' || type === 'application/*') {
      const as = parameters.find((one) => one.startsWith('as='))?.slice('as='.length);
      if (as === undefined) return 'object';
      const form = FORMS[as];
      if (form !== undefined && parameters.includes('g=meta.k8s.io') && parameters.includes('v=v1'))
        return form;
    }
  }
  return 'object';
}
