/** docs/deployment-script.md, carried out: its template in the simulated cloud, its script in a shell. */
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { delegationCondition } from '../../src/core/azure/delegation.js';
import { leastRoles } from '../../src/core/azure/rights.js';
import { lookThrough } from '../../src/core/audit/sources.js';
import { armClient, openClient } from '../simulator/net/client.js';
import { openGround } from './in-process.js';
import { scenario } from './scene.js';

const PAGE = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'deployment-script.md'), 'utf8');

interface Template {
  parameters: Record<string, object>;
  resources: { type: string; dependsOn?: string[]; properties: Record<string, unknown> }[];
  outputs?: object;
}

/** The JSON between two marks of the page. */
function template(mark: string): Template {
  const part = PAGE.split(`<!-- ${mark}:begin -->`)[1]?.split(`<!-- ${mark}:end -->`)[0] ?? '';
  return JSON.parse(part.replace(/^\s*```json\n|\n```\s*$/g, '')) as Template;
}

/** Runs the page's script as Azure would, but that what it installs and waits for is there at once. */
async function runScript(
  folder: string,
  content: string,
  command: string,
  given: Record<string, string>,
): Promise<{ ended: number | undefined; outputs: unknown }> {
  await writeFile(join(folder, 'release.mjs'), command);
  const stubs = { tdnf: 'exit 0', sleep: 'exit 0', curl: 'cp release.mjs "$2"' };
  for (const [name, body] of Object.entries(stubs)) {
    await writeFile(join(folder, name), `#!/bin/sh\n${body}\n`);
    await chmod(join(folder, name), 0o755);
  }
  const environment = {
    PATH: [folder, dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter),
    HOME: folder,
    AZ_SCRIPTS_OUTPUT_PATH: join(folder, 'outputs.json'),
    VERSION: '1.0.0',
    SHA256: createHash('sha256').update(command).digest('hex'),
    ...given,
  };
  const ended = await promisify(execFile)('bash', ['-c', content], { cwd: folder, env: environment }).then(
    () => 0,
    (error: { code?: number }) => error.code,
  );
  return { ended, outputs: JSON.parse(await readFile(environment.AZ_SCRIPTS_OUTPUT_PATH, 'utf8')) };
}

describe('the template without a script', () => {
  it.each([
    ['LegacyRegistryPermissions', 'AcrPull'],
    ['AbacRepositoryPermissions', 'Container Registry Repository Reader'],
  ])('with a registry in the mode %s gives %s, and a check passes', async (mode, role) => {
    const ground = await openGround(
      scenario({
        registry: { mode: mode === 'LegacyRegistryPermissions' ? 'legacy' : 'abac' },
        identities: [
          { name: 'deployer', federated: 'github' },
          { name: 'owner', secrets: ['x'] },
        ],
        login: [
          {
            principal: 'deployer',
            role: 'Azure Kubernetes Service Cluster User Role',
            scope: 'cluster:shop',
          },
          { principal: 'deployer', role: 'Reader', scope: 'registry:contoso' },
          { principal: 'owner', role: 'Owner', scope: 'subscription' },
        ],
      }),
    );
    const client = openClient(ground.simulator);
    try {
      const check = { mode: 'check', image: 'shop/web:1.4' };
      expect((await ground.run(check)).report?.result).toBe('failed');
      const put = armClient(client, ground.simulator, 'owner');
      const [subscription] = ground.simulator.state.subscriptions;
      const path = `/subscriptions/${subscription?.id ?? ''}/resourceGroups/images/providers/Microsoft.Resources/deployments/pull`;
      const parameters = {
        clusterName: { value: 'shop' },
        clusterResourceGroup: { value: 'apps' },
        registryName: { value: 'contoso' },
        registryMode: { value: mode },
      };
      const deploy = (): ReturnType<typeof put> =>
        put('PUT', path, {
          properties: { mode: 'Incremental', template: template('no-script'), parameters },
        });
      expect(await deploy()).toMatchObject({ status: 201 });
      expect(await put('GET', path)).toMatchObject({
        body: { properties: { provisioningState: 'Succeeded' } },
      });
      const { report } = await ground.run(check);
      expect(report?.result).toBe('passed');
      expect(report?.connections[0]?.access.grants).toMatchObject([{ roleName: role, via: 'direct' }]);
      // Deployed twice it writes nothing twice.
      const before = ground.simulator.state.roleAssignments.length;
      expect(await deploy()).toMatchObject({ status: 200 });
      expect(ground.simulator.state.roleAssignments).toHaveLength(before);
    } finally {
      await client.close();
      await ground.end();
    }
  });
});

describe('the template with a script', () => {
  const { resources } = template('script');
  const script = resources.find(({ type }) => type === 'Microsoft.Resources/deploymentScripts');
  const content = String(script?.properties['scriptContent']);

  it('gives its identity the least roles of connect, under the condition of the documents', () => {
    const given = resources
      .filter(({ type }) => type === 'Microsoft.Authorization/roleAssignments')
      .map(({ properties }) => ({
        role: /'([0-9a-f-]{36})'\)\]$/.exec(String(properties['roleDefinitionId']))?.[1],
        condition: properties['condition'],
      }));
    expect(given).toEqual(
      leastRoles('connect').map(({ at, role }) => ({
        role: role.guid,
        condition: at === 'registry' ? delegationCondition() : undefined,
      })),
    );
  });

  it.each([
    ['legacy', 'AcrPull'],
    ['abac', 'Container Registry Repository Reader'],
  ])('lets the shipped command connect by that identity, on a registry in mode %s', async (mode, role) => {
    const ground = await openGround(
      scenario({
        registry: { mode, resourceGroup: 'apps' },
        identities: [
          { name: 'deployer', federated: 'github' },
          { name: 'owner', secrets: ['x'] },
          { name: 'aks-acr-pull', kind: 'managed-identity' },
        ],
        login: [
          {
            principal: 'deployer',
            role: 'Azure Kubernetes Service Cluster User Role',
            scope: 'cluster:shop',
          },
          { principal: 'deployer', role: 'Reader', scope: 'registry:contoso' },
          { principal: 'owner', role: 'Owner', scope: 'subscription' },
        ],
      }),
    );
    const client = openClient(ground.simulator);
    const folder = await mkdtemp(join(tmpdir(), 'deployment-script-'));
    try {
      const { state } = ground.simulator;
      const group = `/subscriptions/${state.subscriptions[0]?.id ?? ''}/resourceGroups/apps/providers`;
      const identity = state.principals.find(({ name }) => name === 'aks-acr-pull');
      // The simulated cloud deploys role assignments alone: the identity is there already, the script is run below.
      if (identity === undefined) throw new Error('no identity');
      identity.resourceId = `${group}/Microsoft.ManagedIdentity/userAssignedIdentities/aks-acr-pull`;
      state.runner.objectIds.push(identity.objectId);
      const { outputs: _outputs, ...whole } = template('script');
      const assignments = whole.resources
        .filter(({ type }) => type === 'Microsoft.Authorization/roleAssignments')
        .map(({ dependsOn: _after, ...resource }) => resource);
      const parameters = {
        clusterName: { value: 'shop' },
        registryName: { value: 'contoso' },
        location: { value: 'westeurope' },
        image: { value: 'shop/web:1.4' },
        version: { value: '1.0.0' },
        sha256: { value: '' },
      };
      const put = armClient(client, ground.simulator, 'owner');
      const deployed = await put('PUT', `${group}/Microsoft.Resources/deployments/script`, {
        properties: { mode: 'Incremental', template: { ...whole, resources: assignments }, parameters },
      });
      expect(deployed).toMatchObject({ status: 201 });

      // What is fetched is the command as it is shipped, on a machine that has nothing but this identity.
      const command = `import ${JSON.stringify(pathToFileURL(join(import.meta.dirname, '..', '..', 'dist', 'cli', 'index.js')).href)};\n`;
      const ran = await runScript(folder, content, command, {
        ...ground.simulator.environment(),
        AZURE_CLIENT_ID: identity.clientId,
        CLUSTER_ID: `${group}/Microsoft.ContainerService/managedClusters/shop`,
        REGISTRY_ID: `${group}/Microsoft.ContainerRegistry/registries/contoso`,
        IMAGE: 'shop/web:1.4',
      });
      expect(ran).toEqual({ ended: 0, outputs: { result: 'passed', changed: true, role } });
      expect((await ground.run({ mode: 'check', image: 'shop/web:1.4' })).report?.result).toBe('passed');
    } finally {
      await client.close();
      await ground.end();
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('is the same in Bicep', () => {
    expect(PAGE).toContain(`'''\n${content}'''`);
    expect(PAGE).toContain(`condition: '${delegationCondition().replaceAll("'", "\\'")}'`);
  });

  it('gives its script all that it reads, in both forms', () => {
    const given = script?.properties['environmentVariables'] as { name: string }[];
    const names = given.map(({ name }) => name);
    const read = [...content.matchAll(/\$([A-Z][A-Z0-9_]+)/g)].map(([, name = '']) => name);
    expect(new Set([...read, 'AZURE_CLIENT_ID'])).toEqual(new Set(names));
    for (const name of names) expect(PAGE).toContain(`{ name: '${name}', value: `);
    const { parameters } = template('script');
    const bicep = PAGE.split('## A script that proves the pull')[1] ?? '';
    expect([...bicep.matchAll(/^param (\w+)/gm)].map(([, name = '']) => name)).toEqual(
      Object.keys(parameters),
    );
  });

  it('is nothing that an audit would speak of', () => {
    const facts = { registry: 'contoso', loginServer: 'contoso.azurecr.io' };
    for (const mark of ['no-script', 'script'])
      expect(lookThrough('main.json', JSON.stringify(template(mark)), facts)).toEqual([]);
  });

  it.each([
    ['passed', 0, { result: 'passed', changed: true, role: 'AcrPull' }],
    ['failed', 1, { result: 'failed', changed: true, role: 'AcrPull', cause: 'unauthorized-no-role' }],
    ['nothing', 3, { result: 'unknown', changed: false }],
  ] as const)('writes its outputs and ends as the run does: %s', async (result, code, outputs) => {
    const folder = await mkdtemp(join(tmpdir(), 'deployment-script-'));
    try {
      // What is fetched stands for the command: it answers as one would.
      const cause = result === 'failed' ? { cause: 'unauthorized-no-role' } : {};
      const report = { result, ...cause, connections: [{ role: 'AcrPull', changed: true }] };
      const said = result === 'nothing' ? '' : JSON.stringify(report);
      const command = `if (process.argv[2] !== 'connect') process.exit(9);\nprocess.stdout.write(${JSON.stringify(said)});\nprocess.exitCode = ${code};\n`;
      const ran = await runScript(folder, content, command, {
        CLUSTER_ID: '/subscriptions/x',
        REGISTRY_ID: '/subscriptions/y',
        IMAGE: 'shop/web:1.4',
      });
      expect(ran).toEqual({ ended: code, outputs });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
