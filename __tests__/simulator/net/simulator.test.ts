import { readFile, stat } from 'node:fs/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ScenarioError, startSimulator } from '../../../src/simulator/index.js';
import type { RequestRecord, Simulator } from '../../../src/simulator/index.js';
import { openClient } from './client.js';

let simulator: Simulator | undefined;
afterEach(() => simulator?.stop());

const SCENARIO = `
name: whole
clusters: [{ name: shop, resourceGroup: shop-rg }, { name: hidden, resourceGroup: shop-rg, private: true }]
registries: [{ name: contoso, resourceGroup: registry-rg }]
`;

describe('a simulator', () => {
  it('serves every part of the cloud under its real name, through one proxy', async () => {
    const seen: RequestRecord[] = [];
    simulator = await startSimulator(SCENARIO, { onRequest: (record) => seen.push(record) });
    const client = openClient(simulator);
    const { state } = simulator;
    const services: [string, number, string][] = [
      [
        `https://login.microsoftonline.com/${state.tenantId}/v2.0/.well-known/openid-configuration`,
        200,
        'entra',
      ],
      ['https://management.azure.com/subscriptions?api-version=2022-12-01', 401, 'arm'],
      ['https://contoso.azurecr.io/v2/', 401, 'acr'],
      ['https://token.actions.githubusercontent.com/.well-known/jwks', 200, 'github'],
    ];
    for (const [url, status] of services) {
      const answer = await client.send(url);
      await answer.text();
      expect([url, answer.status]).toEqual([url, status]);
    }
    expect(simulator.requests.map(({ service }) => service)).toEqual(
      services.map(([, , service]) => service),
    );
    expect(simulator.requests.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
    await simulator.stop();
    expect(seen).toEqual(simulator.requests);
    await client.close();
  });

  it('gives a cluster an authority of its own, and a private one no way in', async () => {
    simulator = await startSimulator(SCENARIO);
    const [shop, hidden] = simulator.state.clusters;
    if (shop === undefined || hidden === undefined) throw new Error('The scenario has no clusters.');
    const outside = openClient(simulator);
    await expect(outside.send(`https://${shop.fqdn}/version`)).rejects.toThrow();
    const { certificate } = await simulator.context.clusterAuthority(shop);
    const inside = openClient({ ...simulator, caPem: certificate });
    expect((await inside.send(`https://${shop.fqdn}/version`)).status).toBeLessThan(500);
    expect(await simulator.context.clusterAuthority(shop)).toBe(
      await simulator.context.clusterAuthority(shop),
    );
    await expect(inside.send(`https://${hidden.fqdn}/version`)).rejects.toThrow();
    await Promise.all([outside.close(), inside.close()]);
  });

  it('lets machines inside dial registries through the same door', async () => {
    simulator = await startSimulator(SCENARIO);
    const { status } = await simulator.context.dial('https://contoso.azurecr.io/v2/');
    expect(status).toBe(401);
    expect(simulator.requests).toHaveLength(1);
  });

  it('leads programs by environment variables, to a file that only its owner reads and that goes with it', async () => {
    simulator = await startSimulator(SCENARIO);
    const { caFile, caPem, proxyUrl } = simulator;
    expect(simulator.environment()).toMatchObject({
      HTTPS_PROXY: proxyUrl,
      NODE_EXTRA_CA_CERTS: caFile,
      REQUESTS_CA_BUNDLE: caFile,
      SSL_CERT_FILE: caFile,
    });
    expect(new URL(proxyUrl).hostname).toBe('127.0.0.1');
    expect(await readFile(caFile, 'utf8')).toBe(caPem);
    expect(caPem).not.toContain('PRIVATE KEY');
    expect((await stat(caFile)).mode & 0o777).toBe(0o600);
    await simulator.stop();
    await simulator.stop();
    await expect(stat(caFile)).rejects.toThrow('ENOENT');
  });

  it('refuses a scenario that is wrong before anything is opened', async () => {
    await expect(startSimulator('name: x\nclusters: [{ name: shop }]')).rejects.toThrow(ScenarioError);
  });

  it('holds requests up at both stages, and carries them out or not', async () => {
    const came: string[] = [];
    simulator = await startSimulator(SCENARIO, {
      hold: async ({ stage, from, method, host, path }) => {
        came.push(`${stage} ${from} ${method} ${host}${path}`);
        if (path.includes('unheard')) throw new Error('held up for good');
      },
    });
    const client = openClient(simulator);
    expect((await client.send('https://contoso.azurecr.io/v2/')).status).toBe(401);
    expect(came).toEqual([
      'request clients GET contoso.azurecr.io/v2/',
      'answer clients GET contoso.azurecr.io/v2/',
    ]);
    await expect(client.send('https://contoso.azurecr.io/v2/unheard')).rejects.toThrow();
    // Nothing was done: the service that would have answered named no route.
    expect([came.length, simulator.requests.at(-1)?.route]).toEqual([3, undefined]);
    await client.close();
  });

  it('passes over time', async () => {
    simulator = await startSimulator(SCENARIO, { now: () => 1_000_000 });
    simulator.pass(2_000);
    expect(simulator.context.now()).toBe(1_002_000);
  });
});
