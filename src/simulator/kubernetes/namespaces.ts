/** The namespaces that a cluster begins with, and what a scenario put into them. */
import type { ManagedCluster } from '../cloud/model.js';
import type { NamespaceContent } from '../cloud/admission-model.js';
import type { Store } from './store.js';

/** Namespaces that every AKS cluster has (learn.microsoft.com AKS core-aks-concepts). */
const SYSTEM_NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];

/** Makes a cluster's namespaces; each has its `default` ServiceAccount by then (garbage-collector.ts). */
export function createNamespaces(store: Store, cluster: ManagedCluster): void {
  const contents = cluster.admission.namespaces;
  for (const name of new Set([...SYSTEM_NAMESPACES, ...cluster.namespaces])) {
    const content = contents.find((one) => one.name === name);
    store.create('namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { ...content?.labels, 'kubernetes.io/metadata.name': name } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
    if (content !== undefined) fill(store, content);
  }
}

function fill(store: Store, content: NamespaceContent): void {
  const namespace = content.name;
  for (const { name, labels, annotations, imagePullSecrets, automountToken } of content.serviceAccounts) {
    if (store.get('serviceaccounts', name, namespace) === undefined)
      store.create('serviceaccounts', {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name, namespace },
      });
    store.update('serviceaccounts', name, namespace, (account) => {
      if (Object.keys(labels).length > 0) account.metadata.labels = labels;
      if (Object.keys(annotations).length > 0) account.metadata.annotations = annotations;
      if (imagePullSecrets.length > 0)
        account.imagePullSecrets = imagePullSecrets.map((secret) => ({ name: secret }));
      if (automountToken !== undefined) account.automountServiceAccountToken = automountToken;
    });
  }
  for (const { name, registry, username, password } of content.pullSecrets) {
    const auth = Buffer.from(`${username}:${password}`).toString('base64');
    const config = JSON.stringify({ auths: { [registry]: { username, password, auth } } });
    store.create('secrets', {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': Buffer.from(config).toString('base64') },
    });
  }
  for (const { name, limits } of content.limitRanges) {
    const items = limits.map(({ type, ...amounts }) => ({
      type,
      ...Object.fromEntries(Object.entries(amounts).filter(([, one]) => Object.keys(one).length > 0)),
    }));
    store.create('limitranges', {
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata: { name, namespace },
      spec: { limits: items },
    });
  }
  for (const { name, hard } of content.quotas) {
    store.create('resourcequotas', {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name, namespace },
      spec: { hard },
      status: { hard: {}, used: {} },
    });
  }
}
