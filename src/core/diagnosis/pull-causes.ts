/**
 * The catalogue's part about pulls: what a message of a node, a registry, check-acr, Azure or Entra may mean. Ids are those
 * users find in reports, so they never change. What each was learnt from stands beside it: threads as `owner/repo#n`,
 * the vendor's pages and programs' sources by name.
 */
import type { Cause, FixFacts } from './causes.js';
import { command, inRegistry } from './commands.js';
import type { Command } from './commands.js';
import { fix, say } from './fixes.js';

const PULL_PAGE = 'SupportArticles:cannot-pull-image-from-acr-to-aks-cluster';
const PUSH_PAGE = 'SupportArticles:troubleshoot-push-error-operation-disallowed-timeout';
const AUTH_PAGE = 'SupportArticles:acr-authentication-errors';
const RBAC_PAGE = 'azure-docs:role-based-access-control/troubleshooting';
const ENTRA_CODES = 'docs: entra/identity-platform/reference-error-codes';
const BLOG = 'blog:container-apps-image-pull';

/** A check of a cluster and a registry, which reads what a message can't tell. */
function check({ cluster, registry }: FixFacts): Command {
  return command(
    'aks-acr-pull',
    'check',
    '--cluster',
    cluster?.name ?? 'CLUSTER',
    '-g',
    cluster?.resourceGroup ?? 'GROUP',
    '--registry',
    registry?.loginServer ?? 'REGISTRY',
  );
}

const reconcile = ({ cluster }: FixFacts): Command | undefined =>
  // Without --yes it asks whether it shall (azure-cli 2.45).
  cluster && command('az', 'aks', 'update', '-g', cluster.resourceGroup, '-n', cluster.name, '--yes');

/** Shows the object id of whom the nodes pull as. */
function showPrincipal({ cluster, servicePrincipalClientId: application }: FixFacts): Command | undefined {
  return application === undefined
    ? cluster &&
        command(
          ...['az', 'aks', 'show', '-g', cluster.resourceGroup, '-n', cluster.name],
          ...['--query', 'identityProfile.kubeletidentity.objectId', '-o', 'tsv'],
        )
    : command('az', 'ad', 'sp', 'show', '--id', application, '--query', 'id', '-o', 'tsv');
}

const showRegistry =
  (query: string) =>
  ({ registry }: FixFacts): Command | undefined =>
    registry && command('az', 'acr', 'show', ...inRegistry(registry), '--query', query, '-o', 'tsv');

const events = command('kubectl', 'get', 'events', '-A', '--field-selector', 'reason=Failed');
const nodes = command('kubectl', 'get', 'nodes', '-o', 'wide');

export const PULL_CAUSES = {
  // Who asks.
  'unauthorized-bad-pull-secret': {
    family: 'access',
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
    family: 'access',
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
    family: 'access',
    title: 'the role was given to another identity than the one that pulls',
    seen: 'A refusal, though a role assignment for the registry is there.',
    why: "Nodes pull as the kubelet identity. A role for the cluster's own identity, for a former service principal, or for an identity that was deleted lets nobody pull; after a move to managed identity, nodes keep the service principal until their image is upgraded.",
    fix: (facts) =>
      fix(
        'Give the role to the kubelet identity; after a move from a service principal, upgrade the node image of every pool.',
        check(facts),
        facts.cluster &&
          command(
            'az',
            'aks',
            'show',
            '-g',
            facts.cluster.resourceGroup,
            '-n',
            facts.cluster.name,
            '--query',
            'identityProfile.kubeletidentity.objectId',
            '-o',
            'tsv',
          ),
      ),
    confirm: 'The object id that is printed is the principal of the role assignment.',
    sources: ['Azure/AKS#4593', 'Azure/acr#695', 'Azure/AKS#1349', PULL_PAGE],
  },
  'unauthorized-or-repo-missing': {
    family: 'access',
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
    family: 'access',
    title: "the cluster's service principal has a secret that is no longer good",
    seen: 'check-acr: "Validating service principal credential: FAILED"; in events, a refusal.',
    why: 'A cluster with a service principal pulls with its secret, and secrets expire, a year after they were made unless somebody chose otherwise.',
    fix: ({ cluster }) =>
      fix(
        'Move the cluster to managed identity, which has no secret; or give it a new one.',
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
    confirm: 'After the node images are upgraded, a check passes.',
    sources: [PULL_PAGE, 'aks-canipull', 'docs: aks/update-credentials'],
  },
  'kubelet-identity-missing': {
    family: 'access',
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
    family: 'access',
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
    family: 'access',
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
    family: 'access',
    title: "the node's credential provider failed",
    seen: "Only in the kubelet's log; events show the anonymous try that follows.",
    why: 'The program that turns the identity into a registry credential could not reach the metadata service or the registry, so the kubelet asked without one.',
    fix: () => fix("Read the kubelet's log on the node, and look at its way to the login server.", nodes),
    confirm: 'The log shows no more such lines, and a check passes.',
    sources: ['kubernetes-sigs/cloud-provider-azure#1168', 'capture: kubelet-log-provider-fail.txt'],
  },
  'credential-cache-stale': {
    family: 'access',
    title: 'the kubelet used an empty credential from its cache',
    seen: 'A refusal that heals by itself within minutes.',
    why: "Old kubelets keep the empty answer that a public image got, and use it for the registry's next image.",
    fix: say('Upgrade Kubernetes; until then the pull succeeds by itself when the cache expires.'),
    confirm: 'The pod pulls a few minutes later.',
    sources: ['kubernetes/kubernetes#92326', 'kubernetes/kubernetes#96355', 'Azure/AKS#4052'],
  },
  'role-propagation-delay': {
    family: 'access',
    title: 'the role was given moments ago and is not in effect yet',
    seen: 'A refusal shortly after the role assignment was made.',
    why: 'Role assignments take minutes to reach the registry, and a node keeps the token that it has.',
    fix: (facts) => fix('Wait up to half an hour, then look again.', check(facts)),
    confirm: 'The same pull succeeds later with nothing changed.',
    sources: ['Azure/AKS#442', 'Azure/AKS#1349', 'Azure/acs-engine#3654', RBAC_PAGE],
  },
  'third-party-registry-anonymous-denied': {
    family: 'access',
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
    family: 'access',
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
  // What is asked for.
  'image-not-found': {
    family: 'image',
    title: 'there is no such image under this name',
    seen: 'gRPC NotFound, ending in "not found".',
    why: "The registry's name, the repository, the tag or the digest is not what was pushed. The node's words are the same for each.",
    fix: ({ registry, image }) =>
      fix(
        'Compare the name letter by letter with what is in the registry.',
        registry && image !== undefined
          ? command('az', 'acr', 'repository', 'show-tags', ...inRegistry(registry), '--repository', image)
          : undefined,
      ),
    confirm: 'The tag is in the list.',
    sources: [PULL_PAGE, 'capture: events-nocred.json'],
  },
  'image-name-invalid': {
    family: 'image',
    title: 'the image name is none that any registry can hold',
    seen: 'Status InvalidImageName, "invalid reference format".',
    why: 'Repository names are lower-case; a tag has no spaces and no second colon. Nothing was asked of any registry.',
    fix: say('Write the image as host/repository:tag, the repository in lower case.'),
    confirm: 'The pod is not in InvalidImageName any more.',
    sources: [
      'distribution: reference/reference.go',
      'CodeForPhilly/chime#371',
      'capture: events-nocred.json',
    ],
  },
  'image-never-pulled': {
    family: 'image',
    title: 'the pod forbids pulling, and the node does not have the image',
    seen: 'Status ErrImageNeverPull.',
    why: 'With imagePullPolicy: Never the kubelet uses what the node has, and asks no registry.',
    fix: say('Use imagePullPolicy: IfNotPresent or Always.'),
    confirm: 'A new pod pulls.',
    sources: ['capture: events-nocred.json'],
  },
  'platform-mismatch-os': {
    family: 'image',
    title: "the image is for another operating system than the node's",
    seen: '"no match for platform in manifest".',
    why: 'A Linux image was put on a Windows node, or the other way round.',
    fix: () => fix("Pin the pod by nodeSelector kubernetes.io/os to the image's operating system.", nodes),
    confirm: 'The pod runs on a node of the right kind.',
    sources: [PULL_PAGE, 'Azure/AKS#4055'],
  },
  'windows-version-mismatch': {
    family: 'image',
    title: "the Windows image needs another version of Windows than the node's",
    seen: '"… -based image is incompatible with a … host".',
    why: "Windows containers share the node's kernel, so their base image must be of the node's build.",
    fix: () => fix("Build on the base image of the nodes' Windows version.", nodes),
    confirm: 'The build numbers are the same.',
    sources: ['Azure/acr#179', 'moby: distribution'],
  },
  'manifest-media-type': {
    family: 'image',
    title: 'the manifest is of a kind that the node or the registry does not take',
    seen: '"media type … no longer supported", "manifest invalid", a layer larger than its manifest says.',
    why: 'Images of the old schema 1 are read no more by containerd 2.1; registries refuse manifests that are malformed or too large.',
    fix: say('Build and push the image again as an OCI image or Docker schema 2.'),
    confirm: 'The new digest pulls.',
    sources: ['ovh/cds#7735', 'moby/moby#44521', 'containerd/containerd#1893', PUSH_PAGE],
  },
  // The way.
  'wrong-login-server': {
    family: 'network',
    title: 'the image names a login server that the registry does not have',
    seen: '"no such host" for a name of azurecr.io.',
    why: "A registry's login server is not always its name and .azurecr.io: with a domain name label it bears a hash.",
    fix: (facts) => fix('Write the login server as Azure names it.', showRegistry('loginServer')(facts)),
    confirm: 'The printed name is the one in the image.',
    sources: [
      'public post-mortem notes',
      'docs: container-registry/container-registry-get-started-azure-cli',
    ],
  },
  'dns-timeout': {
    family: 'network',
    title: "the nodes' DNS server gives no answer",
    seen: '"lookup …: i/o timeout" or "server misbehaving".',
    why: 'The DNS server that the network names is down, does not forward, or cannot be reached on port 53.',
    fix: say("Look at the DNS servers of the nodes' network, and at rules for port 53 on the way."),
    confirm: 'The name resolves on a node.',
    sources: [BLOG, 'SupportArticles:context-deadline-exceeded'],
  },
  'private-endpoint-unreachable': {
    family: 'network',
    title: "the registry's private endpoint cannot be reached from the nodes",
    seen: 'A time-out to a private address.',
    why: "The name resolves to the private endpoint, but the nodes' network is not peered with the endpoint's, or a firewall stands between.",
    fix: (facts) =>
      fix(
        'Look at the peering of the two networks, the routes and the firewall between them.',
        showRegistry('privateEndpointConnections[].privateEndpoint.id')(facts),
      ),
    confirm: 'A connection to port 443 of that address succeeds from a node.',
    sources: [PULL_PAGE, 'docs: container-registry/container-registry-private-link'],
  },
  'connection-reset': {
    family: 'network',
    title: 'something on the way cut the connection',
    seen: '"connection reset by peer".',
    why: 'A firewall or another appliance ended a connection that was open.',
    fix: say('Look at the logs of the firewall and the routes between the nodes and the registry.'),
    confirm: 'The pull comes to its end.',
    sources: [BLOG, 'Azure/acr#305'],
  },
  'tls-handshake-timeout': {
    family: 'network',
    title: 'TLS with the registry comes to no end',
    seen: '"TLS handshake timeout".',
    why: 'Packets get through, but the handshake does not: TLS inspection, a firewall that drops by name, or an MTU that is too large for the way.',
    fix: say("Look at what inspects TLS between the nodes and the registry, and at the way's MTU."),
    confirm: 'A TLS connection from a node shows the registry’s certificate.',
    sources: [BLOG, 'go: src/net/http'],
  },
  'proxy-error': {
    family: 'network',
    title: 'the proxy that the nodes use does not work',
    seen: '"proxyconnect".',
    why: "The nodes send their pulls through a proxy, and it can't be reached or refuses.",
    fix: ({ cluster }) =>
      fix(
        "Look at the cluster's proxy settings, and whether its address is up and lets the registry through.",
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
            'httpProxyConfig',
          ),
      ),
    confirm: 'A request through the proxy from a node succeeds.',
    sources: [PUSH_PAGE, 'go: src/net/http'],
  },
  'registry-plain-http': {
    family: 'network',
    title: 'the registry speaks plain HTTP',
    seen: '"server gave HTTP response to HTTPS client".',
    why: 'The host answers without TLS. Azure registries never do: it is another registry, or something else on that port.',
    fix: say("Look at the image's host and port, or give that registry a certificate."),
    confirm: 'The host answers https.',
    sources: ['acorn-io/runtime#721', 'capture: events-nocred.json'],
  },
  'interrupted-download': {
    family: 'network',
    title: 'a layer arrived incomplete',
    seen: '"unexpected commit digest", "failed size validation".',
    why: 'The connection was closed before the layer was whole, mostly by a proxy or a firewall.',
    fix: say('Pull again; if it stays, look at the proxy and the firewall on the way to the data endpoint.'),
    confirm: 'The same digest pulls.',
    sources: ['containerd/containerd#4908', 'containerd/containerd#3974'],
  },
  'pull-canceled': {
    family: 'network',
    title: 'the pull was given up before it was done',
    seen: '"context canceled".',
    why: 'The node stopped waiting: a large image on a slow way, a pod that was deleted, or a runtime that restarted.',
    fix: () =>
      fix('Look what happened to the pod; for large images, make them smaller or the way faster.', events),
    confirm: 'The pull comes to its end.',
    sources: ['Azure/AKS#245', BLOG],
  },
  // The registry.
  'registry-locked': {
    family: 'registry',
    title: 'the repository or the image is locked',
    seen: '"The operation is disallowed on this registry, repository or image".',
    why: 'Somebody set readEnabled to false on the tag or the repository.',
    fix: ({ registry, image }) =>
      fix(
        'Look at the lock, and take it off if it is not meant.',
        registry && image !== undefined
          ? command(
              'az',
              'acr',
              'repository',
              'show',
              ...inRegistry(registry),
              '--repository',
              image,
              '--query',
              'changeableAttributes',
            )
          : undefined,
      ),
    confirm: 'readEnabled is true.',
    sources: [PUSH_PAGE, 'docs: container-registry/container-registry-image-lock'],
  },
  'registry-full': {
    family: 'registry',
    title: 'the registry has reached a limit of its tier',
    seen: '"The operation is disallowed on this registry, repository or image".',
    why: "A registry that has used up its tier's storage takes no more.",
    fix: ({ registry }) =>
      fix(
        'Look at its use, and make room or choose a higher tier.',
        registry && command('az', 'acr', 'show-usage', ...inRegistry(registry), '-o', 'table'),
      ),
    confirm: 'The use is below the limit.',
    sources: [PUSH_PAGE, 'docs: container-registry/container-registry-skus'],
  },
  'registry-cmk': {
    family: 'registry',
    title: "the registry can't use its encryption key",
    seen: '"Access to Key Encryption Key is forbidden", "identity … is inactive".',
    why: "The registry's own key is disabled or gone, its vault is closed to it, or the identity that reads it was removed.",
    fix: (facts) =>
      fix('Enable the key, or give the registry its identity back.', showRegistry('encryption')(facts)),
    confirm: 'The registry answers again.',
    sources: [PUSH_PAGE, 'docs: container-registry/tutorial-troubleshoot-customer-managed-keys'],
  },
  'rate-limited-429-dockerhub': {
    family: 'registry',
    title: 'Docker Hub throttles the nodes',
    seen: '"You have reached your pull rate limit".',
    why: 'All nodes share one outbound address, and Docker Hub counts anonymous pulls by address.',
    fix: ({ registry }) =>
      fix(
        'Copy the image into your own registry and pull it from there.',
        registry &&
          command('az', 'acr', 'import', ...inRegistry(registry), '--source', 'docker.io/REPOSITORY:TAG'),
      ),
    confirm: 'The copy pulls.',
    sources: ['kubevela/kubevela#695', 'docs: docker-hub/usage'],
  },
  // The node and the cluster.
  'kubelet-qps-exceeded': {
    family: 'node',
    title: 'the kubelet limits its own pulls',
    seen: '"pull QPS exceeded".',
    why: 'Too many pods started on one node at once. The registry was not asked.',
    fix: say(
      'Wait: the kubelet tries again. Use imagePullPolicy: IfNotPresent, and start fewer pods at once.',
    ),
    confirm: 'The pods start one after the other.',
    sources: ['Azure/AKS#3138', PULL_PAGE, 'kubernetes: pkg/kubelet/images'],
  },
  'disk-pressure': {
    family: 'node',
    title: "the node's disk is full",
    seen: '"DiskPressure", "low on resource: ephemeral-storage", "no space left on device".',
    why: 'Images and logs fill the disk, so the node evicts pods and takes no new images.',
    fix: () =>
      fix(
        'Give the pool a larger OS disk, or remove what fills it.',
        command('kubectl', 'describe', 'nodes'),
      ),
    confirm: 'No node has the condition DiskPressure.',
    sources: [
      'kubernetes: pkg/kubelet/eviction',
      'akash-network/support#226',
      'elastic/cloud-on-k8s#5825',
      'Azure/aks-engine#4754',
    ],
  },
  'image-policy-denied': {
    family: 'policy',
    title: 'a policy does not allow this image',
    seen: 'An admission webhook denied the request because of the image or its signature. There is no pull event.',
    why: 'A policy allows only some registries or only signed images, so no pod was made.',
    fix: () =>
      fix(
        'Read which policy it is; use an image that it allows, sign it, or have the policy changed by its owner.',
        command('kubectl', 'get', 'constraints'),
      ),
    confirm: 'The pod is made.',
    sources: ['MicrosoftDocs AKS deployment safeguards article', 'Azure/notation-azure-kv#31'],
  },
  'admission-policy-denied': {
    family: 'policy',
    title: 'a policy of the cluster refused the pod',
    seen: 'An admission webhook denied the request. There is no pull event.',
    why: 'A rule about pods, such as the deployment safeguards, stands against it. That says nothing about pulls.',
    fix: () =>
      fix(
        'Read which policy it is, and meet it or have its owner exempt the namespace.',
        command('kubectl', 'get', 'constraints'),
      ),
    confirm: 'The pod is made.',
    sources: ['MicrosoftDocs AKS deployment safeguards article', 'Azure/AKS#4459'],
  },
  // Tools.
  'check-acr-tool-failure': {
    family: 'tool',
    title: 'az aks check-acr could not do its check',
    seen: '"exec /canipull: exec format error", "\'serverVersion\'", "Failed to load azure.json".',
    why: 'Its image is for Linux on amd64 and reads the node’s files; on other nodes, or without a login to the cluster, it ends before it has checked anything.',
    fix: (facts) => fix('Its failure says nothing about pulls. Prove one instead.', check(facts)),
    confirm: 'A check passes.',
    sources: ['Azure/azure-cli#22353', 'MicrosoftDocs/SupportArticles-docs#1761', 'aks-canipull'],
  },
  'check-ok': {
    family: 'tool',
    title: 'az aks check-acr found nothing wrong',
    seen: '"Your cluster can pull images".',
    why: 'check-acr looks up the name and exchanges a token, and stops there: no role on a repository, no manifest and no layer were asked for, so pulls may still fail.',
    fix: (facts) => fix('Prove a pull of the image that you mean.', check(facts)),
    confirm: 'A check passes.',
    sources: ['Azure/azure-cli#16490', 'MicrosoftDocs/SupportArticles-docs#756', 'aks-canipull'],
  },
  // Azure Resource Manager.
  'arm-role-exists': {
    family: 'azure',
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
    family: 'azure',
    title: 'the id that was given is not the object id of a principal',
    seen: 'Code InvalidPrincipalId, or "does not exist in the directory" that stays.',
    why: 'Role assignments want the object id; a client id or a resource id is another thing.',
    fix: ({ cluster, servicePrincipalClientId }) =>
      fix(
        'Give the object id of the identity that the nodes pull as.',
        cluster &&
          (servicePrincipalClientId === undefined
            ? command(
                ...['az', 'aks', 'show', '-g', cluster.resourceGroup, '-n', cluster.name],
                ...['--query', 'identityProfile.kubeletidentity.objectId', '-o', 'tsv'],
              )
            : command(
                ...['az', 'ad', 'sp', 'show', '--id', servicePrincipalClientId],
                ...['--query', 'id', '-o', 'tsv'],
              )),
      ),
    confirm: 'The assignment is made.',
    sources: [
      'hashicorp-education/learn-nomad-cluster-setup#48',
      'MicrosoftDocs/azure-docs#92278',
      RBAC_PAGE,
    ],
  },
  'arm-principal-not-found-cross-tenant': {
    family: 'azure',
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
    family: 'azure',
    title: 'attach-acr says that it failed, but the role is there',
    seen: '"Could not create a role assignment for ACR. Are you an Owner on this subscription?"',
    why: 'The command prints the same line for every error, also after the assignment was made.',
    fix: (facts) => fix('Look by a check instead.', check(facts)),
    confirm: 'A check passes.',
    sources: ['Azure/AKS#3566', 'azure-cli: acs/_roleassignments.py'],
  },
  'arm-principal-type-mismatch': {
    family: 'azure',
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
    family: 'azure',
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
    family: 'azure',
    title: 'a right on a resource that is linked is missing',
    seen: 'Code LinkedAuthorizationFailed.',
    why: 'The request also joins another resource, and the login may not do that there.',
    fix: say('Have the login given the action that the message names, at the linked scope that it names.'),
    confirm: 'The same request succeeds.',
    sources: ['SupportArticles:linkedauthorizationfailed-error', 'kubernetes-sigs/cloud-provider-azure#1999'],
  },
  'arm-graph-permission': {
    family: 'azure',
    title: 'the login may not look up principals in the directory',
    seen: '"Insufficient privileges to complete the operation".',
    why: 'A command that is given a name or a client id asks Microsoft Graph for the object id, and the login may not read there.',
    fix: say('Give the object id and the principal type instead of a name: then nothing is looked up.'),
    confirm: 'The same command succeeds with --assignee-object-id and --assignee-principal-type.',
    sources: [RBAC_PAGE, 'Azure/azure-cli#20559'],
  },
  'arm-pim-policy': {
    family: 'azure',
    title: 'a rule of Privileged Identity Management was not met',
    seen: 'Code RoleAssignmentRequestPolicyValidationFailed.',
    why: 'The role is managed by PIM, which asks for a justification, a shorter time or an approval.',
    fix: say('Activate the role as the rule that the message names asks.'),
    confirm: 'The activation succeeds.',
    sources: ['docs: rest/api/authorization common errors'],
  },
  // Entra.
  'aad-bad-secret': {
    family: 'sign-in',
    title: 'the client secret is wrong',
    seen: 'AADSTS7000215.',
    why: "What was given is the secret's id, or a secret that was replaced.",
    fix: say(
      'Sign in without a secret, by a federated credential; or give the value of a secret that is there.',
    ),
    confirm: 'The sign-in succeeds.',
    sources: [ENTRA_CODES, 'Azure/login#503'],
  },
  'aad-secret-expired': {
    family: 'sign-in',
    title: 'the client secret has expired',
    seen: 'AADSTS7000222.',
    why: 'Secrets of applications expire.',
    fix: say('Sign in without a secret, by a federated credential; or make a new one.'),
    confirm: 'The sign-in succeeds.',
    sources: [ENTRA_CODES, 'public run report'],
  },
  'aad-federated-no-match': {
    family: 'sign-in',
    title: "no federated credential matches the job's token",
    seen: 'AADSTS70021, AADSTS700213, AADSTS7002138.',
    why: 'Issuer, subject and audience are compared letter by letter, also upper and lower case.',
    fix: say('Add a federated credential with exactly the subject that the message shows.'),
    confirm: 'The sign-in succeeds.',
    sources: [ENTRA_CODES, 'Azure/login#453', 'Azure/login#517'],
  },
  'aad-user-not-found': {
    family: 'sign-in',
    title: 'the user is not in that tenant',
    seen: 'AADSTS50034.',
    why: 'The tenant is another one, or the user was not invited.',
    fix: () =>
      fix(
        'Sign in to the right tenant.',
        command('az', 'account', 'list', '--query', '[].tenantId', '-o', 'tsv'),
      ),
    confirm: 'The sign-in succeeds.',
    sources: [ENTRA_CODES],
  },
  'aad-app-not-found': {
    family: 'sign-in',
    title: 'the application is not in that tenant',
    seen: 'AADSTS700016.',
    why: 'The client id is none of an application in this tenant; often it is an object id, or the tenant is another.',
    fix: say(
      "Compare the client id with the application's overview page, and the tenant id with its tenant.",
    ),
    confirm: 'The sign-in succeeds.',
    sources: [ENTRA_CODES],
  },
} as const satisfies Record<string, Cause>;
