/** Every recorded role assignment and role definition is read without a crash, and the role table holds against them. */
import { expect, it } from '@jest/globals';
import { decideAccess, readAssignments } from '../../src/core/azure/access.js';
import { makeGrant, planGrant } from '../../src/core/azure/grant.js';
import { roleForAction } from '../../src/core/azure/rights.js';
import { ACR_PULL, gives, knownRole, NEEDED, REPOSITORY_READER } from '../../src/core/azure/roles.js';
import type { Role } from '../../src/core/azure/roles.js';
import { inTurn, routed, SUBSCRIPTION, world } from '../core/support.js';
import { suiteUnless } from '../skip.js';
import { exchangesOf, itemsOf, jsonOf, missingRecordings, tellCount, valuesOf } from './recordings.js';
import type { Exchange } from './recordings.js';

type Json = Record<string, unknown>;
const scopeOf = ({ url }: Exchange): string =>
  decodeURIComponent(new URL(url).pathname).replace(/\/providers\/Microsoft\.Authorization\/.*$/i, '');
const client = (http: Parameters<typeof world>[0]) => world(http).azure.roleAssignments(SUBSCRIPTION);

/** What the recording shows of an assignment, in our words. */
function shown(body: Json): Json {
  const { scope, roleDefinitionId, principalId, condition, description } = body.properties as Record<
    string,
    string | null
  >;
  return {
    id: body.id,
    name: body.name,
    scope,
    roleDefinitionId,
    principalId: principalId?.toLowerCase(),
    ...(condition ? { condition } : {}),
    ...(description !== null && description !== undefined ? { description } : {}),
  };
}
const sameTime = (ours: string | undefined, theirs: unknown): void => {
  expect(Math.abs(Date.parse(ours ?? '') - Date.parse(String(theirs)))).toBeLessThan(1000);
};

suiteUnless(missingRecordings, 'recorded role assignments', () => {
  const lists = exchangesOf('roleAssignments.LIST.json');

  it.each(lists.map((exchange, at) => ({ at, exchange })))(
    'list $at: those at the scope and above',
    async ({ exchange }) => {
      const scope = scopeOf(exchange);
      const found = await client(inTurn(exchange)).reaching(scope, 'p', true);
      const above = scope.toLowerCase();
      const expected = valuesOf(exchange).filter((body) => {
        const at = String((body.properties as Json).scope).toLowerCase();
        return (
          at === '/' || `${above}/`.startsWith(`${at}/`) || at.startsWith('/providers/microsoft.management/')
        );
      });
      expect(found.map(({ updatedOn: _, ...rest }) => rest)).toEqual(expected.map(shown));
      found.forEach(({ updatedOn }, at) => sameTime(updatedOn, (expected[at]?.properties as Json).updatedOn));
    },
  );

  it('decide about access at the scope they were listed for', async () => {
    const registries = lists.filter(({ url }) => url.includes('Microsoft.ContainerRegistry/registries/'));
    expect(registries.length).toBeGreaterThan(0);
    let read = 0;
    for (const exchange of lists) {
      read += valuesOf(exchange).length;
      const http = routed([/roleAssignments\?/, exchange], [/roleDefinitions/, { status: 404 }]);
      const assignments = await readAssignments(client(http), scopeOf(exchange), 'p');
      for (const mode of ['LegacyRegistryPermissions', 'AbacRepositoryPermissions', 'unknown'] as const) {
        const { allowed, grants } = decideAccess(assignments, { id: scopeOf(exchange), mode }, 'p');
        if (mode !== 'unknown' && grants.some(({ condition }) => condition === undefined))
          expect(allowed).toBe(true);
      }
    }
    tellCount('listed role assignments', read);
  });

  it('that were written are read as written', async () => {
    const writes = [
      ...exchangesOf('roleAssignments.PUT.201.acrpull.json'),
      ...exchangesOf('roleAssignments.PUT.201.sample.json'),
      ...exchangesOf('roleAssignments.PUT.condition.json'),
    ];
    for (const exchange of writes) {
      const made = await client(inTurn(exchange)).create({
        name: 'n',
        scope: scopeOf(exchange),
        roleDefinitionId: '/r',
        principalId: 'p',
        description: 'd',
      });
      const { updatedOn, ...rest } = made;
      expect(rest).toEqual(shown(jsonOf(exchange)));
      sameTime(updatedOn, (jsonOf(exchange).properties as Json).updatedOn);
    }
    tellCount('written role assignments', writes.length);
  });

  it('the recorded AcrPull is a grant of what connect writes', async () => {
    for (const exchange of exchangesOf('roleAssignments.PUT.201.acrpull.json')) {
      const { principalId } = jsonOf(exchange).properties as { principalId: string };
      const { ports, azure, clock } = world(inTurn(exchange));
      const planned = planGrant(scopeOf(exchange), principalId, ACR_PULL, []);
      const granted = await makeGrant(azure.roleAssignments(SUBSCRIPTION), planned, clock, ports.signal);
      expect(granted).toMatchObject({
        outcome: 'created',
        assignment: { principalId: principalId.toLowerCase() },
      });
    }
  });
});

suiteUnless(missingRecordings, 'recorded role definitions', () => {
  const bodies = itemsOf('roleDefinitions.real.json').map(({ body }) => body as Json & { name: string });

  async function read(body: Json & { name: string }): Promise<Role> {
    return client(inTurn({ body })).role(
      `/subscriptions/x/providers/Microsoft.Authorization/roleDefinitions/${body.name}`,
    );
  }

  it('are read as served', async () => {
    for (const body of bodies) {
      const { roleName, permissions } = body.properties as Json;
      const role = await read(body);
      expect(role).toMatchObject({ guid: body.name, name: roleName });
      expect(role.permissions).toEqual(permissions);
    }
    tellCount('role definitions', bodies.length);
  });

  it('are what the table of built-in roles says, in all that lets someone pull', async () => {
    let held = 0;
    for (const body of bodies) {
      const served = await read(body);
      const known = knownRole(body.name);
      if (known === undefined) continue;
      held += 1;
      expect(known.name).toBe(served.name);
      expect(known.permissions.map(({ actions }) => actions)).toEqual(
        served.permissions.map(({ actions }) => actions),
      );
      expect(known.permissions.map(({ dataActions }) => [...dataActions].sort())).toEqual(
        served.permissions.map(({ dataActions }) => [...dataActions].sort()),
      );
      for (const { kind, needed } of NEEDED.unknown)
        expect(gives(known, kind, needed)).toEqual(gives(served, kind, needed));
      // What the table leaves out of the exclusions bears on no registry.
      for (const [at, { notActions }] of known.permissions.entries()) {
        const all = served.permissions[at]?.notActions ?? [];
        expect(all).toEqual(expect.arrayContaining([...notActions]));
        expect(all.filter((action) => !notActions.includes(action)).join()).not.toMatch(
          /\*\/|ContainerRegistry/i,
        );
      }
    }
    expect(held).toBe(9);
  });

  it('hold the two pull roles by their GUIDs', () => {
    const name = (guid: string): unknown =>
      (bodies.find((body) => body.name === guid)?.properties as Json | undefined)?.roleName;
    expect([name(ACR_PULL.guid), name(REPOSITORY_READER.guid)]).toEqual([
      ACR_PULL.name,
      REPOSITORY_READER.name,
    ]);
  });

  it.each([
    'Microsoft.ContainerService/managedClusters/read',
    'Microsoft.ContainerService/managedClusters/listClusterUserCredential/action',
    'Microsoft.Authorization/roleAssignments/read',
    'Microsoft.Authorization/roleAssignments/write',
    'Microsoft.Authorization/roleAssignments/delete',
    'Microsoft.Authorization/roleDefinitions/read',
    'Microsoft.ContainerRegistry/registries/read',
  ])('the role that is advised for %s has it', async (action) => {
    const advised = roleForAction(action);
    const body = bodies.find(({ name }) => name === advised?.guid);
    if (body === undefined) throw new Error(`no recording of ${advised?.role ?? action}`);
    const served = await read(body);
    expect(served.name).toMatch(advised?.role ?? '');
    expect(gives(served, 'actions', [action])).toEqual([action]);
  });
});
