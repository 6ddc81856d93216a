/** Pools that have no room for a probe, and get a node for it: by the cluster autoscaler, and by node auto-provisioning. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ProxyAgent, request } from 'undici';
import { openGround } from './in-process.js';
import type { Ground, WholeRun } from './in-process.js';
import { only, scenario } from './scene.js';

const CLOUD = scenario({
  login: [
    { principal: 'deployer', role: 'Azure Kubernetes Service Cluster User Role', scope: 'cluster:shop' },
    { principal: 'deployer', role: 'Reader', scope: 'registry:contoso' },
  ],
  assigned: [{ principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso' }],
  cluster: {
    newNodeTime: '3m',
    pools: [{ name: 'system' }, { name: 'growing', maxCount: 2 }, { name: 'grown', maxCount: 1 }],
    provisionedPools: [{ name: 'general', count: 0, taints: ['team=a:NoSchedule'] }],
  },
});

/** Takes all the room that the pool's one node has. */
async function fill({ simulator }: Ground, pool: string): Promise<void> {
  const [cluster] = simulator.state.clusters;
  if (cluster === undefined) throw new Error('the scenario has no cluster');
  const authority = await simulator.context.clusterAuthority(cluster);
  const { certificate: cert, key } = await authority.client('admin', ['system:masters']);
  const dispatcher = new ProxyAgent({
    uri: simulator.proxyUrl,
    requestTls: { ca: authority.certificate, cert, key },
  });
  const resources = { requests: { cpu: '3860m' } };
  const image = 'contoso.azurecr.io/shop/web:1.4';
  const { statusCode } = await request(`https://${cluster.fqdn}/api/v1/namespaces/kube-system/pods`, {
    method: 'POST',
    dispatcher,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      metadata: { name: `fills-${pool}` },
      spec: {
        nodeSelector: { 'kubernetes.azure.com/agentpool': pool },
        containers: [{ name: 'all', image, resources }],
      },
    }),
  });
  await dispatcher.close();
  expect(statusCode).toBe(201);
}

describe('a pool without room for the probe', () => {
  let ground: Ground;
  const came = new Map<string, WholeRun & { waited: Set<string> }>();
  beforeAll(async () => {
    ground = await openGround(CLOUD);
    await Promise.all(['growing', 'grown'].map((pool) => fill(ground, pool)));
    const awaited = new Set<string>();
    await Promise.all(
      ['growing', 'grown', 'general'].map(async (pool) => {
        const waited = new Set<string>();
        const waiting = ({ what }: { what: string }): void => {
          waited.add(what);
          if (!what.includes('the autoscaler adds') || awaited.has(pool)) return;
          // They come once both runs have said that they wait for one.
          if (awaited.add(pool).size === 2) ground.simulator.pass(180_000);
        };
        const log = { waiting };
        const ran = await ground.run({ mode: 'check', image: 'shop/web:1.4', 'node-pools': pool }, log);
        came.set(pool, { ...ran, waited });
      }),
    );
  }, 120_000);
  afterAll(() => ground.end());

  it.each([
    ['the cluster autoscaler', 'growing'],
    ['node auto-provisioning, of a NodePool without any node', 'general'],
  ])('gets a node by %s, which is waited for', (_by, pool) => {
    const { report, waited } = came.get(pool) ?? {};
    expect(only(report)).toMatchObject({ result: 'passed', pulls: [{ nodePool: pool, status: 'pass' }] });
    expect([...(waited ?? [])]).toContain(`a node that the autoscaler adds (pools: ${pool})`);
    const { pools = [], provisionedPools = [] } = ground.simulator.state.clusters[0] ?? {};
    const counts = [...pools, ...provisionedPools].map(({ name, count }) => [name, count]);
    expect(Object.fromEntries(counts)).toEqual({ system: 1, growing: 2, grown: 1, general: 1 });
  });

  it('that may have no more nodes is unknown, in the words of scheduler and autoscaler', () => {
    const { report, waited } = came.get('grown') ?? {};
    const { result, pulls } = only(report);
    expect(result).toBe('unknown');
    expect(pulls).toMatchObject([{ nodePool: 'grown', status: 'unknown', cause: 'probe-unschedulable' }]);
    expect(pulls[0]?.message).toMatch(/Insufficient cpu.*1 max node group size reached/);
    expect([...(waited ?? [])].filter((what) => what.includes('autoscaler'))).toEqual([]);
  });
});
