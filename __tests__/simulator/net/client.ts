/** A real HTTPS client of a simulator: it trusts the authority, goes through the proxy, and knows nothing else. */
import { fetch, ProxyAgent } from 'undici';
import type { RequestInit, Response } from 'undici';
import type { Simulator } from '../../../src/simulator/index.js';
import type { Principal } from '../../../src/simulator/cloud/model.js';

export interface Client {
  send(url: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

export function openClient(simulator: Simulator): Client {
  const dispatcher = new ProxyAgent({ uri: simulator.proxyUrl, requestTls: { ca: simulator.caPem } });
  return {
    send: (url, init = {}) => fetch(url, { ...init, dispatcher, redirect: 'manual' }),
    close: () => dispatcher.destroy(),
  };
}

/** A principal of the scenario by name. */
export function principal(simulator: Simulator, name: string): Principal {
  const found = simulator.state.principals.find((one) => one.name === name);
  if (found === undefined) throw new Error(`The scenario has no ${name}.`);
  return found;
}

/** An answer of ARM, read. */
export interface ArmAnswer {
  status: number;
  headers: Record<string, string>;
  body: unknown;
}

export interface ArmClient {
  (method: string, path: string, body?: unknown): Promise<ArmAnswer>;
}

/** ARM as one principal sees it. The path may leave the api-version out. */
export function armClient(client: Client, simulator: Simulator, name: string): ArmClient {
  const token = simulator.context.tokens.issue(principal(simulator, name), 'https://management.azure.com');
  return async (method, path, body) => {
    const version = path.includes('api-version=')
      ? ''
      : `${path.includes('?') ? '&' : '?'}api-version=2022-04-01`;
    const answer = await client.send(`https://management.azure.com${path}${version}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
    };
  };
}
