/** What is about to be deployed, as far as pulling its images goes. */
import type { Place } from '../report.js';
import type { Reference } from './reference.js';

/** What is named as about to be deployed. */
export interface DeployableInputs {
  /** Patterns, and `-`. */
  manifests: readonly string[];
  charts: readonly string[];
  /** Of all charts. */
  values: readonly string[];
  kustomizations: readonly string[];
  allowRemote: boolean;
}

/** Whether anything is named. */
export function namesDeployables(inputs: DeployableInputs): boolean {
  return inputs.manifests.length + inputs.charts.length + inputs.kustomizations.length > 0;
}

/** One term of a node selector: `key in [values]` and so on (Kubernetes API, NodeSelectorRequirement). */
export interface NodeRequirement {
  key: string;
  operator: string;
  values: string[];
}

/** Kubernetes API, Toleration. */
export interface Toleration {
  key?: string;
  operator?: string;
  value?: string;
  effect?: string;
}

export type { Place };

export interface PullSecretUse {
  name: string;
  place: Place;
}

/** One pod template with what names it. */
export interface Workload {
  kind: string;
  name: string;
  namespace?: string;
  place: Place;
  /** Where it may land. */
  nodeSelector: Readonly<Record<string, string>>;
  /** Terms of requiredDuringSchedulingIgnoredDuringExecution: one of them must hold whole. Empty: none is asked. */
  nodeAffinity: readonly (readonly NodeRequirement[])[];
  tolerations: readonly Toleration[];
  /** spec.os.name. */
  os?: string;
  /** DaemonSets get these tolerations by themselves, and a node that was named gets the pod whatever its taints. */
  nodeName?: string;
  pullSecrets: readonly PullSecretUse[];
  serviceAccount: string;
}

/** A ServiceAccount with pull secrets: its pods get them. */
export interface AccountSecrets {
  name: string;
  namespace?: string;
  pullSecrets: readonly PullSecretUse[];
}

/** One place where an image is named. */
export interface ImageUse {
  /** As it is written. */
  text: string;
  place: Place;
  /** Container, init container, ephemeral container, or volume. */
  container: string;
  workload: Workload;
}

/** A distinct image with all places that name it. */
export interface NamedImage {
  reference: Reference;
  uses: ImageUse[];
}

/** What could not be read, and so could name any image. */
export interface Unread {
  place: Place;
  /** One sentence or its end; may quote helm or kubectl. */
  why: string;
  kind: 'no-match' | 'unreadable' | 'yaml' | 'render' | 'tool-missing' | 'reference' | 'remote';
  /** What to do. */
  fix: string;
}

/** All that was read. */
export interface Deployables {
  /** Files read and charts or kustomizations rendered. */
  sources: number;
  /** Kubernetes objects. */
  objects: number;
  images: NamedImage[];
  accounts: AccountSecrets[];
  unread: Unread[];
  /** Files without any Kubernetes object. */
  without: string[];
}
