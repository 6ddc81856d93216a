/**
 * Server-side apply (https://kubernetes.io/docs/reference/using-api/server-side-apply/). Who applied which fields is
 * remembered, but not shown: managedFields are left out of the model. So what an ordinary create, update or patch set
 * belongs to no one here, and only appliers conflict with each other (assumption; a real server would also
 * count whoever updated a field).
 */
import { sameJson } from '../equality.js';
import { isMessage } from '../schema/schema.js';
import type { Field, Message } from '../schema/schema.js';

type Json = Record<string, unknown>;

/** A field that an applier wants otherwise than another does. */
export interface Conflict {
  manager: string;
  path: string;
}

/** Who applied what: paths such as `.spec.containers[name="web"].image`, by manager. */
export type Owners = ReadonlyMap<string, ReadonlySet<string>>;

/** Metadata that no one owns (structured-merge-diff; apiserver fieldmanager stripmeta.go). */
const NOT_OWNED = new Set([
  '.apiVersion',
  '.kind',
  '.metadata.name',
  '.metadata.namespace',
  '.metadata.uid',
  '.metadata.creationTimestamp',
  '.metadata.generation',
  '.metadata.resourceVersion',
]);

/**
 * What the object becomes, and who owns what then. Fields that the manager applied before and doesn't apply now go,
 * unless another applies them too.
 *
 * @param live undefined where there is none yet
 */
export function serverSideApply(
  shape: Message,
  live: Json | undefined,
  applied: Json,
  manager: string,
  owners: Owners,
): { object: Json; conflicts: Conflict[]; owners: Owners } {
  const wanted = leaves(shape, applied);
  const had = live === undefined ? new Map<string, unknown>() : leaves(shape, live);
  const others = [...owners].filter(([name]) => name !== manager);
  const conflicts = [...wanted].flatMap(([path, value]) =>
    had.has(path) && sameJson(had.get(path), value)
      ? []
      : others.filter(([, paths]) => paths.has(path)).map(([name]) => ({ manager: name, path })),
  );
  const abandoned = new Set(
    [...(owners.get(manager) ?? [])].filter(
      (path) => !wanted.has(path) && !others.some(([, paths]) => paths.has(path)),
    ),
  );
  const kept = live === undefined ? {} : without(shape, live, '', abandoned);
  const lost = new Set(conflicts.map(({ path }) => path));
  return {
    object: merge(shape, kept, applied),
    conflicts,
    owners: new Map([
      ...others.map(([name, paths]): [string, ReadonlySet<string>] => [
        name,
        new Set([...paths].filter((path) => !lost.has(path))),
      ]),
      [manager, new Set(wanted.keys())],
    ]),
  };
}

/** The fields of an object that can be owned, each with its value: scalars, atomic lists, items of sets. */
function leaves(shape: Message | undefined, object: Json, path = ''): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const [name, value] of Object.entries(object)) {
    const below = `${path}.${name}`;
    if (NOT_OWNED.has(below)) continue;
    for (const [one, leaf] of leavesOf(shape?.fields.get(name), value, below)) found.set(one, leaf);
  }
  return found;
}

function leavesOf(field: Field | undefined, value: unknown, path: string): Map<string, unknown> {
  if (Array.isArray(value)) {
    if (field?.set === true) return new Map(value.map((item) => [`${path}[${JSON.stringify(item)}]`, item]));
    if (field === undefined || field.keys.length === 0) return new Map([[path, value]]);
    const below = isMessage(field.type) ? field.type : undefined;
    return new Map(
      (value as Json[]).flatMap((item) => [...leaves(below, item, `${path}${keyOf(field, item)}`)]),
    );
  }
  if (!isObject(value) || Object.keys(value).length === 0) return new Map([[path, value]]);
  return leaves(messageOf(field), value, path);
}

/** How an item of a keyed list is named: `[name="web"]`; protocol is TCP where it isn't said. */
function keyOf(field: Field, item: Json): string {
  const parts = field.keys.map(
    (key) => `${key}=${JSON.stringify(item[key] ?? (key === 'protocol' ? 'TCP' : null))}`,
  );
  return `[${parts.join(',')}]`;
}

function messageOf(field: Field | undefined): Message | undefined {
  return field !== undefined && field.form === 'one' && isMessage(field.type) ? field.type : undefined;
}

/** The object without some of its leaves, and without what has become empty by that. */
function without(shape: Message | undefined, object: Json, path: string, gone: ReadonlySet<string>): Json {
  return Object.fromEntries(
    Object.entries(object).flatMap(([name, value]) => {
      const rest = withoutField(shape?.fields.get(name), value, `${path}.${name}`, gone);
      return rest === undefined ? [] : [[name, rest]];
    }),
  );
}

function withoutField(
  field: Field | undefined,
  value: unknown,
  path: string,
  gone: ReadonlySet<string>,
): unknown {
  if (gone.has(path)) return undefined;
  if (Array.isArray(value)) {
    const rest = withoutItems(field, value as unknown[], path, gone);
    return rest.length === 0 && value.length > 0 ? undefined : rest;
  }
  if (!isObject(value)) return value;
  const rest = without(messageOf(field), value, path, gone);
  return Object.keys(rest).length === 0 && Object.keys(value).length > 0 ? undefined : rest;
}

function withoutItems(
  field: Field | undefined,
  list: unknown[],
  path: string,
  gone: ReadonlySet<string>,
): unknown[] {
  if (field?.set === true) return list.filter((item) => !gone.has(`${path}[${JSON.stringify(item)}]`));
  if (field === undefined || field.keys.length === 0) return list;
  const below = isMessage(field.type) ? field.type : undefined;
  return (list as Json[]).flatMap((item) => {
    const at = `${path}${keyOf(field, item)}`;
    // An item goes with its keys: nobody applies it any more.
    return field.keys.some((key) => gone.has(`${at}.${key}`)) ? [] : [without(below, item, at, gone)];
  });
}

function merge(shape: Message | undefined, live: Json, applied: Json): Json {
  const merged = { ...live };
  for (const [name, value] of Object.entries(applied)) {
    const field = shape?.fields.get(name);
    merged[name] = mergeField(field, merged[name], value);
  }
  return merged;
}

function mergeField(field: Field | undefined, live: unknown, applied: unknown): unknown {
  if (Array.isArray(applied)) {
    const there = Array.isArray(live) ? (live as unknown[]) : [];
    if (field?.set === true)
      return [...there, ...(applied as unknown[]).filter((item) => !there.includes(item))];
    if (field === undefined || field.keys.length === 0) return applied;
    const below = isMessage(field.type) ? field.type : undefined;
    const result = [...(there as Json[])];
    for (const item of applied as Json[]) {
      const index = result.findIndex((one) => keyOf(field, one) === keyOf(field, item));
      if (index < 0) result.push(item);
      else result[index] = merge(below, result[index] ?? {}, item);
    }
    return result;
  }
  if (!isObject(applied)) return applied;
  return merge(messageOf(field), isObject(live) ? live : {}, applied);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
