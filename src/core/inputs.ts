/**
 * The inputs, declared once. action.yml, task.json, the command line's flags and the README's tables are held
 * against this by a test; `request.ts` reads what they hold.
 */
import { CLOUD_NAMES } from './azure/clouds.js';
import type { Mode } from './report.js';

export interface InputDeclaration {
  /**
   * As in action.yml. In task.json it is the same in camelCase ({@link taskName}); the command line's flag is the same
   * with two dashes unless `flag` says otherwise.
   */
  name: string;
  /** One sentence or two, shown in action.yml, in the flag's help and in the README. */
  description: string;
  default?: string;
  required?: true;
  /** The command line's flags, when they are not `--name <value>`. */
  flag?: string;
  /** May be given several times on the command line; one per line elsewhere. */
  list?: true;
  /** Hosts that have it, when it is not all of them. */
  only?: readonly Host[];
  /** true or false. On the command line a flag without a value. */
  flagOnly?: true;
  /** The modes that it has a meaning in, when it is not all of them. */
  modes?: readonly Mode[];
  /** All values, where they can be listed. */
  values?: readonly string[];
}

export type Host = 'github' | 'azure-pipelines' | 'cli';

/** The modes in which nodes pull. */
const PULLS: readonly Mode[] = ['connect', 'check'];

export const INPUTS = [
  {
    name: 'azure-subscription',
    description:
      'Azure Resource Manager service connection to sign in with: workload identity federation, secret, certificate or managed identity.',
    required: true,
    only: ['azure-pipelines'],
  },
  {
    name: 'cluster',
    description:
      'AKS cluster: its resource id, or its name together with resource-group. Required, unless kubeconfig is given. mode check takes several, one per line.',
    list: true,
  },
  {
    name: 'resource-group',
    flag: '-g, --resource-group <name>',
    description: 'Resource group of clusters given by name.',
  },
  {
    name: 'registry',
    description:
      'Azure Container Registry: its login server, its name or its resource id; several, one per line.',
    required: true,
    list: true,
  },
  {
    name: 'subscription-id',
    flag: '--subscription <id>',
    description: 'Subscription of whatever is given by name. Default: the subscription of the login.',
  },
  {
    name: 'mode',
    description:
      'connect makes the missing grant and proves the pull; check writes nothing in Azure; plan writes down what connect would write; disconnect removes the grants that this tool made; audit finds the stored credentials for the registry and gives the way off them.',
    default: 'connect',
    values: ['connect', 'check', 'plan', 'disconnect', 'audit'],
    only: ['github', 'azure-pipelines'],
  },
  {
    name: 'image',
    description:
      'Image to pull, one per line: repo:tag, repo@sha256:… or a full reference. Default: a small tagged image that this login can list.',
    list: true,
    modes: PULLS,
  },
  {
    name: 'manifests',
    description:
      'Kubernetes YAML that is about to be deployed: files or patterns such as k8s/**/*.yaml, one per line; a pattern that begins with ! leaves files out; on the command line - is standard input.',
    list: true,
    modes: ['check'],
  },
  {
    name: 'helm-chart',
    description:
      'Helm chart that is about to be deployed, one per line: its folder, a packaged chart, or oci:// in one of the registries.',
    list: true,
    modes: ['check'],
  },
  {
    name: 'helm-values',
    description: 'Values file that helm-chart is rendered with, one per line, the last one counts most.',
    list: true,
    modes: ['check'],
  },
  {
    name: 'kustomization',
    description: 'Folder with a kustomization that is about to be deployed, one per line.',
    list: true,
    modes: ['check'],
  },
  {
    name: 'allow-remote',
    description:
      'Let helm and kubectl reach the network while they render, for charts and bases that lie elsewhere: true or false.',
    default: 'false',
    flagOnly: true,
    modes: ['check'],
  },
  {
    name: 'max-pulls',
    description:
      'Images of manifests, charts and kustomizations that are really pulled on each pool, 1 to 50; the others are judged by access and manifest.',
    default: '5',
    modes: ['check'],
  },
  {
    name: 'import-probe-image',
    description:
      'Have the registry copy a tiny image of all platforms into aks-acr-pull/probe, where it stays, and pull that: true or false.',
    default: 'false',
    flagOnly: true,
    modes: ['connect'],
  },
  {
    name: 'verify',
    description:
      'What a pass needs: pull (a real pull on every pool), access (a role assignment that allows it) or none.',
    default: 'pull',
    values: ['pull', 'access', 'none'],
    modes: PULLS,
  },
  {
    name: 'node-pools',
    description: 'Node pools to pull on, one per line. Default: all pools that run nodes.',
    list: true,
    modes: PULLS,
  },
  {
    name: 'nodes',
    description: 'one: one node of each pool; all: every node, which needs the right to list nodes.',
    default: 'one',
    values: ['one', 'all'],
    modes: PULLS,
  },
  {
    name: 'namespace',
    flag: '-n, --namespace <name>',
    description: 'Namespace in which the probe runs.',
    default: 'default',
    modes: PULLS,
  },
  {
    name: 'cluster-access',
    description:
      'How the cluster is reached: direct, run-command (AKS run command), or auto, which takes run-command only where a private or range-restricted API server gives no answer.',
    default: 'auto',
    values: ['auto', 'direct', 'run-command'],
    modes: ['connect', 'check', 'audit'],
  },
  {
    name: 'kubeconfig',
    description:
      "Path of the kubeconfig of a cluster that isn't AKS, such as Arc or on-premises, instead of cluster; needs pull-secret.",
    modes: ['check'],
  },
  {
    name: 'context',
    description: 'Context of kubeconfig to use. Default: its current context.',
    modes: ['check'],
  },
  {
    name: 'pull-secret',
    description:
      "Secret in namespace to pull with, where no kubelet identity can: a cluster that isn't AKS, or a registry in another tenant. registry must be a login server then.",
    modes: ['check'],
  },
  {
    name: 'kubelet-object-id',
    description:
      'Object id of the principal whose credential the nodes use, for clusters with a service principal; in mode disconnect also for a cluster that is gone.',
  },
  { name: 'timeout', description: 'Limit of the whole run, such as 15m.', default: '15m' },
  {
    name: 'propagation-timeout',
    description: 'How long a refused pull is tried again after a new grant, such as 10m.',
    default: '10m',
    modes: ['connect'],
  },
  {
    name: 'fail-on',
    description: 'fail, or warn: findings and warnings fail the step too.',
    default: 'fail',
    values: ['fail', 'warn'],
  },
  {
    name: 'repositories',
    description:
      'ABAC-enabled registries: limit the grant to these repositories, one per line; team/* stands for all that begin so. Default: the whole registry.',
    list: true,
    modes: ['connect', 'check', 'plan'],
  },
  {
    name: 'transition-roles',
    description:
      'While a registry moves to ABAC: want both AcrPull and Container Registry Repository Reader, so that pulls go on before and after the switch: true or false.',
    default: 'false',
    flagOnly: true,
    modes: ['connect', 'check', 'plan'],
  },
  {
    name: 'dry-run',
    description: 'disconnect: show what would be removed, and remove nothing: true or false.',
    default: 'false',
    flagOnly: true,
    modes: ['disconnect'],
  },
  {
    name: 'all-direct',
    description: 'disconnect: also remove grants at the registry that this tool did not make: true or false.',
    default: 'false',
    flagOnly: true,
    modes: ['disconnect'],
  },
  {
    name: 'environment',
    description:
      'Azure cloud: AzureCloud, AzureChinaCloud or AzureUSGovernment. Default: AzureCloud, or the cloud of the service connection.',
    values: CLOUD_NAMES,
  },
  {
    name: 'redact',
    description:
      'ids: shorten ids in the log and on the summary page; none. Default: ids on public repositories.',
    values: ['ids', 'none'],
  },
  {
    name: 'client-id',
    description:
      'Application (client) id to sign in as, by GitHub OIDC, without azure/login. Needs tenant-id and id-token: write.',
    only: ['github'],
  },
  { name: 'tenant-id', description: 'Entra tenant of client-id.', only: ['github'] },
  {
    name: 'audience',
    description: 'Audience of the GitHub OIDC token. Default: api://AzureADTokenExchange.',
    only: ['github'],
  },
  {
    name: 'allow-pull-request',
    description: 'Let connect, disconnect and audit run for pull requests: true or false.',
    default: 'false',
    only: ['github', 'azure-pipelines'],
    flagOnly: true,
  },
  {
    name: 'summary',
    description: "Write the run's summary page: true or false.",
    default: 'true',
    only: ['github', 'azure-pipelines'],
    flagOnly: true,
  },
] as const satisfies readonly InputDeclaration[];

/** The name in task.json and of output variables: `resource-group` → `resourceGroup`. */
export function taskName(name: string): string {
  return name.replace(/-([a-z])/g, (_dash, letter: string) => letter.toUpperCase());
}

/** Whether a host has this input. */
export function belongsTo(input: InputDeclaration, host: Host): boolean {
  return input.only === undefined || input.only.includes(host);
}

export type InputName = (typeof INPUTS)[number]['name'];

/** What a host read: every input that was given, as text. Absent or blank means not given. */
export type RawInputs = Partial<Record<InputName, string>>;

/** The outputs, declared once. */
export const OUTPUTS = [
  { name: 'result', description: 'passed, failed or unknown.' },
  { name: 'changed', description: 'true when a grant was made or removed.' },
  {
    name: 'would-change',
    description:
      'true when a grant is (or was) missing, or there to be removed; unknown when that could not be told.',
  },
  { name: 'verified', description: 'true only when every requested pull was proved.' },
  { name: 'cause', description: 'Id of the cause to mend first, of all that did not pass.' },
  { name: 'login-server', description: "The registry's login server; one per line for several." },
  { name: 'kubelet-object-id', description: 'Object id of the kubelet identity; one per line for several.' },
  { name: 'role', description: "The pull role for the registry's mode." },
  { name: 'role-assignment-id', description: 'Resource id of the role assignment that gives access.' },
  { name: 'digest', description: 'Digest of the image that was pulled.' },
  {
    name: 'plan',
    description: 'mode plan: folder with the plan as az commands, Bicep, Terraform and ARM JSON.',
  },
  { name: 'report', description: 'Path of report.json.' },
] as const;

export type OutputName = (typeof OUTPUTS)[number]['name'];
