import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { covers } from '../../../src/core/azure/permissions.js';
import type { Permission } from '../../../src/core/azure/permissions.js';
import {
  ACR_PULL,
  gives,
  knownRole,
  NEEDED,
  pullRole,
  REPOSITORY_READER,
} from '../../../src/core/azure/roles.js';
import type { Role } from '../../../src/core/azure/roles.js';

const PULL = 'Microsoft.ContainerRegistry/registries/pull/read';
const role = (...permissions: Partial<Permission>[]): Role => ({
  guid: 'g',
  name: 'n',
  permissions: permissions.map((permission) => ({
    actions: [],
    notActions: [],
    dataActions: [],
    notDataActions: [],
    ...permission,
  })),
});

describe('covers', () => {
  it.each([
    [PULL, true],
    [PULL.toUpperCase(), true],
    ['*', true],
    ['*/read', true],
    ['Microsoft.ContainerRegistry/*', true],
    ['Microsoft.ContainerRegistry/registries/*/read', true],
    ['*/registries/*/read', true],
    ['Microsoft.*/pull/*', true],
    ['**', true],
    ['', false],
    ['*/write', false],
    ['Microsoft.ContainerRegistry/registries/read', false],
    ['Microsoft.ContainerRegistry/registries/pull', false],
    ['Microsoft.ContainerRegistry/registries/pull/read/', false],
    ['Microsoft.ContainerRegistry/registries/pull/read*x', false],
    ['Microsoft-ContainerRegistry/registries/pull/read', false],
    ['*/push/*/read', false],
    ['Microsoft.ContainerRegistry/registries/pull/read*read', false],
  ])('%s: %s', (pattern, expected) => {
    expect(covers(pattern, PULL)).toBe(expected);
  });

  it('is what a regular expression would say', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.'), maxLength: 8 });
    const pattern = fc.array(letters, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('*'));
    fc.assert(
      fc.property(pattern, letters, (some, text) => {
        const expression = some
          .split('*')
          .map((part) => part.replaceAll('.', '\\.'))
          .join('.*');
        expect(covers(some, text)).toBe(new RegExp(`^${expression}$`).test(text));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('gives', () => {
  it('takes away only within one permission', () => {
    const excluded = { actions: ['*'], notActions: ['Microsoft.ContainerRegistry/*'] };
    expect(gives(role(excluded), 'actions', [PULL])).toEqual([]);
    expect(gives(role(excluded, { actions: [PULL] }), 'actions', [PULL])).toEqual([PULL]);
  });

  it('keeps actions and data actions apart', () => {
    expect(gives(role({ actions: ['*'] }), 'dataActions', [PULL])).toEqual([]);
    expect(gives(role({ dataActions: ['*'], notActions: ['*'] }), 'dataActions', [PULL])).toEqual([PULL]);
    expect(
      gives(role({ dataActions: ['*'], notDataActions: ['*/pull/read'] }), 'dataActions', [PULL]),
    ).toEqual([]);
  });

  it.each([
    ['AcrPull', '7f951dda-4ed3-4680-a7ca-43fe172d538d', true, false],
    ['AcrPush', '8311e382-0749-4cb8-b61a-304f252e45ec', true, false],
    ['AcrDelete', 'c2f4ef07-c644-48eb-af81-4b1b4947fb11', false, false],
    ['Reader', 'acdd72a7-3385-48ef-bd42-f606fba81ae7', true, false],
    ['Contributor', 'b24988ac-6180-42a0-ab88-20f7382dd24c', true, false],
    ['Owner', '8e3af657-a8ff-443c-a75c-2fe8c4bcb635', true, false],
    ['Container Registry Repository Reader', 'b93aa761-3e63-49ed-ac28-beffa264f7ac', false, true],
    ['Container Registry Repository Writer', '2a1e307c-b015-4ebd-883e-5b7698a07328', false, true],
    ['Container Registry Repository Catalog Lister', 'bfdb9389-c9a5-478a-bb2f-ba9ca092c3c7', false, false],
  ])('%s lets a principal pull: legacy %#', (name, guid, legacy, abac) => {
    const known = knownRole(guid.toUpperCase());
    expect(known?.name).toBe(name);
    const all = (mode: 'LegacyRegistryPermissions' | 'AbacRepositoryPermissions'): boolean =>
      NEEDED[mode].every(
        ({ kind, needed }) => known !== undefined && gives(known, kind, needed).length === needed.length,
      );
    expect([all('LegacyRegistryPermissions'), all('AbacRepositoryPermissions')]).toEqual([legacy, abac]);
  });
});

it('has one pull role for each known mode, and none to guess', () => {
  expect(pullRole('LegacyRegistryPermissions')).toBe(ACR_PULL);
  expect(pullRole('AbacRepositoryPermissions')).toBe(REPOSITORY_READER);
  expect(pullRole('unknown')).toBeUndefined();
  expect(knownRole('00000000-0000-0000-0000-000000000000')).toBeUndefined();
});
