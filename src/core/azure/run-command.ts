/** AKS run command: a shell line that AKS runs for us in a pod of the cluster, for API servers that can't be reached. */
import { askedWait } from '../http/sender.js';
import type { Sender, TextResponse } from '../http/sender.js';
import { asNumber, asText, at, optional, parseJson } from '../json.js';
import type { Clock, Credential } from '../ports.js';
import { ArmError, readArmError } from './arm.js';
import type { Cloud } from './clouds.js';
import { CLUSTER_API_VERSION } from './cluster.js';
import type { Cluster } from './cluster.js';

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

/** Pauses between two looks at a command's result; the last repeats. Most commands end within some seconds. */
const PAUSES_MS = [1_000, 1_000, 2_000, 3_000, 5_000] as const;
/** AKS itself gives up on a pod that isn't scheduled within 60 s (azure-docs: access-private-cluster). */
const LIMIT_MS = 180_000;
const LONGEST_PAUSE_MS = 15_000;

export interface RunCommandOptions {
  cluster: Cluster;
  sender: Sender;
  credential: Credential;
  cloud: Cloud;
  clock: Clock;
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
  { cluster, sender, credential, cloud, clock }: RunCommandOptions,
  command: string,
  context: Uint8Array,
  signal: AbortSignal,
): Promise<CommandResult> {
  const attempted = `run a command in cluster ${cluster.name}`;
  const until = clock.now() + LIMIT_MS;
  const exchange = async (method: string, url: string, body?: unknown): Promise<TextResponse> => {
    const { token } = await credential.token(cloud.resourceManagerScope, signal);
    return sender.exchange({
      method,
      url,
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      carries: 'arm-token',
      repeatable: true,
      signal,
    });
  };

  const clusterToken =
    cluster.entra === undefined ? undefined : (await credential.token(cloud.kubernetesScope, signal)).token;
  let answer = await exchange(
    'POST',
    `${cloud.resourceManager}${cluster.id}/runCommand?api-version=${CLUSTER_API_VERSION}`,
    { command, context: Buffer.from(context).toString('base64'), ...optional('clusterToken', clusterToken) },
  );
  let place: string | undefined;
  for (let looks = 0; ; looks += 1) {
    if (answer.status !== 200 && answer.status !== 202) throw refusal(attempted, answer, place !== undefined);
    const result = answer.status === 200 ? resultOf(answer.text, attempted) : undefined;
    if (result !== undefined) return result;
    place = answer.headers.location ?? place;
    if (place === undefined || !URL.canParse(place))
      throw new ArmError(attempted, answer.status, '', 'the answer does not say where the result will be');
    if (clock.now() >= until) throw new CommandNotRun(`the command did not end within ${LIMIT_MS / 1000} s`);
    await clock.sleep(pause(answer, looks, clock.now()), signal);
    answer = await exchange('GET', place);
  }
}

function pause({ headers, text }: TextResponse, looks: number, now: number): number {
  const asked = askedWait(headers['retry-after'], text, now) ?? 0;
  if (asked > 0) return Math.min(asked, LONGEST_PAUSE_MS);
  return PAUSES_MS[Math.min(looks, PAUSES_MS.length - 1)] ?? LONGEST_PAUSE_MS;
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
