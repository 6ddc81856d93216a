/**
 * What a principal may do in a registry, by the registry's role assignment mode.
 * Source: learn.microsoft.com container-registry-rbac-abac-repository-permissions and
 * container-registry-rbac-built-in-roles-overview.
 */
import type { SimulatorContext } from '../context.js';
import type { Registry } from '../cloud/model.js';
import type { Scope } from './answers.js';
import type { AccessEntry } from './tokens.js';

const PROVIDER = 'Microsoft.ContainerRegistry/registries';

/**
 * Legacy mode: control-plane actions at the registry, the token action each gives, and the word a refresh token's
 * `permissions` claim has for it (recording: acr.dataplane.json holds read, write, delete, metadata/read ...).
 * Assumption: metadata and the catalog need no more than the right to pull.
 */
const LEGACY = [
  { action: `${PROVIDER}/pull/read`, permission: 'read', gives: ['pull', 'metadata_read'] },
  { action: `${PROVIDER}/push/write`, permission: 'write', gives: ['push', 'metadata_write'] },
  { action: `${PROVIDER}/artifacts/delete`, permission: 'delete', gives: ['delete'] },
] as const;

/** ABAC mode: data actions that each action of a repository scope needs, all of them. */
const ABAC_REPOSITORY: Record<string, string[]> = {
  pull: [`${PROVIDER}/repositories/content/read`, `${PROVIDER}/repositories/metadata/read`],
  push: [`${PROVIDER}/repositories/content/write`],
  delete: [`${PROVIDER}/repositories/content/delete`],
  metadata_read: [`${PROVIDER}/repositories/metadata/read`],
  metadata_write: [`${PROVIDER}/repositories/metadata/write`],
};
const ABAC_CATALOG = `${PROVIDER}/catalog/read`;

/** ARM id of a registry. */
export function registryId(registry: Registry): string {
  return `/subscriptions/${registry.subscriptionId}/resourceGroups/${registry.resourceGroup}/providers/${PROVIDER}/${registry.name}`;
}

/** What the exchange finds: the words for the refresh token, or that the principal has no business here. */
export interface RegistryRights {
  any: boolean;
  permissions: string[];
  why: string;
}

/**
 * Rights of a principal at the registry as the exchange looks at them. In ABAC mode rights differ by repository, so
 * the exchange lets in whoever has a right of either kind and leaves the rest to each repository (assumption: the
 * documented symptom of AcrPull on such a registry is `insufficient_scope`, not a refused exchange).
 */
export function rightsAtRegistry(
  context: SimulatorContext,
  registry: Registry,
  principalId: string,
): RegistryRights {
  const scope = registryId(registry);
  const decisions = LEGACY.map((row) => ({
    ...row,
    decision: context.decide({ principalId, action: row.action, kind: 'action', scope }),
  }));
  const held = decisions.filter((row) => row.decision.allowed);
  const permissions = held.map((row) => row.permission);
  if (registry.roleAssignmentMode === 'LegacyRegistryPermissions') {
    return { any: held.length > 0, permissions, why: (held[0] ?? decisions[0])?.decision.why ?? '' };
  }
  const repositories = [undefined, ...registry.repositories.map((repository) => repository.name)];
  for (const action of [...new Set([ABAC_CATALOG, ...Object.values(ABAC_REPOSITORY).flat()])]) {
    for (const repository of repositories) {
      const decision = context.decide({
        principalId,
        action,
        kind: 'dataAction',
        scope,
        ...(repository === undefined ? {} : { repository }),
      });
      if (decision.allowed) return { any: true, permissions: [], why: decision.why };
    }
  }
  return { any: held.length > 0, permissions: [], why: held[0]?.decision.why ?? 'no right in this registry' };
}

/** The part of the asked scopes that a principal has a right to, as the `access` claim writes it, and why. */
export function grantedAccess(
  context: SimulatorContext,
  registry: Registry,
  principalId: string,
  permissions: readonly string[],
  scopes: readonly Scope[],
): { access: AccessEntry[]; why: string } {
  const whys: string[] = [];
  const may = (scope: Scope, action: string): boolean => {
    // A legacy registry wrote the rights into the refresh token (its `permissions` claim).
    if (registry.roleAssignmentMode === 'LegacyRegistryPermissions')
      return mayByPermissions(permissions, scope, action);
    return dataActionsFor(scope, action).every((dataAction) => {
      const decision = context.decide({
        principalId,
        action: dataAction,
        kind: 'dataAction',
        scope: registryId(registry),
        ...(scope.type === 'repository' ? { repository: scope.name } : {}),
      });
      whys.push(decision.why);
      return decision.allowed;
    });
  };
  const access = scopes
    .filter((scope) => scope.type === 'repository' || scope.name === 'catalog')
    .map((scope) => ({
      Type: scope.type,
      Name: scope.name,
      Actions: scope.actions.filter((action) => knownAction(scope, action) && may(scope, action)),
    }));
  return { access: access.filter((entry) => entry.Actions.length > 0), why: whys.at(-1) ?? '' };
}

function knownAction(scope: Scope, action: string): boolean {
  return scope.type === 'registry' ? action === '*' : Object.hasOwn(ABAC_REPOSITORY, action);
}

function mayByPermissions(permissions: readonly string[], scope: Scope, action: string): boolean {
  if (scope.type === 'registry') return permissions.includes('read');
  return LEGACY.some(
    (row) => permissions.includes(row.permission) && row.gives.some((given) => given === action),
  );
}

function dataActionsFor(scope: Scope, action: string): string[] {
  return scope.type === 'registry' ? [ABAC_CATALOG] : (ABAC_REPOSITORY[action] ?? []);
}

/** Reads `repository:team/app:pull,push` and `registry:catalog:*`; undefined for anything else. */
export function parseScope(text: string): Scope | undefined {
  const match = /^(repository|registry):(.+):([^:]+)$/.exec(text);
  if (!match) return undefined;
  const [, type = '', name = '', actions = ''] = match;
  return { type, name, actions: actions.split(',') };
}
