/** Columns of what makes pods, and of roles (kubernetes/kubernetes pkg/printers/internalversion/printers.go). */
import type {
  CronJob,
  DaemonSet,
  Deployment,
  Job,
  ReplicaSet,
  RoleBinding,
  StatefulSet,
} from '../objects.js';
import { AGE, column, count, NAME, templateColumns, wide } from './column.js';
import type { Column } from './column.js';
import { humanDuration, labelText, NONE, since } from './format.js';

function jobStatus(job: Job): string {
  const has = (type: string): boolean =>
    job.status?.conditions?.some((condition) => condition.type === type) ?? false;
  if (has('Complete')) return 'Complete';
  if (has('Failed')) return 'Failed';
  if (job.metadata.deletionTimestamp !== undefined) return 'Terminating';
  if (has('Suspended')) return 'Suspended';
  if (has('FailureTarget')) return 'FailureTarget';
  if (has('SuccessCriteriaMet')) return 'SuccessCriteriaMet';
  return 'Running';
}

function jobCompletions({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function jobDuration({ status }: Job, now: number): string {
  if (status?.startTime === undefined) return '';
  const end = status.completionTime === undefined ? now : Date.parse(status.completionTime);
  return humanDuration(end - Date.parse(status.startTime));
}

export const JOB: Column<Job>[] = [
  NAME,
  column('Status', jobStatus),
  column('Completions', jobCompletions),
  column('Duration', jobDuration),
  AGE,
  ...templateColumns<Job>(
    ({ spec }) => spec.template.spec.containers,
    ({ spec }) => spec.selector,
  ),
];

export const CRON_JOB: Column<CronJob>[] = [
  NAME,
  column('Schedule', ({ spec }) => spec.schedule),
  column('Timezone', ({ spec }) => spec.timeZone ?? NONE),
  column('Suspend', ({ spec }) => (spec.suspend === true ? 'True' : 'False'), { type: 'boolean' }),
  count('Active', ({ status }) => status?.active?.length),
  column('Last Schedule', ({ status }, now) =>
    status?.lastScheduleTime === undefined ? NONE : since(status.lastScheduleTime, now),
  ),
  AGE,
  ...templateColumns<CronJob>(
    ({ spec }) => spec.jobTemplate.spec.template.spec.containers,
    ({ spec }) => spec.jobTemplate.spec.selector,
  ),
];

export const DEPLOYMENT: Column<Deployment>[] = [
  NAME,
  column('Ready', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 1}`),
  count('Up-to-date', ({ status }) => status?.updatedReplicas),
  count('Available', ({ status }) => status?.availableReplicas),
  AGE,
  ...templateColumns<Deployment>(
    ({ spec }) => spec.template.spec.containers,
    ({ spec }) => spec.selector,
  ),
];

export const REPLICA_SET: Column<ReplicaSet>[] = [
  NAME,
  count('Desired', ({ spec }) => spec.replicas),
  count('Current', ({ status }) => status?.replicas),
  count('Ready', ({ status }) => status?.readyReplicas),
  AGE,
  ...templateColumns<ReplicaSet>(
    ({ spec }) => spec.template.spec.containers,
    ({ spec }) => spec.selector,
  ),
];

export const DAEMON_SET: Column<DaemonSet>[] = [
  NAME,
  count('Desired', ({ status }) => status?.['desiredNumberScheduled']),
  count('Current', ({ status }) => status?.['currentNumberScheduled']),
  count('Ready', ({ status }) => status?.['numberReady']),
  count('Up-to-date', ({ status }) => status?.['updatedNumberScheduled']),
  count('Available', ({ status }) => status?.['numberAvailable']),
  column('Node Selector', ({ spec }) => labelText(spec.template.spec.nodeSelector)),
  AGE,
  ...templateColumns<DaemonSet>(
    ({ spec }) => spec.template.spec.containers,
    ({ spec }) => spec.selector,
  ),
];

export const STATEFUL_SET: Column<StatefulSet>[] = [
  NAME,
  column('Ready', ({ spec, status }) => `${status?.['readyReplicas'] ?? 0}/${spec.replicas ?? 1}`),
  AGE,
  ...templateColumns<StatefulSet>(({ spec }) => spec.template.spec.containers),
];

const subjects =
  (wanted: string) =>
  ({ subjects: all = [] }: RoleBinding): string =>
    all
      .filter(({ kind }) => kind === wanted)
      .map(({ name, namespace }) => (wanted === 'ServiceAccount' ? `${namespace ?? ''}/${name}` : name))
      .join(', ');

export const ROLE_BINDING: Column<RoleBinding>[] = [
  NAME,
  column('Role', ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`),
  AGE,
  wide('Users', subjects('User')),
  wide('Groups', subjects('Group')),
  wide('ServiceAccounts', subjects('ServiceAccount')),
];
