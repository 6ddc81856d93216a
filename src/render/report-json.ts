/** The report as JSON, as docs/report.schema.json describes it. */
import type { Report } from '../core/report.js';

/** The order in which keys stand, wherever they stand; others follow by name. */
const KEYS = [
  'schemaVersion',
  'tool',
  'id',
  'name',
  'version',
  'title',
  'mode',
  'result',
  'startedAt',
  'cluster',
  'registry',
  'identity',
  'access',
  'role',
  'image',
  'changed',
  'wouldChange',
  'location',
  'kubernetesVersion',
  'provisioningState',
  'powerState',
  'loginServer',
  'roleAssignmentMode',
  'anonymousPullEnabled',
  'publicNetworkAccess',
  'kind',
  'objectId',
  'clientId',
  'resourceId',
  'allowed',
  'grants',
  'created',
  'removed',
  'registryName',
  'roleName',
  'roleDefinitionId',
  'roleGuid',
  'principalId',
  'description',
  'scope',
  'inherited',
  'via',
  'condition',
  'conditionVersion',
  'assignmentId',
  'ours',
  'updatedOn',
  'nodePool',
  'node',
  'os',
  'architecture',
  'digest',
  'digestSource',
  'proved',
  'status',
  'evidence',
  'message',
  'cause',
  'fix',
  'summary',
  'commands',
  'literalCommands',
  'docs',
  'attempts',
  'durationMs',
  'checks',
  'pulls',
  'images',
  'findings',
  'plan',
  'connections',
] as const;

const RANK: ReadonlyMap<string, number> = new Map(KEYS.map((key, index) => [key, index]));

function ordered(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const rank = (key: string): number => RANK.get(key) ?? KEYS.length;
  return Object.fromEntries(
    Object.entries(value).sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0)),
  );
}

/** The report, indented, with keys in an order that doesn't depend on how it was put together; ends with a new line. */
export function reportJson(report: Report): string {
  return `${JSON.stringify(report, ordered, 2)}\n`;
}
