/** What `npm run package` makes, and the action as a workflow gets it at a tag: both run the main job. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { unzipSync } from 'fflate';
import { suiteUnless } from '../skip.js';
import { readTask } from './agent.js';
import { nodes, PROJECT } from './runner.js';
import { openScene, scenario } from './scene.js';
import { openTaskScene } from './task-scene.js';

const run = promisify(execFile);

/** The files that the task's bundle consists of, as the build made them. */
async function bundleFiles(): Promise<string[]> {
  const names = await readdir(join(PROJECT, 'dist', 'azure-pipelines'), { recursive: true });
  return names.map((name) => `AksAcrPull/dist/azure-pipelines/${name}`);
}

async function packaged(into: string, ...more: string[]): Promise<string[]> {
  const script = join(PROJECT, 'scripts', 'package.js');
  // A proxy that nobody listens behind: packing needs no network.
  const { stdout } = await run(process.execPath, [script, '--into', into, ...more], {
    env: {
      PATH: process.env.PATH,
      HOME: into,
      HTTPS_PROXY: 'http://127.0.0.1:9',
      HTTP_PROXY: 'http://127.0.0.1:9',
    },
  });
  return stdout.trim().split('\n');
}

let folder: string;
let files: string[];
let entries: Record<string, Uint8Array>;
let task: string;
let action: string;
let npm: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aks acr pull package '));
  files = await packaged(join(folder, 'release'));
  entries = unzipSync(await readFile(files.find((file) => file.endsWith('.vsix')) ?? ''));
  for (const [name, bytes] of Object.entries(entries)) {
    if (name.endsWith('/')) continue;
    const path = join(folder, 'unpacked', name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }
  task = join(folder, 'unpacked', 'AksAcrPull');
  action = await downloaded(join(folder, 'repository'), join(folder, 'action'));
  npm = await unpackedNpm(join(folder, 'npm'));
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

/**
 * The action as the runner downloads it: GitHub's archive of what git holds at a tag (actions/runner,
 * src/Runner.Worker/ActionManager.cs), so what the ignored files and the attributes leave out is not there.
 */
async function downloaded(repository: string, into: string): Promise<string> {
  const git = (...words: string[]): Promise<unknown> =>
    run('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...words]);
  const here = [`--work-tree=${PROJECT}`, `--git-dir=${join(repository, '.git')}`];
  await git('init', '--quiet', repository);
  await git(...here, '-C', PROJECT, 'add', '--all', '.');
  await git('-C', repository, 'commit', '--quiet', '-m', 'release');
  await git('-C', repository, 'tag', 'v1');
  await mkdir(into, { recursive: true });
  await git('-C', repository, 'archive', '--output', join(folder, 'v1.tar'), 'v1');
  await run('tar', ['-xf', join(folder, 'v1.tar'), '-C', into]);
  return into;
}

/** What is in the npm package. */
async function unpackedNpm(into: string): Promise<string> {
  await mkdir(into, { recursive: true });
  await run('tar', ['-xzf', files.find((file) => file.endsWith('.tgz')) ?? '', '-C', into]);
  return join(into, 'package');
}

describe('the packages', () => {
  it('are the extension and the npm package, of the version that package.json says', async () => {
    const { version } = JSON.parse(await readFile(join(PROJECT, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(files.map((file) => file.slice(join(folder, 'release').length + 1))).toEqual([
      `aks-acr-pull.aks-acr-pull-${version}.vsix`,
      `aks-acr-pull-${version}.tgz`,
    ]);
  });

  it('the extension holds the task, its whole bundle and what its page shows, and nothing else', async () => {
    const held = Object.keys(entries).filter((name) => !name.endsWith('/'));
    const images = (await readdir(join(PROJECT, 'docs', 'images'))).map((name) => `images/${name}`);
    expect(held.sort()).toEqual(
      [
        '[Content_Types].xml',
        'extension.vsixmanifest',
        'extension.vsomanifest',
        'LICENSE',
        'icon.png',
        'overview.md',
        'AksAcrPull/icon.png',
        'AksAcrPull/task.json',
        ...(await bundleFiles()),
        ...images,
      ].sort(),
    );
  });

  it('the contribution names the folder that task.json is in, and the page the pictures that are there', () => {
    const text = (name: string): string => Buffer.from(entries[name] ?? []).toString('utf8');
    const { contributions } = JSON.parse(text('extension.vsomanifest')) as {
      contributions: { properties: { name: string } }[];
    };
    expect(contributions.map(({ properties }) => properties.name)).toEqual(['AksAcrPull']);
    const pictures = [...text('overview.md').matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(([, path]) => path);
    expect(pictures.sort()).toEqual(['images/failed.png', 'images/log.png', 'images/passed.png']);
    for (const path of pictures) expect(entries[path ?? '']).toBeDefined();
    // Of a private repository or a folder nothing could be shown or followed there.
    for (const [, path = ''] of text('overview.md').matchAll(/(?<!!)\[[^\]]+\]\(([^)]+)\)/g))
      expect(path).toMatch(/^https:\/\/github\.com\/aks-acr-pull\/aks-acr-pull/);
  });

  it('a development flavour installs beside the released one', async () => {
    const [vsix = ''] = await packaged(join(folder, 'development'), '--flavour', 'development');
    const other = unzipSync(await readFile(vsix));
    const declared = JSON.parse(Buffer.from(other['AksAcrPull/task.json'] ?? []).toString('utf8')) as {
      id: string;
      name: string;
    };
    const released = await readTask();
    expect(declared.id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect([declared.id, declared.name]).not.toContain(released.id);
    expect(declared.name).not.toBe(released.name);
    expect(Buffer.from(other['extension.vsixmanifest'] ?? []).toString('utf8')).toContain(
      'Id="aks-acr-pull-development"',
    );
  });

  it('an unknown flavour is refused', async () => {
    await expect(packaged(folder, '--flavour', 'free')).rejects.toThrow(/--flavour free: it is release or/);
  });
});

for (const { name, path: node, missing } of nodes()) {
  suiteUnless(missing, `on ${name}`, () => {
    it('the task out of the extension runs the main job', async () => {
      const scene = await openTaskScene(
        scenario({ identities: [{ name: 'deployer', federated: 'azure-pipelines' }] }),
        {},
        task,
      );
      try {
        const own = node === process.execPath ? {} : { node };
        const { result, outputs, stderr } = await scene.run({}, own);
        expect([result, outputs.result, outputs.verified, stderr]).toEqual([
          'Succeeded',
          'passed',
          'true',
          '',
        ]);
      } finally {
        await scene.end();
      }
    });

    it.each([
      ['at a tag', () => action],
      ['out of the npm package', () => npm],
    ])('the action %s runs the main job', async (_where, at) => {
      const scene = await openScene(scenario());
      try {
        const { exitCode, outputs } = await scene.run({}, { action: at(), node });
        expect([exitCode, outputs.result, outputs.verified]).toEqual([0, 'passed', 'true']);
      } finally {
        await scene.end();
      }
    });
  });
}
