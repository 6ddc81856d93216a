import { chmod, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { registryId } from '../../src/simulator/cloud/arm-id.js';
import type { Registry } from '../../src/simulator/cloud/model.js';
import { openJob } from '../e2e/runner.js';
import { makeCertificate } from '../host/sign-in/support.js';
import { suiteUnless } from '../skip.js';
import { SECRET, clusterPath, missing, openBench } from './clients.js';
import type { Bench, Ended } from './clients.js';

const SHIM = fileURLToPath(new URL('az-shim', import.meta.url));

const SCENARIO = `
name: az
identities:
  - { name: deployer, secrets: [${SECRET}], federated: github, readsDirectory: true }
  - { name: no directory, secrets: [${SECRET}] }
clusters:
  - name: shop
    resourceGroup: shop-rg
    pools:
      - { name: system, mode: System, taints: ['CriticalAddonsOnly=true:NoSchedule'] }
      - { name: apps, count: 2 }
  - name: guarded
    resourceGroup: guarded-rg
    entra: { azureRbac: true }
    localAccounts: false
registries:
  - name: contoso
    resourceGroup: registry-rg
    repositories:
      - { name: shop/web, images: [{ tag: '1.4.2', platforms: [linux/amd64, linux/arm64] }, { tag: old }] }
  - { name: fabrikam, resourceGroup: fabrikam-rg }
publicRegistries:
  - { host: mcr.microsoft.com, repositories: [{ name: oss/pause, images: [{ tag: '3.6' }] }] }
roleAssignments:
  - { principal: deployer, role: Azure Kubernetes Service Contributor Role, scope: 'cluster:shop' }
  - { principal: deployer, role: Azure Kubernetes Service Cluster Admin Role, scope: 'rg:shop-rg' }
  - { principal: deployer, role: Azure Kubernetes Service Cluster User Role, scope: subscription }
  - { principal: deployer, role: Reader, scope: subscription }
  - { principal: deployer, role: Role Based Access Control Administrator, scope: subscription }
  - { principal: deployer, role: Container Registry Data Importer and Data Reader, scope: 'registry:contoso' }
  - { principal: no directory, role: Reader, scope: subscription }
  - { principal: no directory, role: Role Based Access Control Administrator, scope: 'registry:contoso' }
  - { principal: kubelet of shop, role: AcrPull, scope: 'registry:contoso' }
`;

suiteUnless(missing('az'), 'az', () => {
  let bench: Bench;

  beforeAll(async () => {
    bench = await openBench(SCENARIO);
    await signIn('deployer', '-p', SECRET);
  });
  afterAll(() => bench.end());

  const environment = (session = 'azure'): Record<string, string> => ({
    AZURE_CONFIG_DIR: join(bench.folder, session),
    AZURE_CORE_COLLECT_TELEMETRY: 'no',
    AZURE_CORE_NO_COLOR: '1',
    AZURE_CORE_ONLY_SHOW_ERRORS: 'yes',
    AZURE_EXTENSION_USE_DYNAMIC_INSTALL: 'no',
    PYTHONPATH: SHIM,
  });
  /** @param session whose login counts */
  const azOf = (session: string, ...args: string[]): Promise<Ended> =>
    bench.run('az', args, { environment: environment(session), limitSeconds: 120 });
  const az = (...args: string[]): Promise<Ended> => azOf('azure', ...args);

  /** What it printed, as JSON; or the failure with all it said. */
  function succeeded({ exitCode, stdout, stderr }: Ended): unknown {
    if (exitCode !== 0) throw new Error(`exit code ${exitCode}: ${stderr}`);
    return stdout.trim() === '' ? undefined : (JSON.parse(stdout) as unknown);
  }
  const answer = async (...args: string[]): Promise<unknown> =>
    succeeded(await az(...args, '--output', 'json'));

  async function signIn(name: string, ...how: string[]): Promise<unknown> {
    const { state } = bench.simulator;
    const login = [
      'login',
      '--service-principal',
      '-u',
      principal(name).clientId,
      '--tenant',
      state.tenantId,
    ];
    return succeeded(await azOf(name === 'deployer' ? 'azure' : name, ...login, ...how));
  }
  function principal(name: string): { objectId: string; clientId: string } {
    const found = bench.simulator.state.principals.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no principal is called ${name}`);
    return found;
  }
  function registry(name: string): Registry {
    const found = bench.simulator.state.registries.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no registry is called ${name}`);
    return found;
  }
  /** Ids of who holds a role at a registry. */
  const holders = (name: string): string[] =>
    bench.simulator.state.roleAssignments
      .filter(({ scope }) => scope.toLowerCase() === registryId(registry(name)).toLowerCase())
      .map(({ principalId }) => principalId);
  const sent = (method: string, pattern: RegExp): string[] =>
    bench.simulator.requests
      .filter((one) => one.method === method && pattern.test(`${one.host}${one.path}`))
      .map(({ status }) => String(status));

  it('shows who is signed in, and gives out tokens', async () => {
    const { state } = bench.simulator;
    expect(await answer('account', 'list')).toMatchObject([
      {
        id: state.subscriptions[0]?.id,
        tenantId: state.tenantId,
        user: { name: principal('deployer').clientId, type: 'servicePrincipal' },
      },
    ]);
    const token = await answer('account', 'get-access-token', '--resource-type', 'ms-graph');
    expect(token).toMatchObject({ tokenType: 'Bearer', tenant: state.tenantId });
  });

  it('shows clusters, the kubelet identity with them', async () => {
    const [cluster] = bench.simulator.state.clusters;
    expect(await answer('aks', 'list')).toMatchObject([{ name: 'shop' }, { name: 'guarded' }]);
    expect(await answer('aks', 'show', '-g', 'shop-rg', '-n', 'shop')).toMatchObject({
      name: 'shop',
      fqdn: cluster?.fqdn,
      identityProfile: { kubeletidentity: { objectId: cluster?.kubeletIdentity?.objectId } },
      agentPoolProfiles: [{ name: 'system' }, { name: 'apps', count: 2 }],
    });
  });

  it('gets credentials of users and of administrators', async () => {
    const get = (...args: string[]): Promise<Ended> => az('aks', 'get-credentials', '--file', '-', ...args);
    const [user, admin, exec, none] = [
      await get('-g', 'shop-rg', '-n', 'shop'),
      await get('-g', 'shop-rg', '-n', 'shop', '--admin'),
      await get('-g', 'guarded-rg', '-n', 'guarded', '--format', 'exec'),
      await get('-g', 'guarded-rg', '-n', 'guarded', '--admin'),
    ];
    expect(user.stdout).toMatch(/client-key-data/);
    expect(admin.stdout).toMatch(/name: shop-admin|clusterAdmin/);
    expect(exec.stdout).toMatch(/command: kubelogin/);
    // It may not, at this cluster.
    expect({ ...none, stdout: '' }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/AuthorizationFailed/),
    });
  });

  it('finds the registry by its name alone, and lists it', async () => {
    const listed = (await answer('acr', 'list', '-g', 'registry-rg')) as { loginServer: string }[];
    expect(listed.map(({ loginServer }) => loginServer)).toContain('contoso.azurecr.io');
    expect(await answer('acr', 'show', '-n', 'contoso')).toMatchObject({
      loginServer: 'contoso.azurecr.io',
      resourceGroup: 'registry-rg',
    });
  });

  it('gets a refresh token of the registry', async () => {
    const token = await answer('acr', 'login', '-n', 'contoso', '--expose-token');
    expect(token).toMatchObject({ loginServer: 'contoso.azurecr.io' });
    expect((token as { accessToken: string }).accessToken.split('.')).toHaveLength(3);
  });

  it('looks at what is in the registry', async () => {
    const web = registry('contoso').repositories[0];
    const digest = web?.tags.get('1.4.2');
    const of = ['-n', 'contoso'];
    expect(await answer('acr', 'repository', 'list', ...of)).toEqual(['shop/web']);
    expect(await answer('acr', 'repository', 'show-tags', ...of, '--repository', 'shop/web')).toEqual([
      '1.4.2',
      'old',
    ]);
    expect(await answer('acr', 'repository', 'show', ...of, '--repository', 'shop/web')).toMatchObject({
      imageName: 'shop/web',
      tagCount: 2,
      manifestCount: web?.manifests.size,
    });
    expect(await answer('acr', 'repository', 'show', ...of, '--image', 'shop/web:1.4.2')).toMatchObject({
      name: '1.4.2',
      digest,
    });
    const manifests = await answer('acr', 'manifest', 'list-metadata', '-r', 'contoso', '-n', 'shop/web');
    expect(manifests).toHaveLength(web?.manifests.size ?? 0);
    expect(manifests).toContainEqual(expect.objectContaining({ digest, tags: ['1.4.2'] }));
    expect(manifests).toContainEqual(expect.objectContaining({ architecture: 'arm64', os: 'linux' }));
  });

  it('imports an image of a public registry, and no tag twice', async () => {
    const args = ['acr', 'import', '-n', 'contoso', '--source', 'mcr.microsoft.com/oss/pause:3.6'];
    succeeded(await az(...args, '--image', 'probe/pause:3.6'));
    const [source] = bench.simulator.state.publicRegistries[0]?.repositories ?? [];
    const made = registry('contoso').repositories.find(({ name }) => name === 'probe/pause');
    expect(made?.tags.get('3.6')).toBe(source?.tags.get('3.6'));
    expect([...(made?.blobs.keys() ?? [])].sort()).toEqual([...(source?.blobs.keys() ?? [])].sort());
    const again = await az(...args, '--image', 'probe/pause:3.6');
    expect(again).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/\(Conflict\).*Tag probe\/pause:3\.6 already exists in target registry/),
    });
  });

  it('lists the role assignments of one principal, by its application id', async () => {
    const kubelet = bench.simulator.state.clusters[0]?.kubeletIdentity;
    const args = ['role', 'assignment', 'list', '--assignee', kubelet?.clientId ?? ''];
    const wanted = [
      { principalId: kubelet?.objectId, roleDefinitionName: 'AcrPull', principalName: kubelet?.clientId },
    ];
    expect(await answer(...args, '--all')).toMatchObject(wanted);
    const scope = registryId(registry('contoso'));
    expect(await answer(...args, '--scope', scope, '--include-inherited', '--role', 'AcrPull')).toMatchObject(
      wanted,
    );
  });

  it('makes a role assignment only once, and takes it away', async () => {
    const { objectId, clientId } = principal('kubelet of guarded');
    const at = ['--role', 'AcrPull', '--scope', registryId(registry('fabrikam'))];
    const create = ['role', 'assignment', 'create', ...at];
    expect(
      await answer(
        ...[...create, '--assignee-object-id', objectId, '--assignee-principal-type', 'ServicePrincipal'],
      ),
    ).toMatchObject({ principalId: objectId });
    // The second is answered 409, which az takes for success.
    expect(await answer(...create, '--assignee', clientId)).toMatchObject({ principalId: objectId });
    expect(sent('PUT', /fabrikam.*roleAssignments/)).toEqual(['201', '409']);
    expect(holders('fabrikam')).toEqual([objectId]);
    succeeded(await az('role', 'assignment', 'delete', '--assignee', clientId, ...at));
    expect(holders('fabrikam')).toEqual([]);
  });

  it('deletes a role assignment by its id, unless a lock is in the way', async () => {
    const { state } = bench.simulator;
    const { objectId } = principal('kubelet of guarded');
    const scope = registryId(registry('fabrikam'));
    const made = (await answer(
      ...['role', 'assignment', 'create', '--assignee-object-id', objectId, '--role', 'AcrPull'],
      ...['--assignee-principal-type', 'ServicePrincipal', '--scope', scope],
    )) as { id: string };
    const remove = ['role', 'assignment', 'delete', '--ids', made.id];
    state.governance.locks.push({ name: 'keep', level: 'CanNotDelete', scope, notes: null });
    const refused = await az(...remove);
    expect(refused).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/\(ScopeLocked\).*locked: '/),
    });
    expect(holders('fabrikam')).toEqual([objectId]);
    state.governance.locks.pop();
    succeeded(await az(...remove));
    expect(holders('fabrikam')).toEqual([]);
  });

  it('attaches a registry to a cluster and detaches it, by name and by id', async () => {
    const kubelet = bench.simulator.state.clusters[0]?.kubeletIdentity?.objectId;
    const update = (...args: string[]): Promise<unknown> =>
      answer('aks', 'update', '-g', 'shop-rg', '-n', 'shop', ...args);
    for (const name of ['fabrikam', registryId(registry('fabrikam'))]) {
      expect(await update('--attach-acr', name)).toMatchObject({ provisioningState: 'Succeeded' });
      expect(holders('fabrikam')).toEqual([kubelet]);
      await update('--detach-acr', name);
      expect(holders('fabrikam')).toEqual([]);
    }
    // The whole cluster is written back each time.
    expect(sent('PUT', /managedClusters\/shop\?/)).toEqual(['200', '200', '200', '200']);
    expect(sent('GET', /ContainerService\/locations\/westeurope\/operations\//)).toHaveLength(4);
  });

  it('is refused a change of the cluster that is not modelled', async () => {
    const update = await az('aks', 'update', '-g', 'shop-rg', '-n', 'shop', '--disable-local-accounts');
    expect(update.exitCode).not.toBe(0);
    expect(bench.notModelled().pop()).toMatch(/^PUT .*managedClusters\/shop/);
  });

  it('tells a login without rights in the directory to name principals by their object ids', async () => {
    await signIn('no directory', '-p', SECRET);
    const { objectId } = principal('kubelet of guarded');
    const create = ['role', 'assignment', 'create', '--role', 'AcrPull', '--scope'];
    const named = await azOf(
      'no directory',
      ...[...create, registryId(registry('contoso')), '--assignee', 'http://kubelet'],
    );
    expect(named).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/Insufficient privileges to complete the operation/),
    });
    succeeded(
      await azOf('no directory', ...[...create, registryId(registry('contoso')), '--assignee', objectId]),
    );
    expect(holders('contoso')).toContain(objectId);
    expect(sent('GET', /graph\.microsoft\.com\/v1\.0\/servicePrincipals/).slice(-2)).toEqual(['403', '403']);
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
        machine: { ...bench.simulator.environment(), ...environment() },
      });
      expect({ exitCode: result.exitCode, outputs: result.outputs }).toMatchObject({
        exitCode: 0,
        outputs: { result: 'passed', verified: 'true', changed: 'false' },
      });
    } finally {
      await job.end();
    }
  });

  it('signs in by a certificate and by a federated token, and out', async () => {
    const { context, state, github } = bench.simulator;
    const { certificate, key } = await makeCertificate();
    const file = join(bench.folder, 'login.pem');
    await writeFile(file, `${key}\n${certificate}`, { mode: 0o600 });
    await chmod(file, 0o600);
    state.principals.find(({ name }) => name === 'deployer')?.certificates.push(certificate);
    await signIn('deployer', '-p', file);

    const { body } = await context.dial(`${github.requestUrl}&audience=api://AzureADTokenExchange`, {
      headers: { authorization: `Bearer ${github.requestToken}` },
    });
    const { value } = JSON.parse(body.toString('utf8')) as { value: string };
    await signIn('deployer', '--federated-token', value);

    succeeded(await az('logout'));
    expect(await az('account', 'show')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/az login/),
    });
  });

  it('asked nothing that the simulator does not model', () => {
    const known = [
      // Where az looks whether there is a newer az.
      /^\w+ (azure\.microsoft\.com|raw\.githubusercontent\.com)/,
      // The change that is refused above.
      /^PUT management\.azure\.com\/.*managedClusters\/shop\?/,
    ];
    const others = bench.notModelled().filter((request) => !known.some((pattern) => pattern.test(request)));
    expect(others).toEqual([]);
  });
});
