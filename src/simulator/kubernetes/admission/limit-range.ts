/**
 * LimitRange: gives containers the namespace's default amounts and refuses pods beyond its bounds (kubernetes/kubernetes,
 * plugin/pkg/admission/limitranger/admission.go; an item's own defaults: pkg/apis/core/v1/defaults.go).
 */
import { aggregate } from '../messages.js';
import type { Container, LimitRangeItem, Pod, PodSpec, ResourceAmounts } from '../objects.js';
import { refuse } from './plugin.js';
import type { AdmissionPlugin, AdmissionRequest } from './plugin.js';
import { formatQuantity, parseQuantity, readQuantities } from './quantity.js';
import type { Quantities, Quantity } from './quantity.js';

const ANNOTATION = 'kubernetes.io/limit-ranger';

/** Limits default to the maximum, requests to the default limits or else to the minimum. */
function completed(item: LimitRangeItem): LimitRangeItem {
  if (item.type !== 'Container') return item;
  const limits = { ...item.max, ...item.default };
  return { ...item, default: limits, defaultRequest: { ...item.min, ...limits, ...item.defaultRequest } };
}

function itemsOf({ store, object }: AdmissionRequest): LimitRangeItem[] {
  return store
    .list('limitranges', object.metadata.namespace ?? '')
    .flatMap(({ spec }) => spec.limits.map(completed));
}

type Part = 'requests' | 'limits';

/** Fills in what a container lacks; answers the names of what was. */
function fill(container: Container, part: Part, defaults: ResourceAmounts): string[] {
  const own = (container.resources?.[part] ?? {}) as ResourceAmounts;
  const lacking = Object.keys(defaults)
    .filter((name) => own[name] === undefined)
    .sort();
  if (lacking.length === 0) return [];
  container.resources = { ...container.resources, [part]: { ...defaults, ...own } };
  return lacking;
}

function applyDefaults(pod: Pod, items: readonly LimitRangeItem[]): void {
  const ofContainers = items.filter(({ type }) => type === 'Container');
  const requests = Object.assign({}, ...ofContainers.map((item) => item.defaultRequest)) as ResourceAmounts;
  const limits = Object.assign({}, ...ofContainers.map((item) => item.default)) as ResourceAmounts;
  const set = (kind: string, containers: readonly Container[]): string[] =>
    containers.flatMap((container) =>
      (
        [
          ['request', fill(container, 'requests', requests)],
          ['limit', fill(container, 'limits', limits)],
        ] as const
      )
        .filter(([, names]) => names.length > 0)
        .map(([part, names]) => `${names.join(', ')} ${part} for ${kind} ${container.name}`),
    );
  const done = [
    ...set('container', pod.spec.containers),
    ...set('init container', pod.spec.initContainers ?? []),
  ];
  if (done.length === 0) return;
  pod.metadata.annotations = {
    ...pod.metadata.annotations,
    [ANNOTATION]: `LimitRanger plugin set: ${done.join('; ')}`,
  };
}

interface Amounts {
  requests: Quantities;
  limits: Quantities;
}

const amountsOf = ({ resources }: Container): Amounts => ({
  requests: readQuantities(resources?.['requests']),
  limits: readQuantities(resources?.['limits']),
});

/** The sum over containers of what each of them states. */
function podAmounts({ containers }: PodSpec, part: Part): Quantities {
  const all = containers.map((container) => amountsOf(container)[part]);
  const [first = {}, ...others] = all;
  return Object.fromEntries(
    Object.entries(first).flatMap(([name, quantity]): [string, Quantity][] => {
      if (!others.every((amounts) => amounts[name] !== undefined)) return [];
      const milli = others.reduce((sum, amounts) => sum + (amounts[name]?.milli ?? 0n), quantity.milli);
      return [[name, { milli, format: 'decimal' }]];
    }),
  );
}

/** What is wrong with amounts by one item, in the item's order: minimum, maximum, ratio. */
function wrong(item: LimitRangeItem, { requests, limits }: Amounts): string[] {
  const each = (
    bounds: ResourceAmounts | undefined,
    say: (name: string, bound: Quantity, text: string) => string | undefined,
  ): string[] =>
    Object.keys(bounds ?? {})
      .sort()
      .flatMap((name) => {
        const bound = parseQuantity(bounds?.[name]);
        return bound === undefined ? [] : (say(name, bound, formatQuantity(bound)) ?? []);
      });
  return [
    ...each(item.min, (name, bound, text) => {
      const head = `minimum ${name} usage per ${item.type} is ${text}`;
      const [request, limit] = [requests[name], limits[name]];
      if (request === undefined) return `${head}.  No request is specified`;
      if (request.milli < bound.milli) return `${head}, but request is ${formatQuantity(request)}`;
      return limit !== undefined && limit.milli < bound.milli
        ? `${head}, but limit is ${formatQuantity(limit)}`
        : undefined;
    }),
    ...each(item.max, (name, bound, text) => {
      const head = `maximum ${name} usage per ${item.type} is ${text}`;
      const [request, limit] = [requests[name], limits[name]];
      if (limit === undefined) return `${head}.  No limit is specified`;
      if (limit.milli > bound.milli) return `${head}, but limit is ${formatQuantity(limit)}`;
      return request !== undefined && request.milli > bound.milli
        ? `${head}, but request is ${formatQuantity(request)}`
        : undefined;
    }),
    ...each(item.maxLimitRequestRatio, (name, bound, text) => {
      const head = `${name} max limit to request ratio per ${item.type} is ${text}`;
      const [request, limit] = [requests[name], limits[name]];
      if (request === undefined || request.milli === 0n)
        return `${head}, but no request is specified or request is 0`;
      if (limit === undefined || limit.milli === 0n)
        return `${head}, but no limit is specified or limit is 0`;
      const ratio = Number(limit.milli) / Number(request.milli);
      return ratio * 1000 > Number(bound.milli)
        ? `${head}, but provided ratio is ${ratio.toFixed(6)}`
        : undefined;
    }),
  ];
}

export const limitRanger: AdmissionPlugin = {
  name: 'LimitRanger',
  admit(request) {
    if (request.resource === 'pods') applyDefaults(request.object as Pod, itemsOf(request));
  },
  validate(request) {
    if (request.resource !== 'pods') return;
    const { spec } = request.object as Pod;
    const problems = itemsOf(request).flatMap((item) =>
      item.type === 'Container'
        ? [...spec.containers, ...(spec.initContainers ?? [])].flatMap((container) =>
            wrong(item, amountsOf(container)),
          )
        : wrong(item, { requests: podAmounts(spec, 'requests'), limits: podAmounts(spec, 'limits') }),
    );
    if (problems.length > 0) throw refuse(request, aggregate(problems));
  },
};
