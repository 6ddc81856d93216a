/**
 * docs/permissions.md, pasted: for each mode, the commands as they stand there give a login that has nothing all that the
 * mode needs, and not one of them is too many.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { grantName } from '../../src/core/azure/grant.js';
import type { RawInputs } from '../../src/core/inputs.js';
import type { CloudState } from '../../src/simulator/cloud/model.js';
import { openTerminal, withOwner } from '../support/printed-commands.js';
import { openGround } from './in-process.js';
import type { Ground } from './in-process.js';
import { PROJECT } from './runner.js';
import { scenario } from './scene.js';

let ground: Ground | undefined;
afterEach(async () => {
  await ground?.end();
  ground = undefined;
});

/** The commands of each mode, by the words that stand above them. */
function documented(): Map<string, string[]> {
  const text = readFileSync(join(PROJECT, 'docs', 'permissions.md'), 'utf8');
  const [, part = ''] = /<!-- commands:begin -->([\s\S]*?)<!-- commands:end -->/.exec(text) ?? [];
  const blocks = [...part.matchAll(/^(.+):\n\n```sh\n([\s\S]*?)```/gm)];
  return new Map(
    blocks.flatMap(([, modes = '', block = '']) =>
      modes.split('; ').map((mode) => [
        mode,
        block
          .replace(/ \\\n */g, ' ')
          .trim()
          .split('\n'),
      ]),
    ),
  );
}

/** What a mode of the document is asked as, and whether the grant is there before. */
const RUNS: Readonly<Record<string, { inputs: RawInputs; granted?: true; changes?: true }>> = {
  '`connect`': { inputs: { image: 'shop/web:1.4' }, changes: true },
  '`connect`, `verify: none` or `access`': { inputs: { verify: 'access' }, changes: true },
  '`check`': { inputs: { mode: 'check', image: 'shop/web:1.4' }, granted: true },
  '`check`, `verify: access`': { inputs: { mode: 'check', verify: 'access' }, granted: true },
  '`plan`': { inputs: { mode: 'plan' } },
  '`disconnect`': { inputs: { mode: 'disconnect' }, granted: true, changes: true },
  '`disconnect` from a cluster that is gone': {
    inputs: { mode: 'disconnect', cluster: 'gone' },
    granted: true,
    changes: true,
  },
  '`audit`': { inputs: { mode: 'audit' }, granted: true },
};

it('the document has commands for each mode', () => {
  expect([...documented().keys()].sort()).toEqual(Object.keys(RUNS).sort());
});

const OURS = { principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso', age: '1d' };

async function open(granted: boolean): Promise<Ground> {
  const description = 'aks-acr-pull: lets the kubelet identity pull';
  const assigned = granted ? [{ ...OURS, description }] : [];
  const opened = await openGround(withOwner(scenario({ login: [], assigned })));
  for (const one of opened.simulator.state.roleAssignments.filter((each) => each.description === description))
    one.name = grantName(one.scope, one.principalId, one.roleDefinitionId.split('/').at(-1) ?? '');
  return opened;
}

const objectId = ({ principals }: CloudState, name: string): string =>
  principals.find((one) => one.name === name)?.objectId ?? '';

describe.each(Object.entries(RUNS))('%s', (mode, { inputs, granted = false, changes = false }) => {
  const lines = documented().get(mode) ?? [];

  /** Runs it after all commands of the document but one. */
  async function runWithout(left?: string): Promise<Awaited<ReturnType<Ground['run']>>> {
    ground = await open(granted);
    const { state } = ground.simulator;
    const terminal = openTerminal(ground.simulator);
    try {
      for (const line of lines)
        if (line !== left) await terminal.run(line.replaceAll('"$LOGIN"', objectId(state, 'deployer')));
    } finally {
      await terminal.close();
    }
    const gone = inputs.cluster === 'gone' ? { 'kubelet-object-id': objectId(state, 'kubelet of shop') } : {};
    return ground.run({ ...inputs, ...gone });
  }

  it('passes once its commands are pasted', async () => {
    expect(lines.length).toBeGreaterThan(0);
    const run = await runWithout();
    expect(run.report).toMatchObject({ result: 'passed', connections: [{ changed: changes }] });
  });

  it.each(lines)('does not pass without %s', async (line) => {
    const run = await runWithout(line);
    expect(run.report?.result).not.toBe('passed');
    expect(run.report?.connections[0]?.changed).toBe(false);
  });
});
