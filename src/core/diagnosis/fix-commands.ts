/** Commands of fixes that causes of several families share. */
import type { FixFacts } from './cause.js';
import {
  assignGrant,
  assignRole,
  command,
  denyAssignmentsOf,
  inRegistry,
  kubeletObjectId,
  registryScope,
} from './commands.js';
import type { Command } from './commands.js';

/** A check of a cluster and a registry, which reads what a message can't tell. */
export function check({ cluster, registry }: FixFacts): Command {
  return command(
    'aks-acr-pull',
    'check',
    '--cluster',
    cluster?.name ?? 'CLUSTER',
    '-g',
    cluster?.resourceGroup ?? 'GROUP',
    '--registry',
    registry?.loginServer ?? 'REGISTRY',
  );
}

/** Shows a part of the registry. @param query in JMESPath */
export const showRegistry =
  (query: string) =>
  ({ registry }: FixFacts): Command | undefined =>
    registry && command('az', 'acr', 'show', ...inRegistry(registry), '--query', query, '-o', 'tsv');

/** Shows a part of the cluster. @param query in JMESPath; `more` as `az aks show` takes it */
export const showCluster =
  (query: string, ...more: readonly string[]) =>
  ({ cluster }: FixFacts): Command | undefined =>
    cluster &&
    command('az', 'aks', 'show', '-g', cluster.resourceGroup, '-n', cluster.name, '--query', query, ...more);

/** Shows the object id of the kubelet identity. */
export const showKubeletIdentity = showCluster('identityProfile.kubeletidentity.objectId', '-o', 'tsv');

/** Shows the registry's deny assignments in full. */
export function showDenyAssignments({ registry }: FixFacts): Command | undefined {
  return registry && command('az', 'rest', '--method', 'get', '--url', denyAssignmentsOf(registry));
}

/** Shows the nodes, with their system and their addresses. */
export const nodes = command('kubectl', 'get', 'nodes', '-o', 'wide');

/** The grant itself, as someone who may would make it. */
export function grantCommand({
  cluster,
  registry,
  kubeletObjectId: objectId,
  kubeletIsServicePrincipal,
  role,
  grant,
}: FixFacts): Command | undefined {
  if (registry === undefined || objectId === undefined || role === undefined) return undefined;
  const principal =
    cluster === undefined || kubeletIsServicePrincipal === true
      ? objectId
      : kubeletObjectId(cluster, objectId);
  return grant === undefined
    ? assignRole(role.guid, principal, 'ServicePrincipal', registryScope(registry))
    : assignGrant(grant, principal, registryScope(registry));
}

/** The right that writing a grant needs. */
export const GRANT_ACTION = 'Microsoft.Authorization/roleAssignments/write';
