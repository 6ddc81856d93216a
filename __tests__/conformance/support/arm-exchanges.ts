/** Exchanges with the simulated resource manager: those that the core makes in its modes, and a sweep over all routes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RawInputs } from '../../../src/core/inputs.js';
import type { Http, HttpResponse, Log, Ports } from '../../../src/core/ports.js';
import { preflight } from '../../../src/core/preflight.js';
import { readRequest } from '../../../src/core/request.js';
import { systemClock } from '../../../src/host/clock.js';
import { createHttp } from '../../../src/host/http.js';
import { startSimulator } from '../../../src/simulator/index.js';
import type { Simulator } from '../../../src/simulator/index.js';
import type { ModelledRoute } from '../../../src/simulator/routes.js';
import { openClient, principal } from '../../simulator/net/client.js';
import type { ArmExchange } from './arm-openapi.js';

const SCENARIOS = join(import.meta.dirname, '..', '..', '..', 'src', 'simulator', 'scenarios');
const ARM = 'https://management.azure.com';

const quiet: Log = {
  chapter: () => undefined,
  check: () => undefined,
  pull: () => undefined,
  finding: () => undefined,
  waiting: () => undefined,
  debug: () => undefined,
  secret: () => undefined,
};

/** Collects what goes to the resource manager and what it answers. What isn't modelled is not Azure's and is left out. */
function tapped(http: Http, exchanges: ArmExchange[]): Http {
  return {
    async send(request) {
      const response = await http.send(request);
      if (!request.url.startsWith(`${ARM}/`)) return response;
      const chunks: Uint8Array[] = [];
      for await (const chunk of response.body) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      add(exchanges, {
        method: request.method,
        url: request.url,
        requestText: request.body ?? '',
        status: response.status,
        headers: response.headers,
        responseText: body.toString('utf8'),
      });
      return { ...response, body: once(body) } satisfies HttpResponse;
    },
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

/** Adds an exchange, bodies parsed, unless the simulator said that it isn't modelled. */
export function add(
  exchanges: ArmExchange[],
  given: Pick<ArmExchange, 'method' | 'url' | 'status' | 'headers'> & {
    requestText: string;
    responseText: string;
  },
): void {
  const { requestText, responseText, ...rest } = given;
  if (given.status === 501) return;
  exchanges.push({
    ...rest,
    ...(requestText === '' ? {} : { requestBody: JSON.parse(requestText) as unknown }),
    ...(responseText === '' ? {} : { responseBody: JSON.parse(responseText) as unknown }),
  });
}

/** What the core asks in its modes, over one of the built-in scenarios. */
export async function coreExchanges(
  scenario: string,
  runs: readonly RawInputs[],
): Promise<{ exchanges: ArmExchange[]; results: string[] }> {
  const simulator = await startSimulator(readFileSync(join(SCENARIOS, `${scenario}.yaml`), 'utf8'));
  // Waiting is not what is looked at here.
  simulator.state.grantDelayMs = 0;
  const http = createHttp({ HTTPS_PROXY: simulator.proxyUrl });
  const exchanges: ArmExchange[] = [];
  const results: string[] = [];
  try {
    const ports = portsOf(simulator, tapped(http, exchanges));
    const [cluster] = simulator.state.clusters;
    const [registry] = simulator.state.registries;
    for (const raw of runs) {
      const { result } = await preflight(
        readRequest({
          cluster: cluster?.name ?? '',
          'resource-group': cluster?.resourceGroup ?? '',
          registry: registry?.loginServer ?? '',
          ...raw,
        }),
        ports,
        '1.0.0',
      );
      results.push(`${raw.mode ?? 'connect'}: ${result}`);
    }
    return { exchanges, results };
  } finally {
    await http.close();
    await simulator.stop();
  }
}

function portsOf(simulator: Simulator, http: Http): Ports {
  return {
    log: quiet,
    clock: systemClock,
    http: { send: (request) => http.send({ ...request, tls: request.tls ?? { ca: simulator.caPem } }) },
    credential: {
      description: 'a login of the test',
      token: (scope) =>
        Promise.resolve({
          token: simulator.context.tokens.issue(
            principal(simulator, 'deployer'),
            scope.replace(/\/\.default$/, ''),
          ),
          expiresOn: Date.now() + 3_600_000,
        }),
      subscriptionId: () => Promise.resolve(simulator.state.subscriptions[0]?.id),
    },
    remember: () => undefined,
    runId: '0123abcd',
    signal: new AbortController().signal,
  };
}

/** Clouds that differ in what bodies show of them. */
const SWEPT = `
name: swept
identities: [{ name: owner }, { name: nobody }]
subscriptions: [{ name: main }]
clusters:
  - name: shop
    resourceGroup: apps
    pools: [{ name: system, taints: ['CriticalAddonsOnly=true:NoSchedule'] }, { name: win, os: Windows }]
    entra: { azureRbac: true }
    localAccounts: false
  - { name: quiet, resourceGroup: apps, private: true }
  - { name: old, resourceGroup: apps, identity: { kind: service-principal } }
  - { name: young, resourceGroup: apps, state: Creating, identity: { kind: none } }
registries:
  - { name: contoso, resourceGroup: images, mode: abac, sku: Premium, dataEndpoint: true, networkDefaultAction: Deny, privateEndpoint: {} }
  - { name: fabrikam, resourceGroup: images, sku: Basic, anonymousPull: true }
roleAssignments:
  - { principal: owner, role: Owner, scope: subscription }
  - { principal: kubelet of shop, role: AcrPull, scope: 'registry:fabrikam' }
`;

/** Every GET route at every described version, and the writes and refusals of role assignments. */
export async function sweptExchanges(
  versionsOf: (provider: string) => readonly string[],
): Promise<{ exchanges: ArmExchange[]; routes: readonly ModelledRoute[] }> {
  const simulator = await startSimulator(SWEPT);
  const client = openClient(simulator);
  const exchanges: ArmExchange[] = [];
  const send = async (
    who: string,
    method: string,
    path: string,
    version: string,
    body?: unknown,
  ): Promise<void> => {
    const url = `${ARM}${path}${path.includes('?') ? '&' : '?'}api-version=${version}`;
    const requestText = body === undefined ? '' : JSON.stringify(body);
    const answer = await client.send(url, {
      method,
      headers: {
        authorization: `Bearer ${simulator.context.tokens.issue(principal(simulator, who), ARM)}`,
        'content-type': 'application/json',
      },
      ...(requestText === '' ? {} : { body: requestText }),
    });
    const responseText = await answer.text();
    const headers = Object.fromEntries(answer.headers);
    add(exchanges, { method, url, requestText, status: answer.status, headers, responseText });
  };
  try {
    const routes = simulator.routes.filter(({ service }) => service === 'arm');
    for (const { method, path, since = '' } of routes) {
      const provider = /.*\/providers\/([^/]+)/.exec(path)?.[1]?.toLowerCase() ?? '';
      const versions = versionsOf(provider).filter((version) => version >= since);
      const isRead = method === 'GET' || /\/listCluster\w+Credential$/.test(path);
      for (const version of isRead ? versions : [])
        for (const filled of fillings(simulator, path)) await send('owner', method, filled, version);
      const [newest] = isRead ? versions.slice(-1) : [];
      for (const filled of newest === undefined ? [] : fillings(simulator, path))
        await send('nobody', method, filled, newest ?? '');
    }
    const query = `Resources | where type =~ 'microsoft.containerregistry/registries' | where name =~ 'fabrikam' | project id, name`;
    for (const version of versionsOf('microsoft.resourcegraph'))
      await send('owner', 'POST', '/providers/Microsoft.ResourceGraph/resources', version, {
        subscriptions: simulator.state.subscriptions.map(({ id }) => id),
        query,
      });
    for (const path of ['/subscriptions', `/subscriptions/${simulator.state.subscriptions[0]?.id ?? ''}`])
      await send('owner', 'GET', path, '2022-12-01');
    await writes(simulator, versionsOf('microsoft.authorization'), send);
    return { exchanges, routes };
  } finally {
    await client.close();
    await simulator.stop();
  }
}

/** A path with what there is, and with what there isn't, in its places. */
function fillings({ state }: Simulator, path: string): string[] {
  const subscription = state.subscriptions[0]?.id ?? '';
  const [role] = state.roleDefinitions;
  const [assignment] = state.roleAssignments;
  const group = path.includes('ContainerService') ? 'apps' : 'images';
  const names = /roleDefinitions/.test(path)
    ? [role?.name ?? '', MISSING]
    : /roleAssignments/.test(path)
      ? [assignment?.name ?? '', MISSING]
      : path.includes('ContainerService')
        ? [...state.clusters.map(({ name }) => name), 'missing']
        : [...state.registries.map(({ name }) => name), 'missing'];
  const registry = `/subscriptions/${subscription}/resourceGroups/images/providers/Microsoft.ContainerRegistry/registries/fabrikam`;
  const scopes = path.includes('{+scope}')
    ? [`/subscriptions/${subscription}`, `/subscriptions/${subscription}/resourceGroups/images`, registry]
    : [''];
  return scopes.flatMap((scope) =>
    (path.includes('{name}') ? names : ['']).map((name) =>
      path
        .replace('{+scope}', scope)
        .replace('{subscription}', subscription)
        .replace('{group}', group)
        .replace('{name}', name)
        .replace('{pool}', state.clusters[0]?.pools[0]?.name ?? '')
        .replace(/\{\w+\}/g, MISSING),
    ),
  );
}

const MISSING = '99999999-9999-4999-8999-999999999999';

/** A grant made, made again, refused and taken back, at every version of role assignments. */
async function writes(
  simulator: Simulator,
  versions: readonly string[],
  send: (who: string, method: string, path: string, version: string, body?: unknown) => Promise<void>,
): Promise<void> {
  const subscription = simulator.state.subscriptions[0]?.id ?? '';
  const scope = `/subscriptions/${subscription}/resourceGroups/images/providers/Microsoft.ContainerRegistry/registries/fabrikam`;
  const collection = `${scope}/providers/Microsoft.Authorization/roleAssignments`;
  const roleDefinitionId = `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleDefinitions/8311e382-0749-4cb8-b61a-304f252e45ec`;
  const principalId = principal(simulator, 'kubelet of shop').objectId;
  for (const [at, version] of versions.entries()) {
    const name = `${String(at).padStart(8, '0')}-0000-4000-8000-000000000000`;
    const other = `${String(at).padStart(8, '0')}-0000-4000-8000-000000000001`;
    const body = { properties: { roleDefinitionId, principalId } };
    await send('owner', 'PUT', `${collection}/${name}`, version, body);
    await send('owner', 'PUT', `${collection}/${other}`, version, body);
    await send('nobody', 'PUT', `${collection}/${other}`, version, body);
    const unknown = { properties: { roleDefinitionId, principalId: MISSING } };
    await send('owner', 'PUT', `${collection}/${other}`, version, unknown);
    await send('owner', 'GET', `${collection}/${name}`, version);
    await send('owner', 'GET', `${collection}?$filter=assignedTo('${principalId}')`, version);
    await send('owner', 'DELETE', `${collection}/${name}`, version);
    await send('owner', 'DELETE', `${collection}/${name}`, version);
  }
}
