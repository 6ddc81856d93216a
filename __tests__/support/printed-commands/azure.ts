/** Azure as a person signed in there reaches it: by HTTP, through the simulator's own door, each request under their rights. */
import { setTimeout } from 'node:timers/promises';
import { fetch, ProxyAgent } from 'undici';
import type { Simulator } from '../../../src/simulator/index.js';
import { Refused } from './words.js';

export interface Answered {
  status: number;
  headers: Readonly<Record<string, string>>;
  /** Read, where it is JSON; otherwise its text. */
  body: unknown;
}

/** An answer that says no. */
export class Failed extends Error {
  override readonly name = 'Failed';

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export interface Azure {
  /** The subscription that commands without one mean: the first. */
  readonly subscription: string;
  readonly tenant: string;
  /** Microsoft Graph, v1.0. */
  graph(method: string, path: string, body?: object): Promise<unknown>;
  /** Azure Resource Manager; long-running operations are waited for. @throws {Failed} for a refusal */
  arm(method: string, path: string, version: string, body?: object): Promise<unknown>;
  /** A registry's own API, under the rights of a repository: `repository:shop/web:metadata_read`. */
  registry(loginServer: string, scope: string, method: string, path: string, body?: object): Promise<unknown>;
  /** An API server's, under what a kubeconfig holds. */
  kubernetes(
    kubeconfig: Kubeconfig,
    method: string,
    path: string,
    body?: unknown,
    type?: string,
  ): Promise<Answered>;
  /** A token of the signed-in principal. */
  token(audience: string): Promise<string>;
  close(): Promise<void>;
}

/** What is needed of a kubeconfig: who serves, and a credential. */
export interface Kubeconfig {
  server: string;
  authority: string;
  certificate?: string;
  key?: string;
  token?: string;
}

const MANAGEMENT = 'https://management.azure.com';
const GRAPH = 'https://graph.microsoft.com';

/** @param as name of a principal with a client secret */
export function openAzure(simulator: Simulator, as: string): Azure {
  const { state } = simulator;
  const principal = state.principals.find(({ name }) => name === as);
  const [secret] = principal?.secrets ?? [];
  const subscription = state.subscriptions[0]?.id;
  if (principal === undefined || secret === undefined || subscription === undefined)
    throw new Error(`the scenario has no ${as} with a client secret`);
  const agents: ProxyAgent[] = [];
  const agent = (tls: object): ProxyAgent => {
    const made = new ProxyAgent({ uri: simulator.proxyUrl, requestTls: tls });
    agents.push(made);
    return made;
  };
  const azureAgent = agent({ ca: simulator.caPem });

  async function send(
    url: string,
    method: string,
    headers: Record<string, string>,
    body?: string,
    dispatcher = azureAgent,
  ): Promise<Answered> {
    const answer = await fetch(url, {
      method,
      headers,
      dispatcher,
      redirect: 'manual',
      ...(body === undefined ? {} : { body }),
    });
    const text = await answer.text();
    return { status: answer.status, headers: Object.fromEntries(answer.headers), body: read(text) };
  }
  const form = (url: string, fields: Record<string, string>): Promise<Answered> =>
    send(
      url,
      'POST',
      { 'content-type': 'application/x-www-form-urlencoded' },
      new URLSearchParams(fields).toString(),
    );

  const tokens = new Map<string, string>();
  async function token(audience: string): Promise<string> {
    const known = tokens.get(audience);
    if (known !== undefined) return known;
    const answer = good(
      await form(`https://login.microsoftonline.com/${state.tenantId}/oauth2/v2.0/token`, {
        grant_type: 'client_credentials',
        client_id: principal?.clientId ?? '',
        client_secret: secret ?? '',
        scope: `${audience}/.default`,
      }),
    ) as { access_token: string };
    tokens.set(audience, answer.access_token);
    return answer.access_token;
  }
  const bearing = async (audience: string): Promise<Record<string, string>> => ({
    authorization: `Bearer ${await token(audience)}`,
    'content-type': 'application/json',
  });

  /** Until an operation that goes on is over: at `azure-asyncoperation` by its status, at `location` by its answer. */
  async function ended(answer: Answered, method: string, path: string, version: string): Promise<unknown> {
    const { 'azure-asyncoperation': operation, location } = answer.headers;
    const address = operation ?? (answer.status === 202 ? location : undefined);
    if (address === undefined) return answer.body;
    for (let turn = 0; turn < 500; turn += 1) {
      const now = await send(address, 'GET', await bearing(MANAGEMENT));
      const { status, error } = (good(now) ?? {}) as { status?: string; error?: { message?: string } };
      if (status === 'Failed') throw new Failed(409, error?.message ?? 'the operation failed');
      if (operation === undefined ? now.status !== 202 : status !== 'InProgress')
        // An action's last part is no resource.
        return azure
          .arm('GET', method === 'POST' ? path.replace(/\/\w+$/, '') : path, version)
          .catch((failure: unknown) => {
            // What was deleted is not there any more, and that is how it ends.
            if (failure instanceof Failed && failure.status === 404) return undefined;
            throw failure;
          });
      await setTimeout(20);
    }
    throw new Error(`the operation of ${path} never ends`);
  }

  const azure: Azure = {
    subscription,
    tenant: state.tenantId,
    token,
    async graph(method, path, body) {
      const sent = body === undefined ? undefined : JSON.stringify(body);
      return good(await send(`${GRAPH}/v1.0${path}`, method, await bearing(GRAPH), sent));
    },
    async arm(method, path, version, body) {
      const url = new URL(`${MANAGEMENT}${path}`);
      if (!url.searchParams.has('api-version')) url.searchParams.set('api-version', version);
      const sent = body === undefined ? undefined : JSON.stringify(body);
      const answer = await send(url.href, method, await bearing(MANAGEMENT), sent);
      good(answer);
      return ended(answer, method, path, version);
    },
    async registry(loginServer, scope, method, path, body) {
      const { refresh_token } = good(
        await form(`https://${loginServer}/oauth2/exchange`, {
          grant_type: 'access_token',
          service: loginServer,
          tenant: state.tenantId,
          access_token: await token(MANAGEMENT),
        }),
      ) as { refresh_token: string };
      const { access_token } = good(
        await form(`https://${loginServer}/oauth2/token`, {
          grant_type: 'refresh_token',
          service: loginServer,
          scope,
          refresh_token,
        }),
      ) as { access_token: string };
      const sent = body === undefined ? undefined : JSON.stringify(body);
      return good(
        await send(
          `https://${loginServer}${path}`,
          method,
          { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
          sent,
        ),
      );
    },
    kubernetes(kubeconfig, method, path, body, type = 'application/json') {
      const { server, authority, certificate, key, token: bearer } = kubeconfig;
      return send(
        `${server}${path}`,
        method,
        { 'content-type': type, ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }) },
        body === undefined ? undefined : JSON.stringify(body),
        agent({ ca: authority, ...(certificate === undefined ? {} : { cert: certificate, key }) }),
      );
    },
    async close() {
      await Promise.all(agents.map((one) => one.destroy()));
    },
  };
  return azure;
}

function read(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** The body of an answer that says yes. */
function good({ status, body }: Answered): unknown {
  if (status < 400) return body;
  const said = typeof body === 'string' ? body : JSON.stringify(body);
  if (status === 501) throw new Refused(`the simulator does not model it: ${said}`);
  throw new Failed(status, `${status} ${said}`);
}
