/** Proves pulls on a cluster's nodes: for every target one probe, more while a new grant takes effect, none left. */
import { optional } from '../json.js';
import type { Leftover, Ports } from '../ports.js';
import type { Finding, Fix, Pull } from '../report.js';
import type { Decided, Verdict } from './attempt.js';
import { attemptPull } from './attempt.js';
import { deleteCommand, removeProbes } from './clean-up.js';
import type { ClusterConnection } from './connection.js';
import type { PullOutcome } from './outcome.js';
import { PodFeed } from './pods.js';
import { NODEPOOL_LABEL, probeManifests } from './probe.js';
import type { ProbeManifests, ProbeSpec } from './probe.js';
import { credentialOffered, mayPass, waitingMayCure } from './refusal.js';
import { abortReason } from './wait.js';

/** One image to be pulled on one node of a pool. */
export interface PullTarget {
  nodePool: string;
  /** `Linux` or `Windows`, in any case. */
  os: string;
  architecture: string;
  image: string;
  /** This node of the pool; else any. */
  node?: string;
  /** Taints of the pool's nodes as Azure names them; absent: not known, so all are tolerated. */
  taints?: readonly string[];
  /** What the registry says the image's digest is, where this login could read it. */
  digest?: string;
  /** An autoscaler adds nodes to the pool when there is no room. */
  autoscaled?: boolean;
  /** The pool is a NodePool of node auto-provisioning: its nodes carry Karpenter's label, and are made when needed. */
  provisioned?: boolean;
  /** The pool is only a name for nodes that carry no label of one: `node` alone says where. */
  unlabelled?: boolean;
}

export interface ProveOptions {
  connection: ClusterConnection;
  clusterId: string;
  namespace: string;
  /** Secrets of the namespace that the pods pull with. */
  pullSecrets?: readonly string[];
  runId: string;
  /** Who runs this, for whoever finds a probe in the cluster. */
  owner: string;
  targets: readonly PullTarget[];
  ports: Pick<Ports, 'clock' | 'remember' | 'signal'> & { log: Pick<Ports['log'], 'waiting' | 'debug'> };
  /** A grant was made just now: refusals that it may cure are tried again until then (milliseconds since the epoch). */
  waitForGrant?: WaitForGrant;
  /** Pulls under way at a time on one node; of a pool whose node isn't named, on the whole pool. Default: any number. */
  perNode?: number;
  /** Milliseconds for one attempt. Default 3 minutes. */
  attemptLimitMs?: number;
  /** What a refusal means: the id of its cause, and what to do. */
  explain?: (message: string) => { cause: string; fix?: Fix; docs?: string } | undefined;
  /** Told of what is worth changing: a probe that could not be removed, a pod that admission added to. */
  onFinding?: (finding: Finding) => void;
}

export interface WaitForGrant {
  /** Milliseconds since the epoch. */
  until: number;
  /**
   * The identity had some right in the registry before the grant, so its exchange may have succeeded before: then nodes
   * may keep a credential without the new right.
   */
  earlierAccess?: boolean;
}

const ATTEMPT_LIMIT_MS = 180_000;
/** How long an autoscaler's new node may take to come and be ready; most take 2 to 5 minutes. */
const NEW_NODE_MS = 8 * 60_000;
/** After its end the cluster removes a probe by itself. */
const TTL_SECONDS = 60;
/** The Job's own deadline comes only after ours, so that what we see is the pull and not the deadline. */
const DEADLINE_MARGIN_SECONDS = 30;
/** Between attempts while a grant takes effect; the last repeats. */
const RETRY_PAUSES_MS = [5_000, 10_000, 15_000, 20_000, 30_000] as const;
/**
 * For how long a kubelet keeps what its credential provider got from a registry, and a second more: cloud-provider-azure
 * pkg/credentialprovider/azure_credentials.go, defaultCacheTTL, 5 minutes. Failures aren't kept (kubernetes/kubernetes
 * pkg/credentialprovider/plugin/plugin.go). A pull within that time after a refused one asks with the same credential.
 */
export const CREDENTIAL_KEPT_MS = 5 * 60_000 + 1000;
/** A probe whose node went away, or that had trouble of its own, is made anew so often, after this pause. */
const INTERRUPTIONS = { most: 2, pauseMs: 5_000 } as const;
/** Pauses before a pull that a stumbling registry refused is tried again, by a fresh pod; then the refusal stands. */
const STUMBLE_PAUSES_MS = [5_000, 10_000] as const;
/** The quota's count of what is gone lags a little (kubernetes/kubernetes pkg/controller/resourcequota). */
const QUOTA_PAUSE_MS = 2_000;
const TELL_EVERY_MS = 5_000;
/** Probes under way at a time: every pool of the largest clusters, but not every node. */
const MOST_AT_ONCE = 50;
/** Cleaning up takes no longer when the run was cancelled: CI systems kill what lingers. */
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
    const results = await settledByNode(options, (target, nth) => run.prove(target, nth));
    if (ports.signal.aborted) throw abortReason(ports.signal);
    return results.map((result) => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    });
  } finally {
    run.end();
  }
}

/** All targets, no more than so many at a time on a node, and in all. */
async function settledByNode<R>(
  { targets, perNode }: ProveOptions,
  work: (target: PullTarget, nth: number) => Promise<R>,
): Promise<PromiseSettledResult<R>[]> {
  if (perNode === undefined) return settledInLanes(targets, MOST_AT_ONCE, work);
  const numbered = targets.map((target, nth) => ({ target, nth }));
  const groups = new Map<string, typeof numbered>();
  for (const one of numbered) {
    const key = JSON.stringify([one.target.nodePool, one.target.node]);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const results: PromiseSettledResult<R>[] = [];
  const atOnce = Math.max(1, Math.floor(MOST_AT_ONCE / perNode));
  await settledInLanes([...groups.values()], atOnce, async (group) => {
    const settled = await settledInLanes(group, perNode, ({ target, nth }) => work(target, nth));
    group.forEach(({ nth }, index) => {
      const result = settled[index];
      if (result !== undefined) results[nth] = result;
    });
  });
  return results;
}

/** Like Promise.allSettled, with no more than so many under way at a time. */
async function settledInLanes<T, R>(
  items: readonly T[],
  lanes: number,
  work: (item: T, nth: number) => Promise<R>,
): Promise<PromiseSettledResult<R>[]> {
  const results: PromiseSettledResult<R>[] = [];
  const waiting = items.entries();
  const lane = async (): Promise<void> => {
    for (const [nth, item] of waiting) {
      const [result] = await Promise.allSettled([work(item, nth)]);
      results[nth] = result;
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, items.length) }, lane));
  return results;
}

type Busy = 'pull' | 'node' | 'room' | 'grant';

/** What is waited for, in the progress line. Only waiting for the pull itself has the attempt's limit. */
const WAITS: Readonly<Record<Exclude<Busy, 'grant'>, { what: string; limitMs?: number }>> = {
  pull: { what: 'the nodes to pull' },
  node: { what: 'a node that the autoscaler adds', limitMs: NEW_NODE_MS },
  room: { what: 'room in the quota, which other probes take', limitMs: 2 * ATTEMPT_LIMIT_MS },
};

/** What the targets of one call share. */
class Run {
  readonly #limitMs: number;
  readonly #feed: PodFeed;
  readonly #ended = new AbortController();
  /** Jobs that may be there. */
  readonly #jobs = new Set<string>();
  /** What each target that isn't done is busy with. */
  readonly #busy = new Map<PullTarget, { busy: Busy; since: number }>();
  /** Probes under way now, and those that came to an end other than by a quota. */
  readonly #probes = { underWay: 0, gone: 0, wakers: new Set<() => void>() };
  #grantAwaitedSince: number | undefined;
  /** What this call's own probes put on nodes, as `node digest`: a node tells of it only some time later. */
  readonly #fetched = new Set<string>();

  constructor(private readonly options: ProveOptions) {
    const { connection, namespace, runId, ports } = options;
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
      let tolerates = target.taints ?? ('all' as const);
      let interruptions = 0;
      let stumbles = 0;
      for (let attempt = 1; ; attempt += 1) {
        this.#now(target, 'pull');
        const gone = this.#probes.gone;
        const verdict = await this.#probe(target, ordinal, attempt, tolerates);
        if (verdict.kind === 'again') {
          log.debug(`pool ${target.nodePool}: attempt ${attempt} came to nothing: ${verdict.message}`);
          if (verdict.after === 'taint') {
            // A taint that Azure doesn't name: now all are tolerated, so this happens once.
            tolerates = 'all';
            continue;
          }
          if (verdict.after === 'interrupted' && interruptions < INTERRUPTIONS.most) {
            interruptions += 1;
            await clock.sleep(INTERRUPTIONS.pauseMs, signal);
            continue;
          }
          if (verdict.after === 'quota' && (await this.#roomMade(target, gone))) continue;
          const { after: _after, ...known } = verdict;
          return this.#pull(target, { ...known, kind: 'unknown' }, attempt, clock.now() - began);
        }
        if (verdict.kind === 'refused' && mayPass(verdict.message)) {
          const pause = STUMBLE_PAUSES_MS[stumbles];
          stumbles += 1;
          if (pause !== undefined) {
            log.debug(`pool ${target.nodePool}: the registry stumbled, again in ${pause / 1000} s`);
            await clock.sleep(pause, signal);
            continue;
          }
        }
        const pause = this.#pauseBefore(verdict, attempt);
        if (pause === undefined) return this.#pull(target, verdict, attempt, clock.now() - began);
        log.debug(`pool ${target.nodePool}: attempt ${attempt} refused, again in ${pause / 1000} s`);
        this.#now(target, 'grant');
        this.#grantAwaitedSince ??= clock.now();
        await clock.sleep(pause, signal);
      }
    } finally {
      this.#busy.delete(target);
    }
  }

  /**
   * Milliseconds until a fresh pod is worth a try; undefined when this verdict stands. Where the node keeps a credential
   * that may lack the new right, no try before it is forgotten tells anything; only after the first refusal, whose
   * credential may be of any age, a last one is made at the limit.
   */
  #pauseBefore(verdict: Decided, attempt: number): number | undefined {
    const { waitForGrant, ports } = this.options;
    if (verdict.kind !== 'refused' || waitForGrant === undefined || !waitingMayCure(verdict.message))
      return undefined;
    const left = waitForGrant.until - ports.clock.now();
    if (left <= 0) return undefined;
    if (credentialOffered(verdict.message) ?? waitForGrant.earlierAccess ?? false)
      return attempt > 1 && left < CREDENTIAL_KEPT_MS ? undefined : Math.min(CREDENTIAL_KEPT_MS, left);
    const pause = RETRY_PAUSES_MS[attempt - 1] ?? RETRY_PAUSES_MS[RETRY_PAUSES_MS.length - 1] ?? 0;
    return Math.min(pause, left);
  }

  /**
   * Waits until another probe has gone, which may leave room in a quota. False when none is under way: then it isn't
   * our own probes that fill it.
   *
   * @param gone how many had gone when the refused probe was made
   */
  async #roomMade(target: PullTarget, gone: number): Promise<boolean> {
    const { clock, signal } = this.options.ports;
    const probes = this.#probes;
    this.#now(target, 'room');
    while (probes.gone === gone && probes.underWay > 0)
      await new Promise<void>((resolve) => probes.wakers.add(resolve));
    signal.throwIfAborted();
    if (probes.gone === gone) return false;
    await clock.sleep(QUOTA_PAUSE_MS, signal);
    return true;
  }

  /** One attempt with its clean-up. */
  async #probe(
    target: PullTarget,
    ordinal: number,
    attempt: number,
    tolerates: ProbeSpec['tolerates'],
  ): Promise<Verdict> {
    const { connection, namespace, ports } = this.options;
    const newNodeMs = target.autoscaled === true || target.provisioned === true ? NEW_NODE_MS : 0;
    const manifests = probeManifests({
      runId: this.options.runId,
      pool: target.nodePool,
      ...(target.provisioned === true ? { poolLabel: NODEPOOL_LABEL } : {}),
      ...(target.unlabelled === true ? { poolLabel: 'none' as const } : {}),
      ...optional('pullSecrets', this.options.pullSecrets),
      os: target.os.toLowerCase() === 'windows' ? 'windows' : 'linux',
      image: target.image,
      ...optional('node', target.node),
      tolerates,
      namespace,
      owner: this.options.owner,
      ordinal,
      attempt,
      deadlineSeconds: Math.ceil((newNodeMs + this.#limitMs) / 1000) + DEADLINE_MARGIN_SECONDS,
      ttlSeconds: TTL_SECONDS,
      now: ports.clock.now(),
    });
    // A run that must end makes nothing more, so there is nothing more to remove either.
    ports.signal.throwIfAborted();
    this.#jobs.add(manifests.name);
    this.#remember();
    this.#probes.underWay += 1;
    let verdict: Verdict | undefined;
    try {
      verdict = await attemptPull({
        connection,
        clock: ports.clock,
        feed: this.#feed,
        namespace,
        manifests,
        limitMs: this.#limitMs,
        newNodeMs,
        signal: ports.signal,
        tolerant: tolerates === 'all',
        noticed: (text) => this.#noticed(target, text),
        nodeComing: () => this.#now(target, 'node'),
      });
      return verdict;
    } finally {
      await this.#remove(manifests);
      this.#probes.underWay -= 1;
      if (verdict?.kind !== 'again' || verdict.after !== 'quota') this.#probes.gone += 1;
      for (const wake of this.#probes.wakers) wake();
      this.#probes.wakers.clear();
    }
  }

  /** Removes one Job within its own limit, whatever became of the run's signal. */
  async #remove({ name: job, job: { spec } }: ProbeManifests): Promise<void> {
    const { connection, namespace, ports } = this.options;
    const limit = new AbortController();
    const done = new AbortController();
    const within = (ms: number): void =>
      void ports.clock.sleep(ms, done.signal).then(
        () => limit.abort(),
        () => undefined,
      );
    within(ports.signal.aborted ? CLEAN_UP_MS : Math.max(CLEAN_UP_MS, connection.patienceMs));
    ports.signal.addEventListener('abort', () => within(CLEAN_UP_MS), { once: true, signal: done.signal });
    try {
      let left = await removeProbes(connection, namespace, [job], limit.signal);
      if (ports.signal.aborted && left.length === 0) {
        await ports.clock.sleep(LATE_CREATE_MS, limit.signal).catch(() => undefined);
        left = await removeProbes(connection, namespace, [job], limit.signal);
      }
      if (left.length === 0) this.#jobs.delete(job);
      for (const one of left)
        this.#notRemoved(one.job, one.reason, spec.activeDeadlineSeconds + spec.ttlSecondsAfterFinished);
    } finally {
      done.abort();
    }
  }

  #notRemoved(job: string, reason: string, lasts: number): void {
    const { namespace, onFinding } = this.options;
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

  #pull(target: PullTarget, verdict: Decided, attempts: number, durationMs: number): Pull {
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
      proved: this.#provedBy(verdict.outcome),
      status: 'pass',
      ...this.#digest(target, verdict),
    };
  }

  /** Layers come over the wire once: of two images with one digest the second finds those of the first. */
  #provedBy({ node, digest, proved = 'manifest' }: PullOutcome): Pull['proved'] {
    const key = `${node ?? ''} ${digest ?? ''}`;
    if (this.#fetched.has(key)) return 'manifest';
    this.#fetched.add(key);
    return proved;
  }

  /** The node's digest is held against the registry's; the node may know the same image by another manifest. */
  #digest(target: PullTarget, verdict: Extract<Decided, { kind: 'pulled' }>): Partial<Pull> {
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
      const until = this.options.waitForGrant?.until;
      const since = this.#grantAwaitedSince;
      if (until !== undefined && since !== undefined) {
        const { pools } = this.#busyWith();
        if (pools !== '')
          log.waiting({
            what: `the new grant to take effect (pools: ${pools})`,
            elapsedMs: now - since,
            limitMs: Math.max(0, until - since),
          });
        continue;
      }
      for (const busy of ['pull', 'node', 'room'] as const) {
        const { pools, since: begun } = this.#busyWith(busy);
        if (pools === '') continue;
        const { what, limitMs } = WAITS[busy];
        log.waiting({
          what: `${what} (pools: ${pools})`,
          elapsedMs: now - begun,
          limitMs: limitMs ?? this.#limitMs,
        });
      }
    }
  }

  /** Notes what a target is busy with from now on. */
  #now(target: PullTarget, busy: Busy): void {
    this.#busy.set(target, { busy, since: this.options.ports.clock.now() });
  }

  /** Pools whose targets are busy with something, or with anything, and since when. */
  #busyWith(what?: Busy): { pools: string; since: number } {
    const found = [...this.#busy].filter(([, { busy }]) => what === undefined || busy === what);
    return {
      pools: [...new Set(found.map(([target]) => target.nodePool))].join(', '),
      since: Math.min(...found.map(([, { since }]) => since)),
    };
  }
}
