/**
 * What `--query` and `-o tsv` of az do, as far as printed commands use them: names, lists, filters, join, and picking out
 * (https://jmespath.org/specification.html). Any other form is refused.
 */
import { Refused } from './words.js';

/** The value that a query gives of what a command answers. @throws {Refused} for a form that isn't known */
export function evaluateQuery(query: string, value: unknown): unknown {
  const parser = new Parser(query);
  const evaluate = parser.expression();
  parser.mustEnd();
  return evaluate(value);
}

/** As `-o tsv` prints: a line for each element, values of an object with tabs between; what is absent is nothing. */
export function tabSeparated(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map((one) => row(one)).join('\n');
  return row(value);
}

function row(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value !== 'object') return typeof value === 'string' ? value : JSON.stringify(value);
  return Object.values(value).map(row).join('\t');
}

type Evaluate = (value: unknown) => unknown;

const TOKEN = /\s*(\|\||&&|==|!=|\[\?|'(?:[^'\\]|\\.)*'|`[^`]*`|[A-Za-z_]\w*|-?\d+|[.[\]{}(),:])/y;

class Parser {
  private readonly tokens: string[] = [];

  constructor(query: string) {
    TOKEN.lastIndex = 0;
    for (let at = 0; at < query.length; at = TOKEN.lastIndex) {
      const [, token] = TOKEN.exec(query) ?? [];
      if (token === undefined)
        throw new Refused(`the query ${query} is not understood at ${query.slice(at)}`);
      this.tokens.push(token);
    }
  }

  expression(): Evaluate {
    return this.either('||', () => this.either('&&', () => this.comparison()));
  }

  mustEnd(): void {
    const [token] = this.tokens;
    if (token !== undefined) throw new Refused(`an unexpected ${token} in a query`);
  }

  private either(operator: '||' | '&&', operand: () => Evaluate): Evaluate {
    let left = operand();
    while (this.tokens[0] === operator) {
      this.tokens.shift();
      const [first, second] = [left, operand()];
      left = (value) => {
        const one = first(value);
        return truthy(one) === (operator === '||') ? one : second(value);
      };
    }
    return left;
  }

  private comparison(): Evaluate {
    const left = this.chain(this.primary());
    const operator = this.tokens[0];
    if (operator !== '==' && operator !== '!=') return left;
    this.tokens.shift();
    const right = this.chain(this.primary());
    return (value) => Object.is(left(value) ?? null, right(value) ?? null) === (operator === '==');
  }

  private primary(): Evaluate {
    const token = this.tokens[0];
    if (token === undefined) throw new Refused('a query that ends too early');
    if (token.startsWith("'")) {
      this.tokens.shift();
      const text = token.slice(1, -1).replaceAll("\\'", "'");
      return () => text;
    }
    if (token.startsWith('`')) {
      this.tokens.shift();
      const literal: unknown = JSON.parse(token.slice(1, -1));
      return () => literal;
    }
    if (token === '[?' || (token === '[' && (this.tokens[1] === ']' || /^-?\d+$/.test(this.tokens[1] ?? ''))))
      return (value) => value;
    return this.member();
  }

  /** What may stand after a dot, and at the beginning. */
  private member(): Evaluate {
    const token = this.tokens.shift() ?? '';
    if (token === '[')
      return this.several(
        ']',
        () => this.expression(),
        (all, value) => all.map((one) => one(value)),
      );
    if (token === '{')
      return this.several(
        '}',
        () => {
          const key = this.tokens.shift() ?? '';
          this.must(':');
          const of = this.expression();
          return (value: unknown) => [key, of(value) ?? null] as const;
        },
        (all, value) => Object.fromEntries(all.map((one) => one(value))),
      );
    if (!/^[A-Za-z_]/.test(token)) throw new Refused(`an unexpected ${token} in a query`);
    if (this.tokens[0] === '(') return this.call(token);
    return (value) => (isRecord(value) ? value[token] : undefined);
  }

  private call(name: string): Evaluate {
    if (name !== 'join') throw new Refused(`the function ${name} of a query is not known`);
    this.must('(');
    return this.several(
      ')',
      () => this.expression(),
      (all, value) => {
        const [separator, list] = all.map((one) => one(value));
        if (
          typeof separator !== 'string' ||
          !Array.isArray(list) ||
          !list.every((one) => typeof one === 'string')
        )
          throw new Refused('join takes a text and a list of texts');
        return list.join(separator);
      },
    );
  }

  private several<T>(end: string, element: () => T, make: (all: T[], value: unknown) => unknown): Evaluate {
    const all = [element()];
    while (this.tokens[0] === ',') {
      this.tokens.shift();
      all.push(element());
    }
    this.must(end);
    return (value) => (value === null || value === undefined ? undefined : make(all, value));
  }

  /** What follows: what stands after a list or a filter is asked of each of its elements. */
  private chain(from: Evaluate): Evaluate {
    const [token, second] = this.tokens;
    if (token === '.') {
      this.tokens.shift();
      const member = this.member();
      return this.chain((value) => {
        const inner = from(value);
        return inner === null || inner === undefined ? undefined : member(inner);
      });
    }
    if (token === '[' && /^-?\d+$/.test(second ?? '')) {
      this.tokens.splice(0, 2);
      this.must(']');
      return this.chain((value) => {
        const list = from(value);
        return Array.isArray(list) ? (list as unknown[]).at(Number(second)) : undefined;
      });
    }
    if (token !== '[?' && !(token === '[' && second === ']')) return from;
    this.tokens.shift();
    const keep = token === '[?' ? this.expression() : () => true;
    this.must(']');
    const each = this.chain((value) => value);
    return (value) => {
      const list = from(value);
      if (!Array.isArray(list)) return undefined;
      return (list as unknown[])
        .filter((one) => truthy(keep(one)))
        .map(each)
        .filter((one) => one !== null && one !== undefined);
    };
  }

  private must(token: string): void {
    const next = this.tokens.shift();
    if (next !== token) throw new Refused(`a query has ${next ?? 'its end'} where ${token} has to be`);
  }
}

function truthy(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === '') return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
