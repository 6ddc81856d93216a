/**
 * Which pools a workload can land on, by its own words and what is known of the pools. Rules:
 * https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/ and
 * https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
 */
import type { NodePool } from '../azure/cluster.js';
import { every, not, some } from '../azure/truth.js';
import type { Truth } from '../azure/truth.js';
import type { NodeRequirement, Toleration, Workload } from './model.js';

/** What nodes are labelled, as the API server lists them. */
export interface LabelledNode {
  name: string;
  labels: Readonly<Record<string, string>>;
}

/** A label that nobody told us of. */
const UNKNOWN = Symbol('unknown');
/** A label's value; undefined: the node hasn't got it. */
type Held = string | undefined | typeof UNKNOWN;

const itself = (truth: Truth): Truth => truth;

/**
 * Whether a workload can land on a pool.
 *
 * @param nodes the pool's nodes where they could be listed and there are any: their labels are all there is. Without them
 *   only what Azure itself says of the pool is known, and any other label leaves it unknown.
 */
export function landsOn(workload: Workload, pool: NodePool, nodes: readonly LabelledNode[] = []): Truth {
  if (workload.os !== undefined && workload.os !== pool.os) return false;
  const places =
    nodes.length > 0
      ? nodes.map(({ name, labels }) => ({ name, labels, whole: true }))
      : [{ name: undefined, labels: labelsOf(pool), whole: false }];
  const labelled = places.map(({ name, labels, whole }) => {
    const value = (key: string): Held => labels[key] ?? (whole ? undefined : UNKNOWN);
    const named: Truth =
      workload.nodeName === undefined ? true : name === undefined ? 'unknown' : name === workload.nodeName;
    const selected = Object.entries(workload.nodeSelector).map(([key, wanted]) =>
      meets({ key, operator: 'In', values: [wanted] }, value(key)),
    );
    const affine: Truth =
      workload.nodeAffinity.length === 0
        ? true
        : some(workload.nodeAffinity, (term) =>
            every(term, (requirement) =>
              meets(
                requirement,
                requirement.key === 'metadata.name' ? (name ?? UNKNOWN) : value(requirement.key),
              ),
            ),
          );
    return every<Truth>([named, ...selected, affine], itself);
  });
  // A pod whose node is named isn't scheduled, so taints that keep pods from being scheduled don't count.
  const repelling = pool.taints
    .map(parseTaint)
    .filter(
      ({ effect }) => effect === 'NoExecute' || (effect === 'NoSchedule' && workload.nodeName === undefined),
    );
  const tolerated = repelling.every((taint) => workload.tolerations.some((one) => tolerates(one, taint)));
  return every<Truth>([tolerated, some(labelled, itself)], itself);
}

/** Labels that nodes of a pool have for certain: https://learn.microsoft.com/azure/aks/use-labels, reserved system labels. */
function labelsOf(pool: NodePool): Record<string, string> {
  return {
    ...pool.labels,
    'kubernetes.io/os': pool.os,
    'beta.kubernetes.io/os': pool.os,
    ...(pool.provisioned === true
      ? { 'karpenter.sh/nodepool': pool.name }
      : {
          'kubernetes.io/arch': pool.architecture,
          'beta.kubernetes.io/arch': pool.architecture,
          agentpool: pool.name,
          'kubernetes.azure.com/agentpool': pool.name,
        }),
  };
}

function meets({ operator, values }: NodeRequirement, held: Held): Truth {
  if (held === UNKNOWN) return 'unknown';
  switch (operator) {
    case 'In':
      return held !== undefined && values.includes(held);
    case 'NotIn':
      return not(held !== undefined && values.includes(held));
    case 'Exists':
      return held !== undefined;
    case 'DoesNotExist':
      return held === undefined;
    case 'Gt':
      return held !== undefined && Number(held) > Number(values[0]);
    case 'Lt':
      return held !== undefined && Number(held) < Number(values[0]);
    default:
      return 'unknown';
  }
}

interface Taint {
  key: string;
  value: string;
  effect: string;
}

/** `key=value:Effect`, or `key:Effect`, as ARM lists them. */
function parseTaint(text: string): Taint {
  const colon = text.lastIndexOf(':');
  const [key = '', value = ''] = (colon === -1 ? text : text.slice(0, colon)).split('=');
  return { key, value, effect: colon === -1 ? 'NoSchedule' : text.slice(colon + 1) };
}

function tolerates({ key, operator = 'Equal', value = '', effect }: Toleration, taint: Taint): boolean {
  if (effect !== undefined && effect !== taint.effect) return false;
  if (key === undefined) return operator === 'Exists';
  return key === taint.key && (operator === 'Exists' || value === taint.value);
}
