/**
 * What policies demand, and in which words they complain. Gatekeeper's: open-policy-agent/gatekeeper-library,
 * library/general and library/pod-security-policy; those of Azure Policy: Azure/draft pkg/safeguards/lib (the templates
 * of the same names), Azure/azure-policy, and https://learn.microsoft.com/azure/aks/deployment-safeguards.
 */
import type { PolicyRule } from '../../cloud/admission-model.js';
import type { Container, Deployment, KubeObject, PodSpec } from '../objects.js';
import { containersOf } from './plugin.js';
import type { PodLike } from './plugin.js';
import { parseQuantity } from './quantity.js';

/** What a rule looks at. */
export interface Subject {
  object: KubeObject;
  /** Undefined for what is no pod and has none. */
  pod: PodLike | undefined;
  /** Azure Policy's templates instead of the library's. */
  azure: boolean;
}

export interface Complaint {
  message: string;
  /** Where in the pod or, for labels, in its metadata, with slashes. */
  path: string;
}

/** A value as Rego's sprintf prints it: JSON with a space after `:` and `,`. */
function rego(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(rego).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, one]) => `${JSON.stringify(key)}: ${rego(one)}`).join(', ')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

/** A set of texts as Rego prints it. */
const regoSet = (values: readonly string[]): string =>
  `{${[...new Set(values)]
    .sort()
    .map((value) => JSON.stringify(value))
    .join(', ')}}`;

type Fields = 'containers' | 'initContainers';

/** A complaint for each container that there is something to say of. */
function eachContainer(
  { pod }: Subject,
  say: (container: Container, field: Fields) => string | readonly string[] | undefined,
  fields: readonly Fields[] = ['containers', 'initContainers'],
): Complaint[] {
  return fields.flatMap((field) =>
    (pod?.spec[field] ?? []).flatMap((container, index) =>
      [say(container, field) ?? []].flat().map((message) => ({ message, path: `/spec/${field}/${index}/` })),
    ),
  );
}

/** The part of an image's name after its last slash, without a digest: where a tag would stand. */
const lastPart = (image: string): string => (image.split('@')[0] ?? '').split('/').at(-1) ?? '';
const tagOf = (image: string): string | undefined => lastPart(image).split(':')[1];

/** A field of the container's security context, or else of the pod's. */
const effective = <K extends 'runAsUser' | 'runAsNonRoot'>(spec: PodSpec, container: Container, key: K) =>
  container.securityContext?.[key] ?? spec.securityContext?.[key];

const TOKEN_MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const HANDLERS = ['tcpSocket', 'httpGet', 'exec'] as const;

type Rules = {
  [R in PolicyRule['rule']]: (demands: Extract<PolicyRule, { rule: R }>, subject: Subject) => Complaint[];
};

const RULES: Rules = {
  limits: (demands, subject) =>
    eachContainer(subject, ({ name, resources }) => {
      const limits = resources?.['limits'] as Record<string, string | number | undefined> | undefined;
      if (limits === undefined) return `container <${name}> has no resource limits`;
      return (['cpu', 'memory'] as const).flatMap((kind) => {
        const [limit, most] = [limits[kind], demands[kind]];
        if (limit === undefined || limit === '') return [`container <${name}> has no ${kind} limit`];
        const [amount, bound] = [parseQuantity(limit), parseQuantity(most)];
        return amount !== undefined && bound !== undefined && amount.milli > bound.milli
          ? [
              `container <${name}> ${kind} limit <${String(limit)}> is higher than the maximum allowed of <${most}>`,
            ]
          : [];
      });
    }),

  requests: (_demands, subject) =>
    eachContainer(subject, ({ name, resources }) =>
      resources?.['requests'] === undefined ? `container <${name}> has no resource requests` : undefined,
    ),

  allowedImages: ({ pattern }, subject) =>
    eachContainer(subject, ({ name, image }) =>
      new RegExp(pattern, 'u').test(image)
        ? undefined
        : `Container image ${image} for container ${name} has not been allowed.`,
    ),

  allowedRepositories: ({ prefixes }, subject) =>
    eachContainer(subject, ({ name, image }, field) =>
      prefixes.some((prefix) => image.startsWith(prefix))
        ? undefined
        : `${field.slice(0, -1)} <${name}> has an invalid image repo <${image}>, allowed repos are ${rego(prefixes)}`,
    ),

  disallowedTags: ({ tags }, subject) =>
    eachContainer(subject, ({ name, image }) => {
      if (tags.some((tag) => image.endsWith(`:${tag}`)))
        return `container <${name}> uses a disallowed tag <${image}>; disallowed tags are ${rego(tags)}`;
      return (image.split('/').at(-1) ?? '').includes(':')
        ? undefined
        : `container <${name}> didn't specify an image tag <${image}>`;
    }),

  // A digest without a tag is an explicit version: an assumption, the template only looks for a colon, which it has.
  noLatestTag: (_demands, subject) =>
    eachContainer(subject, ({ name, image }) =>
      tagOf(image) === 'latest' || (tagOf(image) === undefined && !image.includes('@'))
        ? `Please specify an explicit, versioned image tag such as '1.0' for container ${name}. Using explicit version tags is a best practice to ensure reproducibility, prevent unintended updates, and facilitate easier debugging and rollbacks. Avoid using the 'latest' tag because it can change over time without notice.`
        : undefined,
    ),

  digests: (_demands, subject) =>
    eachContainer(subject, ({ name, image }, field) =>
      /@[a-z0-9]+([+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+/.test(image)
        ? undefined
        : `${field.slice(0, -1)} <${name}> uses an image without a digest <${image}>`,
    ),

  pullSecrets: (_demands, { pod, object }) =>
    pod === undefined || pod.spec.imagePullSecrets !== undefined
      ? []
      : [
          {
            message: `${object.metadata.name} in ${object.metadata.namespace ?? ''} does not have imagePullSecrets. Unauthenticated image pulls are not recommended.`,
            path: '/spec/imagePullSecrets/',
          },
        ],

  noPrivilegeEscalation: (_demands, subject) =>
    eachContainer(subject, ({ name, securityContext }) =>
      securityContext?.allowPrivilegeEscalation === false
        ? undefined
        : `Privilege escalation container is not allowed: ${name}`,
    ),

  noPrivileged: (_demands, subject) =>
    eachContainer(subject, ({ name, securityContext }) =>
      securityContext?.privileged === true
        ? `Privileged container is not allowed: ${name}, securityContext: ${rego(securityContext)}`
        : undefined,
    ),

  nonRoot: (_demands, subject) =>
    eachContainer(subject, (container) => {
      const spec = subject.pod?.spec;
      if (spec === undefined) return undefined;
      const user = effective(spec, container, 'runAsUser');
      if (user === 0)
        return `Container ${container.name} is attempting to run as disallowed user 0. Allowed runAsUser: {"rule": "MustRunAsNonRoot"}`;
      return user !== undefined || effective(spec, container, 'runAsNonRoot') === true
        ? undefined
        : `Container ${container.name} is attempting to run without a required securityContext/runAsNonRoot or securityContext/runAsUser != 0`;
    }),

  readOnlyRootFilesystem: (_demands, subject) =>
    eachContainer(subject, ({ name, securityContext }) =>
      securityContext?.readOnlyRootFilesystem === true
        ? undefined
        : `only read-only root filesystem container is allowed: ${name}`,
    ),

  noTokenMount(_demands, { pod, object }) {
    if (pod === undefined) return [];
    const mounted =
      pod.spec.automountServiceAccountToken ??
      containersOf(pod.spec).some(({ volumeMounts }) =>
        volumeMounts?.some(({ mountPath }) => mountPath === TOKEN_MOUNT),
      );
    return mounted
      ? [
          {
            message: `Automounting service account token is disallowed, pod: ${object.metadata.name}`,
            path: '/spec/automountServiceAccountToken/',
          },
        ]
      : [];
  },

  notDefaultNamespace: (_demands, { object: { metadata, kind } }) =>
    metadata.namespace === 'default'
      ? [
          {
            message: `Usage of the default namespace is not allowed, name: ${metadata.name}, kind: ${kind}`,
            path: '/metadata/namespace/',
          },
        ]
      : [],

  antiAffinity(_demands, { object, pod }) {
    const { replicas = 1 } = (object as Deployment).spec;
    const spec = pod?.spec as
      | (PodSpec & { topologySpreadConstraints?: unknown[]; affinity?: { podAntiAffinity?: unknown } })
      | undefined;
    const apart =
      spec?.affinity?.podAntiAffinity !== undefined || (spec?.topologySpreadConstraints ?? []).length > 0;
    return replicas < 2 || apart
      ? []
      : [
          {
            message: `${object.kind} with ${replicas} replicas should have either podAntiAffinity or topologySpreadConstraints set to avoid disruptions due to nodes crashing`,
            path: '/spec/affinity/',
          },
        ];
  },

  requiredLabels({ labels }, { object, pod }) {
    const own = (pod?.path === '' ? pod.metadata : object.metadata).labels ?? {};
    const missing = labels.filter((label) => own[label] === undefined);
    return missing.length === 0
      ? []
      : [
          {
            message: `you must provide labels: ${regoSet(missing)}`,
            path: `/metadata/labels/${missing[0] ?? ''}/`,
          },
        ];
  },

  reservedLabels: ({ labels }, { object }) =>
    labels.some((label) => object.metadata.labels?.[label] !== undefined)
      ? [{ message: `Label <${regoSet(labels)}> is reserved for AKS use only`, path: '/metadata/labels/' }]
      : [],

  probes({ probes, exemptJobs }, subject) {
    const { kind, metadata } = subject.object;
    if (exemptJobs && (kind === 'Job' || metadata.ownerReferences?.some((owner) => owner.kind === 'Job')))
      return [];
    return eachContainer(
      subject,
      (container) =>
        probes
          .filter((probe) => HANDLERS.every((handler) => container[probe]?.[handler] === undefined))
          .map((probe) => {
            const what = `Container <${container.name}> in your`;
            return subject.azure
              ? `${what} ${kind} <${metadata.name}> has no <${probe}>. Required probes: ${rego(probes)}`
              : `${what} <${kind}> <${metadata.name}> has no <${probe}>`;
          }),
      ['containers'],
    );
  },
};

/** How an object breaks a rule. A rule's complaints are a set, which Rego keeps sorted. */
export function complaints(demands: PolicyRule, subject: Subject): Complaint[] {
  // Each rule's function takes its own demands; that the two belong together is what the name says.
  const rule = RULES[demands.rule] as (demands: PolicyRule, subject: Subject) => Complaint[];
  return rule(demands, subject).sort((a, b) => (a.message < b.message ? -1 : 1));
}
