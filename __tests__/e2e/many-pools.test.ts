/** Large clusters: what the probes of thirty pools cost in time and in requests. */
import { afterEach, describe, expect, it } from '@jest/globals';
import type { RequestRecord } from '../../src/simulator/index.js';
import { openGround } from './in-process.js';
import type { Ground } from './in-process.js';
import { openScene, scenario } from './scene.js';

const POOLS = 30;
const PULLS = { principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso' };
const USER = {
  principal: 'deployer',
  role: 'Azure Kubernetes Service Cluster User Role',
  scope: 'cluster:shop',
};
const READER = { principal: 'deployer', role: 'Reader', scope: 'registry:contoso' };

let ground: Pick<Ground, 'end'>;
afterEach(() => ground.end());

const poolsOf = (number: number, count = 1): object[] =>
  Array.from({ length: number }, (_, at) => ({
    name: `pool${at}`,
    count,
    mode: at === 0 ? 'System' : 'User',
    architecture: at % 2 === 0 ? 'amd64' : 'arm64',
    ...(at % 3 === 0 && at > 0 ? { taints: [`team=t${at}:NoSchedule`] } : {}),
  }));

/** Requests of the run to the API server; the nodes' own are no part of it. */
const toCluster = (requests: readonly RequestRecord[]): RequestRecord[] =>
  requests.filter(({ host, caller }) => host.endsWith('azmk8s.io') && !/kubelet|node/.test(caller ?? ''));
const isWatch = ({ path }: RequestRecord): boolean => /[?&]watch=/.test(path);

/**
 * How long all probes took together, from the first request to make one to the answer to the last that removes one. Held
 * against the slowest the ratio is that of a slow machine, too: pulls one after the other take the sum of them.
 */
function together(requests: readonly RequestRecord[]): number {
  const began = requests.filter(({ method }) => method === 'POST').map(({ at }) => at);
  const ended = requests
    .filter(({ method }) => method === 'DELETE')
    .map(({ at, durationMs }) => at + durationMs);
  return Math.max(...ended) - Math.min(...began);
}

async function probe(pools: object[], inputs: Record<string, string> = {}) {
  const opened = await openGround(
    scenario({ cluster: { pools }, login: [USER, READER], assigned: [PULLS] }),
    // Pulls are over within the first second: real time costs nothing, and no limit comes near.
    1,
  );
  ground = opened;
  // One node's layer takes much longer than the others'.
  opened.simulator.addFault({
    fault: 'slow-body',
    service: 'acr',
    path: '/v2/**/blobs/**',
    from: 'nodes',
    nth: 1,
    over: '3s',
  });
  const ran = await opened.run({ mode: 'check', image: 'shop/web:1.4', ...inputs });
  const pulls = ran.report?.connections[0]?.pulls ?? [];
  const asked = toCluster(ran.requests);
  return { ...ran, pulls, asked, slowest: Math.max(...pulls.map(({ durationMs }) => durationMs)) };
}

describe.each([
  ['30 pools', poolsOf(POOLS), {}, 0],
  ['every node of 6 pools', poolsOf(6, 5), { nodes: 'all' }, 1],
] as [string, object[], { nodes?: 'all' }, number][])('%s', (_what, pools, inputs, lists) => {
  it('are probed in no more than 1.5 times the slowest, by at most 6 requests each and one watch', async () => {
    const { report, pulls, slowest, asked } = await probe(pools, inputs);
    expect(report?.result).toBe('passed');
    expect(pulls).toHaveLength(POOLS);
    expect(pulls.map(({ status }) => status)).toEqual(Array(POOLS).fill('pass'));
    expect(new Set(pulls.map(({ node }) => node)).size).toBe(POOLS);
    expect(slowest).toBeGreaterThanOrEqual(3000);
    expect(together(asked)).toBeLessThanOrEqual(1.5 * slowest);
    expect(asked.filter(isWatch)).toHaveLength(1);
    expect(asked.filter((request) => !isWatch(request)).length).toBeLessThanOrEqual(6 * POOLS + lists);
    // Paths of what is made name no probe, but it is made once for each; all else does, by the names of its objects.
    for (const what of ['jobs', 'serviceaccounts'])
      expect(asked.filter(({ method, path }) => method === 'POST' && path.endsWith(`/${what}`))).toHaveLength(
        POOLS,
      );
    const named = pulls.map(({ node = '', nodePool }) =>
      asked.filter(
        ({ path }) =>
          path.endsWith(`/nodes/${node}`) || (inputs.nodes === undefined && path.includes(`-${nodePool}-`)),
      ),
    );
    expect(Math.max(...named.map(({ length }) => length))).toBeLessThanOrEqual(4);
  });
});

it('says nothing on standard error, such as that Node takes its many listeners for a leak', async () => {
  const pools = poolsOf(14);
  const scene = await openScene(scenario({ cluster: { pools }, assigned: [PULLS] }));
  ground = scene;
  const ran = await scene.run({ mode: 'check' });
  expect(ran.outputs.result).toBe('passed');
  expect(ran.stderr).toBe('');
});
