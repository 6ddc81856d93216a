/**
 * The probe image: tiny, public and for every platform of AKS nodes, which a registry copies for itself by ARM's
 * importImage, so that there is something to pull where nothing is, or where this login can list nothing.
 */
import type { Sender, TextResponse } from '../http/sender.js';
import { asText, at, parseJson } from '../json.js';
import type { Clock, Credential } from '../ports.js';
import { ArmError, readArmError } from './arm.js';
import type { Cloud } from './clouds.js';
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

/** Where the operation says nothing of when to ask again. */
const PAUSES_MS = [1_000, 2_000, 5_000] as const;
const LONGEST_PAUSE_MS = 15_000;
/** Some hundred kB for Linux, some MB for Windows: seconds as a rule. */
const LIMIT_MS = 180_000;

export interface ImportOptions {
  registry: { id: string; name: string };
  sender: Sender;
  credential: Credential;
  cloud: Cloud;
  clock: Clock;
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
  const { registry, sender, credential, cloud, clock, signal } = options;
  const attempted = `import ${PROBE_REPOSITORY}:${PROBE_TAG} into registry ${registry.name}`;
  const until = clock.now() + LIMIT_MS;
  const exchange = async (method: 'GET' | 'POST', url: string, body?: unknown): Promise<TextResponse> => {
    const { token } = await credential.token(cloud.resourceManagerScope, signal);
    return sender.exchange({
      method,
      url,
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      carries: 'arm-token',
      repeatable: true,
      signal,
    });
  };

  let answer = await exchange(
    'POST',
    `${cloud.resourceManager}${registry.id}/importImage?api-version=${REGISTRY_API_VERSION}`,
    {
      source: { registryUri: cloud.microsoftRegistry, sourceImage: SOURCE_IMAGE },
      targetTags: [`${PROBE_REPOSITORY}:${PROBE_TAG}`],
      mode: 'NoForce',
    },
  );
  let place = answer.headers.location;
  for (let looks = 0; ; looks += 1) {
    const ended = endOf(answer, attempted);
    if (ended !== undefined) return ended;
    place = answer.headers.location ?? place;
    if (place === undefined || !URL.canParse(place))
      throw new ArmError(attempted, answer.status, '', 'the answer does not say where the result will be');
    if (clock.now() >= until)
      throw new ArmError(attempted, answer.status, '', `it did not end within ${LIMIT_MS / 1000} s`);
    await clock.sleep(pause(answer, looks), signal);
    answer = await exchange('GET', place);
  }
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

function pause({ headers }: TextResponse, looks: number): number {
  const asked = Number(headers['retry-after']);
  if (Number.isFinite(asked) && asked > 0) return Math.min(asked * 1000, LONGEST_PAUSE_MS);
  return PAUSES_MS[Math.min(looks, PAUSES_MS.length - 1)] ?? LONGEST_PAUSE_MS;
}
