/** What runs of the three bundles cost, counted and measured on a simulated cloud whose services are a distance away. */
import { join } from 'node:path';
import { openJob } from '../../__tests__/e2e/runner.js';
import { openTaskScene } from '../../__tests__/e2e/task-scene.js';
import { SECRET } from '../../__tests__/real/clients.js';
import { openDelay } from './delay.js';
import { meter, run } from './process.js';
import type { Used } from './process.js';
import { ARM, sequential, towardsAccess } from './waves.js';

export { measureAccess } from './access.js';
export { compareWithAz } from './azure-cli.js';

/** One cluster of two pools, one registry; the login has what connect needs, and a grant works at once. */
const SCENARIO = `
name: bench
identities:
  - { name: deployer, federated: github, secrets: [${SECRET}] }
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

const IMAGE = 'shop/web:1.4';

/** In this order, in one cloud: each finds what the ones before it left. */
const MODES = [
  { name: 'plan', inputs: { mode: 'plan', image: IMAGE }, changed: 'false' },
  { name: 'connect, granted now', inputs: { mode: 'connect', image: IMAGE }, changed: 'true' },
  { name: 'connect, already granted', inputs: { mode: 'connect', image: IMAGE }, changed: 'false' },
  { name: 'check', inputs: { mode: 'check', image: IMAGE }, changed: 'false' },
] as const;
const DISCONNECT = { name: 'disconnect', inputs: { mode: 'disconnect' }, changed: 'true' } as const;

export interface Measured extends Used {
  /** Folder of the bundle below dist. */
  bundle: string;
  run: string;
  durationMs: number;
  /** All that was asked: Entra, ARM, the registry, the CI system and API servers. */
  requests: number;
  armRequests: number;
  /** Round trips to ARM, one after the other. */
  armTripsToAccess: number;
  armTrips: number;
}

/**
 * Measures each run once: the action in each mode, and what each of the three hosts needs for a check.
 *
 * @param root the project's folder
 * @param delayMs how late each service answers; API servers answer at once
 */
export async function measure(root: string, delayMs: number): Promise<Measured[]> {
  const scene = await openTaskScene(SCENARIO);
  const { simulator } = scene;
  const job = await openJob();
  const delay = await openDelay(simulator, delayMs);
  const { state } = simulator;
  const meterOf = meter(root, job.temp);
  const machine = { ...delay.environment(), ...meterOf.environment };
  const login = {
    tenantId: state.tenantId,
    subscriptionId: state.subscriptions[0]?.id ?? '',
    clientId: state.principals[0]?.clientId ?? '',
  };
  const measured: Measured[] = [];

  /** @param once returns what it was told, when it did not go as it should */
  async function note(
    bundle: string,
    name: string,
    once: () => Promise<{ durationMs: number; wrong?: string }>,
  ): Promise<void> {
    const timedBefore = delay.requests.length;
    const seenBefore = simulator.requests.length;
    const { durationMs, wrong } = await once();
    if (wrong !== undefined) throw new Error(`${bundle}: ${name} did not go as it should:\n${wrong}`);
    const timed = delay.requests.slice(timedBefore);
    const toApiServers = simulator.requests
      .slice(seenBefore)
      .filter(({ service }) => service === 'kubernetes');
    const arm = timed.filter(({ host }) => host === ARM);
    measured.push({
      bundle,
      run: name,
      ...(await meterOf.read()),
      durationMs,
      requests: timed.length + toApiServers.length,
      armRequests: arm.length,
      armTripsToAccess: sequential(towardsAccess(timed)),
      armTrips: sequential(arm),
    });
  }

  const action = ({ name, inputs, changed }: (typeof MODES)[number] | typeof DISCONNECT): Promise<void> =>
    note('github', name, async () => {
      const { outputs, shown, durationMs } = await job.run({
        action: root,
        inputs: {
          cluster: 'shop',
          'resource-group': 'apps',
          registry: 'contoso.azurecr.io',
          'subscription-id': login.subscriptionId,
          'client-id': login.clientId,
          'tenant-id': login.tenantId,
          ...inputs,
        },
        machine,
        idToken: simulator.github,
      });
      const went = outputs.result === 'passed' && outputs.changed === changed;
      return went ? { durationMs } : { durationMs, wrong: shown };
    });

  try {
    for (const mode of MODES) await action(mode);

    await note('azure-pipelines', 'check', async () => {
      const connection = scene.connection({
        scheme: 'ServicePrincipal',
        parameters: { authenticationtype: 'spnKey', serviceprincipalkey: SECRET },
      });
      const { outputs, shown, durationMs } = await scene.run(
        { mode: 'check' },
        { connections: { [scene.connectionId]: connection }, machine },
      );
      return outputs.result === 'passed' ? { durationMs } : { durationMs, wrong: shown };
    });

    const command = join(root, 'dist', 'cli', 'index.js');
    const environment = {
      ...machine,
      HOME: job.temp,
      AZURE_CLIENT_ID: login.clientId,
      AZURE_CLIENT_SECRET: SECRET,
      AZURE_TENANT_ID: login.tenantId,
    };
    const cli = (name: string, ...args: string[]): Promise<void> =>
      note('cli', name, async () => {
        const { exitCode, said, durationMs } = await run(process.execPath, [command, ...args], environment);
        return exitCode === 0 ? { durationMs } : { durationMs, wrong: said };
      });
    const where = ['--cluster', 'shop', '-g', 'apps', '--registry', 'contoso.azurecr.io'];
    await cli('check', 'check', ...where, '--subscription', login.subscriptionId, '--image', IMAGE);
    await cli('--help', '--help');

    await action(DISCONNECT);
  } finally {
    await delay.end();
    await scene.end();
    await job.end();
  }
  return measured;
}
