/** What to do next: the fix of a cause that is determined, else what would decide between those that are offered. */
import { optional } from '../../json.js';
import { shellWord } from '../../shell.js';
import { CAUSES, familyOf } from '../causes.js';
import type { FixFacts } from '../cause.js';
import type { CauseId, Family } from '../causes.js';
import type { Symptom } from '../symptoms/symptom.js';
import type { Verdict } from './rank.js';

/** A shell on a node (https://learn.microsoft.com/azure/aks/node-access); the image is Microsoft's, so that no other registry is asked. */
const ON_NODE = 'kubectl debug node/{node} -it --image=mcr.microsoft.com/cbl-mariner/busybox:2.0 --';

/**
 * Steps by the family of the likeliest cause; what stands in braces is filled in, with words in capitals where it isn't
 * known. What the machine that runs this sees of the network is not what the nodes see: they are asked.
 */
const LOOK: Readonly<Partial<Record<Family, readonly string[]>>> = {
  access: [
    'aks-acr-pull check --cluster {cluster} -g {group} --registry {host}',
    'az acr show -n {registry} --query "{mode:roleAssignmentMode, anonymousPull:anonymousPullEnabled, publicAccess:publicNetworkAccess, loginServer:loginServer}"',
    "kubectl get pod {pod} -o jsonpath='{.spec.imagePullSecrets}'",
  ],
  network: [
    `${ON_NODE} nslookup {host}`,
    `${ON_NODE} nc -vz {host} 443`,
    'az acr show -n {registry} --query "{loginServer:loginServer, publicAccess:publicNetworkAccess, privateEndpoints:privateEndpointConnections[].privateEndpoint.id}"',
  ],
  image: [
    'kubectl get nodes -L kubernetes.io/os,kubernetes.io/arch',
    'az acr manifest show -r {registry} -n REPOSITORY:TAG',
  ],
  registry: [
    'az acr show-usage -n {registry} -o table',
    'az acr repository show -n {registry} --repository REPOSITORY',
  ],
  azure: [
    'aks-acr-pull check --cluster {cluster} -g {group} --registry {registry} --verify access',
    'Run the same az command again with --debug: its log has the code that this line leaves out.',
  ],
  tool: ['aks-acr-pull check --cluster {cluster} -g {group} --registry {host}'],
};

const EVENTS = 'kubectl get events -A --field-selector reason=Failed';

/** What a run looks at next of its own probe: no pod is left, no pull secret was in play, and access is known. */
const LOOK_AT_NODE: Readonly<Partial<Record<Family, readonly string[]>>> = {
  access: [`${ON_NODE} chroot /host sh -c 'journalctl -u kubelet --since -1h | grep -i credential'`],
  network: [`${ON_NODE} nslookup {host}`, `${ON_NODE} nc -vz {host} 443`],
  run: [`${ON_NODE} chroot /host sh -c 'journalctl -u containerd --since -1h | grep -i pull'`],
};

/** What is known of where the pull failed. */
export type Where = Pick<FixFacts, 'cluster' | 'registry'> & {
  node?: string;
  /** `namespace/name`. */ pod?: string;
};

/**
 * The registry and the repository that a message speaks of, for the commands. A registry's name has letters and digits
 * alone; what stands behind it in a login server is a label's hash
 * (https://learn.microsoft.com/azure/container-registry/container-registry-get-started-azure-cli).
 */
export function namedIn({ speaks, attempts }: Symptom): Pick<FixFacts, 'registry' | 'image'> {
  const registry = registryIn(speaks);
  const image = attempts.find((one) => one.image !== undefined)?.image;
  const repository = /^[^/]+\/([a-z0-9][a-z0-9._/-]*?)(?:[:@].*)?$/.exec(image ?? '')?.[1];
  return registry === undefined ? {} : { registry, ...optional('image', repository) };
}

function registryIn(speaks: Symptom['speaks']): FixFacts['registry'] {
  const host = speaks?.host;
  const name = host?.kind === 'login' ? /^([a-z0-9]{5,50})(?:-[a-z0-9]+)?\./.exec(host.name)?.[1] : undefined;
  // No command that explain prints takes the id: they ask for it.
  return name === undefined || host === undefined ? undefined : { id: '', name, loginServer: host.name };
}

/** Sentences and commands, in their order. */
export function nextSteps(
  symptom: Symptom,
  { determined, causes }: Verdict,
  known: FixFacts & Where = {},
): string[] {
  const [first] = causes;
  if (first === undefined) {
    return symptom.backOffOnly
      ? ['The kubelet waits before it tries again; what stopped it stands in an earlier event.', EVENTS]
      : ["Nothing in these words is known. Look at the pod's events for more of them.", EVENTS];
  }
  if (determined) {
    const { fix, confirm } = CAUSES[first.id];
    const { summary, commands } = fix({ ...namedIn(symptom), ...known });
    // Advice about the nodes' network is tried where they stand.
    const look = familyOf(first.id) === 'network' && commands.length === 0;
    return [
      summary,
      ...commands,
      ...(look ? onNodeSteps(first.id, symptom, known) : []),
      `To confirm: ${confirm}`,
    ];
  }
  return filled(LOOK[familyOf(first.id)] ?? [EVENTS], symptom, known);
}

/** Commands that show on the node itself what a message leaves open; none where nothing on the node would tell. */
export function onNodeSteps(cause: CauseId, symptom: Symptom, known: Where): string[] {
  const family = cause === 'undetermined' ? 'run' : familyOf(cause);
  return filled(LOOK_AT_NODE[family] ?? [], symptom, known);
}

function filled(
  steps: readonly string[],
  { speaks }: Symptom,
  { cluster, registry, node, pod }: Where,
): string[] {
  // Others chose the name: it goes into a command only as a host can be written.
  const host = speaks?.host?.name ?? registry?.loginServer ?? '';
  const plain = /^[a-z0-9][a-z0-9.-]*$/.test(host) ? host : 'LOGIN-SERVER';
  const [namespace, name] = pod?.split('/') ?? [];
  const words: Readonly<Record<string, string>> = {
    pod:
      namespace === undefined
        ? 'POD'
        : name === undefined
          ? shellWord(namespace)
          : `${shellWord(name)} -n ${shellWord(namespace)}`,
    host: plain,
    registry: shellWord(registry?.name ?? registryIn(speaks)?.name ?? 'REGISTRY'),
    cluster: shellWord(cluster?.name ?? 'CLUSTER'),
    group: shellWord(cluster?.resourceGroup ?? 'GROUP'),
    node: shellWord(node ?? 'NODE'),
  };
  return steps.map((step) => step.replace(/\{(\w+)\}/g, (all, word: string) => words[word] ?? all));
}
