/** What every host does around the core: read the request, open the ports, run, put the report down. */
import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { dirname } from 'node:path';
import type { OutputName, RawInputs } from '../core/inputs.js';
import { CLOUDS } from '../core/azure/clouds.js';
import type { Cloud, CloudName } from '../core/azure/clouds.js';
import { leftLines } from '../core/kubernetes/clean-up.js';
import { Sender } from '../core/http/sender.js';
import { Trust } from '../core/http/trust.js';
import type { Clock, Credential, Http, Leftover, Log, Ports } from '../core/ports.js';
import { cleanUp } from '../core/leftovers.js';
import { preflight } from '../core/preflight.js';
import type { Report } from '../core/report.js';
import { readRequest } from '../core/request.js';
import type { Circumstances } from '../core/request.js';
import { outputsOf } from '../render/outputs.js';
import { planFiles } from '../render/plan/index.js';
import { reportJson } from '../render/report-json.js';
import { systemClock } from './clock.js';
import { LeftBehind, OutOfTime } from './failure.js';
import { createFiles } from './files.js';
import { createHttp } from './http.js';
import type { ClosableHttp } from './http.js';
import { writePlan } from './plan-files.js';
import { createRenderer } from './renderer.js';
import { writeReport } from './report-file.js';
import { openRepository, repositoryRoot } from './repository.js';
import { VERSION } from './version.js';
import { unlessAborted } from './token-cache.js';

/** How long a run that must end takes at most to remove its probes. GitHub kills a cancelled step after 7.5 s. */
export const CLEAN_UP_LIMIT_MS = 5_000;

/** What a login is made from. */
export interface SignInGround {
  /** The cloud that the run is for. */
  cloud: Cloud;
  /** Sends to the sign-in service alone; the core has senders of its own. */
  sender: Sender;
  /** Uses no proxy: for what only this machine itself can answer. */
  http: Http;
  clock: Clock;
  log: Log;
}

/** One host, for one run. */
export interface HostSide {
  environment: NodeJS.ProcessEnv;
  log: Log;
  /** Called once, after the inputs were found to be usable. */
  signIn(ground: SignInGround): Credential;
  /** Writes down what must be removed if this process dies. */
  remember(leftovers: Leftover[]): void;
  temporaryFolder: string;
  /** What relative names of files are relative to. Default: where this process runs. */
  workingFolder?: string;
  /** Where the input `-` is read from. */
  standardInput?: AsyncIterable<Uint8Array | string> | undefined;
  /** Aborted with a {@link Cancelled} when the run is cancelled. */
  signal: AbortSignal;
}

/** What a run has of its machine. Replaced where whole runs are tested against time that passes faster. */
export interface Machine {
  clock: Clock;
  createHttp(environment: NodeJS.ProcessEnv): ClosableHttp;
}

const THIS_MACHINE: Machine = { clock: systemClock, createHttp };

export interface Outcome {
  report: Report;
  /** Empty when the report could not be written. */
  reportPath: string;
  /** Why it could not. */
  reportProblem?: string;
  outputs: Record<OutputName, string>;
  /** Whether the step is good: the result is passed, and with `fail-on: warn` nothing was found wanting either. */
  succeeded: boolean;
  /** What could not be removed, as lines: why, and the kubectl line that removes it. */
  notRemoved: string[];
}

/**
 * One whole run. The network is opened only once the inputs are usable, and closed at the end. When the run is cancelled,
 * out of time or broken, what it left in clusters is removed within 5 seconds; what was remembered stays remembered, so
 * that a host with a second chance can look again.
 *
 * @throws {InputErrors} {@link Refused} before anything is called
 * @throws {Cancelled} {@link OutOfTime} {@link SignInError} or whatever else kept the core from a report
 */
export async function runPreflight(
  raw: RawInputs,
  circumstances: Circumstances,
  host: HostSide,
  machine: Machine = THIS_MACHINE,
): Promise<Outcome> {
  const request = readRequest(raw, circumstances);
  const { environment } = request;
  const network = openNetwork(host.environment, machine);
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(new OutOfTime(request.timeoutMs)), request.timeoutMs);
  let leftovers: Leftover[] = [];
  let remembered: Leftover[] = [];
  try {
    const signal = AbortSignal.any([host.signal, deadline.signal]);
    // Every request that is under way listens: of a large cluster dozens, which Node would warn of as a leak.
    setMaxListeners(0, signal);
    const ports = openPorts(network, host, machine.clock, CLOUDS[environment], signal, (known) => {
      leftovers = known.filter(({ jobs }) => jobs.length > 0);
      // What a cancelled run takes for removed may still come: a create that was cut off is carried out all the same.
      if (host.signal.aborted) return;
      remembered = leftovers;
      host.remember(known);
    });
    const running = preflight(request, ports, VERSION);
    let report: Report;
    try {
      // Out of time, the core may still have a report to give; cancelled, nobody waits for it.
      report = await unlessAborted(running, host.signal);
    } catch (error) {
      if (remembered.length === 0) throw error;
      // The core removes its probes too, by a connection it has already, and looks twice for one that may still come.
      const [notRemoved] = await Promise.all([
        removeWithin(CLEAN_UP_LIMIT_MS, remembered, environment, ports),
        settledWithin(CLEAN_UP_LIMIT_MS, running),
      ]);
      if (notRemoved.length === 0 || leftovers.length === 0) throw error;
      throw new LeftBehind(error, notRemoved);
    }
    const notRemoved = deadline.signal.aborted
      ? await removeWithin(CLEAN_UP_LIMIT_MS, leftovers, environment, ports)
      : [];
    return {
      ...(await putDown(report, host, ports.runId)),
      succeeded: succeeded(report, request.failOn),
      notRemoved,
    };
  } finally {
    clearTimeout(timer);
    await network.close();
  }
}

/**
 * Removes what an earlier process of this run remembered, with a login of its own, within the limit; and within 5 seconds
 * once this process is told to end too.
 *
 * @returns what could not be removed, as lines: why, and the kubectl line that removes it
 */
export async function removeRemembered(
  leftovers: readonly Leftover[],
  environment: CloudName,
  host: HostSide,
  limitMs: number,
): Promise<string[]> {
  if (leftovers.length === 0) return [];
  const network = openNetwork(host.environment, THIS_MACHINE);
  try {
    const ports = openPorts(
      network,
      host,
      THIS_MACHINE.clock,
      CLOUDS[environment],
      host.signal,
      () => undefined,
    );
    return await removeWithin(limitMs, leftovers, environment, ports, host.signal);
  } finally {
    await network.close();
  }
}

/** Opens this machine's ports for work that only reads, and closes them at its end. Throws whatever that does. */
export async function withPorts<T>(
  environment: CloudName,
  host: HostSide,
  work: (ports: Ports) => Promise<T>,
  machine: Machine = THIS_MACHINE,
): Promise<T> {
  const network = openNetwork(host.environment, machine);
  try {
    const { clock } = machine;
    const ports = openPorts(network, host, clock, CLOUDS[environment], host.signal, () => undefined);
    return await unlessAborted(work(ports), host.signal);
  } finally {
    await network.close();
  }
}

interface Network {
  http: ClosableHttp;
  /** Without proxies. */
  direct: ClosableHttp;
  close(): Promise<void>;
}

function openNetwork(environment: NodeJS.ProcessEnv, machine: Machine): Network {
  const [http, direct] = [machine.createHttp(environment), machine.createHttp({})];
  return {
    http,
    direct,
    async close() {
      await Promise.all([http.close(), direct.close()]);
    },
  };
}

function openPorts(
  { http, direct }: Network,
  host: HostSide,
  clock: Clock,
  cloud: Cloud,
  signal: AbortSignal,
  remember: (leftovers: Leftover[]) => void,
): Ports {
  const { log } = host;
  const folder = host.workingFolder ?? process.cwd();
  // No signal: a login begun by one part of a run is used by the others too, its clean-up among them.
  const sender = new Sender(http, new Trust(cloud), clock, log);
  return {
    log,
    clock,
    credential: host.signIn({ cloud, sender, http: direct, clock, log }),
    http,
    remember,
    files: createFiles(folder, host.standardInput),
    renderer: createRenderer(host.environment, folder, host.temporaryFolder),
    repository: openRepository(repositoryRoot(host.environment)),
    runId: randomBytes(4).toString('hex'),
    signal,
  };
}

async function removeWithin(
  limitMs: number,
  leftovers: readonly Leftover[],
  environment: CloudName,
  ports: Ports,
  hurry?: AbortSignal,
): Promise<string[]> {
  if (leftovers.length === 0) return [];
  const limit = new AbortController();
  const limitTo = (ms: number): NodeJS.Timeout =>
    setTimeout(() => limit.abort(new Error(`there was no answer within ${ms / 1000} s`)), ms);
  const timer = limitTo(limitMs);
  let hurried: NodeJS.Timeout | undefined;
  const onHurry = (): void => void (hurried = limitTo(CLEAN_UP_LIMIT_MS));
  if (hurry?.aborted === true) onHurry();
  else hurry?.addEventListener('abort', onHurry, { once: true });
  try {
    return await unlessAborted(
      cleanUp(leftovers, environment, { ...ports, signal: limit.signal }),
      limit.signal,
    );
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return leftovers.flatMap((leftover) => leftLines(leftover, why));
  } finally {
    clearTimeout(timer);
    clearTimeout(hurried);
    hurry?.removeEventListener('abort', onHurry);
  }
}

/** Waits until something is over, however it ends, but no longer. */
async function settledWithin(limitMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, limitMs)));
  await Promise.race([work.then(ignore, ignore), late]);
  clearTimeout(timer);
}

function ignore(): void {
  // Whoever waits wants to know no more than that it is over.
}

/** A report that can't be written must not hide its result. */
async function putDown(
  report: Report,
  { temporaryFolder }: HostSide,
  runId: string,
): Promise<Pick<Outcome, 'report' | 'reportPath' | 'reportProblem' | 'outputs'>> {
  try {
    const reportPath = await writeReport(temporaryFolder, runId, reportJson(report));
    const planPath = await writePlan(dirname(reportPath), planFiles(report));
    return { report, reportPath, outputs: outputsOf(report, reportPath, planPath) };
  } catch (error) {
    const reportProblem = error instanceof Error ? error.message : String(error);
    return { report, reportPath: '', reportProblem, outputs: outputsOf(report, '') };
  }
}

function succeeded(report: Report, failOn: 'fail' | 'warn'): boolean {
  if (report.result !== 'passed') return false;
  if (failOn === 'fail') return true;
  return report.connections.every(
    ({ findings, checks }) => findings.length === 0 && checks.every(({ status }) => status !== 'warn'),
  );
}

/** Why a step did not succeed, in one line. */
export function verdictLine({ report }: Pick<Outcome, 'report'>): string {
  if (report.result === 'passed')
    return `${report.mode}: passed with findings or warnings, and fail-on is warn`;
  return `${report.mode}: ${report.result}${report.cause === undefined ? '' : `, cause ${report.cause}`}`;
}
