/** An audit by the shipped action: what it writes to the job's streams and files, and that none of it holds a secret. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { formsOf } from './audit-ground.js';
import { armWrites, openScene, scenario } from './scene.js';
import type { Scene } from './scene.js';

const PASSWORD = 'a+password/of the admin user="x"&y';
let scene: Scene;

beforeAll(async () => {
  scene = await openScene(
    scenario({
      cluster: {
        namespaces: [
          {
            name: 'apps',
            serviceAccounts: [{ name: 'default', imagePullSecrets: ['acr'] }],
            pullSecrets: [
              { name: 'acr', registry: 'contoso.azurecr.io', username: 'contoso', password: PASSWORD },
            ],
          },
        ],
      },
    }),
  );
});
afterAll(() => scene.end());

it('an audit tells what there is in the log, on the page and in the report, and no secret anywhere', async () => {
  const { stdout, stderr, shown, summary, outputs, report, requests } = await scene.run({
    mode: 'audit',
    image: '',
  });
  expect(outputs).toMatchObject({ result: 'passed', changed: 'false' });
  for (const told of [shown, summary]) expect(told).toContain("holds the admin user's password");
  expect(shown).toContain('kubectl patch serviceaccount default -n apps --type json');
  expect(summary).toContain('### The way off');
  expect(report?.connections[0]?.audit?.credentials).toMatchObject([
    { kind: 'admin-user', works: false, usedBy: [{ kind: 'ServiceAccount', name: 'default' }] },
  ]);
  expect(armWrites(requests)).toEqual([]);
  const everything = [stdout, stderr, summary, await readFile(outputs.report ?? '', 'utf8')].join('\n');
  for (const form of formsOf(PASSWORD)) expect(everything).not.toContain(form);
});

it('says which right is missing where secrets can not be read, and goes on', async () => {
  const other = await openScene(
    scenario({ cluster: { entra: { azureRbac: false }, bindings: [{ principal: 'deployer', rules: [] }] } }),
  );
  try {
    const workspace = join(other.job.temp, 'checked out');
    const workflow = join(workspace, '.github', 'workflows', 'deploy.yml');
    await mkdir(dirname(workflow), { recursive: true });
    await writeFile(workflow, 'run: az acr login -n contoso --expose-token\n');
    const { shown, outputs, report } = await other.run(
      { mode: 'audit', image: '' },
      { machine: { ...other.simulator.environment(), GITHUB_WORKSPACE: workspace } },
    );
    expect(outputs).toMatchObject({ result: 'unknown', cause: 'audit-list-forbidden' });
    expect(shown).toMatch(/secrets is forbidden/);
    expect(shown).toContain('kind: ClusterRole');
    expect(report?.connections[0]?.checks.find(({ id }) => id === 'sources')?.status).toBe('pass');
    expect(shown).toContain('.github/workflows/deploy.yml:1 asks for a token of the registry');
  } finally {
    await other.end();
  }
});
