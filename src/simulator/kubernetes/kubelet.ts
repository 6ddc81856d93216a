/** A node's agent: takes the pods that were given to its node, pulls their images, "runs" them, reports. */
import type { SimulatorContext } from '../context.js';
import type { ManagedCluster } from '../cloud/model.js';
import { createCredentialProvider, secretCredentials } from './credentials.js';
import type { Credential, CredentialProvider } from './credentials.js';
import { hasEnded } from './deletion.js';
import { recorder } from './events.js';
import type { Recorder } from './events.js';
import { ImageAccess } from './image-access.js';
import { aggregate, goDuration, MESSAGES } from './messages.js';
import { poolOf } from './nodes.js';
import { statusNames } from './node-images.js';
import type { NodeImage } from './node-images.js';
import { timestamp } from './objects.js';
import type { Container, ContainerState, ContainerStatus, Node, Pod } from './objects.js';
import { applyContainerStatus, initialStatus, sandboxReady } from './pod-status.js';
import type { Program, Programs } from './run-command/programs.js';
import { parseReference, repositoryName } from './references.js';
import type { ImageReference } from './references.js';
import { PullError } from './runtime/runtime.js';
import type { Runtime } from './runtime/runtime.js';
import type { Store } from './store.js';
import type { Timers } from './timers.js';

/** The kubelet's next look at a pod after its first failure (capture: events-nocred.json, about a second). */
const NEXT_SYNC_MS = 700;
/**
 * Every later look while something fails: 10 to 15 s in a real kubelet (pkg/kubelet/pod_workers.go, backOffPeriod with
 * jitter), so ErrImagePull stays as long after a second failure (captures: pods-t12.json, pods-t45.json). Always the
 * same here, so that runs repeat.
 */
const SYNC_MS = 12_000;
/** Back-off of pulls and of restarts: 10 s, doubling, to 5 minutes (kubernetes/kubernetes pkg/kubelet/kubelet.go). */
const BACK_OFF_MS = { first: 10_000, limit: 300_000 } as const;
/** A sandbox takes a moment: pods are seen without one. */
const SANDBOX_MS = 20;

/** A pull without anything to show; what it brings is everybody's. */
const WITHOUT_CREDENTIAL = { credential: undefined, origin: 'node' } as const;

export interface Kubelet {
  stop(): void;
}

/** Starts the kubelet of one node. */
export function startKubelet(
  context: SimulatorContext,
  cluster: ManagedCluster,
  node: Node,
  runtime: Runtime,
  store: Store,
  timers: Timers,
  programs: Programs,
): Kubelet {
  const provider = createCredentialProvider(context, cluster, poolOf(cluster, node));
  const access = new ImageAccess();
  const record = recorder(store, () => context.now(), 'kubelet', node.metadata.name);
  /** By uid: the pods in hand, each with what ends the work on it. */
  const inHand = new Map<string, AbortController>();

  const imagesChanged = reportsImages(context, node, store, timers, runtime);

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
      const desk = {
        context,
        node,
        store,
        timers,
        runtime,
        provider,
        access,
        programs,
        imagesChanged,
        record,
      };
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
  runtime: Runtime,
): () => void {
  const began = context.now();
  const before = node.status.images ?? [];
  let due = false;
  return () => {
    if (due) return;
    due = true;
    timers.after(STATUS_UPDATE_MS - ((context.now() - began) % STATUS_UPDATE_MS), () => {
      due = false;
      runtime.list().then(
        (images) => {
          if (store.get('nodes', node.metadata.name) === undefined) return;
          const pulled = images.map(({ digests, tags, size }) => ({
            names: [...digests, ...tags],
            sizeBytes: size,
          }));
          store.update('nodes', node.metadata.name, undefined, ({ status }) => {
            status.images = [...pulled, ...before].sort((one, other) => other.sizeBytes - one.sizeBytes);
          });
        },
        // A runtime that doesn't answer: the node's list stays as it is.
        () => undefined,
      );
    });
  };
}

/** What a worker shares with the others of its node. */
interface NodeDesk {
  context: SimulatorContext;
  node: Node;
  store: Store;
  timers: Timers;
  runtime: Runtime;
  provider: CredentialProvider;
  access: ImageAccess;
  /** Tells the node's status loop that there is something to report. */
  imagesChanged(): void;
  record: Recorder;
  programs: Programs;
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
    const program = this.desk.programs.of(this.pod, container);
    if (program !== undefined) return this.runProgram(container, program);
    for (let restarts = 0; ; restarts++) {
      const image = await this.ensureImage(container);
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

  /** Gets the container's image by its policy, looking again and again until it is there. */
  private async ensureImage(container: Container): Promise<NodeImage> {
    const reference = parseReference(container.image);
    if (typeof reference === 'string') {
      const message = MESSAGES.invalidImageName(container.image, reference);
      for (let looks = 0; ; looks++) {
        this.report(container, 'InvalidImageName', 'InspectFailed', message);
        await this.nextSync(looks);
      }
    }
    for (let failures = 0, looks = 0; ; looks++) {
      const image = await this.present(container, reference);
      if (image !== undefined) return image;
      if (container.imagePullPolicy === 'Never') {
        this.report(container, 'ErrImageNeverPull', 'ErrImageNeverPull', MESSAGES.neverPull(container.image));
        await this.nextSync(looks);
        continue;
      }
      const pulled = await this.pullOnce(container, reference);
      if (typeof pulled !== 'string') return pulled;
      await this.backOff(container, pulled, failures++);
    }
  }

  /** The image, when it is on the node and this pod may use it as it is. */
  private async present(container: Container, reference: ImageReference): Promise<NodeImage | undefined> {
    const { runtime, access } = this.desk;
    if (container.imagePullPolicy === 'Always') return undefined;
    const image = await runtime.find(reference);
    this.signal.throwIfAborted();
    if (image === undefined) return undefined;
    const secrets = this.pullSecretCredentials(reference);
    if (!access.allows(image.id, repositoryName(reference), secrets)) return undefined;
    this.record('Normal', 'Pulled', MESSAGES.alreadyPresent(container.image), container);
    return image;
  }

  /** One attempt with each credential there is; a string is the failure's text. */
  private async pullOnce(container: Container, reference: ImageReference): Promise<NodeImage | string> {
    const { runtime, provider, access } = this.desk;
    this.record('Normal', 'Pulling', MESSAGES.pulling(container.image), container);
    const started = performance.now();
    const secrets = this.pullSecretCredentials(reference);
    const nodes = await provider.credentials(reference, this.signal);
    const attempts = [
      ...secrets.map((credential) => ({ credential, origin: credential })),
      ...nodes.map((credential) => ({ credential, origin: 'node' as const })),
    ];
    const errors: string[] = [];
    for (const { credential, origin } of attempts.length === 0 ? [WITHOUT_CREDENTIAL] : attempts) {
      this.signal.throwIfAborted();
      try {
        const image = await runtime.pull(reference, credential, this.signal);
        const took = goDuration(performance.now() - started);
        this.record('Normal', 'Pulled', MESSAGES.pulled(container.image, took, image.size), container);
        access.pulled(image.id, repositoryName(reference), origin);
        this.desk.imagesChanged();
        return image;
      } catch (error) {
        if (!(error instanceof PullError)) throw error;
        errors.push(error.message);
      }
    }
    return aggregate(errors);
  }

  /**
   * ErrImagePull until the next look, then ImagePullBackOff until the look that finds the back-off over
   * (captures: events-nocred.json, pods-t*.json).
   */
  private async backOff(container: Container, why: string, failures: number): Promise<void> {
    const over = this.desk.context.now() + backOffMs(failures);
    this.record('Warning', 'Failed', MESSAGES.failedToPull(container.image, why), container);
    this.record('Warning', 'Failed', MESSAGES.errorReason('ErrImagePull'), container);
    this.setState(container, { waiting: { reason: 'ErrImagePull', message: why } });
    await this.nextSync(failures);
    while (this.desk.context.now() < over) {
      this.record('Normal', 'BackOff', MESSAGES.backOff(container.image), container);
      this.record('Warning', 'Failed', MESSAGES.errorReason('ImagePullBackOff'), container);
      this.setState(container, {
        waiting: { reason: 'ImagePullBackOff', message: MESSAGES.backOffWith(container.image, why) },
      });
      await this.pause(SYNC_MS);
    }
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
    const containerID = `containerd://${this.desk.store.random.hex(64, 'container', this.pod.metadata.name, container.name)}`;
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

  /** Runs what the simulator itself is. Its image is one that every AKS node comes with (Azure/AKS vhd-notes), so nothing is pulled. */
  private async runProgram(container: Container, program: Program): Promise<void> {
    const now = (): string => timestamp(this.desk.context.now());
    const startedAt = now();
    const containerID = `containerd://${this.desk.store.random.hex(64, 'container', this.pod.metadata.name, container.name)}`;
    this.record('Normal', 'Pulled', MESSAGES.alreadyPresent(container.image), container);
    this.record('Normal', 'Created', MESSAGES.containerCreated(), container);
    this.record('Normal', 'Started', MESSAGES.containerStarted(), container);
    this.setState(container, { running: { startedAt } }, { containerID });
    const exitCode = await program.run(this.signal);
    const reason = exitCode === 0 ? 'Completed' : 'Error';
    const ended = { exitCode, reason, startedAt, finishedAt: now(), containerID };
    this.setState(container, { terminated: ended }, { containerID });
  }

  /** What no pull can mend: said with every look. */
  private report(container: Container, reason: string, event: string, message: string): void {
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

  /** Waits for the kubelet's next look at the pod: soon after the first failure, later seldom. */
  private nextSync(failures: number): Promise<void> {
    return this.pause(failures === 0 ? NEXT_SYNC_MS : SYNC_MS);
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
