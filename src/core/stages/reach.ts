/** Reach: a connection to the cluster, straight to its API server or through AKS run command. */
import type { Cluster } from '../azure/cluster.js';
import { readUserKubeconfig } from '../azure/cluster.js';
import { CommandNotRun, runCommand } from '../azure/run-command.js';
import type { AzureSession } from '../azure/session.js';
import { CAUSES } from '../diagnosis/causes.js';
import type { FixFacts } from '../diagnosis/cause.js';
import type { CauseId } from '../diagnosis/causes.js';
import { explainError } from '../diagnosis/explain.js';
import type { Explained } from '../diagnosis/explain.js';
import { optional } from '../json.js';
import { ClusterRefusal, statusMessage } from '../kubernetes/answers.js';
import { directConnection } from '../kubernetes/connection.js';
import type { ClusterConnection } from '../kubernetes/connection.js';
import { KubeconfigError, parseKubeconfig } from '../kubernetes/kubeconfig.js';
import type { ClusterLogin } from '../kubernetes/kubeconfig.js';
import { runCommandConnection } from '../kubernetes/run-command.js';
import { HttpFault } from '../ports.js';
import type { HttpFaultKind, Ports } from '../ports.js';
import type { Request } from '../request.js';
import type { Telling } from '../telling.js';

/** How the cluster is spoken to, as input cluster-access has it. */
type ClusterAccess = Request['clusterAccess'];

/** Milliseconds that an API server which may be out of reach is tried; what keeps others out mostly keeps silent. */
const TRY_MS = 10_000;
/** The same where a run has seconds left to clean up. */
const QUIET_TRY_MS = 2_000;

/** No answer of the network's. A certificate that isn't trusted is one; so is whatever can't be told. */
const NO_ANSWER: ReadonlySet<HttpFaultKind> = new Set(['dns', 'refused', 'reset', 'timeout', 'proxy']);

/**
 * Whether something between here and the API server may be meant to keep this machine out, so that no answer is no
 * surprise. Only then is it tried beforehand, and only then does `auto` take the way round.
 */
function mayBeOutOfReach(cluster: Cluster): boolean {
  return cluster.private || cluster.authorizedIpRanges.length > 0;
}

/** How a direct connection signs in, for people. */
const SIGNS_IN: Readonly<Record<ClusterLogin['credential']['kind'], string>> = {
  certificate: 'by a local account with a client certificate',
  token: 'by a local account with a token',
  exec: 'by its own Entra token',
  none: '',
};

/**
 * The connection, told as a check. `auto` goes through run command only when an API server that is private or limited to
 * address ranges gives no answer at all: a refusal (401, 403) or a certificate that isn't trusted is an answer.
 *
 * @param kubeconfig the cluster user's, being read; not asked for with run command
 * @throws {StoryEnds} when there is none
 */
export async function reach(
  cluster: Cluster,
  access: ClusterAccess,
  kubeconfig: () => Promise<string>,
  azure: AzureSession,
  ports: Ports,
  telling: Telling,
): Promise<ClusterConnection> {
  const title = `cluster ${cluster.name} can be reached with a credential of this login`;
  const since = ports.clock.now();
  try {
    if (access === 'run-command') {
      const connection = await reachByRunCommand(cluster, azure, ports);
      telling.pass('cluster-access', title, `through AKS run command, ${runsAs(cluster)}`, since);
      return connection;
    }
    const login = parseKubeconfig(await kubeconfig());
    if (cluster.entra !== undefined) await azure.credential.token(azure.cloud.kubernetesScope, ports.signal);
    const tried = await tryDirect(cluster, login, azure, ports, TRY_MS);
    if (tried.fault === undefined) {
      telling.pass('cluster-access', title, SIGNS_IN[login.credential.kind], since);
      return tried.connection;
    }
    if (access === 'direct') throw tried.fault;
    const silence = `its API server gave no answer here (${tried.fault.message})`;
    const connection = await wayRound(cluster, silence, azure, ports, telling);
    telling.pass('cluster-access', title, `through AKS run command, ${runsAs(cluster)}`, since);
    telling.finding({
      id: 'run-command-used',
      title: `cluster ${cluster.name} was reached through AKS run command`,
      evidence: `${silence}. Each command ran in a pod of its own in the namespace aks-command, ${runsAs(cluster)}.`,
      fix: {
        summary: `${ELSEWHERE}; or say that this is meant: cluster-access: run-command.`,
        commands: [],
      },
    });
    return connection;
  } catch (error) {
    const told = error instanceof NeitherWay ? error.told : explain(error, azure, telling.facts);
    return telling.end('cluster-access', title, told, since);
  }
}

const ELSEWHERE =
  "Run this where the API server can be reached: a runner in the cluster's network, or an address in its authorised ranges";

/** The API server keeps silent, and run command can't be used either: both are told, and what opens either way. */
class NeitherWay extends Error {
  override readonly name = 'NeitherWay';
  readonly told: Explained;

  constructor(silence: string, { status, evidence, fix }: Explained) {
    super(silence);
    this.told = {
      status,
      cause: 'api-server-unreachable',
      evidence: `${silence}, and AKS run command, the way round it, could not be used: ${evidence}`,
      fix: { ...fix, summary: `${ELSEWHERE}. Or open the way through AKS run command: ${fix.summary}` },
    };
  }
}

/**
 * Run command in place of an API server that keeps silent.
 *
 * @param silence what was seen of the API server
 * @throws {NeitherWay} unless what stands in the way says all by itself: run command switched off (its cause is about
 *   both), or a refusal by the API server, which was reached then
 */
async function wayRound(
  cluster: Cluster,
  silence: string,
  azure: AzureSession,
  ports: Ports,
  { facts }: Telling,
): Promise<ClusterConnection> {
  try {
    return await reachByRunCommand(cluster, azure, ports, silence);
  } catch (error) {
    if (error instanceof RunCommandDisabled || error instanceof ClusterRefusal) throw error;
    throw new NeitherWay(silence, explain(error, azure, facts));
  }
}

/** Why there is no connection, in a check's words. @throws what is no answer: the run was ended, or a fault of ours */
function explain(error: unknown, azure: AzureSession, facts: FixFacts): Explained {
  const cause = causeOf(error, azure);
  if (cause === undefined) return explainError(error, facts, 'cluster');
  const evidence = error instanceof Error ? error.message : '';
  return { status: 'unknown', cause, evidence, fix: CAUSES[cause].fix(facts) };
}

/** What it means when there is no connection; undefined for what Azure says itself. */
function causeOf(error: unknown, azure: AzureSession): CauseId | undefined {
  if (error instanceof RunCommandDisabled) return 'run-command-disabled';
  if (error instanceof CommandNotRun) return 'run-command-failed';
  if (error instanceof KubeconfigError || error instanceof ClusterRefusal) return 'cluster-sign-in-refused';
  const ofCluster =
    error instanceof HttpFault &&
    error.kind !== 'aborted' &&
    error.host !== new URL(azure.cloud.resourceManager).host;
  return ofCluster ? 'api-server-unreachable' : undefined;
}

/**
 * The same connection without a story, for clean-up: straight if that can be, else through run command.
 *
 * @throws whatever stands in the way
 */
export async function reachQuietly(
  cluster: Cluster,
  azure: AzureSession,
  ports: Ports,
): Promise<ClusterConnection> {
  const byWay = (): ClusterConnection => byRunCommand(cluster, azure, ports);
  try {
    const login = parseKubeconfig(await readUserKubeconfig(azure.arm, cluster));
    const { connection, fault } = await tryDirect(cluster, login, azure, ports, QUIET_TRY_MS);
    return fault === undefined ? connection : byWay();
  } catch (error) {
    // Who was told to go through run command may not even have the right to a kubeconfig.
    if (cluster.runCommandDisabled || ports.signal.aborted) throw error;
    return byWay();
  }
}

class RunCommandDisabled extends Error {
  override readonly name = 'RunCommandDisabled';
}

/**
 * A connection through run command that has answered once, so that nothing is begun that can't be finished.
 *
 * @param because why it is taken, when it wasn't asked for
 */
async function reachByRunCommand(
  cluster: Cluster,
  azure: AzureSession,
  ports: Ports,
  because?: string,
): Promise<ClusterConnection> {
  if (cluster.runCommandDisabled)
    throw new RunCommandDisabled(
      `${because === undefined ? '' : `${because}, and `}the cluster has run command switched off (apiServerAccessProfile.disableRunCommand)`,
    );
  const connection = byRunCommand(cluster, azure, ports);
  const { status, body } = await connection.request('GET', '/version', { signal: ports.signal });
  // Whoever is signed in may read the version; a token that the API server doesn't take is said here, once.
  if (status === 401) throw new ClusterRefusal(cluster.name, status, statusMessage(body) ?? 'HTTP 401');
  return connection;
}

function byRunCommand(cluster: Cluster, azure: AzureSession, ports: Ports): ClusterConnection {
  const { sender, credential, cloud } = azure;
  const { clock, runId } = ports;
  const options = { cluster, sender, credential, cloud, clock };
  return runCommandConnection({
    run: (command, context, signal) => runCommand(options, command, context, signal),
    clock,
    runId,
    cluster: cluster.name,
  });
}

/** Whose rights a command has: `clusterToken` makes the difference (see azure/run-command.ts). */
function runsAs(cluster: Cluster): string {
  return cluster.entra === undefined ? 'which runs as cluster admin' : 'which runs as this login';
}

/** A connection straight to the API server, and why it gave no answer, if it may be kept out of reach and did not. */
interface Tried {
  connection: ClusterConnection;
  fault?: HttpFault;
}

/**
 * The kubeconfig's server, tried with one request only where no answer would be no surprise. A private cluster's public
 * name leads to the same private address, for networks that don't know its private zone
 * (https://learn.microsoft.com/azure/aks/private-clusters): where the first name isn't found, the other is tried.
 */
async function tryDirect(
  cluster: Cluster,
  login: ClusterLogin,
  azure: AzureSession,
  ports: Ports,
  limitMs: number,
): Promise<Tried> {
  const first = { connection: directTo(cluster, login, azure, ports) };
  if (!mayBeOutOfReach(cluster)) return first;
  const tried = await tryOnce(first.connection, ports, limitMs);
  const { host } = new URL(login.server);
  const other = cluster.apiServers.find((name) => name !== host);
  if (tried.fault === undefined || other === undefined || !isNameUnknown(tried.fault)) return tried;
  const again = { ...login, server: `https://${other}` };
  const second = await tryOnce(directTo(cluster, again, azure, ports), ports, limitMs);
  return second.fault === undefined ? second : tried;
}

/** A proxy doesn't say why it didn't connect. */
function isNameUnknown({ kind }: HttpFault): boolean {
  return kind === 'dns' || kind === 'proxy';
}

async function tryOnce(connection: ClusterConnection, { signal }: Ports, timeoutMs: number): Promise<Tried> {
  try {
    await connection.request('GET', '/version', { timeoutMs, tries: 1, signal });
  } catch (error) {
    if (!(error instanceof HttpFault)) throw error;
    if (NO_ANSWER.has(error.kind)) return { connection, fault: error };
  }
  return { connection };
}

/**
 * A connection straight to the cluster's API server. The credential goes only to hosts that ARM named for this cluster;
 * an Entra cluster's kubeconfig holds none, and this login's own token is used.
 *
 * @throws {KubeconfigError} when the kubeconfig holds no credential
 * @throws {CredentialWithheld} when it names another server than ARM does
 */
function directTo(
  cluster: Cluster,
  login: ClusterLogin,
  azure: AzureSession,
  ports: Ports,
): ClusterConnection {
  for (const host of cluster.apiServers) azure.trust.admitApiServer(host);
  return straightTo(login, azure, ports);
}

/**
 * A connection straight to the server that a login names, if this run trusts it with that.
 *
 * @throws {KubeconfigError} when the login holds no credential
 * @throws {CredentialWithheld} when its server may not have it
 */
export function straightTo(login: ClusterLogin, azure: AzureSession, ports: Ports): ClusterConnection {
  const { credential } = login;
  azure.trust.mayCarry('cluster-credential', new URL(login.server));
  if (credential.kind === 'none') throw new KubeconfigError('the kubeconfig holds no credential');
  if (credential.kind === 'certificate') ports.log.secret(credential.key);
  if (credential.kind === 'token') ports.log.secret(credential.token);
  return directConnection({
    server: login.server,
    tls: tlsOf(login),
    clock: ports.clock,
    send: (request) =>
      azure.sender.open({ ...request, ...optional('proxy', login.proxy), carries: 'cluster-credential' }),
    authorization: async () => {
      if (credential.kind === 'token') return `Bearer ${credential.token}`;
      if (credential.kind !== 'exec') return undefined;
      const { token } = await azure.credential.token(azure.cloud.kubernetesScope);
      return `Bearer ${token}`;
    },
  });
}

function tlsOf({ ca, credential }: ClusterLogin): { ca?: string; cert?: string; key?: string } {
  return {
    ...optional('ca', ca),
    ...(credential.kind === 'certificate' ? { cert: credential.certificate, key: credential.key } : {}),
  };
}
