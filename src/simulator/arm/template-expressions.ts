/**
 * Expressions of ARM templates, as far as templates of role assignments use them: resourceId and subscriptionResourceId over
 * texts (https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions, template-functions-resource).
 */
import { NotModelled } from '../net/exchange.js';

/** A value with every expression in it evaluated. @param group id of the resource group that is deployed to */
export function evaluate(value: unknown, group: string): unknown {
  if (typeof value === 'string') return evaluateText(value, group);
  if (Array.isArray(value)) return value.map((item: unknown) => evaluate(item, group));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, evaluate(item, group)]));
}

function evaluateText(text: string, group: string): string {
  if (!text.startsWith('[') || !text.endsWith(']')) return text;
  if (text.startsWith('[[')) return text.slice(1);
  const call = /^\[\s*(\w+)\s*\((.*)\)\s*\]$/s.exec(text);
  const name = call?.[1]?.toLowerCase() ?? '';
  const make = FUNCTIONS[name];
  if (make === undefined) throw new NotModelled(`The template expression ${text} isn't.`);
  const [type = '', ...names] = literals(call?.[2] ?? '', text);
  return make(type, names, group, text);
}

type Make = (type: string, names: string[], group: string, text: string) => string;

const FUNCTIONS: Readonly<Record<string, Make>> = {
  resourceid: (type, names, group, text) => `${group}/providers/${typed(type, names, text)}`,
  subscriptionresourceid: (type, names, group, text) =>
    `${group.replace(/\/resourceGroups\/.*$/, '')}/providers/${typed(type, names, text)}`,
};

/** `a/b/c` with the names x and y → `a/b/x/c/y`. */
function typed(type: string, names: readonly string[], text: string): string {
  const [provider = '', ...types] = type.split('/');
  if (types.length === 0 || types.length !== names.length)
    throw new NotModelled(`The template expression ${text} isn't: as many names as types are.`);
  return [provider, ...types.flatMap((part, index) => [part, names[index] ?? ''])].join('/');
}

/** Texts in single quotes, between commas; two quotes stand for one. */
function literals(list: string, text: string): string[] {
  const found: string[] = [];
  const literal = /\s*'((?:[^']|'')*)'\s*(,|$)/gy;
  while (literal.lastIndex < list.length) {
    const match = literal.exec(list);
    if (match === null) throw new NotModelled(`The template expression ${text} isn't.`);
    found.push((match[1] ?? '').replaceAll("''", "'"));
  }
  return found;
}
