/** What is about to be deployed, on the page and on lines of files; whatever files and images are called. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { DeployedImage, Report } from '../../src/core/report.js';
import { deployedSection, placedIssues } from '../../src/render/deployed.js';
import { issuesOf } from '../../src/render/issues.js';
import { reportJson } from '../../src/render/report-json.js';
import { connection, report } from './reports.js';

const use = (file: string, line?: number): DeployedImage['uses'][number] => ({
  file,
  ...(line === undefined ? {} : { line }),
  workload: 'Deployment web',
  container: 'container web',
});
const image = (more: Partial<DeployedImage> = {}): DeployedImage => ({
  image: 'contoso.azurecr.io/web:1',
  status: 'pass',
  exists: true,
  access: true,
  pools: [{ nodePool: 'apps', platform: true }],
  pulled: 'proved',
  uses: [use('k8s/web.yaml', 9)],
  ...more,
});
function deployed(images: DeployedImage[], more: Partial<NonNullable<Report['deployed']>> = {}): Report {
  return report({
    deployed: { sources: 1, objects: 2, without: [], unread: [], otherImages: [], ...more },
    connections: [connection({ images })],
  });
}

describe('the page', () => {
  it('has what is wrong first, what could not be read, and images of others', () => {
    const page = deployedSection(
      deployed(
        [
          image(),
          image({ image: 'contoso.azurecr.io/api:2', status: 'fail', message: 'gone', pulled: 'not pulled' }),
        ],
        {
          unread: [{ file: 'bad.yaml', line: 3, why: 'no YAML', fix: 'mend it' }],
          otherImages: [{ image: 'docker.io/library/redis:7', uses: [use('k8s/cache.yaml')] }],
        },
      ),
    ).join('\n');
    expect(page.indexOf('api:2')).toBeLessThan(page.indexOf('web:1'));
    expect(page).toContain('| `bad.yaml:3` | no YAML | mend it |');
    expect(page).toContain('| ✗ | `contoso.azurecr.io/api:2` | `k8s/web.yaml:9` | not pulled | gone |');
    expect(page).toContain('| `docker.io/library/redis:7` | `k8s/cache.yaml` |');
  });

  it('stays a table whatever stands in it', () => {
    const hostile = 'a|b`c\n| d ![x](https://evil.example) <img>';
    const rows = deployedSection(
      deployed([image({ image: hostile, message: hostile, status: 'fail', uses: [use(hostile, 1)] })], {
        unread: [{ file: hostile, why: hostile, fix: hostile }],
        otherImages: [{ image: hostile, uses: [use(hostile)] }],
      }),
    )
      .join('\n')
      .split('\n')
      .filter((line) => line.startsWith('|'));
    expect(rows.map((row) => row.split(' | ').length)).toEqual([3, 3, 3, 5, 5, 5, 2, 2, 2]);
    expect(rows.join('\n')).not.toMatch(/<img>|\]\(https/);
  });

  it('tells a hundred of many, and is not there where nothing was named', () => {
    const many = Array.from({ length: 130 }, (_, nth) => image({ image: `contoso.azurecr.io/a${nth}:1` }));
    expect(deployedSection(deployed(many)).join('\n')).toContain('and 30 more; report.json has all.');
    expect(deployedSection(report())).toEqual([]);
  });
});

describe('lines of files', () => {
  const all = deployed(
    [
      image(),
      image({ status: 'unknown', message: 'not seen' }),
      image({
        image: 'contoso.azurecr.io/api:2',
        status: 'fail',
        message: 'gone',
        uses: [use('k8s/api.yaml', 4)],
      }),
      image({ image: 'contoso.azurecr.io/named:1', status: 'fail', uses: [] }),
    ],
    { unread: [{ file: 'charts/shop', why: 'no chart', fix: 'mend it' }] },
  );

  it('have what could not be read and what will not run there; a pass has none', () => {
    expect(placedIssues(all).map(({ kind, title, place }) => [kind, title, place])).toEqual([
      ['error', 'it could not be read', { file: 'charts/shop' }],
      ['error', 'contoso.azurecr.io/web:1 may not run on shop', { file: 'k8s/web.yaml', line: 9 }],
      ['error', 'contoso.azurecr.io/api:2 will not run on shop', { file: 'k8s/api.yaml', line: 4 }],
    ]);
  });

  it('come after what is wrong with the whole, and are no more than ten with it', () => {
    const many = Array.from({ length: 30 }, (_, nth) =>
      image({ image: `contoso.azurecr.io/a${nth}:1`, status: 'fail', uses: [use('a.yaml', nth + 1)] }),
    );
    const issues = issuesOf(deployed(many));
    expect(issues.filter(({ kind }) => kind === 'error').length).toBeLessThanOrEqual(10);
    expect(issues.some(({ place }) => place?.file === 'a.yaml')).toBe(true);
  });
});

it('is in the report as its schema says', () => {
  const schema = JSON.parse(
    readFileSync(new URL('../../docs/report.schema.json', import.meta.url), 'utf8'),
  ) as Record<string, unknown>;
  const ajv = new Ajv2020({ strict: true, allErrors: true });
  formats(ajv);
  const validate = ajv.compile(schema);
  const whole = deployed(
    [image({ digest: `sha256:${'a'.repeat(64)}`, message: 'm', cause: 'tag-not-found' })],
    {
      without: ['values.yaml'],
      unread: [{ file: 'a.yaml', line: 1, why: 'w', fix: 'f' }],
      otherImages: [{ image: 'docker.io/library/redis:7', uses: [use('k8s/cache.yaml')] }],
    },
  );
  const [first] = whole.connections;
  first?.findings.push({ id: 'f', title: 't', evidence: '', places: [{ file: 'a.yaml', line: 2 }] });
  validate(JSON.parse(reportJson(whole)));
  expect(validate.errors).toBeNull();
});
