/** Makes Jobs' pods, counts how they end, and ends the Jobs (captures: jobs-t6.json, jobs-t22.json, events-jobs.json). */
import type { ManagedCluster } from '../cloud/model.js';
import { createObject } from './creation.js';
import { beginDeletion, hasEnded } from './deletion.js';
import { ApiError } from './errors.js';
import { recorder } from './events.js';
import { MESSAGES } from './messages.js';
import { timestamp } from './objects.js';
import type { Job, JobCondition, Pod } from './objects.js';
import type { Store } from './store.js';
import type { Timers } from './timers.js';
import { WorkQueue } from './timers.js';

/** Holds a pod until it is counted (kubernetes/kubernetes pkg/controller/job, capture: job-pods-t6.json). */
const TRACKING_FINALIZER = 'batch.kubernetes.io/job-tracking';
/** Wait after a pod couldn't be created, doubling (controller's DefaultJobApiBackOff is 1 s). */
const CREATE_BACK_OFF_MS = { first: 1_000, limit: 60_000 } as const;
/** Wait before a failed pod is replaced, doubling (controller's DefaultJobPodFailureBackOff). */
const POD_BACK_OFF_MS = { first: 10_000, limit: 600_000 } as const;

/** Whether a Job has a condition of this type. */
export function jobHas(job: Job, ...types: JobCondition['type'][]): boolean {
  return (
    job.status?.conditions?.some(
      (condition) => types.includes(condition.type) && condition.status === 'True',
    ) ?? false
  );
}

/** Starts the Job controller and the TTL controller of a cluster. */
export function startJobController(
  store: Store,
  timers: Timers,
  now: () => number,
  cluster: ManagedCluster,
): void {
  const record = recorder(store, now, 'job-controller');
  /** Failed attempts to create a pod, by the Job's uid. */
  const refusals = new Map<string, number>();
  /** When Jobs began, by uid, in milliseconds: their status has whole seconds only. */
  const begun = new Map<string, number>();

  const queue = new WorkQueue(timers, (key) => {
    const [namespace = '', name = ''] = key.split('/');
    const job = store.get('jobs', name, namespace);
    if (job !== undefined) sync(job);
  });
  const later = (job: Job, delayMs = 0): void =>
    queue.add(`${job.metadata.namespace}/${job.metadata.name}`, delayMs);

  const podsOf = (job: Job): Pod[] =>
    store
      .list('pods', job.metadata.namespace)
      .filter((pod) =>
        pod.metadata.ownerReferences?.some(
          (owner) => owner.controller === true && owner.uid === job.metadata.uid,
        ),
      );

  const update = (job: Job, change: (job: Job) => void): Job =>
    store.update('jobs', job.metadata.name, job.metadata.namespace, change);

  const condition = (type: JobCondition['type'], reason: string, message: string): JobCondition => {
    const at = timestamp(now());
    return { type, status: 'True', lastProbeTime: at, lastTransitionTime: at, reason, message };
  };

  const addConditions = (job: Job, ...conditions: JobCondition[]): Job =>
    update(job, (live) => {
      const known = (live.status?.conditions ?? []).map((one) => one.type);
      const fresh = conditions.filter((one) => !known.includes(one.type));
      live.status = { ...live.status, conditions: [...(live.status?.conditions ?? []), ...fresh] };
    });

  /** A counted or deleted pod needs its finalizer no more. One that no node had is gone as soon as it is deleted. */
  const release = ({ metadata: { name, namespace } }: Pod): void => {
    const live = store.get('pods', name, namespace);
    if (live?.metadata.finalizers?.includes(TRACKING_FINALIZER) !== true) return;
    store.update('pods', name, namespace, ({ metadata }) => {
      metadata.finalizers = (metadata.finalizers ?? []).filter((one) => one !== TRACKING_FINALIZER);
    });
  };

  const deletePod = (job: Job, pod: Pod): void => {
    if (pod.metadata.deletionTimestamp !== undefined) return;
    release(pod);
    const live = store.get('pods', pod.metadata.name, pod.metadata.namespace);
    if (live === undefined) return;
    beginDeletion(store, now(), 'pods', live, { propagation: 'Background' });
    record({
      object: job,
      type: 'Normal',
      reason: 'SuccessfulDelete',
      message: MESSAGES.deletedPod(pod.metadata.name),
    });
  };

  const createPod = (job: Job): boolean => {
    const { name, namespace, uid = '' } = job.metadata;
    const { template } = job.spec;
    const pod: Pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: '',
        generateName: `${name.slice(0, 57)}-`,
        labels: { ...template.metadata?.labels },
        ...(template.metadata?.annotations === undefined
          ? {}
          : { annotations: { ...template.metadata.annotations } }),
        finalizers: [TRACKING_FINALIZER],
        ownerReferences: [
          { apiVersion: 'batch/v1', kind: 'Job', name, uid, controller: true, blockOwnerDeletion: true },
        ],
      },
      spec: structuredClone(template.spec),
      status: { phase: 'Pending' },
    };
    try {
      const created = createObject(store, now(), 'pods', pod, cluster, { namespace });
      record({
        object: job,
        type: 'Normal',
        reason: 'SuccessfulCreate',
        message: MESSAGES.createdPod(created.metadata.name),
      });
      refusals.delete(uid);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      record({
        object: job,
        type: 'Warning',
        reason: 'FailedCreate',
        message: MESSAGES.errorCreating(error.message),
      });
      const times = refusals.get(uid) ?? 0;
      refusals.set(uid, times + 1);
      later(job, Math.min(CREATE_BACK_OFF_MS.first * 2 ** times, CREATE_BACK_OFF_MS.limit));
      return false;
    }
  };

  /** Moves a Job towards what its specification says; called after every change of it or of its pods. */
  const sync = (before: Job): void => {
    let job = before;
    if (jobHas(job, 'Complete', 'Failed')) {
      expire(job);
      return;
    }
    if (job.metadata.deletionTimestamp !== undefined || job.spec.suspend === true) return;
    if (job.status?.startTime === undefined) {
      begun.set(job.metadata.uid ?? '', now());
      job = update(job, (live) => (live.status = { ...live.status, startTime: timestamp(now()) }));
    }
    // A pod that is being deleted counts as failed once it has ended, though it may never be seen again: count first.
    const pods = podsOf(job);
    const counted = pods.filter(
      (pod) => hasEnded(pod.status.phase) && pod.metadata.finalizers?.includes(TRACKING_FINALIZER) === true,
    );
    const succeeded =
      (job.status?.succeeded ?? 0) + counted.filter((pod) => pod.status.phase === 'Succeeded').length;
    const failed = (job.status?.failed ?? 0) + counted.filter((pod) => pod.status.phase === 'Failed').length;
    const active = pods.filter(
      (pod) => !hasEnded(pod.status.phase) && pod.metadata.deletionTimestamp === undefined,
    );
    job = count(job, pods, active, { succeeded, failed });
    counted.forEach(release);

    const verdict = judge(job, succeeded, failed);
    if (verdict !== undefined) {
      finish(job, verdict, pods, active);
      return;
    }
    const wanted =
      Math.min(job.spec.parallelism ?? 1, (job.spec.completions ?? 1) - succeeded) - active.length;
    if (wanted <= 0) return;
    const wait = podBackOff(pods, failed);
    if (wait > 0) {
      later(job, wait);
      return;
    }
    for (let made = 0; made < wanted; made++) if (!createPod(job)) return;
  };

  const count = (job: Job, pods: Pod[], active: Pod[], ended: { succeeded: number; failed: number }): Job =>
    update(job, (live) => {
      const { active: _active, succeeded: _succeeded, failed: _failed, ...rest } = live.status ?? {};
      live.status = {
        ...rest,
        ...(active.length > 0 ? { active: active.length } : {}),
        ...(ended.succeeded > 0 ? { succeeded: ended.succeeded } : {}),
        ...(ended.failed > 0 ? { failed: ended.failed } : {}),
        ready: active.filter((pod) =>
          pod.status.conditions?.some((one) => one.type === 'Ready' && one.status === 'True'),
        ).length,
        terminating: pods.filter(
          (pod) => pod.metadata.deletionTimestamp !== undefined && !hasEnded(pod.status.phase),
        ).length,
        uncountedTerminatedPods: {},
      };
    });

  /** How the Job has to end, if it has to; comes back at its deadline. */
  const judge = (job: Job, succeeded: number, failed: number): JobCondition | undefined => {
    const target = job.status?.conditions?.find((one) => one.type === 'FailureTarget');
    if (target !== undefined) return target;
    if (succeeded >= (job.spec.completions ?? 1)) {
      return condition('SuccessCriteriaMet', 'CompletionsReached', MESSAGES.completionsReached());
    }
    if (failed > (job.spec.backoffLimit ?? 6)) {
      return condition('FailureTarget', 'BackoffLimitExceeded', MESSAGES.backoffLimitExceeded());
    }
    const { activeDeadlineSeconds } = job.spec;
    if (activeDeadlineSeconds === undefined) return undefined;
    const left = (begun.get(job.metadata.uid ?? '') ?? now()) + activeDeadlineSeconds * 1000 - now();
    if (left <= 0) return condition('FailureTarget', 'DeadlineExceeded', MESSAGES.deadlineExceeded());
    later(job, left);
    return undefined;
  };

  /** First the verdict, then, once no pod is left working, the condition that ends the Job. */
  const finish = (job: Job, verdict: JobCondition, pods: Pod[], active: Pod[]): void => {
    const { reason, message } = verdict;
    const marked = addConditions(job, verdict);
    if (active.length > 0) {
      active.forEach((pod) => deletePod(marked, pod));
      update(marked, (live) => {
        // Pods the controller deletes count as failed (capture: job-notfound in jobs-t22.json).
        const { active: _active, ...rest } = live.status ?? {};
        live.status = {
          ...rest,
          ...(verdict.type === 'FailureTarget' ? { failed: (rest.failed ?? 0) + active.length } : {}),
        };
      });
    }
    const busy = podsOf(marked).some((pod) => !hasEnded(pod.status.phase));
    if (busy) return;
    pods.forEach(release);
    const good = verdict.type === 'SuccessCriteriaMet';
    const ended = update(
      addConditions(marked, condition(good ? 'Complete' : 'Failed', reason, message)),
      (live) => {
        live.status = {
          ...live.status,
          ready: 0,
          terminating: 0,
          ...(good ? { completionTime: timestamp(now()) } : {}),
        };
      },
    );
    record(
      good
        ? { object: ended, type: 'Normal', reason: 'Completed', message: MESSAGES.jobCompleted() }
        : { object: ended, type: 'Warning', reason, message },
    );
  };

  /** A finished Job with a TTL is deleted after it, its dependents first (pkg/controller/ttlafterfinished). */
  const expire = (job: Job): void => {
    const { ttlSecondsAfterFinished } = job.spec;
    if (ttlSecondsAfterFinished === undefined || job.metadata.deletionTimestamp !== undefined) return;
    const end = job.status?.conditions?.find((one) => one.type === 'Complete' || one.type === 'Failed');
    const left = Date.parse(end?.lastTransitionTime ?? '') + ttlSecondsAfterFinished * 1000 - now();
    if (left > 0) {
      later(job, left);
      return;
    }
    beginDeletion(store, now(), 'jobs', job, { propagation: 'Foreground' });
  };

  /** Milliseconds until a failed pod may be replaced. */
  const podBackOff = (pods: Pod[], failed: number): number => {
    if (failed === 0) return 0;
    const ends = pods
      .filter((pod) => pod.status.phase === 'Failed')
      .flatMap((pod) =>
        (pod.status.containerStatuses ?? []).map((status) =>
          Date.parse(status.state.terminated?.finishedAt ?? ''),
        ),
      )
      .filter((end) => !Number.isNaN(end));
    if (ends.length === 0) return 0;
    return (
      Math.max(...ends) + Math.min(POD_BACK_OFF_MS.first * 2 ** (failed - 1), POD_BACK_OFF_MS.limit) - now()
    );
  };

  store.subscribe(({ type, resource, object }) => {
    if (resource === 'jobs') {
      if (type === 'DELETED') {
        refusals.delete(object.metadata.uid ?? '');
        begun.delete(object.metadata.uid ?? '');
      } else later(object as Job);
    }
    if (resource !== 'pods') return;
    const pod = object as Pod;
    const owner = pod.metadata.ownerReferences?.find((one) => one.controller === true && one.kind === 'Job');
    if (owner !== undefined) queue.add(`${pod.metadata.namespace}/${owner.name}`);
    // The pods of a Job that is gone or going are let go too, or nothing could ever delete them.
    if (type === 'DELETED' || !pod.metadata.finalizers?.includes(TRACKING_FINALIZER)) return;
    timers.after(0, () => {
      const live = store.get('pods', pod.metadata.name, pod.metadata.namespace);
      const job = owner === undefined ? undefined : store.get('jobs', owner.name, pod.metadata.namespace);
      const orphaned =
        job === undefined || job.metadata.uid !== owner?.uid || job.metadata.deletionTimestamp !== undefined;
      if (live !== undefined && (orphaned || live.metadata.deletionTimestamp !== undefined)) release(live);
    });
  });
}
