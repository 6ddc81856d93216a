/** AKS run command: a shell line that AKS runs for us in a pod of the cluster, for API servers that can't be reached. */
import type { TextResponse } from '../http/sender.js';
import { asNumber, asText, at, optional, parseJson } from '../json.js';
import { ArmError, readArmError } from './arm.js';
import { CLUSTER_API_VERSION } from './cluster.js';
import type { Cluster } from './cluster.js';
import { OPERATION_LIMIT_MS, runOperation } from './long-running.js';
import type { OperationPorts } from './long-running.js';

/** What a command came to. Its own failure is an exit code, not an error of ours. */
export interface CommandResult {
  exitCode: number;
  /** Standard output and standard error as one; AKS cuts it off at 512 kB (azure-docs: access-private-cluster). */
  logs: string;
}

/** The command came to no answer: AKS could not schedule, admit or start its pod, or kubectl in it got no further. */
export class CommandNotRun extends Error {
  override readonly name = 'CommandNotRun';
}

/** The command's pod did not start in time: another may. */
class CommandLate extends CommandNotRun {}

/**
 * Refusals of the pod by the cluster, not of the caller by ARM; the first comes with status 404
 * (https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/connectivity/resolve-az-aks-command-invoke-failures).
 */
const OF_THE_POD: Readonly<Record<string, typeof CommandNotRun>> = {
  KubernetesPerformanceError: CommandLate,
  KubernetesOperationError: CommandNotRun,
};
/** "retry may helps", says the error. */
const TRIES = 2;

export interface RunCommandOptions extends OperationPorts {
  cluster: Cluster;
}

/**
 * Runs one shell line in the cluster and waits for its end. Needs managedClusters/runcommand/action and
 * managedClusters/commandResults/read. A cluster with Entra integration runs it as this login (`clusterToken`), any
 * other as cluster admin (Azure/azure-cli, src/azure-cli/azure/cli/command_modules/acs/custom.py, aks_runcommand).
 * Asked again after a fault on the way, so the line must bear being run twice.
 *
 * Shapes: recording runCommand.json; a command that could not be run: azure-rest-api-specs, RunCommandResultFailed.json.
 *
 * @param context a zip archive whose files lie in the command's working folder; empty: none
 * @throws {ArmError} when ARM refuses
 * @throws {CommandNotRun} when AKS could not run it, or it had no end within 3 minutes
 * @throws {HttpFault} when there is no answer
 */
export async function runCommand(
  options: RunCommandOptions,
  command: string,
  context: Uint8Array,
  signal: AbortSignal,
): Promise<CommandResult> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await runOnce(options, command, context, signal);
    } catch (error) {
      if (!(error instanceof CommandLate) || tries === TRIES) throw error;
    }
  }
}

async function runOnce(
  options: RunCommandOptions,
  command: string,
  context: Uint8Array,
  signal: AbortSignal,
): Promise<CommandResult> {
  const { cluster, credential, cloud } = options;
  const attempted = `run a command in cluster ${cluster.name}`;
  const clusterToken =
    cluster.entra === undefined ? undefined : (await credential.token(cloud.kubernetesScope, signal)).token;
  return runOperation(
    options,
    {
      attempted,
      path: `${cluster.id}/runCommand`,
      apiVersion: CLUSTER_API_VERSION,
      body: {
        command,
        context: Buffer.from(context).toString('base64'),
        ...optional('clusterToken', clusterToken),
      },
      read: (answer, ordered) => {
        if (answer.status !== 200 && answer.status !== 202) throw refusal(attempted, answer, ordered);
        return answer.status === 200 ? resultOf(answer.text, attempted) : undefined;
      },
      // AKS itself gives up on a pod that isn't scheduled within 60 s (azure-docs: access-private-cluster).
      late: () => new CommandNotRun(`the command did not end within ${OPERATION_LIMIT_MS / 1000} s`),
    },
    signal,
  );
}

/** @param ordered the command was taken: a 404 is about its result, not about the cluster */
function refusal(attempted: string, { status, text }: TextResponse, ordered: boolean): Error {
  const { code, message } = readArmError(text);
  const OfThePod = Object.hasOwn(OF_THE_POD, code) ? OF_THE_POD[code] : undefined;
  if (OfThePod !== undefined) return new OfThePod(message);
  if (ordered && status === 404) return new CommandNotRun(`the command's result is not there: ${message}`);
  return new ArmError(attempted, status, code, message);
}

/** The result, or undefined while there is none. States differ in case: "Succeeded", but "failed". */
function resultOf(text: string, attempted: string): CommandResult | undefined {
  const properties = at(parseJson(text), 'properties');
  const state = asText(at(properties, 'provisioningState'))?.toLowerCase();
  if (state === undefined) throw new ArmError(attempted, 200, '', 'the answer is no result of a command');
  if (state === 'failed' || state === 'canceled')
    throw new CommandNotRun(
      `AKS could not run the command: ${asText(at(properties, 'reason')) ?? asText(at(properties, 'logs')) ?? 'it gives no reason'}`,
    );
  if (state !== 'succeeded') return undefined;
  const exitCode = asNumber(at(properties, 'exitCode'));
  if (exitCode === undefined) throw new ArmError(attempted, 200, '', 'the result holds no exit code');
  const logs = at(properties, 'logs');
  return { exitCode, logs: typeof logs === 'string' ? logs : '' };
}
