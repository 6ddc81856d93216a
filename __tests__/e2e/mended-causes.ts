/**
 * For each cause that the simulated cloud can produce: how the cloud is broken, what mends it of what the report prints,
 * and how the next run ends. Causes that it can't produce stand below, each with the reason.
 */
import { grantName } from '../../src/core/azure/grant.js';
import type { CauseId } from '../../src/core/diagnosis/causes.js';
import type { RawInputs } from '../../src/core/inputs.js';
import type { Fix, Report } from '../../src/core/report.js';
import { registryId } from '../../src/simulator/cloud/arm-id.js';
import { networkOfNodes } from '../../src/simulator/cloud/private-link.js';
import type { FaultDocument, Simulator } from '../../src/simulator/index.js';
import type { scenario } from './scene.js';

/** A cloud that is broken, with the run that shows it. */
export interface Broken {
  cloud?: Parameters<typeof scenario>[0];
  /** Besides the image shop/web:1.4. */
  inputs?: RawInputs;
  /** What no scenario says. Its answer takes it back: what a person does who mends it outside Azure. */
  how?: (simulator: Simulator) => () => void;
  /** Who runs it, by name of an identity. Default: deployer. */
  as?: string;
  /** It waits for minutes, so time passes faster for the shipped action: faster-time.js. */
  waits?: 'minutes';
  /** What the owner types before. */
  prepared?: readonly string[];
  /** A run before, which leaves behind what is broken then. */
  before?: RawInputs;
}

/** What is done about it. */
export interface Mend {
  /** The printed commands that are run, by their places. */
  commands?: readonly number[];
  /** What a person types who has read what they printed. */
  typed?: readonly string[];
  /** What is done that no command does, in a few words. */
  otherwise?: string;
  /** Inputs of the next run that differ. */
  inputs?: (fix: Fix, printed: readonly string[], simulator: Simulator) => RawInputs;
  /** What {@link Broken.how} broke is not yet mended by it. */
  keepsBroken?: true;
  /** Another cloud's part: what a person does who mends it outside Azure, besides what {@link Broken.how} takes back. */
  does?: (simulator: Simulator) => void;
}

export interface Row extends Broken {
  cause: CauseId;
  /** Another one that the same report tells of. */
  beside?: CauseId;
  mend: Mend;
  /** How the next run ends, where that is no pass. */
  end?: { result: Report['result']; cause?: CauseId };
}

const USER = {
  principal: 'deployer',
  role: 'Azure Kubernetes Service Cluster User Role',
  scope: 'cluster:shop',
};
const GRANTS = {
  principal: 'deployer',
  role: 'Role Based Access Control Administrator',
  scope: 'registry:contoso',
};
const READS = { principal: 'deployer', role: 'Reader', scope: 'registry:contoso' };
const PULLS = { principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso' };
const KUBELET_READS = { ...PULLS, role: 'Container Registry Repository Reader' };

const CHECK = { mode: 'check' };
/** Without a pull, where what is broken comes before it. */
const ACCESS = { verify: 'access', image: '' };
/** A login that may only look, and access that is there. */
const LOOKS = { login: [USER, READS], assigned: [PULLS] };
const WEB = { name: 'shop/web', images: [{ tag: '1.4', platforms: ['linux/amd64', 'linux/arm64'] }] };
const ELSEWHERE = 'eeeeeeee-1111-4000-8000-000000000001';
const PROBE_SOURCE = {
  host: 'mcr.microsoft.com',
  repositories: [
    { name: 'oss/kubernetes/pause', images: [{ tag: '3.9', platforms: ['linux/amd64', 'linux/arm64'] }] },
  ],
};
const PERSON = 'aaaaaaaa-2222-4000-8000-000000000001';
/** Nodes that pull as a service principal. */
const SERVICE_PRINCIPAL = {
  identities: [
    { name: 'deployer', federated: 'github' },
    { name: 'the nodes', secrets: ['a secret'] },
  ],
  cluster: { identity: { kind: 'service-principal', name: 'the nodes' } },
};
/** A registry that only private networks reach, and a login that may read how. */
const byPrivateEndpoint = (privateEndpoint: object): Broken => ({
  cloud: {
    ...LOOKS,
    login: [...LOOKS.login, { ...READS, scope: 'subscription' }],
    registry: { sku: 'Premium', publicNetworkAccess: 'Disabled', privateEndpoint },
  },
  inputs: CHECK,
});
const AZURE_RBAC = { entra: { azureRbac: true } };

const fault =
  (rule: FaultDocument) =>
  (simulator: Simulator): (() => void) =>
    simulator.addFault(rule);
const node = (rule: Omit<FaultDocument, 'from'>): ((simulator: Simulator) => () => void) =>
  fault({ ...rule, from: 'nodes' });
const LOGIN_SERVER = { host: 'contoso.azurecr.io' };

const GIVEN_OUTSIDE = 'whoever runs the network mends it';
const LATER = 'it is run again later';

export const ROWS: readonly Row[] = [
  // Access.
  { cause: 'unauthorized-no-role', cloud: { login: [USER, READS] }, inputs: CHECK, mend: { commands: [0] } },
  {
    cause: 'abac-wrong-role',
    cloud: { login: [USER, READS], assigned: [PULLS], registry: { mode: 'abac' } },
    inputs: CHECK,
    mend: { commands: [0] },
  },
  {
    cause: 'legacy-wrong-role',
    cloud: { login: [USER, READS], assigned: [KUBELET_READS] },
    inputs: CHECK,
    mend: { commands: [0] },
  },
  {
    cause: 'repository-not-granted',
    cloud: { registry: { mode: 'abac' } },
    before: { ...ACCESS, repositories: 'shop/other' },
    inputs: CHECK,
    mend: { commands: [0] },
  },
  {
    cause: 'grant-condition-owned-elsewhere',
    cloud: {
      registry: { mode: 'abac' },
      assigned: [{ ...KUBELET_READS, condition: repositories('shop/other') }],
    },
    inputs: ACCESS,
    mend: { commands: [0] },
  },
  {
    cause: 'repositories-need-abac',
    inputs: { ...ACCESS, repositories: 'shop/web' },
    mend: { otherwise: 'leaves out repositories', inputs: () => ({ repositories: '' }) },
  },
  {
    cause: 'deny-assignment-on-pull',
    cloud: {
      ...LOOKS,
      denyAssignments: [
        {
          name: 'stack',
          scope: 'registry:contoso',
          principals: ['everyone'],
          actions: ['Microsoft.ContainerRegistry/registries/pull/read'],
        },
      ],
    },
    inputs: CHECK,
    mend: {
      commands: [0],
      otherwise: 'the owner of the stack excludes the kubelet identity',
      does: ({ state }) => void state.governance.denyAssignments.splice(0),
    },
  },
  {
    cause: 'access-unknown',
    cloud: {
      customRoles: [{ name: 'Sees registries', actions: ['Microsoft.ContainerRegistry/registries/read'] }],
      login: [USER, { ...READS, role: 'Sees registries' }],
    },
    inputs: CHECK,
    mend: { commands: [0] },
    // What could not be told is.
    end: { result: 'failed', cause: 'unauthorized-no-role' },
  },
  {
    cause: 'grant-not-effective-yet',
    cloud: { grantDelay: '20m' },
    inputs: { 'propagation-timeout': '10s' },
    mend: { otherwise: LATER, does: (simulator) => simulator.pass(25 * 60_000) },
  },
  {
    // That it has no access stands beside; the same command mends both.
    cause: 'pulled-without-the-identity',
    beside: 'unauthorized-no-role',
    cloud: { login: [USER, READS], registry: { anonymousPull: true } },
    inputs: CHECK,
    mend: { commands: [0] },
  },
  {
    cause: 'kubelet-identity-missing',
    cloud: {
      login: [USER, READS, { principal: 'deployer', role: 'Reader', scope: 'subscription' }],
      assigned: [PULLS],
      cluster: { pools: [{ name: 'system', heldIdentity: 'none' }] },
    },
    inputs: CHECK,
    mend: { commands: [0, 1] },
  },
  {
    cause: 'kubelet-identity-missing',
    cloud: {
      login: [USER, READS, { ...READS, scope: 'subscription' }],
      assigned: [PULLS],
      cluster: { pools: [{ name: 'system', heldIdentity: 'former-service-principal' }] },
    },
    inputs: CHECK,
    mend: { commands: [0, 1] },
  },
  {
    cause: 'unauthorized-unresolved',
    cloud: { ...LOOKS, cluster: { pools: [{ name: 'system', heldIdentity: 'none' }] } },
    inputs: CHECK,
    mend: {
      commands: [0],
      otherwise: 'what it shows is mended as kubelet-identity-missing says',
      does: ({ state }) => {
        for (const pool of state.clusters[0]?.pools ?? []) delete pool.heldIdentity;
      },
    },
  },
  // Azure.
  {
    cause: 'arm-authorization-missing',
    cloud: { login: [USER, READS] },
    inputs: ACCESS,
    mend: { commands: [0] },
  },
  {
    cause: 'arm-authorization-missing',
    cloud: { login: [USER, READS] },
    inputs: ACCESS,
    mend: { commands: [1] },
  },
  {
    cause: 'arm-abac-condition',
    cloud: { login: [USER, { ...GRANTS, condition: onlyRole('acdd72a7-3385-48ef-bd42-f606fba81ae7') }] },
    mend: { commands: [0] },
  },
  {
    cause: 'arm-abac-condition',
    cloud: {
      login: [
        USER,
        { ...GRANTS, scope: 'subscription', condition: onlyRole('acdd72a7-3385-48ef-bd42-f606fba81ae7') },
      ],
    },
    mend: { commands: [1] },
  },
  {
    cause: 'arm-deny-assignment',
    cloud: {
      denyAssignments: [
        {
          name: 'stack',
          scope: 'registry:contoso',
          principals: ['deployer'],
          actions: ['Microsoft.Authorization/roleAssignments/write'],
        },
      ],
    },
    mend: {
      commands: [0],
      otherwise: 'the owner of the stack leaves the login out of it',
      does: ({ state }) => void state.governance.denyAssignments.splice(0),
    },
  },
  {
    cause: 'arm-scope-locked',
    cloud: { locks: [{ name: 'keep', level: 'ReadOnly', scope: 'registry:contoso' }] },
    inputs: ACCESS,
    mend: { commands: [0] },
  },
  {
    // Whoever may not read the group's locks is shown where to look.
    cause: 'arm-scope-locked',
    cloud: { locks: [{ name: 'keep', level: 'ReadOnly', scope: 'rg:images' }] },
    inputs: ACCESS,
    mend: { commands: [0], typed: ['az lock delete -n keep -g images'] },
  },
  {
    cause: 'arm-scope-locked',
    cloud: { locks: [{ name: 'keep', level: 'ReadOnly', scope: 'subscription' }] },
    inputs: ACCESS,
    mend: { commands: [0], typed: ['az lock delete -n keep'] },
  },
  {
    cause: 'arm-role-limit',
    cloud: {
      roleAssignmentLimit: 7,
      assigned: [{ ...PULLS, principal: '99999999-9999-4999-8999-999999999999', role: 'Reader' }],
    },
    mend: {
      commands: [0],
      otherwise: 'one of those that it lists is deleted',
      does: ({ state }) => {
        const at = state.roleAssignments.findIndex(({ principalId }) => principalId.startsWith('99999999-'));
        state.roleAssignments.splice(at, 1);
      },
    },
  },
  {
    cause: 'arm-policy-denied',
    cloud: {
      policies: [
        { name: 'no-roles', scope: 'subscription', denies: 'Microsoft.Authorization/roleAssignments' },
      ],
    },
    mend: { commands: [0] },
  },
  {
    cause: 'arm-role-update-not-permitted',
    how: takeItsName,
    inputs: ACCESS,
    mend: { commands: [0, 1] },
  },
  {
    cause: 'arm-condition-invalid',
    cloud: { registry: { mode: 'abac' }, roleConditions: 'refused' },
    inputs: { ...ACCESS, repositories: 'shop/web' },
    mend: { otherwise: 'leaves out repositories', inputs: () => ({ repositories: '' }) },
  },
  {
    cause: 'arm-subscription-disabled',
    cloud: {
      subscriptions: [
        { name: 'main', state: 'Disabled', resourceGroups: [{ name: 'apps' }, { name: 'images' }] },
      ],
    },
    inputs: ACCESS,
    mend: {
      commands: [0],
      otherwise: 'its owner has it enabled again',
      does: ({ state }) => {
        for (const one of state.subscriptions) delete one.disabled;
      },
    },
  },
  {
    cause: 'arm-principal-not-found-cross-tenant',
    waits: 'minutes',
    cloud: {
      typedPrincipals: 'checked',
      identities: [
        { name: 'deployer', federated: 'github' },
        {
          name: 'of another tenant',
          kind: 'managed-identity',
          tenant: 'dddddddd-1111-4000-8000-000000000001',
        },
      ],
      cluster: { identity: { name: 'of another tenant' } },
      login: [USER, GRANTS, { ...READS, scope: 'subscription' }],
    },
    inputs: ACCESS,
    mend: {
      otherwise: 'the cluster is given an identity of the own tenant',
      does: ({ state }) => {
        for (const one of state.principals) delete one.tenantId;
      },
    },
  },
  {
    cause: 'arm-invalid-principal-id',
    waits: 'minutes',
    cloud: { ...SERVICE_PRINCIPAL, typedPrincipals: 'checked' },
    inputs: { ...ACCESS, 'kubelet-object-id': '99999999-9999-4999-8999-999999999999' },
    mend: {
      commands: [0],
      otherwise: 'the object id is given as an input',
      inputs: (_, printed) => ({ 'kubelet-object-id': printed[0] ?? '' }),
    },
  },
  {
    cause: 'arm-principal-type-mismatch',
    cloud: {
      ...SERVICE_PRINCIPAL,
      identities: [...SERVICE_PRINCIPAL.identities, { name: 'a person', kind: 'user', objectId: PERSON }],
    },
    inputs: { ...ACCESS, 'kubelet-object-id': PERSON },
    mend: {
      otherwise: 'the object id of the service principal is given',
      inputs: (_fix, _printed, simulator) => ({ 'kubelet-object-id': objectIdOf(simulator, 'the nodes') }),
    },
  },
  {
    cause: 'registry-in-another-tenant',
    cloud: {
      subscriptions: [
        { name: 'own', resourceGroups: [{ name: 'apps' }, { name: 'own-images' }] },
        {
          id: ELSEWHERE,
          name: 'elsewhere',
          tenant: 'dddddddd-1111-4000-8000-000000000001',
          resourceGroups: [{ name: 'images' }],
        },
      ],
      registries: [
        { name: 'contoso', resourceGroup: 'images', subscription: 'elsewhere' },
        { name: 'fabrikam', resourceGroup: 'own-images', repositories: [WEB] },
      ],
      login: [USER, { ...GRANTS, scope: 'registry:fabrikam' }],
    },
    inputs: {
      ...ACCESS,
      registry: `/subscriptions/${ELSEWHERE}/resourceGroups/images/providers/Microsoft.ContainerRegistry/registries/contoso`,
    },
    mend: {
      otherwise: 'its images are copied into a registry of the own tenant',
      inputs: () => ({ registry: 'fabrikam.azurecr.io' }),
    },
  },
  {
    cause: 'arm-tenant-mismatch',
    cloud: {
      subscriptions: [
        {
          name: 'main',
          tenant: 'dddddddd-1111-4000-8000-000000000001',
          resourceGroups: [{ name: 'apps' }, { name: 'images' }],
        },
      ],
    },
    inputs: ACCESS,
    mend: {
      // The simulated directory is one tenant's, so that the subscription comes to it.
      otherwise: 'the login is one of the tenant that the subscription is in',
      does: ({ state }) => {
        for (const one of state.subscriptions) delete one.tenantId;
      },
    },
  },
  {
    cause: 'arm-throttled',
    how: fault({ fault: 'throttled', service: 'arm', path: '**/roleAssignments/*', method: 'PUT' }),
    mend: { otherwise: LATER },
  },
  {
    cause: 'arm-unreachable',
    how: fault({ fault: 'dns', service: 'arm' }),
    mend: { otherwise: GIVEN_OUTSIDE },
  },
  {
    cause: 'registry-not-found',
    cloud: { login: [USER] },
    inputs: CHECK,
    mend: { commands: [0, 1] },
    end: { result: 'failed', cause: 'unauthorized-no-role' },
  },
  {
    cause: 'registry-not-found',
    inputs: { registry: 'contosso.azurecr.io' },
    mend: {
      commands: [0],
      otherwise: 'the name is written as it is listed',
      inputs: (_, printed) => ({
        registry: (JSON.parse(printed[0] ?? '') as { loginServer: string }[])[0]?.loginServer ?? '',
      }),
    },
  },
  {
    cause: 'cluster-not-found',
    cloud: { login: [USER, GRANTS, { ...READS, scope: 'rg:apps' }] },
    inputs: { cluster: 'shopp' },
    mend: {
      commands: [0],
      otherwise: 'the name is written as it is listed',
      inputs: (_, printed) => ({
        cluster: (JSON.parse(printed[0] ?? '') as { name: string }[])[0]?.name ?? '',
      }),
    },
  },
  {
    cause: 'arm-principal-not-found-replication',
    waits: 'minutes',
    cloud: { typedPrincipals: 'checked', cluster: { identity: { replicationDelay: '1h' } } },
    inputs: ACCESS,
    mend: { otherwise: LATER, does: (simulator) => simulator.pass(61 * 60_000) },
  },
  {
    cause: 'service-principal-cluster',
    cloud: SERVICE_PRINCIPAL,
    mend: {
      commands: [0],
      otherwise: 'the object id is given as an input',
      inputs: (_, printed) => ({ 'kubelet-object-id': printed[0] ?? '' }),
    },
  },
  // The cluster.
  { cause: 'cluster-stopped', cloud: { cluster: { power: 'Stopped' } }, mend: { commands: [0] } },
  {
    cause: 'cluster-being-made',
    how: ({ state: { clusters } }) => {
      const [cluster] = clusters;
      const identity = cluster?.kubeletIdentity;
      if (cluster === undefined || identity === undefined) throw new Error('there is no such cluster');
      cluster.provisioningState = 'Creating';
      delete cluster.kubeletIdentity;
      return () => Object.assign(cluster, { provisioningState: 'Succeeded', kubeletIdentity: identity });
    },
    mend: { otherwise: 'Azure comes to its end' },
  },
  {
    cause: 'cluster-being-deleted',
    cloud: {
      clusters: [
        { name: 'shop', resourceGroup: 'apps', state: 'Deleting', pools: [{ name: 'system' }] },
        { name: 'other', resourceGroup: 'apps', pools: [{ name: 'system' }] },
      ],
      login: [USER, { ...USER, scope: 'cluster:other' }, GRANTS],
    },
    mend: { otherwise: 'another cluster is named', inputs: () => ({ cluster: 'other' }) },
  },
  {
    cause: 'cluster-rights-missing',
    cloud: { ...LOOKS, cluster: AZURE_RBAC },
    inputs: CHECK,
    mend: { commands: [0] },
  },
  {
    cause: 'cluster-rights-missing',
    cloud: { ...LOOKS, cluster: { entra: {} } },
    inputs: CHECK,
    mend: { commands: [0] },
  },
  {
    cause: 'nodes-unreadable',
    cloud: {
      login: [USER, READS, { ...USER, role: 'Azure Kubernetes Service RBAC Writer' }],
      assigned: [PULLS],
      cluster: AZURE_RBAC,
    },
    inputs: { ...CHECK, nodes: 'all' },
    mend: { commands: [0] },
  },
  {
    cause: 'namespace-missing',
    cloud: LOOKS,
    inputs: { ...CHECK, namespace: 'probes' },
    mend: { commands: [0] },
  },
  {
    cause: 'api-server-unreachable',
    cloud: {
      ...LOOKS,
      cluster: { private: true },
      login: [USER, READS, { ...USER, role: 'Azure Kubernetes Service Contributor Role' }],
    },
    inputs: { ...CHECK, 'cluster-access': 'direct' },
    mend: { otherwise: 'it goes through run command', inputs: () => ({ 'cluster-access': 'run-command' }) },
  },
  {
    cause: 'run-command-disabled',
    cloud: {
      ...LOOKS,
      cluster: { private: true, runCommand: { enabled: false } },
      login: [USER, READS, { ...USER, role: 'Azure Kubernetes Service Contributor Role' }],
    },
    inputs: CHECK,
    mend: { commands: [0] },
  },
  {
    cause: 'no-nodes',
    cloud: { ...LOOKS, cluster: { pools: [{ name: 'system' }, { name: 'apps', count: 0, mode: 'User' }] } },
    inputs: { ...CHECK, 'node-pools': 'apps' },
    mend: { commands: [0, 1] },
  },
  {
    cause: 'probe-refused',
    cloud: {
      ...LOOKS,
      cluster: { namespaces: ['default', { name: 'full', quotas: [{ name: 'none', hard: { pods: '0' } }] }] },
    },
    inputs: { ...CHECK, namespace: 'full' },
    mend: { otherwise: 'another namespace is named', inputs: () => ({ namespace: 'default' }) },
  },
  {
    cause: 'probe-image-not-imported',
    cloud: {
      registry: { sku: 'Premium', networkDefaultAction: 'Deny' },
      publicRegistries: [PROBE_SOURCE],
      login: [USER, GRANTS, { ...GRANTS, role: 'Container Registry Data Importer and Data Reader' }],
    },
    inputs: { image: '', 'import-probe-image': 'true' },
    how: ({ state }) => {
      for (const registry of state.registries) {
        registry.trustedServices = false;
        registry.ipRules = ['203.0.113.0/24'];
      }
      return () => undefined;
    },
    mend: { commands: [0, 1] },
  },
  {
    cause: 'probe-changed',
    cloud: {
      ...LOOKS,
      cluster: {
        namespaces: ['default', 'rewritten'],
        mutations: [{ change: 'pullSecret', secret: 'acr', namespaces: ['rewritten'] }],
      },
    },
    inputs: { ...CHECK, namespace: 'rewritten' },
    mend: { otherwise: 'another namespace is named', inputs: () => ({ namespace: 'default' }) },
  },
  // The image and the registry.
  {
    cause: 'tag-not-found',
    cloud: LOOKS,
    inputs: { ...CHECK, image: 'shop/web:1.5' },
    mend: {
      commands: [0],
      otherwise: 'a tag is named that is listed',
      inputs: (_, printed) => ({ image: `shop/web:${(JSON.parse(printed[0] ?? '') as string[])[0] ?? ''}` }),
    },
  },
  {
    cause: 'platform-mismatch-arch',
    cloud: {
      ...LOOKS,
      cluster: { pools: [{ name: 'system' }, { name: 'win', os: 'Windows', mode: 'User' }] },
    },
    inputs: { ...CHECK, 'node-pools': 'win' },
    mend: { otherwise: 'it is kept off that pool', inputs: () => ({ 'node-pools': 'system' }) },
  },
  {
    cause: 'firewall-403',
    cloud: { ...LOOKS, registry: { sku: 'Premium', networkDefaultAction: 'Deny' } },
    inputs: CHECK,
    mend: { commands: [0, 1] },
  },
  { cause: 'firewall-403', ...byPrivateEndpoint({ linked: [] }), mend: { commands: [0] } },
  { cause: 'dns-nxdomain', ...byPrivateEndpoint({ inZone: false }), mend: { commands: [0, 1] } },
  {
    // private-endpoint-unreachable, as reports name it.
    cause: 'private-endpoint-unreachable',
    ...byPrivateEndpoint({ reachable: [] }),
    mend: {
      otherwise: 'the two networks are peered',
      does: ({ state }) => {
        const networks = state.clusters.map(networkOfNodes);
        for (const { privateEndpoint } of state.registries) privateEndpoint?.reachedFrom.push(...networks);
      },
    },
  },
  {
    cause: 'dns-nxdomain',
    cloud: LOOKS,
    inputs: CHECK,
    how: node({ fault: 'dns', ...LOGIN_SERVER }),
    mend: { otherwise: GIVEN_OUTSIDE },
  },
  {
    cause: 'connection-timeout',
    cloud: LOOKS,
    inputs: CHECK,
    how: node({ fault: 'refused', ...LOGIN_SERVER }),
    mend: { otherwise: GIVEN_OUTSIDE },
  },
  {
    cause: 'connection-reset',
    cloud: LOOKS,
    inputs: CHECK,
    how: node({ fault: 'reset', ...LOGIN_SERVER, path: '/v2/**' }),
    mend: { otherwise: GIVEN_OUTSIDE },
  },
  {
    cause: 'interrupted-download',
    cloud: LOOKS,
    inputs: CHECK,
    how: node({ fault: 'truncated', host: '*.blob.core.windows.net' }),
    mend: { otherwise: GIVEN_OUTSIDE },
  },
  {
    cause: 'tls-unknown-authority',
    cloud: LOOKS,
    inputs: CHECK,
    how: node({ fault: 'certificate-unknown-authority', ...LOGIN_SERVER }),
    mend: { otherwise: GIVEN_OUTSIDE },
  },
  {
    cause: 'rate-limited-429',
    cloud: LOOKS,
    inputs: CHECK,
    how: node({ fault: 'throttled', ...LOGIN_SERVER, path: '/v2/**' }),
    mend: { otherwise: LATER },
  },
  {
    cause: 'registry-5xx',
    cloud: LOOKS,
    inputs: CHECK,
    how: node({ fault: 'server-error', ...LOGIN_SERVER, path: '/v2/**' }),
    mend: { otherwise: LATER },
  },
  {
    cause: 'storage-endpoint-blocked',
    cloud: LOOKS,
    inputs: CHECK,
    how: node({ fault: 'refused', host: '*.blob.core.windows.net' }),
    mend: { otherwise: GIVEN_OUTSIDE },
  },
  {
    cause: 'probe-timed-out',
    waits: 'minutes',
    cloud: LOOKS,
    inputs: CHECK,
    how: node({ fault: 'stall', ...LOGIN_SERVER, path: '/v2/**' }),
    mend: { otherwise: GIVEN_OUTSIDE },
  },
  {
    cause: 'run-command-failed',
    cloud: {
      ...LOOKS,
      cluster: { private: true, runCommand: { startLimit: '0s' } },
      login: [USER, READS, { ...USER, role: 'Azure Kubernetes Service Contributor Role' }],
    },
    inputs: { ...CHECK, 'cluster-access': 'run-command' },
    mend: {
      otherwise: 'what keeps its pods from starting is taken away',
      does: ({ state }) => {
        for (const { runCommand } of state.clusters) runCommand.startLimitMs = 30_000;
      },
    },
  },
  {
    cause: 'probe-unschedulable',
    waits: 'minutes',
    cloud: LOOKS,
    inputs: CHECK,
    prepared: [applied(pod('hog', '3860m'))],
    mend: { otherwise: 'room is made on the pool', typed: ['kubectl delete pod hog'] },
  },
  {
    cause: 'federated-credential-mismatch',
    inputs: ACCESS,
    how: ({ state }) => {
      const login = state.principals.find(({ name }) => name === 'deployer');
      const trusted = login?.federatedCredentials.splice(0) ?? [];
      return () => login?.federatedCredentials.push(...trusted);
    },
    mend: { otherwise: 'the application is given the federated credential that the message shows' },
  },
  {
    cause: 'sign-in-unreachable',
    inputs: ACCESS,
    how: fault({ fault: 'dns', service: 'entra' }),
    mend: { otherwise: GIVEN_OUTSIDE },
  },
  {
    cause: 'id-token-refused',
    inputs: ACCESS,
    how: fault({ fault: 'server-error', service: 'github' }),
    mend: { otherwise: LATER },
  },
];

/** Two things that are wrong at once: which leads, and what mends each, one after the other, up to a pass. */
export interface Sequence extends Broken {
  steps: readonly [cause: CauseId, mend: Mend][];
}

const LOCK = { name: 'keep', level: 'ReadOnly', scope: 'registry:contoso' };
const POLICY = { name: 'no-roles', scope: 'subscription', denies: 'Microsoft.Authorization/roleAssignments' };
const DENIED_WRITES = {
  name: 'stack',
  scope: 'registry:contoso',
  principals: ['deployer'],
  actions: ['Microsoft.Authorization/roleAssignments/write'],
};
const LOOKS_ONLY = { login: [USER, READS] };
const LEFT_OUT: Mend = {
  otherwise: 'the owner of the stack leaves the login out of it',
  does: ({ state }) => void state.governance.denyAssignments.splice(0),
};
const FIRST: Mend = { commands: [0] };
const BOTH: Mend = { commands: [0, 1] };

export const SEQUENCES: readonly Sequence[] = [
  {
    cloud: { locks: [LOCK], policies: [POLICY] },
    inputs: ACCESS,
    steps: [
      ['arm-scope-locked', FIRST],
      ['arm-policy-denied', FIRST],
    ],
  },
  {
    cloud: LOOKS_ONLY,
    how: takeItsName,
    inputs: ACCESS,
    steps: [
      ['arm-authorization-missing', { commands: [1] }],
      ['arm-role-update-not-permitted', BOTH],
    ],
  },
  {
    cloud: { denyAssignments: [DENIED_WRITES], policies: [POLICY] },
    inputs: ACCESS,
    steps: [
      ['arm-deny-assignment', LEFT_OUT],
      ['arm-policy-denied', FIRST],
    ],
  },
  {
    cloud: { locks: [LOCK] },
    how: takeItsName,
    inputs: ACCESS,
    steps: [
      ['arm-scope-locked', FIRST],
      ['arm-role-update-not-permitted', BOTH],
    ],
  },
  {
    cloud: { ...LOOKS_ONLY, cluster: { power: 'Stopped' } },
    inputs: CHECK,
    steps: [
      ['cluster-stopped', FIRST],
      ['unauthorized-no-role', FIRST],
    ],
  },
  {
    cloud: LOOKS_ONLY,
    inputs: { ...CHECK, namespace: 'probes' },
    steps: [
      ['unauthorized-no-role', FIRST],
      ['namespace-missing', FIRST],
    ],
  },
  {
    cloud: { ...LOOKS_ONLY, assigned: [PULLS], registry: { mode: 'abac' }, cluster: AZURE_RBAC },
    inputs: CHECK,
    steps: [
      ['abac-wrong-role', FIRST],
      ['cluster-rights-missing', FIRST],
    ],
  },
  {
    cloud: { ...LOOKS_ONLY, registry: { sku: 'Premium', networkDefaultAction: 'Deny' } },
    inputs: CHECK,
    steps: [
      ['unauthorized-no-role', FIRST],
      ['firewall-403', BOTH],
    ],
  },
  {
    cloud: {
      login: [USER, READS, { ...READS, scope: 'subscription' }],
      assigned: [PULLS],
      cluster: { pools: [{ name: 'system', heldIdentity: 'none' }] },
    },
    inputs: { ...CHECK, namespace: 'probes' },
    steps: [
      ['namespace-missing', FIRST],
      ['kubelet-identity-missing', BOTH],
    ],
  },
  {
    cloud: {
      ...LOOKS_ONLY,
      cluster: { pools: [{ name: 'system' }, { name: 'apps', count: 0, mode: 'User' }] },
    },
    inputs: { ...CHECK, 'node-pools': 'apps' },
    steps: [
      ['unauthorized-no-role', FIRST],
      ['no-nodes', BOTH],
    ],
  },
  {
    cloud: { login: [USER] },
    inputs: CHECK,
    steps: [
      ['registry-not-found', BOTH],
      ['unauthorized-no-role', FIRST],
    ],
  },
  {
    cloud: {
      login: [USER, READS, { ...USER, role: 'Azure Kubernetes Service Contributor Role' }],
      cluster: { private: true, runCommand: { enabled: false } },
    },
    inputs: CHECK,
    steps: [
      ['unauthorized-no-role', FIRST],
      ['run-command-disabled', FIRST],
    ],
  },
  {
    cloud: { ...LOOKS_ONLY, assigned: [KUBELET_READS] },
    inputs: CHECK,
    how: node({ fault: 'dns', ...LOGIN_SERVER }),
    steps: [
      ['legacy-wrong-role', { ...FIRST, keepsBroken: true }],
      ['dns-nxdomain', { otherwise: GIVEN_OUTSIDE }],
    ],
  },
];

/** What no run against the simulated cloud can show, or nothing mends there, and why. */
export const NOT_HERE: readonly { causes: readonly CauseId[]; because: string }[] = [
  {
    causes: ['image-not-found', 'platform-mismatch-os', 'role-propagation-delay', 'wrong-login-server'],
    because:
      'a run knows more than a message, and reports another cause (REPORTED in diagnosis/explain.ts), which is above',
  },
  {
    causes: ['unauthorized-bad-pull-secret'],
    because:
      'only a run with input pull-secret names it: pull-secret.test.ts has one with a wrong secret, and the next with a good one',
  },
  {
    causes: ['unauthorized-wrong-principal'],
    because:
      'a run reads who may pull: it says unauthorized-no-role of the identity that has none, which is above',
  },
  {
    causes: [
      ...(['dns-timeout', 'proxy-error', 'tls-handshake-timeout'] as const),
      'rate-limited-429-dockerhub',
    ],
    because:
      'the simulated network has names that are not there, refused and cut connections and silence, but no DNS server that hangs, no proxy of the nodes, no half of a handshake and no Docker Hub',
  },
  {
    causes: [
      ...(['aad-app-not-found', 'aad-bad-secret', 'aad-federated-no-match', 'aad-secret-expired'] as const),
      ...(['aad-user-not-found', 'check-acr-tool-failure', 'check-ok', 'attach-acr-false-error'] as const),
      ...(['arm-graph-permission', 'arm-linked-authorization', 'arm-pim-policy'] as const),
      ...(['arm-role-definition-missing', 'arm-role-exists'] as const),
    ],
    because:
      "it explains another program's message: what this tool itself asks never gets that answer, or takes it for success",
  },
  {
    causes: [
      ...(['pull-secret-not-referenced', 'image-name-invalid'] as const),
      ...(['image-never-pulled', 'third-party-registry-anonymous-denied', 'token-scope-too-narrow'] as const),
      ...(['image-policy-denied', 'admission-policy-denied', 'kubelet-qps-exceeded'] as const),
    ],
    because:
      "it is about users' own pods: the probe names no secret and an image of the registry, and a policy that refuses it is probe-refused",
  },
  {
    causes: [
      ...(['node-identity-misconfigured', 'credential-provider-multiple-identities'] as const),
      ...(['credential-provider-error', 'credential-cache-stale'] as const),
      ...(['windows-version-mismatch', 'manifest-media-type', 'registry-plain-http'] as const),
      ...(['pull-canceled', 'disk-pressure', 'node-not-ready', 'pull-interrupted'] as const),
    ],
    because: "it comes from within a node (files, disk, clock, runtime), which the simulated nodes haven't",
  },
  {
    causes: [
      ...(['registry-locked', 'registry-full', 'registry-cmk', 'image-quarantined'] as const),
      ...(['unauthorized-or-repo-missing', 'unauthorized-sp-secret-invalid-or-expired'] as const),
    ],
    because:
      "the simulated registries haven't that state, or say it in words that mean another cause to a run",
  },
  {
    causes: [
      ...([
        'not-signed-in',
        'azure-cli-missing',
        'sign-in-variables-incomplete',
        'managed-identity-missing',
      ] as const),
      ...(['cloud-mismatch', 'cloud-not-supported', 'assertion-expired', 'login-expired'] as const),
      ...(['client-secret-refused', 'client-certificate-refused', 'sign-in-refused'] as const),
      ...(['conditional-access', 'application-disabled', 'resource-not-in-tenant'] as const),
    ],
    because:
      'nothing in the cluster or the registry is broken, and the mend is another login: host/sign-in tests have it',
  },
  {
    causes: ['ended-early'],
    because: 'it is the run that was ended, and nothing in the cloud: left-behind.test.ts has it',
  },
  {
    causes: ['arm-pim-not-active'],
    because: 'only a person can switch a role on, and no person signs in here',
  },
  {
    causes: ['arm-error', 'undetermined'],
    because: 'it says that none of the known causes was found',
  },
  {
    causes: ['registry-mode-unknown', 'cluster-sign-in-refused', 'credential-withheld'],
    because: 'it takes an Azure that answers what it never does; hostile answers have tests of their own',
  },
  {
    causes: [
      ...(['audit-list-forbidden', 'audit-list-unanswered', 'image-unseen', 'manifests-unreadable'] as const),
      ...(['no-image-of-registry', 'would-fill-node'] as const),
    ],
    because: 'it is about files to be deployed, or what an audit may read: their own tests have it',
  },
];

function pod(name: string, cpu: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      containers: [
        {
          name: 'c',
          image: 'contoso.azurecr.io/shop/web:1.4',
          resources: { requests: { cpu }, limits: { cpu } },
        },
      ],
    },
  });
}

function applied(yaml: string): string {
  return `kubectl apply -f - <<'EOF'\n${yaml}\nEOF`;
}

function repositories(name: string): string {
  return `((!(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/content/read'}) AND !(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/metadata/read'})) OR (@Request[Microsoft.ContainerRegistry/registries/repositories:name] StringEqualsIgnoreCase '${name}'))`;
}

function onlyRole(guid: string): string {
  return `((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${guid}}))`;
}

/** Somebody else's grant elsewhere bears the name that ours would have. */
function takeItsName({ state }: Simulator): () => void {
  const [registry] = state.registries;
  const kubelet = state.clusters[0]?.kubeletIdentity?.objectId;
  const [first] = state.roleAssignments;
  if (registry === undefined || kubelet === undefined || first === undefined)
    throw new Error('there is no such registry, identity or role assignment');
  const role = state.roleDefinitions.find(({ roleName }) => roleName === 'AcrPull');
  state.roleAssignments.push({
    ...first,
    name: grantName(registryId(registry), kubelet, role?.name ?? ''),
    scope: `/subscriptions/${registry.subscriptionId}`,
    principalId: '99999999-9999-4999-8999-999999999999',
  });
  return () => undefined;
}

function objectIdOf({ state }: Simulator, name: string): string {
  const found = state.principals.find((one) => one.name === name);
  if (found === undefined) throw new Error(`nobody is called ${name}`);
  return found.objectId;
}
