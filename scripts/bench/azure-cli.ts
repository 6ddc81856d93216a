/**
 * The same questions put to the same simulated cloud by the Azure CLI. Its own `az aks update --attach-acr` is left out: it
 * writes to the cluster. Compared is what a script needs that asks by az what the command asks, without a proof by a pull.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SECRET, missing } from '../../__tests__/real/clients.js';
import { startSimulator } from '../../src/simulator/index.js';
import { openDelay } from './delay.js';
import { run } from './process.js';
import { ARM, sequential } from './waves.js';

const SCENARIO = `
name: bench-az
identities:
  - { name: deployer, secrets: [${SECRET}] }
clusters:
  - { name: shop, resourceGroup: apps, pools: [{ name: system }] }
registries:
  - name: contoso
    resourceGroup: images
roleAssignments:
  - { principal: deployer, role: Reader, scope: subscription }
  - { principal: deployer, role: Azure Kubernetes Service Cluster User Role, scope: 'cluster:shop' }
  - { principal: deployer, role: Role Based Access Control Administrator, scope: 'registry:contoso' }
`;

export interface Cost {
  run: string;
  durationMs: number;
  /** All but those to API servers, which neither asks here. */
  requests: number;
  armRequests: number;
  /** One after the other. */
  trips: number;
  armTrips: number;
}

/**
 * Measures each once: both answer whether the nodes may pull, and then make the grant that is missing.
 *
 * @param root the project's folder
 * @param delayMs how late each service answers
 * @returns why there is nothing to compare with, when az is not installed
 */
export async function compareWithAz(root: string, delayMs: number): Promise<Cost[] | string> {
  const absent = missing('az');
  return absent ?? [...(await ours(root, delayMs)), ...(await theirs(root, delayMs))];
}

interface Cloud {
  environment: Record<string, string>;
  login: { tenantId: string; subscriptionId: string; clientId: string };
  kubelet: string;
  /** What was asked since some number of requests. */
  cost(name: string, durationMs: number): Cost;
}

async function inCloud<T>(delayMs: number, body: (cloud: Cloud) => Promise<T>): Promise<T> {
  const simulator = await startSimulator(SCENARIO);
  const delay = await openDelay(simulator, delayMs);
  const folder = await mkdtemp(join(tmpdir(), 'bench az '));
  const { state } = simulator;
  try {
    return await body({
      environment: { ...delay.environment(), HOME: folder },
      login: {
        tenantId: state.tenantId,
        subscriptionId: state.subscriptions[0]?.id ?? '',
        clientId: state.principals[0]?.clientId ?? '',
      },
      kubelet: state.clusters[0]?.kubeletIdentity?.objectId ?? '',
      cost(name, durationMs) {
        const arm = delay.requests.filter(({ host }) => host === ARM);
        return {
          run: name,
          durationMs,
          requests: delay.requests.length,
          armRequests: arm.length,
          trips: sequential(delay.requests),
          armTrips: sequential(arm),
        };
      },
    });
  } finally {
    await delay.end();
    await simulator.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Each in a cloud of its own, as each begins with a login. The cluster has no grant: a check says so by exit code 1. */
async function ours(root: string, delayMs: number): Promise<Cost[]> {
  const costs: Cost[] = [];
  for (const [mode, wanted] of [
    ['check', 1],
    ['connect', 0],
  ] as const) {
    costs.push(
      await inCloud(delayMs, async ({ environment, login, cost }) => {
        const args = [
          ...[join(root, 'dist', 'cli', 'index.js'), mode, '--verify', 'access'],
          ...['--cluster', 'shop', '-g', 'apps', '--registry', 'contoso.azurecr.io'],
          ...['--subscription', login.subscriptionId],
        ];
        const { exitCode, said, durationMs } = await run(process.execPath, args, {
          ...environment,
          AZURE_CLIENT_ID: login.clientId,
          AZURE_CLIENT_SECRET: SECRET,
          AZURE_TENANT_ID: login.tenantId,
        });
        if (exitCode !== wanted) throw new Error(`${mode} ended with ${exitCode}:\n${said}`);
        return cost(`aks-acr-pull ${mode}`, durationMs);
      }),
    );
  }
  return costs;
}

/** The four commands that ask, and then the one that grants. */
async function theirs(root: string, delayMs: number): Promise<Cost[]> {
  return inCloud(delayMs, async ({ environment, login, kubelet, cost }) => {
    let durationMs = 0;
    const registry = `/subscriptions/${login.subscriptionId}/resourceGroups/images/providers/Microsoft.ContainerRegistry/registries/contoso`;
    async function az(...args: string[]): Promise<string> {
      const ended = await run('az', args, {
        ...environment,
        AZURE_CONFIG_DIR: join(environment.HOME ?? '', 'azure'),
        AZURE_CORE_COLLECT_TELEMETRY: 'no',
        AZURE_CORE_NO_COLOR: '1',
        AZURE_EXTENSION_USE_DYNAMIC_INSTALL: 'no',
        PYTHONDONTWRITEBYTECODE: '1',
        // See there: without it, Debian's az ends in an error on role assignments.
        PYTHONPATH: join(root, '__tests__', 'real', 'az-shim'),
      });
      durationMs += ended.durationMs;
      if (ended.exitCode !== 0) throw new Error(`az ${args[0]} ${args[1]} failed:\n${ended.said}`);
      return ended.said;
    }
    await az('login', '--service-principal', '-u', login.clientId, '-p', SECRET, '--tenant', login.tenantId);
    await az('aks', 'show', '-g', 'apps', '-n', 'shop');
    await az('acr', 'show', '-n', 'contoso');
    await az('role', 'assignment', 'list', '--scope', registry, '--include-inherited');
    const asked = cost('', durationMs);
    await az(
      ...['role', 'assignment', 'create', '--assignee-object-id', kubelet],
      ...['--assignee-principal-type', 'ServicePrincipal', '--role', 'AcrPull', '--scope', registry],
    );
    const granted = cost('', durationMs);
    // Last, as it may look whether there is a newer one.
    const [version = 'of an unknown version'] =
      /\d+\.\d+\.\d+/.exec(await az('version', '--query', '"azure-cli"')) ?? [];
    return [
      { ...asked, run: `az ${version}, the same questions` },
      { ...granted, run: `az ${version}, the same questions and the grant` },
    ];
  });
}
