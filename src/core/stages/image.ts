/** What is pulled: the images that were asked for, or one that this login can list. */
import { RegistryError } from '../azure/data-plane.js';
import type { DataPlane, ImageFacts } from '../azure/data-plane.js';
import type { Registry } from '../azure/registry.js';
import { CredentialWithheld } from '../http/trust.js';
import { HttpFault, SignInError } from '../ports.js';
import { InputErrors } from '../request.js';
import type { ImageRef, Request } from '../request.js';
import { isGranted } from './repositories.js';

/** An image to pull, with what this login saw of it. */
export interface WantedImage {
  /** Full reference, as the pod names it. */
  reference: string;
  repository: string;
  /** We chose it; else the user named it. */
  chosen: boolean;
  seen: 'there' | 'absent' | 'unknown';
  facts?: ImageFacts;
  /** Why it could not be seen. */
  because?: string;
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
    return { ...wanted, seen: 'there', facts: await dataPlane.describe(image) };
  } catch (error) {
    // Seeing the image from here is a convenience: the nodes' own word counts. Only a plain 404 says that it is absent.
    const absent = error instanceof RegistryError && error.status === 404;
    return { ...wanted, seen: absent ? 'absent' : 'unknown', because: reason(error) };
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
    const chosen = await dataPlane.chooseImage(platforms, (name) => isGranted(request, name));
    if (chosen !== undefined) {
      const { repository, tag, facts } = chosen;
      return {
        reference: `${registry.loginServer}/${repository}:${tag}`,
        repository,
        chosen: true,
        seen: 'there',
        facts,
      };
    }
    because = 'this login sees no tagged image there';
  } catch (error) {
    because = reason(error);
  }
  throw new InputErrors([
    {
      input: 'image',
      wanted: `name an image of ${registry.loginServer}, such as team/app:1.2, because none could be chosen (${because})`,
    },
  ]);
}

function reason(error: unknown): string {
  const known =
    error instanceof RegistryError ||
    error instanceof HttpFault ||
    error instanceof SignInError ||
    error instanceof CredentialWithheld;
  if (known) return error.message;
  throw error;
}
