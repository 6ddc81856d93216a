/** Grant: the missing role assignment, and nothing else. */
import { asGrant } from '../azure/access.js';
import { readRepositoryCondition } from '../azure/condition.js';
import { makeGrant } from '../azure/grant.js';
import type { Registry } from '../azure/registry.js';
import { pullRole } from '../azure/roles.js';
import type { AzureSession } from '../azure/session.js';
import { explainError } from '../diagnosis/explain.js';
import type { Ports } from '../ports.js';
import type { Grant } from '../report.js';
import type { Telling } from '../telling.js';
import { accessTitle } from './decide.js';

/**
 * Makes the grant and tells it.
 *
 * @param repositories what it is limited to; empty: the whole registry
 * @returns the grant; undefined when the same one was there already, though it was not seen
 * @throws {StoryEnds} when it can't be made
 */
export async function grant(
  azure: AzureSession,
  registry: Registry,
  principalId: string,
  ports: Ports,
  telling: Telling,
  repositories: readonly string[] = [],
): Promise<Grant | undefined> {
  const since = ports.clock.now();
  const role = pullRole(registry.mode);
  if (role === undefined) {
    return telling.end('grant', accessTitle(registry), {
      status: 'unknown',
      cause: 'registry-mode-unknown',
      evidence: 'so neither AcrPull nor a repository role was written',
    });
  }
  const title = `the kubelet identity has ${role.name} at ${registry.loginServer}`;
  try {
    const granted = await makeGrant(
      azure.roleAssignments(registry.subscriptionId),
      registry,
      principalId,
      role,
      ports.clock,
      ports.signal,
      repositories,
    );
    if (granted.outcome === 'existed') {
      telling.pass('grant', title, 'it was there already under another name; nothing was written', since);
      return undefined;
    }
    const made = asGrant(granted.assignment, role, registry.id, principalId);
    telling.connection.access.created = made.assignmentId;
    telling.connection.changed = true;
    const { name, condition } = granted.assignment;
    const limited = readRepositoryCondition(condition ?? '');
    telling.pass(
      'grant',
      title,
      `granted now, as role assignment ${name}${limited === undefined ? '' : `, limited to ${limited.join(', ')}`}`,
      since,
    );
    return made;
  } catch (error) {
    return telling.end('grant', title, explainError(error, telling.facts, 'grant'), since);
  }
}
