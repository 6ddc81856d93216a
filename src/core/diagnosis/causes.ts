/**
 * The catalogue: why a check fails, and how to mend it. A cause is a record; adding one touches this file and its page in
 * docs/causes, which is made from it. Ids are those users find in reports, so they never change.
 */
import type { Fix, PlannedGrant } from '../report.js';
import { DIRECTORY_RIGHT, roleForAction } from '../azure/rights.js';
import { ACR_PULL, REPOSITORY_READER } from '../azure/roles.js';
import { giveMissingRight, giveRole } from './caller-rights.js';
import {
  assignGrant,
  assignmentAt,
  applied,
  assignRole,
  clusterScope,
  deleteAssignmentNamed,
  exempt,
  keepNames,
  liftLock,
  linkZone,
  command,
  inRegistry,
  inSubscription,
  kubeletObjectId,
  outboundAddress,
  denyAssignmentsOf,
  registryScope,
  showAssignmentNamed,
  showLocks,
  zonesNamed,
} from './commands.js';
import type { Command, Named } from './commands.js';
import { fix, say } from './fixes.js';
import type { Obstacles } from './obstacles.js';
import { PULL_CAUSES } from './pull-causes.js';
import { auditRole, probeRole } from '../kubernetes/rights.js';
import { shellWord } from '../shell.js';

/** What is known when a fix is written. All of it may be missing. */
export interface FixFacts {
  /** `azureRbac`: who gives rights in it; absent: not known, or local accounts alone. */
  cluster?: Named & { resourceGroup: string; azureRbac?: boolean };
  registry?: Named & { loginServer: string };
  /** Object id of the kubelet identity. */
  kubeletObjectId?: string;
  kubeletIsServicePrincipal?: boolean;
  /** The object id was given by the user, not told by Azure. */
  principalGiven?: boolean;
  /** The registry as it was asked for, by name or login server, before it was found. */
  wantedRegistry?: string;
  /** The run would write a grant. */
  writes?: boolean;
  /** Name of the grant that the run would remove: a GUID. */
  removes?: string;
  /** The pull role for the registry's mode. */
  role?: { name: string; guid: string };
  /** The grant that connect would write, where the role alone doesn't say it all: it is limited, or one that is there is. */
  grant?: StandingGrant;
  /** `userName`: a person's, as API servers know them. */
  caller?: { objectId: string; type: 'ServicePrincipal' | 'User'; userName?: string };
  /** The right that was missing. */
  missing?: { action: string; scope: string };
  /** What kept access from being told. */
  unseen?: keyof typeof UNSEEN;
  namespace?: string;
  /** What refused the probe, with its name: `the quota "compute"`. */
  refusedBy?: string;
  image?: string;
  /** The link that would lead the nodes to the registry's private endpoint: ids of a DNS zone and of their network. */
  missingLink?: { zone: string; network: string };
  /** A private endpoint of the registry whose names no DNS zone holds: its id. */
  namelessEndpoint?: string;
  /** The pool that a pull was to be made on. */
  nodePool?: string;
  servicePrincipalClientId?: string;
  /** ARM id of the kubelet identity. */
  identityId?: string;
  /** What stands in the way of the grant. */
  obstacles?: Obstacles;
  /** The tenant that ARM wants a token of. */
  wantedTenant?: string;
  /** A registry answers by the wanted name, though this login sees none. */
  registryAnswers?: true;
  /** Somebody else's grant of the same role, limited to too little. */
  standing?: StandingGrant;
}

/** Somebody else's grant as it would have to be: under its own name, with all that it holds and all that is asked. */
export type StandingGrant = Omit<PlannedGrant, 'description'> & { description?: string };

export interface Cause {
  /** What is wrong, in a few words. */
  title: string;
  /** Why it happens, for someone who has never met it. */
  why: string;
  fix: (facts: FixFacts) => Fix;
  /** What kind of thing is broken; absent: told by `familyOf`. */
  family?: Family;
  /** What a user sees of it. */
  seen: string;
  /** How to tell that it is mended. */
  confirm: string;
  /** What it was learnt from: threads as `owner/repo#n`, pages, programs' sources and recordings by name. */
  sources: readonly string[];
}

/** What kind of thing is broken. */
export type Family =
  | 'access'
  | 'image'
  | 'network'
  | 'registry'
  | 'node'
  | 'cluster'
  | 'policy'
  | 'tool'
  | 'azure'
  | 'sign-in'
  | 'run';

/** Where the pages are. */
export const DOCS = 'https://github.com/aks-acr-pull/aks-acr-pull/blob/main/docs/causes';

/** What leads the nodes to the registry's private endpoint, where that there is a link missing is known. */
function linked(missing: FixFacts['missingLink']): Fix | undefined {
  const command = missing && linkZone(missing);
  return (
    command &&
    fix(
      "Link the nodes' network to the DNS zone of the registry's private endpoint: until then its names lead the nodes to its public address. The endpoint must be reached from that network too, by peering where it is in another.",
      command,
    )
  );
}

/** What gives a private endpoint its names in the zone that nodes look them up in. */
function named({ loginServer }: { loginServer: string }, endpoint: string): Fix | undefined {
  const zone = `privatelink.${loginServer.replace(/^[^.]*\./, '')}`;
  const command = keepNames(endpoint, zone);
  return (
    command &&
    fix(
      `Nothing keeps the names of the registry's private endpoint in a private DNS zone. Have it keep them in the zone ${zone} that the nodes' network is linked to (the first command lists those of that name; the second takes the only one, so put in the id where there are several).`,
      zonesNamed(zone),
      command,
    )
  );
}

/**
 * Azure answers a login without wider rights the same for what it may not read and for what isn't there: "… or the scope is
 * invalid" (recording: roleAssignments.403.AuthorizationFailed.json).
 */
function nameFirst(missing: FixFacts['missing']): string {
  const [, name] = /\/(?:managedClusters|registries)\/([^/]+)$/i.exec(missing?.scope ?? '') ?? [];
  const read = /\/(?:managedClusters|registries)\/read$/i.test(missing?.action ?? '');
  return name === undefined || !read
    ? ''
    : `See first that ${name} is its name and in that resource group: Azure answers the same for what isn't there. `;
}

/** The grant itself, as someone who may would make it. */
function grantCommand({
  cluster,
  registry,
  kubeletObjectId: objectId,
  kubeletIsServicePrincipal,
  role,
  grant,
}: FixFacts): Command | undefined {
  if (registry === undefined || objectId === undefined || role === undefined) return undefined;
  const principal =
    cluster === undefined || kubeletIsServicePrincipal === true
      ? objectId
      : kubeletObjectId(cluster, objectId);
  return grant === undefined
    ? assignRole(role.guid, principal, 'ServicePrincipal', registryScope(registry))
    : assignGrant(grant, principal, registryScope(registry));
}

/** Somebody else's grant, widened by its owner. */
function widenCommand(facts: FixFacts): Command | undefined {
  const { standing } = facts;
  return standing === undefined
    ? undefined
    : grantCommand({
        ...facts,
        role: { name: standing.roleName, guid: standing.roleGuid },
        grant: standing,
      });
}

/** The right to give the two pull roles at the registry, and no more. */
function delegateCommand({ caller, registry }: FixFacts): Command | undefined {
  const role = roleForAction(GRANT_ACTION);
  if (caller === undefined || registry === undefined || role === undefined) return undefined;
  return giveRole(role, caller, registryScope(registry));
}

/** The removal itself, as someone who may would do it. */
function removeCommand({ registry, removes }: FixFacts): Command | undefined {
  if (registry === undefined || removes === undefined) return undefined;
  return command('az', 'role', 'assignment', 'delete', '--ids', assignmentAt(registry, removes));
}

/** The right that writing a grant needs. */
const GRANT_ACTION = 'Microsoft.Authorization/roleAssignments/write';

const READ_REGISTRY = 'Microsoft.ContainerRegistry/registries/read';

/** What makes access known, by what kept it from being told. */
const UNSEEN = {
  assignments:
    'Let this login read role assignments at the registry (Reader is enough), or let a real pull decide: verify: pull.',
  roles:
    'Let this login read role definitions at the registry (Reader is enough), or let a real pull decide: verify: pull.',
  groups: `Let this login look groups up (${DIRECTORY_RIGHT}); or give the role to the identity itself, which mode connect does too: then no group matters.`,
  condition:
    'Let a real pull decide: verify: pull. Or have the condition written as docs/plan.md shows, which is evaluated here.',
} as const;

const LIST_REGISTRIES = command(
  'az',
  'acr',
  'list',
  '--query',
  '[].{name:name, loginServer:loginServer, group:resourceGroup}',
  '-o',
  'table',
);

const CATALOGUE = {
  ...PULL_CAUSES,
  'not-signed-in': {
    title: 'nobody is signed in to Azure',
    seen: 'The run stops before anything is asked of Azure, or Azure answers 401.',
    why: 'The step found no login it could use, or the login was refused.',
    fix: say('Sign in before this step: azure/login, or client-id and tenant-id with id-token: write.'),
    confirm: 'The next run signs in.',
    sources: ['docs: @azure/identity troubleshooting', 'docs: Azure/login readme'],
  },
  'azure-cli-missing': {
    title: 'the Azure CLI is not on this machine',
    seen: '"az: command not found", or the run says that there is no Azure CLI.',
    why: "No client-id was given, so the Azure CLI's login is used, and there is no Azure CLI on the PATH.",
    fix: say(
      'Give client-id and tenant-id with id-token: write, or install the Azure CLI and sign in before this step.',
    ),
    confirm: 'az version prints a version in the same step.',
    sources: ['docs: @azure/identity troubleshooting'],
  },
  'id-token-permission-missing': {
    title: 'the job may not ask GitHub for an OIDC token',
    seen: 'The job has no ACTIONS_ID_TOKEN_REQUEST_URL.',
    why: "GitHub gives a job the address of its token service only with the permission id-token: write; a workflow's permissions replace all defaults.",
    fix: say('Add to the job: permissions: {id-token: write, contents: read}.'),
    confirm: 'The next run signs in.',
    sources: ['docs: docs.github.com security-for-github-actions/oidc'],
  },
  'id-token-refused': {
    title: 'the CI system gave no OIDC token',
    seen: "An error status of the CI system's own token service.",
    why: "The CI system's own token service refused or failed, before Azure was asked.",
    fix: say(
      'Run the job again. GitHub never gives one for pull requests from forks; Azure Pipelines gives one only to pipelines that may use the service connection.',
    ),
    confirm: 'The next run signs in.',
    sources: ['docs: docs.github.com security-for-github-actions/oidc'],
  },
  'sign-in-unreachable': {
    title: 'the sign-in service cannot be reached',
    seen: 'A time-out or a refused connection to login.microsoftonline.com or to the token service.',
    why: 'No answer came from Entra ID or from the token service of the CI system: the network, a proxy or a firewall on the way from here.',
    fix: say('Check the network, HTTPS_PROXY and the CA certificates of the machine that runs this.'),
    confirm: 'The next run signs in.',
    sources: ['docs: @azure/identity troubleshooting'],
  },
  'federated-credential-mismatch': {
    title: 'no federated credential of the application matches the token',
    seen: 'AADSTS70021, AADSTS700211, AADSTS700213, AADSTS7002138.',
    why: "Entra compares issuer, subject and audience of the CI system's token with the application's federated credentials, letter by letter.",
    fix: say(
      'Give the application a federated credential with exactly the issuer, subject and audience that the message shows.',
    ),
    confirm: 'The next run signs in.',
    sources: [
      'docs: entra/identity-platform/reference-error-codes',
      'Azure/login#515',
      'Azure/azure-workload-identity#1200',
    ],
  },
  'application-not-found': {
    title: 'the application is not in that tenant',
    seen: 'AADSTS700016, AADSTS7000229.',
    why: 'client-id is not the application (client) id of an application in tenant-id; often it is its object id.',
    fix: say("Compare client-id with the application's overview page, and tenant-id with its tenant."),
    confirm: 'The next run signs in.',
    sources: [
      'docs: entra/identity-platform/reference-error-codes',
      'recording: errors.quoted-in-public-docs.json',
    ],
  },
  'tenant-not-found': {
    title: 'the tenant does not exist',
    seen: 'AADSTS90002.',
    why: 'Entra knows no tenant of that id.',
    fix: () =>
      fix('Look at tenant-id.', command('az', 'account', 'show', '--query', 'tenantId', '-o', 'tsv')),
    confirm: 'The next run signs in.',
    sources: ['docs: entra/identity-platform/reference-error-codes'],
  },
  'client-secret-refused': {
    title: "the login's client secret is wrong or has expired",
    seen: 'AADSTS7000215, AADSTS7000222.',
    why: 'The sign-in before this step used a client secret that Entra no longer takes.',
    fix: say('Sign in without a secret: give the application a federated credential.'),
    confirm: 'The next run signs in.',
    sources: ['docs: entra/identity-platform/reference-error-codes'],
  },
  'client-certificate-refused': {
    title: "the login's certificate is not one that the application has",
    seen: 'AADSTS700027, AADSTS7000214.',
    why: 'The certificate is not registered with the application, is no longer valid, or came without its private key.',
    fix: say(
      'Add the certificate to the application, and give it here with its private key, both as PEM; or sign in without one, by a federated credential.',
    ),
    confirm: 'The next run signs in.',
    sources: [
      'docs: entra/identity-platform/reference-error-codes',
      'AzureAD/microsoft-identity-web: CertificateReloadLogicTests.cs',
    ],
  },
  'sign-in-variables-incomplete': {
    title: 'the variables of a login are incomplete',
    seen: 'Some of AZURE_CLIENT_ID, AZURE_TENANT_ID, AZURE_CLIENT_SECRET and the like are set, and others not.',
    why: 'A secret, certificate or token file is set for the login, but the variables that belong to it are not, or the file cannot be read.',
    fix: say(
      'Set AZURE_TENANT_ID and AZURE_CLIENT_ID beside AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH or AZURE_FEDERATED_TOKEN_FILE; or unset all of them.',
    ),
    confirm: 'The next run signs in.',
    sources: ['docs: @azure/identity troubleshooting'],
  },
  'managed-identity-missing': {
    title: 'this machine gives no managed identity',
    seen: 'A time-out of 169.254.169.254, or "Identity not found" from this machine.',
    why: 'The metadata service of the machine did not answer, or knows no such identity.',
    fix: say(
      'Assign the identity to the machine, and name it by its client id where there are several; elsewhere than in Azure, sign in another way.',
    ),
    confirm: 'The next run signs in.',
    sources: ['docs: managed-identities how-to-use-vm-token'],
  },
  'cloud-mismatch': {
    title: 'the login belongs to another Azure cloud',
    seen: 'AADSTS90038, AADSTS900432, or a login of another cloud.',
    why: 'The run is for one cloud (input environment), and the login is in another: tokens of one are worth nothing in the other.',
    fix: say('Give the environment that the cluster, the registry and the login are in.'),
    confirm: 'az cloud show --query name prints the cloud of the run.',
    sources: ['docs: entra/identity-platform/reference-error-codes'],
  },
  'cloud-not-supported': {
    title: 'the login belongs to a custom Azure cloud',
    seen: 'A custom endpoint in the login or the service connection.',
    why: "Tokens go to the hosts of Azure's public and national clouds alone, so custom endpoints, such as an Azure Stack's, can't be used.",
    fix: () =>
      fix("Sign in to one of Azure's own clouds.", command('az', 'cloud', 'set', '--name', 'AzureCloud')),
    confirm: 'The next run signs in.',
    sources: ['docs: azure-stack az cloud register'],
  },
  'assertion-expired': {
    title: 'the token that the login began with has expired',
    seen: 'AADSTS700024.',
    why: 'A federated login of the Azure CLI can get tokens for new audiences only while the token it began with lives: minutes.',
    fix: say(
      'Sign in right before this step, or give client-id and tenant-id to this step: it asks for a fresh token whenever it needs one.',
    ),
    confirm: 'The next run signs in.',
    sources: ['docs: entra/identity-platform/reference-error-codes', 'Azure/login#372'],
  },
  'login-expired': {
    title: 'the login has expired',
    seen: 'AADSTS70043, AADSTS700082, AADSTS50173.',
    why: 'Entra wants the user to sign in again.',
    fix: () => fix('Sign in again.', command('az', 'login')),
    confirm: 'The next run signs in.',
    sources: ['docs: entra/identity-platform/reference-error-codes'],
  },
  'conditional-access': {
    title: 'a Conditional Access policy stands in the way',
    seen: 'AADSTS53003, AADSTS50076, AADSTS530034.',
    why: 'A policy of the tenant asks for more than this login has shown.',
    fix: say("Ask the tenant's administrators which policy it is."),
    confirm: 'The next run signs in.',
    sources: ['docs: entra/identity-platform/reference-error-codes'],
  },
  'application-disabled': {
    title: 'the application is disabled',
    seen: 'AADSTS7000112.',
    why: 'The application that signs in was disabled in the tenant.',
    fix: say('Enable it in Entra, or sign in as another.'),
    confirm: 'The next run signs in.',
    sources: ['docs: entra/identity-platform/reference-error-codes'],
  },
  'resource-not-in-tenant': {
    title: 'the tenant does not know the service that a token was asked for',
    seen: 'AADSTS500011, AADSTS650052.',
    why: 'The login is in another tenant than the cluster or the registry, or the service was never used there.',
    fix: say('Sign in to the tenant that the cluster and the registry belong to.'),
    confirm: 'The next run signs in.',
    sources: ['docs: entra/identity-platform/reference-error-codes'],
  },
  'sign-in-refused': {
    title: 'the sign-in was refused',
    seen: 'Another AADSTS code, which stands in the message.',
    why: 'Entra refused for a reason that is none of the known ones; its own words stand beside it.',
    fix: say(
      "Look the code up at https://login.microsoftonline.com/error and at the application's sign-in logs.",
    ),
    confirm: 'The next run signs in.',
    sources: ['docs: entra/identity-platform/reference-error-codes'],
  },
  'arm-unreachable': {
    title: 'Azure Resource Manager cannot be reached',
    seen: 'A time-out or a refused connection to management.azure.com.',
    why: 'No answer came from Azure Resource Manager: the network, a proxy or a firewall on the way from here.',
    fix: say(
      'Check the network, HTTPS_PROXY and the CA certificates of the machine that runs this; then run it again.',
    ),
    confirm: 'The same run gets past this point.',
    sources: ['docs: azure-resource-manager/management/tls-support'],
  },
  'arm-error': {
    title: 'Azure refused or failed the request',
    seen: 'An error of Azure Resource Manager with a code that no other cause has.',
    why: 'Azure answered with an error that is none of the known ones; its own words stand beside it.',
    fix: say(
      "Read Azure's own words; if they name no remedy, run again with debug logging and look at the request that failed.",
    ),
    confirm: 'The same run gets past this point.',
    sources: ['docs: azure-resource-manager common-deployment-errors'],
  },
  'cluster-not-found': {
    title: 'the cluster was not found',
    seen: 'Code ResourceNotFound or ResourceGroupNotFound for the cluster.',
    why: 'There is no cluster of that name in that resource group and subscription.',
    fix: () =>
      fix(
        'Compare the name, the resource group and the subscription with what is there.',
        command('az', 'aks', 'list', '--query', '[].{name:name, group:resourceGroup}', '-o', 'table'),
      ),
    confirm: 'az aks show -g GROUP -n NAME prints the cluster.',
    sources: ['docs: azure-resource-manager common-deployment-errors'],
  },
  'registry-not-found': {
    title: 'the registry was not found',
    seen: 'Code ResourceNotFound for the registry, or no registry of that name in any list.',
    why: 'No registry of that name exists where this login can see, or this login may not read it: Azure shows nobody what they may not read.',
    fix: ({ caller, wantedRegistry, writes, registryAnswers }) => {
      const role = roleForAction(writes === true ? GRANT_ACTION : READ_REGISTRY);
      if (caller === undefined || wantedRegistry === undefined || role === undefined) {
        return fix('Compare the name and the subscription with what is there.', LIST_REGISTRIES);
      }
      const elsewhere =
        registryAnswers === true
          ? ' A registry does answer by that name: if it belongs to another tenant, no managed identity of this one can pull from it (see registry-in-another-tenant).'
          : '';
      return fix(
        `Compare the name with what is there (first command). If it is right, have the login (object id ${caller.objectId}) given ${role.role} at the registry (second command).${elsewhere}`,
        LIST_REGISTRIES,
        giveRole(role, caller, {
          ask: `az acr list --query "[?loginServer=='${wantedRegistry}' || name=='${wantedRegistry}'].id" -o tsv`,
          literal: `<id of ${wantedRegistry}>`,
        }),
      );
    },
    confirm: 'az acr show -n NAME prints the registry.',
    sources: [
      'docs: azure-resource-manager common-deployment-errors',
      'docs: container-registry/container-registry-get-started-azure-cli',
    ],
  },
  'registry-in-another-tenant': {
    title: 'the registry belongs to another tenant',
    seen: "The registry's subscription belongs to another tenant than the kubelet identity.",
    why: "A managed identity lives in one tenant, and a registry takes role assignments of its own tenant's principals alone. So no grant can ever let this cluster's identity pull from there.",
    fix: ({ wantedRegistry, wantedTenant }) => {
      const registry = wantedRegistry ?? '<registry>';
      const [name = registry] = registry.split('.');
      return fix(
        `Copy the images into a registry of the cluster's own tenant, once (first command) or by an artifact cache rule, and pull from that; or pull with a secret: a token of the registry for just these repositories (second command, signed in to ${wantedTenant === undefined ? 'its tenant' : `tenant ${wantedTenant}`}), named in imagePullSecrets.`,
        command(
          ...['az', 'acr', 'import', '-n', '<own registry>', '--source', `${registry}/<repository>:<tag>`],
          ...['--username', '<token name>', '--password', '<token password>'],
        ),
        command(
          ...['az', 'acr', 'token', 'create', '-r', name, '-n', 'aks-pull'],
          ...['--repository', '<repository>', 'content/read', 'metadata/read'],
        ),
      );
    },
    sources: [
      'Azure/acr#427',
      'Azure/acr#781',
      'Azure/AKS#4190',
      'docs: container-registry/authenticate-aks-cross-tenant',
    ],
    confirm: "A check of the registry in the cluster's own tenant, or with the pull secret, passes.",
  },
  'arm-authorization-missing': {
    title: 'the login lacks a right in Azure',
    seen: 'Code AuthorizationFailed.',
    why: 'Azure Resource Manager refused because the signed-in principal has no role assignment with this action at this scope.',
    fix: (facts) => {
      const right = giveMissingRight(facts);
      const action = facts.missing?.action ?? '';
      const writes = /roleAssignments\/write$/i.test(action);
      const deletes = /roleAssignments\/delete$/i.test(action) && facts.removes !== undefined;
      const role = facts.missing === undefined ? undefined : roleForAction(facts.missing.action)?.role;
      const give =
        role === undefined
          ? 'Have the login given a role with this action'
          : `Have the login (object id ${facts.caller?.objectId ?? 'unknown'}) given ${role}`;
      return writes || deletes
        ? fix(
            `Either someone who may ${writes ? 'makes' : 'removes'} the grant (first command), or ${give[0]?.toLowerCase() ?? ''}${give.slice(1)} (second command) and this runs again.`,
            writes ? grantCommand(facts) : removeCommand(facts),
            right,
          )
        : fix(`${nameFirst(facts.missing)}${give}, then run this again.`, right);
    },
    confirm: 'The same run gets past this point.',
    sources: [
      'azure-docs:role-based-access-control/troubleshooting',
      'recording: roleAssignments.403.AuthorizationFailed.json',
    ],
  },
  'arm-abac-condition': {
    title: "the login may assign roles only under a condition, and this grant doesn't meet it",
    seen: '"has an authorization with ABAC condition that is not fulfilled".',
    why: 'The login is a constrained delegate: its right to assign roles has a condition on which roles or principals it covers.',
    fix: (facts) => {
      const makes = facts.removes === undefined;
      // A second assignment of the same role to the login at the registry would be refused: there the condition is changed.
      const atRegistry = facts.obstacles?.delegations?.some((one) => one.atRegistry) === true;
      const itself = makes ? grantCommand(facts) : removeCommand(facts);
      return fix(
        `Have someone who may ${makes ? 'make' : 'remove'} the grant (first command). Or have the condition extended to ${facts.role?.name ?? 'the pull role'} for service principals${atRegistry ? '' : '; or have the login given the right to assign just the two pull roles at this registry (last command) and run this again'}.`,
        itself,
        atRegistry ? undefined : delegateCommand(facts),
      );
    },
    confirm: 'The same run gets past this point.',
    sources: [
      'docs: role-based-access-control/delegate-role-assignments-overview',
      'recording: errors.quoted-in-public-docs.json',
    ],
  },
  'arm-pim-not-active': {
    title: 'the login has the right, but it is not switched on',
    seen: 'Code AuthorizationFailed, though the role is listed as eligible.',
    why: 'Privileged Identity Management lets the login switch a role with this right on for some hours. Until then the role counts for nothing.',
    fix: (facts) =>
      fix(
        `Activate ${facts.obstacles?.eligible?.join(' or ') ?? 'the role'} (https://portal.azure.com/#view/Microsoft_Azure_PIMCommon/ActivationMenuBlade/~/azurerbac), sign in anew and run this again; or have someone who may make the grant.`,
        grantCommand(facts),
      ),
    confirm: 'The same run gets past this point.',
    sources: [
      'docs: entra/id-governance/privileged-identity-management/pim-resource-roles-activate-your-roles',
    ],
  },
  'grant-condition-owned-elsewhere': {
    title: 'a grant that this tool did not make holds too little',
    seen: 'A role assignment of the pull role bears a condition that names fewer repositories than are asked.',
    why: "Azure takes one assignment of a role for a principal at a scope. Somebody else's is there, limited by a condition to less than is asked; what this tool did not make it does not change, and a second one would be refused.",
    fix: (facts) =>
      fix(
        'Have its owner widen it: the command writes the same role assignment anew, with what it holds and what is asked. Or have it deleted, and run this again: then the grant is this tool’s.',
        widenCommand(facts),
      ),
    confirm: 'A check of the repositories passes.',
    sources: [
      'docs: container-registry/container-registry-rbac-abac-repository-permissions',
      'recording: roleAssignments.PUT.condition.json',
    ],
  },
  'arm-deny-assignment': {
    title: 'a deny assignment forbids the change',
    seen: 'Code DenyAssignmentAuthorizationFailed.',
    why: 'Deny assignments take rights away whatever roles give. Azure makes them: for deployment stacks, managed applications and locked-down node resource groups.',
    fix: ({ registry }) =>
      fix(
        'Have whoever owns the deployment stack or the application that made it leave this login out of it, or make the grant. The command shows it.',
        registry && command('az', 'rest', '--method', 'get', '--url', denyAssignmentsOf(registry)),
      ),
    confirm: 'The same run gets past this point.',
    sources: ['docs: role-based-access-control/deny-assignments'],
  },
  'arm-scope-locked': {
    title: 'a lock forbids the change',
    seen: 'Code ScopeLocked.',
    why: 'A read-only lock on the registry, its resource group or its subscription also forbids role assignments; a delete lock forbids to remove them.',
    fix: ({ obstacles, registry }) => {
      const locks = obstacles?.locks ?? [];
      return locks.length > 0
        ? fix(
            `Have ${locks.map(({ name, level }) => `the lock ${name} (${level})`).join(' and ')} lifted, run this again, and put it back.`,
            ...locks.map((lock) => liftLock(lock, registry?.apart)),
          )
        : fix(
            'Have the lock lifted while the grant is made or removed.',
            ...(obstacles?.lockedScopes ?? (registry === undefined ? [] : [registry.id])).map((scope) =>
              showLocks(scope, registry?.apart),
            ),
          );
    },
    confirm: 'The same run gets past this point.',
    sources: ['docs: azure-resource-manager lock-resources', 'Azure/apiops#606'],
  },
  'arm-role-limit': {
    title: 'the subscription holds no more role assignments',
    seen: 'Code RoleAssignmentLimitExceeded.',
    why: 'A subscription holds at most 4,000 role assignments.',
    fix: ({ registry }) =>
      fix(
        'Remove role assignments that are no longer needed: those whose principal has no name any more are of deleted ones.',
        command(
          ...[
            'az',
            'role',
            'assignment',
            'list',
            '--all',
            ...(registry === undefined ? [] : inSubscription(registry)),
          ],
          ...['-o', 'table', '--query'],
          "[?principalName==''].{id:id, role:roleDefinitionName}",
        ),
      ),
    confirm: 'The same run gets past this point.',
    sources: [
      'azure-docs:role-based-access-control/troubleshooting',
      'recording: errors.quoted-in-public-docs.json',
    ],
  },
  'arm-policy-denied': {
    title: 'an Azure Policy forbids the change',
    seen: 'Code RequestDisallowedByPolicy.',
    why: 'A policy assignment with the effect deny covers role assignments at this scope.',
    fix: ({ obstacles, registry }) => {
      const policies = obstacles?.policies ?? [];
      const named = policies.map(({ name }) => `"${name}"`).join(' and ');
      return fix(
        `Ask the owner of the policy${named === '' ? '' : ` ${named}`} for an exemption of the registry, then run this again.`,
        ...(registry === undefined ? [] : policies.map(({ id }) => exempt(id, registryScope(registry)))),
      );
    },
    confirm: 'The same run gets past this point.',
    sources: ['SupportArticles:requestdisallowedbypolicy-error', 'Azure/azure-powershell#14563'],
  },
  'arm-role-update-not-permitted': {
    title: "the grant's name is taken by another grant",
    seen: 'Code RoleAssignmentUpdateNotPermitted.',
    why: 'A role assignment of the same name belongs to another principal, role or scope, and these can never be changed. So it goes when an identity was made anew and a template kept the name.',
    fix: ({ grant, obstacles, registry }) =>
      fix(
        'Look who has it (first command). If that is no longer needed, delete it (second command), then run this again.',
        grant && showAssignmentNamed(grant.name, registry ?? { id: grant.scope }),
        grant && deleteAssignmentNamed(grant.name, registry ?? { id: grant.scope }, obstacles?.named?.id),
      ),
    confirm: 'The same run gets past this point.',
    sources: [
      'azure-docs:role-based-access-control/troubleshooting',
      'recording: errors.quoted-in-public-docs.json',
    ],
  },
  'arm-condition-invalid': {
    title: "Azure doesn't take the grant's condition",
    seen: '"role assignment condition is invalid".',
    why: 'Azure reads conditions in version 2.0 alone, and only on roles with the actions that the condition names.',
    fix: say(
      'Run without repositories: then the grant has no condition. And tell us: the condition is ours.',
    ),
    confirm: 'The same run gets past this point.',
    sources: ['MicrosoftDocs/azure-docs#119449', 'Azure/azure-cli#15683'],
  },
  'arm-subscription-disabled': {
    title: 'the subscription is disabled, so nothing in it can be changed',
    seen: 'Code ReadOnlyDisabledSubscription.',
    why: 'Azure makes a subscription read-only when its payment, its credit or its trial has ended, or when an administrator disables it.',
    fix: () =>
      fix(
        'Have the subscription enabled again, then run this again.',
        command('az', 'account', 'list', '--all', '--query', '[].{name:name, state:state}', '-o', 'table'),
      ),
    confirm: 'az account show --query state prints Enabled.',
    sources: ['docs: azure-resource-manager common-deployment-errors'],
  },
  'arm-tenant-mismatch': {
    title: 'the login is in another tenant than the subscription',
    seen: 'Code InvalidAuthenticationTokenTenant.',
    why: 'Azure Resource Manager takes tokens of the tenant that the subscription belongs to, and of no other.',
    fix: ({ wantedTenant }) =>
      fix(
        `Sign in to ${wantedTenant === undefined ? "the subscription's tenant, which the message names" : `tenant ${wantedTenant}`}: tenant-id, or the login before this step.`,
        wantedTenant === undefined ? undefined : command('az', 'login', '--tenant', wantedTenant),
      ),
    confirm: 'az account show --query tenantId prints the tenant of the subscription.',
    sources: ['docs: azure-resource-manager common-deployment-errors'],
  },
  'arm-throttled': {
    title: 'Azure throttles this login',
    seen: 'Status 429, code SubscriptionRequestsThrottled or TooManyRequests.',
    why: 'Too many requests came from this login, or for this subscription, at once; it was tried again as Azure asked, and refused each time.',
    fix: say('Run this again in some minutes, and fewer runs at the same time.'),
    confirm: 'The same run gets past this point.',
    sources: ['docs: azure-resource-manager request-limits-and-throttling', 'recording: throttling.429.json'],
  },
  'probe-image-not-imported': {
    title: 'the registry could not copy the probe image',
    seen: "An error of the registry's importImage.",
    why: "With import-probe-image the registry fetches a tiny image from Microsoft's public registry by itself. One whose network rules keep out trusted Azure services refuses its own service too; one that is full, or busy with another change, refuses as well.",
    fix: ({ registry }) =>
      fix(
        'If the registry is restricted to some networks, let trusted Azure services in (first command shows it, the second does it). Else name an image that is there, by input image.',
        ...(registry === undefined
          ? []
          : [
              command(
                'az',
                'acr',
                'show',
                ...inRegistry(registry),
                '--query',
                'networkRuleBypassOptions',
                '-o',
                'tsv',
              ),
              command('az', 'acr', 'update', ...inRegistry(registry), '--allow-trusted-services', 'true'),
            ]),
      ),
    confirm: 'az acr repository show-tags -n NAME --repository aks-acr-pull/probe prints the tag.',
    sources: [
      'docs: container-registry/container-registry-import-images',
      'docs: container-registry/allow-access-trusted-services',
    ],
  },
  'arm-principal-not-found-replication': {
    title: 'Entra ID does not know the kubelet identity',
    seen: 'Code PrincipalNotFound.',
    why: 'The identity was made moments ago and is not replicated yet, or it was deleted, or it lives in another tenant.',
    fix: (facts) =>
      fix(
        'If the cluster is new, run this again in some minutes. Else look whether the identity still exists.',
        facts.kubeletObjectId === undefined
          ? undefined
          : command(
              'az',
              'ad',
              'sp',
              'show',
              '--id',
              facts.cluster === undefined
                ? facts.kubeletObjectId
                : kubeletObjectId(facts.cluster, facts.kubeletObjectId),
            ),
      ),
    confirm: 'The same run gets past this point.',
    sources: [
      'azure-docs:role-based-access-control/troubleshooting',
      'recording: roleAssignments.400.PrincipalNotFound.json',
    ],
  },
  'cluster-stopped': {
    title: 'the cluster is stopped',
    seen: 'powerState is Stopped.',
    why: 'A stopped cluster has no nodes and no API server, so nothing can be pulled there.',
    fix: ({ cluster }) =>
      fix(
        'Start the cluster, then run this again.',
        cluster && command('az', 'aks', 'start', '-g', cluster.resourceGroup, '-n', cluster.name),
      ),
    confirm: 'az aks show --query powerState.code prints Running.',
    sources: ['docs: aks/start-stop-cluster'],
  },
  'cluster-being-made': {
    title: 'the cluster is still being made',
    seen: 'provisioningState is Creating, and there is no kubelet identity yet.',
    why: 'Azure names the kubelet identity only when the cluster is far enough along.',
    fix: ({ cluster }) =>
      fix(
        'Wait until the cluster is there, then run this again.',
        cluster && command('az', 'aks', 'wait', '--created', '-g', cluster.resourceGroup, '-n', cluster.name),
      ),
    confirm: 'az aks show --query provisioningState prints Succeeded.',
    sources: ['recording: managedClusters.GET.variants.json'],
  },
  'cluster-being-deleted': {
    title: 'the cluster is being deleted',
    seen: 'provisioningState is Deleting.',
    why: 'Its provisioning state is Deleting.',
    fix: say('Use another cluster.'),
    confirm: 'Another cluster is checked.',
    sources: ['recording: managedClusters.GET.variants.json'],
  },
  'service-principal-cluster': {
    title: 'the nodes use a service principal, whose object id Azure does not tell here',
    seen: 'The cluster names an application id as servicePrincipalProfile, and no kubelet identity.',
    why: 'The cluster was made with a service principal instead of managed identities. Roles go to its object id, and the cluster only names its application id.',
    fix: ({ servicePrincipalClientId, cluster }) =>
      fix(
        'Give the object id as input kubelet-object-id; or better, move the cluster to managed identities.',
        command(
          'az',
          'ad',
          'sp',
          'show',
          '--id',
          servicePrincipalClientId ?? '<application id>',
          '--query',
          'id',
          '-o',
          'tsv',
        ),
        cluster &&
          command(
            'az',
            'aks',
            'update',
            '-g',
            cluster.resourceGroup,
            '-n',
            cluster.name,
            '--enable-managed-identity',
            '--yes',
          ),
      ),
    confirm: 'A check with kubelet-object-id passes.',
    sources: ['docs: aks/update-credentials', 'docs: aks/use-managed-identity'],
  },
  'registry-mode-unknown': {
    title: "the registry's role assignment mode is unknown",
    seen: "The registry's properties hold no roleAssignmentMode.",
    why: "Azure's answer didn't say whether the registry takes AcrPull or repository roles, so the right role can't be told.",
    fix: ({ registry }) =>
      fix(
        'Look at the mode.',
        registry && command('az', 'acr', 'show', ...inRegistry(registry), '--query', 'roleAssignmentMode'),
      ),
    confirm: 'az acr show --query roleAssignmentMode prints a mode.',
    sources: ['docs: container-registry/container-registry-rbac-abac-repository-permissions'],
  },
  'unauthorized-no-role': {
    title: 'the kubelet identity has no role that lets it pull',
    seen: 'A refusal, 401 or "authorization failed", and no role assignment at the registry that reaches the kubelet identity.',
    why: "Nodes pull as the cluster's kubelet identity, and no role assignment that reaches it lets it read from this registry.",
    fix: (facts) =>
      fix(
        `Give ${facts.role?.name ?? 'the pull role'} to the kubelet identity at the registry; mode connect does it.`,
        grantCommand(facts),
      ),
    confirm: 'A check of the pool passes.',
    sources: [
      'SupportArticles:cannot-pull-image-from-acr-to-aks-cluster',
      'Azure/acr#695',
      'Azure/AKS#1349',
      'docs: aks/cluster-container-registry-integration',
    ],
  },
  'repository-not-granted': {
    title: 'the grant is limited to other repositories',
    seen: 'A refusal for one repository, while others of the registry pull.',
    why: 'On an ABAC-enabled registry a grant may hold for some repositories alone. The one that is there does not hold all that is asked.',
    fix: (facts) =>
      fix(
        'Have it hold these too: mode connect does it, with repositories for what it shall be limited to, or without for the whole registry.',
        grantCommand(facts),
      ),
    confirm: 'A check of that repository passes.',
    sources: ['docs: container-registry/container-registry-rbac-abac-repository-permissions'],
  },
  'repositories-need-abac': {
    title: "the registry's grants hold for the whole registry",
    seen: "repositories is given, and the registry's mode is LegacyRegistryPermissions.",
    why: 'Only a registry in the mode "RBAC Registry + ABAC Repository Permissions" knows grants for single repositories; AcrPull always holds for all of them.',
    fix: say(
      'Leave out repositories. Or move the registry to that mode first; then AcrPull stops counting for everyone who has it.',
    ),
    confirm: 'az acr show --query roleAssignmentMode prints AbacRepositoryPermissions.',
    sources: ['docs: container-registry/container-registry-rbac-abac-repository-permissions'],
  },
  'abac-wrong-role': {
    title: 'the kubelet identity has a role that this ABAC-enabled registry ignores',
    seen: 'A refusal, though AcrPull is assigned; roleAssignmentMode is AbacRepositoryPermissions.',
    why: 'A registry in the mode "RBAC Registry + ABAC Repository Permissions" takes only repository roles: AcrPull, Reader, Contributor and Owner let nobody pull there.',
    fix: (facts) =>
      fix(
        `Give ${REPOSITORY_READER.name} to the kubelet identity at the registry; mode connect does it.`,
        grantCommand(facts),
      ),
    confirm: 'A check of the pool passes.',
    sources: [
      'docs: container-registry/container-registry-rbac-abac-repository-permissions',
      'recording: acr.abac.recording.json',
    ],
  },
  'legacy-wrong-role': {
    title: 'the kubelet identity has a repository role, which this registry ignores',
    seen: 'A refusal, though Container Registry Repository Reader is assigned; roleAssignmentMode is LegacyRegistryPermissions.',
    why: 'A registry in the mode "RBAC Registry Permissions" takes AcrPull; repository roles count only once the registry is ABAC-enabled.',
    fix: (facts) =>
      fix(
        `Give ${ACR_PULL.name} to the kubelet identity at the registry; mode connect does it.`,
        grantCommand(facts),
      ),
    confirm: 'A check of the pool passes.',
    sources: ['docs: container-registry/container-registry-rbac-abac-repository-permissions'],
  },
  'deny-assignment-on-pull': {
    title: 'a deny assignment keeps the kubelet identity from pulling',
    seen: 'A refusal, though a role is assigned that lets it pull.',
    why: 'A deny assignment takes rights away whatever roles give them. Only Azure makes them: for managed applications, deployment stacks and locked-down resource groups. No grant helps while it is there.',
    fix: ({ registry }) =>
      fix(
        'Have whoever owns the managed application or the deployment stack exclude the kubelet identity from it, or keep images in a registry that it does not cover. This shows it in full.',
        registry && command('az', 'rest', '--method', 'get', '--url', denyAssignmentsOf(registry)),
      ),
    confirm: 'A check of the pool passes.',
    sources: ['docs: role-based-access-control/deny-assignments'],
  },
  'access-unknown': {
    title: "it can't be told whether the kubelet identity may pull",
    seen: 'A list of role assignments that could not be read, or a condition of a shape of its own.',
    why: 'Part of what decides it could not be read, or is a condition that is not evaluated here.',
    fix: (facts) => {
      const { unseen = 'assignments' } = facts;
      return fix(UNSEEN[unseen], unseen === 'groups' ? grantCommand(facts) : giveMissingRight(facts));
    },
    confirm: 'A check says who may pull.',
    sources: ['docs: role-based-access-control/conditions-format'],
  },
  'grant-not-effective-yet': {
    title: 'the grant is there, but does not work yet',
    seen: 'A refusal within half an hour after the role assignment was made.',
    why: 'A new role assignment takes minutes until registries know it: up to ten for a direct one, longer through a group.',
    fix: ({ cluster, registry }) =>
      fix(
        'Nothing is wrong. Wait, then check again.',
        cluster &&
          registry &&
          command(
            'aks-acr-pull',
            'check',
            '--cluster',
            clusterScope(cluster),
            '--registry',
            registry.loginServer,
          ),
      ),
    confirm: 'The same check passes later with nothing changed.',
    sources: ['azure-docs:role-based-access-control/troubleshooting', 'Azure/AKS#1349'],
  },
  'pulled-without-the-identity': {
    title: 'the pull worked, but not because of the kubelet identity',
    seen: 'The probe pulled, and no role lets the kubelet identity.',
    why: 'No role lets the kubelet identity pull, and yet the node did: the registry is open to anonymous pulls, or a credential or mirror is configured on the node.',
    fix: (facts) =>
      fix('Make the grant (mode connect), then find and remove what let the node pull.', grantCommand(facts)),
    confirm:
      "The registry's anonymousPullEnabled is false, and the pull is refused until the grant is there.",
    sources: ['docs: container-registry/anonymous-pull-access'],
  },
  'no-nodes': {
    title: 'there is no node to pull on',
    seen: 'count of the pool is 0, or no pool has that name.',
    why: 'Every requested pool has zero nodes, or no pool of that name exists.',
    fix: ({ cluster, nodePool }) => {
      const pools = ['--cluster-name', cluster?.name ?? ''];
      return fix(
        nodePool === undefined
          ? 'Name pools that run nodes, or scale one up. The command lists them.'
          : 'Name pools that run nodes (first command), or scale this one up (second command).',
        cluster &&
          command('az', 'aks', 'nodepool', 'list', '-g', cluster.resourceGroup, ...pools, '-o', 'table'),
        cluster && nodePool !== undefined
          ? command(
              ...['az', 'aks', 'nodepool', 'scale', '-g', cluster.resourceGroup, ...pools],
              ...['-n', nodePool, '--node-count', '1'],
            )
          : undefined,
      );
    },
    confirm: 'kubectl get nodes lists a node of the pool.',
    sources: ['docs: aks/scale-cluster'],
  },
  'node-not-ready': {
    title: 'the node is not ready',
    seen: 'The node is NotReady, or cordoned.',
    why: 'A node that is starting, failing or going takes no pods, so nothing was pulled there.',
    fix: () =>
      fix('Look at the nodes; run this again when they are ready.', command('kubectl', 'get', 'nodes')),
    confirm: 'kubectl get nodes says Ready.',
    sources: ['docs: kubernetes.io concepts/architecture/nodes'],
  },
  'nodes-unreadable': {
    title: 'the nodes cannot be listed',
    seen: 'Status 403 for the list of nodes.',
    why: 'nodes: all pulls on every node by its name, so the login must be able to list them.',
    fix: ({ caller, cluster }) =>
      caller === undefined || cluster === undefined || cluster.azureRbac === false
        ? fix(
            'Have the login given the right to list nodes (a ClusterRole with get and list), or ask for nodes: one.',
          )
        : fix(
            'Give the login Azure Kubernetes Service RBAC Cluster Admin, the least built-in role that reads nodes, or ask for nodes: one.',
            assignRole(
              'b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b',
              caller.objectId,
              caller.type,
              clusterScope(cluster),
            ),
          ),
    confirm: 'kubectl auth can-i list nodes prints yes.',
    sources: ['docs: kubernetes.io reference/access-authn-authz/rbac'],
  },
  'audit-list-forbidden': {
    title: 'the login may not list what an audit reads',
    seen: 'Status 403 for a list of secrets, service accounts, pods or workloads.',
    why: 'An audit reads pull secrets, service accounts, pods and workloads in all namespaces. What could not be listed is not "nothing there", so the result is unknown.',
    fix: ({ caller, cluster }) => {
      if (caller === undefined || cluster === undefined)
        return fix(
          'On a cluster with Azure RBAC, give the login Azure Kubernetes Service RBAC Writer at the cluster, the least built-in role that reads Secrets; otherwise a ClusterRole that lists secrets, serviceaccounts, pods and workloads.',
        );
      if (cluster.azureRbac === false)
        return fix(
          'Have an administrator of the cluster give the login this ClusterRole.',
          applied(auditRole(caller.userName ?? caller.objectId)),
        );
      return fix(
        'Give the login Azure Kubernetes Service RBAC Writer at the cluster, the least built-in role that reads Secrets, or the custom role in docs/permissions.md.',
        assignRole(
          'a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb',
          caller.objectId,
          caller.type,
          clusterScope(cluster),
        ),
      );
    },
    confirm: 'kubectl auth can-i list secrets -A prints yes.',
    sources: ['docs: kubernetes.io reference/access-authn-authz/rbac'],
  },
  'audit-list-unanswered': {
    title: 'the API server gave no whole list',
    seen: 'A list that ends with 410, 5xx or a time-out.',
    why: 'A list ended with an error, or was not answered, so there may be more than was seen.',
    fix: say('Run the audit again; if it stays so, look how the API server is.'),
    confirm: 'The same audit reads the list to its end.',
    sources: ['docs: kubernetes.io reference/using-api/api-concepts'],
  },
  'api-server-unreachable': {
    title: "the cluster's API server cannot be reached from here",
    seen: '"dial tcp … i/o timeout" or "no such host" for the address of the API server.',
    why: 'No answer came: a private cluster, an address range that leaves this machine out, or a proxy.',
    fix: say(
      "Run this where the API server can be reached: a runner in the cluster's network, or an address in its authorised ranges; or let it go through AKS run command: cluster-access: run-command.",
    ),
    confirm: 'kubectl version prints a server version from this machine.',
    sources: ['docs: aks/access-private-cluster', 'docs: aks/api-server-authorized-ip-ranges'],
  },
  'run-command-disabled': {
    title: 'run command is switched off for the cluster',
    seen: 'disableRunCommand is true.',
    why: 'The API server cannot be reached from here, and the way round it, AKS run command, is disabled in the cluster (disableRunCommand).',
    fix: ({ cluster }) =>
      fix(
        "Run this where the API server can be reached, such as a runner in the cluster's network; or switch run command on.",
        cluster &&
          command(
            'az',
            'aks',
            'update',
            '-g',
            cluster.resourceGroup,
            '-n',
            cluster.name,
            '--enable-run-command',
          ),
      ),
    confirm: 'az aks command invoke answers.',
    sources: ['docs: aks/access-private-cluster'],
  },
  'run-command-failed': {
    title: 'AKS run command came to no answer',
    seen: 'A command that stays in Running or Failed without output.',
    why: 'AKS makes a pod in the namespace aks-command for each command; it could not be scheduled, admitted or started in time, or kubectl in it got no further. That says nothing about pulls.',
    fix: ({ cluster }) =>
      fix(
        'Try a command by hand: its words say what stands in the way, such as a pool without room or a policy.',
        cluster &&
          command(
            'az',
            'aks',
            'command',
            'invoke',
            '-g',
            cluster.resourceGroup,
            '-n',
            cluster.name,
            '--command',
            'kubectl version',
          ),
      ),
    confirm: 'az aks command invoke -c "kubectl version" answers.',
    sources: ['docs: aks/access-private-cluster', 'recording: runCommand.json'],
  },
  'cluster-rights-missing': {
    title: 'the login may not do this in the cluster',
    seen: 'Status 403, "is forbidden: User … cannot …".',
    why: 'The API server knows the login, but no Kubernetes or Azure role gives it the right.',
    fix: ({ caller, cluster, namespace = 'default' }) => {
      if (caller === undefined || cluster === undefined)
        return fix(
          'On a cluster with Azure RBAC, give the login Azure Kubernetes Service RBAC Writer for the namespace; otherwise a Role for jobs, serviceaccounts, pods and events.',
        );
      if (cluster.azureRbac === false)
        return fix(
          `Have an administrator of the cluster give the login this Role in the namespace ${namespace}.`,
          applied(probeRole(namespace, caller.userName ?? caller.objectId)),
        );
      return fix(
        `Give the login Azure Kubernetes Service RBAC Writer for the namespace ${namespace}.`,
        assignRole('a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb', caller.objectId, caller.type, {
          // A namespace is an RFC 1123 label, held against its pattern when the input was read: it needs no quoting.
          ask: `az aks show -g ${shellWord(cluster.resourceGroup)} -n ${shellWord(cluster.name)} --query "join('/namespaces/', [id, '${namespace}'])" -o tsv`,
          literal: `${cluster.id}/namespaces/${namespace}`,
        }),
      );
    },
    confirm: 'kubectl auth can-i create jobs -n NAMESPACE prints yes.',
    sources: ['docs: kubernetes.io reference/access-authn-authz/rbac', 'docs: aks/manage-azure-rbac'],
  },
  'cluster-sign-in-refused': {
    title: 'the API server does not accept this login',
    seen: 'Status 401 of the API server.',
    why: 'The certificate or token was refused with 401: expired, from another tenant, or the cluster wants another way to sign in.',
    fix: ({ cluster }) =>
      fix(
        'Look how the cluster signs people in.',
        cluster &&
          command(
            'az',
            'aks',
            'show',
            '-g',
            cluster.resourceGroup,
            '-n',
            cluster.name,
            '--query',
            '{entra:aadProfile, localAccountsDisabled:disableLocalAccounts}',
          ),
      ),
    confirm: 'kubectl get namespaces answers with this login.',
    sources: ['docs: aks/enable-authentication-microsoft-entra-id'],
  },
  'namespace-missing': {
    title: 'the namespace does not exist',
    seen: 'namespaces "…" not found.',
    why: "The probe runs in a namespace that must be there; this tool doesn't make one.",
    fix: ({ namespace }) =>
      fix(
        'Name a namespace that exists, or make it.',
        command('kubectl', 'create', 'namespace', namespace ?? 'default'),
      ),
    confirm: 'kubectl get namespace NAME prints it.',
    sources: ['docs: kubernetes.io concepts/overview/working-with-objects/namespaces'],
  },
  'probe-refused': {
    title: 'the cluster refused the probe, so nothing could be pulled',
    seen: '"denied the request", "exceeded quota", "violates PodSecurity", in the words of the API server or of the Job.',
    why: 'A policy, a quota or admission control refused the pod before it could try. That says nothing about pulls.',
    fix: ({ refusedBy }) =>
      fix(
        refusedBy === undefined
          ? 'Read which policy or quota it was, and use a namespace where it does not apply (input namespace).'
          : `Use a namespace where ${refusedBy} does not apply (input namespace), or make room for the probe there: one pod of 100m CPU and 128 MiB, named aks-acr-pull-…, for the time of the pull.`,
      ),
    confirm: 'A check gets as far as the pull.',
    sources: [
      'kubernetes: apiserver/admission/plugin/webhook',
      'docs: kubernetes.io concepts/security/pod-security-admission',
    ],
  },
  'probe-unschedulable': {
    title: 'no node took the probe',
    seen: '"0/3 nodes are available: …".',
    why: 'The scheduler found no node of the pool with room for a pod of 100m CPU and 128 MiB.',
    fix: say('Make room on the pool or scale it up, then run this again.'),
    confirm: 'A check gets as far as the pull.',
    sources: ['docs: kubernetes.io concepts/scheduling-eviction/assign-pod-node'],
  },
  'probe-timed-out': {
    title: 'the pull came to no end in time',
    seen: 'The pod stays in Pulling, with no event after it.',
    why: 'The node neither finished nor failed the pull: a registry or data endpoint that hangs, a slow network, or an image of many gigabytes.',
    fix: say(
      'Look at the events of the node, and whether it can reach the login server and the data endpoint. In place of a very large image name a small one (input image): who may pull and the way are the same for both.',
    ),
    confirm: 'A check comes to an end.',
    sources: ['SupportArticles:context-deadline-exceeded'],
  },
  'pull-interrupted': {
    title: 'the node could not bring the pull to an end',
    seen: 'Evicted, Preempted, NodeLost, or a pod that is gone before it pulled.',
    why: 'Three times in a row nobody refused the pull, but the node was drained, evicted the pod, went away (spot), restarted its runtime or had no space left.',
    fix: () =>
      fix(
        'Look at the node and its events; run this again when it is well.',
        command('kubectl', 'get', 'events', '-A', '--field-selector', 'involvedObject.kind=Node'),
      ),
    confirm: 'A check of the pool passes.',
    sources: ['docs: kubernetes.io concepts/scheduling-eviction/node-pressure-eviction'],
  },
  'probe-changed': {
    title: 'the cluster changed the probe, so the pull proves nothing',
    seen: 'The pod as admitted has something that was not sent.',
    why: 'Admission rewrote the pod: it was given a pull secret, another image, command, account, identity or place. A pull by such a pod says nothing about the kubelet identity on that pool.',
    fix: say('Use a namespace where nothing is injected (input namespace), then run this again.'),
    confirm: 'A check gets as far as the pull.',
    sources: ['docs: kubernetes.io reference/access-authn-authz/admission-controllers'],
  },
  'tag-not-found': {
    title: 'the image is not in the registry',
    seen: '"manifest unknown", or gRPC NotFound from a registry that took the credential.',
    why: 'The registry answered that it has no such tag, digest or repository.',
    fix: ({ registry, image }) =>
      fix(
        'Look which tags there are.',
        registry && image !== undefined
          ? command('az', 'acr', 'repository', 'show-tags', ...inRegistry(registry), '--repository', image)
          : undefined,
      ),
    confirm: 'az acr manifest show -r NAME -n REPOSITORY:TAG prints the manifest.',
    sources: [
      'SupportArticles:cannot-pull-image-from-acr-to-aks-cluster',
      'distribution: registry/api/errcode',
    ],
  },
  'manifests-unreadable': {
    title: 'something that is to be deployed could not be read',
    seen: 'The check names file and line.',
    why: 'What could not be read may name any image, so whether its images can be pulled is not known. All else was checked.',
    fix: say('Correct what the check names, file by file; a pattern that begins with ! leaves a file out.'),
    confirm: 'The same check reads all files.',
    sources: ['docs/preflight.md'],
  },
  'no-image-of-registry': {
    family: 'image',
    title: 'nothing that is to be deployed names an image of the registries',
    seen: 'Every image that was found is of another registry.',
    why: 'The files were read, and their images are all of other registries. Most often the wrong registry or the wrong files are named, or the image is put in later, by a value that this step does not have.',
    fix: say(
      'Name the registry that the images are in, or give this step the values (helm-values, an overlay) that the deploy has.',
    ),
    confirm: 'The check lists an image of the registry.',
    sources: ['docs/preflight.md'],
  },
  'image-unseen': {
    family: 'image',
    title: 'the registry could not be asked about every image',
    seen: '401, 403 or no answer where this login asks the registry for the manifest.',
    why: 'This login may not read the repository, or the registry does not answer from here; and these images are not among those that were really pulled.',
    fix: say(
      'Let this login read the repositories (AcrPull, or Container Registry Repository Reader with ABAC), or have more of the images pulled: max-pulls.',
    ),
    confirm: 'The check says "there" of each image.',
    sources: ['docs: container-registry/container-registry-roles'],
  },
  'image-quarantined': {
    family: 'image',
    title: 'the image is in quarantine',
    seen: '"not found" for a tag that is listed.',
    why: "The registry holds new images back until a scanner passes them, and nodes don't see them until then.",
    fix: ({ registry }) =>
      fix(
        'Wait until it was scanned, or pass it.',
        registry &&
          command('az', 'acr', 'show', ...inRegistry(registry), '--query', 'policies.quarantinePolicy'),
      ),
    confirm: 'The quarantine state of the manifest is Passed.',
    sources: ['docs: container-registry/container-registry-faq, quarantine'],
  },
  'would-fill-node': {
    family: 'node',
    title: 'the pull would fill the disk of the node',
    seen: 'DiskPressure is True, or the image is larger than what the node has left.',
    why: 'The node is under disk pressure already, or the image with what the node has would pass the point from which kubelets remove images. A check must not cause that, so nothing was pulled there.',
    fix: () =>
      fix(
        'Make room on the nodes, or give the pool larger OS disks.',
        command('kubectl', 'describe', 'nodes'),
      ),
    confirm: 'kubectl describe node says DiskPressure False.',
    sources: ['kubernetes: pkg/kubelet/eviction'],
  },
  'platform-mismatch-arch': {
    title: 'the image has no version for this kind of node',
    seen: '"no match for platform in manifest", or "exec format error" once it runs.',
    why: 'An image runs only on the operating system and the architecture that it was built for, and this one was not built for those of the node pool.',
    fix: say(
      'Build and push the image for the platform of the pool too (docker buildx build --push, with --platform and all its platforms, such as linux/amd64,linux/arm64), or keep it off this pool by a nodeSelector for kubernetes.io/os and kubernetes.io/arch.',
    ),
    confirm:
      'The manifest lists the platform of the node: kubectl get nodes -L kubernetes.io/os,kubernetes.io/arch.',
    sources: [
      'SupportArticles:cannot-pull-image-from-acr-to-aks-cluster',
      'moby: distribution',
      'containers/image: docker, signature',
    ],
  },
  'firewall-403': {
    title: "the registry's firewall refuses the nodes",
    seen: '"client with IP … is not allowed access", or 403 Forbidden.',
    why: "The registry's network rules don't let the address of the nodes in.",
    fix: ({ registry, cluster, missingLink }) =>
      linked(missingLink) ??
      fix(
        "Give the registry a private endpoint in the nodes' network. Or, where it takes rules for addresses (first command shows them; Premium alone, with public access), let in the address that the nodes go out by: the second command does it for nodes behind the cluster's own load balancer.",
        registry && command('az', 'acr', 'network-rule', 'list', ...inRegistry(registry)),
        registry &&
          cluster &&
          command(
            ...['az', 'acr', 'network-rule', 'add', ...inRegistry(registry)],
            ...['--ip-address', outboundAddress(cluster)],
          ),
      ),
    confirm: 'The same pull passes from a node of the same pool.',
    sources: [
      'docs: container-registry/container-registry-firewall-access-rules',
      'docs: container-registry/container-registry-access-selected-networks',
      'SupportArticles:acr-authentication-errors',
      'recording: errors.quoted-in-public-docs.json',
    ],
  },
  'dns-nxdomain': {
    title: 'the node cannot resolve a host name of the registry',
    seen: '"no such host".',
    why: 'DNS as the node sees it has no such name: a missing private DNS zone link, or a name that is misspelt.',
    fix: ({ registry, namelessEndpoint }) =>
      (registry && namelessEndpoint && named(registry, namelessEndpoint)) ||
      fix(
        "Look at the DNS servers of the nodes' network and at the links of the private DNS zone privatelink.azurecr.io.",
      ),
    confirm: 'nslookup on a node prints an address.',
    sources: [
      'SupportArticles:cannot-pull-image-from-acr-to-aks-cluster',
      'docs: container-registry/container-registry-private-link',
      'go: src/net',
    ],
  },
  'connection-timeout': {
    title: 'the node cannot connect to the registry',
    seen: '"i/o timeout" or "connection refused" to a public address.',
    why: 'Packets from the node to the registry get no answer: a firewall, a route or a missing private endpoint.',
    fix: ({ missingLink }) =>
      linked(missingLink) ??
      fix('Look at the outbound rules of the nodes for the login server and the data endpoint on port 443.'),
    confirm: 'A connection to port 443 of the login server succeeds from a node.',
    sources: [
      'SupportArticles:cannot-pull-image-from-acr-to-aks-cluster',
      'docs: container-registry/container-registry-firewall-access-rules',
      'go: src/net',
    ],
  },
  'tls-unknown-authority': {
    title: "the node does not trust the registry's certificate",
    seen: '"x509: …".',
    why: 'Something on the way re-signs TLS, and the node does not know its authority.',
    fix: say('Exempt the registry from TLS inspection, or give the nodes the authority (custom CA trust).'),
    confirm: 'A TLS connection from a node shows a certificate that the node trusts.',
    sources: ['docs: aks/custom-certificate-authority', 'go: src/crypto/x509'],
  },
  'rate-limited-429': {
    title: 'the registry throttles',
    seen: '"429 Too Many Requests".',
    why: 'Too many requests reached the registry at once, more than its tier takes.',
    fix: say('Run this again later; a higher tier takes more.'),
    confirm: 'The same pull passes later.',
    sources: ['docs: container-registry/container-registry-skus', 'Azure/AKS#1400'],
  },
  'registry-5xx': {
    title: 'the registry failed',
    seen: '500 to 504 from the login server.',
    why: 'The registry answered with a server error.',
    fix: say("Run this again; look at Azure's service health if it stays."),
    confirm: 'The same pull passes later.',
    sources: [
      'docs: container-registry/container-registry-troubleshoot-performance',
      'capture: events-nocred.json',
    ],
  },
  'unauthorized-unresolved': {
    title: 'the registry refused the node, though the role is there',
    seen: 'A refusal, though every role is right.',
    why: 'The role assignment is right, and yet the node is refused. Its scale set may not hold the identity, it may use a cached credential, or the message hides another reason.',
    fix: ({ cluster }) =>
      fix(
        'Look whether every scale set of the nodes holds the kubelet identity.',
        cluster &&
          command(
            'az',
            'vmss',
            'list',
            '-g',
            {
              ask: `az aks show -g ${shellWord(cluster.resourceGroup)} -n ${shellWord(cluster.name)} --query nodeResourceGroup -o tsv`,
              literal: '<node resource group>',
            },
            '--query',
            '[].{name:name, identities:identity.userAssignedIdentities}',
            '-o',
            'json',
          ),
      ),
    confirm: 'A check of the pool passes.',
    sources: [
      'Azure/AKS#4593',
      'Azure/karpenter-provider-azure#197',
      'SupportArticles:cannot-pull-image-from-acr-to-aks-cluster',
    ],
  },
  'storage-endpoint-blocked': {
    title: 'the node cannot reach the endpoint that serves the layers',
    seen: 'The manifest comes, and a layer does not: an error at *.blob.core.windows.net or *.data.azurecr.io.',
    why: 'The registry answers, but layers come from another host (a data endpoint or blob storage), and that is blocked for the nodes.',
    fix: ({ registry }) =>
      fix(
        'Let the nodes reach it too; dedicated data endpoints give it a fixed name.',
        registry && command('az', 'acr', 'show-endpoints', ...inRegistry(registry)),
      ),
    confirm: 'The layers of the same image come: a check says that its content was proved.',
    sources: [
      'docs: container-registry/container-registry-firewall-access-rules',
      'docs: container-registry/container-registry-dedicated-data-endpoints',
      'Azure/AKS#1383',
    ],
  },
  undetermined: {
    title: 'the node refused the image for a reason that is not known here',
    seen: 'Words of the node that no rule knows, or that several causes fit.',
    why: "The message is none of the known ones; the node's own words stand beside it.",
    fix: say("Read the node's own words."),
    confirm: 'The next message is one that a page here has.',
    sources: ['docs/messages.md'],
  },
  'credential-withheld': {
    title: 'a credential would have gone to a host that may not have it',
    seen: 'An answer names a host that Azure has not named in this run.',
    why: 'An answer pointed to a host that this run has no reason to trust, so nothing was sent.',
    fix: say('Find out who changed the address: the kubeconfig, the registry or a proxy on the way.'),
    confirm: 'The address is again one that Azure names.',
    sources: ['docs/security.md'],
  },
  'ended-early': {
    title: 'the run was ended before it was done',
    seen: 'The CI system, or the limit, ended the run.',
    why: 'It was cancelled, or it reached its limit.',
    fix: say('Run it again, with a longer timeout if it was the limit.'),
    confirm: 'A run comes to its end.',
    sources: ['docs/contract.md'],
  },
} as const satisfies Record<string, Cause>;

export type CauseId = keyof typeof CATALOGUE;

/** All causes, by id. */
export const CAUSES: Readonly<Record<CauseId, Cause>> = CATALOGUE;

/** Families of the causes that don't name theirs. */
const FAMILIES: readonly { ids: RegExp; family: Family }[] = [
  {
    ids: /^(unauthorized|abac|legacy|access|grant|repository|repositories|pulled|service-principal|registry-mode)-/,
    family: 'access',
  },
  { ids: /^(tag-not-found|platform-mismatch-arch)$/, family: 'image' },
  {
    ids: /^(firewall-403|dns-nxdomain|connection-timeout|tls-unknown-authority|storage-endpoint-blocked)$/,
    family: 'network',
  },
  {
    ids: /^(registry-5xx|registry-not-found|rate-limited-429|probe-image-not-imported)$/,
    family: 'registry',
  },
  { ids: /^(no-nodes|node-|nodes-|pull-interrupted)/, family: 'node' },
  { ids: /^probe-refused$/, family: 'policy' },
  { ids: /^(cluster|api-server|run-command|namespace|probe)-/, family: 'cluster' },
  { ids: /^arm-/, family: 'azure' },
  {
    ids: /^(not-signed-in|azure-cli|id-token|sign-in|federated|application|tenant|client|managed-identity|cloud|assertion|login|conditional|resource-not-in)/,
    family: 'sign-in',
  },
];

/** What kind of thing is broken; `run` where it is the run itself. */
export function familyOf(id: CauseId): Family {
  return CAUSES[id].family ?? FAMILIES.find(({ ids }) => ids.test(id))?.family ?? 'run';
}

/** The page of a cause. */
export function pageOf(id: string): string {
  return `${DOCS}/${id}.md`;
}

/** Whether an id is one of the catalogue's. */
export function isCause(id: string): id is CauseId {
  return Object.hasOwn(CAUSES, id);
}
