/** The shipped action on a cluster that a kubeconfig names: no login to Azure, and no secret in anything that it writes. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { openAzure } from '../support/printed-commands/azure.js';
import { OWNER, withOwner } from '../support/printed-commands.js';
import { formsOf } from './audit-ground.js';
import { openScene, scenario } from './scene.js';
import type { Scene } from './scene.js';

const PASSWORD = 'a+password/of the principal="x"&y';
const PRINCIPAL = '5b0b1a0c-2f4d-4d7f-9a55-111111111111';
let scene: Scene;
let kubeconfig: string;

beforeAll(async () => {
  scene = await openScene(
    withOwner(
      scenario({
        identities: [
          { name: 'deployer', federated: 'github' },
          { name: 'puller', clientId: PRINCIPAL, secrets: [PASSWORD] },
        ],
        cluster: {
          namespaces: [
            {
              name: 'apps',
              pullSecrets: [
                { name: 'acr', registry: 'contoso.azurecr.io', username: PRINCIPAL, password: PASSWORD },
              ],
            },
          ],
        },
        login: [{ principal: 'puller', role: 'AcrPull', scope: 'registry:contoso' }],
      }),
    ),
  );
  const azure = openAzure(scene.simulator, OWNER);
  const id = `/subscriptions/${azure.subscription}/resourceGroups/apps/providers/Microsoft.ContainerService/managedClusters/shop`;
  const { kubeconfigs } = (await azure.arm('POST', `${id}/listClusterAdminCredential`, '2024-09-01')) as {
    kubeconfigs: { value: string }[];
  };
  await azure.close();
  kubeconfig = Buffer.from(kubeconfigs[0]?.value ?? '', 'base64').toString();
});
afterAll(() => scene.end());

it('proves the secret by a pull, signs in nowhere, and tells nothing of kubeconfig or secret', async () => {
  const path = join(scene.job.temp, 'kubeconfig');
  await writeFile(path, kubeconfig, { mode: 0o600 });
  const { stdout, stderr, shown, summary, outputs, report, requests } = await scene.run({
    mode: 'check',
    cluster: '',
    'resource-group': '',
    'subscription-id': '',
    'client-id': '',
    'tenant-id': '',
    kubeconfig: path,
    namespace: 'apps',
    'pull-secret': 'acr',
  });
  expect(outputs).toMatchObject({ result: 'passed', changed: 'false', verified: 'true' });
  for (const told of [shown, summary])
    expect(told).toContain('the pull secret apps/acr lets these nodes pull from contoso.azurecr.io');
  expect(report?.connections[0]?.pullSecret).toMatchObject({ kind: 'service-principal' });
  expect(requests.map(({ host }) => host).filter((host) => /login\.|management\./.test(host))).toEqual([]);
  const { user } = (parse(kubeconfig) as { users: { user: Record<string, string> }[] }).users[0] ?? {};
  const key = user?.['client-key-data'] ?? '';
  // What is masked is said to the runner, which shows none of it.
  const unmasked = stdout.replace(/^::add-mask::.*$/gm, '');
  const everything = [unmasked, stderr, shown, summary, await readFile(outputs.report ?? '', 'utf8')].join(
    '\n',
  );
  for (const secret of [PASSWORD, user?.token ?? '', key]) {
    expect(secret.length).toBeGreaterThan(10);
    for (const form of formsOf(secret)) expect(everything).not.toContain(form);
  }
});
