/** Admission: plugins, in the API server's order, that may change or refuse a new object. */
import { isDeepStrictEqual } from 'node:util';
import { limitRanger } from './limit-range.js';
import { mutatingWebhooks } from './mutations.js';
import { namespaceLifecycle } from './namespace-lifecycle.js';
import type { AdmissionPlugin, AdmissionRequest } from './plugin.js';
import { defaultTolerationSeconds, priority } from './pod-defaults.js';
import { podSecurity } from './pod-security.js';
import { policyWebhooks, validatingAdmissionPolicy } from './policies.js';
import { resourceQuota } from './resource-quota.js';
import { serviceAccount } from './service-account.js';
import { failingWebhooks } from './webhooks.js';

export type { AdmissionRequest } from './plugin.js';
export { startQuotaController } from './resource-quota.js';

/** Plugins of the API server itself, before webhooks: kubernetes/kubernetes, pkg/kubeapiserver/options/plugins.go. */
const BUILT_IN: readonly AdmissionPlugin[] = [
  namespaceLifecycle,
  limitRanger,
  serviceAccount,
  podSecurity,
  priority,
  defaultTolerationSeconds,
];

const WEBHOOKS: readonly AdmissionPlugin[] = [
  mutatingWebhooks,
  validatingAdmissionPolicy,
  failingWebhooks,
  policyWebhooks,
];

/**
 * The mutating half: changes the object in place. What a webhook changed the built-in plugins look at once more (staging
 * apiserver pkg/admission/reinvocation.go). Throws the ApiError of the first that refuses.
 */
export function admit(request: AdmissionRequest): void {
  for (const plugin of BUILT_IN) plugin.admit?.(request);
  const before = structuredClone(request.object);
  for (const plugin of WEBHOOKS) plugin.admit?.(request);
  if (isDeepStrictEqual(before, request.object)) return;
  for (const plugin of BUILT_IN) plugin.admit?.(request);
}

/** The validating half, for an object that is complete; quota comes last. Throws the ApiError of the first that refuses. */
export function validateAdmission(request: AdmissionRequest): void {
  for (const plugin of [...BUILT_IN, ...WEBHOOKS, resourceQuota]) plugin.validate?.(request);
}
