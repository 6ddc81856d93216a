/** Pulls proved against the simulated cloud: real TLS, a real Job controller's order of things, real refusals. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { directConnection } from '../../../src/core/kubernetes/connection.js';
import type { ClusterConnection } from '../../../src/core/kubernetes/connection.js';
import { listAt, textAt } from '../../../src/core/kubernetes/json.js';
import { parseKubeconfig } from '../../../src/core/kubernetes/kubeconfig.js';
import { provePulls } from '../../../src/core/kubernetes/prove.js';
import type { ProveOptions, PullTarget } from '../../../src/core/kubernetes/prove.js';
import type { Finding } from '../../../src/core/report.js';
import { systemClock } from '../../../src/host/clock.js';
import { createHttp } from '../../../src/host/http.js';
import { startSimulator } from '../../../src/simulator/index.js';
import type { Simulator } from '../../../src/simulator/index.js';

/** A cluster with an amd64 and an arm64 pool; `grants` are role assignments beside the caller's own. */
const scenario = (grants: string[] = [], more = ''): string => `
name: proof
identities:
  - name: deployer
clusters:
  - name: shop
    resourceGroup: shop-rg
    pools:
      - name: system
      - name: arm
        architecture: arm64
        taints: ['sku=arm:NoSchedule']
${more}
registries:
  - name: contoso
    resourceGroup: registry-rg
    repositories:
      - name: shop/web
        images:
          - tag: v1
            platforms: [linux/amd64, linux/arm64]
          - tag: v2
            platforms: [linux/amd64, linux/arm64]
          - tag: amd64-only
            platforms: [linux/amd64]
            index: true
roleAssignments:
  - { principal: deployer, role: Azure Kubernetes Service Cluster User Role, scope: 'cluster:shop' }
${grants.map((grant) => `  - ${grant}`).join('\n')}
`;
const ACR_PULL = "{ principal: kubelet of shop, role: AcrPull, scope: 'registry:contoso' }";

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

interface World {
  simulator: Simulator;
  connection: ClusterConnection;
  prove: (targets: PullTarget[], more?: Partial<ProveOptions>) => ReturnType<typeof provePulls>;
  findings: Finding[];
  controller: AbortController;
  /** Names of what is left of a kind in the namespace. */
  left: (path: string) => Promise<(string | undefined)[]>;
}

async function world(yaml: string): Promise<World> {
  const simulator = await startSimulator(yaml);
  const http = createHttp({ ...simulator.environment() });
  ends.push(
    () => http.close(),
    () => simulator.stop(),
  );
  const login = parseKubeconfig(await userKubeconfig(simulator, http));
  const { credential } = login;
  const deployer = simulator.state.principals.find(({ name }) => name === 'deployer');
  const connection = directConnection({
    server: login.server,
    tls: {
      ...(login.ca === undefined ? {} : { ca: login.ca }),
      ...(credential.kind === 'certificate' ? { cert: credential.certificate, key: credential.key } : {}),
    },
    clock: systemClock,
    send: (request) => http.send(request),
    authorization: async () =>
      credential.kind === 'exec' && deployer !== undefined
        ? `Bearer ${simulator.context.tokens.issue(deployer, '6dae42f8-4368-4678-94ff-3960e28e3630')}`
        : undefined,
  });
  const controller = new AbortController();
  const findings: Finding[] = [];
  return {
    simulator,
    connection,
    controller,
    findings,
    prove: (targets, more = {}) =>
      provePulls({
        connection,
        clusterId: 'shop',
        namespace: 'default',
        runId: '0a1b2c3d',
        owner: 'test',
        targets,
        ports: {
          clock: systemClock,
          signal: controller.signal,
          remember: () => undefined,
          log: { waiting: () => undefined, debug: () => undefined },
        },
        onFinding: (finding) => findings.push(finding),
        ...more,
      }),
    left: async (path) =>
      listAt((await connection.request('GET', path)).body, 'items').map((one) =>
        textAt(one, 'metadata', 'name'),
      ),
  };
}

/** Waits until something that the cluster does by itself is done: at most 15 s, as a node reports only every 10. */
async function until(done: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 150 && !(await done()); tries += 1) await systemClock.sleep(100);
  expect(await done()).toBe(true);
}

/** As ARM hands it out to the deployer. */
async function userKubeconfig(simulator: Simulator, http: ReturnType<typeof createHttp>): Promise<string> {
  const [cluster] = simulator.state.clusters;
  const deployer = simulator.state.principals.find(({ name }) => name === 'deployer');
  if (cluster === undefined || deployer === undefined)
    throw new Error('the scenario lacks a cluster or the deployer');
  const id = `/subscriptions/${cluster.subscriptionId}/resourceGroups/${cluster.resourceGroup}/providers/Microsoft.ContainerService/managedClusters/${cluster.name}`;
  const answer = await http.send({
    method: 'POST',
    url: `https://management.azure.com${id}/listClusterUserCredential?api-version=2025-05-01&format=exec`,
    headers: {
      authorization: `Bearer ${simulator.context.tokens.issue(deployer, 'https://management.azure.com')}`,
    },
    tls: { ca: simulator.caPem },
  });
  let text = '';
  for await (const chunk of answer.body) text += Buffer.from(chunk).toString();
  const value = textAt(listAt(JSON.parse(text), 'kubeconfigs')[0], 'value');
  if (value === undefined) throw new Error(`no kubeconfig: HTTP ${answer.status} ${text}`);
  return Buffer.from(value, 'base64').toString();
}

const target = (nodePool: string, tag: string): PullTarget => ({
  nodePool,
  os: 'Linux',
  architecture: nodePool === 'arm' ? 'arm64' : 'amd64',
  image: `contoso.azurecr.io/shop/web:${tag}`,
});

describe('against the simulated cloud', () => {
  it('proves a pull on each pool and leaves nothing behind', async () => {
    const { connection, findings, left, prove, simulator } = await world(scenario([ACR_PULL]));
    const digest = simulator.state.registries[0]?.repositories[0]?.tags.get('v1');
    const targets = [target('system', 'v1'), target('arm', 'v1')].map((one) => ({
      ...one,
      ...(digest === undefined ? {} : { digest }),
    }));
    const pulls = await prove(targets);
    expect(pulls).toEqual(
      ['system', 'arm'].map((nodePool) =>
        expect.objectContaining({
          nodePool,
          status: 'pass',
          digest,
          digestSource: 'registry',
          proved: 'content',
          node: expect.stringContaining(nodePool),
          attempts: 1,
        }),
      ),
    );
    expect(findings).toEqual([]);
    expect(await left('/apis/batch/v1/namespaces/default/jobs')).toEqual([]);
    await until(async () => (await left('/api/v1/namespaces/default/serviceaccounts')).length === 1);
    const kubernetes = simulator.requests.filter(({ service }) => service === 'kubernetes');
    expect(kubernetes.filter(({ path }) => path.includes('watch='))).toHaveLength(1);
    expect(kubernetes.filter(({ modelled }) => !modelled)).toEqual([]);

    // Once the node lists it, it can be told that this image was there and that another is not.
    await until(async () => {
      const { body } = await connection.request('GET', `/api/v1/nodes/${pulls[0]?.node ?? ''}`);
      return JSON.stringify(listAt(body, 'status', 'images')).includes(digest ?? 'no digest');
    });
    const [known, fresh] = await prove([target('system', 'v1'), target('system', 'v2')]);
    expect(known).toMatchObject({ status: 'pass', proved: 'manifest' });
    expect(fresh).toMatchObject({ status: 'pass', proved: 'content' });
  });

  it('is refused in the words of the node until the grant works', async () => {
    const { prove, simulator } = await world(
      scenario(["{ principal: kubelet of shop, role: AcrPull, scope: 'registry:contoso', age: 0s }"]),
    );
    const grant = simulator.state.roleAssignments.at(-1);
    if (grant === undefined) throw new Error('the scenario has no grant');
    grant.effectiveAt = Number.MAX_SAFE_INTEGER;
    // First of all: once a credential was had, the node keeps it for a while, whatever becomes of the grant.
    const [refused] = await prove([target('system', 'v1')]);
    expect(refused).toMatchObject({
      status: 'fail',
      cause: 'pull-refused',
      message: expect.stringContaining('401 Unauthorized'),
    });
    const refusals: string[] = [];
    const ports = {
      clock: systemClock,
      signal: new AbortController().signal,
      remember: () => undefined,
      log: {
        waiting: () => undefined,
        debug: (line: string) => {
          refusals.push(line);
          grant.effectiveAt = 0;
        },
      },
    };
    const [pull] = await prove([target('system', 'v1')], {
      ports,
      waitForGrant: { until: Date.now() + 60_000 },
    });
    expect(refusals).toEqual(['pool system: attempt 1 refused, again in 5 s']);
    expect(pull).toMatchObject({ status: 'pass', attempts: 2 });
  });

  it('reports a missing platform and a missing tag at once, whatever grant is waited for', async () => {
    const { prove } = await world(scenario([ACR_PULL]));
    const waitForGrant = { until: Date.now() + 60_000 };
    const pulls = await prove([target('arm', 'amd64-only'), target('system', 'absent')], { waitForGrant });
    expect(pulls).toEqual([
      expect.objectContaining({
        status: 'fail',
        attempts: 1,
        message: expect.stringContaining('no match for platform'),
      }),
      expect.objectContaining({
        status: 'fail',
        attempts: 1,
        message: expect.stringContaining('absent: not found'),
      }),
    ]);
  });

  it('says what is missing when the login has no right in the cluster', async () => {
    const { prove } = await world(scenario([ACR_PULL], '    entra: { azureRbac: true }'));
    const [pull] = await prove([target('system', 'v1')]);
    expect(pull).toMatchObject({
      status: 'unknown',
      cause: 'cluster-rights-missing',
      message: expect.stringContaining('cannot '),
    });
  });

  it('says that the namespace is not there', async () => {
    const { prove } = await world(scenario([ACR_PULL]));
    expect((await prove([target('system', 'v1')], { namespace: 'absent' }))[0]).toMatchObject({
      status: 'unknown',
      cause: 'namespace-missing',
    });
  });

  it('leaves nothing behind when it is cancelled', async () => {
    const { controller, left, prove, simulator } = await world(scenario());
    const proving = prove([target('system', 'v1')], { waitForGrant: { until: Date.now() + 60_000 } });
    setTimeout(() => controller.abort(new Error('cancelled')), 300);
    const began = Date.now();
    await expect(proving).rejects.toThrow('cancelled');
    expect(Date.now() - began).toBeLessThan(5000);
    expect(await left('/apis/batch/v1/namespaces/default/jobs')).toEqual([]);
    expect(simulator.requests.some(({ method, path }) => method === 'POST' && path.endsWith('/jobs'))).toBe(
      true,
    );
    await until(async () => (await left('/api/v1/namespaces/default/pods')).length === 0);
  });
});
