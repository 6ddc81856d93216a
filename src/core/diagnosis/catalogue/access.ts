/** Causes about who may pull: identities, roles, conditions, secrets, tenants. */
import { DIRECTORY_RIGHT } from '../../azure/rights.js';
import { ACR_PULL, REPOSITORY_READER } from '../../azure/roles.js';
import { shellWord } from '../../shell.js';
import { giveMissingRight } from '../caller-rights.js';
import type { Causes, FixFacts } from '../cause.js';
import { clusterScope, command, inRegistry } from '../commands.js';
import type { Command } from '../commands.js';
import { check, grantCommand, nodes, showDenyAssignments, showKubeletIdentity } from '../fix-commands.js';
import { fix, say } from '../fixes.js';
import { BLOG, PULL_PAGE, RBAC_PAGE } from '../sources.js';

const AUTH_PAGE = 'SupportArticles:acr-authentication-errors';

/** Updates the cluster, as it is or with options. Without --yes it asks whether it shall (azure-cli 2.45). */
const updateCluster =
  (...options: readonly string[]) =>
  ({ cluster }: FixFacts): Command | undefined =>
    cluster &&
    command('az', 'aks', 'update', '-g', cluster.resourceGroup, '-n', cluster.name, ...options, '--yes');
const reconcile = updateCluster();
const useManagedIdentity = updateCluster('--enable-managed-identity');

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

/** What makes access known, by what kept it from being told. */
const UNSEEN: Readonly<Record<NonNullable<FixFacts['unseen']>, string>> = {
  assignments:
    'Let this login read role assignments at the registry (Reader is enough), or let a real pull decide: verify: pull.',
  roles:
    'Let this login read role definitions at the registry (Reader is enough), or let a real pull decide: verify: pull.',
  groups: `Let this login look groups up (${DIRECTORY_RIGHT}); or give the role to the identity itself, which mode connect does too: then no group matters.`,
  condition:
    'Let a real pull decide: verify: pull. Or have the condition written as docs/plan.md shows, which is evaluated here.',
};

export const ACCESS = {
  'unauthorized-bad-pull-secret': {
    title: "the pod's pull secret is wrong or has expired",
    seen: 'A refusal with a credential: "failed to fetch oauth token", or docker\'s "unauthorized".',
    why: 'The pod names a pull secret, and the registry no longer takes what is in it: a token that has expired, a password that was made anew, or the secret of another registry.',
    fix: (facts) =>
      fix(
        'Drop the pull secret and let the kubelet identity pull; or make the secret anew from a credential that lives.',
        command('kubectl', 'get', 'secrets', '-A', '--field-selector', 'type=kubernetes.io/dockerconfigjson'),
        check(facts),
      ),
    confirm: 'Without the secret, a check that passes shows that it was not needed.',
    sources: [PULL_PAGE, AUTH_PAGE, BLOG, 'Azure/AKS#679', 'external-secrets/external-secrets#3178'],
  },
  'pull-secret-not-referenced': {
    title: "there is a pull secret, but the pod doesn't name it",
    seen: 'A refusal without a credential, though a secret for the registry is in the namespace.',
    why: 'A secret is used only by pods that name it in imagePullSecrets, or whose service account does.',
    fix: () =>
      fix(
        'Name it in imagePullSecrets, or do without: a kubelet identity with the pull role needs no secret.',
        command(
          'kubectl',
          'get',
          'pods',
          '-o',
          'custom-columns=NAME:.metadata.name,SECRETS:.spec.imagePullSecrets',
        ),
      ),
    confirm: 'A new pod pulls.',
    sources: ['microsoft/azuredevopslabs#109', 'docs: kubernetes.io pull-image-private-registry'],
  },
  'unauthorized-wrong-principal': {
    title: 'the role was given to another identity than the one that pulls',
    seen: 'A refusal, though a role assignment for the registry is there.',
    why: "Nodes pull as the kubelet identity. A role for the cluster's own identity, for a former service principal, or for an identity that was deleted lets nobody pull; after a move to managed identity, nodes keep the service principal until their image is upgraded.",
    fix: (facts) =>
      fix(
        'Give the role to the kubelet identity; after a move from a service principal, upgrade the node image of every pool.',
        check(facts),
        showKubeletIdentity(facts),
      ),
    confirm: 'The object id that is printed is the principal of the role assignment.',
    sources: ['Azure/AKS#4593', 'Azure/acr#695', 'Azure/AKS#1349', PULL_PAGE],
  },
  'unauthorized-or-repo-missing': {
    title: 'the node may not pull, or the repository is not there',
    seen: '"repository does not exist or may require authorization", or "insufficient_scope".',
    why: 'A registry says the same to strangers of what is private and of what is absent, so that nobody can list its repositories by guessing.',
    fix: (facts) =>
      fix(
        "Look whether the repository is there; if it is, the node's credential is the question.",
        facts.registry &&
          command('az', 'acr', 'repository', 'list', ...inRegistry(facts.registry), '-o', 'tsv'),
        check(facts),
      ),
    confirm: 'The repository is in the list, and a check passes.',
    sources: [BLOG, 'capture: events-nocred.json', PULL_PAGE],
  },
  'unauthorized-sp-secret-invalid-or-expired': {
    title: "the cluster's service principal has a secret that is no longer good",
    seen: 'check-acr: "Validating service principal credential: FAILED"; in events, a refusal.',
    why: 'A cluster with a service principal pulls with its secret, and secrets expire, a year after they were made unless somebody chose otherwise.',
    fix: (facts) =>
      fix(
        'Move the cluster to managed identity, which has no secret; or give it a new one.',
        useManagedIdentity(facts),
      ),
    confirm: 'After the node images are upgraded, a check passes.',
    sources: [PULL_PAGE, 'aks-canipull', 'docs: aks/update-credentials'],
  },
  'kubelet-identity-missing': {
    title: "the nodes don't hold the kubelet identity",
    seen: '"Identity not found", "isn\'t assigned to this resource", or check-acr: "managed identity existance: FAILED".',
    why: "The identity was deleted, or was taken off the nodes' scale set, so the node has no token to show the registry.",
    fix: (facts) =>
      fix(
        'Have AKS put the identity back on the nodes: an update that changes nothing does that (first command), and nodes that were made before take it up when they are made anew (second command; where the node image is the newest already, add a pool and remove the old one).',
        reconcile(facts),
        facts.cluster &&
          command(
            ...['az', 'aks', 'upgrade', '-g', facts.cluster.resourceGroup, '-n', facts.cluster.name],
            ...['--node-image-only', '--yes'],
          ),
      ),
    confirm: 'A check passes after the update.',
    sources: [PULL_PAGE, 'Azure/AKS#2951', 'aks-canipull', 'docs: managed-identities how-to-use-vm-token'],
  },
  'node-identity-misconfigured': {
    title: "the node isn't told to pull with its identity",
    seen: 'A refusal on some nodes only, such as those that a provisioner made.',
    why: 'Nodes read from /etc/kubernetes/azure.json which identity to use. Provisioners and images of one’s own can write it wrong.',
    fix: () =>
      fix(
        'Compare a node that pulls with one that does not, and upgrade the provisioner that made it.',
        nodes,
      ),
    confirm: 'A check of every pool passes.',
    sources: ['Azure/karpenter-provider-azure#197', 'Azure/karpenter-provider-azure#220', 'facts: peers.md'],
  },
  'credential-provider-multiple-identities': {
    title: "the node holds several identities and isn't told which to use",
    seen: 'Only the anonymous try is refused: no credential was made.',
    why: 'The metadata service gives no token without a client id when a machine holds more than one user-assigned identity.',
    fix: say(
      'Have userAssignedIdentityID in /etc/kubernetes/azure.json name the kubelet identity, or take the other identities off the scale set.',
    ),
    confirm: 'A check of the pool passes.',
    sources: ['Azure/karpenter-provider-azure#704', 'docs: managed-identities how-to-use-vm-token'],
  },
  'credential-provider-error': {
    title: "the node's credential provider failed",
    seen: "Only in the kubelet's log; events show the anonymous try that follows.",
    why: 'The program that turns the identity into a registry credential could not reach the metadata service or the registry, so the kubelet asked without one.',
    fix: () => fix("Read the kubelet's log on the node, and look at its way to the login server.", nodes),
    confirm: 'The log shows no more such lines, and a check passes.',
    sources: ['kubernetes-sigs/cloud-provider-azure#1168', 'capture: kubelet-log-provider-fail.txt'],
  },
  'credential-cache-stale': {
    title: 'the kubelet used an empty credential from its cache',
    seen: 'A refusal that heals by itself within minutes.',
    why: "Old kubelets keep the empty answer that a public image got, and use it for the registry's next image.",
    fix: say('Upgrade Kubernetes; until then the pull succeeds by itself when the cache expires.'),
    confirm: 'The pod pulls a few minutes later.',
    sources: ['kubernetes/kubernetes#92326', 'kubernetes/kubernetes#96355', 'Azure/AKS#4052'],
  },
  'role-propagation-delay': {
    title: 'the role was given moments ago and is not in effect yet',
    seen: 'A refusal shortly after the role assignment was made.',
    why: 'Role assignments take minutes to reach the registry, and a node keeps the token that it has.',
    fix: (facts) => fix('Wait up to half an hour, then look again.', check(facts)),
    confirm: 'The same pull succeeds later with nothing changed.',
    sources: ['Azure/AKS#442', 'Azure/AKS#1349', 'Azure/acs-engine#3654', RBAC_PAGE],
  },
  'third-party-registry-anonymous-denied': {
    title: "the registry is somebody else's and wants a credential",
    seen: 'An anonymous try is refused by a registry that is in none of your subscriptions.',
    why: 'No role of yours opens a registry that belongs to another; who owns it must let you in, or the image must be copied.',
    fix: (facts) =>
      fix(
        'Ask its owner for a credential, or copy the image into a registry of your own.',
        facts.registry &&
          command(
            'az',
            'acr',
            'import',
            ...inRegistry(facts.registry),
            '--source',
            'REGISTRY/REPOSITORY:TAG',
          ),
      ),
    confirm: 'The copy pulls.',
    sources: ['Azure/AKS#5493', 'docs: container-registry/container-registry-import-images'],
  },
  'token-scope-too-narrow': {
    title: 'the token lacks a right that was asked for',
    seen: '"requested access to the resource is denied" with a token that pulls otherwise.',
    why: "A registry token's scope map lists rights for each repository; what lists tags needs metadata/read beside content/read.",
    fix: ({ registry }) =>
      fix(
        "Add the right to the token's scope map.",
        registry && command('az', 'acr', 'scope-map', 'list', ...inRegistry(registry, '-r'), '-o', 'table'),
      ),
    confirm: 'The same request succeeds with a new token.',
    sources: [
      'argoproj-labs/argocd-image-updater#473',
      'docs: container-registry/container-registry-token-based-repository-permissions',
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
  'service-principal-cluster': {
    title: 'the nodes use a service principal, whose object id Azure does not tell here',
    seen: 'The cluster names an application id as servicePrincipalProfile, and no kubelet identity.',
    why: 'The cluster was made with a service principal instead of managed identities. Roles go to its object id, and the cluster only names its application id.',
    fix: (facts) =>
      fix(
        'Give the object id as input kubelet-object-id; or better, move the cluster to managed identities.',
        command(
          'az',
          'ad',
          'sp',
          'show',
          '--id',
          facts.servicePrincipalClientId ?? '<application id>',
          '--query',
          'id',
          '-o',
          'tsv',
        ),
        useManagedIdentity(facts),
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
  'deny-assignment-on-pull': {
    title: 'a deny assignment keeps the kubelet identity from pulling',
    seen: 'A refusal, though a role is assigned that lets it pull.',
    why: 'A deny assignment takes rights away whatever roles give them. Only Azure makes them: for managed applications, deployment stacks and locked-down resource groups. No grant helps while it is there.',
    fix: (facts) =>
      fix(
        'Have whoever owns the managed application or the deployment stack exclude the kubelet identity from it, or keep images in a registry that it does not cover. This shows it in full.',
        showDenyAssignments(facts),
      ),
    confirm: 'A check of the pool passes.',
    sources: ['docs: role-based-access-control/deny-assignments'],
  },
} as const satisfies Causes;
