/** What inputs `kubeconfig`, `context` and `pull-secret` can't be together with. Pure. */
import type { InputName } from './inputs.js';
import type { InputProblem, Request } from './request.js';

type Asked = Pick<
  Request,
  'mode' | 'verify' | 'clusterAccess' | 'registries' | 'repositories' | 'transitionRoles'
>;

const OURS: readonly InputName[] = ['kubeconfig', 'context', 'pull-secret'];

/** Of an AKS cluster only; what they would do without one can't be meant. */
const OF_AKS: readonly [InputName, string][] = [
  ['cluster', 'nothing beside kubeconfig, which names the cluster already'],
  ['resource-group', 'nothing with kubeconfig: only AKS clusters have one'],
  ['node-pools', 'nothing with kubeconfig: such a cluster has no node pools; nodes: all tries every node'],
];

/** They are about the kubelet identity, or about what this login can see in the registry. */
const OF_THE_IDENTITY: readonly InputName[] = [
  'kubelet-object-id',
  'repositories',
  'manifests',
  'helm-chart',
  'kustomization',
];

/**
 * Every contradiction, in the words of an input error.
 *
 * @param given whether an input was given; @param text its value
 */
export function pullSecretProblems(
  asked: Asked,
  given: (input: InputName) => boolean,
  text: (input: InputName) => string | undefined,
): InputProblem[] {
  const problems: InputProblem[] = [];
  const refuse = (input: InputName, wanted: string): void => {
    const value = given(input) ? text(input) : undefined;
    problems.push(value === undefined ? { input, wanted } : { input, value, wanted });
  };
  if (asked.mode !== 'check') {
    for (const input of OURS)
      if (given(input)) refuse(input, `nothing in mode ${asked.mode}: it belongs to mode check`);
    return problems;
  }
  if (given('context') && !given('kubeconfig')) refuse('kubeconfig', 'the file that context is in');
  if (given('kubeconfig')) {
    if (!given('pull-secret'))
      refuse(
        'pull-secret',
        'the Secret to pull with: nodes of a cluster that is not AKS have no kubelet identity to prove',
      );
    for (const [input, wanted] of OF_AKS) if (given(input)) refuse(input, wanted);
  }
  if (!given('pull-secret')) return problems;
  for (const input of OF_THE_IDENTITY)
    if (given(input)) refuse(input, 'nothing with pull-secret, which proves a stored credential alone');
  if (asked.transitionRoles)
    refuse('transition-roles', 'nothing with pull-secret, which proves a stored credential alone');
  if (asked.verify !== 'pull')
    refuse('verify', 'pull with pull-secret: only a real pull tells whether a stored credential works');
  if (asked.clusterAccess === 'run-command')
    refuse(
      'cluster-access',
      'direct or auto with pull-secret, which is read: Azure keeps what a command of AKS run command prints',
    );
  if (!given('image'))
    refuse('image', 'an image to pull: with pull-secret this run never looks into the registry itself');
  for (const registry of asked.registries)
    if (registry.by !== 'login-server')
      problems.push({
        input: 'registry',
        value: registry.text,
        wanted:
          'a login server (contoso.azurecr.io) with pull-secret: the registry may be in a tenant where this login finds nothing',
      });
  return problems;
}
