/**
 * Who enforces policies, each in its own words and with its own status: Gatekeeper (and Azure Policy through it), Kyverno,
 * ValidatingAdmissionPolicy. What can't be called is in webhooks.ts.
 */
import { ADMITTED_KINDS } from '../../cloud/admission-model.js';
import type { Policy } from '../../cloud/admission-model.js';
import { resourceInfo } from '../resources.js';
import { complaints } from './policy-rules.js';
import type { Complaint } from './policy-rules.js';
import { podOf, refuse } from './plugin.js';
import type { AdmissionPlugin, AdmissionRequest } from './plugin.js';
import { ApiError } from '../errors.js';
import { inScope } from './scope.js';
import { deniedBy, isUnavailable } from './webhooks.js';

const GATEKEEPER = 'validation.gatekeeper.sh';
/** Kyverno's, for policies whose failurePolicy is Fail. */
const KYVERNO = 'validate.kyverno.svc-fail';

interface Finding extends Complaint {
  policy: Policy;
  /** Kyverno made the rule for workloads out of the one for pods. */
  derived: boolean;
}

/** What policies of some engines have against an object. */
function findings(request: AdmissionRequest, engines: readonly Policy['engine'][]): Finding[] {
  return request.cluster.admission.policies
    .filter(({ engine }) => engines.includes(engine))
    .flatMap((policy) => {
      // Kyverno derives rules for workloads from those for pods (https://kyverno.io/docs/policy-types/cluster-policy/autogen/).
      const pod = podOf(request);
      const derived =
        policy.engine === 'kyverno' &&
        policy.kinds.includes('Pod') &&
        (pod?.path ?? '') !== '' &&
        !inScope(policy, request);
      const kinds: Policy['kinds'] = derived ? [...ADMITTED_KINDS] : policy.kinds;
      if (!inScope({ ...policy, kinds }, request)) return [];
      const found = complaints(policy.demands, {
        object: request.object,
        pod,
        azure: policy.engine === 'azure-policy',
      });
      return found.map(({ message, path }) => ({
        policy,
        derived,
        message: policy.message ?? message,
        path: `${pod?.path ?? ''}${path}`,
      }));
    });
}

const having = (found: readonly Finding[], enforcement: Policy['enforcement']): Finding[] =>
  found.filter(({ policy }) => policy.enforcement === enforcement);

/**
 * open-policy-agent/gatekeeper, pkg/webhook/policy.go: each complaint with its constraint's name. Assumption: constraints in
 * the scenario's order.
 */
function gatekeeper(request: AdmissionRequest): void {
  const found = findings(request, ['gatekeeper', 'azure-policy']);
  const line = ({ policy, message }: Finding): string => `[${policy.name}] ${message}`;
  having(found, 'warn').forEach((finding) => request.warn(line(finding)));
  const denied = having(found, 'deny').map(line);
  if (denied.length > 0)
    throw deniedBy(GATEKEEPER, { code: 403, reason: 'Forbidden', message: denied.join('\n') });
}

/**
 * kyverno/kyverno, pkg/webhooks/utils/block.go and warning.go. Its answer has neither code nor reason, which the API
 * server makes a 400. A warning needs the policy's `emitWarning`. Assumption: a policy without a message of its own has
 * Gatekeeper's.
 */
function kyverno(request: AdmissionRequest): void {
  const found = findings(request, ['kyverno']);
  const ruleName = ({ policy, derived }: Finding): string => `${derived ? 'autogen-' : ''}${policy.part}`;
  const words = (finding: Finding): string =>
    `validation error: ${finding.message}${/[.!?]$/.test(finding.message) ? '' : '.'} rule ${ruleName(finding)} failed at path ${finding.path}`;
  for (const finding of having(found, 'warn'))
    request.warn(`policy ${finding.policy.name}.${ruleName(finding)}: ${words(finding)}`);
  const denied = having(found, 'deny');
  if (denied.length === 0) return;
  // A rule ends at its first complaint.
  const first = denied.filter(
    (finding, index) => denied.findIndex(({ policy }) => policy === finding.policy) === index,
  );
  const { kind } = resourceInfo(request.resource);
  const { name, namespace } = request.object.metadata;
  const resource = [kind, namespace, name].filter((part) => part !== undefined).join('/');
  const list = first
    .toSorted((a, b) => (a.policy.name < b.policy.name ? -1 : 1))
    .map((finding) => `${finding.policy.name}:\n${yamlLine(ruleName(finding), words(finding))}`)
    .join('');
  throw deniedBy(KYVERNO, {
    message: `\n\nresource ${resource} was blocked due to the following policies \n\n${list}`,
  });
}

/** Width at which Go's YAML folds a text, and how deep a folded line begins. */
const FOLD = { width: 80, indent: '    ' } as const;

/** `  name: 'text'`, folded at the first space after the width (go-yaml, yaml_emitter_write_single_quoted). */
function yamlLine(name: string, text: string): string {
  let line = `  ${name}: '`;
  const lines: string[] = [];
  for (const word of text.replaceAll("'", "''").split(' ')) {
    if (line.length > FOLD.width) {
      lines.push(line);
      line = `${FOLD.indent}${word}`;
    } else line += line.endsWith(": '") && lines.length === 0 ? word : ` ${word}`;
  }
  return [...lines, `${line}'`].map((one) => `${one}\n`).join('');
}

/** Policies that the API server evaluates itself (kubernetes/kubernetes, staging apiserver pkg/admission/plugin/policy/validating/dispatcher.go). */
export const validatingAdmissionPolicy: AdmissionPlugin = {
  name: 'ValidatingAdmissionPolicy',
  validate(request) {
    const found = findings(request, ['validating-admission-policy']);
    for (const { policy, message } of having(found, 'warn')) {
      request.warn(
        `Validation failed for ValidatingAdmissionPolicy '${policy.name}' with binding '${policy.part}': ${message}`,
      );
    }
    const [denied] = having(found, 'deny');
    if (denied === undefined) return;
    const why = `ValidatingAdmissionPolicy '${denied.policy.name}' with binding '${denied.policy.part}' denied request: ${denied.message}`;
    const { status } = refuse(request, why);
    throw new ApiError({
      ...status,
      reason: 'Invalid',
      code: 422,
      details: { ...status.details, causes: [{ message: why }] },
    });
  },
};

/** Validating webhooks: those of policies that can be called. */
export const policyWebhooks: AdmissionPlugin = {
  name: 'ValidatingAdmissionWebhook',
  validate(request) {
    if (!isUnavailable(request, GATEKEEPER)) gatekeeper(request);
    if (!isUnavailable(request, KYVERNO)) kyverno(request);
  },
};
