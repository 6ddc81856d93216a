/**
 * Pod templates in Kubernetes objects, found by their shape, so that those of custom resources are found as well: a map with
 * a list `containers` of maps, one of which names an image (Kubernetes API, PodSpec).
 */
import { asList, asText, at, optional } from '../json.js';
import type { KubernetesObject, Path } from './documents.js';
import type {
  AccountSecrets,
  ImageUse,
  NodeRequirement,
  Place,
  PullSecretUse,
  Toleration,
  Workload,
} from './model.js';

/** Kinds that hold text and schemas of others: what looks like a pod there is none. */
const NOT_DEPLOYED: ReadonlySet<string> = new Set(['CustomResourceDefinition', 'ConfigMap', 'Secret']);

const CONTAINERS = ['initContainers', 'containers', 'ephemeralContainers'] as const;

/** No object nests deeper: API servers refuse what does. */
const DEEPEST = 100;

/** Every image that an object's pod templates name. */
export function usesIn(object: KubernetesObject, placeOf: (line: number) => Place): ImageUse[] {
  if (NOT_DEPLOYED.has(object.kind)) return [];
  const uses: ImageUse[] = [];
  const walk = (value: unknown, path: Path): void => {
    if (path.length > DEEPEST || typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) {
      value.forEach((item, nth) => walk(item, [...path, nth]));
      return;
    }
    if (isPodSpec(value)) uses.push(...usesOf(object, value, path, placeOf));
    for (const [key, held] of Object.entries(value)) {
      // What an object reports of itself is not deployed.
      if (path.length === 0 && (key === 'status' || key === 'metadata')) continue;
      walk(held, [...path, key]);
    }
  };
  walk(object.value, []);
  return uses;
}

/** Pull secrets of a ServiceAccount. */
export function accountIn(
  object: KubernetesObject,
  placeOf: (line: number) => Place,
): AccountSecrets | undefined {
  if (object.kind !== 'ServiceAccount') return undefined;
  const pullSecrets = pullSecretsAt(object, [], placeOf);
  if (pullSecrets.length === 0) return undefined;
  return {
    name: asText(at(object.value, 'metadata', 'name')) ?? '',
    ...optional('namespace', asText(at(object.value, 'metadata', 'namespace'))),
    pullSecrets,
  };
}

function isPodSpec(value: object): boolean {
  const containers = at(value, 'containers');
  return (
    Array.isArray(containers) &&
    containers.every((one) => typeof one === 'object' && one !== null && !Array.isArray(one)) &&
    containers.some((one) => imageText(at(one, 'image')) !== undefined)
  );
}

/**
 * An image as it is written. YAML makes a number of `image: 1.4`, and nothing of `image:`; neither is an image, and neither
 * is passed over. What is a map is some custom resource's own, and no container.
 */
function imageText(value: unknown): string | undefined {
  if (value === null) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' ? value : undefined;
}

function usesOf(
  object: KubernetesObject,
  spec: object,
  path: Path,
  placeOf: (line: number) => Place,
): ImageUse[] {
  const workload = workloadOf(object, spec, path, placeOf);
  const images = CONTAINERS.flatMap((list) =>
    asList(at(spec, list)).flatMap((container, nth) => {
      const text = imageText(at(container, 'image'));
      if (text === undefined) return [];
      const named = asText(at(container, 'name')) ?? String(nth);
      const what = list === 'containers' ? '' : list === 'initContainers' ? 'init ' : 'ephemeral ';
      return [{ text, container: `${what}container ${named}`, at: [...path, list, nth, 'image'] }];
    }),
  );
  // Image volumes: Kubernetes API, ImageVolumeSource.
  const volumes = asList(at(spec, 'volumes')).flatMap((volume, nth) => {
    const text = at(volume, 'image', 'reference');
    if (typeof text !== 'string' || text === '') return [];
    const named = asText(at(volume, 'name')) ?? String(nth);
    return [{ text, container: `volume ${named}`, at: [...path, 'volumes', nth, 'image', 'reference'] }];
  });
  return [...images, ...volumes].map(({ text, container, at: where }) => ({
    text,
    container,
    place: placeOf(object.lineOf(where)),
    workload,
  }));
}

function workloadOf(
  object: KubernetesObject,
  spec: object,
  path: Path,
  placeOf: (line: number) => Place,
): Workload {
  const { value, kind } = object;
  const selector = at(spec, 'nodeSelector');
  const terms = asList(
    at(
      spec,
      'affinity',
      'nodeAffinity',
      'requiredDuringSchedulingIgnoredDuringExecution',
      'nodeSelectorTerms',
    ),
  );
  const tolerations = asList(at(spec, 'tolerations')).map(tolerationOf);
  return {
    kind,
    name: asText(at(value, 'metadata', 'name')) ?? asText(at(value, 'metadata', 'generateName')) ?? '',
    ...optional('namespace', asText(at(value, 'metadata', 'namespace'))),
    place: placeOf(object.lineOf([])),
    nodeSelector: Object.fromEntries(
      Object.entries(typeof selector === 'object' && selector !== null ? selector : {}).flatMap(
        ([key, wanted]) => (typeof wanted === 'string' ? [[key, wanted]] : []),
      ),
    ),
    nodeAffinity: terms.map((term) =>
      asList(at(term, 'matchExpressions'))
        .map(requirementOf)
        // A field can only be metadata.name: which node that is, no pool tells.
        .concat(asList(at(term, 'matchFields')).map(requirementOf)),
    ),
    // What the DaemonSet controller adds: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/
    tolerations:
      kind === 'DaemonSet'
        ? [
            ...tolerations,
            ...[
              'not-ready',
              'unreachable',
              'disk-pressure',
              'memory-pressure',
              'pid-pressure',
              'unschedulable',
            ].map((taint) => ({ key: `node.kubernetes.io/${taint}`, operator: 'Exists' })),
          ]
        : tolerations,
    ...optional('os', asText(at(spec, 'os', 'name'))),
    ...optional('nodeName', asText(at(spec, 'nodeName'))),
    pullSecrets: pullSecretsAt(object, path, placeOf),
    serviceAccount: asText(at(spec, 'serviceAccountName')) ?? asText(at(spec, 'serviceAccount')) ?? 'default',
  };
}

function tolerationOf(value: unknown): Toleration {
  return {
    ...optional('key', asText(at(value, 'key'))),
    ...optional('operator', asText(at(value, 'operator'))),
    ...optional('value', asText(at(value, 'value'))),
    ...optional('effect', asText(at(value, 'effect'))),
  };
}

function requirementOf(value: unknown): NodeRequirement {
  return {
    key: asText(at(value, 'key')) ?? '',
    operator: asText(at(value, 'operator')) ?? '',
    values: asList(at(value, 'values')).flatMap((one) => (typeof one === 'string' ? [one] : [])),
  };
}

function pullSecretsAt(
  object: KubernetesObject,
  path: Path,
  placeOf: (line: number) => Place,
): PullSecretUse[] {
  const list = at(object.value, ...path.map(String), 'imagePullSecrets');
  return asList(list).flatMap((one, nth) => {
    const name = asText(at(one, 'name'));
    if (name === undefined) return [];
    return [{ name, place: placeOf(object.lineOf([...path, 'imagePullSecrets', nth])) }];
  });
}
