/**
 * The registry's own API beside the distribution API: `/acr/v1`, which tells what is known of repositories, tags and
 * manifests. Forms: Azure/azure-sdk-for-js, recordings of @azure/container-registry.
 */
import type { Registry, RegistryHost, Repository } from '../cloud/model.js';
import type { Answer } from '../net/exchange.js';
import { distribution, failure } from './answers.js';
import { DISTRIBUTION_ROUTES, find, nameUnknown, paged, repositoryScope } from './distribution.js';
import type { Desk, DistributionRoute } from './distribution.js';

const SOURCE = 'recordings of @azure/container-registry';
const BASE = '/acr/v1';

/** Nothing here is locked: locks of images are not modelled. */
const CHANGEABLE = { deleteEnabled: true, writeEnabled: true, readEnabled: true, listEnabled: true };

type Show = (desk: Desk, repository: Repository, reference: string) => Answer;

/** What needs the right to read a repository's metadata, and the repository. */
function metadata(path: string, show: Show): DistributionRoute {
  return {
    name: `GET ${BASE}${path.replace('{+', '{')}`,
    method: 'GET',
    path: `${BASE}${path}`,
    source: SOURCE,
    scope: repositoryScope('metadata_read'),
    answer(desk, name, reference) {
      const repository = find(desk, name);
      return repository === undefined ? nameUnknown(desk, name) : show(desk, repository, reference);
    },
  };
}

export const CATALOG_ROUTES: readonly DistributionRoute[] = [
  ...DISTRIBUTION_ROUTES.filter(({ path }) => path === '/v2/_catalog').map((row) => ({
    ...row,
    name: `GET ${BASE}/_catalog`,
    path: `${BASE}/_catalog`,
    source: SOURCE,
  })),
  metadata('/{+repository}/_tags/{reference}', (desk, repository, reference) =>
    repository.tags.has(reference)
      ? told(desk, repository, { tag: tagBody(desk.registry, repository, reference) })
      : unknown(desk, 'TAG_UNKNOWN', 'tag', reference),
  ),
  metadata('/{+repository}/_tags', (desk, repository) =>
    page(desk, repository, [...repository.tags.keys()], 'tags', (tag) =>
      tagBody(desk.registry, repository, tag),
    ),
  ),
  metadata('/{+repository}/_manifests/{reference}', (desk, repository, reference) =>
    repository.manifests.has(reference)
      ? told(desk, repository, { manifest: manifestBody(desk.registry, repository, reference) })
      : unknown(desk, 'MANIFEST_UNKNOWN', 'manifest', reference),
  ),
  metadata('/{+repository}/_manifests', (desk, repository) =>
    page(desk, repository, [...repository.manifests.keys()], 'manifests', (digest) =>
      manifestBody(desk.registry, repository, digest),
    ),
  ),
  metadata('/{+repository}', (desk, repository) =>
    told(desk, repository, {
      ...times(desk.registry),
      manifestCount: repository.manifests.size,
      tagCount: repository.tags.size,
      changeableAttributes: CHANGEABLE,
    }),
  ),
];

/** Every item is of one age, so an order by time is the order by name. */
function page(
  desk: Desk,
  repository: Repository,
  items: readonly string[],
  list: string,
  body: (item: string) => object,
): Answer {
  return paged(desk, [...items].sort(), (part) => ({
    ...heading(desk, repository),
    [list]: part.map(body),
  }));
}

function told(desk: Desk, repository: Repository, body: object): Answer {
  return distribution(
    200,
    { 'content-type': 'application/json; charset=utf-8' },
    JSON.stringify({ ...heading(desk, repository), ...body }),
  );
}

function heading({ registry }: Desk, { name }: Repository): object {
  return { registry: registry.loginServer, imageName: name };
}

/** Assumption: code and text are those of the distribution API's manifests, which say "manifest" and "tag" alike. */
function unknown(desk: Desk, code: string, kind: string, reference: string): Answer {
  const message = `${kind} "${reference}" is not found`;
  return failure(404, code, message, { Name: reference }, { method: desk.exchange.method });
}

/** Assumption: everything is as old as its registry; the cloud keeps no time of a push. */
function times(registry: RegistryHost & Partial<Pick<Registry, 'creationDate'>>): object {
  const time = registry.creationDate ?? new Date(0).toISOString();
  return { createdTime: time, lastUpdateTime: time };
}

function tagBody(registry: RegistryHost, { tags }: Repository, tag: string): object {
  return {
    name: tag,
    digest: tags.get(tag),
    ...times(registry),
    signed: false,
    changeableAttributes: CHANGEABLE,
  };
}

interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
}

/** The parts of an image manifest or an index that are looked at. */
interface Manifest {
  config?: Descriptor;
  layers?: Descriptor[];
  manifests?: Descriptor[];
}

function manifestBody(registry: RegistryHost, repository: Repository, digest: string): object {
  const { mediaType, bytes } = repository.manifests.get(digest) ?? {
    mediaType: '',
    bytes: Buffer.from('{}'),
  };
  const { config } = JSON.parse(bytes.toString('utf8')) as Manifest;
  const tags = [...repository.tags].filter(([, tagged]) => tagged === digest).map(([tag]) => tag);
  return {
    digest,
    imageSize: sizeOf(repository, digest),
    ...times(registry),
    ...(config === undefined ? {} : platformOf(repository, config)),
    mediaType,
    ...(config === undefined ? {} : { configMediaType: config.mediaType }),
    ...(tags.length === 0 ? {} : { tags: tags.sort() }),
    changeableAttributes: CHANGEABLE,
  };
}

function platformOf({ blobs }: Repository, config: Descriptor): object {
  const { architecture, os } = JSON.parse(blobs.get(config.digest)?.toString('utf8') ?? '{}') as Record<
    string,
    unknown
  >;
  return { architecture, os };
}

/** Bytes of an image's parts; of an index, those of all its images, as recorded. */
function sizeOf(repository: Repository, digest: string): number {
  const bytes = repository.manifests.get(digest)?.bytes;
  if (bytes === undefined) return 0;
  const { config, layers = [], manifests = [] } = JSON.parse(bytes.toString('utf8')) as Manifest;
  const own = [...(config === undefined ? [] : [config]), ...layers].map(({ size }) => size);
  const images = manifests.map((image) => sizeOf(repository, image.digest));
  return [...own, ...images].reduce((sum, size) => sum + size, 0);
}
