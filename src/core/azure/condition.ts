/**
 * The condition that limits a grant to repositories, and the way back: the one shape that this tool writes. What any other
 * condition means is told by condition-truth.ts.
 *
 * Form: https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions
 * (condition version 2.0, `@Request`); three and more expressions need parentheses
 * (https://learn.microsoft.com/azure/role-based-access-control/conditions-format, "Grouping and precedence").
 */
import { parseCondition } from './condition-syntax.js';
import type { Expression } from './condition-syntax.js';
import { isRepositoryName } from './condition-truth.js';
import { EVERYTHING_BELOW, isRepository } from './repository-names.js';
import { CONTENT_READ, METADATA_READ } from './roles.js';

export const CONDITION_VERSION = '2.0' as const;

const NAME = '@Request[Microsoft.ContainerRegistry/registries/repositories:name]';
/** Lets everything through that is neither of the two reads, so the condition restricts these alone. */
const GUARD = `(!(ActionMatches{'${CONTENT_READ}'}) AND !(ActionMatches{'${METADATA_READ}'}))`;

const EQUALS = 'StringEqualsIgnoreCase';
const STARTS_WITH = 'StringStartsWithIgnoreCase';

/**
 * The condition for exactly these repositories; `team/*` is every repository whose name begins with `team/`. The order
 * in which they are given doesn't matter, and what another one covers is left out.
 *
 * @param repositories at least one
 * @throws {Error} for what is no repository
 */
export function repositoryCondition(repositories: readonly string[]): string {
  const [first, ...others] = distinctRepositories(repositories).map(expression);
  if (first === undefined) throw new Error('a condition needs at least one repository');
  const any = others.reduce((before, next) => `(${before} OR ${next})`, first);
  return `(${GUARD} OR ${others.length === 0 ? `(${any})` : any})`;
}

function expression(repository: string): string {
  return repository.endsWith(EVERYTHING_BELOW)
    ? `${NAME} ${STARTS_WITH} ${quoted(repository.slice(0, -1))}`
    : `${NAME} ${EQUALS} ${quoted(repository)}`;
}

/**
 * A repository name as a text of a condition. Azure documents no way to write a quote, a backslash, a `$` or a wildcard
 * as itself in one, and no repository's name can hold any: what isn't such a name is refused rather than escaped.
 */
function quoted(name: string): string {
  if (!isRepository(name.replace(/\/$/, ''))) throw new Error(`${JSON.stringify(name)} is no repository`);
  return `'${name}'`;
}

/** Sorted, each once, without those that another one covers. */
export function distinctRepositories(repositories: readonly string[]): string[] {
  const lower = [...new Set(repositories.map((repository) => repository.toLowerCase()))];
  return lower
    .filter(
      (repository) => !lower.some((other) => other !== repository && coversRepository([other], repository)),
    )
    .sort();
}

/** Whether each repository (or everything below a prefix) is one of these. */
export function coversRepository(covering: readonly string[], repository: string): boolean {
  const wanted = repository.toLowerCase();
  return covering
    .map((one) => one.toLowerCase())
    .some((one) => one === wanted || (one.endsWith(EVERYTHING_BELOW) && wanted.startsWith(one.slice(0, -1))));
}

/** The repositories that a condition of our shape lets through; undefined for any other condition. */
export function readRepositoryCondition(condition: string): string[] | undefined {
  const whole = parseCondition(condition);
  return whole === undefined ? undefined : repositoriesOf(whole);
}

/** {@link readRepositoryCondition} of a condition that was parsed already. */
export function repositoriesOf(whole: Expression): string[] | undefined {
  if (whole.kind !== 'or' || whole.of.length !== 2) return undefined;
  const [guard, names] = whole.of;
  if (guard === undefined || names === undefined || !isGuard(guard)) return undefined;
  const repositories = namesOf(names);
  return repositories === undefined ? undefined : distinctRepositories(repositories);
}

const GUARDED = [CONTENT_READ, METADATA_READ].map((action) => action.toLowerCase());

/** Whether it is {@link GUARD}, in whatever casing. */
function isGuard(guard: Expression): boolean {
  if (guard.kind !== 'and' || guard.of.length !== GUARDED.length) return false;
  return guard.of.every(
    (one, at) =>
      one.kind === 'not' && one.of.kind === 'action-matches' && one.of.pattern.toLowerCase() === GUARDED[at],
  );
}

/** Repositories out of comparisons as we write them, joined by OR; undefined as soon as anything else is among them. */
function namesOf(names: Expression): string[] | undefined {
  if (names.kind === 'or') {
    const each = names.of.map(namesOf);
    return each.every((one) => one !== undefined) ? each.flat() : undefined;
  }
  if (names.kind !== 'comparison' || names.left.kind !== 'attribute' || names.right.kind !== 'values')
    return undefined;
  const { left, operator, right } = names;
  const [value = ''] = right.values;
  if (right.set || left.source !== 'request' || !isRepositoryName(left)) return undefined;
  const starts = operator === STARTS_WITH.toLowerCase();
  if (!starts && operator !== EQUALS.toLowerCase()) return undefined;
  if (starts !== value.endsWith('/')) return undefined;
  const name = value.toLowerCase().replace(/\/$/, '');
  return isRepository(name) ? [`${name}${starts ? EVERYTHING_BELOW : ''}`] : undefined;
}
