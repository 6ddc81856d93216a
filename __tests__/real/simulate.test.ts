/** What `simulate` prints, pasted as it is into a shell: every command of it works with the real programs. */
import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { expect, it } from '@jest/globals';
import { introduce, variablesOf } from '../../src/cli/simulate/introduction.js';
import { openLogins } from '../../src/cli/simulate/logins.js';
import type { Logins } from '../../src/cli/simulate/logins.js';
import { SHELL } from '../../src/cli/simulate/shells.js';
import { Lines } from '../../src/cli/terminal.js';
import { startSimulator } from '../../src/simulator/index.js';
import type { Simulator } from '../../src/simulator/index.js';
import { keepingTerminal } from '../cli/terminals.js';
import { suiteUnless } from '../skip.js';
import { missing } from './clients.js';
import type { Ended } from './clients.js';

const SECRET = 'not-a-secret-of-anyone';
const scenario = (login: string): string => `
name: pasted
identities: [{ name: deployer, ${login} }]
clusters: [{ name: shop, resourceGroup: apps }]
registries:
  - { name: contoso, resourceGroup: images, repositories: [{ name: web, images: [{ tag: v1 }] }] }
roleAssignments:
  - { principal: deployer, role: Azure Kubernetes Service Cluster User Role, scope: 'cluster:shop' }
  - { principal: deployer, role: Reader, scope: subscription }
`;

suiteUnless(
  missing('bash') ?? missing('az') ?? missing('kubectl') ?? missing('skopeo'),
  'az, kubectl, skopeo',
  () => {
    it.each([
      ["a job's token", 'federated: github'],
      ['a client secret', `secrets: [${SECRET}]`],
    ])('signed in by %s', async (_, login) => {
      const simulator = await startSimulator(scenario(login));
      const folder = dirname(simulator.caFile);
      const logins = await openLogins(simulator, folder);
      try {
        const { exitCode, stdout, stderr } = await bash(printed(simulator, logins));
        expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
        expect(stdout).toMatch(/^aks-nodepool1-\S+ +Ready/m);
        expect(stdout).toContain('Login Succeeded!');
        expect(stdout).toContain('"Name": "contoso.azurecr.io/web"');
        expect(stdout + stderr).not.toMatch(new RegExp(`${SECRET}|eyJ`));
      } finally {
        await logins.stop();
        await simulator.stop();
      }
    });
  },
);

/** Everything to paste, in its order; our own command is others' to try. */
function printed(simulator: Simulator, { logins }: Logins): string {
  const { stdout, environment, out } = keepingTerminal();
  const variables = variablesOf(simulator, dirname(simulator.caFile));
  introduce(simulator, variables, logins, SHELL.bash, new Lines(stdout, environment));
  const [, pasted = ''] = /^Paste [^\n]*\n([^]*)$/m.exec(out()) ?? [];
  return pasted
    .split('\n')
    .filter((line) => /^ {2}(?!aks-acr-pull )/.test(line))
    .join('\n');
}

/** A shell that ends at the first command that fails. */
function bash(script: string): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['--norc', '-e', '-o', 'pipefail'], {
      env: { PATH: process.env.PATH, LANG: 'C.UTF-8' },
    });
    const ended: Ended = { exitCode: null, stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (ended.stdout += chunk.toString('utf8')));
    child.stderr.on('data', (chunk: Buffer) => (ended.stderr += chunk.toString('utf8')));
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ ...ended, exitCode }));
    child.stdin.end(`${script}\n`);
  });
}
