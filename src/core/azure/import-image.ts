/**
 * The probe image: tiny, public and for every platform of AKS nodes, which a registry copies for itself by ARM's
 * importImage, so that there is something to pull where nothing is, or where this login can list nothing.
 */
import type { TextResponse } from '../http/sender.js';
import { asText, at, parseJson } from '../json.js';
import { ArmError, readArmError } from './arm.js';
import type { Cloud } from './clouds.js';
import { OPERATION_LIMIT_MS, runOperation } from './long-running.js';
import type { OperationPorts } from './long-running.js';
import { REGISTRY_API_VERSION } from './registry.js';

/** Where it is put. Nothing else of the registry is touched. */
export const PROBE_REPOSITORY = 'aks-acr-pull/probe';

/**
 * Kubernetes' pause image: an index for linux/amd64, linux/arm64 and windows/amd64 (kubernetes/kubernetes,
 * build/pause/Makefile), a few hundred kB on Linux, at Microsoft's own registry, which wants no login and has none of
 * Docker Hub's limits. Of its versions one that today's nodes don't hold: their images bring 3.6, 3.10.1 and 3.10.2 of
 * another build, `oss/v2/kubernetes/pause` (Azure/AgentBaker, parts/common/components.json). Older Windows nodes ran
 * this very one as their sandbox; there, and wherever the probe ran before, only the manifest is proved.
 *
 * Named by its version and not by a digest: Microsoft rebuilds its images for their base's faults, and the digest that
 * is there is read from the registry and reported anyway. What is copied is never run.
 */
const SOURCE_IMAGE = 'oss/kubernetes/pause:3.9';
/** The version is the tag's too, so that another source never meets what an older release left. */
export const PROBE_TAG = '3.9';

/** Where it is copied from, for people. */
export function probeSource(cloud: Pick<Cloud, 'microsoftRegistry'>): string {
  return `${cloud.microsoftRegistry}/${SOURCE_IMAGE}`;
}

export interface ImportOptions extends OperationPorts {
  registry: { id: string; name: string };
  signal: AbortSignal;
}

/**
 * Has the registry copy the probe image into {@link PROBE_REPOSITORY}. Needs
 * Microsoft.ContainerRegistry/registries/importImage/action. A tag that is there is never overwritten (mode NoForce).
 * May be sent twice: the second time finds what the first one made.
 *
 * Forms: Azure/azure-rest-api-specs, containerregistry.json, Registries_ImportImage; what an operation answers on its
 * way: Azure/azure-sdk-for-js, recordings of @azure/container-registry; a tag in the way, 409 "already exists in target
 * registry": as quoted in Azure/acr and Azure/azure-cli issues.
 *
 * @returns `there` when the tag existed already
 * @throws {ArmError} when ARM refuses, or the copy fails or takes longer than 3 minutes
 * @throws {HttpFault} @throws {CredentialWithheld}
 */
export async function importProbeImage(options: ImportOptions): Promise<'imported' | 'there'> {
  const { registry, cloud, signal } = options;
  const attempted = `import ${PROBE_REPOSITORY}:${PROBE_TAG} into registry ${registry.name}`;
  return runOperation(
    options,
    {
      attempted,
      path: `${registry.id}/importImage`,
      apiVersion: REGISTRY_API_VERSION,
      body: {
        source: { registryUri: cloud.microsoftRegistry, sourceImage: SOURCE_IMAGE },
        targetTags: [`${PROBE_REPOSITORY}:${PROBE_TAG}`],
        mode: 'NoForce',
      },
      read: (answer) => endOf(answer, attempted),
      late: ({ status }) =>
        new ArmError(attempted, status, '', `it did not end within ${OPERATION_LIMIT_MS / 1000} s`),
    },
    signal,
  );
}

/** How the operation ended; undefined while it goes on. @throws {ArmError} when it failed */
function endOf({ status, text }: TextResponse, attempted: string): 'imported' | 'there' | undefined {
  if (status === 202) return undefined;
  const { code, message } = readArmError(text);
  // 409 is also what a registry answers that is busy with another change.
  if (status === 409 && /\balready exists\b/i.test(message)) return 'there';
  if (status !== 200) throw new ArmError(attempted, status, code, message);
  const state = asText(at(parseJson(text), 'status'))?.toLowerCase();
  if (state === 'failed' || state === 'canceled') throw new ArmError(attempted, status, code, message);
  return 'imported';
}
