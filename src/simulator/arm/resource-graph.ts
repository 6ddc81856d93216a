/**
 * Microsoft.ResourceGraph: the one query shape that finds registries by login server or name (recording:
 * resourceGraph.json for the answer's form). Rows that the caller can't read are missing, without a word.
 */
import { REGISTRY_TYPE, registryId, same } from '../cloud/arm-id.js';
import type { Registry } from '../cloud/model.js';
import type { SimulatorContext } from '../context.js';
import { NotModelled } from '../net/exchange.js';
import { ok } from './call.js';
import type { Call, Route } from './call.js';
import { registryBody } from './registries.js';

const QUERY =
  /^\s*Resources\s*\|\s*where\s+type\s*=~\s*'microsoft\.containerregistry\/registries'\s*\|\s*where\s+(?<column>properties\.loginServer|name)\s*=~\s*'(?<value>[^']*)'\s*\|\s*project\s+(?<columns>[\w.=,\s]+?)\s*$/i;

/** Properties of rows are those of this api-version: the table has the newest. */
const ROW_VERSION = '2025-11-01';

export function resourceGraphRoutes(context: SimulatorContext): Route[] {
  return [
    {
      name: 'POST /providers/Microsoft.ResourceGraph/resources',
      method: 'POST',
      pattern: /^\/providers\/Microsoft\.ResourceGraph\/resources$/i,
      answer(call) {
        const { query, subscriptions } = readBody(call);
        const match = QUERY.exec(query)?.groups;
        if (match === undefined) throw new NotModelled(`The query "${query}" isn't.`);
        const { column = '', value = '', columns = '' } = match;
        const data = context.state.registries
          .filter((registry) => subscriptions?.some((one) => same(one, registry.subscriptionId)) ?? true)
          .filter((registry) => same(column === 'name' ? registry.name : registry.loginServer, value))
          .filter((registry) => mayRead(context, call, registry))
          .map((registry) => project(row(registry), columns));
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

function mayRead(context: SimulatorContext, { caller }: Call, registry: Registry): boolean {
  return context.decide({
    principalId: caller.objectId,
    action: `${REGISTRY_TYPE}/read`,
    kind: 'action',
    scope: registryId(registry),
  }).allowed;
}

function readBody({ body }: Call): { query: string; subscriptions: string[] | undefined } {
  const document: unknown = JSON.parse(body.toString('utf8') || 'null');
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

/** The table writes types in lower case. */
function row(registry: Registry): Record<string, unknown> {
  return {
    ...registryBody(registry, ROW_VERSION),
    type: REGISTRY_TYPE.toLowerCase(),
    resourceGroup: registry.resourceGroup.toLowerCase(),
    subscriptionId: registry.subscriptionId,
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
