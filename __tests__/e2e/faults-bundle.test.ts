/** A sample of the tables of faults, run by the shipped bundle as a runner runs it. */
import { afterEach, describe, expect, it } from '@jest/globals';
import type { FaultDocument } from '../../src/simulator/index.js';
import { faultScenario } from './fault-runs.js';
import type { Mode } from './fault-runs.js';
import { kubeletManifests, openScene } from './scene.js';
import type { Scene } from './scene.js';

let scene: Scene;
afterEach(() => scene.end());

type Outcome = 'passed' | 'failed' | 'unknown';
const WATCH = 'watch pods';
const PUT = 'PUT {scope}/roleAssignments/{name}';

const CASES: readonly [Mode, FaultDocument, Outcome][] = [
  ['connect', { fault: 'reset-after', route: PUT, first: 1 }, 'passed'],
  ['connect', { fault: 'throttled', route: PUT, first: 1, retryAfter: '1s' }, 'passed'],
  ['connect', { fault: 'login-page', route: PUT }, 'unknown'],
  ['connect', { fault: 'malformed', route: 'GET {scope}/roleAssignments' }, 'passed'],
  ['check', { fault: 'malformed', route: 'GET {scope}/roleAssignments' }, 'passed'],
  ['check', { fault: 'reset-after', route: 'create jobs', first: 1 }, 'passed'],
  ['check', { fault: 'login-page', route: 'delete jobs' }, 'passed'],
  ['check', { fault: 'reset-in-body', route: WATCH, first: 2 }, 'passed'],
  ['check', { fault: 'truncated', route: 'POST managedCluster/listClusterUserCredential' }, 'unknown'],
  ['check', { fault: 'expired-token', service: 'entra' }, 'unknown'],
  ['check', { fault: 'dns', host: 'contoso.azurecr.io', from: 'nodes' }, 'failed'],
  ['check', { fault: 'certificate-unknown-authority', host: '*.azmk8s.io' }, 'unknown'],
];

describe('the action', () => {
  it.each(CASES)(
    '%s with %j: %s',
    async (mode, rule, expected) => {
      scene = await openScene(faultScenario(mode, { faults: [rule] }));
      const run = await scene.run({ mode, image: 'shop/web:1.1', 'propagation-timeout': '10s' });
      expect(run.outputs.result).toBe(expected);
      expect(run.exitCode).toBe(expected === 'passed' ? 0 : 1);
      expect(run.requests.filter(({ fault }) => fault !== undefined)).not.toEqual([]);
      if (expected === 'passed') {
        expect(kubeletManifests(run.requests).filter(({ status }) => status === 200)).not.toEqual([]);
      } else {
        expect(run.stdout).toMatch(/::error/);
      }
      for (const secret of [
        scene.simulator.github.requestToken,
        ...run.masks.filter((mask) => mask.length > 20),
      ]) {
        for (const form of [
          secret,
          Buffer.from(secret).toString('base64').slice(0, -4),
          encodeURIComponent(secret),
        ])
          expect(`${run.shown}${run.stderr}${run.summary}`).not.toContain(form);
      }
      const told = JSON.stringify(run.report?.connections[0]?.findings ?? []);
      // Where the API server can't be reached, nobody knows what is there.
      if (rule.route === 'delete jobs' || rule.host === '*.azmk8s.io')
        expect(told).toContain('probe-left-behind');
      else expect(told).not.toContain('probe-left-behind');
    },
    120_000,
  );
});
