/** What the API server says about itself: versions, groups, resources (kubernetes/kubernetes API conventions). */
import type { ManagedCluster } from '../cloud/model.js';
import { groupVersion, RESOURCES } from './objects.js';
import type { ResourceInfo } from './objects.js';

const REVIEWS = {
  name: 'selfsubjectaccessreviews',
  singularName: '',
  namespaced: false,
  kind: 'SelfSubjectAccessReview',
  verbs: ['create'],
};

const group = (name: string) => {
  const version = { groupVersion: `${name}/v1`, version: 'v1' };
  return { name, versions: [version], preferredVersion: version };
};

function resourceList(groupVersion: string, resources: object[]) {
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}

function resources(groupName: string): object[] {
  return RESOURCES.filter((resource) => resource.group === groupName).map((resource) => ({
    name: resource.name,
    singularName: resource.kind.toLowerCase(),
    namespaced: resource.namespaced,
    kind: resource.kind,
    verbs: resource.verbs,
    ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
  }));
}

const OPENAPI_PATHS = ['api/v1', 'apis/batch/v1'];

/**
 * The one thing that kubectl reads here before it sends an object: that the server checks fields itself, which it
 * takes from the parameters of PATCH (k8s.io/cli-runtime query_param_verifier_v3.go). Schemas aren't served.
 */
function openApi(groupPath: string): object {
  const path = ({ name, namespaced }: ResourceInfo): string =>
    `/${groupPath}/${namespaced ? 'namespaces/{namespace}/' : ''}${name}/{name}`;
  const fieldValidation = {
    name: 'fieldValidation',
    in: 'query',
    schema: { type: 'string', uniqueItems: true },
  };
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'unversioned' },
    paths: Object.fromEntries(
      RESOURCES.filter((resource) => groupPath.endsWith(groupVersion(resource))).map((resource) => [
        path(resource),
        {
          patch: {
            parameters: [fieldValidation],
            'x-kubernetes-group-version-kind': {
              group: resource.group,
              version: resource.version,
              kind: resource.kind,
            },
          },
        },
      ]),
    ),
  };
}

/** The answer to a discovery path; undefined when the path is something else. */
export function discover(cluster: ManagedCluster, path: string): object | undefined {
  const [major = '1', minor = '0'] = cluster.kubernetesVersion.split('.');
  const documents: Record<string, () => object> = {
    '/version': () => ({
      major,
      minor,
      gitVersion: `v${cluster.kubernetesVersion}`,
      gitTreeState: 'clean',
      compiler: 'gc',
      platform: 'linux/amd64',
    }),
    '/api': () => ({
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: `${cluster.fqdn}:443` }],
    }),
    '/apis': () => ({
      kind: 'APIGroupList',
      apiVersion: 'v1',
      groups: [group('authorization.k8s.io'), group('batch')],
    }),
    '/api/v1': () => resourceList('v1', resources('')),
    '/apis/batch': () => ({ kind: 'APIGroup', apiVersion: 'v1', ...group('batch') }),
    '/apis/batch/v1': () => resourceList('batch/v1', resources('batch')),
    '/apis/authorization.k8s.io': () => ({
      kind: 'APIGroup',
      apiVersion: 'v1',
      ...group('authorization.k8s.io'),
    }),
    '/apis/authorization.k8s.io/v1': () => resourceList('authorization.k8s.io/v1', [REVIEWS]),
    '/openapi/v3': () => ({
      paths: Object.fromEntries(
        OPENAPI_PATHS.map((one) => [one, { serverRelativeURL: `/openapi/v3/${one}` }]),
      ),
    }),
    ...Object.fromEntries(OPENAPI_PATHS.map((one) => [`/openapi/v3/${one}`, () => openApi(one)])),
  };
  return documents[path.replace(/\/$/, '')]?.();
}
