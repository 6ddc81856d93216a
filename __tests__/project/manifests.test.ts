/** What CI systems read, against the schemas that are published for it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { suiteUnless } from '../skip.js';
import { ROOT, filesBelow, read } from './root.js';

const SCHEMAS = join(ROOT, '..', 'shared', 'schemas');
const absent = existsSync(SCHEMAS) ? undefined : '../shared is not beside the project';

/** Everything wrong with a YAML file by a schema, one line each. */
function problems(schema: string, file: string): string[] {
  // The schemas use words and formats of editors, which say nothing about a file.
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  const text = readFileSync(join(SCHEMAS, `${schema}.schema.json`), 'utf8');
  const validate = ajv.compile(JSON.parse(text) as object);
  validate(parse(read(file)));
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message ?? ''}`);
}

suiteUnless(absent, 'the manifests fit their schemas', () => {
  it('action.yml', () => {
    expect(problems('github-action', 'action.yml')).toEqual([]);
  });

  it.each(filesBelow('.github/workflows'))('%s', (file) => {
    expect(problems('github-workflow', file)).toEqual([]);
  });

  it('vss-extension.json', () => {
    expect(problems('vss-extension', 'vss-extension.json')).toEqual([]);
  });

  it('a file that does not fit is found', () => {
    expect(problems('github-workflow', 'action.yml')).not.toEqual([]);
  });
});

describe('action.yml', () => {
  const { runs } = parse(read('action.yml')) as { runs: Record<string, string> };

  it('runs on node24, on files that are there', () => {
    expect(runs.using).toBe('node24');
    for (const file of [runs.main, runs.post]) expect(existsSync(join(ROOT, file ?? ''))).toBe(true);
  });
});
