import { expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv-draft-04';
import { suiteUnless } from '../skip.js';
import { PROJECT } from '../e2e/runner.js';

const SCHEMA = join(PROJECT, '..', 'shared', 'schemas', 'tasks.schema.json');
const there = existsSync(SCHEMA);

suiteUnless(there ? undefined : '../shared/schemas is absent', "task.json and the tasks' schema", () => {
  const schema = JSON.parse(there ? readFileSync(SCHEMA, 'utf8') : '{}') as object;
  // A pattern of the schema's escapes a colon, which Unicode patterns may not.
  const validate = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false }).compile(schema);
  const task = JSON.parse(readFileSync(join(PROJECT, 'task.json'), 'utf8')) as Record<string, unknown>;

  it('agree', () => {
    const valid = validate(task);
    expect(validate.errors ?? []).toEqual([]);
    expect(valid).toBe(true);
  });

  it('disagree when something is wrong', () => {
    expect(validate({ ...task, execution: { Node20: { target: 'x' } } })).toBe(false);
    expect(validate({ ...task, inputs: [{ name: 'resource-group', label: 'x', type: 'string' }] })).toBe(
      false,
    );
  });
});
