/**
 * What in a repository makes credentials for a registry, and what takes its place. One rule, one entry. Lines are never
 * quoted: they may hold what they should not.
 */

/** What a rule's advice is made of. */
export interface AdviceFacts {
  registry: string;
  loginServer: string;
}

export interface SourceRule {
  /** Id of the finding. */
  id: string;
  /** Names of files that it is looked for in; absent: all that are read. */
  files?: RegExp;
  /** Any line that does it. */
  line: RegExp;
  /** Must stand somewhere in the same file too. */
  beside?: RegExp;
  /** What the line does. */
  what: string;
  instead(facts: AdviceFacts): string;
}

const YAML = /\.ya?ml$/i;
const TERRAFORM = /\.tf(\.json)?$/i;
const TEMPLATE = /\.(bicep|json)$/i;
const NO_SECRET =
  'Give the kubelet identity a role at the registry once (aks-acr-pull connect) and make no secret at all';
const BROAD_ROLES = [
  // Contributor, Owner, User Access Administrator (recording: roleDefinitions.real.json).
  'b24988ac-6180-42a0-ab88-20f7382dd24c',
  '8e3af657-a8ff-443c-a75c-2fe8c4bcb635',
  '18d7d88d-d35e-4fb5-a5c3-7773c20a72d9',
];

/** Commands: Azure CLI, Az PowerShell, kubectl, helm, docker. Resources: ARM, Bicep, Terraform. Tasks of the two CI systems. */
export const SOURCE_RULES: readonly SourceRule[] = [
  {
    id: 'code-exposes-token',
    line: /--expose-token\b|\bConnect-AzContainerRegistry\b.*-ExposeToken\b/i,
    what: 'asks for a token of the registry with az acr login --expose-token, good for three hours wherever it is kept',
    instead: ({ registry }) =>
      `${NO_SECRET}. Where a job itself pulls or pushes: az acr login -n ${registry} inside that job, with the pipeline's own identity`,
  },
  {
    id: 'code-makes-pull-secret',
    line: /\bkubectl\b.*\bcreate\s+secret\s+docker-registry\b|kubernetes\.io\/docker(configjson|cfg)\b|\bcreateSecret\b|\bazure\/k8s-create-secret@/i,
    what: 'makes a pull secret',
    instead: () => `${NO_SECRET}; take the name out of imagePullSecrets`,
  },
  {
    id: 'code-logs-in-helm',
    line: /\bhelm3?\b.*\bregistry\s+login\b|\bHELM_EXPERIMENTAL_OCI\b/i,
    what: 'logs helm in to a registry',
    instead: ({ registry }) =>
      `In the job alone, with the pipeline's own identity and a pull role for it: az acr login -n ${registry}, whose login helm takes over from docker; the cluster needs none`,
  },
  {
    id: 'code-logs-in-docker',
    line: /\bdocker\s+login\b.*\.azurecr\.(io|cn|us)\b|\bazure\/docker-login@|\bdocker\s+login\b.*\b00000000-0000-0000-0000-000000000000\b/i,
    what: 'logs docker in to a registry with a user name and a password',
    instead: ({ registry }) =>
      `az acr login -n ${registry} with the pipeline's own identity: nothing is kept`,
  },
  {
    id: 'code-logs-in-docker',
    files: YAML,
    line: /\bdocker\/login-action@/i,
    beside: /\.azurecr\.(io|cn|us)\b/i,
    what: 'logs docker in to a registry with a user name and a password',
    instead: ({ registry }) =>
      `azure/login with the pipeline's own identity, then az acr login -n ${registry}: nothing is kept`,
  },
  {
    id: 'code-uses-admin-user',
    line: /\baz\s+acr\s+credential\s+(show|renew)\b|--admin-enabled\s+true\b|\badminUserEnabled['"]?\s*:\s*true\b|\blistCredentials\s*\(/i,
    what: "uses the registry's admin user, whose password never expires and may do everything",
    instead: ({ registry }) =>
      `${NO_SECRET}; then switch it off: az acr update -n ${registry} --admin-enabled false`,
  },
  {
    id: 'code-uses-admin-user',
    files: TERRAFORM,
    line: /^\s*admin_enabled\s*=\s*true\b|\.admin_password\b/i,
    what: "uses the registry's admin user, whose password never expires and may do everything",
    instead: () => `${NO_SECRET}; then admin_enabled = false`,
  },
  {
    id: 'deployment-script-broad-identity',
    files: TEMPLATE,
    line: /Microsoft\.Resources\/deploymentScripts@?/i,
    beside: new RegExp(BROAD_ROLES.join('|'), 'i'),
    what: 'is a deployment script in a template that gives Contributor, Owner or User Access Administrator',
    instead: () =>
      'A role assignment in the template itself and no script; or a script whose identity may do no more than it needs: docs/deployment-script.md',
  },
  {
    id: 'deployment-script-broad-identity',
    files: TERRAFORM,
    line: /\bazurerm_resource_deployment_script_azure_(cli|power_shell)\b/i,
    beside: /role_definition_name\s*=\s*"(Contributor|Owner|User Access Administrator)"/i,
    what: 'is a deployment script beside a role assignment of Contributor, Owner or User Access Administrator',
    instead: () =>
      'azurerm_role_assignment of the pull role and no script; or a script whose identity may do no more than it needs: docs/deployment-script.md',
  },
];
