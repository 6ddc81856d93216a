/**
 * Transition: a registry that moves to ABAC, told in the order in which it is safe. The switch makes AcrPull count for
 * nothing and cached credentials worthless at once
 * (https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions), so both roles
 * are there before it, and the old one goes after it is proved.
 */
import { lastPart, sameId } from '../azure/arm-id.js';
import { isOurs } from '../azure/grant.js';
import type { Registry } from '../azure/registry.js';
import type { Assignment } from '../azure/role-assignments.js';
import { ACR_PULL, REPOSITORY_READER } from '../azure/roles.js';
import { assignmentAt, command, enableRepositoryRoles } from '../diagnosis/commands.js';
import type { Command } from '../diagnosis/commands.js';
import { fix } from '../diagnosis/fixes.js';
import type { PlannedGrant } from '../report.js';
import type { Request } from '../request.js';
import type { Telling } from '../telling.js';
import type { AccessFacts } from './decide.js';

/**
 * Tells where the move stands: with transition-roles what comes next; without it, that an AcrPull of ours is left over.
 *
 * @param missing grants of the two that are not there (any more, once connect has made them)
 */
export function tellTransition(
  request: Request,
  access: AccessFacts,
  missing: readonly PlannedGrant[],
  registry: Registry,
  principalId: string,
  telling: Telling,
): void {
  const left = ourAcrPull(access, registry, principalId);
  const named = telling.facts.registry ?? registry;
  const remove =
    left && command('az', 'role', 'assignment', 'delete', '--ids', assignmentAt(named, left.name));
  if (request.transitionRoles) tellNext(missing, registry, remove, telling);
  else if (registry.mode === 'AbacRepositoryPermissions' && left !== undefined) {
    telling.finding({
      id: 'acr-pull-left',
      title: `${ACR_PULL.name} is left over at ${registry.loginServer}, where it counts for nothing`,
      evidence: `this tool's role assignment ${left.name}; the registry takes ${REPOSITORY_READER.name}`,
      fix: fix('Remove it, unless the registry may yet go back to its former mode.', remove),
    });
  }
}

function tellNext(
  missing: readonly PlannedGrant[],
  registry: Registry,
  remove: Command | undefined,
  telling: Telling,
): void {
  const { loginServer, mode } = registry;
  const moved = mode === 'AbacRepositoryPermissions';
  const there =
    missing.length === 0
      ? 'both roles are there'
      : `missing: ${missing.map((one) => one.roleName).join(', ')}`;
  const steps = [
    `1. both ${ACR_PULL.name} and ${REPOSITORY_READER.name} for every identity that pulls: mode connect with transition-roles, for each cluster`,
    '2. a proof that all still pull: mode check',
    '3. the switch of the mode: from then on AcrPull counts for nobody, and credentials that nodes hold are refused for a while; new nodes get new ones at once',
    '4. a proof again: mode check with transition-roles',
    `5. only then ${ACR_PULL.name} goes; going back stays possible until then`,
  ];
  telling.finding({
    id: 'registry-moves',
    title: `${loginServer} ${moved ? 'has moved' : 'is to move'} to ABAC repository permissions: ${there}`,
    evidence: steps.join('; '),
    fix: moved
      ? fix('Prove the pulls on all clusters (step 4), then remove the old role (step 5).', remove)
      : missing.length > 0
        ? fix('Begin with step 1: the switch comes after it.')
        : fix(
            'Once each cluster that pulls from it has both roles and a check passes (steps 1 and 2), switch.',
            enableRepositoryRoles(telling.facts.registry ?? registry),
          ),
  });
}

/** Our own AcrPull at the registry. */
function ourAcrPull({ read }: AccessFacts, registry: Registry, principalId: string): Assignment | undefined {
  return read?.assignments
    .map(({ assignment }) => assignment)
    .find(
      (one) =>
        sameId(one.scope, registry.id) &&
        one.principalId === principalId.toLowerCase() &&
        lastPart(one.roleDefinitionId) === ACR_PULL.guid &&
        isOurs(one),
    );
}
