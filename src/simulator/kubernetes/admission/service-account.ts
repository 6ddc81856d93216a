/** A pod's ServiceAccount must be there; its pull secrets and a token are added. */
import type { Container, Pod, PodSpec } from '../objects.js';
import type { Random } from '../../cloud/random.js';
import { randomSuffix } from '../generated-names.js';
import { refuse } from './plugin.js';
import type { AdmissionPlugin } from './plugin.js';

const TOKEN_MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const TOKEN_VOLUME = 'kube-api-access-';

/**
 * kubernetes/kubernetes, plugin/pkg/admission/serviceaccount/admission.go. A pod that names any pull secret gets none
 * of the account's; the pod's word on mounting a token goes before the account's. Running twice changes nothing more.
 */
export const serviceAccount: AdmissionPlugin = {
  name: 'ServiceAccount',
  admit(request) {
    if (request.resource !== 'pods') return;
    const { spec, metadata } = request.object as Pod;
    // An empty name is none.
    spec.serviceAccountName = spec.serviceAccountName || 'default';
    spec.serviceAccount = spec.serviceAccountName;
    const namespace = metadata.namespace ?? '';
    const account = request.store.get('serviceaccounts', spec.serviceAccountName, namespace);
    if (account === undefined) {
      const why = `error looking up service account ${namespace}/${spec.serviceAccountName}: serviceaccount "${spec.serviceAccountName}" not found`;
      throw refuse(request, why, 'admit');
    }
    if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true)
      mountToken(spec, request.store.random);
    if ((spec.imagePullSecrets ?? []).length === 0 && (account.imagePullSecrets ?? []).length > 0) {
      spec.imagePullSecrets = (account.imagePullSecrets ?? []).map(({ name }) => ({ name }));
    }
  },
};

function mountToken(spec: PodSpec, random: Random): void {
  const present = spec.volumes?.find((volume) => volume.name.startsWith(TOKEN_VOLUME));
  const name = present?.name ?? `${TOKEN_VOLUME}${randomSuffix(random, TOKEN_VOLUME)}`;
  const without = (container: Container): boolean =>
    container.volumeMounts?.every(({ mountPath }) => mountPath !== TOKEN_MOUNT) ?? true;
  const lacking = [...(spec.initContainers ?? []), ...spec.containers].filter(without);
  for (const container of lacking) {
    container.volumeMounts = [
      ...(container.volumeMounts ?? []),
      { name, readOnly: true, mountPath: TOKEN_MOUNT },
    ];
  }
  if (present !== undefined || lacking.length === 0) return;
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
}
