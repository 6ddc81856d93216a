/** What is pulled: the images that were asked for, the one that is imported, or one that this login can list. */
import { chooseImage } from '../azure/choose-image.js';
import type { NodePool } from '../azure/cluster.js';
import { RegistryError } from '../azure/data-plane.js';
import type { DataPlane, ImageFacts } from '../azure/data-plane.js';
import { importProbeImage, PROBE_REPOSITORY, PROBE_TAG, probeSource } from '../azure/import-image.js';
import type { Registry } from '../azure/registry.js';
import { RIGHTS } from '../azure/rights.js';
import type { AzureSession } from '../azure/session.js';
import { ArmError } from '../azure/arm.js';
import { command, inRegistry } from '../diagnosis/commands.js';
import { CAUSES } from '../diagnosis/causes.js';
import { explainError } from '../diagnosis/explain.js';
import type { Explained } from '../diagnosis/explain.js';
import { CredentialWithheld } from '../http/trust.js';
import { HttpFault, SignInError } from '../ports.js';
import type { Ports } from '../ports.js';
import { InputErrors } from '../request.js';
import type { ImageRef, Request } from '../request.js';
import type { Telling } from '../telling.js';

/** An image to pull, with what this login saw of it. */
export interface WantedImage {
  /** Full reference, as the pod names it. */
  reference: string;
  repository: string;
  /** We chose it; else the user named it. */
  chosen: boolean;
  /** Why we chose it, for people. */
  why?: string;
  seen: 'there' | 'absent' | 'unknown';
  facts?: ImageFacts;
  /** Why it could not be seen. */
  because?: string;
}

/** {@link wantedImages} for these pools, asked of the registry with this login. */
export function imagesFor(
  request: Request,
  registry: Registry,
  pools: readonly Pick<NodePool, 'os' | 'architecture'>[],
  azure: AzureSession,
): Promise<WantedImage[]> {
  azure.trust.admitLoginServer(registry.loginServer);
  const platforms = [...new Set(pools.map((pool) => `${pool.os}/${pool.architecture}`))];
  return wantedImages(request, registry, platforms, azure.dataPlane(registry));
}

/**
 * The images to pull from one registry.
 *
 * @param platforms `os/architecture` of the pools, for choosing
 * @throws {InputErrors} when an image belongs to none of the registries, or none was named and none can be listed
 */
export async function wantedImages(
  request: Request,
  registry: Registry,
  platforms: readonly string[],
  dataPlane: DataPlane,
): Promise<WantedImage[]> {
  const foreign = request.images.filter(
    (image) => image.host !== undefined && image.host !== registry.loginServer,
  );
  const own = request.images.filter((image) => !foreign.includes(image));
  if (foreign.length > 0 && request.registries.length === 1) {
    throw new InputErrors(
      foreign.map((image) => ({
        input: 'image',
        value: image.text,
        wanted: `an image of ${registry.loginServer}`,
      })),
    );
  }
  if (own.length > 0) {
    const looked = await Promise.all(own.map((image) => look(image, registry, dataPlane)));
    return [...new Map(looked.map((image) => [image.reference, image])).values()];
  }
  return [await choose(request, registry, platforms, dataPlane)];
}

async function look(image: ImageRef, registry: Registry, dataPlane: DataPlane): Promise<WantedImage> {
  const tag = image.tag === undefined ? '' : `:${image.tag}`;
  const digest = image.digest === undefined ? '' : `@${image.digest}`;
  const wanted = {
    reference: `${registry.loginServer}/${image.repository}${tag}${digest}`,
    repository: image.repository,
    chosen: false,
  };
  try {
    const facts = await dataPlane.describe(image);
    return { ...wanted, seen: 'there', facts: await withPlatform(facts, image.repository, dataPlane) };
  } catch (error) {
    // Seeing the image from here is a convenience: the nodes' own word counts. Only a plain 404 says that it is absent.
    const absent = error instanceof RegistryError && error.status === 404;
    return { ...wanted, seen: absent ? 'absent' : 'unknown', because: reason(error) };
  }
}

/** What a single manifest doesn't say itself, and the registry does, where this login may ask. */
async function withPlatform(
  facts: ImageFacts,
  repository: string,
  dataPlane: DataPlane,
): Promise<ImageFacts> {
  if (facts.images !== undefined || facts.artifact !== undefined) return facts;
  try {
    const { platform } = await dataPlane.attributes(repository, facts.digest);
    return platform === undefined ? facts : { ...facts, platforms: [platform], single: true };
  } catch (error) {
    reason(error);
    return facts;
  }
}

async function choose(
  request: Request,
  registry: Registry,
  platforms: readonly string[],
  dataPlane: DataPlane,
): Promise<WantedImage> {
  let because: string;
  try {
    const found = await chooseImage(dataPlane, platforms, request.repositories);
    if (!('none' in found)) {
      const { repository, tag, facts, why } = found;
      return {
        reference: `${registry.loginServer}/${repository}:${tag}`,
        repository,
        chosen: true,
        why: `chosen because none was named: ${why}`,
        seen: 'there',
        facts: await withPlatform(facts, repository, dataPlane),
      };
    }
    because = `${found.none}${found.refused ? rightsHint(registry) : ''}`;
  } catch (error) {
    because = `${reason(error)}${isRefusal(error) ? rightsHint(registry) : ''}`;
  }
  const other = request.mode === 'connect' ? ', or set import-probe-image: true,' : '';
  throw new InputErrors([
    {
      input: 'image',
      wanted: `name an image of ${registry.loginServer}, such as team/app:1.2,${other} because none could be chosen (${because})`,
    },
  ]);
}

function isRefusal(error: unknown): boolean {
  return error instanceof RegistryError && (error.status === 401 || error.status === 403);
}

/** What choosing takes. On ABAC-enabled registries reading a repository isn't enough to list them. */
function rightsHint({ mode }: Registry): string {
  const abac = mode === 'AbacRepositoryPermissions';
  const rights = RIGHTS.filter(
    ({ when }) => when === `no image named, ${abac ? 'ABAC Repository' : 'RBAC Registry'} Permissions`,
  );
  const listing = abac ? '; listing needs the role Container Registry Repository Catalog Lister there' : '';
  return `; choosing one takes ${rights.map(({ operation }) => operation).join(', ')}${listing}`;
}

/**
 * The probe image, put into the registry where it isn't there yet, with a check that says what stays there.
 *
 * @throws {StoryEnds} when it can't be put there: nothing else was written then
 */
export async function importedImage(
  registry: Registry,
  azure: AzureSession,
  ports: Ports,
  telling: Telling,
): Promise<WantedImage> {
  const since = ports.clock.now();
  azure.trust.admitLoginServer(registry.loginServer);
  const dataPlane = azure.dataPlane(registry);
  const image: ImageRef = { repository: PROBE_REPOSITORY, tag: PROBE_TAG, text: '' };
  const title = `${PROBE_REPOSITORY}:${PROBE_TAG} is in ${registry.loginServer}, to be pulled`;
  const named = inRegistry(telling.facts.registry ?? registry);
  const removal = command(
    ...['az', 'acr', 'repository', 'delete', ...named],
    ...['--repository', PROBE_REPOSITORY, '--yes'],
  );
  const stays = `it stays there, and ${removal.pasteable} removes it`;
  const before = await look(image, registry, dataPlane);
  if (before.seen === 'there') {
    telling.pass('probe-image', title, `it was there already; ${stays}`, since);
    return { ...before, chosen: true, why: 'imported earlier to be pulled' };
  }
  try {
    const { sender, credential, cloud } = azure;
    const { clock, signal } = ports;
    const outcome = await importProbeImage({ registry, sender, credential, cloud, clock, signal });
    const how = outcome === 'there' ? 'it was there already' : `imported now from ${probeSource(cloud)}`;
    telling.pass('probe-image', title, `${how}; ${stays}`, since);
  } catch (error) {
    telling.end('probe-image', title, notImported(error, telling), since);
  }
  // Who could not look before can't now either.
  const after = before.seen === 'unknown' ? before : await look(image, registry, dataPlane);
  // What was imported a moment ago is there, whatever a lagging replica says: the nodes' word counts.
  const seen = after.seen === 'absent' ? 'unknown' : after.seen;
  return { ...after, seen, chosen: true, why: 'imported to be pulled' };
}

/** Refusals that are none of the well-known ones are the registry's own, about the copy. */
function notImported(error: unknown, telling: Telling): Explained {
  const explained = explainError(error, telling.facts, 'registry');
  const own =
    error instanceof ArmError && ![401, 403, 404, 408, 429].includes(error.status) && error.status < 500;
  if (!own || explained.cause !== 'arm-error') return { ...explained, status: 'unknown' };
  const cause = 'probe-image-not-imported';
  return { status: 'unknown', cause, evidence: explained.evidence, fix: CAUSES[cause].fix(telling.facts) };
}

/** Why the registry didn't tell. @throws what is no answer of its own */
function reason(error: unknown): string {
  const known =
    error instanceof RegistryError ||
    error instanceof HttpFault ||
    error instanceof SignInError ||
    error instanceof CredentialWithheld;
  if (known) return error.message;
  throw error;
}

/**
 * Tells which images are pulled, and that the registry has them as far as this login can see.
 *
 * @throws {StoryEnds} when one is seen to be absent
 */
export function tellImages(images: readonly WantedImage[], telling: Telling): void {
  for (const image of images) {
    telling.connection.image = image.reference;
    const title = `${image.reference} is in the registry`;
    const platforms = image.facts?.platforms.join(', ') ?? '';
    const seen = `${image.why === undefined ? '' : `${image.why}; `}${image.facts?.digest ?? ''}${platforms === '' ? '' : ` for ${platforms}`}`;
    if (image.seen === 'there') telling.pass('image', title, seen);
    else if (image.seen === 'absent') {
      const fix = CAUSES['tag-not-found'].fix({ ...telling.facts, image: image.repository });
      telling.end('image', title, {
        status: 'fail',
        cause: 'tag-not-found',
        evidence: image.because ?? '',
        fix,
      });
    } else {
      telling.tell('image', title, {
        status: 'skip',
        evidence: `not seen from here, so the nodes' word counts: ${image.because ?? ''}`,
      });
    }
  }
}
