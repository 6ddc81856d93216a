/** What kubectl knows of an API server's resources: found by discovery, named as users name them. */
import { NotModelled } from '../../../net/exchange.js';
import type { ApiClient } from '../api-client.js';
import { KubectlFailure, read, Refusal } from './failure.js';

/** An object as kubectl handles it: of any kind. */
export interface AnyObject {
  apiVersion?: string;
  kind?: string;
  metadata: { name?: string; namespace?: string; uid?: string; resourceVersion?: string } & Record<
    string,
    unknown
  >;
  [field: string]: unknown;
}

export interface Resource {
  /** Plural. */
  name: string;
  singular: string;
  shortNames: string[];
  kind: string;
  group: string;
  version: string;
  namespaced: boolean;
}

/** `jobs.batch`, `pods`. */
export function qualified({ name, group }: Resource): string {
  return group === '' ? name : `${name}.${group}`;
}

/** What kubectl calls one object: `job.batch/x`, `pod/x`. */
export function objectName({ singular, group }: Resource, name: string): string {
  return `${group === '' ? singular : `${singular}.${group}`}/${name}`;
}

export function resourcePath(
  { name, group, version, namespaced }: Resource,
  namespace: string | undefined,
): string {
  const base = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  return namespaced && namespace !== undefined
    ? `${base}/namespaces/${namespace}/${name}`
    : `${base}/${name}`;
}

export function objectPath(resource: Resource, namespace: string | undefined, name: string): string {
  return `${resourcePath(resource, namespace)}/${encodeURIComponent(name)}`;
}

interface ApiResourceList {
  groupVersion: string;
  resources: {
    name: string;
    singularName?: string;
    namespaced: boolean;
    kind: string;
    shortNames?: string[];
  }[];
}

/** Reads all groups, core first. A refusal is worded as client-go words it, which does not read the answer's body. */
export async function discover(client: ApiClient): Promise<Resource[]> {
  try {
    const { groups } = read<{ groups: { preferredVersion: { groupVersion: string } }[] }>(
      await client.send('GET', '/apis'),
    );
    const paths = [
      '/api/v1',
      ...groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`),
    ];
    const lists = await Promise.all(
      paths.map(async (path) => read<ApiResourceList>(await client.send('GET', path))),
    );
    return lists.flatMap(({ groupVersion, resources }) => {
      const [group, version] = groupVersion.includes('/') ? groupVersion.split('/') : ['', groupVersion];
      return resources
        .filter(({ name }) => !name.includes('/'))
        .map(({ name, singularName = '', namespaced, kind, shortNames = [] }) => ({
          name,
          singular: singularName === '' ? kind.toLowerCase() : singularName,
          shortNames,
          kind,
          group: group ?? '',
          version: version ?? '',
          namespaced,
        }));
    });
  } catch (error) {
    if (error instanceof Refusal && error.status === 401)
      throw new KubectlFailure(
        'error: You must be logged in to the server (the server has asked for the client to provide credentials)',
      );
    throw error;
  }
}

/** The resource that a word names: `pods`, `pod`, `po`, `jobs.batch`, `jobs.v1.batch`. */
export function named(resources: readonly Resource[], word: string): Resource {
  if (word === 'all' || word === '') throw new NotModelled(`kubectl's resource ${JSON.stringify(word)}`);
  const wanted = word.toLowerCase();
  const found = resources.find(({ name, singular, shortNames, group, version }) =>
    [name, singular, ...shortNames].some((one) =>
      [one, `${one}.${group}`, `${one}.${version}.${group}`].includes(wanted),
    ),
  );
  if (found === undefined)
    throw new KubectlFailure(`error: the server doesn't have a resource type "${word}"`);
  return found;
}

/** The resource of a manifest's kind. */
export function ofKind(
  resources: readonly Resource[],
  { apiVersion, kind }: AnyObject,
): Resource | undefined {
  return resources.find(
    (one) =>
      one.kind === kind && (one.group === '' ? one.version : `${one.group}/${one.version}`) === apiVersion,
  );
}

/** What the words after a verb ask for: names of resources each, or resources as a whole. */
export interface Target {
  resource: Resource;
  name?: string;
}

/** Reads `pods`, `pods,jobs`, `pod x y`, `pod/x job/y`. */
export function targets(resources: readonly Resource[], words: readonly string[]): Target[] {
  const [first, ...names] = words;
  if (first === undefined) throw new NotModelled('kubectl without a resource');
  if (words.some((word) => word.includes('/'))) {
    return words.map((word) => {
      const [type = '', name = '', ...more] = word.split('/');
      if (name === '' || more.length > 0)
        throw new KubectlFailure(
          "error: there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'",
        );
      return { resource: named(resources, type), name };
    });
  }
  return first
    .split(',')
    .map((word) => named(resources, word))
    .flatMap((resource): Target[] =>
      names.length === 0 ? [{ resource }] : names.map((name) => ({ resource, name })),
    );
}
