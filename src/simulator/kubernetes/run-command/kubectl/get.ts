/** kubectl get (kubernetes/kubectl pkg/cmd/get/get.go). */
import { NotModelled } from '../../../net/exchange.js';
import {
  ALL_NAMESPACES,
  Failures,
  NAMESPACE,
  OUTPUT,
  printWarnings,
  SELECTORS,
  selectorQuery,
} from './desk.js';
import type { Desk, SubCommand } from './desk.js';
import { KubectlFailure, read, Refusal } from './failure.js';
import { ACCEPT_TABLE, printerOf, tableText } from './printers.js';
import type { Printer, Table } from './printers.js';
import { rawRequest } from './raw.js';
import { discover, objectPath, ofKind, resourcePath, targets } from './resources.js';
import type { AnyObject, Resource, Target } from './resources.js';

/** kubectl lists in pages of this size. */
const CHUNK = '500';

export const get: SubCommand = {
  flags: {
    ...NAMESPACE,
    ...ALL_NAMESPACES,
    ...SELECTORS,
    ...OUTPUT,
    'no-headers': { kind: 'switch' },
    'ignore-not-found': { kind: 'switch' },
    raw: { kind: 'text' },
  },
  async run(desk) {
    const { args } = desk;
    const raw = args.text('raw');
    if (raw !== undefined) return rawRequest(desk, 'GET', raw);
    const printer = printerOf(args.text('output'));
    const resources = await discover(desk.client);
    const asked = targets(resources, args.words);
    const byName = asked.some(({ name }) => name !== undefined);
    if (byName && Object.keys(selectorQuery(desk)).length > 0)
      throw new KubectlFailure('error: name cannot be provided when a selector is specified');
    if (byName && args.has('all-namespaces'))
      throw new KubectlFailure('error: a resource cannot be retrieved by name across all namespaces');
    return printer === undefined
      ? getTables(desk, asked)
      : getObjects(desk, resources, asked, printer, byName);
  },
};

/** The texts of an answer for each target; failures are kept, those that may be missing left out. */
async function answers(
  desk: Desk,
  asked: readonly Target[],
  accept: string,
  failures: Failures,
): Promise<{ target: Target; text: string }[]> {
  const found: { target: Target; text: string }[] = [];
  for (const target of asked) {
    try {
      const { resource, name } = target;
      const namespace = desk.args.has('all-namespaces') ? undefined : desk.namespace;
      const answer = await (name === undefined
        ? desk.client.send('GET', resourcePath(resource, namespace), {
            accept,
            query: { ...selectorQuery(desk), limit: CHUNK },
          })
        : desk.client.send('GET', objectPath(resource, namespace, name), { accept }));
      printWarnings(desk, answer.warnings);
      const { metadata } = read<AnyObject>(answer);
      if (metadata['continue'] !== undefined) throw new NotModelled(`more than ${CHUNK} objects in one list`);
      found.push({ target, text: answer.text });
    } catch (error) {
      const ignored = error instanceof Refusal && error.status === 404 && desk.args.has('ignore-not-found');
      if (!ignored) failures.add(error);
    }
  }
  return found;
}

async function getTables(desk: Desk, asked: readonly Target[]): Promise<number> {
  const failures = new Failures();
  const { args, process } = desk;
  const found = (await answers(desk, asked, ACCEPT_TABLE, failures)).map(({ target, text }) => ({
    resource: target.resource,
    table: JSON.parse(text) as Table,
  }));
  const groups: { resource: Resource; tables: Table[] }[] = [];
  for (const { resource, table } of found.filter(({ table: { rows } }) => rows.length > 0)) {
    const last = groups.at(-1);
    if (last?.resource === resource) last.tables.push(table);
    else groups.push({ resource, tables: [table] });
  }
  const texts = groups.map(({ resource, tables }) =>
    tableText(tables, {
      wide: args.text('output') === 'wide',
      header: !args.has('no-headers'),
      namespaces: args.has('all-namespaces') && resource.namespaced,
      ...(new Set(asked.map((one) => one.resource)).size > 1 ? { kinds: resource } : {}),
    }),
  );
  process.out(texts.join(args.has('no-headers') ? '' : '\n'));
  const exitCode = failures.print(desk);
  if (texts.length === 0 && exitCode === 0 && !args.has('ignore-not-found')) {
    const everywhere = args.has('all-namespaces') || !asked.some(({ resource }) => resource.namespaced);
    process.error(
      everywhere ? 'No resources found\n' : `No resources found in ${desk.namespace} namespace.\n`,
    );
  }
  return exitCode;
}

async function getObjects(
  desk: Desk,
  resources: readonly Resource[],
  asked: readonly Target[],
  printer: Printer,
  byName: boolean,
): Promise<number> {
  const failures = new Failures();
  const found = await answers(desk, asked, 'application/json', failures);
  const objects = found.flatMap(({ target, text }) => {
    const value = JSON.parse(text) as AnyObject;
    if (target.name !== undefined) return [value];
    const { apiVersion, kind = '' } = value;
    // Items of a list carry neither; kubectl gives them the list's.
    return (value['items'] as AnyObject[]).map(
      (item) => ({ ...item, apiVersion, kind: kind.replace(/List$/, '') }) as AnyObject,
    );
  });
  const [only] = objects;
  const single = byName && asked.length === 1;
  const resourceOf = (object: AnyObject): Resource => {
    const resource = ofKind(resources, object);
    if (resource === undefined) throw new Error(`an answer of the unknown kind ${object.kind}`);
    return resource;
  };
  const list: AnyObject = {
    apiVersion: 'v1',
    kind: 'List',
    metadata: { resourceVersion: '' },
    items: objects,
  };
  if (single ? only !== undefined : objects.length > 0 || found.length > 0)
    desk.process.out(printer(single && only !== undefined ? only : list, resourceOf));
  return failures.print(desk);
}
