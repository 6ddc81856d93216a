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

/**
 * A condition that can't be read has no expression. Thousands of assignments have conditions that differ in their texts
 * alone, so what is read is the form, once, and then filled with the texts of each.
 */
export function parseCondition(text: string): Expression | undefined {
  const parts = text.split("'");
  const texts = parts.filter((_, at) => at % 2 === 1);
  const blank = parts.filter((_, at) => at % 2 === 0).join(BLANK);
  const form = formOf(blank);
  // Otherwise a quote stands where no text does, or has no other.
  return form?.texts === texts.length ? form.filledWith(texts) : undefined;
}

/** A condition without its texts. */
interface Form {
  /** How many texts it takes. */
  texts: number;
  filledWith: Filling<Expression>;
}

/** What a part of a condition is, once its texts are given. */
type Filling<T> = (texts: readonly string[]) => T;

/** Where a text was. */
const BLANK = "''";

const MOST_KEPT = 1000;
const kept = new Map<string, Form | undefined>();

function formOf(blank: string): Form | undefined {
  if (kept.has(blank)) return kept.get(blank);
  const form = readForm(blank);
  if (kept.size < MOST_KEPT) kept.set(blank, form);
  return form;
}

function readForm(blank: string): Form | undefined {
  try {
    return new Parser(tokensOf(blank)).whole();
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

class Unreadable extends Error {}

/** Deeper nesting than people or portals write: whoever writes more would only exhaust the stack. */
const DEEPEST = 200;

/** An attribute, a text, a sign, or a word; after blanks. */
const TOKEN = /\s*(@[a-z]+\[[^\]]*\]|''|&&|\|\||[(){}!,]|[\p{L}\p{N}_:.+-]+)/iuy;
const SOURCES: readonly string[] = ['request', 'resource', 'principal', 'environment'];
const JOINING: Readonly<Record<string, 'and' | 'or'>> = { and: 'and', '&&': 'and', or: 'or', '||': 'or' };
const FUNCTIONS: Readonly<Record<string, 'action-matches' | 'sub-operation-matches'>> = {
  actionmatches: 'action-matches',
  suboperationmatches: 'sub-operation-matches',
};

function tokensOf(blank: string): string[] {
  const tokens: string[] = [];
  const text = blank.trimEnd();
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
  #texts = 0;
  readonly #lower: readonly string[];

  constructor(private readonly tokens: readonly string[]) {
    this.#lower = tokens.map((token) => token.toLowerCase());
  }

  whole(): Form {
    const filledWith = this.#expression();
    if (this.#next < this.tokens.length) throw new Unreadable();
    return { texts: this.#texts, filledWith };
  }

  #expression(): Filling<Expression> {
    const first = this.#unary();
    const of = [first];
    const operators: ('and' | 'or')[] = [];
    for (let joining = this.#joining(); joining !== undefined; joining = this.#joining()) {
      operators.push(joining);
      of.push(this.#unary());
    }
    const [kind] = operators;
    if (kind === undefined) return first;
    if (operators.every((one) => one === kind)) return (texts) => ({ kind, of: of.map((one) => one(texts)) });
    return (texts) => ({ kind: 'mixed', of: of.map((one) => one(texts)), operators });
  }

  #joining(): 'and' | 'or' | undefined {
    const joining = JOINING[this.#peek()];
    if (joining !== undefined) this.#next += 1;
    return joining;
  }

  #unary(): Filling<Expression> {
    this.#depth += 1;
    if (this.#depth > DEEPEST) throw new Unreadable();
    const found = this.#oneUnary();
    this.#depth -= 1;
    return found;
  }

  #oneUnary(): Filling<Expression> {
    if (this.#take('!') || this.#take('not')) {
      const of = this.#unary();
      return (texts) => ({ kind: 'not', of: of(texts) });
    }
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
      return (texts) => ({ kind: called, pattern: pattern(texts) });
    }
    if (this.#take('exists')) {
      const attribute = this.#attribute();
      return () => ({ kind: 'exists', attribute });
    }
    const left = this.#operand();
    const operator = this.#token().toLowerCase();
    if (!/^[a-z]+(:[a-z]+)?$/.test(operator)) throw new Unreadable();
    const right = this.#operand();
    return (texts) => ({ kind: 'comparison', left: left(texts), operator, right: right(texts) });
  }

  #operand(): Filling<Operand> {
    if (this.#peek().startsWith('@')) {
      const attribute = this.#attribute();
      return () => attribute;
    }
    const set = this.#take('{');
    const values = [this.#value()];
    while (set && this.#take(',')) values.push(this.#value());
    if (set) this.#expect('}');
    return (texts) => ({ kind: 'values', values: values.map((value) => value(texts)), set });
  }

  #attribute(): Attribute {
    const token = this.#token().toLowerCase();
    const bracket = token.indexOf('[');
    const source = token.slice(1, bracket);
    const name = token.slice(bracket + 1, -1).trim();
    if (!token.startsWith('@') || !SOURCES.includes(source) || name === '') throw new Unreadable();
    return { kind: 'attribute', source, name };
  }

  #value(): Filling<string> {
    if (this.#peek() === BLANK) return this.#text();
    const word = this.#token();
    if (!/^[\p{L}\p{N}]/u.test(word)) throw new Unreadable();
    return () => word;
  }

  #text(): Filling<string> {
    this.#expect(BLANK);
    const nth = this.#texts;
    this.#texts += 1;
    return (texts) => texts[nth] ?? '';
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
