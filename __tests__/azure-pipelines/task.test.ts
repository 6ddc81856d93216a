import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inTaskWords, TASK_GROUPS, TASK_INPUTS, visibleRule } from '../../src/azure-pipelines/inputs.js';
import { OUTPUTS, taskName } from '../../src/core/inputs.js';
import type { InputDeclaration } from '../../src/core/inputs.js';
import { optional } from '../../src/core/json.js';
import { PROJECT } from '../e2e/runner.js';

interface Input {
  name: string;
  label: string;
  type: string;
  defaultValue?: string;
  required: boolean;
  helpMarkDown: string;
  groupName?: string;
  visibleRule?: string;
  options?: Record<string, string>;
  properties?: Record<string, string>;
}

const task = JSON.parse(readFileSync(join(PROJECT, 'task.json'), 'utf8')) as Record<string, unknown> & {
  inputs: Input[];
  outputVariables: { name: string; description: string }[];
};

const label = (name: string): string =>
  `${name.charAt(0).toUpperCase()}${name.slice(1).replaceAll('-', ' ')}`;

/** Chosen from what the service connection sees (pickers.test.ts), or written. */
const PICKED: readonly string[] = ['cluster', 'resource-group', 'registry'];

function typeOf({ name, flagOnly, list, values }: InputDeclaration): string {
  if (name === 'azure-subscription') return 'connectedService:AzureRM';
  if (flagOnly === true) return 'boolean';
  if (values !== undefined || PICKED.includes(name)) return 'pickList';
  return list === true ? 'multiLine' : 'string';
}

const groupOf = (name: string): string | undefined =>
  Object.entries(TASK_GROUPS).find(([, { inputs }]) => inputs.some((one) => one === name))?.[0];

describe('task.json', () => {
  it('has the declared inputs, in their order, and no others', () => {
    const declared = TASK_INPUTS.map((input: InputDeclaration) => ({
      name: taskName(input.name),
      label: label(input.name),
      type: typeOf(input),
      ...(input.default === undefined ? {} : { defaultValue: input.default }),
      required: input.required === true,
      helpMarkDown: inTaskWords(input.description),
      ...optional('groupName', groupOf(input.name)),
      ...optional('visibleRule', visibleRule(input)),
    }));
    const there = task.inputs.map(({ options: _options, properties: _properties, ...input }) => input);
    expect(there).toEqual(declared);
  });

  it('has the groups of the inputs, closed, and each input in one at most', () => {
    expect(task.groups).toEqual(
      Object.entries(TASK_GROUPS).map(([name, { title }]) => ({
        name,
        displayName: title,
        isExpanded: false,
      })),
    );
    const grouped = Object.values(TASK_GROUPS).flatMap(({ inputs }) => inputs);
    expect(new Set(grouped).size).toBe(grouped.length);
    const known = TASK_INPUTS.map(({ name }) => name as string);
    expect(known).toEqual(expect.arrayContaining(grouped));
  });

  it('lets choose what the input takes, and write a variable there', () => {
    const choices = task.inputs
      .filter(({ type }) => type === 'pickList')
      .map(({ name, options, properties }) => [name, Object.entries(options ?? {}), properties]);
    expect(choices).toEqual(
      TASK_INPUTS.flatMap(({ name, values }: InputDeclaration) =>
        values === undefined && !PICKED.includes(name)
          ? []
          : [[taskName(name), (values ?? []).map((value) => [value, value]), { EditableOptions: 'True' }]],
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
