/** Refusals of run command, each once. The provider's own errors come without ARM's envelope (azure-wire recordings). */
import { ArmError } from './errors.js';

const fromProvider = (status: number, code: string, message: string): ArmError =>
  new ArmError(status, code, message, { bare: true });

/** Code and text: public reports of the Python SDK's users (Azure/azure-rest-api-specs). Its status is an assumption. */
export function missingClusterToken(): ArmError {
  return fromProvider(
    400,
    'MissingAADClusterToken',
    'This cluster have Azure Active Directory enabled, .clusterToken is required.',
  );
}

/**
 * Code and text: https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/connectivity/resolve-az-aks-command-invoke-failures;
 * the same page has the status.
 */
export function commandPodLate(id: string, limitMs: number): ArmError {
  return fromProvider(
    404,
    'KubernetesPerformanceError',
    `Failed to run command due to cluster perf issue, container command-${id} in aks-command namespace did not start within ${limitMs / 1000}s on your cluster, retry may helps. If issue persist, you may need to tune your cluster with better performance (larger node/paid tier).`,
  );
}

/** Text: same page; code: public reports of the same. Its status is an assumption. */
export function commandPodRefused(why: string): ArmError {
  return fromProvider(
    400,
    'KubernetesOperationError',
    `Failed to run command in managed cluster due to kubernetes failure. details: ${why}`,
  );
}

/** Assumption: neither code nor text of this refusal is recorded or documented. */
export function runCommandDisabled(): ArmError {
  return fromProvider(400, 'RunCommandDisabled', 'Run command is disabled for this cluster.');
}

/** Assumption: neither code nor text of this refusal is recorded or documented. */
export function clusterStopped(): ArmError {
  return fromProvider(
    400,
    'OperationNotAllowed',
    'Run command is not allowed because the cluster is stopped.',
  );
}

/** Assumption: neither code nor text of this refusal is recorded or documented. */
export function badCommand(why: string): ArmError {
  return fromProvider(400, 'BadRequest', `The run command request is invalid: ${why}`);
}

/** Assumption: code and text are not recorded; a 404 is documented (managed-clusters get-command-result REST reference). */
export function commandNotFound(id: string): ArmError {
  return fromProvider(404, 'NotFound', `The command ${id} was not found.`);
}
