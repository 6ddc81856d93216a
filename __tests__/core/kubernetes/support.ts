/** Time and a cluster for tests: nothing waits, nothing is random. */
import type { ClusterConnection, RequestOptions } from '../../../src/core/kubernetes/connection.js';
import { at } from '../../../src/core/json.js';
import { textAt } from '../../../src/core/kubernetes/json.js';
import type { WatchEvent } from '../../../src/core/kubernetes/watch.js';
import type { Clock, HttpResponse } from '../../../src/core/ports.js';

/** Time that moves to the next sleeper only when nothing else is left to do. */
export class VirtualClock implements Clock {
  #now = Date.parse('2026-01-01T00:00:00Z');
  readonly #began = this.#now;
  readonly #sleepers = new Set<{ at: number; wake: () => void }>();
  #pumping = false;

  now(): number {
    return this.#now;
  }

  /** Milliseconds since the test began. */
  get elapsed(): number {
    return this.#now - this.#began;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
      };
      const sleeper = {
        at: this.#now + ms,
        wake: () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        },
      };
      if (signal?.aborted === true) return abort();
      signal?.addEventListener('abort', abort, { once: true });
      this.#sleepers.add(sleeper);
      if (!this.#pumping) void this.#pump();
    });
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    while (this.#sleepers.size > 0) {
      for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      const [next] = [...this.#sleepers].sort((one, other) => one.at - other.at);
      if (next === undefined) break;
      this.#sleepers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.wake();
    }
    this.#pumping = false;
  }
}

/** An HTTP answer with a JSON body, or with these chunks. */
export function answer(status: number, body: unknown, headers: Record<string, string> = {}): HttpResponse {
  const chunks =
    body instanceof Array && body.every((one) => one instanceof Uint8Array)
      ? body
      : [bytes(JSON.stringify(body))];
  return { status, headers, body: stream(chunks) };
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export async function* stream(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* chunks;
}

/** What a pod's status is after some milliseconds. `deleted`: then the pod is removed. */
export interface Step {
  afterMs: number;
  spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
  deleted?: boolean;
}

/** How one Job goes. */
export interface Story {
  /** Changes what admission makes of the pod. */
  admission?: (pod: Pod) => void;
  /** Nothing: the Job controller makes no pod. */
  steps?: Step[];
  /** Labels of the node that takes the pod. Default: those that the probe was sent to. */
  nodeLabels?: Record<string, string>;
  /** Events about the Job or its pod, by `involvedObject.name`; `*` stands for the pod. */
  events?: { about: 'Job' | 'Pod'; reason: string; message: string }[];
}

export interface Pod {
  metadata: Record<string, unknown>;
  spec: Record<string, unknown>;
  status: Record<string, unknown>;
}

/** One request as it reached the cluster. */
export interface Asked {
  method: string;
  path: string;
  options: RequestOptions;
  at: number;
}

export const DIGEST = `sha256:${'a'.repeat(64)}`;
const OTHER_DIGEST = `sha256:${'b'.repeat(64)}`;

/** Statuses of our container, as the kubelet writes them. */
export const status = {
  waiting: (reason: string, message?: string) => ({
    phase: 'Pending',
    containerStatuses: [
      { name: 'pull', state: { waiting: { reason, ...(message === undefined ? {} : { message }) } } },
    ],
  }),
  startError: (digest = DIGEST) => ({
    phase: 'Failed',
    containerStatuses: [
      {
        name: 'pull',
        imageID: `other.azurecr.io/same/image@${digest}`,
        containerID: 'containerd://1',
        state: {
          terminated: {
            exitCode: 128,
            reason: 'StartError',
            message: 'no such file',
            containerID: 'containerd://1',
          },
        },
      },
    ],
  }),
  lost: () => ({
    phase: 'Failed',
    containerStatuses: [
      { name: 'pull', state: { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } } },
    ],
  }),
  unschedulable: (message: string) => ({
    phase: 'Pending',
    conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
  }),
};

/** A pod that pulls well, on a node of its pool. */
export const pullsWell = (node: string): Story => ({
  steps: [
    { afterMs: 10, spec: { nodeName: node }, status: status.waiting('ContainerCreating') },
    { afterMs: 300, status: status.startError() },
  ],
});

/** A pod whose pull is refused with a message. */
export const refuses = (node: string, message: string): Story => ({
  steps: [
    { afterMs: 10, spec: { nodeName: node }, status: status.waiting('ContainerCreating') },
    { afterMs: 200, status: status.waiting('ErrImagePull', message) },
  ],
});

/** A cluster in memory: Jobs make pods that live the story they are given. */
export class FakeCluster implements ClusterConnection {
  readonly patienceMs = 5_000;
  readonly pageSize = 100;
  nodesBefore = 0;
  readonly asked: Asked[] = [];
  readonly jobs = new Map<string, unknown>();
  watches = 0;
  /** Answers a request in the cluster's place, if it returns something. */
  intercept: ((asked: Asked) => { status: number; body: unknown } | Promise<never> | undefined) | undefined;
  /** Images on every node before the first pull. */
  images: { names: string[]; sizeBytes: number }[] = [{ names: [`pause@${OTHER_DIGEST}`], sizeBytes: 1 }];
  /** Labels of nodes: those by which pods came to them, unless a story says otherwise. */
  readonly #nodes = new Map<string, unknown>();
  readonly #events: unknown[] = [];
  readonly #watchers = new Set<(event: WatchEvent) => void>();
  #counter = 0;

  constructor(
    private readonly clock: Clock,
    /** The story of a Job, by its pool and its number among the pool's Jobs (from 1). */
    private readonly story: (pool: string, attempt: number) => Story,
  ) {}

  /** Requests other than watches, as `POST jobs`. */
  kinds(pool?: string): string[] {
    return this.asked
      .filter(
        ({ path, options }) =>
          pool === undefined || JSON.stringify([path, options.body, options.query]).includes(pool),
      )
      .map(
        ({ method, path }) =>
          `${method} ${/\/(jobs|serviceaccounts|events|nodes|pods)(\/|$)/.exec(path)?.[1] ?? path}`,
      );
  }

  async request(
    method: string,
    path: string,
    options: RequestOptions = {},
  ): Promise<{ status: number; body: unknown }> {
    options.signal?.throwIfAborted();
    const asked = { method, path, options, at: this.clock.now() };
    this.asked.push(asked);
    await Promise.resolve();
    const instead = this.intercept?.(asked);
    if (instead !== undefined) return instead;
    const name = path.split('/').at(-1) ?? '';
    if (method === 'POST' && path.endsWith('/jobs')) return { status: 201, body: this.#job(options.body) };
    if (method === 'POST' && path.endsWith('/serviceaccounts')) {
      this.#live(textAt(options.body, 'metadata', 'name') ?? '');
      return { status: 201, body: options.body };
    }
    if (method === 'DELETE') return this.jobs.delete(name) ? { status: 200, body: {} } : notFound(name);
    if (path.startsWith('/api/v1/nodes/'))
      return {
        status: 200,
        body: { metadata: { name, labels: this.#nodes.get(name) ?? {} }, status: { images: this.images } },
      };
    if (path.endsWith('/events')) {
      const about = options.query?.fieldSelector?.split('=')[1];
      return {
        status: 200,
        body: { items: this.#events.filter((event) => textAt(event, 'involvedObject', 'name') === about) },
      };
    }
    return notFound(name);
  }

  async *watch(
    _path: string,
    _query: Record<string, string>,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent, void, undefined> {
    this.watches += 1;
    const queue: WatchEvent[] = [];
    let wake: (() => void) | undefined;
    const put = (event: WatchEvent): void => {
      queue.push(event);
      wake?.();
    };
    this.#watchers.add(put);
    signal.addEventListener('abort', () => wake?.(), { once: true });
    while (!signal.aborted) {
      const next = queue.shift();
      if (next !== undefined) yield next;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
    this.#watchers.delete(put);
  }

  #job(body: unknown): unknown {
    const name = textAt(body, 'metadata', 'name') ?? '';
    this.#counter += 1;
    const job = {
      ...(body as object),
      metadata: { ...(at(body, 'metadata') as object), uid: `job-${this.#counter}` },
    };
    this.jobs.set(name, job);
    return job;
  }

  #live(name: string): void {
    const job = this.jobs.get(name);
    const pool = textAt(job, 'metadata', 'labels', 'aks-acr-pull.dev/pool') ?? '';
    const story = this.story(pool, Number(name.split('-').at(-1)));
    const uid = `pod-of-${textAt(job, 'metadata', 'uid') ?? ''}`;
    const pod: Pod = {
      metadata: {
        ...structuredClone(at(job, 'spec', 'template', 'metadata') as object),
        name: `${name}-abcde`,
        uid,
        ownerReferences: [{ kind: 'Job', name, uid: textAt(job, 'metadata', 'uid') }],
      },
      spec: structuredClone(at(job, 'spec', 'template', 'spec') as Record<string, unknown>),
      status: { phase: 'Pending' },
    };
    story.admission?.(pod);
    for (const { about, reason, message } of story.events ?? [])
      this.#events.push({
        reason,
        message,
        firstTimestamp: '2026-01-01T00:00:01Z',
        lastTimestamp: '2026-01-01T00:00:01Z',
        involvedObject:
          about === 'Job'
            ? { kind: 'Job', name }
            : { kind: 'Pod', name: pod.metadata['name'], uid, fieldPath: 'spec.containers{pull}' },
      });
    const labels = story.nodeLabels ?? at(job, 'spec', 'template', 'spec', 'nodeSelector');
    for (const { spec } of story.steps ?? [])
      if (typeof spec?.['nodeName'] === 'string') this.#nodes.set(spec['nodeName'], labels);
    if (story.steps !== undefined) void this.#play(name, pod, story.steps);
  }

  async #play(job: string, pod: Pod, steps: readonly Step[]): Promise<void> {
    this.#tell('ADDED', pod);
    let now = pod;
    for (const step of steps) {
      await this.clock.sleep(step.afterMs);
      if (!this.jobs.has(job)) return;
      now = { ...now, spec: { ...now.spec, ...step.spec }, status: { ...now.status, ...step.status } };
      this.#tell(step.deleted === true ? 'DELETED' : 'MODIFIED', now);
    }
  }

  #tell(type: string, object: unknown): void {
    for (const put of this.#watchers) put({ type, object: structuredClone(object) });
  }
}

function notFound(name: string): { status: number; body: unknown } {
  return {
    status: 404,
    body: { kind: 'Status', message: `"${name}" not found`, reason: 'NotFound', code: 404 },
  };
}
