/** A simulated cloud and a job on an agent: what every end-to-end test of the task begins with. */
import { readFile } from 'node:fs/promises';
import type { Report } from '../../src/core/report.js';
import { startSimulator } from '../../src/simulator/index.js';
import type { RequestRecord, Simulator, SimulatorOptions } from '../../src/simulator/index.js';
import { openAgent } from './agent.js';
import type { AgentJob, Connection, RunningTask, TaskOptions, TaskRun } from './agent.js';

export interface RanTask extends TaskRun {
  /** Undefined when the run ended before there was one. */
  report: Report | undefined;
  /** What the simulator was asked during this run. */
  requests: readonly RequestRecord[];
}

export interface TaskScene {
  simulator: Simulator;
  agent: AgentJob;
  /** The service connection's id. */
  connectionId: string;
  /** A service connection of the login `deployer`, by workload identity federation unless said otherwise. */
  connection: (change?: Partial<Connection>) => Connection;
  run: (inputs?: Record<string, string>, change?: Partial<TaskOptions>) => Promise<RanTask>;
  start: (inputs?: Record<string, string>, change?: Partial<TaskOptions>) => RunningTask;
  end: () => Promise<void>;
}

/** @param unpacked folder of the task as the extension holds it, instead of this project's */
export async function openTaskScene(
  yaml: string,
  how: SimulatorOptions = {},
  unpacked?: string,
): Promise<TaskScene> {
  const [simulator, agent] = await Promise.all([startSimulator(yaml, how), openAgent(unpacked)]);
  const { state } = simulator;
  const connectionId = state.azurePipelines.connectionId;
  const clientId = state.principals.find(({ name }) => name === 'deployer')?.clientId ?? '';

  // As azure-arm-endpoint.ts of azure-pipelines-tasks-azure-arm-rest reads one.
  const connection = (change: Partial<Connection> = {}): Connection => ({
    url: 'https://management.azure.com/',
    scheme: 'WorkloadIdentityFederation',
    ...change,
    parameters: { tenantid: state.tenantId, serviceprincipalid: clientId, ...change.parameters },
    data: {
      subscriptionId: state.subscriptions[0]?.id ?? '',
      subscriptionName: state.subscriptions[0]?.name ?? '',
      environment: 'AzureCloud',
      scopeLevel: 'Subscription',
      activeDirectoryAuthority: 'https://login.microsoftonline.com/',
      environmentAuthorityUrl: 'https://login.windows.net/',
      activeDirectoryServiceEndpointResourceId: 'https://management.core.windows.net/',
      graphUrl: 'https://graph.windows.net/',
      ...change.data,
    },
  });
  const options = (inputs: Record<string, string> = {}, change: Partial<TaskOptions> = {}): TaskOptions => ({
    inputs: {
      azureSubscription: connectionId,
      cluster: 'shop',
      resourceGroup: 'apps',
      registry: 'contoso.azurecr.io',
      image: 'shop/web:1.4',
      ...inputs,
    },
    connections: { [connectionId]: connection() },
    ...simulator.azurePipelines,
    machine: simulator.environment(),
    ...change,
  });
  return {
    simulator,
    agent,
    connectionId,
    connection,
    start: (inputs, change) => agent.start(options(inputs, change)),
    async run(inputs, change) {
      const before = simulator.requests.length;
      const result = await agent.run(options(inputs, change));
      const path = result.outputs.report ?? '';
      return {
        ...result,
        report: path === '' ? undefined : (JSON.parse(await readFile(path, 'utf8')) as Report),
        requests: simulator.requests.slice(before),
      };
    },
    async end() {
      await simulator.stop();
      await agent.end();
    },
  };
}
