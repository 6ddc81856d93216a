/**
 * Conditions of role assignments, version 2.0: the grammar of
 * https://learn.microsoft.com/azure/role-based-access-control/conditions-format as far as the documented conditions for
 * registries (repository name) and for delegated role assignment use it. Anything else is not modelled.
 */
import { NotModelled } from '../net/exchange.js';

/** What a condition is evaluated against. */
export interface ConditionSubject {
  action: string;
  /** Attributes by full name such as `Microsoft.ContainerRegistry/registries/repositories:name`. */
  attributes: Readonly<Record<string, string>>;
}

/** Whether the condition lets the subject pass. Throws {@link NotModelled} for what it can't read. */
export function conditionMet(condition: string, subject: ConditionSubject): boolean {
  return new Reader(condition, subject).whole();
}

type Comparison = (actual: string, wanted: string) => boolean;

/** `*` for any characters, `?` for one; a backslash takes that away. */
function isLike(actual: string, wanted: string): boolean {
  const pieces = wanted.match(/\\[*?]|[^]/g) ?? [];
  const source = pieces.map((piece) => {
    if (piece === '*') return '[^]*';
    return piece === '?' ? '[^]' : piece.replace(/^\\(?=.)/, '').replace(/[^\w]/g, '\\$&');
  });
  return new RegExp(`^${source.join('')}$`).test(actual);
}

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  stringequals: (actual, wanted) => actual === wanted,
  stringequalsignorecase: (actual, wanted) => actual.toLowerCase() === wanted.toLowerCase(),
  stringstartswith: (actual, wanted) => actual.startsWith(wanted),
  stringstartswithignorecase: (actual, wanted) => actual.toLowerCase().startsWith(wanted.toLowerCase()),
  stringlike: isLike,
  stringlikeignorecase: (actual, wanted) => isLike(actual.toLowerCase(), wanted.toLowerCase()),
  guidequals: (actual, wanted) => actual.toLowerCase() === wanted.toLowerCase(),
};

/** `ForAnyOfAnyValues:GuidEquals {a, b}`: one of the attribute's values equals one of the listed. */
const ANY_OF_ANY = 'foranyofanyvalues:';

const TOKEN =
  /\s*(?:(?<attribute>@(?:Request|Resource)\[[^\]]+\])|(?<text>'[^']*')|(?<mark>[(){}!,])|(?<word>[A-Za-z0-9_:/.-]+))/iy;

/** Reads from left to right and evaluates as it reads; every part is read, whatever its value. */
class Reader {
  private readonly tokens: string[];
  private next = 0;

  constructor(
    private readonly condition: string,
    private readonly subject: ConditionSubject,
  ) {
    this.tokens = tokensOf(condition);
  }

  whole(): boolean {
    const met = this.either();
    if (this.next < this.tokens.length) this.fail();
    return met;
  }

  private either(): boolean {
    let met = this.both();
    while (this.takeWord('OR')) met = this.both() || met;
    return met;
  }

  private both(): boolean {
    let met = this.single();
    while (this.takeWord('AND')) met = this.single() && met;
    return met;
  }

  private single(): boolean {
    if (this.take('!')) return !this.single();
    if (this.take('(')) {
      const met = this.either();
      this.expect(')');
      return met;
    }
    if (this.takeWord('ActionMatches')) return this.actionMatches();
    return this.comparison();
  }

  private actionMatches(): boolean {
    this.expect('{');
    const pattern = this.text();
    this.expect('}');
    return actionMatches(pattern, this.subject.action);
  }

  private comparison(): boolean {
    const attribute = /^@(?:Request|Resource)\[([^\]]+)\]$/i.exec(this.token())?.[1];
    if (attribute === undefined) return this.fail();
    const operator = this.token().toLowerCase();
    const anyOfAny = operator.startsWith(ANY_OF_ANY);
    const name = operator.replace(ANY_OF_ANY, '');
    const negated = !anyOfAny && name.startsWith('stringnot');
    const compare = COMPARISONS[negated ? name.replace('not', '') : name];
    if (compare === undefined) return this.fail();
    const wanted = this.values(anyOfAny);
    const actual = this.attribute(attribute);
    // An attribute that the request doesn't have meets no comparison. Conditions guard theirs with ActionMatches.
    return actual !== undefined && wanted.some((value) => compare(actual, value)) !== negated;
  }

  private attribute(name: string): string | undefined {
    const found = Object.entries(this.subject.attributes).find(
      ([key]) => key.toLowerCase() === name.toLowerCase(),
    );
    return found?.[1];
  }

  private values(several: boolean): string[] {
    if (!several) return [this.text()];
    this.expect('{');
    const values = [this.listed()];
    while (this.take(',')) values.push(this.listed());
    this.expect('}');
    return values;
  }

  /** In lists, texts are quoted and GUIDs are not. */
  private listed(): string {
    return this.tokens[this.next]?.startsWith("'") ? this.text() : this.token();
  }

  private text(): string {
    const token = this.token();
    return token.startsWith("'") ? token.slice(1, -1) : this.fail();
  }

  private token(): string {
    return this.tokens[this.next++] ?? this.fail();
  }

  private take(mark: string): boolean {
    if (this.tokens[this.next] !== mark) return false;
    this.next += 1;
    return true;
  }

  private takeWord(word: string): boolean {
    if (this.tokens[this.next]?.toLowerCase() !== word.toLowerCase()) return false;
    this.next += 1;
    return true;
  }

  private expect(mark: string): void {
    if (!this.take(mark)) this.fail();
  }

  private fail(): never {
    throw new NotModelled(`The condition of a role assignment: ${this.condition}`);
  }
}

function tokensOf(condition: string): string[] {
  const tokens: string[] = [];
  const text = condition.trim();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const match = TOKEN.exec(text);
    if (match === null) throw new NotModelled(`The condition of a role assignment: ${condition}`);
    tokens.push(match[0].trim());
  }
  return tokens;
}

const patterns = new Map<string, RegExp>();

/** Whether an action such as `a/b/read` is covered by one with wildcards such as `Microsoft.Support/*`; case doesn't count. */
export function actionMatches(pattern: string, action: string): boolean {
  let known = patterns.get(pattern);
  if (known === undefined) {
    const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
    known = new RegExp(`^${escaped}$`, 'i');
    patterns.set(pattern, known);
  }
  return known.test(action);
}
