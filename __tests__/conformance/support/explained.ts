/**
 * Where the simulator's answers differ from recorded ones, and why. One row for each field or header: what no row explains
 * fails the test, and so does a row that explains nothing any more.
 */
import type { Difference } from './compare.js';
import type { Interaction } from './interactions.js';

export interface Explanation {
  /** By the route's name. */
  route: RegExp;
  /** By where the difference is: `status`, `header <name>`, `layout`, a pointer. */
  at: RegExp;
  kind?: Difference['kind'];
  /** By the recording's id. */
  recording?: RegExp;
  /** By what was recorded. */
  recorded?: RegExp;
  reason: string;
}

const ANY = /./;
const CLUSTER = /^GET managedCluster/;
const REGISTRY = /^(GET|PATCH) regist/;
const CLUSTER_OR_CREDENTIAL = /managedCluster/;
const ASSIGNMENT = /roleAssignments/;

/** Places whose values are made anew for every answer or every resource: only their form is held. */
export const FORMS: readonly { route: RegExp; at: RegExp }[] = [
  { route: /^PUT \{scope\}\/roleAssignments/, at: /^\/properties\/(createdOn|updatedOn)$/ },
  { route: CLUSTER, at: /\/identity\/principalId$/ },
  { route: CLUSTER, at: /\/properties\/resourceUID$/ },
  { route: CLUSTER, at: /\/properties\/azurePortalFQDN$/ },
  { route: CLUSTER, at: /\/effectiveOutboundIPs\/\*\/id$/ },
  { route: REGISTRY, at: /\/policies\/(retentionPolicy|softDeletePolicy)\/lastUpdatedTime$/ },
  { route: REGISTRY, at: /\/systemData\/(createdAt|lastModifiedAt)$/ },
  { route: /roleDefinitions/, at: /\/properties\/(createdOn|updatedOn)$/ },
  { route: /commandResults/, at: /^\/id$/ },
  { route: /oauth2/, at: /\/(header\/kid|payload\/(jti|rid|exp|iat|nbf|appid|tenant))$/ },
];

/** Whether only the form of a place is held. */
export function isFormOnly(route: string): (at: string) => boolean {
  const forms = FORMS.filter((one) => one.route.test(route));
  return (at) => forms.some((one) => one.at.test(at));
}

/** The first row that explains a difference. */
export function explain({ id }: Interaction, route: string, difference: Difference): Explanation | undefined {
  return EXPLANATIONS.find(
    (one) =>
      one.route.test(route) &&
      one.at.test(difference.at) &&
      (one.kind ?? difference.kind) === difference.kind &&
      (one.recording?.test(id) ?? true) &&
      (one.recorded?.test(String(difference.recorded)) ?? true),
  );
}

const inPool = (names: string): RegExp => new RegExp(`/agentPoolProfiles/\\*/(${names})$`);
const inCluster = (names: string): RegExp => new RegExp(`/properties/(${names})$`);
const inNetwork = (names: string): RegExp => new RegExp(`/networkProfile/(${names})$`);

export const EXPLANATIONS: readonly Explanation[] = [
  // What recorders and scrubbers did.
  {
    route: ANY,
    at: /^header x-ms-ratelimit-\*$/,
    kind: 'extra',
    reason: 'recorders left the header out of older recordings',
  },
  {
    route: CLUSTER_OR_CREDENTIAL,
    at: /^layout$/,
    recorded: /^indented by 2$/,
    reason: 'answers were indented by one blank more before 2025',
  },
  {
    route: ASSIGNMENT,
    at: /^layout$/,
    recorded: /^CRLF/,
    reason: 'laid out anew by a recorder, with line ends of Windows',
  },
  {
    route: REGISTRY,
    at: /^header api-supported-versions$/,
    reason: 'not served by all of the years that were recorded',
  },
  {
    route: CLUSTER,
    at: /\/servicePrincipalProfile\/clientId$/,
    kind: 'value',
    reason: 'scrubbed: a cluster with an identity has "msi" there',
  },
  {
    route: ASSIGNMENT,
    at: /^\/error\/message$/,
    recording: /PrincipalNotFound/,
    reason: 'scrubbed: the request names another principal than its answer',
  },
  {
    route: /listClusterUserCredential/,
    at: /\/unpacked\/\*$/,
    reason: 'scrubbed: the address names another cluster than the kubeconfig',
  },
  {
    route: /oauth2/,
    at: /\/(access_token|refresh_token)$/,
    kind: 'value',
    reason: 'scrubbed: no token was kept',
  },
  {
    route: /oauth2/,
    at: /\/payload\/sub$/,
    kind: 'value',
    reason: 'scrubbed',
  },
  {
    route: /blobs/,
    at: /^(header location|text)$/,
    reason: "the container's name and the signature are made by another store",
  },
  // Registries.
  {
    route: REGISTRY,
    at: /\/systemData\/(createdBy|lastModifiedBy)(Type)?$/,
    reason: 'who made a registry is not modelled',
  },
  {
    route: REGISTRY,
    at: /\/(createdAt|lastModifiedAt|lastUpdatedTime)$/,
    recording: /registries\.LIST/,
    reason: 'scrubbed: a date without an offset',
  },
  {
    route: /^GET (regist|resources)/,
    at: /\/tags\/[^/]+$/,
    kind: 'missing',
    reason: 'tags are not modelled',
  },
  {
    route: /^GET (regist|resources)/,
    at: /\/identity$/,
    kind: 'missing',
    reason: 'identities of registries are not modelled',
  },
  {
    route: /^GET resources/,
    at: /\/systemData$/,
    kind: 'missing',
    reason: 'who made a resource is not modelled; not served by all versions',
  },
  { route: REGISTRY, at: /\/adminUserEnabled$/, kind: 'value', reason: 'the admin user is not modelled' },
  {
    route: REGISTRY,
    at: /\/encryption\/(status|keyVaultProperties)$/,
    reason: "customers' encryption keys are not modelled",
  },
  {
    route: REGISTRY,
    at: /\/networkRuleSet\/(ipRules|virtualNetworkRules)\/length$/,
    reason: 'rules of the firewall are not modelled: it is open or shut',
  },
  {
    route: REGISTRY,
    at: /\/networkRuleSet\/virtualNetworkRules$/,
    kind: 'missing',
    reason: 'served again by the newest preview',
  },
  {
    route: REGISTRY,
    at: /\/networkRuleBypassOptions$/,
    kind: 'value',
    reason: 'exceptions of the firewall are not modelled',
  },
  {
    route: REGISTRY,
    at: /\/anonymousPullEnabled$/,
    kind: 'extra',
    reason: 'not served by 2020-11-01-preview when it was new',
  },
  {
    route: REGISTRY,
    at: /\/(endpointProtocol|networkRuleBypassAllowedForTasks|regionalEndpointHostNames|regionalEndpoints|writableCacheRepos)$/,
    kind: 'missing',
    reason: 'settings of the newest preview are not modelled',
  },
  {
    route: /oauth2\/exchange/,
    at: /\/permissions\/Actions(\/\*|\/length)$/,
    reason: 'metadata and deleted artifacts are no rights of their own in the model',
  },
  {
    route: /oauth2\/exchange/,
    at: /^header x-ms-ratelimit-remaining-calls-per-second$/,
    kind: 'extra',
    reason: 'recorders left the header out of one recording',
  },
  {
    route: /^GET \/oauth2\/token/,
    at: /^\/refresh_token$/,
    kind: 'extra',
    reason: 'one of two recordings of the same request has it',
  },
  // Role definitions.
  {
    route: /roleDefinitions/,
    at: /\/description$/,
    kind: 'value',
    reason: 'descriptions of built-in roles are not kept',
  },
  // Resource Graph.
  {
    route: /ResourceGraph/,
    at: /^status$/,
    reason: 'not modelled: any query but the one that finds a registry',
  },
  // Clusters.
  {
    route: CLUSTER,
    at: /\/identity\/(type|principalId|tenantId|userAssignedIdentities)$/,
    reason: "a cluster's own user-assigned identity is not modelled",
  },
  { route: CLUSTER, at: /\/tags$/, kind: 'missing', reason: 'tags are not modelled' },
  { route: CLUSTER, at: /\/(kind|eTag)$/, kind: 'missing', reason: 'newer than the api-version modelled' },
  {
    route: CLUSTER,
    at: /\/sku\/(name|tier)$/,
    kind: 'value',
    reason: 'AKS Automatic and paid tiers are not modelled',
  },
  { route: CLUSTER, at: /^\/nextLink$/, kind: 'missing', reason: 'lists are served whole' },
  {
    route: CLUSTER,
    at: /\/aadProfile\/(adminUsers|clientAppID|serverAppID|enableAzureRBAC|managed|tenantID)$/,
    reason: 'only managed Entra integration is modelled, without single administrators',
  },
  {
    route: CLUSTER,
    at: inPool(
      'availabilityZones|maxPods|osDiskSizeGB|osDiskType|orchestratorVersion|type|scaleDownMode|vnetSubnetID|enableAutoScaling|enableCustomCATrust|networkProfile|nodeLabels|securityProfile|upgradeSettings|upgradeSettingsBlueGreen|upgradeStrategy|workloadRuntime',
    ),
    reason: 'settings of node pools that change nothing about pulling are not modelled',
  },
  {
    route: CLUSTER,
    at: inPool('nodeImageVersion|osSKU'),
    kind: 'extra',
    reason: 'not served for some pools while they are being made, nor for Windows of old',
  },
  {
    route: CLUSTER,
    at: /\/apiServerAccessProfile(\/(privateDNSZone|enablePrivateCluster|enableVnetIntegration|subnetId))?$/,
    reason: "a private zone of one's own and integration into a network are not modelled",
  },
  {
    route: CLUSTER,
    at: /\/privateLinkResources\/\*\/id$/,
    kind: 'extra',
    reason: 'not served by all of the years that were recorded',
  },
  {
    route: CLUSTER,
    at: inCluster('fqdnSubdomain|dnsPrefix'),
    reason: "a private zone of one's own is not modelled",
  },
  {
    route: CLUSTER,
    at: inCluster('azurePortalFQDN'),
    kind: 'value',
    reason: "the portal's name for a private cluster is made otherwise",
  },
  {
    route: CLUSTER,
    at: inCluster('kubernetesVersion'),
    kind: 'value',
    reason: 'the version that a cluster was asked for is not modelled, only the one that it runs',
  },
  {
    route: CLUSTER,
    at: inCluster('maxAgentPools'),
    kind: 'value',
    reason: 'clusters of availability sets and Automatic ones are not modelled',
  },
  {
    route: CLUSTER,
    at: inCluster('resourceUID'),
    kind: 'extra',
    reason: 'not served for all clusters of the same version',
  },
  {
    route: CLUSTER,
    at: inCluster(
      'addonProfiles|autoUpgradeProfile|azureMonitorProfile|bootstrapProfile|controlPlanePluginProfiles|enableFIPS|enablePodSecurityPolicy|hostedSystemProfile|ingressProfile|linuxProfile|metricsProfile|nodeProvisioningProfile|nodeResourceGroupProfile|windowsProfile',
    ),
    kind: 'missing',
    reason: 'add-ons, sign-in to nodes and upkeep are not modelled',
  },
  {
    route: CLUSTER,
    at: /\/(oidcIssuerProfile\/(enabled|issuerURL)|securityProfile\/(imageCleaner|workloadIdentity)|storageProfile\/diskCSIDriver\/version|workloadAutoScalerProfile\/(keda|verticalPodAutoscaler))$/,
    reason: 'add-ons, sign-in to nodes and upkeep are not modelled',
  },
  {
    route: CLUSTER,
    at: inNetwork(
      'dockerBridgeCidr|kubeProxyConfig|loadBalancerProfile|loadBalancerSku|natGatewayProfile|networkDataplane|networkPlugin|networkPluginMode|networkPolicy|outboundType|podCidr|podCidrs|podLinkLocalAccess',
    ),
    reason: 'the network of every modelled cluster is the same',
  },
  {
    route: CLUSTER,
    at: /\/loadBalancerProfile\/[\w/]+$/,
    reason: 'the network of every modelled cluster is the same',
  },
];
