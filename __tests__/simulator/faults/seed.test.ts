/** The same scenario with the same seed, run twice by the shipped core, asks and answers the same. */
import { expect, it } from '@jest/globals';
import { preflight } from '../../../src/core/preflight.js';
import { Sender } from '../../../src/core/http/sender.js';
import { Trust } from '../../../src/core/http/trust.js';
import type { Report } from '../../../src/core/report.js';
import { readRequest } from '../../../src/core/request.js';
import { clientSecretCredential } from '../../../src/host/credentials.js';
import type { RequestRecord } from '../../../src/simulator/index.js';
import { openGround } from '../../host/sign-in/support.js';

const SECRET = 'the right secret';

function scenario(seed: number): object {
  return {
    seed,
    faults: [
      { fault: 'throttled', host: '*.azure*.*', percent: 25, retryAfter: '1s', retryAfterForm: 'seconds' },
      { fault: 'unavailable', percent: 20, service: 'arm' },
      { fault: 'reset', percent: 20, service: 'entra' },
      { fault: 'server-error', percent: 20, service: 'kubernetes', method: 'POST' },
      { fault: 'server-error', percent: 20, service: 'acr', from: 'nodes' },
    ],
    identities: [{ name: 'deployer', secrets: [SECRET] }],
    clusters: [{ name: 'shop', resourceGroup: 'apps', pools: [{ name: 'system' }] }],
    registries: [
      {
        name: 'contoso',
        resourceGroup: 'images',
        repositories: [{ name: 'shop/web', images: [{ tag: '1.4', layers: 1 }] }],
      },
    ],
    roleAssignments: [
      { principal: 'deployer', role: 'Azure Kubernetes Service Cluster User Role', scope: 'cluster:shop' },
      { principal: 'deployer', role: 'Reader', scope: 'registry:contoso' },
      { principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso' },
    ],
  };
}

/** What one run asked and was answered, address by address: requests to different ones go side by side. */
interface Told {
  requests: Record<string, string[]>;
  pods: string[];
  verdict: unknown;
}

async function run(seed: number): Promise<Told> {
  const ground = await openGround(scenario(seed));
  try {
    const { clock, log, cloud, simulator, http } = ground;
    const faster = {
      now: () => clock.now(),
      sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms / 20, signal),
    };
    const credential = clientSecretCredential({
      description: 'a test',
      clientId: ground.clientId('deployer'),
      tenantId: simulator.state.tenantId,
      authority: cloud.authority,
      secret: SECRET,
      sender: new Sender(http, new Trust(cloud), faster, log),
      clock,
      log,
    });
    const request = readRequest({
      mode: 'check',
      cluster: 'shop',
      'resource-group': 'apps',
      registry: 'contoso.azurecr.io',
      image: 'shop/web:1.4',
      'subscription-id': simulator.state.subscriptions[0]?.id ?? '',
    });
    const ports = {
      log,
      clock: faster,
      credential,
      http: oneByOne(http),
      remember: () => undefined,
      runId: '0123abcd',
      signal: new AbortController().signal,
    };
    const report = await preflight(request, ports, '1.0.0');
    return {
      requests: byAddress(simulator.requests),
      pods: [
        ...new Set(
          simulator.requests.flatMap(
            ({ path }) => /involvedObject\.name(?:=|%3D)([\w-]+)/.exec(path)?.[1] ?? [],
          ),
        ),
      ],
      verdict: verdictOf(report),
    };
  } finally {
    await ground.end();
  }
}

/** A request begins once the one before it has its head; a watch is none that others wait for. */
function oneByOne(http: Parameters<typeof preflight>[1]['http']): Parameters<typeof preflight>[1]['http'] {
  let before: Promise<unknown> = Promise.resolve();
  return {
    send(request) {
      if (request.url.includes('watch=1')) return http.send(request);
      const answer = before.then(() => http.send(request));
      before = answer.catch(() => undefined);
      return answer;
    },
  };
}

/** How often these are asked depends on time: the watch begins again, and what only explains is asked for when that takes long. */
const BY_TIME = ['watch pods', 'list events'];

/** Without times, signatures and the client's own random ids. */
function byAddress(requests: readonly RequestRecord[]): Record<string, string[]> {
  const addresses: Record<string, string[]> = {};
  for (const { method, host, path, status, caller, verdict, route = '', fault } of requests) {
    if (BY_TIME.includes(route) || path.includes('watch=')) continue;
    const plain = path.replace(/(se|sig|client-request-id)=[^&]*/g, '');
    (addresses[`${method} ${host}${plain}`] ??= []).push([status, caller, verdict, route, fault].join(' | '));
  }
  return addresses;
}

function verdictOf(report: Report): unknown {
  const [connection] = report.connections;
  return {
    result: report.result,
    cause: report.cause,
    checks: connection?.checks.map(({ id, status, cause }) => [id, status, cause]),
    pulls: connection?.pulls.map(({ status, proved, node, digest }) => [status, proved, node, digest]),
  };
}

it('repeats a seeded run: requests, answers, names and verdict', async () => {
  const [one, again] = [await run(4), await run(4)];
  const faults = Object.values(one.requests)
    .flat()
    .filter((line) => !line.endsWith(' | '));
  expect(faults.length).toBeGreaterThan(2);
  expect(again).toEqual(one);
  const other = await run(5);
  expect(other.requests).not.toEqual(one.requests);
}, 120_000);
