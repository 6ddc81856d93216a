/** The way of a new object into the store: metadata, validation, defaults, admission. Clients and controllers share it. */
import type { ManagedCluster } from '../cloud/model.js';
import { admit, validateAdmission } from './admission/index.js';
import { applyDefaults } from './defaults.js';
import { alreadyExists, invalid } from './errors.js';
import { randomSuffix } from './generated-names.js';
import { timestamp } from './objects.js';
import { resourceInfo } from './resources.js';
import type { ResourceName, ResourceTypes } from './objects.js';
import type { Store } from './store.js';
import { validate } from './validation.js';

/**
 * Creates an object as the API server would, or only says what it would be (`dryRun`). Fields that only the server
 * sets are taken from no one. Throws the ApiError of whatever refuses it.
 *
 * The API server changes before it validates; here what arrives is validated first as well, since defaults and plugins
 * rely on its shape. Only an object that a webhook would have mended can tell.
 */
export function createObject<R extends ResourceName>(
  store: Store,
  now: number,
  resource: R,
  given: ResourceTypes[R],
  cluster: ManagedCluster,
  options: { namespace?: string | undefined; dryRun?: boolean; warn?: (text: string) => void } = {},
): ResourceTypes[R] {
  const info = resourceInfo(resource);
  const object = structuredClone(given);
  object.metadata = {
    ...pickMetadata(object.metadata),
    ...(info.namespaced && options.namespace !== undefined ? { namespace: options.namespace } : {}),
    creationTimestamp: timestamp(now),
  };
  const { metadata } = object;
  if (!metadata.name && metadata.generateName)
    metadata.name = `${metadata.generateName}${randomSuffix(store.random, metadata.generateName)}`;
  metadata.uid = store.random.guid('uid', resource, metadata.namespace ?? '', metadata.name ?? '');

  const request = { resource, object, store, cluster, warn: options.warn ?? (() => undefined) };
  const checked = (): void => {
    const causes = validate(resource, object);
    if (causes.length > 0) throw invalid(info, metadata.name ?? '', causes);
    applyDefaults(resource, object);
  };
  checked();
  admit(request);
  checked();
  validateAdmission(request);
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
