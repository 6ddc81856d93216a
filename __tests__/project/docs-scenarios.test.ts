/** The documents' worked examples: each is run, and does what the documents say of it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from '@jest/globals';
import { registryId } from '../../src/simulator/cloud/arm-id.js';
import { openScene } from '../e2e/scene.js';
import type { Ran, Scene } from '../e2e/scene.js';
import { ROOT } from './root.js';

const FOLDER = join(ROOT, 'docs', 'scenarios');

interface Example {
  inputs: (scene: Scene) => Record<string, string>;
  wanted: { result: string; cause?: string };
  /** What else tells that the scenario does what it is for. */
  tells?: (ran: Ran) => void;
}

/** What `check` finds, as the table in docs/simulator.md says. */
const EXAMPLES: Readonly<Record<string, Example>> = {
  'condition.yaml': {
    inputs: () => ({ image: 'other/web:1' }),
    wanted: { result: 'failed' },
    tells: ({ requests }) => {
      const refused = requests.find(({ verdict }) => /the condition of .* is not met/.test(verdict ?? ''));
      expect(refused).toMatchObject({ caller: 'kubelet of shop', route: 'POST /oauth2/token' });
    },
  },
  'service-principal.yaml': {
    inputs: ({ simulator }) => ({
      registry: simulator.state.registries.map(registryId).join(),
      'kubelet-object-id':
        simulator.state.principals.find(({ name }) => name === 'nodes of shop')?.objectId ?? '',
    }),
    wanted: { result: 'passed', cause: '' },
  },
  'taints-and-processors.yaml': {
    inputs: () => ({ 'node-pools': 'arm' }),
    wanted: { result: 'failed', cause: 'platform-mismatch-arch' },
  },
  'throttled.yaml': {
    inputs: () => ({}),
    wanted: { result: 'passed', cause: '' },
    tells: ({ requests }) => {
      expect(requests.filter(({ fault }) => fault !== undefined).map(({ status }) => status)).toEqual([
        429, 429,
      ]);
    },
  },
};

let scene: Scene | undefined;
afterEach(async () => {
  await scene?.end();
  scene = undefined;
});

it('every example is here', () => {
  expect(readdirSync(FOLDER).sort()).toEqual(Object.keys(EXAMPLES).sort());
});

it.each(Object.entries(EXAMPLES))('%s', async (file, { inputs, wanted, tells }) => {
  scene = await openScene(readFileSync(join(FOLDER, file), 'utf8'));
  const ran = await scene.run({ mode: 'check', ...inputs(scene) });
  expect({ result: ran.outputs.result, cause: ran.outputs.cause, log: ran.stdout }).toMatchObject(wanted);
  tells?.(ran);
});
