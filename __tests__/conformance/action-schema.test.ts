import { expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { suiteUnless } from '../skip.js';
import { PROJECT } from '../e2e/runner.js';

const SCHEMA = join(PROJECT, '..', 'shared', 'schemas', 'github-action.schema.json');
const there = existsSync(SCHEMA);

suiteUnless(there ? undefined : '../shared/schemas is absent', "action.yml and the actions' schema", () => {
  const schema = JSON.parse(there ? readFileSync(SCHEMA, 'utf8') : '{}') as object;
  const validate = new Ajv({ strict: false, allErrors: true }).compile(schema);

  it('agree', () => {
    const valid = validate(parse(readFileSync(join(PROJECT, 'action.yml'), 'utf8')));
    expect(validate.errors ?? []).toEqual([]);
    expect(valid).toBe(true);
  });

  it('disagree when something is wrong', () => {
    expect(validate({ name: 'x', description: 'y', runs: { using: 'node24' } })).toBe(false);
  });
});
