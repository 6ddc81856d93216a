import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openJob } from '../e2e/runner.js';
import { suiteUnless } from '../skip.js';
import { SECRET, clusterPath, missing, openBench } from './clients.js';
import type { Bench, Ended } from './clients.js';

const SHIM = fileURLToPath(new URL('az-shim', import.meta.url));

suiteUnless(missing('az'), 'az', () => {
  let bench: Bench;
  let environment: Record<string, string>;

  beforeAll(async () => {
    bench = await openBench();
    environment = {
      AZURE_CONFIG_DIR: join(bench.folder, 'azure'),
      AZURE_CORE_COLLECT_TELEMETRY: 'no',
      AZURE_CORE_NO_COLOR: '1',
      AZURE_EXTENSION_USE_DYNAMIC_INSTALL: 'no',
      PYTHONPATH: SHIM,
    };
    const { state } = bench.simulator;
    const login = ['login', '--service-principal', '-u', state.principals[0]?.clientId ?? '', '-p', SECRET];
    succeeded(await az(...login, '--tenant', state.tenantId));
  });
  afterAll(() => bench.end());

  const az = (...args: string[]): Promise<Ended> => bench.run('az', args, { environment, limitSeconds: 120 });

  /** What it printed, as JSON; or the failure with all it said. */
  function succeeded({ exitCode, stdout, stderr }: Ended): unknown {
    if (exitCode !== 0) throw new Error(`exit code ${exitCode}: ${stderr}`);
    return stdout.trim() === '' ? undefined : (JSON.parse(stdout) as unknown);
  }
  const answer = async (...args: string[]): Promise<unknown> =>
    succeeded(await az(...args, '--output', 'json'));

  it('shows who is signed in', async () => {
    const { state } = bench.simulator;
    expect(await answer('account', 'show')).toMatchObject({
      id: state.subscriptions[0]?.id,
      tenantId: state.tenantId,
      user: { name: state.principals[0]?.clientId, type: 'servicePrincipal' },
    });
  });

  it('shows the cluster, its kubelet identity with it', async () => {
    const [cluster] = bench.simulator.state.clusters;
    expect(await answer('aks', 'show', '-g', 'shop-rg', '-n', 'shop')).toMatchObject({
      name: 'shop',
      fqdn: cluster?.fqdn,
      identityProfile: { kubeletidentity: { objectId: cluster?.kubeletIdentity?.objectId } },
      agentPoolProfiles: [{ name: 'system' }, { name: 'apps', count: 2 }],
    });
  });

  it('gets credentials for the cluster', async () => {
    const kubeconfig = join(bench.folder, 'kubeconfig');
    succeeded(await az('aks', 'get-credentials', '-g', 'shop-rg', '-n', 'shop', '--file', kubeconfig));
  });

  it('finds the registry by its name alone', async () => {
    expect(await answer('acr', 'show', '-n', 'contoso')).toMatchObject({
      loginServer: 'contoso.azurecr.io',
      resourceGroup: 'registry-rg',
    });
  });

  it('lists the role assignments that let the kubelet identity pull', async () => {
    const { state } = bench.simulator;
    const kubelet = state.clusters[0]?.kubeletIdentity;
    const registry = (await answer('acr', 'show', '-n', 'contoso')) as { id: string };
    // Not by --assignee: for that, az asks Microsoft Graph who that is, which is not modelled.
    const assignments = await answer(
      ...['role', 'assignment', 'list', '--scope', registry.id, '--include-inherited'],
      ...['--role', 'AcrPull'],
    );
    expect(assignments).toMatchObject([{ principalId: kubelet?.objectId, roleDefinitionName: 'AcrPull' }]);
  });

  it('makes a role assignment, and makes it only once', async () => {
    const { state } = bench.simulator;
    const registry = (await answer('acr', 'show', '-n', 'contoso')) as { id: string };
    const create = [
      ...['role', 'assignment', 'create', '--assignee-object-id', state.principals[0]?.objectId ?? ''],
      ...['--assignee-principal-type', 'ServicePrincipal', '--role', 'AcrPull', '--scope', registry.id],
    ];
    const before = state.roleAssignments.length;
    expect(await answer(...create)).toMatchObject({ principalId: state.principals[0]?.objectId });
    expect(state.roleAssignments).toHaveLength(before + 1);
    succeeded(await az(...create));
    expect(state.roleAssignments).toHaveLength(before + 1);
  });

  it('gets a refresh token of the registry', async () => {
    const token = await answer('acr', 'login', '-n', 'contoso', '--expose-token');
    expect(token).toMatchObject({ loginServer: 'contoso.azurecr.io' });
    expect((token as { accessToken: string }).accessToken.split('.')).toHaveLength(3);
  });

  it('lists repositories with it', async () => {
    expect(await answer('acr', 'repository', 'list', '-n', 'contoso')).toEqual(['shop/web']);
  });

  it('is told what is not there', async () => {
    const { exitCode, stderr } = await az('aks', 'show', '-g', 'shop-rg', '-n', 'no-such-cluster');
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/ResourceNotFound/);
  });

  it('is what our own action signs in by', async () => {
    const job = await openJob();
    try {
      const result = await job.run({
        inputs: { cluster: clusterPath(bench), registry: 'contoso.azurecr.io', mode: 'check' },
        machine: { ...bench.simulator.environment(), ...environment },
      });
      expect({ exitCode: result.exitCode, outputs: result.outputs }).toMatchObject({
        exitCode: 0,
        outputs: { result: 'passed', verified: 'true', changed: 'false' },
      });
    } finally {
      await job.end();
    }
  });

  it('asked nothing that the simulator does not model', () => {
    const known = [
      // Where az looks whether there is a newer az.
      /^\w+ (azure\.microsoft\.com|raw\.githubusercontent\.com)\//,
      // Names of principals, without which az prints their ids.
      /^POST graph\.microsoft\.com\/v1\.0\/directoryObjects\/getByIds$/,
    ];
    const others = bench.notModelled().filter((request) => !known.some((pattern) => pattern.test(request)));
    expect(others).toEqual([]);
  });
});
