/** The routes of an API server as rows, for documents: made of the same tables by which it answers. */
import type { RouteRow } from '../routes.js';
import { discoveryPaths } from './discovery/discovery.js';
import { pathOf } from './discovery/openapi-v3.js';
import { SUBRESOURCES } from './discovery/resources.js';
import { RESOURCES } from './resources.js';
import type { ResourceInfo } from './resources.js';
import { REVIEWS } from './reviews.js';

const METHODS: Record<string, string> = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETE',
};

/** Verbs that are about all objects of a place; the others name one. */
const COLLECTION = ['list', 'watch', 'create', 'deletecollection'];

const SOURCE = 'captures of API server 1.36.2; kubectl 1.32 and 1.20';

function rowsOf(resource: ResourceInfo): RouteRow[] {
  const { name, namespaced, verbs, subresources } = resource;
  const place = `/${pathOf(resource)}${namespaced ? '/namespaces/{namespace}' : ''}/${name}`;
  const row = (verb: string, part = ''): RouteRow => ({
    name: `${verb} ${name}${part}`,
    method: METHODS[verb] ?? '',
    path: `${place}${COLLECTION.includes(verb) ? '' : '/{name}'}${part}`,
    source: SOURCE,
  });
  return [
    ...verbs.map((verb) => row(verb)),
    ...subresources.flatMap((part) => SUBRESOURCES[part].verbs.map((verb) => row(verb, `/${part}`))),
  ];
}

/** What an API server answers, one row for each verb of each resource, by the names that the request log has. */
export const KUBERNETES_ROUTES: readonly RouteRow[] = [
  ...discoveryPaths.map((path) => ({ name: `GET ${path}`, method: 'GET', path, source: SOURCE })),
  ...REVIEWS.map(({ name, group }) => ({
    name: `create ${name}`,
    method: 'POST',
    path: `/apis/${group}/v1/${name}`,
    source: SOURCE,
  })),
  ...RESOURCES.flatMap(rowsOf),
];
