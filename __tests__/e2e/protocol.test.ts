/**
 * Every line that a CI system reads of us, held to its protocol: the task under the agent's environment and the action under
 * the runner's, for each sign-in, where the run succeeds, fails and is cancelled. Unknown commands, and text that would be
 * taken for one, are refused by agent.ts and runner.ts themselves.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OUTPUTS, taskName } from '../../src/core/inputs.js';
import type { SimulatorOptions } from '../../src/simulator/index.js';
import { makeCertificate } from '../host/sign-in/support.js';
import { openClient } from '../simulator/net/client.js';
import type { TaskRun } from './agent.js';
import type { StepOptions, StepResult } from './runner.js';
import { openScene, scenario } from './scene.js';
import { KINDS, SECRET } from './service-connections.js';
import { installAz, NOT_SIGNED_IN } from './stub-az.js';
import { openTaskScene } from './task-scene.js';

/** How a run ends, and what of the cloud makes it. */
const ENDINGS = {
  success: {},
  failure: { registry: { repositories: [{ name: 'shop/other', images: [{ tag: '1' }] }] } },
  cancel: { grantDelay: '1h' },
} as const;
type Ending = keyof typeof ENDINGS;
const ENDING_NAMES = Object.keys(ENDINGS) as Ending[];

/** Tells when the first probe was made. */
function watching(): { how: SimulatorOptions; probed: Promise<void> } {
  let tell = (): void => undefined;
  const probed = new Promise<void>((resolve) => (tell = resolve));
  const how: SimulatorOptions = {
    onRequest({ method, path, status }) {
      if (method === 'POST' && path.includes('/jobs') && status === 201) tell();
    },
  };
  return { how, probed };
}

describe('the task', () => {
  /** `##vso[area.action key=value;…]data`, alone on its line; semicolons, brackets and line ends escaped. */
  const COMMAND = /^##vso\[task\.[a-z]+(?: (?:[A-Za-z]+=[^;\]\r\n]*;)*)?\][^\r\n]*$/;

  function expectProtocol(run: TaskRun, ending: Ending): void {
    expect([run.exitCode, run.signal, run.stderr]).toEqual([0, null, '']);
    const lines = run.stdout.split('\n').filter((line) => line.includes('##vso['));
    for (const line of lines) expect(line).toMatch(COMMAND);
    expect(lines).toHaveLength(run.commands.length);
    // One result, and nothing that the agent would act on after it.
    expect(run.commands.filter(({ name }) => name === 'task.complete')).toHaveLength(1);
    expect(run.commands.at(-1)?.name).toBe('task.complete');
    expect(run.commands.at(-1)?.properties.result).toBe(ending === 'success' ? 'Succeeded' : 'Failed');
    // Every output, declared in task.json, as an output variable and once.
    const set = run.commands.filter(({ name }) => name === 'task.setvariable');
    expect(set.map(({ properties }) => properties.variable).sort()).toEqual(
      OUTPUTS.map(({ name }) => taskName(name)).sort(),
    );
    for (const { properties } of set) expect(properties.isOutput).toBe('true');
    for (const mask of run.masks.filter((one) => one.trim() !== ''))
      expect(Object.values(run.outputs).join('\n')).not.toContain(mask);
    // One page, of plain Markdown; of what was cancelled there is none.
    const pages = run.commands.filter(({ name }) => name === 'task.uploadsummary');
    expect(pages).toHaveLength(ending === 'cancel' ? 0 : 1);
    expect(run.summary).not.toMatch(/mermaid|<(?:details|sub|code)/);
    // A failure is an issue of the run.
    if (ending !== 'success') expect(run.issues.map(({ type }) => type)).toContain('error');
    for (const { type } of run.issues) expect(['error', 'warning']).toContain(type);
  }

  for (const [kind, make] of Object.entries(KINDS))
    it.each(ENDING_NAMES)(`signed in by ${kind}: %s`, async (ending) => {
      const { identity, runner, connection } = await make();
      const { how, probed } = watching();
      const scene = await openTaskScene(
        scenario({
          identities: [{ name: 'deployer', ...identity }],
          ...(runner === undefined ? {} : { runner }),
          ...ENDINGS[ending],
        }),
        how,
      );
      try {
        const connections = { [scene.connectionId]: scene.connection(connection) };
        const running = scene.start({}, { connections });
        if (ending === 'cancel') {
          await Promise.race([probed, running.done]);
          running.cancel();
        }
        expectProtocol(await running.done, ending);
      } finally {
        await scene.end();
      }
    });
});

describe('the action', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'aks acr pull protocol '));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** `::name key=value,…::data`; colons and commas of values, and line ends, escaped. */
  const COMMAND = /^::[a-z-]+(?: (?:[A-Za-z]+=[^,:\r\n]*)(?:,[A-Za-z]+=[^,:\r\n]*)*)?::[^\r\n]*$/;

  /**
   * Names of the values in a file for the runner: `name<<delimiter`, the value, the delimiter (docs.github.com, "Workflow
   * commands"). The toolkit's delimiter is one that nobody can guess.
   */
  function names(file: string): string[] {
    const record = /([a-zA-Z][\w-]*)<<(ghadelimiter_[0-9a-f-]{36})\n[^]*?\n\2\n/y;
    const found: string[] = [];
    while (record.lastIndex < file.length) {
      const at = record.lastIndex;
      const [, name] = record.exec(file) ?? [];
      if (name === undefined) throw new Error(`not to the protocol: ${file.slice(at)}`);
      found.push(name);
    }
    return found;
  }
  const OURS = ['add-mask', 'debug', 'endgroup', 'error', 'group', 'notice', 'warning'];

  function expectProtocol(run: StepResult, ending: Ending): void {
    expect([run.exitCode, run.signal, run.stderr]).toEqual([ending === 'success' ? 0 : 1, null, '']);
    const lines = run.stdout.split('\n').filter((line) => /^\s*::/.test(line));
    for (const line of lines) expect(line).toMatch(COMMAND);
    expect(lines).toHaveLength(run.commands.length);
    expect(OURS).toEqual(expect.arrayContaining([...new Set(run.commands.map(({ name }) => name))]));
    // Groups are not nested, and all end.
    const open = run.commands.flatMap(({ name }) => (/group$/.test(name) ? [name] : []));
    expect(open.map((name, index) => name === (index % 2 === 0 ? 'group' : 'endgroup'))).not.toContain(false);
    expect(open.length % 2).toBe(0);
    // Every output and nothing else, each once; what is kept for the post step; no variable and no path for later steps.
    expect(names(run.written.GITHUB_OUTPUT).sort()).toEqual(OUTPUTS.map(({ name }) => name).sort());
    expect(['mainRan', 'leftovers']).toEqual(expect.arrayContaining(names(run.written.GITHUB_STATE)));
    expect([run.written.GITHUB_ENV, run.written.GITHUB_PATH]).toEqual(['', '']);
    // GitHub drops an output that holds a masked value, and refuses a page of more than 1 MiB. Of what was cancelled there is none.
    for (const mask of run.masks.filter((one) => one.trim() !== ''))
      expect(Object.values(run.outputs).join('\n')).not.toContain(mask);
    expect(run.summary === '').toBe(ending === 'cancel');
    expect(Buffer.byteLength(run.summary)).toBeLessThan(1024 * 1024);
    const errors = run.commands.filter(({ name }) => name === 'error');
    if (ending === 'success') expect(errors).toEqual([]);
    else expect(errors.length).toBeGreaterThan(0);
  }

  type Scene = Awaited<ReturnType<typeof openScene>>;
  interface Ready {
    inputs: Record<string, string>;
    step: Partial<StepOptions>;
  }
  interface SignIn {
    identity?: object;
    runner?: object;
    /** What the step is given besides the scene's own inputs, which sign in by GitHub's OIDC. */
    ready: (scene: Scene) => Promise<Ready>;
  }
  const AMBIENT = { 'client-id': '', 'tenant-id': '' };
  const byVariables = (scene: Scene, variables: Record<string, string>): Ready => ({
    inputs: AMBIENT,
    step: {
      machine: {
        ...scene.simulator.environment(),
        AZURE_CLIENT_ID: scene.clientId,
        AZURE_TENANT_ID: scene.simulator.state.tenantId,
        ...variables,
      },
    },
  });
  const fileWith = async (text: string): Promise<string> => {
    const path = join(await mkdtemp(join(folder, 'login ')), 'proof');
    await writeFile(path, text);
    return path;
  };

  /** Every login that docs/github.md names. */
  const SIGN_INS: Readonly<Record<string, () => Promise<SignIn>>> = {
    'GitHub OIDC': async () => ({ ready: async () => ({ inputs: {}, step: {} }) }),
    'azure/login': async () => ({
      async ready({ simulator, clientId, subscriptionId }) {
        const az = await installAz(await mkdtemp(join(folder, 'az ')), {
          tenantId: simulator.state.tenantId,
          clientId,
          clientSecret: 'a secret of the deployer',
          subscriptionId,
        });
        return { inputs: AMBIENT, step: { path: [az.folder] } };
      },
    }),
    'a secret in a variable': async () => ({
      identity: { secrets: [SECRET] },
      ready: async (scene) => byVariables(scene, { AZURE_CLIENT_SECRET: SECRET }),
    }),
    'a certificate in a file': async () => {
      const { certificate, key } = await makeCertificate();
      return {
        identity: { certificates: [certificate] },
        ready: async (scene) =>
          byVariables(scene, { AZURE_CLIENT_CERTIFICATE_PATH: await fileWith(`${key}\n${certificate}\n`) }),
      };
    },
    'a federated token in a file': async () => ({
      async ready(scene) {
        const client = openClient(scene.simulator);
        const { requestUrl, requestToken } = scene.simulator.github;
        const answer = await client.send(`${requestUrl}&audience=api://AzureADTokenExchange`, {
          headers: { authorization: `Bearer ${requestToken}` },
        });
        const { value } = (await answer.json()) as { value: string };
        await client.close();
        return byVariables(scene, { AZURE_FEDERATED_TOKEN_FILE: await fileWith(value) });
      },
    }),
    "the machine's managed identity": async () => ({
      identity: { kind: 'managed-identity' },
      runner: { identities: ['deployer'] },
      async ready(scene) {
        const az = await installAz(await mkdtemp(join(folder, 'az ')), NOT_SIGNED_IN);
        const { inputs, step } = byVariables(scene, { AZURE_TENANT_ID: '' });
        return { inputs, step: { ...step, path: [az.folder] } };
      },
    }),
  };

  for (const [name, make] of Object.entries(SIGN_INS))
    it.each(ENDING_NAMES)(`signed in by ${name}: %s`, async (ending) => {
      const { identity, runner, ready } = await make();
      const { how, probed } = watching();
      const scene = await openScene(
        scenario({
          ...(identity === undefined ? {} : { identities: [{ name: 'deployer', ...identity }] }),
          ...(runner === undefined ? {} : { runner }),
          ...ENDINGS[ending],
        }),
        how,
      );
      try {
        const { inputs, step } = await ready(scene);
        const running = scene.start(inputs, step);
        if (ending === 'cancel') {
          await Promise.race([probed, running.done]);
          running.kill('SIGINT');
        }
        const run = await running.done;
        expectProtocol(run, ending);
        // The post step, too, says nothing that isn't to the protocol.
        const post = await scene.job.post(scene.options(inputs, step), run);
        expect([post.exitCode, post.stderr]).toEqual([0, '']);
        for (const { name: command } of post.commands) expect(OURS).toContain(command);
        expect([post.written.GITHUB_OUTPUT, post.written.GITHUB_ENV]).toEqual(['', '']);
      } finally {
        await scene.end();
      }
    });
});
