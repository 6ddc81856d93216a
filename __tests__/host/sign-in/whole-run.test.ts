/** What becomes of a run while its login grows old, or when it is refused one of the tokens that a run can use. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { preflight } from '../../../src/core/preflight.js';
import type { Clock, Credential, Exec, Http } from '../../../src/core/ports.js';
import type { Connection } from '../../../src/core/report.js';
import { readRequest } from '../../../src/core/request.js';
import { Sender } from '../../../src/core/http/sender.js';
import { Trust } from '../../../src/core/http/trust.js';
import {
  azureCliCredential,
  clientSecretCredential,
  gitHubOidcCredential,
} from '../../../src/host/credentials.js';
import { openGround } from './support.js';
import type { Ground } from './support.js';

const SECRET = 'the right secret';

/** As the least roles are, with access already there. */
function scenario(cluster: object = {}): object {
  return {
    identities: [{ name: 'deployer', secrets: [SECRET], federated: 'github' }],
    clusters: [{ name: 'shop', resourceGroup: 'apps', pools: [{ name: 'system' }], ...cluster }],
    registries: [
      {
        name: 'contoso',
        resourceGroup: 'images',
        repositories: [{ name: 'shop/web', images: [{ tag: '1.4' }] }],
      },
    ],
    roleAssignments: [
      { principal: 'deployer', role: 'Azure Kubernetes Service Cluster User Role', scope: 'cluster:shop' },
      { principal: 'deployer', role: 'Azure Kubernetes Service RBAC Cluster Admin', scope: 'cluster:shop' },
      { principal: 'deployer', role: 'Reader', scope: 'registry:contoso' },
      { principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso' },
    ],
  };
}

let ground: Ground;
afterEach(() => ground.end());

async function check(credential: Credential, http: Http = ground.http): Promise<Connection> {
  const request = readRequest({
    mode: 'check',
    cluster: 'shop',
    'resource-group': 'apps',
    registry: 'contoso.azurecr.io',
    image: 'shop/web:1.4',
    'subscription-id': ground.simulator.state.subscriptions[0]?.id ?? '',
  });
  const ports = {
    log: ground.log,
    clock: ground.clock,
    credential,
    http,
    remember: () => undefined,
    runId: '0123abcd',
    signal: new AbortController().signal,
  };
  const { connections } = await preflight(request, ports, '1.0.0');
  if (connections[0] === undefined) throw new Error('the report holds no connection');
  return connections[0];
}

const told = ({ checks }: Connection, wanted: string): (string | undefined)[] => {
  const found = checks.find(({ id }) => id === wanted);
  return [found?.status, found?.cause, found?.evidence];
};

function bySecret(http: Http): Credential {
  const { clock, log, cloud, simulator } = ground;
  return clientSecretCredential({
    description: 'a test',
    clientId: ground.clientId('deployer'),
    tenantId: simulator.state.tenantId,
    authority: cloud.authority,
    secret: SECRET,
    sender: new Sender(http, new Trust(cloud), clock, log),
    clock,
    log,
  });
}

it('a token for the registry that is refused costs its own check, and nothing else', async () => {
  ground = await openGround(scenario());
  const refusing: Http = {
    send: async (request) =>
      request.method === 'POST' && (request.body ?? '').includes('containerregistry')
        ? {
            status: 400,
            headers: {},
            body: (async function* () {
              yield Buffer.from(
                JSON.stringify({
                  error: 'invalid_resource',
                  error_description: 'AADSTS500011: The resource principal was not found in the tenant.',
                  error_codes: [500011],
                }),
              );
            })(),
          }
        : ground.http.send(request),
  };
  const connection = await check(bySecret(refusing), refusing);
  expect(told(connection, 'image')).toEqual(['skip', undefined, expect.stringContaining('AADSTS500011')]);
  expect(connection.result).toBe('passed');
  expect(connection.pulls.map(({ status }) => status)).toEqual(['pass']);
  // The nodes were asked instead of the registry.
  expect(connection.pulls[0]?.digestSource).toBe('node');
}, 30_000);

describe("the Azure CLI's login by a federated token that has expired since", () => {
  const EXPIRED =
    'ERROR: AADSTS700024: Client assertion is not within its valid time range. Current time: 2026-01-01.';

  /** az as it then is: the token that it signed in with is good, and it can get no other. */
  function old(): Credential {
    const exec: Exec = {
      async run(_command, args) {
        const { principals, subscriptions } = ground.simulator.state;
        const deployer = principals.find(({ name }) => name === 'deployer');
        if (deployer === undefined) throw new Error('there is no deployer');
        const answer = (value: object) => ({ exitCode: 0, stdout: JSON.stringify(value), stderr: '' });
        if (args[1] === 'show')
          return answer({ id: subscriptions[0]?.id, name: 'Contoso', environmentName: 'AzureCloud' });
        if (args.includes('--resource')) return { exitCode: 1, stdout: '', stderr: EXPIRED };
        return answer({
          accessToken: ground.simulator.context.tokens.issue(
            deployer,
            'https://management.core.windows.net/',
          ),
          expires_on: Math.floor(Date.now() / 1000) + 3600,
        });
      },
    };
    return azureCliCredential({ ...ground, exec, howToSignIn: 'Sign in.' });
  }

  it('still proves a pull where no other token is needed', async () => {
    ground = await openGround(scenario());
    const connection = await check(old());
    expect(told(connection, 'image')).toEqual(['skip', undefined, expect.stringContaining('AADSTS700024')]);
    expect(connection.result).toBe('passed');
  }, 30_000);

  it('is one clear error where the cluster needs a token of its own', async () => {
    ground = await openGround(scenario({ entra: { azureRbac: true }, localAccounts: false }));
    const connection = await check(old());
    expect(told(connection, 'cluster-access')).toEqual([
      'unknown',
      'assertion-expired',
      expect.stringContaining('AADSTS700024'),
    ]);
    const { fix } = connection.checks.find(({ id }) => id === 'cluster-access') ?? {};
    expect(fix?.summary).toContain('client-id');
    expect(connection.result).toBe('unknown');
  }, 30_000);
});

it("GitHub's assertions are asked for as they are needed, however long a run waits between two tokens", async () => {
  let later = 0;
  ground = await openGround(scenario(), { now: () => Date.now() + later });
  const clock: Clock = { ...ground.clock, now: () => Date.now() + later };
  const { simulator, cloud, sender, log } = ground;
  const credential = gitHubOidcCredential({
    clientId: ground.clientId('deployer'),
    tenantId: simulator.state.tenantId,
    cloud,
    ...simulator.github,
    sender,
    clock,
    log,
  });
  const asked = (): number => simulator.requests.filter(({ route }) => route === 'GET job id token').length;
  const first = await credential.token(cloud.resourceManagerScope);
  // Twice as long as the first assertion lived.
  later = 10 * 60_000;
  expect(await credential.token(cloud.resourceManagerScope)).toEqual(first);
  await credential.token(cloud.kubernetesScope);
  expect(asked()).toBe(2);
  // Short of the first token's end.
  later = 56 * 60_000;
  const second = await credential.token(cloud.resourceManagerScope);
  expect(second.token).not.toBe(first.token);
  expect(asked()).toBe(3);
}, 30_000);
