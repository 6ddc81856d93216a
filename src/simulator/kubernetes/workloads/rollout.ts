/** What a rollout is reckoned from: sizes, revisions, templates (kubernetes/kubernetes pkg/controller/deployment/util/deployment_util.go). */
import { createHash } from 'node:crypto';
import type { Deployment, PodTemplate, ReplicaSet, WorkloadCondition } from '../objects.js';

/** Carried by what belongs to one template. */
export const HASH_LABEL = 'pod-template-hash';
export const REVISION = 'deployment.kubernetes.io/revision';
const DESIRED = 'deployment.kubernetes.io/desired-replicas';
const MAXIMUM = 'deployment.kubernetes.io/max-replicas';

export function wanted({ spec }: Deployment): number {
  return spec.replicas ?? 1;
}

/** A number, or a share of the replicas (apimachinery pkg/util/intstr). */
function resolve(
  value: number | string | undefined,
  replicas: number,
  round: (share: number) => number,
): number {
  if (typeof value === 'number') return value;
  return round((Number.parseInt(value ?? '0', 10) / 100) * replicas);
}

/** By how much a rollout may go over and under (deployment_util.go, ResolveFenceposts: not both zero). */
export function limits(deployment: Deployment): { surge: number; unavailable: number } {
  const { rollingUpdate } = deployment.spec.strategy ?? {};
  if (rollingUpdate === undefined) return { surge: 0, unavailable: 0 };
  const surge = resolve(rollingUpdate.maxSurge, wanted(deployment), Math.ceil);
  const unavailable = resolve(rollingUpdate.maxUnavailable, wanted(deployment), Math.floor);
  return surge === 0 && unavailable === 0
    ? { surge, unavailable: 1 }
    : { surge, unavailable: Math.min(unavailable, wanted(deployment)) };
}

export function sizes(deployment: Deployment): Record<string, string> {
  const desired = wanted(deployment);
  return { [DESIRED]: String(desired), [MAXIMUM]: String(desired + limits(deployment).surge) };
}

export function revisionOf({ metadata }: ReplicaSet): number {
  return Number(metadata.annotations?.[REVISION] ?? '0');
}

/** A set's template without the label that tells it from others. */
export function templateOf({ spec }: ReplicaSet): PodTemplate {
  const { [HASH_LABEL]: _hash, ...labels } = spec.template.metadata?.labels ?? {};
  return plain({ ...spec.template, metadata: { ...spec.template.metadata, labels } });
}

export function plain(template: PodTemplate): PodTemplate {
  return { metadata: template.metadata ?? {}, spec: template.spec };
}

/** Assumption: which ten letters a template gives; a real controller hashes how Go prints it. */
export function templateHash(template: PodTemplate): string {
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
  const digest = createHash('sha256').update(JSON.stringify(template)).digest();
  return [...digest.subarray(0, 10)].map((byte) => alphabet.charAt(byte % alphabet.length)).join('');
}

/** A condition with its times: the transition's moves only when its status changes. */
export function transition(
  before: WorkloadCondition[],
  condition: WorkloadCondition,
  at: string,
): WorkloadCondition {
  const old = before.find(({ type }) => type === condition.type);
  const same =
    old?.status === condition.status && old.reason === condition.reason && old.message === condition.message;
  return {
    ...condition,
    lastUpdateTime: same ? (old?.lastUpdateTime ?? at) : at,
    lastTransitionTime: old?.status === condition.status ? (old.lastTransitionTime ?? at) : at,
  };
}
