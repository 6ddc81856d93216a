/** The shipped task, as Azure Pipelines' agent runs it. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { OUTPUTS, taskName } from '../../src/core/inputs.js';
import { suiteUnless } from '../skip.js';
import type { TaskRun } from './agent.js';
import { nodes } from './runner.js';
import { armWrites, kubeletManifests, scenario } from './scene.js';
import { KINDS } from './service-connections.js';
import { openTaskScene } from './task-scene.js';
import type { RanTask, TaskScene } from './task-scene.js';

let scene: TaskScene | undefined;
afterEach(async () => {
  await scene?.end();
  scene = undefined;
});
const open = async (...given: Parameters<typeof openTaskScene>): Promise<TaskScene> =>
  (scene = await openTaskScene(...given));

const FEDERATED = [{ name: 'deployer', federated: 'azure-pipelines' }];
const JOBS = /\/apis\/batch\/v1\/namespaces\/default\/jobs/;

/** Everything but the commands that mask: nothing of it may hold a secret, whatever the agent masks besides. */
function unmasked({ stdout, stderr, summary, outputs }: TaskRun): string {
  const lines = `${stdout}\n${stderr}`
    .split('\n')
    .filter((line) => !line.startsWith('##vso[task.setsecret]'));
  return [...lines, summary, JSON.stringify(outputs)].join('\n');
}

/** What must hold of every run. @param secrets that the run was given */
function expectOrderly(run: RanTask, secrets: readonly string[]): void {
  expect([run.exitCode, run.signal, run.stderr]).toEqual([0, null, '']);
  expect(run.told).toHaveLength(1);
  expect(Object.keys(run.outputs).sort()).toEqual(OUTPUTS.map(({ name }) => taskName(name)).sort());
  const text = unmasked(run);
  const lines = secrets.flatMap((secret) => secret.split('\n')).filter((line) => /^[^-].{7}/.test(line));
  const masks = run.masks.filter((mask) => mask.length >= 8);
  for (const secret of [...lines, ...masks]) expect(text).not.toContain(secret);
  expect(text).not.toMatch(/eyJ[\w-]{10,}\.|PRIVATE KEY/);
  expect(text + JSON.stringify(run.report ?? {})).not.toMatch(/eyJ[\w-]{10,}\./);
}

function expectGranted(run: RanTask): void {
  expect(run.result).toBe('Succeeded');
  expect(run.outputs).toMatchObject({
    result: 'passed',
    changed: 'true',
    verified: 'true',
    cause: '',
    loginServer: 'contoso.azurecr.io',
    role: 'AcrPull',
  });
  expect(armWrites(run.requests)).toHaveLength(1);
  expect(kubeletManifests(run.requests).length).toBeGreaterThan(0);
}

describe('a service connection with', () => {
  it.each(Object.entries(KINDS))('%s: the grant is made and the pull proved', async (_name, make) => {
    const { identity, runner, connection, secrets, description } = await make();
    const {
      run,
      connection: whole,
      connectionId,
      simulator,
    } = await open(
      scenario({
        identities: [{ name: 'deployer', ...identity }],
        ...(runner === undefined ? {} : { runner }),
      }),
    );
    const ran = await run({}, { connections: { [connectionId]: whole(connection) } });
    expectOrderly(ran, [...secrets, simulator.azurePipelines.accessToken]);
    expectGranted(ran);
    expect(ran.shown).toContain(description);
    // Several secrets may be one text of several lines: each line is masked.
    const [firstLine = ''] = secrets[0]?.split('\n').filter((line) => !line.startsWith('-----')) ?? [];
    if (firstLine !== '') expect(ran.masks).toContain(firstLine);
  });
});

for (const { name, path, missing } of nodes().slice(1)) {
  suiteUnless(missing, `the task on ${name}`, () => {
    it('makes the grant and proves the pull', async () => {
      const { run, simulator } = await open(scenario({ identities: FEDERATED }));
      const ran = await run({}, { node: path });
      expectOrderly(ran, [simulator.azurePipelines.accessToken]);
      expectGranted(ran);
    });

    it('tells all unusable inputs at once', async () => {
      const { run, simulator } = await open(scenario({ identities: FEDERATED }));
      const ran = await run({ azureSubscription: '', mode: 'improve' }, { node: path });
      expectOrderly(ran, [simulator.azurePipelines.accessToken]);
      expect(ran.result).toBe('Failed');
      expect(ran.issues.map(({ text }) => text).join('\n')).toMatch(/input azureSubscription[^]*input mode /);
    });
  });
}

describe('the task', () => {
  it('finds what is already there and writes nothing; asks for a fresh assertion for every token', async () => {
    const { run, simulator } = await open(
      scenario({
        identities: FEDERATED,
        azurePipelines: { issuer: 'azure-devops' },
        assigned: [{ principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso' }],
      }),
    );
    const ran = await run({ redact: 'ids' }, { debug: true });
    expectOrderly(ran, [simulator.azurePipelines.accessToken]);
    expect(ran.result).toBe('Succeeded');
    expect(ran.outputs).toMatchObject({ result: 'passed', changed: 'false', wouldChange: 'false' });
    expect(armWrites(ran.requests)).toEqual([]);
    const asked = (host: string): number =>
      ran.requests.filter((request) => request.host === host && request.method === 'POST').length;
    expect(asked('dev.azure.com')).toBe(asked('login.microsoftonline.com'));
    expect(asked('dev.azure.com')).toBeGreaterThan(1);

    const { clientId = '' } = simulator.state.principals[0] ?? {};
    expect(ran.shown + ran.summary).not.toContain(clientId);
    expect(ran.shown).toContain(`${clientId.slice(0, 8)}…`);

    expect(ran.sections).toHaveLength(1);
    expect(ran.summary).toMatch(/^## aks-acr-pull: ✅ passed/);
    expect(ran.summary).toContain('- ✓ kubelet identity');
    expect(ran.summary).not.toMatch(/mermaid|<details|<sub/);
  });

  it("goes through the agent's own proxy, trusts the agent's own certificates, and says the same in French", async () => {
    const { run, simulator } = await open(
      scenario({
        identities: FEDERATED,
        assigned: [{ principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso' }],
      }),
    );
    const { HTTPS_PROXY = '', NODE_EXTRA_CA_CERTS = '' } = simulator.environment();
    const settings = { 'Agent.ProxyUrl': HTTPS_PROXY, 'Agent.CAInfo': NODE_EXTRA_CA_CERTS };
    // As of an agent that was configured with --proxyurl and --sslcacert; the machine itself knows neither.
    const variables = { ...settings, 'System.Culture': 'fr-FR' };
    const ran = await run({}, { machine: { LANG: 'fr_FR.UTF-8', LC_ALL: 'fr_FR.UTF-8' }, variables });
    expectOrderly(ran, [simulator.azurePipelines.accessToken]);
    expect([ran.result, ran.outputs.verified]).toEqual(['Succeeded', 'true']);
    expect(ran.shown).toContain('PASSED: shop can pull from contoso.azurecr.io');
    // Times and numbers are for machines to read, too: no comma in them.
    expect(ran.report?.startedAt).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);

    // It is by these that it got through.
    const distrusting = await run({}, { machine: {}, variables: { ...variables, 'Agent.CAInfo': '' } });
    expect([distrusting.result, distrusting.outputs.result]).toEqual(['Failed', 'unknown']);
    expect(distrusting.requests).toEqual([]);
  });

  it('without the right to grant fails, says which right is missing, and how to get it', async () => {
    const { run, simulator } = await open(
      scenario({
        identities: FEDERATED,
        login: [
          {
            principal: 'deployer',
            role: 'Azure Kubernetes Service Cluster User Role',
            scope: 'cluster:shop',
          },
          { principal: 'deployer', role: 'Reader', scope: 'registry:contoso' },
        ],
      }),
    );
    const ran = await run();
    expectOrderly(ran, [simulator.azurePipelines.accessToken]);
    expect(ran.result).toBe('Failed');
    expect(ran.outputs).toMatchObject({ result: 'failed', cause: 'arm-authorization-missing' });
    const errors = ran.issues.filter(({ type }) => type === 'error').map(({ text }) => text);
    expect(errors.join('\n')).toContain('az role assignment create');
    expect(ran.told[0]).toContain('arm-authorization-missing');
    expect(ran.summary).toContain('**✗ BROKEN');
  });

  it('says that nothing answers, after having tried again', async () => {
    const { run, simulator } = await open(scenario({ identities: FEDERATED }));
    const machine = { ...simulator.environment(), HTTPS_PROXY: 'http://127.0.0.1:9', https_proxy: '' };
    const ran = await run({}, { machine });
    expectOrderly(ran, [simulator.azurePipelines.accessToken]);
    expect(ran.outputs).toMatchObject({ result: 'unknown', cause: 'sign-in-unreachable' });
    expect(ran.shown).toContain('dev.azure.com');
  });

  it('tells all unusable inputs at once, by their names in task.json, and asks nobody anything', async () => {
    const { run, simulator, connectionId, connection } = await open(scenario({ identities: FEDERATED }));
    const ran = await run(
      { resourceGroup: '', registry: 'a/b', timeout: '10', summary: 'perhaps' },
      { connections: { [connectionId]: connection({ data: { environment: 'AzureStack' } }) } },
    );
    expectOrderly(ran, [simulator.azurePipelines.accessToken]);
    expect(ran.result).toBe('Failed');
    expect(ran.outputs).toMatchObject({ result: 'unknown', verified: 'false' });
    const told = ran.issues.map(({ text }) => text).join('\n');
    for (const input of ['azureSubscription', 'resourceGroup', 'registry', 'timeout', 'summary'])
      expect(told).toContain(`input ${input} `);
    expect(told).toContain('this one is to AzureStack');
    expect(told).not.toMatch(/resource-group|azure-subscription/);
    expect([simulator.requests, simulator.connectedNames]).toEqual([[], []]);
    expect(ran.summary).toBe('');
  });

  it.each([
    ['connect for a pull request', {}, 'False', 'mode connect may change role assignments'],
    ['a probe for one from a fork', { mode: 'check' }, 'True', 'from a fork: no probe runs'],
  ])('refuses %s', async (_what, inputs, fork, why) => {
    const { run, simulator } = await open(scenario({ identities: FEDERATED }));
    const variables = {
      'Build.Reason': 'PullRequest',
      'System.PullRequest.PullRequestId': '12',
      'System.PullRequest.IsFork': fork,
    };
    const ran = await run(inputs, { variables });
    expectOrderly(ran, [simulator.azurePipelines.accessToken]);
    expect(ran.result).toBe('Failed');
    expect(ran.shown).toContain(why);
    if (fork === 'False') expect(ran.shown).toMatch(/PullRequest #12.*allowPullRequest: true/);
    expect(simulator.requests).toEqual([]);
  });

  it('tells why Azure Pipelines gave no token, and what to look at', async () => {
    const { run } = await open(scenario({ identities: FEDERATED }));
    const refused = await run({}, { accessToken: 'an access token that has expired' });
    expectOrderly(refused, ['an access token that has expired']);
    expect(refused.outputs).toMatchObject({ result: 'unknown', cause: 'id-token-refused' });
    expect(refused.shown).toMatch(/dev\.azure\.com: HTTP 401: TF400813/);
    expect(refused.shown).toContain('may use the service connection');
  });

  it('lets nothing that others said be a command', async () => {
    const hostile = '##vso[task.complete result=Succeeded;]x ##[error]y';
    const { run, simulator } = await open(scenario({ identities: FEDERATED }));
    const [cluster] = simulator.state.clusters;
    if (cluster === undefined) throw new Error('the scenario holds no cluster');
    cluster.kubernetesVersion = `1.32.7\n${hostile}`;
    const ran = await run({ verify: 'access', image: '', mode: 'check' }, { debug: true });
    expectOrderly(ran, [simulator.azurePipelines.accessToken]);
    expect(ran.result).toBe('Failed');
    expect(ran.shown).toContain('vso[task.complete');

    const told = await run({ registry: hostile, cluster: hostile }, { debug: true });
    expectOrderly(told, [simulator.azurePipelines.accessToken]);
    expect(told.result).toBe('Failed');
    expect(told.shown).toContain('vso[task.complete');
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'cancelled by %s ends in time and removes its probe',
    async (by) => {
      let probed = (): void => undefined;
      const made = new Promise<void>((resolve) => (probed = resolve));
      const opened = await open(scenario({ identities: FEDERATED, grantDelay: '1h' }), {
        onRequest({ method, path, status }) {
          if (method === 'POST' && JOBS.test(path) && status === 201) probed();
        },
      });
      const running = opened.start();
      await Promise.race([made, running.done]);
      const began = Date.now();
      if (by === 'SIGTERM') running.kill(by);
      else running.cancel();
      const ran = await running.done;
      expect(Date.now() - began).toBeLessThan(7_500);
      expect([ran.exitCode, ran.signal, ran.stderr, ran.result]).toEqual([0, null, '', 'Failed']);
      expect(ran.told).toEqual([expect.stringContaining(`cancelled (${by})`)]);
      const { requests } = opened.simulator;
      const count = (method: string, status: number): number =>
        requests.filter(
          (request) => request.method === method && JOBS.test(request.path) && request.status === status,
        ).length;
      expect(count('POST', 201)).toBeGreaterThan(0);
      expect(count('DELETE', 200)).toBe(count('POST', 201));
    },
  );
});
