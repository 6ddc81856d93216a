/** Which objects a policy or a webhook looks at. */
import type { Scope } from '../../cloud/admission-model.js';
import { resourceInfo } from '../resources.js';
import type { AdmissionRequest } from './plugin.js';

/** Whether an object is of the kinds and in the namespaces. A Namespace counts by its own name. */
export function inScope(
  { kinds, namespaces, excludedNamespaces }: Scope,
  { resource, object }: AdmissionRequest,
): boolean {
  const { kind } = resourceInfo(resource);
  const { name, namespace = name } = object.metadata;
  return (
    kinds.some((one) => one === kind) &&
    (namespaces.length === 0 || namespaces.includes(namespace)) &&
    !excludedNamespaces.includes(namespace)
  );
}
