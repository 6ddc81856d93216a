/**
 * The shape of a scenario: every key, its form and its default. This is the only description of it in code.
 */
import {
  choice,
  count,
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

const guid = () => text({ pattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, form: 'a GUID' });
const word = () => text({ pattern: /\S/, form: 'a name' });
const location = () => text({ pattern: /^[a-z0-9]+$/, form: 'an Azure region such as westeurope' });
const texts = () => withDefault(list(text()), []);

/** Resource groups (https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules). */
const resourceGroupName = () =>
  text({
    pattern: /^[-\w.()]{0,89}[-\w()]$/,
    form: 'a resource group name (letters, digits, -_.() up to 90)',
  });

/** Where a resource stands. */
const place = {
  resourceGroup: resourceGroupName(),
  /** Id or name of a subscription. Default: the first. */
  subscription: optional(word()),
  location: withDefault(location(), 'westeurope'),
};

const federatedCredential = object({
  /** Default of these: what the scenario's own `github` sends. */
  issuer: optional(text()),
  subject: optional(text()),
  audience: optional(text()),
});

const identity = object({
  name: word(),
  kind: withDefault(choice('application', 'managed-identity', 'user'), 'application'),
  objectId: optional(guid()),
  clientId: optional(guid()),
  secrets: texts(),
  /** PEM texts of certificates that its assertions may be signed with. */
  certificates: withDefault(
    list(text({ pattern: /^-----BEGIN CERTIFICATE-----/, form: 'a PEM certificate' })),
    [],
  ),
  /** `github`, `azure-pipelines` (its one service connection), or credentials one by one. */
  federated: withDefault(
    either(
      choice('github', 'azure-pipelines'),
      (value) => typeof value === 'string',
      list(federatedCredential),
    ),
    [],
  ),
  /** How long the directory's replicas do not know it yet. */
  replicationDelay: withDefault(duration(), 0),
});

const pool = object({
  /** https://learn.microsoft.com/azure/aks/create-node-pools: lower case, up to 12. */
  name: text({
    pattern: /^[a-z][a-z0-9]{0,11}$/,
    form: 'a pool name (lower-case letters and digits, up to 12)',
  }),
  count: withDefault(count(), 1),
  os: withDefault(choice('Linux', 'Windows'), 'Linux'),
  architecture: withDefault(choice('amd64', 'arm64'), 'amd64'),
  /** `key=value:Effect`. */
  taints: withDefault(
    list(
      text({
        pattern: /^[^=:\s]+(=[^=:\s]*)?:(NoSchedule|NoExecute|PreferNoSchedule)$/,
        form: 'a taint such as key=value:NoSchedule',
      }),
    ),
    [],
  ),
  /** Default: the first pool is the system pool, unless another is. */
  mode: optional(choice('System', 'User')),
  vmSize: optional(text()),
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
  identity: withDefault(
    object({
      kind: withDefault(choice('managed', 'service-principal', 'none'), 'managed'),
      /** One of `identities`; default: one of its own, called `kubelet of <cluster>`. */
      name: optional(word()),
      replicationDelay: withDefault(duration(), 0),
    }),
    { kind: 'managed', name: undefined, replicationDelay: 0 },
  ),
  localAccounts: withDefault(flag(), true),
  entra: optional(object({ azureRbac: withDefault(flag(), false), adminGroups: texts() })),
  /** Besides default, kube-system, kube-public and kube-node-lease. */
  namespaces: texts(),
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
  private: withDefault(flag(), false),
});

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
  armAudienceTokens: withDefault(choice('enabled', 'disabled'), 'enabled'),
  dataEndpoint: withDefault(flag(), false),
  repositories: withDefault(
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
              /** False: the one platform's manifest is tagged itself. */
              index: optional(flag()),
            }),
          ),
          [],
        ),
      }),
    ),
    [],
  ),
});

const roleAssignment = object({
  /** Name of an identity or a group, `kubelet of <cluster>`, or an object id that the directory doesn't know. */
  principal: word(),
  /** Name or GUID of a role. */
  role: word(),
  /** `subscription`, `subscription:<name>`, `rg:<name>`, `cluster:<name>`, `registry:<name>`, `management-group:<name>` or an ARM id. */
  scope: word(),
  condition: optional(text()),
  description: optional(text()),
  /** How long ago it was made; one younger than `grantDelay` doesn't work yet. */
  age: withDefault(duration(), 30 * 86_400_000),
});

export const scenarioSchema = object({
  name: word(),
  description: withDefault(text(), ''),
  /** Which of Azure's clouds: it decides all names. */
  cloud: withDefault(choice('AzureCloud', 'AzureChinaCloud', 'AzureUSGovernment'), 'AzureCloud'),
  /** The machine that runs what is tested: the managed identities it was given. */
  runner: withDefault(object({ identities: texts() }), { identities: [] }),
  /** How long a new role assignment takes until it works. */
  grantDelay: withDefault(duration(), 0),
  tenant: optional(guid()),
  subscriptions: optional(
    list(
      object({
        id: optional(guid()),
        name: withDefault(word(), 'Simulated subscription'),
        /** Nearest first. */
        managementGroups: texts(),
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
      /** The `sub` claim, where it isn't GitHub's default for the ref, the event or the environment. */
      subject: optional(word()),
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
      /** Name of the service connection. */
      connection: withDefault(word(), 'azure'),
      /** Whose tokens the connection gets: Entra's, as new ones do, or Azure DevOps' own. */
      issuer: withDefault(choice('entra', 'azure-devops'), 'entra'),
    }),
    { organization: 'contoso', project: 'shop', connection: 'azure', issuer: 'entra' as const },
  ),
  clusters: withDefault(list(cluster), []),
  registries: withDefault(list(registry), []),
  roleAssignments: withDefault(list(roleAssignment), []),
});

export type ScenarioDocument = Value<typeof scenarioSchema>;
export type ClusterDocument = ScenarioDocument['clusters'][number];
export type RegistryDocument = ScenarioDocument['registries'][number];
