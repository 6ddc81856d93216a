/**
 * The modelled cloud that a recorded answer implies: what must exist, who may do what, and as whom to ask, so that the
 * simulator has all it needs to answer as Azure did. Read from the recording alone, at test time.
 */
import { createHash } from 'node:crypto';
import type {
  CloudState,
  ManagedCluster,
  NodePool,
  Principal,
  Registry,
  RoleAssignment,
} from '../../../src/simulator/cloud/model.js';
import type { Interaction } from './interactions.js';

type Json = Record<string, unknown>;

/** Who sends the recorded request. */
export interface Sending {
  caller: Principal;
  /** What the request asks with or after, which `caller` gets first. */
  needs?: 'access token' | 'refresh token' | 'command' | 'nothing';
}

/** Something the recording shows that the model can't be brought to. */
export class NotImplied extends Error {
  override readonly name = 'NotImplied';
}

/** The roles that every tenant has by their ids, and what a scenario fills in by itself. */
export interface Blueprint {
  state: CloudState;
  cluster: ManagedCluster;
  registry: Registry;
  principal: Principal;
}

/** Keeps what a freshly loaded cloud holds, as the pattern for everything that is implied. */
export function blueprintOf(state: CloudState): Blueprint {
  const [cluster] = state.clusters;
  const [registry] = state.registries;
  const [principal] = state.principals;
  if (cluster === undefined || registry === undefined || principal === undefined)
    throw new Error('the scenario must hold a cluster, a registry and an identity');
  return { state: { ...state, roleDefinitions: [...state.roleDefinitions] }, cluster, registry, principal };
}

const CALLER = '11111111-aaaa-4aaa-8aaa-111111111111';
/** The caller's own assignment, which lists show too: whoever compares leaves it out. */
export const CALLERS_ASSIGNMENT = '22222222-aaaa-4aaa-8aaa-222222222222';
const OWNER = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
const TENANT = '33333333-aaaa-4aaa-8aaa-333333333333';

/** Changes `state` to what the interaction implies. Throws {@link NotImplied} with the reason why it can't. */
export function imply(
  interaction: Interaction,
  route: string,
  state: CloudState,
  blueprint: Blueprint,
): Sending {
  const cloud = new Cloud(state, blueprint, interaction);
  const implied = IMPLIED[route];
  if (implied === undefined) throw new NotImplied('no rule says what this route implies');
  return implied(cloud, interaction);
}

class Cloud {
  readonly caller: Principal;
  private readonly isAboutRights: boolean;

  constructor(
    readonly state: CloudState,
    readonly blueprint: Blueprint,
    { request }: Interaction,
  ) {
    this.isAboutRights = /Microsoft\.Authorization/i.test(request.url.pathname);
    this.caller = { ...blueprint.principal, name: 'caller', objectId: CALLER, clientId: CALLER };
    Object.assign(state, blueprint.state, {
      cloud: request.url.hostname.endsWith('.cn') ? 'AzureChinaCloud' : 'AzureCloud',
      subscriptions: [],
      principals: [this.caller],
      groups: [],
      roleDefinitions: [...blueprint.state.roleDefinitions],
      roleAssignments: [],
      clusters: [],
      registries: [],
      otherResources: [],
    });
    this.scope(decodeURIComponent(request.url.pathname).replace(/\/{2,}/g, '/'));
  }

  /** The caller is an owner of everything. */
  mayAll(): this {
    this.assign({
      name: CALLERS_ASSIGNMENT,
      scope: '/',
      roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${OWNER}`,
      principalId: this.caller.objectId,
    });
    return this;
  }

  assign(
    assignment: Pick<RoleAssignment, 'name' | 'scope' | 'roleDefinitionId' | 'principalId'> &
      Partial<RoleAssignment>,
  ): RoleAssignment {
    const made: RoleAssignment = {
      principalType: 'ServicePrincipal',
      condition: null,
      conditionVersion: null,
      description: null,
      createdOn: '2020-01-01T00:00:00.0000000Z',
      updatedOn: '2020-01-01T00:00:00.0000000Z',
      createdBy: null,
      updatedBy: null,
      effectiveAt: 0,
      ...assignment,
    };
    this.state.roleAssignments.push(made);
    this.role(made.roleDefinitionId);
    return made;
  }

  /** A role of this id exists: one of the recorded tenant's own where the built-in roles have none. */
  role(
    id: string,
    permissions = [{ actions: [], notActions: [], dataActions: [], notDataActions: [] }],
  ): void {
    const name = lastPart(id).toLowerCase();
    if (this.state.roleDefinitions.some((role) => role.name === name)) return;
    this.state.roleDefinitions.push({
      name,
      roleName: name,
      description: '',
      type: 'CustomRole',
      permissions,
      assignableScopes: ['/'],
    });
  }

  /** A principal of this id exists, unless it does. */
  principal(objectId: string, more: Partial<Principal> = {}): void {
    if (this.state.principals.some((one) => one.objectId === objectId)) return;
    this.state.principals.push({
      ...this.blueprint.principal,
      name: `principal ${objectId}`,
      objectId,
      clientId: objectId,
      ...more,
    });
  }

  /** What an id names exists: subscription, resource group, management group, resource. */
  scope(id: string): void {
    const management = /^\/providers\/Microsoft\.Management\/managementGroups\/([^/]+)/i.exec(id)?.[1];
    if (management !== undefined)
      for (const subscription of this.state.subscriptions)
        if (!subscription.managementGroups.includes(management))
          subscription.managementGroups.push(management);
    const [, subscription, group, resource] =
      /^\/subscriptions\/([^/]+)(?:\/resourceGroups\/([^/]+)(\/providers\/.+)?)?/i.exec(id) ?? [];
    if (subscription === undefined) return;
    let found = this.state.subscriptions.find((one) => one.id === subscription);
    if (found === undefined) {
      found = { id: subscription, name: 'recorded', managementGroups: [], resourceGroups: [] };
      this.state.subscriptions.push(found);
    }
    if (group === undefined) return;
    if (!found.resourceGroups.some(({ name }) => name.toLowerCase() === group.toLowerCase()))
      found.resourceGroups.push({ name: group, location: 'westus2' });
    const own = resource?.replace(/\/providers\/Microsoft\.Authorization\/.*$/i, '') ?? '';
    // Clusters and registries that are asked for are there only when an answer shows them.
    if (
      own !== '' &&
      (this.isAboutRights ||
        !/\/Microsoft\.Container(Service\/managedClusters|Registry\/registries)(\/|$)/i.test(own))
    )
      this.state.otherResources?.push(id.slice(0, id.indexOf(resource ?? '')) + own);
  }

  cluster(body: Json): ManagedCluster {
    const properties = record(body.properties);
    const { subscription, group } = placeOf(String(body.id));
    const kubelet = record(record(properties.identityProfile).kubeletidentity);
    const aad = properties.aadProfile === undefined ? undefined : record(properties.aadProfile);
    const access = record(properties.apiServerAccessProfile);
    const tenant = record(body.identity).tenantId ?? aad?.tenantID;
    if (typeof tenant === 'string') this.state.tenantId = tenant;
    const made: ManagedCluster = {
      ...this.blueprint.cluster,
      subscriptionId: subscription,
      resourceGroup: group,
      name: String(body.name),
      location: String(body.location),
      kubernetesVersion: String(properties.currentKubernetesVersion ?? properties.kubernetesVersion),
      provisioningState: String(properties.provisioningState),
      powerState: record(properties.powerState).code === 'Stopped' ? 'Stopped' : 'Running',
      fqdn: String(properties.privateFQDN ?? properties.fqdn),
      nodeResourceGroup: String(properties.nodeResourceGroup),
      pools: list(properties.agentPoolProfiles).map((pool) => this.pool(pool)),
      // Scrubbed in most recordings: a cluster with an identity has none.
      servicePrincipalClientId:
        body.identity === undefined ? String(record(properties.servicePrincipalProfile).clientId) : 'msi',
      disableLocalAccounts: properties.disableLocalAccounts === true,
      privateCluster: access.enablePrivateCluster === true,
      access: {
        authorizedIpRanges: list(access.authorizedIPRanges).map(String),
        privateDns: access.privateDNSZone === 'none' ? 'none' : 'system',
        ...(access.enablePrivateClusterPublicFQDN === true && access.privateDNSZone !== 'none'
          ? { publicFqdn: String(properties.fqdn) }
          : {}),
      },
    };
    delete made.kubeletIdentity;
    delete made.entra;
    if (typeof kubelet.objectId === 'string')
      made.kubeletIdentity = {
        resourceId: String(kubelet.resourceId),
        clientId: String(kubelet.clientId),
        objectId: kubelet.objectId,
      };
    if (aad !== undefined)
      made.entra = {
        azureRbac: aad.enableAzureRBAC === true,
        adminGroupObjectIds: Array.isArray(aad.adminGroupObjectIDs)
          ? aad.adminGroupObjectIDs.map(String)
          : [],
      };
    this.state.clusters.push(made);
    return made;
  }

  private pool(body: Json): NodePool {
    const [pattern] = this.blueprint.cluster.pools;
    if (pattern === undefined) throw new Error('the scenario must hold a node pool');
    return {
      ...pattern,
      name: String(body.name),
      count: Number(body.count),
      vmSize: String(body.vmSize),
      osType: body.osType === 'Windows' ? 'Windows' : 'Linux',
      osSku: text(body.osSKU) ?? pattern.osSku,
      mode: body.mode === 'User' ? 'User' : 'System',
      taints: Array.isArray(body.nodeTaints) ? body.nodeTaints.map(String) : [],
      nodeImageVersion: text(body.nodeImageVersion) ?? pattern.nodeImageVersion,
    };
  }

  /** A registry as a body shows it; what a body leaves out is as a new registry has it. */
  registry(body: Json): Registry {
    const properties = record(body.properties);
    const { subscription, group } = placeOf(String(body.id));
    const sku = String(record(body.sku).name);
    if (sku !== 'Basic' && sku !== 'Standard' && sku !== 'Premium')
      throw new NotImplied(`registries of the tier ${sku} are no more`);
    const policy = record(record(properties.policies).azureADAuthenticationAsArmPolicy);
    const [dataEndpoint] = Array.isArray(properties.dataEndpointHostNames)
      ? properties.dataEndpointHostNames.map(String)
      : [];
    const made: Registry = {
      ...this.blueprint.registry,
      subscriptionId: subscription,
      resourceGroup: group,
      name: String(body.name),
      location: String(body.location),
      loginServer: text(properties.loginServer) ?? `${String(body.name)}.azurecr.io`,
      sku,
      roleAssignmentMode:
        properties.roleAssignmentMode === 'AbacRepositoryPermissions'
          ? 'AbacRepositoryPermissions'
          : 'LegacyRegistryPermissions',
      anonymousPullEnabled: properties.anonymousPullEnabled === true,
      publicNetworkAccess: properties.publicNetworkAccess === 'Disabled' ? 'Disabled' : 'Enabled',
      networkDefaultAction: record(properties.networkRuleSet).defaultAction === 'Deny' ? 'Deny' : 'Allow',
      armAudienceTokens: policy.status === 'disabled' ? 'disabled' : 'enabled',
      dataEndpointEnabled: properties.dataEndpointEnabled === true,
      creationDate: String(properties.creationDate),
      ...(dataEndpoint === undefined ? {} : { blobHost: dataEndpoint }),
      repositories: [],
    };
    this.state.registries.push(made);
    return made;
  }

  /** The registry behind a login server; of no region or resource group that an answer would show. */
  registryHost(loginServer: string): Registry {
    const id = `/subscriptions/${TENANT}/resourceGroups/recorded/providers/Microsoft.ContainerRegistry/registries`;
    this.scope(`/subscriptions/${TENANT}/resourceGroups/recorded`);
    const name = loginServer.split('.')[0] ?? '';
    return this.registry({
      id: `${id}/${name}`,
      name,
      location: 'eastus',
      sku: { name: 'Premium' },
      properties: { loginServer, creationDate: '2024-01-01T00:00:00.0000000Z' },
    });
  }

  assignment(body: Json): RoleAssignment {
    const properties = record(body.properties);
    const scope = String(properties.scope);
    this.scope(scope);
    const optional = (name: string): string | null =>
      typeof properties[name] === 'string' ? properties[name] : null;
    const type = properties.principalType;
    return this.assign({
      name: String(body.name),
      scope,
      roleDefinitionId: String(properties.roleDefinitionId),
      principalId: String(properties.principalId),
      principalType: type === 'User' || type === 'Group' ? type : 'ServicePrincipal',
      condition: optional('condition'),
      conditionVersion: optional('conditionVersion'),
      description: optional('description'),
      createdOn: String(properties.createdOn),
      updatedOn: String(properties.updatedOn),
      createdBy: optional('createdBy'),
      updatedBy: optional('updatedBy'),
    });
  }

  /** Assignments that no list below may show: another's, and one of another subscription. */
  strangers(): void {
    const roleDefinitionId = `/providers/Microsoft.Authorization/roleDefinitions/${OWNER}`;
    const elsewhere = '44444444-aaaa-4aaa-8aaa-444444444444';
    this.scope(`/subscriptions/${elsewhere}`);
    this.assign({
      name: '55555555-aaaa-4aaa-8aaa-555555555555',
      scope: `/subscriptions/${elsewhere}`,
      roleDefinitionId,
      principalId: '66666666-aaaa-4aaa-8aaa-666666666666',
    });
  }
}

type Implied = (cloud: Cloud, interaction: Interaction) => Sending;

const asOwner = (cloud: Cloud): Sending => ({ caller: cloud.mayAll().caller });

/** A single resource: there as the body shows it, or not there. */
function resource(add: (cloud: Cloud, body: Json) => unknown): Implied {
  return (cloud, { response }) => {
    if (response.status >= 500) throw new NotImplied('a fault of Azure itself');
    if (response.status === 404 && bodyOf(response.body).error === undefined)
      throw new NotImplied("the provider's own 404, for a resource that the resource manager still lists");
    if (response.status === 200) add(cloud, bodyOf(response.body));
    return asOwner(cloud);
  };
}

function items(add: (cloud: Cloud, body: Json) => unknown): Implied {
  return (cloud, { response }) => {
    for (const item of list(bodyOf(response.body).value)) {
      cloud.scope(String(item.id));
      add(cloud, item);
    }
    return asOwner(cloud);
  };
}

const clusters = items((cloud, body) => cloud.cluster(body));
const registries = items((cloud, body) => cloud.registry(body));

const listAssignments: Implied = (cloud, { request, response }) => {
  const value = list(bodyOf(response.body).value);
  value.forEach((item) => cloud.assignment(item));
  cloud.strangers();
  // A filter by the person finds the assignments of the groups that the person is in.
  const person = /assignedTo\('([^']+)'\)/i.exec(request.url.searchParams.get('$filter') ?? '')?.[1];
  for (const { properties } of value) {
    const holder = String(record(properties).principalId);
    if (
      person !== undefined &&
      holder !== person &&
      !cloud.state.groups.some((one) => one.objectId === holder)
    )
      cloud.state.groups.push({ name: holder, objectId: holder, members: [person] });
  }
  return asOwner(cloud);
};

const writeAssignment: Implied = (cloud, { request, response }) => {
  if (!request.url.searchParams.has('api-version'))
    throw new NotImplied('the recorder left the api-version out');
  const asked = record(bodyOf(request.body).properties);
  const answered = bodyOf(response.body);
  const principalId = String(asked.principalId);
  const error = record(answered.error);
  const message = String(error.message);
  cloud.role(String(asked.roleDefinitionId));
  const userOf = (type: unknown): Partial<Principal> => ({
    kind: type === 'User' ? 'user' : 'application',
    ...(type === 'User' ? { name: `${principalId}@example.com` } : {}),
  });
  switch (error.code) {
    case undefined: {
      const properties = record(answered.properties);
      const type = properties.principalType ?? asked.principalType;
      if (type === 'Group') cloud.state.groups.push({ name: 'recorded', objectId: principalId, members: [] });
      else cloud.principal(principalId, userOf(type));
      // Written before, when its answer tells who made it.
      if (typeof properties.createdBy === 'string') cloud.assignment(answered);
      cloud.caller.objectId = String(properties.updatedBy);
      // Somebody may have given themselves a role.
      if (cloud.caller.objectId === principalId) Object.assign(cloud.caller, userOf(type));
      return asOwner(cloud);
    }
    case 'RoleAssignmentExists':
      cloud.principal(principalId, userOf(asked.principalType));
      cloud.assign({
        name: '77777777-aaaa-4aaa-8aaa-777777777777',
        scope: scopeOf(request.url),
        roleDefinitionId: String(asked.roleDefinitionId),
        principalId,
      });
      return asOwner(cloud);
    case 'PrincipalNotFound':
      cloud.state.tenantId = /directory ([0-9a-f-]{36})/.exec(message)?.[1] ?? cloud.state.tenantId;
      return asOwner(cloud);
    case 'UnmatchedPrincipalType':
      cloud.principal(principalId, userOf(/has type '(\w+)'/.exec(message)?.[1]));
      return asOwner(cloud);
    case 'AuthorizationFailed': {
      const [, client = '', objectId = ''] = /client '([^']+)' with object id '([^']+)'/.exec(message) ?? [];
      const isUser = client.includes('@');
      Object.assign(cloud.caller, { objectId, kind: isUser ? 'user' : 'application' });
      Object.assign(cloud.caller, isUser ? { name: client } : { clientId: client });
      return { caller: cloud.caller };
    }
    default:
      throw new NotImplied(`no rule says what the error ${String(error.code)} implies`);
  }
};

const ownPermissions: Implied = (cloud, { response, request }) => {
  list(bodyOf(response.body).value).forEach((held, at) => {
    const name = `88888888-aaaa-4aaa-8aaa-${String(at).padStart(12, '0')}`;
    const permission = (of: string): string[] => (Array.isArray(held[of]) ? held[of].map(String) : []);
    cloud.state.roleDefinitions.push({
      name,
      roleName: name,
      description: '',
      type: 'CustomRole',
      permissions: [
        {
          actions: permission('actions'),
          notActions: permission('notActions'),
          dataActions: permission('dataActions'),
          notDataActions: permission('notDataActions'),
        },
      ],
      assignableScopes: ['/'],
    });
    cloud.assign({
      name,
      scope: scopeOf(request.url),
      roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${name}`,
      principalId: cloud.caller.objectId,
    });
  });
  return { caller: cloud.caller };
};

const oneDefinition: Implied = (cloud, { response }) => {
  const { name, properties } = bodyOf(response.body);
  const { roleName, description, type, permissions, assignableScopes } = record(properties);
  // Those that the simulator knows itself are left as they are: they must agree.
  if (!cloud.state.roleDefinitions.some((one) => one.name === name))
    cloud.state.roleDefinitions.push({
      name: String(name),
      roleName: String(roleName),
      description: String(description),
      type: type === 'CustomRole' ? type : 'BuiltInRole',
      permissions: list(permissions).map((one) => one as never),
      assignableScopes: (assignableScopes as unknown[]).map(String),
    });
  return asOwner(cloud);
};

/** The kubeconfig names the cluster's own address, group and name. */
const userCredential: Implied = (cloud, { request, response }) => {
  const [first] = list(bodyOf(response.body).kubeconfigs);
  const kubeconfig = Buffer.from(String(first?.value), 'base64').toString('utf8');
  const { subscription, group } = placeOf(request.url.pathname);
  const made: ManagedCluster = {
    ...cloud.blueprint.cluster,
    subscriptionId: subscription,
    resourceGroup: group,
    name: request.url.pathname.split('/')[8] ?? '',
    fqdn: /server: https:\/\/([^:\s]+)/.exec(kubeconfig)?.[1] ?? '',
  };
  delete made.entra;
  if (kubeconfig.includes('exec:')) made.entra = { azureRbac: false, adminGroupObjectIds: [] };
  cloud.state.clusters.push(made);
  return asOwner(cloud);
};

/** A running cluster that runs commands. */
function runCommand(needs: Sending['needs'] & string): Implied {
  return (cloud, { request }) => {
    const { subscription, group } = placeOf(request.url.pathname);
    const name = request.url.pathname.split('/')[8] ?? '';
    const made = { ...cloud.blueprint.cluster, subscriptionId: subscription, resourceGroup: group, name };
    cloud.state.clusters.push(made);
    return { ...asOwner(cloud), needs };
  };
}

/** The data plane: the registry of that name, and what the answer shows to be in it. */
function dataPlane(
  needs: Sending['needs'],
  fill?: (registry: Registry, interaction: Interaction) => void,
): Implied {
  return (cloud, interaction) => {
    const registry = cloud.registryHost(interaction.request.url.hostname);
    fill?.(registry, interaction);
    return {
      ...asOwner(cloud),
      needs: interaction.response.status === 401 ? 'nothing' : (needs ?? 'nothing'),
    };
  };
}

const withManifest = dataPlane('access token', (registry, { request, response }) => {
  const [, name = '', tag = ''] = /^\/v2\/(.+)\/manifests\/([^/]+)$/.exec(request.url.pathname) ?? [];
  const bytes = Buffer.from(response.body, 'utf8');
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const mediaType = response.headers?.['content-type'] ?? '';
  registry.repositories.push({
    name,
    manifests: new Map([[digest, { mediaType, bytes }]]),
    tags: new Map([[tag, digest]]),
    blobs: new Map(),
  });
});

const withBlob = dataPlane('access token', (registry, { request, response }) => {
  const [, name = '', digest = ''] = /^\/v2\/(.+)\/blobs\/(sha256:[^/]+)$/.exec(request.url.pathname) ?? [];
  registry.blobHost = new URL(response.headers?.location ?? '').hostname;
  registry.repositories.push({
    name,
    manifests: new Map(),
    tags: new Map(),
    blobs: new Map([[digest, Buffer.from('recorded')]]),
  });
});

/** A pushed manifest whose blobs were pushed before. */
const withItsBlobs = dataPlane('access token', (registry, { request, response }) => {
  if (response.status !== 201) return;
  const [, name = ''] = /^\/v2\/(.+)\/manifests\/[^/]+$/.exec(request.url.pathname) ?? [];
  const { config, layers } = bodyOf(request.body);
  const digests = [record(config), ...list(layers)].map(({ digest }) => String(digest));
  registry.repositories.push({
    name,
    manifests: new Map(),
    tags: new Map(),
    blobs: new Map(digests.map((digest) => [digest, Buffer.from('recorded')])),
  });
});

/** What each modelled route's recordings imply, by the route's name. */
const IMPLIED: Readonly<Record<string, Implied>> = {
  'GET managedCluster': resource((cloud, body) => cloud.cluster(body)),
  'GET managedClusters of a resource group': clusters,
  'POST managedCluster/listClusterUserCredential': userCredential,
  'PUT managedCluster': (_cloud, { response }) => {
    throw new NotImplied(
      response.status >= 500 ? 'a fault of Azure itself' : 'service principals of clusters are not looked up',
    );
  },
  'POST managedCluster/runCommand': runCommand('nothing'),
  'GET managedCluster/commandResults': runCommand('command'),
  'GET registry': resource((cloud, body) => cloud.registry(body)),
  'PATCH registry': resource((cloud, body) => cloud.registry(body)),
  'GET registries of a subscription': registries,
  'GET registries of a resource group': registries,
  'GET resources of a subscription': registries,
  'GET {scope}/roleAssignments': listAssignments,
  'PUT {scope}/roleAssignments/{name}': writeAssignment,
  'DELETE {scope}/roleAssignments/{name}': (cloud, { response }) => {
    cloud.assignment(bodyOf(response.body));
    return asOwner(cloud);
  },
  'GET {scope}/roleDefinitions/{name}': oneDefinition,
  'GET {scope}/permissions': ownPermissions,
  'POST /providers/Microsoft.ResourceGraph/resources': (cloud) => asOwner(cloud),
  'POST /oauth2/exchange': dataPlane('nothing'),
  'POST /oauth2/token': dataPlane('refresh token'),
  'GET /oauth2/token': dataPlane('refresh token'),
  'GET /v2/': dataPlane('access token'),
  'GET /v2/{repository}/manifests/{reference}': withManifest,
  'GET /v2/{repository}/blobs/{digest}': withBlob,
  'POST /v2/{repository}/blobs/uploads/': dataPlane('access token'),
  'PUT /v2/{repository}/blobs/uploads/{upload}': () => {
    throw new NotImplied('an upload begins with an address that the registry itself made');
  },
  'PUT /v2/{repository}/manifests/{reference}': withItsBlobs,
};

/** The routes that have a rule here: one that no recording needs any more is seen. */
export const impliedRoutes: readonly string[] = Object.keys(IMPLIED);

function bodyOf(text: string): Json {
  return JSON.parse(text) as Json;
}

function record(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? (value as Json[]) : [];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function lastPart(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1);
}

function placeOf(id: string): { subscription: string; group: string } {
  const [, subscription = '', group = ''] =
    /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)/i.exec(id) ?? [];
  return { subscription, group };
}

/** What an assignment or a question about rights is over. */
function scopeOf(url: URL): string {
  const path = decodeURIComponent(url.pathname).replace(/\/{2,}/g, '/');
  return path.replace(/\/providers\/Microsoft\.Authorization\/.*$/i, '');
}
