/** The examples: GitHub and the linter take them, and what they give our step is what our step takes. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { TASK_INPUTS } from '../../src/azure-pipelines/inputs.js';
import { belongsTo, INPUTS, taskName } from '../../src/core/inputs.js';
import type { InputName, RawInputs } from '../../src/core/inputs.js';
import { readRequest, Refused } from '../../src/core/request.js';
import { suiteUnless } from '../skip.js';
import { lintWorkflow } from './actionlint.js';
import { ROOT, filesBelow, read } from './root.js';

const workflows = filesBelow('examples/github');
const pipelines = filesBelow('examples/azure-pipelines');
const SCHEMA = join(ROOT, '..', 'shared', 'schemas', 'github-workflow.schema.json');

/** Every mapping with this key, at any depth. */
function withKey(node: unknown, key: string): Record<string, unknown>[] {
  if (typeof node !== 'object' || node === null) return [];
  const own = !Array.isArray(node) && key in node ? [node as Record<string, unknown>] : [];
  return [...own, ...Object.values(node).flatMap((inner) => withKey(inner, key))];
}

/** A value as it is once the CI system has filled in its expressions. */
function filled(value: string): string {
  return value
    .replace(
      /\$\{\{ (vars|parameters|inputs)\.[\w-]*(ID|Id|-id) \}\}/g,
      '11111111-2222-4333-8444-555555555555',
    )
    .replace(/\$\{\{ [\w.-]*image \}\}/g, 'shop/web:1.4')
    .replace(/\$\{\{ [\w.-]+ \}\}/g, 'filled')
    .replace(/\$\([\w.]+\)/g, '512');
}

/** The inputs of a step, by the core's names; a name that isn't one stays and is refused. */
function rawInputs(given: Record<string, unknown>, named: (name: string) => string): RawInputs {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      const input = INPUTS.find((declared) => named(declared.name) === name);
      return [(input?.name ?? name) as InputName, filled(String(value))];
    }),
  );
}

describe('examples/github-composite/action.yml', () => {
  const file = 'examples/github-composite/action.yml';
  const { inputs, outputs, runs } = parse(read(file)) as {
    inputs: Record<string, object>;
    outputs: Record<string, { value: string }>;
    runs: { using: string; steps: { id: string; with: Record<string, unknown> }[] };
  };

  it('gives our step what it takes, all of its inputs and no context that a composite action has not', () => {
    expect(runs.using).toBe('composite');
    const [step, ...more] = runs.steps;
    expect(more).toEqual([]);
    const given = step?.with ?? {};
    expect(() => readRequest(rawInputs(given, (name) => name))).not.toThrow();
    const used = [...JSON.stringify(given).matchAll(/\$\{\{ ([\w.-]+) \}\}/g)].map(([, name]) => name);
    expect(used.sort()).toEqual(
      Object.keys(inputs)
        .map((name) => `inputs.${name}`)
        .sort(),
    );
    for (const [name, { value }] of Object.entries(outputs))
      expect(value).toBe(`\${{ steps.${step?.id ?? ''}.outputs.${name} }}`);
  });
});

describe.each(workflows)('%s', (file) => {
  const document = parse(read(file)) as {
    on: unknown;
    permissions: object;
    jobs: Record<string, Record<string, unknown>>;
  };
  const steps = withKey(document, 'uses').filter(({ uses }) => /aks-acr-pull@/.test(String(uses)));

  it('passes actionlint', async () => {
    expect(await lintWorkflow(read(file))).toEqual([]);
  });

  it('gives our step what it takes', () => {
    expect(steps.length).toBeGreaterThan(0);
    const names = INPUTS.filter((input) => belongsTo(input, 'github')).map(({ name }) => name as string);
    for (const step of steps) {
      const given = step.with as Record<string, unknown>;
      expect(names).toEqual(expect.arrayContaining(Object.keys(given)));
      expect(() => readRequest(rawInputs(given, (name) => name))).not.toThrow();
    }
  });

  it('may sign in only in the jobs that do, and write nothing', () => {
    expect(document.permissions).toEqual({ contents: 'read' });
    for (const job of Object.values(document.jobs))
      expect(Object.entries(job.permissions as object).filter(([, may]) => may === 'write')).toEqual([
        ['id-token', 'write'],
      ]);
  });

  it('runs nothing of strangers with rights of the repository, and uses no stored secret', () => {
    expect(read(file)).not.toMatch(/^\s*(on:\s*)?(pull_request_target|workflow_run|issue_comment):?\s*$/m);
    expect(read(file)).not.toMatch(/\bsecrets\./);
  });
});

it("the pull request's example runs as it stands, and would be refused if it connected", () => {
  const document = parse(read('examples/github/pull-request.yml')) as unknown;
  const [step] = withKey(document, 'with');
  const inputs = rawInputs(step?.with as Record<string, unknown>, (name) => name);
  const event = { pullRequest: 'pull_request' };
  expect(readRequest(inputs, event)).toMatchObject({ mode: 'check', verify: 'access' });
  expect(() => readRequest({ ...inputs, mode: 'connect' }, event)).toThrow(Refused);
});

suiteUnless(existsSync(SCHEMA) ? undefined : '../shared is not beside the project', 'the examples', () => {
  it('the composite action fits the schema of actions', () => {
    const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
    const validate = ajv.compile(
      JSON.parse(readFileSync(SCHEMA.replace('workflow', 'action'), 'utf8')) as object,
    );
    validate(parse(read('examples/github-composite/action.yml')));
    expect(validate.errors ?? []).toEqual([]);
  });

  it.each(workflows)('%s fits the schema of workflows', (file) => {
    const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
    const validate = ajv.compile(JSON.parse(readFileSync(SCHEMA, 'utf8')) as object);
    validate(parse(read(file)));
    expect(validate.errors ?? []).toEqual([]);
  });
});

describe.each(pipelines)('%s', (file) => {
  const document = parse(read(file)) as unknown;
  const steps = withKey(document, 'task');

  it('gives our task what it takes', () => {
    const names = TASK_INPUTS.map(({ name }) => taskName(name));
    for (const step of steps) {
      expect(step.task).toBe('AksAcrPull@1');
      const given = step.inputs as Record<string, unknown>;
      expect(names).toEqual(expect.arrayContaining(Object.keys(given)));
      expect(given).toHaveProperty('azureSubscription');
      expect(() => readRequest(rawInputs(given, taskName))).not.toThrow();
    }
  });

  it('has our task, or names a template that is there and gives it all its parameters', () => {
    const templates = withKey(document, 'template');
    expect(steps.length + templates.length).toBeGreaterThan(0);
    for (const { template, parameters } of templates) {
      const path = join(dirname(file), String(template));
      expect(pipelines).toContain(path);
      const wanted = (parse(read(path)) as { parameters: { name: string }[] }).parameters;
      expect(Object.keys(parameters as object)).toEqual(wanted.map(({ name }) => name));
    }
  });
});
