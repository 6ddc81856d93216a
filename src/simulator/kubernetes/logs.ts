/**
 * A pod's log: what the API server and a kubelet answer before there is one, or instead of one
 * (kubernetes/kubernetes pkg/registry/core/pod/strategy.go LogLocation, pkg/kubelet/kubelet_pods.go validateContainerLogStatus).
 */
import type { Answer, Exchange } from '../net/exchange.js';
import { commonHeaders } from './answers.js';
import { badRequest } from './errors.js';
import type { ContainerStatus, Pod } from './objects.js';
import { find } from './reading.js';
import { isTrue } from './requests.js';
import type { ApiDesk, ResourceRequest } from './requests.js';

/** Answers GET of `pods/{name}/log`. Assumption: the programs that are "run" here write nothing. */
export function readLog(desk: ApiDesk, exchange: Exchange, request: ResourceRequest): Answer {
  const pod = find(desk, request) as Pod;
  const { searchParams } = exchange.url;
  const container = chosenContainer(pod, searchParams.get('container') ?? '');
  if (pod.spec.nodeName !== undefined) {
    const problem = noLog(pod, container, isTrue(searchParams.get('previous')));
    if (problem !== undefined) throw badRequest(problem);
  }
  return {
    status: 200,
    headers: { ...commonHeaders(), 'content-type': 'text/plain; charset=utf-8' },
    body: '',
  };
}

function chosenContainer({ metadata, spec }: Pod, asked: string): string {
  const names = spec.containers.map(({ name }) => name);
  const [first = ''] = names;
  if (asked === '') {
    if (names.length === 1) return first;
    throw badRequest(
      `a container name must be specified for pod ${metadata.name}, choose one of: [${names.join(' ')}]`,
    );
  }
  if (!names.includes(asked)) throw badRequest(`container ${asked} is not valid for pod ${metadata.name}`);
  return asked;
}

/** Why a container that is waiting has no log, by its reason. */
const WAITING: Record<string, string> = {
  ErrImagePull: "image can't be pulled",
  ImagePullBackOff: 'trying and failing to pull image',
};

/** Why there is no log; undefined when there is one. */
function noLog({ metadata, status }: Pod, container: string, previous: boolean): string | undefined {
  const [named, pod] = [JSON.stringify(container), JSON.stringify(metadata.name)];
  const found = status.containerStatuses?.find(({ name }) => name === container);
  if (found === undefined) return `container ${named} in pod ${pod} is not available`;
  const { state } = found;
  if (previous) {
    return ran(found.lastState)
      ? undefined
      : `previous terminated container ${named} in pod ${pod} not found`;
  }
  if (state.running !== undefined) return undefined;
  if (state.terminated !== undefined || found.lastState.terminated !== undefined) {
    return ran(state) || ran(found.lastState) ? undefined : `container ${named} in pod ${pod} is terminated`;
  }
  const reason = state.waiting?.reason ?? '';
  return `container ${named} in pod ${pod} is waiting to start: ${WAITING[reason] ?? reason}`;
}

function ran({ terminated }: ContainerStatus['state']): boolean {
  return (terminated?.containerID ?? '') !== '';
}
