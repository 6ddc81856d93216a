/** Recorded requests sent to a running simulator, which is brought to the state that each recording implies. */
import type { Simulator } from '../../../src/simulator/index.js';
import { startSimulator } from '../../../src/simulator/index.js';
import { findRoute } from '../../../src/simulator/routes.js';
import type { ModelledRoute } from '../../../src/simulator/routes.js';
import { openClient } from '../../simulator/net/client.js';
import type { Client } from '../../simulator/net/client.js';
import type { Compared } from './compare.js';
import type { Blueprint, Sending } from './implied-state.js';
import { blueprintOf, CALLERS_ASSIGNMENT, imply, NotImplied } from './implied-state.js';
import type { Interaction } from './interactions.js';

/** The smallest cloud: whatever a recording doesn't imply is as here. */
const SCENARIO = `
name: recorded
identities: [{ name: caller }]
clusters: [{ name: shop, resourceGroup: apps }]
registries: [{ name: contoso, resourceGroup: images }]
`;

export type Replayed = { interaction: Interaction } & (
  { route: ModelledRoute; served: Compared } | { route?: ModelledRoute; notModelled: string }
);

/** Sends them all, one after the other: they share one cloud. */
export async function replay(
  recorded: readonly Interaction[],
): Promise<{ replayed: Replayed[]; routes: readonly ModelledRoute[] }> {
  const simulator = await startSimulator(SCENARIO);
  const client = openClient(simulator);
  try {
    const blueprint = blueprintOf(simulator.state);
    const replayed: Replayed[] = [];
    for (const interaction of recorded) replayed.push(await one(simulator, client, blueprint, interaction));
    return { replayed, routes: simulator.routes };
  } finally {
    await client.close();
    await simulator.stop();
  }
}

async function one(
  simulator: Simulator,
  client: Client,
  blueprint: Blueprint,
  interaction: Interaction,
): Promise<Replayed> {
  const route = routeOf(simulator.routes, interaction);
  if (route === undefined) return { interaction, notModelled: 'the route' };
  try {
    const sending = imply(interaction, route.name, simulator.state, blueprint);
    return { interaction, route, served: await send(simulator, client, interaction, sending) };
  } catch (error) {
    if (!(error instanceof NotImplied)) throw error;
    return { interaction, route, notModelled: error.message };
  }
}

function routeOf(routes: readonly ModelledRoute[], { request }: Interaction): ModelledRoute | undefined {
  const isArm = request.url.hostname.startsWith('management.');
  const path = isArm
    ? decodeURIComponent(request.url.pathname).replace(/\/{2,}/g, '/')
    : request.url.pathname;
  const candidates = routes.filter(({ service }) => service === (isArm ? 'arm' : 'acr'));
  return findRoute(candidates, request.method, path, { ignoreCase: isArm })?.row;
}

async function send(
  simulator: Simulator,
  client: Client,
  { request, response }: Interaction,
  sending: Sending,
): Promise<Compared> {
  const isArm = request.url.hostname.startsWith('management.');
  const { headers, body } = isArm
    ? {
        headers: {
          authorization: `Bearer ${simulator.context.tokens.issue(sending.caller, request.url.origin)}`,
          'content-type': 'application/json',
        },
        body: request.body,
      }
    : await registryRequest(simulator, client, request, response, sending);
  const address =
    sending.needs === 'command' ? await beginCommand(client, request, headers) : request.url.href;
  const answer = await client.send(address, {
    method: request.method,
    headers,
    ...(body === '' ? {} : { body }),
  });
  return {
    status: answer.status,
    headers: Object.fromEntries(answer.headers),
    body: withoutCallersOwn(await answer.text()),
  };
}

/** A command that runs for as long as it is asked after; where to ask. */
async function beginCommand(
  client: Client,
  { url }: Interaction['request'],
  headers: Record<string, string>,
): Promise<string> {
  const address = url.href.replace(/\/commandResults\/[^?]+/, '/runCommand');
  const body = JSON.stringify({ command: 'sleep 600', context: '' });
  const answer = await client.send(address, { method: 'POST', headers, body });
  const location = answer.headers.get('location');
  if (location === null)
    throw new Error(`the command was not begun: ${answer.status} ${await answer.text()}`);
  return location;
}

/** The credentials that were taken out of the recording are put in again, made by the simulator itself. */
async function registryRequest(
  simulator: Simulator,
  client: Client,
  request: Interaction['request'],
  response: Interaction['response'],
  { caller, needs }: Sending,
): Promise<{ headers: Record<string, string>; body: string }> {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const entra = simulator.context.tokens.issue(caller, 'https://containerregistry.azure.net');
  const post = async (path: string, fields: Record<string, string>): Promise<Record<string, string>> => {
    const answer = await client.send(`${request.url.origin}${path}`, {
      method: 'POST',
      headers: form,
      body: new URLSearchParams(fields).toString(),
    });
    return (await answer.json()) as Record<string, string>;
  };
  const refresh = async (): Promise<string> =>
    (await post('/oauth2/exchange', { grant_type: 'access_token', access_token: entra })).refresh_token ?? '';
  if (needs === 'refresh token') {
    const token = await refresh();
    const fields = new URLSearchParams(request.body);
    for (const name of ['refresh_token', 'password']) if (fields.has(name)) fields.set(name, token);
    const basic = Buffer.from(`00000000-0000-0000-0000-000000000000:${token}`).toString('base64');
    return request.method === 'GET'
      ? { headers: { authorization: `Basic ${basic}` }, body: '' }
      : { headers: form, body: fields.toString() };
  }
  if (needs === 'access token') {
    const [, repository = ''] = /^\/v2\/(.+)\/(?:manifests|blobs|tags)\//.exec(request.url.pathname) ?? [];
    const { access_token: token = '' } = await post('/oauth2/token', {
      grant_type: 'refresh_token',
      refresh_token: await refresh(),
      scope: `repository:${repository}:pull,push`,
    });
    const accept = response.headers?.['content-type'] ?? '*/*';
    return { headers: { authorization: `Bearer ${token}`, accept }, body: request.body };
  }
  const fields = new URLSearchParams(request.body);
  if (fields.has('access_token')) return { headers: form, body: setField(fields, 'access_token', entra) };
  const isMalformed = response.headers?.['www-authenticate']?.includes('malformed_token') === true;
  return { headers: isMalformed ? { authorization: 'Bearer no token' } : {}, body: '' };
}

function setField(fields: URLSearchParams, name: string, value: string): string {
  fields.set(name, value);
  return fields.toString();
}

function withoutCallersOwn(text: string): string {
  if (!text.includes(CALLERS_ASSIGNMENT)) return text;
  const body = JSON.parse(text) as { value?: { name?: string }[] };
  if (!Array.isArray(body.value)) return text;
  return JSON.stringify({ ...body, value: body.value.filter(({ name }) => name !== CALLERS_ASSIGNMENT) });
}
