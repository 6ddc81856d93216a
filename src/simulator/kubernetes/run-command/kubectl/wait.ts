/** kubectl wait, and the waiting of kubectl delete (kubernetes/kubectl pkg/cmd/wait). */
import { NotModelled } from '../../../net/exchange.js';
import type { ApiClient } from '../api-client.js';
import { ALL_NAMESPACES, Failures, NAMESPACE, SELECTORS, selectorQuery } from './desk.js';
import type { Desk, SubCommand } from './desk.js';
import { KubectlFailure, read, Refusal } from './failure.js';
import { asText, valuesAt } from './jsonpath.js';
import { discover, objectName, objectPath, resourcePath, targets } from './resources.js';
import type { AnyObject, Resource } from './resources.js';

const DEFAULT_TIMEOUT_MS = 30_000;
/** A wait that has no end in kubectl lasts a week. */
export const A_WEEK_MS = 7 * 86_400_000;

/** One object to wait for. */
export interface Awaited {
  resource: Resource;
  namespace: string | undefined;
  name: string;
  uid?: string;
}

/** Whether the object, or its absence, is what is waited for. */
type Condition = (object: AnyObject | undefined) => boolean;

export const wait: SubCommand = {
  flags: {
    ...NAMESPACE,
    ...ALL_NAMESPACES,
    ...SELECTORS,
    for: { kind: 'text' },
    timeout: { kind: 'text' },
    all: { kind: 'switch' },
  },
  async run(desk) {
    const { args, process } = desk;
    const wanted = args.text('for') ?? '';
    const isDelete = wanted.toLowerCase() === 'delete';
    const limit = args.milliseconds('timeout') ?? DEFAULT_TIMEOUT_MS;
    const resources = await discover(desk.client);
    const failures = new Failures();
    const objects = await awaited(desk, resources, isDelete, failures);
    const code = failures.print(desk);
    if (code !== 0) return code;
    if (objects.length === 0) {
      if (isDelete) return 0;
      throw new KubectlFailure('error: no matching resources found');
    }
    for (const object of objects) {
      const condition = isDelete ? isGone(object) : conditionOf(wanted);
      if (!(await until(desk.client, object, condition, limit, process.signal))) throw timedOut(object);
      process.out(`${objectName(object.resource, object.name)} condition met\n`);
    }
    return 0;
  },
};

async function awaited(
  desk: Desk,
  resources: readonly Resource[],
  isDelete: boolean,
  failures: Failures,
): Promise<Awaited[]> {
  const { args, client } = desk;
  const objects: Awaited[] = [];
  for (const { resource, name } of targets(resources, args.words)) {
    const everywhere = args.has('all-namespaces') || !resource.namespaced;
    const namespace = everywhere ? undefined : desk.namespace;
    if (name === undefined && Object.keys(selectorQuery(desk)).length === 0 && !args.has('all'))
      throw new NotModelled('kubectl wait without a name, a selector or --all');
    try {
      const found =
        name === undefined
          ? read<{ items: AnyObject[] }>(
              await client.send('GET', resourcePath(resource, namespace), { query: selectorQuery(desk) }),
            ).items
          : [read<AnyObject>(await client.send('GET', objectPath(resource, namespace, name)))];
      for (const { metadata } of found)
        objects.push({
          resource,
          namespace: metadata.namespace,
          name: metadata.name ?? '',
          ...(metadata.uid === undefined ? {} : { uid: metadata.uid }),
        });
    } catch (error) {
      // What isn't there is gone already.
      if (!(isDelete && error instanceof Refusal && error.status === 404)) failures.add(error);
    }
  }
  return objects;
}

/** Gone, or another object of the same name in its place. */
export function isGone({ uid }: Awaited): Condition {
  return (object) => object === undefined || (uid !== undefined && object.metadata.uid !== uid);
}

export function timedOut({ resource, name }: Awaited): KubectlFailure {
  return new KubectlFailure(`error: timed out waiting for the condition on ${resource.name}/${name}`);
}

function conditionOf(wanted: string): Condition {
  const [, type, status = 'true'] = /^condition=([^=]+)(?:=(.+))?$/i.exec(wanted) ?? [];
  if (type !== undefined)
    return (object) =>
      conditionsOf(object).some(
        (one) =>
          one.type.toLowerCase() === type.toLowerCase() && one.status.toLowerCase() === status.toLowerCase(),
      );
  const [, path, value] = /^jsonpath=['"]?(\{[^}]*\}|[^=]+)['"]?(?:=(.+))?$/is.exec(wanted) ?? [];
  if (path === undefined) throw new NotModelled(`kubectl's --for=${wanted}`);
  return (object) => {
    const found = object === undefined ? [] : valuesAt(path, object);
    return found.length === 1 && (value === undefined || asText(found[0]) === value);
  };
}

function conditionsOf(object: AnyObject | undefined): { type: string; status: string }[] {
  const status = object?.['status'] as { conditions?: { type: string; status: string }[] } | undefined;
  return status?.conditions ?? [];
}

/** Watches one object until it is as wanted; false when that takes too long. */
export async function until(
  client: ApiClient,
  { resource, namespace, name }: Awaited,
  condition: Condition,
  limitMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const path = resourcePath(resource, namespace);
  const query = { fieldSelector: `metadata.name=${name}` };
  const { items, metadata } = read<{ items: AnyObject[]; metadata: { resourceVersion: string } }>(
    await client.send('GET', path, { query }),
  );
  if (condition(items[0])) return true;
  const ended = new AbortController();
  const end = (): void => ended.abort();
  const timer = setTimeout(end, Math.min(limitMs, 2 ** 31 - 1)).unref();
  signal.addEventListener('abort', end, { once: true });
  try {
    const from = { ...query, resourceVersion: metadata.resourceVersion };
    for await (const line of client.watch(path, from, ended.signal)) {
      const { type, object } = JSON.parse(line) as { type: string; object: AnyObject };
      if (type === 'BOOKMARK') continue;
      if (condition(type === 'DELETED' ? undefined : object)) return true;
    }
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    end();
  }
  signal.throwIfAborted();
  return false;
}
