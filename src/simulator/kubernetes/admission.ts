/** Admission: small plugins, run in order, that may change or refuse an object on its way in. */
import { forbiddenByAdmission, notFound } from './errors.js';
import { resourceInfo } from './objects.js';
import type { KubeObject, Pod, ResourceName } from './objects.js';
import type { Store } from './store.js';

/** What a plugin sees. It may change `object` in place or throw an ApiError. */
export interface AdmissionRequest {
  resource: ResourceName;
  object: KubeObject;
  store: Store;
}

export interface AdmissionPlugin {
  name: string;
  admit(request: AdmissionRequest): void;
}

/** Refuses anything in a namespace that isn't there or is going (plugin NamespaceLifecycle). */
const namespaceLifecycle: AdmissionPlugin = {
  name: 'NamespaceLifecycle',
  admit({ resource, object, store }) {
    const info = resourceInfo(resource);
    const { namespace } = object.metadata;
    if (!info.namespaced || namespace === undefined) return;
    const found = store.get('namespaces', namespace);
    if (found === undefined) throw notFound(resourceInfo('namespaces'), namespace);
    if (found.metadata.deletionTimestamp !== undefined) {
      const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
      throw forbiddenByAdmission(info, nameToReport(object), why);
    }
  },
};

/** Admission comes before a generated name is there: then it reports the prefix (staging admission/errors.go). */
function nameToReport(object: KubeObject): string {
  return object.metadata.generateName ?? object.metadata.name;
}

const TOKEN_MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * The pod's ServiceAccount must be there; its pull secrets and token are added
 * (kubernetes/kubernetes plugin/pkg/admission/serviceaccount/admission.go).
 */
const serviceAccount: AdmissionPlugin = {
  name: 'ServiceAccount',
  admit({ resource, object, store }) {
    if (resource !== 'pods') return;
    const { spec, metadata } = object as Pod;
    spec.serviceAccountName ??= 'default';
    spec.serviceAccount = spec.serviceAccountName;
    const namespace = metadata.namespace ?? '';
    const account = store.get('serviceaccounts', spec.serviceAccountName, namespace);
    if (account === undefined) {
      const why = `error looking up service account ${namespace}/${spec.serviceAccountName}: serviceaccount "${spec.serviceAccountName}" not found`;
      throw forbiddenByAdmission(resourceInfo('pods'), nameToReport(object), why);
    }
    if ((spec.imagePullSecrets ?? []).length === 0 && (account.imagePullSecrets ?? []).length > 0) {
      spec.imagePullSecrets = structuredClone(account.imagePullSecrets ?? []);
    }
    if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(spec);
  },
};

function mountToken(spec: Pod['spec']): void {
  const name = `kube-api-access-${randomSuffix()}`;
  spec.volumes = [
    ...(spec.volumes ?? []),
    {
      name,
      projected: {
        defaultMode: 420,
        sources: [
          { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
          { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
          {
            downwardAPI: {
              items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
            },
          },
        ],
      },
    },
  ];
  for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
    container.volumeMounts = [
      ...(container.volumeMounts ?? []),
      { name, readOnly: true, mountPath: TOKEN_MOUNT },
    ];
  }
}

/** Plugins Priority and DefaultTolerationSeconds: what every admitted pod carries (capture: job-pods-t6.json). */
const podDefaults: AdmissionPlugin = {
  name: 'Priority, DefaultTolerationSeconds',
  admit({ resource, object }) {
    if (resource !== 'pods') return;
    const { spec } = object as Pod;
    spec.priority ??= 0;
    spec.preemptionPolicy ??= 'PreemptLowerPriority';
    for (const key of ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']) {
      const covered = spec.tolerations?.some(
        (one) =>
          (one.key === undefined || one.key === '' || one.key === key) &&
          (one.effect === undefined || one.effect === '' || one.effect === 'NoExecute'),
      );
      if (covered !== true) {
        spec.tolerations = [
          ...(spec.tolerations ?? []),
          { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
        ];
      }
    }
  },
};

/** The plugins, in the order in which they run. */
export const ADMISSION_PLUGINS: readonly AdmissionPlugin[] = [
  namespaceLifecycle,
  serviceAccount,
  podDefaults,
];

/** Runs the plugins over a new object. Throws the ApiError of the first that refuses. */
export function admit(
  request: AdmissionRequest,
  plugins: readonly AdmissionPlugin[] = ADMISSION_PLUGINS,
): void {
  for (const plugin of plugins) plugin.admit(request);
}

/** Five letters and digits without vowels and look-alikes, as Kubernetes ends generated names. */
export function randomSuffix(): string {
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
  return Array.from({ length: 5 }, () => alphabet.charAt(Math.floor(Math.random() * alphabet.length))).join(
    '',
  );
}
