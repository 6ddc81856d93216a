/**
 * az's commands that fixes print, as the requests that each makes. Each row is held against the real az where Debian's 2.45
 * knows it (real/printed-commands.test.ts); where that doesn't, the row names what it follows.
 */
import { randomUUID } from 'node:crypto';
import type { Azure } from './azure.js';
import { Failed } from './azure.js';
import { alone, isTrue, needed, readOptions, state, value } from './arguments.js';
import type { Options, Values } from './arguments.js';
import { evaluateQuery, tabSeparated } from './query.js';
import { Refused } from './words.js';

interface Command {
  name: string;
  /** What it prints, before its query. */
  run(azure: Azure, words: readonly string[]): Promise<unknown>;
}

const COMMON = {
  query: value('--query'),
  output: value('-o', '--output'),
  subscription: value('--subscription'),
};

/** A row of the table: a command with its options, and what it does with their values. */
function command<T extends Options>(
  name: string,
  options: T,
  run: (azure: Azure, values: Values<T & typeof COMMON>) => Promise<unknown>,
): Command {
  return {
    name,
    run: async (azure, words) => {
      const given = readOptions({ ...COMMON, ...options }, words);
      const { subscription = azure.subscription } = given;
      const answer = await run({ ...azure, subscription }, given);
      const found = given.query === undefined ? answer : evaluateQuery(given.query, flat(answer));
      if (given.output === 'tsv') return tabSeparated(found);
      if (given.output !== undefined && !['json', 'table', 'none'].includes(given.output))
        throw new Refused(`-o ${given.output} is not known here`);
      return JSON.stringify(found ?? null);
    },
  };
}

const CONTAINER_SERVICE = '2022-11-01';
const REGISTRY = '2022-02-01-preview';
/** The first stable version that tells and takes a role assignment mode (see arm/registries.ts of the simulator). */
const REGISTRY_WITH_MODE = '2025-11-01';
const AUTHORIZATION = '2020-04-01-preview';
const PRIVATE_DNS = '2020-06-01';

const GROUP = needed('-g', '--resource-group');
const NAME = needed('-n', '--name');
const AT_REGISTRY = { registry: NAME, group: value('-g', '--resource-group') };
const AT_CLUSTER = { group: GROUP, name: NAME };
const AT_POOL = { group: GROUP, cluster: needed('--cluster-name'), name: NAME };

type Json = Record<string, unknown>;

const subscriptionOf = ({ subscription }: Azure): string => `/subscriptions/${subscription}`;

const clusterPath = (azure: Azure, group = '', name = ''): string =>
  `${subscriptionOf(azure)}/resourceGroups/${group}/providers/Microsoft.ContainerService/managedClusters/${name}`;

/** A registry by its name alone, as az finds it. */
async function registryPath(azure: Azure, name = '', group?: string): Promise<string> {
  const base = 'providers/Microsoft.ContainerRegistry/registries';
  if (group !== undefined) return `${subscriptionOf(azure)}/resourceGroups/${group}/${base}/${name}`;
  const filter = encodeURIComponent("resourceType eq 'Microsoft.ContainerRegistry/registries'");
  const { value: all } = (await azure.arm(
    'GET',
    `${subscriptionOf(azure)}/resources?$filter=${filter}`,
    '2021-04-01',
  )) as { value: { id: string; name: string }[] };
  const found = all.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (found === undefined)
    throw new Failed(
      404,
      `The resource with name '${name}' and type 'Microsoft.ContainerRegistry/registries' could not be found in subscription.`,
    );
  return found.id;
}

async function patchRegistry(
  azure: Azure,
  { registry, group }: { registry?: string; group?: string },
  properties: Json,
  version = REGISTRY,
): Promise<unknown> {
  const path = await registryPath(azure, registry, group);
  await azure.arm('GET', path, REGISTRY);
  return azure.arm('PATCH', path, version, { properties });
}

/** The login server of a registry, which a repository's commands ask. */
async function loginServer(azure: Azure, registry?: string): Promise<string> {
  const path = await registryPath(azure, registry);
  const { properties } = (await azure.arm('GET', path, REGISTRY)) as { properties: { loginServer: string } };
  return properties.loginServer;
}

/** `shop/web`, `shop/web:1.4` or `shop/web@sha256:…`, as a path of the catalog's API and its repository. */
function imagePath(image: string): { repository: string; path: string } {
  const [, repository = image, mark, rest = ''] = /^(.+?)([:@])([^/]+)$/.exec(image) ?? [];
  const kind = mark === ':' ? `/_tags/${rest}` : mark === '@' ? `/_manifests/${rest}` : '';
  return { repository, path: `/acr/v1/${repository}${kind}` };
}

/** Writes a cluster back as it was read, with a change. */
async function updateCluster(
  azure: Azure,
  { group, name }: { group?: string; name?: string },
  change: (properties: Json) => void,
): Promise<unknown> {
  const path = clusterPath(azure, group, name);
  const read = (await azure.arm('GET', path, CONTAINER_SERVICE)) as { properties: Json };
  change(read.properties);
  return azure.arm('PUT', path, CONTAINER_SERVICE, read);
}

async function upgradeNodeImages(azure: Azure, cluster: string, pool: string): Promise<void> {
  await azure.arm('POST', `${cluster}/agentPools/${pool}/upgradeNodeImageVersion`, CONTAINER_SERVICE);
}

/** The role assignments of a scope, with the names of roles and principals that az looks up for them. */
async function assignmentsAt(azure: Azure, scope: string): Promise<Json[]> {
  const base = `${scope}/providers/Microsoft.Authorization`;
  const assignments = listed(await azure.arm('GET', `${base}/roleAssignments`, AUTHORIZATION));
  const definitions = listed(await azure.arm('GET', `${base}/roleDefinitions`, '2018-01-01-preview'));
  const principals = assignments.map((one) => (one.properties as { principalId: string }).principalId);
  const { value: known } = (await azure.graph('POST', '/directoryObjects/getByIds', {
    ids: [...new Set(principals)],
    types: ['user', 'group', 'servicePrincipal', 'directoryObjectPartnerReference'],
  })) as { value: { id: string; displayName?: string; servicePrincipalNames?: string[] }[] };
  return assignments.map((one) => {
    const { principalId, roleDefinitionId } = one.properties as Record<string, string>;
    const role = definitions.find(
      ({ id }) => String(id).split('/').at(-1) === roleDefinitionId?.split('/').at(-1),
    );
    const principal = known.find(({ id }) => id === principalId);
    return {
      ...one,
      roleDefinitionName: (role?.properties as { roleName?: string } | undefined)?.roleName,
      principalName: principal?.servicePrincipalNames?.[0] ?? principal?.displayName ?? '',
    };
  });
}

/** A role by its name is looked up at the scope (Azure/azure-cli, role/custom.py: _resolve_role_id). */
async function roleGuid(azure: Azure, scope: string, role: string): Promise<string> {
  if (/^[0-9a-f-]{36}$/i.test(role)) return role;
  const filter = encodeURIComponent(`roleName eq '${role}'`);
  const path = `${scope}/providers/Microsoft.Authorization/roleDefinitions?$filter=${filter}`;
  const [found] = listed(await azure.arm('GET', path, '2018-01-01-preview'));
  if (typeof found?.name !== 'string') throw new Failed(404, `Role '${role}' doesn't exist.`);
  return found.name;
}

const ASSIGNMENT = {
  role: needed('--role'),
  objectId: needed('--assignee-object-id'),
  type: needed('--assignee-principal-type'),
  scope: needed('--scope'),
  name: value('--name', '-n'),
  description: value('--description'),
  condition: value('--condition'),
  conditionVersion: value('--condition-version'),
};

const COMMANDS: readonly Command[] = [
  // Microsoft.ContainerRegistry.
  command(
    'acr show',
    AT_REGISTRY,
    async (azure, { registry, group, query }: Values<typeof AT_REGISTRY & typeof COMMON>) =>
      azure.arm(
        'GET',
        await registryPath(azure, registry, group),
        // Debian's az is older than the mode, which newer ones show.
        /roleAssignmentMode/.test(query ?? '') ? REGISTRY_WITH_MODE : REGISTRY,
      ),
  ),
  command('acr list', { group: value('-g', '--resource-group') }, async (azure, { group }) =>
    listed(
      await azure.arm(
        'GET',
        `${subscriptionOf(azure)}${group === undefined ? '' : `/resourceGroups/${group}`}/providers/Microsoft.ContainerRegistry/registries`,
        REGISTRY,
      ),
    ),
  ),
  command(
    'acr update',
    {
      ...AT_REGISTRY,
      trusted: value('--allow-trusted-services'),
      anonymous: state('--anonymous-pull-enabled'),
      publicNetwork: state('--public-network-enabled'),
      defaultAction: value('--default-action'),
      mode: value('--role-assignment-mode'),
    },
    (azure, { trusted, anonymous, publicNetwork, defaultAction, mode, ...at }) => {
      const [bypass, open, reachable] = [isTrue(trusted), isTrue(anonymous), isTrue(publicNetwork)];
      const modes: Readonly<Record<string, string>> = {
        rbac: 'LegacyRegistryPermissions',
        'rbac-abac': 'AbacRepositoryPermissions',
      };
      if (mode !== undefined && modes[mode] === undefined)
        throw new Refused(`the mode ${mode} is not known here`);
      if (defaultAction !== undefined && !['Allow', 'Deny'].includes(defaultAction))
        throw new Refused(`the default action ${defaultAction} is not known here`);
      return patchRegistry(
        azure,
        at,
        {
          ...(bypass === undefined ? {} : { networkRuleBypassOptions: bypass ? 'AzureServices' : 'None' }),
          ...(open === undefined ? {} : { anonymousPullEnabled: open }),
          ...(reachable === undefined ? {} : { publicNetworkAccess: reachable ? 'Enabled' : 'Disabled' }),
          ...(defaultAction === undefined ? {} : { networkRuleSet: { defaultAction } }),
          ...(mode === undefined ? {} : { roleAssignmentMode: modes[mode] }),
        },
        mode === undefined ? REGISTRY : REGISTRY_WITH_MODE,
      );
    },
  ),
  command(
    'acr config authentication-as-arm update',
    { registry: needed('-r', '--registry'), status: needed('--status') },
    (azure, { status, ...at }) =>
      patchRegistry(azure, at, { policies: { azureADAuthenticationAsArmPolicy: { status } } }),
  ),
  command('acr network-rule list', AT_REGISTRY, async (azure, { registry, group }) => {
    const { properties } = (await azure.arm('GET', await registryPath(azure, registry, group), REGISTRY)) as {
      properties: { networkRuleSet?: Json };
    };
    return properties.networkRuleSet;
  }),
  command(
    'acr network-rule add',
    { ...AT_REGISTRY, address: needed('--ip-address') },
    async (azure, { registry, group, address }) => {
      const path = await registryPath(azure, registry, group);
      const { properties } = (await azure.arm('GET', path, '2021-08-01-preview')) as {
        properties: { networkRuleSet?: Json & { ipRules?: Json[] } };
      };
      const rules = properties.networkRuleSet;
      if (rules === undefined) throw new Failed(400, 'The registry has no network rules: only Premium has.');
      const ipRules = [...(rules.ipRules ?? []), { action: 'Allow', value: address }];
      return azure.arm('PATCH', path, '2021-08-01-preview', {
        properties: { networkRuleSet: { ...rules, ipRules } },
      });
    },
  ),
  command(
    'acr import',
    { ...AT_REGISTRY, source: needed('--source'), image: value('--image', '-t') },
    async (azure, { registry, group, source = '', image }) => {
      const [, host = '', path = ''] = /^([^/]+)\/(.+)$/.exec(source) ?? [];
      const at = await registryPath(azure, registry, group);
      await azure.arm('GET', at, REGISTRY);
      await listRegistries(azure);
      return azure.arm('POST', `${at}/importImage`, REGISTRY, {
        source: { registryUri: host, sourceImage: path },
        targetTags: [image ?? path],
        untaggedTargetRepositories: [],
        mode: 'NoForce',
      });
    },
  ),
  command('acr repository list', AT_REGISTRY, async (azure, { registry }) => {
    const host = await loginServer(azure, registry);
    const answer = await azure.registry(host, 'registry:catalog:*', 'GET', '/v2/_catalog?n=100');
    return (answer as { repositories: string[] }).repositories;
  }),
  command(
    'acr repository show-tags',
    { ...AT_REGISTRY, repository: needed('--repository') },
    async (azure, { registry, repository = '' }) => {
      const host = await loginServer(azure, registry);
      const scope = `repository:${repository}:metadata_read`;
      const answer = await azure.registry(host, scope, 'GET', `/acr/v1/${repository}/_tags?n=100`);
      return (answer as { tags: { name: string }[] }).tags.map(({ name }) => name);
    },
  ),
  command(
    'acr repository show',
    { ...AT_REGISTRY, repository: value('--repository'), image: value('--image', '-t') },
    async (azure, { registry, repository, image }) => {
      const host = await loginServer(azure, registry);
      const { repository: name, path } = imagePath(repository ?? image ?? '');
      return azure.registry(host, `repository:${name}:metadata_read`, 'GET', path);
    },
  ),
  // Microsoft.ContainerService.
  command('aks show', AT_CLUSTER, (azure, { group, name }) =>
    azure.arm('GET', clusterPath(azure, group, name), CONTAINER_SERVICE),
  ),
  command('aks list', {}, async (azure) =>
    listed(
      await azure.arm(
        'GET',
        `${subscriptionOf(azure)}/providers/Microsoft.ContainerService/managedClusters`,
        CONTAINER_SERVICE,
      ),
    ),
  ),
  command(
    'aks update',
    {
      ...AT_CLUSTER,
      yes: alone('--yes', '-y'),
      managed: alone('--enable-managed-identity'),
      runCommand: alone('--enable-run-command'),
      ranges: value('--api-server-authorized-ip-ranges'),
    },
    (azure, { group, name, yes, managed, runCommand, ranges }) => {
      const changes = [managed, runCommand, ranges].filter((one) => one !== undefined);
      // It asks before it does, where it is given nothing to change or a new identity: seen with azure-cli 2.45.
      if (yes === undefined && (changes.length === 0 || managed !== undefined))
        throw new Refused('this az aks update asks a question; --yes answers it');
      return updateCluster(
        azure,
        { ...optional('group', group), ...optional('name', name) },
        (properties) => {
          if (managed !== undefined) properties.servicePrincipalProfile = { clientId: 'msi' };
          const access = {
            ...(properties.apiServerAccessProfile as Json | undefined),
            // Azure/azure-cli, acs/managed_cluster_decorator.py: update_api_server_access_profile.
            ...(runCommand === undefined ? {} : { disableRunCommand: false }),
            ...(ranges === undefined ? {} : { authorizedIPRanges: ranges.split(',') }),
          };
          if (Object.keys(access).length > 0) properties.apiServerAccessProfile = access;
        },
      );
    },
  ),
  command(
    'aks upgrade',
    {
      ...AT_CLUSTER,
      imagesOnly: { ...alone('--node-image-only'), required: true },
      yes: alone('--yes', '-y'),
    },
    async (azure, { group, name, yes }) => {
      if (yes === undefined) throw new Refused('az aks upgrade asks a question; --yes answers it');
      const path = clusterPath(azure, group, name);
      const { properties } = (await azure.arm('GET', path, CONTAINER_SERVICE)) as {
        properties: { agentPoolProfiles: { name: string }[] };
      };
      for (const pool of properties.agentPoolProfiles) await upgradeNodeImages(azure, path, pool.name);
      return azure.arm('GET', path, CONTAINER_SERVICE);
    },
  ),
  command('aks start', AT_CLUSTER, (azure, { group, name }) =>
    azure.arm('POST', `${clusterPath(azure, group, name)}/start`, CONTAINER_SERVICE),
  ),
  command(
    'aks wait',
    { ...AT_CLUSTER, created: { ...alone('--created'), required: true } },
    async (azure, { group, name }) => {
      const { properties } = (await azure.arm('GET', clusterPath(azure, group, name), CONTAINER_SERVICE)) as {
        properties: { provisioningState: string };
      };
      if (properties.provisioningState !== 'Succeeded') throw new Refused('it would wait for ever here');
    },
  ),
  command(
    'aks nodepool list',
    { group: GROUP, cluster: needed('--cluster-name') },
    async (azure, { group, cluster }) =>
      listed(await azure.arm('GET', `${clusterPath(azure, group, cluster)}/agentPools`, CONTAINER_SERVICE)),
  ),
  command(
    'aks nodepool scale',
    { ...AT_POOL, count: needed('-c', '--node-count') },
    async (azure, { group, cluster, name = '', count }) => {
      const path = `${clusterPath(azure, group, cluster)}/agentPools/${name}`;
      const pool = (await azure.arm('GET', path, CONTAINER_SERVICE)) as { properties: Json };
      pool.properties.count = Number(count);
      return azure.arm('PUT', path, CONTAINER_SERVICE, pool);
    },
  ),
  // Microsoft.Authorization.
  command('role assignment create', ASSIGNMENT, async (azure, given) => {
    const {
      role = '',
      objectId,
      type,
      scope = '',
      name = randomUUID(),
      description,
      condition,
      conditionVersion,
    } = given;
    const guid = await roleGuid(azure, scope, role);
    try {
      return await azure.arm(
        'PUT',
        `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
        AUTHORIZATION,
        {
          properties: {
            roleDefinitionId: `${subscriptionOf(azure)}/providers/Microsoft.Authorization/roleDefinitions/${guid}`,
            principalId: objectId,
            principalType: type,
            ...optional('description', description),
            ...optional('condition', condition),
            ...optional('conditionVersion', conditionVersion),
          },
        },
      );
    } catch (error) {
      // az takes "there already" for success, and shows those of the scope.
      if (error instanceof Failed && error.message.includes('RoleAssignmentExists'))
        return (await assignmentsAt(azure, scope)).find(
          ({ properties }) => (properties as { principalId: string }).principalId === objectId,
        );
      throw error;
    }
  }),
  command('role assignment list', { all: { ...alone('--all'), required: true } }, (azure) =>
    assignmentsAt(azure, subscriptionOf(azure)),
  ),
  command('role assignment delete', { ids: needed('--ids') }, (azure, { ids = '' }) =>
    azure.arm('DELETE', ids, AUTHORIZATION),
  ),
  command('role definition list', { name: needed('-n', '--name') }, async (azure, { name }) => {
    const path = `${subscriptionOf(azure)}/providers/Microsoft.Authorization/roleDefinitions`;
    return listed(await azure.arm('GET', path, '2018-01-01-preview')).filter(
      ({ properties }) => (properties as { roleName: string }).roleName === name,
    );
  }),
  command(
    'lock list',
    { resource: value('--resource'), group: value('-g', '--resource-group') },
    async (azure, { resource, group }) => {
      const own = `${subscriptionOf(azure)}${group === undefined ? '' : `/resourceGroups/${group}`}`;
      return listed(
        await azure.arm('GET', `${resource ?? own}/providers/Microsoft.Authorization/locks`, '2016-09-01'),
      );
    },
  ),
  command(
    'lock delete',
    {
      name: NAME,
      group: value('-g', '--resource-group'),
      resource: value('--resource'),
      type: value('--resource-type'),
    },
    async (azure, { name = '', group, resource, type }) => {
      const locks = listed(
        await azure.arm(
          'GET',
          `${subscriptionOf(azure)}/providers/Microsoft.Authorization/locks`,
          '2016-09-01',
        ),
      );
      const scope = `${subscriptionOf(azure)}${group === undefined ? '' : `/resourceGroups/${group}`}${
        resource === undefined ? '' : `/providers/${type ?? ''}/${resource}`
      }`;
      const id = `${scope}/providers/Microsoft.Authorization/locks/${name}`;
      // It looks the name up first, and stops where another lock of that name is not the one that is meant.
      const named = locks.filter((one) => one.name === name);
      if (named.length === 1 && String(named[0]?.id).toLowerCase() !== id.toLowerCase())
        throw new Failed(400, `Unexpected scope for lock ${name}`);
      return azure.arm('DELETE', id, '2016-09-01');
    },
  ),
  command(
    'policy exemption create',
    {
      name: NAME,
      category: needed('--exemption-category'),
      assignment: needed('--policy-assignment'),
      scope: needed('--scope'),
    },
    (azure, { name = '', category, assignment, scope = '' }) =>
      azure.arm(
        'PUT',
        `${scope}/providers/Microsoft.Authorization/policyExemptions/${name}`,
        '2020-07-01-preview',
        {
          properties: { policyAssignmentId: assignment, exemptionCategory: category },
        },
      ),
  ),
  // Everything else.
  command('account show', {}, (azure) => Promise.resolve({ id: azure.subscription, tenantId: azure.tenant })),
  command('account list', { all: alone('--all') }, async (azure) =>
    listed(await azure.arm('GET', '/subscriptions', '2019-11-01')),
  ),
  command('group show', { name: NAME }, (azure, { name = '' }) =>
    azure.arm('GET', `${subscriptionOf(azure)}/resourceGroups/${name}`, '2021-04-01'),
  ),
  command('ad sp show', { id: needed('--id') }, async (azure, { id = '' }) => {
    const filter = encodeURIComponent(`servicePrincipalNames/any(c:c eq '${id}')`);
    const { value: found } = (await azure.graph('GET', `/servicePrincipals?$filter=${filter}`)) as {
      value: { id: string }[];
    };
    return azure.graph('GET', `/servicePrincipals/${found[0]?.id ?? id}`);
  }),
  command('vmss list', { group: GROUP }, async (azure, { group = '' }) =>
    listed(
      await azure.arm(
        'GET',
        `${subscriptionOf(azure)}/resourceGroups/${group}/providers/Microsoft.Compute/virtualMachineScaleSets`,
        '2023-03-01',
      ),
    ),
  ),
  command('network public-ip show', { ids: needed('--ids') }, (azure, { ids = '' }) =>
    azure.arm('GET', ids, '2022-05-01'),
  ),
  command('network vnet show', { group: GROUP, name: NAME }, (azure, { group = '', name = '' }) =>
    azure.arm(
      'GET',
      `${subscriptionOf(azure)}/resourceGroups/${group}/providers/Microsoft.Network/virtualNetworks/${name}`,
      '2022-01-01',
    ),
  ),
  command('network private-dns zone list', {}, async (azure) =>
    listed(
      await azure.arm(
        'GET',
        `${subscriptionOf(azure)}/providers/Microsoft.Network/privateDnsZones`,
        PRIVATE_DNS,
      ),
    ),
  ),
  // Follows azure-cli 2.45: privatedns/custom.py (create_privatedns_link).
  command(
    'network private-dns link vnet create',
    {
      group: GROUP,
      zone: needed('-z', '--zone-name'),
      name: NAME,
      registers: needed('-e', '--registration-enabled'),
      network: needed('-v', '--virtual-network'),
    },
    (azure, { group = '', zone = '', name = '', registers, network }) =>
      azure.arm(
        'PUT',
        `${subscriptionOf(azure)}/resourceGroups/${group}/providers/Microsoft.Network/privateDnsZones/${zone}/virtualNetworkLinks/${name}`,
        PRIVATE_DNS,
        {
          location: 'global',
          properties: { registrationEnabled: isTrue(registers), virtualNetwork: { id: network } },
        },
      ),
  ),
  // Follows azure-cli 2.45: network/custom.py (PrivateEndpointPrivateDnsZoneGroupCreate).
  command(
    'network private-endpoint dns-zone-group create',
    {
      group: GROUP,
      endpoint: needed('--endpoint-name'),
      name: NAME,
      zone: needed('--private-dns-zone'),
      zoneName: needed('--zone-name'),
    },
    (azure, { group = '', endpoint = '', name = '', zone, zoneName }) =>
      azure.arm(
        'PUT',
        `${subscriptionOf(azure)}/resourceGroups/${group}/providers/Microsoft.Network/privateEndpoints/${endpoint}/privateDnsZoneGroups/${name}`,
        '2022-01-01',
        {
          name,
          properties: {
            privateDnsZoneConfigs: [{ name: zoneName, properties: { privateDnsZoneId: zone } }],
          },
        },
      ),
  ),
  command(
    'rest',
    { method: needed('--method', '-m'), url: needed('--url', '--uri', '-u') },
    (azure, { method = '', url = '' }) => {
      if (method !== 'get') throw new Refused(`az rest --method ${method} is not known here`);
      return azure.arm('GET', url, '');
    },
  ),
];

const listRegistries = (azure: Azure): Promise<unknown> =>
  azure.arm('GET', `${subscriptionOf(azure)}/providers/Microsoft.ContainerRegistry/registries`, REGISTRY);

/** Runs az with these words. @throws {Refused} for what isn't known here, {Failed} for a refusal of the service */
export async function az(azure: Azure, words: readonly string[]): Promise<string> {
  const depth = words.findIndex((word) => word.startsWith('-'));
  const name = words.slice(0, depth === -1 ? words.length : depth).join(' ');
  const found = COMMANDS.find((one) => one.name === name);
  if (found === undefined) throw new Refused(`az ${name} is not known here`);
  return String(await found.run(azure, words.slice(name.split(' ').length)));
}

/** Names of all commands that are known. */
export const AZ_COMMANDS: readonly string[] = COMMANDS.map(({ name }) => name);

/** az prints properties beside a resource's own fields, and the group that its id names. */
function flat(answer: unknown): unknown {
  if (Array.isArray(answer)) return answer.map(flat);
  if (typeof answer !== 'object' || answer === null) return answer;
  const { properties, ...own } = answer as Json;
  const group = /\/resourceGroups\/([^/]+)\//i.exec(typeof own.id === 'string' ? own.id : '')?.[1];
  return {
    ...own,
    ...(typeof properties === 'object' ? properties : {}),
    ...optional('resourceGroup', group),
  };
}

function listed(answer: unknown): Json[] {
  return (answer as { value: Json[] }).value;
}

function optional<Key extends string, Value>(key: Key, given: Value | undefined): { [K in Key]?: Value } {
  return (given === undefined ? {} : { [key]: given }) as { [K in Key]?: Value };
}
