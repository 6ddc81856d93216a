/** A whole connect in each of the other clouds, by the shipped bundle: at that cloud's hosts and no other's. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { CLOUDS } from '../../src/simulator/cloud/clouds.js';
import { only, openScene, scenario } from './scene.js';
import type { Scene } from './scene.js';

let scene: Scene | undefined;
afterEach(async () => {
  await scene?.end();
  scene = undefined;
});

/** As Azure names them in each (https://learn.microsoft.com/azure/reliability/regions-list). */
const LOCATIONS = { AzureChinaCloud: 'chinanorth3', AzureUSGovernment: 'usgovvirginia' } as const;

describe.each(Object.keys(LOCATIONS) as (keyof typeof LOCATIONS)[])('%s', (cloud) => {
  const location = LOCATIONS[cloud];
  const names = CLOUDS[cloud];

  it('gets its grant and its proof, and no other cloud hears of it', async () => {
    scene = await openScene(
      scenario({
        cloud,
        grantDelay: '1s',
        cluster: { location, entra: { azureRbac: true } },
        registry: { location, sku: 'Premium', dataEndpoint: true },
        assigned: [
          {
            principal: 'deployer',
            role: 'Azure Kubernetes Service RBAC Cluster Admin',
            scope: 'cluster:shop',
          },
        ],
      }),
    );
    const { simulator } = scene;
    const loginServer = `contoso.${names.registrySuffix}`;
    const run = await scene.run({ registry: loginServer, environment: cloud });
    expect({ exit: run.exitCode, ...run.outputs }).toMatchObject({
      exit: 0,
      result: 'passed',
      changed: 'true',
      verified: 'true',
      'login-server': loginServer,
    });
    expect(only(run.report).pulls.map(({ status, proved }) => [status, proved])).toEqual([
      ['pass', 'content'],
    ]);
    const hosts = simulator.connectedNames.filter((host) => !host.endsWith('.githubusercontent.com'));
    const apiServer = simulator.state.clusters[0]?.fqdn ?? '';
    expect(apiServer.endsWith(`.hcp.${location}.${names.apiServerSuffix}`)).toBe(true);
    expect(hosts.sort()).toEqual([apiServer, loginServer, names.login, names.resourceManager].sort());
    const kubelets = run.requests.filter(({ caller }) => caller?.startsWith('kubelet'));
    expect(kubelets.length).toBeGreaterThan(0);
    for (const { host } of kubelets) expect(host.endsWith(`.${names.registrySuffix}`)).toBe(true);
    expect(run.requests.filter(({ modelled }) => !modelled)).toEqual([]);
  }, 60_000);
});

it('asked for in the wrong cloud, says that the tenant is not there', async () => {
  scene = await openScene(scenario({ cloud: 'AzureUSGovernment' }));
  const run = await scene.run({ registry: 'contoso.azurecr.us', environment: 'AzureChinaCloud' });
  expect(run.outputs.result).not.toBe('passed');
  expect(scene.simulator.connectedNames).not.toContain(CLOUDS.AzureUSGovernment.resourceManager);
  expect(scene.simulator.connectedNames).not.toContain(CLOUDS.AzureUSGovernment.login);
}, 60_000);
