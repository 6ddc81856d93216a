/** What the API server says of webhooks (kubernetes/kubernetes, staging apiserver pkg/admission/plugin/webhook). */
import type { FailingWebhook } from '../../cloud/admission-model.js';
import type { ApiError } from '../errors.js';
import { statusError } from './plugin.js';
import type { AdmissionPlugin, AdmissionRequest } from './plugin.js';
import { inScope } from './scope.js';

/** A webhook's refusal; its own code and reason are kept, and 400 stands for none (webhook/errors/statuserror.go). */
export function deniedBy(
  webhook: string,
  answer: { code?: number; reason?: string; message: string },
): ApiError {
  return statusError({
    code: answer.code ?? 400,
    message: `admission webhook "${webhook}" denied the request: ${answer.message}`,
    ...(answer.reason === undefined ? {} : { reason: answer.reason }),
  });
}

/** Address of the service in a refused connection. Assumption: one of AKS' default service range, 10.0.0.0/16. */
const SERVICE_ADDRESS = '10.0.123.45';

const FAILURES: Record<FailingWebhook['failure'], (webhook: FailingWebhook) => string> = {
  timeout: () => 'context deadline exceeded',
  'no-endpoints': ({ service }) => `no endpoints available for service "${service}"`,
  refused: () => `dial tcp ${SERVICE_ADDRESS}:443: connect: connection refused`,
};

/** webhook/errors/statuserror.go and webhook/generic; as reported of AKS: Azure/AKS issue 4510. */
function callFailed(webhook: FailingWebhook): ApiError {
  const { name, service, serviceNamespace, path, timeoutSeconds, failure } = webhook;
  const url = `https://${service}.${serviceNamespace}.svc:443${path}?timeout=${timeoutSeconds}s`;
  const why = `failed calling webhook "${name}": failed to call webhook: Post "${url}": ${FAILURES[failure](webhook)}`;
  return statusError({
    code: 500,
    reason: 'InternalError',
    message: `Internal error occurred: ${why}`,
    details: { causes: [{ message: why }] },
  });
}

/** Whether a webhook can't be called for an object: then what it would enforce is not enforced. */
export function isUnavailable(request: AdmissionRequest, name: string): boolean {
  return request.cluster.admission.failingWebhooks.some(
    (webhook) => webhook.name === name && inScope(webhook, request),
  );
}

const failing =
  (phase: FailingWebhook['phase']) =>
  (request: AdmissionRequest): void => {
    const broken = request.cluster.admission.failingWebhooks.find(
      (webhook) => webhook.phase === phase && webhook.failurePolicy === 'Fail' && inScope(webhook, request),
    );
    if (broken !== undefined) throw callFailed(broken);
  };

/** Refuses what a webhook that can't be called would have to see, unless its failures are to be ignored. */
export const failingWebhooks: AdmissionPlugin = {
  name: 'webhooks that fail',
  admit: failing('mutating'),
  validate: failing('validating'),
};
