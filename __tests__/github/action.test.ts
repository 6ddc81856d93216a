import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { OUTPUTS } from '../../src/core/inputs.js';
import type { InputDeclaration } from '../../src/core/inputs.js';
import { GITHUB_INPUTS } from '../../src/github/inputs.js';
import { PROJECT } from '../e2e/runner.js';

const action = parse(readFileSync(join(PROJECT, 'action.yml'), 'utf8')) as {
  inputs: Record<string, unknown>;
  outputs: Record<string, unknown>;
  runs: unknown;
};

describe('action.yml', () => {
  it('has the declared inputs, in their order, and no others', () => {
    const declared = GITHUB_INPUTS.map((input: InputDeclaration) => [
      input.name,
      {
        description: input.description,
        required: input.required === true,
        ...(input.default === undefined ? {} : { default: input.default }),
      },
    ]);
    expect(Object.entries(action.inputs)).toEqual(declared);
  });

  it('has the declared outputs', () => {
    expect(Object.entries(action.outputs)).toEqual(
      OUTPUTS.map(({ name, description }) => [name, { description }]),
    );
  });

  it('runs one bundle for main and post, and the post step always', () => {
    expect(action.runs).toEqual({
      using: 'node24',
      main: 'dist/github/index.js',
      post: 'dist/github/index.js',
      'post-if': 'always()',
    });
  });

  it('names no input by a word that the runner changes', () => {
    for (const { name } of GITHUB_INPUTS) expect(name).toMatch(/^[a-z-]+$/);
  });
});
