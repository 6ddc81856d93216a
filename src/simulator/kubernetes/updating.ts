/** The way of a changed object into the store: what only the server sets stays as it is, what may not change doesn't. */
import { sameJson } from './equality.js';
import { canonicalize } from './defaults.js';
import { conflict, invalid } from './errors.js';
import { forbiddenChanges } from './immutability.js';
import type { KubeObject, ObjectMeta } from './objects.js';
import type { ResourceInfo } from './resources.js';
import type { Store } from './store.js';
import { validate } from './validation.js';

export interface UpdateOptions {
  dryRun: boolean;
  /** `status` changes nothing but the status, `all` nothing of it where it is a part of its own. */
  part: 'all' | 'status';
}

/**
 * Stores a changed object as the API server would, or only says what it would be. Throws Conflict for one that was
 * changed meanwhile, Invalid for one that may not be so. Admission is asked about new objects only (assumption: nothing
 * that is modelled here refuses a change).
 */
export function updateObject(
  store: Store,
  resource: ResourceInfo,
  before: KubeObject,
  given: KubeObject,
  options: UpdateOptions,
): KubeObject {
  const { name, namespace, uid, resourceVersion } = before.metadata;
  if (given.metadata.uid !== undefined && given.metadata.uid !== uid)
    throw conflict(
      resource,
      name,
      `Precondition failed: UID in precondition: ${given.metadata.uid}, UID in object meta: ${uid}`,
    );
  if (given.metadata.resourceVersion !== undefined && given.metadata.resourceVersion !== resourceVersion)
    throw conflict(resource, name);
  const after = merged(resource, before, structuredClone(given), options.part);
  if (options.part === 'all') {
    const wrong = validate(resource.name, after);
    if (wrong.length > 0) throw invalid(resource, name, wrong);
    canonicalize(resource.name, after);
    const changed = forbiddenChanges(resource.name, before, after);
    if (changed.length > 0) throw invalid(resource, name, changed);
    if (resource.counted && !sameJson(specOf(before), specOf(after)))
      after.metadata.generation = (before.metadata.generation ?? 0) + 1;
  }
  if (options.dryRun) return sameJson(before, after) ? before : after;
  return store.update(resource.name, name, namespace, (live) => replace(live, after));
}

function specOf(object: KubeObject): unknown {
  return (object as { spec?: unknown }).spec;
}

/** Metadata that a client can't change (apiserver pkg/registry/rest/update.go). */
const KEPT = [
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
] as const;

function merged(
  resource: ResourceInfo,
  before: KubeObject,
  given: KubeObject,
  part: UpdateOptions['part'],
): KubeObject {
  const status = (object: KubeObject): { status?: unknown } =>
    'status' in object && object.status !== undefined ? { status: object.status } : {};
  const metadata = (mine: ObjectMeta): ObjectMeta => {
    const kept = Object.fromEntries(
      KEPT.flatMap((field) =>
        before.metadata[field] === undefined ? [] : [[field, before.metadata[field]]],
      ),
    );
    const own = Object.fromEntries(
      Object.entries(mine).filter(
        ([field]) => !(KEPT as readonly string[]).includes(field) && field !== 'managedFields',
      ),
    );
    return { ...own, ...kept } as ObjectMeta;
  };
  if (part === 'status') return { ...withoutStatus(before), ...status(given) };
  const own = resource.subresources.includes('status')
    ? { ...withoutStatus(given), ...status(before) }
    : given;
  return { ...own, metadata: metadata(given.metadata) };
}

function withoutStatus(object: KubeObject): KubeObject {
  const { status: _status, ...rest } = object as KubeObject & { status?: unknown };
  return rest;
}

function replace(live: KubeObject, after: KubeObject): void {
  const fields = live as unknown as Record<string, unknown>;
  for (const name of Object.keys(fields)) if (!(name in after)) delete fields[name];
  Object.assign(live, after);
}
