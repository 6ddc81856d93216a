/** The way of a new object into the store: metadata, validation, defaults, admission. Clients and controllers share it. */
import { randomUUID } from 'node:crypto';
import { admit, randomSuffix } from './admission.js';
import { applyDefaults } from './defaults.js';
import { alreadyExists, invalid } from './errors.js';
import { resourceInfo, timestamp } from './objects.js';
import type { ResourceName, ResourceTypes } from './objects.js';
import type { Store } from './store.js';
import { validate } from './validation.js';

/**
 * Creates an object as the API server would, or only says what it would be (`dryRun`). Fields that only the server
 * sets are taken from no one. Throws the ApiError of whatever refuses it.
 */
export function createObject<R extends ResourceName>(
  store: Store,
  now: number,
  resource: R,
  given: ResourceTypes[R],
  options: { namespace?: string | undefined; dryRun?: boolean } = {},
): ResourceTypes[R] {
  const info = resourceInfo(resource);
  const object = structuredClone(given);
  object.metadata = {
    ...pickMetadata(object.metadata),
    ...(info.namespaced && options.namespace !== undefined ? { namespace: options.namespace } : {}),
    uid: randomUUID(),
    creationTimestamp: timestamp(now),
  };
  const { metadata } = object;
  if (!metadata.name && metadata.generateName) metadata.name = `${metadata.generateName}${randomSuffix()}`;

  const causes = validate(resource, object);
  if (causes.length > 0) throw invalid(info, metadata.name ?? '', causes);
  applyDefaults(resource, object);
  admit({ resource, object, store });
  if (options.dryRun === true) {
    if (store.get(resource, metadata.name, metadata.namespace) !== undefined)
      throw alreadyExists(info, metadata.name);
    return object;
  }
  return store.create(resource, object);
}

function pickMetadata(metadata: ResourceTypes[ResourceName]['metadata']) {
  const { name, namespace, generateName, labels, annotations, ownerReferences, finalizers } = metadata;
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(generateName === undefined ? {} : { generateName }),
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(ownerReferences === undefined ? {} : { ownerReferences }),
    ...(finalizers === undefined ? {} : { finalizers }),
  };
}
