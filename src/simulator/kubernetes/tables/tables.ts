/** The tabular form that `kubectl get` asks for (capture: 200-pods-list-table.http). */
import type { KubeObject, Pod, ResourceName, ResourceTypes } from '../objects.js';
import { column, NAME } from './column.js';
import type { Column } from './column.js';
import { CONFIG_MAP, EVENT, NAMESPACE, NODE, POD, RESOURCE_QUOTA, SECRET, SERVICE_ACCOUNT } from './core.js';
import {
  CRON_JOB,
  DAEMON_SET,
  DEPLOYMENT,
  JOB,
  REPLICA_SET,
  ROLE_BINDING,
  STATEFUL_SET,
} from './workloads.js';

/** Kinds without a printer of their own (apiserver pkg/registry/rest/table.go). */
const DEFAULT_COLUMNS: Column<KubeObject>[] = [
  NAME,
  column('Created At', ({ metadata }) => metadata.creationTimestamp ?? '', { type: 'date' }),
];

const COLUMNS: { [R in ResourceName]?: (Column<ResourceTypes[R]> | Column<KubeObject>)[] } = {
  pods: POD,
  nodes: NODE,
  events: EVENT,
  namespaces: NAMESPACE,
  secrets: SECRET,
  configmaps: CONFIG_MAP,
  serviceaccounts: SERVICE_ACCOUNT,
  resourcequotas: RESOURCE_QUOTA,
  jobs: JOB,
  cronjobs: CRON_JOB,
  deployments: DEPLOYMENT,
  replicasets: REPLICA_SET,
  daemonsets: DAEMON_SET,
  statefulsets: STATEFUL_SET,
  rolebindings: ROLE_BINDING,
  clusterrolebindings: ROLE_BINDING,
};

/** What a row says of its object: its metadata, all of it (parameter includeObject), or nothing. */
export type RowObjects = 'metadata' | 'whole' | 'none';

const ROW_OBJECTS: Record<RowObjects, (object: KubeObject) => { object?: object }> = {
  metadata: ({ metadata }) => ({
    object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata },
  }),
  whole: (object) => ({ object }),
  none: () => ({}),
};

/** Says of a pod that has ended that it has, so that clients may grey it out. */
function rowConditions(resource: ResourceName, object: KubeObject): object {
  if (resource !== 'pods') return {};
  const { phase } = (object as Pod).status;
  const ended = { Succeeded: 'The pod has completed successfully.', Failed: 'The pod failed.' }[phase];
  if (ended === undefined) return {};
  return { conditions: [{ type: 'Completed', status: 'True', reason: phase, message: ended }] };
}

/** Objects as a meta.k8s.io/v1 Table. @param metadata the list's */
export function asTable(
  resource: ResourceName,
  objects: KubeObject[],
  now: number,
  metadata: object,
  rowObjects: RowObjects = 'metadata',
): object {
  // Each resource's columns fit its own objects; the table of columns says so by its type, a union of resources can't.
  const columns = COLUMNS[resource] ?? DEFAULT_COLUMNS;
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: columns.map(({ name, type, format, priority }) => ({
      name,
      type,
      format,
      description: name,
      priority,
    })),
    rows: objects.map((object) => ({
      cells: columns.map((one) => one.cell(object, now)),
      ...rowConditions(resource, object),
      ...ROW_OBJECTS[rowObjects](object),
    })),
  };
}
