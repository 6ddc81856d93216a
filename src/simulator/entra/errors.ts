/**
 * What the directory's token endpoint refuses with. Codes and texts are Entra's own: recorded or quoted (recording:
 * errors.quoted-in-public-docs.json; corpus of failures) and documented at
 * https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
 */
import { randomUUID } from 'node:crypto';
import type { Answer } from '../net/exchange.js';

interface Refusal {
  status: number;
  error: string;
  /** With `{name}` where a value stands. */
  text: string;
}

const MATCHING =
  'Check your federated identity credential Subject, Audience and Issuer against the presented assertion.';
const FEDERATION_PAGE = 'https://learn.microsoft.com/entra/workload-id/workload-identity-federation';

/** Where the status of a code is quoted nowhere (70025, 700211, 700212, 50013, and those of certificates), that of 700213 is an assumption; so are the texts of 1000502,
 * 50048 and 50027. */
const REFUSALS = {
  90002: {
    status: 400,
    error: 'invalid_tenant',
    text: "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.",
  },
  900144: {
    status: 400,
    error: 'invalid_request',
    text: "The request body must contain the following parameter: '{parameter}'.",
  },
  1002012: {
    status: 400,
    error: 'invalid_scope',
    text: 'The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).',
  },
  500011: {
    status: 400,
    error: 'invalid_resource',
    text: 'The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.',
  },
  700016: {
    status: 400,
    error: 'unauthorized_client',
    text: "Application with identifier '{client}' was not found in the directory '{tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.",
  },
  7000215: {
    status: 401,
    error: 'invalid_client',
    text: "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{client}'.",
  },
  7000216: {
    status: 401,
    error: 'invalid_client',
    text: "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
  },
  70025: {
    status: 401,
    error: 'invalid_client',
    text: "The client '{client}'({name}) has no configured federated identity credentials.",
  },
  700211: {
    status: 401,
    error: 'invalid_client',
    text: `No matching federated identity record found for presented assertion issuer '{issuer}'. ${MATCHING} ${FEDERATION_PAGE}`,
  },
  700212: {
    status: 401,
    error: 'invalid_client',
    text: `No matching federated identity record found for presented assertion audience '{audience}'. ${MATCHING} ${FEDERATION_PAGE}`,
  },
  700213: {
    status: 401,
    error: 'invalid_client',
    text: `No matching federated identity record found for presented assertion subject '{subject}'. ${MATCHING} ${FEDERATION_PAGE}`,
  },
  700024: {
    status: 401,
    error: 'invalid_client',
    text: 'Client assertion is not within its valid time range. Current time: {now}, assertion valid from {from}, expiry time of assertion {until}. Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials .',
  },
  700027: {
    status: 401,
    error: 'invalid_client',
    text: "Client assertion contains an invalid signature. [Reason - {reason}] Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see configured keys for app Id '{client}'.",
  },
  1000502: {
    status: 401,
    error: 'invalid_client',
    text: 'The provided certificate is not within its specified validity period.',
  },
  50048: {
    status: 401,
    error: 'invalid_client',
    text: 'Subject mismatches issuer claim in the client assertion.',
  },
  50027: {
    status: 401,
    error: 'invalid_client',
    text: "JWT token is invalid or malformed: its audience is '{audience}'.",
  },
  50013: { status: 401, error: 'invalid_client', text: 'Assertion failed signature validation.' },
} as const satisfies Readonly<Record<number, Refusal>>;

export type RefusalCode = keyof typeof REFUSALS;

/** A sign-in that the directory refuses. */
export class SignInRefused extends Error {
  override readonly name = 'SignInRefused';
  constructor(
    readonly code: RefusalCode,
    readonly values: Readonly<Record<string, string>> = {},
  ) {
    super(`AADSTS${code}`);
  }
}

/** The answer to a refused sign-in, in the form that is recorded. */
export function refusalAnswer({ code, values }: SignInRefused, login: string, now: number): Answer {
  const { status, error, text } = REFUSALS[code];
  const timestamp = `${new Date(now).toISOString().slice(0, 19).replace('T', ' ')}Z`;
  const [trace, correlation] = [randomUUID(), randomUUID()];
  const message = text.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
  return {
    status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store, no-cache',
      pragma: 'no-cache',
      'x-ms-request-id': trace,
    },
    body: JSON.stringify({
      error,
      error_description: `AADSTS${code}: ${message} Trace ID: ${trace} Correlation ID: ${correlation} Timestamp: ${timestamp}`,
      error_codes: [Number(code)],
      timestamp,
      trace_id: trace,
      correlation_id: correlation,
      error_uri: `https://${login}/error?code=${code}`,
    }),
  };
}
