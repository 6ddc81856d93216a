/**
 * Groups and resources as discovery lists them, one by one and all at once
 * (https://kubernetes.io/docs/concepts/overview/kubernetes-api/, discovery API; k8s.io/api apidiscovery/v2).
 */
import { RESOURCES } from '../resources.js';
import type { ResourceInfo, Subresource } from '../resources.js';
import { REVIEWS } from '../reviews.js';

const AUTOSCALING = { group: 'autoscaling', version: 'v1', kind: 'Scale' };

/** What a part of an object takes. */
export const SUBRESOURCES: Record<Subresource, { verbs: string[]; kind?: typeof AUTOSCALING }> = {
  log: { verbs: ['get'] },
  scale: { verbs: ['get', 'patch', 'update'], kind: AUTOSCALING },
  status: { verbs: ['get', 'patch', 'update'] },
};

/** The groups that are served, the core group without a name first. Each has one version, v1. */
export const GROUPS: readonly string[] = [
  ...new Set([...RESOURCES.map(({ group }) => group), ...REVIEWS.map(({ group }) => group)]),
].sort();

export function groupOf(name: string): object {
  const version = { groupVersion: `${name}/v1`, version: 'v1' };
  return { name, versions: [version], preferredVersion: version };
}

/** The APIResourceList of a group. */
export function resourceList(group: string): object {
  const own = RESOURCES.filter((resource) => resource.group === group).flatMap((resource) => [
    describe(resource),
    ...resource.subresources.map((part) => ({
      name: `${resource.name}/${part}`,
      singularName: '',
      namespaced: resource.namespaced,
      ...(SUBRESOURCES[part].kind ?? { kind: resource.kind }),
      verbs: SUBRESOURCES[part].verbs,
    })),
  ]);
  const reviews = REVIEWS.filter((review) => review.group === group).map(({ name, kind }) => ({
    name,
    singularName: kind.toLowerCase(),
    namespaced: false,
    kind,
    verbs: ['create'],
  }));
  return {
    kind: 'APIResourceList',
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: group === '' ? 'v1' : `${group}/v1`,
    resources: [...own, ...reviews],
  };
}

function describe({ name, namespaced, kind, verbs, shortNames, categories }: ResourceInfo): object {
  return {
    name,
    singularName: kind.toLowerCase(),
    namespaced,
    kind,
    verbs,
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
  };
}

/** All of some groups at once, as an APIGroupDiscoveryList. */
export function groupDiscovery(groups: readonly string[]): object {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map((group) => ({
      metadata: group === '' ? {} : { name: group },
      versions: [{ version: 'v1', freshness: 'Current', resources: aggregated(group) }],
    })),
  };
}

function aggregated(group: string): object[] {
  const own = RESOURCES.filter((resource) => resource.group === group).map((resource) => ({
    resource: resource.name,
    responseKind: { group, version: 'v1', kind: resource.kind },
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.kind.toLowerCase(),
    verbs: resource.verbs,
    ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
    ...(resource.categories.length === 0 ? {} : { categories: resource.categories }),
    ...(resource.subresources.length === 0
      ? {}
      : {
          subresources: resource.subresources.map((part) => ({
            subresource: part,
            responseKind: SUBRESOURCES[part].kind ?? { group, version: 'v1', kind: resource.kind },
            verbs: SUBRESOURCES[part].verbs,
          })),
        }),
  }));
  const reviews = REVIEWS.filter((review) => review.group === group).map(({ name, kind }) => ({
    resource: name,
    responseKind: { group, version: 'v1', kind },
    scope: 'Cluster',
    singularResource: kind.toLowerCase(),
    verbs: ['create'],
  }));
  return [...own, ...reviews];
}
