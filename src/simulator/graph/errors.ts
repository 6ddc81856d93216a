/** Microsoft Graph's errors. Form: https://learn.microsoft.com/graph/errors. */
import { randomUUID } from 'node:crypto';
import type { Answer } from '../net/exchange.js';

/** An error that Graph answers. */
export class GraphError extends Error {
  override readonly name = 'GraphError';
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** Quoted in public threads on requests without a token. */
export function tokenMissing(): GraphError {
  return new GraphError(401, 'InvalidAuthenticationToken', 'Access token is empty.');
}

/** https://learn.microsoft.com/graph/resolve-auth-errors. Which text goes with which fault is an assumption. */
export function tokenRefused(kind: 'malformed' | 'signature' | 'expired' | 'audience'): GraphError {
  const texts = {
    malformed: 'CompactToken parsing failed with error code: 80049217',
    signature: 'Access token validation failure. Invalid signature.',
    expired: 'Access token has expired or is not yet valid.',
    audience: 'Access token validation failure. Invalid audience.',
  };
  return new GraphError(401, 'InvalidAuthenticationToken', texts[kind]);
}

/** https://learn.microsoft.com/graph/resolve-auth-errors: no permission for the directory, or no consent to it. */
export function requestDenied(): GraphError {
  return new GraphError(
    403,
    'Authorization_RequestDenied',
    'Insufficient privileges to complete the operation.',
  );
}

/** Quoted in public threads on objects that were deleted, or not replicated yet. */
export function resourceNotFound(id: string): GraphError {
  return new GraphError(
    404,
    'Request_ResourceNotFound',
    `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  );
}

/** The answer that an error is. @param now milliseconds since the epoch */
export function errorAnswer({ status, code, message }: GraphError, now: number): Answer {
  const id = randomUUID();
  const date = new Date(now).toISOString().slice(0, 19);
  const innerError = { date, 'request-id': id, 'client-request-id': id };
  return {
    status,
    headers: { 'content-type': 'application/json', 'request-id': id, 'client-request-id': id },
    body: JSON.stringify({ error: { code, message, innerError } }),
  };
}
