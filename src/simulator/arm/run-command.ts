/** AKS run command (recording: runCommand.json; https://learn.microsoft.com/azure/aks/access-private-cluster). */
import { CLUSTER_TYPE, clusterId } from '../cloud/arm-id.js';
import { CLOUDS } from '../cloud/clouds.js';
import type { ManagedCluster } from '../cloud/model.js';
import type { SimulatorContext } from '../context.js';
import { ArchiveError, readArchive } from '../kubernetes/run-command/archive.js';
import { CommandNotStarted } from '../kubernetes/run-command/command-pods.js';
import type { Command, CommandOrder, CommandState } from '../kubernetes/run-command/command-pods.js';
import type { Answer } from '../net/exchange.js';
import { parameter, resourceId } from './call.js';
import type { Call, Route } from './call.js';
import { findInGroup, groupPath } from './resources.js';
import {
  badCommand,
  clusterStopped,
  commandNotFound,
  commandPodLate,
  commandPodRefused,
  missingClusterToken,
  runCommandDisabled,
} from './run-command-errors.js';

/** What runs commands in a cluster. */
export interface CommandRunner {
  /** @throws {CommandNotStarted} */
  startCommand(cluster: ManagedCluster, order: CommandOrder): Promise<Command>;
}

const ONE = `${groupPath}/providers/Microsoft.ContainerService/managedClusters/{name}`;
/** The oldest version that is recorded. */
const SINCE = '2021-05-01';
const SOURCE = 'recording: runCommand.json';

export function runCommandRoutes({ state }: SimulatorContext, runner: CommandRunner): Route[] {
  const commands = new Map<string, { cluster: ManagedCluster; command: Command }>();
  const find = (call: Call): ManagedCluster => findInGroup(state, call, state.clusters, CLUSTER_TYPE);
  /** The provider writes its type in lower case here. */
  const place = (call: Call, cluster: ManagedCluster, id: string): Record<string, string> => ({
    location: `https://${CLOUDS[state.cloud].resourceManager}${clusterId(cluster).replace('/managedClusters/', '/managedclusters/')}/commandResults/${id}?api-version=${call.apiVersion}`,
  });
  return [
    {
      name: 'POST managedCluster/runCommand',
      method: 'POST',
      path: `${ONE}/runCommand`,
      since: SINCE,
      source: SOURCE,
      demand: (call) => ({ action: `${CLUSTER_TYPE}/runcommand/action`, scope: resourceId(call) }),
      async answer(call): Promise<Answer> {
        const cluster = find(call);
        const order = orderOf(call, cluster);
        try {
          const command = await runner.startCommand(cluster, order);
          commands.set(command.id, { cluster, command });
          return { status: 202, headers: place(call, cluster, command.id) };
        } catch (error) {
          if (!(error instanceof CommandNotStarted)) throw error;
          throw error.refusal === undefined
            ? commandPodLate(error.id, cluster.runCommand.startLimitMs)
            : commandPodRefused(error.refusal);
        }
      },
    },
    {
      name: 'GET managedCluster/commandResults',
      method: 'GET',
      path: `${ONE}/commandResults/{command}`,
      since: SINCE,
      source: SOURCE,
      demand: (call) => ({ action: `${CLUSTER_TYPE}/commandResults/read`, scope: resourceId(call) }),
      answer(call) {
        const cluster = find(call);
        const id = parameter(call, 'command');
        const known = commands.get(id);
        if (known?.cluster !== cluster) throw commandNotFound(id);
        const { command } = known;
        const running = command.state.state === 'running';
        return {
          status: running ? 202 : 200,
          headers: { 'content-type': 'application/json', ...(running ? place(call, cluster, id) : {}) },
          body: indented({ id, properties: propertiesOf(command.state) }),
        };
      },
    },
  ];
}

function orderOf(call: Call, cluster: ManagedCluster): CommandOrder {
  const { command, context, clusterToken } = readBody(call.body);
  if (!cluster.runCommand.enabled) throw runCommandDisabled();
  if (cluster.powerState !== 'Running') throw clusterStopped();
  if (command === '') throw badCommand('.command is empty');
  if (cluster.entra !== undefined && clusterToken === '') throw missingClusterToken();
  return {
    command,
    files: filesOf(context),
    createdBy: call.caller.client,
    // A cluster without Entra integration runs everything as its administrator, whatever token comes along: an assumption.
    ...(cluster.entra === undefined ? {} : { clusterToken }),
  };
}

interface RunCommandRequest {
  command: string;
  context: string;
  clusterToken: string;
}

function readBody(bytes: Buffer): RunCommandRequest {
  let body: unknown;
  try {
    body = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw badCommand('it is no JSON');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw badCommand('it is no JSON object');
  const text = (name: keyof RunCommandRequest): string => {
    const value: unknown = (body as Record<string, unknown>)[name];
    if (value === undefined || value === null) return '';
    if (typeof value !== 'string') throw badCommand(`.${name} is no text`);
    return value;
  };
  return { command: text('command'), context: text('context'), clusterToken: text('clusterToken') };
}

function filesOf(context: string): Map<string, Buffer> {
  // az breaks its base64 into lines (azure-cli acs/custom.py, _get_command_context).
  const plain = context.replace(/\s/g, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(plain)) throw badCommand('.context is no base64');
  try {
    return readArchive(Buffer.from(plain, 'base64'));
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    throw badCommand(`.context: ${error.message}`);
  }
}

/** A command that failed is Succeeded with its exit code; `failed`, so written, is one that couldn't be run (azure-rest-api-specs, RunCommandResultFailed.json). */
function propertiesOf(state: CommandState): object {
  switch (state.state) {
    case 'running':
      return { provisioningState: 'Running' };
    case 'failed':
      return { provisioningState: 'failed', reason: state.reason };
    case 'ended': {
      const { exitCode, startedAt, finishedAt, logs } = state;
      return { provisioningState: 'Succeeded', exitCode, startedAt, finishedAt, logs };
    }
  }
}

/** The provider indents these by one more blank, but for the first line. */
function indented(body: object): string {
  return JSON.stringify(body, null, 1).replaceAll('\n', '\n ');
}
