/** Gives pods to nodes: cordons, taints, selectors, affinity and what they ask for. */
import { parseQuantity } from './admission/quantity.js';
import { hasEnded } from './deletion.js';
import { schedulerRecorder } from './events.js';
import { MESSAGES } from './messages.js';
import { timestamp } from './objects.js';
import type { Node, Pod, Taint, Toleration } from './objects.js';
import { meets } from './selectors.js';
import type { Store } from './store.js';
import type { Timers } from './timers.js';
import { WorkQueue } from './timers.js';

/** Why a node doesn't take a pod. */
export interface Refusal {
  /** In the scheduler's words. */
  reasons: string[];
  /** Whether less on the node could change it: only then the scheduler looks for pods to evict. */
  resolvable: boolean;
}

/**
 * Asks a node's filters in the scheduler's order and answers with the first refusal; undefined when it takes the pod.
 *
 * @param others the pods that the node has already
 */
export function refusalOf(pod: Pod, node: Node, others: readonly Pod[]): Refusal | undefined {
  const never = (reason: string): Refusal => ({ reasons: [reason], resolvable: false });
  if (node.spec.unschedulable === true) return never(MESSAGES.unschedulableNode());
  const refused = (node.spec.taints ?? []).some(
    (taint) =>
      taint.effect !== 'PreferNoSchedule' &&
      !(pod.spec.tolerations ?? []).some((one) => tolerates(one, taint)),
  );
  if (refused) return never(MESSAGES.untoleratedTaint());
  if (!matchesSelectors(pod, node)) return never(MESSAGES.nodeAffinity());
  return lackOfResources(pod, node, others);
}

/** What pods ask for and nodes have. Source: kubernetes/kubernetes pkg/scheduler/framework/plugins/noderesources/fit.go. */
const RESOURCES = ['cpu', 'memory', 'ephemeral-storage'];

function lackOfResources(pod: Pod, node: Node, others: readonly Pod[]): Refusal | undefined {
  const allocatable = (node.status['allocatable'] ?? {}) as Record<string, unknown>;
  const has = (name: string): bigint => parseQuantity(allocatable[name])?.milli ?? 0n;
  const full = BigInt(others.length + 1) * 1000n > has('pods');
  const lacking = RESOURCES.filter((name) => {
    const asked = requested(pod, name);
    const taken = others.reduce((sum, other) => sum + requested(other, name), 0n);
    return asked > 0n && name in allocatable && asked > has(name) - taken;
  });
  if (!full && lacking.length === 0) return undefined;
  return {
    reasons: [...(full ? [MESSAGES.tooManyPods()] : []), ...lacking.map(MESSAGES.insufficient)],
    // More than the whole node has: nobody's going would help.
    resolvable: !lacking.some((name) => requested(pod, name) > has(name)),
  };
}

/** Thousandths of what a pod's containers ask for together. */
function requested({ spec }: Pod, name: string): bigint {
  return spec.containers.reduce((sum, { resources }) => {
    const requests = resources?.['requests'] as Record<string, unknown> | undefined;
    return sum + (parseQuantity(requests?.[name])?.milli ?? 0n);
  }, 0n);
}

/** Source: kubernetes/kubernetes staging component-helpers scheduling/corev1. */
function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  if ((toleration.operator ?? 'Equal') === 'Exists') return true;
  return (toleration.value ?? '') === (taint.value ?? '') && toleration.key === taint.key;
}

function matchesSelectors(pod: Pod, node: Node): boolean {
  const labels = node.metadata.labels ?? {};
  const selected = Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value);
  const terms =
    pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (!selected || terms === undefined) return selected;
  return terms.some((term) => {
    const expressions = term.matchExpressions ?? [];
    const fields = term.matchFields ?? [];
    if (expressions.length + fields.length === 0) return false;
    return (
      expressions.every((requirement) => meets(labels, requirement)) &&
      fields.every((requirement) => meets({ 'metadata.name': node.metadata.name }, requirement))
    );
  });
}

/** Starts the scheduler of a cluster. A pod that fits nowhere is tried again when a node changes or a pod ends. */
export function startScheduler(store: Store, timers: Timers, now: () => number): void {
  const record = schedulerRecorder(store, now);
  const queue = new WorkQueue(timers, (key) => {
    const [namespace = '', name = ''] = key.split('/');
    const pod = store.get('pods', name, namespace);
    if (pod === undefined || pod.spec.nodeName !== undefined || pod.metadata.deletionTimestamp !== undefined)
      return;
    place(pod);
  });

  const place = (pod: Pod): void => {
    const { name, namespace } = pod.metadata;
    const nodes = store.list('nodes');
    const placed = store.list('pods').filter(({ status }) => !hasEnded(status.phase));
    const looked = nodes.map((node) => {
      const others = placed.filter(({ spec }) => spec.nodeName === node.metadata.name);
      return { node, load: others.length, refusal: refusalOf(pod, node, others) };
    });
    const [best] = looked.filter(({ refusal }) => refusal === undefined).sort((a, b) => a.load - b.load);
    const at = timestamp(now());
    if (best !== undefined) {
      const bound = store.update('pods', name, namespace, ({ spec, status }) => {
        spec.nodeName = best.node.metadata.name;
        status.conditions = [
          ...(status.conditions ?? []).filter((condition) => condition.type !== 'PodScheduled'),
          {
            type: 'PodScheduled',
            observedGeneration: 1,
            status: 'True',
            lastProbeTime: null,
            lastTransitionTime: at,
          },
        ];
      });
      const message = MESSAGES.assigned(namespace ?? '', name, best.node.metadata.name);
      record({ object: bound, type: 'Normal', reason: 'Scheduled', message, action: 'Binding' });
      return;
    }
    const message = MESSAGES.noNode(looked.flatMap(({ refusal }) => refusal ?? []));
    const before = pod.status.conditions?.find((condition) => condition.type === 'PodScheduled');
    if (before?.message === message) return;
    store.update('pods', name, namespace, ({ status }) => {
      status.conditions = [
        {
          type: 'PodScheduled',
          observedGeneration: 1,
          status: 'False',
          lastProbeTime: null,
          lastTransitionTime: at,
          reason: 'Unschedulable',
          message,
        },
      ];
    });
    record({ object: pod, type: 'Warning', reason: 'FailedScheduling', message, action: 'Scheduling' });
  };

  store.subscribe(({ type, resource, object }) => {
    if (resource === 'pods' && type === 'ADDED')
      queue.add(`${object.metadata.namespace}/${object.metadata.name}`);
    const roomier =
      (resource === 'nodes' && type !== 'DELETED') ||
      (resource === 'pods' && (type === 'DELETED' || hasEnded((object as Pod).status.phase)));
    if (roomier) {
      for (const pod of store.list('pods')) {
        if (pod.spec.nodeName === undefined) queue.add(`${pod.metadata.namespace}/${pod.metadata.name}`);
      }
    }
  });
}
