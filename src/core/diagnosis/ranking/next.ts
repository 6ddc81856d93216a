/** What to do next: the fix of a cause that is determined, else what would decide between those that are offered. */
import { CAUSES, familyOf } from '../causes.js';
import type { Family } from '../causes.js';
import type { Symptom } from '../symptoms/symptom.js';
import type { Verdict } from './rank.js';

/** Steps by the family of the likeliest cause; `{host}` and `{registry}` are filled in. Placeholders are in capitals. */
const LOOK: Readonly<Partial<Record<Family, readonly string[]>>> = {
  access: [
    'aks-acr-pull check --cluster CLUSTER -g GROUP --registry {host}',
    'az acr show -n {registry} --query "{mode:roleAssignmentMode, anonymousPull:anonymousPullEnabled, publicAccess:publicNetworkAccess, loginServer:loginServer}"',
    "kubectl get pod POD -o jsonpath='{.spec.imagePullSecrets}'",
  ],
  // What the machine that runs this sees of the network is not what the nodes see: they are asked.
  network: [
    'kubectl debug node/NODE -it --image=mcr.microsoft.com/cbl-mariner/busybox:2.0 -- nslookup {host}',
    'kubectl debug node/NODE -it --image=mcr.microsoft.com/cbl-mariner/busybox:2.0 -- nc -vz {host} 443',
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
    'aks-acr-pull check --cluster CLUSTER -g GROUP --registry REGISTRY --verify access',
    'Run the same az command again with --debug: its log has the code that this line leaves out.',
  ],
  tool: ['aks-acr-pull check --cluster CLUSTER -g GROUP --registry {host}'],
};

const EVENTS = 'kubectl get events -A --field-selector reason=Failed';

/** Sentences and commands, in their order. */
export function nextSteps({ speaks, backOffOnly }: Symptom, { determined, causes }: Verdict): string[] {
  const [first] = causes;
  if (first === undefined) {
    return backOffOnly
      ? ['The kubelet waits before it tries again; what stopped it stands in an earlier event.', EVENTS]
      : ["Nothing in these words is known. Look at the pod's events for more of them.", EVENTS];
  }
  if (determined) {
    const { fix, confirm } = CAUSES[first.id];
    const { summary, commands } = fix({});
    return [summary, ...commands, ...(confirm === undefined ? [] : [`To confirm: ${confirm}`])];
  }
  // Others chose the name: it goes into a command only as a host can be written.
  const host = speaks?.host?.name ?? '';
  const plain = /^[a-z0-9][a-z0-9.-]*$/.test(host) ? host : 'LOGIN-SERVER';
  const registry = speaks?.host?.kind === 'login' ? (plain.split('.')[0] ?? 'REGISTRY') : 'REGISTRY';
  const steps = LOOK[familyOf(first.id)] ?? [EVENTS];
  return steps.map((step) => step.replace('{host}', plain).replace('{registry}', registry));
}
