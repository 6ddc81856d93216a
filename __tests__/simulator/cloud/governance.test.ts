import { expect, it } from '@jest/globals';
import { EVERYONE } from '../../../src/simulator/cloud/governance.js';
import { loadScenario, ScenarioError } from '../../../src/simulator/cloud/scenario.js';

const CLOUD = `
name: governance
identities: [{ name: ann, kind: user }, { name: app }, { name: known, readsDirectory: true }]
registries: [{ name: contoso, resourceGroup: registry-rg }]
`;

it('has none of it, and a limit, where a scenario says nothing', () => {
  const { state } = loadScenario(CLOUD, 0);
  expect(state.governance).toEqual({
    locks: [],
    policies: [],
    denyAssignments: [],
    exemptions: [],
    roleAssignmentLimit: 4000,
  });
  expect(state.publicRegistries).toEqual([]);
  expect(state.principals.map(({ readsDirectory }) => readsDirectory)).toEqual([true, false, true]);
});

it('denies everybody, and beneath too, unless it says whom and where', () => {
  const { state } = loadScenario(`${CLOUD}denyAssignments: [{ name: all, scope: subscription }]`, 0);
  expect(state.governance.denyAssignments).toMatchObject([
    { principals: [EVERYONE], excludePrincipals: [], doNotApplyToChildScopes: false },
  ]);
});

it('names every mistake by its path', () => {
  let problems: readonly { path: string }[] = [];
  try {
    loadScenario(
      `${CLOUD}
locks: [{ name: keep, scope: 'rg:none', level: Sometimes }]
policies: [{ name: no, scope: subscription, denies: everything }]
denyAssignments: [{ name: no, scope: 'registry:none', principals: [nobody], exclude: [nobody] }]
publicRegistries:
  - { host: Not A Host, repositories: [] }
  - { host: contoso.azurecr.io, repositories: [] }
  - { host: mcr.microsoft.com, repositories: [{ name: a, images: [{ tag: '1', platforms: [], index: false }] }] }
`,
      0,
    );
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    ({ problems } = error);
  }
  expect(problems.map(({ path }) => path).sort()).toEqual([
    'denyAssignments[0].exclude[0]',
    'denyAssignments[0].principals[0]',
    'denyAssignments[0].scope',
    'locks[0].level',
    'locks[0].scope',
    'policies[0].denies',
    'publicRegistries[0].host',
    'publicRegistries[1].host',
    'publicRegistries[2].repositories[0].images[0].platforms',
  ]);
});
