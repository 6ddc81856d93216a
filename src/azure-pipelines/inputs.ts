/** The task's inputs → the raw inputs of the core. */
import { belongsTo, INPUTS, taskName } from '../core/inputs.js';
import type { InputDeclaration, InputName, RawInputs } from '../core/inputs.js';
import type { Agent } from './agent.js';

/** The inputs that the task has. */
export const TASK_INPUTS = INPUTS.filter((input) => belongsTo(input, 'azure-pipelines'));

/** How the pipeline's editor groups them; those that most pipelines give stand before all groups. */
export const TASK_GROUPS: Readonly<Record<string, { title: string; inputs: readonly InputName[] }>> = {
  deployment: {
    title: 'What is about to be deployed',
    inputs: ['manifests', 'helm-chart', 'helm-values', 'kustomization', 'allow-remote', 'max-pulls'],
  },
  proof: {
    title: 'The proof',
    inputs: ['verify', 'node-pools', 'nodes', 'namespace', 'import-probe-image', 'propagation-timeout'],
  },
  grant: {
    title: 'The grant',
    inputs: ['repositories', 'transition-roles', 'kubelet-object-id', 'dry-run', 'all-direct'],
  },
  elsewhere: {
    title: 'A cluster that is not AKS, or a registry of another tenant',
    inputs: ['kubeconfig', 'context', 'pull-secret'],
  },
  run: {
    title: 'The run',
    inputs: [
      'cluster-access',
      'timeout',
      'fail-on',
      'environment',
      'redact',
      'allow-pull-request',
      'summary',
    ],
  },
};

/** When the editor shows an input: in the modes that it has a meaning in. Absent: always. */
export function visibleRule({ modes }: InputDeclaration): string | undefined {
  return modes?.map((mode) => `mode = ${mode}`).join(' || ');
}

/** Every input that was given. Booleans of template parameters come as `True` and `False`. */
export function readInputs(agent: Pick<Agent, 'input'>): RawInputs {
  return Object.fromEntries(
    TASK_INPUTS.flatMap((input): [InputName, string][] => {
      const { name } = input;
      const value = agent.input(taskName(name));
      if (value === undefined) return [];
      return [[name, 'flagOnly' in input ? value.toLowerCase() : value]];
    }),
  );
}

const NAMES = INPUTS.map(({ name }) => name).filter((name) => name.includes('-'));
/** A name that stands alone: not a flag of a command, not a part of another word. */
const NAMED = new RegExp(`(?<![\\w/-])(?:${NAMES.join('|')})(?![\\w-])`, 'g');

/** A text about inputs as this task's user knows them: `resource-group` → `resourceGroup`. */
export function inTaskWords(text: string): string {
  return text.replace(NAMED, taskName);
}
