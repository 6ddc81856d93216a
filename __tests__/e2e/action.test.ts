import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OUTPUTS } from '../../src/core/inputs.js';
import { startSimulator } from '../../src/simulator/index.js';
import type { Simulator } from '../../src/simulator/index.js';
import { suiteUnless } from '../skip.js';
import { nodes, openJob, PROJECT } from './runner.js';
import type { Job, StepOptions, StepResult } from './runner.js';
import { installAz, NOT_SIGNED_IN } from './stub-az.js';

const SCENARIO = `
name: sign-in alone
identities:
  - { name: deployer, federated: github, secrets: [a-client-secret] }
  - { name: stranger, secrets: [another-secret] }
`;
const SUBSCRIPTION = '11111111-2222-3333-4444-555555555555';

let job: Job;
let cloud: Simulator;
beforeEach(async () => {
  [job, cloud] = await Promise.all([openJob(), startSimulator(SCENARIO)]);
});
afterEach(async () => {
  await cloud.stop();
  await job.end();
});

const principal = (name: string): string =>
  cloud.state.principals.find((one) => one.name === name)?.clientId ?? '';
const usable = (): Record<string, string> => ({
  cluster: 'shop',
  'resource-group': 'shop-rg',
  registry: 'contoso.azurecr.io',
  'subscription-id': SUBSCRIPTION,
  verify: 'access',
});
const byOidc = (name = 'deployer'): Record<string, string> => ({
  ...usable(),
  'client-id': principal(name),
  'tenant-id': cloud.state.tenantId,
});
const step = (options: StepOptions): Promise<StepResult> =>
  job.run({ machine: cloud.environment(), ...options });

/** What every failed step must be: clearly failed, with all outputs set, and no secret in what people see. */
function expectFailed(result: StepResult): void {
  expect(result.signal).toBeNull();
  expect(result.exitCode).toBe(1);
  expect(result.stderr).toBe('');
  expect(Object.keys(result.outputs).sort()).toEqual(OUTPUTS.map(({ name }) => name).sort());
  expect(result.outputs).toMatchObject({ result: 'unknown', verified: 'false' });
}
const errors = ({ commands }: StepResult): string[] =>
  commands.filter(({ name }) => name === 'error').map(({ data }) => data);

for (const { name, path: node, missing } of nodes()) {
  suiteUnless(missing, `the shipped action on ${name}`, () => {
    it('tells all unusable inputs at once and asks nobody anything', async () => {
      const result = await step({
        node,
        inputs: { cluster: 'shop', registry: '::set-output name=x::y', mode: 'improve', timeout: '10' },
      });
      expectFailed(result);
      const told = errors(result).join('\n');
      for (const input of ['mode', 'timeout', 'registry', 'resource-group'])
        expect(told).toContain(`input ${input} `);
      expect(told).toContain('"improve"');
      expect(result.commands.map(({ name }) => name)).not.toContain('set-output');
      expect(cloud.requests).toEqual([]);
      expect(cloud.connectedNames).toEqual([]);
      expect(result.summary).toBe('');
    });

    it('without id-token: write shows the lines to add', async () => {
      const result = await step({ node, inputs: byOidc() });
      expectFailed(result);
      expect(result.shown).toMatch(/permissions:\n\s*id-token: write/);
      expect(cloud.requests).toEqual([]);
    });
  });
}

describe('the shipped action', () => {
  it('refuses connect for a pull request', async () => {
    const result = await step({
      inputs: { ...byOidc(), verify: 'pull' },
      event: {
        name: 'pull_request',
        payload: {
          repository: { full_name: 'contoso/shop' },
          pull_request: { number: 12, head: { repo: { full_name: 'contoso/shop' } } },
        },
      },
    });
    expectFailed(result);
    expect(errors(result).join()).toContain('pull_request #12');
    expect(cloud.requests).toEqual([]);
  });

  it('tells a federated credential that does not match, by its claims and not by its tokens', async () => {
    const result = await step({ inputs: byOidc('stranger'), idToken: cloud.github });
    expectFailed(result);
    expect(result.shown).toContain('subject repo:contoso/shop:ref:refs/heads/main');
    expect(result.shown).toContain('az ad app federated-credential create');
    expect(result.masks).toContain(cloud.github.requestToken);
    expect(result.masks.some((mask) => /^eyJ/.test(mask))).toBe(true);
    for (const mask of result.masks.filter((one) => one !== '')) expect(result.shown).not.toContain(mask);
  });

  it('tells that nobody is signed in, and how to', async () => {
    const az = await installAz(join(job.temp, 'tools'), NOT_SIGNED_IN);
    const result = await step({ inputs: usable(), path: [az.folder] });
    expectFailed(result);
    expect(result.shown).toContain("Please run 'az login'");
    expect(result.shown).toContain('azure/login');
    expect(cloud.requests).toEqual([]);
  });

  it('tells that az is not there', async () => {
    const result = await step({ inputs: usable(), machine: { ...cloud.environment(), PATH: job.temp } });
    expectFailed(result);
    expect(result.shown).toContain('az was not found');
  });

  it('signs in by what azure/login left, and gives az nothing that is its own', async () => {
    const az = await installAz(join(job.temp, 'tools'), {
      tenantId: cloud.state.tenantId,
      clientId: principal('deployer'),
      clientSecret: 'a-client-secret',
      subscriptionId: SUBSCRIPTION,
    });
    const result = await step({ inputs: usable(), path: [az.folder], idToken: cloud.github });
    const calls = await az.calls();
    expect(calls.map(({ args }) => args.slice(0, 2).join(' '))).toContain('account get-access-token');
    expect(
      calls.flatMap(({ variables }) => variables).filter((one) => /^(INPUT_|STATE_|ACTIONS_ID)/.test(one)),
    ).toEqual([]);
    const token = result.masks.find((mask) => mask.startsWith('eyJ')) ?? '';
    expect(cloud.context.tokens.verify(token, ['https://management.core.windows.net'])).toHaveProperty(
      'claims',
    );
    expect(result.shown).not.toContain(token);
  });

  it('has nothing to do afterwards when it left nothing', async () => {
    const options: StepOptions = { inputs: { ...usable(), mode: 'improve' } };
    const main = await step(options);
    expect(main.state).toEqual({ mainRan: 'true' });
    const post = await job.post(options, main);
    expect([post.exitCode, post.stdout, post.stderr, post.outputs]).toEqual([0, '', '', {}]);
  });

  it('never fails the job afterwards, whatever it can not remove', async () => {
    const leftovers = [
      { clusterId: '/subscriptions/x', namespace: 'default', jobs: ['aks-acr-pull-0a1b2c3d'] },
    ];
    const options: StepOptions = { inputs: usable(), machine: cloud.environment() };
    const post = await job.post(options, {
      state: { mainRan: 'true', leftovers: JSON.stringify(leftovers) },
    });
    expect(post.exitCode).toBe(0);
    expect(post.commands.some(({ name }) => name === 'error')).toBe(false);
    expect(
      post.commands
        .filter(({ name }) => name === 'warning')
        .map(({ data }) => data)
        .join(),
    ).toContain('aks-acr-pull-0a1b2c3d');

    const broken = await job.post(options, { state: { mainRan: 'true', leftovers: '{{{' } });
    expect([broken.exitCode, broken.stdout]).toEqual([0, '']);
  });
});

describe('a broken bundle', () => {
  async function brokenBy(change: (bundle: string) => Promise<void>): Promise<StepResult> {
    const action = join(job.temp, 'broken action');
    await mkdir(action);
    await cp(join(PROJECT, 'action.yml'), join(action, 'action.yml'));
    await cp(join(PROJECT, 'dist', 'github'), join(action, 'dist', 'github'), { recursive: true });
    await change(join(action, 'dist', 'github'));
    return step({ action, inputs: {} });
  }

  it('with a module missing does not pass for a failed step', async () => {
    const result = await brokenBy(async (bundle) => {
      const file = join(bundle, 'index.js');
      await writeFile(file, `import 'module-that-is-missing';\n${await readFile(file, 'utf8')}`);
    });
    expect(result.stderr).toContain('ERR_MODULE_NOT_FOUND');
    expect(result.outputs).toEqual({});
  });

  it('that is loaded as CommonJS does not start', async () => {
    const result = await brokenBy((bundle) => writeFile(join(bundle, 'package.json'), '{"type":"commonjs"}'));
    // What Node says of it quotes the bundle's longest line, and is cut off wherever a busy reader's pipe was full.
    expect([result.exitCode, result.signal, result.outputs]).toEqual([1, null, {}]);
    expect(result.stdout).toBe('');
  });
});
