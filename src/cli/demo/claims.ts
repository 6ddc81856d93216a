/** Holds what the action claimed against what the simulated Azure counted. Knows nothing of how the action works. */
import { readFile } from 'node:fs/promises';
import type { CloudState } from '../../simulator/index.js';
import type { Count } from './count.js';
import type { StepOutcome } from './runner.js';

/** What the action said about itself, as far as it can be read. */
export interface Claims {
  /** Undefined when the action said nothing that is a result. */
  result: 'passed' | 'failed' | 'unknown' | undefined;
  changed: boolean;
  verified: boolean;
  digest: string;
  roleAssignmentId: string;
  reportPath: string;
  report: ReportClaims | undefined;
  /** What of it can't be read, a sentence each. */
  unreadable: string[];
}

interface ReportClaims {
  result: unknown;
  /** Pools with a pull that the report calls good. */
  pools: string[];
  /** Of these, those whose layers are said to have come over the wire. */
  content: string[];
  changed: boolean;
}

const RESULTS = ['passed', 'failed', 'unknown'] as const;

/** Reads the outputs and the report that they name. */
export async function readClaims({ outputs }: Pick<StepOutcome, 'outputs'>): Promise<Claims> {
  const unreadable: string[] = [];
  const result = RESULTS.find((one) => one === outputs.result);
  if (result === undefined) {
    unreadable.push(
      outputs.result === undefined
        ? 'the step set no output result'
        : `output result is ${JSON.stringify(outputs.result)}, none of ${RESULTS.join(', ')}`,
    );
  }
  const reportPath = outputs.report ?? '';
  let report: ReportClaims | undefined;
  // A run that could not be carried through has none to give.
  if (reportPath === '') {
    if (result !== 'unknown') unreadable.push('the step named no report in its output report');
  } else {
    try {
      report = reportClaims(JSON.parse(await readFile(reportPath, 'utf8')));
    } catch (error) {
      unreadable.push(`report.json can't be read: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return {
    result,
    changed: outputs.changed === 'true',
    verified: outputs.verified === 'true',
    digest: outputs.digest ?? '',
    roleAssignmentId: outputs['role-assignment-id'] ?? '',
    reportPath,
    report,
    unreadable,
  };
}

function at(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function reportClaims(report: unknown): ReportClaims {
  const connections = list(at(report, 'connections'));
  const pulls = connections.flatMap((connection) => list(at(connection, 'pulls')));
  const poolsOf = (some: unknown[]): string[] => [
    ...new Set(some.map((pull) => at(pull, 'nodePool')).filter((pool) => typeof pool === 'string')),
  ];
  const good = pulls.filter((pull) => at(pull, 'status') === 'pass');
  return {
    result: at(report, 'result'),
    pools: poolsOf(good),
    content: poolsOf(good.filter((pull) => at(pull, 'proved') === 'content')),
    changed: connections.some((connection) => at(connection, 'changed') === true),
  };
}

/** Everything that is wrong between the two, a sentence each; empty when all that was claimed happened. */
export function compare(
  claims: Claims,
  step: Pick<StepOutcome, 'exitCode' | 'postExitCode' | 'summary'>,
  count: Count,
  left: readonly string[],
  state: CloudState,
): string[] {
  const { result, report } = claims;
  const pools = report?.pools ?? [];
  const good = step.exitCode === 0;
  const wrong: [boolean, string][] = [
    [good && result !== 'passed', `the step ended with 0, but its result is ${result ?? 'missing'}`],
    [!good && result === 'passed', `the step claims passed, but ended with ${step.exitCode}`],
    [step.postExitCode !== 0, `the post step ended with ${step.postExitCode}`],
    [
      report !== undefined && report.result !== result,
      `output result says ${result ?? 'nothing'}, report.json says ${JSON.stringify(report?.result)}`,
    ],
    [
      report !== undefined && report.changed !== claims.changed,
      `output changed says ${claims.changed}, report.json says ${report?.changed}`,
    ],
    [
      claims.changed !== count.grantsMade.length > 0,
      `output changed says ${claims.changed}, but ${count.grantsMade.length} role assignments were made`,
    ],
    [count.grantsMade.length > 1, `${count.grantsMade.length} role assignments were made, and one is enough`],
    [
      !claims.changed && count.writes > 0 && result === 'passed',
      `nothing was to be changed, but ${count.writes} requests that change something reached Azure Resource Manager`,
    ],
    [
      claims.changed && !knownAssignment(state, claims.roleAssignmentId),
      `output role-assignment-id names no role assignment that exists: ${JSON.stringify(claims.roleAssignmentId)}`,
    ],
    [result === 'passed' && !claims.verified, 'the result is passed, but output verified is not true'],
    [
      claims.verified && result !== 'passed',
      `output verified is true, but the result is ${result ?? 'missing'}`,
    ],
    [claims.verified && pools.length === 0, 'output verified is true, but the report holds no good pull'],
    [
      pools.length > 0 && count.manifests < pools.length,
      `${pools.length} node pools are said to have pulled, but the registry gave a manifest to the kubelet identity ${count.manifests} times`,
    ],
    [
      (report?.content.length ?? 0) > count.blobs,
      `layers are said to have come over the wire on ${report?.content.length} node pools, but the registry sent the kubelet identity to fetch blobs ${count.blobs} times`,
    ],
    [
      claims.verified && !knownDigest(state, claims.digest),
      `output digest is no manifest of the registry: ${JSON.stringify(claims.digest)}`,
    ],
    [report !== undefined && step.summary.trim() === '', 'the step wrote no summary page'],
    [left.length > 0, `left behind in the cluster: ${left.join(', ')}`],
    [
      count.notModelled.length > 0,
      `requests that the simulated Azure does not model: ${count.notModelled.join(', ')}`,
    ],
  ];
  return [...claims.unreadable, ...wrong.filter(([isWrong]) => isWrong).map(([, sentence]) => sentence)];
}

/** Nodes that have never pulled from here must exchange a token each; later ones may use what they hold. */
export function compareFirst({ report }: Claims, { exchanges }: Count): string[] {
  const pools = report?.pools.length ?? 0;
  return exchanges < pools
    ? [
        `${pools} node pools are said to have pulled, but the registry exchanged a token for the kubelet identity ${exchanges} times`,
      ]
    : [];
}

function knownAssignment({ roleAssignments }: CloudState, id: string): boolean {
  const wanted = id.toLowerCase();
  return roleAssignments.some(
    ({ scope, name }) =>
      `${scope}/providers/microsoft.authorization/roleassignments/${name}`.toLowerCase() === wanted,
  );
}

function knownDigest({ registries }: CloudState, digest: string): boolean {
  const digests = digest.split('\n');
  return digests.every((one) =>
    registries.some(({ repositories }) => repositories.some(({ manifests }) => manifests.has(one))),
  );
}
