/**
 * AKS deployment safeguards as policies and mutations. Which there are and what they say:
 * https://learn.microsoft.com/azure/aks/deployment-safeguards (June 2026); kinds of the constraints and the rules:
 * Azure/draft, pkg/safeguards/lib. Left out is what concerns nodes, storage classes and services, the images policy, which
 * allows every image until it is given a pattern, and the mutator for anti-affinity: where it would run, nothing is
 * demanded.
 */
import type { AdmittedKind, Mutation, Policy, PolicyRule } from './admission-model.js';
import { stableHex } from './ids.js';

export interface SafeguardsChoice {
  level: 'warning' | 'enforcement';
  /** `preview`: the set of March 2024, with limits and pull secrets; it changes nothing. */
  generation: 'current' | 'preview';
  excludedNamespaces: readonly string[];
}

/** Namespaces that Azure Policy leaves alone (https://learn.microsoft.com/azure/governance/policy/concepts/policy-for-kubernetes). */
export const AZURE_POLICY_EXCLUDED = ['kube-system', 'gatekeeper-system', 'azure-arc'] as const;

/**
 * The name of a constraint that Azure Policy makes: kind of its template, cut to 30 characters, and 20 hexadecimal
 * digits, as reports of AKS clusters have it (Azure/AKS issue 4459).
 */
export function constraintName(template: string, ...words: string[]): string {
  return `azurepolicy-${template.toLowerCase().slice(0, 30)}-${stableHex(20, template, ...words)}`;
}

/** That pods of Jobs need no probes is an assumption: the constraint's text doesn't tell. */
const PROBES: PolicyRule = {
  rule: 'probes',
  probes: ['readinessProbe', 'livenessProbe'],
  exemptJobs: true,
};
const LABELS: PolicyRule = { rule: 'reservedLabels', labels: ['kubernetes.azure.com'] };

const SPREAD: PolicyRule = { rule: 'antiAffinity' };
const REPLICATED: AdmittedKind[] = ['Deployment', 'StatefulSet', 'ReplicaSet'];

const SETS: Record<SafeguardsChoice['generation'], readonly (readonly [template: string, PolicyRule])[]> = {
  current: [
    ['K8sAzureV2ContainerEnforceProbes', PROBES],
    ['K8sAzureV1RestrictedLabels', LABELS],
    // The template's name is an assumption; the documentation has its words only.
    ['K8sAzureV1ContainerRequests', { rule: 'requests' }],
    ['K8sAzureV1ContainerNoLatestImage', { rule: 'noLatestTag' }],
    ['K8sAzureV1AntiAffinityRules', SPREAD],
  ],
  preview: [
    ['K8sAzureV2ContainerEnforceProbes', PROBES],
    ['K8sAzureV1RestrictedLabels', LABELS],
    ['K8sAzureV3ContainerLimits', { rule: 'limits', cpu: undefined, memory: undefined }],
    ['K8sAzureV1ContainerRestrictedImagePulls', { rule: 'pullSecrets' }],
    ['K8sAzureV1AntiAffinityRules', SPREAD],
  ],
};

/** The policies and mutations that a level of safeguards puts into force in one cluster. */
export function safeguards(
  choice: SafeguardsChoice,
  cluster: string,
): { policies: Policy[]; mutations: Mutation[] } {
  const scope = {
    kinds: ['Pod' as const],
    namespaces: [],
    excludedNamespaces: [...AZURE_POLICY_EXCLUDED, ...choice.excludedNamespaces],
  };
  const enforced = choice.level === 'enforcement';
  const mutated = enforced && choice.generation === 'current';
  const inForce = SETS[choice.generation].filter(([, demands]) => !mutated || demands !== SPREAD);
  return {
    policies: inForce.map(([template, demands]) => ({
      ...scope,
      ...(demands === SPREAD ? { kinds: REPLICATED } : {}),
      name: constraintName(template, 'safeguards', cluster),
      engine: 'azure-policy',
      enforcement: enforced ? 'deny' : 'warn',
      demands,
      message: undefined,
      part: '',
    })),
    mutations: mutated ? [{ ...scope, change: 'safeguardResources' }] : [],
  };
}
