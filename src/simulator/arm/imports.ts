/**
 * Microsoft.ContainerRegistry/registries/importImage: images of another registry, copied by the service. Forms:
 * Azure/azure-rest-api-specs, containerregistry.json (ImportImageParameters), and recordings of @azure/container-registry,
 * whose tests import their images first.
 */
import { letsIn } from '../acr/firewall.js';
import { REGISTRY_TYPE, registryId, same } from '../cloud/arm-id.js';
import { CLOUDS } from '../cloud/clouds.js';
import type { Registry, RegistryHost, Repository } from '../cloud/model.js';
import type { SimulatorContext } from '../context.js';
import { NotModelled } from '../net/exchange.js';
import { ok, parameter, resourceId } from './call.js';
import type { Call, Route } from './call.js';
import { errorAnswer, importFailed, operationNotFound, tagExists } from './errors.js';
import { accepted, createOperations } from './operations.js';
import { findInGroup, groupPath, subscriptionPath } from './resources.js';

const PROVIDER = '/providers/Microsoft.ContainerRegistry';
/** As recorded. */
const RETRY_AFTER_S = 10;

/** What a request asks for. */
interface Import {
  source: { resourceId?: string; registryUri?: string };
  /** `name:tag`, `name@digest`; without either the tag latest. */
  image: string;
  targetTags: string[];
  untagged: string[];
  force: boolean;
}

export function importRoutes(context: SimulatorContext): Route[] {
  const { state, now } = context;
  const operations = createOperations<void>(now);
  return [
    {
      name: 'POST registry/importImage',
      method: 'POST',
      path: `${groupPath}${PROVIDER}/registries/{name}/importImage`,
      since: '2019-05-01',
      source: 'recordings of @azure/container-registry; docs: import-image REST reference',
      demand: (call) => ({ action: `${REGISTRY_TYPE}/importImage/action`, scope: resourceId(call) }),
      answer(call) {
        const target = findInGroup(state, call, state.registries, REGISTRY_TYPE);
        const wanted = readBody(call);
        const { id } = operations.start(
          (operation) => importImage(context, call, target, wanted, operation.id),
          state.operationTimeMs,
        );
        return accepted(
          {
            location: addressOf(context, target, id, call),
            'content-type': 'application/json; charset=utf-8',
          },
          { retryAfterSeconds: RETRY_AFTER_S, body: 'null' },
        );
      },
    },
    {
      // Assumption: no right is asked for; the address itself, which nobody can guess, is the right.
      name: 'GET Microsoft.ContainerRegistry operation result',
      method: 'GET',
      path: `${subscriptionPath}${PROVIDER}/locations/{location}/operationResults/{operation}`,
      since: '2019-05-01',
      source: 'recordings of @azure/container-registry',
      answer(call) {
        const name = parameter(call, 'operation');
        const operation = operations.find(name.replace(/^registries-/, ''));
        if (operation === undefined) throw operationNotFound(name);
        const { end } = operation;
        if (end === undefined)
          return accepted(
            {
              location: `https://${CLOUDS[state.cloud].resourceManager}${call.path}?api-version=${call.apiVersion}`,
            },
            {
              retryAfterSeconds: RETRY_AFTER_S,
              body: JSON.stringify({ status: 'Creating' }),
            },
          );
        // Assumption: a failed import is the error's own status and body here.
        return 'error' in end ? errorAnswer(end.error) : ok({ status: 'Succeeded' });
      },
    },
  ];
}

function addressOf(
  { state }: SimulatorContext,
  { subscriptionId, location }: Registry,
  id: string,
  call: Call,
): string {
  return `https://${CLOUDS[state.cloud].resourceManager}/subscriptions/${subscriptionId}${PROVIDER}/locations/${location.toUpperCase()}/operationResults/registries-${id}?api-version=${call.apiVersion}`;
}

function importImage(
  context: SimulatorContext,
  call: Call,
  target: Registry,
  { source, image, targetTags, untagged, force }: Import,
  operation: string,
): void {
  const failed = (why: string): Error => importFailed(operation, registryId(target), why);
  // A trusted service gets past the rules, the registry's own among them; assumption: what it says where it may not
  // (https://learn.microsoft.com/azure/container-registry/allow-access-trusted-services).
  if (target.trustedServices === false && !letsIn(target, 'its own service'))
    throw failed('Error: the target registry refuses the request by its network rules.');
  const host = sourceOf(context, call, source, image);
  if (host === undefined) throw failed(`Error: the registry or its content can't be read: ${image}`);
  const { name, digest } = resolve(host, image);
  const from = host.repositories.find((repository) => repository.name === name);
  if (from === undefined || digest === undefined)
    throw failed(`Error: ${image} is not found in the source registry.`);
  const tags = targetTags.map(splitTag);
  // Nothing is copied when one is in the way (docs: ImportMode NoForce).
  const taken = tags.find(({ name: to, tag }) =>
    target.repositories.some((repository) => repository.name === to && repository.tags.has(tag)),
  );
  if (taken !== undefined && !force)
    throw tagExists(operation, registryId(target), `${taken.name}:${taken.tag}`);
  for (const { name: to, tag } of [...tags, ...untagged.map((one) => ({ name: one, tag: undefined }))]) {
    const repository = repositoryOf(target, to);
    copy(from, repository, digest);
    if (tag !== undefined) repository.tags.set(tag, digest);
  }
}

/**
 * The registry that is copied from, where the caller may read it: a public one by its host, or one of this cloud by its id,
 * with the right to pull from it (https://learn.microsoft.com/azure/container-registry/container-registry-import-images).
 */
function sourceOf(
  context: SimulatorContext,
  { caller }: Call,
  source: Import['source'],
  image: string,
): RegistryHost | undefined {
  const { state } = context;
  const { resourceId: id, registryUri } = source;
  if (id === undefined) {
    const host = registryUri?.toLowerCase();
    return (
      state.publicRegistries.find(({ loginServer }) => loginServer === host) ??
      state.registries.find(
        ({ loginServer, anonymousPullEnabled }) => loginServer === host && anonymousPullEnabled,
      )
    );
  }
  const registry = state.registries.find((one) => same(registryId(one), id));
  if (registry === undefined) return undefined;
  const isAbac = registry.roleAssignmentMode === 'AbacRepositoryPermissions';
  const { allowed } = context.decide({
    principalId: caller.objectId,
    scope: registryId(registry),
    ...(isAbac
      ? {
          action: `${REGISTRY_TYPE}/repositories/content/read`,
          kind: 'dataAction' as const,
          repository: splitReference(image).name,
        }
      : { action: `${REGISTRY_TYPE}/pull/read`, kind: 'action' as const }),
  });
  return allowed ? registry : undefined;
}

function resolve(host: RegistryHost, image: string): { name: string; digest: string | undefined } {
  const { name, reference } = splitReference(image);
  const repository = host.repositories.find((one) => one.name === name);
  const digest = reference.startsWith('sha256:') ? reference : repository?.tags.get(reference);
  return { name, digest: digest !== undefined && repository?.manifests.has(digest) ? digest : undefined };
}

function splitReference(image: string): { name: string; reference: string } {
  const [name = '', digest] = image.split('@');
  if (digest !== undefined) return { name, reference: digest };
  const { name: bare, tag } = splitTag(image);
  return { name: bare, reference: tag };
}

function splitTag(image: string): { name: string; tag: string } {
  const [name = '', tag = 'latest'] = image.split(':');
  return { name, tag };
}

function repositoryOf(registry: Registry, name: string): Repository {
  const known = registry.repositories.find((one) => one.name === name);
  if (known !== undefined) return known;
  const made: Repository = { name, manifests: new Map(), tags: new Map(), blobs: new Map() };
  registry.repositories.push(made);
  return made;
}

/** A manifest with all that it names: the images of an index, each with its config and layers. */
function copy(from: Repository, to: Repository, digest: string): void {
  const manifest = from.manifests.get(digest);
  const blob = from.blobs.get(digest);
  if (blob !== undefined) to.blobs.set(digest, blob);
  if (manifest === undefined) return;
  to.manifests.set(digest, manifest);
  for (const named of manifest.bytes.toString('utf8').match(/sha256:[0-9a-f]{64}/g) ?? [])
    copy(from, to, named);
}

/** What a request that isn't well-formed is answered is not recorded. */
function readBody({ body }: Call): Import {
  const document = JSON.parse(body.toString('utf8') || 'null') as Record<string, unknown> | null;
  const { source, targetTags = [], untaggedTargetRepositories = [], mode = 'NoForce' } = document ?? {};
  const given = (typeof source === 'object' && source !== null ? source : {}) as Record<string, unknown>;
  const { resourceId: id, registryUri, sourceImage, credentials } = given;
  if (typeof sourceImage !== 'string') throw new NotModelled("An import without a source image isn't.");
  if (credentials !== undefined && credentials !== null)
    throw new NotModelled("An import with credentials of the source isn't.");
  const list = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
  return {
    source: {
      ...(typeof id === 'string' ? { resourceId: id } : {}),
      ...(typeof registryUri === 'string' ? { registryUri } : {}),
    },
    image: sourceImage,
    targetTags: list(targetTags),
    untagged: list(untaggedTargetRepositories),
    force: mode === 'Force',
  };
}
