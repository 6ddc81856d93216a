/** `simulate`: a simulated Azure that runs until it is interrupted, for whatever honours HTTPS_PROXY and a CA file. */
import { ScenarioError, startSimulator } from '../simulator/index.js';
import type { RequestRecord, Simulator } from '../simulator/index.js';
import { forLog, forShell } from '../render/escape.js';
import { EXIT } from './exit-codes.js';
import { interruptible, interruption } from './interrupt.js';
import { NoScenario, readScenario } from './scenario-file.js';
import { Lines } from './terminal.js';
import type { Terminal } from './terminal.js';

/** Runs until Ctrl-C. @returns the exit code */
export async function simulateCommand(
  scenario: string,
  scenarios: string,
  terminal: Terminal,
): Promise<number> {
  const out = new Lines(terminal.stdout, terminal.environment);
  const errors = new Lines(terminal.stderr, terminal.environment);
  let simulator: Simulator;
  try {
    simulator = await startSimulator(await readScenario(scenario, scenarios), {
      onRequest: (record) => out.line(requestLine(record, out)),
    });
  } catch (error) {
    if (!(error instanceof ScenarioError) && !(error instanceof NoScenario)) throw error;
    for (const line of error.message.split('\n')) errors.line(forLog(line));
    return EXIT.unusable;
  }
  try {
    await interruptible(
      (name) => new Error(name),
      async (signal) => {
        introduce(simulator, out);
        await interruption(signal);
      },
    );
  } finally {
    await simulator.stop();
  }
  return EXIT.interrupted;
}

function introduce(simulator: Simulator, out: Lines): void {
  const { state, github } = simulator;
  const exports = {
    ...simulator.environment(),
    ...(state.github.idTokenPermission
      ? {
          ACTIONS_ID_TOKEN_REQUEST_URL: github.requestUrl,
          ACTIONS_ID_TOKEN_REQUEST_TOKEN: github.requestToken,
        }
      : {}),
  };
  out.line(
    out.style(`The simulated Azure of scenario ${forLog(simulator.name)} runs. Ctrl-C ends it.`, 'bold'),
  );
  out.line();
  out.line('Paste into the shell whose programs are to reach it:');
  for (const [name, value] of Object.entries(exports)) out.line(`  export ${name}=${forShell(value)}`);
  out.line();
  for (const cluster of state.clusters) {
    out.line(
      `  cluster   ${forLog(`${cluster.name} (resource group ${cluster.resourceGroup}, ${cluster.subscriptionId})`)}`,
    );
  }
  for (const registry of state.registries) out.line(`  registry  ${forLog(registry.loginServer)}`);
  for (const { name, clientId, secrets, federatedCredentials } of state.principals) {
    const ways = [
      ...(federatedCredentials.length > 0 ? ["GitHub's OIDC token"] : []),
      ...(secrets.length > 0 ? ['a client secret of the scenario'] : []),
    ];
    if (ways.length > 0) {
      out.line(
        `  login     ${forLog(`${name}: client id ${clientId}, tenant ${state.tenantId}, by ${ways.join(' or ')}`)}`,
      );
    }
  }
  out.line();
}

/** One line for a request: what came, who asked, what was answered and why. */
export function requestLine(record: RequestRecord, out: Pick<Lines, 'style'>): string {
  const { method, host, path, status, caller, verdict, modelled, durationMs } = record;
  const style = status >= 400 || status === 0 ? ('red' as const) : ('green' as const);
  const outcome = out.style(status === 0 ? 'no answer' : String(status), style);
  const notes = [
    ...(caller === undefined ? [] : [`by ${caller}`]),
    ...(verdict === undefined ? [] : [verdict]),
    ...(modelled ? [] : ['NOT MODELLED by this simulator']),
    `${Math.round(durationMs)} ms`,
  ];
  return `${outcome} ${forLog(`${method} https://${host}${path}`)}  ${out.style(forLog(notes.join('; ')), 'dim')}`;
}
