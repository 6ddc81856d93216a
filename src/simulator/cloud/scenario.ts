/**
 * A scenario: a YAML text that describes a cloud. What it leaves out has a default (`scenario-schema.ts`), and ids that it
 * leaves out are derived from names, so that runs repeat.
 */
import { randomBytes } from 'node:crypto';
import { LineCounter, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import { ISSUERS } from '../ci/azure-pipelines-names.js';
import { GITHUB_ISSUER, TOKEN_EXCHANGE_AUDIENCE } from '../ci/names.js';
import { readAdmission } from './admission-schema.js';
import { clusterId, registryId, resourceGroupId, roleDefinitionId, same, subscriptionId } from './arm-id.js';
import { CLOUDS } from './clouds.js';
import type { CloudNames } from './clouds.js';
import { EVERYONE } from './governance.js';
import type { Governance } from './governance.js';
import { isGuid, stableGuid, stableHex } from './ids.js';
import { buildRepository } from './images.js';
import type {
  AzurePipelinesHost,
  CloudState,
  GitHubHost,
  Group,
  ManagedCluster,
  NodePool,
  Principal,
  Registry,
  RegistryHost,
  Repository,
  RoleAssignment,
  RoleDefinition,
  Subscription,
} from './model.js';
import { principalTypeOf } from './directory.js';
import { placeOf } from './located.js';
import { nearest } from './nearest.js';
import { layPrivateLinks } from './private-link.js';
import { builtInRoles, permissionOf } from './roles.js';
import { checkFaultRule } from '../faults/schema.js';
import type { FaultRule } from '../faults/schema.js';
import { scenarioSchema } from './scenario-schema.js';
import type { ClusterDocument, RegistryDocument, ScenarioDocument } from './scenario-schema.js';
import type { Problem } from './schema.js';

/** Thrown for a scenario that can't be used: everything wrong with it. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError';
  constructor(readonly problems: readonly Problem[]) {
    super(
      `The scenario can't be used:\n${problems.map((problem) => `- ${problemText(problem)}`).join('\n')}`,
    );
  }
}

/** A problem without its place in the text: `clusters[0].pools[1].os: must be …`. */
export function problemText({ path, message }: Problem): string {
  return `${path === '' ? 'the document' : path}: ${message}`;
}

export interface Scenario {
  name: string;
  description: string;
  state: CloudState;
  faults: readonly FaultRule[];
}

/**
 * Reads a scenario. Throws {@link ScenarioError} with every problem at once.
 *
 * @param now milliseconds since the epoch: ages and delays count from here
 */
export function loadScenario(yaml: string, now: number): Scenario {
  const lines = new LineCounter();
  const parsed = parseDocument(yaml, { prettyErrors: true, lineCounter: lines });
  const problems: Problem[] = [...parsed.errors, ...parsed.warnings].map(({ message, linePos }) => ({
    path: '',
    // The first line says what; the others show where.
    message: (message.split('\n', 1)[0] ?? '').replace(/ at line \d+, column \d+:?$/, ''),
    ...(linePos === undefined ? {} : { at: { line: linePos[0].line, column: linePos[0].col } }),
  }));
  if (problems.length > 0) throw new ScenarioError(problems);
  const document = scenarioSchema.read(plainValue(parsed), '', problems);
  const state = new Builder(document, problems, now).build();
  document.faults.forEach((rule, index) => checkFaultRule(rule, `faults[${index}]`, problems));
  if (problems.length > 0)
    throw new ScenarioError(
      problems.map((problem) => {
        const at = placeOf(parsed, problem.path, lines);
        return at === undefined ? problem : { ...problem, at };
      }),
    );
  return { name: document.name, description: document.description, state, faults: document.faults };
}

/** What the YAML says, as a plain value. */
function plainValue(parsed: Document): unknown {
  try {
    return parsed.toJS();
  } catch (error) {
    // An alias without an anchor, or so many of them that the text would become enormous.
    throw new ScenarioError([{ path: '', message: error instanceof Error ? error.message : String(error) }]);
  }
}

/** What `kubelet of <cluster>` names when a cluster's identity isn't one of the scenario's. */
export function kubeletName(cluster: string): string {
  return `kubelet of ${cluster}`;
}

/** Namespaces of every AKS cluster. */
const SYSTEM_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/** Usual machine of an architecture, where a scenario doesn't say (https://learn.microsoft.com/azure/aks/use-arm64-vms). */
const VM_SIZES = { amd64: 'Standard_D4ds_v5', arm64: 'Standard_D4pds_v5' } as const;

/** Image names as recorded for Ubuntu (recording: managedClusters.GET.variants.json); the others are assumptions of the same form. */
const NODE_IMAGES = {
  Linux: {
    amd64: 'AKSUbuntu-2204gen2containerd-202510.19.1',
    arm64: 'AKSUbuntu-2204gen2arm64containerd-202510.19.1',
  },
  Windows: {
    amd64: 'AKSWindows-2022-containerd-20348.4294.251015',
    arm64: 'AKSWindows-2022-containerd-20348.4294.251015',
  },
} as const;

/** Turns a document whose shape has been read into a cloud, and notes what doesn't fit together. */
class Builder {
  private readonly subscriptions: Subscription[];
  private readonly tenantId: string;
  private readonly names: CloudNames;
  private readonly github: GitHubHost;
  private readonly azurePipelines: AzurePipelinesHost;
  private readonly principals: Principal[];
  private readonly groups: Group[];
  private readonly roles: RoleDefinition[];
  private readonly grantDelayMs: number;
  /** Which principal `kubelet of <cluster>` means, by the cluster's name in lower case. */
  private readonly kubelets = new Map<string, Principal>();

  constructor(
    private readonly document: ScenarioDocument,
    private readonly problems: Problem[],
    private readonly now: number,
  ) {
    this.grantDelayMs = document.grantDelay;
    this.names = CLOUDS[document.cloud];
    this.tenantId = document.tenant ?? stableGuid('tenant');
    this.github = githubHost(document.github);
    this.azurePipelines = azurePipelinesHost(document.azurePipelines, this.tenantId);
    this.subscriptions = (document.subscriptions ?? [undefined]).map((given, index) => ({
      id: given?.id ?? stableGuid('subscription', String(index)),
      name: given?.name ?? 'Simulated subscription',
      ...(given?.tenant === undefined ? {} : { tenantId: given.tenant.toLowerCase() }),
      ...(given?.state === 'Disabled' ? { disabled: true } : {}),
      managementGroups: given?.managementGroups ?? [],
      resourceGroups: given?.resourceGroups ?? [],
    }));
    if (this.subscriptions.length === 0) this.problem('subscriptions', 'must hold at least one');
    this.principals = document.identities.map((identity) => ({
      kind: identity.kind,
      name: identity.name,
      objectId: identity.objectId ?? stableGuid('object', identity.name),
      clientId: identity.clientId ?? stableGuid('client', identity.name),
      secrets: identity.secrets,
      certificates: identity.certificates,
      federatedCredentials: this.federated(identity.federated),
      // https://learn.microsoft.com/entra/fundamentals/users-default-permissions
      readsDirectory: identity.readsDirectory ?? identity.kind === 'user',
      ...(identity.tenant === undefined ? {} : { tenantId: identity.tenant.toLowerCase() }),
      ...this.replication(identity.replicationDelay),
    }));
    this.groups = [];
    this.roles = [
      ...builtInRoles(),
      ...document.customRoles.map(({ name, id, ...lists }): RoleDefinition => ({
        name: (id ?? stableGuid('role', name)).toLowerCase(),
        roleName: name,
        description: name,
        type: 'CustomRole',
        permissions: [permissionOf(lists)],
        assignableScopes: this.subscriptions.map(({ id: subscription }) => subscriptionId(subscription)),
      })),
    ];
  }

  build(): CloudState {
    const { document } = this;
    this.unique('subscriptions', document.subscriptions ?? []);
    this.unique('identities', document.identities);
    this.unique('groups', document.groups, document.identities);
    this.unique('customRoles', document.customRoles);
    this.unique('clusters', document.clusters);
    this.unique('registries', document.registries);
    const clusters = document.clusters.map((cluster, index) => this.cluster(cluster, `clusters[${index}]`));
    const registries = document.registries.map((registry, index) =>
      this.registry(registry, `registries[${index}]`),
    );
    const privateZones = layPrivateLinks(
      document.registries.map(({ privateEndpoint }) => privateEndpoint),
      { cloud: document.cloud, clusters, registries },
      (path, message) => this.problem(path, message),
    );
    this.readGroups();
    this.bind(clusters);
    const state: CloudState = {
      cloud: document.cloud,
      tenantId: this.tenantId,
      subscriptions: this.subscriptions,
      principals: this.principals,
      groups: this.groups,
      roleDefinitions: this.roles,
      roleAssignments: [],
      clusters,
      registries,
      privateZones,
      publicRegistries: this.publicRegistries(registries),
      governance: { denyAssignments: [], locks: [], policies: [], exemptions: [], roleAssignmentLimit: 0 },
      github: this.github,
      azurePipelines: this.azurePipelines,
      runner: { objectIds: this.runnerIdentities(), address: document.runner.address },
      grantDelayMs: this.grantDelayMs,
      seed: document.seed,
      operationTimeMs: document.operationTime,
      ...(document.pageSize === undefined ? {} : { pageSize: document.pageSize }),
    };
    state.governance = this.governance(state);
    const assignments = document.roleAssignments.map(({ eligible }, index) => ({
      eligible,
      assignment: this.roleAssignment(state, index),
    }));
    const those = (wanted: boolean): RoleAssignment[] =>
      assignments.flatMap(({ eligible, assignment }) => (eligible === wanted ? [assignment] : []));
    state.roleAssignments = those(false);
    state.eligibleAssignments = those(true);
    return state;
  }

  private problem(path: string, message: string): void {
    this.problems.push({ path, message });
  }

  private federated(
    trusted: ScenarioDocument['identities'][number]['federated'],
  ): Principal['federatedCredentials'] {
    const audiences = [this.names.federationAudience];
    const github = { issuer: GITHUB_ISSUER, subject: this.github.subject };
    if (trusted === 'github') return [{ ...github, audiences }];
    if (trusted === 'azure-pipelines') {
      const { issuer, subject } = this.azurePipelines;
      // Azure DevOps gives its tokens this audience.
      return [{ issuer, subject, audiences: [TOKEN_EXCHANGE_AUDIENCE] }];
    }
    return trusted.map(({ issuer, subject, audience }) => ({
      issuer: issuer ?? github.issuer,
      subject: subject ?? github.subject,
      audiences: audience === undefined ? audiences : [audience],
    }));
  }

  private runnerIdentities(): string[] {
    return this.document.runner.identities.flatMap((name, index) => {
      const path = `runner.identities[${index}]`;
      const principal = this.principals.find((one) => same(one.name, name));
      if (principal === undefined) this.problem(path, `no identity is called "${name}"`);
      else if (principal.kind !== 'managed-identity')
        this.problem(path, `"${name}" is of kind ${principal.kind}, not managed-identity`);
      return principal === undefined ? [] : [principal.objectId];
    });
  }

  private replication(delayMs: number): { replicatedAt?: number } {
    return delayMs === 0 ? {} : { replicatedAt: this.now + delayMs };
  }

  /** Names are used to refer by, so each must mean one thing. Blank ones have a problem of their own already. */
  private unique(
    path: string,
    items: readonly { name: string }[],
    others: readonly { name: string }[] = [],
  ): void {
    const seen = new Set(others.map(({ name }) => name.toLowerCase()));
    items.forEach(({ name }, index) => {
      if (name !== '' && seen.has(name.toLowerCase()))
        this.problem(`${path}[${index}].name`, `"${name}" is used twice`);
      seen.add(name.toLowerCase());
    });
  }

  private subscription(wanted: string | undefined, path: string): Subscription {
    const found =
      wanted === undefined
        ? this.subscriptions[0]
        : this.subscriptions.find(({ id, name }) => same(id, wanted) || same(name, wanted));
    if (found !== undefined) return found;
    if (wanted !== undefined) this.problem(`${path}.subscription`, `no subscription is called "${wanted}"`);
    return { id: '', name: '', managementGroups: [], resourceGroups: [] };
  }

  /** Resource groups that only resources name exist too. */
  private place(subscription: Subscription, resourceGroup: string, location: string): void {
    if (!subscription.resourceGroups.some(({ name }) => same(name, resourceGroup)))
      subscription.resourceGroups.push({ name: resourceGroup, location });
  }

  private cluster(document: ClusterDocument, path: string): ManagedCluster {
    const subscription = this.subscription(document.subscription, path);
    const { name, resourceGroup, location } = document;
    const nodeResourceGroup = `MC_${resourceGroup}_${name}_${location}`;
    this.place(subscription, resourceGroup, location);
    this.place(subscription, nodeResourceGroup, location);
    if (!document.localAccounts && document.entra === undefined)
      this.problem(`${path}.localAccounts`, 'can only be false on a cluster with `entra`');
    this.unique(`${path}.pools`, document.pools ?? []);
    this.unique(`${path}.provisionedPools`, document.provisionedPools ?? []);
    for (const key of ['publicFqdn', 'privateDns', 'runnerNetwork'] as const)
      if (
        !document.private &&
        document[key] !== false &&
        !['system', 'outside'].includes(String(document[key]))
      )
        this.problem(`${path}.${key}`, 'only means something on a cluster with `private: true`');
    if (document.private && document.authorizedIpRanges.length > 0)
      this.problem(`${path}.authorizedIpRanges`, 'a private cluster has no public address to limit');
    const admission = readAdmission(
      document,
      {
        tenantId: this.tenantId,
        authorityHost: `https://${this.names.login}/`,
        audience: this.names.federationAudience,
      },
      (key, message) => this.problem(`${path}.${key}`, message),
    );
    const cluster: ManagedCluster = {
      subscriptionId: subscription.id,
      resourceGroup,
      name,
      location,
      kubernetesVersion: document.version,
      provisioningState: document.state,
      powerState: document.power,
      fqdn: apiServerName(
        document,
        subscription.id,
        this.names,
        document.private && document.privateDns === 'system',
      ),
      nodeResourceGroup,
      pools: poolsOf(document, this.document.runtime),
      newNodeMs: document.newNodeTime,
      ...(document.provisionedPools === undefined
        ? {}
        : {
            provisionedPools: poolsOf({ pools: document.provisionedPools }, this.document.runtime).map(
              (pool) => ({
                ...pool,
                mode: 'User' as const,
              }),
            ),
          }),
      servicePrincipalClientId: 'msi',
      disableLocalAccounts: !document.localAccounts,
      kubernetesBindings: [],
      namespaces: [...new Set([...SYSTEM_NAMESPACES, ...admission.namespaces.map((one) => one.name)])],
      admission,
      privateCluster: document.private,
      access: {
        authorizedIpRanges: document.authorizedIpRanges,
        privateDns: document.privateDns,
        runnerNetwork: document.runnerNetwork,
        ...(document.publicFqdn
          ? { publicFqdn: apiServerName(document, subscription.id, this.names, false) }
          : {}),
      },
      runCommand: { enabled: document.runCommand.enabled, startLimitMs: document.runCommand.startLimit },
    };
    this.giveIdentity(cluster, document, path);
    return cluster;
  }

  private giveIdentity(cluster: ManagedCluster, { identity }: ClusterDocument, path: string): void {
    if (identity.kind === 'none') {
      if (identity.name !== undefined) this.problem(`${path}.identity.name`, 'has no meaning with kind none');
      return;
    }
    const kind = identity.kind === 'managed' ? 'managed-identity' : 'application';
    const principal =
      identity.name === undefined
        ? this.ownKubelet(cluster, kind, identity.replicationDelay)
        : this.sharedKubelet(identity.name, kind, `${path}.identity.name`);
    if (principal === undefined) return;
    this.kubelets.set(cluster.name.toLowerCase(), principal);
    if (kind === 'application') {
      cluster.servicePrincipalClientId = principal.clientId;
      return;
    }
    // AKS writes this id with a lower-case `resourcegroups` (recording: managedClusters.GET.variants.json).
    principal.resourceId ??=
      `${subscriptionId(cluster.subscriptionId)}/resourcegroups/${cluster.nodeResourceGroup}` +
      `/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${cluster.name}-agentpool`;
    cluster.kubeletIdentity = {
      resourceId: principal.resourceId,
      clientId: principal.clientId,
      objectId: principal.objectId,
    };
  }

  private ownKubelet(cluster: ManagedCluster, kind: Principal['kind'], replicationDelay: number): Principal {
    const name = kubeletName(cluster.name);
    const principal: Principal = {
      kind,
      name,
      objectId: stableGuid('object', name, cluster.resourceGroup),
      clientId: stableGuid('client', name, cluster.resourceGroup),
      secrets: [],
      certificates: [],
      federatedCredentials: [],
      readsDirectory: false,
      ...this.replication(replicationDelay),
    };
    this.principals.push(principal);
    return principal;
  }

  private sharedKubelet(name: string, kind: Principal['kind'], path: string): Principal | undefined {
    const principal = this.principals.find((one) => same(one.name, name));
    if (principal === undefined) this.problem(path, `no identity is called "${name}"`);
    else if (principal.kind !== kind)
      this.problem(path, `"${name}" is of kind ${principal.kind}, not ${kind}`);
    else if (kind === 'managed-identity')
      principal.resourceId ??=
        `${resourceGroupId(this.subscriptions[0]?.id ?? '', 'identities')}` +
        `/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${principal.name}`;
    return principal;
  }

  private registry(document: RegistryDocument, path: string): Registry {
    const subscription = this.subscription(document.subscription, path);
    this.place(subscription, document.resourceGroup, document.location);
    // Both need Premium: https://learn.microsoft.com/azure/container-registry/container-registry-skus
    const premium: [keyof RegistryDocument, boolean][] = [
      ['publicNetworkAccess', document.publicNetworkAccess === 'Disabled'],
      ['networkDefaultAction', document.networkDefaultAction === 'Deny'],
      ['dataEndpoint', document.dataEndpoint],
      ['privateEndpoint', document.privateEndpoint !== undefined],
      ['replicas', document.replicas.length > 0],
    ];
    for (const [key, used] of premium) {
      if (used && document.sku !== 'Premium') this.problem(`${path}.${key}`, 'needs sku: Premium');
    }
    // Assumption: whoever has a private endpoint is led to the data endpoint, from every network.
    const ownDataHost = document.dataEndpoint || document.privateEndpoint !== undefined;
    const dataHost = (region: string): string =>
      `${document.name.toLowerCase()}.${region}.data.${this.names.registrySuffix}`;
    return {
      subscriptionId: subscription.id,
      resourceGroup: document.resourceGroup,
      name: document.name,
      location: document.location,
      // The usual name; registries with a generated label have another, which a scenario gives.
      loginServer: document.loginServer ?? `${document.name.toLowerCase()}.${this.names.registrySuffix}`,
      sku: document.sku,
      roleAssignmentMode:
        document.mode === 'abac' ? 'AbacRepositoryPermissions' : 'LegacyRegistryPermissions',
      anonymousPullEnabled: document.anonymousPull,
      publicNetworkAccess: document.publicNetworkAccess,
      networkDefaultAction: document.networkDefaultAction,
      armAudienceTokens: document.armAudienceTokens,
      dataEndpointEnabled: ownDataHost,
      // https://learn.microsoft.com/azure/container-registry/container-registry-dedicated-data-endpoints
      ...(ownDataHost ? { replicaDataHosts: document.replicas.map(dataHost) } : {}),
      blobHost: ownDataHost
        ? dataHost(document.location)
        : `acr${stableHex(12, 'storage', document.name)}.blob.${this.names.storageSuffix}`,
      creationDate: isoTime(this.now - 90 * 86_400_000),
      repositories: this.repositories(document.repositories, path),
    };
  }

  /** @param path of the registry that holds them */
  private repositories(documents: RegistryDocument['repositories'], path: string): Repository[] {
    this.unique(`${path}.repositories`, documents);
    documents.forEach(({ images }, repository) =>
      images.forEach(({ platforms, index }, image) => {
        if (index === false && platforms.length !== 1)
          this.problem(
            `${path}.repositories[${repository}].images[${image}].platforms`,
            'must be one with index: false',
          );
      }),
    );
    if (this.problems.length > 0) return [];
    return documents.map(({ name, images }) =>
      buildRepository({
        name,
        images: images.map(({ tag, platforms, layers, index }) => ({
          tag,
          platforms,
          ...(layers === undefined ? {} : { layers }),
          ...(index === undefined ? {} : { index }),
        })),
      }),
    );
  }

  /** Assumption: one host serves manifests and blobs; that of mcr.microsoft.com's blobs differs by region. */
  private publicRegistries(registries: readonly Registry[]): RegistryHost[] {
    return this.document.publicRegistries.map(({ host, repositories }, index) => {
      const path = `publicRegistries[${index}]`;
      if (registries.some(({ loginServer }) => loginServer === host))
        this.problem(`${path}.host`, `"${host}" is a registry of this cloud`);
      return {
        loginServer: host,
        blobHost: `data.${host}`,
        repositories: this.repositories(repositories, path),
      };
    });
  }

  private governance(state: CloudState): Governance {
    const { document } = this;
    const everyoneOr = (name: string, path: string): string =>
      same(name, 'everyone') ? EVERYONE : (this.objectId(name, path) ?? '');
    return {
      roleAssignmentLimit: document.roleAssignmentLimit,
      ...(document.typedPrincipals === 'checked' ? { typedPrincipalsChecked: true } : {}),
      ...(document.roleConditions === 'refused' ? { conditionsRefused: true } : {}),
      ...(document.groupAssignments === 'refused' ? { groupsRefused: true } : {}),
      locks: document.locks.map(({ name, level, scope, notes }, index) => ({
        name,
        level,
        scope: this.scope(state, scope, `locks[${index}].scope`),
        notes: notes ?? null,
      })),
      exemptions: [],
      policies: document.policies.map(({ name, scope, denies }, index) => ({
        name,
        scope: this.scope(state, scope, `policies[${index}].scope`),
        resourceType: denies,
      })),
      denyAssignments: document.denyAssignments.map((given, index) => {
        const path = `denyAssignments[${index}]`;
        const { actions, notActions, dataActions, notDataActions } = given;
        return {
          name: stableGuid('deny', given.name, given.scope),
          displayName: given.name,
          description: given.description,
          scope: this.scope(state, given.scope, `${path}.scope`),
          permissions: [{ actions, notActions, dataActions, notDataActions }],
          principals: given.principals.map((one, at) => everyoneOr(one, `${path}.principals[${at}]`)),
          excludePrincipals: given.exclude.map((one, at) => everyoneOr(one, `${path}.exclude[${at}]`)),
          doNotApplyToChildScopes: !given.appliesToChildScopes,
          // Only Azure makes deny assignments (azure-docs: deny-assignments).
          isSystemProtected: true,
        };
      }),
    };
  }

  private readGroups(): void {
    for (const { name, objectId } of this.document.groups)
      this.groups.push({ name, objectId: objectId ?? stableGuid('group', name), members: [] });
    this.document.groups.forEach(({ members }, index) => {
      const group = this.groups[index];
      members.forEach((member, at) => {
        const found = this.objectId(member, `groups[${index}].members[${at}]`);
        if (found !== undefined) group?.members.push(found);
      });
    });
  }

  private bind(clusters: ManagedCluster[]): void {
    this.document.clusters.forEach(({ bindings, entra }, index) => {
      const path = `clusters[${index}]`;
      const cluster = clusters[index];
      if (cluster === undefined) return;
      if (entra !== undefined)
        cluster.entra = {
          azureRbac: entra.azureRbac,
          adminGroupObjectIds: entra.adminGroups.flatMap((name, at) => {
            const group = this.groups.find((one) => same(one.name, name));
            if (group === undefined)
              this.problem(`${path}.entra.adminGroups[${at}]`, `no group is called "${name}"`);
            return group === undefined ? [] : [group.objectId];
          }),
        };
      cluster.kubernetesBindings = bindings.flatMap(({ principal, namespace, rules }, at) => {
        const subject = this.objectId(principal, `${path}.bindings[${at}].principal`);
        return subject === undefined
          ? []
          : [{ subject, rules, ...(namespace === undefined ? {} : { namespace }) }];
      });
    });
  }

  /** The object id of whoever a name names. A blank name has a problem of its own already. */
  private objectId(name: string, path: string): string | undefined {
    if (name === '') return undefined;
    if (isGuid(name)) return name;
    const kubelet = /^kubelet of (.+)$/i.exec(name)?.[1]?.toLowerCase();
    const found =
      (kubelet === undefined ? undefined : this.kubelets.get(kubelet)) ??
      this.principals.find((one) => same(one.name, name)) ??
      this.groups.find((one) => same(one.name, name));
    if (found === undefined) this.problem(path, `no identity or group is called "${name}"`);
    return found?.objectId;
  }

  private roleAssignment(state: CloudState, index: number): RoleAssignment {
    const path = `roleAssignments[${index}]`;
    const given = this.document.roleAssignments[index];
    const principalId = this.objectId(given?.principal ?? '', `${path}.principal`) ?? '';
    const scope = this.scope(state, given?.scope ?? '', `${path}.scope`);
    const wanted = given?.role ?? '';
    const role = this.roles.find(({ name, roleName }) => same(name, wanted) || same(roleName, wanted));
    if (role === undefined && wanted !== '') {
      const meant = nearest(
        wanted,
        this.roles.map(({ roleName }) => roleName),
      );
      this.problem(
        `${path}.role`,
        `no role is called "${wanted}"${meant === undefined ? '' : `; did you mean ${meant}?`}`,
      );
    }
    const made = this.now - (given?.age ?? 0);
    const subscription = /^\/subscriptions\/([^/]+)/i.exec(scope)?.[1];
    return {
      name: stableGuid('assignment', principalId, wanted, scope, String(index)),
      scope,
      roleDefinitionId: roleDefinitionId(role?.name ?? '', subscription),
      principalId,
      principalType: principalTypeOf(state, principalId) ?? 'ServicePrincipal',
      condition: given?.condition ?? null,
      conditionVersion: given?.condition === undefined ? null : '2.0',
      description: given?.description ?? null,
      createdOn: isoTime(made),
      updatedOn: isoTime(made),
      createdBy: null,
      updatedBy: null,
      effectiveAt: made + this.grantDelayMs,
    };
  }

  private scope(state: CloudState, scope: string, path: string): string {
    if (scope === '' || scope.startsWith('/')) return scope;
    const [kind = '', ...rest] = scope.split(':');
    const name = rest.join(':');
    const [first] = this.subscriptions;
    const resolved: Readonly<Record<string, () => string | undefined>> = {
      subscription: () => {
        const found =
          name === '' ? first : this.subscriptions.find((one) => same(one.name, name) || same(one.id, name));
        return found === undefined ? undefined : subscriptionId(found.id);
      },
      rg: () => {
        const holder = this.subscriptions.find((one) =>
          one.resourceGroups.some((group) => same(group.name, name)),
        );
        return holder === undefined ? undefined : resourceGroupId(holder.id, name);
      },
      cluster: () => {
        const found = state.clusters.find((one) => same(one.name, name));
        return found === undefined ? undefined : clusterId(found);
      },
      registry: () => {
        const found = state.registries.find((one) => same(one.name, name));
        return found === undefined ? undefined : registryId(found);
      },
      'management-group': () =>
        this.subscriptions.some((one) => one.managementGroups.some((group) => same(group, name)))
          ? `/providers/Microsoft.Management/managementGroups/${name}`
          : undefined,
    };
    const found = resolved[kind]?.();
    if (found === undefined)
      this.problem(
        path,
        resolved[kind] === undefined
          ? `must be ${Object.keys(resolved).join(', ')} (with :name) or an ARM id, not "${scope}"`
          : `no ${kind} is called "${name}"`,
      );
    return found ?? '';
  }
}

/** A time as ARM writes it: seven digits of a second (recording: roleAssignments.PUT.201.sample.json). */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '0000Z');
}

function poolsOf(
  {
    pools = [
      {
        name: 'nodepool1',
        count: 1,
        maxCount: undefined,
        os: 'Linux',
        architecture: 'amd64',
        taints: [],
        mode: undefined,
        vmSize: undefined,
        runtime: undefined,
        heldIdentity: undefined,
      },
    ],
  }: Pick<ClusterDocument, 'pools'>,
  defaultRuntime: NodePool['runtime'],
): NodePool[] {
  const hasSystem = pools.some(({ mode }) => mode === 'System');
  return pools.map(
    ({ name, count, maxCount, os, architecture, taints, mode, vmSize, runtime, heldIdentity }, index) => ({
      name,
      count,
      ...(maxCount === undefined ? {} : { maxCount }),
      vmSize: vmSize ?? VM_SIZES[architecture],
      osType: os,
      osSku: os === 'Linux' ? 'Ubuntu' : 'Windows2022',
      architecture,
      mode: mode ?? (!hasSystem && index === 0 ? 'System' : 'User'),
      taints,
      nodeImageVersion: NODE_IMAGES[os][architecture],
      runtime: runtime ?? defaultRuntime,
      ...(heldIdentity === undefined ? {} : { heldIdentity }),
    }),
  );
}

/** Names as AKS forms them (recording: managedClusters.GET.variants.json). */
function apiServerName(
  { name, resourceGroup, location }: ClusterDocument,
  subscription: string,
  { apiServerSuffix }: CloudNames,
  inPrivateZone: boolean,
): string {
  const prefix = `${name.slice(0, 10)}-${resourceGroup.slice(0, 16)}-${subscription.slice(0, 6)}`
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '');
  const server = `${prefix}-${stableHex(8, 'fqdn', subscription, resourceGroup, name)}`;
  return inPrivateZone
    ? `${server}.${stableGuid('zone', resourceGroup, name)}.privatelink.${location}.${apiServerSuffix}`
    : `${server}.hcp.${location}.${apiServerSuffix}`;
}

function githubHost(document: ScenarioDocument['github']): GitHubHost {
  const { repository, ref, event, environment, idTokenPermission } = document;
  return {
    repository,
    ref,
    event,
    subject: document.subject ?? `repo:${repository}:${subjectContext(ref, event, environment)}`,
    idTokenPermission,
    requestToken: randomBytes(32).toString('base64url'),
  };
}

function azurePipelinesHost(
  { organization, project, connection, issuer }: ScenarioDocument['azurePipelines'],
  tenantId: string,
): AzurePipelinesHost {
  const organizationId = stableGuid('organization', organization);
  const connectionId = stableGuid('connection', organization, project, connection);
  const names = { organization, organizationId, project, connection, connectionId, tenantId };
  return {
    organization,
    organizationId,
    project,
    projectId: stableGuid('project', organization, project),
    connection,
    connectionId,
    issuer: ISSUERS[issuer].issuer(names),
    subject: ISSUERS[issuer].subject(names),
    accessToken: randomBytes(32).toString('base64url'),
  };
}

/** https://docs.github.com/actions/security-for-github-actions/security-hardening-your-deployments/about-security-hardening-with-openid-connect */
function subjectContext(ref: string, event: string, environment: string | undefined): string {
  if (environment !== undefined) return `environment:${environment}`;
  return event === 'pull_request' ? 'pull_request' : `ref:${ref}`;
}
