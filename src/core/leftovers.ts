/** Leftovers: what a run could not remove from clusters, removed later by the run that comes after it. */
import type { CloudName } from './azure/clouds.js';
import { CLOUDS } from './azure/clouds.js';
import { readCluster } from './azure/cluster.js';
import { AzureSession } from './azure/session.js';
import { leftLines, removeProbes } from './kubernetes/clean-up.js';
import type { Leftover, Ports } from './ports.js';
import { connectAs, readLogin } from './stages/kubeconfig.js';
import { reachQuietly } from './stages/reach.js';

/**
 * Removes what a run left behind in clusters; exactly what the leftovers name. Never throws.
 *
 * @returns what could not be removed, as lines: for each cluster why, and the kubectl line that removes it
 */
export async function cleanUp(
  leftovers: readonly Leftover[],
  environment: CloudName,
  ports: Ports,
): Promise<string[]> {
  const azure = new AzureSession(ports, CLOUDS[environment]);
  const failures = await Promise.all(
    leftovers.filter(({ jobs }) => jobs.length > 0).map((leftover) => cleanOne(leftover, azure, ports)),
  );
  return failures.flat();
}

async function cleanOne(leftover: Leftover, azure: AzureSession, ports: Ports): Promise<string[]> {
  const { clusterId, namespace, jobs } = leftover;
  try {
    const connection =
      leftover.kubeconfig === undefined
        ? await reachQuietly(await readCluster(azure.arm, clusterId), azure, ports)
        : connectAs(await readLogin(leftover.kubeconfig, ports), azure, ports);
    const left = await removeProbes(connection, namespace, jobs, ports.signal);
    if (left.length === 0) return [];
    const why = [...new Set(left.map(({ reason }) => reason))].join('; ');
    return leftLines({ ...leftover, jobs: left.map(({ job }) => job) }, why);
  } catch (error) {
    return leftLines(leftover, error instanceof Error ? error.message : 'the request failed');
  }
}
