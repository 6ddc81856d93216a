/** ARM as it answers in a situation: bodies as it serves them, filters as it takes them. */
import type { Registry } from '../../../src/core/azure/registry.js';
import { evaluateAccess } from '../../../src/core/stages/decide.js';
import type { AccessFacts } from '../../../src/core/stages/decide.js';
import { OBJECT_ID, OTHER_SUBSCRIPTION, REGISTRY_ID, ScriptedHttp, SUBSCRIPTION, world } from '../support.js';
import { ABAC, armError, assignmentBody, LEGACY } from './bodies.js';
import { ROLES } from './situations.js';
import type { Denied, Given, Situation, Where } from './situations.js';

const GROUP_ID = `/subscriptions/${SUBSCRIPTION}/resourceGroups/shops`;

export const SCOPES: Readonly<Record<Where, string>> = {
  registry: REGISTRY_ID,
  group: GROUP_ID,
  subscription: `/subscriptions/${SUBSCRIPTION}`,
  'management-group': '/providers/Microsoft.Management/managementGroups/all',
  root: '/',
  below: `${REGISTRY_ID}/replications/west`,
  'other-registry': `${REGISTRY_ID}2`,
  'other-group': `${GROUP_ID}2`,
  'other-subscription': `/subscriptions/${OTHER_SUBSCRIPTION}`,
};

const PRINCIPALS = {
  self: OBJECT_ID,
  group: 'bbbbbbbb-0000-4000-8000-000000000001',
  'outer-group': 'bbbbbbbb-0000-4000-8000-000000000002',
  other: 'cccccccc-0000-4000-8000-000000000001',
  everyone: '00000000-0000-0000-0000-000000000000',
} as const;

const TYPES = {
  self: 'ServicePrincipal',
  group: 'Group',
  'outer-group': 'Group',
  other: 'ServicePrincipal',
  everyone: 'SystemDefined',
} as const;

const CUSTOM = Object.keys(ROLES);

/** GUID of a role: a built-in one's own, or one made up for a custom one. */
export function guidOf(role: string): string {
  return ROLES[role]?.guid ?? `eeeeeeee-0000-4000-8000-${String(CUSTOM.indexOf(role)).padStart(12, '0')}`;
}

function definition(role: string): object {
  const { actions = [], notActions = [], dataActions = [], notDataActions = [] } = ROLES[role] ?? {};
  return {
    name: guidOf(role),
    properties: { roleName: role, permissions: [{ actions, notActions, dataActions, notDataActions }] },
  };
}

function servedAssignment({ role, at, to, condition }: Given): { id: string } {
  return assignmentBody(guidOf(role), {
    scope: SCOPES[at],
    principalId: PRINCIPALS[to],
    ...(condition === undefined ? {} : { condition, conditionVersion: '2.0' }),
  });
}

function servedDenial(denied: Denied, nth: number): object {
  const scope = SCOPES[denied.at];
  const named = (of: readonly (keyof typeof PRINCIPALS)[]): object[] =>
    of.map((one) => ({ id: PRINCIPALS[one], type: TYPES[one] }));
  const { actions = [], notActions = [], dataActions = [], notDataActions = [] } = denied;
  return {
    id: `${scope}/providers/Microsoft.Authorization/denyAssignments/00000000-0000-4000-9000-${String(nth).padStart(12, '0')}`,
    properties: {
      denyAssignmentName: `deny ${nth}`,
      permissions: [{ actions, notActions, dataActions, notDataActions }],
      scope,
      doNotApplyToChildScopes: denied.onlyThere === true,
      principals: named(denied.to),
      excludePrincipals: named(denied.except ?? []),
      isSystemProtected: true,
    },
  };
}

/** How bodies are changed before they are served. */
export interface Served {
  assignments?: (all: object[]) => object[];
}

/** ARM, with the ids of the situation's assignments in their order. */
export interface SituationArm {
  http: ScriptedHttp;
  ids: string[];
}

export function armOf(
  situation: Situation,
  { assignments: change = (all) => all }: Served = {},
): SituationArm {
  const assignments = situation.given.map((one) => ({ given: one, body: servedAssignment(one) }));
  const denials = situation.denied.map((one, nth) => ({ denied: one, body: servedDenial(one, nth) }));
  const http = new ScriptedHttp(({ url }) => {
    const { pathname, searchParams } = new URL(url);
    const filter = searchParams.get('$filter') ?? '';
    if (pathname.endsWith('/roleAssignments')) {
      if (filter.includes('assignedTo') && situation.groupsRefused === true)
        return { status: 403, body: armError('AuthorizationFailed', 'no right to read the directory') };
      const own = filter.includes('principalId eq');
      const listed = assignments.filter(({ given }) => !own || given.to === 'self');
      return { body: { value: change(listed.map(({ body }) => body)) } };
    }
    if (pathname.endsWith('/denyAssignments')) {
      const assigned = denials.filter(({ denied }) => denied.to.some((one) => one !== 'other'));
      return {
        body: { value: (filter.includes('assignedTo') ? assigned : denials).map(({ body }) => body) },
      };
    }
    if (pathname.endsWith('/roleDefinitions')) return { body: { value: CUSTOM.map(definition) } };
    const role = CUSTOM.find((one) => pathname.endsWith(`/roleDefinitions/${guidOf(one)}`));
    if (role === undefined) throw new Error(`nothing is scripted for ${url}`);
    return { body: definition(role) };
  });
  return { http, ids: assignments.map(({ body }) => body.id) };
}

const MODES = { legacy: LEGACY, abac: ABAC, unknown: 'unknown' } as const;

export function registryOf({ mode }: Pick<Situation, 'mode'>): Registry {
  return {
    id: REGISTRY_ID,
    subscriptionId: SUBSCRIPTION,
    resourceGroup: 'shops',
    name: 'contoso',
    loginServer: 'contoso.azurecr.io',
    sku: 'Premium',
    mode: MODES[mode],
    anonymousPull: false,
    publicNetworkAccess: 'Enabled',
    networkRestricted: false,
    armAudienceTokens: true,
    dataEndpoints: [],
    networkRules: 0,
    privateEndpoints: 0,
  };
}

/** Access as the core judges it there. */
export async function judged(situation: Situation, arm = armOf(situation)): Promise<AccessFacts> {
  return evaluateAccess(
    world(arm.http).azure,
    { id: REGISTRY_ID, subscriptionId: SUBSCRIPTION },
    Promise.resolve(registryOf(situation)),
    OBJECT_ID,
    () => (situation.ask === undefined ? [] : [situation.ask]),
  );
}
