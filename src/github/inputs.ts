/** INPUT_* as GitHub's runner sets them → the raw inputs of the core. */
import { getInput } from '@actions/core';
import { INPUTS } from '../core/inputs.js';
import type { InputDeclaration, InputName, RawInputs } from '../core/inputs.js';

/** The inputs that the action has. */
export const GITHUB_INPUTS = INPUTS.filter(
  ({ only }: InputDeclaration) => only === undefined || only.includes('github'),
);

/** Every input that was given. */
export function readInputs(): RawInputs {
  const given = GITHUB_INPUTS.map(({ name }): [InputName, string] => [name, getInput(name)]);
  return Object.fromEntries(given.filter(([, value]) => value !== ''));
}
