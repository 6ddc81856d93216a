/** The report → the outputs of a step, as src/core/inputs.ts declares them. */
import type { OutputName } from '../core/inputs.js';
import { pullsOutcome } from '../core/report.js';
import type { Connection, Report } from '../core/report.js';

const GUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Distinct values, one per line, in the order they came. */
function distinct(values: readonly (string | undefined)[]): string {
  return [...new Set(values.filter((value) => value !== undefined && value !== ''))].join('\n');
}

/** Every requested pull of this connection was proved, and nothing else spoke against it. */
function proved({ pulls, result }: Connection): boolean {
  return (
    result === 'passed' &&
    pullsOutcome(pulls) === 'proved' &&
    pulls.every((pull) => pull.status === 'skip' || pull.proved !== 'none')
  );
}

function wouldChange(connections: readonly Connection[]): string {
  if (connections.some((connection) => connection.wouldChange === true)) return 'true';
  if (connections.length === 0 || connections.some((connection) => connection.wouldChange === 'unknown'))
    return 'unknown';
  return 'false';
}

/** The assignment this run made, else the one that is closest to the registry. */
function givingAccess({ access }: Connection): string | undefined {
  if (access.created !== undefined) return access.created;
  if (access.allowed !== true) return undefined;
  return (access.grants.find((grant) => !grant.inherited) ?? access.grants[0])?.assignmentId;
}

/**
 * All outputs, empty text for what isn't known. GitHub drops an output that holds a masked value, and ids may be masked: so
 * `result`, `verified`, `changed`, `role` and `digest`, which other jobs need, never hold an id.
 */
export function outputsOf(report: Report, reportPath: string, planPath = ''): Record<OutputName, string> {
  const { connections } = report;
  const pulls = connections.flatMap((connection) => connection.pulls);
  return {
    result: report.result,
    changed: String(connections.some((connection) => connection.changed)),
    'would-change': wouldChange(connections),
    verified: String(connections.length > 0 && connections.every(proved)),
    cause: report.cause ?? '',
    'login-server': distinct(connections.map(({ registry }) => registry.loginServer)),
    'kubelet-object-id': distinct(connections.map(({ identity }) => identity.objectId)),
    role: distinct(connections.map(({ role }) => (role === undefined || GUID.test(role) ? undefined : role))),
    'role-assignment-id': distinct(connections.map(givingAccess)),
    digest: distinct(
      pulls
        .filter(({ status, digest }) => status === 'pass' && DIGEST.test(digest ?? ''))
        .map(({ digest }) => digest),
    ),
    plan: planPath,
    report: reportPath,
  };
}
