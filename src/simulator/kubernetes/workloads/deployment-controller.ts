/**
 * Rolls Deployments out by ReplicaSets (kubernetes/kubernetes pkg/controller/deployment: sync.go, rolling.go,
 * recreate.go, progress.go). Readiness is taken from the pods; minReadySeconds isn't modelled.
 */
import { sameJson } from '../equality.js';
import type { ManagedCluster } from '../../cloud/model.js';
import { createObject } from '../creation.js';
import { beginDeletion } from '../deletion.js';
import { ApiError } from '../errors.js';
import { recorder } from '../events.js';
import { timestamp } from '../objects.js';
import type { Deployment, ReplicaSet, WorkloadCondition } from '../objects.js';
import { selects } from '../selectors.js';
import type { Store } from '../store.js';
import type { Timers } from '../timers.js';
import { WorkQueue } from '../timers.js';
import { controlledBy, controllerOf } from './pods-of.js';
import {
  HASH_LABEL,
  limits,
  plain,
  REVISION,
  revisionOf,
  sizes,
  templateHash,
  templateOf,
  transition,
  wanted,
} from './rollout.js';

/** Wait until a refused ReplicaSet is tried again. */
const RETRY_MS = 5_000;

/** Reasons and words of conditions and events (pkg/controller/deployment/util/deployment_util.go, progress.go, sync.go). */
const WORDS = {
  scaled: (set: string, from: number, to: number) =>
    `Scaled ${to > from ? 'up' : 'down'} replica set ${set} from ${from} to ${to}`,
  available: 'Deployment has minimum availability.',
  unavailable: 'Deployment does not have minimum availability.',
  created: (set: string) => `Created new replica set "${set}"`,
  progressing: (set: string) => `ReplicaSet "${set}" is progressing.`,
  done: (set: string) => `ReplicaSet "${set}" has successfully progressed.`,
  refused: (set: string, why: string) => `Failed to create new replica set "${set}": ${why}`,
  late: (set: string) => `ReplicaSet "${set}" has timed out progressing.`,
};

/** Starts the Deployment controller of a cluster. */
export function startDeploymentController(
  store: Store,
  timers: Timers,
  now: () => number,
  cluster: ManagedCluster,
): void {
  const record = recorder(store, now, 'deployment-controller');
  /** When each rollout last got on, by the Deployment's uid, in milliseconds. */
  const progressed = new Map<string, number>();
  /** Why a ReplicaSet couldn't be made, by the Deployment's uid. */
  const refusals = new Map<string, string>();

  const queue = new WorkQueue(timers, (key) => {
    const [namespace = '', name = ''] = key.split('/');
    const deployment = store.get('deployments', name, namespace);
    if (deployment !== undefined && deployment.metadata.deletionTimestamp === undefined) sync(deployment);
  });
  const keyOf = ({ metadata }: Deployment): string => `${metadata.namespace}/${metadata.name}`;

  const setsOf = (deployment: Deployment): ReplicaSet[] =>
    store
      .list('replicasets', deployment.metadata.namespace)
      .filter((set) => controllerOf(set)?.uid === deployment.metadata.uid);

  /** Takes on what its selector takes and nobody controls, such as what an orphaning deletion left. */
  const adopt = (deployment: Deployment): void => {
    for (const set of store.list('replicasets', deployment.metadata.namespace)) {
      if (controllerOf(set) !== undefined || set.metadata.deletionTimestamp !== undefined) continue;
      if (!selects(deployment.spec.selector, set.metadata.labels)) continue;
      store.update('replicasets', set.metadata.name, set.metadata.namespace, ({ metadata }) => {
        metadata.ownerReferences = [...(metadata.ownerReferences ?? []), controlledBy(deployment)];
      });
    }
  };

  const scale = (deployment: Deployment, set: ReplicaSet, replicas: number): void => {
    const from = set.spec.replicas ?? 1;
    if (from === replicas) return;
    store.update('replicasets', set.metadata.name, set.metadata.namespace, ({ spec, metadata }) => {
      spec.replicas = replicas;
      metadata.generation = (metadata.generation ?? 1) + 1;
      metadata.annotations = { ...metadata.annotations, ...sizes(deployment) };
    });
    const message = WORDS.scaled(set.metadata.name, from, replicas);
    record({ object: deployment, type: 'Normal', reason: 'ScalingReplicaSet', message });
  };

  /** The set of the present template: found, or made. */
  const currentSet = (deployment: Deployment, sets: ReplicaSet[]): ReplicaSet | undefined => {
    const found = sets.find((set) => sameJson(templateOf(set), plain(deployment.spec.template)));
    const latest = Math.max(0, ...sets.filter((set) => set !== found).map(revisionOf));
    const revision = String(
      found !== undefined && revisionOf(found) > latest ? revisionOf(found) : latest + 1,
    );
    const set = found ?? make(deployment, revision);
    if (set === undefined) return undefined;
    refusals.delete(deployment.metadata.uid ?? '');
    if (revisionOf(set) !== Number(revision))
      store.update('replicasets', set.metadata.name, set.metadata.namespace, ({ metadata }) => {
        metadata.annotations = { ...metadata.annotations, [REVISION]: revision };
      });
    if (deployment.metadata.annotations?.[REVISION] !== revision)
      store.update('deployments', deployment.metadata.name, deployment.metadata.namespace, ({ metadata }) => {
        metadata.annotations = { ...metadata.annotations, [REVISION]: revision };
      });
    return set;
  };

  /** Undefined when it is refused: then it is tried again after a while. */
  const make = (deployment: Deployment, revision: string): ReplicaSet | undefined => {
    const { name, namespace } = deployment.metadata;
    const hash = templateHash(deployment.spec.template);
    const { template, selector } = structuredClone(deployment.spec);
    const labels = { ...template.metadata?.labels, [HASH_LABEL]: hash };
    const set: ReplicaSet = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${name}-${hash}`,
        labels,
        annotations: { ...sizes(deployment), [REVISION]: revision },
        ownerReferences: [controlledBy(deployment)],
      },
      spec: {
        replicas: 0,
        selector: { ...selector, matchLabels: { ...selector.matchLabels, [HASH_LABEL]: hash } },
        template: { ...template, metadata: { ...template.metadata, labels } },
      },
    };
    progressed.set(deployment.metadata.uid ?? '', now());
    try {
      return createObject(store, now(), 'replicasets', set, cluster, { namespace });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const message = WORDS.refused(set.metadata.name, error.message);
      record({ object: deployment, type: 'Warning', reason: 'ReplicaSetCreateError', message });
      refusals.set(deployment.metadata.uid ?? '', error.message);
      queue.add(keyOf(deployment), RETRY_MS);
      return undefined;
    }
  };

  const sync = (deployment: Deployment): void => {
    adopt(deployment);
    const sets = setsOf(deployment);
    // A paused one is scaled, but no new template is rolled out.
    const paused = deployment.spec.paused === true;
    const newest = [...sets].sort((one, other) => revisionOf(other) - revisionOf(one))[0];
    const current = paused ? newest : currentSet(deployment, sets);
    if (current !== undefined) {
      const old = sets.filter((set) => set.metadata.uid !== current.metadata.uid);
      if (paused) scale(deployment, current, wanted(deployment));
      else if (deployment.spec.strategy?.type === 'Recreate') recreate(deployment, current, old);
      else roll(deployment, current, old);
      cleanUp(deployment, old);
    }
    report(deployment, current);
  };

  const recreate = (deployment: Deployment, current: ReplicaSet, old: ReplicaSet[]): void => {
    old.forEach((set) => scale(deployment, set, 0));
    const busy = old.some((set) =>
      store.list('pods', set.metadata.namespace).some((pod) => controllerOf(pod)?.uid === set.metadata.uid),
    );
    if (!busy) scale(deployment, current, wanted(deployment));
  };

  /** As many new ones as the surge allows, as few old ones as availability allows; unhealthy old ones first. */
  const roll = (deployment: Deployment, current: ReplicaSet, old: ReplicaSet[]): void => {
    const { surge, unavailable } = limits(deployment);
    const all = [current, ...old].reduce((sum, set) => sum + (set.spec.replicas ?? 0), 0);
    const have = current.spec.replicas ?? 0;
    const more = Math.min(wanted(deployment) - have, Math.max(0, wanted(deployment) + surge - all));
    scale(deployment, current, have > wanted(deployment) ? wanted(deployment) : have + Math.max(0, more));
    const available = (set: ReplicaSet): number => set.status?.availableReplicas ?? 0;
    const newUnavailable = Math.min(have, wanted(deployment)) - available(current);
    let removable = all - (wanted(deployment) - unavailable) - Math.max(0, newUnavailable);
    for (const set of old) {
      const [size, healthy] = [set.spec.replicas ?? 0, available(set)];
      const unhealthy = Math.min(size - healthy, Math.max(0, removable));
      if (unhealthy <= 0) continue;
      scale(deployment, set, size - unhealthy);
      removable -= unhealthy;
    }
    let spare =
      [current, ...old].reduce((sum, set) => sum + available(set), 0) - (wanted(deployment) - unavailable);
    for (const set of setsOf(deployment).filter((one) => one.metadata.uid !== current.metadata.uid)) {
      const size = set.spec.replicas ?? 0;
      const fewer = Math.min(size, Math.max(0, spare));
      if (fewer === 0) continue;
      scale(deployment, set, size - fewer);
      spare -= fewer;
    }
  };

  /** Old sets beyond the history's limit go. */
  const cleanUp = (deployment: Deployment, old: ReplicaSet[]): void => {
    const empty = old.filter(
      (set) =>
        (set.spec.replicas ?? 0) === 0 &&
        (set.status?.replicas ?? 0) === 0 &&
        set.metadata.deletionTimestamp === undefined,
    );
    const surplus = old.length - (deployment.spec.revisionHistoryLimit ?? 10);
    empty
      .sort((one, other) => revisionOf(one) - revisionOf(other))
      .slice(0, Math.max(0, surplus))
      .forEach((set) => beginDeletion(store, now(), 'replicasets', set, { propagation: 'Background' }));
  };

  const report = (deployment: Deployment, current: ReplicaSet | undefined): void => {
    const { name, namespace, uid = '' } = deployment.metadata;
    const sets = setsOf(deployment);
    const sum = (value: (set: ReplicaSet) => number | undefined, of = sets): number =>
      of.reduce((total, set) => total + (value(set) ?? 0), 0);
    const live = sets.filter((set) => set.metadata.uid === current?.metadata.uid);
    const replicas = sum(({ status }) => status?.replicas);
    const updated = sum(({ status }) => status?.replicas, live);
    const available = sum(({ status }) => status?.availableReplicas);
    const target = wanted(deployment);
    const status = {
      ...(replicas === 0 ? {} : { replicas }),
      ...(updated === 0 ? {} : { updatedReplicas: updated }),
      ...(available === 0 ? {} : { readyReplicas: available, availableReplicas: available }),
      ...(target <= available && replicas <= available
        ? {}
        : { unavailableReplicas: Math.max(target, replicas) - available }),
    };
    const before = deployment.status ?? {};
    const counts = ({
      updatedReplicas = 0,
      readyReplicas = 0,
      availableReplicas = 0,
    }: typeof before): number[] => [updatedReplicas, readyReplicas, availableReplicas];
    if (!sameJson(counts(status), counts(before))) progressed.set(uid, now());
    const done = updated === target && replicas === target && available === target && current !== undefined;
    const conditions = [availability(deployment, available), ...progressOf(deployment, current, done)];
    store.update('deployments', name, namespace, (object) => {
      object.status = {
        observedGeneration: object.metadata.generation ?? 1,
        ...status,
        conditions: conditions.map((condition) =>
          transition(before.conditions ?? [], condition, timestamp(now())),
        ),
      };
    });
  };

  const availability = (deployment: Deployment, available: number): WorkloadCondition =>
    available >= wanted(deployment) - limits(deployment).unavailable
      ? { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable', message: WORDS.available }
      : {
          type: 'Available',
          status: 'False',
          reason: 'MinimumReplicasUnavailable',
          message: WORDS.unavailable,
        };

  const progressOf = (
    deployment: Deployment,
    current: ReplicaSet | undefined,
    done: boolean,
  ): WorkloadCondition[] => {
    const message = refusals.get(deployment.metadata.uid ?? '');
    if (message !== undefined)
      return [{ type: 'Progressing', status: 'False', reason: 'ReplicaSetCreateError', message }];
    return current === undefined ? [] : [progress(deployment, current, done)];
  };

  const progress = (
    deployment: Deployment,
    { metadata: { name } }: ReplicaSet,
    done: boolean,
  ): WorkloadCondition => {
    const type = 'Progressing';
    if (done) return { type, status: 'True', reason: 'NewReplicaSetAvailable', message: WORDS.done(name) };
    const since = progressed.get(deployment.metadata.uid ?? '') ?? now();
    const left = since + (deployment.spec.progressDeadlineSeconds ?? 600) * 1000 - now();
    if (left <= 0)
      return { type, status: 'False', reason: 'ProgressDeadlineExceeded', message: WORDS.late(name) };
    queue.add(keyOf(deployment), left);
    return (deployment.status?.conditions ?? []).some((condition) => condition.type === type)
      ? { type, status: 'True', reason: 'ReplicaSetUpdated', message: WORDS.progressing(name) }
      : { type, status: 'True', reason: 'NewReplicaSetCreated', message: WORDS.created(name) };
  };

  store.subscribe(({ resource, object, type }) => {
    if (resource === 'deployments') {
      if (type === 'DELETED') progressed.delete(object.metadata.uid ?? '');
      else queue.add(keyOf(object as Deployment));
    }
    const owner = resource === 'replicasets' ? controllerOf(object) : undefined;
    if (owner?.kind === 'Deployment') queue.add(`${object.metadata.namespace}/${owner.name}`);
    // Recreate waits until the last old pod is gone.
    const set = resource === 'pods' && type === 'DELETED' ? controllerOf(object) : undefined;
    if (set?.kind === 'ReplicaSet') {
      const parent = store.get('replicasets', set.name, object.metadata.namespace);
      const above = parent === undefined ? undefined : controllerOf(parent);
      if (above?.kind === 'Deployment') queue.add(`${object.metadata.namespace}/${above.name}`);
    }
  });
}
