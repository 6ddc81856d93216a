/** Causes within the cluster, and on the ways to it. */
import { auditRole, probeRole } from '../../kubernetes/rights.js';
import { shellWord } from '../../shell.js';
import type { Causes } from '../cause.js';
import { applied, assignRole, clusterScope, command } from '../commands.js';
import { showCluster } from '../fix-commands.js';
import { fix, say } from '../fixes.js';

export const CLUSTER = {
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
    fix: (facts) =>
      fix(
        'Look how the cluster signs people in.',
        showCluster('{entra:aadProfile, localAccountsDisabled:disableLocalAccounts}')(facts),
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
  'probe-changed': {
    title: 'the cluster changed the probe, so the pull proves nothing',
    seen: 'The pod as admitted has something that was not sent.',
    why: 'Admission rewrote the pod: it was given a pull secret, another image, command, account, identity or place. A pull by such a pod says nothing about the kubelet identity on that pool.',
    fix: say('Use a namespace where nothing is injected (input namespace), then run this again.'),
    confirm: 'A check gets as far as the pull.',
    sources: ['docs: kubernetes.io reference/access-authn-authz/admission-controllers'],
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
} as const satisfies Causes;
