/** Proves pulls on a cluster's nodes: for every target one probe, more while a new grant takes effect, none left. */
import { optional } from '../json.js';
import type { Leftover, Ports } from '../ports.js';
import type { Finding, Fix, Pull } from '../report.js';
import type { Verdict } from './attempt.js';
import { attemptPull } from './attempt.js';
import { deleteCommand, removeProbes } from './clean-up.js';
import type { ClusterConnection } from './connection.js';
import { PodFeed } from './pods.js';
import { probeManifests } from './probe.js';
import { waitingMayCure } from './refusal.js';
import { abortReason } from './wait.js';

/** One image to be pulled on one node of a pool. */
export interface PullTarget {
  nodePool: string;
  /** `Linux` or `Windows`, in any case. */
  os: string;
  architecture: string;
  image: string;
  /** What the registry says the image's digest is, where this login could read it. */
  digest?: string;
}

export interface ProveOptions {
  connection: ClusterConnection;
  clusterId: string;
  namespace: string;
  runId: string;
  /** Who runs this, for whoever finds a probe in the cluster. */
  owner: string;
  targets: readonly PullTarget[];
  ports: Pick<Ports, 'clock' | 'remember' | 'signal'> & { log: Pick<Ports['log'], 'waiting' | 'debug'> };
  /** A grant was made just now: refusals that it may cure are tried again until then (milliseconds since the epoch). */
  waitForGrant?: { until: number };
  /** Milliseconds for one attempt. Default 3 minutes. */
  attemptLimitMs?: number;
  /** What a refusal means: the id of its cause, and what to do. */
  explain?: (message: string) => { cause: string; fix?: Fix; docs?: string } | undefined;
  /** Told of what is worth changing: a probe that could not be removed, a pod that admission added to. */
  onFinding?: (finding: Finding) => void;
}

const ATTEMPT_LIMIT_MS = 180_000;
/** After its end the cluster removes a probe by itself. */
const TTL_SECONDS = 60;
/** The Job's own deadline comes only after ours, so that what we see is the pull and not the deadline. */
const DEADLINE_MARGIN_SECONDS = 30;
/** Between attempts while a grant takes effect; the last repeats. */
const RETRY_PAUSES_MS = [5_000, 10_000, 15_000, 20_000, 30_000] as const;
const TELL_EVERY_MS = 5_000;
/** Cleaning up takes no longer, even when the run was cancelled: CI systems kill what lingers. */
const CLEAN_UP_MS = 4_000;
/** A create that was cut off may still arrive: then a delete that found nothing is repeated after this. */
const LATE_CREATE_MS = 500;

/**
 * Pulls every target on a node of its pool, side by side. A refusal fails its pull; whatever keeps the probe from
 * telling (rights, admission, quota, scheduling, time) leaves it unknown with the cluster's own words. Every probe is
 * removed whatever happens, within 4 seconds; one that could not be is a finding with the command that removes it.
 * `ports.remember` is called before every Job is made and once at the end, each time with the names of all Jobs of
 * this call that may still be there.
 *
 * Requests per pool: Job, ServiceAccount, Node, at most two event lists, delete; and one watch for all pools.
 *
 * @throws the reason of `ports.signal` when it is aborted, after cleaning up
 */
export async function provePulls(options: ProveOptions): Promise<Pull[]> {
  const { ports } = options;
  ports.signal.throwIfAborted();
  if (options.targets.length === 0) return [];
  const run = new Run(options);
  try {
    const results = await Promise.allSettled(
      options.targets.map((target, index) => run.prove(target, index)),
    );
    if (ports.signal.aborted) throw abortReason(ports.signal);
    return results.map((result) => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    });
  } finally {
    run.end();
  }
}

/** What the targets of one call share. */
class Run {
  readonly #began: number;
  readonly #limitMs: number;
  readonly #feed: PodFeed;
  readonly #ended = new AbortController();
  /** Jobs that may be there. */
  readonly #jobs = new Set<string>();
  /** What each target that isn't done is busy with. */
  readonly #busy = new Map<PullTarget, 'pull' | 'grant'>();
  #grantAwaitedSince: number | undefined;

  constructor(private readonly options: ProveOptions) {
    const { connection, namespace, runId, ports } = options;
    this.#began = ports.clock.now();
    this.#limitMs = options.attemptLimitMs ?? ATTEMPT_LIMIT_MS;
    this.#feed = new PodFeed(connection, namespace, runId, ports.signal);
    void this.#tell();
  }

  end(): void {
    this.#ended.abort();
    this.#feed.stop();
    this.#remember();
  }

  async prove(target: PullTarget, ordinal: number): Promise<Pull> {
    const { clock, log, signal } = this.options.ports;
    const began = clock.now();
    try {
      for (let attempt = 1; ; attempt += 1) {
        this.#busy.set(target, 'pull');
        const verdict = await this.#probe(target, ordinal, attempt);
        const pause = this.#pauseBefore(verdict, attempt);
        if (pause === undefined) return this.#pull(target, verdict, attempt, clock.now() - began);
        log.debug(`pool ${target.nodePool}: attempt ${attempt} refused, again in ${pause / 1000} s`);
        this.#busy.set(target, 'grant');
        this.#grantAwaitedSince ??= clock.now();
        await clock.sleep(pause, signal);
      }
    } finally {
      this.#busy.delete(target);
    }
  }

  /** Milliseconds until a fresh pod is worth a try; undefined when this verdict stands. */
  #pauseBefore(verdict: Verdict, attempt: number): number | undefined {
    const { waitForGrant, ports } = this.options;
    if (verdict.kind !== 'refused' || waitForGrant === undefined || !waitingMayCure(verdict.message))
      return undefined;
    const left = waitForGrant.until - ports.clock.now();
    const pause = RETRY_PAUSES_MS[attempt - 1] ?? RETRY_PAUSES_MS[RETRY_PAUSES_MS.length - 1] ?? 0;
    return left <= 0 ? undefined : Math.min(pause, left);
  }

  /** One attempt with its clean-up. */
  async #probe(target: PullTarget, ordinal: number, attempt: number): Promise<Verdict> {
    const { connection, namespace, ports } = this.options;
    const manifests = probeManifests({
      runId: this.options.runId,
      pool: target.nodePool,
      os: target.os.toLowerCase() === 'windows' ? 'windows' : 'linux',
      image: target.image,
      namespace,
      owner: this.options.owner,
      ordinal,
      attempt,
      deadlineSeconds: Math.ceil(this.#limitMs / 1000) + DEADLINE_MARGIN_SECONDS,
      ttlSeconds: TTL_SECONDS,
      now: ports.clock.now(),
    });
    this.#jobs.add(manifests.name);
    this.#remember();
    try {
      return await attemptPull({
        connection,
        clock: ports.clock,
        feed: this.#feed,
        namespace,
        manifests,
        limitMs: this.#limitMs,
        signal: ports.signal,
        noticed: (text) => this.#noticed(target, text),
      });
    } finally {
      await this.#remove(manifests.name);
    }
  }

  /** Removes one Job within its own limit, whatever became of the run's signal. */
  async #remove(job: string): Promise<void> {
    const { connection, namespace, ports } = this.options;
    const limit = new AbortController();
    const done = new AbortController();
    ports.clock.sleep(CLEAN_UP_MS, done.signal).then(
      () => limit.abort(),
      () => undefined,
    );
    try {
      let left = await removeProbes(connection, namespace, [job], limit.signal);
      if (ports.signal.aborted && left.length === 0) {
        await ports.clock.sleep(LATE_CREATE_MS, limit.signal).catch(() => undefined);
        left = await removeProbes(connection, namespace, [job], limit.signal);
      }
      if (left.length === 0) this.#jobs.delete(job);
      for (const one of left) this.#notRemoved(one.job, one.reason);
    } finally {
      done.abort();
    }
  }

  #notRemoved(job: string, reason: string): void {
    const { namespace, onFinding } = this.options;
    const lasts = Math.ceil(this.#limitMs / 1000) + DEADLINE_MARGIN_SECONDS + TTL_SECONDS;
    onFinding?.({
      id: 'probe-left-behind',
      title: `the probe Job ${job} may still be in the namespace ${namespace}`,
      evidence: `deleting it failed: ${reason}. The cluster removes it by itself within ${lasts} s of its creation.`,
      fix: {
        summary: 'Delete the Job; what it owns goes with it.',
        commands: [deleteCommand(namespace, job)],
      },
    });
  }

  #noticed(target: PullTarget, text: string): void {
    this.options.onFinding?.({
      id: 'probe-added-to',
      title: `the cluster added to the probe's pod on pool ${target.nodePool}`,
      evidence: `${text}. Our container was left as it was sent, so its pull counts.`,
    });
  }

  #remember(): void {
    const { clusterId, namespace, ports } = this.options;
    const leftover: Leftover = { clusterId, namespace, jobs: [...this.#jobs] };
    ports.remember([leftover]);
  }

  #pull(target: PullTarget, verdict: Verdict, attempts: number, durationMs: number): Pull {
    const { nodePool, os, architecture, image } = target;
    const base = { nodePool, os, architecture, image, attempts, durationMs };
    if (verdict.kind === 'unknown') {
      const { cause, message, node } = verdict;
      return {
        ...base,
        ...optional('node', node),
        proved: 'none',
        status: 'unknown',
        cause,
        message,
      };
    }
    const { node } = verdict.outcome;
    const where = { ...base, ...optional('node', node) };
    if (verdict.kind === 'refused') {
      const known = this.options.explain?.(verdict.message) ?? { cause: 'pull-refused' };
      return { ...where, proved: 'none', status: 'fail', message: verdict.message, ...known };
    }
    return {
      ...where,
      proved: verdict.outcome.proved ?? 'manifest',
      status: 'pass',
      ...this.#digest(target, verdict),
    };
  }

  /** The node's digest is held against the registry's; the node may know the same image by another manifest. */
  #digest(target: PullTarget, verdict: Extract<Verdict, { kind: 'pulled' }>): Partial<Pull> {
    const { digest } = verdict.outcome;
    if (digest === undefined) return {};
    if (digest === target.digest) return { digest, digestSource: 'registry' };
    if (target.digest !== undefined)
      this.options.onFinding?.({
        id: 'digest-differs',
        title: `pool ${target.nodePool} pulled another digest of ${target.image} than the registry gave this login`,
        evidence: `the node reports ${digest}, the registry ${target.digest}: the tag moved meanwhile, a mirror answered, or the node knows the same image by another manifest`,
      });
    return { digest, digestSource: 'node' };
  }

  /** Says every few seconds what is waited for. */
  async #tell(): Promise<void> {
    const { clock, log, signal } = this.options.ports;
    const stop = AbortSignal.any([signal, this.#ended.signal]);
    while (!stop.aborted) {
      await clock.sleep(TELL_EVERY_MS, stop).catch(() => undefined);
      if (stop.aborted) return;
      const now = clock.now();
      const pools = (what: 'pull' | 'grant'): string =>
        [
          ...new Set([...this.#busy].filter(([, busy]) => busy === what).map(([target]) => target.nodePool)),
        ].join(', ');
      const until = this.options.waitForGrant?.until;
      if (until !== undefined && this.#grantAwaitedSince !== undefined) {
        const since = this.#grantAwaitedSince;
        const all = [...new Set([...this.#busy.keys()].map((target) => target.nodePool))].join(', ');
        if (all !== '')
          log.waiting({
            what: `the new grant to take effect (pools: ${all})`,
            elapsedMs: now - since,
            limitMs: Math.max(0, until - since),
          });
      } else if (pools('pull') !== '') {
        log.waiting({
          what: `the nodes to pull (pools: ${pools('pull')})`,
          elapsedMs: now - this.#began,
          limitMs: this.#limitMs,
        });
      }
    }
  }
}
