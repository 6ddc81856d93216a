import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inTaskWords, TASK_INPUTS } from '../../src/azure-pipelines/inputs.js';
import { OUTPUTS, taskName } from '../../src/core/inputs.js';
import type { InputDeclaration } from '../../src/core/inputs.js';
import { PROJECT } from '../e2e/runner.js';

interface Input {
  name: string;
  label: string;
  type: string;
  defaultValue?: string;
  required: boolean;
  helpMarkDown: string;
  options?: Record<string, string>;
  properties?: Record<string, string>;
}

const task = JSON.parse(readFileSync(join(PROJECT, 'task.json'), 'utf8')) as Record<string, unknown> & {
  inputs: Input[];
  outputVariables: { name: string; description: string }[];
};

const label = (name: string): string =>
  `${name.charAt(0).toUpperCase()}${name.slice(1).replaceAll('-', ' ')}`;

function typeOf({ name, flagOnly, list, values }: InputDeclaration): string {
  if (name === 'azure-subscription') return 'connectedService:AzureRM';
  if (flagOnly === true) return 'boolean';
  if (values !== undefined) return 'pickList';
  return list === true ? 'multiLine' : 'string';
}

describe('task.json', () => {
  it('has the declared inputs, in their order, and no others', () => {
    const declared = TASK_INPUTS.map((input: InputDeclaration) => ({
      name: taskName(input.name),
      label: label(input.name),
      type: typeOf(input),
      ...(input.default === undefined ? {} : { defaultValue: input.default }),
      required: input.required === true,
      helpMarkDown: inTaskWords(input.description),
    }));
    const there = task.inputs.map(({ options: _options, properties: _properties, ...input }) => input);
    expect(there).toEqual(declared);
  });

  it('lets choose what the input takes, and write a variable there', () => {
    const choices = task.inputs
      .filter(({ type }) => type === 'pickList')
      .map(({ name, options, properties }) => [name, Object.entries(options ?? {}), properties]);
    expect(choices).toEqual(
      TASK_INPUTS.flatMap(({ name, values }: InputDeclaration) =>
        values === undefined
          ? []
          : [[taskName(name), values.map((value) => [value, value]), { EditableOptions: 'True' }]],
      ),
    );
  });

  it('has the declared outputs, and lets the task set nothing else', () => {
    expect(task.outputVariables).toEqual(
      OUTPUTS.map(({ name, description }) => ({
        name: taskName(name),
        description: inTaskWords(description),
      })),
    );
    expect(task.restrictions).toEqual({
      settableVariables: { allowed: task.outputVariables.map(({ name }) => name) },
    });
  });

  it('is the same task for ever, on every Node that the bundle runs on', () => {
    // An id that changes is another task to every pipeline that uses this one.
    expect(task.id).toBe('b6039b3d-d7f4-4693-9749-a1f8b81a83d1');
    expect([task.name, task.version]).toEqual(['AksAcrPull', { Major: 1, Minor: 0, Patch: 0 }]);
    const target = { target: 'dist/azure-pipelines/index.js' };
    expect(task.execution).toEqual({ Node20_1: target, Node24: target });
    // The first release of microsoft/azure-pipelines-agent's line 3.232, which knows Node20_1.
    expect(task.minimumAgentVersion).toBe('3.232.1');
  });

  it('has what tfx-cli will demand', () => {
    expect(String(task.friendlyName).length).toBeLessThanOrEqual(40);
    expect(task.instanceNameFormat).toMatch(/\$\(cluster\).*\$\(registry\)/);
  });
});

describe('inTaskWords', () => {
  it('names inputs as task.json does, and leaves flags of commands alone', () => {
    expect(inTaskWords('a name together with resource-group; set allow-pull-request: true')).toBe(
      'a name together with resourceGroup; set allowPullRequest: true',
    );
    expect(inTaskWords('az aks show --resource-group apps --subscription-id x my-client-id-2')).toBe(
      'az aks show --resource-group apps --subscription-id x my-client-id-2',
    );
  });
});
