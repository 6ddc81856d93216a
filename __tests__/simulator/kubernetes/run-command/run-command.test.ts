import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startSimulator } from '../../../../src/simulator/index.js';
import type { Simulator } from '../../../../src/simulator/index.js';
import { principal } from '../../net/client.js';
import { archive, commandClient, VERSION } from './support.js';
import type { CommandClient } from './support.js';

const AKS_SERVER = '6dae42f8-4368-4678-94ff-3960e28e3630';

const SCENARIO = `
name: run-command
identities: [{ name: runner }, { name: reader }, { name: half }]
customRoles:
  - { name: Runs, actions: [Microsoft.ContainerService/managedClusters/runcommand/action] }
  - { name: Reads results, actions: [Microsoft.ContainerService/managedClusters/commandResults/read] }
clusters:
  - { name: shop, resourceGroup: rg }
  - { name: private, resourceGroup: rg, private: true }
  - { name: stopped, resourceGroup: rg, power: Stopped }
  - { name: disabled, resourceGroup: rg, runCommand: { enabled: false } }
  - name: tainted
    resourceGroup: rg
    runCommand: { startLimit: 300ms }
    pools: [{ name: a, taints: ['team=a:NoSchedule'] }]
  - { name: windows, resourceGroup: rg, runCommand: { startLimit: 300ms }, pools: [{ name: win, os: Windows }] }
  - { name: empty, resourceGroup: rg, runCommand: { startLimit: 300ms }, pools: [{ name: none, count: 0 }] }
  - name: system
    resourceGroup: rg
    pools: [{ name: sys, mode: System, taints: ['CriticalAddonsOnly=true:NoSchedule'] }]
  - name: entra
    resourceGroup: rg
    localAccounts: false
    entra: {}
    bindings: [{ principal: runner, rules: [{ apiGroups: [''], resources: [nodes], verbs: [list] }] }]
roleAssignments:
  - { principal: runner, role: Runs, scope: subscription }
  - { principal: runner, role: Reads results, scope: subscription }
  - { principal: reader, role: Reader, scope: subscription }
  - { principal: half, role: Runs, scope: subscription }
`;

let simulator: Simulator;
let client: CommandClient;
beforeAll(async () => {
  simulator = await startSimulator(SCENARIO);
  client = commandClient(simulator, 'runner');
});
afterAll(async () => {
  await client.close();
  await simulator.stop();
});

const clusterPath = (name: string): string =>
  `/subscriptions/${simulator.state.subscriptions[0]?.id}/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/${name}`;
const run: (
  cluster: string,
  command: string,
  ...more: [Record<string, string>?, string?]
) => ReturnType<CommandClient['run']> = (cluster, command, ...more) =>
  client.run(clusterPath(cluster), command, ...more);
const refusal = async (cluster: string, body: object = { command: 'true' }) => {
  const { status, body: answer } = await client.order(clusterPath(cluster), body);
  return { status, ...(answer as { code: string; message: string }) };
};
const tokenFor = (audience: string): string =>
  simulator.context.tokens.issue(principal(simulator, 'runner'), audience);

describe('run command', () => {
  it('answers as recorded: 202 without a body, 202 while it runs, 200 with the result', async () => {
    const gate = JSON.stringify({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'gate' } });
    expect((await run('shop', 'kubectl create -f gate.json', { 'gate.json': gate })).exitCode).toBe(0);
    const command = 'kubectl wait --for=delete sa/gate --timeout=5m; echo done';
    const ordered = await client.order(clusterPath('shop'), { command, context: '' });
    expect(ordered).toMatchObject({ status: 202, body: undefined, headers: { 'content-length': '0' } });
    const { host, pathname, search } = new URL(ordered.headers.location ?? '');
    expect(host).toBe('management.azure.com');
    const place = /\/managedclusters\/shop\/commandResults\/([0-9a-f]{32})$/.exec(pathname);
    expect({ place: place !== null, search }).toEqual({ place: true, search: `?${VERSION}` });
    const id = place?.[1];
    const running = await client.get(pathname + search);
    expect(running).toMatchObject({
      status: 202,
      // As long as the recorded one.
      headers: {
        location: ordered.headers.location,
        'content-type': 'application/json',
        'content-length': '104',
      },
      body: { id, properties: { provisioningState: 'Running' } },
    });
    expect((await run('shop', 'kubectl delete sa gate')).exitCode).toBe(0);
    let answer = running;
    while (answer.status === 202) {
      await pause(20);
      answer = await client.get(pathname + search);
    }
    expect(answer).toMatchObject({
      status: 200,
      body: {
        id,
        properties: {
          provisioningState: 'Succeeded',
          exitCode: 0,
          logs: 'serviceaccount/gate condition met\ndone\n',
        },
      },
    });
  });

  it('gives a failed command as succeeded, with its exit code', async () => {
    const { startedAt, finishedAt, ...result } = await run('shop', 'kubectl get job nobody');
    expect(result).toEqual({
      provisioningState: 'Succeeded',
      exitCode: 1,
      logs: 'Error from server (NotFound): jobs.batch "nobody" not found\n',
    });
    expect(Date.parse(finishedAt)).toBeGreaterThanOrEqual(Date.parse(startedAt));
  });

  it('runs in a pod of the cluster, which stays when it has ended', async () => {
    const during = await run(
      'shop',
      'kubectl get pods -n aks-command -o json --field-selector status.phase=Running',
    );
    const { items } = JSON.parse(during.logs) as { items: unknown[] };
    expect(items).toMatchObject([
      {
        metadata: {
          name: expect.stringMatching(/^command-[0-9a-f]{32}$/),
          annotations: { 'aks.azure.com/runCommand': 'true' },
          labels: { createdBy: principal(simulator, 'runner').clientId },
        },
        spec: {
          serviceAccountName: expect.stringMatching(/^sa-[0-9a-f]{32}$/),
          nodeName: expect.stringMatching(/^aks-/),
          containers: [{ name: 'user-command', resources: { limits: { cpu: '500m', memory: '1Gi' } } }],
        },
        status: { containerStatuses: [{ state: { running: {} } }] },
      },
    ]);
    const { name } = (items[0] as { metadata: { name: string } }).metadata;
    const waited = `kubectl wait -n aks-command --for=jsonpath={.status.phase}=Succeeded pod/${name} --timeout=20s`;
    expect((await run('shop', waited.replace(/(\{.*\})/, "'$1'"))).logs).toBe(`pod/${name} condition met\n`);
    expect((await run('shop', 'false')).exitCode).toBe(1);
    expect(
      (await run('shop', 'kubectl get pods -n aks-command --field-selector status.phase=Failed -o name'))
        .logs,
    ).toMatch(/^(pod\/command-[0-9a-f]{32}\n)+$/);
  });

  it.each(['shop', 'private', 'system'])('runs in the cluster %s', async (cluster) => {
    expect(await run(cluster, 'kubectl get ns default -o name')).toMatchObject({
      exitCode: 0,
      logs: 'namespace/default\n',
    });
  });

  it.each(['tainted', 'windows', 'empty'])(
    'is refused in the cluster %s, where its pod finds no node',
    async (cluster) => {
      const { status, code, message } = await refusal(cluster);
      expect({ status, code }).toEqual({ status: 404, code: 'KubernetesPerformanceError' });
      expect(message).toMatch(
        /^Failed to run command due to cluster perf issue, container command-[0-9a-f]{32} in aks-command namespace did not start within 0\.3s on your cluster, retry may helps\./,
      );
    },
  );

  it('is refused in the words of the API server where that refuses the pod', async () => {
    const held = JSON.stringify({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'held', namespace: 'aks-command', finalizers: ['example.com/hold'] },
    });
    const closing = 'kubectl create -f held.json && kubectl delete ns aks-command --wait=false';
    expect((await run('system', closing, { 'held.json': held })).exitCode).toBe(0);
    expect(await refusal('system')).toMatchObject({
      status: 400,
      code: 'KubernetesOperationError',
      message: expect.stringMatching(
        /^Failed to run command in managed cluster due to kubernetes failure\. details: .* is forbidden: unable to create new content in namespace aks-command because it is being terminated$/,
      ),
    });
  });

  it('fails when its pod is deleted from under it', async () => {
    const ordered = await client.order(clusterPath('private'), { command: 'sleep 1h' });
    const { pathname, search } = new URL(ordered.headers.location ?? '');
    const name = `command-${pathname.split('/').at(-1)}`;
    await run('private', `kubectl delete pod ${name} -n aks-command`);
    expect(await client.get(pathname + search)).toMatchObject({
      status: 200,
      body: { properties: { provisioningState: 'failed', reason: 'PodDeleted' } },
    });
  });

  it('is refused where it is disabled, and where the cluster is stopped', async () => {
    expect(await refusal('disabled')).toMatchObject({ status: 400, code: 'RunCommandDisabled' });
    expect(await refusal('stopped')).toMatchObject({ status: 400, code: 'OperationNotAllowed' });
    const reader = commandClient(simulator, 'reader');
    const profile = { properties: { apiServerAccessProfile: { disableRunCommand: true } } };
    expect((await reader.get(`${clusterPath('disabled')}?${VERSION}`)).body).toMatchObject(profile);
    await reader.close();
  });

  it('needs a right to run and another to read', async () => {
    const reader = commandClient(simulator, 'reader');
    expect(await reader.order(clusterPath('shop'), { command: 'true' })).toMatchObject({
      status: 403,
      body: {
        error: {
          code: 'AuthorizationFailed',
          message: expect.stringContaining("'Microsoft.ContainerService/managedClusters/runcommand/action'"),
        },
      },
    });
    await reader.close();
    const half = commandClient(simulator, 'half');
    const { status, headers } = await half.order(clusterPath('shop'), { command: 'true' });
    expect(status).toBe(202);
    const { pathname, search } = new URL(headers.location ?? '');
    expect(await half.get(pathname + search)).toMatchObject({ status: 403 });
    await half.close();
    expect(
      await client.get(`${clusterPath('private')}/commandResults/${pathname.split('/').at(-1)}?${VERSION}`),
    ).toMatchObject({ status: 404 });
  });

  it.each([
    ['no command', { context: '' }],
    ['a command that is no text', { command: 1 }],
    ['a context that is no base64', { command: 'true', context: '***' }],
    [
      'a context that is no archive',
      { command: 'true', context: Buffer.from('not an archive').toString('base64') },
    ],
    ['a file outside of the folder', { command: 'true', context: archive({ '../x': '' }) }],
  ])('is refused with %s', async (_what, body) => {
    expect(await refusal('shop', body)).toMatchObject({ status: 400, code: 'BadRequest' });
  });

  it('keeps the first 512 kB of what a command prints', async () => {
    const files = { long: `${'é'.repeat(300 * 1024)}` };
    const { logs, exitCode } = await run('shop', 'cat long; false', files);
    expect({ bytes: Buffer.byteLength(logs), exitCode }).toEqual({ bytes: 512 * 1024, exitCode: 1 });
    // A character that the limit cuts in two is left out.
    expect(Buffer.byteLength((await run('shop', 'echo; cat long', files)).logs)).toBe(512 * 1024 - 1);
  });

  it('says what it does not model, and ends with 127', async () => {
    expect(await run('shop', 'helm list || true')).toMatchObject({
      exitCode: 127,
      logs: "NotModelled: the simulator doesn't model this command: the program helm\n",
    });
    expect(await run('shop', 'kubectl describe nodes || true')).toMatchObject({
      exitCode: 127,
      logs: expect.stringMatching(/kubectl describe\n$/),
    });
  });

  describe('with Entra integration', () => {
    it('needs a token for the API server', async () => {
      expect(await refusal('entra')).toMatchObject({
        status: 400,
        code: 'MissingAADClusterToken',
        message: 'This cluster have Azure Active Directory enabled, .clusterToken is required.',
      });
    });

    it("runs with the token's rights and no others", async () => {
      const token = tokenFor(AKS_SERVER);
      expect(await run('entra', 'kubectl get nodes -o name', {}, token)).toMatchObject({
        exitCode: 0,
        logs: expect.stringMatching(/^node\/aks-/),
      });
      const { objectId } = principal(simulator, 'runner');
      expect(await run('entra', 'kubectl get secrets', {}, token)).toMatchObject({
        exitCode: 1,
        logs: `Error from server (Forbidden): secrets is forbidden: User "${objectId}" cannot list resource "secrets" in API group "" in the namespace "default"\n`,
      });
    });

    it('has a token for something else refused inside the command', async () => {
      const token = tokenFor('https://management.azure.com');
      expect(await run('entra', 'kubectl get --raw /api/v1/nodes', {}, token)).toMatchObject({
        exitCode: 1,
        logs: 'error: You must be logged in to the server (Unauthorized)\n',
      });
    });
  });
});
