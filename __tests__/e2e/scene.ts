/** A simulated cloud and a job on a runner: what every end-to-end test begins with. */
import { readFile } from 'node:fs/promises';
import type { Connection, Report } from '../../src/core/report.js';
import { startSimulator } from '../../src/simulator/index.js';
import type { RequestRecord, Simulator, SimulatorOptions } from '../../src/simulator/index.js';
import { openJob } from './runner.js';
import type { Job, RunningStep, StepOptions, StepResult } from './runner.js';

const LEAST = [
  { principal: 'deployer', role: 'Azure Kubernetes Service Cluster User Role', scope: 'cluster:shop' },
  { principal: 'deployer', role: 'Role Based Access Control Administrator', scope: 'registry:contoso' },
];

/** A role assignment of a scenario. */
export interface Assigned {
  principal: string;
  role: string;
  scope: string;
  age?: string;
  condition?: string;
  eligible?: boolean;
}

/**
 * A scenario, as YAML: one cluster with one pool of one node, one legacy registry with one image, and a login with the
 * least roles for connect. Whatever is given replaces that part.
 */
export function scenario({
  cluster = {},
  registry = {},
  assigned = [],
  login = LEAST,
  ...rest
}: {
  cluster?: object;
  registry?: object;
  /** Besides the login's own. */
  assigned?: Assigned[];
  login?: Assigned[];
  [part: string]: unknown;
} = {}): string {
  return JSON.stringify({
    name: 'test',
    description: 'A scenario of a test.',
    grantDelay: '0s',
    identities: [{ name: 'deployer', federated: 'github', secrets: ['a secret of the deployer'] }],
    clusters: [{ name: 'shop', resourceGroup: 'apps', pools: [{ name: 'system' }], ...cluster }],
    registries: [
      {
        name: 'contoso',
        resourceGroup: 'images',
        repositories: [
          { name: 'shop/web', images: [{ tag: '1.4', platforms: ['linux/amd64', 'linux/arm64'] }] },
        ],
        ...registry,
      },
    ],
    roleAssignments: [...login, ...assigned],
    ...rest,
  });
}

export interface Ran extends StepResult {
  /** Undefined when the run ended before there was one. */
  report: Report | undefined;
  /** What the simulator was asked during this run. */
  requests: readonly RequestRecord[];
}

export interface Scene {
  simulator: Simulator;
  job: Job;
  /** Ids that inputs need. */
  subscriptionId: string;
  clientId: string;
  /** The action's inputs for this cloud; signed in by GitHub's OIDC. */
  inputs(more?: Record<string, string>): Record<string, string>;
  options(more?: Record<string, string>, step?: Partial<StepOptions>): StepOptions;
  run(more?: Record<string, string>, step?: Partial<StepOptions>): Promise<Ran>;
  start(more?: Record<string, string>, step?: Partial<StepOptions>): RunningStep;
  end(): Promise<void>;
}

export async function openScene(yaml: string, how: SimulatorOptions = {}): Promise<Scene> {
  const simulator = await startSimulator(yaml, how);
  const job = await openJob();
  const { state } = simulator;
  const subscriptionId = state.subscriptions[0]?.id ?? '';
  const clientId = state.principals.find(({ name }) => name === 'deployer')?.clientId ?? '';

  const inputs = (more: Record<string, string> = {}): Record<string, string> => ({
    cluster: 'shop',
    'resource-group': 'apps',
    registry: 'contoso.azurecr.io',
    image: 'shop/web:1.4',
    'subscription-id': subscriptionId,
    'client-id': clientId,
    'tenant-id': state.tenantId,
    ...more,
  });
  const options = (more?: Record<string, string>, step?: Partial<StepOptions>): StepOptions => ({
    inputs: inputs(more),
    machine: simulator.environment(),
    idToken: simulator.github,
    ...step,
  });
  return {
    simulator,
    job,
    subscriptionId,
    clientId,
    inputs,
    options,
    start: (more, step) => job.start(options(more, step)),
    async run(more, step) {
      const before = simulator.requests.length;
      const result = await job.run(options(more, step));
      const path = result.outputs.report;
      return {
        ...result,
        report:
          path === undefined || path === ''
            ? undefined
            : (JSON.parse(await readFile(path, 'utf8')) as Report),
        requests: simulator.requests.slice(before),
      };
    },
    async end() {
      await simulator.stop();
      await job.end();
    },
  };
}

/** Requests that change something in Azure: everything that isn't a read by its method or by its meaning. */
export function armWrites(requests: readonly RequestRecord[]): RequestRecord[] {
  const reads = ['listClusterUserCredential', 'Microsoft.ResourceGraph/resources'];
  return requests.filter(
    ({ host, method, path }) =>
      host === 'management.azure.com' &&
      method !== 'GET' &&
      !(method === 'POST' && reads.some((name) => path.split('?')[0]?.endsWith(name))),
  );
}

/** Manifests that kubelets asked registries for. */
export function kubeletManifests(requests: readonly RequestRecord[]): RequestRecord[] {
  return requests.filter(
    ({ host, path, caller }) =>
      host.endsWith('.azurecr.io') && path.includes('/manifests/') && (caller ?? '').includes('kubelet'),
  );
}

/** The one connection of a report. */
export function only(report: Report | undefined): Connection {
  const [connection, ...more] = report?.connections ?? [];
  if (connection === undefined || more.length > 0) throw new Error('the report holds no single connection');
  return connection;
}
