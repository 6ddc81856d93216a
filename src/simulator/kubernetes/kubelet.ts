/** A node's agent: takes the pods that were given to its node, pulls their images, "runs" them, reports. */
import { randomBytes } from 'node:crypto';
import type { SimulatorContext } from '../context.js';
import type { ManagedCluster } from '../cloud/model.js';
import { providerCredentials, secretCredentials } from './credentials.js';
import type { Credential } from './credentials.js';
import { hasEnded } from './deletion.js';
import { recorder } from './events.js';
import type { Recorder } from './events.js';
import { aggregate, goDuration, MESSAGES } from './messages.js';
import { NodeImages, statusNames } from './node-images.js';
import type { NodeImage } from './node-images.js';
import { timestamp } from './objects.js';
import type { Container, ContainerState, ContainerStatus, Node, Pod } from './objects.js';
import { pullImage, PullError } from './puller.js';
import { applyContainerStatus, initialStatus, sandboxReady } from './pod-status.js';
import { parseReference } from './references.js';
import type { ImageReference } from './references.js';
import type { Store } from './store.js';
import type { Timers } from './timers.js';

/** Between ErrImagePull and ImagePullBackOff: the kubelet's next look at the pod (capture: events-nocred.json, about a second). */
const NEXT_SYNC_MS = 700;
/** Back-off of pulls and of restarts: 10 s, doubling, to 5 minutes (kubernetes/kubernetes pkg/kubelet/kubelet.go). */
const BACK_OFF_MS = { first: 10_000, limit: 300_000 } as const;
/** A sandbox takes a moment: pods are seen without one. */
const SANDBOX_MS = 20;

export interface Kubelet {
  stop(): void;
}

/** Starts the kubelet of one node. Its image store lives as long as it does. */
export function startKubelet(
  context: SimulatorContext,
  cluster: ManagedCluster,
  node: Node,
  store: Store,
  timers: Timers,
): Kubelet {
  const images = new NodeImages();
  const record = recorder(store, () => context.now(), 'kubelet', node.metadata.name);
  /** By uid: the pods in hand, each with what ends the work on it. */
  const inHand = new Map<string, AbortController>();

  const imagesChanged = reportsImages(context, node, store, timers, images);

  const unsubscribe = store.subscribe((change) => {
    if (change.resource !== 'pods') return;
    const pod = change.object as Pod;
    const uid = pod.metadata.uid ?? '';
    if (pod.spec.nodeName !== node.metadata.name) return;
    if (change.type === 'DELETED') {
      inHand.get(uid)?.abort();
      inHand.delete(uid);
      return;
    }
    if (pod.metadata.deletionTimestamp !== undefined) {
      const work = inHand.get(uid);
      if (work === undefined || work.signal.aborted) return;
      work.abort();
      timers.after(0, () => terminate(store, record, timers, () => context.now(), pod));
      return;
    }
    if (inHand.has(uid) || hasEnded(pod.status.phase)) return;
    const work = new AbortController();
    inHand.set(uid, work);
    timers.after(0, () => {
      const desk = { context, cluster, node, store, timers, images, imagesChanged, record };
      new PodWorker(desk, pod, work.signal).run().catch((error: unknown) => {
        // An aborted worker just ends. Anything else is a fault of the simulator, and nobody should take it for the cluster's.
        if (work.signal.aborted) return;
        const message = `The simulator broke: ${error instanceof Error ? error.message : String(error)}`;
        record({ object: pod, type: 'Warning', reason: 'SimulatorError', message });
      });
    });
  });

  return {
    stop() {
      unsubscribe();
      for (const work of inHand.values()) work.abort();
      inHand.clear();
    },
  };
}

/**
 * A kubelet compares its node's status with the last one it sent every 10 seconds, and sends it when anything changed
 * (https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/, nodeStatusUpdateFrequency): until then the
 * node's list of images is the old one.
 */
const STATUS_UPDATE_MS = 10_000;

/** The part of that loop which lists images, the largest first (kubernetes/kubernetes, pkg/kubelet/nodestatus/setters.go). */
function reportsImages(
  context: SimulatorContext,
  node: Node,
  store: Store,
  timers: Timers,
  images: NodeImages,
): () => void {
  const began = context.now();
  const before = node.status.images ?? [];
  let due = false;
  return () => {
    if (due) return;
    due = true;
    timers.after(STATUS_UPDATE_MS - ((context.now() - began) % STATUS_UPDATE_MS), () => {
      due = false;
      if (store.get('nodes', node.metadata.name) === undefined) return;
      const pulled = images
        .all()
        .map((image) => ({ names: [...image.digests, ...image.tags], sizeBytes: image.size }));
      store.update('nodes', node.metadata.name, undefined, ({ status }) => {
        status.images = [...pulled, ...before].sort((one, other) => other.sizeBytes - one.sizeBytes);
      });
    });
  };
}

/** What a worker shares with the others of its node. */
interface NodeDesk {
  context: SimulatorContext;
  cluster: ManagedCluster;
  node: Node;
  store: Store;
  timers: Timers;
  images: NodeImages;
  /** Tells the node's status loop that there is something to report. */
  imagesChanged(): void;
  record: Recorder;
}

class PodWorker {
  constructor(
    private readonly desk: NodeDesk,
    private readonly pod: Pod,
    private readonly signal: AbortSignal,
  ) {}

  async run(): Promise<void> {
    const { pod, desk } = this;
    const now = (): string => timestamp(desk.context.now());
    this.updatePod((live) => initialStatus(live, desk.node, now()));
    this.reportMissingSecrets();
    await this.pause(SANDBOX_MS);
    this.updatePod((live) => sandboxReady(live, now()));
    await Promise.all(pod.spec.containers.map((container) => this.runContainer(container)));
  }

  private async runContainer(container: Container): Promise<void> {
    for (let restarts = 0; ; restarts++) {
      const image = await this.ensureImage(container);
      if (image === undefined) return;
      const failed = this.start(container, image, restarts);
      const again =
        this.pod.spec.restartPolicy === 'Always' || (failed && this.pod.spec.restartPolicy === 'OnFailure');
      if (!again || !failed) return;
      const seconds = backOffMs(restarts) / 1000;
      await this.pause(NEXT_SYNC_MS);
      const name = `${this.pod.metadata.name}_${this.pod.metadata.namespace}(${this.pod.metadata.uid})`;
      this.setState(container, {
        waiting: {
          reason: 'CrashLoopBackOff',
          message: MESSAGES.restartBackOff(seconds, container.name, name),
        },
      });
      this.record('Warning', 'BackOff', MESSAGES.restartBackOff(seconds, container.name, name), container);
      await this.pause(seconds * 1000);
    }
  }

  /** Gets the container's image by its policy, trying again and again; undefined when that can never be. */
  private async ensureImage(container: Container): Promise<NodeImage | undefined> {
    const reference = parseReference(container.image);
    if (typeof reference === 'string') {
      const message = MESSAGES.invalidImageName(container.image, reference);
      this.giveUp(container, 'InvalidImageName', 'InspectFailed', message);
      return undefined;
    }
    const present = this.desk.images.find(reference);
    if (container.imagePullPolicy === 'Never') {
      if (present !== undefined) return present;
      this.giveUp(container, 'ErrImageNeverPull', 'ErrImageNeverPull', MESSAGES.neverPull(container.image));
      return undefined;
    }
    // Pulled here by the node's own identity, so every pod of the node may use it. An image that a pull secret
    // brought would be checked again; that isn't modelled.
    if (present !== undefined && container.imagePullPolicy === 'IfNotPresent') {
      this.record('Normal', 'Pulled', MESSAGES.alreadyPresent(container.image), container);
      return present;
    }
    for (let failures = 0; ; failures++) {
      const pulled = await this.pullOnce(container, reference);
      if (typeof pulled !== 'string') return pulled;
      await this.backOff(container, pulled, failures);
    }
  }

  /** One attempt with each credential there is; a string is the failure's text. */
  private async pullOnce(container: Container, reference: ImageReference): Promise<NodeImage | string> {
    const { context, cluster, node, images } = this.desk;
    this.record('Normal', 'Pulling', MESSAGES.pulling(container.image), container);
    const started = performance.now();
    const platform = {
      os: node.status.nodeInfo.operatingSystem,
      architecture: node.status.nodeInfo.architecture,
    };
    const credentials: (Credential | undefined)[] = [
      ...this.pullSecretCredentials(reference),
      ...(await providerCredentials(context, cluster, reference, this.signal)),
    ];
    const errors: string[] = [];
    for (const credential of credentials.length === 0 ? [undefined] : credentials) {
      this.signal.throwIfAborted();
      try {
        const { image } = await pullImage(
          (url, request) => context.dial(url, request),
          images,
          reference,
          platform,
          credential,
          this.signal,
        );
        const took = goDuration(performance.now() - started);
        this.record('Normal', 'Pulled', MESSAGES.pulled(container.image, took, image.size), container);
        this.desk.imagesChanged();
        return image;
      } catch (error) {
        if (!(error instanceof PullError)) throw error;
        errors.push(error.message);
      }
    }
    return aggregate(errors);
  }

  /** ErrImagePull, a moment later ImagePullBackOff, and then the wait (captures: events-nocred.json, pods-t*.json). */
  private async backOff(container: Container, why: string, failures: number): Promise<void> {
    this.record('Warning', 'Failed', MESSAGES.failedToPull(container.image, why), container);
    this.record('Warning', 'Failed', MESSAGES.errorReason('ErrImagePull'), container);
    this.setState(container, { waiting: { reason: 'ErrImagePull', message: why } });
    await this.pause(NEXT_SYNC_MS);
    this.record('Normal', 'BackOff', MESSAGES.backOff(container.image), container);
    this.record('Warning', 'Failed', MESSAGES.errorReason('ImagePullBackOff'), container);
    this.setState(container, {
      waiting: { reason: 'ImagePullBackOff', message: MESSAGES.backOffWith(container.image, why) },
    });
    await this.pause(backOffMs(failures));
  }

  /**
   * "Runs" the image: a program that isn't in it can't start (capture: bad-entrypoint in pods-t2.json), one for
   * another processor ends at once (capture: wrongarch-exec). Assumption: any other program does its work and ends
   * well, or goes on for ever where the restart policy is Always; Windows nodes fail with the same words.
   * Answers whether it failed.
   */
  private start(container: Container, image: NodeImage, restarts: number): boolean {
    const { context, node } = this.desk;
    const at = timestamp(context.now());
    const containerID = `containerd://${randomBytes(32).toString('hex')}`;
    const names = statusNames(image, container.image);
    const set = (state: ContainerState): void =>
      this.setState(container, state, { ...names, containerID, restartCount: restarts });
    const ended = (
      exitCode: number,
      reason: string,
      startedAt: string,
      message?: string,
    ): ContainerState => ({
      terminated: {
        exitCode,
        reason,
        ...(message === undefined ? {} : { message }),
        startedAt,
        finishedAt: at,
        containerID,
      },
    });

    this.record('Normal', 'Created', MESSAGES.containerCreated(), container);
    const [program = ''] = [...(container.command ?? image.entryPoint), ...(container.args ?? [])];
    const problem = startProblem(image, program);
    if (problem !== undefined) {
      this.record('Warning', 'Failed', MESSAGES.errorReason(problem), container);
      set(ended(128, 'StartError', '1970-01-01T00:00:00Z', problem));
      return true;
    }
    this.record('Normal', 'Started', MESSAGES.containerStarted(), container);
    if (image.architecture !== node.status.nodeInfo.architecture) {
      set(ended(1, 'Error', at));
      return true;
    }
    set({ running: { startedAt: at } });
    if (this.pod.spec.restartPolicy !== 'Always') set(ended(0, 'Completed', at));
    return false;
  }

  private giveUp(container: Container, reason: string, event: string, message: string): void {
    this.record('Warning', event, message, container);
    this.record('Warning', 'Failed', MESSAGES.errorReason(reason), container);
    this.setState(container, { waiting: { reason, message } });
  }

  private pullSecretCredentials(reference: ImageReference): Credential[] {
    const { namespace } = this.pod.metadata;
    return (this.pod.spec.imagePullSecrets ?? []).flatMap(({ name }) => {
      const secret = this.desk.store.get('secrets', name, namespace);
      return secret === undefined ? [] : secretCredentials(secret, reference.host);
    });
  }

  private reportMissingSecrets(): void {
    const { namespace } = this.pod.metadata;
    const missing = (this.pod.spec.imagePullSecrets ?? [])
      .map(({ name }) => name)
      .filter((name) => this.desk.store.get('secrets', name, namespace) === undefined);
    if (missing.length === 0) return;
    this.record('Warning', 'FailedToRetrieveImagePullSecret', MESSAGES.missingPullSecrets(missing));
  }

  private setState(container: Container, state: ContainerState, more: Partial<ContainerStatus> = {}): void {
    const at = timestamp(this.desk.context.now());
    this.updatePod((pod) => applyContainerStatus(pod, container.name, { ...more, state }, at));
  }

  private updatePod(change: (pod: Pod) => void): void {
    this.signal.throwIfAborted();
    const { name, namespace } = this.pod.metadata;
    this.desk.store.update('pods', name, namespace, change);
  }

  private record(type: 'Normal' | 'Warning', reason: string, message: string, container?: Container): void {
    const fieldPath = container === undefined ? {} : { fieldPath: `spec.containers{${container.name}}` };
    this.desk.record({ object: this.pod, type, reason, message, ...fieldPath });
  }

  private pause(milliseconds: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        cancel();
        reject(new Error('the pod is gone'));
      };
      const cancel = this.desk.timers.after(milliseconds, () => {
        this.signal.removeEventListener('abort', onAbort);
        resolve();
      });
      this.signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}

function backOffMs(failures: number): number {
  return Math.min(BACK_OFF_MS.first * 2 ** failures, BACK_OFF_MS.limit);
}

/** Why runc couldn't start a program; undefined when it could. */
function startProblem(image: NodeImage, program: string): string | undefined {
  if (program.includes('/')) return image.files.has(program) ? undefined : MESSAGES.noSuchProgram(program);
  return image.path.some((directory) => image.files.has(`${directory}/${program}`))
    ? undefined
    : MESSAGES.notInPath(program);
}

/**
 * Ends a pod that is being deleted. What watchers see in between is captured (watch-pods-live.ndjson): a waiting
 * container goes back to ContainerCreating, then Failed with exit code 137 and ContainerStatusUnknown, then the grace
 * period is 0 and the pod is gone. Assumption: a running program ends at once when asked to.
 */
function terminate(store: Store, record: Recorder, timers: Timers, now: () => number, pod: Pod): void {
  const { name, namespace, uid } = pod.metadata;
  const still = (): Pod | undefined => {
    const live = store.get('pods', name, namespace);
    return live?.metadata.uid === uid ? live : undefined;
  };
  const change = (apply: (pod: Pod) => void): void => {
    if (still() !== undefined) store.update('pods', name, namespace, apply);
  };
  const forEach = (live: Pod, next: (status: ContainerStatus) => ContainerState | undefined): void => {
    for (const status of live.status.containerStatuses ?? []) {
      const state = next(status);
      if (state !== undefined) applyContainerStatus(live, status.name, { state }, timestamp(now()));
    }
  };
  for (const status of still()?.status.containerStatuses ?? []) {
    if (status.state.running === undefined) continue;
    record({
      object: pod,
      type: 'Normal',
      reason: 'Killing',
      message: MESSAGES.stopping(status.name),
      fieldPath: `spec.containers{${status.name}}`,
    });
  }
  change((live) =>
    forEach(live, (status) =>
      status.state.waiting ? { waiting: { reason: 'ContainerCreating' } } : undefined,
    ),
  );
  timers.after(SANDBOX_MS, () => {
    change((live) => {
      live.status.observedGeneration = live.metadata.generation ?? 1;
      forEach(live, (status) => {
        if (status.state.terminated !== undefined) return undefined;
        if (status.state.running !== undefined) {
          const { startedAt } = status.state.running;
          return { terminated: { exitCode: 143, reason: 'Error', startedAt, finishedAt: timestamp(now()) } };
        }
        const message = MESSAGES.lostContainer();
        return {
          terminated: {
            exitCode: 137,
            reason: 'ContainerStatusUnknown',
            message,
            startedAt: null,
            finishedAt: null,
          },
        };
      });
      live.status.phase = live.status.phase === 'Succeeded' ? 'Succeeded' : 'Failed';
    });
    change(({ metadata }) => {
      metadata.deletionGracePeriodSeconds = 0;
      metadata.deletionTimestamp = timestamp(now());
    });
    // With a finalizer left, the store removes the pod when the last one goes.
    if ((still()?.metadata.finalizers?.length ?? 0) === 0) store.remove('pods', name, namespace);
  });
}
