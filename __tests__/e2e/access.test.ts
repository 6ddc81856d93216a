/**
 * The core's evaluator against a cloud that shares no code with it (ESLint sees to that): for each situation, what the core
 * reads and decides over HTTP, and what a pull as the kubelet identity comes to.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readRegistry } from '../../src/core/azure/registry.js';
import { evaluateAccess } from '../../src/core/stages/decide.js';
import type { Http } from '../../src/core/ports.js';
import { createHttp } from '../../src/host/http.js';
import type { ClosableHttp } from '../../src/host/http.js';
import { startSimulator } from '../../src/simulator/index.js';
import type { Simulator } from '../../src/simulator/index.js';
import { ARM, credential, world } from '../core/support.js';
import { accessScenario, identityOf, PULLED, pulls, registryIdOf, repositoriesOf } from './access-cloud.js';

let simulator: Simulator;
let http: ClosableHttp;

beforeAll(async () => {
  simulator = await startSimulator(accessScenario());
  http = createHttp({ ...simulator.environment() });
});
afterAll(async () => {
  await http.close();
  await simulator.stop();
});

function principal(name: string): Simulator['state']['principals'][number] {
  const found = simulator.state.principals.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

it('at least 40 situations are pulled, of both modes and both answers', () => {
  expect(PULLED.length).toBeGreaterThanOrEqual(40);
  for (const mode of ['legacy', 'abac'] as const)
    for (const allowed of [true, false])
      expect(PULLED.filter((one) => one.mode === mode && one.allowed === allowed).length).toBeGreaterThan(10);
});

describe('what the core decides, and what a pull comes to', () => {
  it.each(PULLED.map((situation, nth) => ({ situation, nth, name: situation.name })))(
    '$name: $situation.allowed',
    async ({ situation, nth }) => {
      // Programs are told of the simulated cloud's authority when they start; this one has started.
      const trusting: Http = { send: (request) => http.send({ ...request, tls: { ca: simulator.caPem } }) };
      const { azure } = world(trusting, {
        credential: {
          ...credential(),
          token: async () => ({
            token: simulator.context.tokens.issue(principal('deployer'), ARM),
            expiresOn: Date.parse('2099-01-01T00:00:00Z'),
          }),
        },
      });
      const id = registryIdOf(nth);
      const access = await evaluateAccess(
        azure,
        { id, subscriptionId: id.split('/')[2] ?? '' },
        readRegistry(azure.arm, id),
        principal(identityOf(nth)).objectId,
        () => (situation.ask === undefined ? [] : [situation.ask]),
      );
      expect(access.unreadable).toBeUndefined();
      expect(access.denialsUnread).toBeUndefined();
      expect(access.allowed).toBe(situation.allowed);

      const each = await Promise.all(
        repositoriesOf(situation).map(async (repository) => ({
          repository,
          pulled: await pulls(simulator, nth, repository),
        })),
      );
      const refused = each.filter(({ pulled }) => !pulled).map(({ repository }) => repository);
      if (access.allowed === true) expect(refused).toEqual([]);
      else expect(refused).not.toEqual([]);
    },
  );
});
