/** What the workflows may do, and what a release rests on. manifests.test.ts holds them against GitHub's schema. */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { ROOT, filesBelow, read } from './root.js';

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
}
interface Job {
  needs?: string;
  permissions?: Record<string, string>;
  strategy?: { matrix: { node: string[] } };
  'timeout-minutes'?: number;
  steps: Step[];
}
interface Workflow {
  on: Record<string, unknown>;
  permissions: Record<string, string>;
  concurrency: { group: string; 'cancel-in-progress': boolean };
  jobs: Record<string, Job>;
}

const files = filesBelow('.github/workflows');
const workflows = files.map((file) => [basename(file), parse(read(file)) as Workflow] as const);
const jobs = workflows.flatMap(([file, { jobs }]) =>
  Object.entries(jobs).map(([name, job]) => [`${file}: ${name}`, job] as const),
);

/** All that any job may write. */
const WRITES: Readonly<Record<string, string[]>> = {
  'release.yml: package': ['attestations', 'id-token'],
  'release.yml: publish': ['contents'],
};

describe.each(workflows)('%s', (_file, workflow) => {
  it('may read the repository and no more, where a job says nothing else', () => {
    expect(workflow.permissions).toEqual({ contents: 'read' });
  });

  it('runs nothing of strangers with rights of the repository', () => {
    expect(Object.keys(workflow.on)).not.toContain('pull_request_target');
    expect(Object.keys(workflow.on)).not.toContain('workflow_run');
  });

  it('has no two runs of the same at once', () => {
    expect(workflow.concurrency.group).not.toBe('');
  });
});

describe.each(jobs)('%s', (name, job) => {
  it('says what it may, and writes only what it must', () => {
    const { permissions = {} } = job;
    expect(Object.keys(permissions)).not.toEqual([]);
    const writes = Object.entries(permissions).flatMap(([what, level]) => (level === 'read' ? [] : [what]));
    expect(writes.sort()).toEqual(WRITES[name] ?? []);
  });

  it('ends', () => {
    expect(job['timeout-minutes']).toBeLessThanOrEqual(30);
  });

  it('names actions by their major version, and leaves no credential in the work tree', () => {
    for (const { uses, with: given } of job.steps) {
      if (uses === undefined) continue;
      expect(uses).toMatch(/^actions\/[\w-]+@v\d+$/);
      if (uses.startsWith('actions/checkout@')) expect(given).toMatchObject({ 'persist-credentials': false });
    }
  });

  it('puts no text of others into a script', () => {
    for (const { run = '' } of job.steps) expect(run).not.toContain('${{');
  });
});

it('the workflows use no stored secret', () => {
  for (const file of files) expect(read(file)).not.toMatch(/\bsecrets\b/);
});

it('the workflows test on the oldest and the newest Node that is promised', () => {
  expect(jobs.map(([, { strategy }]) => strategy?.matrix.node)).toContainEqual(['20.20', '24']);
});

describe('a release', () => {
  const { on, concurrency, jobs: parts } = parse(read('.github/workflows/release.yml')) as Workflow;
  const scripts = (job: string): string => parts[job]?.steps.map(({ run }) => run ?? '').join('\n') ?? '';

  it('is made of a tag, and is not ended halfway', () => {
    expect(on).toEqual({ push: { tags: ['v*.*.*'] } });
    expect(concurrency['cancel-in-progress']).toBe(false);
  });

  it('begins with its version and every check; nothing is packed before, nothing is published before that', () => {
    expect(scripts('check')).toMatch(/release-version\.js "\$GITHUB_REF_NAME"[^]*bash \.ci\/run/);
    expect(parts.package?.needs).toBe('check');
    expect(parts.publish?.needs).toBe('package');
  });

  it('holds dist against the sources before it packs it', () => {
    expect(scripts('package')).toMatch(/build\.js --check[^]*build\.js --only single[^]*npm pack/);
  });

  it('packs for agents what the task runs', () => {
    const { execution } = JSON.parse(read('task.json')) as { execution: Record<string, { target: string }> };
    const packed = /-czf \S+ (.*)/.exec(scripts('package'))?.[1]?.trim().split(' ') ?? [];
    expect(packed).toContain('task.json');
    for (const { target } of Object.values(execution))
      expect(packed.some((path) => target.startsWith(`${path}/`))).toBe(true);
  });
});

describe('scripts/release-version.js', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'aks acr pull version '));
    await mkdir(join(folder, 'scripts'));
    const script = join('scripts', 'release-version.js');
    await copyFile(join(ROOT, script), join(folder, script));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function check(tag: string[], version: string, [Major, Minor, Patch]: number[]): Promise<string> {
    await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module', version }));
    await writeFile(join(folder, 'task.json'), JSON.stringify({ version: { Major, Minor, Patch } }));
    return new Promise((resolve) => {
      const script = join(folder, 'scripts', 'release-version.js');
      execFile(process.execPath, [script, ...tag], (error, _stdout, stderr) =>
        resolve(error === null ? 'good' : stderr.trim()),
      );
    });
  }

  it.each([
    ['v1.2.3', '1.2.3', [1, 2, 3]],
    ['v1.2.3-rc.1', '1.2.3-rc.1', [1, 2, 3]],
  ])('%s is %s', async (tag, version, task) => {
    expect(await check([tag], version, task)).toBe('good');
  });

  it.each([
    ["another package's", ['v1.2.4'], '1.2.3', [1, 2, 4], 'package.json says 1.2.3'],
    ['a prerelease that is none', ['v1.2.3-rc.1'], '1.2.3', [1, 2, 3], 'package.json says 1.2.3'],
    ["another task's", ['v1.2.3'], '1.2.3', [1, 2, 2], 'task.json says 1.2.2'],
    ['no version', ['v1.2'], '1.2', [1, 2, 0], 'must be like'],
    ['with a leading zero', ['v1.02.3'], '1.02.3', [1, 2, 3], 'must be like'],
    ['none', [], '1.2.3', [1, 2, 3], 'no tag is given'],
  ])('refuses a tag: %s', async (_what, tag, version, task, why) => {
    expect(await check(tag, version, task)).toContain(why);
  });
});
