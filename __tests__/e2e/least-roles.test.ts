/** The README's first workflow, with exactly the roles that the README lists: enough, and not one too many. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { PROJECT } from './runner.js';
import { openScene, scenario } from './scene.js';
import type { Scene } from './scene.js';

const readme = readFileSync(join(PROJECT, 'README.md'), 'utf8');

interface Workflow {
  permissions: Record<string, string>;
  jobs: Record<string, { steps: { uses?: string; with?: Record<string, string> }[] }>;
}

/** The first workflow of the README: its inputs as they are written there. */
function firstWorkflow(): { permissions: Record<string, string>; inputs: Record<string, string> } {
  const yaml = /```yaml\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const workflow = parse(yaml) as Workflow;
  const inputs = Object.values(workflow.jobs)[0]?.steps.find(({ uses }) =>
    uses?.includes('aks-acr-pull'),
  )?.with;
  if (inputs === undefined) throw new Error('the first workflow of the README has no step of ours');
  return { permissions: workflow.permissions, inputs };
}

/** The first table of roles: role and where. */
function listedRoles(): { role: string; at: 'cluster' | 'registry' }[] {
  const [, table = ''] = /\| role \| at \| for \|\n\|[-|]+\|\n((?:\|.*\n)+)/.exec(readme) ?? [];
  return table
    .trim()
    .split('\n')
    .map((row) => row.split('|').map((cell) => cell.trim()))
    .map(([, role = '', where = '']) => ({ role, at: where === 'the cluster' ? 'cluster' : 'registry' }));
}

let scene: Scene | undefined;
afterEach(async () => {
  await scene?.end();
  scene = undefined;
});

async function runWith(roles: ReturnType<typeof listedRoles>): ReturnType<Scene['run']> {
  const { inputs, permissions } = firstWorkflow();
  const login = roles.map(({ role, at }) => ({
    principal: 'deployer',
    role,
    scope: at === 'cluster' ? `cluster:${inputs.cluster ?? ''}` : 'registry:contoso',
  }));
  scene = await openScene(scenario({ grantDelay: '2s', login }));
  const vars: Record<string, string> = {
    AZURE_SUBSCRIPTION_ID: scene.subscriptionId,
    AZURE_CLIENT_ID: scene.clientId,
    AZURE_TENANT_ID: scene.simulator.state.tenantId,
  };
  const given = Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [
      name,
      value.replace(/\$\{\{ vars\.(\w+) \}\}/g, (_whole, variable: string) => vars[variable] ?? ''),
    ]),
  );
  const mayHaveToken = permissions['id-token'] === 'write' ? { idToken: scene.simulator.github } : {};
  const result = await scene.job.run({
    inputs: given,
    machine: scene.simulator.environment(),
    ...mayHaveToken,
  });
  return { ...result, report: undefined, requests: scene.simulator.requests };
}

describe("the README's first workflow", () => {
  it('lists roles', () => {
    expect(listedRoles().length).toBeGreaterThan(1);
  });

  it('goes green with exactly the roles that the README lists', async () => {
    const run = await runWith(listedRoles());
    expect(run.shown).not.toMatch(/✗/);
    expect(run).toMatchObject({
      exitCode: 0,
      outputs: { result: 'passed', verified: 'true', changed: 'true' },
    });
  });

  it.each(listedRoles())('goes red without $role at the $at, and names it', async (without) => {
    const run = await runWith(listedRoles().filter(({ role }) => role !== without.role));
    expect(run.exitCode).toBe(1);
    expect(run.outputs.result).not.toBe('passed');
    expect(run.shown).toContain(without.at === 'cluster' ? 'managedClusters/shop' : 'contoso.azurecr.io');
    expect(run.shown).toContain(without.role);
  });
});
