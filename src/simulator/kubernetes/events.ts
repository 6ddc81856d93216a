/** Writes Events, and counts repetitions of the same one as client-go's correlator does. */
import { microTimestamp, timestamp } from './objects.js';
import type { Event, KubeObject, ObjectReference } from './objects.js';
import type { Store } from './store.js';

/** What happened to which object. */
export interface Occurrence {
  object: KubeObject;
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
  /** `spec.containers{name}` for what concerns one container. */
  fieldPath?: string;
}

/** The events of one component. */
export type Recorder = (occurrence: Occurrence) => void;

let sequence = 0;

function reference(object: KubeObject, fieldPath?: string): ObjectReference {
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    name: object.metadata.name,
    namespace: object.metadata.namespace ?? 'default',
    uid: object.metadata.uid ?? '',
    ...(object.metadata.resourceVersion === undefined
      ? {}
      : { resourceVersion: object.metadata.resourceVersion }),
    ...(fieldPath === undefined ? {} : { fieldPath }),
  };
}

function nameFor(object: KubeObject, now: number): string {
  sequence += 1;
  return `${object.metadata.name}.${(BigInt(now) * 1_000_000n + BigInt(sequence)).toString(16)}`;
}

/**
 * Events of a kubelet (with its node's name) or of a controller. Same object, type, reason and message: the count
 * goes up and `lastTimestamp` moves (capture: watch-events-live.ndjson).
 */
export function recorder(store: Store, now: () => number, component: string, host?: string): Recorder {
  return ({ object, type, reason, message, fieldPath }) => {
    const namespace = object.metadata.namespace ?? 'default';
    // The namespace may have gone meanwhile: then nobody is told.
    if (store.get('namespaces', namespace) === undefined) return;
    const involvedObject = reference(object, fieldPath);
    const same = store
      .list('events', namespace)
      .find(
        (event) =>
          event.involvedObject.uid === involvedObject.uid &&
          event.involvedObject.fieldPath === fieldPath &&
          event.type === type &&
          event.reason === reason &&
          event.message === message &&
          event.reportingComponent === component &&
          event.reportingInstance === (host ?? ''),
      );
    const at = timestamp(now());
    if (same !== undefined) {
      store.update('events', same.metadata.name, namespace, (event) => {
        event.count = (event.count ?? 1) + 1;
        event.lastTimestamp = at;
      });
      return;
    }
    const event: Event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: nameFor(object, now()), namespace },
      involvedObject,
      type,
      reason,
      message,
      source: { component, ...(host === undefined ? {} : { host }) },
      count: 1,
      firstTimestamp: at,
      lastTimestamp: at,
      eventTime: null,
      reportingComponent: component,
      reportingInstance: host ?? '',
    };
    store.create('events', event);
  };
}

/**
 * Events of the scheduler, which writes the events.k8s.io form: seen through core/v1 it has `eventTime` and no
 * timestamps, source or count (kubernetes/kubernetes pkg/apis/core conversion; no capture holds one).
 */
export function schedulerRecorder(
  store: Store,
  now: () => number,
): (occurrence: Occurrence & { action: string }) => void {
  return ({ object, type, reason, message, action }) => {
    const namespace = object.metadata.namespace ?? 'default';
    store.create('events', {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: nameFor(object, now()), namespace },
      involvedObject: reference(object),
      type,
      reason,
      message,
      source: {},
      firstTimestamp: null,
      lastTimestamp: null,
      eventTime: microTimestamp(now()),
      action,
      reportingComponent: 'default-scheduler',
      reportingInstance: 'default-scheduler-aks',
    });
  };
}
