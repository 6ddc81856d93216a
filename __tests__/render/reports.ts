/** Reports made by hand, one for each way a run can end, for the renderers' tests. */
import type { Check, Connection, Grant, Pull, Report } from '../../src/core/report.js';

const SUBSCRIPTION = '/subscriptions/00000000-0000-4000-8000-000000000001';
export const REGISTRY_ID = `${SUBSCRIPTION}/resourceGroups/rg-shop/providers/Microsoft.ContainerRegistry/registries/contoso`;
export const ASSIGNMENT_ID = `${REGISTRY_ID}/providers/Microsoft.Authorization/roleAssignments/6c4f1b7e-0000-5000-8000-000000000042`;
export const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

export const GRANT_COMMAND =
  'az role assignment create --role 7f951dda-4ed3-4680-a7ca-43fe172d538d --assignee-object-id "$(az aks show -g rg-shop -n shop --query identityProfile.kubeletidentity.objectId -o tsv)" --assignee-principal-type ServicePrincipal --scope "$(az acr show -n contoso --query id -o tsv)"';

/** A page with its commands as a shell reads them: what ends in a backslash goes on. */
export const pasted = (page: string): string => page.replaceAll(/ \\\n +/g, ' ').replaceAll(/'\\\n'/g, '');

export function grant(changes: Partial<Grant> = {}): Grant {
  return {
    roleName: 'AcrPull',
    roleDefinitionId: `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d`,
    scope: REGISTRY_ID,
    inherited: false,
    via: 'direct',
    assignmentId: ASSIGNMENT_ID,
    ours: true,
    ...changes,
  };
}

export function check(changes: Partial<Check> = {}): Check {
  return {
    id: 'cluster-runs',
    title: 'cluster shop runs',
    status: 'pass',
    evidence: 'provisioning state Succeeded, power state Running',
    durationMs: 120,
    ...changes,
  };
}

export function pull(changes: Partial<Pull> = {}): Pull {
  return {
    nodePool: 'system',
    node: 'aks-system-0',
    os: 'linux',
    architecture: 'amd64',
    image: 'contoso.azurecr.io/team/app:1',
    digest: DIGEST,
    digestSource: 'registry',
    proved: 'content',
    status: 'pass',
    attempts: 1,
    durationMs: 4200,
    ...changes,
  };
}

export function connection(changes: Partial<Connection> = {}): Connection {
  return {
    cluster: {
      id: `${SUBSCRIPTION}/resourceGroups/rg-shop/providers/Microsoft.ContainerService/managedClusters/shop`,
      name: 'shop',
      location: 'westeurope',
      kubernetesVersion: '1.33.2',
      provisioningState: 'Succeeded',
      powerState: 'Running',
    },
    registry: {
      id: REGISTRY_ID,
      name: 'contoso',
      loginServer: 'contoso.azurecr.io',
      roleAssignmentMode: 'LegacyRegistryPermissions',
      anonymousPullEnabled: false,
      publicNetworkAccess: 'Enabled',
    },
    identity: {
      kind: 'managed-identity',
      objectId: '11111111-2222-4333-8444-555555555555',
      clientId: '11111111-2222-4333-8444-666666666666',
      resourceId: `${SUBSCRIPTION}/resourceGroups/MC_rg-shop_shop/providers/Microsoft.ManagedIdentity/userAssignedIdentities/shop-agentpool`,
    },
    access: { allowed: true, grants: [grant()] },
    checks: [
      check(),
      check({
        id: 'access',
        title: 'the kubelet identity may pull from contoso.azurecr.io',
        evidence: 'AcrPull at registry contoso',
      }),
    ],
    pulls: [pull(), pull({ nodePool: 'arm', node: 'aks-arm-0', architecture: 'arm64' })],
    findings: [],
    result: 'passed',
    changed: false,
    wouldChange: false,
    role: 'AcrPull',
    image: 'contoso.azurecr.io/team/app:1',
    ...changes,
  };
}

export function report(changes: Partial<Report> = {}): Report {
  return {
    schemaVersion: 1,
    tool: { name: 'aks-acr-pull', version: '0.1.0' },
    mode: 'check',
    result: 'passed',
    startedAt: '2026-11-23T12:00:00.000Z',
    durationMs: 21_400,
    connections: [connection()],
    ...changes,
  };
}

/** connect that made the grant. */
export const granted = report({
  mode: 'connect',
  connections: [
    connection({
      access: { allowed: true, grants: [grant()], created: ASSIGNMENT_ID },
      changed: true,
      wouldChange: true,
    }),
  ],
});

/** Who runs it may not write role assignments. */
export const noRights = report({
  mode: 'connect',
  result: 'failed',
  cause: 'arm-authorization-missing',
  connections: [
    connection({
      result: 'failed',
      wouldChange: true,
      access: { allowed: false, grants: [] },
      pulls: [],
      checks: [
        check(),
        check({
          id: 'grant',
          title: 'this login may give AcrPull to the kubelet identity at contoso',
          status: 'fail',
          evidence:
            'Azure said: "AuthorizationFailed: The client does not have authorization to perform action \'Microsoft.Authorization/roleAssignments/write\'"',
          cause: 'arm-authorization-missing',
          fix: {
            summary: 'Have someone who may make the grant, then run this again.',
            commands: [GRANT_COMMAND],
            literalCommands: ['az role assignment create --role 7f951dda-4ed3-4680-a7ca-43fe172d538d'],
          },
          docs: 'https://github.com/aks-acr-pull/aks-acr-pull/blob/main/docs/causes/arm-authorization-missing.md',
        }),
      ],
    }),
  ],
});

/** The role is there and one pool is refused all the same. */
export const refused = report({
  result: 'failed',
  cause: 'firewall-403',
  connections: [
    connection({
      result: 'failed',
      pulls: [
        pull(),
        pull({
          nodePool: 'arm',
          architecture: 'arm64',
          status: 'fail',
          proved: 'none',
          message: 'failed to pull image: 403 Forbidden',
          cause: 'firewall-403',
          fix: {
            summary: "Let the nodes' outbound address in.",
            commands: ['az acr network-rule list -n contoso'],
          },
          attempts: 2,
        }),
      ],
    }),
  ],
});

/** The grant is young and does not work yet. */
export const notYet = report({
  mode: 'connect',
  result: 'unknown',
  connections: [
    connection({
      result: 'unknown',
      changed: true,
      wouldChange: true,
      access: { allowed: true, grants: [grant()], created: ASSIGNMENT_ID },
      checks: [
        check(),
        check({
          id: 'verdict',
          title: 'the grant works',
          status: 'unknown',
          evidence: 'made 9 minutes ago',
          cause: 'grant-not-effective-yet',
        }),
      ],
      pulls: [pull({ status: 'unknown', proved: 'none', message: '401 Unauthorized', attempts: 12 })],
    }),
  ],
});

/** What a registry, a node or whoever names images might say to break out of where it is shown. */
export const HOSTILE = [
  '::error title=x::pwned',
  '\n::set-output name=verified::true',
  '##vso[task.complete result=Succeeded;]done',
  '##[error]red',
  '</summary><script>alert(1)</script><img src=x onerror=alert(1)>',
  '![a](https://evil.example/x.png) [click](javascript:alert(1)) https://evil.example @octocat',
  '| cell | cell |\n|---|---|\n# Heading\n```\nfence',
  '"] --> x["broken"]\nclick x "https://evil.example"\n%%{init: {}}%%',
  "`code` $(id) '; rm -rf / #",
  '\u001b[31mred\u001b[0m \u202eevil\u0000\u0085\u2028',
].join(' ');
