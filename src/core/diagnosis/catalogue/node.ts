/** Causes within a node: its runtime, its disk, its state. */
import type { Causes } from '../cause.js';
import { assignRole, clusterScope, command } from '../commands.js';
import { fix, say } from '../fixes.js';
import { PULL_PAGE } from '../sources.js';

export const NODE = {
  'kubelet-qps-exceeded': {
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
  'would-fill-node': {
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
} as const satisfies Causes;
