/**
 * The shape of a scenario: every key, its form and its default. This is the only description of it in code.
 */
import { faultRule } from '../faults/schema.js';
import { admissionKeys } from './admission-schema.js';
import {
  choice,
  count,
  described,
  duration,
  either,
  flag,
  list,
  object,
  optional,
  text,
  withDefault,
} from './schema.js';
import type { Value } from './schema.js';

const guid = () => text({ pattern: /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, form: 'a GUID' });
const word = () => text({ pattern: /\S/, form: 'a name' });
const location = () => text({ pattern: /^[a-z0-9]+$/, form: 'an Azure region such as westeurope' });
const texts = () => withDefault(list(text()), []);

/** Resource groups (https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules). */
const resourceGroupName = () =>
  text({
    pattern: /^[-\w.()]{0,89}[-\w()]$/,
    form: 'a resource group name (letters, digits, -_.() up to 90)',
  });

/** Of a range for documentation (RFC 5737). */
const RUNNER_ADDRESS = '203.0.113.7';

/** Where a resource stands. */
const place = {
  resourceGroup: resourceGroupName(),
  subscription: described('Id or name of a subscription. Default: the first.', optional(word())),
  location: withDefault(location(), 'westeurope'),
};

/** Default of these: what the scenario's own `github` sends. */
const federatedCredential = object({
  issuer: optional(text()),
  subject: optional(text()),
  audience: optional(text()),
});

const identity = object({
  name: word(),
  kind: withDefault(choice('application', 'managed-identity', 'user'), 'application'),
  objectId: optional(guid()),
  clientId: optional(guid()),
  secrets: described(
    'It may sign in with any of these; nodes that use it as their service principal, with the first.',
    texts(),
  ),
  /** PEM texts of certificates that its assertions may be signed with. */
  certificates: withDefault(
    list(text({ pattern: /^-----BEGIN CERTIFICATE-----/, form: 'a PEM certificate' })),
    [],
  ),
  federated: described(
    "Jobs that it trusts: the scenario's own of `github` or `azure-pipelines`, or credentials one by one.",
    withDefault(
      either(
        choice('github', 'azure-pipelines'),
        (value) => typeof value === 'string',
        list(federatedCredential),
      ),
      [],
    ),
  ),
  replicationDelay: described(
    "How long the directory's replicas do not know it yet.",
    withDefault(duration(), 0),
  ),
  tenant: described(
    "Its tenant, if that isn't the scenario's: then ARM's directory doesn't know it.",
    optional(guid()),
  ),
  readsDirectory: described(
    'Whether it may ask Microsoft Graph about the directory. Default: users may, others may not.',
    optional(flag()),
  ),
});

/** Who pulls on a node: the simulator itself, or a containerd of its own (Linux, root, containerd installed). */
const runtime = () => choice('built-in', 'containerd');

const pool = object({
  /** https://learn.microsoft.com/azure/aks/create-node-pools: lower case, up to 12. */
  name: text({
    pattern: /^[a-z][a-z0-9]{0,11}$/,
    form: 'a pool name (lower-case letters and digits, up to 12)',
  }),
  count: withDefault(count(), 1),
  maxCount: described(
    'Up to this the cluster autoscaler adds nodes for pods that fit nowhere. Default: it adds none; a NodePool of node auto-provisioning gets any number.',
    optional(count()),
  ),
  os: withDefault(choice('Linux', 'Windows'), 'Linux'),
  architecture: withDefault(choice('amd64', 'arm64'), 'amd64'),
  taints: withDefault(
    list(
      text({
        pattern: /^[^=:\s]+(=[^=:\s]*)?:(NoSchedule|NoExecute|PreferNoSchedule)$/,
        form: 'a taint such as key=value:NoSchedule',
      }),
    ),
    [],
  ),
  mode: described(
    'Default: the first pool is the system pool, unless another is.',
    optional(choice('System', 'User')),
  ),
  vmSize: optional(text()),
  runtime: described("Who pulls on its nodes. Default: the scenario's.", optional(runtime())),
  heldIdentity: described(
    "What its nodes have instead of the cluster's kubelet identity: a service principal that the cluster had before it, or nothing.",
    optional(choice('former-service-principal', 'none')),
  ),
});

const cluster = object({
  ...place,
  name: text({
    pattern: /^[A-Za-z0-9]([-\w]{0,61}[A-Za-z0-9])?$/,
    form: 'a cluster name (letters, digits, - and _, up to 63)',
  }),
  version: withDefault(text({ pattern: /^\d+\.\d+\.\d+$/, form: 'a version such as 1.32.7' }), '1.32.7'),
  /** States seen (recording: managedClusters.GET.variants.json) and documented. */
  state: withDefault(
    choice(
      'Succeeded',
      'Creating',
      'Updating',
      'Canceled',
      'Failed',
      'Deleting',
      'Starting',
      'Stopping',
      'Upgrading',
    ),
    'Succeeded',
  ),
  power: withDefault(choice('Running', 'Stopped'), 'Running'),
  pools: optional(list(pool)),
  provisionedPools: described(
    "Node auto-provisioning is on: its NodePools, with the nodes that they have now; pods that fit nowhere get more. Azure's list of pools doesn't name them.",
    optional(list(pool)),
  ),
  newNodeTime: described(
    'How long a node takes to come that the autoscaler or node auto-provisioning adds.',
    withDefault(duration(), 120_000),
  ),
  identity: withDefault(
    object({
      kind: withDefault(choice('managed', 'service-principal', 'none'), 'managed'),
      name: described(
        'One of `identities`. Default: one of its own, called `kubelet of <cluster>`.',
        optional(word()),
      ),
      replicationDelay: withDefault(duration(), 0),
    }),
    { kind: 'managed', name: undefined, replicationDelay: 0 },
  ),
  localAccounts: described('False needs `entra`.', withDefault(flag(), true)),
  entra: optional(object({ azureRbac: withDefault(flag(), false), adminGroups: texts() })),
  /** Namespaces (default, kube-system, kube-public and kube-node-lease are there anyway), policies, webhooks. */
  ...admissionKeys,
  bindings: withDefault(
    list(
      object({
        principal: word(),
        namespace: optional(word()),
        rules: list(object({ apiGroups: list(text()), resources: list(text()), verbs: list(text()) })),
      }),
    ),
    [],
  ),
  private: described(
    "Its API server's name can't be reached from outside its network.",
    withDefault(flag(), false),
  ),
  publicFqdn: described(
    'A private one has another name, which public DNS knows; it leads to the private address.',
    withDefault(flag(), false),
  ),
  privateDns: described(
    '`none`: a private one has no zone, and its one name is in public DNS.',
    withDefault(choice('system', 'none'), 'system'),
  ),
  runnerNetwork: described(
    'Where the runner is for a private one: outside its network, in one that leads there, or in one with the private zone too.',
    withDefault(choice('outside', 'peered', 'linked'), 'outside'),
  ),
  authorizedIpRanges: described(
    'Only these addresses get to a public one; empty: all.',
    withDefault(
      list(
        text({
          pattern: /^\d{1,3}(\.\d{1,3}){3}(\/\d{1,2})?$/,
          form: 'an address or range such as 203.0.113.0/24',
        }),
      ),
      [],
    ),
  ),
  runCommand: withDefault(
    object({
      enabled: withDefault(flag(), true),
      /** How long the pod of a command may take to start (https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/connectivity/resolve-az-aks-command-invoke-failures). */
      startLimit: withDefault(duration(), 30_000),
    }),
    { enabled: true, startLimit: 30_000 },
  ),
});

const repositories = () =>
  withDefault(
    list(
      object({
        name: text({ pattern: /^[a-z0-9]+([._/-]+[a-z0-9]+)*$/, form: 'a repository name in lower case' }),
        images: withDefault(
          list(
            object({
              tag: text({ pattern: /^\w[\w.-]{0,127}$/, form: 'a tag' }),
              platforms: withDefault(
                list(
                  text({
                    pattern: /^(linux|windows)\/(amd64|arm64)$/,
                    form: 'a platform such as linux/amd64',
                  }),
                ),
                ['linux/amd64'],
              ),
              layers: optional(count()),
              index: described("False: the one platform's manifest is tagged itself.", optional(flag())),
            }),
          ),
          [],
        ),
      }),
    ),
    [],
  );

const registry = object({
  ...place,
  name: text({ pattern: /^[A-Za-z0-9]{5,50}$/, form: 'a registry name (5 to 50 letters and digits)' }),
  mode: withDefault(choice('legacy', 'abac'), 'legacy'),
  loginServer: optional(
    text({ pattern: /^[a-z0-9][a-z0-9.-]*\.[a-z]+$/, form: 'a host name in lower case' }),
  ),
  sku: withDefault(choice('Basic', 'Standard', 'Premium'), 'Standard'),
  anonymousPull: withDefault(flag(), false),
  publicNetworkAccess: withDefault(choice('Enabled', 'Disabled'), 'Enabled'),
  networkDefaultAction: withDefault(choice('Allow', 'Deny'), 'Allow'),
  armAudienceTokens: described(
    "Whether the registry's exchange takes tokens that are meant for ARM.",
    withDefault(choice('enabled', 'disabled'), 'enabled'),
  ),
  dataEndpoint: described(
    "Blobs come from the registry's own data endpoint; needs Premium, as the network's keys do.",
    withDefault(flag(), false),
  ),
  privateEndpoint: described(
    'A way in from private networks; needs Premium, and blobs come from its data endpoint then.',
    optional(
      object({
        linked: described(
          'Clusters whose network is linked to the private DNS zone; default: all.',
          optional(list(word())),
        ),
        reachable: described(
          "Clusters from whose network the endpoint's address is reached; default: all.",
          optional(list(word())),
        ),
        inZone: described(
          "False: the zone doesn't hold the registry's names, and networks that are linked to it find none.",
          withDefault(flag(), true),
        ),
      }),
    ),
  ),
  replicas: described('Other regions that hold it too; needs Premium.', withDefault(list(location()), [])),
  repositories: repositories(),
});

/** A registry of somebody else that lets everyone pull. */
const publicRegistry = object({
  host: text({ pattern: /^[a-z0-9][a-z0-9.-]*\.[a-z]+$/, form: 'a host name in lower case' }),
  repositories: repositories(),
});

const lock = object({
  name: word(),
  level: withDefault(choice('CanNotDelete', 'ReadOnly'), 'CanNotDelete'),
  /** As of role assignments. */
  scope: word(),
  notes: optional(text()),
});

const denyAssignment = object({
  name: word(),
  description: withDefault(text(), ''),
  scope: word(),
  actions: texts(),
  notActions: texts(),
  dataActions: texts(),
  notDataActions: texts(),
  principals: described('As of role assignments, or `everyone`.', withDefault(list(word()), ['everyone'])),
  exclude: texts(),
  appliesToChildScopes: withDefault(flag(), true),
});

/** An Azure Policy assignment that denies every write of one resource type. */
const policy = object({
  name: word(),
  scope: word(),
  denies: text({
    pattern: /^[\w.]+\/[\w/]+$/,
    form: 'a resource type such as Microsoft.Authorization/roleAssignments',
  }),
});

const roleAssignment = object({
  principal: described(
    "Name of an identity or a group, `kubelet of <cluster>`, or an object id that the directory doesn't know.",
    word(),
  ),
  role: described('Name or GUID of a role.', word()),
  scope: described(
    '`subscription`, `subscription:<name>`, `rg:<name>`, `cluster:<name>`, `registry:<name>`, `management-group:<name>` or an ARM id.',
    word(),
  ),
  condition: optional(text()),
  description: optional(text()),
  age: described(
    "How long ago it was made; one younger than `grantDelay` doesn't work yet.",
    withDefault(duration(), 30 * 86_400_000),
  ),
  eligible: described(
    'Only eligible, under Privileged Identity Management: it counts for nothing until it is switched on.',
    withDefault(flag(), false),
  ),
});

export const scenarioSchema = object({
  name: word(),
  description: withDefault(text(), ''),
  cloud: described(
    "Which of Azure's clouds: it decides all names.",
    withDefault(choice('AzureCloud', 'AzureChinaCloud', 'AzureUSGovernment'), 'AzureCloud'),
  ),
  runner: described(
    'The machine that runs what is tested: the managed identities it was given, and its public address.',
    withDefault(object({ identities: texts(), address: withDefault(text(), RUNNER_ADDRESS) }), {
      identities: [],
      address: RUNNER_ADDRESS,
    }),
  ),
  seed: described(
    'Decides all that is left to chance: which requests a fault with a probability strikes, and generated names and ids.',
    withDefault(count(), 1),
  ),
  faults: described('What goes wrong, and when.', withDefault(list(faultRule), [])),
  grantDelay: described('How long a new role assignment takes until it works.', withDefault(duration(), 0)),
  runtime: described(
    'Who pulls on the nodes: the simulator itself, or a containerd of each node (Linux, root, containerd installed).',
    withDefault(runtime(), 'built-in'),
  ),
  tenant: optional(guid()),
  subscriptions: optional(
    list(
      object({
        id: optional(guid()),
        name: withDefault(word(), 'Simulated subscription'),
        tenant: described("The tenant it belongs to, if that isn't the scenario's.", optional(guid())),
        state: described(
          '`Disabled`: nothing in it can be changed.',
          withDefault(choice('Enabled', 'Disabled'), 'Enabled'),
        ),
        managementGroups: described('Nearest first.', texts()),
        resourceGroups: withDefault(
          list(object({ name: resourceGroupName(), location: withDefault(location(), 'westeurope') })),
          [],
        ),
      }),
    ),
  ),
  identities: withDefault(list(identity), []),
  groups: withDefault(list(object({ name: word(), objectId: optional(guid()), members: texts() })), []),
  customRoles: withDefault(
    list(
      object({
        name: word(),
        id: optional(guid()),
        actions: texts(),
        notActions: texts(),
        dataActions: texts(),
        notDataActions: texts(),
      }),
    ),
    [],
  ),
  github: withDefault(
    object({
      repository: withDefault(text({ pattern: /^[\w.-]+\/[\w.-]+$/, form: 'owner/name' }), 'contoso/shop'),
      ref: withDefault(
        text({ pattern: /^refs\//, form: 'a full ref such as refs/heads/main' }),
        'refs/heads/main',
      ),
      event: withDefault(word(), 'push'),
      environment: optional(word()),
      subject: described(
        "The `sub` claim, where it isn't GitHub's default for the ref, the event or the environment.",
        optional(word()),
      ),
      idTokenPermission: withDefault(flag(), true),
    }),
    {
      repository: 'contoso/shop',
      ref: 'refs/heads/main',
      event: 'push',
      environment: undefined,
      subject: undefined,
      idTokenPermission: true,
    },
  ),
  azurePipelines: withDefault(
    object({
      organization: withDefault(word(), 'contoso'),
      project: withDefault(word(), 'shop'),
      connection: described('Name of the service connection.', withDefault(word(), 'azure')),
      issuer: described(
        "Whose tokens the connection gets: Entra's, as new ones do, or Azure DevOps' own.",
        withDefault(choice('entra', 'azure-devops'), 'entra'),
      ),
    }),
    { organization: 'contoso', project: 'shop', connection: 'azure', issuer: 'entra' as const },
  ),
  clusters: withDefault(list(cluster), []),
  registries: withDefault(list(registry), []),
  roleAssignments: withDefault(list(roleAssignment), []),
  publicRegistries: withDefault(list(publicRegistry), []),
  locks: withDefault(list(lock), []),
  denyAssignments: withDefault(list(denyAssignment), []),
  policies: withDefault(list(policy), []),
  /** How many role assignments a subscription may have (https://learn.microsoft.com/azure/role-based-access-control/troubleshoot-limits). */
  roleAssignmentLimit: withDefault(count(), 4000),
  typedPrincipals: described(
    'What ARM does with a principal whose type it is told: take it unseen, as is recorded, or ask the directory for it too.',
    withDefault(choice('unseen', 'checked'), 'unseen'),
  ),
  roleConditions: described(
    'Whether ARM takes conditions of role assignments.',
    withDefault(choice('taken', 'refused'), 'taken'),
  ),
  pageSize: described(
    'How many entries one page of a list of ARM holds at most. Default: all are on one.',
    optional(count()),
  ),
  groupAssignments: described(
    'Whether ARM tells role assignments through groups to a login that may not read the directory.',
    withDefault(choice('told', 'refused'), 'told'),
  ),
  operationTime: described('How long a long-running operation of ARM takes.', withDefault(duration(), 0)),
});

export type ScenarioDocument = Value<typeof scenarioSchema>;
export type ClusterDocument = ScenarioDocument['clusters'][number];
export type RegistryDocument = ScenarioDocument['registries'][number];
