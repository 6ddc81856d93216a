/**
 * Commands that people paste. CI systems mask ids in logs and summaries, so each takes its ids by a sub-command; the
 * literal form, for report.json, stands beside it.
 */
import { parseArmId } from '../azure/arm-id.js';
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

/** A scope of which only the ARM id is known: a cluster's and a registry's is asked for, any other stands as it is. */
export function scopeOf(id: string): string | AskedFor {
  const parts = parseArmId(id);
  if (parts !== undefined && /\/Microsoft\.ContainerRegistry\/registries\//i.test(id))
    return registryScope({ id, name: parts.name });
  if (parts !== undefined && /\/managedClusters\//i.test(id)) return clusterScope({ id, ...parts });
  return id;
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
