/** Every node's sign of life: a lease in kube-node-lease, renewed (https://kubernetes.io/docs/concepts/architecture/nodes/, heartbeats). */
import { microTimestamp } from './objects.js';
import type { Node } from './objects.js';
import type { Store } from './store.js';
import type { Timers } from './timers.js';

const NAMESPACE = 'kube-node-lease';
/** A kubelet's defaults (KubeletConfiguration nodeLeaseDurationSeconds, and a quarter of that). */
const SECONDS = { duration: 40, renewal: 10 } as const;

/** Makes the leases of some nodes and renews them for as long as the cluster runs. */
export function keepLeases(store: Store, timers: Timers, now: () => number, nodes: readonly Node[]): void {
  for (const { apiVersion, kind, metadata } of nodes) {
    const { name, uid = '' } = metadata;
    store.create('leases', {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace: NAMESPACE, ownerReferences: [{ apiVersion, kind, name, uid }] },
      spec: {
        holderIdentity: name,
        leaseDurationSeconds: SECONDS.duration,
        renewTime: microTimestamp(now()),
      },
    });
    const renew = (): void => {
      if (store.get('leases', name, NAMESPACE) === undefined) return;
      store.update('leases', name, NAMESPACE, ({ spec }) => (spec.renewTime = microTimestamp(now())));
      timers.after(SECONDS.renewal * 1000, renew);
    };
    timers.after(SECONDS.renewal * 1000, renew);
  }
}
