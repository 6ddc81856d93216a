/**
 * The product's own shell lines, run by a real shell and a real kubectl against the simulated API server, beside run
 * command as it is simulated: both must come to the same answers.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { unzipSync } from 'fflate';
import type { CommandResult } from '../../src/core/azure/run-command.js';
import type { ClusterConnection, RequestOptions } from '../../src/core/kubernetes/connection.js';
import { runCommandConnection } from '../../src/core/kubernetes/run-command.js';
import { systemClock } from '../../src/host/clock.js';
import { commandClient } from '../simulator/kubernetes/run-command/support.js';
import type { CommandClient } from '../simulator/kubernetes/run-command/support.js';
import { suiteUnless } from '../skip.js';
import { SECRET, clusterPath, missing, openBench } from './clients.js';
import type { Bench } from './clients.js';

const SCENARIO = `
name: run-command-core
identities:
  - name: deployer
    secrets: [${SECRET}]
customRoles:
  - { name: Command runner, actions: [Microsoft.ContainerService/managedClusters/runcommand/action] }
clusters:
  - name: shop
    resourceGroup: shop-rg
    namespaces:
      - { name: real, labels: { pod-security.kubernetes.io/warn: restricted } }
      - { name: ours, labels: { pod-security.kubernetes.io/warn: restricted } }
    policies:
      - { name: no-latest, rule: noLatestTag, kinds: [Pod, Job], namespaces: [real, ours] }
roleAssignments:
  - { principal: deployer, role: Reader, scope: subscription }
  - { principal: deployer, role: Azure Kubernetes Service Cluster User Role, scope: 'cluster:shop' }
  - { principal: deployer, role: Command runner, scope: 'cluster:shop' }
`;

const job = (name: string, image = 'contoso.azurecr.io/shop/web:1.4.2'): object => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: {
    name,
    labels: { 'aks-acr-pull.dev/run': 'r1', note: 'x' },
    annotations: { odd: `'"$(id)\`\\ \n&&;` },
  },
  spec: {
    backoffLimit: 0,
    template: { spec: { restartPolicy: 'Never', containers: [{ name: 'pull', image }] } },
  },
});

type Asked = [method: string, path: string, options?: RequestOptions];

/** Waves of requests: each wave goes into one command. NS is the namespace of each side. */
const WAVES: readonly (readonly Asked[])[] = [
  [['GET', '/version']],
  [
    [
      'GET',
      '/api/v1/namespaces/NS/pods',
      { query: { labelSelector: 'aks-acr-pull.dev/run=r1', limit: '10' } },
    ],
    ['POST', '/apis/batch/v1/namespaces/NS/jobs', { body: job('first') }],
    ['POST', '/apis/batch/v1/namespaces/NS/jobs', { body: job('Not_A_Name') }],
    ['POST', '/apis/batch/v1/namespaces/nowhere/jobs', { body: job('first') }],
    ['POST', '/apis/batch/v1/namespaces/NS/jobs', { body: job('latest', 'contoso.azurecr.io/x:latest') }],
    ['POST', '/apis/batch/v1/namespaces/NS/jobs', { body: { kind: 'Job' } }],
    ['GET', '/apis/batch/v1/namespaces/NS/jobs/nobody'],
    [
      'GET',
      `/api/v1/namespaces/NS/events`,
      { query: { fieldSelector: `involvedObject.name=it's "odd" $(id)` } },
    ],
  ],
  // Made before: it counts as made by this.
  [
    ['POST', '/apis/batch/v1/namespaces/NS/jobs', { body: job('first') }],
    [
      'POST',
      '/api/v1/namespaces/NS/serviceaccounts',
      { body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'first' } } },
    ],
    ['GET', '/api/v1/nodes', { query: { limit: '1' } }],
  ],
  [
    ['DELETE', '/apis/batch/v1/namespaces/NS/jobs/first', { query: { propagationPolicy: 'Background' } }],
    ['DELETE', '/apis/batch/v1/namespaces/NS/jobs/nobody', { query: { propagationPolicy: 'Background' } }],
  ],
];

/** What differs between two namespaces, or two moments. */
const VOLATILE: readonly (readonly [RegExp, string])[] = [
  [/\b(real|ours)\b/g, 'NS'],
  [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'GUID'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, 'TIME'],
  [/"resourceVersion":"\d+"/g, '"resourceVersion":"N"'],
];

suiteUnless(missing('kubectl'), 'the product through a real kubectl', () => {
  let bench: Bench;
  let client: CommandClient;
  let kubeconfig: string;
  const lines: string[] = [];

  beforeAll(async () => {
    bench = await openBench(SCENARIO);
    client = commandClient(bench.simulator, 'deployer');
    const path = `${clusterPath(bench)}/listClusterUserCredential?api-version=2024-09-01`;
    const answer = (await bench.arm('POST', path)) as { kubeconfigs: { value: string }[] };
    kubeconfig = join(bench.folder, 'kubeconfig');
    await writeFile(kubeconfig, Buffer.from(answer.kubeconfigs[0]?.value ?? '', 'base64'), { mode: 0o600 });
  });
  afterAll(async () => {
    await client.close();
    await bench.end();
  });

  /** As the command's pod has it: the archive's files in the working folder, both streams into one log. */
  async function really(line: string, archive: Uint8Array): Promise<CommandResult> {
    lines.push(line);
    const folder = await mkdtemp(join(bench.folder, 'command-'));
    for (const [name, bytes] of Object.entries(archive.length === 0 ? {} : unzipSync(archive)))
      await writeFile(join(folder, name), bytes);
    return new Promise((resolve, reject) => {
      const env = { PATH: process.env.PATH, ...bench.simulator.environment(), KUBECONFIG: kubeconfig };
      const child = spawn('sh', ['-c', line], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
      let logs = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => (logs += chunk.toString('utf8')));
      child.on('error', reject);
      child.on('close', (exitCode) => resolve({ exitCode: exitCode ?? 1, logs }));
    });
  }

  const simulated = async (line: string, archive: Uint8Array): Promise<CommandResult> => {
    const files = archive.length === 0 ? {} : unzipSync(archive);
    const texts = Object.entries(files).map(
      ([name, bytes]) => [name, new TextDecoder().decode(bytes)] as const,
    );
    return client.run(clusterPath(bench), line, Object.fromEntries(texts));
  };

  const plain = (value: unknown): unknown => {
    const text = VOLATILE.reduce((all, [from, to]) => all.replace(from, to), JSON.stringify(value));
    return JSON.parse(text) as unknown;
  };

  async function answers(connection: ClusterConnection, namespace: string): Promise<unknown[][]> {
    const all: unknown[][] = [];
    for (const wave of WAVES) {
      const asked = wave.map(([method, path, options]) =>
        connection.request(method, path.replace('NS', namespace), options),
      );
      all.push((await Promise.all(asked)).map(plain));
    }
    return all;
  }

  const statuses = (all: readonly unknown[][]): number[][] =>
    all.map((wave) => wave.map((answer) => (answer as { status: number }).status));

  it('comes to the answers that the simulated run command gives', async () => {
    const options = { clock: systemClock, runId: 'r', cluster: 'shop' };
    const [real, ours] = await Promise.all([
      answers(runCommandConnection({ ...options, run: really }), 'real'),
      answers(runCommandConnection({ ...options, run: simulated }), 'ours'),
    ]);
    expect(statuses(real)).toEqual([
      [200],
      [200, 201, 422, 404, 403, 422, 404, 200],
      [201, 201, 200],
      [200, 404],
    ]);
    expect(ours).toEqual(real);
    expect(lines).toHaveLength(WAVES.length + 1);
    expect(lines.join('\n')).not.toContain('aks-acr-pull.dev/run":');
  });
});
