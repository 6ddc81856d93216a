/** How kubectl prints objects: tables as the server gives them, JSON, YAML, names, JSONPath (k8s.io/cli-runtime pkg/printers). */
import { Document, isCollection, isPair, isScalar, parse, visit } from 'yaml';
import { NotModelled } from '../../../net/exchange.js';
import { goJson, sorted } from './go-json.js';
import { fillTemplate } from './jsonpath.js';
import type { AnyObject, Resource } from './resources.js';
import { objectName } from './resources.js';

/** A meta.k8s.io/v1 Table, the rows' objects with it. */
export interface Table {
  columnDefinitions: { name: string; priority: number }[];
  rows: { cells: unknown[]; object: { metadata: { name?: string; namespace?: string } } }[];
}

/** The Accept header that kubectl asks for a Table with. */
export const ACCEPT_TABLE =
  'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json';

/** text/tabwriter as kubectl sets it up (cli-runtime pkg/printers/tabwriter.go). */
const CELL = { minimum: 6, padding: 3 } as const;

export interface TableOptions {
  wide: boolean;
  header: boolean;
  namespaces: boolean;
  /** Names with their kind before them. */
  kinds?: Resource;
}

export function tableText(tables: readonly Table[], options: TableOptions): string {
  const [first] = tables;
  if (first === undefined) return '';
  const columns = first.columnDefinitions.map(({ name, priority }, index) => ({ name, priority, index }));
  const shown = columns.filter(({ priority }) => priority === 0 || options.wide);
  const header = [
    ...(options.namespaces ? ['NAMESPACE'] : []),
    ...shown.map(({ name }) => name.toUpperCase()),
  ];
  const rows = tables.flatMap(({ rows: all }) =>
    all.map(({ cells, object: { metadata } }) => [
      ...(options.namespaces ? [metadata.namespace ?? ''] : []),
      ...shown.map(({ index, name }) => {
        const text = cellText(cells[index]);
        return options.kinds !== undefined && name === 'Name' ? objectName(options.kinds, text) : text;
      }),
    ]),
  );
  const lines = options.header ? [header, ...rows] : rows;
  const widths = header.map((_, column) =>
    Math.max(CELL.minimum, ...lines.map((line) => [...(line[column] ?? '')].length + CELL.padding)),
  );
  return lines
    .map((line) =>
      line
        .map((cell, column) => (column === line.length - 1 ? cell : pad(cell, widths[column] ?? 0)))
        .join(''),
    )
    .map((line) => `${line}\n`)
    .join('');
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - [...text].length));
}

/** One line of a cell, what a terminal would act on made visible. */
function cellText(cell: unknown): string {
  if (cell === null || cell === undefined) return '';
  const text = typeof cell === 'string' ? cell : JSON.stringify(cell);
  const [line = ''] = text.split(/[\f\n\r]/, 1);
  return (line === text ? text : `${line}...`).replaceAll('\u001b', '^[');
}

/** Prints one object, which may be a List. Answers what is printed. */
export type Printer = (object: AnyObject, resourceOf: (object: AnyObject) => Resource) => string;

/** The printer of an output format; undefined for tables. Throws NotModelled for formats that aren't here. */
export function printerOf(format: string | undefined): Printer | undefined {
  if (format === undefined || format === '' || format === 'wide') return undefined;
  const [, template] = /^jsonpath=(.*)$/s.exec(format) ?? [];
  if (template !== undefined) return (object) => fillTemplate(template, object);
  const printer = Object.hasOwn(PRINTERS, format) ? PRINTERS[format] : undefined;
  if (printer === undefined) throw new NotModelled(`kubectl's output ${format}`);
  return printer;
}

const PRINTERS: Readonly<Record<string, Printer>> = {
  json: (object) => `${goJson(object, 4)}\n`,
  yaml: (object) => goYaml(object),
  name: (object, resourceOf) =>
    (object.kind === 'List' ? (object['items'] as AnyObject[]) : [object])
      .map((one) => `${objectName(resourceOf(one), one.metadata.name ?? '')}\n`)
      .join(''),
};

const YAML = { version: '1.1' } as const;
/** Where go-yaml begins to break texts at their blanks. */
const YAML_WIDTH = 80;

/**
 * YAML in go-yaml's manner: sequences at their key's column, texts that would be something else in double quotes, others
 * that need quotes in single ones. Texts that it would break over several lines aren't modelled.
 */
function goYaml(value: unknown): string {
  const document = new Document(sorted(value), { ...YAML, aliasDuplicateObjects: false });
  visit(document, {
    Scalar(key, node, path) {
      if (key === 'key' || typeof node.value !== 'string') return;
      const text = node.value;
      const column = 2 * path.filter((one) => isCollection(one)).length + nameLength(path.at(-1));
      if (!text.includes('\n') && text.includes(' ') && column + text.length > YAML_WIDTH)
        throw new NotModelled("kubectl's output yaml with texts longer than a line");
      if (isOtherwise(text)) node.type = 'QUOTE_DOUBLE';
    },
  });
  return document.toString({ indentSeq: false, lineWidth: 0, singleQuote: true, blockQuote: 'literal' });
}

function nameLength(parent: unknown): number {
  return isPair(parent) && isScalar(parent.key) ? String(parent.key.value).length : 0;
}

/** Whether a bare word would be read as a number, a truth value, a date, or nothing. */
function isOtherwise(text: string): boolean {
  if (!/^[\w~.+:-]+$/.test(text)) return false;
  const value: unknown = parse(text, YAML);
  return value === null || value instanceof Date || ['number', 'bigint', 'boolean'].includes(typeof value);
}
