/** Findings about rights that the kubelet identity doesn't need. */
import { shortScope } from '../azure/access.js';
import { lastPart, sameId } from '../azure/arm-id.js';
import type { Excess } from '../azure/excess.js';
import type { Registry } from '../azure/registry.js';
import { pullRole } from '../azure/roles.js';
import { assignmentOf, assignRole, command, kubeletObjectId, registryScope } from '../diagnosis/commands.js';
import type { Command, Named } from '../diagnosis/commands.js';
import type { Telling } from '../telling.js';
import type { AccessFacts } from './decide.js';

/** So many assignments are named. */
const MOST_NAMED = 5;

/**
 * Tells of assignments that give the identity more than pulling, with the narrower replacement: first what it needs is
 * granted, where nothing else gives it, then what is too much is deleted. Says nothing where there is none.
 */
export function tellExcess(
  access: AccessFacts,
  registry: Registry,
  principalId: string,
  telling: Telling,
): void {
  const { excess = [], pullsWithoutExcess } = access;
  if (excess.length === 0) return;
  const role = pullRole(registry.mode);
  const { cluster, kubeletIsServicePrincipal } = telling.facts;
  const at: Named = telling.facts.registry ?? registry;
  const principal =
    cluster === undefined || kubeletIsServicePrincipal === true
      ? principalId
      : kubeletObjectId(cluster, principalId);
  const named = excess.slice(0, MOST_NAMED);
  const own = named.filter(({ held }) => isOwn(held, principalId));
  const commands: Command[] = [
    ...(pullsWithoutExcess === true || role === undefined
      ? []
      : [assignRole(role.guid, principal, 'ServicePrincipal', registryScope(at))]),
    // Without the pull role first, deleting would take access away.
    ...(pullsWithoutExcess === true || role !== undefined
      ? own.map(({ held }) =>
          command('az', 'role', 'assignment', 'delete', '--ids', assignmentOf(held.assignment, at.apart)),
        )
      : []),
  ];
  const inherited = named.filter(({ held }) => !sameId(held.assignment.scope, registry.id));
  const more = excess.length - named.length;
  telling.finding({
    id: 'more-than-pull',
    title: `the kubelet identity may do more at ${registry.loginServer} than pull`,
    evidence: [
      ...named.map((one) => describe(one, registry, principalId)),
      ...(more > 0 ? [`and ${more} more`] : []),
    ].join('; '),
    fix: {
      summary: [
        role === undefined
          ? 'Find out which pull role the registry takes, grant that, then take away what is more.'
          : pullsWithoutExcess === true
            ? 'What is left lets it pull: take away what is more.'
            : `Grant ${role.name} first, then take away what is more.`,
        ...(inherited.length > 0
          ? [
              `What is inherited may be needed for other things below ${[...new Set(inherited.map(({ held }) => shortScope(held.assignment.scope)))].join(', ')}: make sure of that first.`,
            ]
          : []),
        ...(own.length < named.length
          ? ['What comes through a group goes by taking the identity out of the group.']
          : []),
      ].join(' '),
      commands: commands.map((one) => one.pasteable),
      ...(commands.length === 0 ? {} : { literalCommands: commands.map((one) => one.literal) }),
    },
  });
}

function isOwn({ assignment }: Excess['held'], principalId: string): boolean {
  return assignment.principalId === principalId.toLowerCase();
}

function describe({ held, may }: Excess, registry: Registry, principalId: string): string {
  const { assignment, role } = held;
  const where = sameId(assignment.scope, registry.id) ? 'on' : 'inherited from';
  const group = isOwn(held, principalId) ? '' : ', through a group';
  return `${role?.name ?? lastPart(assignment.roleDefinitionId)} (${where} ${shortScope(assignment.scope)}${group}): it may ${listed(may)}`;
}

/** "a", "a and b", "a, b and c". */
function listed(texts: readonly string[]): string {
  return texts.length < 2 ? texts.join('') : `${texts.slice(0, -1).join(', ')} and ${texts.at(-1) ?? ''}`;
}
