/**
 * `demo`: the shipped action against a simulated Azure, as a GitHub runner would run it, twice in the same cloud. What it
 * claims is held against what the simulated Azure counted.
 */
import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import type { RawInputs } from '../core/inputs.js';
import { forLog } from '../render/escape.js';
import { duration, list } from '../render/words.js';
import { ScenarioError, startSimulator } from '../simulator/index.js';
import type { CloudState, Simulator } from '../simulator/index.js';
import { compare, compareFirst, readClaims } from './demo/claims.js';
import type { Claims } from './demo/claims.js';
import { clusterContents } from './demo/cluster-contents.js';
import { beginCount } from './demo/count.js';
import type { Count } from './demo/count.js';
import { runStep } from './demo/runner.js';
import type { StepOutcome } from './demo/runner.js';
import type { OutputLine } from './demo/workflow-commands.js';
import { EXIT } from './exit-codes.js';
import { interruptible } from './interrupt.js';
import { NoScenario, readScenario } from './scenario-file.js';
import { Lines } from './terminal.js';
import type { Terminal } from './terminal.js';

export interface DemoOptions {
  /** Built-in name or path. */
  scenario: string;
  /** Folder of the built-in scenarios. */
  scenarios: string;
  /** The action's bundle. */
  bundle: string;
}

/** One run of the step, and what came of it. */
interface Run {
  title: string;
  step: StepOutcome;
  claims: Claims;
  count: Count;
  left: string[];
  problems: string[];
}

class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/**
 * Runs the demo.
 *
 * @returns the exit code: the action's own verdict, or failed when it claimed what did not happen
 */
export async function demoCommand(options: DemoOptions, terminal: Terminal): Promise<number> {
  const out = new Lines(terminal.stdout, terminal.environment);
  const errors = new Lines(terminal.stderr, terminal.environment);
  const bundle = resolve(options.bundle);
  if (!existsSync(bundle)) {
    errors.story(`✗ the action's bundle is not there: ${forLog(bundle)}; npm run build makes it`);
    return EXIT.unusable;
  }
  try {
    return await interruptible(
      (name) => new Interrupted(name),
      (signal) => demo({ ...options, bundle }, out, signal),
    );
  } catch (error) {
    if (error instanceof Interrupted) return EXIT.interrupted;
    if (!(error instanceof ScenarioError) && !(error instanceof NoScenario)) throw error;
    for (const line of error.message.split('\n')) errors.line(forLog(line));
    return EXIT.unusable;
  }
}

async function demo(
  { scenario, scenarios, bundle }: DemoOptions,
  out: Lines,
  signal: AbortSignal,
): Promise<number> {
  const yaml = await readScenario(scenario, scenarios);
  const simulator = await startSimulator(yaml);
  try {
    const folder = await mkdtemp(join(tmpdir(), 'aks-acr-pull-demo-'));
    const inputs = inputsFor(simulator.state);
    introduce(simulator, description(yaml), inputs, out);
    const runs = [
      await run('First run', { bundle, folder: join(folder, 'run-1'), inputs }, simulator, out, signal),
    ];
    runs[0]?.problems.push(...compareFirst(runs[0].claims, runs[0].count));
    if (runs[0]?.claims.result === 'passed' && runs[0].problems.length === 0) {
      out.line(out.style(`(${WHY_WAIT})`, 'dim'));
      out.line();
      await sleep(NODE_STATUS_MS, undefined, { signal });
      runs.push(
        await run(
          'Second run, same cloud',
          { bundle, folder: join(folder, 'run-2'), inputs },
          simulator,
          out,
          signal,
        ),
      );
      const second = runs[1];
      if (second !== undefined && second.count.writes > 0)
        second.problems.push(`the second run had nothing to change, and sent ${second.count.writes} writes`);
      if (second !== undefined && second.claims.result !== 'passed')
        second.problems.push('the first run passed, and the second did not');
    }
    return conclude(runs, out);
  } finally {
    await simulator.stop();
  }
}

/** The step's inputs, for the first cluster and the first registry; the login is whoever trusts this job's tokens. */
function inputsFor(state: CloudState): RawInputs {
  const [cluster] = state.clusters;
  const [registry] = state.registries;
  const login =
    state.principals.find(({ federatedCredentials }) =>
      federatedCredentials.some(({ subject }) => subject === state.github.subject),
    ) ?? state.principals.find(({ federatedCredentials }) => federatedCredentials.length > 0);
  return {
    ...(cluster === undefined
      ? {}
      : {
          cluster: `/subscriptions/${cluster.subscriptionId}/resourceGroups/${cluster.resourceGroup}/providers/Microsoft.ContainerService/managedClusters/${cluster.name}`,
        }),
    ...(registry === undefined
      ? {}
      : { registry: registry.loginServer, 'subscription-id': registry.subscriptionId }),
    ...(login === undefined ? {} : { 'client-id': login.clientId, 'tenant-id': state.tenantId }),
  };
}

function description(yaml: string): string {
  const document: unknown = parse(yaml);
  const text =
    typeof document === 'object' && document !== null && 'description' in document
      ? document.description
      : '';
  return typeof text === 'string' ? text : '';
}

function introduce({ name, state }: Simulator, about: string, inputs: RawInputs, out: Lines): void {
  out.line(out.style(`A simulated Azure, for this demo alone: ${forLog(name)}`, 'bold'));
  if (about !== '') out.line(`  ${forLog(about)}`);
  out.line();
  const [cluster] = state.clusters;
  if (cluster !== undefined) {
    const pools = cluster.pools.map(
      ({ name: pool, count, osType, architecture }) =>
        `${pool} (${count} × ${osType.toLowerCase()}/${architecture})`,
    );
    out.line(`  cluster    ${forLog(`${cluster.name}, node pools ${list(pools)}`)}`);
  }
  const [registry] = state.registries;
  if (registry !== undefined) {
    const mode = registry.roleAssignmentMode === 'AbacRepositoryPermissions' ? 'ABAC' : 'legacy';
    out.line(`  registry   ${forLog(`${registry.loginServer}, permissions in ${mode} mode`)}`);
  }
  const login = state.principals.find(({ clientId }) => clientId === inputs['client-id']);
  if (login !== undefined) {
    out.line(
      `  login      ${forLog(`${login.name}, by the OIDC token of a GitHub job of ${state.github.repository}`)}`,
    );
  }
  out.line();
}

async function run(
  title: string,
  { bundle, folder, inputs }: { bundle: string; folder: string; inputs: RawInputs },
  simulator: Simulator,
  out: Lines,
  signal: AbortSignal,
): Promise<Run> {
  const { github, state } = simulator;
  const before = new Set(await clusterContents(simulator));
  const counted = beginCount(simulator);
  const teller = new Teller(out);
  out.line(
    `${out.style(`▶ ${title}`, 'bold')}  ${out.style('the action, started as a GitHub runner starts it', 'dim')}`,
  );
  const { AZURE_POD_IDENTITY_AUTHORITY_HOST: _noRunnerHasIt, ...network } = simulator.environment();
  const step = await runStep({
    bundle,
    folder,
    inputs,
    signal,
    job: {
      repository: state.github.repository,
      ref: state.github.ref,
      event: state.github.event,
      ...(state.github.idTokenPermission ? { idToken: github } : {}),
      network,
    },
    onLine: (line) => teller.tell(line),
    onPost: () => teller.post(),
  });
  teller.end();
  signal.throwIfAborted();
  const count = counted();
  const left = await whatIsLeft(simulator, before, signal);
  const claims = await readClaims(step);
  return { title, step, claims, count, left, problems: compare(claims, step, count, left, state) };
}

/** Kubelets tell what images they have every 10 seconds: kubelet-config.v1beta1, nodeStatusUpdateFrequency. */
const NODE_STATUS_MS = 10_000;
const WHY_WAIT = 'ten seconds later, when the nodes have reported which images they have now:';

/** A pod that was deleted takes its grace period to go. */
const LEAVING_MS = 5_000;

async function whatIsLeft(
  simulator: Simulator,
  before: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<string[]> {
  const until = Date.now() + LEAVING_MS;
  for (;;) {
    const left = (await clusterContents(simulator)).filter((name) => !before.has(name));
    if (left.length === 0 || Date.now() > until) return left;
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Shows a step's output as GitHub's log view does: groups as headings, annotations as what they are, masks as ***. */
class Teller {
  readonly #out: Lines;
  #indent = '  ';
  #annotated = false;
  /** Lines that the post step wrote; undefined until it runs. */
  #post: number | undefined;

  constructor(out: Lines) {
    this.#out = out;
  }

  tell(line: OutputLine): void {
    const out = this.#out;
    switch (line.kind) {
      case 'text':
        if (line.text.trim() === '') break;
        if (this.#post !== undefined) this.#post++;
        out.story(forLog(line.text), this.#indent);
        break;
      case 'group':
        out.line(`  ${out.style(forLog(line.title), 'bold')}`);
        this.#indent = '    ';
        break;
      case 'end-group':
        this.#indent = '  ';
        break;
      case 'mask':
        out.hide(line.value);
        break;
      case 'annotation':
        this.#annotation(line);
        break;
      case 'debug':
        break;
    }
  }

  /** The story has told it in full already: only what GitHub shows above the log is repeated. */
  #annotation({ level, title, message }: Extract<OutputLine, { kind: 'annotation' }>): void {
    const out = this.#out;
    if (!this.#annotated) out.line(`  ${out.style('Annotations', 'bold')}`);
    this.#annotated = true;
    const [first = '', ...rest] = message.split('\n');
    const mark = level === 'error' ? '✗' : level === 'warning' ? '!' : '-';
    out.story(`${mark} ${forLog(title ?? first)}`, '    ');
    if (title === undefined) for (const line of rest) out.line(`      ${forLog(line)}`);
  }

  /** The main step is over. */
  post(): void {
    this.#out.line(`  ${this.#out.style('Post step', 'bold')}`);
    this.#indent = '    ';
    this.#annotated = false;
    this.#post = 0;
  }

  end(): void {
    if (this.#post === 0) this.#out.story('- the step left nothing to remove', '    ');
    this.#out.line();
  }
}

function conclude(runs: readonly Run[], out: Lines): number {
  out.line(out.style('What the simulated Azure counted', 'bold'));
  const rows: [string, (run: Run) => string][] = [
    ['role assignments made', ({ count }) => String(count.grantsMade.length)],
    ['writes sent to Azure', ({ count }) => String(count.writes)],
    ['token exchanges by the kubelets', ({ count }) => String(count.exchanges)],
    ['manifests given to the kubelets', ({ count }) => String(count.manifests)],
    ['blobs fetched by the kubelets', ({ count }) => String(count.blobs)],
    ['left behind in the cluster', ({ left }) => String(left.length)],
    ['all requests', ({ count }) => String(count.requests)],
    ['result', ({ claims }) => claims.result ?? 'none'],
    ['took', ({ step }) => duration(step.durationMs)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const columns = runs.map((_, index) => (index === 0 ? 'first run' : 'second run'));
  out.line(out.style(`  ${''.padEnd(width)}${columns.map((column) => column.padStart(14)).join('')}`, 'dim'));
  for (const [name, value] of rows) {
    out.line(`  ${name.padEnd(width)}${runs.map((one) => value(one).padStart(14)).join('')}`);
  }
  out.line();

  const problems = runs.flatMap(({ title, problems: found }) =>
    found.map((problem) => `${title}: ${problem}`),
  );
  for (const problem of problems) out.story(`✗ ${forLog(problem)}`);
  const results = runs.map(({ claims }) => claims.result);
  if (problems.length > 0) {
    out.story('✗ The demo FAILED: what the action claims and what the simulated Azure counted do not agree.');
  } else if (results.every((result) => result === 'passed')) {
    out.story('✓ All that the action claims, the simulated Azure saw happen.');
  } else {
    out.story(
      `✓ The action's verdict is ${results.join(', ')}, and it claims nothing that the simulated Azure did not see.`,
    );
  }
  for (const { step, claims } of runs) {
    out.line(`  report   ${claims.reportPath === '' ? 'none' : forLog(claims.reportPath)}`);
    out.line(`  summary  ${forLog(step.summaryPath)}`);
  }
  if (problems.length > 0) return EXIT.failed;
  const last = results.at(-1);
  return last === undefined ? EXIT.failed : EXIT[last];
}
