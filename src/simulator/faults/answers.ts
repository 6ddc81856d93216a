/**
 * What overloaded and broken services answer, each body once. A service's words are its own; what stands in front of it
 * (a gateway) answers with nginx's page, as registries do (recording: acr.dataplane.json, server openresty).
 */
import type { Answer } from '../net/exchange.js';

/** What a fault's answer depends on. */
export interface Circumstances {
  service: string;
  method: string;
  /** Path without its query. */
  path: string;
  /** Milliseconds that the client is asked to wait, and how that is told. */
  retryAfter?: number | undefined;
  retryAfterForm?: 'seconds' | 'date' | 'body' | undefined;
  /** The service's time, milliseconds since the epoch. */
  now: number;
}

const JSON_TYPE = 'application/json; charset=utf-8';
/** Of nginx 1.x: src/http/ngx_http_special_response.c. */
const REASONS: Readonly<Record<number, string>> = {
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Temporarily Unavailable',
  504: 'Gateway Time-out',
};

type Status = 429 | 500 | 502 | 503 | 504;
type Words = (asked: Circumstances) => Answer;

/** Service → status → its own words; anything else is the gateway's page. */
const WORDS: Readonly<Record<string, Partial<Record<Status, Words>>>> = {
  arm: {
    // recording: throttling.429.json has both, and neither has a Retry-After; that there is one is documented
    // (https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling).
    429: (asked) =>
      asked.retryAfterForm === 'body'
        ? {
            status: 429,
            headers: { 'content-type': JSON_TYPE, connection: 'close' },
            body: error(
              'SubscriptionRequestsThrottled',
              `Number of requests for subscription '${subscriptionIn(asked.path)}' and operation '${operationOf(asked)}' exceeded the backend storage limit. Please try again after '${seconds(asked)}' seconds.`,
            ),
          }
        : {
            status: 429,
            headers: { 'content-type': 'application/json' },
            body: error('TooManyRequests', 'Too many requests. Please try again after sometime.'),
          },
    // recording: errors.404-500.mc-acr.json
    500: ({ path, now }) => ({
      status: 500,
      headers: { 'content-type': JSON_TYPE, connection: 'close', 'x-ms-failure-cause': 'gateway' },
      body: error(
        'InternalServerError',
        `Encountered internal server error. Diagnostic information: timestamp '${compactTime(now)}', subscription id '${subscriptionIn(path)}', tracking id '${NO_ID}', request correlation id '${NO_ID}'.`,
      ),
    }),
    // recording: errors.404-500.mc-acr.json
    504: ({ path }) => ({
      status: 504,
      headers: { 'content-type': JSON_TYPE, connection: 'close', 'x-ms-failure-cause': 'service' },
      body: error(
        'GatewayTimeout',
        `The gateway did not receive a response from '${providerIn(path)}' within the specified time period.`,
      ),
    }),
    // Assumption: 503 in the same envelope, with the code that the common errors' page has for it
    // (https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes).
    503: () => ({
      status: 503,
      headers: { 'content-type': JSON_TYPE, connection: 'close', 'x-ms-failure-cause': 'gateway' },
      body: error(
        'ServerBusy',
        'The server is currently unable to receive requests. Please retry your request.',
      ),
    }),
  },
  acr: {
    // Code: distribution's specification. Text: as nodes quote it (corpus: pull-failures.jsonl, E068).
    429: () => ({
      status: 429,
      headers: { 'content-type': JSON_TYPE, 'docker-distribution-api-version': 'registry/2.0' },
      body: `${JSON.stringify({
        errors: [
          {
            code: 'TOOMANYREQUESTS',
            message:
              'Too many requests. Please visit https://aka.ms/acr/skus#sku-feature-matrix to view limits of all service tiers.',
            detail: null,
          },
        ],
      })}\n`,
    }),
    // distribution's code and text for what broke inside (distribution/distribution registry/api/errcode).
    500: () => ({
      status: 500,
      headers: { 'content-type': JSON_TYPE, 'docker-distribution-api-version': 'registry/2.0' },
      body: `${JSON.stringify({ errors: [{ code: 'UNKNOWN', message: 'unknown error', detail: null }] })}\n`,
    }),
  },
  kubernetes: {
    // kubernetes/kubernetes staging apiserver/pkg/server/filters (tooManyRequests): plain text, not a Status.
    429: () => ({
      status: 429,
      headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
      body: 'Too many requests, please try again later.\n',
    }),
    // kubernetes/kubernetes staging apimachinery/pkg/api/errors: NewInternalError, NewServiceUnavailable, NewTimeoutError.
    500: () =>
      status(500, 'InternalError', 'Internal error occurred: etcdserver: leader changed', {
        causes: [{ message: 'etcdserver: leader changed' }],
      }),
    503: () => status(503, 'ServiceUnavailable', 'the server is currently unable to handle the request'),
    504: () => status(504, 'Timeout', 'Timeout: request did not complete within requested timeout'),
  },
  entra: {
    // Status and header: https://learn.microsoft.com/entra/msal/dotnet/advanced/client-and-server-throttling. Code and
    // text: https://learn.microsoft.com/entra/identity-platform/reference-error-codes. That they come together: assumption.
    429: () => oauthError(429, 90055, 'There are too many incoming requests.'),
    // RFC 6749 names the error; the code stands in the same table.
    503: () => oauthError(503, 90033, 'A transient error has occurred. Please try again.'),
  },
};

const NO_ID = '00000000-0000-0000-0000-000000000000';

/** The answer of a service that is throttled or broken; of what stands in front of it where the service has no words. */
export function faultAnswer(code: Status, asked: Circumstances): Answer {
  const own = WORDS[asked.service]?.[code];
  const answer = own === undefined ? gatewayPage(code) : own(asked);
  return { ...answer, headers: { ...answer.headers, ...retryAfterHeader(asked) } };
}

/** A page of the network's own in place of the answer: 200, and HTML. */
export function loginPage(): Answer {
  return {
    status: 200,
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
    body: '<!DOCTYPE html>\n<html><head><title>Sign in to the network</title></head><body><form method="post" action="/login"><input name="user"><input name="password" type="password"><button>Sign in</button></form></body></html>\n',
  };
}

function gatewayPage(code: Status): Answer {
  const title = `${code} ${REASONS[code] ?? 'Too Many Requests'}`;
  return {
    status: code,
    headers: { 'content-type': 'text/html', server: 'openresty' },
    body: `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>openresty</center>\r\n</body>\r\n</html>\r\n`,
  };
}

function retryAfterHeader(asked: Circumstances): Record<string, string> {
  if (asked.retryAfter === undefined || asked.retryAfterForm === 'body') return {};
  const date = asked.retryAfterForm === 'date';
  return {
    'retry-after': date ? new Date(asked.now + asked.retryAfter).toUTCString() : String(seconds(asked)),
  };
}

function seconds({ retryAfter = 0 }: Circumstances): number {
  return Math.ceil(retryAfter / 1000);
}

function error(code: string, message: string): string {
  return JSON.stringify({ error: { code, message } });
}

function status(code: number, reason: string, message: string, details: object = {}): Answer {
  const body = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    details,
    code,
  };
  return { status: code, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

function oauthError(code: number, number: number, text: string): Answer {
  const body = {
    error: 'temporarily_unavailable',
    error_description: `AADSTS${number}: ${text}`,
    error_codes: [number],
  };
  return { status: code, headers: { 'content-type': JSON_TYPE }, body: JSON.stringify(body) };
}

function subscriptionIn(path: string): string {
  return /\/subscriptions\/([^/]+)/i.exec(path)?.[1] ?? NO_ID;
}

function providerIn(path: string): string {
  return [...path.matchAll(/\/providers\/([^/]+)/gi)].at(-1)?.[1] ?? 'Microsoft.Resources';
}

/** As recorded: the method, then the path's fixed names in upper case. */
function operationOf({ method, path }: Circumstances): string {
  const provider = providerIn(path);
  const type =
    path
      .split(new RegExp(`/${provider}/`, 'i'))
      .at(-1)
      ?.split('/')[0] ?? '';
  return `${method}/SUBSCRIPTIONS/RESOURCEGROUPS/PROVIDERS/${provider}/${type}/`.toUpperCase();
}

/** `20200912T233103Z`. */
function compactTime(now: number): string {
  return new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
}
