/** Whether the pod that the cluster admitted is the pod that was sent. */
import { at } from '../json.js';
import { entriesAt, listAt, textAt } from './json.js';
import type { PodTemplate } from './probe.js';
import { PROBE_CONTAINER } from './probe.js';

/** One thing that admission changed. */
export interface Deviation {
  /** Path of the field, such as `spec.imagePullSecrets`. */
  field: string;
  /** What was found, in words. */
  found: string;
  /** The pull would no longer prove what it should; otherwise it is only worth telling. */
  spoils: boolean;
}

/** Fields of our container that decide what is pulled and how; all are compared as JSON. */
const CONTAINER_FIELDS = ['image', 'imagePullPolicy', 'command', 'args'] as const;
/** Fields of the pod that decide who pulls and where: a runtime class may bring a runtime that pulls in its own way. */
const POD_FIELDS = [
  'serviceAccountName',
  'automountServiceAccountToken',
  'nodeSelector',
  'runtimeClassName',
] as const;
/**
 * Beginnings of labels and annotations that give a pod or its account an identity of its own, where the kubelet's
 * credential provider would take it instead of the kubelet identity: workload identity
 * (https://azure.github.io/azure-workload-identity/docs/topics/service-account-labels-and-annotations.html), and image
 * pulls by an account's identity (Azure/AgentBaker parts/linux/cloud-init/artifacts/cse_config.sh,
 * optionalServiceAccountAnnotationKeys: kubernetes.azure.com/acr-client-id; kubernetes-sigs/cloud-provider-azure:
 * …/acr-tenant-id).
 */
const OWN_IDENTITY = ['azure.workload.identity/', 'kubernetes.azure.com/acr-'];

/**
 * What differs between the pod template that was sent and the pod as admitted. Defaults that the API server fills in
 * are no deviations; webhooks and the ServiceAccount admission controller (which copies a service account's
 * imagePullSecrets: https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#serviceaccount)
 * make the others. Extra containers and init containers don't touch our pull, so they don't spoil it.
 */
export function admittedAsSent(sent: PodTemplate, admitted: unknown): Deviation[] {
  return [
    ...podSecrets(sent, admitted),
    ...containerChanges(sent, admitted),
    ...podChanges(sent, admitted),
    ...extras(admitted),
  ];
}

/**
 * What spoils the probe's ServiceAccount as the API server answered its making: it was sent without pull secrets and
 * without any identity.
 */
export function accountAsSent(admitted: unknown): Deviation[] {
  return [...secretsIn('imagePullSecrets', at(admitted, 'imagePullSecrets')), ...identities(admitted)];
}

/**
 * Whether the node that took the pod is none that it was sent to: words about the first label of its nodeSelector that
 * the Node has not; undefined when it has them all, or could not be read.
 */
export function strayedTo(sent: PodTemplate, node: unknown): string | undefined {
  if (node === undefined) return undefined;
  const stray = entriesAt(sent.spec, 'nodeSelector').find(
    ([label, value]) => textAt(node, 'metadata', 'labels', label) !== value,
  );
  if (stray === undefined) return undefined;
  const [label, value] = stray;
  const has = textAt(node, 'metadata', 'labels', label);
  return `the node ${textAt(node, 'metadata', 'name') ?? ''} is not labelled ${label}=${String(value)}${has === undefined ? '' : ` but ${label}=${has}`}`;
}

/** A pod that is to pull with secrets must have exactly these; any other must have none. */
function podSecrets(sent: PodTemplate, admitted: unknown): Deviation[] {
  const field = 'spec.imagePullSecrets';
  const wanted = at(sent, ...field.split('.'));
  const got = at(admitted, ...field.split('.'));
  return wanted === undefined ? secretsIn(field, got) : changed(field, wanted, got);
}

function secretsIn(field: string, secrets: unknown): Deviation[] {
  const names = listAt({ secrets }, 'secrets').map((secret) => textAt(secret, 'name') ?? '(unnamed)');
  return names.length === 0 ? [] : [{ field, found: `added: ${names.join(', ')}`, spoils: true }];
}

function identities(admitted: unknown): Deviation[] {
  return ['labels', 'annotations'].flatMap((kind) =>
    entriesAt(admitted, 'metadata', kind)
      .filter(([name]) => OWN_IDENTITY.some((beginning) => name.startsWith(beginning)))
      .map(([name]) => ({ field: `metadata.${kind}`, found: `added: ${name}`, spoils: true })),
  );
}

function containerChanges(sent: PodTemplate, admitted: unknown): Deviation[] {
  const wanted = sent.spec.containers.find((container) => container.name === PROBE_CONTAINER);
  const got = listAt(admitted, 'spec', 'containers').find(
    (container) => textAt(container, 'name') === PROBE_CONTAINER,
  );
  if (got === undefined)
    return [{ field: 'spec.containers', found: `has no "${PROBE_CONTAINER}"`, spoils: true }];
  return CONTAINER_FIELDS.flatMap((field) =>
    changed(`spec.containers[${PROBE_CONTAINER}].${field}`, at(wanted, field), at(got, field)),
  );
}

function podChanges(sent: PodTemplate, admitted: unknown): Deviation[] {
  const fields = POD_FIELDS.flatMap((field) => {
    const wanted = at(sent.spec, field);
    const got = at(admitted, 'spec', field);
    // More selectors only narrow the choice; ours must still be among them.
    const kept =
      field === 'nodeSelector' && entriesAt(wanted).every(([label, value]) => textAt(got, label) === value);
    return kept ? [] : changed(`spec.${field}`, wanted, got);
  });
  return [...fields, ...identities(admitted)];
}

function extras(admitted: unknown): Deviation[] {
  return ['initContainers', 'containers', 'ephemeralContainers'].flatMap((kind) =>
    listAt(admitted, 'spec', kind)
      .map((container) => textAt(container, 'name') ?? '(unnamed)')
      .filter((name) => kind !== 'containers' || name !== PROBE_CONTAINER)
      .map((name) => ({ field: `spec.${kind}`, found: `added: ${name}`, spoils: false })),
  );
}

function changed(field: string, wanted: unknown, got: unknown): Deviation[] {
  if (JSON.stringify(wanted) === JSON.stringify(got)) return [];
  const shown = got === undefined ? 'removed' : `changed to ${JSON.stringify(got).slice(0, 200)}`;
  return [{ field, found: shown, spoils: true }];
}
