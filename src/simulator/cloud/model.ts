/**
 * The modelled cloud: what exists and who may do what. Services answer from it and change it; nothing
 * else holds state about Azure. Everything here is plain data but for {@link Cloud}'s few rules.
 */

import type { ClusterAdmission } from './admission-model.js';
import type { CloudName } from './clouds.js';
import type { Governance } from './governance.js';
import type { PrivateEndpoint, PrivateZone } from './private-link.js';

/** A security principal of the directory. */
export interface Principal {
  kind: 'application' | 'managed-identity' | 'user';
  /** How scenarios and the request log name it. */
  name: string;
  objectId: string;
  /** Application (client) id. */
  clientId: string;
  /** Client secrets that are accepted. */
  secrets: string[];
  /** Certificates whose keys may sign its assertions, PEM. */
  certificates: string[];
  federatedCredentials: FederatedCredential[];
  /** Whether Microsoft Graph answers its questions about the directory. */
  readsDirectory: boolean;
  /** A managed identity's resource id. */
  resourceId?: string;
  /** Milliseconds since the epoch: before this the directory's replicas do not know it yet. */
  replicatedAt?: number;
  /** Its tenant, where that is another than the cloud's: then the cloud's directory doesn't know it. */
  tenantId?: string;
}

export interface FederatedCredential {
  issuer: string;
  subject: string;
  audiences: string[];
}

export interface Group {
  name: string;
  objectId: string;
  /** Object ids of principals and of other groups. */
  members: string[];
}

export interface Permission {
  actions: string[];
  notActions: string[];
  dataActions: string[];
  notDataActions: string[];
}

export interface RoleDefinition {
  /** Lower-case GUID. */
  name: string;
  roleName: string;
  description: string;
  type: 'BuiltInRole' | 'CustomRole';
  permissions: Permission[];
  assignableScopes: string[];
}

export interface RoleAssignment {
  /** The GUID it was created with. */
  name: string;
  /** As whoever created it wrote it, leading slash included. */
  scope: string;
  roleDefinitionId: string;
  principalId: string;
  principalType: 'ServicePrincipal' | 'User' | 'Group';
  condition: string | null;
  conditionVersion: string | null;
  description: string | null;
  /** ISO 8601. */
  createdOn: string;
  updatedOn: string;
  createdBy: string | null;
  updatedBy: string | null;
  /** Milliseconds since the epoch: before this it is listed, but gives nothing yet. */
  effectiveAt: number;
}

export interface NodePool {
  name: string;
  count: number;
  /** The cluster autoscaler gives it so many nodes at most; absent: it is not scaled. */
  maxCount?: number;
  vmSize: string;
  osType: 'Linux' | 'Windows';
  osSku: string;
  architecture: 'amd64' | 'arm64';
  mode: 'System' | 'User';
  /** `key=value:Effect`, as ARM writes them. */
  taints: string[];
  nodeImageVersion: string;
  /** Who pulls on its nodes: the simulator, or a real containerd for each. */
  runtime: 'built-in' | 'containerd';
  /**
   * What its nodes pull as, where that isn't what the cluster says: the service principal that the cluster had before, or
   * nothing, because the identity was taken off the scale set.
   */
  heldIdentity?: 'former-service-principal' | 'none';
  /** Its scale set has the identity again, which its nodes take up when they are made anew. */
  identityPutBack?: true;
}

export interface ManagedCluster {
  subscriptionId: string;
  resourceGroup: string;
  name: string;
  location: string;
  kubernetesVersion: string;
  provisioningState: string;
  powerState: 'Running' | 'Stopped';
  /** Host name of the API server. */
  fqdn: string;
  nodeResourceGroup: string;
  pools: NodePool[];
  /**
   * NodePools of node auto-provisioning, with the nodes that they have now: pods that fit on none get more. ARM doesn't tell
   * of them, only whether it is on.
   */
  provisionedPools?: NodePool[];
  /** How long a node takes that is added for pods, in milliseconds. */
  newNodeMs: number;
  /** Absent for a service-principal cluster, and while a cluster is being made. */
  kubeletIdentity?: { resourceId: string; clientId: string; objectId: string };
  /** `msi`, or the application id of a service-principal cluster. */
  servicePrincipalClientId: string;
  disableLocalAccounts: boolean;
  /** Entra integration. `azureRbac`: Kubernetes rights come from Azure role assignments. */
  entra?: { azureRbac: boolean; adminGroupObjectIds: string[] };
  /** Kubernetes rights of Entra principals where Azure RBAC is off, by object id or group id. */
  kubernetesBindings: KubernetesBinding[];
  namespaces: string[];
  admission: ClusterAdmission;
  privateCluster: boolean;
  /** What lies between the API server and the machine that runs what is tested; absent: nothing but `privateCluster`. */
  access?: ApiServerAccess;
  /** AKS run command: whether it may be used, and how long its pod may take to start (milliseconds). */
  runCommand: { enabled: boolean; startLimitMs: number };
}

/** See `api-server-access.ts`. */
export interface ApiServerAccess {
  /** Addresses and ranges (CIDR) that get to a public one; empty: all. */
  authorizedIpRanges?: string[];
  /** Whether a private one's own name stands in a private zone. Without it, that name is in public DNS. */
  privateDns?: 'system' | 'none';
  /** A private one's other name, which public DNS knows. */
  publicFqdn?: string;
  /** Where the machine is for a private one: outside its network, in one that leads there, or in one with its zone too. */
  runnerNetwork?: 'outside' | 'peered' | 'linked';
}

/** Rights inside one cluster, as a RoleBinding or (without a namespace) a ClusterRoleBinding gives them. */
export interface KubernetesBinding {
  subject: string;
  namespace?: string;
  rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
}

/** A registry as whoever pulls from it sees it. */
export interface RegistryHost {
  loginServer: string;
  /** Host that blobs are fetched from: a data endpoint, or storage. */
  blobHost: string;
  repositories: Repository[];
}

export interface Registry extends RegistryHost {
  subscriptionId: string;
  resourceGroup: string;
  name: string;
  location: string;
  sku: 'Basic' | 'Standard' | 'Premium';
  roleAssignmentMode: 'LegacyRegistryPermissions' | 'AbacRepositoryPermissions';
  anonymousPullEnabled: boolean;
  publicNetworkAccess: 'Enabled' | 'Disabled';
  networkDefaultAction: 'Allow' | 'Deny';
  /** Addresses and ranges that are let in whatever the default is. */
  ipRules?: string[];
  /** Whether Azure's own trusted services get past the network rules; absent: they do, as by default. */
  trustedServices?: boolean;
  /** Whether tokens for ARM's audience are accepted at the exchange. */
  armAudienceTokens: 'enabled' | 'disabled';
  dataEndpointEnabled: boolean;
  /** Data endpoints of its replicas. Assumption: nobody is led there; layers come from the registry's own region. */
  replicaDataHosts?: string[];
  privateEndpoint?: PrivateEndpoint;
  creationDate: string;
}

export interface Repository {
  name: string;
  /** By digest `sha256:…`; bytes exactly as pushed. */
  manifests: Map<string, { mediaType: string; bytes: Buffer }>;
  /** Tag → digest. */
  tags: Map<string, string>;
  blobs: Map<string, Buffer>;
}

export interface Subscription {
  id: string;
  name: string;
  /** The tenant it belongs to, where that is another than the cloud's. */
  tenantId?: string;
  /** Nothing in it can be changed. */
  disabled?: boolean;
  /** Management groups above it, nearest first. */
  managementGroups: string[];
  resourceGroups: { name: string; location: string }[];
}

/** The CI system whose tokens the cloud's federated credentials trust. */
export interface GitHubHost {
  /** owner/name */
  repository: string;
  ref: string;
  event: string;
  /** The `sub` claim it puts into its tokens. */
  subject: string;
  /** Whether the job was given `id-token: write`. */
  idTokenPermission: boolean;
  /** The bearer that a job shows to get an OIDC token: made at start, a secret. */
  requestToken: string;
}

/** The service connection of a pipeline in Azure DevOps, and the job that may use it. */
export interface AzurePipelinesHost {
  organization: string;
  organizationId: string;
  project: string;
  projectId: string;
  /** The service connection's name. */
  connection: string;
  /** Lower-case GUID. */
  connectionId: string;
  /** The `iss` and `sub` claims of its tokens. */
  issuer: string;
  subject: string;
  /** The job's System.AccessToken: made at start, a secret. */
  accessToken: string;
}

export interface CloudState {
  /** Which of Azure's clouds this is: it decides all names. */
  cloud: CloudName;
  tenantId: string;
  subscriptions: Subscription[];
  principals: Principal[];
  groups: Group[];
  roleDefinitions: RoleDefinition[];
  roleAssignments: RoleAssignment[];
  /** Those that Privileged Identity Management lets their principals switch on. */
  eligibleAssignments?: RoleAssignment[];
  clusters: ManagedCluster[];
  registries: Registry[];
  /** Those that registries have their private names in. */
  privateZones: PrivateZone[];
  /** Ids of resources of other types, which only role assignments know. */
  otherResources?: string[];
  /** Registries that are nobody's here and let everyone pull, such as mcr.microsoft.com. */
  publicRegistries: RegistryHost[];
  governance: Governance;
  github: GitHubHost;
  azurePipelines: AzurePipelinesHost;
  /** The machine that runs what is tested: identities, whose tokens its metadata service gives, and its public address. */
  runner: { objectIds: string[]; address?: string };
  /** Milliseconds that a new role assignment takes until it works. */
  grantDelayMs: number;
  /** Decides what is left to chance: see `random.ts`. */
  seed: number;
  /** Milliseconds that a long-running operation takes at least. */
  operationTimeMs: number;
  /** Entries on one page of a list of ARM. */
  pageSize?: number;
}
