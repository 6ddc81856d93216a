import { describe, expect, it } from '@jest/globals';
import { CLOUD_NAMES, cloudNamed, CLOUDS } from '../../../src/core/azure/clouds.js';
import { CredentialWithheld, Trust } from '../../../src/core/http/trust.js';
import type { Carried } from '../../../src/core/http/trust.js';
import { readRequest } from '../../../src/core/request.js';

const addresses = (name: keyof typeof CLOUDS): string[] => {
  const { authority, authorityAliases, resourceManager, microsoftGraph } = CLOUDS[name];
  return [authority, ...authorityAliases, resourceManager, microsoftGraph];
};

describe.each(CLOUD_NAMES)('%s', (name) => {
  const cloud = CLOUDS[name];

  it('is in the table under its name, and complete', () => {
    expect(cloud.name).toBe(name);
    expect(cloudNamed(name)).toBe(cloud);
    for (const address of addresses(name)) expect(address).toMatch(/^https:\/\/[a-z.]+$/);
    for (const scope of [cloud.resourceManagerScope, cloud.registryScope, cloud.kubernetesScope]) {
      expect(scope).toMatch(/[^/]\/\.default$/);
    }
    expect(cloud.resourceManagerScope).toBe(`${cloud.resourceManager}/.default`);
  });

  it('shares no host and no suffix with another', () => {
    for (const other of CLOUD_NAMES.filter((one) => one !== name)) {
      expect(addresses(other).filter((address) => addresses(name).includes(address))).toEqual([]);
      expect(CLOUDS[other].registrySuffix).not.toBe(cloud.registrySuffix);
      expect(CLOUDS[other].federationAudience).not.toBe(cloud.federationAudience);
    }
  });

  it('has credentials go to its own hosts alone', () => {
    const trust = new Trust(cloud);
    const may = (carried: Carried, url: string): boolean => {
      try {
        trust.mayCarry(carried, new URL(url));
        return true;
      } catch (error) {
        if (error instanceof CredentialWithheld) return false;
        throw error;
      }
    };
    expect(may('arm-token', cloud.resourceManager)).toBe(true);
    for (const url of [cloud.authority, ...cloud.authorityAliases])
      expect(may('entra-assertion', url)).toBe(true);
    for (const other of CLOUD_NAMES.filter((one) => one !== name)) {
      for (const url of addresses(other)) {
        expect(may('arm-token', url)).toBe(false);
        expect(may('entra-assertion', url)).toBe(false);
      }
    }
  });

  it('is what an input names, with login servers of its own', () => {
    const { environment, registries } = readRequest({
      mode: 'check',
      cluster: 'shop',
      'resource-group': 'apps',
      registry: `contoso${cloud.registrySuffix}`,
      environment: name,
    });
    expect(environment).toBe(name);
    expect(registries[0]?.by).toBe('login-server');
  });
});

it.each(['AzureStack', 'azurecloud', 'AzureGermanCloud', 'toString', ''])('%j names no cloud', (name) => {
  expect(cloudNamed(name)).toBeUndefined();
});
