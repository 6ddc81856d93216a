/** The tabular form that `kubectl get` asks for (capture: 200-pods-list-table.http). Columns: kubernetes/kubernetes pkg/printers. */
import type { Exchange } from '../net/exchange.js';
import type { Event, Job, KubeObject, Namespace, Node, Pod, ResourceName, ResourceTypes } from './objects.js';

interface Column<O> {
  name: string;
  /** 0 is always shown, 1 only with `-o wide`. */
  priority: 0 | 1;
  cell(object: O, now: number): string;
}

/** Whether the client asks for a Table. */
export function wantsTable(exchange: Exchange): boolean {
  return /application\/json;as=Table;v=v1;g=meta\.k8s\.io/.test(exchange.headers['accept'] ?? '');
}

/** Kubernetes' short form of a duration: 45s, 3m12s, 2h5m. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return `${minutes}m${seconds % 60 === 0 ? '' : `${seconds % 60}s`}`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}

const NONE = '<none>';

const name: Column<KubeObject> = { name: 'Name', priority: 0, cell: ({ metadata }) => metadata.name };
const age: Column<KubeObject> = {
  name: 'Age',
  priority: 0,
  cell: ({ metadata }, now) => humanDuration(now - Date.parse(metadata.creationTimestamp ?? '')),
};

function podReason({ metadata, status }: Pod): string {
  if (metadata.deletionTimestamp !== undefined && status.phase !== 'Failed') return 'Terminating';
  const states = (status.containerStatuses ?? []).map(({ state }) => state);
  return (
    states
      .map((state) => state.waiting?.reason ?? state.terminated?.reason)
      .find((reason) => reason !== undefined) ??
    status.reason ??
    status.phase
  );
}

function jobStatus(job: Job): string {
  const has = (type: string): boolean =>
    job.status?.conditions?.some((condition) => condition.type === type) ?? false;
  if (has('Complete')) return 'Complete';
  if (has('Failed')) return 'Failed';
  if (job.metadata.deletionTimestamp !== undefined) return 'Terminating';
  if (has('FailureTarget')) return 'FailureTarget';
  if (has('SuccessCriteriaMet')) return 'SuccessCriteriaMet';
  return 'Running';
}

const COLUMNS: { [R in ResourceName]: (Column<ResourceTypes[R]> | Column<KubeObject>)[] } = {
  pods: [
    name,
    {
      name: 'Ready',
      priority: 0,
      cell: ({ spec, status }: Pod) =>
        `${(status.containerStatuses ?? []).filter((one) => one.ready).length}/${spec.containers.length}`,
    },
    { name: 'Status', priority: 0, cell: podReason },
    {
      name: 'Restarts',
      priority: 0,
      cell: ({ status }: Pod) =>
        String((status.containerStatuses ?? []).reduce((sum, one) => sum + one.restartCount, 0)),
    },
    age,
    { name: 'IP', priority: 1, cell: ({ status }: Pod) => status.podIP ?? NONE },
    { name: 'Node', priority: 1, cell: ({ spec }: Pod) => spec.nodeName ?? NONE },
  ],
  jobs: [
    name,
    { name: 'Status', priority: 0, cell: jobStatus },
    {
      name: 'Completions',
      priority: 0,
      cell: ({ spec, status }: Job) => `${status?.succeeded ?? 0}/${spec.completions ?? 1}`,
    },
    {
      name: 'Duration',
      priority: 0,
      cell: ({ status }: Job, now: number) =>
        status?.startTime === undefined
          ? ''
          : humanDuration(
              (status.completionTime === undefined ? now : Date.parse(status.completionTime)) -
                Date.parse(status.startTime),
            ),
    },
    age,
  ],
  nodes: [
    name,
    {
      name: 'Status',
      priority: 0,
      cell: ({ spec }: Node) => (spec.unschedulable === true ? 'Ready,SchedulingDisabled' : 'Ready'),
    },
    { name: 'Roles', priority: 0, cell: () => NONE },
    age,
    { name: 'Version', priority: 0, cell: ({ status }: Node) => status.nodeInfo['kubeletVersion'] ?? '' },
  ],
  namespaces: [
    name,
    { name: 'Status', priority: 0, cell: ({ status }: Namespace) => status?.phase ?? '' },
    age,
  ],
  serviceaccounts: [name, { name: 'Secrets', priority: 0, cell: () => '0' }, age],
  secrets: [name, age],
  events: [
    {
      name: 'Last Seen',
      priority: 0,
      cell: ({ lastTimestamp, eventTime }: Event, now: number) =>
        humanDuration(now - Date.parse(lastTimestamp ?? eventTime ?? '')),
    },
    { name: 'Type', priority: 0, cell: ({ type }: Event) => type },
    { name: 'Reason', priority: 0, cell: ({ reason }: Event) => reason },
    {
      name: 'Object',
      priority: 0,
      cell: ({ involvedObject }: Event) => `${involvedObject.kind.toLowerCase()}/${involvedObject.name}`,
    },
    { name: 'Message', priority: 0, cell: ({ message }: Event) => message },
  ],
};

/** A list as a meta.k8s.io/v1 Table. */
export function asTable(
  resource: ResourceName,
  objects: KubeObject[],
  now: number,
  resourceVersion: string,
): object {
  // Each resource's columns fit its own objects; the table of columns says so by its type, a union of resources can't.
  const columns = COLUMNS[resource] as Column<KubeObject>[];
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion },
    columnDefinitions: columns.map((column) => ({
      name: column.name,
      type: 'string',
      format: column.name === 'Name' ? 'name' : '',
      description: column.name,
      priority: column.priority,
    })),
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.cell(object, now)),
      object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata },
    })),
  };
}
