/**
 * Strategic merge patches (https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/,
 * directives: kubernetes/community contributors/devel/sig-api-machinery/strategic-merge-patch.md).
 */
import { isMessage } from '../schema/schema.js';
import type { Field, Message } from '../schema/schema.js';

type Json = Record<string, unknown>;

const PATCH = '$patch';
const RETAIN_KEYS = '$retainKeys';
const ELEMENT_ORDER = '$setElementOrder/';
const DELETE_FROM = '$deleteFromPrimitiveList/';

/** The patch can't be applied; the message is kubectl's to print. */
export class PatchError extends Error {
  override readonly name = 'PatchError';
}

/** What the object becomes. `shape` is undefined below fields that aren't looked into. Throws PatchError. */
export function strategicMerge(shape: Message | undefined, live: Json, patch: Json): Json {
  if (patch[PATCH] === 'replace') return withoutDirectives(patch);
  if (patch[PATCH] === 'delete') return {};
  if (patch[PATCH] !== undefined && patch[PATCH] !== 'merge')
    throw new PatchError(`Unknown patch type found: ${JSON.stringify(patch[PATCH])}`);
  const retained = patch[RETAIN_KEYS];
  const merged: Json = Array.isArray(retained)
    ? Object.fromEntries(Object.entries(live).filter(([name]) => retained.includes(name)))
    : { ...live };
  for (const [name, change] of Object.entries(patch)) {
    if (name === PATCH || name === RETAIN_KEYS || name.startsWith(ELEMENT_ORDER)) continue;
    if (name.startsWith(DELETE_FROM)) {
      const list = name.slice(DELETE_FROM.length);
      const gone = change as unknown[];
      merged[list] = listOf(merged[list]).filter((item) => !gone.includes(item));
    } else if (change === null) delete merged[name];
    else
      merged[name] = mergeField(shape?.fields.get(name), merged[name], change, patch[ELEMENT_ORDER + name]);
  }
  // An order without a change of the list itself.
  for (const [name, order] of Object.entries(patch)) {
    if (!name.startsWith(ELEMENT_ORDER)) continue;
    const list = name.slice(ELEMENT_ORDER.length);
    if (patch[list] !== undefined || !Array.isArray(merged[list])) continue;
    merged[list] = ordered(merged[list] as unknown[], listOf(live[list]), order, shape?.fields.get(list));
  }
  return merged;
}

function mergeField(field: Field | undefined, live: unknown, change: unknown, order: unknown): unknown {
  if (Array.isArray(change)) return mergeList(field, listOf(live), change, order);
  if (!isObject(change)) return change;
  const below = field !== undefined && isMessage(field.type) && field.form === 'one' ? field.type : undefined;
  return strategicMerge(below, isObject(live) ? live : {}, change);
}

function mergeList(field: Field | undefined, live: unknown[], change: unknown[], order: unknown): unknown[] {
  if (field?.set === true) {
    const all = [...live, ...change.filter((item) => !live.includes(item))];
    return ordered(all, live, order, field);
  }
  const key = field?.keys[0];
  if (field === undefined || key === undefined || change.some((item) => !isObject(item))) return change;
  const below = isMessage(field.type) ? field.type : undefined;
  const items = change as Json[];
  if (items.some((item) => item[PATCH] === 'replace'))
    return items.filter((item) => item[PATCH] !== 'replace');
  const merged = [...(live as Json[])];
  for (const item of items) {
    if (item[key] === undefined)
      throw new PatchError(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
    const index = merged.findIndex((one) => one[key] === item[key]);
    if (item[PATCH] === 'delete') {
      if (index >= 0) merged.splice(index, 1);
    } else if (index < 0) merged.push(strategicMerge(below, {}, item));
    else merged[index] = strategicMerge(below, merged[index] ?? {}, item);
  }
  return ordered(merged, live, order, field);
}

/** Puts items into the order that the patch gives; those it doesn't name keep their place among the live ones. */
function ordered(items: unknown[], live: unknown[], order: unknown, field: Field | undefined): unknown[] {
  if (!Array.isArray(order)) return items;
  const key = field?.keys[0];
  const idOf = (item: unknown): unknown => (key !== undefined && isObject(item) ? item[key] : item);
  const wanted = order.map(idOf);
  const places = live.map(idOf);
  const named = items
    .filter((item) => wanted.includes(idOf(item)))
    .sort((one, other) => wanted.indexOf(idOf(one)) - wanted.indexOf(idOf(other)));
  const others = items.filter((item) => !wanted.includes(idOf(item)));
  const result: unknown[] = [];
  while (named.length > 0 && others.length > 0) {
    const [first, second] = [places.indexOf(idOf(named[0])), places.indexOf(idOf(others[0]))];
    result.push((first >= 0 && second >= 0 && second < first ? others : named).shift());
  }
  return [...result, ...named, ...others];
}

function withoutDirectives(patch: Json): Json {
  return Object.fromEntries(Object.entries(patch).filter(([name]) => !name.startsWith('$')));
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
