/** One probe from its making to its removal: one pod, one pull, one outcome. */
import { ArmError } from '../azure/arm.js';
import { CommandNotRun } from '../azure/run-command.js';
import type { Clock } from '../ports.js';
import { HttpFault } from '../ports.js';
import { accountAsSent, admittedAsSent, strayedTo } from './admission.js';
import type { Deviation } from './admission.js';
import { ClusterRefusal, statusMessage } from './answers.js';
import type { ClusterConnection } from './connection.js';
import { at, optional } from '../json.js';
import { entriesAt, listAt, textAt } from './json.js';
import type { PullOutcome } from './outcome.js';
import { heldUpBy, lastEvent, pullOutcome, scaleUp } from './outcome.js';
import type { Mailbox, PodFeed } from './pods.js';
import { isAdmission, isQuota } from './policies.js';
import type { PodTemplate, ProbeManifests } from './probe.js';
import { PROBE_CONTAINER } from './probe.js';
import { within } from './wait.js';

/** Why a pull was not proved. `pull-refused` stands in for whatever the message is explained by. */
export type ProveCause =
  | 'pull-refused'
  | 'probe-timed-out'
  | 'probe-refused'
  | 'probe-changed'
  | 'probe-unschedulable'
  | 'pull-interrupted'
  | 'namespace-missing'
  | 'cluster-rights-missing'
  | 'cluster-sign-in-refused'
  | 'api-server-unreachable'
  | 'run-command-failed';

/** How an attempt ended, when the pull is decided or can't be. */
export type Decided =
  | { kind: 'pulled'; outcome: PullOutcome }
  | { kind: 'refused'; message: string; outcome: PullOutcome }
  | { kind: 'unknown'; cause: ProveCause; message: string; node?: string };

/**
 * How an attempt ended. `again`: another probe may get through, else it stays unknown for that cause.
 * - `taint`: with all taints tolerated;
 * - `interrupted`: on another node or a little later;
 * - `quota`: when another probe of ours has gone.
 */
export type Verdict =
  | Decided
  | (Omit<Extract<Decided, { kind: 'unknown' }>, 'kind'> & {
      kind: 'again';
      after: 'taint' | 'interrupted' | 'quota';
    });

export interface AttemptOptions {
  connection: ClusterConnection;
  clock: Clock;
  feed: PodFeed;
  namespace: string;
  manifests: ProbeManifests;
  limitMs: number;
  /** How long a node that an autoscaler adds may take to come; then the limit begins anew. 0: none is waited for. */
  newNodeMs: number;
  signal: AbortSignal;
  /** Whether the probe tolerates every taint already. */
  tolerant: boolean;
  /** What admission added without spoiling the pull. */
  noticed(text: string): void;
  /** An autoscaler adds a node. */
  nodeComing(): void;
}

/**
 * The scheduler's words for a taint, with or without its key by version (kubernetes/kubernetes,
 * pkg/scheduler/framework/plugins/tainttoleration/taint_toleration.go). Nodes of other pools count in it too.
 */
const TAINT = /\btaint/i;
/** How long the scheduler may find no node. */
const UNSCHEDULABLE_MS = 60_000;
/**
 * Without a pod, the Job's events are read this long after its making. The first reading finds what refuses the pod at
 * once; the second what the Job controller says after its own retries, which it delays.
 */
const NO_POD_MS = [5_000, 30_000] as const;
/** Reading events is what an attempt does at most this often, so that a pool costs at most six requests. */
const MOST_EVENT_LISTS = 2;
/** How long a refusal without a reason is waited on for one: longer than the kubelet's first back-off of 10 s. */
const SILENT_MS = 15_000;

/**
 * Makes the probe and follows it until its pull is decided, or the limit is over. Making it: the Job first, then the
 * ServiceAccount it owns. Does not remove it: whoever called does, whatever comes out.
 *
 * @throws the signal's reason when it is aborted
 */
export async function attemptPull(options: AttemptOptions): Promise<Verdict> {
  const { connection, manifests, namespace, signal } = options;
  const until = options.clock.now() + options.limitMs;
  const box = options.feed.open(manifests.name);
  const ns = encodeURIComponent(namespace);
  const nodes = nodesBefore(options);
  try {
    const job = await connection.request('POST', `/apis/batch/v1/namespaces/${ns}/jobs`, {
      body: manifests.job,
      signal,
    });
    if (job.status >= 300) return notMade('Job', namespace, job);
    // Queues of Jobs such as Kueue hold every Job back until they let it run.
    if (at(job.body, 'spec', 'suspend') === true)
      return unknown(
        'probe-refused',
        'the cluster suspended the Job when it was made: a queue holds it back',
      );
    const jobUid = textAt(job.body, 'metadata', 'uid');
    if (jobUid === undefined)
      return unknown('api-server-unreachable', 'the answer to creating the probe Job holds no uid');
    const account = await connection.request('POST', `/api/v1/namespaces/${ns}/serviceaccounts`, {
      body: manifests.serviceAccount(jobUid),
      signal,
    });
    if (account.status >= 300) return notMade('ServiceAccount', namespace, account);
    const spoilt = accountAsSent(account.body);
    if (spoilt.length > 0) return changed("the probe's ServiceAccount", spoilt);
    return await new Following(options, box, jobUid, until, nodes).verdict();
  } catch (error) {
    signal.throwIfAborted();
    const verdict = faultVerdict(error);
    if (verdict === undefined) throw error;
    return verdict;
  } finally {
    options.feed.close(manifests.name);
  }
}

/** A fault of the connection as a verdict; undefined for errors that are nobody's answer. */
function faultVerdict(error: unknown): Verdict | undefined {
  if (error instanceof HttpFault)
    return {
      kind: 'unknown',
      cause: 'api-server-unreachable',
      message: `no answer from ${error.host}: ${error.message}`,
    };
  if (error instanceof ClusterRefusal) return refusedRequest(error.status, error.message);
  if (error instanceof CommandNotRun || error instanceof ArmError)
    return { kind: 'unknown', cause: 'run-command-failed', message: error.message };
  return undefined;
}

/**
 * Why the cluster would not make a part of the probe. Authorisation says who may not do what ("User … cannot create
 * resource", captures: 403-jobs-list.http, 404-namespace-create-forbidden.http; authorisers may add their own words
 * after it); any other 403 is admission's: policies, quota, Pod Security.
 */
function notMade(what: string, namespace: string, answer: { status: number; body: unknown }): Verdict {
  const words = statusMessage(answer.body) ?? `HTTP ${answer.status}`;
  const terminating = listAt(answer.body, 'details', 'causes').some(
    (one) => textAt(one, 'reason') === 'NamespaceTerminating',
  );
  if (answer.status === 404 || terminating)
    return {
      kind: 'unknown',
      cause: 'namespace-missing',
      message: `the namespace ${namespace} ${terminating ? 'is being deleted' : 'is not there'}: ${words}`,
    };
  return refusedRequest(answer.status, `creating the probe's ${what}: ${words}`);
}

function refusedRequest(status: number, message: string): Verdict {
  const cause = ((): ProveCause => {
    // A webhook that can't be called is a 500, and a policy's words may be anybody's: neither is about the API server.
    if (isAdmission(message)) return 'probe-refused';
    if (status === 401) return 'cluster-sign-in-refused';
    if (status === 403 && /\bcannot \w+ resource\b/.test(message)) return 'cluster-rights-missing';
    return status === 408 || status === 429 || status >= 500 ? 'api-server-unreachable' : 'probe-refused';
  })();
  return cause === 'probe-refused' ? probeRefused(message) : unknown(cause, message);
}

/** A refusal of the probe itself; one by quota may pass when other probes have gone. */
function probeRefused(message: string): Verdict {
  return isQuota(message)
    ? { kind: 'again', after: 'quota', cause: 'probe-refused', message }
    : unknown('probe-refused', message);
}

function unknown(cause: ProveCause, message: string): Extract<Decided, { kind: 'unknown' }> {
  return { kind: 'unknown', cause, message };
}

function changed(what: string, deviations: readonly Deviation[]): Extract<Decided, { kind: 'unknown' }> {
  return unknown(
    'probe-changed',
    `the cluster changed ${what} on admission: ${deviations.map(told).join('; ')}`,
  );
}

function told({ field, found }: Deviation): string {
  return `${field} ${found}`;
}

function refusedWith(outcome: PullOutcome): Verdict {
  const message = outcome.message ?? 'the node backs off pulling the image, and no event says why';
  return { kind: 'refused', message, outcome };
}

/** Follows one Job's pod. */
class Following {
  readonly #began: number;
  #pod: unknown;
  /** The Node as it was when the pod came to it, or before: asked for at once, so that it doesn't hold the pull's result yet. */
  #node: Promise<unknown> | undefined;
  /** When the pod was given to a node. */
  #placed: number | undefined;
  #nodeComing = false;
  #unschedulableSince: number | undefined;
  #lastWords: string | undefined;
  /** Since when the pod backs off without a reason. */
  #silentSince: number | undefined;
  #eventLists = 0;
  #jobEventsRead = 0;

  constructor(
    private readonly options: AttemptOptions,
    private readonly box: Mailbox,
    private readonly jobUid: string,
    private readonly until: number,
    private readonly nodesBefore: Promise<unknown[]>,
  ) {
    this.#began = options.clock.now();
  }

  async verdict(): Promise<Verdict> {
    const { clock, feed, signal } = this.options;
    for (;;) {
      for (const change of this.box.take()) {
        const verdict = await this.#changed(change.type, change.object);
        if (verdict !== undefined) return verdict;
      }
      const verdict = await this.#overdue(clock.now());
      if (verdict !== undefined) return verdict;
      if (feed.failure !== undefined) {
        signal.throwIfAborted();
        throw feed.failure;
      }
      await this.box.wait(clock, this.#nextDue() - clock.now(), signal);
    }
  }

  async #changed(type: string, pod: unknown): Promise<Verdict | undefined> {
    const owners = listAt(pod, 'metadata', 'ownerReferences');
    if (!owners.some((owner) => textAt(owner, 'uid') === this.jobUid)) return undefined;
    const first = this.#pod === undefined;
    this.#pod = pod;
    // A pod's image may be changed later too, so every sight of it is held against what was sent.
    const spoilt = this.#admission(pod, first);
    if (spoilt !== undefined) return spoilt;
    const node = textAt(pod, 'spec', 'nodeName');
    if (node !== undefined) {
      this.#node ??= this.#readNode(node);
      this.#placed ??= this.options.clock.now();
    }

    const outcome = pullOutcome(pod, [], PROBE_CONTAINER);
    switch (outcome.state) {
      case 'pulled':
        return this.#proved();
      case 'refused':
        return this.#refused(outcome);
      case 'interrupted':
        return this.#interrupted(outcome);
      case 'probe-refused':
        return this.#unknown('probe-refused', outcome.message ?? 'the node did not take the probe');
      case 'unschedulable':
        if (!this.options.tolerant && TAINT.test(outcome.message ?? ''))
          return this.#again('taint', 'probe-unschedulable', outcome.message ?? '');
        this.#unschedulableSince ??= this.options.clock.now();
        this.#lastWords = outcome.message;
        break;
      case 'pending':
        this.#unschedulableSince = undefined;
        break;
    }
    if (type !== 'DELETED') return undefined;
    // The pod is gone without a decision in its status; its events may still tell.
    const told = pullOutcome(pod, await this.#podEvents(), PROBE_CONTAINER);
    if (told.state === 'pulled') return this.#proved(told);
    if (told.state === 'refused') return refusedWith(told);
    if (told.state === 'interrupted') return this.#interrupted(told);
    return this.#unknown(
      'probe-refused',
      "the probe's pod was deleted by something else before its pull was decided",
    );
  }

  #admission(pod: unknown, first: boolean): Decided | undefined {
    const deviations = admittedAsSent(this.#sent, pod);
    const spoilt = deviations.filter((one) => one.spoils);
    if (spoilt.length > 0) {
      const node = textAt(pod, 'spec', 'nodeName');
      return { ...changed("the probe's pod", spoilt), ...optional('node', node) };
    }
    if (first && deviations.length > 0) this.options.noticed(deviations.map(told).join('; '));
    return undefined;
  }

  get #sent(): PodTemplate {
    return this.options.manifests.job.spec.template;
  }

  /**
   * A pulled pod, with what the node and, where the node's list is cut off, the events tell about the content. What the
   * pod was to be placed by is part of it as admitted, and kubelets refuse pods that aren't for their node; where the
   * Node can be read, it is held against it as well.
   */
  async #proved(seen?: PullOutcome): Promise<Verdict> {
    const node = await this.#node;
    const stray = strayedTo(this.#sent, node);
    if (stray !== undefined) return this.#unknown('probe-changed', `the probe ran elsewhere: ${stray}`);
    if (seen !== undefined) return { kind: 'pulled', outcome: seen };
    const outcome = pullOutcome(this.#pod, [], PROBE_CONTAINER, node);
    if (outcome.proved === 'content' || node === undefined) return { kind: 'pulled', outcome };
    const told = pullOutcome(this.#pod, await this.#podEvents(), PROBE_CONTAINER, node);
    if (told.state === 'probe-refused') return this.#unknown('probe-refused', told.message ?? '');
    return { kind: 'pulled', outcome: told };
  }

  #interrupted({ message }: PullOutcome): Verdict {
    return this.#again('interrupted', 'pull-interrupted', message ?? 'the node gave the pull up');
  }

  #again(after: Extract<Verdict, { kind: 'again' }>['after'], cause: ProveCause, message: string): Verdict {
    return { ...this.#unknown(cause, message), kind: 'again', after };
  }

  /**
   * A refusal with its message. Without one (kubelets before 1.32 only say "Back-off") the events are read; they lag
   * behind the status by seconds (capture: events-nocred.json of kubelet 1.20), so there is a second reading later.
   */
  async #refused(outcome: PullOutcome): Promise<Verdict | undefined> {
    if (outcome.message !== undefined) return { kind: 'refused', message: outcome.message, outcome };
    if (this.#silentSince !== undefined) return undefined;
    this.#silentSince = this.options.clock.now();
    return this.#refusedByEvents();
  }

  async #refusedByEvents(): Promise<Verdict | undefined> {
    const outcome = pullOutcome(this.#pod, await this.#podEvents(), PROBE_CONTAINER);
    if (outcome.state === 'interrupted') return this.#interrupted(outcome);
    return outcome.state === 'refused' && outcome.message !== undefined
      ? { kind: 'refused', message: outcome.message, outcome }
      : undefined;
  }

  /** What has waited too long. */
  async #overdue(now: number): Promise<Verdict | undefined> {
    if (now >= this.#until) return this.#timedOut();
    if (
      !this.#nodeComing &&
      this.#unschedulableSince !== undefined &&
      now - this.#unschedulableSince >= UNSCHEDULABLE_MS
    )
      return this.#nowhere();
    if (this.#silentSince !== undefined && now - this.#silentSince >= SILENT_MS)
      return (await this.#refusedByEvents()) ?? refusedWith(pullOutcome(this.#pod, [], PROBE_CONTAINER));
    const due = NO_POD_MS[this.#jobEventsRead];
    if (this.#pod !== undefined || due === undefined || now - this.#began < due) return undefined;
    this.#jobEventsRead += 1;
    const refusal = podRefusal(await this.#events(this.options.manifests.name));
    return refusal === undefined ? undefined : probeRefused(refusal);
  }

  /** No node takes the pod: unless an autoscaler adds one, that is the end. */
  async #nowhere(): Promise<Verdict | undefined> {
    const said = scaleUp(await this.#podEvents());
    if (said?.coming === true && this.options.newNodeMs > 0) {
      this.#nodeComing = true;
      this.options.nodeComing();
      return undefined;
    }
    const words = [this.#lastWords, said?.words].filter((one) => one !== undefined).join('; ');
    return this.#unknown(
      'probe-unschedulable',
      `no node takes the pod after ${UNSCHEDULABLE_MS / 1000} s: ${words}`,
    );
  }

  /** When this attempt is over: a new node has its own time to come, and the pull on it as much as any other. */
  get #until(): number {
    const { limitMs, newNodeMs } = this.options;
    if (!this.#nodeComing) return this.until;
    return this.#placed === undefined ? this.#began + newNodeMs : this.#placed + limitMs;
  }

  #nextDue(): number {
    const times = [this.#until];
    if (this.#unschedulableSince !== undefined && !this.#nodeComing)
      times.push(this.#unschedulableSince + UNSCHEDULABLE_MS);
    if (this.#silentSince !== undefined) times.push(this.#silentSince + SILENT_MS);
    const due = NO_POD_MS[this.#jobEventsRead];
    if (this.#pod === undefined && due !== undefined) times.push(this.#began + due);
    return Math.min(...times);
  }

  async #timedOut(): Promise<Verdict> {
    const events =
      this.#pod === undefined ? await this.#events(this.options.manifests.name) : await this.#podEvents();
    const outcome = pullOutcome(this.#pod, events, PROBE_CONTAINER);
    if (outcome.state === 'pulled') return this.#proved(outcome);
    if (outcome.state === 'refused') return refusedWith(outcome);
    if (outcome.state === 'interrupted') return this.#interrupted(outcome);
    const last = lastEvent(events);
    const after = `timed out after ${Math.round((this.options.clock.now() - this.#began) / 1000)} s`;
    const words = [after, heldUpBy(this.#pod), last === undefined ? 'no event' : `last event ${last}`];
    const nodeMissing = this.#nodeComing && this.#placed === undefined;
    return this.#unknown(
      nodeMissing ? 'probe-unschedulable' : 'probe-timed-out',
      words.filter((one) => one !== undefined).join(', '),
    );
  }

  #unknown(cause: ProveCause, message: string): Extract<Decided, { kind: 'unknown' }> {
    const node = textAt(this.#pod, 'spec', 'nodeName');
    return { kind: 'unknown', cause, message, ...optional('node', node) };
  }

  #podEvents(): Promise<unknown[]> {
    const name = textAt(this.#pod, 'metadata', 'name');
    return name === undefined ? Promise.resolve([]) : this.#events(name);
  }

  /** Events about one object. They only explain: when they can't be read, there are none. */
  async #events(name: string): Promise<unknown[]> {
    if (this.#eventLists >= MOST_EVENT_LISTS) return [];
    this.#eventLists += 1;
    const path = `/api/v1/namespaces/${encodeURIComponent(this.options.namespace)}/events`;
    const answer = await optionally(this.options, path, { fieldSelector: `involvedObject.name=${name}` });
    return listAt(answer, 'items');
  }

  async #readNode(name: string): Promise<unknown> {
    const known = (await this.nodesBefore).find((node) => textAt(node, 'metadata', 'name') === name);
    return known ?? optionally(this.options, `/api/v1/nodes/${encodeURIComponent(name)}`, {});
  }
}

/** Something that may be read, but need not: a caller without that right still gets its pull proved. */
async function optionally(
  { clock, connection, signal }: AttemptOptions,
  path: string,
  query: Record<string, string>,
): Promise<unknown> {
  const answer = await within(
    clock,
    connection.patienceMs,
    signal,
    (bound) => connection.request('GET', path, { query, signal: bound }),
    () => new Error('took too long'),
  ).catch(() => undefined);
  return answer?.status === 200 ? answer.body : undefined;
}

/** Nodes that the probe may come to, as they are before it is made; none where they are read later, or may not be. */
async function nodesBefore(options: AttemptOptions): Promise<unknown[]> {
  const { connection, manifests } = options;
  if (connection.nodesBefore === 0) return [];
  const labels = entriesAt(manifests.job.spec.template, 'spec', 'nodeSelector');
  const answer = await optionally(options, '/api/v1/nodes', {
    labelSelector: labels.map(([label, value]) => `${label}=${String(value)}`).join(','),
    limit: String(connection.nodesBefore),
  });
  return listAt(answer, 'items');
}

/**
 * Why the Job controller could not make the pod: its FailedCreate event. Not counted: that the ServiceAccount isn't
 * there yet, for the Job is made before it and the controller tries again.
 */
function podRefusal(events: readonly unknown[]): string | undefined {
  const words = events
    .filter(
      (event) =>
        textAt(event, 'reason') === 'FailedCreate' && textAt(at(event, 'involvedObject'), 'kind') === 'Job',
    )
    .map((event) => textAt(event, 'message') ?? 'FailedCreate')
    .filter((message) => !/error looking up service account|serviceaccount ".*" not found/i.test(message));
  return words.at(-1);
}
