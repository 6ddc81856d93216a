/** Registries behind private endpoints: what scenarios say of them, and what nodes of each kind of cluster meet. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadScenario, ScenarioError } from '../../../src/simulator/cloud/scenario.js';
import type { ManagedCluster, Registry } from '../../../src/simulator/cloud/model.js';
import { wayTo } from '../../../src/simulator/cloud/private-link.js';
import { nodesOf } from '../../../src/simulator/kubernetes/nodes.js';
import { builtInRuntime } from '../../../src/simulator/kubernetes/runtime/built-in.js';
import { startSimulator } from '../../../src/simulator/index.js';
import type { Simulator } from '../../../src/simulator/index.js';

const CLUSTERS = `
  - { name: linked, resourceGroup: apps, pools: [{ name: system }] }
  - { name: apart, resourceGroup: apps, pools: [{ name: system }] }
  - { name: cut-off, resourceGroup: apps, pools: [{ name: system }] }`;

function problems(registries: string): Record<string, string> {
  try {
    loadScenario(`name: x\nclusters:${CLUSTERS}\nregistries:\n${registries}`, 0);
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    return Object.fromEntries(error.problems.map(({ path, message }) => [path, message]));
  }
  return {};
}

describe('a private endpoint in a scenario', () => {
  it('needs Premium, and clusters that are there', () => {
    expect(
      problems(
        '  - { name: contoso, resourceGroup: rg, privateEndpoint: { linked: [linked, shop], reachable: [shop] } }',
      ),
    ).toEqual({
      'registries[0].privateEndpoint': 'needs sku: Premium',
      'registries[0].privateEndpoint.linked[1]': 'no cluster is called "shop"',
      'registries[0].privateEndpoint.reachable[0]': 'no cluster is called "shop"',
    });
  });

  it('shares its zone with others of its group; a network has one zone of the name alone', () => {
    const of = (name: string, group: string, linked: string): string =>
      `  - { name: ${name}, resourceGroup: ${group}, sku: Premium, privateEndpoint: { linked: [${linked}] } }\n`;
    expect(problems(of('first', 'rg', 'linked') + of('second', 'rg', 'linked'))).toEqual({});
    expect(
      Object.keys(problems(of('first', 'rg', 'linked') + of('second', 'other', 'apart, linked'))),
    ).toEqual(['registries[1].privateEndpoint.linked']);
  });

  it('is to be built in where packets would be dropped', async () => {
    const pool = '{ name: system, runtime: containerd }';
    const yaml = `
name: x
clusters: [{ name: shop, resourceGroup: apps, pools: [${pool}] }]
registries: [{ name: contoso, resourceGroup: rg, sku: Premium, privateEndpoint: { reachable: [] } }]`;
    await expect(startSimulator(yaml)).rejects.toThrow(/clusters\[0\]\.pools\[0\]\.runtime/);
  });
});

describe('nodes', () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator(`
name: ways
clusters:${CLUSTERS}
registries:
  - name: contoso
    resourceGroup: images
    sku: Premium
    publicNetworkAccess: Disabled
    anonymousPull: true
    privateEndpoint: { linked: [linked, cut-off], reachable: [linked, apart] }
    repositories: &repositories [{ name: web, images: [{ tag: '1' }] }]
  - name: unnamed
    resourceGroup: images
    sku: Premium
    anonymousPull: true
    privateEndpoint: { linked: [linked], inZone: false }
    repositories: *repositories
  - { name: plain, resourceGroup: images, anonymousPull: true, repositories: *repositories }
`);
  });
  afterAll(() => simulator.stop());

  const clusterOf = (name: string): ManagedCluster => {
    const found = simulator.state.clusters.find((one) => one.name === name);
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  };
  const registryOf = (name: string): Registry => {
    const found = simulator.state.registries.find((one) => one.name === name);
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  };
  /** What a node of a cluster says of a pull; empty when it has the image. */
  async function pulled(cluster: string, registry: string): Promise<string> {
    const [node] = nodesOf(clusterOf(cluster));
    if (node === undefined) throw new Error(`${cluster} has no node`);
    const runtime = builtInRuntime(simulator.context, clusterOf(cluster), node);
    const reference = { host: registryOf(registry).loginServer, repository: 'web', tag: '1' };
    try {
      await runtime.pull(reference, { username: '', password: '' }, new AbortController().signal);
      return '';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
  /** The hosts of requests since. */
  const asked = (since: number): string[] => [
    ...new Set(simulator.requests.slice(since).map(({ host }) => host)),
  ];

  it('whose network is linked and reaches it pull, though public access is off, and layers as well', async () => {
    const since = simulator.requests.length;
    expect(await pulled('linked', 'contoso')).toBe('');
    expect(asked(since)).toEqual(['contoso.azurecr.io', 'contoso.westeurope.data.azurecr.io']);
  });

  it("whose network isn't linked come to the public address, and are refused there", async () => {
    expect(await pulled('apart', 'contoso')).toMatch(/403 Forbidden/);
    expect(simulator.requests.at(-1)).toMatchObject({
      host: 'contoso.azurecr.io',
      status: 403,
      verdict: 'refused by the registry firewall',
    });
  });

  it("that come to the public address pull while that isn't closed", async () => {
    expect(await pulled('apart', 'unnamed')).toBe('');
  });

  it("whose zone doesn't hold the name find no such host, and nobody is asked", async () => {
    const since = simulator.requests.length;
    expect(await pulled('linked', 'unnamed')).toMatch(/lookup unnamed\.azurecr\.io on \S+: no such host/);
    expect(asked(since)).toEqual([]);
  });

  it('that are led to an address they do not reach get no answer from it', async () => {
    const since = simulator.requests.length;
    expect(await pulled('cut-off', 'contoso')).toMatch(/dial tcp 10\.224\.\d+\.\d+:443: i\/o timeout/);
    expect(asked(since)).toEqual([]);
  });

  it.each(['linked', 'apart', 'cut-off'])(
    'of %s find a registry without one where everybody does',
    async (name) => {
      expect(await pulled(name, 'plain')).toBe('');
    },
  );

  it('find login server and data endpoint at addresses of their own, whatever the casing', () => {
    const { loginServer, blobHost } = registryOf('contoso');
    const ways = [loginServer, blobHost, loginServer.toUpperCase()].map((host) =>
      wayTo(simulator.state, clusterOf('linked'), host),
    );
    expect(ways.map(({ kind }) => kind)).toEqual(['private', 'private', 'private']);
    const [login, data, shouted] = ways.map((way) => ('address' in way ? way.address : ''));
    expect(shouted).toBe(login);
    expect(data).not.toBe(login);
  });

  it('are the only ones with private ways: who comes from elsewhere meets the firewall', async () => {
    const { status } = await simulator.context.dial('https://contoso.azurecr.io/v2/');
    expect(status).toBe(403);
  });
});
