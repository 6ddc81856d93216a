import { readdirSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { delegationCondition } from '../../../src/core/azure/delegation.js';
import { roleForAction } from '../../../src/core/azure/rights.js';
import { CAUSES, familyOf, isCause, pageOf } from '../../../src/core/diagnosis/causes.js';
import type { FixFacts } from '../../../src/core/diagnosis/cause.js';
import type { CauseId } from '../../../src/core/diagnosis/causes.js';
import { command, registryScope, scopeOf } from '../../../src/core/diagnosis/commands.js';
import { shellWord } from '../../../src/core/shell.js';
import { CALLER_OBJECT_ID, OBJECT_ID, SUBSCRIPTION } from '../support.js';
import { runInShell } from './shell.js';

const IDS = Object.keys(CAUSES) as CauseId[];

/** Names as nobody can give them, but as an answer could hold them. */
const HOSTILE = `a'b"c$(touch "$CANARY")\`touch $CANARY\`; touch $CANARY; (é) \\ && x`;

function facts(group: string, name: string): FixFacts {
  const registry = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${group}/providers/Microsoft.ContainerRegistry/registries/contoso`;
  return {
    cluster: {
      id: `/subscriptions/${SUBSCRIPTION}/resourceGroups/${group}/providers/Microsoft.ContainerService/managedClusters/${name}`,
      name,
      resourceGroup: group,
    },
    registry: { id: registry, name, loginServer: 'contoso.azurecr.io' },
    wantedRegistry: 'contoso',
    writes: true,
    kubeletObjectId: OBJECT_ID,
    role: { name: 'AcrPull', guid: '7f951dda-4ed3-4680-a7ca-43fe172d538d' },
    caller: { objectId: CALLER_OBJECT_ID, type: 'ServicePrincipal' },
    missing: { action: 'Microsoft.Authorization/roleAssignments/write', scope: registry },
    namespace: 'default',
    image: name,
    servicePrincipalClientId: 'app-id',
  };
}
const TAME = facts('shops', 'shop');

it('has every cause of every family, and none in two', async () => {
  const folder = new URL('../../../src/core/diagnosis/catalogue/', import.meta.url);
  const families = await Promise.all(
    readdirSync(folder).map(async (file) => {
      const [causes = {}] = Object.values(
        (await import(new URL(file, folder).pathname)) as object,
      ) as object[];
      return Object.keys(causes).map((id) => [id, file.replace('.ts', '')]);
    }),
  );
  const found = families.flat();
  expect(found.map(([id]) => id).sort()).toEqual([...IDS].sort());
  expect(IDS.map((id) => [id, familyOf(id)]).sort()).toEqual(found.sort());
});

describe.each(IDS)('%s', (id) => {
  const cause = CAUSES[id];

  it('has a title, a reason and something to do, also when nothing is known', () => {
    expect(cause.title).toMatch(/^\S.*[^.]$/);
    expect(cause.why).toMatch(/^\S.*\.$/s);
    for (const known of [{}, TAME]) {
      const { summary, commands, literalCommands } = cause.fix(known);
      expect(summary).toMatch(/\S.*\.$/s);
      expect(literalCommands ?? []).toHaveLength(commands.length);
      expect(`${summary}${commands.join()}`).not.toMatch(/undefined|\[object/);
    }
    expect(isCause(id)).toBe(true);
    expect(pageOf(id)).toMatch(new RegExp(`/docs/causes/${id}\\.md$`));
  });

  it('prints commands that take ids by sub-command, where a command can tell them', () => {
    const { commands } = cause.fix(TAME);
    for (const line of commands) {
      expect(line).not.toContain(TAME.cluster?.id);
      expect(line).not.toContain(TAME.registry?.id);
      expect(line).not.toContain(OBJECT_ID);
    }
  });

  it.each(['shops', HOSTILE])(
    'prints commands that a shell takes as they are meant, with the name %s',
    (name) => {
      const { commands, literalCommands = [] } = cause.fix(facts(name, name));
      for (const line of [...commands, ...literalCommands]) {
        const { status, stderr, escaped, calls } = runInShell(line);
        expect({ line, status, stderr, escaped }).toEqual({ line, status: 0, stderr: '', escaped: false });
        const [program] = line.split(' ');
        expect(calls.at(-1)?.[0]).toBe(program);
        // Sub-commands come first: each printed the id that the last command was given.
        if (calls.length > 1) expect(calls.at(-1)).toContain('an-id');
      }
      for (const line of literalCommands) expect(runInShell(line).calls).toHaveLength(1);
    },
  );
});

describe('the commands themselves', () => {
  it('give the pull role as it must be given', () => {
    const { commands, literalCommands } = CAUSES['unauthorized-no-role'].fix(TAME);
    expect(commands).toEqual([
      'az role assignment create --role 7f951dda-4ed3-4680-a7ca-43fe172d538d --assignee-object-id "$(az aks show -g shops -n shop --query identityProfile.kubeletidentity.objectId -o tsv)" --assignee-principal-type ServicePrincipal --scope "$(az acr show -n shop --query id -o tsv)"',
    ]);
    expect(literalCommands).toEqual([
      `az role assignment create --role 7f951dda-4ed3-4680-a7ca-43fe172d538d --assignee-object-id ${OBJECT_ID} --assignee-principal-type ServicePrincipal --scope ${TAME.registry?.id ?? ''}`,
    ]);
    // The cluster can't tell the object id of a service principal.
    const [line] = CAUSES['unauthorized-no-role'].fix({ ...TAME, kubeletIsServicePrincipal: true }).commands;
    expect(line).toContain(`--assignee-object-id ${OBJECT_ID}`);
  });

  it('remove the one grant that this login may not remove', () => {
    const missing = { action: 'Microsoft.Authorization/roleAssignments/delete', scope: '' };
    const removes = '6c4f1b7e-0000-5000-8000-000000000042';
    for (const id of ['arm-authorization-missing', 'arm-abac-condition'] as const) {
      const { summary, commands, literalCommands } = CAUSES[id].fix({ ...TAME, missing, removes });
      expect(summary).toMatch(/ remove/);
      expect(commands[0]).toBe(
        `az role assignment delete --ids "$(az acr show -n shop --query "join('/providers/Microsoft.Authorization/roleAssignments/', [id, '${removes}'])" -o tsv)"`,
      );
      expect(literalCommands?.[0]).toBe(
        `az role assignment delete --ids ${TAME.registry?.id ?? ''}/providers/Microsoft.Authorization/roleAssignments/${removes}`,
      );
      expect(runInShell(commands[0] ?? '')).toMatchObject({ status: 0, stderr: '', escaped: false });
    }
  });

  it('give the caller the least role with the action, at the scope that was refused', () => {
    const missing = {
      action: 'Microsoft.Authorization/roleAssignments/write',
      scope: `${TAME.registry?.id ?? ''}/providers/Microsoft.Authorization/roleAssignments/x`,
    };
    const { summary, commands } = CAUSES['arm-authorization-missing'].fix({ ...TAME, missing });
    expect(summary).toContain('Role Based Access Control Administrator');
    expect(summary).toContain(CALLER_OBJECT_ID);
    expect(commands).toHaveLength(2);
    const narrowed = delegationCondition().replaceAll("'", "'\\''");
    expect(commands[1]).toBe(
      `az role assignment create --role f58310d9-a9f6-439a-9e8d-f62e7b41a168 --assignee-object-id ${CALLER_OBJECT_ID} --assignee-principal-type ServicePrincipal --scope "$(az acr show -n contoso --query id -o tsv)" --condition '${narrowed}' --condition-version 2.0`,
    );
    const read = {
      action: 'Microsoft.ContainerRegistry/registries/read',
      scope: `/subscriptions/${SUBSCRIPTION}`,
    };
    const reader = CAUSES['arm-authorization-missing'].fix({ ...TAME, missing: read });
    expect(reader.commands).toEqual([
      expect.stringMatching(/--role acdd72a7-.* --scope "\$\(az account show --query .*\)"$/),
    ]);
    // What isn't there is refused in the same words.
    const misspelt = { ...read, scope: TAME.registry?.id ?? '' };
    expect(CAUSES['arm-authorization-missing'].fix({ ...TAME, missing: misspelt }).summary).toMatch(
      /^See first that contoso is its name/,
    );
    expect(summary + reader.summary).not.toContain('See first');
    const odd = CAUSES['arm-authorization-missing'].fix({
      ...TAME,
      missing: { action: 'X/y/action', scope: '/x' },
    });
    expect(odd).toMatchObject({
      summary: expect.stringContaining('a role with this action') as unknown,
      commands: [],
    });
  });

  it.each([
    ['Microsoft.ContainerService/managedClusters/read', 'Azure Kubernetes Service Cluster User Role'],
    [
      'Microsoft.ContainerService/managedClusters/listClusterUserCredential/action',
      'Azure Kubernetes Service Cluster User Role',
    ],
    ['microsoft.authorization/roleassignments/WRITE', 'Role Based Access Control Administrator'],
    ['Microsoft.Authorization/roleAssignments/read', 'Reader'],
    ['Microsoft.ContainerRegistry/registries/read', 'Reader'],
    ['Microsoft.ContainerRegistry/registries/write', undefined],
  ])('%s wants %s', (action, role) => {
    expect(roleForAction(action)?.role).toBe(role);
  });

  it('ask for scopes that a command can tell, and spell out others', () => {
    expect(scopeOf(TAME.registry?.id ?? '')).toMatchObject({
      ask: 'az acr show -n contoso --query id -o tsv',
    });
    expect(scopeOf((TAME.cluster?.id ?? '').toLowerCase())).toMatchObject({
      ask: 'az aks show -g shops -n shop --query id -o tsv',
    });
    expect(scopeOf(`/subscriptions/${SUBSCRIPTION}/resourceGroups/a b`)).toMatchObject({
      ask: "az group show -n 'a b' --query id -o tsv",
    });
    expect(scopeOf(`/subscriptions/${SUBSCRIPTION}`)).toMatchObject({
      ask: expect.stringContaining('az account show') as unknown,
      literal: `/subscriptions/${SUBSCRIPTION}`,
    });
    const management = '/providers/Microsoft.Management/managementGroups/contoso';
    expect(scopeOf(management)).toBe(management);
  });

  it('quote what is not safe, once', () => {
    expect(['a', 'a b', '', "a'b", '$x', 'é', '~', 'a=b', '[].{x:y}'].map(shellWord)).toEqual([
      'a',
      "'a b'",
      "''",
      "'a'\\''b'",
      "'$x'",
      "'é'",
      "'~'",
      'a=b',
      "'[].{x:y}'",
    ]);
    expect(command('az', 'x y', registryScope({ id: '/i d', name: 'n' }))).toEqual({
      pasteable: `az 'x y' "$(az acr show -n n --query id -o tsv)"`,
      literal: `az 'x y' '/i d'`,
    });
  });
});

it('knows no id that is none of its own', () => {
  for (const id of ['', 'toString', '__proto__', 'constructor', 'nope']) expect(isCause(id)).toBe(false);
});
