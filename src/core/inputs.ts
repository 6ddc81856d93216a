/**
 * The inputs, declared once. action.yml, the command line's flags and the README's tables are held against
 * this by a test; `request.ts` reads what they hold.
 */
export interface InputDeclaration {
  /** As in action.yml; the command line's flag is the same with two dashes unless `flag` says otherwise. */
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
}

export type Host = 'github' | 'cli';

export const INPUTS = [
  {
    name: 'cluster',
    description:
      'AKS cluster: its resource id, or its name together with resource-group. mode check takes several, one per line.',
    required: true,
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
    description:
      'Subscription of whatever is given by name. Default: the subscription of the Azure CLI login.',
  },
  {
    name: 'mode',
    description: 'connect makes the missing grant and proves the pull; check writes nothing in Azure.',
    default: 'connect',
    only: ['github'],
  },
  {
    name: 'image',
    description:
      'Image to pull, one per line: repo:tag, repo@sha256:… or a full reference. Default: a small tagged image that this login can list.',
    list: true,
  },
  {
    name: 'verify',
    description:
      'What a pass needs: pull (a real pull on every pool), access (a role assignment that allows it) or none.',
    default: 'pull',
  },
  {
    name: 'node-pools',
    description: 'Node pools to pull on, one per line. Default: all pools that run nodes.',
    list: true,
  },
  {
    name: 'namespace',
    flag: '-n, --namespace <name>',
    description: 'Namespace in which the probe runs.',
    default: 'default',
  },
  {
    name: 'kubelet-object-id',
    description:
      'Object id of the principal whose credential the nodes use, for clusters with a service principal.',
  },
  { name: 'timeout', description: 'Limit of the whole run, such as 15m.', default: '15m' },
  {
    name: 'propagation-timeout',
    description: 'How long a refused pull is tried again after a new grant, such as 10m.',
    default: '10m',
  },
  {
    name: 'fail-on',
    description: 'fail, or warn: findings and warnings fail the step too.',
    default: 'fail',
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
    description: 'Let connect run for pull requests: true or false.',
    default: 'false',
    only: ['github'],
  },
  {
    name: 'summary',
    description: "Write the run's summary page: true or false.",
    default: 'true',
    only: ['github'],
  },
] as const satisfies readonly InputDeclaration[];

export type InputName = (typeof INPUTS)[number]['name'];

/** What a host read: every input that was given, as text. Absent or blank means not given. */
export type RawInputs = Partial<Record<InputName, string>>;

/** The outputs, declared once. */
export const OUTPUTS = [
  { name: 'result', description: 'passed, failed or unknown.' },
  { name: 'changed', description: 'true when a grant was made.' },
  {
    name: 'would-change',
    description: 'true when a grant is (or was) missing; unknown when that could not be told.',
  },
  { name: 'verified', description: 'true only when every requested pull was proved.' },
  { name: 'cause', description: "Id of the first failed check's cause." },
  { name: 'login-server', description: "The registry's login server; one per line for several." },
  { name: 'kubelet-object-id', description: 'Object id of the kubelet identity; one per line for several.' },
  { name: 'role', description: "The pull role for the registry's mode." },
  { name: 'role-assignment-id', description: 'Resource id of the role assignment that gives access.' },
  { name: 'digest', description: 'Digest of the image that was pulled.' },
  { name: 'report', description: 'Path of report.json.' },
] as const;

export type OutputName = (typeof OUTPUTS)[number]['name'];
