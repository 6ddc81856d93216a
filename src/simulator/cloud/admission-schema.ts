/** The shape of what a scenario says of a cluster's admission, and what doesn't fit together in it. */
import { ADMITTED_KINDS } from './admission-model.js';
import type { AdmittedKind, Change, ClusterAdmission, PolicyRule, Scope } from './admission-model.js';
import { AZURE_POLICY_EXCLUDED, safeguards } from './safeguards.js';
import { choice, count, either, flag, list, object, optional, record, text, withDefault } from './schema.js';
import type { Value } from './schema.js';

const word = () => text({ pattern: /\S/, form: 'a name' });
const texts = () => withDefault(list(text()), []);
const dnsLabel = () =>
  text({ pattern: /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, form: 'a name in lower case, up to 63' });
/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
const quantity = () =>
  text({
    pattern: /^[0-9]+(\.[0-9]+)?([KMGTPE]i|[mkMGTPE])?$/,
    form: 'a quantity in quotes such as "100m", "1" or "128Mi"',
  });
const amounts = () => withDefault(record(quantity()), {});
const words = () => withDefault(record(text()), {});

/** Which objects: of these kinds; in these namespaces, or all; but not in those. */
const scope = {
  kinds: withDefault<AdmittedKind[]>(list(choice(...ADMITTED_KINDS)), ['Pod']),
  namespaces: texts(),
  excludedNamespaces: texts(),
};

/** A namespace with what it holds. */
const namespaceObject = object({
  name: dnsLabel(),
  /** Pod Security by `pod-security.kubernetes.io/enforce` and the like. */
  labels: words(),
  /** ResourceQuotas: `count/jobs.batch`, `pods`, `requests.cpu`, `limits.memory` and so on. */
  quotas: withDefault(list(object({ name: withDefault(dnsLabel(), 'quota'), hard: record(quantity()) })), []),
  limitRanges: withDefault(
    list(
      object({
        name: withDefault(dnsLabel(), 'limits'),
        limits: list(
          object({
            type: withDefault(choice('Container', 'Pod'), 'Container'),
            max: amounts(),
            min: amounts(),
            default: amounts(),
            defaultRequest: amounts(),
            maxLimitRequestRatio: amounts(),
          }),
        ),
      }),
    ),
    [],
  ),
  /** `default` is there anyway; named here, it gets what stands here. */
  serviceAccounts: withDefault(
    list(
      object({
        name: dnsLabel(),
        labels: words(),
        annotations: words(),
        /** Names of Secrets, which need not exist. */
        imagePullSecrets: texts(),
        automountToken: optional(flag()),
      }),
    ),
    [],
  ),
  /** Secrets that hold a registry's credential. */
  pullSecrets: withDefault(
    list(object({ name: dnsLabel(), registry: word(), username: text(), password: text() })),
    [],
  ),
});

/** A name, or a namespace with what it holds. */
export const namespaces = withDefault(
  list(either(word(), (value) => typeof value === 'string', namespaceObject)),
  [],
);

type RuleName = PolicyRule['rule'];
const RULE_SETTINGS = [
  'pattern',
  'prefixes',
  'tags',
  'labels',
  'probes',
  'cpu',
  'memory',
  'exemptJobs',
] as const;
type RuleSetting = (typeof RULE_SETTINGS)[number];

/** Which settings a rule has: those it must have, those it may have. */
const RULES: Readonly<Record<RuleName, { must?: readonly RuleSetting[]; may?: readonly RuleSetting[] }>> = {
  limits: { may: ['cpu', 'memory'] },
  requests: {},
  allowedImages: { must: ['pattern'] },
  allowedRepositories: { must: ['prefixes'] },
  disallowedTags: { must: ['tags'] },
  noLatestTag: {},
  digests: {},
  pullSecrets: {},
  noPrivilegeEscalation: {},
  noPrivileged: {},
  nonRoot: {},
  readOnlyRootFilesystem: {},
  noTokenMount: {},
  notDefaultNamespace: {},
  antiAffinity: {},
  requiredLabels: { must: ['labels'] },
  reservedLabels: { must: ['labels'] },
  probes: { may: ['probes', 'exemptJobs'] },
};

const policy = object({
  /** Of the constraint or the policy, as a refusal names it; Azure Policy's are such as azurepolicy-k8sazurev2noprivilege-1f…. */
  name: word(),
  engine: withDefault(
    choice('gatekeeper', 'azure-policy', 'kyverno', 'validating-admission-policy'),
    'gatekeeper',
  ),
  enforcement: withDefault(choice('deny', 'warn', 'dryrun'), 'deny'),
  ...scope,
  rule: choice(...(Object.keys(RULES) as [RuleName, ...RuleName[]])),
  /** allowedImages: a regular expression. */
  pattern: optional(text()),
  /** allowedRepositories. */
  prefixes: optional(list(text())),
  /** disallowedTags. */
  tags: optional(list(text())),
  /** requiredLabels, reservedLabels: keys. */
  labels: optional(list(text())),
  /** probes: which; default: readinessProbe and livenessProbe. */
  probes: optional(list(choice('livenessProbe', 'readinessProbe', 'startupProbe'))),
  /** limits: at most. */
  cpu: optional(quantity()),
  memory: optional(quantity()),
  /** probes: pods of Jobs need none. */
  exemptJobs: optional(flag()),
  /** Instead of the rule's words. */
  message: optional(text()),
  /** Name of Kyverno's rule, or of the ValidatingAdmissionPolicyBinding. Default: the policy's name, with -binding for the latter. */
  part: optional(word()),
});

const safeguardsKey = optional(
  either(
    choice('warning', 'enforcement'),
    (value) => typeof value === 'string',
    object({
      level: choice('warning', 'enforcement'),
      /** `preview`: the policies of March 2024, which still demanded limits and pull secrets. */
      generation: withDefault(choice('current', 'preview'), 'current'),
      excludedNamespaces: texts(),
    }),
  ),
);

type ChangeName = Exclude<Change['change'], 'safeguardResources'>;
const CHANGE_SETTINGS = [
  'secret',
  'from',
  'to',
  'account',
  'container',
  'image',
  'labels',
  'annotations',
  'key',
  'operator',
  'value',
  'effect',
] as const;
type ChangeSetting = (typeof CHANGE_SETTINGS)[number];

const CHANGES: Readonly<
  Record<ChangeName, { must?: readonly ChangeSetting[]; may?: readonly ChangeSetting[] }>
> = {
  pullSecret: { must: ['secret'] },
  image: { must: ['from', 'to'] },
  serviceAccount: { must: ['account'] },
  sidecar: { must: ['container', 'image'] },
  labels: { must: ['labels'] },
  annotations: { must: ['annotations'] },
  toleration: { must: ['key'], may: ['operator', 'value', 'effect'] },
  workloadIdentity: {},
};

/** A mutating webhook's change of new objects. */
const mutation = object({
  change: choice(...(Object.keys(CHANGES) as [ChangeName, ...ChangeName[]])),
  ...scope,
  /** pullSecret: name of the Secret that is added. */
  secret: optional(word()),
  /** image: what images begin with, and what they shall begin with. */
  from: optional(text()),
  to: optional(text()),
  /** serviceAccount. */
  account: optional(word()),
  /** sidecar: name and image of a further container. */
  container: optional(word()),
  image: optional(word()),
  labels: optional(record(text())),
  annotations: optional(record(text())),
  /** toleration. */
  key: optional(text()),
  operator: optional(choice('Exists', 'Equal')),
  value: optional(text()),
  effect: optional(choice('NoSchedule', 'NoExecute', 'PreferNoSchedule')),
});

/** A webhook that can't be called; the time that a call would take isn't spent. */
const failingWebhook = object({
  name: withDefault(word(), 'validation.gatekeeper.sh'),
  phase: withDefault(choice('mutating', 'validating'), 'validating'),
  service: withDefault(dnsLabel(), 'gatekeeper-webhook-service'),
  serviceNamespace: withDefault(dnsLabel(), 'gatekeeper-system'),
  path: withDefault(text({ pattern: /^\//, form: 'a path' }), '/v1/admit'),
  timeoutSeconds: withDefault(count(), 3),
  failure: withDefault(choice('timeout', 'no-endpoints', 'refused'), 'timeout'),
  /** Gatekeeper's own is Ignore. */
  failurePolicy: withDefault(choice('Fail', 'Ignore'), 'Fail'),
  ...scope,
});

/** Keys of a cluster in a scenario. */
export const admissionKeys = {
  namespaces,
  policies: withDefault(list(policy), []),
  /** AKS deployment safeguards. */
  safeguards: safeguardsKey,
  mutations: withDefault(list(mutation), []),
  failingWebhooks: withDefault(list(failingWebhook), []),
};

type PolicyDocument = Value<typeof policy>;
type MutationDocument = Value<typeof mutation>;

export interface AdmissionDocument {
  name: string;
  namespaces: Value<typeof namespaces>;
  policies: PolicyDocument[];
  safeguards: Value<typeof safeguardsKey>;
  mutations: MutationDocument[];
  failingWebhooks: Value<typeof failingWebhook>[];
}

type Note = (path: string, message: string) => void;

/** Notes settings that a rule or a change lacks, and those that aren't its own. */
function checkSettings<K extends string>(
  given: Readonly<Partial<Record<K, unknown>>>,
  all: readonly K[],
  own: { must?: readonly K[]; may?: readonly K[] },
  of: string,
  note: Note,
): void {
  for (const setting of all) {
    const must = own.must?.includes(setting) === true;
    if (must && given[setting] === undefined) note(setting, `is missing: ${of} needs it`);
    if (!must && own.may?.includes(setting) !== true && given[setting] !== undefined)
      note(setting, `is no setting of ${of}`);
  }
}

function demandsOf(given: PolicyDocument): PolicyRule {
  const { pattern = '', prefixes = [], tags = [], labels = [] } = given;
  const { rule } = given;
  switch (rule) {
    case 'limits':
      return { rule, cpu: given.cpu, memory: given.memory };
    case 'allowedImages':
      return { rule, pattern };
    case 'allowedRepositories':
      return { rule, prefixes };
    case 'disallowedTags':
      return { rule, tags };
    case 'requiredLabels':
    case 'reservedLabels':
      return { rule, labels };
    case 'probes':
      return {
        rule,
        probes: given.probes ?? ['readinessProbe', 'livenessProbe'],
        exemptJobs: given.exemptJobs ?? false,
      };
    case 'requests':
    case 'noLatestTag':
    case 'digests':
    case 'pullSecrets':
    case 'noPrivilegeEscalation':
    case 'noPrivileged':
    case 'nonRoot':
    case 'readOnlyRootFilesystem':
    case 'noTokenMount':
    case 'notDefaultNamespace':
    case 'antiAffinity':
      return { rule };
  }
}

/** What the workload identity webhook of a cluster hands to pods. */
export interface IdentityNames {
  tenantId: string;
  authorityHost: string;
  audience: string;
}

function changeOf(given: MutationDocument, identity: IdentityNames): Change {
  const { change } = given;
  switch (change) {
    case 'pullSecret':
      return { change, secret: given.secret ?? '' };
    case 'image':
      return { change, from: given.from ?? '', to: given.to ?? '' };
    case 'serviceAccount':
      return { change, account: given.account ?? '' };
    case 'sidecar':
      return { change, container: given.container ?? '', image: given.image ?? '' };
    case 'labels':
      return { change, labels: given.labels ?? {} };
    case 'annotations':
      return { change, annotations: given.annotations ?? {} };
    case 'toleration':
      return {
        change,
        key: given.key ?? '',
        operator: given.operator ?? (given.value === undefined ? 'Exists' : 'Equal'),
        value: given.value,
        effect: given.effect,
      };
    case 'workloadIdentity':
      return { change, ...identity };
  }
}

const scopeOf = ({ kinds, namespaces: included, excludedNamespaces }: Scope): Scope => ({
  kinds,
  namespaces: included,
  excludedNamespaces,
});

/** Turns what a scenario says of a cluster's admission into the model, and notes what doesn't fit together. */
export function readAdmission(
  document: AdmissionDocument,
  identity: IdentityNames,
  note: Note,
): ClusterAdmission {
  const chosen = document.safeguards;
  const guarded =
    chosen === undefined
      ? { policies: [], mutations: [] }
      : safeguards(
          typeof chosen === 'string'
            ? { level: chosen, generation: 'current', excludedNamespaces: [] }
            : chosen,
          document.name,
        );
  return {
    namespaces: document.namespaces.map((one) =>
      typeof one === 'string'
        ? { name: one, labels: {}, quotas: [], limitRanges: [], serviceAccounts: [], pullSecrets: [] }
        : one,
    ),
    policies: [
      ...guarded.policies,
      ...document.policies.map((given, index) => {
        const within: Note = (path, message) => note(`policies[${index}].${path}`, message);
        checkSettings(given, RULE_SETTINGS, RULES[given.rule], given.rule, within);
        if (given.pattern !== undefined && !isPattern(given.pattern))
          within('pattern', `must be a regular expression, not "${given.pattern}"`);
        const azure = given.engine === 'azure-policy' ? AZURE_POLICY_EXCLUDED : [];
        return {
          ...scopeOf(given),
          excludedNamespaces: [...azure, ...given.excludedNamespaces],
          name: given.name,
          engine: given.engine,
          enforcement: given.enforcement,
          demands: demandsOf(given),
          message: given.message,
          part: given.part ?? (given.engine === 'kyverno' ? given.name : `${given.name}-binding`),
        };
      }),
    ],
    mutations: [
      ...document.mutations.map((given, index) => {
        checkSettings(given, CHANGE_SETTINGS, CHANGES[given.change], given.change, (path, message) =>
          note(`mutations[${index}].${path}`, message),
        );
        return { ...scopeOf(given), ...changeOf(given, identity) };
      }),
      ...guarded.mutations,
    ],
    failingWebhooks: document.failingWebhooks,
  };
}

function isPattern(pattern: string): boolean {
  try {
    new RegExp(pattern, 'u');
    return true;
  } catch {
    return false;
  }
}
