/** What controllers of workloads share: whose pods are whose, and when a pod counts. */
import { hasEnded } from '../deletion.js';
import type { KubeObject, OwnerReference, Pod, PodTemplate } from '../objects.js';
import type { Store } from '../store.js';

/** The reference by which an owner controls what it makes. */
export function controlledBy({ apiVersion, kind, metadata }: KubeObject): OwnerReference {
  const { name, uid = '' } = metadata;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** The controller among an object's owners. */
export function controllerOf({ metadata }: KubeObject): OwnerReference | undefined {
  return metadata.ownerReferences?.find((owner) => owner.controller === true);
}

/** Pods that an object controls, those that have ended or are being deleted left out. */
export function activePodsOf(store: Store, owner: KubeObject): Pod[] {
  return store
    .list('pods', owner.metadata.namespace)
    .filter(
      (pod) =>
        controllerOf(pod)?.uid === owner.metadata.uid &&
        !hasEnded(pod.status.phase) &&
        pod.metadata.deletionTimestamp === undefined,
    );
}

export function isReady({ status }: Pod): boolean {
  return status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;
}

/** A pod as a template says, for an owner. Its name is generated. */
export function podFrom(template: PodTemplate, owner: KubeObject): Pod {
  const { labels, annotations } = template.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: '',
      generateName: `${owner.metadata.name}-`,
      labels: { ...labels },
      ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
      ownerReferences: [controlledBy(owner)],
    },
    spec: structuredClone(template.spec),
    status: { phase: 'Pending' },
  };
}
