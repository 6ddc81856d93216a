/** How a kubelet writes a pod's status: conditions, phase and container statuses (captures: job-pods-t6.json, watch-pods-live.ndjson). */
import { MESSAGES } from './messages.js';
import type { ContainerStatus, Node, Pod, PodCondition } from './objects.js';

const CONDITION_ORDER = [
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
];

/** Sets a condition; its transition time moves only when its status changes. */
function setCondition(
  pod: Pod,
  at: string,
  type: string,
  status: 'True' | 'False',
  reason?: string,
  message?: string,
): void {
  const conditions = pod.status.conditions ?? [];
  const before = conditions.find((condition) => condition.type === type);
  const next: PodCondition = {
    type,
    observedGeneration: pod.metadata.generation ?? 1,
    status,
    lastProbeTime: null,
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : at,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
  };
  pod.status.conditions = [...conditions.filter((condition) => condition.type !== type), next].sort(
    (a, b) => CONDITION_ORDER.indexOf(a.type) - CONDITION_ORDER.indexOf(b.type),
  );
}

let podAddress = 0;

/** The first status: the kubelet has seen the pod. */
export function initialStatus(pod: Pod, node: Node, at: string): void {
  const hostIP = node.status.addresses.find((address) => address.type === 'InternalIP')?.address ?? '';
  pod.status.observedGeneration = pod.metadata.generation ?? 1;
  pod.status.hostIP = hostIP;
  pod.status.hostIPs = [{ ip: hostIP }];
  pod.status.startTime = at;
  pod.status.containerStatuses = pod.spec.containers.map((container): ContainerStatus => ({
    name: container.name,
    state: { waiting: { reason: 'ContainerCreating' } },
    lastState: {},
    ready: false,
    restartCount: 0,
    image: container.image,
    imageID: '',
    started: false,
  }));
  setCondition(pod, at, 'PodReadyToStartContainers', 'False');
  setCondition(pod, at, 'Initialized', 'True');
  setCondition(pod, at, 'PodScheduled', 'True');
  setReadiness(pod, at);
}

/** The sandbox is up, with its address. */
export function sandboxReady(pod: Pod, at: string): void {
  podAddress += 1;
  const ip = `10.244.${Math.floor(podAddress / 250) % 250}.${(podAddress % 250) + 2}`;
  pod.status.podIP = ip;
  pod.status.podIPs = [{ ip }];
  setCondition(pod, at, 'PodReadyToStartContainers', 'True');
}

/** Changes one container's status and what follows from it: phase, readiness. */
export function applyContainerStatus(
  pod: Pod,
  name: string,
  change: Partial<ContainerStatus>,
  at: string,
): void {
  pod.status.containerStatuses = (pod.status.containerStatuses ?? []).map((status) => {
    if (status.name !== name) return status;
    const running = change.state?.running !== undefined;
    const restarting = change.state?.waiting !== undefined && status.state.terminated !== undefined;
    return {
      ...status,
      ...change,
      ...(restarting ? { lastState: status.state } : {}),
      ready: running,
      started: running,
    };
  });
  pod.status.phase = phaseOf(pod);
  if (pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed') {
    setCondition(pod, at, 'PodReadyToStartContainers', 'False');
  }
  setReadiness(pod, at);
}

/** Source: kubernetes/kubernetes pkg/kubelet/kubelet_pods.go, getPhase. */
function phaseOf(pod: Pod): string {
  const statuses = pod.status.containerStatuses ?? [];
  const ended = statuses.filter((status) => status.state.terminated !== undefined);
  const begun = statuses.filter(
    (status) => status.state.waiting === undefined || status.lastState.terminated !== undefined,
  );
  if (begun.length < statuses.length) return 'Pending';
  if (ended.length < statuses.length) return 'Running';
  const failed = ended.some((status) => status.state.terminated?.exitCode !== 0);
  const { restartPolicy } = pod.spec;
  const restarts = restartPolicy === 'Always' || (restartPolicy === 'OnFailure' && failed);
  const going = pod.metadata.deletionTimestamp !== undefined;
  if (restarts && !going) return 'Running';
  return failed ? 'Failed' : 'Succeeded';
}

function setReadiness(pod: Pod, at: string): void {
  const { phase } = pod.status;
  const ended = { Succeeded: 'PodCompleted', Failed: 'PodFailed' }[phase];
  // A pod that is being deleted keeps its readiness as it was (capture: watch-pods-live.ndjson).
  if (ended !== undefined && pod.metadata.deletionTimestamp === undefined) {
    setCondition(pod, at, 'Ready', 'False', ended);
    setCondition(pod, at, 'ContainersReady', 'False', ended);
    if (phase === 'Succeeded') setCondition(pod, at, 'Initialized', 'True', ended);
    return;
  }
  const unready = (pod.status.containerStatuses ?? [])
    .filter((status) => !status.ready)
    .map((status) => status.name);
  for (const type of ['Ready', 'ContainersReady']) {
    if (unready.length === 0) setCondition(pod, at, type, 'True');
    else setCondition(pod, at, type, 'False', 'ContainersNotReady', MESSAGES.unready(unready));
  }
}
