/**
 * The grammar of role assignment conditions, version 2.0
 * (https://learn.microsoft.com/azure/role-based-access-control/conditions-format, "Condition syntax" and "Operators"):
 *
 *     expression = unary { ("AND" | "&&" | "OR" | "||") unary }
 *     unary      = ("!" | "NOT") unary | "(" expression ")" | function | exists | comparison
 *     function   = ("ActionMatches" | "SubOperationMatches") "{" text "}"
 *     exists     = "Exists" attribute
 *     comparison = operand operator operand
 *     operand    = attribute | value | "{" value { "," value } "}"
 *     attribute  = "@Request[…]" | "@Resource[…]" | "@Principal[…]" | "@Environment[…]"
 *     value      = "'…'" | a GUID, a number, true or false
 *
 * Words are read in any casing (recording: roleAssignments.PUT.condition.json writes `stringEquals`). AND and OR side by
 * side without parentheses are against the documented grammar ("Grouping and precedence"); they are kept as they stand.
 */

/** An attribute of what is asked, such as `@Request[Microsoft.ContainerRegistry/registries/repositories:name]`. */
export interface Attribute {
  kind: 'attribute';
  /** Lower-case: `request`, `resource`, `principal`, `environment`. */
  source: string;
  /** What stands in the brackets, lower-case. */
  name: string;
}

export interface Values {
  kind: 'values';
  values: string[];
  /** Written in braces. */
  set: boolean;
}

export type Operand = Attribute | Values;

export type Expression =
  | { kind: 'not'; of: Expression }
  | { kind: 'and' | 'or'; of: Expression[] }
  /** AND and OR without parentheses: `operators` stand between `of`. */
  | { kind: 'mixed'; of: Expression[]; operators: ('and' | 'or')[] }
  | { kind: 'action-matches' | 'sub-operation-matches'; pattern: string }
  | { kind: 'exists'; attribute: Attribute }
  /** `operator` in lower case, its `for…values:` included. */
  | { kind: 'comparison'; left: Operand; operator: string; right: Operand };

/** A condition that can't be read has no expression. */
export function parseCondition(text: string): Expression | undefined {
  try {
    const parser = new Parser(tokensOf(text));
    return parser.whole();
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

class Unreadable extends Error {}

/** Deeper nesting than people or portals write: whoever writes more would only exhaust the stack. */
const DEEPEST = 200;

/** An attribute, a text, a sign, or a word; after blanks. */
const TOKEN = /\s*(@[a-z]+\[[^\]]*\]|'[^']*'|&&|\|\||[(){}!,]|[\p{L}\p{N}_:.+-]+)/iuy;
const SOURCES: readonly string[] = ['request', 'resource', 'principal', 'environment'];
const JOINING: Readonly<Record<string, 'and' | 'or'>> = { and: 'and', '&&': 'and', or: 'or', '||': 'or' };
const FUNCTIONS: Readonly<Record<string, 'action-matches' | 'sub-operation-matches'>> = {
  actionmatches: 'action-matches',
  suboperationmatches: 'sub-operation-matches',
};

function tokensOf(condition: string): string[] {
  const tokens: string[] = [];
  const text = condition.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const match = TOKEN.exec(text);
    if (match === null) throw new Unreadable();
    tokens.push(match[1] ?? '');
  }
  return tokens;
}

class Parser {
  #next = 0;
  #depth = 0;
  readonly #lower: readonly string[];

  constructor(private readonly tokens: readonly string[]) {
    // Of a text, only that it is one is asked.
    this.#lower = tokens.map((token) =>
      token.length === 1 || token.startsWith("'") ? token : token.toLowerCase(),
    );
  }

  whole(): Expression {
    const found = this.#expression();
    if (this.#next < this.tokens.length) throw new Unreadable();
    return found;
  }

  #expression(): Expression {
    const first = this.#unary();
    const of = [first];
    const operators: ('and' | 'or')[] = [];
    for (let joining = this.#joining(); joining !== undefined; joining = this.#joining()) {
      operators.push(joining);
      of.push(this.#unary());
    }
    const [kind] = operators;
    if (kind === undefined) return first;
    return operators.every((one) => one === kind) ? { kind, of } : { kind: 'mixed', of, operators };
  }

  #joining(): 'and' | 'or' | undefined {
    const joining = JOINING[this.#peek()];
    if (joining !== undefined) this.#next += 1;
    return joining;
  }

  #unary(): Expression {
    this.#depth += 1;
    if (this.#depth > DEEPEST) throw new Unreadable();
    const found = this.#oneUnary();
    this.#depth -= 1;
    return found;
  }

  #oneUnary(): Expression {
    if (this.#take('!') || this.#take('not')) return { kind: 'not', of: this.#unary() };
    if (this.#take('(')) {
      const within = this.#expression();
      this.#expect(')');
      return within;
    }
    const called = FUNCTIONS[this.#peek()];
    if (called !== undefined) {
      this.#next += 1;
      this.#expect('{');
      const pattern = this.#text();
      this.#expect('}');
      return { kind: called, pattern };
    }
    if (this.#take('exists')) return { kind: 'exists', attribute: this.#attribute() };
    const left = this.#operand();
    const operator = this.#token().toLowerCase();
    if (!/^[a-z]+(:[a-z]+)?$/.test(operator)) throw new Unreadable();
    return { kind: 'comparison', left, operator, right: this.#operand() };
  }

  #operand(): Operand {
    if (this.#peek().startsWith('@')) return this.#attribute();
    if (!this.#take('{')) return { kind: 'values', values: [this.#value()], set: false };
    const values = [this.#value()];
    while (this.#take(',')) values.push(this.#value());
    this.#expect('}');
    return { kind: 'values', values, set: true };
  }

  #attribute(): Attribute {
    const token = this.#token().toLowerCase();
    const bracket = token.indexOf('[');
    const source = token.slice(1, bracket);
    const name = token.slice(bracket + 1, -1).trim();
    if (!token.startsWith('@') || !SOURCES.includes(source) || name === '') throw new Unreadable();
    return { kind: 'attribute', source, name };
  }

  #value(): string {
    if (this.#peek().startsWith("'")) return this.#text();
    const word = this.#token();
    if (!/^[\p{L}\p{N}]/u.test(word)) throw new Unreadable();
    return word;
  }

  #text(): string {
    const token = this.#token();
    if (!token.startsWith("'")) throw new Unreadable();
    return token.slice(1, -1);
  }

  #token(): string {
    const token = this.tokens[this.#next];
    if (token === undefined) throw new Unreadable();
    this.#next += 1;
    return token;
  }

  /** The next token in lower case; empty at the end. */
  #peek(): string {
    return this.#lower[this.#next] ?? '';
  }

  #take(token: string): boolean {
    if (this.#peek() !== token) return false;
    this.#next += 1;
    return true;
  }

  #expect(token: string): void {
    if (!this.#take(token)) throw new Unreadable();
  }
}
