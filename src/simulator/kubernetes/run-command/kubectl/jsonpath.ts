/**
 * kubectl's JSONPath templates (https://kubernetes.io/docs/reference/kubectl/jsonpath), the plain part of them: fields,
 * indexes, `[*]`, comparing filters, quoted text, and `range … end`.
 */
import { NotModelled } from '../../../net/exchange.js';
import { goJson } from './go-json.js';

type Step =
  | { kind: 'field'; name: string }
  | { kind: 'index'; index: number }
  | { kind: 'all' }
  | { kind: 'filter'; path: Step[]; operator: '==' | '!='; value: string | number | boolean };
type Node =
  | { kind: 'text'; text: string }
  | { kind: 'path'; steps: Step[] }
  | { kind: 'range'; steps: Step[]; body: Node[] };

/** Fills a template. Fields that aren't there give nothing. */
export function fillTemplate(template: string, value: unknown): string {
  // A bare path may come without its braces (kubernetes/kubectl pkg/cmd/get/customcolumn.go, RelaxedJSONPathExpression).
  return print(
    parse(template.includes('{') ? template : `{${template.startsWith('.') ? '' : '.'}${template}}`),
    value,
  );
}

/** The values that one path finds, such as `.status.phase`. */
export function valuesAt(path: string, value: unknown): unknown[] {
  const [node, ...more] = parse(path.startsWith('{') ? path : `{${path.startsWith('.') ? '' : '.'}${path}}`);
  if (node?.kind !== 'path' || more.length > 0) throw new NotModelled(`the JSONPath ${path}`);
  return walk(node.steps, value);
}

function print(nodes: readonly Node[], value: unknown): string {
  return nodes
    .map((node) => {
      if (node.kind === 'text') return node.text;
      const found = walk(node.steps, value);
      return node.kind === 'path'
        ? found.map(asText).join(' ')
        : found.map((one) => print(node.body, one)).join('');
    })
    .join('');
}

/** A value as a template shows it: text as it is, everything else as JSON. */
export function asText(value: unknown): string {
  return typeof value === 'string' ? value : goJson(value);
}

function parse(template: string): Node[] {
  const root: Node[] = [];
  const open: Node[][] = [root];
  for (const [part = ''] of template.matchAll(
    /\{(?:[^{}"']|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*\}|[^{}]+|[{}]/g,
  )) {
    const into = open.at(-1) ?? root;
    if (part === '{' || part === '}') throw new NotModelled(`the JSONPath ${template}`);
    if (!part.startsWith('{')) {
      into.push({ kind: 'text', text: part });
      continue;
    }
    const inner = part.slice(1, -1).trim();
    const [, looped] = /^range\s+(.+)$/s.exec(inner) ?? [];
    if (/^"(?:[^"\\]|\\.)*"$/s.test(inner)) into.push({ kind: 'text', text: quotedText(inner) });
    else if (looped !== undefined) {
      const body: Node[] = [];
      into.push({ kind: 'range', steps: parsePath(looped), body });
      open.push(body);
    } else if (inner === 'end') {
      if (open.length === 1) throw new NotModelled(`the JSONPath ${template}`);
      open.pop();
    } else into.push({ kind: 'path', steps: parsePath(inner) });
  }
  if (open.length > 1) throw new NotModelled(`the JSONPath ${template}`);
  return root;
}

function quotedText(text: string): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    throw new NotModelled(`the JSONPath text ${text}`);
  }
}

const STEP =
  /\.(?<field>[A-Za-z_](?:[\w-]|\\.)*)|\[(?<index>-?\d+)\]|(?<all>\[\*\]|\.\*)|\[['"](?<key>[^'"]+)['"]\]|\[\?\(@(?<path>(?:\.(?:[\w-]|\\.)+)+)\s*(?<operator>==|!=)\s*(?<value>"[^"]*"|'[^']*'|-?\d+(?:\.\d+)?|true|false)\)\]/;

function parsePath(text: string): Step[] {
  const path = text.replace(/^[$@]/, '');
  if (path === '' || path === '.') return [];
  const steps: Step[] = [];
  for (const step = new RegExp(STEP, 'y'); step.lastIndex < path.length;) {
    const groups = step.exec(path)?.groups;
    if (groups === undefined) throw new NotModelled(`the JSONPath ${text}`);
    const { field, key, index, path: within, operator, value = '' } = groups;
    if (field !== undefined) steps.push({ kind: 'field', name: field.replace(/\\(.)/g, '$1') });
    else if (key !== undefined) steps.push({ kind: 'field', name: key });
    else if (index !== undefined) steps.push({ kind: 'index', index: Number(index) });
    else if (within !== undefined)
      steps.push({
        kind: 'filter',
        path: parsePath(within),
        operator: operator === '!=' ? '!=' : '==',
        value: JSON.parse(value.replace(/^'(.*)'$/, '"$1"')) as string | number | boolean,
      });
    else steps.push({ kind: 'all' });
  }
  return steps;
}

function walk(steps: readonly Step[], value: unknown): unknown[] {
  const [step, ...rest] = steps;
  if (step === undefined) return [value];
  return below(step, value).flatMap((one) => walk(rest, one));
}

function below(step: Step, value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  switch (step.kind) {
    case 'field':
      return Object.hasOwn(value, step.name) ? [(value as Record<string, unknown>)[step.name]] : [];
    case 'index':
      return Array.isArray(value) ? (value as unknown[]).slice(step.index).slice(0, 1) : [];
    case 'all':
      return Object.values(value);
    case 'filter':
      return (Array.isArray(value) ? (value as unknown[]) : [value]).filter((one) =>
        walk(step.path, one).some((found) => (found === step.value) === (step.operator === '==')),
      );
  }
}
