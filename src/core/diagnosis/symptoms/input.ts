/**
 * From what a user has at hand to messages about pulls: plain text, a pod, an event, a list of either as kubectl prints
 * them in JSON, or the output of `kubectl describe`. What is about something else than a pull is left out.
 */
import { asList, asText, at, optional, parseJson } from '../../json.js';

/** What is said of one image of one pod; of plain text, there is no pod. */
export interface Subject {
  /** `namespace/name`. */
  pod?: string;
  image?: string;
  /** The node that it was asked of. */
  node?: string;
  messages: readonly string[];
}

interface Told {
  pod?: string;
  image?: string;
  node?: string;
  message: string;
}

/**
 * Reasons of events and statuses that are about pulls, or about why none happened (kubernetes/kubernetes,
 * pkg/kubelet/events/event.go; pkg/kubelet/images/types.go). Probes that fail speak of time-outs too, but not of pulls.
 */
const REASONS: ReadonlySet<string> = new Set([
  'Failed',
  'BackOff',
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
  'InspectFailed',
  'Evicted',
  'ImageGCFailed',
  'FreeDiskSpaceFailed',
  'EvictionThresholdMet',
  'FailedCreate',
]);

/** What is said of pulls, one subject for each image of each pod. Empty when nothing is. */
export function subjectsIn(text: string): Subject[] {
  const told = toldIn(text).filter(({ message }) => message.trim() !== '');
  const pods = new Map<string, Told[]>();
  for (const one of told) {
    const pod = one.pod ?? '';
    pods.set(pod, [...(pods.get(pod) ?? []), one]);
  }
  return [...pods].flatMap(([pod, all]) => byImage(pod, all));
}

/** Messages that name no image, such as "Error: ErrImagePull", are about each of the pod's. */
function byImage(pod: string, all: readonly Told[]): Subject[] {
  const images = [...new Set(all.map(({ image }) => image))].filter((image) => image !== undefined);
  const subject = (image?: string): Subject => ({
    ...(pod === '' ? {} : { pod }),
    ...(image === undefined ? {} : { image }),
    ...optional('node', all.find(({ node }) => node !== undefined)?.node),
    messages: [
      ...new Set(
        all.filter((one) => one.image === undefined || one.image === image).map(({ message }) => message),
      ),
    ],
  });
  return images.length === 0 ? [subject()] : images.map(subject);
}

function toldIn(text: string): Told[] {
  const json = parseJson(text);
  if (typeof json === 'object' && json !== null) return toldByObject(json) ?? [{ message: text }];
  const lines = text.split(/\r?\n/);
  const watched = lines.filter((line) => line.trim() !== '').map(parseJson);
  if (watched.length > 1 && watched.every((one) => typeof one === 'object' && one !== null)) {
    const objects = watched.map((one) => toldByObject(one));
    if (objects.some((one) => one !== undefined)) return objects.flatMap((one) => one ?? []);
  }
  return toldByDescription(lines) ?? toldByTable(lines) ?? toldByWords(lines);
}

/** What kubelets say of their own probes of a running container: time-outs and refusals, but none of a registry's. */
const OF_A_PROBE = /\b(Readiness|Liveness|Startup) probe (failed|errored)/;

/** Plain words: what is said of each image, where several are named; of one, all that is said. */
function toldByWords(lines: readonly string[]): Told[] {
  const text = lines.filter((line) => !OF_A_PROBE.test(line)).join('\n');
  const told = text.split(/(?=(?:Failed to pull|Back-off pulling) image ")/).map((part) => toldOf(part));
  const images = new Set(told.map(({ image }) => image).filter((image) => image !== undefined));
  return images.size > 1 ? told : [{ message: text }];
}

/**
 * A line of `kubectl get events` or `kubectl events`, with or without the namespace before it: how long ago, type, reason,
 * object, message; with `-o wide` also part, source, and after the message when it came first, how often, and its name.
 */
const TABLE_LINE =
  /^(?:([a-z0-9][a-z0-9-]*)\s{1,80})?(?:\w{1,20}|<\w+>)(?: \(x\d+ over \w+\))?\s{1,80}(?:Warning|Normal)\s{1,80}(\w+)\s{1,80}[a-z.]{1,80}\/(\S+)\s{1,80}(\S.*)$/i;
const WIDE_BEFORE = /^(?:spec\.\S+\s{1,80})?[\w.-]+, (\S+)\s{2,80}/;
const WIDE_AFTER = /\s{2,80}\w{1,20}\s{2,80}\d+\s{2,80}\S+$/;

/** Undefined: no line is an event's. */
function toldByTable(lines: readonly string[]): Told[] | undefined {
  const rows = lines
    .map((line) => (/\s(?:Warning|Normal)\s/.test(line) ? TABLE_LINE.exec(line) : null))
    .filter((row) => row !== null);
  if (rows.length === 0) return undefined;
  return rows.flatMap(([, namespace, reason = '', name = '', rest = '']) => {
    if (!REASONS.has(reason)) return [];
    const wide = WIDE_BEFORE.exec(rest);
    const message = wide === null ? rest : rest.slice(wide[0].length).replace(WIDE_AFTER, '');
    const pod = namespace === undefined ? name : `${namespace}/${name}`;
    return [{ ...toldOf(message, pod), ...optional('node', wide?.[1]) }];
  });
}

/** Undefined: no object of Kubernetes'. */
function toldByObject(object: unknown): Told[] | undefined {
  const watched = at(object, 'object');
  if (watched !== undefined && at(object, 'type') !== undefined) return toldByObject(watched);
  const items = at(object, 'items');
  if (Array.isArray(items)) return items.flatMap((item) => toldByObject(item) ?? []);
  if (at(object, 'status', 'phase') !== undefined || at(object, 'status', 'containerStatuses') !== undefined)
    return toldByPod(object);
  const about = at(object, 'involvedObject') ?? at(object, 'regarding');
  return about === undefined ? undefined : toldByEvent(object, about);
}

function podName(object: unknown): string {
  const name = asText(at(object, 'name')) ?? '';
  const namespace = asText(at(object, 'namespace'));
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function toldByPod(object: unknown): Told[] {
  const pod = podName(at(object, 'metadata'));
  const node = optional('node', asText(at(object, 'spec', 'nodeName')));
  const status = at(object, 'status');
  const specified = new Map(
    ['initContainers', 'containers', 'ephemeralContainers'].flatMap((kind) =>
      asList(at(object, 'spec', kind)).map(
        (one) => [asText(at(one, 'name')), asText(at(one, 'image'))] as const,
      ),
    ),
  );
  const statuses = ['initContainerStatuses', 'containerStatuses', 'ephemeralContainerStatuses'].flatMap(
    (kind) => asList(at(status, kind)),
  );
  const told = statuses.flatMap((one) => {
    const image = specified.get(asText(at(one, 'name'))) ?? asText(at(one, 'image'));
    return [at(one, 'state', 'waiting'), at(one, 'lastState', 'waiting')].flatMap((waiting) => {
      const reason = asText(at(waiting, 'reason')) ?? '';
      if (!REASONS.has(reason)) return [];
      // Without the reason's word: it may be that of a back-off, whose message holds the cause.
      const message = asText(at(waiting, 'message')) ?? reason;
      return [{ pod, ...node, ...(image === undefined ? {} : { image }), message }];
    });
  });
  const reason = asText(at(status, 'reason'));
  const message = asText(at(status, 'message'));
  return reason !== undefined && message !== undefined && REASONS.has(reason)
    ? [...told, { pod, ...node, message }]
    : told;
}

const NAMED_IMAGE = /\b(?:[Pp]ull(?:ing)? image|[Cc]ontainer image|default image tag) "([^"\s]{1,600})"/;

function toldByEvent(event: unknown, about: unknown): Told[] {
  const message = asText(at(event, 'message')) ?? asText(at(event, 'note'));
  if (message === undefined || !REASONS.has(asText(at(event, 'reason')) ?? '')) return [];
  // A kubelet's event names its node (kubernetes/api, core/v1 Event: source, reportingInstance).
  const component = asText(at(event, 'source', 'component')) ?? asText(at(event, 'reportingComponent'));
  const node = asText(at(event, 'source', 'host')) ?? asText(at(event, 'reportingInstance')) ?? '';
  const isNode = component === 'kubelet' && node !== '';
  return [{ ...toldOf(message, podName(about)), ...(isNode ? { node } : {}) }];
}

function toldOf(message: string, pod?: string): Told {
  const image = NAMED_IMAGE.exec(message)?.[1];
  return {
    ...(pod === undefined ? {} : { pod }),
    ...(image === undefined ? {} : { image }),
    message,
  };
}

const EVENT_LINE = /^\s+(?:Warning|Normal)\s+(\w+)\s+\S.*?\s{2,}\S+(?:, \S+)?\s{2,}(\S.*)$/;

/**
 * What `kubectl describe pod` prints: events in columns, and containers with the reason and message of their state.
 * Undefined: it is no such output.
 */
function toldByDescription(lines: readonly string[]): Told[] | undefined {
  if (!lines.some((line) => /^Events:/.test(line)) && !lines.some((line) => /^Containers:/.test(line)))
    return undefined;
  let pod: string | undefined;
  let namespace: string | undefined;
  let image: string | undefined;
  let node: string | undefined;
  let reason = '';
  const told: Told[] = [];
  for (const line of lines) {
    const name = /^Name:\s+(\S+)$/.exec(line)?.[1];
    // Of several pods, each begins with its name.
    if (name !== undefined) [pod, namespace, image, node] = [name, undefined, undefined, undefined];
    namespace = /^Namespace:\s+(\S+)$/.exec(line)?.[1] ?? namespace;
    const full = pod === undefined || namespace === undefined ? pod : `${namespace}/${pod}`;
    node = /^Node:\s+([^/\s]+)/.exec(line)?.[1] ?? node;
    image = /^\s+Image:\s+(\S+)$/.exec(line)?.[1] ?? image;
    reason = /^\s*(?:Reason|Status):\s+(\S+)$/.exec(line)?.[1] ?? reason;
    const said = /^\s*Message:\s+(\S.*)$/.exec(line)?.[1];
    if (said !== undefined && REASONS.has(reason))
      told.push({
        ...toldOf(said, full),
        ...optional('node', node),
        ...(image === undefined ? {} : { image }),
      });
    const event = EVENT_LINE.exec(line);
    if (event !== null && REASONS.has(event[1] ?? ''))
      told.push({ ...toldOf(event[2] ?? '', full), ...optional('node', node) });
  }
  return told;
}
