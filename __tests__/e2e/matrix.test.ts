/**
 * The matrix: every bundle as its host runs it × every sign-in × what stands in the way × every Node. What one cell must
 * show stands in the tables below.
 */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Result } from '../../src/core/report.js';
import { makeCertificate } from '../host/sign-in/support.js';
import { suiteUnless } from '../skip.js';
import { ARM, SECRET, SIGN_INS } from './matrix-hosts.js';
import type { CellRun, Identity, LoginCertificate, SignIn } from './matrix-hosts.js';
import { nodes } from './runner.js';
import { armWrites, only, scenario } from './scene.js';
import type { Assigned } from './scene.js';

const CLUSTER_USER = {
  principal: 'deployer',
  role: 'Azure Kubernetes Service Cluster User Role',
  scope: 'cluster:shop',
};
const PULL = { principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso' };

interface State {
  name: string;
  /** Parts of the scenario. */
  cloud: { assigned?: Assigned[]; login?: Assigned[] };
  deaf?: true;
  result: Result;
  changed: 'true' | 'false';
  cause: string;
  /** Statuses of all that was written in Azure. */
  writes: number[];
  /** What people must be told. */
  told: RegExp;
}

const STATES: readonly State[] = [
  {
    name: 'already granted',
    cloud: { assigned: [PULL] },
    result: 'passed',
    changed: 'false',
    cause: '',
    writes: [],
    told: /AcrPull/,
  },
  {
    name: 'granted now',
    cloud: {},
    result: 'passed',
    changed: 'true',
    cause: '',
    writes: [201],
    told: /AcrPull/,
  },
  {
    name: 'no right',
    cloud: { login: [CLUSTER_USER, { principal: 'deployer', role: 'Reader', scope: 'registry:contoso' }] },
    result: 'failed',
    changed: 'false',
    cause: 'arm-authorization-missing',
    // Tried, refused: only Azure knows who may.
    writes: [403],
    told: /az role assignment create/,
  },
  {
    name: 'unreachable',
    cloud: {},
    deaf: true,
    result: 'unknown',
    changed: 'false',
    cause: 'arm-unreachable',
    writes: [],
    told: /management\.azure\.com/,
  },
];

/** Exit codes by host: a step is good or not, the agent is told by a command, a shell tells apart. */
const EXIT = {
  action: { passed: 0, failed: 1, unknown: 1 },
  task: { passed: 0, failed: 0, unknown: 0 },
  'command line': { passed: 0, failed: 1, unknown: 3 },
} as const;

/** Lines that begin as a host's commands do, whatever else they hold. */
const COMMANDS = {
  workflow: /^\s*::[\w-]+[^:]*::/m,
  agent: /##(vso)?\[/i,
} as const;
/** Commands of the other hosts: nobody carries them out there, or the wrong one does. */
const FOREIGN = {
  action: [COMMANDS.agent],
  task: [COMMANDS.workflow],
  'command line': [COMMANDS.workflow, COMMANDS.agent],
} as const;
/** The action's own; what the task may give, its agent checks. */
const OURS = /^\s*::(add-mask|debug|endgroup|error|group|notice|warning)[ :]/;

const JWT = /eyJ[\w-]{10,}\.[\w-]*/;

/** What the scenario says of a login. */
const CLOUD_OF: Readonly<Record<Identity, (certificate: string) => object>> = {
  github: () => ({ identities: [{ name: 'deployer', federated: 'github' }] }),
  'azure-pipelines': () => ({ identities: [{ name: 'deployer', federated: 'azure-pipelines' }] }),
  secret: () => ({ identities: [{ name: 'deployer', secrets: [SECRET] }] }),
  certificate: (certificate) => ({ identities: [{ name: 'deployer', certificates: [certificate] }] }),
  'managed-identity': () => ({
    identities: [{ name: 'deployer', kind: 'managed-identity' }],
    runner: { identities: ['deployer'] },
  }),
};

interface Cell {
  state: State;
  signIn: SignIn;
  node: string | undefined;
}

/** As many jobs at once as it is wide; the others wait their turn. */
function lane(width: number): <T>(job: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (job) => {
    if (running < width) running++;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await job();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}

/** Cells that work, and those that mostly wait before they try again. */
const LANES = { busy: lane(3), idle: lane(8) };

/** The cells' runs, begun together, each awaited by its own test. */
const runs = new Map<Cell, Promise<CellRun>>();

function begin({ state, signIn, node }: Cell, certificate: LoginCertificate): Promise<CellRun> {
  const yaml = scenario({ ...CLOUD_OF[signIn.identity](certificate.certificate), ...state.cloud });
  const deaf = state.deaf === true;
  const run = LANES[deaf ? 'idle' : 'busy'](() =>
    signIn.run({ yaml, certificate, deaf, ...(node === undefined ? {} : { node }) }),
  );
  // It is the cell's own test that fails by it, when its turn comes.
  run.catch(() => undefined);
  return run;
}

for (const { name, path, missing } of nodes()) {
  suiteUnless(missing, `the matrix on ${name}`, () => {
    const version = name.split('.')[0] ?? name;
    const node = path === process.execPath ? undefined : path;
    const cells = SIGN_INS.flatMap((signIn) =>
      STATES.map((state): [string, Cell] => [
        [signIn.bundle, signIn.name, state.name, version].join(' · '),
        { state, signIn, node },
      ]),
    );

    beforeAll(async () => {
      const certificate = await makeCertificate();
      for (const [, cell] of cells) runs.set(cell, begin(cell, certificate));
    });
    afterAll(() => Promise.allSettled(runs.values()));

    it.each(cells)(
      '%s',
      async (_title, cell) => {
        const run = await runs.get(cell);
        if (run === undefined) throw new Error('the cell was not begun');
        expectVerdict(run, cell);
        expectRequests(run, cell);
        expectProtocol(run, cell);
        expectNoSecret(run, cell);
        // Its turn may come late on a machine that has other things to do.
      },
      120_000,
    );
  });
}

function expectVerdict(run: CellRun, { signIn: { bundle }, state }: Cell): void {
  const { result, changed, cause } = state;
  expect({ ...run.outputs, exitCode: run.exitCode, signal: run.signal, ending: run.ending }).toMatchObject({
    exitCode: EXIT[bundle][result],
    signal: null,
    ending: result === 'passed' ? 'Succeeded' : 'Failed',
    result,
    changed,
    cause,
  });
  expect(run.shown).toMatch(state.told);
  expect(run.file.permissions).toBe('600');
  expect([run.file.report.result, run.file.report.cause ?? '']).toEqual([result, cause]);
  const [first, ...more] = run.file.report.connections
    .flatMap(({ checks }) => checks)
    .filter((check) => check.cause !== undefined);
  if (result === 'passed') {
    expect([first, run.errors]).toEqual([undefined, []]);
    return;
  }
  expect([first?.cause, more]).toEqual([cause, []]);
  expect(first?.fix?.summary).not.toBe('');
  if (state.name === 'no right')
    expect(first?.fix?.commands.join('\n')).toContain('az role assignment create');
  if (state.deaf === true) expect(first?.evidence).toContain(ARM);
  // In one error, whatever else is told.
  expect(run.errors.filter((error) => state.told.test(error))).toHaveLength(1);
}

function expectRequests({ requests, refused, file }: CellRun, { state }: Cell): void {
  expect(armWrites(requests).map(({ method, status }) => [method, status])).toEqual(
    state.writes.map((status) => ['PUT', status]),
  );
  const asked = requests.filter(({ host }) => host === ARM).length;
  if (state.deaf === true) {
    // A request is tried four times; one beside it is given up once the first has failed.
    expect(asked).toBe(0);
    expect(refused).toBeGreaterThanOrEqual(4);
  } else {
    expect([asked > 0, refused]).toEqual([true, 0]);
    expect(only(file.report).changed).toBe(state.changed === 'true');
  }
  // verify: access starts no pods: no kubelet asks the registry, and no Job is made.
  expect(requests.filter(({ path }) => /\/apis\/batch\/|\/manifests\//.test(path))).toEqual([]);
}

function expectProtocol(
  { text, shown, stderr, summary }: CellRun,
  { signIn: { bundle }, state }: Cell,
): void {
  for (const foreign of FOREIGN[bundle]) expect(text).not.toMatch(foreign);
  if (bundle === 'action')
    for (const line of text.split('\n').filter((one) => COMMANDS.workflow.test(one)))
      expect(line).toMatch(OURS);
  if (bundle !== 'command line') {
    expect(stderr).toBe('');
    expect(summary).toMatch(new RegExp(`^## aks-acr-pull: . ${state.result}`));
  }
  expect(shown).not.toBe('');
}

function expectNoSecret(
  { text, shown, summary, masks, file, secrets }: CellRun,
  { signIn: { bundle } }: Cell,
): void {
  const seen = [text, shown, summary, file.text].join('\n');
  expect(seen).not.toMatch(JWT);
  for (const secret of [...secrets, ...masks.filter((mask) => mask.length >= 8)])
    expect(seen).not.toContain(secret);
  // Nothing of a token is in the log but where it is masked, so it is masked before anything could show it.
  if (bundle !== 'command line') expect(masks.filter((mask) => JWT.test(mask))).not.toEqual([]);
}
