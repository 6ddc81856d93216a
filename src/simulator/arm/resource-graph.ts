/**
 * Microsoft.ResourceGraph: the query shapes that find registries by login server or name, and clusters by their kubelet
 * identity (recording: resourceGraph.json for the answer's form). Rows that the caller can't read are missing, without a
 * word.
 */
import { CLUSTER_TYPE, clusterId, REGISTRY_TYPE, registryId, same } from '../cloud/arm-id.js';
import type { ManagedCluster, Registry } from '../cloud/model.js';
import type { SimulatorContext } from '../context.js';
import { NotModelled } from '../net/exchange.js';
import { ok } from './call.js';
import type { Call, Route } from './call.js';
import { registryBody } from './registries.js';

const QUERY =
  /^\s*Resources\s*\|\s*where\s+type\s*=~\s*'microsoft\.containerregistry\/registries'\s*\|\s*where\s+(?<column>properties\.loginServer|name)\s*=~\s*'(?<value>[^']*)'\s*\|\s*project\s+(?<columns>[\w.=,\s]+?)\s*$/i;

const CLUSTERS_OF =
  /^\s*Resources\s*\|\s*where\s+type\s*=~\s*'microsoft\.containerservice\/managedclusters'\s*\|\s*where\s+properties\.identityProfile\.kubeletidentity\.objectId\s*=~\s*'(?<value>[^']*)'\s*\|\s*project\s+(?<columns>[\w.=,\s]+?)\s*$/i;

/** Properties of rows are those of this api-version: the table has the newest. */
const ROW_VERSION = '2025-11-01';

export function resourceGraphRoutes(context: SimulatorContext): Route[] {
  return [
    {
      name: 'POST /providers/Microsoft.ResourceGraph/resources',
      method: 'POST',
      path: '/providers/Microsoft.ResourceGraph/resources',
      since: '2019-04-01',
      source: 'recording: resourceGraph.json',
      answer(call) {
        const { query, subscriptions } = readBody(call);
        const within = ({ subscriptionId }: { subscriptionId: string }): boolean =>
          subscriptions?.some((one) => same(one, subscriptionId)) ?? true;
        const clusters = CLUSTERS_OF.exec(query)?.groups;
        const match = clusters ?? QUERY.exec(query)?.groups;
        if (match === undefined) throw new NotModelled(`The query "${query}" isn't.`);
        const { column = '', value = '', columns = '' } = match;
        const data =
          clusters === undefined
            ? context.state.registries
                .filter((registry) => within(registry))
                .filter((registry) => same(column === 'name' ? registry.name : registry.loginServer, value))
                .filter((registry) => mayRead(context, call, REGISTRY_TYPE, registryId(registry)))
                .map((registry) => project(row(registry), columns))
            : context.state.clusters
                .filter((cluster) => within(cluster))
                .filter(({ kubeletIdentity }) => same(kubeletIdentity?.objectId ?? '', value))
                .filter((cluster) => mayRead(context, call, CLUSTER_TYPE, clusterId(cluster)))
                .map((cluster) => project(clusterRow(cluster), columns));
        return ok(
          { totalRecords: data.length, count: data.length, data, facets: [], resultTruncated: 'false' },
          {
            'x-ms-user-quota-remaining': '14',
            'x-ms-user-quota-resets-after': '00:00:05',
            'x-ms-ratelimit-remaining-tenant-resource-requests': '14',
          },
        );
      },
    },
  ];
}

function mayRead(context: SimulatorContext, { caller }: Call, type: string, scope: string): boolean {
  const action = `${type}/read`;
  return context.decide({ principalId: caller.objectId, action, kind: 'action', scope }).allowed;
}

function readBody({ body }: Call): { query: string; subscriptions: string[] | undefined } {
  const document = parsed(body.toString('utf8'));
  if (typeof document !== 'object' || document === null)
    throw new NotModelled("A request without a query isn't.");
  const { query, subscriptions, managementGroups, options } = document as Record<string, unknown>;
  if (typeof query !== 'string') throw new NotModelled("A request without a query isn't.");
  if (managementGroups !== undefined) throw new NotModelled("A query over management groups isn't.");
  if (
    typeof options === 'object' &&
    options !== null &&
    'resultFormat' in options &&
    options.resultFormat !== 'objectArray'
  )
    throw new NotModelled("A result that is no array of objects isn't.");
  return { query, subscriptions: Array.isArray(subscriptions) ? subscriptions.map(String) : undefined };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new NotModelled("A request that is not JSON isn't.");
  }
}

/** The table writes types in lower case. */
function row(registry: Registry): Record<string, unknown> {
  return {
    ...registryBody(registry, ROW_VERSION),
    type: REGISTRY_TYPE.toLowerCase(),
    resourceGroup: registry.resourceGroup.toLowerCase(),
    subscriptionId: registry.subscriptionId,
  };
}

function clusterRow(cluster: ManagedCluster): Record<string, unknown> {
  const { name, resourceGroup, subscriptionId, location } = cluster;
  return {
    id: clusterId(cluster),
    name,
    type: CLUSTER_TYPE.toLowerCase(),
    resourceGroup: resourceGroup.toLowerCase(),
    subscriptionId,
    location,
  };
}

/** `name`, `properties.loginServer` or `alias = properties.loginServer`. */
function project(whole: Record<string, unknown>, columns: string): Record<string, unknown> {
  return Object.fromEntries(
    columns.split(',').map((column) => {
      const [left = '', right = left] = column.split('=').map((part) => part.trim());
      // Kusto names a column that is only a path after the path, with underscores.
      const alias = left === right ? left.replaceAll('.', '_') : left;
      return [alias, valueAt(whole, right)];
    }),
  );
}

function valueAt(whole: Record<string, unknown>, path: string): unknown {
  let value: unknown = whole;
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null || !(part in value))
      throw new NotModelled(`The column "${path}" isn't.`);
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}
