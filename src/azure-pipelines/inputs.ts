/** The task's inputs → the raw inputs of the core. */
import { belongsTo, INPUTS, taskName } from '../core/inputs.js';
import type { InputName, RawInputs } from '../core/inputs.js';
import type { Agent } from './agent.js';

/** The inputs that the task has. */
export const TASK_INPUTS = INPUTS.filter((input) => belongsTo(input, 'azure-pipelines'));

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
