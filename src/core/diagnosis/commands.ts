/**
 * Commands that people paste. CI systems mask ids in logs and summaries, so each takes its ids by a sub-command; the
 * literal form, for report.json, stands beside it.
 */
import { parseArmId } from '../azure/arm-id.js';
import { CONDITION_VERSION } from '../azure/condition.js';
import type { PlannedGrant } from '../report.js';
import { shellWord } from '../shell.js';

/** A command in both forms. */
export interface Command {
  pasteable: string;
  literal: string;
}

/** An argument that is an id: how to ask for it, and what it is. */
export interface AskedFor {
  ask: string;
  literal: string;
}

/** A command out of words; an id is asked for in the pasteable form. */
export function command(...words: (string | AskedFor)[]): Command {
  return {
    pasteable: words
      .map((word) => (typeof word === 'string' ? shellWord(word) : `"$(${word.ask})"`))
      .join(' '),
    literal: words.map((word) => shellWord(typeof word === 'string' ? word : word.literal)).join(' '),
  };
}

export function registryScope(registry: { id: string; name: string }): AskedFor {
  return { ask: `az acr show -n ${shellWord(registry.name)} --query id -o tsv`, literal: registry.id };
}

export function clusterScope(cluster: { id: string; name: string; resourceGroup: string }): AskedFor {
  return {
    ask: `az aks show -g ${shellWord(cluster.resourceGroup)} -n ${shellWord(cluster.name)} --query id -o tsv`,
    literal: cluster.id,
  };
}

/** The object id of a cluster's kubelet identity. */
export function kubeletObjectId(
  cluster: { name: string; resourceGroup: string },
  objectId: string,
): AskedFor {
  return {
    ask: `az aks show -g ${shellWord(cluster.resourceGroup)} -n ${shellWord(cluster.name)} --query identityProfile.kubeletidentity.objectId -o tsv`,
    literal: objectId,
  };
}

/** A scope of which only the ARM id is known: how to ask for it where a command can tell, else as it stands. */
export function scopeOf(id: string): string | AskedFor {
  const parts = parseArmId(id);
  if (parts !== undefined && /\/Microsoft\.ContainerRegistry\/registries\//i.test(id))
    return registryScope({ id, name: parts.name });
  if (parts !== undefined && /\/managedClusters\//i.test(id)) return clusterScope({ id, ...parts });
  const [, group] = /^\/subscriptions\/[^/]+(?:\/resourceGroups\/([^/]+))?\/?$/i.exec(id) ?? [];
  if (group !== undefined)
    return { ask: `az group show -n ${shellWord(group)} --query id -o tsv`, literal: id };
  if (/^\/subscriptions\/[^/]+\/?$/i.test(id))
    return { ask: `az account show --query "join('/subscriptions/', ['', id])" -o tsv`, literal: id };
  return id;
}

/** A role assignment at a registry, by its name: a GUID, which needs no quoting. */
export function assignmentAt(registry: { id: string; name: string }, assignmentName: string): AskedFor {
  const between = '/providers/Microsoft.Authorization/roleAssignments/';
  return {
    ask: `az acr show -n ${shellWord(registry.name)} --query "join('${between}', [id, '${assignmentName}'])" -o tsv`,
    literal: `${registry.id}${between}${assignmentName}`,
  };
}

/** Gives a role to a principal. */
export function assignRole(
  role: string,
  principal: string | AskedFor,
  type: 'ServicePrincipal' | 'User',
  scope: string | AskedFor,
): Command {
  return command(
    'az',
    'role',
    'assignment',
    'create',
    '--role',
    role,
    '--assignee-object-id',
    principal,
    '--assignee-principal-type',
    type,
    '--scope',
    scope,
  );
}

/** Writes a grant exactly as it is planned, its name and its condition included. */
export function assignGrant(
  grant: PlannedGrant,
  principal: string | AskedFor,
  scope: string | AskedFor,
): Command {
  const { name, roleGuid, description, condition, conditionVersion } = grant;
  return command(
    ...['az', 'role', 'assignment', 'create', '--name', name, '--role', roleGuid],
    ...['--assignee-object-id', principal, '--assignee-principal-type', 'ServicePrincipal'],
    ...['--scope', scope, '--description', description],
    ...(condition === undefined
      ? []
      : ['--condition', condition, '--condition-version', conditionVersion ?? CONDITION_VERSION]),
  );
}
