/** Every recorded cluster and registry is read without a crash, and rightly where the recording itself shows the answer. */
import { expect, it } from '@jest/globals';
import { parseCluster, readCluster, readUserKubeconfig } from '../../src/core/azure/cluster.js';
import type { Cluster } from '../../src/core/azure/cluster.js';
import { locateRegistry, parseRegistry, readRegistry } from '../../src/core/azure/registry.js';
import { sameId } from '../../src/core/azure/arm-id.js';
import { ArmError } from '../../src/core/azure/arm.js';
import { inTurn, thrown, world } from '../core/support.js';
import { suiteUnless } from '../skip.js';
import { exchangesOf, jsonOf, missingRecordings, tellCount, valuesOf } from './recordings.js';
import type { Exchange } from './recordings.js';

type Json = Record<string, unknown>;
const child = (value: unknown, key: string): Json => ((value as Json | undefined)?.[key] ?? {}) as Json;
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

suiteUnless(missingRecordings, 'recorded clusters', () => {
  const variants = exchangesOf('managedClusters.GET.variants.json');
  const listed = exchangesOf('managedClusters.LIST.json').flatMap(valuesOf);

  function holds(body: Json): void {
    const cluster = parseCluster(body) as Cluster;
    const properties = child(body, 'properties');
    const kubelet = child(child(properties, 'identityProfile'), 'kubeletidentity');
    const access = child(properties, 'apiServerAccessProfile');
    expect(cluster.name).toBe(body.name);
    expect(cluster.location).toBe(body.location);
    expect(cluster.id).toBe(body.id);
    expect(cluster.kubernetesVersion).toBe(
      properties.currentKubernetesVersion ?? properties.kubernetesVersion,
    );
    expect(cluster.provisioningState).toBe(properties.provisioningState);
    expect(cluster.powerState).toBe(child(properties, 'powerState').code ?? '');
    expect(cluster.private).toBe(access.enablePrivateCluster === true);
    expect(cluster.localAccountsDisabled).toBe(properties.disableLocalAccounts === true);
    expect(cluster.entra?.azureRbac).toBe(
      properties.aadProfile === undefined
        ? undefined
        : child(properties, 'aadProfile').enableAzureRBAC === true,
    );
    for (const name of [properties.fqdn, properties.privateFQDN])
      if (typeof name === 'string') expect(cluster.apiServers).toContain(name.toLowerCase());

    // The identity: a managed one is named; without, a cluster with no identity of its own has a service principal.
    if (kubelet.objectId !== undefined) {
      expect(cluster.identity).toEqual({ kind: 'managed-identity', ...kubelet });
    } else if (body.identity === undefined && properties.provisioningState === 'Succeeded') {
      expect(cluster.identity).toEqual({
        kind: 'service-principal',
        clientId: child(properties, 'servicePrincipalProfile').clientId,
      });
    } else expect(cluster.identity).toEqual({ kind: 'unknown' });

    const pools = properties.agentPoolProfiles as Json[];
    expect(cluster.pools.map(({ name, os, count }) => ({ name, os, count }))).toEqual(
      pools.map(({ name, osType, count }) => ({ name, os: String(osType).toLowerCase(), count })),
    );
    // Every recorded node image and size is of an x86 machine.
    expect(cluster.pools.map(({ architecture }) => architecture)).toEqual(pools.map(() => 'amd64'));
  }

  it.each(variants.map((exchange, at) => ({ at, exchange })))('variant $at', ({ exchange }) =>
    holds(jsonOf(exchange)),
  );
  it.each(listed.map((body, at) => ({ at, body })))('list item $at', ({ body }) => holds(body));

  it('show every kind of identity and of API server', () => {
    const clusters = variants.map((exchange) => parseCluster(jsonOf(exchange)));
    const kinds = new Set(clusters.map((cluster) => cluster?.identity.kind));
    expect(kinds).toEqual(new Set(['managed-identity', 'service-principal', 'unknown']));
    expect(new Set(clusters.map((cluster) => cluster?.apiServers.length))).toEqual(new Set([1, 2]));
    tellCount('clusters', variants.length + listed.length);
  });

  it('are read by way of ARM too', async () => {
    for (const exchange of variants) {
      const { pathname } = new URL(exchange.url);
      const http = inTurn({ headers: exchange.headers, body: exchange.body });
      expect(sameId((await readCluster(world(http).azure.arm, pathname)).id, pathname)).toBe(true);
    }
  });

  it('give their user credential', async () => {
    const exchanges = exchangesOf('listClusterUserCredential.json');
    const cluster = parseCluster(listed[0]) as Cluster;
    for (const { headers, body } of exchanges) {
      const kubeconfig = await readUserKubeconfig(world(inTurn({ headers, body })).azure.arm, cluster);
      expect(kubeconfig).toMatch(/^kind: Config$/m);
    }
    tellCount('user credentials', exchanges.length);
  });
});

suiteUnless(missingRecordings, 'recorded registries', () => {
  const ARM_REGISTRY = /\/providers\/Microsoft\.ContainerRegistry\/registries\/[^/?]+\?/;
  const singles = [
    ...exchangesOf('registries.GET.variants.json'),
    ...exchangesOf('acr.abac.recording.json').filter(({ url }) => ARM_REGISTRY.test(url)),
    ...exchangesOf('acr.login.expose-token.recording.json').filter(({ url }) => ARM_REGISTRY.test(url)),
  ];
  const lists = exchangesOf('registries.LIST.json');
  const version = (exchange: Exchange): string => new URL(exchange.url).searchParams.get('api-version') ?? '';

  function holds(body: Json): void {
    const registry = parseRegistry(body);
    const properties = child(body, 'properties');
    expect(registry).toMatchObject({
      id: body.id,
      name: body.name,
      sku: child(body, 'sku').name,
      loginServer: text(properties.loginServer)?.toLowerCase(),
      mode: properties.roleAssignmentMode ?? 'unknown',
      anonymousPull: properties.anonymousPullEnabled === true,
      publicNetworkAccess: properties.publicNetworkAccess ?? 'Enabled',
      networkRestricted:
        properties.publicNetworkAccess === 'Disabled' ||
        child(properties, 'networkRuleSet').defaultAction === 'Deny',
    });
  }

  it.each(singles.map((exchange, at) => ({ at, exchange })))('registry $at', ({ exchange }) =>
    holds(jsonOf(exchange)),
  );

  it('have a mode only in versions that show it', () => {
    const modes = singles.map((exchange) => ({
      version: version(exchange),
      mode: parseRegistry(jsonOf(exchange))?.mode,
    }));
    expect(new Set(modes.map(({ mode }) => mode))).toEqual(
      new Set(['LegacyRegistryPermissions', 'AbacRepositoryPermissions', 'unknown']),
    );
    for (const { version: asked, mode } of modes) if (asked < '2025') expect(mode).toBe('unknown');
  });

  it('are read by way of ARM too', async () => {
    for (const { url, headers, body } of singles) {
      const { pathname } = new URL(url);
      const registry = await readRegistry(world(inTurn({ headers, body })).azure.arm, pathname);
      expect(sameId(registry.id, pathname)).toBe(true);
    }
  });

  it('are found in lists with their facts; lists of generic resources hold none', async () => {
    let found = 0;
    for (const exchange of lists) {
      const generic = exchange.url.includes('/resources?');
      for (const body of valuesOf(exchange)) {
        if (generic) expect(parseRegistry(body)).toBeUndefined();
        else {
          holds(body);
          const loginServer = String(child(body, 'properties').loginServer);
          const ref = { by: 'login-server', loginServer, text: loginServer } as const;
          const located = await locateRegistry(world(inTurn({ body: exchange.body })).azure.arm, ref, 'x');
          expect(located).toMatchObject({ id: body.id, registry: { name: body.name } });
        }
        found += 1;
      }
    }
    tellCount('registries', singles.length + found);
  });

  it('and rows of Resource Graph are taken for registries only where there is exactly one', async () => {
    const exchanges = exchangesOf('resourceGraph.json');
    const ref = { by: 'name', name: 'contoso', text: 'contoso' } as const;
    for (const { status, headers, body } of exchanges) {
      const http = inTurn({ body: { value: [] } }, { status, headers, body });
      const outcome: unknown = await locateRegistry(world(http).azure.arm, ref, 'x').catch(
        (error: unknown) => error,
      );
      const rows = status === 200 ? (JSON.parse(body) as Json).data : undefined;
      if (!Array.isArray(rows)) expect(outcome).toBeInstanceOf(ArmError);
      else {
        const ids = (rows as Json[]).flatMap(({ id }) => text(id) ?? []);
        if (ids.length === 1) expect(outcome).toEqual({ id: ids[0] });
        else expect(outcome).toMatchObject({ name: 'RegistryNotFound' });
      }
    }
    tellCount('answers of Resource Graph', exchanges.length);
  });

  it('and nothing else is taken for a registry', async () => {
    const [cluster] = exchangesOf('managedClusters.GET.variants.json');
    expect(
      await thrown(() => readRegistry(world(inTurn({ body: cluster?.body ?? '' })).azure.arm, '/x')),
    ).toBeInstanceOf(ArmError);
  });
});
