/** One cluster's API server, spoken to through AKS run command: kubectl in a pod of the cluster does the requests. */
import { createHash } from 'node:crypto';
import { zipSync } from 'fflate';
import type { CommandResult } from '../azure/run-command.js';
import { CommandNotRun } from '../azure/run-command.js';
import { asText, at, parseJson } from '../json.js';
import type { Clock } from '../ports.js';
import { HttpFault } from '../ports.js';
import { shellWord } from '../shell.js';
import { ClusterRefusal, statusMessage } from './answers.js';
import type { ClusterConnection, RequestOptions } from './connection.js';
import { createdBefore } from './connection.js';
import { listAt, textAt } from './json.js';
import { abortReason } from './wait.js';
import type { WatchEvent } from './watch.js';

export interface RunCommandConnectionOptions {
  /** Runs one shell line with the files of a zip archive beside it; empty: there are none. */
  run(command: string, context: Uint8Array, signal: AbortSignal): Promise<CommandResult>;
  clock: Clock;
  /** Makes the marks in the output this run's own. */
  runId: string;
  /** Name of the cluster, for messages. */
  cluster: string;
}

/** A command takes seconds to begin and to be asked after: what only explains is waited for this long. */
const PATIENCE_MS = 60_000;
/** Requests of one command, and objects of one list. A Node with its images may have 40 kB, and the output is cut off at 512 kB. */
const MOST_REQUESTS = 10;
/**
 * A kubelet reports its images every 10 s (kubernetes/kubernetes, pkg/kubelet/apis/config/v1beta1/defaults.go,
 * NodeStatusUpdateFrequency), which is sooner than a command tells that the pod has a node and the next one asks for it.
 * Most pools have no more nodes than this; of others the pod's own is read late.
 */
const NODES_BEFORE = 3;
/** What is asked for within this time goes into the same command: one costs seconds. */
const GATHER_MS = 50;
/** Between two lists that stand in for a watch. */
const LIST_EVERY_MS = 2_000;
/** Lists in a row that come to nothing, after which the watch gives up. */
const MOST_FAULTS = 3;

/** kubectl's sub-command for each method; all take `--raw` (kubernetes/kubectl, pkg/rawhttp). */
const VERBS: Readonly<Record<string, string>> = { GET: 'get', POST: 'create', DELETE: 'delete' };

/**
 * HTTP status of each reason that kubectl prints for a refusal, `Error from server (Reason): message`
 * (kubernetes/apimachinery, pkg/api/errors/errors.go). kubectl prints no status.
 */
const STATUS_OF_REASON: Readonly<Record<string, number>> = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServerTimeout: 500,
  ServiceUnavailable: 503,
  Timeout: 504,
};

interface Asked {
  method: string;
  path: string;
  given: RequestOptions;
  settle(answer: Answer | Error): void;
  settled: boolean;
}

interface Answer {
  status: number;
  body: unknown;
}

/**
 * The same connection as a direct one, slower: requests that come together go into one command, those that come while it
 * runs into the next, and a watch is a list over and over. Request bodies go as files of the command's archive; nothing of
 * them stands in the shell line, and nothing that others named stands there unquoted. A request has no limit of its own
 * but its signal: run command has one, and kubectl tries again what may pass.
 *
 * `request` rejects with {@link CommandNotRun} when the command came to no answer, with ArmError when ARM refuses to run
 * it, and with HttpFault when ARM can't be reached.
 */
export function runCommandConnection(options: RunCommandConnectionOptions): ClusterConnection {
  const queue = new Queue(options);
  const request = async (method: string, path: string, given: RequestOptions = {}): Promise<Answer> => {
    const answer = await queue.ask(method, path, given);
    // A command may have been run twice: what the first one made is what was asked for.
    if (method !== 'POST' || answer.status !== 409) return answer;
    return (await createdBefore(request, path, given)) ?? answer;
  };
  return {
    patienceMs: PATIENCE_MS,
    pageSize: MOST_REQUESTS,
    nodesBefore: NODES_BEFORE,
    request,
    watch: (path, query, signal) => listing(request, options, path, query, signal),
  };
}

/** Requests that wait, and the one command that runs. */
class Queue {
  #waiting: Asked[] = [];
  #running = false;
  #commands = 0;

  constructor(private readonly options: RunCommandConnectionOptions) {}

  async ask(method: string, path: string, given: RequestOptions): Promise<Answer> {
    if (VERBS[method] === undefined) throw new Error(`${method} is not done by run command`);
    const { signal } = given;
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const giveUp = (): void => asked.settle(abortReason(signal));
      const asked: Asked = {
        method,
        path,
        given,
        settled: false,
        settle: (answer) => {
          asked.settled = true;
          signal?.removeEventListener('abort', giveUp);
          if (answer instanceof Error) reject(answer);
          else resolve(answer);
        },
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      this.#waiting.push(asked);
      void this.#work();
    });
  }

  async #work(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    while (this.#waiting.length > 0) {
      await this.options.clock.sleep(GATHER_MS);
      const wanted = this.#waiting.filter(({ settled }) => !settled);
      this.#waiting = wanted.slice(MOST_REQUESTS);
      if (wanted.length > 0) await this.#run(wanted.slice(0, MOST_REQUESTS));
    }
    this.#running = false;
  }

  /** Runs one command for these requests. Never rejects. */
  async #run(batch: readonly Asked[]): Promise<void> {
    this.#commands += 1;
    const mark = createHash('sha256')
      .update(`${this.options.runId}\n${this.#commands}`)
      .digest('hex')
      .slice(0, 16);
    // A command that nobody waits for any more is not waited for here either.
    const unwanted = new AbortController();
    const release = (): void => {
      if (batch.every(({ given }) => given.signal?.aborted === true))
        unwanted.abort(new Error('nobody waits for the command any more'));
    };
    for (const { given } of batch) given.signal?.addEventListener('abort', release, { once: true });
    try {
      const line = batch.map((asked, nth) => lineOf(asked, nth, mark)).join('; ');
      const result = await this.options.run(line, archiveOf(batch), unwanted.signal);
      this.#answer(batch, result, mark);
    } catch (error) {
      const fault = error instanceof Error ? error : new Error('run command failed', { cause: error });
      for (const asked of batch) asked.settle(fault);
    } finally {
      for (const { given } of batch) given.signal?.removeEventListener('abort', release);
    }
  }

  /** Gives each request its part of the output. What was cut off is asked again, as long as something comes through. */
  #answer(batch: readonly Asked[], { logs, exitCode }: CommandResult, mark: string): void {
    const cutOff: Asked[] = [];
    let from = 0;
    batch.forEach((asked, nth) => {
      const end = new RegExp(`${mark}-${nth}-(done|refused)\\n?`, 'g');
      end.lastIndex = from;
      const found = end.exec(logs);
      const said = found === null ? '' : logs.slice(from, found.index);
      if (found !== null) from = end.lastIndex;
      const answer = found?.[1] === 'refused' ? refusalOf(said) : answerOf(asked.method, said);
      if (answer === undefined) cutOff.push(asked);
      else asked.settle(answer);
    });
    if (cutOff.length < batch.length) {
      this.#waiting.unshift(...cutOff);
      return;
    }
    const ending = logs.trim() === '' ? '' : `, ending in ${JSON.stringify(logs.slice(-200))}`;
    const fault = new CommandNotRun(
      `run command gave no whole answer (exit code ${exitCode}, ${logs.length} characters${ending})`,
    );
    for (const asked of cutOff) asked.settle(fault);
  }
}

/**
 * One request as kubectl does it, and a mark behind it that says whether it was refused. Both of kubectl's streams go one
 * way, so that none of its words can come after the mark.
 */
function lineOf({ method, path, given }: Asked, nth: number, mark: string): string {
  const search = new URLSearchParams(given.query).toString();
  const words = ['kubectl', VERBS[method], '--raw', shellWord(path + (search === '' ? '' : `?${search}`))];
  if (given.body !== undefined) words.push('-f', fileOf(nth));
  return `${words.join(' ')} 2>&1 && echo ${mark}-${nth}-done || echo ${mark}-${nth}-refused`;
}

function fileOf(nth: number): string {
  return `${nth}.json`;
}

/** The requests' bodies as a zip archive; empty when there is none. */
function archiveOf(batch: readonly Asked[]): Uint8Array {
  const files = batch.flatMap(({ given }, nth) =>
    given.body === undefined
      ? []
      : [[fileOf(nth), new TextEncoder().encode(JSON.stringify(given.body))] as const],
  );
  if (files.length === 0) return new Uint8Array();
  // A fixed date: the same requests give the same archive. 1980 is the earliest that the format knows.
  return zipSync(Object.fromEntries(files), { mtime: '1980-01-02T00:00:00Z' });
}

/**
 * What the API server answered; undefined when it isn't whole. kubectl writes the answer as it comes, JSON that no line
 * break stands in but its own; the server's warnings and kubectl's own words stand on other lines.
 */
function answerOf(method: string, said: string): Answer | undefined {
  const body = parseJson(/^[{[][^]*[}\]]/m.exec(said)?.[0] ?? '');
  return body === undefined ? undefined : { status: method === 'POST' ? 201 : 200, body };
}

/**
 * A refusal in kubectl's words (kubernetes/kubectl, pkg/cmd/util/helpers.go, StandardErrorMessage) as the Status that the
 * server sent, as far as they tell.
 */
function refusalOf(said: string): Answer | Error {
  const text = said.trim();
  const named = /^Error from server(?: \((\w+)\))?: ([^]*)$/m.exec(text);
  if (named !== null) {
    const [, reason = '', message = ''] = named;
    return { status: STATUS_OF_REASON[reason] ?? 500, body: { reason, message, ...detailsOf(message) } };
  }
  const unknownCaller = /^error: You must be logged in to the server \(([^]*)\)$/m.exec(text);
  if (unknownCaller !== null)
    return { status: 401, body: { reason: 'Unauthorized', message: unknownCaller[1] ?? '' } };
  const invalid = /^The (?:\S* ".*"|request) is invalid: [^]*$/m.exec(text);
  if (invalid !== null) return { status: 422, body: { reason: 'Invalid', message: invalid[0] } };
  return new CommandNotRun(`kubectl in the cluster failed: ${text.slice(0, 500)}`);
}

/** The one detail that is told apart, by its words (kubernetes/apiserver, pkg/admission/plugin/namespace/lifecycle). */
function detailsOf(message: string): { details?: unknown } {
  return /in namespace \S+ because it is being terminated$/.test(message)
    ? { details: { causes: [{ reason: 'NamespaceTerminating' }] } }
    : {};
}

/** A watch by listing: what is new, changed or gone since the list before. */
async function* listing(
  request: ClusterConnection['request'],
  { clock, cluster }: RunCommandConnectionOptions,
  path: string,
  query: Record<string, string>,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent, void, undefined> {
  let known = new Map<string, unknown>();
  for (let faults = 0; !signal.aborted;) {
    try {
      const now = byUid(itemsOf(await request('GET', path, { query, signal }), cluster));
      faults = 0;
      for (const [uid, object] of now) {
        const before = known.get(uid);
        if (before === undefined) yield { type: 'ADDED', object };
        else if (versionOf(before) !== versionOf(object)) yield { type: 'MODIFIED', object };
      }
      for (const [uid, object] of known) if (!now.has(uid)) yield { type: 'DELETED', object };
      known = now;
    } catch (error) {
      if (signal.aborted) return;
      faults += 1;
      if (!mayPass(error) || faults === MOST_FAULTS) throw error;
    }
    await clock.sleep(LIST_EVERY_MS, signal).catch(() => undefined);
  }
}

function itemsOf({ status, body }: Answer, cluster: string): unknown[] {
  if (status !== 200) throw new ClusterRefusal(cluster, status, statusMessage(body) ?? `HTTP ${status}`);
  if (!Array.isArray(at(body, 'items')))
    throw new HttpFault('other', cluster, 'what should be a list is none');
  return listAt(body, 'items');
}

function mayPass(error: unknown): boolean {
  if (error instanceof ClusterRefusal) return error.status === 429 || error.status >= 500;
  return error instanceof CommandNotRun || error instanceof HttpFault;
}

function byUid(items: readonly unknown[]): Map<string, unknown> {
  return new Map(items.map((item) => [textAt(item, 'metadata', 'uid') ?? '', item]));
}

function versionOf(object: unknown): string | undefined {
  return asText(at(object, 'metadata', 'resourceVersion'));
}
