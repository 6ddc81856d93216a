/** The whole way once over real sockets: ARM's kubeconfig, the proxy, TLS with the cluster's authority, a watch, a pull. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ProxyAgent, request } from 'undici';
import { parse } from 'yaml';
import { startSimulator } from '../../../src/simulator/index.js';
import type { Simulator } from '../../../src/simulator/index.js';
import { first, probeJob, ROLES } from './support.js';
import type { Json } from './support.js';

const scenario = readFileSync(
  new URL('../../../src/simulator/scenarios/first-run.yaml', import.meta.url),
  'utf8',
);

let simulator: Simulator;
let agent: ProxyAgent;
let server: string;

beforeAll(async () => {
  simulator = await startSimulator(scenario);
  const { context, state } = simulator;
  const { subscriptionId, resourceGroup, name } = first(state.clusters);
  const deployer = state.principals.find((one) => one.name === 'deployer');
  if (deployer === undefined) throw new Error('no deployer');
  const arm = 'https://management.azure.com';
  const credential = await context.dial(
    `${arm}/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.ContainerService/managedClusters/${name}/listClusterUserCredential?api-version=2025-10-01`,
    { method: 'POST', headers: { authorization: `Bearer ${context.tokens.issue(deployer, arm)}` } },
  );
  const { kubeconfigs } = JSON.parse(credential.body.toString()) as { kubeconfigs: { value: string }[] };
  const text = Buffer.from(first(kubeconfigs).value, 'base64').toString();
  const config = parse(text) as {
    clusters: { cluster: Record<string, string> }[];
    users: { user: Record<string, string> }[];
  };
  const decoded = (value = ''): string => Buffer.from(value, 'base64').toString();
  const { cluster } = first(config.clusters);
  const { user } = first(config.users);
  server = cluster['server'] ?? '';
  agent = new ProxyAgent({
    uri: simulator.proxyUrl,
    requestTls: {
      ca: decoded(cluster['certificate-authority-data']),
      cert: decoded(user['client-certificate-data']),
      key: decoded(user['client-key-data']),
    },
  });
});

afterAll(async () => {
  await agent.destroy();
  await simulator.stop();
});

const ask = async (method: 'GET' | 'POST', path: string, body?: object): Promise<Json> => {
  const answer = await request(`${server}${path}`, {
    method,
    dispatcher: agent,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return (await answer.body.json()) as Json;
};

/** Follows a Job's pod until it shows one of the reasons. */
async function follow(job: string, reasons: string[]): Promise<string> {
  const { body } = await request(
    `${server}/api/v1/namespaces/default/pods?watch=1&labelSelector=job-name=${job}`,
    { dispatcher: agent },
  );
  let text = '';
  for await (const chunk of body) {
    text += String(chunk);
    const found = reasons.find((reason) => text.includes(`"reason":"${reason}"`));
    if (found !== undefined) return found;
  }
  return 'the watch ended';
}

it('refuses the pull, and does it once there is a grant', async () => {
  const registry = first(simulator.state.registries);
  const image = `${registry.loginServer}/shop/web:1.4.2`;
  const jobs = '/apis/batch/v1/namespaces/default/jobs';
  expect((await ask('POST', jobs, probeJob('before', image))).kind).toBe('Job');
  expect(await follow('before', ['ErrImagePull', 'StartError'])).toBe('ErrImagePull');

  const kubelet = first(simulator.state.clusters).kubeletIdentity?.objectId ?? '';
  simulator.state.roleAssignments.push({
    name: '11111111-1111-4111-8111-111111111111',
    scope: `/subscriptions/${registry.subscriptionId}`,
    roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${ROLES.acrPull}`,
    principalId: kubelet,
    principalType: 'ServicePrincipal',
    condition: null,
    conditionVersion: null,
    description: null,
    createdOn: '',
    updatedOn: '',
    createdBy: null,
    updatedBy: null,
    effectiveAt: 0,
  });
  await ask('POST', jobs, probeJob('after', image));
  expect(await follow('after', ['ErrImagePull', 'StartError'])).toBe('StartError');

  const exchanges = simulator.requests.filter(({ route }) => route === 'POST /oauth2/exchange');
  expect(exchanges.map(({ status, caller }) => `${status} ${caller}`)).toEqual([
    '401 kubelet of shop',
    '200 kubelet of shop',
  ]);
  expect(
    simulator.requests.filter(({ host, status }) => host === registry.blobHost && status === 200),
  ).toHaveLength(3);
});
