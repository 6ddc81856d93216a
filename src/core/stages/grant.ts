/** Grant: the missing role assignment, and nothing else. */
import { asGrant } from '../azure/access.js';
import { coversRepository, readRepositoryCondition } from '../azure/condition.js';
import { makeGrant } from '../azure/grant.js';
import type { Registry } from '../azure/registry.js';
import type { Assignment } from '../azure/role-assignments.js';
import { ACR_PULL, knownRole } from '../azure/roles.js';
import type { AzureSession } from '../azure/session.js';
import { CAUSES } from '../diagnosis/causes.js';
import { explainError } from '../diagnosis/explain.js';
import { lookForObstacles } from '../diagnosis/obstacles.js';
import { optional } from '../json.js';
import type { Ports } from '../ports.js';
import type { Allowed, Grant, PlannedGrant } from '../report.js';
import type { Telling } from '../telling.js';
import { accessTitle } from './decide.js';
import type { AccessFacts } from './decide.js';
import type { Wanted } from './missing.js';

/** What came of a grant. */
export interface Made {
  /** Whether the identity has what the grant is for. */
  allowed: Allowed;
  /** Absent: one was there already, and may not be read. */
  grant?: Grant;
}

/** Makes the missing grants. @returns what came of those that count in the registry's mode; undefined when none does */
export async function grantAll(
  missing: readonly PlannedGrant[],
  wanted: readonly Wanted[],
  azure: AzureSession,
  registry: Registry,
  ports: Ports,
  telling: Telling,
): Promise<{ allowed: Allowed; grants: Grant[]; unseen: boolean } | undefined> {
  const counting: Made[] = [];
  for (const planned of missing) {
    const made = await grant(azure, registry, planned, ports, telling);
    const counts = wanted.some(({ role, counts }) => counts && role.guid === planned.roleGuid);
    if (counts) counting.push(made);
  }
  if (counting.length === 0) return undefined;
  return {
    allowed: counting.every(({ allowed }) => allowed === true) ? true : 'unknown',
    grants: counting.flatMap((made) => made.grant ?? []),
    unseen: counting.some((made) => made.grant === undefined),
  };
}

/** A grant that is written without having seen who has access already is told to be. */
export function tellUnseen({ unreadable }: AccessFacts, registry: Registry, telling: Telling): void {
  if (unreadable === undefined) return;
  const told = explainError(unreadable, telling.facts, 'grant');
  telling.tell('access-before', `this login may see who may pull from ${registry.loginServer}`, {
    ...told,
    status: 'skip',
  });
}

/** Nobody knows which role the registry takes, so none is written. @throws {StoryEnds} always */
export function endWithoutRole(registry: Registry, telling: Telling): never {
  telling.end('grant', accessTitle(registry), {
    status: 'unknown',
    cause: 'registry-mode-unknown',
    evidence: 'so neither AcrPull nor a repository role was written',
  });
}

/**
 * Makes the grant and tells it.
 *
 * @throws {StoryEnds} when it can't be made
 */
export async function grant(
  azure: AzureSession,
  registry: Registry,
  planned: PlannedGrant,
  ports: Ports,
  telling: Telling,
): Promise<Made> {
  const since = ports.clock.now();
  const title = `the kubelet identity has ${planned.roleName} at ${registry.loginServer}`;
  const client = azure.roleAssignments(registry.subscriptionId);
  try {
    const made = await makeGrant(client, planned, ports.clock, ports.signal);
    if (made.outcome === 'existed') return tellExisting(made.assignment, planned, registry, telling, since);
    const { assignment } = made;
    telling.connection.access.created ??= assignment.id;
    telling.connection.changed = true;
    const limited = readRepositoryCondition(assignment.condition ?? '');
    telling.pass(
      'grant',
      title,
      `granted now, as role assignment ${assignment.name}${limited === undefined ? '' : `, limited to ${limited.join(', ')}`}`,
      since,
    );
    return { allowed: true, ...inReport(assignment, planned) };
  } catch (error) {
    const { caller, identityId } = telling.facts;
    const obstacles = await lookForObstacles(
      error,
      {
        scope: planned.scope,
        name: planned.name,
        now: ports.clock.now(),
        ...optional('caller', caller),
        ...optional('identityId', identityId),
      },
      azure.arm,
      client,
    );
    return telling.end(
      'grant',
      title,
      explainError(error, { ...telling.facts, role: roleOf(planned), grant: planned, obstacles }, 'grant'),
      since,
    );
  }
}

/** One was there already under another name: it serves if it holds what is asked. Nothing was written. */
function tellExisting(
  found: Assignment | undefined,
  planned: PlannedGrant,
  registry: Registry,
  telling: Telling,
  since: number,
): Made {
  const title = `the kubelet identity has ${planned.roleName} at ${registry.loginServer}`;
  const nothing = 'it was there already under another name; nothing was written';
  if (found === undefined) {
    // Only AcrPull is worth the same whatever condition it is under.
    const sure = planned.roleGuid === ACR_PULL.guid;
    const more = sure ? '' : '. It may not be read, so what it holds for is not known';
    telling.pass('grant', title, `${nothing}${more}`, since);
    return { allowed: sure ? true : 'unknown' };
  }
  const asked = readRepositoryCondition(planned.condition ?? '');
  const holds = readRepositoryCondition(found.condition ?? '');
  if (found.condition === undefined || planned.roleGuid === ACR_PULL.guid || coversAll(holds, asked)) {
    telling.pass('grant', title, `${nothing}: role assignment ${found.name}`, since);
    return { allowed: true, ...inReport(found, planned) };
  }
  if (holds === undefined) {
    telling.pass('grant', title, `${nothing}: ${found.name}, under the condition ${found.condition}`, since);
    return { allowed: 'unknown', ...inReport(found, planned) };
  }
  const lacks = asked?.filter((repository) => !coversRepository(holds, repository)) ?? ['the whole registry'];
  const { description: _ours, ...whole } = planned;
  const standing = {
    ...whole,
    name: found.name,
    ...optional('description', found.description),
  };
  return telling.end(
    'grant',
    title,
    {
      status: 'fail',
      cause: 'grant-condition-owned-elsewhere',
      evidence: `role assignment ${found.name} holds ${holds.join(', ')}; it lacks ${lacks.join(', ')}; it was not made by this tool, so its condition is not changed`,
      fix: CAUSES['grant-condition-owned-elsewhere'].fix({ ...telling.facts, standing }),
    },
    since,
  );
}

/** Whether one limit holds all of another; no limit to hold is the whole registry. */
function coversAll(holds: readonly string[] | undefined, asked: readonly string[] | undefined): boolean {
  return (
    holds !== undefined &&
    asked !== undefined &&
    asked.every((repository) => coversRepository(holds, repository))
  );
}

function roleOf({ roleName, roleGuid }: PlannedGrant): { name: string; guid: string } {
  return { name: roleName, guid: roleGuid };
}

function inReport(assignment: Assignment, { roleGuid, scope, principalId }: PlannedGrant): { grant?: Grant } {
  const role = knownRole(roleGuid);
  return role === undefined ? {} : { grant: asGrant(assignment, role, scope, principalId) };
}
