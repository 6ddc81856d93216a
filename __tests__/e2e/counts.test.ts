/** Bounds of size and of round trips. `npm run bench` prints the numbers themselves. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openDelay } from '../../scripts/bench/delay.js';
import type { Delay, Timed } from '../../scripts/bench/delay.js';
import { ARM, sequential, towardsAccess } from '../../scripts/bench/waves.js';
import { PROJECT } from './runner.js';
import { openScene, scenario } from './scene.js';
import type { Ran, Scene } from './scene.js';

/** Long beside the time that this machine needs between two requests, so that what is sent side by side is seen so. */
const DELAY_MS = 250;
const PULLS = { principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso' };
const READS_ALL = { principal: 'deployer', role: 'Reader', scope: 'subscription' };

describe('the action', () => {
  it('is at most 2,000,000 bytes of JavaScript', () => {
    const folder = join(PROJECT, 'dist', 'github');
    const sizes = readdirSync(folder)
      .filter((file) => /\.[cm]?js$/.test(file))
      .map((file) => statSync(join(folder, file)).size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(2_000_000);
    expect(sizes.length).toBeGreaterThan(0);
  });
});

describe('round trips one after the other', () => {
  const request = (began: number, ended: number): Timed => ({
    method: 'GET',
    host: ARM,
    path: '/',
    status: 200,
    began,
    ended,
  });

  it.each([
    ['nothing', [], 0],
    ['side by side', [request(0, 10), request(2, 12), request(9, 20)], 1],
    ['one by one', [request(0, 10), request(10, 20), request(25, 30)], 3],
    ['two chains', [request(0, 10), request(1, 30), request(11, 20), request(21, 40), request(31, 50)], 3],
  ])('%s', (_what, requests, trips) => {
    expect(sequential(requests)).toBe(trips);
  });
});

describe('round trips to Azure Resource Manager until access is judged', () => {
  let scene: Scene;
  let delay: Delay;
  afterEach(async () => {
    await delay.end();
    await scene.end();
  });

  async function open(yaml: string): Promise<void> {
    scene = await openScene(yaml);
    delay = await openDelay(scene.simulator, DELAY_MS);
  }

  const run = (inputs: Record<string, string>): Promise<Ran> =>
    scene.run(inputs, { machine: delay.environment() });

  const registryId = (): string =>
    `/subscriptions/${scene.subscriptionId}/resourceGroups/images/providers/Microsoft.ContainerRegistry/registries/contoso`;

  const tokens = (): number =>
    delay.requests.filter(({ host, method }) => host === 'login.microsoftonline.com' && method === 'POST')
      .length;

  describe('for a registry that the subscription lists, or that is given by id', () => {
    beforeEach(() => open(scenario({ assigned: [PULLS, READS_ALL] })));

    it.each(['contoso.azurecr.io', 'contoso', 'id'])(
      '%s: at most 2, one after the other',
      async (registry) => {
        const { report } = await run({
          mode: 'check',
          verify: 'access',
          image: '',
          registry: registry === 'id' ? registryId() : registry,
        });
        expect(report?.connections[0]?.access.allowed).toBe(true);
        expect(tokens()).toBeGreaterThan(0);
        // Nothing is pulled, so all that ARM was asked was for access.
        const asked = delay.requests.filter(({ host }) => host === ARM);
        expect(towardsAccess(asked)).toHaveLength(asked.length);
        expect(asked.length).toBeGreaterThanOrEqual(2);
        expect(sequential(asked)).toBeLessThanOrEqual(2);
      },
    );

    it('no more of them when a pull is to be proved too', async () => {
      const { report } = await run({ mode: 'check', registry: registryId() });
      expect(report?.result).toBe('passed');
      expect(sequential(towardsAccess(delay.requests))).toBeLessThanOrEqual(2);
    });
  });

  it('at most 3 for a registry that must be searched', async () => {
    await open(
      scenario({
        subscriptions: [{ name: 'apps' }, { name: 'images' }],
        registry: { subscription: 'images' },
        assigned: [PULLS],
      }),
    );
    const { report } = await run({ mode: 'check', verify: 'access', image: '' });
    expect(report?.connections[0]?.access.allowed).toBe(true);
    expect(sequential(delay.requests.filter(({ host }) => host === ARM))).toBeLessThanOrEqual(3);
  });

  it('at most 3 when a custom role must be read', async () => {
    await open(
      scenario({
        customRoles: [{ name: 'Puller', actions: ['Microsoft.ContainerRegistry/registries/pull/read'] }],
        assigned: [{ ...PULLS, role: 'Puller' }, READS_ALL],
      }),
    );
    const { report } = await run({ mode: 'check', verify: 'access', image: '', registry: registryId() });
    expect(report?.connections[0]?.access.allowed).toBe(true);
    expect(sequential(delay.requests.filter(({ host }) => host === ARM))).toBeLessThanOrEqual(3);
  });

  it('at most 2 before a missing grant is written', async () => {
    await open(scenario());
    const { outputs } = await run({ mode: 'connect', registry: registryId() });
    expect(outputs).toMatchObject({ result: 'passed', changed: 'true' });
    expect(sequential(towardsAccess(delay.requests))).toBeLessThanOrEqual(2);
  });
});
