import { describe, expect, it } from '@jest/globals';
import type { AccessQuestion } from '../../../src/simulator/context.js';
import { registryId } from '../../../src/simulator/cloud/arm-id.js';
import type { CloudState } from '../../../src/simulator/cloud/model.js';
import { contributions, decide } from '../../../src/simulator/cloud/rbac.js';
import { loadScenario } from '../../../src/simulator/cloud/scenario.js';
import { NotModelled } from '../../../src/simulator/net/exchange.js';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const PULL = 'Microsoft.ContainerRegistry/registries/pull/read';
const CONTENT = 'Microsoft.ContainerRegistry/registries/repositories/content/read';
const WRITE_ASSIGNMENT = 'Microsoft.Authorization/roleAssignments/write';

/** A cloud in which `ada` holds the role assignments given, and what they come to. */
function cloud(assignments: string, more = ''): CloudState {
  return loadScenario(
    `
name: rbac
grantDelay: 10s
subscriptions: [{ name: main, managementGroups: [team, root] }, { name: other }]
identities: [{ name: ada }, { name: bob }]
groups:
  - { name: inner, members: [ada] }
  - { name: outer, members: [inner] }
  - { name: circle, members: [outer, circle] }
registries: [{ name: contoso, resourceGroup: images }]
${more}
roleAssignments:
${assignments}`,
    NOW,
  ).state;
}

function ask(state: CloudState, action: string, more: Partial<AccessQuestion> = {}, at = NOW) {
  const [registry] = state.registries;
  const ada = state.principals.find(({ name }) => name === 'ada');
  const question: AccessQuestion = {
    principalId: ada?.objectId ?? '',
    action,
    kind: 'action',
    scope: registry === undefined ? '/' : registryId(registry),
    ...more,
  };
  return decide(state, question, at);
}

describe('a decision', () => {
  it('is no without an assignment, and says what is missing', () => {
    expect(ask(cloud('  []'), PULL)).toEqual({ allowed: false, why: `denied: nothing gives ${PULL}` });
  });

  it('is yes through a role at the scope, and names it', () => {
    const state = cloud("  - { principal: ada, role: AcrPull, scope: 'registry:contoso' }");
    const { allowed, why } = ask(state, PULL);
    expect(allowed).toBe(true);
    expect(why).toMatch(/^allowed by AcrPull at \/subscriptions\/.*\/registries\/contoso$/);
    expect(ask(state, 'Microsoft.ContainerRegistry/registries/push/write').allowed).toBe(false);
    const bob = state.principals.find(({ name }) => name === 'bob');
    expect(ask(state, PULL, { principalId: bob?.objectId ?? '' }).allowed).toBe(false);
  });

  it.each([
    ['the resource group', "'rg:images'", true],
    ['the subscription', 'subscription', true],
    ['a management group above', "'management-group:root'", true],
    ['another subscription', "'subscription:other'", false],
    ['a scope whose id merely begins the same', '/subscriptions/x/resourceGroups/ima', false],
  ])('looks at %s', (_, scope, allowed) => {
    expect(ask(cloud(`  - { principal: ada, role: Reader, scope: ${scope} }`), PULL).allowed).toBe(allowed);
  });

  it('does not take a longer name for a child', () => {
    const state = cloud("  - { principal: ada, role: Reader, scope: 'registry:contoso' }");
    const [registry] = state.registries;
    const scope = `${registry === undefined ? '' : registryId(registry)}2`;
    expect(ask(state, PULL, { scope }).allowed).toBe(false);
  });

  it('compares ids, actions and patterns without case', () => {
    const state = cloud("  - { principal: ada, role: Reader, scope: 'rg:images' }");
    const [assignment] = state.roleAssignments;
    if (assignment !== undefined) assignment.scope = assignment.scope.toUpperCase();
    expect(ask(state, PULL.toUpperCase()).allowed).toBe(true);
  });

  it('counts groups, groups in groups, and does not hang on a circle', () => {
    expect(ask(cloud('  - { principal: outer, role: AcrPull, scope: subscription }'), PULL).allowed).toBe(
      true,
    );
    expect(ask(cloud('  - { principal: circle, role: AcrPull, scope: subscription }'), PULL).allowed).toBe(
      true,
    );
  });

  it('takes notActions away from the same role only', () => {
    const contributor = '  - { principal: ada, role: Contributor, scope: subscription }';
    expect(ask(cloud(contributor), PULL).allowed).toBe(true);
    expect(ask(cloud(contributor), WRITE_ASSIGNMENT).allowed).toBe(false);
    const both = `${contributor}\n  - { principal: ada, role: Role Based Access Control Administrator, scope: subscription }`;
    expect(ask(cloud(both), WRITE_ASSIGNMENT).allowed).toBe(true);
  });

  it('keeps actions and data actions apart', () => {
    const owner = cloud('  - { principal: ada, role: Owner, scope: subscription }');
    expect(ask(owner, CONTENT, { kind: 'dataAction', repository: 'a' }).allowed).toBe(false);
    const reader = cloud(
      '  - { principal: ada, role: Container Registry Repository Reader, scope: subscription }',
    );
    expect(ask(reader, CONTENT, { kind: 'dataAction', repository: 'a' }).allowed).toBe(true);
    expect(ask(reader, PULL).allowed).toBe(false);
  });

  it('honours custom roles with their wildcards', () => {
    const role = (actions: string): string =>
      `customRoles: [{ name: Puller, actions: ['${actions}'], notActions: ['*/push/write'] }]`;
    const given = '  - { principal: ada, role: Puller, scope: subscription }';
    expect(ask(cloud(given, role('Microsoft.ContainerRegistry/*/read')), PULL).allowed).toBe(true);
    expect(
      ask(cloud(given, role('Microsoft.ContainerRegistry/*')), PULL.replace('read', 'write')).allowed,
    ).toBe(true);
    expect(ask(cloud(given, role('*')), 'Microsoft.ContainerRegistry/registries/push/write').allowed).toBe(
      false,
    );
    // A dot is a dot.
    expect(ask(cloud(given, role('MicrosoftxContainerRegistry/*')), PULL).allowed).toBe(false);
  });

  it('waits for a new assignment to take effect, and says how long', () => {
    const state = cloud("  - { principal: ada, role: AcrPull, scope: 'registry:contoso', age: 4s }");
    expect(ask(state, PULL)).toEqual({
      allowed: false,
      why: expect.stringMatching(/works in 6\.0 s$/) as unknown,
    });
    expect(ask(state, PULL, {}, NOW + 5_999).allowed).toBe(false);
    expect(ask(state, PULL, {}, NOW + 6_000).allowed).toBe(true);
    const ada = state.principals[0]?.objectId ?? '';
    expect(contributions(state, ada, registryId(state.registries[0]!), NOW)).toEqual([]);
    expect(contributions(state, ada, registryId(state.registries[0]!), NOW + 6_000)).toHaveLength(1);
  });
});

describe('a condition', () => {
  const read = 'Container Registry Repository Reader';
  const guard =
    "(!(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/content/read'}) AND " +
    "!(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/metadata/read'}))";
  const on = (attribute: string, test: string): CloudState => {
    const condition = `(${guard} OR (${attribute}[Microsoft.ContainerRegistry/registries/repositories:name] ${test}))`;
    return cloud(`  - { principal: ada, role: ${read}, scope: subscription, condition: "${condition}" }`);
  };
  const may = (state: CloudState, repository: string): boolean =>
    ask(state, CONTENT, { kind: 'dataAction', repository }).allowed;

  it.each([
    ["StringEqualsIgnoreCase 'hello-world'", 'hello-world', true],
    ["StringEqualsIgnoreCase 'Hello-World'", 'hello-world', true],
    ["StringEquals 'Hello-World'", 'hello-world', false],
    ["StringEqualsIgnoreCase 'hello'", 'hello-world', false],
    ["StringStartsWithIgnoreCase 'backend/'", 'backend/api', true],
    ["StringStartsWithIgnoreCase 'backend/'", 'backend-two/api', false],
    ["StringStartsWith 'Backend/'", 'backend/api', false],
  ])('%s on %s', (test, repository, allowed) => {
    expect(may(on('@Request', test), repository)).toBe(allowed);
    expect(may(on('@Resource', test), repository)).toBe(allowed);
  });

  it('is told apart from a missing assignment', () => {
    const state = on('@Request', "StringEquals 'a'");
    expect(ask(state, CONTENT, { kind: 'dataAction', repository: 'b' })).toEqual({
      allowed: false,
      unmetCondition: true,
      why: expect.stringContaining('condition') as unknown,
    });
  });

  it('does not stand in the way of another assignment', () => {
    const state = on('@Request', "StringEquals 'a'");
    const [conditional] = state.roleAssignments;
    if (conditional !== undefined)
      state.roleAssignments.push({ ...conditional, name: 'free', condition: null });
    expect(may(state, 'b')).toBe(true);
  });

  it('of delegated assignment looks at role and principal type', () => {
    const condition =
      "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR " +
      '(@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals ' +
      '{7f951dda-4ed3-4680-a7ca-43fe172d538d, b93aa761-3e63-49ed-ac28-beffa264f7ac} AND ' +
      "@Request[Microsoft.Authorization/roleAssignments:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'ServicePrincipal'}))";
    const state = cloud(
      `  - { principal: ada, role: Role Based Access Control Administrator, scope: subscription, condition: "${condition}" }`,
    );
    const assign = (role: string, type?: string): boolean =>
      ask(state, WRITE_ASSIGNMENT, {
        attributes: {
          'Microsoft.Authorization/roleAssignments:RoleDefinitionId': role,
          ...(type === undefined ? {} : { 'Microsoft.Authorization/roleAssignments:PrincipalType': type }),
        },
      }).allowed;
    expect(assign('7f951dda-4ed3-4680-a7ca-43fe172d538d', 'ServicePrincipal')).toBe(true);
    expect(assign('7f951dda-4ed3-4680-a7ca-43fe172d538d', 'User')).toBe(false);
    expect(assign('7f951dda-4ed3-4680-a7ca-43fe172d538d')).toBe(false);
    expect(assign('8e3af657-a8ff-443c-a75c-2fe8c4bcb635', 'ServicePrincipal')).toBe(false);
    expect(ask(state, PULL).allowed).toBe(true);
  });

  it.each([
    "@Resource[Microsoft.ContainerRegistry/registries/repositories:name] StringMatches 'a*'",
    "(@Request[a:b] StringEquals 'c'",
    'Exists @Request[a:b]',
    "SubOperationMatches{'x'}",
    '@Environment[utcNow] DateTimeGreaterThan 2026-01-01',
  ])('of another form is not modelled: %s', (condition) => {
    const state = cloud(
      `  - { principal: ada, role: ${read}, scope: subscription, condition: "${condition}" }`,
    );
    expect(() => may(state, 'a')).toThrow(NotModelled);
    state.roleAssignments.push({ ...state.roleAssignments[0]!, name: 'free', condition: null });
    expect(may(state, 'a')).toBe(true);
  });
});
