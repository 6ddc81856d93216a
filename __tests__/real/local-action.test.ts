/**
 * The shipped action in GitHub's own local runner. That is no dependency: it brings packages that want a newer Node than
 * the oldest that the project runs on. So it is fetched when the tests run; LOCAL_ACTION names a folder that has it already.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { PROJECT, readFileCommands } from '../e2e/runner.js';
import { openScene, scenario } from '../e2e/scene.js';
import { suiteUnless } from '../skip.js';

/** MIT. */
const PACKAGE = '@github/local-action@7.0.1';
const LIMIT_MS = 120_000;

/** The folder that npm put it into, or why there is none. */
function findLocalAction(): { folder: string; fetched: boolean } | { why: string } {
  const { LOCAL_ACTION: own } = process.env;
  if (own !== undefined) return { folder: own, fetched: false };
  const folder = mkdtempSync(join(tmpdir(), 'local-action-'));
  const how = ['--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--silent'];
  const { status } = spawnSync('npm', ['install', ...how, PACKAGE], { cwd: folder, timeout: LIMIT_MS });
  return status === 0 ? { folder, fetched: true } : { why: `${PACKAGE} could not be fetched` };
}

const found = findLocalAction();
const packages = 'folder' in found ? join(found.folder, 'node_modules') : '';
const program = join(packages, '@github', 'local-action', 'bin', 'local-action.js');
afterAll(async () => {
  if ('folder' in found && found.fetched) await rm(found.folder, { recursive: true, force: true });
});

const absent =
  'why' in found
    ? found.why
    : existsSync(program)
      ? undefined
      : `${found.folder} has no @github/local-action`;
suiteUnless(absent, '@github/local-action', () => {
  it('runs the main job by the inputs of action.yml, and finds the outputs', async () => {
    const scene = await openScene(scenario());
    // Its command line is read by a shell, so no space may be in the path.
    const folder = await mkdtemp(join(tmpdir(), 'local-action-'));
    try {
      for (const part of ['action.yml', join('dist', 'github')])
        await cp(join(PROJECT, part), join(folder, part), { recursive: true });
      await symlink(packages, join(folder, 'node_modules'));
      await mkdir(join(folder, 'temp'));
      const [output, summary] = ['output', 'summary.md'].map((name) => join(folder, 'temp', name));
      for (const file of [output, summary]) await writeFile(file ?? '', '');
      // It imports an entrypoint and calls its run(); the bundle begins as it is loaded, as on a runner.
      await writeFile(join(folder, 'run.js'), "export const run = () => import('./dist/github/index.js');\n");
      await writeFile(
        join(folder, 'package.json'),
        JSON.stringify({ name: 'action', type: 'module', dependencies: { '@actions/core': '*' } }),
      );
      const { requestUrl, requestToken } = scene.simulator.github;
      const variables = {
        ...Object.fromEntries(
          Object.entries(scene.inputs()).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
        ),
        ACTIONS_ID_TOKEN_REQUEST_URL: requestUrl,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: requestToken,
        GITHUB_EVENT_NAME: 'push',
        GITHUB_OUTPUT: output ?? '',
        GITHUB_STEP_SUMMARY: summary ?? '',
        RUNNER_TEMP: join(folder, 'temp'),
      };
      const lines = Object.entries(variables).map(([name, value]) => `${name}="${value}"\n`);
      await writeFile(join(folder, '.env'), lines.join(''));
      const child = spawn(process.execPath, [program, '.', 'run.js', '.env'], {
        cwd: folder,
        env: {
          PATH: `${join(packages, '.bin')}:${process.env.PATH ?? ''}`,
          HOME: folder,
          ...scene.simulator.environment(),
        },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let stdout = '';
      child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
      const exitCode = await new Promise((resolve) => child.once('close', resolve));
      expect(stdout).toContain('PASSED: shop can pull from contoso.azurecr.io');
      expect(exitCode).toBe(0);
      expect(readFileCommands(await readFile(output ?? '', 'utf8'))).toMatchObject({
        result: 'passed',
        verified: 'true',
      });
      expect(await readFile(summary ?? '', 'utf8')).toContain('## aks-acr-pull: ✅ passed');
    } finally {
      await scene.end();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
