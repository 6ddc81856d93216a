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

/** Applies manifests: a here-document, quoted so that the shell changes nothing in it. */
export function applied(yaml: string): Command {
  const text = `kubectl apply -f - <<'EOF'\n${yaml}\nEOF`;
  return { pasteable: text, literal: text };
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

/**
 * The public address that a cluster's nodes go out by, where they do by its own load balancer, as by default
 * (https://learn.microsoft.com/azure/aks/load-balancer-standard).
 */
export function outboundAddress(cluster: { name: string; resourceGroup: string }): AskedFor {
  const address = `az aks show -g ${shellWord(cluster.resourceGroup)} -n ${shellWord(cluster.name)} --query "networkProfile.loadBalancerProfile.effectiveOutboundIPs[0].id" -o tsv`;
  return {
    ask: `az network public-ip show --ids "$(${address})" --query ipAddress -o tsv`,
    literal: '<outbound address>',
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

/** A role assignment at a registry, by its name: a GUID. What is none, which no Azure gives, gets into no query. */
export function assignmentAt(
  registry: { id: string; name: string },
  assignmentName: string,
): string | AskedFor {
  const between = '/providers/Microsoft.Authorization/roleAssignments/';
  if (!/^[0-9a-f-]+$/i.test(assignmentName)) return `${registry.id}${between}${assignmentName}`;
  return {
    ask: `az acr show -n ${shellWord(registry.name)} --query "join('${between}', [id, '${assignmentName}'])" -o tsv`,
    literal: `${registry.id}${between}${assignmentName}`,
  };
}

/** The list of a registry's deny assignments, for `az rest`: no other command has it. */
export function denyAssignmentsOf(registry: { id: string; name: string }): AskedFor {
  const list = '/providers/Microsoft.Authorization/denyAssignments?api-version=2022-04-01';
  return {
    ask: `az acr show -n ${shellWord(registry.name)} --query "join('', [id, '${list}'])" -o tsv`,
    literal: `${registry.id}${list}`,
  };
}

/** A role assignment anywhere: asked for where a command can tell the scope's id, else as it stands. */
export function assignmentOf({
  scope,
  name,
  id,
}: {
  scope: string;
  name: string;
  id: string;
}): string | AskedFor {
  const registry = parseArmId(scope);
  if (registry !== undefined && /\/Microsoft\.ContainerRegistry\/registries\//i.test(scope))
    return assignmentAt({ id: scope, name: registry.name }, name);
  const [, group] = /^\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)\/?$/i.exec(scope) ?? [];
  if (group === undefined || !/^[0-9a-f-]+$/i.test(name)) return id;
  const between = '/providers/Microsoft.Authorization/roleAssignments/';
  return {
    ask: `az group show -n ${shellWord(group)} --query "join('${between}', [id, '${name}'])" -o tsv`,
    literal: id,
  };
}

/** Gives a role to a principal. */
export function assignRole(
  role: string,
  principal: string | AskedFor,
  type: 'ServicePrincipal' | 'User',
  scope: string | AskedFor,
  condition?: string,
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
    ...(condition === undefined ? [] : ['--condition', condition, '--condition-version', CONDITION_VERSION]),
  );
}

/**
 * Writes a grant exactly as it is planned, its name and its condition included. Over an assignment that has the name and is
 * for the same role, principal and scope it is a change of its condition (recording: roleAssignments.PUT.condition.json).
 */
export function assignGrant(
  grant: Omit<PlannedGrant, 'description'> & { description?: string },
  principal: string | AskedFor,
  scope: string | AskedFor,
): Command {
  const { name, roleGuid, description, condition, conditionVersion } = grant;
  return command(
    ...['az', 'role', 'assignment', 'create', '--name', name, '--role', roleGuid],
    ...['--assignee-object-id', principal, '--assignee-principal-type', 'ServicePrincipal'],
    ...['--scope', scope],
    ...(description === undefined ? [] : ['--description', description]),
    ...(condition === undefined
      ? []
      : ['--condition', condition, '--condition-version', conditionVersion ?? CONDITION_VERSION]),
  );
}

/** Shows the locks of a scope. */
export function showLocks(scope: string): Command {
  const [, group] = /^\/*subscriptions\/[^/]+\/resourceGroups\/([^/]+)\/?$/i.exec(scope) ?? [];
  const at = /^\/*subscriptions\/[^/]+\/?$/i.test(scope)
    ? []
    : group === undefined
      ? ['--resource', scopeOf(scope)]
      : ['-g', group];
  return command('az', 'lock', 'list', ...at, '-o', 'table');
}

/** Lifts a lock. Only a resource of a resource group, the group itself and the subscription can hold one here. */
export function liftLock({ name, scope }: { name: string; scope: string }): Command | undefined {
  const [, group, type, resource] =
    /^\/*subscriptions\/[^/]+(?:\/resourceGroups\/([^/]+)(?:\/providers\/([^/]+\/[^/]+)\/([^/]+))?)?\/?$/i.exec(
      scope,
    ) ?? [];
  if (!/^\/*subscriptions\//i.test(scope)) return undefined;
  return command(
    ...['az', 'lock', 'delete', '-n', name],
    ...(group === undefined ? [] : ['-g', group]),
    ...(type === undefined || resource === undefined
      ? []
      : ['--resource', resource, '--resource-type', type]),
  );
}

/** Deletes the assignment of a name, wherever it is in the subscription. */
export function deleteAssignmentNamed(name: string, id?: string): Command {
  const ask = `az role assignment list --all --query "[?name=='${name}'].id" -o tsv`;
  return command('az', 'role', 'assignment', 'delete', '--ids', { ask, literal: id ?? `<id of ${name}>` });
}

/** Exempts a scope from a policy assignment. @param policyAssignment its id, as the refusal names it */
export function exempt(policyAssignment: string, scope: string | AskedFor): Command {
  return command(
    ...['az', 'policy', 'exemption', 'create', '-n', 'aks-acr-pull', '--exemption-category', 'Waiver'],
    ...['--policy-assignment', policyAssignment, '--scope', scope],
  );
}

/** Moves a registry to the mode in which repository roles count. Needs a current az. */
export function enableRepositoryRoles(registry: { name: string }): Command {
  return command('az', 'acr', 'update', '-n', registry.name, '--role-assignment-mode', 'rbac-abac');
}
