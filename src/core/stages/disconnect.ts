/** Disconnect: removes the grants that this tool made at the registry, and says what still lets the identity pull. */
import { asGrant, decideAccess, readAssignments } from '../azure/access.js';
import type { ReadAssignments } from '../azure/access.js';
import { ArmError } from '../azure/arm.js';
import { parseArmId, sameId } from '../azure/arm-id.js';
import { CLUSTER_API_VERSION, parseCluster } from '../azure/cluster.js';
import type { Cluster } from '../azure/cluster.js';
import { isOurs } from '../azure/grant.js';
import type { Registry } from '../azure/registry.js';
import type { Assignment, RoleAssignments } from '../azure/role-assignments.js';
import { ACR_PULL, REPOSITORY_READER } from '../azure/roles.js';
import type { Role } from '../azure/roles.js';
import type { AzureSession } from '../azure/session.js';
import { command, registryScope } from '../diagnosis/commands.js';
import type { Named } from '../diagnosis/commands.js';
import { explainError } from '../diagnosis/explain.js';
import type { Fix, Grant, Result } from '../report.js';
import { InputErrors } from '../request.js';
import type { ClusterRef, Request } from '../request.js';
import { begun } from '../telling.js';
import type { Telling } from '../telling.js';
import { keepAccess } from './decide.js';
import { checkIdentity, resolveCluster, resolveRegistry } from './resolve.js';
import type { Resolver } from './resolve.js';
import type { Story } from './story.js';

/** A role assignment that goes, with the role it gives. */
export interface Removal {
  assignment: Assignment;
  role: Role;
  ours: boolean;
}

/**
 * Runs the mode. The cluster may be gone, if the object id of its identity is given. The cluster itself is never asked
 * anything, and nothing but role assignments at exactly this registry, to exactly this principal, is removed.
 *
 * @throws {StoryEnds} when it can't go on
 * @throws {InputErrors} when the object id that was given is not the cluster's, before anything is removed
 */
export async function disconnect({
  request,
  clusterRef,
  registryRef,
  azure,
  resolver,
  ports,
  telling,
}: Story): Promise<Result> {
  const since = ports.clock.now();
  telling.connection.access.removed = [];
  const registryRead = begun(resolver.registry(registryRef));
  const cluster = await clusterOrGone(request, clusterRef, resolver, registryRead, telling, since);
  if (cluster !== undefined) refuseOtherIdentity(cluster, request);
  const principalId =
    cluster === undefined
      ? goneIdentity(request, telling)
      : await checkIdentity(cluster, request, resolver, telling);
  const registry = await resolveRegistry(resolver, registryRef, telling, since);

  const client = azure.roleAssignments(registry.subscriptionId);
  const read = await readAll(client, registry, principalId, telling);
  const removals = whatGoes(read, registry, principalId, request.allDirect);
  keepAccess(decideAccess(read, registry, principalId), registry, telling);
  telling.connection.wouldChange = removals.length > 0;
  // Before anything is removed: whoever shares the identity loses access with it.
  if (removals.length > 0)
    await tellSharing(azure, resolver.clusterId(clusterRef), cluster, principalId, telling);

  if (request.dryRun) tellDryRun(removals, registry, telling);
  else {
    const gone = await removeAll(client, removals, registry, telling);
    const { allowed, grants } = decideAccess(without(read, gone), registry, principalId);
    telling.connection.access = { ...telling.connection.access, allowed, grants };
  }
  tellRemains(letPull(without(read, removals), registry, principalId), read.gaps, registry, request, telling);
  return conclude(telling);
}

/**
 * What is to be removed: grants of this tool for either role of the two, whatever the registry's mode is now; with
 * `allDirect` also any other direct assignment at the registry that lets the identity pull. Inherited ones and a group's
 * never. Pure.
 */
export function whatGoes(
  read: ReadAssignments,
  registry: Pick<Registry, 'id' | 'mode'>,
  principalId: string,
  allDirect: boolean,
): Removal[] {
  const pulls = new Set(letPull(read, registry, principalId).map(({ assignmentId }) => assignmentId));
  return read.assignments.flatMap(({ assignment, role }): Removal[] => {
    const direct =
      sameId(assignment.scope, registry.id) && assignment.principalId === principalId.toLowerCase();
    if (!direct || role === undefined) return [];
    const ours = [ACR_PULL.guid, REPOSITORY_READER.guid].includes(role.guid) && isOurs(assignment);
    return ours || (allDirect && pulls.has(assignment.id)) ? [{ assignment, role, ours }] : [];
  });
}

/** Everything that lets the identity pull anything from the registry, be it from some repositories alone. */
function letPull(
  read: ReadAssignments,
  registry: Pick<Registry, 'id' | 'mode'>,
  principalId: string,
): Grant[] {
  const { grants, limited } = decideAccess(read, registry, principalId);
  const partly = new Set(limited.map(({ assignment }) => assignment));
  return [
    ...grants,
    ...read.assignments.flatMap(({ assignment, role }) =>
      role !== undefined && partly.has(assignment)
        ? [asGrant(assignment, role, registry.id, principalId)]
        : [],
    ),
  ];
}

function without(read: ReadAssignments, removals: readonly Removal[]): ReadAssignments {
  const removed = new Set(removals.map(({ assignment }) => assignment));
  return { ...read, assignments: read.assignments.filter(({ assignment }) => !removed.has(assignment)) };
}

/**
 * The cluster; undefined when it can't be read and the identity is given instead: once a cluster is deleted, a login with
 * rights on it alone is answered 403, one with rights above it 404.
 */
async function clusterOrGone(
  request: Request,
  ref: ClusterRef,
  resolver: Resolver,
  registryRead: () => Promise<Registry>,
  telling: Telling,
  since: number,
): Promise<Cluster | undefined> {
  const failure = await resolver.cluster(ref).then(
    () => undefined,
    (error: unknown) => error,
  );
  const title = `cluster ${ref.name} exists and this login may read it`;
  const unseen = failure instanceof ArmError && (failure.status === 403 || failure.status === 404);
  if (unseen && request.kubeletObjectId !== undefined) {
    const evidence = `${failure.message}; it isn't needed, because kubelet-object-id names the identity`;
    telling.tell('cluster', title, { status: 'skip', evidence }, since);
    return undefined;
  }
  if (unseen && failure.status === 404) {
    const registry = await registryRead().catch(() => undefined);
    const told = explainError(failure, telling.facts, 'cluster');
    telling.end('cluster', title, { ...told, fix: fixForGone(told.fix, registry) }, since);
  }
  return resolveCluster(resolver, ref, telling, since);
}

/** What to do when the cluster is gone: its identity is still named in the assignments that it left. */
function fixForGone(fix: Fix, registry: Registry | undefined): Fix {
  const look =
    registry === undefined
      ? undefined
      : command(
          'az',
          'role',
          'assignment',
          'list',
          '--scope',
          registryScope(registry),
          '--query',
          '[].{principal:principalId, role:roleDefinitionName, description:description}',
          '-o',
          'table',
        );
  return {
    summary: `${fix.summary} If the cluster was deleted, give the object id of its kubelet identity as kubelet-object-id${look === undefined ? '' : ': the last command lists who has which role at the registry'}.`,
    commands: [...fix.commands, ...(look === undefined ? [] : [look.pasteable])],
    literalCommands: [...(fix.literalCommands ?? []), ...(look === undefined ? [] : [look.literal])],
  };
}

function goneIdentity({ kubeletObjectId = '' }: Request, telling: Telling): string {
  telling.connection.identity = { kind: 'unknown', objectId: kubeletObjectId };
  telling.facts.kubeletObjectId = kubeletObjectId;
  telling.pass(
    'kubelet-identity',
    'the kubelet identity is known',
    `object id ${kubeletObjectId}, as input kubelet-object-id says`,
  );
  return kubeletObjectId;
}

/** Whose grants go must be beyond doubt. */
function refuseOtherIdentity({ name, identity }: Cluster, { kubeletObjectId }: Request): void {
  if (identity.kind !== 'managed-identity' || kubeletObjectId === undefined) return;
  if (kubeletObjectId === identity.objectId) return;
  throw new InputErrors([
    {
      input: 'kubelet-object-id',
      value: kubeletObjectId,
      wanted: `nothing, or ${identity.objectId}: cluster ${name} exists, and that is its kubelet identity`,
    },
  ]);
}

async function readAll(
  client: RoleAssignments,
  registry: Registry,
  principalId: string,
  telling: Telling,
): Promise<ReadAssignments> {
  try {
    return await readAssignments(client, registry.id, principalId);
  } catch (error) {
    return telling.end('assignments', `the role assignments at ${registry.loginServer} can be read`, {
      ...explainError(error, telling.facts, 'grant'),
      status: 'unknown',
    });
  }
}

function goesTitle({ role }: Removal, registry: Registry): string {
  return `the kubelet identity no longer has ${role.name} at ${registry.loginServer}`;
}

function nothingGoes(registry: Registry, telling: Telling): void {
  telling.pass('removed', `no grant of this tool is at ${registry.loginServer}`, 'there was none to remove');
}

/** What would be removed; nothing is. */
function tellDryRun(removals: readonly Removal[], registry: Registry, telling: Telling): void {
  for (const removal of removals) {
    telling.connection.access.removed?.push(removal.assignment.id);
    telling.tell('removed', goesTitle(removal, registry), {
      status: 'skip',
      evidence: `dry run: would remove role assignment ${removal.assignment.name}${madeBy(removal)}`,
    });
  }
  if (removals.length === 0) nothingGoes(registry, telling);
}

function madeBy({ ours, assignment }: Removal): string {
  if (ours) return '';
  return `, which this tool did not make${assignment.description === undefined ? '' : ` (${assignment.description})`}`;
}

/** Removes one after the other; one that fails doesn't keep the others. @returns those that are gone now */
async function removeAll(
  client: RoleAssignments,
  removals: readonly Removal[],
  registry: Registry,
  telling: Telling,
): Promise<Removal[]> {
  const gone: Removal[] = [];
  for (const removal of removals) {
    const { assignment } = removal;
    const title = goesTitle(removal, registry);
    try {
      const removed = await client.remove(assignment.id);
      gone.push(removal);
      if (removed) {
        telling.connection.changed = true;
        telling.connection.access.removed?.push(assignment.id);
      }
      const evidence = removed
        ? `removed role assignment ${assignment.name}${madeBy(removal)}; until every part of Azure knows, some minutes may pass`
        : `role assignment ${assignment.name} was gone already`;
      telling.pass('removed', title, evidence);
    } catch (error) {
      // A name that is no GUID belongs into no command.
      const facts = /^[0-9a-f-]{36}$/i.test(assignment.name)
        ? { ...telling.facts, role: removal.role, removes: assignment.name }
        : telling.facts;
      telling.tell('removed', title, explainError(error, facts, 'grant'));
    }
  }
  if (removals.length === 0) nothingGoes(registry, telling);
  return gone;
}

/** Other clusters of the subscription that use the identity: they lose access too. One request. */
async function sharingClusters(
  azure: AzureSession,
  ownId: string,
  own: Cluster | undefined,
  principalId: string,
): Promise<string[]> {
  const subscriptionId = parseArmId(ownId)?.subscriptionId ?? '';
  const listed = await azure.arm.list(
    `/subscriptions/${subscriptionId}/providers/Microsoft.ContainerService/managedClusters`,
    CLUSTER_API_VERSION,
    `list the clusters of subscription ${subscriptionId}`,
  );
  return listed.flatMap((body) => {
    const cluster = parseCluster(body);
    if (cluster === undefined || sameId(cluster.id, ownId)) return [];
    return uses(cluster, principalId, own)
      ? [`${cluster.name} (resource group ${cluster.resourceGroup})`]
      : [];
  });
}

/** A service principal's object id is not in the cluster's body: there its application tells. */
function uses({ identity }: Cluster, principalId: string, own: Cluster | undefined): boolean {
  if (identity.kind === 'managed-identity') return identity.objectId === principalId;
  return (
    identity.kind === 'service-principal' &&
    own?.identity.kind === 'service-principal' &&
    identity.clientId === own.identity.clientId
  );
}

async function tellSharing(
  azure: AzureSession,
  ownId: string,
  cluster: Cluster | undefined,
  principalId: string,
  telling: Telling,
): Promise<void> {
  const title = `no other cluster uses the kubelet identity${cluster === undefined ? '' : ` of ${cluster.name}`}`;
  let names: string[];
  try {
    names = await sharingClusters(azure, ownId, cluster, principalId);
  } catch (error) {
    telling.tell('other-clusters', title, {
      ...explainError(error, telling.facts, 'cluster'),
      status: 'skip',
    });
    return;
  }
  if (names.length === 0) {
    telling.pass('other-clusters', title, 'of those in its subscription that this login can see');
    return;
  }
  telling.finding({
    id: 'identity-shared',
    title: 'other clusters use the same kubelet identity, so they lose what it loses',
    evidence: names.join(', '),
    fix: {
      summary:
        'If one of them still pulls from this registry, run mode connect for it: that makes the grant anew.',
      commands: [],
    },
  });
}

/** What else lets the identity pull, and that not everything could be seen. */
function tellRemains(
  others: readonly Grant[],
  gaps: readonly string[],
  registry: Registry,
  request: Request,
  telling: Telling,
): void {
  if (others.length > 0) {
    telling.finding({
      id: 'still-allowed',
      title: `something else lets the kubelet identity pull from ${registry.loginServer}`,
      evidence: others.map(inWords).join('; '),
      fix: fixForRemains(others, telling.facts.registry ?? registry, request),
    });
  }
  if (gaps.length > 0) {
    telling.finding({
      id: 'access-partly-seen',
      title: `more than can be seen may let the kubelet identity pull from ${registry.loginServer}`,
      evidence: gaps.join('; '),
    });
  }
}

function inWords({ roleName, scope, inherited, via, condition }: Grant): string {
  return [
    roleName,
    inherited ? `inherited from ${scope}` : 'at the registry',
    ...(via === 'group' ? ['through a group'] : []),
    ...(condition === undefined ? [] : ['under a condition']),
  ].join(', ');
}

function fixForRemains(others: readonly Grant[], named: Named, { allDirect }: Request): Fix {
  const direct = others.some(({ inherited, via }) => !inherited && via === 'direct');
  const wider = others.some(({ inherited, via }) => inherited || via === 'group');
  const list = command(
    'az',
    'role',
    'assignment',
    'list',
    '--scope',
    registryScope(named),
    '--include-inherited',
    '-o',
    'table',
  );
  return {
    summary: [
      'Look at it before you take it away.',
      ...(direct && !allDirect ? ['all-direct removes what is assigned at the registry itself.'] : []),
      ...(wider ? ['What is inherited or comes through a group gives more than this, and to more.'] : []),
    ].join(' '),
    commands: [list.pasteable],
    literalCommands: [list.literal],
  };
}

/** Done when everything that was to go is gone. What could not be removed fails; what could not be told is unknown. */
function conclude({ connection }: Telling): Result {
  const statuses = connection.checks.filter(({ id }) => id === 'removed').map(({ status }) => status);
  if (statuses.includes('fail')) return 'failed';
  return statuses.includes('unknown') ? 'unknown' : 'passed';
}
