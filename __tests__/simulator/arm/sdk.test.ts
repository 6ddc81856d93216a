import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { registryId } from '../../../src/simulator/cloud/arm-id.js';
import { startSimulator } from '../../../src/simulator/index.js';
import type { Simulator } from '../../../src/simulator/index.js';
import { openClient, principal } from '../net/client.js';
import type { Client } from '../net/client.js';

let simulator: Simulator;
let client: Client;

beforeAll(async () => {
  simulator = await startSimulator(`
name: sdk
identities:
  - { name: deployer, secrets: [right-secret], federated: github }
  - { name: reader, federated: github }
clusters: [{ name: shop, resourceGroup: shop-rg }]
registries: [{ name: contoso, resourceGroup: registry-rg }]
roleAssignments:
  - { principal: deployer, role: Role Based Access Control Administrator, scope: 'registry:contoso' }
  - { principal: reader, role: Reader, scope: 'registry:contoso' }
`);
  client = openClient(simulator);
});

afterAll(async () => {
  await client.close();
  await simulator.stop();
});

/** Runs Azure's clients in a child process and reads what they print. */
async function run(input: object): Promise<unknown> {
  const script = fileURLToPath(new URL('./sdk-client.js', import.meta.url));
  const child = spawn(process.execPath, [script], {
    env: { PATH: process.env.PATH, ...simulator.environment() },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let [output, errors] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  child.stdin.end(JSON.stringify(input));
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`The child ended with ${String(code)}: ${errors}`);
  return JSON.parse(output) as unknown;
}

function task(name: string, grantName: string): object {
  const { state } = simulator;
  const [cluster] = state.clusters;
  const [registry] = state.registries;
  return {
    tenantId: state.tenantId,
    clientId: principal(simulator, name).clientId,
    subscription: state.subscriptions[0]?.id,
    scope: registry === undefined ? '' : registryId(registry),
    name: grantName,
    grant: {
      roleDefinitionId: `/subscriptions/${state.subscriptions[0]?.id ?? ''}/providers/Microsoft.Authorization/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d`,
      principalId: cluster?.kubeletIdentity?.objectId,
      principalType: 'ServicePrincipal',
    },
  };
}

describe("Azure's own JavaScript clients", () => {
  const name = '0f4d2f5e-6c2b-4f0a-9d57-1f4c1d9a7b11';

  it('sign in with a secret, write a grant and list it', async () => {
    const result = await run({ ...task('deployer', name), secret: 'right-secret' });
    expect(result).toEqual({
      before: [],
      made: {
        name,
        scope: expect.stringContaining('/registries/contoso') as unknown,
        principalType: 'ServicePrincipal',
      },
      after: [name],
    });
  });

  it("sign in with GitHub's token, and are refused what they may not", async () => {
    const { requestUrl, requestToken } = simulator.github;
    const answer = await client.send(`${requestUrl}&audience=api://AzureADTokenExchange`, {
      headers: { authorization: `Bearer ${requestToken}` },
    });
    const { value } = (await answer.json()) as { value: string };
    const result = await run({ ...task('reader', '9b7f3f6e-58a1-4f7c-8a53-0c7f4a5f6d22'), assertion: value });
    expect(result).toMatchObject({ refused: { statusCode: 403, code: 'AuthorizationFailed' } });
  });

  it('asked for nothing outside the simulated cloud', () => {
    expect([...simulator.connectedNames].sort()).toEqual([
      'login.microsoftonline.com',
      'management.azure.com',
      'run-actions-1-azure-eastus.actions.githubusercontent.com',
    ]);
  });
});
