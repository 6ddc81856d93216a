/**
 * Whether a condition lets an operation on a repository pass: yes, no, or not known. Only what is documented for
 * registries is evaluated: ActionMatches, and comparisons of the repository's name. All else is unknown, and stays so
 * unless the rest of the condition decides without it. Meaning of the operators:
 * https://learn.microsoft.com/azure/role-based-access-control/conditions-format.
 */
import type { Attribute, Expression, Operand } from './condition-syntax.js';
import { covers } from './permissions.js';
import type { Operation } from './permissions.js';
import { every, not, some } from './truth.js';
import type { Truth } from './truth.js';

/**
 * The name of a repository. `open`: of every repository whose name begins so and goes on in no way that any condition at
 * hand tells apart (see repository-names.ts).
 */
export interface RepositoryName {
  text: string;
  open: boolean;
}

/** What is asked: an operation, on a repository unless it is one on the whole registry. */
export interface Subject {
  operation: Operation;
  repository?: RepositoryName;
}

/**
 * The one attribute that registries have. `@Request` is documented
 * (https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions), `@Resource`
 * is what the early previews wrote (Azure/acr#794): both are in use.
 */
const NAME = 'microsoft.containerregistry/registries/repositories:name';
const SOURCES: readonly string[] = ['request', 'resource'];

/** Whether this is the repository's name. */
export function isRepositoryName({ source, name }: Attribute): boolean {
  return name === NAME && SOURCES.includes(source);
}

/** Whether the condition is met. */
export function conditionTruth(expression: Expression, subject: Subject): Truth {
  const truth = (one: Expression): Truth => conditionTruth(one, subject);
  switch (expression.kind) {
    case 'not':
      return not(truth(expression.of));
    case 'and':
      return every(expression.of, truth);
    case 'or':
      return some(expression.of, truth);
    case 'mixed':
      return mixedTruth(expression.of.map(truth), expression.operators);
    case 'action-matches':
      return covers(expression.pattern, subject.operation.name);
    // Registries document no suboperation, and what Azure makes of one that isn't there is documented nowhere.
    case 'sub-operation-matches':
      return 'unknown';
    case 'exists':
      return subject.repository !== undefined && isRepositoryName(expression.attribute) ? true : 'unknown';
    case 'comparison':
      return comparisonTruth(expression, subject.repository);
  }
}

/** AND and OR without parentheses: known only where it is the same from left to right and with AND first. */
function mixedTruth(values: readonly Truth[], operators: readonly ('and' | 'or')[]): Truth {
  const [first = 'unknown', ...others] = values;
  const inTurn = others.reduce<Truth>(
    (before, value, at) => (operators[at] === 'and' ? both(before, value) : either(before, value)),
    first,
  );
  const alternatives: Truth[] = [first];
  others.forEach((value, at) => {
    if (operators[at] === 'or') alternatives.push(value);
    else alternatives.push(both(alternatives.pop() ?? true, value));
  });
  const andFirst = some(alternatives, (one) => one);
  return inTurn === andFirst ? inTurn : 'unknown';
}

const both = (one: Truth, other: Truth): Truth => every([one, other], (value) => value);
const either = (one: Truth, other: Truth): Truth => some([one, other], (value) => value);

type Compare = (name: RepositoryName, wanted: string) => Truth;

const equals: Compare = ({ text, open }, wanted) => !open && text === wanted;
const startsWith: Compare = ({ text }, wanted) => text.startsWith(wanted);

/**
 * `*` stands for any characters and `?` for one; a backslash before them takes that away. What it makes of any other
 * character is not documented.
 */
const like: Compare = (name, wanted) => {
  if (/\\(?![*?])/.test(wanted)) return 'unknown';
  const plain = (text: string): string => text.replace(/\\([*?])/g, '$1');
  if (/^(?:[^*?\\]|\\[*?])*$/.test(wanted)) return equals(name, plain(wanted));
  if (/^(?:[^*?\\]|\\[*?])*\*$/.test(wanted)) return startsWith(name, plain(wanted.slice(0, -1)));
  if (name.open) return 'unknown';
  const source = wanted.replace(/\\[*?]|[\s\S]/g, (one) => {
    if (one === '*') return '[^]*';
    if (one === '?') return '[^]';
    return (one.length > 1 ? one.slice(1) : one).replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  });
  return new RegExp(`^${source}$`).test(name.text);
};

const COMPARES: Readonly<Record<string, Compare>> = {
  equals,
  startswith: startsWith,
  like,
};

/** `ForAnyOfAllValues:StringNotLikeIgnoreCase`, in lower case and in parts. */
const OPERATOR =
  /^(?:for(?<left>any|all)of(?<right>any|all)values:)?string(?<negated>not)?(?<compare>equals|startswith|like)(?<ignoring>ignorecase)?$/;

const known = new Map<string, Readonly<Record<string, string | undefined>> | undefined>();

/** There are a few dozen operators, and thousands of comparisons. */
function partsOf(operator: string): Readonly<Record<string, string | undefined>> | undefined {
  if (!known.has(operator) && known.size < 1000) known.set(operator, OPERATOR.exec(operator)?.groups);
  return known.has(operator) ? known.get(operator) : OPERATOR.exec(operator)?.groups;
}

function comparisonTruth(
  { left, operator, right }: { left: Operand; operator: string; right: Operand },
  repository: RepositoryName | undefined,
): Truth {
  const parts = partsOf(operator);
  const compare = COMPARES[parts?.compare ?? ''];
  if (parts === undefined || compare === undefined || repository === undefined) return 'unknown';
  if (left.kind !== 'attribute' || !isRepositoryName(left) || right.kind !== 'values') return 'unknown';
  // The braces go with the operators for several values, and with no other.
  if (right.set !== (parts.right !== undefined)) return 'unknown';
  const fold = (text: string): string => (parts.ignoring === undefined ? text : text.toLowerCase());
  const name = { ...repository, text: fold(repository.text) };
  const one = (wanted: string): Truth => {
    // Only the Like operators have a way to write special characters.
    if (parts.compare !== 'like' && wanted.includes('\\')) return 'unknown';
    const found = compare(name, fold(wanted));
    return parts.negated === undefined ? found : not(found);
  };
  // A repository has one name, so any and all of the left side are the same.
  return parts.right === 'all' ? every(right.values, one) : some(right.values, one);
}

/** Every beginning of a name that a condition tells apart: the texts that it compares the name to, up to a wildcard. */
export function comparedNames(expression: Expression): string[] {
  switch (expression.kind) {
    case 'not':
      return comparedNames(expression.of);
    case 'and':
    case 'or':
    case 'mixed':
      return expression.of.flatMap(comparedNames);
    case 'comparison':
      return expression.right.kind === 'values'
        ? expression.right.values.map((text) => text.replace(/[\\*?][^]*$/, '').toLowerCase())
        : [];
    case 'action-matches':
    case 'sub-operation-matches':
    case 'exists':
      return [];
  }
}
