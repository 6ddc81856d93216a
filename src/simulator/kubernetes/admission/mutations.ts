/** Mutating webhooks: what they change of new pods, or of what pods are made from. */
import type { Change, Mutation } from '../../cloud/admission-model.js';
import type { Container } from '../objects.js';
import { containersOf, podOf } from './plugin.js';
import type { AdmissionPlugin, AdmissionRequest, PodLike } from './plugin.js';
import { formatQuantity, parseQuantity } from './quantity.js';
import { inScope } from './scope.js';

type Changes = {
  [C in Change['change']]: (
    change: Extract<Change, { change: C }>,
    pod: PodLike,
    request: AdmissionRequest,
  ) => void;
};

const USE_IDENTITY = 'azure.workload.identity/use';

/**
 * What the webhook of AKS' workload identity adds (Azure/azure-workload-identity, pkg/webhook/webhook.go; names as in
 * https://azure.github.io/azure-workload-identity/docs/installation/mutating-admission-webhook.html).
 */
const IDENTITY_VOLUME = {
  name: 'azure-identity-token',
  mountPath: '/var/run/secrets/azure/tokens',
  expirationSeconds: 3600,
} as const;

/** Defaults and minima of the safeguards' resource requests mutator (https://learn.microsoft.com/azure/aks/deployment-safeguards). */
const SAFEGUARD_AMOUNTS = {
  cpu: { usual: '500m', least: '100m' },
  memory: { usual: '2Gi', least: '100Mi' },
} as const;

type Amounts = Record<string, string>;

function safeguardContainer(container: Container): void {
  const requests: Amounts = { ...(container.resources?.['requests'] as Amounts | undefined) };
  const limits: Amounts = { ...(container.resources?.['limits'] as Amounts | undefined) };
  for (const [name, { usual, least }] of Object.entries(SAFEGUARD_AMOUNTS)) {
    if (requests[name] === undefined && limits[name] === undefined) {
      requests[name] = usual;
      limits[name] = usual;
    }
    // Of a processor, what isn't given is what is given.
    if (name === 'cpu') {
      requests[name] ??= limits[name] ?? usual;
      limits[name] ??= requests[name] ?? usual;
    }
    for (const part of [requests, limits]) {
      if (part[name] !== undefined && (amount(part[name]) ?? 0n) < (amount(least) ?? 0n)) part[name] = least;
    }
    const [request, limit] = [requests[name], limits[name]];
    if (request !== undefined && limit !== undefined && (amount(request) ?? 0n) > (amount(limit) ?? 0n))
      requests[name] = limit;
  }
  container.resources = {
    ...container.resources,
    ...(Object.keys(requests).length > 0 ? { requests: canonical(requests) } : {}),
    ...(Object.keys(limits).length > 0 ? { limits: canonical(limits) } : {}),
  };
}

const amount = (text: string): bigint | undefined => parseQuantity(text)?.milli;

function canonical(amounts: Amounts): Amounts {
  return Object.fromEntries(
    Object.entries(amounts).map(([name, text]) => {
      const quantity = parseQuantity(text);
      return [name, quantity === undefined ? text : formatQuantity(quantity)];
    }),
  );
}

const CHANGES: Changes = {
  pullSecret({ secret }, { spec }) {
    if (spec.imagePullSecrets?.some(({ name }) => name === secret)) return;
    spec.imagePullSecrets = [...(spec.imagePullSecrets ?? []), { name: secret }];
  },
  image({ from, to }, { spec }) {
    for (const container of containersOf(spec)) {
      if (container.image.startsWith(from)) container.image = `${to}${container.image.slice(from.length)}`;
    }
  },
  serviceAccount({ account }, { spec }) {
    spec.serviceAccountName = account;
    spec.serviceAccount = account;
  },
  sidecar({ container: name, image }, { spec }) {
    if (spec.containers.some((container) => container.name === name)) return;
    spec.containers = [...spec.containers, { name, image }];
  },
  labels({ labels }, { metadata }) {
    metadata.labels = { ...metadata.labels, ...labels };
  },
  annotations({ annotations }, { metadata }) {
    metadata.annotations = { ...metadata.annotations, ...annotations };
  },
  toleration({ key, operator, value, effect }, { spec }) {
    if (spec.tolerations?.some((one) => one.key === key && one.effect === effect)) return;
    spec.tolerations = [
      ...(spec.tolerations ?? []),
      {
        key,
        operator,
        ...(value === undefined ? {} : { value }),
        ...(effect === undefined ? {} : { effect }),
      },
    ];
  },
  workloadIdentity({ tenantId, authorityHost, audience }, { metadata, spec, path }, { store, object }) {
    if (path !== '' || metadata.labels?.[USE_IDENTITY] !== 'true') return;
    const account = store.get(
      'serviceaccounts',
      spec.serviceAccountName ?? 'default',
      object.metadata.namespace,
    );
    const { name, mountPath, expirationSeconds } = IDENTITY_VOLUME;
    const wanted = [
      ['AZURE_CLIENT_ID', account?.metadata.annotations?.['azure.workload.identity/client-id'] ?? ''],
      ['AZURE_TENANT_ID', account?.metadata.annotations?.['azure.workload.identity/tenant-id'] ?? tenantId],
      ['AZURE_FEDERATED_TOKEN_FILE', `${mountPath}/${name}`],
      ['AZURE_AUTHORITY_HOST', authorityHost],
    ].map(([variable = '', value = '']) => ({ name: variable, value }));
    for (const container of containersOf(spec)) {
      const env = container.env ?? [];
      const fresh = wanted.filter(
        ({ name: variable, value }) => value !== '' && env.every((one) => one.name !== variable),
      );
      container.env = [...env, ...fresh];
      if (container.volumeMounts?.some((mount) => mount.name === name) === true) continue;
      container.volumeMounts = [...(container.volumeMounts ?? []), { name, mountPath, readOnly: true }];
    }
    if (spec.volumes?.some((volume) => volume.name === name) === true) return;
    spec.volumes = [
      ...(spec.volumes ?? []),
      {
        name,
        projected: {
          defaultMode: 420,
          sources: [{ serviceAccountToken: { audience, expirationSeconds, path: name } }],
        },
      },
    ];
  },
  safeguardResources(_change, { spec }) {
    containersOf(spec).forEach(safeguardContainer);
  },
};

/** Runs the mutations over what is in their scope, in the order in which the scenario has them. */
export const mutatingWebhooks: AdmissionPlugin = {
  name: 'MutatingAdmissionWebhook',
  admit(request) {
    for (const mutation of request.cluster.admission.mutations) {
      if (inScope(mutation, request)) apply(mutation, request);
    }
  },
};

/** Labels and annotations are an object's own even when it is no pod; of a workload, they are its template's. */
function apply(mutation: Mutation, request: AdmissionRequest): void {
  const { object } = request;
  const pod = podOf(request) ?? { metadata: object.metadata, spec: { containers: [] }, path: '' };
  // Each change's function takes its own data; that the two belong together is what the name says.
  const change = CHANGES[mutation.change] as (
    change: Change,
    pod: PodLike,
    request: AdmissionRequest,
  ) => void;
  change(mutation, pod, request);
}
