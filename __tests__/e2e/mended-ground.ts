/** Breaks a simulated cloud, runs the product, runs what it prints, and runs it again. */
import { expect } from '@jest/globals';
import { leadingLink } from '../../src/core/broken-links.js';
import type { CauseId } from '../../src/core/diagnosis/causes.js';
import type { RawInputs } from '../../src/core/inputs.js';
import type { Fix, Report } from '../../src/core/report.js';
import type { Simulator } from '../../src/simulator/index.js';
import { openTerminal, withOwner } from '../support/printed-commands.js';
import type { Terminal } from '../support/printed-commands.js';
import type { WholeRun } from './in-process.js';
import type { Broken, Mend } from './mended-causes.js';
import { openScene, scenario } from './scene.js';
import type { Scene } from './scene.js';

/** A cloud with somebody at a terminal. */
export interface Bench {
  simulator: Simulator;
  terminal: Terminal;
  run(inputs: RawInputs): Promise<WholeRun>;
  /** What {@link Broken.how} broke is mended. */
  takeBack: () => void;
}

/** What a run says of itself: its result, and the cause that it leads with. */
export function said({ report, problems }: WholeRun): { result: Report['result']; cause?: string } {
  if (report === undefined) throw new Error(`the run has no report: ${problems.join('; ')}`);
  return { result: report.result, ...(report.cause === undefined ? {} : { cause: report.cause }) };
}

/** Opens a broken cloud for as long as `work` takes. The shipped action runs there, as a runner starts it. */
export async function withBroken(broken: Broken, work: (bench: Bench) => Promise<void>): Promise<void> {
  const { cloud, prepared = [], before, how, as, waits } = broken;
  const scene = await openScene(withOwner(scenario(cloud)));
  const { simulator } = scene;
  const time = waits === undefined ? {} : FASTER;
  const run = (inputs: RawInputs): Promise<WholeRun> => runAction(scene, inputs, time, as);
  const terminal = openTerminal(simulator);
  try {
    for (const line of prepared) await terminal.run(line);
    if (before !== undefined) await run(before);
    const takenBack = how?.(simulator);
    await work({ simulator, terminal, run, takeBack: () => takenBack?.() });
  } finally {
    await terminal.close();
    await scene.end();
  }
}

/** Variables of a process for which time passes faster. */
const FASTER = {
  NODE_OPTIONS: `--import=${new URL('faster-time.js', import.meta.url).href}`,
  FASTER_TIME: '10',
};

async function runAction(
  scene: Scene,
  inputs: RawInputs,
  machine: Readonly<Record<string, string>>,
  as = 'deployer',
): Promise<WholeRun> {
  const { simulator } = scene;
  const who = simulator.state.principals.find(({ name }) => name === as);
  const given = Object.entries(inputs).filter((input): input is [string, string] => input[1] !== undefined);
  const { report, requests, stdout } = await scene.run(
    { ...Object.fromEntries(given), 'client-id': who?.clientId ?? '' },
    { machine: { ...simulator.environment(), ...machine } },
  );
  return { ...(report === undefined ? {} : { report }), problems: [stdout], requests };
}

/**
 * Does what mends the cause that a run leads with: the printed commands exactly as they stand beside it, and what a person
 * does besides.
 *
 * @returns the inputs that the next run has instead
 */
export async function mend(
  { report }: WholeRun,
  cause: CauseId,
  { commands = [], typed = [], does, inputs, keepsBroken }: Mend,
  { simulator, terminal, takeBack }: Bench,
): Promise<RawInputs> {
  const lead = report === undefined ? undefined : leadingLink(report);
  expect(lead?.cause).toBe(cause);
  const fix: Fix | undefined = lead?.fix;
  if (fix === undefined) throw new Error(`no fix stands beside ${cause}`);
  const printed: string[] = [];
  for (const at of commands) {
    const line = fix.commands[at];
    if (line === undefined) throw new Error(`no command ${at} is printed, only: ${fix.commands.join('; ')}`);
    printed.push(await terminal.run(line));
  }
  for (const line of typed) await terminal.run(line);
  if (keepsBroken !== true) takeBack();
  does?.(simulator);
  return inputs?.(fix, printed, simulator) ?? {};
}
