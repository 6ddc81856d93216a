import { describe, expect, it } from '@jest/globals';
import { apiServerNames, keptOut } from '../../../src/simulator/cloud/api-server-access.js';
import type { CloudState, ManagedCluster } from '../../../src/simulator/cloud/model.js';
import { loadScenario, ScenarioError } from '../../../src/simulator/cloud/scenario.js';
import { clusterBody } from '../../../src/simulator/arm/clusters.js';

function cloud(keys: object, runner: object = {}): { state: CloudState; cluster: ManagedCluster } {
  const { state } = loadScenario(
    JSON.stringify({ name: 'x', runner, clusters: [{ name: 'shop', resourceGroup: 'apps', ...keys }] }),
    0,
  );
  const [cluster] = state.clusters;
  if (cluster === undefined) throw new Error('no cluster');
  return { state, cluster };
}

const ways = (keys: object, runner?: object): (string | undefined)[] => {
  const { state, cluster } = cloud(keys, runner);
  return apiServerNames(cluster).map((name) => keptOut(state, cluster, name));
};

describe('who gets to an API server', () => {
  it.each<[string, object, (string | undefined)[]]>([
    ['a public one', {}, [undefined]],
    ['a private one, from outside', { private: true }, ['dns']],
    ['a private one, from a network without its zone', { private: true, runnerNetwork: 'peered' }, ['dns']],
    ['a private one, from its own network', { private: true, runnerNetwork: 'linked' }, [undefined]],
    ['both names, from outside', { private: true, publicFqdn: true }, ['dns', 'refused']],
    [
      'both names, from a network without the zone',
      { private: true, publicFqdn: true, runnerNetwork: 'peered' },
      ['dns', undefined],
    ],
    [
      'both names, from its own network',
      { private: true, publicFqdn: true, runnerNetwork: 'linked' },
      [undefined, undefined],
    ],
    ['one without a zone, from outside', { private: true, privateDns: 'none' }, ['refused']],
    [
      'one without a zone, from a network that leads there',
      { private: true, privateDns: 'none', runnerNetwork: 'peered' },
      [undefined],
    ],
    ['one for others', { authorizedIpRanges: ['198.51.100.0/24'] }, ['refused']],
    ['one for a range with it', { authorizedIpRanges: ['198.51.100.1', '203.0.113.0/24'] }, [undefined]],
  ])('%s', (_what, keys, expected) => {
    expect(ways(keys)).toEqual(expected);
  });

  it("goes by the runner's address", () => {
    const keys = { authorizedIpRanges: ['198.51.100.7'] };
    expect(ways(keys, { address: '198.51.100.7' })).toEqual([undefined]);
    expect(ways(keys, { address: '198.51.100.8' })).toEqual(['refused']);
  });

  it.each([
    { publicFqdn: true },
    { privateDns: 'none' },
    { runnerNetwork: 'peered' },
    { private: true, authorizedIpRanges: ['198.51.100.7'] },
    { authorizedIpRanges: ['anywhere'] },
  ])('%j is a mistake in a scenario', (keys) => {
    expect(() => cloud(keys)).toThrow(ScenarioError);
  });
});

describe('what ARM tells of it', () => {
  const told = (keys: object): object => {
    const { cluster } = cloud(keys);
    const { properties } = clusterBody(cluster, 'tenant', '2025-10-01') as {
      properties: Record<string, unknown>;
    };
    const kindOf = (name: unknown): string | undefined =>
      typeof name !== 'string' ? undefined : name.includes('.privatelink.') ? 'private' : 'public';
    return {
      fqdn: kindOf(properties.fqdn),
      privateFQDN: kindOf(properties.privateFQDN),
      profile: properties.apiServerAccessProfile,
    };
  };

  // Recording: managedClusters.GET.variants.json.
  it.each<[object, object]>([
    [{}, { fqdn: 'public', privateFQDN: undefined, profile: undefined }],
    [
      { private: true },
      {
        fqdn: undefined,
        privateFQDN: 'private',
        profile: { enablePrivateCluster: true, privateDNSZone: 'system' },
      },
    ],
    [
      { private: true, publicFqdn: true },
      {
        fqdn: 'public',
        privateFQDN: 'private',
        profile: {
          enablePrivateCluster: true,
          privateDNSZone: 'system',
          enablePrivateClusterPublicFQDN: true,
        },
      },
    ],
    [
      { private: true, privateDns: 'none' },
      {
        fqdn: 'public',
        privateFQDN: 'public',
        profile: { enablePrivateCluster: true, privateDNSZone: 'none', enablePrivateClusterPublicFQDN: true },
      },
    ],
    [
      { authorizedIpRanges: ['203.0.113.0/24'] },
      { fqdn: 'public', privateFQDN: undefined, profile: { authorizedIPRanges: ['203.0.113.0/24'] } },
    ],
  ])('%j', (keys, expected) => {
    expect(told(keys)).toEqual(expected);
  });
});
