/**
 * The condition that limits a grant to repositories, and the way back: the one shape that this tool writes. Any other
 * condition is not understood here.
 *
 * Form: https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions
 * (condition version 2.0, `@Request`); three and more expressions need parentheses
 * (https://learn.microsoft.com/azure/role-based-access-control/conditions-format, "Grouping and precedence").
 */
import { CONTENT_READ, METADATA_READ } from './roles.js';

export const CONDITION_VERSION = '2.0' as const;

const NAME = '@Request[Microsoft.ContainerRegistry/registries/repositories:name]';
/** Lets everything through that is neither of the two reads, so the condition restricts these alone. */
const GUARD = `(!(ActionMatches{'${CONTENT_READ}'}) AND !(ActionMatches{'${METADATA_READ}'}))`;

/** The grammar of repository names, and the same with a slash at its end. https://github.com/distribution/reference */
const REPOSITORY = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;

const EVERYTHING_BELOW = '/*';

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
    ? `${NAME} StringStartsWithIgnoreCase ${quoted(repository.slice(0, -1))}`
    : `${NAME} StringEqualsIgnoreCase ${quoted(repository)}`;
}

/**
 * A repository name as a text of a condition. Azure documents no way to write a quote, a backslash, a `$` or a wildcard
 * as itself in one, and no repository's name can hold any: what isn't such a name is refused rather than escaped.
 */
function quoted(name: string): string {
  if (!REPOSITORY.test(name.replace(/\/$/, ''))) throw new Error(`${JSON.stringify(name)} is no repository`);
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
  const text = withoutBlanks(condition);
  const [head, tail] = [`(${withoutBlanks(GUARD)}OR`, ')'];
  if (!text.toLowerCase().startsWith(head.toLowerCase()) || !text.endsWith(tail)) return undefined;
  const repositories: string[] = [];
  let readable = true;
  let left = text
    .slice(head.length, -tail.length)
    .replace(COMPARISON, (_all, operator: string, value: string) => {
      const starts = operator.toLowerCase() === 'startswith';
      const name = starts ? value.replace(/\/$/, '') : value;
      readable &&= REPOSITORY.test(name.toLowerCase()) && starts === value.endsWith('/');
      repositories.push(`${name.toLowerCase()}${starts ? EVERYTHING_BELOW : ''}`);
      return COMPARED;
    });
  // What is left of our shape are comparisons joined by OR, in parentheses: they fold into one.
  for (let before = ''; before !== left;) {
    before = left;
    left = left.replaceAll(`(${COMPARED})`, COMPARED).replace(/#OR#/gi, COMPARED);
  }
  return readable && left === COMPARED ? distinctRepositories(repositories) : undefined;
}

/** Stands for a comparison that was read. Outside of quotes a condition of ours holds no such sign. */
const COMPARED = '#';
const COMPARISON =
  /@Request\[Microsoft\.ContainerRegistry\/registries\/repositories:name\]String(Equals|StartsWith)IgnoreCase'([^']*)'/gi;

/** Blanks count only between quotes. A sign that this file uses for itself makes a condition unreadable. */
function withoutBlanks(condition: string): string {
  if (condition.includes(COMPARED)) return '';
  return condition
    .split("'")
    .map((part, index) => (index % 2 === 0 ? part.replace(/\s+/g, '') : part))
    .join("'");
}
