/** Hand-made ports for tests of the core: a scripted Http that keeps what it was sent, a Clock that never waits. */
import { AZURE_CLOUD } from '../../src/core/azure/clouds.js';
import { AzureSession } from '../../src/core/azure/session.js';
import type { Clock, Credential, Http, HttpRequest, HttpResponse, Log, Ports } from '../../src/core/ports.js';

/** What the script answers: a response, or a fault that is thrown. */
export type Reply = { status?: number; headers?: Record<string, string>; body?: unknown } | Error;

export const SUBSCRIPTION = '11111111-2222-4333-8444-555555555555';
export const OTHER_SUBSCRIPTION = '99999999-2222-4333-8444-555555555555';
export const OBJECT_ID = 'aaaaaaaa-0000-4000-8000-000000000001';
export const CALLER_OBJECT_ID = 'cccccccc-0000-4000-8000-000000000001';
export const REGISTRY_ID = `/subscriptions/${SUBSCRIPTION}/resourceGroups/shops/providers/Microsoft.ContainerRegistry/registries/contoso`;
export const CLUSTER_ID = `/subscriptions/${SUBSCRIPTION}/resourceGroups/shops/providers/Microsoft.ContainerService/managedClusters/shop`;
export const ARM = 'https://management.azure.com';

export function respond(reply: {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
}): HttpResponse {
  const { status = 200, headers = {}, body = '' } = reply;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { status, headers, body: once(text) };
}

async function* once(text: string): AsyncGenerator<Uint8Array> {
  if (text !== '') yield new TextEncoder().encode(text);
}

/** Answers each request as the script says and keeps it. */
export class ScriptedHttp implements Http {
  readonly requests: HttpRequest[] = [];

  constructor(private readonly script: (request: HttpRequest, nth: number) => Reply | Promise<Reply>) {}

  async send(request: HttpRequest): Promise<HttpResponse> {
    this.requests.push(request);
    const reply = await this.script(request, this.requests.length);
    if (reply instanceof Error) throw reply;
    return respond(reply);
  }

  /** `GET https://host/path` of every request, without query. */
  get asked(): string[] {
    return this.requests.map(({ method, url }) => `${method} ${url.split('?')[0] ?? ''}`);
  }
}

/** These replies one after the other; one more request is an error of the test. */
export function inTurn(...replies: Reply[]): ScriptedHttp {
  return new ScriptedHttp(({ method, url }, nth) => {
    const reply = replies[nth - 1];
    if (reply === undefined) throw new Error(`nothing is scripted for request ${nth}: ${method} ${url}`);
    return reply;
  });
}

/** The first route whose pattern fits "METHOD url". */
export function routed(...routes: [RegExp, Reply | ((request: HttpRequest) => Reply)][]): ScriptedHttp {
  return new ScriptedHttp((request) => {
    const line = `${request.method} ${request.url}`;
    const route = routes.find(([pattern]) => pattern.test(line));
    if (route === undefined) throw new Error(`nothing is scripted for ${line}`);
    return typeof route[1] === 'function' ? route[1](request) : route[1];
  });
}

/** Time that passes only by sleeping, at once. */
export class FakeClock implements Clock {
  readonly slept: number[] = [];
  #now = Date.parse('2026-03-01T12:00:00Z');

  now(): number {
    return this.#now;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.slept.push(ms);
    this.#now += ms;
  }
}

/** A log that keeps everything. */
export class KeptLog implements Log {
  readonly told: { kind: string; what: unknown }[] = [];
  readonly secrets: string[] = [];
  readonly lines: string[] = [];

  chapter(title: string): void {
    this.told.push({ kind: 'chapter', what: title });
  }
  check(what: unknown): void {
    this.told.push({ kind: 'check', what });
  }
  pull(what: unknown): void {
    this.told.push({ kind: 'pull', what });
  }
  finding(what: unknown): void {
    this.told.push({ kind: 'finding', what });
  }
  waiting(what: unknown): void {
    this.told.push({ kind: 'waiting', what });
  }
  debug(line: string): void {
    this.lines.push(line);
  }
  secret(value: string): void {
    this.secrets.push(value);
  }
}

/** An unsigned token with these claims. */
export function tokenWith(claims: Record<string, unknown>): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.signature`;
}

export const ARM_TOKEN = tokenWith({ oid: CALLER_OBJECT_ID, appid: 'app', aud: ARM });

/** A login whose ARM token is {@link ARM_TOKEN} and whose other tokens name their scope. */
export function credential(subscriptionId: string | undefined = SUBSCRIPTION): Credential {
  return {
    description: 'a login of the test',
    token: async (scope) => ({
      token: scope.startsWith(ARM) ? ARM_TOKEN : `entra-token-for-${scope}`,
      expiresOn: Date.parse('2099-01-01T00:00:00Z'),
    }),
    subscriptionId: async () => subscriptionId,
  };
}

export interface World {
  ports: Ports;
  azure: AzureSession;
  clock: FakeClock;
  log: KeptLog;
}

/** All ports around one Http. */
export function world(http: Http, overrides: Partial<Ports> = {}): World {
  const clock = new FakeClock();
  const log = new KeptLog();
  const ports: Ports = {
    log,
    clock,
    credential: credential(),
    http,
    remember: () => undefined,
    runId: '0123abcd',
    signal: new AbortController().signal,
    ...overrides,
  };
  return { ports, azure: new AzureSession(ports, AZURE_CLOUD), clock, log };
}

/** Whatever the call throws; a call that throws nothing is an error of the test. */
export async function thrown(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
