/** What the workflows may do, and what a release rests on. manifests.test.ts holds them against GitHub's schema. */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { lintWorkflow } from './actionlint.js';
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
  'update.yml: propose': ['contents', 'pull-requests'],
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

  it('names actions by their commit, and leaves no credential in the work tree', () => {
    for (const { uses, with: given } of job.steps) {
      if (uses === undefined) continue;
      expect(uses).toMatch(/^actions\/[\w-]+@[0-9a-f]{40}$/);
      if (uses.startsWith('actions/checkout@')) expect(given).toMatchObject({ 'persist-credentials': false });
    }
  });

  it('puts no text of others into a script', () => {
    for (const { run = '' } of job.steps) expect(run).not.toContain('${{');
  });
});

describe('actionlint', () => {
  it.each(files)('%s', async (file) => {
    expect(await lintWorkflow(read(file))).toEqual([]);
  });

  it('sees what is wrong', async () => {
    const [first] = await lintWorkflow(read(files[0] ?? '').replace('runs-on:', 'runs-off:'));
    expect(first).toMatch(/runs-o/);
  });
});

it('each commit of an action is named by its version beside it, and one action by one commit', () => {
  const lines = files.flatMap((file) => read(file).match(/uses: .*/g) ?? []);
  for (const line of lines) expect(line).toMatch(/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  const names = new Set(lines.map((line) => line.replace(/@.*/, '')));
  expect(new Set(lines).size).toBe(names.size);
});

it('the workflows use no stored secret', () => {
  for (const file of files) expect(read(file)).not.toMatch(/\bsecrets\b/);
});

it('the workflows test on the oldest and the newest Node that is promised', () => {
  expect(jobs.map(([, { strategy }]) => strategy?.matrix.node)).toContainEqual(['20.20', '24']);
});

describe('an update of dependencies', () => {
  const { jobs: parts } = parse(read('.github/workflows/update.yml')) as Workflow;
  const scripts = (job: string): string => parts[job]?.steps.map(({ run }) => run ?? '').join('\n') ?? '';

  it('runs what they bring only where nothing can be written', () => {
    expect(parts.build?.permissions).toEqual({ contents: 'read' });
    expect(scripts('build')).toMatch(/npm update --ignore-scripts[^]*npm run build/);
    expect(scripts('propose')).not.toMatch(/\b(npm|npx|node)\b/);
  });

  it.each<[string, { write: string[]; move?: [string, string] }, boolean]>([
    ['the lock file and dist', { write: ['package-lock.json', 'dist/cli/index.js'] }, true],
    ['a file of dist that has another name', { write: [], move: ['dist/1.js', 'dist/2.js'] }, true],
    ['a source', { write: ['package-lock.json', 'src/core/preflight.ts'] }, false],
    ['a source that it takes away', { write: [], move: ['src/a.ts', 'dist/a.ts'] }, false],
    ['a workflow', { write: ['.github/workflows/ci.yml'] }, false],
    ['a name with a line end', { write: ['dist/x\nsrc/x.ts'] }, false],
    ['what only looks like dist', { write: ['dist.js', 'src/dist/x.js'] }, false],
  ])('of a patch with %s: takes it, or not', async (_what, { write, move }, good) => {
    const folder = await mkdtemp(join(tmpdir(), 'aks acr pull update '));
    const script = parts.propose?.steps.find(({ run }) => run?.includes('git apply'))?.run ?? '';
    const git = async (...words: string[]): Promise<string> => {
      const as = ['-c', 'user.name=t', '-c', 'user.email=t@example.com'];
      return (await promisify(execFile)('git', [...as, ...words], { cwd: folder })).stdout;
    };
    const put = async (path: string): Promise<void> => {
      await mkdir(join(folder, path, '..'), { recursive: true });
      await writeFile(join(folder, path), `of ${path}\n`.repeat(20));
    };
    try {
      await git('init', '--quiet');
      await Promise.all(['src/a.ts', 'dist/1.js'].map(put));
      await git('add', '--all');
      await git('commit', '--quiet', '-m', 'before');
      await Promise.all(write.map(put));
      if (move !== undefined) await git('mv', ...move);
      await git('add', '--all');
      const patch = await git('diff', '--cached', '--binary');
      await git('reset', '--quiet', '--hard');
      await writeFile(join(folder, '.git', 'update.patch'), patch);
      const taken = await new Promise<boolean>((resolve) =>
        execFile(
          'bash',
          ['-eo', 'pipefail', '-c', script],
          { cwd: folder, env: { PATH: process.env.PATH, RUNNER_TEMP: join(folder, '.git') } },
          (error) => resolve(error === null),
        ),
      );
      expect(taken).toBe(good);
      // What is committed is what was looked at.
      expect(
        (await git('status', '--porcelain')).split('\n').filter((line) => /^[^ ?]/.test(line)),
      ).not.toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
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
    expect(scripts('package')).toMatch(
      /build\.js --check[^]*build\.js --only single[^]*scripts\/package\.js[^]*npm sbom/,
    );
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

  async function check(
    tag: string[],
    version: string,
    [Major, Minor, Patch]: number[],
    extension = [Major, Minor, Patch].join('.'),
  ): Promise<string> {
    await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module', version }));
    await writeFile(join(folder, 'task.json'), JSON.stringify({ version: { Major, Minor, Patch } }));
    await writeFile(join(folder, 'vss-extension.json'), JSON.stringify({ version: extension }));
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

  it("refuses a tag: another extension's", async () => {
    expect(await check(['v1.2.3'], '1.2.3', [1, 2, 3], '1.2.2')).toContain('vss-extension.json says 1.2.2');
  });

  it('stamps the version of package.json into what is committed, and changes nothing else', async () => {
    const before = { 'task.json': read('task.json'), 'vss-extension.json': read('vss-extension.json') };
    for (const [file, text] of Object.entries(before)) await writeFile(join(folder, file), text);
    await writeFile(
      join(folder, 'package.json'),
      JSON.stringify({ type: 'module', version: '12.34.56-rc.1' }),
    );
    await new Promise((resolve) =>
      execFile(process.execPath, [join(folder, 'scripts', 'release-version.js'), '--stamp'], resolve),
    );
    const task = await readFile(join(folder, 'task.json'), 'utf8');
    const extension = await readFile(join(folder, 'vss-extension.json'), 'utf8');
    expect(JSON.parse(task)).toEqual({
      ...(JSON.parse(before['task.json']) as object),
      version: { Major: 12, Minor: 34, Patch: 56 },
    });
    expect(JSON.parse(extension)).toEqual({
      ...(JSON.parse(before['vss-extension.json']) as object),
      version: '12.34.56',
    });
    expect(task.split('\n')).toHaveLength(before['task.json'].split('\n').length);
  });
});
