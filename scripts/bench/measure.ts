/** What a run of the shipped action costs, counted and measured on a simulated cloud whose services are a distance away. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openJob } from '../../__tests__/e2e/runner.js';
import { startSimulator } from '../../src/simulator/index.js';
import { openDelay } from './delay.js';
import { ARM, sequential, towardsAccess } from './waves.js';

/** One cluster of two pools, one registry; the login has what connect needs, and a grant works at once. */
const SCENARIO = `
name: bench
identities:
  - { name: deployer, federated: github }
clusters:
  - name: shop
    resourceGroup: apps
    pools: [{ name: system }, { name: arm, architecture: arm64 }]
registries:
  - name: contoso
    resourceGroup: images
    repositories:
      - { name: shop/web, images: [{ tag: '1.4', platforms: [linux/amd64, linux/arm64] }] }
roleAssignments:
  - { principal: deployer, role: Azure Kubernetes Service Cluster User Role, scope: 'cluster:shop' }
  - { principal: deployer, role: Role Based Access Control Administrator, scope: 'registry:contoso' }
`;

/** In this order, in one cloud: what the first one grants is there for the others. */
const RUNS = [
  { name: 'connect, granted now', mode: 'connect', changed: 'true' },
  { name: 'connect, already granted', mode: 'connect', changed: 'false' },
  { name: 'check', mode: 'check', changed: 'false' },
] as const;

export interface Measured {
  run: string;
  /** User and system time of the process. */
  cpuToFirstRequestMs: number;
  cpuMs: number;
  /** Resident memory when the process ends. */
  residentBytes: number;
  durationMs: number;
  /** All that the action asked: Entra, ARM, the registry, GitHub and API servers. */
  requests: number;
  armRequests: number;
  /** Round trips to ARM, one after the other. */
  armTripsToAccess: number;
  armTrips: number;
}

/**
 * Measures each run once.
 *
 * @param root the project's folder
 * @param delayMs how late each service answers; API servers answer at once
 */
export async function measure(root: string, delayMs: number): Promise<Measured[]> {
  const simulator = await startSimulator(SCENARIO);
  const job = await openJob();
  const delay = await openDelay(simulator, delayMs);
  const { state } = simulator;
  const file = join(job.temp, 'measured.json');
  const preload = pathToFileURL(join(root, 'scripts', 'bench', 'preload.mjs')).href;
  const measured: Measured[] = [];
  try {
    for (const { name, mode, changed } of RUNS) {
      const timedBefore = delay.requests.length;
      const seenBefore = simulator.requests.length;
      const { outputs, shown, durationMs } = await job.run({
        action: root,
        inputs: {
          mode,
          cluster: 'shop',
          'resource-group': 'apps',
          registry: 'contoso.azurecr.io',
          image: 'shop/web:1.4',
          'subscription-id': state.subscriptions[0]?.id ?? '',
          'client-id': state.principals[0]?.clientId ?? '',
          'tenant-id': state.tenantId,
        },
        machine: { ...delay.environment(), NODE_OPTIONS: `--import ${preload}`, MEASURED_FILE: file },
        idToken: simulator.github,
      });
      if (outputs.result !== 'passed' || outputs.changed !== changed)
        throw new Error(`${name} did not go as it should:\n${shown}`);
      const timed = delay.requests.slice(timedBefore);
      const toApiServers = simulator.requests
        .slice(seenBefore)
        .filter(({ service }) => service === 'kubernetes');
      const arm = timed.filter(({ host }) => host === ARM);
      measured.push({
        run: name,
        ...(JSON.parse(await readFile(file, 'utf8')) as Pick<
          Measured,
          'cpuToFirstRequestMs' | 'cpuMs' | 'residentBytes'
        >),
        durationMs,
        requests: timed.length + toApiServers.length,
        armRequests: arm.length,
        armTripsToAccess: sequential(towardsAccess(timed)),
        armTrips: sequential(arm),
      });
    }
  } finally {
    await delay.end();
    await simulator.stop();
    await job.end();
  }
  return measured;
}
