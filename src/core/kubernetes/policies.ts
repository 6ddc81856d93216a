/** Who refused the probe, by name, out of the cluster's own words. Pure. */

/**
 * How each kind of guard names itself in its refusal, the more special first; the first group is the name.
 * Quota and Pod Security: kubernetes/kubernetes, staging apiserver pkg/admission/plugin/resourcequota/controller.go and
 * pod-security-admission admission/admission.go. Gatekeeper, and Azure Policy with AKS deployment safeguards through it:
 * open-policy-agent/gatekeeper pkg/webhook/policy.go. Kyverno: kyverno/kyverno pkg/webhooks/utils/block.go. Policies of
 * the API server's own and webhooks: kubernetes/kubernetes, staging apiserver pkg/admission/plugin/policy/validating
 * and …/plugin/webhook. A LimitRange tells no name (plugin/pkg/admission/limitranger/admission.go).
 */
const GUARDS: readonly { shape: RegExp; what: string }[] = [
  { shape: /exceeded quota: ([^,\s]+)/g, what: 'the quota' },
  { shape: /failed quota: ([^:,\s]+)/g, what: 'the quota' },
  { shape: /violates PodSecurity "([^"]+)"/g, what: 'Pod Security' },
  { shape: /ValidatingAdmissionPolicy '([^']+)'/g, what: 'the ValidatingAdmissionPolicy' },
  { shape: /(?:denied the request: |^)\[([^\]\s]+)\] /gm, what: 'the constraint' },
  { shape: /^([^\s:]+):\n {2}\S+:/gm, what: 'the Kyverno policy' },
  { shape: /failed calling webhook "([^"]+)"/g, what: 'the failing webhook' },
  { shape: /admission webhook "([^"]+)" denied/g, what: 'the admission webhook' },
];

/** Words of a LimitRange: a bound per Container or Pod that was passed. */
const LIMIT_RANGE = /(?:maximum|minimum) \S+ usage per (?:Container|Pod) is|max limit to request ratio per/;

/**
 * Names what refused the probe, such as `the quota "compute"` or `the constraint "no-latest"`; several are joined.
 * Undefined when the words name nobody.
 */
export function refusedBy(words: string): string | undefined {
  for (const { shape, what } of GUARDS) {
    const names = [...words.matchAll(shape)].map(([, name]) => name ?? '');
    if (names.length > 0) return [...new Set(names)].map((name) => `${what} "${name}"`).join(', ');
  }
  return LIMIT_RANGE.test(words) ? 'a LimitRange of the namespace' : undefined;
}

/** Whether a quota refused it that others may leave room in. */
export function isQuota(words: string): boolean {
  return /exceeded quota: /.test(words);
}

/** Whether admission said this, and not the authorisation or the server itself: a policy's own words may say anything. */
export function isAdmission(words: string): boolean {
  return /admission webhook "|failed calling webhook "|ValidatingAdmissionPolicy '/.test(words);
}
