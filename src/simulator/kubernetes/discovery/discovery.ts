/** What the API server says about itself: version, groups, resources, schemas. */
import type { ManagedCluster } from '../../cloud/model.js';
import type { Answer, Exchange } from '../../net/exchange.js';
import { json } from '../answers.js';
import { RESOURCES } from '../resources.js';
import { openApiV2 } from './openapi-v2.js';
import { openApiV3, pathOf } from './openapi-v3.js';
import { groupDiscovery, groupOf, GROUPS, resourceList } from './resources.js';

/** The form in which newer clients get all groups at once (k8s.io/client-go discovery/discovery_client.go). */
const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

const NAMED_GROUPS = GROUPS.filter((name) => name !== '');
const OPENAPI_PATHS: readonly string[] = [...new Set(RESOURCES.map(pathOf))];

function wantsAggregated({ headers }: Exchange): boolean {
  return (headers['accept'] ?? '').replaceAll(' ', '').split(',').includes(AGGREGATED);
}

function version({ kubernetesVersion }: ManagedCluster): object {
  const [major = '1', minor = '0'] = kubernetesVersion.split('.');
  return {
    major,
    minor,
    gitVersion: `v${kubernetesVersion}`,
    gitTreeState: 'clean',
    compiler: 'gc',
    platform: 'linux/amd64',
  };
}

type Document = (cluster: ManagedCluster, exchange: Exchange) => Answer;

const plain =
  (make: (cluster: ManagedCluster) => object): Document =>
  (cluster) =>
    json(200, make(cluster));

/** All at once for who asks for it, else what older clients get. */
const listed =
  (groups: readonly string[], older: (cluster: ManagedCluster) => object): Document =>
  (cluster, exchange) =>
    wantsAggregated(exchange)
      ? json(200, groupDiscovery(groups), { 'content-type': AGGREGATED, vary: 'Accept' })
      : json(200, older(cluster), { vary: 'Accept' });

const DOCUMENTS: Readonly<Record<string, Document>> = {
  '/version': plain(version),
  '/api': listed([''], ({ fqdn }) => ({
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: `${fqdn}:443` }],
  })),
  '/apis': listed(NAMED_GROUPS, () => ({
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: NAMED_GROUPS.map(groupOf),
  })),
  '/api/v1': plain(() => resourceList('')),
  ...Object.fromEntries(
    NAMED_GROUPS.flatMap((name): [string, Document][] => [
      [`/apis/${name}`, plain(() => ({ kind: 'APIGroup', apiVersion: 'v1', ...groupOf(name) }))],
      [`/apis/${name}/v1`, plain(() => resourceList(name))],
    ]),
  ),
  '/openapi/v2': openApiV2,
  '/openapi/v3': plain(() => ({
    paths: Object.fromEntries(OPENAPI_PATHS.map((one) => [one, { serverRelativeURL: `/openapi/v3/${one}` }])),
  })),
  ...Object.fromEntries(OPENAPI_PATHS.map((one) => [`/openapi/v3/${one}`, plain(() => openApiV3(one))])),
};

/** The paths that are answered here. */
export const discoveryPaths: readonly string[] = Object.keys(DOCUMENTS);

/** The answer to a GET of a discovery path; undefined when the path is something else. */
export function discover(cluster: ManagedCluster, exchange: Exchange): Answer | undefined {
  return DOCUMENTS[exchange.url.pathname.replace(/\/$/, '')]?.(cluster, exchange);
}
