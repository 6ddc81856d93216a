/** What every simulated service speaks: one request, one answer. */
import type { X509Certificate } from 'node:crypto';
import type { ModelledRoute } from '../routes.js';

/** One request as a simulated service sees it. */
export interface Exchange {
  /** Upper-case. */
  method: string;
  /** With the real host name that the client asked for, such as https://management.azure.com/subscriptions. */
  url: URL;
  /** Lower-case names; several values of one header are joined by ", ". */
  headers: Record<string, string>;
  body: Buffer;
  /** The certificate the client showed, unverified: whoever trusts it verifies it. */
  clientCertificate?: X509Certificate;
  /** It came by a private endpoint: what is said of public addresses doesn't concern it. */
  byPrivateEndpoint?: true;
  /** Aborted when the client hangs up. */
  signal: AbortSignal;
  /** Filled in by the service that answers, for the request log. */
  note: ExchangeNote;
}

/** What the request log adds about an exchange. */
export interface ExchangeNote {
  /** Which service answered: entra, arm, acr, kubernetes, github. */
  service?: string;
  /** The route as a template, such as `PUT {scope}/roleAssignments/{name}`. */
  route?: string;
  /** Who asked, by name: `deployer`, `kubelet of shop`, `anonymous`. */
  caller?: string;
  /** What the access rule said, such as `allowed by Reader at /subscriptions/…` or `denied: …`. */
  verdict?: string;
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  /** A string or bytes are sent as they are; a stream is sent as it comes, until it ends or the client hangs up. */
  body?: string | Uint8Array | AsyncIterable<string | Uint8Array>;
}

/** A simulated service: answers for its hosts. */
export interface Service {
  name: string;
  /** True when this service answers for the (lower-case) host name. */
  serves(host: string): boolean;
  answer(exchange: Exchange): Promise<Answer>;
  /** What it answers, one row for each route; absent where routes are no data. */
  readonly routes?: readonly ModelledRoute[];
}

/** A request that is not modelled: answered 501 and named in the log, never guessed. */
export class NotModelled extends Error {
  override readonly name = 'NotModelled';
}

/** One line of the request log. Holds no token and no secret. */
export interface RequestRecord extends ExchangeNote {
  /** Counts up from 1 in the order in which requests came. */
  number: number;
  /** Milliseconds since the simulator began. */
  at: number;
  durationMs: number;
  method: string;
  host: string;
  /** Path with query; values of secret parameters are left out. */
  path: string;
  status: number;
  modelled: boolean;
  /** The fault that a rule put on it. */
  fault?: string;
}
