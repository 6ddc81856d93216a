/** Nothing is made in a namespace that isn't there, or is going. */
import { ApiError, notFound } from '../errors.js';
import { resourceInfo } from '../resources.js';
import { refuse } from './plugin.js';
import type { AdmissionPlugin } from './plugin.js';

/** kubernetes/kubernetes, staging apiserver pkg/admission/plugin/namespace/lifecycle/admission.go. */
export const namespaceLifecycle: AdmissionPlugin = {
  name: 'NamespaceLifecycle',
  admit(request) {
    const { resource, object, store } = request;
    const { namespace } = object.metadata;
    if (!resourceInfo(resource).namespaced || namespace === undefined) return;
    const found = store.get('namespaces', namespace);
    if (found === undefined) throw notFound(resourceInfo('namespaces'), namespace);
    if (found.metadata.deletionTimestamp === undefined) return;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    const { status } = refuse(request, why, 'admit');
    throw new ApiError({
      ...status,
      details: {
        ...status.details,
        causes: [
          {
            reason: 'NamespaceTerminating',
            message: `namespace ${namespace} is being terminated`,
            field: 'metadata.namespace',
          },
        ],
      },
    });
  },
};
