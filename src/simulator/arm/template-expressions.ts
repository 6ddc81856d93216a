/**
 * Expressions of ARM templates, as far as templates of role assignments use them: texts, calls of the functions below, and
 * what is picked out of their values by `.name` or `[expression]`
 * (https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions and template-functions).
 */
import { stableGuid } from '../cloud/ids.js';
import { NotModelled } from '../net/exchange.js';

/** What expressions are evaluated over. */
export interface TemplateScope {
  /** Id of the resource group that is deployed to. */
  group: string;
  parameters: Readonly<Record<string, unknown>>;
  variables: Readonly<Record<string, unknown>>;
  /** Properties of a resource as they are now; absent where a template may not ask for them, such as in names. */
  reference?: (id: string, apiVersion: string) => unknown;
}

/** A value with every expression in it evaluated. */
export function evaluate(value: unknown, scope: TemplateScope): unknown {
  if (typeof value === 'string') return evaluateText(value, scope);
  if (Array.isArray(value)) return value.map((item: unknown) => evaluate(item, scope));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, evaluate(item, scope)]));
}

function evaluateText(text: string, scope: TemplateScope): unknown {
  if (!text.startsWith('[') || !text.endsWith(']')) return text;
  if (text.startsWith('[[')) return text.slice(1);
  return new Expression(text, scope).whole();
}

type Call = (args: readonly unknown[], scope: TemplateScope, text: string) => unknown;

/** Function names are written in any case. */
const FUNCTIONS: Readonly<Record<string, Call>> = {
  parameters: ([name], { parameters }, text) => named(parameters, name, text),
  variables: ([name], { variables }, text) => named(variables, name, text),
  resourceid: (args, { group }, text) =>
    resourceId(
      args.map((one) => asText(one, text)),
      group,
      text,
    ),
  subscriptionresourceid: (args, { group }, text) => {
    const [type = '', ...names] = args.map((one) => asText(one, text));
    return `${subscriptionOf(group)}/providers/${typed(type, names, text)}`;
  },
  // Assumption: another GUID than ARM makes of the same texts, but always the same one.
  guid: (args, _scope, text) => stableGuid(args.map((one) => asText(one, text)).join('-')),
  resourcegroup: (_args, { group }) => ({ id: group, name: group.split('/').at(-1) }),
  subscription: (_args, { group }) => ({
    id: subscriptionOf(group),
    subscriptionId: subscriptionOf(group).split('/').at(-1),
  }),
  reference: ([id, version], { reference }, text) => {
    // In names and the like: "not expected at this location" (template-functions-resource, reference).
    if (reference === undefined)
      throw new NotModelled(`The template expression ${text} at this place isn't.`);
    return reference(asText(id, text), asText(version, text));
  },
};

/** `[subscription, [group,]] type, names`: as many names as the type has parts behind the provider's. */
function resourceId(args: readonly string[], group: string, text: string): string {
  const at = args.findIndex((one) => one.includes('/'));
  const [type = '', ...names] = args.slice(Math.max(0, at));
  const [own = '', other] = args.slice(0, Math.max(0, at)).reverse();
  const subscription = other === undefined ? subscriptionOf(group) : `/subscriptions/${other}`;
  const place = own === '' ? group : `${subscription}/resourceGroups/${own}`;
  return `${place}/providers/${typed(type, names, text)}`;
}

const subscriptionOf = (group: string): string => group.replace(/\/resourceGroups\/.*$/, '');

/** `a/b/c` with the names x and y → `a/b/x/c/y`. */
function typed(type: string, names: readonly string[], text: string): string {
  const [provider = '', ...types] = type.split('/');
  if (types.length === 0 || types.length !== names.length)
    throw new NotModelled(`The template expression ${text} isn't: as many names as types are.`);
  return [provider, ...types.flatMap((part, index) => [part, names[index] ?? ''])].join('/');
}

function named(record: Readonly<Record<string, unknown>>, name: unknown, text: string): unknown {
  const key = asText(name, text);
  if (!Object.hasOwn(record, key)) throw new NotModelled(`The template expression ${text} isn't: no ${key}.`);
  return record[key];
}

function asText(value: unknown, text: string): string {
  if (typeof value === 'string') return value;
  throw new NotModelled(`The template expression ${text} isn't: a text is wanted.`);
}

/** Reads one expression and evaluates it as it goes. */
class Expression {
  #at = 1;

  constructor(
    private readonly text: string,
    private readonly scope: TemplateScope,
  ) {}

  whole(): unknown {
    const value = this.#value();
    this.#blanks();
    if (this.#at !== this.text.length - 1) throw this.#refused();
    return value;
  }

  #value(): unknown {
    let value = this.#primary();
    for (;;) {
      if (this.#take('.')) value = this.#pick(value, this.#word());
      // The last bracket ends the expression itself.
      else if (this.#at < this.text.length - 1 && this.#take('[')) {
        value = this.#pick(value, asText(this.#value(), this.text));
        if (!this.#take(']')) throw this.#refused();
      } else return value;
    }
  }

  #primary(): unknown {
    this.#blanks();
    if (this.text[this.#at] === "'") return this.#literal();
    const call = FUNCTIONS[this.#word().toLowerCase()];
    if (call === undefined || !this.#take('(')) throw this.#refused();
    const args: unknown[] = [];
    while (!this.#take(')')) {
      if (args.length > 0 && !this.#take(',')) throw this.#refused();
      args.push(this.#value());
    }
    return call(args, this.scope, this.text);
  }

  /** A text in single quotes; two quotes stand for one. */
  #literal(): string {
    const found = /'((?:[^']|'')*)'/y;
    found.lastIndex = this.#at;
    const match = found.exec(this.text);
    if (match === null) throw this.#refused();
    this.#at = found.lastIndex;
    return (match[1] ?? '').replaceAll("''", "'");
  }

  #word(): string {
    const found = /\w+/y;
    found.lastIndex = this.#at;
    const [word] = found.exec(this.text) ?? [];
    if (word === undefined) throw this.#refused();
    this.#at += word.length;
    return word;
  }

  #pick(value: unknown, name: string): unknown {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) throw this.#refused();
    return (value as Record<string, unknown>)[name];
  }

  #take(sign: string): boolean {
    this.#blanks();
    if (this.text[this.#at] !== sign) return false;
    this.#at += 1;
    return true;
  }

  #blanks(): void {
    while (/\s/.test(this.text[this.#at] ?? '')) this.#at += 1;
  }

  #refused(): NotModelled {
    return new NotModelled(`The template expression ${this.text} isn't.`);
  }
}
