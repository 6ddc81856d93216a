/** What is known of one registry says nothing of another. */
import { expect, it } from '@jest/globals';
import type { Facts } from '../../../src/core/diagnosis/ranking/facts.js';
import { rank } from '../../../src/core/diagnosis/ranking/rank.js';
import { parseSymptom } from '../../../src/core/diagnosis/symptoms/parse.js';

const FACTS: Facts = {
  loginServer: 'contoso.azurecr.io',
  access: false,
  mode: 'LegacyRegistryPermissions',
  networkRestricted: true,
  nodeOs: 'linux',
  nodeArchitecture: 'arm64',
  imagePlatforms: ['linux/amd64'],
};
const refusedBy = (host: string, status = '401 Unauthorized'): string =>
  `Failed to pull image "${host}/a:1": failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://${host}/token?scope=a: ${status}`;

it.each(['ghcr.io', 'fabrikam.azurecr.io', 'auth.docker.io', 'mcr.microsoft.com'])('%s', (host) => {
  expect(rank(parseSymptom(refusedBy(host)), FACTS).determined).toBe(false);
  expect(rank(parseSymptom(refusedBy(host, '403 Forbidden')), FACTS).determined).toBe(false);
});

it('and decides where it is the one', () => {
  const { determined, causes } = rank(parseSymptom(refusedBy('contoso.azurecr.io')), FACTS);
  expect([determined, causes[0]?.id]).toEqual([true, 'unauthorized-no-role']);
  const kept = rank(parseSymptom(refusedBy('contoso.azurecr.io', '403 Forbidden')), FACTS);
  expect([kept.determined, kept.causes[0]?.id]).toEqual([true, 'firewall-403']);
});
