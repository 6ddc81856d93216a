/** Causes that Azure Resource Manager's answers name. */
import { roleForAction } from '../../azure/rights.js';
import { giveMissingRight, giveRole } from '../caller-rights.js';
import type { Causes, FixFacts } from '../cause.js';
import {
  assignmentAt,
  command,
  deleteAssignmentNamed,
  exempt,
  inSubscription,
  kubeletObjectId,
  liftLock,
  registryScope,
  showAssignmentNamed,
  showLocks,
} from '../commands.js';
import type { Command } from '../commands.js';
import {
  GRANT_ACTION,
  check,
  grantCommand,
  showDenyAssignments,
  showKubeletIdentity,
} from '../fix-commands.js';
import { fix, say } from '../fixes.js';
import { RBAC_PAGE } from '../sources.js';

/** Shows the object id of whom the nodes pull as. */
function showPrincipal(facts: FixFacts): Command | undefined {
  const { servicePrincipalClientId: application } = facts;
  return application === undefined
    ? showKubeletIdentity(facts)
    : command('az', 'ad', 'sp', 'show', '--id', application, '--query', 'id', '-o', 'tsv');
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

export const AZURE = {
  'arm-role-exists': {
    title: 'the role assignment is there already',
    seen: 'Code RoleAssignmentExists.',
    why: 'The same role, scope and principal under another name: nothing is missing.',
    fix: (facts) => fix('Take it for success, once a check shows that it works.', check(facts)),
    confirm: 'A check passes.',
    sources: [
      'recording: roleAssignments.409.RoleAssignmentExists.json',
      'hashicorp/terraform-provider-azurerm#17421',
    ],
  },
  'arm-invalid-principal-id': {
    title: 'the id that was given is not the object id of a principal',
    seen: 'Code InvalidPrincipalId, or "does not exist in the directory" that stays.',
    why: 'Role assignments want the object id; a client id or a resource id is another thing.',
    fix: (facts) => fix('Give the object id of the identity that the nodes pull as.', showPrincipal(facts)),
    confirm: 'The assignment is made.',
    sources: [
      'hashicorp-education/learn-nomad-cluster-setup#48',
      'MicrosoftDocs/azure-docs#92278',
      RBAC_PAGE,
    ],
  },
  'arm-principal-not-found-cross-tenant': {
    title: "the cluster's identity belongs to another tenant than the registry",
    seen: 'az aks update --attach-acr: "Could not create a role assignment for ACR"; in its debug log, PrincipalNotFound.',
    why: 'Managed identities live in one tenant, and a role assignment takes only principals of its own.',
    fix: say(
      'Keep cluster and registry in one tenant, or copy the images into a registry of the cluster’s tenant.',
    ),
    confirm: 'Both show the same tenant id.',
    sources: ['Azure/AKS#4195', 'Azure/AKS#4190', 'Azure/acr#427'],
  },
  'attach-acr-false-error': {
    title: 'attach-acr says that it failed, but the role is there',
    seen: '"Could not create a role assignment for ACR. Are you an Owner on this subscription?"',
    why: 'The command prints the same line for every error, also after the assignment was made.',
    fix: (facts) => fix('Look by a check instead.', check(facts)),
    confirm: 'A check passes.',
    sources: ['Azure/AKS#3566', 'azure-cli: acs/_roleassignments.py'],
  },
  'arm-principal-type-mismatch': {
    title: 'the principal is of another type than was said',
    seen: 'Code UnmatchedPrincipalType.',
    why: 'principalType must be what the principal is: ServicePrincipal for managed identities.',
    fix: (facts) =>
      facts.principalGiven === true
        ? fix(
            "kubelet-object-id is a group's or a person's. Give the object id of the kubelet identity, which this shows.",
            showPrincipal(facts),
          )
        : fix('Send principalType ServicePrincipal for the kubelet identity.'),
    confirm: 'The assignment is made.',
    sources: [
      'recording: roleAssignments.400.UnmatchedPrincipalType.json',
      'Azure/modern-web-app-pattern-dotnet#129',
    ],
  },
  'arm-role-definition-missing': {
    title: 'there is no role of that id',
    seen: 'Code RoleDefinitionDoesNotExist.',
    why: 'The id of the role is misspelt, or is of a custom role of another tenant.',
    fix: () =>
      fix(
        'Compare the id with the role’s.',
        command('az', 'role', 'definition', 'list', '-n', 'AcrPull', '--query', '[].name', '-o', 'tsv'),
      ),
    confirm: 'The assignment is made.',
    sources: ['public project notes', 'JulianHayward/AzAPICall#23'],
  },
  'arm-linked-authorization': {
    title: 'a right on a resource that is linked is missing',
    seen: 'Code LinkedAuthorizationFailed.',
    why: 'The request also joins another resource, and the login may not do that there.',
    fix: say('Have the login given the action that the message names, at the linked scope that it names.'),
    confirm: 'The same request succeeds.',
    sources: ['SupportArticles:linkedauthorizationfailed-error', 'kubernetes-sigs/cloud-provider-azure#1999'],
  },
  'arm-graph-permission': {
    title: 'the login may not look up principals in the directory',
    seen: '"Insufficient privileges to complete the operation".',
    why: 'A command that is given a name or a client id asks Microsoft Graph for the object id, and the login may not read there.',
    fix: say('Give the object id and the principal type instead of a name: then nothing is looked up.'),
    confirm: 'The same command succeeds with --assignee-object-id and --assignee-principal-type.',
    sources: [RBAC_PAGE, 'Azure/azure-cli#20559'],
  },
  'arm-pim-policy': {
    title: 'a rule of Privileged Identity Management was not met',
    seen: 'Code RoleAssignmentRequestPolicyValidationFailed.',
    why: 'The role is managed by PIM, which asks for a justification, a shorter time or an approval.',
    fix: say('Activate the role as the rule that the message names asks.'),
    confirm: 'The activation succeeds.',
    sources: ['docs: rest/api/authorization common errors'],
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
  'arm-deny-assignment': {
    title: 'a deny assignment forbids the change',
    seen: 'Code DenyAssignmentAuthorizationFailed.',
    why: 'Deny assignments take rights away whatever roles give. Azure makes them: for deployment stacks, managed applications and locked-down node resource groups.',
    fix: (facts) =>
      fix(
        'Have whoever owns the deployment stack or the application that made it leave this login out of it, or make the grant. The command shows it.',
        showDenyAssignments(facts),
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
} as const satisfies Causes;
