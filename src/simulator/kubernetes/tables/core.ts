/** Columns of the kinds of the core group (kubernetes/kubernetes pkg/printers/internalversion/printers.go; pods: capture 200-pods-list-table.http). */
import type {
  ConfigMap,
  Event,
  Namespace,
  Node,
  Pod,
  ResourceAmounts,
  ResourceQuota,
  Secret,
  ServiceAccount,
} from '../objects.js';
import { AGE, column, count, NAME, wide } from './column.js';
import type { Column } from './column.js';
import { ageOf, humanDuration, NONE, since } from './format.js';

/** The last column of what STATUS says: the containers' reasons, else the pod's. */
function podReason({ metadata, status }: Pod): string {
  const ended = status.phase === 'Failed' || status.phase === 'Succeeded';
  if (metadata.deletionTimestamp !== undefined && !ended) return 'Terminating';
  const reasons = (status.containerStatuses ?? []).flatMap(({ state: { waiting, terminated } }) => {
    const reason = waiting?.reason ?? terminated?.reason;
    if (reason !== undefined && reason !== '') return [reason];
    return terminated === undefined ? [] : [`ExitCode:${terminated.exitCode}`];
  });
  const running = (status.containerStatuses ?? []).some(
    ({ ready, state }) => ready && state.running !== undefined,
  );
  const [reason] = reasons;
  if (reason === undefined) return status.reason ?? status.phase;
  if (reason !== 'Completed' || !running) return reason;
  const ready = status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True');
  return ready === true ? 'Running' : 'NotReady';
}

function podRestarts({ status }: Pod, now: number): string {
  const statuses = status.containerStatuses ?? [];
  const times = statuses.reduce((sum, one) => sum + one.restartCount, 0);
  const ends = statuses.flatMap(({ lastState }) => lastState.terminated?.finishedAt ?? []);
  const last = ends.sort().at(-1);
  return times > 0 && last !== undefined ? `${times} (${since(last, now)} ago)` : String(times);
}

export const POD: Column<Pod>[] = [
  NAME,
  column('Ready', ({ spec, status }) => {
    const ready = (status.containerStatuses ?? []).filter(
      (one) => one.ready && one.state.running !== undefined,
    );
    return `${ready.length}/${spec.containers.length}`;
  }),
  column('Status', podReason),
  column('Restarts', podRestarts),
  AGE,
  wide('IP', ({ status }) => status.podIP ?? NONE),
  wide('Node', ({ spec }) => spec.nodeName ?? NONE),
  // Neither preemption nor readiness gates are modelled.
  wide('Nominated Node', () => NONE),
  wide('Readiness Gates', () => NONE),
];

function nodeStatus({ spec, status }: Node): string {
  const conditions = status['conditions'] as { type: string; status: string }[] | undefined;
  const ready = conditions?.find(({ type }) => type === 'Ready');
  const state = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return spec.unschedulable === true ? `${state},SchedulingDisabled` : state;
}

const addressOf =
  (wanted: string) =>
  ({ status }: Node): string =>
    status.addresses.find(({ type }) => type === wanted)?.address ?? NONE;

const ROLE_LABEL = 'node-role.kubernetes.io/';

export const NODE: Column<Node>[] = [
  NAME,
  column('Status', nodeStatus),
  column('Roles', ({ metadata }) => {
    const roles = Object.keys(metadata.labels ?? {}).filter((label) => label.startsWith(ROLE_LABEL));
    return (
      roles
        .map((label) => label.slice(ROLE_LABEL.length))
        .sort()
        .join(',') || NONE
    );
  }),
  AGE,
  column('Version', ({ status }) => status.nodeInfo['kubeletVersion'] ?? ''),
  wide('Internal-IP', addressOf('InternalIP')),
  wide('External-IP', addressOf('ExternalIP')),
  wide('OS-Image', ({ status }) => status.nodeInfo['osImage'] ?? '<unknown>'),
  wide('Kernel-Version', ({ status }) => status.nodeInfo['kernelVersion'] ?? '<unknown>'),
  wide('Container-Runtime', ({ status }) => status.nodeInfo['containerRuntimeVersion'] ?? '<unknown>'),
];

const firstSeen = ({ firstTimestamp, eventTime }: Event, now: number): string =>
  since(firstTimestamp ?? eventTime, now);

export const EVENT: Column<Event>[] = [
  column('Last Seen', (event, now) =>
    event.lastTimestamp === null
      ? firstSeen(event, now)
      : humanDuration(now - Date.parse(event.lastTimestamp)),
  ),
  column('Type', ({ type }) => type),
  column('Reason', ({ reason }) => reason),
  column('Object', ({ involvedObject }) => `${involvedObject.kind.toLowerCase()}/${involvedObject.name}`),
  wide('Subobject', ({ involvedObject }) => involvedObject.fieldPath ?? ''),
  wide('Source', ({ source, reportingComponent, reportingInstance }) =>
    [source.component ?? reportingComponent, source.host ?? reportingInstance]
      .filter((one) => one !== '')
      .join(', '),
  ),
  column('Message', ({ message }) => message.trim()),
  wide('First Seen', firstSeen),
  wide('Count', ({ count: times = 1 }) => times),
  { ...NAME, priority: 1 },
];

export const NAMESPACE: Column<Namespace>[] = [
  NAME,
  column('Status', ({ status }) => status?.phase ?? ''),
  AGE,
];

export const SECRET: Column<Secret>[] = [
  NAME,
  column('Type', ({ type }) => type ?? 'Opaque'),
  count('Data', ({ data }) => Object.keys(data ?? {}).length),
  AGE,
];

export const CONFIG_MAP: Column<ConfigMap>[] = [
  NAME,
  count('Data', ({ data, binaryData }) => Object.keys({ ...data, ...binaryData }).length),
  AGE,
];

export const SERVICE_ACCOUNT: Column<ServiceAccount>[] = [
  NAME,
  // Token secrets aren't made any more (since 1.24).
  count('Secrets', () => 0),
  AGE,
];

function quotaText({ status }: ResourceQuota, limits: boolean): string {
  const used: ResourceAmounts = status?.used ?? {};
  return Object.entries(status?.hard ?? {})
    .filter(([name]) => name.startsWith('limits.') === limits)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, hard]) => `${name}: ${used[name] ?? '0'}/${hard}`)
    .join(', ');
}

/** Assumption: the age stands last, as in later versions. */
export const RESOURCE_QUOTA: Column<ResourceQuota>[] = [
  NAME,
  column('Request', (quota) => quotaText(quota, false)),
  column('Limit', (quota) => quotaText(quota, true)),
  column('Age', ageOf),
];
