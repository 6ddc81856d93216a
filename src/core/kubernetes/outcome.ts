/** What a probe's pod and events say about its pull. Pure. */
import { at, optional } from '../json.js';
import { listAt, numberAt, textAt } from './json.js';
import { isInterruption } from './refusal.js';

export interface PullOutcome {
  state: 'pending' | 'pulled' | 'refused' | 'interrupted' | 'probe-refused' | 'unschedulable';
  /** The node's, kubelet's or scheduler's own words; absent when only "back-off" is known (kubelet 1.20). */
  message?: string;
  /** Digest that the node pulled, `sha256:…`. */
  digest?: string;
  /** Only for `pulled`. */
  proved?: 'content' | 'manifest';
  node?: string;
  /** The kubelet began to pull: until then a hang is not the registry's. */
  startedPulling: boolean;
}

/**
 * Reasons of a waiting container that mean that the image could not be had. The first two say nothing about why:
 * every pull failure has them (capture: pods-t*.json of both kubelets). Source of the others:
 * kubernetes/kubernetes, pkg/kubelet/images/types.go; RegistryUnavailable is of older kubelets.
 */
const REFUSED = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
]);

/**
 * Reasons of a waiting container that come after its image was had: the kubelet ensures the image first, then makes
 * the container's configuration, creates it and starts it (kubernetes/kubernetes,
 * pkg/kubelet/kuberuntime/kuberuntime_container.go, startContainer).
 */
const AFTER_THE_PULL = new Set([
  'CreateContainerConfigError',
  'CreateContainerError',
  'PreCreateHookError',
  'PreStartHookError',
  'PostStartHookError',
  'RunContainerError',
  'CrashLoopBackOff',
]);

/** A terminated container of which the kubelet knows nothing: no sign of a pull (capture: watch-pods-live.ndjson). */
const LOST = 'ContainerStatusUnknown';

/** `nodeStatusMaxImages` of the kubelet configuration v1beta1: no more images than these are in a node's status. */
const MOST_LISTED_IMAGES = 50;

/**
 * Reads a pod at one moment. Only the container `containerName` counts: sidecars may do as they like.
 *
 * - `pulled`: the kubelet says so in a `Pulled` event, or the container got further than a pull. StartError and
 *   CreateContainerConfigError come after a good pull (capture: job-pods-t6.json).
 * - `refused`: the image could not be had. The first "Failed to pull image" event is the message if there is one, for
 *   the status flips between ErrImagePull, ImagePullBackOff, ContainerCreating and, at the Job's deadline,
 *   ContainerStatusUnknown (captures: watch-pods-live.ndjson, pods-t*.json).
 * - `interrupted`: the node was drained or went away, threw the pod out, or had trouble of its own: nobody refused.
 * - `probe-refused`: the node turned the pod away, or used an image it had without asking the registry, which
 *   proves nothing (kubelet 1.20 with IfNotPresent runs it without any credential, capture: pods-cache.json).
 * - `unschedulable`: no node takes it, in the scheduler's words.
 * - `pending`: none of these yet; also for a registry that hangs.
 *
 * `proved`: no event shows whether bytes came. "Image size" of newer kubelets is the image's size, not the transfer's:
 * the same number is there when every layer was on the node already (capture: events-nocred.json, ok-public and then
 * secret-right with one digest), and older kubelets give only a duration. What tells is the node's own list of images
 * from before the pull: when it lacks the digest, the pull fetched it, and it's `content`. The list holds at most 50
 * images, the largest first (kubernetes/kubernetes, pkg/kubelet/nodestatus/setters.go, Images), so in a full list the
 * digest's absence tells only when the image is larger than the smallest listed. Without such a list it is
 * `manifest`. What remains unseen: layers shared with another image, and a list up to a minute old.
 *
 * @param events of the namespace or of the pod; others' are passed over
 * @param nodeBefore the Node object as it was before the pull ended, if it could be read
 */
export function pullOutcome(
  pod: unknown,
  events: readonly unknown[],
  containerName: string,
  nodeBefore?: unknown,
): PullOutcome {
  const own = ownEvents(pod, events, containerName);
  const state = containerState(pod, containerName);
  const image = textAt(containerSpec(pod, containerName), 'image');
  const node = textAt(pod, 'spec', 'nodeName');
  const common = {
    ...optional('node', node),
    startedPulling: own.some((event) => textAt(event, 'reason') === 'Pulling'),
  };

  const fetched = own.find((event) => pulledMessage(event)?.startsWith('Successfully pulled image'));
  if (fetched !== undefined || gotFurther(state, containerStatus(pod, containerName))) {
    if (fetched === undefined && usedWithoutAsking(pod, own, containerName))
      return {
        ...common,
        state: 'probe-refused',
        message: 'the node used an image it already had without asking the registry',
      };
    const digest = digestOf(textAt(containerStatus(pod, containerName), 'imageID')) ?? digestOf(image);
    return {
      ...common,
      startedPulling: true,
      state: 'pulled',
      ...optional('digest', digest),
      proved: nodeLacked(nodeBefore, digest, imageSize(fetched)) ? 'content' : 'manifest',
    };
  }

  const refusal = refusalOf(state, own);
  if (refusal !== undefined)
    return {
      ...common,
      startedPulling: true,
      state: isInterruption(refusal.message ?? '') ? 'interrupted' : 'refused',
      ...refusal,
    };
  const disrupted = disruptedBy(pod, state);
  if (disrupted !== undefined) return { ...common, state: 'interrupted', message: disrupted };
  const turnedAway = turnedAwayBy(pod, state);
  if (turnedAway !== undefined) return { ...common, state: 'probe-refused', message: turnedAway };
  const unschedulable = unschedulableFor(pod);
  if (unschedulable !== undefined) return { ...common, state: 'unschedulable', message: unschedulable };
  return { ...common, state: 'pending' };
}

/**
 * Init containers that keep our container from its pull, with what they wait for; the probe has none of its own.
 * Undefined when there are none left.
 */
export function heldUpBy(pod: unknown): string | undefined {
  const sidecars = listAt(pod, 'spec', 'initContainers')
    .filter((one) => textAt(one, 'restartPolicy') === 'Always')
    .map((one) => textAt(one, 'name'));
  const held = listAt(pod, 'status', 'initContainerStatuses').find((one) => {
    // A sidecar only has to start; any other init container has to end well.
    if (sidecars.includes(textAt(one, 'name')) && at(one, 'started') === true) return false;
    return numberAt(one, 'state', 'terminated', 'exitCode') !== 0;
  });
  const name = textAt(held, 'name');
  if (name === undefined) return undefined;
  const why = textAt(held, 'state', 'waiting', 'message') ?? textAt(held, 'state', 'waiting', 'reason');
  return `the init container ${name}, which the cluster added, has not come to its end${why === undefined ? '' : ` (${why})`}`;
}

/** What the autoscaler says of a pod that fits nowhere. */
export interface ScaleUp {
  /** A node is on its way. */
  coming: boolean;
  words: string;
}

/**
 * Events by which an autoscaler tells whether it adds a node for the pod. Sources: kubernetes/autoscaler
 * cluster-autoscaler processors/status/eventing_scale_up_processor.go; Karpenter's, on which node auto-provisioning is
 * built, kubernetes-sigs/karpenter pkg/controllers/provisioning/scheduling/events.go.
 */
const SCALE_UP: Readonly<Record<string, boolean>> = {
  TriggeredScaleUp: true,
  Nominated: true,
  NotTriggerScaleUp: false,
};

/** The autoscaler's last word about a pod, if it said any. */
export function scaleUp(events: readonly unknown[]): ScaleUp | undefined {
  const said = events.filter((event) => (textAt(event, 'reason') ?? '') in SCALE_UP);
  const words = lastEvent(said);
  if (words === undefined) return undefined;
  return { coming: SCALE_UP[words.replace(/:.*$/s, '')] === true, words };
}

/** The last event about a pod or Job, as `Reason: message`; for whoever waited in vain. */
export function lastEvent(events: readonly unknown[]): string | undefined {
  const last = [...events].sort((one, other) => eventTime(one, 'last') - eventTime(other, 'last')).at(-1);
  const reason = textAt(last, 'reason');
  const message = textAt(last, 'message') ?? textAt(last, 'note');
  return reason === undefined ? undefined : message === undefined ? reason : `${reason}: ${message}`;
}

/** Events of this pod's container, oldest first. A reused pod name has another uid. */
function ownEvents(pod: unknown, events: readonly unknown[], containerName: string): unknown[] {
  const uid = textAt(pod, 'metadata', 'uid');
  const name = textAt(pod, 'metadata', 'name');
  return events
    .filter((event) => {
      const about = at(event, 'involvedObject');
      const samePod = uid === undefined ? textAt(about, 'name') === name : textAt(about, 'uid') === uid;
      return samePod && textAt(about, 'fieldPath') === `spec.containers{${containerName}}`;
    })
    .sort((one, other) => eventTime(one, 'first') - eventTime(other, 'first'));
}

/** Milliseconds since the epoch; kubelets fill first- and lastTimestamp, newer reporters eventTime. */
function eventTime(event: unknown, which: 'first' | 'last'): number {
  const stamp =
    textAt(event, `${which}Timestamp`) ??
    textAt(event, 'eventTime') ??
    textAt(event, 'metadata', 'creationTimestamp');
  const time = stamp === undefined ? Number.NaN : Date.parse(stamp);
  return Number.isNaN(time) ? 0 : time;
}

function containerSpec(pod: unknown, name: string): unknown {
  return listAt(pod, 'spec', 'containers').find((container) => textAt(container, 'name') === name);
}

function containerStatus(pod: unknown, name: string): unknown {
  return listAt(pod, 'status', 'containerStatuses').find((status) => textAt(status, 'name') === name);
}

interface ContainerState {
  kind: 'waiting' | 'running' | 'terminated' | 'none';
  reason?: string;
  message?: string;
}

function containerState(pod: unknown, name: string): ContainerState {
  const state = at(containerStatus(pod, name), 'state');
  const kind = (['waiting', 'running', 'terminated'] as const).find((one) => at(state, one) !== undefined);
  if (kind === undefined) return { kind: 'none' };
  const reason = textAt(state, kind, 'reason');
  const message = textAt(state, kind, 'message');
  return { kind, ...optional('reason', reason), ...optional('message', message) };
}

/** A terminated container counts only if it once existed: else a pod that was killed early would pass. */
function gotFurther(state: ContainerState, status: unknown): boolean {
  if (state.kind === 'running') return true;
  if (state.kind === 'terminated')
    return (
      state.reason !== LOST && (textAt(status, 'containerID') ?? textAt(status, 'imageID')) !== undefined
    );
  return state.kind === 'waiting' && AFTER_THE_PULL.has(state.reason ?? '');
}

function pulledMessage(event: unknown): string | undefined {
  return textAt(event, 'reason') === 'Pulled' ? textAt(event, 'message') : undefined;
}

/** Always asks the registry; any other policy, or the kubelet's own "already present", may not have. */
function usedWithoutAsking(pod: unknown, own: readonly unknown[], containerName: string): boolean {
  const policy = textAt(containerSpec(pod, containerName), 'imagePullPolicy');
  return (
    policy !== 'Always' || own.some((event) => pulledMessage(event)?.includes('already present on machine'))
  );
}

/** Bytes of the whole image, from `Image size: N bytes` (kubelets from 1.30 on). */
function imageSize(pulled: unknown): number | undefined {
  const size = /Image size: (\d+) bytes/.exec(textAt(pulled, 'message') ?? '')?.[1];
  return size === undefined ? undefined : Number(size);
}

/**
 * The manifest digest in `repository@sha256:…`. The repository is passed over: it may be another one that has the same
 * image (capture: pods-t12.json, ok-public). A bare `sha256:…` is the digest of the image's configuration instead.
 */
function digestOf(reference: string | undefined): string | undefined {
  return /@(sha256:[0-9a-f]{64})$/.exec(reference ?? '')?.[1];
}

function nodeLacked(node: unknown, digest: string | undefined, size: number | undefined): boolean {
  const images = listAt(node, 'status', 'images');
  if (digest === undefined || images.length === 0) return false;
  const names = images.flatMap((image) => listAt(image, 'names'));
  if (names.some((name) => typeof name === 'string' && digestOf(name) === digest)) return false;
  if (images.length < MOST_LISTED_IMAGES) return true;
  const smallest = Math.min(
    ...images.map((image) => numberAt(image, 'sizeBytes') ?? Number.POSITIVE_INFINITY),
  );
  return size !== undefined && size > smallest;
}

/** Whether and why the image could not be had: from the first event that says it, else from the status. */
function refusalOf(state: ContainerState, own: readonly unknown[]): { message?: string } | undefined {
  for (const event of own) {
    const message = /^Failed to pull image "[^"]*":?\s*(.+)$/s.exec(textAt(event, 'message') ?? '')?.[1];
    if (textAt(event, 'reason') === 'Failed' && message !== undefined) return { message };
  }
  if (state.kind !== 'waiting' || !REFUSED.has(state.reason ?? '')) return undefined;
  if (state.reason !== 'ImagePullBackOff') return optional('message', state.message);
  // Kubelet 1.36 embeds the cause in the back-off, 1.20 says only that it backs off (captures: pods-t25.json, pods-t10.json).
  const embedded = /^Back-off pulling image "[^"]*": (?:\w+: )?(.+)$/s.exec(state.message ?? '')?.[1];
  return optional('message', embedded);
}

/**
 * Reasons of a failed pod that the node threw out or that went with it: kubernetes/kubernetes pkg/kubelet/eviction
 * (Evicted), …/preemption (Preempting), …/nodeshutdown (Terminated; NodeShutdown and Shutdown of older kubelets), and
 * pkg/util/node (NodeLost).
 */
const THROWN_OUT = new Set(['Evicted', 'Preempting', 'Terminated', 'NodeShutdown', 'Shutdown', 'NodeLost']);

/**
 * Why the pod had to go before its pull was decided: the condition DisruptionTarget
 * (https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions), or the node's own reason.
 */
function disruptedBy(pod: unknown, state: ContainerState): string | undefined {
  if (state.kind === 'running') return undefined;
  const target = listAt(pod, 'status', 'conditions').find(
    (one) => textAt(one, 'type') === 'DisruptionTarget' && textAt(one, 'status') === 'True',
  );
  const thrownOut = THROWN_OUT.has(textAt(pod, 'status', 'reason') ?? '') ? at(pod, 'status') : undefined;
  const said = thrownOut ?? target;
  if (said === undefined) return undefined;
  const words = [textAt(said, 'reason'), textAt(said, 'message')].filter((one) => one !== undefined);
  return words.join(': ') || 'DisruptionTarget';
}

/**
 * A pod that failed before its container did anything: the kubelet did not admit it, or evicted it. The Job's own
 * deadline looks like that too, but is ours.
 */
function turnedAwayBy(pod: unknown, state: ContainerState): string | undefined {
  const reason = textAt(pod, 'status', 'reason');
  if (textAt(pod, 'status', 'phase') !== 'Failed' || reason === undefined || reason === 'DeadlineExceeded')
    return undefined;
  if (state.kind === 'running') return undefined;
  const message = textAt(pod, 'status', 'message');
  return message === undefined ? reason : `${reason}: ${message}`;
}

/** The scheduler's words when no node takes the pod (https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#PodStatus, PodScheduled). */
function unschedulableFor(pod: unknown): string | undefined {
  const condition = listAt(pod, 'status', 'conditions').find(
    (one) => textAt(one, 'type') === 'PodScheduled' && textAt(one, 'status') === 'False',
  );
  if (condition === undefined) return undefined;
  return textAt(condition, 'message') ?? textAt(condition, 'reason') ?? 'no node takes the pod';
}
