/** What a registry's answers have in common: headers, the error envelope, the challenge. */
import { randomUUID } from 'node:crypto';
import type { Answer } from '../net/exchange.js';
import type { RegistryHost } from '../cloud/model.js';

/** One thing that may be done to one resource, as challenges, tokens and errors write it. */
export interface Scope {
  type: string;
  name: string;
  actions: string[];
}

/** Headers of the distribution API's answers (recording: acr.dataplane.json). */
const DISTRIBUTION_HEADERS = {
  'access-control-expose-headers':
    'Docker-Content-Digest, WWW-Authenticate, Link, X-Ms-Correlation-Request-Id',
  'docker-distribution-api-version': 'registry/2.0',
  server: 'AzureContainerRegistry',
  'strict-transport-security': 'max-age=31536000; includeSubDomains, max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
} as const;

const JSON_TYPE = 'application/json; charset=utf-8';

/**
 * Error codes with their messages. UNAUTHORIZED: recording acr.dataplane.json. DENIED and MANIFEST_UNKNOWN by tag:
 * Microsoft's container registry troubleshooting pages quote them. The others are the distribution specification's
 * codes with distribution's texts: assumption that ACR words them alike.
 */
const ERRORS = {
  UNAUTHORIZED: 'authentication required, visit https://aka.ms/acr/authorization for more information.',
  TOKEN_INVALID: 'token validation failed',
  DENIED: "client with IP '{ip}' is not allowed access. Refer https://aka.ms/acr/firewall to grant access.",
  MANIFEST_UNKNOWN: 'manifest tagged by "{reference}" is not found',
  MANIFEST_UNKNOWN_BY_DIGEST: 'manifest {reference} is not found',
  MANIFEST_UNKNOWN_TYPE: 'OCI {kind} found, but accept header does not support OCI {kind}',
  NAME_UNKNOWN: 'repository name not known to registry',
  BLOB_UNKNOWN: 'blob unknown to registry',
  BLOB_UPLOAD_UNKNOWN: 'blob upload unknown to registry',
  DIGEST_INVALID: 'provided digest did not match uploaded content',
  MANIFEST_INVALID: 'manifest invalid',
  MANIFEST_BLOB_UNKNOWN: 'blob unknown to registry',
  UNSUPPORTED: 'The operation is unsupported.',
} as const;

/** The message of one kind of error with its placeholders filled in. */
export function errorMessage(kind: keyof typeof ERRORS, values: Record<string, string> = {}): string {
  return ERRORS[kind].replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** An answer of the distribution API. */
export function distribution(
  status: number,
  headers: Record<string, string>,
  body: string | Buffer = '',
  method = 'GET',
): Answer {
  const length = Buffer.byteLength(body);
  return {
    status,
    headers: { ...DISTRIBUTION_HEADERS, 'content-length': String(length), ...headers },
    body: method === 'HEAD' ? '' : body,
  };
}

/** An error of the distribution API: `{"errors":[{code, message, detail}]}` and a line break, as recorded. */
export function failure(
  status: number,
  code: string,
  message: string,
  detail: unknown,
  options: { method?: string; headers?: Record<string, string> } = {},
): Answer {
  const body = `${JSON.stringify({ errors: [{ code, message, detail }] })}\n`;
  return distribution(status, { 'content-type': JSON_TYPE, ...options.headers }, body, options.method);
}

/**
 * 401 with the Bearer challenge (recording: acr.dataplane.json). Without a scope it is the answer of `/v2/`; with
 * one it names the resource in the challenge and in the body. `error` says what was wrong with the token that came.
 */
export function challenge(
  registry: RegistryHost,
  method: string,
  scope?: Scope,
  error?: 'malformed_token' | 'invalid_token' | 'insufficient_scope',
): Answer {
  const host = registry.loginServer;
  const parts = [`realm="https://${host}/oauth2/token"`, `service="${host}"`];
  if (scope !== undefined) parts.push(`scope="${scope.type}:${scope.name}:${scope.actions.join(',')}"`);
  if (error !== undefined) parts.push(`error="${error}"`);
  const detail = scope?.actions.map((Action) => ({ Type: scope.type, Name: scope.name, Action })) ?? null;
  return failure(401, 'UNAUTHORIZED', errorMessage('UNAUTHORIZED'), detail, {
    method,
    headers: { 'www-authenticate': `Bearer ${parts.join(',')}` },
  });
}

/** Headers of the token endpoints: no distribution version there (recording: acr.dataplane.json). */
function tokenHeaders(): Record<string, string> {
  return {
    'content-type': JSON_TYPE,
    server: 'AzureContainerRegistry',
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
    'x-ms-correlation-request-id': randomUUID(),
    'x-ms-ratelimit-remaining-calls-per-second': '166.65',
  };
}

/** 200 of a token endpoint. */
export function issued(tokens: { access_token?: string; refresh_token?: string }): Answer {
  return { status: 200, headers: tokenHeaders(), body: JSON.stringify(tokens) };
}

/**
 * A token endpoint's refusal. Assumption: its body is the registry's UNAUTHORIZED envelope (clients report only
 * "Response code: 401", github.com/Azure/acr/issues/164; no recording holds the body).
 */
export function refused(status: number, message: string): Answer {
  const body = `${JSON.stringify({ errors: [{ code: 'UNAUTHORIZED', message, detail: null }] })}\n`;
  return { status, headers: tokenHeaders(), body };
}

/**
 * The address that every client of a registry has here, one of RFC 5737: an exchange doesn't carry its client's. So a
 * registry lets in all or nobody: an assumption.
 */
export const CLIENT_ADDRESS = '203.0.113.10';

/**
 * The firewall's refusal, on every path (learn.microsoft.com acr-authentication-errors: the quotation marks are
 * `\u0027` in the body).
 */
export function denied(): Answer {
  const message = errorMessage('DENIED', { ip: CLIENT_ADDRESS });
  const body = JSON.stringify({ errors: [{ code: 'DENIED', message }] }).replace(/'/g, '\\u0027');
  return { status: 403, headers: { 'content-type': JSON_TYPE, server: 'AzureContainerRegistry' }, body };
}
