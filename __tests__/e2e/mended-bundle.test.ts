/** By the shipped bundle: a broken cloud or login is told, mended as printed, and the next run passes. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import type { CauseId } from '../../src/core/diagnosis/causes.js';
import { leadingLink } from '../../src/core/broken-links.js';
import type { Report } from '../../src/core/report.js';
import { openTerminal, withOwner } from '../support/printed-commands.js';
import { openScene, scenario } from './scene.js';

interface Row {
  cause: CauseId;
  cloud?: Parameters<typeof scenario>[0];
  /** Of the first run alone. */
  inputs?: Record<string, string>;
  /** The job of the first run may ask for no token. */
  withoutIdToken?: true;
  /** Printed commands that are run. */
  commands?: readonly number[];
}

const NOBODY = '99999999-9999-4999-8999-999999999999';
const USER = {
  principal: 'deployer',
  role: 'Azure Kubernetes Service Cluster User Role',
  scope: 'cluster:shop',
};
const ABAC = {
  login: [USER, { ...USER, role: 'Reader', scope: 'registry:contoso' }],
  registry: { mode: 'abac' },
  assigned: [{ principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso' }],
};

const ROWS: readonly Row[] = [
  { cause: 'abac-wrong-role', cloud: ABAC, inputs: { mode: 'check' }, commands: [0] },
  {
    cause: 'arm-authorization-missing',
    cloud: { login: [USER, { ...USER, role: 'Reader', scope: 'registry:contoso' }] },
    commands: [0],
  },
  { cause: 'application-not-found', inputs: { 'client-id': NOBODY } },
  { cause: 'tenant-not-found', inputs: { 'tenant-id': NOBODY } },
  { cause: 'id-token-permission-missing', withoutIdToken: true },
];

describe('by the shipped bundle', () => {
  it.each(ROWS.map((row) => [row.cause, row] as const))('%s', async (cause, row) => {
    const scene = await openScene(withOwner(scenario(row.cloud)));
    const terminal = openTerminal(scene.simulator);
    try {
      const { idToken, ...withoutToken } = scene.options(row.inputs);
      const mayAsk = row.withoutIdToken !== true && idToken !== undefined;
      const step = { ...withoutToken, ...(mayAsk ? { idToken } : {}) };
      const { outputs } = await scene.job.run(step);
      expect(outputs.cause).toBe(cause);
      for (const at of row.commands ?? []) {
        const report = JSON.parse(await readFile(outputs.report ?? '', 'utf8')) as Report;
        await terminal.run(leadingLink(report)?.fix?.commands[at] ?? `no command ${at}`);
      }
      expect((await scene.run()).outputs).toMatchObject({ result: 'passed', verified: 'true' });
    } finally {
      await terminal.close();
      await scene.end();
    }
  });
});
