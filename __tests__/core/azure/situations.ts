/**
 * Situations of access, as data: who was given what where, what is asked, what it comes to, which assignment decides it, and
 * what says so. The core's evaluator is held against them in access-situations.test.ts, and a pull of the simulated cloud,
 * which shares no code with it, in e2e/access.test.ts.
 */

export type Where =
  | 'registry'
  | 'group'
  | 'subscription'
  | 'management-group'
  | 'root'
  | 'below'
  | 'other-registry'
  | 'other-group'
  | 'other-subscription';

/** A role assignment. `to`: the identity itself, a group that holds it, or a group in which such a group is. */
export interface Given {
  role: string;
  at: Where;
  to: 'self' | 'group' | 'outer-group';
  condition?: string;
}

export interface Denied {
  at: Where;
  actions?: string[];
  notActions?: string[];
  dataActions?: string[];
  notDataActions?: string[];
  to: ('self' | 'group' | 'outer-group' | 'everyone' | 'other')[];
  except?: ('self' | 'group' | 'outer-group' | 'other')[];
  onlyThere?: true;
}

export interface Situation {
  name: string;
  mode: 'legacy' | 'abac' | 'unknown';
  given: Given[];
  denied: Denied[];
  /** Absent: the whole registry. `team/*`: everything below. */
  ask?: string;
  allowed: true | false | 'unknown';
  /** Places of the assignments that decide it; none where nothing allows it; `deny` where a deny assignment does. */
  by: number[] | 'deny';
  source: keyof typeof SOURCES;
  /** ARM refuses to tell assignments through groups. */
  groupsRefused?: true;
}

const LEARN = 'https://learn.microsoft.com/azure';

export const SOURCES = {
  roles: 'recording: roleDefinitions.real.json',
  modes: `${LEARN}/container-registry/container-registry-rbac-abac-repository-permissions`,
  wildcards: `${LEARN}/role-based-access-control/role-definitions`,
  scopes: `${LEARN}/role-based-access-control/scope-overview`,
  groups: `${LEARN}/role-based-access-control/role-assignments-list-rest`,
  refused: 'recording: roleAssignments.403.AuthorizationFailed.json',
  deny: `${LEARN}/role-based-access-control/deny-assignments`,
  overview: `${LEARN}/role-based-access-control/overview`,
  conditions: `${LEARN}/role-based-access-control/conditions-format`,
  written: 'recording: roleAssignments.PUT.condition.json',
  preview: 'https://github.com/Azure/acr/issues/794',
  absent: 'recording: registries.GET.variants.json',
} as const;

const R = 'Microsoft.ContainerRegistry/registries';
const PULL = `${R}/pull/read`;
const CONTENT = `${R}/repositories/content/read`;
const METADATA = `${R}/repositories/metadata/read`;

export interface RoleOfTest {
  /** Absent: a custom role. */
  guid?: string;
  actions?: string[];
  notActions?: string[];
  dataActions?: string[];
  notDataActions?: string[];
}

/** Roles by name: custom ones, and built-in ones (recording: roleDefinitions.real.json, as far as registries go). */
export const ROLES: Readonly<Record<string, RoleOfTest>> = {
  AcrPull: { guid: '7f951dda-4ed3-4680-a7ca-43fe172d538d' },
  AcrPush: { guid: '8311e382-0749-4cb8-b61a-304f252e45ec' },
  AcrDelete: { guid: 'c2f4ef07-c644-48eb-af81-4b1b4947fb11' },
  Reader: { guid: 'acdd72a7-3385-48ef-bd42-f606fba81ae7' },
  Contributor: { guid: 'b24988ac-6180-42a0-ab88-20f7382dd24c' },
  Owner: { guid: '8e3af657-a8ff-443c-a75c-2fe8c4bcb635' },
  'Container Registry Repository Reader': { guid: 'b93aa761-3e63-49ed-ac28-beffa264f7ac' },
  'Container Registry Repository Writer': { guid: '2a1e307c-b015-4ebd-883e-5b7698a07328' },
  'Container Registry Repository Catalog Lister': { guid: 'bfdb9389-c9a5-478a-bb2f-ba9ca092c3c7' },
  'Container Registry Repository Contributor': {
    guid: '2efddaa5-3f1f-4df3-97df-af3f13818f4c',
    dataActions: [CONTENT, METADATA, `${R}/repositories/content/delete`],
  },
  'Container Registry Data Importer and Data Reader': {
    guid: '577a9874-89fd-4f24-9dbd-b5034d0ad23a',
    actions: [`${R}/importImage/action`, `${R}/read`, PULL],
    dataActions: [`${R}/catalog/read`, METADATA, CONTENT],
  },
  'User Access Administrator': {
    guid: '18d7d88d-d35e-4fb5-a5c3-7773c20a72d9',
    actions: ['*/read', 'Microsoft.Authorization/*'],
  },
  'Role Based Access Control Administrator': {
    guid: 'f58310d9-a9f6-439a-9e8d-f62e7b41a168',
    actions: ['Microsoft.Authorization/roleAssignments/write', '*/read'],
  },
  'Pull only': { actions: [PULL] },
  'Pull in capitals': { actions: [PULL.toUpperCase()] },
  'All of registries': { actions: [`${R}/*`] },
  'All of the provider': { actions: ['Microsoft.ContainerRegistry/*'] },
  'Any pull': { actions: ['*/pull/read'] },
  'Reads of registries': { actions: [`${R}/*/read`] },
  'Writes alone': { actions: ['*/write'] },
  'The registry alone': { actions: [`${R}/read`] },
  'All but pull': { actions: ['*'], notActions: [PULL] },
  'All but registries': { actions: ['*'], notActions: ['Microsoft.ContainerRegistry/*'] },
  'All but writes': { actions: ['*'], notActions: ['*/write', '*/delete'] },
  'All but reads': { actions: ['*/read'], notActions: ['*/READ'] },
  'Pull as data': { dataActions: [PULL] },
  'Content and metadata': { dataActions: [CONTENT, METADATA] },
  'Content alone': { dataActions: [CONTENT] },
  'Metadata alone': { dataActions: [METADATA] },
  'All data': { dataActions: ['*'] },
  'All data reads': { dataActions: ['*/read'] },
  'Data of repositories': { dataActions: [`${R}/repositories/*`] },
  'All data but content': { dataActions: ['*'], notDataActions: [CONTENT] },
  'All data but deletes': { dataActions: ['*'], notDataActions: ['*/delete'] },
  'All data, no actions': { dataActions: ['*'], notActions: ['*'] },
  'Content as action': { actions: [CONTENT, METADATA] },
  Both: { actions: [PULL], dataActions: [CONTENT, METADATA] },
};

const READER = 'Container Registry Repository Reader';
const WRITER = 'Container Registry Repository Writer';

const give = (role: string, at: Where = 'registry', to: Given['to'] = 'self'): Given => ({ role, at, to });
const under = (condition: string, role = READER, at: Where = 'registry'): Given => ({
  role,
  at,
  to: 'self',
  condition,
});

/** The guard that lets everything through which is neither of the two reads. */
const GUARD = `(!(ActionMatches{'${CONTENT}'}) AND !(ActionMatches{'${METADATA}'}))`;
const NAME = `@Request[${R}/repositories:name]`;
const RESOURCE = `@Resource[${R}/repositories:name]`;
const only = (expression: string): string => `(${GUARD} OR (${expression}))`;

type Row = [
  name: string,
  given: Given[],
  allowed: Situation['allowed'],
  by: Situation['by'],
  source: Situation['source'],
  ask?: string,
];

const rows = (mode: Situation['mode'], ...of: Row[]): Situation[] =>
  of.map(([name, given, allowed, by, source, ask]) => ({
    name: `${mode}: ${name}`,
    mode,
    given,
    denied: [],
    allowed,
    by,
    source,
    ...(ask === undefined ? {} : { ask }),
  }));

const ROLE_ROWS = [
  ...rows(
    'legacy',
    ['no role', [], false, [], 'overview'],
    ['AcrPull', [give('AcrPull')], true, [0], 'roles'],
    ['AcrPush', [give('AcrPush')], true, [0], 'roles'],
    ['AcrDelete', [give('AcrDelete')], false, [], 'roles'],
    ['Reader', [give('Reader')], true, [0], 'roles'],
    ['Contributor', [give('Contributor')], true, [0], 'roles'],
    ['Owner', [give('Owner')], true, [0], 'roles'],
    ['User Access Administrator', [give('User Access Administrator')], true, [0], 'roles'],
    ['RBAC Administrator', [give('Role Based Access Control Administrator')], true, [0], 'roles'],
    ['Data Importer', [give('Container Registry Data Importer and Data Reader')], true, [0], 'roles'],
    ['Repository Reader', [give(READER)], false, [], 'modes'],
    ['Repository Writer', [give(WRITER)], false, [], 'modes'],
    ['Repository Contributor', [give('Container Registry Repository Contributor')], false, [], 'modes'],
    ['Catalog Lister', [give('Container Registry Repository Catalog Lister')], false, [], 'modes'],
    ['the action alone', [give('Pull only')], true, [0], 'wildcards'],
    ['the action in capitals', [give('Pull in capitals')], true, [0], 'wildcards'],
    ['all of registries', [give('All of registries')], true, [0], 'wildcards'],
    ['all of the provider', [give('All of the provider')], true, [0], 'wildcards'],
    ['any pull', [give('Any pull')], true, [0], 'wildcards'],
    ['reads of registries', [give('Reads of registries')], true, [0], 'wildcards'],
    ['writes alone', [give('Writes alone')], false, [], 'wildcards'],
    ['reading the registry alone', [give('The registry alone')], false, [], 'wildcards'],
    ['all but pull', [give('All but pull')], false, [], 'wildcards'],
    ['all but registries', [give('All but registries')], false, [], 'wildcards'],
    ['all but writes', [give('All but writes')], true, [0], 'wildcards'],
    ['reads but reads, in capitals', [give('All but reads')], false, [], 'wildcards'],
    ['pull as a data action', [give('Pull as data')], false, [], 'wildcards'],
    ['all data', [give('All data')], false, [], 'wildcards'],
    ['both kinds', [give('Both')], true, [0], 'modes'],
    [
      'what one role excludes, another gives',
      [give('All but pull'), give('AcrPull')],
      true,
      [1],
      'wildcards',
    ],
    ['AcrPull before Owner', [give('Owner'), give('AcrPull')], true, [1], 'overview'],
    [
      'AcrPull after all that do not count',
      [give(READER), give('AcrDelete'), give('AcrPull')],
      true,
      [2],
      'overview',
    ],
  ),
  ...rows(
    'abac',
    ['no role', [], false, [], 'overview'],
    ['AcrPull', [give('AcrPull')], false, [], 'modes'],
    ['AcrPush', [give('AcrPush')], false, [], 'modes'],
    ['AcrDelete', [give('AcrDelete')], false, [], 'modes'],
    ['Reader', [give('Reader')], false, [], 'modes'],
    ['Contributor', [give('Contributor')], false, [], 'modes'],
    ['Owner', [give('Owner')], false, [], 'modes'],
    ['Repository Reader', [give(READER)], true, [0], 'modes'],
    ['Repository Writer', [give(WRITER)], true, [0], 'modes'],
    ['Repository Contributor', [give('Container Registry Repository Contributor')], true, [0], 'modes'],
    ['Catalog Lister', [give('Container Registry Repository Catalog Lister')], false, [], 'modes'],
    ['Data Importer', [give('Container Registry Data Importer and Data Reader')], true, [0], 'roles'],
    ['content and metadata', [give('Content and metadata')], true, [0], 'modes'],
    ['content alone', [give('Content alone')], false, [], 'modes'],
    ['metadata alone', [give('Metadata alone')], false, [], 'modes'],
    [
      'content from one, metadata from another',
      [give('Content alone'), give('Metadata alone')],
      true,
      [0, 1],
      'overview',
    ],
    [
      'halves and a whole',
      [give('Content alone'), give('Metadata alone'), give(READER)],
      true,
      [2],
      'overview',
    ],
    [
      'halves at the registry and a whole from above',
      [give('Content alone'), give('Metadata alone'), give('Content and metadata', 'group')],
      true,
      [2],
      'overview',
    ],
    ['all data', [give('All data')], true, [0], 'wildcards'],
    ['all data reads', [give('All data reads')], true, [0], 'wildcards'],
    ['data of repositories', [give('Data of repositories')], true, [0], 'wildcards'],
    ['all data but content', [give('All data but content')], false, [], 'wildcards'],
    ['all data but deletes', [give('All data but deletes')], true, [0], 'wildcards'],
    ['notActions take no data away', [give('All data, no actions')], true, [0], 'wildcards'],
    ['data actions as actions', [give('Content as action')], false, [], 'wildcards'],
    ['both kinds', [give('Both')], true, [0], 'modes'],
    ['the transition: both roles', [give('AcrPull'), give(READER)], true, [1], 'modes'],
    ['the narrow one decides', [give(WRITER), give(READER)], true, [1], 'overview'],
  ),
  ...rows(
    'unknown',
    ['no role', [], false, [], 'absent'],
    ['AcrPull', [give('AcrPull')], 'unknown', [], 'absent'],
    ['Repository Reader', [give(READER)], 'unknown', [], 'absent'],
    ['both roles', [give('AcrPull'), give(READER)], true, [0, 1], 'absent'],
    ['one role with both', [give('Both')], true, [0], 'absent'],
    ['AcrDelete', [give('AcrDelete')], false, [], 'absent'],
    ['content alone', [give('Content alone')], false, [], 'absent'],
    ['AcrPull and a half', [give('AcrPull'), give('Content alone')], 'unknown', [], 'absent'],
  ),
];

const PLACES: [Where, boolean][] = [
  ['group', true],
  ['subscription', true],
  ['management-group', true],
  ['root', true],
  ['below', false],
  ['other-registry', false],
  ['other-group', false],
  ['other-subscription', false],
];

const SCOPE_ROWS = [
  ...PLACES.flatMap(([at, reaches]) => [
    ...rows('legacy', [`AcrPull at ${at}`, [give('AcrPull', at)], reaches, reaches ? [0] : [], 'scopes']),
    ...rows('abac', [
      `Repository Reader at ${at}`,
      [give(READER, at)],
      reaches,
      reaches ? [0] : [],
      'scopes',
    ]),
  ]),
  ...rows(
    'legacy',
    [
      'the closest decides',
      [give('AcrPull', 'subscription'), give('AcrPull'), give('AcrPull', 'group')],
      true,
      [1],
      'scopes',
    ],
    ['an inherited Owner', [give('Owner', 'management-group')], true, [0], 'scopes'],
    ['through a group', [give('AcrPull', 'registry', 'group')], true, [0], 'groups'],
    ['through a group in a group', [give('AcrPull', 'registry', 'outer-group')], true, [0], 'groups'],
    ['through a group, inherited', [give('Reader', 'subscription', 'group')], true, [0], 'groups'],
    [
      "its own before its group's",
      [give('AcrPull', 'registry', 'group'), give('AcrPull')],
      true,
      [1],
      'groups',
    ],
    ["a group's role that gives nothing", [give('AcrDelete', 'registry', 'group')], false, [], 'groups'],
    ['a group elsewhere', [give('AcrPull', 'other-group', 'group')], false, [], 'groups'],
  ),
  ...rows(
    'abac',
    ['through a group', [give(READER, 'registry', 'group')], true, [0], 'groups'],
    ['through a group in a group', [give(READER, 'group', 'outer-group')], true, [0], 'groups'],
    ['AcrPull through a group', [give('AcrPull', 'registry', 'group')], false, [], 'groups'],
    [
      'halves from itself and its group',
      [give('Content alone'), give('Metadata alone', 'subscription', 'group')],
      true,
      [0, 1],
      'groups',
    ],
  ),
  ...rows(
    'legacy',
    ['groups refused, nothing seen', [], 'unknown', [], 'refused'],
    ['groups refused, its own seen', [give('AcrPull')], true, [0], 'refused'],
    ["groups refused, a group's not seen", [give('AcrPull', 'registry', 'group')], 'unknown', [], 'refused'],
    ['groups refused, the wrong role seen', [give(READER)], 'unknown', [], 'refused'],
  ).map((row): Situation => ({ ...row, groupsRefused: true })),
];

const is = (value: string): string => only(`${NAME} StringEqualsIgnoreCase '${value}'`);
const starts = (value: string): string => only(`${NAME} StringStartsWithIgnoreCase '${value}'`);
const limitedBy = (expression: string): Given[] => [under(only(expression))];

const CONDITION_ROWS = rows(
  'abac',
  ['the documented one, its repository', [under(is('hello-world'))], true, [0], 'modes', 'hello-world'],
  ['the documented one, another', [under(is('hello-world'))], false, [], 'modes', 'team/app'],
  ['the documented one, the whole registry', [under(is('hello-world'))], false, [], 'modes'],
  ['a prefix, below it', [under(starts('team/'))], true, [0], 'modes', 'team/sub/app'],
  ['a prefix, a name that begins alike', [under(starts('team/'))], false, [], 'modes', 'teams/x'],
  ['a prefix without its slash, that name', [under(starts('team'))], true, [0], 'modes', 'teams/x'],
  ['a prefix, all below it', [under(starts('team/'))], true, [0], 'modes', 'team/*'],
  ['a longer prefix, all below the shorter', [under(starts('team/sub/'))], false, [], 'modes', 'team/*'],
  ['a shorter prefix, all below the longer', [under(starts('te'))], true, [0], 'modes', 'team/*'],
  [
    'the early spelling @Resource, its repository',
    limitedBy(`${RESOURCE} StringEquals 'hello-world'`),
    true,
    [0],
    'preview',
    'hello-world',
  ],
  [
    'the early spelling @Resource, another',
    limitedBy(`${RESOURCE} StringEquals 'hello-world'`),
    false,
    [],
    'preview',
    'team/app',
  ],
  [
    '@Resource with a prefix',
    limitedBy(`${RESOURCE} StringStartsWith 'team/'`),
    true,
    [0],
    'preview',
    'team/app',
  ],
  [
    'IgnoreCase and capitals',
    limitedBy(`${NAME} StringEqualsIgnoreCase 'HELLO-World'`),
    true,
    [0],
    'conditions',
    'hello-world',
  ],
  [
    'no IgnoreCase and capitals',
    limitedBy(`${NAME} StringEquals 'HELLO-World'`),
    false,
    [],
    'conditions',
    'hello-world',
  ],
  [
    'StartsWith and capitals',
    limitedBy(`${NAME} StringStartsWith 'Team/'`),
    false,
    [],
    'conditions',
    'team/app',
  ],
  [
    'StartsWithIgnoreCase and capitals',
    limitedBy(`${NAME} StringStartsWithIgnoreCase 'Team/'`),
    true,
    [0],
    'conditions',
    'team/app',
  ],
  [
    'operators in small letters',
    limitedBy(`${NAME} stringEquals 'hello-world'`),
    true,
    [0],
    'written',
    'hello-world',
  ],
  [
    'the attribute in small letters',
    limitedBy(`${NAME.toLowerCase()} StringEquals 'hello-world'`),
    true,
    [0],
    'conditions',
    'hello-world',
  ],
  [
    'one of two',
    limitedBy(`${NAME} StringEquals 'hello-world' OR ${NAME} StringEquals 'team/app'`),
    true,
    [0],
    'conditions',
    'team/app',
  ],
  [
    'none of two',
    limitedBy(`${NAME} StringEquals 'hello-world' OR ${NAME} StringEquals 'team/app'`),
    false,
    [],
    'conditions',
    'teams/x',
  ],
  [
    'both of two that exclude each other',
    limitedBy(`${NAME} StringEquals 'hello-world' AND ${NAME} StringEquals 'team/app'`),
    false,
    [],
    'conditions',
    'team/app',
  ],
  [
    'a prefix and not a longer one',
    limitedBy(`${NAME} StringStartsWith 'team/' AND !(${NAME} StringStartsWith 'team/sub/')`),
    true,
    [0],
    'conditions',
    'team/app',
  ],
  [
    'a prefix and not a longer one, which it is',
    limitedBy(`${NAME} StringStartsWith 'team/' AND !(${NAME} StringStartsWith 'team/sub/')`),
    false,
    [],
    'conditions',
    'team/sub/app',
  ],
  [
    'a prefix and not a longer one, all below',
    limitedBy(`${NAME} StringStartsWith 'team/' AND !(${NAME} StringStartsWith 'team/sub/')`),
    false,
    [],
    'conditions',
    'team/*',
  ],
  [
    'not one, another',
    limitedBy(`!(${NAME} StringEquals 'hello-world')`),
    true,
    [0],
    'conditions',
    'team/app',
  ],
  [
    'not one, that one',
    limitedBy(`!(${NAME} StringEquals 'hello-world')`),
    false,
    [],
    'conditions',
    'hello-world',
  ],
  [
    'not one, the whole registry',
    limitedBy(`!(${NAME} StringEquals 'hello-world')`),
    false,
    [],
    'conditions',
  ],
  [
    'not not one',
    limitedBy(`!(!(${NAME} StringEquals 'hello-world'))`),
    true,
    [0],
    'conditions',
    'hello-world',
  ],
  [
    'one or not one, the whole registry',
    limitedBy(`${NAME} StringStartsWith 'team/' OR !(${NAME} StringStartsWith 'team/')`),
    true,
    [0],
    'conditions',
  ],
  [
    'two assignments that make up the whole',
    [under(starts('team/')), under(only(`!(${NAME} StringStartsWith 'team/')`))],
    true,
    [],
    'overview',
  ],
  [
    'ForAnyOfAnyValues, one of them',
    limitedBy(`${NAME} ForAnyOfAnyValues:StringEquals {'hello-world', 'team/app'}`),
    true,
    [0],
    'conditions',
    'team/app',
  ],
  [
    'ForAnyOfAnyValues, none of them',
    limitedBy(`${NAME} ForAnyOfAnyValues:StringEquals {'hello-world', 'team/app'}`),
    false,
    [],
    'conditions',
    'teams/x',
  ],
  [
    'ForAllOfAnyValues, of one name',
    limitedBy(`${NAME} ForAllOfAnyValues:StringEqualsIgnoreCase {'hello-world', 'team/app'}`),
    true,
    [0],
    'conditions',
    'team/app',
  ],
  [
    'ForAnyOfAllValues, two different',
    limitedBy(`${NAME} ForAnyOfAllValues:StringEquals {'hello-world', 'team/app'}`),
    false,
    [],
    'conditions',
    'team/app',
  ],
  [
    'ForAllOfAllValues, none of them',
    limitedBy(`${NAME} ForAllOfAllValues:StringNotEquals {'hello-world', 'team/app'}`),
    true,
    [0],
    'conditions',
    'teams/x',
  ],
  [
    'StringNotEquals',
    limitedBy(`${NAME} StringNotEquals 'hello-world'`),
    true,
    [0],
    'conditions',
    'team/app',
  ],
  [
    'StringNotEqualsIgnoreCase, that one',
    limitedBy(`${NAME} StringNotEqualsIgnoreCase 'Hello-World'`),
    false,
    [],
    'conditions',
    'hello-world',
  ],
  [
    'StringNotStartsWith',
    limitedBy(`${NAME} StringNotStartsWith 'team/'`),
    false,
    [],
    'conditions',
    'team/app',
  ],
  [
    'StringLike with a star',
    limitedBy(`${NAME} StringLike 'team/*'`),
    true,
    [0],
    'conditions',
    'team/sub/app',
  ],
  [
    'StringLike with a star, all below',
    limitedBy(`${NAME} StringLike 'team/*'`),
    true,
    [0],
    'conditions',
    'team/*',
  ],
  [
    'StringLike with a star within',
    limitedBy(`${NAME} StringLike '*/app'`),
    true,
    [0],
    'conditions',
    'team/sub/app',
  ],
  [
    'StringLike with a star within, not it',
    limitedBy(`${NAME} StringLike '*/app'`),
    false,
    [],
    'conditions',
    'teams/x',
  ],
  [
    'StringLike with a question mark',
    limitedBy(`${NAME} StringLike 'team?/x'`),
    true,
    [0],
    'conditions',
    'teams/x',
  ],
  [
    'StringLike with an escaped star',
    limitedBy(`${NAME} StringLike 'team/\\*'`),
    false,
    [],
    'conditions',
    'team/app',
  ],
  [
    'StringLikeIgnoreCase',
    limitedBy(`${NAME} StringLikeIgnoreCase 'TEAM/*'`),
    true,
    [0],
    'conditions',
    'team/app',
  ],
  ['StringNotLike', limitedBy(`${NAME} StringNotLike 'team/*'`), false, [], 'conditions', 'team/app'],
  ['StringNotLike, the whole registry', limitedBy(`${NAME} StringNotLike 'team/*'`), false, [], 'conditions'],
  [
    'StringLike that no repository settles, the whole registry',
    limitedBy(`${NAME} StringLike '*a*' OR ${NAME} StringNotLike '*a*'`),
    'unknown',
    [],
    'conditions',
  ],
  [
    '&&, || and !',
    [
      under(
        `((!(ActionMatches{'${CONTENT}'}) && !(ActionMatches{'${METADATA}'})) || (${NAME} StringEquals 'hello-world'))`,
      ),
    ],
    true,
    [0],
    'conditions',
    'hello-world',
  ],
  [
    '&&, || and !, another',
    [
      under(
        `((!(ActionMatches{'${CONTENT}'}) && !(ActionMatches{'${METADATA}'})) || (${NAME} StringEquals 'hello-world'))`,
      ),
    ],
    false,
    [],
    'conditions',
    'team/app',
  ],
  [
    'NOT as a word',
    [
      under(
        `((NOT (ActionMatches{'${CONTENT}'}) AND NOT (ActionMatches{'${METADATA}'})) OR (${NAME} StringEquals 'hello-world'))`,
      ),
    ],
    true,
    [0],
    'conditions',
    'hello-world',
  ],
  [
    'ActionMatches with a wildcard',
    [under(`(!(ActionMatches{'${R}/repositories/*'}) OR ${NAME} StringEquals 'hello-world')`)],
    false,
    [],
    'conditions',
    'team/app',
  ],
  [
    'a condition on content alone, another repository',
    [under(`((!(ActionMatches{'${CONTENT}'})) OR (${NAME} StringEquals 'hello-world'))`)],
    false,
    [],
    'conditions',
    'team/app',
  ],
  [
    'a condition on pushing alone',
    [
      under(
        `((!(ActionMatches{'${R}/repositories/content/write'})) OR (${NAME} StringEquals 'hello-world'))`,
        WRITER,
      ),
    ],
    true,
    [0],
    'conditions',
    'team/app',
  ],
  [
    'no guard, its repository',
    [under(`${NAME} StringEquals 'hello-world'`)],
    true,
    [0],
    'conditions',
    'hello-world',
  ],
  ['no guard, another', [under(`${NAME} StringEquals 'hello-world'`)], false, [], 'conditions', 'team/app'],
  [
    'two conditions, both met',
    [under(`${is('team/app')} AND ${starts('team/')}`)],
    true,
    [0],
    'conditions',
    'team/app',
  ],
  [
    'two conditions, one met',
    [under(`${is('team/app')} AND ${starts('backend/')}`)],
    false,
    [],
    'conditions',
    'team/app',
  ],
  [
    'AND beside OR without parentheses, where it matters',
    limitedBy(`${NAME} StringEquals 'team/app' OR ${NAME} StringEquals 'x' AND ${NAME} StringEquals 'y'`),
    'unknown',
    [],
    'conditions',
    'team/app',
  ],
  [
    'AND beside OR without parentheses, where it does not',
    limitedBy(`${NAME} StringEquals 'x' AND ${NAME} StringEquals 'y' OR ${NAME} StringEquals 'team/app'`),
    true,
    [0],
    'conditions',
    'team/app',
  ],
  [
    'an attribute of the caller',
    limitedBy(`@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:a_b] StringEquals 'c'`),
    'unknown',
    [],
    'conditions',
    'team/app',
  ],
  [
    'an attribute of the surroundings',
    limitedBy(`@Environment[isPrivateLink] BoolEquals true`),
    'unknown',
    [],
    'conditions',
    'team/app',
  ],
  [
    'that attribute, where the name settles it',
    limitedBy(`@Environment[isPrivateLink] BoolEquals true OR ${NAME} StringEquals 'team/app'`),
    true,
    [0],
    'conditions',
    'team/app',
  ],
  [
    'that attribute, where the name rules it out',
    limitedBy(`@Environment[isPrivateLink] BoolEquals true AND ${NAME} StringEquals 'x'`),
    false,
    [],
    'conditions',
    'team/app',
  ],
  [
    'the negation of what is unknown',
    limitedBy(`!(@Environment[isPrivateLink] BoolEquals true)`),
    'unknown',
    [],
    'conditions',
    'team/app',
  ],
  [
    'a suboperation of its own action',
    [
      under(
        `((!(ActionMatches{'${CONTENT}'} AND SubOperationMatches{'x'})) OR (${NAME} StringEquals 'hello-world'))`,
      ),
    ],
    'unknown',
    [],
    'conditions',
    'team/app',
  ],
  [
    'a suboperation of another action',
    [
      under(
        `((!(ActionMatches{'Microsoft.Storage/a/read'} AND SubOperationMatches{'x'})) OR (${NAME} StringEquals 'hello-world'))`,
      ),
    ],
    true,
    [0],
    'conditions',
    'team/app',
  ],
  [
    'Exists',
    limitedBy(`Exists ${NAME} AND ${NAME} StringEquals 'team/app'`),
    true,
    [0],
    'conditions',
    'team/app',
  ],
  [
    'an operator that is not documented',
    limitedBy(`${NAME} StringMatches '^team/'`),
    'unknown',
    [],
    'conditions',
    'team/app',
  ],
  [
    'another attribute',
    limitedBy(`@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:Name] stringEquals 'foo'`),
    'unknown',
    [],
    'written',
    'team/app',
  ],
  ['what is no condition', [under('nonsense')], 'unknown', [], 'conditions', 'team/app'],
  [
    'parentheses that do not close',
    [under(`(${NAME} StringEquals 'team/app'`)],
    'unknown',
    [],
    'conditions',
    'team/app',
  ],
  [
    'what is no condition, beside one without',
    [under('nonsense'), give(READER, 'subscription')],
    true,
    [1],
    'overview',
    'team/app',
  ],
  [
    'what is no condition, on a role that gives nothing',
    [under('nonsense', 'AcrDelete')],
    false,
    [],
    'overview',
    'team/app',
  ],
  [
    'two that are limited, one holds it',
    [under(is('hello-world')), under(is('team/app'), READER, 'group')],
    true,
    [1],
    'overview',
    'team/app',
  ],
  [
    'two that are limited, none holds it',
    [under(is('hello-world')), under(is('team/app'), READER, 'group')],
    false,
    [],
    'overview',
    'teams/x',
  ],
  ['limited, beside AcrPull', [under(is('hello-world')), give('AcrPull')], false, [], 'modes', 'team/app'],
  [
    'content for all, metadata for one',
    [give('Content alone'), under(is('team/app'), 'Metadata alone')],
    true,
    [0, 1],
    'overview',
    'team/app',
  ],
  [
    'content for all, metadata for another',
    [give('Content alone'), under(is('team/app'), 'Metadata alone')],
    false,
    [],
    'overview',
    'teams/x',
  ],
);

const LEGACY_CONDITION_ROWS = rows(
  'legacy',
  [
    'AcrPull under a condition on repositories',
    [under(is('hello-world'), 'AcrPull')],
    true,
    [0],
    'conditions',
    'team/app',
  ],
  [
    'AcrPull under one that is not known',
    [under(`@Environment[isPrivateLink] BoolEquals true`, 'AcrPull')],
    'unknown',
    [],
    'conditions',
  ],
  [
    'AcrPull under the delegation of roles',
    [
      under(
        `(!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'}) OR @Request[Microsoft.Authorization/roleAssignments:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'ServicePrincipal'})`,
        'Owner',
      ),
    ],
    true,
    [0],
    'conditions',
  ],
  ['AcrPull that keeps pull out', [under(`!(ActionMatches{'${PULL}'})`, 'AcrPull')], false, [], 'conditions'],
  ['a repository asked for', [give('AcrPull')], true, [0], 'modes', 'team/app'],
  ['everything below a prefix asked for', [give('AcrPull')], true, [0], 'modes', 'team/*'],
);

const denying = (
  mode: Situation['mode'],
  ...of: [
    name: string,
    given: Given[],
    denied: Denied,
    allowed: Situation['allowed'],
    by: Situation['by'],
    ask?: string,
  ][]
): Situation[] =>
  of.map(([name, given, denied, allowed, by, ask]) => ({
    name: `${mode}, denied: ${name}`,
    mode,
    given,
    denied: [denied],
    allowed,
    by,
    source: 'deny',
    ...(ask === undefined ? {} : { ask }),
  }));

const ACR_PULL = [give('AcrPull')];
const REPOSITORY_READER = [give(READER)];
const READS = ['*/read'];

const DENY_ROWS = [
  ...denying(
    'legacy',
    ['the pull, to it', ACR_PULL, { at: 'registry', actions: [PULL], to: ['self'] }, false, 'deny'],
    [
      'the pull, to it, in capitals',
      ACR_PULL,
      { at: 'registry', actions: [PULL.toUpperCase()], to: ['self'] },
      false,
      'deny',
    ],
    [
      'everything, to everyone',
      [give('Owner')],
      { at: 'registry', actions: ['*'], to: ['everyone'] },
      false,
      'deny',
    ],
    ['reads, above', ACR_PULL, { at: 'group', actions: READS, to: ['everyone'] }, false, 'deny'],
    [
      'reads, at the subscription',
      ACR_PULL,
      { at: 'subscription', actions: READS, to: ['self'] },
      false,
      'deny',
    ],
    [
      'reads, above but only there',
      ACR_PULL,
      { at: 'group', actions: READS, to: ['everyone'], onlyThere: true },
      true,
      [0],
    ],
    [
      'reads, here and only here',
      ACR_PULL,
      { at: 'registry', actions: READS, to: ['everyone'], onlyThere: true },
      false,
      'deny',
    ],
    [
      'reads, to everyone but it',
      ACR_PULL,
      { at: 'registry', actions: READS, to: ['everyone'], except: ['self'] },
      true,
      [0],
    ],
    [
      'reads, to everyone but another',
      ACR_PULL,
      { at: 'registry', actions: READS, to: ['everyone'], except: ['other'] },
      false,
      'deny',
    ],
    ['reads, to another', ACR_PULL, { at: 'registry', actions: READS, to: ['other'] }, true, [0]],
    ['writes', ACR_PULL, { at: 'registry', actions: ['*/write', '*/delete'], to: ['everyone'] }, true, [0]],
    [
      'all but reads',
      ACR_PULL,
      { at: 'registry', actions: ['*'], notActions: READS, to: ['everyone'] },
      true,
      [0],
    ],
    [
      'all but another read',
      ACR_PULL,
      { at: 'registry', actions: ['*'], notActions: [`${R}/read`], to: ['everyone'] },
      false,
      'deny',
    ],
    ['data actions', ACR_PULL, { at: 'registry', dataActions: ['*'], to: ['everyone'] }, true, [0]],
    ['elsewhere', ACR_PULL, { at: 'other-registry', actions: ['*'], to: ['self'] }, true, [0]],
    ['in another group', ACR_PULL, { at: 'other-group', actions: ['*'], to: ['everyone'] }, true, [0]],
    ['to its group', ACR_PULL, { at: 'registry', actions: READS, to: ['group'] }, false, 'deny'],
    [
      'to a group around its group',
      ACR_PULL,
      { at: 'registry', actions: READS, to: ['outer-group'] },
      false,
      'deny',
    ],
    ['with no role at all', [], { at: 'registry', actions: READS, to: ['self'] }, false, 'deny'],
    [
      'to everyone but a group that its role comes through',
      [give('AcrPull', 'registry', 'group')],
      { at: 'registry', actions: READS, to: ['everyone'], except: ['group'] },
      true,
      [0],
    ],
    [
      'to everyone but a group of which nothing is known',
      ACR_PULL,
      { at: 'registry', actions: READS, to: ['everyone'], except: ['group'] },
      'unknown',
      [],
    ],
  ),
  ...denying(
    'abac',
    [
      'content, to it',
      REPOSITORY_READER,
      { at: 'registry', dataActions: [CONTENT], to: ['self'] },
      false,
      'deny',
      'team/app',
    ],
    [
      'metadata alone',
      REPOSITORY_READER,
      { at: 'registry', dataActions: [METADATA], to: ['everyone'] },
      false,
      'deny',
      'team/app',
    ],
    [
      'all data, above',
      REPOSITORY_READER,
      { at: 'group', dataActions: ['*'], to: ['everyone'] },
      false,
      'deny',
    ],
    [
      'all data but reads',
      REPOSITORY_READER,
      { at: 'registry', dataActions: ['*'], notDataActions: READS, to: ['everyone'] },
      true,
      [0],
    ],
    ['actions', REPOSITORY_READER, { at: 'registry', actions: ['*'], to: ['everyone'] }, true, [0]],
    ['pushes', [give(WRITER)], { at: 'registry', dataActions: ['*/write'], to: ['self'] }, true, [0]],
    [
      'all data, to everyone but it',
      REPOSITORY_READER,
      { at: 'registry', dataActions: ['*'], to: ['everyone'], except: ['self'] },
      true,
      [0],
    ],
    [
      'all data, under a condition that is met',
      [under(is('team/app'))],
      { at: 'registry', dataActions: ['*'], to: ['self'] },
      false,
      'deny',
      'team/app',
    ],
  ),
];

export const SITUATIONS: readonly Situation[] = [
  ...ROLE_ROWS,
  ...SCOPE_ROWS,
  ...CONDITION_ROWS,
  ...LEGACY_CONDITION_ROWS,
  ...DENY_ROWS,
];
