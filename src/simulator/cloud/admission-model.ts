/** What admission finds in a modelled cluster: namespaces with what limits them, policies, and webhooks that change objects. */

/** A namespace beyond its name. */
export interface NamespaceContent {
  name: string;
  labels: Record<string, string>;
  quotas: { name: string; hard: Record<string, string> }[];
  limitRanges: { name: string; limits: LimitItem[] }[];
  /** `default` is there anyway; named here it is given what stands here. */
  serviceAccounts: {
    name: string;
    labels: Record<string, string>;
    annotations: Record<string, string>;
    imagePullSecrets: string[];
    automountToken: boolean | undefined;
  }[];
  /** Secrets of type kubernetes.io/dockerconfigjson. */
  pullSecrets: { name: string; registry: string; username: string; password: string }[];
}

type Amounts = Record<string, string>;

export interface LimitItem {
  type: 'Container' | 'Pod';
  max: Amounts;
  min: Amounts;
  default: Amounts;
  defaultRequest: Amounts;
  maxLimitRequestRatio: Amounts;
}

/** Who evaluates a policy: it decides how a refusal is worded, its status, and what Jobs have to do with it. */
export type PolicyEngine = 'gatekeeper' | 'azure-policy' | 'kyverno' | 'validating-admission-policy';

export type ProbeName = 'livenessProbe' | 'readinessProbe' | 'startupProbe';

/** What a policy demands. */
export type PolicyRule =
  /** CPU and memory limits are stated, and are no higher than these. */
  | { rule: 'limits'; cpu: string | undefined; memory: string | undefined }
  | { rule: 'requests' }
  /** A regular expression that every image matches. */
  | { rule: 'allowedImages'; pattern: string }
  /** Texts of which every image begins with one. */
  | { rule: 'allowedRepositories'; prefixes: string[] }
  | { rule: 'disallowedTags'; tags: string[] }
  | { rule: 'noLatestTag' }
  | { rule: 'digests' }
  | { rule: 'pullSecrets' }
  | { rule: 'noPrivilegeEscalation' }
  | { rule: 'noPrivileged' }
  | { rule: 'nonRoot' }
  | { rule: 'readOnlyRootFilesystem' }
  | { rule: 'noTokenMount' }
  | { rule: 'notDefaultNamespace' }
  /** More than one replica: spread, or kept apart. */
  | { rule: 'antiAffinity' }
  | { rule: 'requiredLabels'; labels: string[] }
  | { rule: 'reservedLabels'; labels: string[] }
  /** `exemptJobs`: pods of a Job need none. */
  | { rule: 'probes'; probes: ProbeName[]; exemptJobs: boolean };

/** Kinds that a policy or a webhook may look at. */
export const ADMITTED_KINDS = [
  'Pod',
  'Job',
  'CronJob',
  'Deployment',
  'ReplicaSet',
  'StatefulSet',
  'DaemonSet',
  'ServiceAccount',
  'Secret',
  'Namespace',
] as const;
export type AdmittedKind = (typeof ADMITTED_KINDS)[number];

/** Which objects something looks at. */
export interface Scope {
  kinds: AdmittedKind[];
  /** Only these, when there are any. */
  namespaces: string[];
  excludedNamespaces: string[];
}

export interface Policy extends Scope {
  name: string;
  engine: PolicyEngine;
  /** `warn`: a warning in the answer; `dryrun`: nobody is told. */
  enforcement: 'deny' | 'warn' | 'dryrun';
  demands: PolicyRule;
  /** Instead of the rule's own words, for engines whose policies bring theirs. */
  message: string | undefined;
  /** Kyverno: the rule's name. ValidatingAdmissionPolicy: the binding's. */
  part: string;
}

/** What a mutating webhook does to an object. */
export type Change =
  | { change: 'pullSecret'; secret: string }
  /** Images that begin with `from` begin with `to` instead. */
  | { change: 'image'; from: string; to: string }
  | { change: 'serviceAccount'; account: string }
  | { change: 'sidecar'; container: string; image: string }
  | { change: 'labels'; labels: Record<string, string> }
  | { change: 'annotations'; annotations: Record<string, string> }
  | {
      change: 'toleration';
      key: string;
      operator: 'Exists' | 'Equal';
      value: string | undefined;
      effect: string | undefined;
    }
  /** The workload identity webhook: pods labelled `azure.workload.identity/use: "true"`. */
  | { change: 'workloadIdentity'; tenantId: string; authorityHost: string; audience: string }
  /** The resource requests mutator of AKS deployment safeguards. */
  | { change: 'safeguardResources' };

export type Mutation = Scope & Change;

/** A webhook that can't be called. */
export interface FailingWebhook extends Scope {
  /** Such as `validation.gatekeeper.sh`: policies that this webhook would enforce are not evaluated. */
  name: string;
  phase: 'mutating' | 'validating';
  service: string;
  serviceNamespace: string;
  path: string;
  timeoutSeconds: number;
  failure: 'timeout' | 'no-endpoints' | 'refused';
  failurePolicy: 'Fail' | 'Ignore';
}

export interface ClusterAdmission {
  namespaces: NamespaceContent[];
  policies: Policy[];
  mutations: Mutation[];
  failingWebhooks: FailingWebhook[];
}
