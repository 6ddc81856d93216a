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

/**
 * A registry or a cluster that commands name. `apart`: cluster and registry lie in different subscriptions, so a command
 * says in which; az by itself looks in one alone (https://learn.microsoft.com/cli/azure/manage-azure-subscriptions-azure-cli).
 */
export interface Named {
  id: string;
  name: string;
  apart?: boolean;
}

/** Options that say in which subscription something is; none where az's own is meant. */
export function inSubscription({ id = '', apart }: Partial<Named>): string[] {
  const [, subscription] = /^\/*subscriptions\/([^/]+)/i.exec(id) ?? [];
  return apart !== true || subscription === undefined ? [] : ['--subscription', subscription];
}

/** The options by which an `az acr` command names its registry. @param option `-n` of most, `-r` of those for what is in it */
export function inRegistry(registry: Named, option: '-n' | '-r' = '-n'): string[] {
  return [option, registry.name, ...inSubscription(registry)];
}

const inShell = (words: readonly string[]): string => words.map(shellWord).join(' ');

/** `az acr show`, asked for one thing. */
function showRegistry(registry: Named, query: string): string {
  return `az acr show ${inShell(inRegistry(registry))} --query ${query} -o tsv`;
}

/** A cluster by its group and name; its id where commands may have to name the subscription. */
type NamedCluster = Partial<Named> & { name: string; resourceGroup: string };

function showCluster(cluster: NamedCluster, query: string): string {
  const at = ['-g', cluster.resourceGroup, '-n', cluster.name, ...inSubscription(cluster)];
  return `az aks show ${inShell(at)} --query ${query} -o tsv`;
}

export function registryScope(registry: Named): AskedFor {
  return { ask: showRegistry(registry, 'id'), literal: registry.id };
}

export function clusterScope(cluster: Named & { resourceGroup: string }): AskedFor {
  return { ask: showCluster(cluster, 'id'), literal: cluster.id };
}

/** The object id of a cluster's kubelet identity. */
export function kubeletObjectId(cluster: NamedCluster, objectId: string): AskedFor {
  return { ask: showCluster(cluster, 'identityProfile.kubeletidentity.objectId'), literal: objectId };
}

/**
 * The public address that a cluster's nodes go out by, where they do by its own load balancer, as by default
 * (https://learn.microsoft.com/azure/aks/load-balancer-standard).
 */
export function outboundAddress(cluster: NamedCluster): AskedFor {
  const address = showCluster(cluster, '"networkProfile.loadBalancerProfile.effectiveOutboundIPs[0].id"');
  return {
    ask: `az network public-ip show --ids "$(${address})" --query ipAddress -o tsv`,
    literal: '<outbound address>',
  };
}

/**
 * A scope of which only the ARM id is known: how to ask for it where a command can tell, else as it stands.
 *
 * @param apart whether several subscriptions are spoken of
 */
export function scopeOf(id: string, apart = false): string | AskedFor {
  const parts = parseArmId(id);
  if (parts !== undefined && /\/Microsoft\.ContainerRegistry\/registries\//i.test(id))
    return registryScope({ id, name: parts.name, apart });
  if (parts !== undefined && /\/managedClusters\//i.test(id)) return clusterScope({ id, ...parts, apart });
  return joinedTo(id, '', apart) ?? id;
}

/** What is below a resource group or a subscription: asked for by the group's name, or as that which az is in. */
function joinedTo(scope: string, below: string, apart: boolean): AskedFor | undefined {
  const literal = `${scope.replace(/\/$/, '')}${below}`;
  const [, group] = /^\/subscriptions\/[^/]+(?:\/resourceGroups\/([^/]+))?\/?$/i.exec(scope) ?? [];
  const where = inShell(inSubscription({ id: scope, apart }));
  const at = where === '' ? '' : ` ${where}`;
  if (group !== undefined) {
    const query = below === '' ? 'id' : `"join('', [id, '${below}'])"`;
    return { ask: `az group show -n ${shellWord(group)}${at} --query ${query} -o tsv`, literal };
  }
  if (!/^\/subscriptions\/[^/]+\/?$/i.test(scope)) return undefined;
  return {
    ask: `az account show${at} --query "join('', ['/subscriptions/', id${below === '' ? '' : `, '${below}'`}])" -o tsv`,
    literal,
  };
}

const ASSIGNMENTS = '/providers/Microsoft.Authorization/roleAssignments/';

/** A role assignment at a registry, by its name: a GUID. What is none, which no Azure gives, gets into no query. */
export function assignmentAt(registry: Named, assignmentName: string): string | AskedFor {
  const literal = `${registry.id}${ASSIGNMENTS}${assignmentName}`;
  if (!/^[0-9a-f-]+$/i.test(assignmentName)) return literal;
  return { ask: showRegistry(registry, `"join('${ASSIGNMENTS}', [id, '${assignmentName}'])"`), literal };
}

/** The list of a registry's deny assignments, for `az rest`: no other command has it. */
export function denyAssignmentsOf(registry: Named): AskedFor {
  const list = '/providers/Microsoft.Authorization/denyAssignments?api-version=2022-04-01';
  return { ask: showRegistry(registry, `"join('', [id, '${list}'])"`), literal: `${registry.id}${list}` };
}

/**
 * A role assignment anywhere: asked for where a command can tell the scope's id, else as it stands.
 *
 * @param apart whether several subscriptions are spoken of
 */
export function assignmentOf(
  { scope, name, id }: { scope: string; name: string; id: string },
  apart = false,
): string | AskedFor {
  const registry = parseArmId(scope);
  if (registry !== undefined && /\/Microsoft\.ContainerRegistry\/registries\//i.test(scope))
    return assignmentAt({ id: scope, name: registry.name, apart }, name);
  if (!/^[0-9a-f-]+$/i.test(name)) return id;
  const found = joinedTo(scope, `${ASSIGNMENTS}${name}`, apart);
  return found === undefined ? id : { ...found, literal: id };
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

/** Shows the locks of a scope. @param apart whether several subscriptions are spoken of */
export function showLocks(scope: string, apart = false): Command {
  const [, group] = /^\/*subscriptions\/[^/]+\/resourceGroups\/([^/]+)\/?$/i.exec(scope) ?? [];
  const at = /^\/*subscriptions\/[^/]+\/?$/i.test(scope)
    ? []
    : group === undefined
      ? ['--resource', scopeOf(scope, apart)]
      : ['-g', group];
  return command('az', 'lock', 'list', ...at, ...inSubscription({ id: scope, apart }), '-o', 'table');
}

/**
 * Lifts a lock. Only a resource of a resource group, the group itself and the subscription can hold one here.
 *
 * @param apart whether several subscriptions are spoken of
 */
export function liftLock(
  { name, scope }: { name: string; scope: string },
  apart = false,
): Command | undefined {
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
    ...inSubscription({ id: scope, apart }),
  );
}

/** Shows the assignment of a name, wherever it is in the subscription of a registry. */
export function showAssignmentNamed(name: string, at: Partial<Named>): Command {
  return command(
    ...['az', 'role', 'assignment', 'list', '--all', ...inSubscription(at), '-o', 'table', '--query'],
    `[?name=='${name}'].{principal:principalId, role:roleDefinitionName, scope:scope}`,
  );
}

/** Deletes it. @param id where it is known */
export function deleteAssignmentNamed(name: string, at: Partial<Named>, id?: string): Command {
  const ask = `az role assignment list ${inShell(['--all', ...inSubscription(at)])} --query "[?name=='${name}'].id" -o tsv`;
  return command('az', 'role', 'assignment', 'delete', '--ids', { ask, literal: id ?? `<id of ${name}>` });
}

/** Exempts a scope from a policy assignment. @param policyAssignment its id, as the refusal names it */
export function exempt(policyAssignment: string, scope: string | AskedFor): Command {
  return command(
    ...['az', 'policy', 'exemption', 'create', '-n', 'aks-acr-pull', '--exemption-category', 'Waiver'],
    ...['--policy-assignment', policyAssignment, '--scope', scope],
  );
}

/**
 * Links a private DNS zone to a network (https://learn.microsoft.com/cli/azure/network/private-dns/link/vnet). Zones are
 * often kept in a subscription of their own: one other than the network's is named.
 *
 * @returns undefined where an id is none of a resource
 */
export function linkZone(missing: { zone: string; network: string }): Command | undefined {
  const [zone, network] = [parseArmId(missing.zone), parseArmId(missing.network)];
  if (zone === undefined || network === undefined) return undefined;
  const { resourceGroup, name } = network;
  const elsewhere = zone.subscriptionId.toLowerCase() !== network.subscriptionId.toLowerCase();
  return command(
    ...['az', 'network', 'private-dns', 'link', 'vnet', 'create', '-g', zone.resourceGroup],
    ...['-z', zone.name, '-n', name, '-e', 'false', '-v'],
    {
      ask: `az network vnet show -g ${shellWord(resourceGroup)} -n ${shellWord(name)} --query id -o tsv`,
      literal: missing.network,
    },
    ...(elsewhere ? ['--subscription', zone.subscriptionId] : []),
  );
}

/** Lists the private DNS zones of a name. */
export function zonesNamed(zone: string): Command {
  return command(
    'az',
    'network',
    'private-dns',
    'zone',
    'list',
    '--query',
    `[?name=='${zone}'].id`,
    '-o',
    'tsv',
  );
}

/**
 * Has a private endpoint keep its names in the zone of a name, where there is one of it alone
 * (https://learn.microsoft.com/cli/azure/network/private-endpoint/dns-zone-group).
 *
 * @returns undefined where the endpoint's id is none of a resource
 */
export function keepNames(endpoint: string, zone: string): Command | undefined {
  const parts = parseArmId(endpoint);
  if (parts === undefined) return undefined;
  return command(
    ...['az', 'network', 'private-endpoint', 'dns-zone-group', 'create', '-g', parts.resourceGroup],
    ...['--endpoint-name', parts.name, '-n', 'default', '--zone-name', zone.replaceAll('.', '-')],
    '--private-dns-zone',
    {
      ask: `az network private-dns zone list --query "[?name=='${zone}'].id" -o tsv`,
      literal: `<id of zone ${zone}>`,
    },
  );
}

/** Moves a registry to the mode in which repository roles count. Needs a current az. */
export function enableRepositoryRoles(registry: Named): Command {
  return command('az', 'acr', 'update', ...inRegistry(registry), '--role-assignment-mode', 'rbac-abac');
}
